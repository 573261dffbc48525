"""What a reader does: search, copy, follow a link, switch the colours, print."""

from urllib.parse import unquote

import pytest
from litweave.parse import read
from playwright.sync_api import Browser, Page, expect

from support import ROOT
from tests.browser.conftest import open_context, settle

MIXER = "models/mlp_mixer/"
SOURCE = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"


def clipboard(page: Page) -> str:
    text = page.evaluate("navigator.clipboard.readText()")
    assert isinstance(text, str)
    return text


# ## Search


def search(page: Page, address: str, query: str, name: str, anchor: str) -> None:
    """Type a query after `/`, and wait for a result that leads to a row."""
    page.goto(address)
    settle(page)
    page.keyboard.press("/")
    expect(page.get_by_role("textbox", name="Search")).to_be_focused()
    page.keyboard.type(query)
    found = page.locator(f'.md-search-result__link[href*="{name}"][href$="#{anchor}"]')
    expect(found.first).to_be_attached(timeout=30_000)


def test_search_finds_a_class(page: Page, searchable: str) -> None:
    search(page, searchable, "TokenMixing", "layers/token_mixing/", "TokenMixing")


def test_search_finds_a_sentence(page: Page, searchable: str) -> None:
    words = "convolutional networks are pyramids"
    assert words in SOURCE.read_text()
    search(page, searchable, words, MIXER, "MixerBlock")


# ## Copy


def test_a_row_is_copied_exactly(page: Page) -> None:
    page.goto(MIXER)
    module = read(SOURCE)
    rows = [row for row in module.rows if row.code]
    cells = page.locator(".weave-code")
    assert cells.count() == len(rows)
    for number in (0, len(rows) // 2, len(rows) - 1):
        cells.nth(number).hover()
        cells.nth(number).get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied to clipboard")).to_be_visible()
        assert clipboard(page) == module.code(rows[number]).rstrip("\n")


def test_a_selection_has_no_line_numbers(page: Page) -> None:
    page.goto(MIXER)
    module = read(SOURCE)
    row = next(row for row in module.rows if len(row.code) > 3)
    number = [row for row in module.rows if row.code].index(row)
    page.locator(".weave-code code").nth(number).evaluate(
        "code => getSelection().selectAllChildren(code)"
    )
    page.keyboard.press("Control+c")
    assert clipboard(page).strip("\n") == module.code(row).strip("\n")


def test_every_example_is_copied_by_its_own_button(page: Page) -> None:
    page.goto("layers/token_mixing/")
    blocks = page.locator(".weave-prose .highlight")
    assert blocks.count() > 2
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for block in blocks.all():
        block.scroll_into_view_if_needed()
        block.hover()
        block.get_by_role("button", name="Copy").click()
        shown = block.locator("code").inner_text().split("\n")
        code = [line[4:] for line in shown if line[:4] in (">>> ", "... ")]
        assert clipboard(page) == "\n".join(code)


# ## Links


def test_a_link_to_a_row_lands_on_it(page: Page) -> None:
    page.goto(MIXER)
    link = page.locator(".weave-link").last
    target = unquote(str(link.get_attribute("href"))).removeprefix("#")
    link.focus()
    page.keyboard.press("Enter")
    assert unquote(page.url).endswith(f"#{target}")
    box = page.locator(f'[id="{target}"]').bounding_box()
    assert box
    assert 40 <= box["y"] < 860, "below the header, within the window"


@pytest.mark.parametrize("name", ["MixerBlock", "MLPMixer.forward", "mixer_s16"])
def test_a_link_to_a_name_lands_on_it(name: str, page: Page) -> None:
    page.goto(f"{MIXER}#{name}")
    box = page.locator(f'[id="{name}"]').bounding_box()
    assert box
    assert 40 <= box["y"] < 860


def test_headings_are_in_the_table_of_contents(page: Page) -> None:
    page.goto(MIXER)
    contents = page.locator(".md-nav--secondary .md-nav__link")
    assert {"#MixerBlock", "#MLPMixer", "#mixer_s32"} <= {
        str(link.get_attribute("href")) for link in contents.all()
    }


# ## Looks


def test_prose_and_code_stand_side_by_side_where_there_is_room(page: Page) -> None:
    page.goto(MIXER)
    row = page.locator(".weave-row:not(.weave-opening):has(.weave-code)").first
    for width, beside in ((1440, True), (1220, True), (1200, False), (390, False)):
        page.set_viewport_size({"width": width, "height": 900})
        prose = row.locator(".weave-prose").bounding_box()
        code = row.locator(".weave-code").bounding_box()
        assert prose
        assert code
        assert (code["x"] >= prose["x"] + prose["width"]) == beside, width
        assert (code["y"] >= prose["y"] + prose["height"]) != beside, width


def test_a_line_of_the_longest_length_fits_beside_its_prose(page: Page) -> None:
    page.goto(MIXER)
    fits = page.evaluate(
        """() => {
          const code = document.querySelector(
            ".weave-row:not(.weave-opening) .weave-code code");
          const line = document.createElement("span");
          line.innerHTML = '<span class="weave-line" data-line="100">'
            + "m".repeat(88) + "</span>\\n";
          code.prepend(line);
          return code.scrollWidth <= code.clientWidth;
        }"""
    )
    assert fits


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


@pytest.mark.parametrize("address_", [MIXER, "models/poolformer/"])
def test_on_a_phone_no_code_is_cut_off_or_covered(
    browser: Browser, address: str, address_: str
) -> None:
    phone = {"width": 390, "height": 844}
    with open_context(
        browser, base_url=address, viewport=phone, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(address_)
        codes = page.locator(".weave pre:visible > code")
        expect(page.locator(".weave-code .md-code__nav").last).to_be_attached()
        assert codes.count() > 20
        assert codes.evaluate_all(CUT_OFF) == []
        # A line that goes on is copied as one.
        module = read((ROOT / "labml_style_nn" / address_).with_suffix(".py"))
        rows = [row for row in module.rows if row.code]
        longest = max(rows, key=lambda row: max(map(len, module.code(row).split("\n"))))
        block = page.locator(".weave-code").nth(rows.index(longest))
        block.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied to clipboard")).to_be_visible()
        assert clipboard(page) == module.code(longest).rstrip("\n")


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


def test_a_page_is_read_without_javascript(browser: Browser, address: str) -> None:
    with open_context(browser, java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(MIXER)
        expect(page.get_by_role("heading", name="MLP-Mixer", level=1)).to_be_visible()
        expect(page.locator(".weave-code").first).to_be_visible()
        expect(page.locator(".katex-html").first).to_be_visible()
        page.locator(".md-tabs").get_by_text("Layers").click()
        page.locator(".md-nav--primary").get_by_text("Token mixing").first.click()
        assert "token_mixing" in page.url


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
    page.goto(MIXER)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    seen, unseen = "", []
    for _ in range(260):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const {className, tagName} = document.activeElement;
              const style = getComputedStyle(document.activeElement);
              return [`${tagName} ${className}`, style.outlineStyle];
            }"""
        )
        seen += f"{name} "
        # On the page as a whole, or in the search, the focus shows itself.
        if outline == "none" and not name.startswith(("BODY", "INPUT")):
            unseen.append(name)
    for control in ("weave-button", "weave-link", "headerlink", "md-code__button"):
        assert control in seen
    assert not unseen, "what has the focus is seen"
