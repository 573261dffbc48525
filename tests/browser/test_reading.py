"""What a reader does: search, copy, follow a link, switch the colours, print."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from litweave.parse import read
from playwright.sync_api import Page, expect

from support import ROOT
from tests.browser.conftest import clipboard, place, settle

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"


def rows_with_code(source: Path = SOURCE) -> list[str]:
    """The code of each row of a module, as the button copies it."""
    module = read(source)
    return [module.code(row).rstrip("\n") for row in module.rows if row.code]


def lands_on(page: Page, name: str) -> bool:
    """Whether a row is seen below the header, within the window."""
    return 40 <= place(page.locator(f'[id="{name}"]'))["y"] < 860


# ## Search


SENTENCE = "convolutional networks are pyramids"


def test_search_finds_a_class_and_a_sentence(page: Page, searchable: str) -> None:
    """Typed after `/`; a result leads to the row."""
    assert SENTENCE in SOURCE.read_text()
    page.goto(searchable)
    settle(page)
    for query, found in {
        "TokenMixing": '[href*="layers/token_mixing/"][href$="#TokenMixing"]',
        SENTENCE: f'[href*="{MIXER}"][href$="#MixerBlock"]',
    }.items():
        page.keyboard.press("/")
        expect(page.get_by_role("textbox", name="Search")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type(query)
        expect(page.locator(f".md-search-result__link{found}").first).to_be_attached()
        page.keyboard.press("Escape")


# ## Copy. Rows: `test_references`


def test_an_example_is_copied_by_its_own_button(page: Page) -> None:
    """Also in an answer that was folded."""
    page.goto("layers/token_mixing/")
    blocks = page.locator(".weave-prose .highlight")
    assert blocks.count() > 2
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for block in (blocks.first, page.locator(".weave-answer .highlight").last):
        block.scroll_into_view_if_needed()
        block.hover()
        block.get_by_role("button", name="Copy").click()
        shown = block.locator("code").inner_text().split("\n")
        code = [line[4:] for line in shown if line[:4] in (">>> ", "... ")]
        assert clipboard(page) == "\n".join(code)


# ## Links


def test_links_land_on_rows(page: Page) -> None:
    for name in ("MixerBlock", "MLPMixer.forward", "mixer_s16"):
        page.goto("404.html")
        page.goto(f"{MIXER}#{name}")
        assert lands_on(page, name)
    link = page.locator(".weave-link").last
    target = unquote(str(link.get_attribute("href"))).removeprefix("#")
    link.focus()
    page.keyboard.press("Enter")
    assert unquote(page.url).endswith(f"#{target}")
    assert lands_on(page, target)
    contents = page.locator(".md-nav--secondary .md-nav__link").all()
    told = {link.get_attribute("href") for link in contents}
    assert {"#MixerBlock", "#MLPMixer", "#mixer_s32"} <= told


# ## Looks


# Whether a line of the longest length fits.
FITS = """() => {
  const code = document.querySelector(
    ".weave-row:not(.weave-opening) .weave-code code");
  const line = document.createElement("span");
  line.innerHTML = '<span class="weave-line" data-line="100">'
    + "m".repeat(88) + "</span>\\n";
  code.prepend(line);
  return code.scrollWidth <= code.clientWidth;
}"""


def test_prose_and_code_stand_side_by_side_where_there_is_room(page: Page) -> None:
    page.goto(MIXER)
    assert page.evaluate(FITS)
    row = page.locator(".weave-row:not(.weave-opening):has(.weave-code)").first
    for width, beside in ((1440, True), (1220, True), (1200, False), (390, False)):
        page.set_viewport_size({"width": width, "height": 900})
        prose, code = (
            place(row.locator(f".weave-{kind}")) for kind in ("prose", "code")
        )
        assert (code["x"] >= prose["x"] + prose["width"]) == beside, width
        assert (code["y"] >= prose["y"] + prose["height"]) != beside, width


# The code that is wider than its box, or lies below its button.
CUT_OFF = """codes => codes.filter((code) => {
  const button = code.closest("pre").querySelector(".md-code__nav");
  const { left, bottom } = button.getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(code);
  const space = 8;  // At the end of a line it may hang over.
  const covered = [...range.getClientRects()].some(
    (text) => text.right > left + space && text.top < bottom);
  return covered || code.scrollWidth > code.clientWidth;
}).map((code) => code.textContent)"""


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
    page.goto(MIXER)
    keyword = page.locator(".weave-code .kn, .weave-code .k").first

    def colours() -> tuple[str, str]:
        return tuple(
            locator.evaluate(f"element => getComputedStyle(element).{name}")
            for locator, name in (
                (keyword, "color"),
                (page.locator(".weave-code").first, "backgroundColor"),
            )
        )

    light = colours()
    for _ in range(2):  # from the system's colours to light, and to dark
        page.locator(".md-header__option label:visible").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    dark = colours()
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.reload()
    assert colours() == dark, "and it is remembered"


def test_a_page_is_read_without_javascript(plain: Page) -> None:
    plain.goto(MIXER)
    expect(plain.get_by_role("heading", name="MLP-Mixer", level=1)).to_be_visible()
    expect(plain.locator(".weave-code").first).to_be_visible()
    expect(plain.locator(".katex-html").first).to_be_visible()
    plain.locator(".md-tabs").get_by_text("Layers").click()
    plain.locator(".md-nav--primary").get_by_text("Token mixing").first.click()
    assert "token_mixing" in plain.url


def test_a_page_is_printed_without_its_controls(page: Page) -> None:
    page.goto(MIXER)
    page.emulate_media(media="print")
    expect(page.locator(".weave-tools")).to_be_hidden()
    expect(page.locator(".md-header")).to_be_hidden()
    expect(page.locator(".weave-code").first).to_be_visible()
    page.set_viewport_size({"width": 700, "height": 990})
    cut_off = page.locator(".weave-code code").evaluate_all(
        "codes => codes.filter(code => code.scrollWidth > code.clientWidth + 1).length"
    )
    assert cut_off == 0, "long lines are wrapped on paper"
    assert page.pdf().startswith(b"%PDF")


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.goto("layers/head/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    names, unseen = ["A"], []
    while not names[-1].startswith("BODY"):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const {className, tagName} = document.activeElement;
              const style = getComputedStyle(document.activeElement);
              return [`${tagName} ${className}`, style.outlineStyle];
            }"""
        )
        names.append(name)
        # On the page as a whole, or in the search, the focus shows itself.
        if outline == "none" and not name.startswith(("BODY", "INPUT")):
            unseen.append(name)
    for control in ("weave-button", "weave-link", "headerlink", "md-code__button"):
        assert control in " ".join(names)
    assert not unseen, "what has the focus is seen"
