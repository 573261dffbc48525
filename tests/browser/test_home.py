"""The home page: one picture in two drawings, in every light."""

from playwright.sync_api import Page, expect

DAY, NIGHT = "rgb(255, 255, 255)", "rgb(21, 24, 30)"


def background(page: Page) -> str:
    script = "body => getComputedStyle(body).backgroundColor"
    return str(page.locator("body").evaluate(script))


def test_the_screen_gets_the_drawing_that_fits_and_its_words_can_be_read(
    page: Page,
) -> None:
    """No word is drawn smaller than ten pixels, and none is cut off."""
    page.goto("")
    for width in (1440, 960, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        shown, hidden = ("wide", "tall") if width >= 960 else ("tall", "wide")
        expect(page.locator(f".picture .{shown}")).to_be_visible()
        expect(page.locator(f".picture .{hidden}")).to_be_hidden()
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


def test_both_themes_have_their_colours_and_paper_is_white(page: Page) -> None:
    page.goto("")
    assert background(page) == DAY
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert background(page) == NIGHT
    page.emulate_media(color_scheme="dark", media="print")
    assert background(page) == DAY


def test_without_javascript_the_system_chooses_the_theme(plain: Page) -> None:
    plain.goto("")
    assert background(plain) == DAY
    plain.emulate_media(color_scheme="dark")
    assert background(plain) == NIGHT


def test_the_picture_moves_for_a_while_where_motion_is_welcome(page: Page) -> None:
    """Motion that nobody asked for ends within five seconds."""
    ends = """[...document.querySelectorAll('.picture .wide .sweep')]
      .flatMap((sweep) => sweep.getAnimations())
      .map(({ effect }) => effect.getComputedTiming().endTime)"""
    page.emulate_media(reduced_motion="reduce")
    page.goto("")
    assert page.evaluate(ends) == []
    page.emulate_media(reduced_motion="no-preference")
    found = page.evaluate(ends)
    assert len(found) == 4
    assert max(found) < 5000


def test_a_door_opens_wherever_it_is_touched(page: Page) -> None:
    page.goto("")
    for door, guide in (("Read", "read"), ("Copy", "copy"), ("Run", "run")):
        card = page.locator(".doors li", has_text=door).first
        card.click(position={"x": 5, "y": 5})
        page.wait_for_url(f"**/guide/{guide}/", wait_until="commit")
        page.go_back()
