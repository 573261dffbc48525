r"""# Check: what a page would lack

A build shows what there is. This looks for what is not there: the title of a module, a
word about a public class or function, an example of a forward pass. What a build would
complain of, it finds too, and in the same words: a name or a link that leads nowhere, a
formula that does not parse.

It reads and does not run: not MkDocs, and no module, unless it is told to.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from labml_style_nn.weave.book import Book
from labml_style_nn.weave.dialect import to_html
from labml_style_nn.weave.formulas import node, variables
from labml_style_nn.weave.links import references
from labml_style_nn.weave.links.addresses import Addresses, Files
from labml_style_nn.weave.links.meanings import Meanings
from labml_style_nn.weave.measures import shapes
from labml_style_nn.weave.page import document, has_title, pieces
from labml_style_nn.weave.parse import Definition, Module
from labml_style_nn.weave.problems import Place, Problems


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
    book.desk.raw_html = raw_html
    book.read(source, exclude)
    if extras:
        _look_closer(book, cache, run_examples)
    for chapter in book.chapters.values():
        find_silence(chapter.module, book.desk.problems)
    _make_pages(book)
    if book.desk.formulas.numbers:
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
        html = to_html(document(chapter.module, page, book.desk), addresses)
        try:
            pieces(html, chapter.module)
        except ValueError as error:
            book.desk.problems.add(Place(chapter.module.path, 1), str(error))
    addresses.end()


def _set_formulas(book: Book, cache: Path) -> None:
    formulas, problems = book.desk.formulas, book.desk.problems
    try:
        katex = node.packages(cache) / "katex"
        formulas.set(katex, node.program(), cache / "mathematics.json", problems)
    except node.NodeError as error:
        formulas.leave(str(error), problems)


def find_silence(module: Module, problems: Problems) -> None:
    """Note where a module, or something public in it, says nothing."""
    if not has_title(module):
        message = "the module has no title: begin its docstring with “# Title”"
        problems.add(Place(module.path, 1), message, "words")
    for definition in _silent(module):
        what = "class" if definition.is_class else "function"
        message = f"nothing is said about the {what} “{definition.name}”"
        problems.add(Place(module.path, definition.line), message, "words")


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
