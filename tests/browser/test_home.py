"""The home page: one picture in two drawings, in every light."""

from playwright.sync_api import Page, expect

DAY, NIGHT = "rgb(255, 255, 255)", "rgb(21, 24, 30)"
# Of each word of the drawing: where it begins and ends, and how tall it is.
WORDS = """words => words.map((word) => {
  const { left, right } = word.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(word).fontSize);
  return [left, right, size * word.getScreenCTM().a];
})"""
ENDS = """[...document.querySelectorAll('.picture .wide .sweep')]
  .flatMap((sweep) => sweep.getAnimations())
  .map(({ effect }) => effect.getComputedTiming().endTime)"""
# Where a click would lead.
LED = """() => addEventListener("click", (event) => {
  event.preventDefault();
  window.led = event.target.closest("a")?.pathname;
})"""


def background(page: Page) -> str:
    script = "body => getComputedStyle(body).backgroundColor"
    return str(page.locator("body").evaluate(script))


def test_the_picture_fits_the_screen_and_moves_for_a_while(page: Page) -> None:
    """No word is below ten pixels or cut off. Motion ends within five seconds."""
    page.emulate_media(reduced_motion="reduce")
    page.goto("")
    for width in (1440, 960, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        shown, hidden = ("wide", "tall") if width >= 960 else ("tall", "wide")
        expect(page.locator(f".picture .{shown}")).to_be_visible()
        expect(page.locator(f".picture .{hidden}")).to_be_hidden()
        boxes = page.locator(".picture svg:visible text").evaluate_all(WORDS)
        assert len(boxes) > 25
        assert min(left for left, _, _ in boxes) >= 0
        assert max(right for _, right, _ in boxes) <= width
        assert min(size for _, _, size in boxes) >= 10
    page.set_viewport_size({"width": 1440, "height": 900})
    assert page.evaluate(ENDS) == []
    page.emulate_media(reduced_motion="no-preference")
    found = page.evaluate(ENDS)
    assert len(found) == 4
    assert max(found) < 5000


def test_both_themes_have_their_colours_and_paper_is_white(page: Page) -> None:
    """And a door opens wherever it is touched."""
    page.goto("")
    assert background(page) == DAY
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert background(page) == NIGHT
    page.emulate_media(color_scheme="dark", media="print")
    assert background(page) == DAY
    page.emulate_media(media="screen")
    page.evaluate(LED)
    for door, guide in (("Read", "read"), ("Copy", "copy"), ("Run", "run")):
        card = page.locator(".doors li", has_text=door).first
        card.click(position={"x": 5, "y": 5})
        assert page.evaluate("led") == f"/guide/{guide}/"


def test_without_javascript_the_system_chooses_the_theme(plain: Page) -> None:
    plain.goto("")
    assert background(plain) == DAY
    plain.emulate_media(color_scheme="dark")
    assert background(plain) == NIGHT
