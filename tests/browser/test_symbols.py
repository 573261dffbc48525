"""Point at a symbol or a variable, and all that is the same thing lights up."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import READERS
from tests.browser.judging import violations
from tests.browser.test_references import PAINTED

MIXING = "layers/token_mixing/"
# Where all formulas and all code are.
PLACES = """[...document.querySelectorAll('.weave .katex, .weave-code')]
  .filter((e) => e.checkVisibility({ contentVisibilityAuto: true }))
  .map((e) => JSON.stringify(e.getBoundingClientRect()))"""
# What lies where a letter is.
ABOVE = """letter => {
  const { left, top, width, height } = letter.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  return at?.closest("[data-n]")?.dataset.n;
}"""
# The rest of the page, `test_every_page` shows to axe.
LIT = ".weave-row:has(.weave-lit), [role=tooltip]"


def point_at(element: Locator) -> None:
    """Hover, or tap where there is no mouse. To scroll would put the light out."""
    element.scroll_into_view_if_needed()
    element.page.evaluate(PAINTED)
    touch = element.page.evaluate("navigator.maxTouchPoints > 0")
    element.tap() if touch else element.hover()


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


@pytest.mark.parametrize("who", ["page", "phone"])
def test_what_is_pointed_at_lights_up(who: str, request: pytest.FixtureRequest) -> None:
    """A symbol with its variable, and a variable with its symbols and its size."""
    mixing: Page = request.getfixturevalue(who)
    mixing.goto(MIXING)
    mixing.evaluate("document.fonts.ready")
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
    mixing.keyboard.press("Escape")
    expect(mixing.locator(".weave-lit")).to_have_count(0)
    expect(tip).to_be_hidden()
    point_at(variable(mixing, "fc1"))
    expect(equation(mixing).locator(".weave-lit")).to_have_count(1)
    assert lit(mixing, ".katex") == {"W1", "b1"}
    assert lit(mixing, ".weave-code") == {"fc1"}
    expect(tip).to_contain_text("the first layer")
    point_at(variable(mixing, "num_patches"))
    expect(tip).to_contain_text("the number of patches")
    size = re.compile(r"^24\b.* in the examples?$")
    expect(tip.locator(".weave-size")).to_have_text(size)
    point_at(mixing.locator(".weave h1").first)
    expect(mixing.locator(".weave-lit")).to_have_count(0)
    expect(tip).to_be_hidden()


def test_every_symbol_can_be_pointed_at(page: Page) -> None:
    """Also one in a fraction, below a root, in an index."""
    page.goto("layers/layer_norm/")
    symbols = page.locator(".katex-display [data-n]")
    assert symbols.count() > 12
    for symbol in symbols.all():
        letter = symbol.locator(".mathnormal").first
        letter.scroll_into_view_if_needed()
        assert letter.evaluate(ABOVE) == symbol.get_attribute("data-n")


def test_the_keyboard_lights_up_symbols_code_and_the_notation(page: Page) -> None:
    """Arrows go from symbol to symbol, and through code."""
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
    code = page.locator(".weave-code code:has([data-n])").first
    # What can be reached in it already, a link perhaps, is the way to it.
    code.and_(page.locator("[tabindex='0']")).or_(code.locator("a")).first.focus()
    page.keyboard.press("ArrowRight")
    expect(code.locator("[data-n]").first).to_have_class(re.compile("weave-here"))
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".weave-lit")).to_have_count(0)
    page.goto(f"{MIXING}#notation")
    item(page, "fc1").focus()
    assert lit(page, ".weave-code") == {"fc1"}
    assert lit(page, ".katex") == {"W1", "b1"}


def test_axe_finds_nothing_in_what_is_lit(page: Page, tools: Path) -> None:
    page.goto("layers/head/")
    for scheme, width in READERS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        equation(page).focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tooltip")).to_be_visible()
        assert page.locator(LIT).count() > 1
        assert violations(page, tools, LIT) == []
        page.keyboard.press("Escape")
    # On paper, what lay below the mouse is lit no more, so here it is lit by hand.
    one = equation(page).locator("[data-n]").first
    one.evaluate("symbol => symbol.classList.add('weave-lit')")
    style = "e => getComputedStyle(e).borderWidth + getComputedStyle(e).backgroundColor"
    dark = "0pxrgba(0, 0, 0, 0)"
    assert one.evaluate(style) != dark
    page.emulate_media(media="print")
    assert one.evaluate(style) == dark
