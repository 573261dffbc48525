"""Papers: the entries of a BibTeX file that a page links to, shown at its end.

A link to arXiv without an entry in the file is a mistake, and so is an entry that lacks
what every citation has.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import (
    LatexDecodingMiddleware,
    SeparateCoAuthors,
    SplitNameParts,
)
from bibtexparser.model import Entry

from litweave.book import Book, Chapter
from litweave.diagnostics import Diagnostics, Place
from litweave.words import listed, word

if TYPE_CHECKING:
    from litweave.site import Site

_ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf)/((?:[a-z-]+/)?\d[\d.]*\d)")
_NEEDED = ("author", "title", "year")
# What it cannot read is in what it returns; it need not be said a second time.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Work:
    """An entry: what is shown of it, and its BibTeX as it stands in the file."""

    authors: tuple[str, ...]
    title: str
    venue: str
    year: str
    address: str
    bibtex: str

    @property
    def link(self) -> str:
        """The words that lead to the work."""
        arxiv = _ARXIV.search(self.address)
        return f"arXiv:{arxiv[1]}" if arxiv else self.address.partition("://")[2]


# ## The file


def read(path: Path, diagnostics: Diagnostics) -> dict[str, Work]:
    """The entries of a BibTeX file that have an address, by that address.

    What is wrong in the file goes to `diagnostics`.
    """

    def complain(line: int | None, message: str) -> None:
        diagnostics.add(Place(path.name, (line or 0) + 1), message, "citation")

    written, plain = _parsed(path.read_text("utf-8"))
    for block in written.failed_blocks:
        complain(block.start_line, f"this entry cannot be read: {block.error}")
    sources = {entry.key: entry for entry in written.entries}
    works = []
    for entry in plain.entries:
        if missing := [name for name in _NEEDED if name not in entry]:
            message = f"“{entry.key}” has no {' and no '.join(missing)}"
            complain(entry.start_line, message)
        else:
            works.append(_work(entry, sources[entry.key]))
    return {work.address: work for work in works if work.address}


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[Library, Library]:
    """The entries as they are written, and in plain words."""
    # What makes words of LaTeX, and names of “Hinton, Geoffrey E.”.
    words = [LatexDecodingMiddleware(), SeparateCoAuthors(), SplitNameParts()]
    return parse_string(text), parse_string(text, append_middleware=words)


def _work(entry: Entry, source: Entry) -> Work:
    """The words of an entry; its address and its BibTeX as they are written."""
    fields = {field.key.lower(): field.value for field in entry.fields}
    written = {field.key.lower(): field.value for field in source.fields}
    address = written.get("url", "")
    if "eprint" in written:
        address = f"https://arxiv.org/abs/{written['eprint']}"
    return Work(
        tuple(
            " ".join([*name.first, *name.von, *name.last, *name.jr])
            for name in fields["author"]
        ),
        fields["title"],
        fields.get("booktitle") or fields.get("journal") or "",
        fields["year"],
        address,
        source.raw or "",
    )


# ## On the pages


def enrich(site: "Site") -> None:
    """Show on each page the papers that it links to."""
    if site.settings.bibliography:
        cite(site.book, site.settings.bibliography)


def cite(book: Book, path: Path) -> None:
    """Show them by the entries of a BibTeX file."""
    diagnostics = book.context.diagnostics
    works = read(path, diagnostics)
    for chapter in book.chapters.values():
        cited = dict.fromkeys(_cited(chapter, works, path, diagnostics))
        if cited:
            chapter.overlay.endnotes.append(panel(list(cited)))


def _cited(
    chapter: Chapter, works: Mapping[str, Work], path: Path, diagnostics: Diagnostics
) -> Iterator[Work]:
    """The works that the prose of a module links to, in the order of the prose."""
    for prose in chapter.module.prose:
        for line, text in enumerate(prose.text.split("\n"), start=prose.line):
            if "/" not in text:
                continue  # as in most lines: an address has one
            numbers = _ARXIV.findall(text)
            for address, work in works.items():
                arxiv = _ARXIV.search(address)
                if arxiv[1] in numbers if arxiv else address in text:
                    yield work
            for number in numbers:
                if f"https://arxiv.org/abs/{number}" not in works:
                    place = Place(chapter.module.path, line)
                    message = f"arXiv:{number} has no entry in {path.name}"
                    diagnostics.add(place, message, "citation")


def panel(works: Sequence[Work]) -> str:
    """The papers of one page as HTML."""
    title = word("The paper") if len(works) == 1 else word("The papers")
    body = "".join(_html(work) for work in works)
    return f'<section class="weave-panel weave-papers"><h2>{title}</h2>{body}</section>'


def _html(work: Work) -> str:
    venue = f"{escape(work.venue)}, " if work.venue else ""
    copy = word("Copy BibTeX")
    return f"""<div class="weave-work">
<p>{_authors(work.authors)}. <cite>{escape(work.title)}</cite>.
{venue}{escape(work.year)}. <a href="{escape(work.address)}">{escape(work.link)}</a></p>
<button class="weave-button" type="button" data-weave-bibtex hidden>{copy}</button>
<details><summary>BibTeX</summary>
<pre>{escape(work.bibtex, quote=False)}</pre></details>
</div>"""


def _authors(authors: Sequence[str]) -> str:
    """All of four; the first three of more."""
    names = [escape(author) for author in authors]
    if len(names) > 4:
        first, number = listed(names[:3]), len(names) - 3
        return word("{authors} and {number} others", authors=first, number=number)
    if len(names) == 1:
        return names[0]
    return word("{authors} and {last}", authors=listed(names[:-1]), last=names[-1])
