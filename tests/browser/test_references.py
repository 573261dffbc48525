"""Names in the code: a click follows them, pointing and the tab key explain them."""

import pytest
from litweave.parse import read
from playwright.sync_api import Browser, Page, expect

from support import ROOT
from tests.browser.conftest import open_context
from tests.browser.test_reading import clipboard

TOKENS = "layers/token_mixing/"
SOURCE = ROOT / "labml_style_nn" / "layers" / "token_mixing.py"
TIP = "#weave-tip"


@pytest.fixture
def requests(page: Page, address: str) -> list[str]:
    """The requests of a page to other hosts."""
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda r: None if r.url.startswith(address) else elsewhere.append(r.url),
    )
    return elsewhere


def test_a_click_on_a_name_goes_to_its_row(page: Page) -> None:
    page.goto(TOKENS)
    page.locator('.weave-code a[href="#TokenLinear"]').first.click()
    assert page.url.endswith(f"{TOKENS}#TokenLinear")
    box = page.locator('[id="TokenLinear"]').bounding_box()
    assert box
    assert 40 <= box["y"] < 860


def test_a_click_on_a_name_goes_to_its_page(page: Page) -> None:
    page.goto(TOKENS)
    page.locator('.weave-code a[href$="#GELU"]').first.click()
    assert page.url.endswith("layers/gelu/#GELU")


def test_pointing_shows_the_signature(page: Page, requests: list[str]) -> None:
    page.goto(TOKENS)
    expect(page.locator(TIP)).to_be_hidden()
    page.locator('.weave-code a[href="#TokenLinear"]').first.hover()
    tip = page.locator(TIP)
    expect(tip).to_contain_text("TokenLinear(in_features: int, out_features: int)")
    expect(tip).to_contain_text("A linear map over tokens")
    page.locator('.weave-code a[href$="torch.baddbmm.html"]').hover()
    expect(tip).to_contain_text("torch.baddbmm(input, batch1, batch2")
    expect(tip).to_contain_text("leads to docs.pytorch.org")
    assert requests == [], "nothing is asked of another host"


def test_the_keyboard_shows_it_too(page: Page) -> None:
    page.goto(TOKENS)
    first = page.locator('.weave-code a[href="#TokenLinear"]').first
    first.focus()
    expect(page.locator(TIP)).to_contain_text("TokenLinear(in_features")
    expect(first).to_have_attribute("aria-describedby", "weave-tip")
    page.keyboard.press("Escape")
    expect(page.locator(TIP)).to_be_hidden()
    page.keyboard.press("Enter")
    assert page.url.endswith("#TokenLinear")


def test_every_link_in_code_has_something_to_tell(page: Page) -> None:
    page.goto("models/mlp_mixer/")
    silent = page.evaluate(
        """() => {
          const table = document.getElementById("weave-references").textContent;
          const told = JSON.parse(table);
          return [...document.querySelectorAll(".weave-code a")]
            .map((link) => link.getAttribute("href"))
            .filter((href) => !told[href]?.[0]);
        }"""
    )
    assert silent == []


def test_tab_stops_at_each_place_once_in_a_row(page: Page) -> None:
    page.goto(TOKENS)
    rows = page.locator(".weave-code").evaluate_all(
        """(rows) => rows.map((row) => [...row.querySelectorAll("a")].map(
          (link) => [link.getAttribute("href"), link.tabIndex]))"""
    )
    assert any(tab < 0 for row in rows for _, tab in row)
    for row in rows:
        stops = [href for href, tab in row if tab == 0]
        assert sorted(stops) == sorted({href for href, _ in row})


def test_links_do_not_disturb_the_copy(page: Page) -> None:
    page.goto(TOKENS)
    module = read(SOURCE)
    rows = [row for row in module.rows if row.code]
    for number, row in enumerate(rows):
        code = page.locator(".weave-code code").nth(number)
        code.evaluate("code => getSelection().selectAllChildren(code)")
        page.keyboard.press("Control+c")
        assert clipboard(page).strip("\n") == module.code(row).strip("\n")
        cell = page.locator(".weave-code").nth(number)
        cell.hover()
        cell.get_by_role("button", name="Copy").click()
        assert clipboard(page) == module.code(row).rstrip("\n")


def test_links_show_themselves_only_to_whoever_looks(page: Page) -> None:
    page.goto(TOKENS)
    name = page.locator('.weave-code a[href="#TokenLinear"]').first
    line = "a => getComputedStyle(a).textDecorationColor"
    style = "a => getComputedStyle(a).textDecorationStyle"
    page.mouse.move(0, 0)
    assert name.evaluate(line).endswith(" 0)"), "transparent"
    name.locator("xpath=ancestor::code").hover(position={"x": 5, "y": 5})
    expect(name).not_to_have_css("text-decoration-color", "rgba(0, 0, 0, 0)")
    assert name.evaluate(style) == "dotted"
    # In the colours of the code, whether it is a link or not.
    colours = page.evaluate(
        """() => [".weave-code a", ".weave-code code"].map((selector) =>
          getComputedStyle(document.querySelector(selector)).color)"""
    )
    assert colours[0] == colours[1]


def test_a_tap_follows_the_link(browser: Browser, address: str) -> None:
    with open_context(
        browser,
        base_url=address,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    ) as context:
        page = context.new_page()
        page.goto(TOKENS)
        page.locator('.weave-code a[href$="#GELU"]').first.tap()
        page.wait_for_url("**/layers/gelu/#GELU")
        line = "a => getComputedStyle(a).textDecorationColor"
        assert not page.locator(".weave-code a").first.evaluate(line).endswith(" 0)")


def test_links_work_without_javascript(browser: Browser, address: str) -> None:
    with open_context(browser, java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(TOKENS)
        page.locator('.weave-code a[href$="#GELU"]').first.click()
        assert page.url.endswith("layers/gelu/#GELU")


def test_a_page_lists_what_it_uses_and_what_uses_it(page: Page) -> None:
    page.goto(TOKENS)
    lists = page.locator(".weave-uses")
    expect(lists.get_by_role("link", name="GELU")).to_be_visible()
    lists.get_by_role("link", name="MLP-Mixer").click()
    assert page.url.endswith("models/mlp_mixer/")
    expect(page.locator(".weave-uses")).to_contain_text("Token mixing")
