"""On a phone: room for a thumb, tables, boxes, code first, curves in sight."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import place
from tests.browser.test_train import inks

MIXER = "models/mlp_mixer/"
THUMB = 44  # pixels
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
WIDE = {
    "family/": {1: "Parameters", 3: "Top-1 (%)"},
    "results/": {0: "Test accuracy (%)", 2: "Cross-entropy (bits per character)"},
}


@pytest.mark.parametrize(
    "name", ["", MIXER, "train/", "results/", "layers/gelu/", "guide/write/"]
)
def test_a_thumb_finds_every_button(name: str, phone: Page) -> None:
    phone.goto(name)
    if name == MIXER:
        expect(phone.locator(".md-code__button").last).to_be_attached()
    kinds = "button:not([aria-hidden]), summary, select, .md-button, .weave-button"
    kinds += ", .tabbed-labels label"
    controls = phone.locator(f".md-content :is({kinds}, input:not([type=radio]))")
    assert controls.count()
    assert controls.evaluate_all(LOW, THUMB) == []


@pytest.mark.parametrize("name", WIDE)
def test_a_wide_table_keeps_its_names_beside_a_number(name: str, phone: Page) -> None:
    phone.goto(name)
    for table, number in WIDE[name].items():
        found = phone.locator(".nb-html table").nth(table)
        beside = found.locator("thead th").nth(1)
        expect(beside).to_have_text(number)
        box = place(beside)
        assert box["x"] + box["width"] <= 390, "it is seen without scrolling"
        found.evaluate("table => { table.parentElement.scrollLeft = 1000; }")
        names = place(found.locator("tbody th").first)
        assert names["x"] >= 0
        assert names["x"] + names["width"] < 195, "half of the screen is left"


def test_a_box_does_not_cover_the_equation_that_it_explains(phone: Page) -> None:
    """And the code comes before what was checked."""
    phone.goto(MIXER)
    order = """
        .weave-opening>.weave-prose .weave-opening>.weave-code #MixerBlock
        .weave-proof .weave-closing
    """
    tops = [place(phone.locator(selector))["y"] for selector in order.split()]
    assert tops == sorted(tops)
    equation = phone.locator(".katex-display:has([data-n])").first
    for symbol in (3, 0):
        equation.locator("[data-n]").nth(symbol).tap()
        tip, whole = place(phone.get_by_role("tooltip")), place(equation)
        above = tip["y"] + tip["height"] <= whole["y"]
        assert above or tip["y"] >= whole["y"] + whole["height"]


def test_who_trains_sees_the_curves_and_draws_with_a_finger(phone: Page) -> None:
    phone.goto("train/?epochs=1")
    phone.locator("[data-main]").tap()
    curves = phone.locator("[data-curves] svg")
    expect(curves.first).to_be_visible()
    for seen in (phone.locator("[data-main]"), phone.locator("[data-progress]")):
        assert place(seen)["y"] >= 48, "below the header"
    for curve in curves.all():
        assert 48 <= place(curve)["y"] <= 844 - 150
    pad = phone.locator("[data-pad]")
    pad.evaluate("pad => pad.scrollIntoView({ block: 'center' })")
    left, top, width, height = place(pad).values()
    touch = phone.context.new_cdp_session(phone)
    for kind, share in (("touchStart", 0.2), ("touchMove", 0.8)):
        points = [{"x": left + width / 2, "y": top + share * height}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    # The grid beside it: how much ink is in each square.
    assert sum(ink > 0 for ink in inks(phone)) >= 16


@pytest.mark.parametrize("way", ["from elsewhere", "on the page"])
def test_a_link_finds_a_row_that_is_laid_out_late(way: str, phone: Page) -> None:
    phone.goto(MIXER + ("#MLPMixer.forward" if way == "from elsewhere" else ""))
    late = phone.locator(".weave-row").nth(20)
    style = "row => getComputedStyle(row).contentVisibility"
    if way == "on the page":
        assert late.evaluate(style) == "auto"
        phone.evaluate("location.hash = 'MLPMixer.forward'")
    top = "document.getElementById('MLPMixer.forward').getBoundingClientRect().top"
    phone.wait_for_function(f"{top} > 48 && {top} < 100")
    assert late.evaluate(style) == "visible"
