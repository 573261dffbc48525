"""Shapes beside the code: seen, asked for their numbers, put away, never in the way.

That they are not copied, `test_references` asks.
"""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from support import ROOT
from tests.browser.test_every_page import SHAPES, SHAPES_OUTSIDE

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


def test_a_shape_stands_behind_its_line_and_tells_its_numbers(page: Page) -> None:
    page.goto(LAYER)
    shape = behind(page, "hidden = self.dropout")
    expect(shape).to_have_text("B × DS × C")
    expect(shape.locator("sub")).to_have_text("S")
    label = str(shape.get_attribute("aria-label"))
    assert label.startswith("shape B by D S by C, in the example ")
    shape.scroll_into_view_if_needed()
    page.evaluate(f"new Promise(done => {NEXT}(() => {NEXT}(done)))")
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


def test_a_shape_is_not_searched(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    entries = (e for e in index["docs"] if e["location"].startswith(LAYER))
    text = " ".join(entry["text"] for entry in entries)
    assert "torch.baddbmm" in text
    assert "float32" not in text
    assert "B × " not in text


def test_shapes_are_read_without_javascript(plain: Page) -> None:
    plain.goto(LAYER)
    expect(behind(plain, "hidden = self.dropout")).to_be_visible()
    expect(plain.get_by_text("Shapes", exact=True)).to_be_hidden()


@pytest.mark.parametrize("name", ["experiments/classification/", "data/masking/"])
def test_a_long_shape_stays_within_its_code(name: str, page: Page) -> None:
    """On a narrow screen, too; on a wide one `test_every_page` asks it of all."""
    page.goto(name)
    page.evaluate("document.fonts.ready")
    assert page.evaluate(SHAPES) > 5
    for width in (1000, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(SHAPES_OUTSIDE) == []
