"""What must hold on every page of the site."""

import gc
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from playwright.sync_api import Browser, ConsoleMessage, Page

from support import ROOT
from tests.browser.conftest import READERS, open_context, settle
from tests.browser.judging import LAID_OUT, WHOLE, WIDTH, found_by_axe

HERE = "http://site/"
CODES = {"script", "style", "pre", "code"}
TABS = 6  # that are open at once


@pytest.fixture(scope="session")
def documents(site: Path, pages: list[str]) -> dict[str, BeautifulSoup]:
    """The HTML of each page, parsed, and of the page for what is not there."""
    files = {page: site / page / "index.html" for page in pages}
    files["404.html"] = site / "404.html"
    # These are millions of objects, and none of them is garbage.
    gc.disable()
    parsed = {
        page: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for page, path in files.items()
    }
    gc.freeze()
    gc.enable()
    return parsed


PARTS = 12  # so that several processes share the pages
# What the reader of a page with tensors sees behind its lines.
MADE_OF_TENSORS = {
    f"{folder}/{path.stem}/"
    for folder in ("layers", "models")
    for path in (ROOT / "labml_style_nn" / folder).glob("[a-z]*.py")
    if "import Tensor" in path.read_text("utf-8")
    if path.stem != "checks"  # which is no page
}
SHAPES = "document.querySelectorAll('.weave-shape').length"
SHAPES_OUTSIDE = """() => [...document.querySelectorAll(".weave-shape")]
  .filter((shape) => {
    const code = shape.closest("code");
    const end = shape.getBoundingClientRect().right;
    return end > code.getBoundingClientRect().right
      || code.scrollWidth > code.clientWidth;
  }).map((shape) => shape.textContent)"""
# The panels with what was proved, all of them open, or as they were.
PANELS = "open => document.querySelectorAll('.weave-panel details')"
PANELS += ".forEach(details => { details.open = open; })"
BEYOND = """(width) => [...document.querySelectorAll(".weave-panel *")]
  .filter(e => !e.closest(".weave-cases, .katex")
    && e.getBoundingClientRect().right > width)
  .map(e => e.outerHTML.slice(0, 80))"""
# Whether a page asks for the fonts of formulas, and how many of them it uses.
FONTS = """async () => {
  const asked = document.querySelectorAll("link[rel=preload][as=font]").length;
  await document.fonts.ready;
  const used = [...document.fonts].filter(
    ({ family, status }) => family.startsWith("KaTeX") && status === "loaded"
  );
  return [asked, used.length];
}"""
# Code beside the words: how far a reader scrolls until both are there, and the screen.
PLACES = """() => {
  const rows = [...document.querySelectorAll(".weave-opening ~ .weave-row")];
  const defines = (row) =>
    /^(class|def|@)/m.test(row.querySelector(".weave-code")?.textContent);
  const definition = rows.find(defines)?.getBoundingClientRect();
  const equation = document.querySelector(".weave-opening .katex-display");
  return [
    definition ? definition.top + scrollY : Infinity,
    equation ? equation.getBoundingClientRect().bottom + scrollY : null,
  ];
}"""
SCREEN = {"width": READERS["light"], "height": 900}


@pytest.fixture(scope="module")
def wrong() -> list[str]:
    """All that went wrong on the pages of this process."""
    return []


@pytest.fixture(scope="module")
def tabs(browser: Browser, address: str, wrong: list[str]) -> Iterator[list[Page]]:
    """Tabs of one reader, who has the scripts and styles since the first page."""
    with open_context(browser, viewport=SCREEN) as context:
        yield [listened(context.new_page(), address, wrong) for _ in range(TABS)]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_loads_fits_and_can_be_read_by_all(
    part: int,
    pages: list[str],
    tabs: list[Page],
    judges: dict[str, Page],
    address: str,
    wrong: list[str],
) -> None:
    """No error, no request to another host, no need to scroll sideways; axe.

    Shapes stay within their code, and what was proved fits a phone.
    """
    assert set(pages) >= WHOLE | MADE_OF_TENSORS
    wrong.clear()
    # Most of the time a tab waits to see that nothing more is asked for. So several
    # wait at once.
    for some in batched(pages[part::PARTS], TABS):
        opened = list(zip(tabs, some, strict=False))
        for tab, name in opened:
            tab.goto(address + name)
        for tab, name in opened:
            settle(tab)
            tab.add_style_tag(content=LAID_OUT)
            wrong += [
                *without_their_font(tab, name),
                *far_down(tab, name),
                *beside_the_code(tab, name),
                *sideways(tab, name),
                *found_by_axe(tab, name, judges),
            ]
            tab.set_viewport_size(SCREEN)
    assert not wrong, "\n".join(wrong)


def without_their_font(page: Page, name: str) -> Iterator[str]:
    """What a page asks for before it is laid out, and does not use."""
    asked, used = page.evaluate(FONTS)
    if asked and not used:
        yield f"/{name}: fonts are fetched for no formula"


def far_down(page: Page, name: str) -> Iterator[str]:
    """What of a layer or a model begins too far down."""
    if name.startswith(("layers/", "models/")) and name not in ("layers/", "models/"):
        definition, equation = page.evaluate(PLACES)
        if definition > 1.5 * SCREEN["height"]:
            yield f"/{name}: the first definition begins at {definition}"
        if equation is None:
            yield f"/{name}: there is no equation"
        elif equation > SCREEN["height"]:
            yield f"/{name}: the equation ends at {equation}"


def beside_the_code(page: Page, name: str) -> Iterator[str]:
    """What is wrong with the shapes at the ends of the lines."""
    if name in MADE_OF_TENSORS and not page.evaluate(SHAPES):
        yield f"/{name}: has no shapes"
    for shape in page.evaluate(SHAPES_OUTSIDE):
        yield f"/{name}: {shape}: leaves its code"


