"""Shapes beside the code: seen, asked for their numbers, put away, never in the way."""

import json
from pathlib import Path

import pytest
from litweave.parse import read
from playwright.sync_api import Browser, Locator, Page, expect

from support import ROOT
from tests.browser.conftest import open_context
from tests.browser.test_every_page import SHAPES, SHAPES_OUTSIDE
from tests.browser.test_reading import clipboard

LAYER = "layers/token_mixing/"
SOURCE = ROOT / "labml_style_nn" / "layers" / "token_mixing.py"
NEXT = "requestAnimationFrame"


def behind(page: Page, code: str) -> Locator:
    """The shape at the end of a line of the layer."""
    line = 1 + next(
        i for i, text in enumerate(SOURCE.read_text().split("\n")) if code in text
    )
    return page.locator(f'.weave-line[data-line="{line}"] .weave-shape')


def box(page: Page) -> Locator:
    return page.get_by_role("tooltip")


def test_a_shape_stands_behind_its_line(page: Page) -> None:
    page.goto(LAYER)
    shape = behind(page, "hidden = self.dropout")
    expect(shape).to_be_visible()
    expect(shape).to_have_text("B × DS × C")
    expect(shape.locator("sub")).to_have_text("S")
    label = str(shape.get_attribute("aria-label"))
    assert label.startswith("shape B by D S by C, in the example ")


def test_the_numbers_are_shown_to_the_pointer(page: Page) -> None:
    page.goto(LAYER)
    shape = behind(page, "hidden = self.dropout")
    shape.scroll_into_view_if_needed()
    page.evaluate(f"new Promise(done => {NEXT}(() => {NEXT}(done)))")
    shape.hover()  # Scrolling would take the box away.
    expect(box(page)).to_be_visible()
    expect(box(page)).to_contain_text("2 × 10 × 20 float32")
    page.mouse.move(5, 5)
    expect(box(page)).to_be_hidden()


def test_the_keyboard_reaches_each_shape_of_a_block(page: Page) -> None:
    page.goto("layers/layer_norm/")
    block = page.locator(
        ".weave-code code:has(:has(.weave-shape) ~ * .weave-shape)"
    ).first
    shapes = block.locator(".weave-shape")
    stops = block.locator('.weave-shape[tabindex="0"]')
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


def test_shapes_are_put_away_and_stay_so(page: Page) -> None:
    page.goto(LAYER)
    shape = page.locator(".weave-shape").first
    switch = page.get_by_role("button", name="Shapes")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(shape).to_be_hidden()
    page.goto("layers/head/")
    expect(shape).to_be_hidden()
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    expect(shape).to_be_visible()
    page.reload()
    expect(shape).to_be_visible()


def test_shapes_take_no_room(page: Page) -> None:
    for address in (LAYER, "models/mlp_mixer/"):
        page.goto(address)
        page.evaluate("document.fonts.ready")
        codes = page.locator(".weave-code code")
        heights = "codes => codes.map(code => code.getBoundingClientRect().height)"
        shown = codes.evaluate_all(heights)
        page.get_by_role("button", name="Shapes").click()
        assert codes.evaluate_all(heights) == shown
        page.get_by_role("button", name="Shapes").click()


def test_a_shape_is_not_copied(page: Page) -> None:
    page.goto(LAYER)
    module = read(SOURCE)
    rows = [row for row in module.rows if row.code]
    cells = page.locator(".weave-code")
    tried = 0
    for number, row in enumerate(rows):
        if cells.nth(number).locator(".weave-shape").count():
            cells.nth(number).hover(position={"x": 20, "y": 20})
            cells.nth(number).get_by_role("button", name="Copy").click()
            assert clipboard(page) == module.code(row).rstrip("\n")
            tried += 1
    assert tried > 2


def test_a_shape_is_not_selected(page: Page) -> None:
    page.goto(LAYER)
    module = read(SOURCE)
    rows = [row for row in module.rows if row.code]
    codes = page.locator(".weave-code code")
    number = next(
        n for n in range(len(rows)) if codes.nth(n).locator(".weave-shape").count()
    )
    codes.nth(number).evaluate("code => getSelection().selectAllChildren(code)")
    page.keyboard.press("Control+c")
    assert clipboard(page).strip("\n") == module.code(rows[number]).strip("\n")


def test_a_shape_is_not_searched(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    entries = (e for e in index["docs"] if e["location"].startswith(LAYER))
    text = " ".join(entry["text"] for entry in entries)
    assert "torch.baddbmm" in text
    assert "float32" not in text
    assert "B × " not in text


def test_shapes_are_printed(page: Page) -> None:
    page.goto(LAYER)
    page.emulate_media(media="print")
    expect(behind(page, "hidden = self.dropout")).to_be_visible()
    expect(page.get_by_text("Shapes", exact=True)).to_be_hidden()


def test_shapes_are_read_without_javascript(browser: Browser, address: str) -> None:
    with open_context(browser, java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto(LAYER)
        expect(behind(page, "hidden = self.dropout")).to_be_visible()
        expect(page.get_by_text("Shapes", exact=True)).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 1000, 390])
@pytest.mark.parametrize("name", ["experiments/classification/", "data/masking/"])
def test_a_long_shape_stays_within_its_code(name: str, width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(name)
    page.evaluate("document.fonts.ready")
    assert page.evaluate(SHAPES) > 5
    assert page.evaluate(SHAPES_OUTSIDE) == []
