"""On a phone: room for a thumb, tables, boxes, code first, curves in sight."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context

MIXER = "models/mlp_mixer/"
THUMB = 44  # pixels


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a phone."""
    viewport = {"width": 390, "height": 844}
    with open_context(
        browser, base_url=address, viewport=viewport, has_touch=True, is_mobile=True
    ) as context:
        yield context.new_page()


# What is lower than a thumb. An icon on a block of code may be drawn smaller: then what
# is touched around it counts. What was out of sight is there when it has been painted.
LOW = """async (controls, least) => {
  const painted = () => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done)));
  const low = [];
  for (const control of controls) {
    const box = control.getBoundingClientRect();
    const seen = box.height && control.checkVisibility({ visibilityProperty: true });
    if (!seen || box.height >= least) continue;
    const reach = (least - box.height) / 2 - 1;
    scrollBy(0, box.top - 300);
    await painted();
    const { left, width, top, bottom } = control.getBoundingClientRect();
    const reached = [top - reach, bottom + reach].every((y) =>
      control.contains(document.elementFromPoint(left + width / 2, y)));
    if (!reached) low.push(control.outerHTML.slice(0, 80));
  }
  return low;
}"""


@pytest.mark.parametrize("name", ["", MIXER, "train/", "results/", "layers/gelu/"])
def test_a_thumb_finds_every_button(name: str, phone: Page) -> None:
    phone.goto(name)
    if name == MIXER:
        expect(phone.locator(".md-code__button").last).to_be_attached()
    controls = phone.locator(
        ".md-content :is(button, summary, select, .md-button, .weave-button,"
        " input:not([type=radio]))"
    )
    assert controls.count()
    assert controls.evaluate_all(LOW, THUMB) == []


@pytest.mark.parametrize(
    ("name", "table", "number"),
    [
        ("family/", 1, "Parameters"),
        ("family/", 3, "Top-1 (%)"),
        ("results/", 0, "Test accuracy (%)"),
        ("results/", 2, "Cross-entropy (bits per character)"),
    ],
)
def test_a_wide_table_keeps_its_first_column_and_the_number_beside_it(
    name: str, table: int, number: str, phone: Page
) -> None:
    phone.goto(name)
    found = phone.locator(".nb-html table").nth(table)
    beside = found.locator("thead th").nth(1)
    expect(beside).to_have_text(number)
    box = beside.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390, "it is seen without scrolling"
    found.evaluate("table => { table.parentElement.scrollLeft = 1000; }")
    names = found.locator("tbody th").first.bounding_box()
    assert names
    assert names["x"] >= 0
    assert names["x"] + names["width"] < 195, "half of the screen is left"


def test_a_box_does_not_cover_the_equation_that_it_explains(phone: Page) -> None:
    phone.goto(MIXER)
    equation = phone.locator(".katex-display:has([data-n])").first
    for symbol in (3, 0):
        equation.locator("[data-n]").nth(symbol).tap()
        tip = phone.get_by_role("tooltip").bounding_box()
        whole = equation.bounding_box()
        assert tip
        assert whole
        above = tip["y"] + tip["height"] <= whole["y"]
        assert above or tip["y"] >= whole["y"] + whole["height"]


def test_the_code_comes_before_what_was_checked(phone: Page) -> None:
    phone.goto(MIXER)
    places = {
        name: phone.locator(selector).bounding_box()
        for name, selector in {
            "opening": ".weave-opening > .weave-prose",
            "imports": ".weave-opening > .weave-code",
            "class": "#MixerBlock",
            "checked": ".weave-proof",
            "rest": ".weave-closing",
        }.items()
    }
    tops = [box["y"] for box in places.values() if box]
    assert len(tops) == len(places)
    assert tops == sorted(tops)


def test_beside_the_words_it_stands_where_there_is_room(page: Page) -> None:
    page.goto(MIXER)
    prose = page.locator(".weave-opening > .weave-prose").bounding_box()
    panel = page.locator(".weave-proof").bounding_box()
    assert prose
    assert panel
    assert panel["x"] >= prose["x"] + prose["width"]
    assert panel["y"] < 900


def test_a_folded_figure_says_of_what_it_is(page: Page) -> None:
    page.goto(MIXER)
    fact = page.locator(".weave-proof .weave-fact").first
    expect(fact).to_contain_text("Parameters")
    expect(fact).to_contain_text("Mixer-B/16")
    expect(fact.get_by_text("Mixer-B/16")).to_be_visible()


def test_who_trains_sees_the_curves(phone: Page) -> None:
    phone.goto("train/?epochs=1")
    phone.locator("[data-main]").tap()
    curves = phone.locator("[data-curves] svg")
    expect(curves.first).to_be_visible()
    for seen in (phone.locator("[data-main]"), phone.locator("[data-progress]")):
        box = seen.bounding_box()
        assert box
        assert box["y"] >= 48, "below the header"
    for curve in curves.all():
        box = curve.bounding_box()
        assert box
        assert 48 <= box["y"] <= 844 - 150


@pytest.mark.parametrize("way", ["from elsewhere", "on the page"])
def test_a_link_leads_to_its_place_although_rows_are_laid_out_late(
    way: str, phone: Page
) -> None:
    phone.goto(MIXER + ("#MLPMixer.forward" if way == "from elsewhere" else ""))
    late = phone.locator(".weave-row").nth(20)
    style = "row => getComputedStyle(row).contentVisibility"
    if way == "on the page":
        assert late.evaluate(style) == "auto"
        phone.evaluate("location.hash = 'MLPMixer.forward'")
    phone.wait_for_function(
        """() => {
          const { top } = document.getElementById("MLPMixer.forward")
            .getBoundingClientRect();
          return top > 48 && top < 100;
        }"""
    )
    assert late.evaluate(style) == "visible"
