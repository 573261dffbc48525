"""Point at a symbol or a variable, and all that is the same thing lights up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import READERS, Scheme, open_context
from tests.browser.judging import violations

MIXING = "layers/token_mixing/"


@pytest.fixture(scope="module", params=["mouse", "finger"])
def opened(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> Iterator[Page]:
    """The page on token mixing: on a wide screen with a mouse, on a phone without."""
    finger = request.param == "finger"
    viewport = {"width": 390 if finger else 1440, "height": 900}
    with open_context(browser, viewport=viewport, has_touch=finger) as context:
        page = context.new_page()
        page.goto(address + MIXING)
        page.evaluate("document.fonts.ready")
        yield page


@pytest.fixture
def mixing(opened: Page) -> Page:
    """The page, with nothing lit."""
    opened.mouse.move(0, 0)
    opened.keyboard.press("Escape")
    expect(opened.locator(".weave-lit")).to_have_count(0)
    return opened


def point_at(element: Locator) -> None:
    """Hover, or tap where there is no mouse."""
    element.scroll_into_view_if_needed()
    touch = element.page.evaluate("navigator.maxTouchPoints > 0")
    element.tap() if touch else element.hover()


# Where all formulas and all code are.
PLACES = """[...document.querySelectorAll('.weave .katex, .weave-code')]
  .filter((e) => e.checkVisibility({ contentVisibilityAuto: true }))
  .map((e) => JSON.stringify(e.getBoundingClientRect()))"""


def item(page: Page, variable: str) -> Locator:
    """The item of the notation about a variable."""
    code = page.locator("code", has_text=re.compile(f"^{variable}$"))
    return page.locator("#notation ~ ul").first.locator("> li").filter(has=code)


def equation(page: Page) -> Locator:
    return page.locator(".katex-display:has([data-n])").first


def symbol(page: Page, variable: str) -> Locator:
    """The symbol of a variable in the first equation."""
    key = item(page, variable).locator("[data-n]").first.get_attribute("data-n")
    return equation(page).locator(f'[data-n="{key}"]').first


def variable(page: Page, name: str) -> Locator:
    pattern = re.compile(f"^{name}$")
    return page.locator(".weave-code [data-n]").filter(has_text=pattern).first


def lit(page: Page, where: str) -> set[str]:
    """What is lit in formulas or in code, by what it says; KaTeX's HTML, not MathML."""
    # The notation, which is folded, shows none.
    shown = page.locator(f"{where} .weave-lit").filter(visible=True)
    texts = shown.all_text_contents()
    return {re.sub(r"[\s\u200b]", "", text) for text in texts}


def test_a_symbol_lights_up_its_variable(mixing: Page) -> None:
    symbol(mixing, "fc1").scroll_into_view_if_needed()
    before = mixing.evaluate(PLACES)
    point_at(symbol(mixing, "fc1"))
    expect(mixing.locator(".weave-code .weave-lit")).to_have_count(2)
    assert mixing.evaluate(PLACES) == before, "nothing moves"
    assert lit(mixing, ".weave-code") == {"fc1"}
    assert lit(mixing, ".katex") == {"W1"}, "and not its neighbour"
    tip = mixing.get_by_role("tooltip")
    expect(tip).to_contain_text("the first layer")
    expect(tip.locator("code")).to_have_text("fc1")
    expect(tip.locator(".katex")).to_have_count(3)


def test_a_variable_lights_up_its_symbols_and_tells_its_size(mixing: Page) -> None:
    point_at(variable(mixing, "fc1"))
    expect(equation(mixing).locator(".weave-lit")).to_have_count(1)
    assert lit(mixing, ".katex") == {"W1", "b1"}
    assert lit(mixing, ".weave-code") == {"fc1"}
    tip = mixing.get_by_role("tooltip")
    expect(tip).to_contain_text("the first layer")
    point_at(variable(mixing, "num_patches"))
    expect(tip).to_contain_text("the number of patches")
    size = re.compile(r"^24\b.* in the examples?$")
    expect(tip.locator(".weave-size")).to_have_text(size)


