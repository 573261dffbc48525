"""A site, as the plugin and `check` both make it, to judge the same; without MkDocs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from litweave import node, page
from litweave.book import Book, Chapter
from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import to_html
from litweave.features import copy, diff, links, papers, proofs, shapes, symbols
from litweave.features.languages import Translator
from litweave.features.links.addresses import Addresses
from litweave.katex import is_shown
from litweave.overlay import filled
from litweave.parse import Module
from litweave.prose import to_markdown
from litweave.settings import Settings
from litweave.words import heading

# What a browser that translates a page is to leave as it is.
_VERBATIM = re.compile(r'<(?:code|span class="katex")(?=[ >])')


@dataclass(eq=False)
class Site:
    """What is read, found out and made of the sources.

    With `directory_urls`, addresses are written `layers/gelu/`, else
    `layers/gelu.html`. A preview takes what earlier code gave and runs nothing before
    it shows a page. `address` is where the site will stand, and `shared` the site in
    the language of the sources, if this one is in another.
    """

    settings: Settings
    directory_urls: bool = True
    is_preview: bool = False
    address: str = ""
    shared: "Site | None" = None

    def __post_init__(self) -> None:
        settings, shared = self.settings, self.shared
        self.contents = ""  # the page that lists all others, if there is one
        self.copies: dict[str, str] = shared.copies if shared else {}
        # Of those written by hand, with what goes into their frames.
        self.texts = dict[str, tuple[str, Place, dict[int, str]]]()
        self._waiting = list[Callable[[], None]]()
        self.voice: Translator = Translator.read(settings)
        book = shared.book if shared else Book(self.directory_urls)
        # Of what languages share, only what is wrong in it is each one's own.
        self.diagnostics = Diagnostics({*self.voice.errors})
        context = replace(book.context, diagnostics=self.diagnostics)
        context.raw_html = settings.raw_html
        context.translator = self.voice if settings.language else None
        self.book: Book = replace(book, context=context)
        self.addresses = Addresses(self.book)

    def read(self, taken: Sequence[str] = ()) -> None:
        """Read the modules, unless a page is `taken`, and begin to find out more."""
        if self.shared:
            return
        for number, source in enumerate(self.settings.source):
            below = f"{source.name}/" if number else ""
            self.book.read(source, self.settings.exclude, taken, below)
        if self.settings.extras and self.book.chapters:
            begun = [enrich(self) for enrich in FEATURES]
            self._waiting = [finish for finish in begun if finish]

    @property
    def chapters(self) -> Mapping[str, Chapter]:
        """The chapters with all that is laid over them: waits for the programs."""
        while self._waiting:
            self._waiting.pop(0)()
        return self.book.chapters

    def begin(self, uri: str, text: str = "", line: int = 1) -> None:
        """Know what a page says: a module's, or a text by hand with its first line."""
        self.addresses.chapter = chapter = self.book.chapters.get(uri)
        source: Module | str
        if chapter:
            source, place = chapter.module, Place(chapter.module.path, 1)
        else:
            place = Place(uri, line)
            source, tables = diff.framed(text, place, uri, self.book)
            self.texts[uri] = source, place, tables
        self.voice.expect(uri, source, place, self.settings.raw_html)

    def parts(self, uri: str) -> list[str]:
        """What a page is made of, as a key for whoever keeps it."""
        said = [*self.voice.key(uri), self.listed(uri)]
        if uri in self.texts:
            text, _, tables = self.texts[uri]
            return [text, *tables.values(), *said]
        chapter, plain = self.chapters[uri], self.book.context.formulas.plain
        extra = chapter.overlay
        # Which slot a formula has depends on what was read before.
        shown = map(plain, (*extra.tools, *extra.panels, *extra.endnotes))
        laid_over = repr((extra.marks, extra.hints, *shown))
        return [chapter.name, chapter.module.source, laid_over, *said]

    def document(self, uri: str) -> str:
        """The Markdown of a page."""
        if uri in self.texts:
            text, place, _ = self.texts[uri]
            return to_markdown(text, place, uri, self.book.context)
        return page.document(self.book.chapters[uri].module, uri, self.book.context)

    def lay_out(self, uri: str, html: str) -> tuple[str, str]:
        """What is shown, code beside prose, and what the search reads of a page."""
        shown = flat = html
        if chapter := self.chapters.get(uri):
            module, extra = chapter.module, chapter.overlay
            prose = page.cut(html, module, self.book.context)
            rows = page.beside(prose, module, extra)
            shown, flat = page.grid(rows, module.path, extra), page.flat(rows, module)
        return shown + self.listed(uri), flat + self.listed(uri)

    def listed(self, uri: str) -> str:
        """On the page of contents, the list of all chapters but its own, as HTML."""
        if uri != self.contents:
            return ""
        items = ""
        for other, chapter in self.book.chapters.items():
            if other != uri:
                address = escape(self.book.link(self.book.url(other), uri))
                link = f'<a href="{address}"><code>{escape(chapter.name)}</code></a>'
                first = page.says_first(chapter.module)
                words = heading(first, first, chapter.module.path) if first else ""
                items += f"<li>{link} {words}</li>\n"
        return f'<ul class="weave-contents">\n{items}</ul>'

    def fill(self, uri: str, html: str, head_of_formulas: str) -> str:
        """Put in what was set aside: differences, formulas, and then HTML for these."""
        formulas = self.book.context.formulas
        if uri in self.texts:
            html = filled(html, diff.FRAME, self.texts[uri][2])
        head, end, body = html.partition("</head>")
        body = _VERBATIM.sub(r'\g<0> translate="no"', formulas.fill(body))
        head = formulas.plain(head) + (head_of_formulas if is_shown(body) else "")
        return head + end + body

    def set_formulas(self) -> None:
        """Let KaTeX set all formulas that were read since the last time."""
        formulas, cache = self.book.context.formulas, self.settings.cache
        if len(formulas.html) < len(formulas.numbers):
            try:
                katex = node.packages(cache) / "katex"
                formulas.set(katex, cache / "mathematics.json", self.diagnostics)
            except node.NodeError as error:
                formulas.leave(str(error), self.diagnostics)

    def formula_files(self, pages: Iterable[str]) -> dict[str, Path]:
        """What KaTeX's style needs, by address, if there is any formula on a page."""
        if any(map(is_shown, [*self.book.context.formulas.html, *pages])):
            with suppress(node.NodeError):
                dist = node.packages(self.settings.cache) / "katex/dist"
                fonts = (f"fonts/{path.name}" for path in dist.glob("fonts/*.woff2"))
                names = "katex.min.css", *sorted(fonts)
                return {f"assets/katex/{name}": dist / name for name in names}
        return {}


