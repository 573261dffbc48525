"""What a reader does: read, copy, follow a link, switch the colours, print."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from litweave.parse import read
from playwright.sync_api import Page, expect

from support import ROOT
from tests.browser.conftest import clipboard, place

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
# What of each answer is seen.
SHOWN = "answers => answers.map(a => a.lastElementChild.checkVisibility())"
# Whether a line of the longest length fits.
FITS = """() => {
  const code = document.querySelector(
    ".weave-row:not(.weave-opening) .weave-code code");
  const line = document.createElement("span");
  line.innerHTML = '<span class="weave-line" data-line="100">'
    + "m".repeat(88) + "</span>\\n";
  code.prepend(line);
  const fits = code.scrollWidth <= code.clientWidth;
  line.remove();
  return fits;
}"""
TOO_LONG = "codes => codes.filter(code => code.scrollWidth > code.clientWidth + 1)"
# The code that is wider than its box, or lies below its button.
CUT_OFF = """codes => codes.filter((code) => {
  const button = code.closest("pre").querySelector(".md-code__nav");
  const { left, bottom } = button.getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(code);
  const space = 8;  // At the end of a line it may hang over.
  const covered = [...range.getClientRects()].some(
    (text) => text.right > left + space && text.top < bottom);
  // What it prints may stand in columns, and scrolls; what printed it does not.
  const inColumns = code.closest(".weave-columns");
  const end = code.getBoundingClientRect().right;
  const cut = [...code.querySelectorAll("span:not(.go)")].some(
    (part) => part.getBoundingClientRect().right > end);
  return covered || (inColumns ? cut : code.scrollWidth > code.clientWidth);
}).map((code) => code.textContent)"""
COLOURS = """() => [
  getComputedStyle(document.querySelector(".weave-code :is(.kn, .k)")).color,
  getComputedStyle(document.querySelector(".weave-code")).backgroundColor,
]"""
FOCUSED = """() => {
  const { className, tagName } = document.activeElement;
  const { outlineStyle } = getComputedStyle(document.activeElement);
  return [`${tagName} ${className}`, outlineStyle];
}"""


def rows_with_code(source: Path = SOURCE) -> list[str]:
    """The code of each row of a module, as the button copies it."""
    module = read(source)
    return [module.code(row).rstrip("\n") for row in module.rows if row.code]


def lands_on(page: Page, name: str) -> bool:
    """Whether a row is seen below the header, within the window."""
    return 40 <= place(page.locator(f'[id="{name}"]'))["y"] < 860


# How far it is to the code: `test_every_page`
def test_links_land_on_rows_and_what_opens_no_page_closes_it(page: Page) -> None:
    for name in ("MixerBlock", "MLPMixer.forward", "mixer_s16"):
        page.goto("about:blank")
        page.goto(f"{MIXER}#{name}")
        assert lands_on(page, name)
    link = page.locator(".weave-link").last
    target = unquote(str(link.get_attribute("href"))).removeprefix("#")
    link.focus()
    page.keyboard.press("Enter")
    assert unquote(page.url).endswith(f"#{target}")
    assert lands_on(page, target)
    page.goto("models/conv_mixer/")
    contents = page.locator(".md-nav--secondary .md-nav__link")
    order = [str(link.get_attribute("href")) for link in contents.all()]
    stops = "#notation #ConvMixerBlock #convmixer_256_8 #memory-layout #example"
    places = [order.index(stop) for stop in stops.split()]
    assert places == sorted(places)


def test_a_click_or_a_link_opens_the_notation(page: Page, plain: Page) -> None:
    for reader in (page, plain):
        first = reader.locator("#notation ~ ul > li").first
        reader.goto("layers/head/")
        expect(first).to_be_hidden()
        reader.locator("#notation").click()
        expect(first).to_be_visible()
    page.goto("about:blank")
    page.goto("layers/head/#notation")
    expect(page.locator("#notation ~ ul > li").first).to_be_visible()


@pytest.mark.parametrize("name", ["layers/token_mixing/", "family/"])
def test_an_answer_is_opened_and_printed(name: str, page: Page) -> None:
    page.goto(name)
    answers = page.locator(".weave-answer")
    assert not any(answers.evaluate_all(SHOWN))
    code = answers.first.locator("pre").first
    answers.first.locator("summary").first.focus()
    for shown in (False, True, False):
        expect(code).to_be_visible(visible=shown)
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.emulate_media(media="print")
    seen = answers.evaluate_all(SHOWN)
    assert len(seen) >= 2
    assert all(seen)


def test_prose_and_code_stand_side_by_side_where_there_is_room(page: Page) -> None:
    """And on paper without what only a screen needs."""
    page.goto(MIXER)
    assert page.evaluate(FITS)
    prose = place(page.locator(".weave-opening > .weave-prose"))
    panel = place(page.locator(".weave-proof"))
    assert panel["x"] >= prose["x"] + prose["width"]
    assert panel["y"] < 900
    # Folded, it says of what a number is.
    fact = page.locator(".weave-proof .weave-fact").first
    expect(fact).to_contain_text("Parameters")
    expect(fact.get_by_text("Mixer-B/16")).to_be_visible()
    row = page.locator(".weave-row:not(.weave-opening):has(.weave-code)").first
    parts = [row.locator(f".weave-{kind}") for kind in ("prose", "code")]
    for width, beside in ((1440, True), (1220, True), (1200, False), (390, False)):
        page.set_viewport_size({"width": width, "height": 900})
        prose, code = map(place, parts)
        assert (code["x"] >= prose["x"] + prose["width"]) == beside, width
        assert (code["y"] >= prose["y"] + prose["height"]) != beside, width
    page.emulate_media(media="print")
    expect(page.locator(".weave-tools")).to_be_hidden()
    expect(page.locator(".md-header")).to_be_hidden()
    expect(page.locator(".weave-code").first).to_be_visible()
    page.set_viewport_size({"width": 700, "height": 990})
    codes = page.locator(".weave-code code")
    assert codes.evaluate_all(TOO_LONG) == [], "long lines are wrapped on paper"
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("source", [SOURCE, SOURCE.with_stem("poolformer")])
def test_on_a_phone_no_code_is_cut_off_or_covered(source: Path, phone: Page) -> None:
    phone.goto(f"models/{source.stem}/")
    codes = phone.locator(".weave pre:visible > code")
    expect(phone.locator(".weave-code .md-code__nav").last).to_be_attached()
    assert codes.count() > 20
    assert codes.evaluate_all(CUT_OFF) == []
    # A line that goes on is copied as one.
    rows = rows_with_code(source)
    longest = max(rows, key=lambda row: max(map(len, row.split("\n"))))
    block = phone.locator(".weave-code").nth(rows.index(longest))
    block.get_by_role("button", name="Copy").click()
    expect(phone.get_by_text("Copied to clipboard")).to_be_visible()
    assert clipboard(phone) == longest


def test_the_switch_of_colours_colours_code_too(page: Page) -> None:
    page.goto("layers/gelu/")
    light = page.evaluate(COLOURS)
    for _ in range(2):  # from the system's colours to light, and to dark
        page.locator(".md-header__option label:visible").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    dark = page.evaluate(COLOURS)
    assert all(one != other for one, other in zip(light, dark, strict=True))
    page.reload()
    assert page.evaluate(COLOURS) == dark, "and it is remembered"


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.goto("layers/head/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    names, unseen = ["A"], []
    while not names[-1].startswith("BODY"):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        names.append(name)
        # On the page as a whole, or in the search, the focus shows itself.
        if outline == "none" and not name.startswith(("BODY", "INPUT")):
            unseen.append(name)
    for control in ("weave-button", "weave-link", "headerlink", "md-code__button"):
        assert control in " ".join(names)
    assert not unseen, "what has the focus is seen"
