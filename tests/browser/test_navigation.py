"""The home page, and the way through the site: *next*, old addresses, the tabs.

A site that is older than anything it is made of is not tested.
"""

import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, SoupStrainer
from playwright.sync_api import Page, expect

from support import write_files
from tests.browser.conftest import is_up_to_date, moved

HERE = "http://site/"
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


@cache
def read(path: Path, *tags: str) -> BeautifulSoup:
    """A page, or what it has of some tags, which is read in a fraction of the time."""
    only = SoupStrainer(tags) if tags else None
    return BeautifulSoup(path.read_text("utf-8"), "html.parser", parse_only=only)


def followed(site: Path, page: str, direction: str) -> str:
    """Where *next* or *previous* leads, or nowhere."""
    links = read(site / page / "index.html", "a", "h1")
    link = links.select_one(f".md-footer__link--{direction}")
    return urlsplit(urljoin(HERE + page, str(link["href"]))).path[1:] if link else ""


def test_next_leads_along_the_path_of_the_home_page_and_back(site: Path) -> None:
    links = read(site / "index.html").select(".path li a[href]")
    stops = [urljoin(HERE, str(a["href"])).removeprefix(HERE) for a in links]
    stops = [stop for stop in stops if "#" not in stop]
    assert len(stops) >= 25
    for before, after in zip(["", *stops], stops, strict=False):
        assert followed(site, before, "next") == after
        assert followed(site, after, "prev") == before


def test_an_old_address_leads_to_a_page_and_is_no_page(site: Path) -> None:
    found = [path for path in site.rglob("index.html") if moved(path)]
    assert len(found) > 100
    sitemap = (site / "sitemap.xml").read_text("utf-8")
    index = (site / "search" / "search_index.json").read_text("utf-8")
    for path in found:
        old = path.parent.relative_to(site).as_posix() + "/"
        link = read(path).select_one("a[href]")
        assert link
        for way in ('url={}"', 'location.href="{}"'):
            assert way.format(link["href"]) in path.read_text("utf-8")
        new, _, anchor = urljoin(HERE + old, str(link["href"])).partition("#")
        page = site / new.removeprefix(HERE) / "index.html"
        assert read(page, "a", "h1").find("h1"), old
        assert not anchor or read(page).find(id=anchor), (old, anchor)
        assert f"/{old}</loc>" not in sitemap
        assert not re.search(f'"location":"{old}["#]', index)


def test_tabs_lead_to_every_part_and_breadcrumbs_back(page: Page) -> None:
    """How many links stand beside a page: `test_every_page`."""
    for place in ("", "layers/token_mixing/"):
        page.goto(place)
        for part in ("Guide", "Layers", "Models", "Experiments", "Results", "Glossary"):
            link = page.locator(".md-tabs").get_by_role("link", name=part, exact=True)
            expect(link).to_be_in_viewport()
    path = page.get_by_role("navigation", name="Breadcrumbs").locator(".md-path__link")
    expect(path).to_have_text([re.compile("Home"), re.compile("Layers")])


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


def test_themes_have_their_colours_and_paper_is_white(page: Page, plain: Page) -> None:
    """Without JavaScript, the system chooses. A door opens wherever it is touched."""
    page.goto("")
    assert background(page) == DAY
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert background(page) == NIGHT
    page.emulate_media(color_scheme="dark", media="print")
    assert background(page) == DAY
    page.emulate_media(media="screen")
    page.evaluate(LED)
    for door in ("Read", "Copy", "Run", "Write"):
        card = page.locator(".doors li", has_text=door).first
        card.click(position={"x": 5, "y": 5})
        assert page.evaluate("led") == f"/guide/{door.lower()}/"
    plain.goto("")
    assert background(plain) == DAY
    plain.emulate_media(color_scheme="dark")
    assert background(plain) == NIGHT


@pytest.mark.parametrize("changed", ["docs/deep/a.md", "docs/new.md", "mkdocs.yml"])
def test_a_site_is_as_old_as_its_build(changed: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"docs/deep/a.md": "", "mkdocs.yml": ""})
    site = tmp_path / "index.html"
    sources = [tmp_path / "docs", tmp_path / "mkdocs.yml"]
    assert not is_up_to_date(site, sources)
    site.touch()
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (10**9, 10**9))
    # What Python compiled is no source.
    write_files(tmp_path, {"docs/__pycache__/a.pyc": ""})
    assert is_up_to_date(site, sources)
    (tmp_path / changed).touch()
    assert not is_up_to_date(site, sources)