def test_every_symbol_can_be_pointed_at(page: Page) -> None:
    """Also one in a fraction, below a root, in an index."""
    page.goto("layers/layer_norm/")
    symbols = page.locator(".katex-display [data-n]")
    assert symbols.count() > 12
    for symbol in symbols.all():
        letter = symbol.locator(".mathnormal").first
        letter.scroll_into_view_if_needed()
        above = letter.evaluate("""letter => {
            const { left, top, width, height } = letter.getBoundingClientRect();
            const at = document.elementFromPoint(left + width / 2, top + height / 2);
            return at?.closest("[data-n]")?.dataset.n;
        }""")
        assert above == symbol.get_attribute("data-n"), letter.inner_text()


def test_what_is_lit_goes_out(mixing: Page) -> None:
    for out in (
        lambda: mixing.keyboard.press("Escape"),
        lambda: point_at(mixing.locator(".weave h1").first),
    ):
        point_at(symbol(mixing, "fc1"))
        expect(mixing.locator(".weave-lit")).not_to_have_count(0)
        out()
        expect(mixing.locator(".weave-lit")).to_have_count(0)
        expect(mixing.get_by_role("tooltip")).to_be_hidden()
        mixing.mouse.move(0, 0)


# ## The keyboard


def test_arrows_go_from_symbol_to_symbol(page: Page) -> None:
    page.goto(MIXING)
    # Each formula and each block is one stop at most: KaTeX's HTML is hidden from
    # screen readers.
    inner = ".katex [tabindex], .katex a, .katex button, .weave-code [data-n][tabindex]"
    expect(page.locator(inner)).to_have_count(0)
    stop = equation(page)
    symbols = stop.locator("[data-n]")
    said = page.get_by_role("status").filter(has_not=page.locator("*"))
    stop.focus()
    expect(page.locator(".weave-lit")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(symbols.first).to_have_class(re.compile("weave-here"))
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(symbols.last).to_have_class(re.compile("weave-here"))
    expect(said).to_have_text(re.compile("^C, hidden_dim: the number of channels"))
    expect(page.get_by_role("tooltip")).to_contain_text("the number of channels")
    page.keyboard.press("Home")
    expect(symbols.first).to_have_class(re.compile("weave-here"))
    page.keyboard.press("Escape")
    expect(page.locator(".weave-lit")).to_have_count(0)
    expect(said).to_have_text("")
    expect(stop).to_be_focused()


def test_arrows_go_through_code(page: Page) -> None:
    page.goto(MIXING)
    code = page.locator(".weave-code code:has([data-n])").first
    # What can be reached in it already, a link perhaps, is the way to it.
    code.and_(page.locator("[tabindex='0']")).or_(code.locator("a")).first.focus()
    page.keyboard.press("ArrowRight")
    expect(code.locator("[data-n]").first).to_have_class(re.compile("weave-here"))
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".weave-lit")).to_have_count(0)


def test_an_item_of_the_notation_lights_up_its_own(page: Page) -> None:
    page.goto(f"{MIXING}#notation")
    item(page, "fc1").focus()
    assert lit(page, ".weave-code") == {"fc1"}
    assert lit(page, ".katex") == {"W1", "b1"}


# ## For everybody


@pytest.mark.parametrize(("scheme", "width"), READERS.items())
def test_axe_finds_nothing_in_what_is_lit(
    scheme: Scheme, width: int, page: Page, tools: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto("layers/head/")
    equation(page).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tooltip")).to_be_visible()
    assert violations(page, tools) == []


def test_a_page_without_a_notation_is_left_alone(page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("layers/")
    expect(page.locator(".weave [data-n], #weave-notation")).to_have_count(0)
    assert not errors


def test_paper_shows_no_light(page: Page) -> None:
    """What lay below the mouse is lit no more, so here it is lit by hand."""
    page.goto("layers/head/")
    one = equation(page).locator("[data-n]").first
    one.evaluate("symbol => symbol.classList.add('weave-lit')")
    style = "e => getComputedStyle(e).borderWidth + getComputedStyle(e).backgroundColor"
    dark = "0pxrgba(0, 0, 0, 0)"
    assert one.evaluate(style) != dark
    page.emulate_media(media="print")
    assert one.evaluate(style) == dark
