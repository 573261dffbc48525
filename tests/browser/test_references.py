"""Names and shapes in the code: followed, explained, asked for numbers, put away."""

from playwright.sync_api import Locator, Page, expect

from support import ROOT
from tests.browser.conftest import clipboard
from tests.browser.test_every_page import SHAPES, SHAPES_OUTSIDE
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
PAINTED = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
HEIGHTS = "codes => codes.map(code => code.getBoundingClientRect().height)"


def test_a_click_on_a_name_goes_to_its_row_or_page_and_both_list_it(page: Page) -> None:
    page.goto(TOKENS)
    page.locator(LINEAR).first.click()
    assert page.url.endswith(f"{TOKENS}#TokenLinear")
    assert lands_on(page, "TokenLinear")
    page.locator(GELU).first.click()
    assert page.url.endswith("layers/gelu/#GELU")
    page.goto(TOKENS)
    lists = page.locator(".weave-uses")
    expect(lists.get_by_role("link", name="GELU")).to_be_visible()
    lists.get_by_role("link", name="MLP-Mixer").click()
    assert page.url.endswith("models/mlp_mixer/")
    expect(page.locator(".weave-uses")).to_contain_text("Token mixing")
    assert page.evaluate(SILENT) == []


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


def behind(page: Page, code: str) -> Locator:
    """The shape at the end of a line of the layer."""
    lines = enumerate(SOURCE.read_text().split("\n"), 1)
    number = next(number for number, text in lines if code in text)
    return page.locator(f'.weave-line[data-line="{number}"] .weave-shape')


def box(page: Page) -> Locator:
    return page.get_by_role("tooltip")


def test_a_shape_stands_behind_its_line_and_tells_its_numbers(page: Page) -> None:
    page.goto(TOKENS)
    shape = behind(page, "hidden = self.dropout")
    expect(shape).to_have_text("B × DS × C")
    expect(shape.locator("sub")).to_have_text("S")
    label = str(shape.get_attribute("aria-label"))
    assert label.startswith("shape B by D S by C, in the example ")
    shape.scroll_into_view_if_needed()
    page.evaluate(PAINTED)
    shape.hover()  # Scrolling would take the box away.
    expect(box(page)).to_be_visible()
    expect(box(page)).to_contain_text("2 × 10 × 20 float32")
    page.mouse.move(5, 5)
    expect(box(page)).to_be_hidden()
    page.emulate_media(media="print")
    expect(shape).to_be_visible()
    expect(page.get_by_text("Shapes", exact=True)).to_be_hidden()


def test_the_keyboard_reaches_each_shape_of_a_block(page: Page) -> None:
    page.goto("layers/layer_norm/")
    several = ".weave-code code:has(:has(.weave-shape) ~ * .weave-shape)"
    shapes = page.locator(several).first.locator(".weave-shape")
    stops = shapes.and_(page.locator('[tabindex="0"]'))
    assert shapes.count() > stops.count() == 1, "one stop in the order of tabs"
    stops.focus()
    expect(box(page)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(shapes.nth(1)).to_be_focused()
    expect(box(page)).to_contain_text("float32")
    page.keyboard.press("ArrowUp")
    expect(shapes.nth(0)).to_be_focused()
    page.keyboard.press("Escape")
    expect(box(page)).to_be_hidden()


def test_shapes_take_no_room_and_are_put_away_and_stay_so(page: Page) -> None:
    shape = page.locator(".weave-shape").first
    switch = page.get_by_role("button", name="Shapes")
    codes = page.locator(".weave-code code")
    for address, there in ((TOKENS, True), ("models/mlp_mixer/", False)):
        page.goto(address)
        page.evaluate("document.fonts.ready")
        expect(shape).to_be_visible(visible=there)
        before = codes.evaluate_all(HEIGHTS)
        expect(switch).to_have_attribute("aria-pressed", str(there).lower())
        switch.click()
        expect(shape).to_be_visible(visible=not there)
        assert codes.evaluate_all(HEIGHTS) == before
    page.reload()
    expect(shape).to_be_visible()


def test_shapes_and_links_need_no_script_and_no_mouse(plain: Page, phone: Page) -> None:
    phone.goto(TOKENS)
    phone.locator(GELU).first.tap()
    phone.wait_for_url("**/layers/gelu/#GELU")
    assert not phone.locator(".weave-code a").first.evaluate(LINE).endswith(" 0)")
    plain.goto(TOKENS)
    expect(behind(plain, "hidden = self.dropout")).to_be_visible()
    expect(plain.get_by_text("Shapes", exact=True)).to_be_hidden()
    plain.locator(GELU).first.click()
    assert plain.url.endswith("layers/gelu/#GELU")


def test_a_long_shape_stays_within_its_code(page: Page) -> None:
    """On a narrow screen, too; on a wide one `test_every_page` asks it of all."""
    for name in ("experiments/classification/", "data/masking/"):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(name)
        page.evaluate("document.fonts.ready")
        assert page.evaluate(SHAPES) > 5
        for width in (1000, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(SHAPES_OUTSIDE) == []
