"""What a page would lack, and all that a build would complain of."""

from collections.abc import Iterator

from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import to_html
from litweave.page import title
from litweave.parse import Definition, Module
from litweave.settings import Settings
from litweave.site import Site


def check(settings: Settings) -> Book:
    """Read a package or a file, and note all that its pages would lack.

    It goes the way of a build, without MkDocs: what a build would complain of, it finds
    in the same words. And it looks for what is not there: the title of a module, a word
    about a public class or function.
    """
    site = Site(settings, directory_urls=False)
    site.read()
    for chapter in site.chapters.values():
        find_silence(chapter.module, site.diagnostics)
    _make_pages(site)
    if site.book.context.formulas.numbers:
        site.set_formulas()
    return site.book


def _make_pages(site: Site) -> None:
    """Let Markdown make each page, for the sake of its links and its rows."""
    book = site.book
    copied = {chapter.download for chapter in book.chapters.values()} | {*site.copies}
    pages = {"index.md", *book.chapters}
    for page in book.chapters:
        site.addresses.begin(page, (pages | copied).__contains__)
        site.judge(page, to_html(site.document(page), site.addresses))
    site.addresses.end()


def find_silence(module: Module, diagnostics: Diagnostics) -> None:
    """Note where a module, or something public in it, says nothing."""
    if not title(module):
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
