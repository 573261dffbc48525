"""A site: chapters, what they share, and what the features add; it knows no MkDocs.

The plugin and `check` both go this way, so that they judge the same.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

from litweave import node
from litweave.book import Book, Chapter
from litweave.diagnostics import Diagnostics, Place
from litweave.features import papers, shapes
from litweave.features.copy import copying
from litweave.features.diff import Differences
from litweave.features.languages.translator import Translator
from litweave.features.languages.voice import Voice
from litweave.features.links import references
from litweave.features.links.addresses import Addresses
from litweave.features.links.resolve import Meanings
from litweave.features.proofs import panel
from litweave.features.symbols import variables
from litweave.highlight import coloured
from litweave.katex import is_shown
from litweave.names import Target
from litweave.page import (
    WovenRow,
    as_written,
    beside,
    cut,
    document,
    flat,
    grid,
    pieces,
    says_first,
)
from litweave.prose import to_markdown
from litweave.settings import Settings
from litweave.words import heading

# What a browser that translates a page is to leave as it is.
_VERBATIM = re.compile(r'<(?:code|span class="katex")(?=[ >])')
_log = logging.getLogger("mkdocs.plugins.litweave")


@dataclass
class Site:
    """What is read, found out and made of the sources.

    `directory_urls` says how addresses are written, `layers/gelu/` or
    `layers/gelu.html`. A preview takes what earlier code gave and runs nothing before
    it shows a page. `address` is where the site will stand, and `shared` the site in
    the language of the sources, if this one is in another.
    """

    settings: Settings
    directory_urls: bool = True
    is_preview: bool = False
    address: str = ""
    shared: "Site | None" = None
    copies: dict[str, str] = field(default_factory=dict)
    differences: Differences = field(default_factory=Differences)

    def __post_init__(self) -> None:
        self.prose = dict[str, list[str]]()
        self.rows = dict[str, list[WovenRow]]()
        self._waiting = list[Callable[[], None]]()
        shared = self.shared.voice.units if self.shared else None
        self.voice: Voice = Voice.read(self.settings, shared)
        self.book: Book = Book(directory_urls=self.directory_urls)
        self.book.context.raw_html = self.settings.raw_html
        if self.shared and self.translator:
            self.book = self.shared.book.shared(self.translator)
            self.copies = self.shared.copies
        self.book.context.translator = self.translator
        self.diagnostics.found.update(self.voice.errors)
        self.addresses = Addresses(self.book)

    @property
    def translator(self) -> Translator | None:
        """Who speaks, unless the pages are in the language of their sources."""
        return self.voice.translator

    @property
    def diagnostics(self) -> Diagnostics:
        """What is wrong, as far as it is known."""
        return self.book.context.diagnostics

    # ## The sources

    def read(self, taken: Iterable[str] = ()) -> None:
        """Read the modules, and begin to find out what there is to say of them.

        `taken` names the pages that are written by hand.
        """
        if self.shared:
            return
        taken = list(taken)
        for source in self.settings.source:
            below = "" if source == self.settings.source[0] else f"{source.name}/"
            self.book.read(source, self.settings.exclude, taken, below)
        if self.settings.extras and self.book.chapters:
            begun = [enrich(self) for enrich in FEATURES]
            self._waiting = [finish for finish in begun if finish]

    def reasons(self) -> str:
        """Why files of the sources are no pages."""
        reasons = [f"{name}: {why}" for name, why in self.book.skipped.items()]
        return (
            "\n".join(["", *reasons]) if reasons else f"{self.settings.root} is empty"
        )

    @property
    def chapters(self) -> Mapping[str, Chapter]:
        """The chapters with all that is laid over them: waits for the programs."""
        while self._waiting:
            self._waiting.pop(0)()
        return self.book.chapters

    @cached_property
    def meanings(self) -> Meanings:
        """What the names in the code of all modules mean."""
        return Meanings.read(self.book.modules)

    # ## A page

    def document(self, uri: str) -> str:
        """The Markdown of a module's page."""
        return document(self.book.chapters[uri].module, uri, self.book.context)

    def written(self, text: str, place: Place, uri: str) -> str:
        """The Markdown of a page written by hand."""
        return to_markdown(text, place, uri, self.book.context)

    def judge(self, uri: str, html: str) -> None:
        """Note if a module's page has lost or won rows in Markdown."""
        module = self.book.chapters[uri].module
        try:
            pieces(html, module)
        except ValueError as error:
            self.diagnostics.add(Place(module.path, 1), str(error), "page")

    def framed(self, uri: str, text: str, place: Place) -> tuple[str, list[str]]:
        """A page by hand with frames for its differences, and what it is made of."""
        before = len(self.differences.slots.blocks)
        text = self.differences.frame(text, place, uri, self.book)
        tables = [*self.differences.slots.blocks.values()][before:]
        self.voice.expect(uri, text, place, self.settings.raw_html)
        return text, [text, *tables, *self.voice.key(uri)]

    def expect(self, uri: str) -> None:
        """Know what a module's page says, if it is in another language."""
        module = self.book.chapters[uri].module
        place, raw_html = Place(module.path, 1), self.settings.raw_html
        self.voice.expect(uri, module, place, raw_html)

    def take(self, uri: str, html: str) -> None:
        """Set the prose of a module aside, until all is known that is laid over it."""
        module, raw_html = self.book.chapters[uri].module, self.settings.raw_html
        try:
            self.prose[uri] = cut(html, module, raw_html)
        except ValueError as error:
            self.diagnostics.add(Place(module.path, 1), str(error), "page")
            self.prose[uri] = cut(as_written(module), module)
        coloured(module.source)  # It takes its time, and is remembered.

    def lay_out(self, uri: str) -> str:
        """Put the code of a module beside its prose; the page as search reads it."""
        chapter = self.chapters[uri]
        self.rows[uri] = beside(self.prose[uri], chapter.module, chapter.overlay)
        return self.unsearchable(flat(self.rows[uri], chapter.module))

    def grid(self, uri: str) -> str:
        """The page of a module as a reader sees it."""
        chapter, rows = self.chapters[uri], self.rows[uri]
        return grid(rows, chapter.module.path, chapter.overlay)

    def parts(self, uri: str) -> list[str]:
        """What the page of a module is made of, as a key for whoever keeps it."""
        chapter = self.chapters[uri]
        extra, plain = chapter.overlay, self.book.context.formulas.plain
        # Which slot a formula has depends on what was read before.
        shown = map(plain, (*extra.tools, *extra.panels, *extra.endnotes))
        laid_over = repr((extra.marks, extra.hints, *shown))
        return [chapter.name, chapter.module.source, laid_over, *self.voice.key(uri)]

    def fill(self, html: str, head_of_formulas: str = "") -> str:
        """Put into a finished page what was set aside: differences and formulas.

        Where a formula is shown, the head of the page has some HTML more.
        """
        formulas = self.book.context.formulas
        head, end, body = self.differences.slots.fill(html).partition("</head>")
        body = _VERBATIM.sub(r'\g<0> translate="no"', formulas.fill(body))
        head = formulas.plain(head) + (head_of_formulas if is_shown(body) else "")
        return head + end + body

    def unsearchable(self, html: str) -> str:
        """Let search pass over formulas."""
        return self.book.context.formulas.unsearchable(html)

    # ## Mathematics

    def set_formulas(self) -> None:
        """Let KaTeX set all formulas that were read since the last time."""
        formulas, cache = self.book.context.formulas, self.settings.cache
        if formulas.are_set:
            return
        try:
            katex, kept = node.packages(cache) / "katex", cache / "mathematics.json"
            formulas.set(katex, kept, self.diagnostics)
        except node.NodeError as error:
            formulas.leave(str(error), self.diagnostics)

    def formula_files(self, pages: Iterable[str] = ()) -> dict[str, Path]:
        """What KaTeX's style needs, by address, if there is any formula on a page."""
        if not any(map(is_shown, [*self.book.context.formulas.html, *pages])):
            return {}
        try:
            dist = node.packages(self.settings.cache) / "katex/dist"
        except node.NodeError:
            return {}
        fonts = sorted(dist.glob("fonts/*.woff2"))
        files = [dist / "katex.min.css", *fonts]
        return {f"assets/katex/{f.relative_to(dist).as_posix()}": f for f in files}


# ## The list of all modules, for an opening page that says nothing itself


def contents(book: Book, page: str) -> str:
    """The list of all chapters but this page's own, as HTML."""
    chapters = [chapter for uri, chapter in book.chapters.items() if uri != page]
    items = "\n".join(_item(book, chapter, page) for chapter in chapters)
    return f'<ul class="weave-contents">\n{items}\n</ul>'


def _item(book: Book, chapter: Chapter, page: str) -> str:
    address = escape(book.href(Target("", chapter.page, ""), page))
    link = f'<a href="{address}"><code>{escape(chapter.name)}</code></a>'
    first = says_first(chapter.module)
    words = heading(first, first, chapter.module.path) if first else ""
    return f"<li>{link} {words}</li>"


# ## Features

Feature = Callable[[Site], Callable[[], None] | None]
"""It adds to the overlays of a site, and gives what is left to do after a program."""

# Programs begin first. Tools and panels stand on a page in the order of this list.
FEATURES: Sequence[Feature] = (
    panel.enrich,
    shapes.enrich,
    copying.enrich,
    papers.enrich,
    references.enrich,
    variables.enrich,
)
