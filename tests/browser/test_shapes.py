"""Shapes beside the code: seen, asked for their numbers, put away, never in the way."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_every_page import SHAPES, SHAPES_OUTSIDE
from tests.browser.test_references import GELU, SOURCE
from tests.browser.test_references import TOKENS as LAYER

PAINTED = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""
HEIGHTS = "codes => codes.map(code => code.getBoundingClientRect().height)"


def behind(page: Page, code: str) -> Locator:
    """The shape at the end of a line of the layer."""
    lines = enumerate(SOURCE.read_text().split("\n"), 1)
    number = next(number for number, text in lines if code in text)
    return page.locator(f'.weave-line[data-line="{number}"] .weave-shape')


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
    for address, there in ((LAYER, True), ("models/mlp_mixer/", False)):
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


def test_shapes_and_links_work_without_javascript(plain: Page) -> None:
    plain.goto(LAYER)
    expect(behind(plain, "hidden = self.dropout")).to_be_visible()
    expect(plain.get_by_text("Shapes", exact=True)).to_be_hidden()
    plain.locator(GELU).first.click()
    assert plain.url.endswith("layers/gelu/#GELU")


@pytest.mark.parametrize("name", ["experiments/classification/", "data/masking/"])
def test_a_long_shape_stays_within_its_code(name: str, page: Page) -> None:
    """On a narrow screen, too; on a wide one `test_every_page` asks it of all."""
    page.goto(name)
    page.evaluate("document.fonts.ready")
    assert page.evaluate(SHAPES) > 5
    for width in (1000, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(SHAPES_OUTSIDE) == []