# Each adds to the overlays, and gives what is left to do after a program. Programs
# begin first. Tools and panels stand on a page in the order of this list.
FEATURES: Sequence[Callable[[Site], Callable[[], None] | None]] = (
    proofs.enrich,
    shapes.enrich,
    copy.enrich,
    papers.enrich,
    links.enrich,
    symbols.enrich,
)


def check(settings: Settings) -> Book:
    """Read a package or a file, and note all that its pages would lack.

    It goes the way of a build, without MkDocs, and so complains in the same words. And
    it looks for what is not there: titles, words about a public class or function.
    """
    site = Site(settings, directory_urls=False)
    site.read()
    book, diagnostics = site.book, site.diagnostics
    copied = {chapter.download for chapter in site.chapters.values()}
    files = {"index.md", *book.chapters, *copied, *site.copies}
    site.addresses.has = files.__contains__
    for uri, chapter in book.chapters.items():
        for line, silence in _silences(chapter.module):
            diagnostics.add(Place(chapter.module.path, line), silence, "words")
        site.begin(uri)
        html = to_html(site.document(uri), site.addresses)
        page.cut(html, chapter.module, book.context)
    site.addresses.end()
    site.set_formulas()
    return book


def _silences(module: Module) -> Iterator[tuple[int, str]]:
    """Where a module, or something public in it, says nothing."""
    if not page.title(module):
        yield 1, "the module has no title: begin its docstring with “# Title”"
    # The prose of a row that opens a definition is its docstring, or the comment above
    # it. One name may be defined many times (overloads, setters): once is enough.
    told = {r.definition.name for r in module.rows if r.prose and r.definition}
    outer = {"", *(d.name for d in module.definitions if d.is_class)}
    for definition in module.definitions:
        name = definition.name
        public = not any(part.startswith("_") for part in name.split("."))
        if public and name.rpartition(".")[0] in outer and name not in told:
            told.add(name)
            what = "class" if definition.is_class else "function"
            yield definition.line, f"nothing is said about the {what} “{name}”"