def sideways(page: Page, name: str) -> Iterator[str]:
    """Whether a page must be scrolled sideways. It is left narrow."""
    for width in READERS.values():
        page.set_viewport_size({"width": width, "height": 844})
        if page.evaluate(WIDTH) > width:
            yield f"/{name}: scrolls sideways on {width} pixels"
    page.evaluate(PANELS, True)
    beyond = page.evaluate(BEYOND, width)
    if beyond or page.evaluate(WIDTH) > width:
        yield f"/{name}: an open panel leaves {width} pixels: {beyond}"
    page.evaluate(PANELS, False)


def batched(pages: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(pages), size):
        yield pages[start : start + size]


def listened(page: Page, address: str, wrong: list[str]) -> Page:
    """A page of which all that goes wrong is written down."""
    page.on(
        "request",
        lambda r: r.url.startswith((address, "data:")) or wrong.append(r.url),
    )
    page.on("requestfailed", lambda r: wrong.append(f"{r.url}: {r.failure}"))
    page.on(
        "response",
        lambda r: r.ok or r.status == 304 or wrong.append(f"{r.url}: {r.status}"),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: _note(message, wrong))
    return page


def _note(message: ConsoleMessage, wrong: list[str]) -> None:
    # A tab behind others draws nothing, and after some seconds Chromium complains that
    # the fonts of its formulas are not used. Whether they are is asked for by itself.
    late = "was preloaded using link preload but not used" in message.text
    if message.type in ("error", "warning") and not late:
        wrong.append(f"{message.location}: {message.text}")


def links(document: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """What a page points to: the tag, and the address as it is written."""
    for tag in document.find_all(True):
        for attribute in ("href", "src", "data-weave-copy"):
            if tag.get(attribute):
                yield tag.name, str(tag[attribute])


def test_every_link_and_anchor_within_the_site_exists(
    site: Path, documents: dict[str, BeautifulSoup]
) -> None:
    anchors = {
        page: {str(tag["id"]) for tag in document.find_all(id=True)} | {""}
        for page, document in documents.items()
    }
    wrong = []
    for page, document in documents.items():
        for _, written in links(document):
            target, anchor = urldefrag(urljoin(HERE + page, written))
            if not target.startswith(HERE):
                continue
            path = unquote(urlsplit(target).path).lstrip("/")
            if path in anchors:
                if unquote(anchor) not in anchors[path]:
                    wrong.append(f"{page}: {written}: no such anchor")
            elif not any(map(Path.is_file, (site / path, site / path / "index.html"))):
                wrong.append(f"{page}: {written}: no such file")
    assert not wrong


def test_nothing_is_loaded_from_elsewhere(documents: dict[str, BeautifulSoup]) -> None:
    wrong = []
    for page, document in documents.items():
        for name, written in links(document):
            rel = document.find(name, href=written) if name == "link" else None
            canonical = isinstance(rel, Tag) and set(rel.get("rel") or []) & {
                "canonical"
            }
            outside = urlsplit(written).scheme in ("http", "https")
            if name != "a" and outside and not canonical:
                wrong.append(f"{page}: {name} {written}")
    assert not wrong


def test_no_two_things_on_a_page_have_one_address(
    documents: dict[str, BeautifulSoup],
) -> None:
    for page, document in documents.items():
        ids = [str(tag["id"]) for tag in document.find_all(id=True)]
        assert len(ids) == len(set(ids)), (page, [i for i in ids if ids.count(i) > 1])


def test_every_page_has_one_title_and_a_description(
    documents: dict[str, BeautifulSoup],
) -> None:
    for page, document in documents.items():
        assert len(document.find_all("h1")) == 1, page
        assert document.find("meta", attrs={"name": "description"}), page


def test_every_page_has_a_card_for_whoever_shares_it(
    site: Path, documents: dict[str, BeautifulSoup]
) -> None:
    home = str(documents[""].select("link[rel=canonical]")[0]["href"])
    for page, document in documents.items():
        if page == "404.html":
            continue
        said = {
            meta.get("property") or meta.get("name"): str(meta["content"])
            for meta in document.select("meta[content]")
        }
        assert said["og:title"] in document.select("title")[0].text, page
        assert said["og:description"] == said["description"], page
        assert said["og:url"] == home + page
        assert said["twitter:card"] == "summary_large_image"
        assert said["og:image"].startswith(home), "an address in full"
        assert (site / said["og:image"].removeprefix(home)).is_file()


def test_no_formula_is_left_as_it_was_written(
    documents: dict[str, BeautifulSoup],
) -> None:
    for page, document in documents.items():
        text = "".join(words(document))
        assert not re.search(r"\$[^\s$][^$\n]*\$|[\ue000-\ue2ff]|\]\[", text), page


def words(tag: Tag) -> Iterator[str]:
    """What is read as prose: neither code nor formulas."""
    for child in tag.children:
        if type(child) is NavigableString:
            yield child
        elif isinstance(child, Tag) and not is_code(child):
            yield from words(child)


def is_code(tag: Tag) -> bool:
    return tag.name in CODES or "katex" in (tag.get("class") or [])


def test_no_page_is_heavy(site: Path, pages: list[str]) -> None:
    """Its drawings aside: they are what a page of results is for."""
    heavy = 250_000
    for page in pages:
        html = (site / page / "index.html").read_text("utf-8")
        if len(html.encode()) < heavy:
            continue
        light = BeautifulSoup(html, "html.parser")
        for image in light.select("img, svg"):
            image.decompose()
        assert len(str(light).encode()) < heavy, page
