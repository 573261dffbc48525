"""The way through the site: *next*, old addresses, what a screen shows."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, SoupStrainer
from playwright.sync_api import Page, expect

from tests.browser.conftest import moved

HERE = "http://site/"


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


def test_tabs_lead_to_every_part_and_the_navigation_is_short(page: Page) -> None:
    for place in ("", "layers/token_mixing/"):
        page.goto(place)
        for part in ("Guide", "Layers", "Models", "Experiments", "Results", "Glossary"):
            link = page.locator(".md-tabs").get_by_role("link", name=part, exact=True)
            expect(link).to_be_in_viewport()
    shown = page.locator(".md-sidebar--primary .md-nav__link:visible")
    assert shown.count() <= 45
    path = page.get_by_role("navigation", name="Breadcrumbs").locator(".md-path__link")
    expect(path).to_have_text([re.compile("Home"), re.compile("Layers")])
