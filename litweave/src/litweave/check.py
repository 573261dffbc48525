r"""# Check: what a page would lack

A build shows what there is. This looks for what is not there: the title of a module, a
word about a public class or function, an example of a forward pass. What a build would
complain of, it finds too, and in the same words: a name or a link that leads nowhere, a
formula that does not parse.

It reads and does not run: not MkDocs, and no module, unless it is told to.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from litweave import node
from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import to_html
from litweave.features.links import references
from litweave.features.links.addresses import Addresses, Files
from litweave.features.links.resolve import Meanings
from litweave.features.shapes import shapes
from litweave.features.symbols import variables
from litweave.page import document, has_title, pieces
from litweave.parse import Definition, Module


def check(
    source: Path,
    cache: Path,
    exclude: Sequence[str] = (),
    raw_html: bool = False,
    run_examples: bool = False,
    extras: bool = True,
) -> Book:
    """Read a package or a file, and note all that its pages would lack.

    `cache` is the folder that keeps KaTeX and what it has set. Without `extras`, pages
    show nothing but prose beside code, and nothing else is looked for.
    """
    book = Book(directory_urls=False)
    book.context.raw_html = raw_html
    book.read(source, exclude)
    if extras:
        _look_closer(book, cache, run_examples)
    for chapter in book.chapters.values():
        find_silence(chapter.module, book.context.diagnostics)
    _make_pages(book)
    if book.context.formulas.numbers:
        _set_formulas(book, cache)
    return book


def _look_closer(book: Book, cache: Path, run_examples: bool) -> None:
    """Follow the names in the code, the letters of the notation, and the examples."""
    meanings = Meanings.read(book.modules)
    references.enrich(book, meanings, cache / "libraries.json")
    measured = shapes.measure(book, cache) if run_examples else {}
    if run_examples:
        shapes.note_unreached(book, measured)
    variables.read(book)


def _make_pages(book: Book) -> None:
    """Let Markdown make each page, for the sake of its links and its rows."""
    copied = {chapter.download for chapter in book.chapters.values()}
    pages = {"index.md", *book.chapters}
    uris, urls = pages | copied, {book.url(page) for page in pages} | copied
    files = Files(uris.__contains__, urls.__contains__)
    addresses = Addresses(book)
    for page, chapter in book.chapters.items():
        addresses.begin(page, files)
        html = to_html(document(chapter.module, page, book.context), addresses)
        try:
            pieces(html, chapter.module)
        except ValueError as error:
            book.context.diagnostics.add(Place(chapter.module.path, 1), str(error))
    addresses.end()


def _set_formulas(book: Book, cache: Path) -> None:
    formulas, diagnostics = book.context.formulas, book.context.diagnostics
    try:
        katex = node.packages(cache) / "katex"
        formulas.set(katex, node.program(), cache / "mathematics.json", diagnostics)
    except node.NodeError as error:
        formulas.leave(str(error), diagnostics)


def find_silence(module: Module, diagnostics: Diagnostics) -> None:
    """Note where a module, or something public in it, says nothing."""
    if not has_title(module):
        message = "the module has no title: begin its docstring with “# Title”"
        diagnostics.add(Place(module.path, 1), message, "words")
    for definition in _silent(module):
        what = "class" if definition.is_class else "function"
        message = f"nothing is said about the {what} “{definition.name}”"
        diagnostics.add(Place(module.path, definition.line), message, "words")


def _silent(module: Module) -> Iterator[Definition]:
    # The prose of a row that opens a definition is its docstring, or the comment above
    # it. One name may be defined many times (overloads, setters): once is enough.
    rows = (row for row in module.rows if row.prose)
    told = {row.definition.name for row in rows if row.definition}
    classes = {d.name for d in module.definitions if d.is_class}
    seen: set[str] = set()
    for definition in module.definitions:
        name = definition.name
        around = name.rpartition(".")[0]
        public = not any(part.startswith("_") for part in name.split("."))
        if public and (not around or around in classes) and name not in told | seen:
            seen.add(name)
            yield definition
