"""Names in the code: a click follows them, pointing and the tab key explain them."""

from playwright.sync_api import Page, expect

from support import ROOT
from tests.browser.conftest import clipboard
from tests.browser.test_reading import lands_on, rows_with_code

TOKENS = "layers/token_mixing/"
SOURCE = ROOT / "labml_style_nn" / "layers" / "token_mixing.py"
LINEAR, GELU = '.weave-code a[href="#TokenLinear"]', '.weave-code a[href$="#GELU"]'
LINE = "a => getComputedStyle(a).textDecorationColor"
# The links in code that have nothing to tell.
SILENT = """() => {
  const told = JSON.parse(document.getElementById("weave-references").textContent);
  return [...document.querySelectorAll(".weave-code a")]
    .map((link) => link.getAttribute("href"))
    .filter((href) => !told[href]?.[0]);
}"""


def test_a_click_on_a_name_goes_to_its_row_or_page(page: Page) -> None:
    page.goto(TOKENS)
    page.locator(LINEAR).first.click()
    assert page.url.endswith(f"{TOKENS}#TokenLinear")
    assert lands_on(page, "TokenLinear")
    page.locator(GELU).first.click()
    assert page.url.endswith("layers/gelu/#GELU")


def test_pointing_or_the_tab_key_shows_a_signature(page: Page, address: str) -> None:
    """Nothing is asked of another host, and who does not look sees no link."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(TOKENS)
    tip, linear = page.locator("#weave-tip"), page.locator(LINEAR).first
    expect(tip).to_be_hidden()
    page.mouse.move(0, 0)
    assert linear.evaluate(LINE).endswith(" 0)"), "transparent"
    linear.locator("xpath=ancestor::code").hover(position={"x": 5, "y": 5})
    expect(linear).not_to_have_css("text-decoration-color", "rgba(0, 0, 0, 0)")
    expect(linear).to_have_css("text-decoration-style", "dotted")
    # In the colours of the code, whether it is a link or not.
    code = linear.locator("xpath=ancestor::code")
    colour = code.evaluate("code => getComputedStyle(code).color")
    expect(linear).to_have_css("color", colour)
    linear.hover()
    expect(tip).to_contain_text("TokenLinear(in_features: int, out_features: int)")
    expect(tip).to_contain_text("A linear map over tokens")
    page.locator('.weave-code a[href$="torch.baddbmm.html"]').hover()
    expect(tip).to_contain_text("torch.baddbmm(input, batch1, batch2")
    expect(tip).to_contain_text("leads to docs.pytorch.org")
    page.mouse.move(0, 0)
    linear.focus()
    expect(tip).to_contain_text("TokenLinear(in_features")
    expect(linear).to_have_attribute("aria-describedby", "weave-tip")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Enter")
    assert page.url.endswith("#TokenLinear")
    assert all(url.startswith(address) for url in asked)


def test_links_and_shapes_disturb_neither_the_keyboard_nor_a_copy(page: Page) -> None:
    page.goto(TOKENS)
    cells = page.locator(".weave-code")
    rows = cells.evaluate_all(
        """(rows) => rows.map((row) => [...row.querySelectorAll("a")].map(
          (link) => [link.getAttribute("href"), link.tabIndex]))"""
    )
    assert any(tab < 0 for row in rows for _, tab in row)
    for row in rows:
        # The tab key stops at each place once in a row.
        stops = [href for href, tab in row if tab == 0]
        assert sorted(stops) == sorted({href for href, _ in row})
    assert page.locator(".weave-code .weave-shape").count() > 2
    for cell, code in zip(cells.all(), rows_with_code(SOURCE), strict=True):
        # A selection has no line numbers either.
        cell.locator("code").evaluate("code => getSelection().selectAllChildren(code)")
        page.keyboard.press("Control+c")
        assert clipboard(page).strip("\n") == code.strip("\n")
        cell.hover(position={"x": 20, "y": 20})
        cell.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied to clipboard")).to_be_visible()
        assert clipboard(page) == code


def test_a_tap_follows_the_link(phone: Page) -> None:
    phone.goto(TOKENS)
    phone.locator(GELU).first.tap()
    phone.wait_for_url("**/layers/gelu/#GELU")
    assert not phone.locator(".weave-code a").first.evaluate(LINE).endswith(" 0)")


def test_a_page_lists_what_it_uses_and_what_uses_it(page: Page) -> None:
    page.goto(TOKENS)
    lists = page.locator(".weave-uses")
    expect(lists.get_by_role("link", name="GELU")).to_be_visible()
    lists.get_by_role("link", name="MLP-Mixer").click()
    assert page.url.endswith("models/mlp_mixer/")
    expect(page.locator(".weave-uses")).to_contain_text("Token mixing")
    assert page.evaluate(SILENT) == []
