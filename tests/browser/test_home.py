"""The home page: one picture in two drawings, in every light."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import open_context

DAY, NIGHT = "rgb(255, 255, 255)", "rgb(21, 24, 30)"


def background(page: Page) -> str:
    script = "body => getComputedStyle(body).backgroundColor"
    return str(page.locator("body").evaluate(script))


@pytest.mark.parametrize(
    ("width", "shown", "hidden"),
    [(1440, "wide", "tall"), (768, "tall", "wide"), (390, "tall", "wide")],
)
def test_the_screen_gets_the_drawing_that_fits(
    width: int, shown: str, hidden: str, browser: Browser, address: str
) -> None:
    viewport = {"width": width, "height": 900}
    with open_context(browser, viewport=viewport) as context:
        page = context.new_page()
        page.goto(address)
        expect(page.locator(f".picture .{shown}")).to_be_visible()
        expect(page.locator(f".picture .{hidden}")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 960, 390])
def test_the_words_in_the_picture_can_be_read(
    width: int, browser: Browser, address: str
) -> None:
    """No word is drawn smaller than ten pixels, and none is cut off."""
    viewport = {"width": width, "height": 900}
    with open_context(browser, viewport=viewport) as context:
        page = context.new_page()
        page.goto(address)
        words = page.locator(".picture svg:visible text")
        assert words.count() > 25
        boxes = words.evaluate_all(
            "words => words.map(w => [w.getBoundingClientRect().left,"
            " w.getBoundingClientRect().right,"
            " parseFloat(getComputedStyle(w).fontSize) * w.getScreenCTM().a])"
        )
        assert min(left for left, _, _ in boxes) >= 0
        assert max(right for _, right, _ in boxes) <= width
        assert min(size for _, _, size in boxes) >= 10


def test_both_themes_have_their_colours(page: Page) -> None:
    page.goto("")
    assert background(page) == DAY
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert background(page) == NIGHT


def test_without_javascript_the_system_chooses_the_theme(
    browser: Browser, address: str
) -> None:
    for scheme, expected in (("light", DAY), ("dark", NIGHT)):
        with open_context(
            browser, java_script_enabled=False, color_scheme=scheme
        ) as context:
            page = context.new_page()
            page.goto(address)
            assert background(page) == expected


def test_paper_is_white(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("")
    page.emulate_media(color_scheme="dark", media="print")
    assert background(page) == DAY


def test_the_picture_moves_only_where_motion_is_welcome(page: Page) -> None:
    page.goto("")
    sweeps = "document.querySelectorAll('.picture .wide .sweep')"
    running = f"[...{sweeps}].filter(s => s.getAnimations().length).length"
    assert page.evaluate(running) == 4
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    assert page.evaluate(running) == 0


def test_motion_that_nobody_asked_for_ends_within_five_seconds(page: Page) -> None:
    page.goto("")
    ends = page.evaluate(
        "document.getAnimations().filter(a => a.effect.target.matches('.sweep'))"
        ".map(a => a.effect.getComputedTiming().endTime)"
    )
    assert len(ends) >= 4
    assert max(ends) < 5000


def test_a_door_opens_wherever_it_is_touched(page: Page) -> None:
    page.goto("")
    for door, guide in (("Read", "read"), ("Copy", "copy"), ("Run", "run")):
        card = page.locator(".doors li", has_text=door).first
        card.click(position={"x": 5, "y": 5})
        page.wait_for_url(f"**/guide/{guide}/")
        page.go_back()
