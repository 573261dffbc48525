r"""# Extract: all units of a book

What is to be translated is what the site shows. So the units of a module are noted
where its page is written: on its way to Markdown, at the very place where a translation
would take theirs. There is no second way through a source that could lose a sentence or
find another one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.features.languages.blocks import split
from litweave.features.languages.catalogs import Unit, domain
from litweave.katex import Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import Module
from litweave.prose import Context, to_markdown
from litweave.sections import Line

# What a page says of itself to the program that makes a site of it.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n---[ \t]*\n+", re.DOTALL)


@dataclass
class _Recorder:
    """Notes the units of all prose that comes by, and leaves it as it is."""

    package: str
    units: list[Unit] = field(default_factory=list)

    def rewritten(
        self, lines: Sequence[Line], place: Place, page: str, html: bool
    ) -> tuple[list[str], list[Place]]:
        """Note the units; nothing needs to be made of the rest."""
        text = "\n".join(line for _, line in lines)
        name = domain(place.path, self.package)
        for piece in split(text, html):
            if piece.unit:
                here = Place(place.path, place.line + lines[piece.line][0])
                self.units.append(Unit(piece.message, piece.kind, here, name))
        return [""], [place]


def extract(book: Book) -> list[Unit]:
    """The units of all chapters of a book, in the order of the files."""
    chapters = sorted(book.chapters.values(), key=lambda chapter: chapter.module.path)
    return [
        unit
        for chapter in chapters
        for unit in extract_module(chapter.module, book.context.raw_html)
    ]


def extract_module(
    module: Module, raw_html: bool = False, package: str = ""
) -> list[Unit]:
    """The units of a module, in the order of its page.

    `package` is the folder whose own folders are domains, by default the module's.
    """
    package = package or module.path.partition("/")[0]
    recorder, context = _context(package, raw_html)
    document(module, module.path, context)
    return recorder.units


def extract_text(path: str, text: str, line: int = 1, package: str = "") -> list[Unit]:
    """The units of a page in Markdown, whose first line has this number.

    Front matter is no part of `text`.
    """
    recorder, context = _context(package, True)
    to_markdown(text, Place(path, line), path, context)
    return recorder.units


@dataclass(frozen=True)
class Units:
    """What was found in a package, and in pages; other files may have more."""

    found: list[Unit]
    package: str
    with_pages: bool

    def covers(self, path: str) -> bool:
        """Whether these are all units that a file has."""
        is_module = path.startswith(f"{self.package}/") or path == self.package
        return is_module or (self.with_pages and path.endswith(".md"))


def find_units(
    source: Path,
    pages: Path | None = None,
    exclude: Sequence[str] = (),
    raw_html: bool = False,
) -> Units:
    """The units of a package or a file, and of a folder of pages in Markdown."""
    book = Book()
    book.context.raw_html = raw_html
    book.read(source, exclude)
    found, package = extract(book), source.resolve().name
    for path in sorted(pages.rglob("*.md")) if pages else ():
        whole = path.read_text("utf-8")
        text = _FRONT_MATTER.sub("", whole)
        line = 1 + whole.count("\n") - text.count("\n")
        uri = path.relative_to(pages).as_posix() if pages else ""
        found += extract_text(uri, text, line, package)
    return Units(found, package, pages is not None)


def _context(package: str, raw_html: bool) -> tuple[_Recorder, Context]:
    """A desk of its own, so that nothing is complained of twice."""
    recorder = _Recorder(package)
    return recorder, Context(
        Names(), Formulas(), Diagnostics(), raw_html, translator=recorder
    )
