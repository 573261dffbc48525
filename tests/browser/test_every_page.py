"""What must hold on every page of the site."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from support import ROOT
from tests.browser.conftest import READERS, open_context, settle
from tests.browser.judging import LAID_OUT, WHOLE, WIDTH, found_by_axe

HERE = "http://site/"
TABS = 6  # that are open at once
# What is asked of a page as its file has it, before any script changes it.
FACTS = """async (address) => {
  const html = await (await fetch(address)).text();
  const page = new DOMParser().parseFromString(html, "text/html");
  const all = (selector, of) => [...page.querySelectorAll(selector)].map(of);
  const meta = ({ attributes: { property, name }, content }) =>
    [(property ?? name)?.value, content];
  const facts = {
    ids: all("[id]", ({ id }) => id),
    links: all("*", (tag) => ["href", "src", "data-weave-copy"].map((name) =>
      [tag.tagName, tag.getAttribute(name), tag.getAttribute("rel")]))
      .flat().filter(([, written]) => written),
    titles: all("h1", () => 1).length,
    title: page.title,
    meta: Object.fromEntries(all("meta[content]", meta)),
    path: all(".md-path__link", () => 1).length,
    ways: all(".md-footer__link", () => 1).length,
    headings: all("article :is(h2, h3)", () => 1).length,
    contents: all(".md-nav--secondary a", () => 1).length,
  };
  const light = page.documentElement.cloneNode(true);
  light.querySelectorAll("img, svg").forEach((drawing) => drawing.remove());
  facts.size = new Blob([light.outerHTML]).size;
  all("script, style, pre, code, .katex", (code) => code.remove());
  facts.prose = page.documentElement.textContent;
  return facts;
}"""


@pytest.fixture(scope="module")
def facts(regular: BrowserContext, pages: list[str]) -> dict[str, Any]:
    """What is on each page, and on the one for what is not there."""
    [page, *_] = regular.pages
    return {name: page.evaluate(FACTS, f"/{name}") for name in [*pages, "404.html"]}


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
# What a phone cuts off, or shows in letters that are too small.
NARROW = """() => [
  ...[...document.querySelectorAll(".weave-opening .katex-display, .weave-code code")]
    .filter((box) => box.scrollWidth > box.clientWidth),
  ...[...document.querySelectorAll(".nb-figure text")].filter((word) => {
    const { a, b } = word.getScreenCTM();
    const size = parseFloat(getComputedStyle(word).fontSize) * Math.hypot(a, b);
    return size.toFixed(1) < 10;
  }),
].map((one) => one.textContent.slice(0, 40))"""
LINKS = """document.querySelectorAll(".md-sidebar--primary .md-nav__link:not(label)")"""
LINKS = f"[...{LINKS}].filter((link) => link.checkVisibility()).length"
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
def tabs(undrawn: Browser, address: str, wrong: list[str]) -> Iterator[list[Page]]:
    """Tabs of one reader, who has the scripts and styles since the first page."""
    with open_context(undrawn, viewport=SCREEN) as context:
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
    own = pages[part::PARTS]
    for start in range(0, len(own), TABS):
        opened = list(zip(tabs, own[start : start + TABS], strict=False))
        for tab, name in opened:
            tab.goto(address + name)
        for tab, name in opened:
            settle(tab)
            tab.add_style_tag(content=LAID_OUT)
            wrong += [
                *without_their_font(tab, name),
                *far_down(tab, name),
                *beside_the_code(tab, name),
                *crowded(tab, name),
                *sideways(tab, name),
                *found_by_axe(tab, name, judges),
            ]
            tab.set_viewport_size(SCREEN)
    assert not wrong, "\n".join(wrong)


# Two frames: what a script does in the first, it has done in the second.
DRAWN = """() => new Promise((then) =>
  requestAnimationFrame(() => requestAnimationFrame(then)))"""


def test_a_page_of_each_kind_is_drawn_without_an_error(
    page: Page, address: str
) -> None:
    listened(page, address, wrong := list[str]())
    for name in sorted(WHOLE):
        page.goto(address + name)
        page.evaluate(DRAWN)
        settle(page)
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


def crowded(page: Page, name: str) -> Iterator[str]:
    """Whether there are more links beside a page than a reader can survey."""
    if (links := page.evaluate(LINKS)) > 35:
        yield f"/{name}: {links} links in the navigation"


def sideways(page: Page, name: str) -> Iterator[str]:
    """Whether a page must be scrolled sideways. It is left narrow."""
    if page.evaluate(WIDTH) > SCREEN["width"]:
        yield f"/{name}: scrolls sideways on a wide screen"
    width = READERS["dark"]
    # With open panels it has all that it has without, and more.
    page.evaluate(PANELS, True)
    page.set_viewport_size({"width": width, "height": 900})
    beyond = page.evaluate(BEYOND, width)
    if beyond or page.evaluate(WIDTH) > width:
        yield f"/{name}: leaves {width} pixels: {beyond}"
    if narrow := page.evaluate(NARROW):
        yield f"/{name}: cut off or too small on a phone: {narrow}"
    page.evaluate(PANELS, False)


def listened(page: Page, address: str, wrong: list[str]) -> Page:
    """A page of which all that goes wrong is written down."""
    own = (address, "data:")
    page.on("request", lambda r: r.url.startswith(own) or wrong.append(r.url))
    page.on("requestfailed", lambda r: wrong.append(f"{r.url}: {r.failure}"))
    page.on(
        "response", lambda r: r.status < 400 or wrong.append(f"{r.url}: {r.status}")
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


def test_every_link_and_anchor_within_the_site_exists(
    site: Path, facts: dict[str, Any]
) -> None:
    wrong = []
    anchors = {page: {"", *told["ids"]} for page, told in facts.items()}
    for page, told in facts.items():
        for _, written, _ in told["links"]:
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


def test_nothing_is_loaded_from_elsewhere(facts: dict[str, Any]) -> None:
    outside = [
        (page, tag, written)
        for page, told in facts.items()
        for tag, written, rel in told["links"]
        if tag not in ("A", "a") and rel != "canonical"
        if urlsplit(written).scheme in ("http", "https")
    ]
    assert not outside


def test_every_page_is_whole_and_light(site: Path, facts: dict[str, Any]) -> None:
    """No address stands for two things, and no formula is left as it was written.

    Drawings weigh nothing: they are what a page of results is for. The page of a module
    has none, and is weighed as it is sent.
    """
    for page, told in facts.items():
        ids = told["ids"]
        assert len(ids) == len(set(ids)), (page, [i for i in ids if ids.count(i) > 1])
        assert told["titles"] == 1, page
        assert "description" in told["meta"], page
        unread = re.search(r"\$[^\s$][^$\n]*\$|[\ue000-\ue2ff]|\]\[", told["prose"])
        assert not unread, (page, unread)
        assert told["size"] < 250_000, page
        if (site / f"{page.rstrip('/')}.py").is_file():
            html = (site / page / "index.html").read_bytes()
            assert len(gzip.compress(html, 6)) <= 40_000, page


def test_no_page_is_a_dead_end(facts: dict[str, Any]) -> None:
    """The pages that are tabs have no breadcrumbs; beside a list stands its section."""
    tabs = {"", "train/", "family/", "results/", "glossary/", "404.html"}
    for page, told in facts.items():
        assert told["path"] >= 2 or page in tabs, page
        assert told["ways"] or page == "404.html", page
        listed = told["contents"] or told["headings"] < 3
        assert listed or page in ("layers/", "404.html"), page


def test_every_page_has_a_card_for_whoever_shares_it(
    site: Path, facts: dict[str, Any]
) -> None:
    rels = {rel: written for _, written, rel in facts[""]["links"]}
    home = rels["canonical"]
    pages = {page: told for page, told in facts.items() if page != "404.html"}
    descriptions = {told["meta"]["description"] for told in pages.values()}
    assert len(descriptions) == len(pages), "two pages say the same of themselves"
    for page, told in pages.items():
        said = told["meta"]
        assert said["og:title"] in told["title"], page
        assert said["og:description"] == said["description"], page
        assert said["og:url"] == home + page
        assert said["twitter:card"] == "summary_large_image"
        assert said["og:image"].startswith(home), "an address in full"
        assert (site / said["og:image"].removeprefix(home)).is_file()
