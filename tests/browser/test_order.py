"""Code beside the words: how far a reader scrolls until both are there."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context

# An overview without definitions, and a page on what has no equation.
OVERVIEWS = {"layers/", "models/"}
NO_EQUATION = {"layers/checks/"}
SCREEN = 900
PLACES = """() => {
  const rows = [...document.querySelectorAll(".weave-opening ~ .weave-row")];
  const defines = (row) =>
    /^(class|def|@)/m.test(row.querySelector(".weave-code")?.textContent);
  const definition = rows.find(defines)?.getBoundingClientRect();
  const equation = document.querySelector(".weave-opening .katex-display");
  return [
    definition ? definition.top + scrollY : Infinity,
    equation ? equation.getBoundingClientRect().bottom + scrollY : null,
  ];
}"""


def test_equation_and_code_are_near_the_top(
    browser: Browser, address: str, pages: list[str]
) -> None:
    modules = {page for page in pages if page.startswith(("layers/", "models/"))}
    assert len(modules) > 30
    far = []
    with open_context(browser, base_url=address) as context:
        page = context.new_page()
        for module in sorted(modules - OVERVIEWS):
            page.goto(module)
            definition, equation = page.evaluate(PLACES)
            if definition > 1.5 * SCREEN:
                far.append(f"{module}: the first definition begins at {definition}")
            if (equation is None) != (module in NO_EQUATION):
                far.append(f"{module}: is there an equation?")
            elif equation and equation > SCREEN:
                far.append(f"{module}: the equation ends at {equation}")
    assert not far, "\n".join(far)


def test_what_does_not_open_a_page_closes_it(page: Page) -> None:
    page.goto("models/conv_mixer/")
    contents = page.locator(".md-nav--secondary .md-nav__link")
    order = [str(link.get_attribute("href")) for link in contents.all()]
    last = order.index("#convmixer_256_8")
    assert order.index("#notation") < order.index("#ConvMixerBlock") < last
    assert last < order.index("#memory-layout") < order.index("#example")


@pytest.mark.parametrize("javascript", [True, False])
def test_the_notation_opens(browser: Browser, address: str, javascript: bool) -> None:
    with open_context(
        browser, base_url=address, java_script_enabled=javascript
    ) as context:
        page = context.new_page()
        page.goto("models/mlp_mixer/")
        first = page.locator("#notation ~ ul > li").first
        expect(first).to_be_hidden()
        page.locator("#notation").click()
        expect(first).to_be_visible()


def test_a_link_to_the_notation_opens_it(page: Page) -> None:
    page.goto("models/mlp_mixer/#notation")
    expect(page.locator("#notation ~ ul > li").first).to_be_visible()
