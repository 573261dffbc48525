"""Papers: the entries of a BibTeX file that a page links to, shown at its end.

A link to arXiv without an entry in the file is a mistake, and so is an entry that lacks
what every citation has.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bibtexparser import middlewares
from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares.middleware import Middleware
from bibtexparser.model import Block, Entry

from litweave.diagnostics import Diagnostics, Place
from litweave.parse import Module
from litweave.words import listed, word

if TYPE_CHECKING:
    from litweave.site import Site

_ABS = "https://arxiv.org/abs/"
_ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf)/((?:[a-z-]+/)?\d[\d.]*\d)")
_NEEDED = ("author", "title", "year")
# What makes words of LaTeX, and “Geoffrey E. Hinton” of “Hinton, Geoffrey E.”.
_KEYS, _LATEX = middlewares.NormalizeFieldKeys(), middlewares.LatexDecodingMiddleware()
_PARTS = middlewares.SeparateCoAuthors(), middlewares.SplitNameParts()
_WORDS = _KEYS, _LATEX, *_PARTS, middlewares.MergeNameParts(style="first")
# What it cannot read is in what it returns; it need not be said a second time.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)


def enrich(site: "Site") -> None:
    """Show on each page the papers that it links to."""
    path, diagnostics = site.settings.bibliography, site.book.context.diagnostics
    if path is None:
        return
    works = read(path, diagnostics)
    for chapter in site.book.chapters.values():
        if cited := dict.fromkeys(_cited(chapter.module, works, path, diagnostics)):
            title = word("The paper") if len(cited) == 1 else word("The papers")
            body = "".join(_html(address, works[address]) for address in cited)
            panel = '<section class="weave-panel weave-papers">'
            panel += f"<h2>{title}</h2>{body}</section>"
            chapter.overlay.endnotes.append(panel)


def read(path: Path, diagnostics: Diagnostics) -> dict[str, Entry]:
    """The entries of a BibTeX file that have an address, by that address.

    What is wrong in the file goes to `diagnostics`.
    """

    def note(block: Block, message: str) -> None:
        place = Place(path.name, (block.start_line or 0) + 1)
        diagnostics.add(place, message, "citation")

    text, works = path.read_text("utf-8"), dict[str, Entry]()
    written, plain = _parsed(text, _KEYS).entries_dict, _parsed(text, *_WORDS)
    for block in plain.failed_blocks:
        note(block, f"this entry cannot be read: {block.error}")
    for entry in plain.entries:
        if missing := [name for name in _NEEDED if name not in entry]:
            note(entry, f"“{entry.key}” has no {' and no '.join(missing)}")
        elif "eprint" in entry:
            works[f"{_ABS}{entry['eprint']}"] = entry
        elif "url" in entry:  # in which no `%` is a comment
            works[str(written[entry.key]["url"])] = entry
    works.pop("", None)
    return works


@lru_cache(maxsize=4)  # A preview reads it at each change of a module.
def _parsed(text: str, *steps: Middleware) -> Library:
    return parse_string(text, append_middleware=steps)


def _cited(
    module: Module, works: Mapping[str, Entry], path: Path, diagnostics: Diagnostics
) -> Iterator[str]:
    """The addresses of works that a module links to, in the order of its prose."""
    for prose in module.prose:
        for line, text in enumerate(prose.text.split("\n"), start=prose.line):
            if "/" not in text:
                continue  # as in most lines: an address has one
            found = {f"{_ABS}{number}": number for number in _ARXIV.findall(text)}
            yield from (a for a in works if a in found or a in text)
            for address, number in found.items():
                if address not in works:
                    place = Place(module.path, line)
                    message = f"arXiv:{number} has no entry in {path.name}"
                    diagnostics.add(place, message, "citation")


def _html(address: str, entry: Entry) -> str:
    title, year = escape(entry["title"]), escape(entry["year"])
    place = entry.get("booktitle") or entry.get("journal")
    venue = f"{escape(place.value)}, " if place else ""
    link = address.replace(_ABS, "arXiv:").rpartition("://")[2]
    copy = word("Copy BibTeX")
    return f"""<div class="weave-work">
<p>{_authors([*map(escape, entry["author"])])}. <cite>{title}</cite>.
{venue}{year}. <a href="{escape(address)}">{escape(link)}</a></p>
<button class="weave-button" type="button" data-weave-bibtex hidden>{copy}</button>
<details><summary>BibTeX</summary>
<pre>{escape(entry.raw or "", quote=False)}</pre></details>
</div>"""


def _authors(names: list[str]) -> str:
    """All of four; the first three of more."""
    if len(names) > 4:
        first, number = listed(names[:3]), len(names) - 3
        return word("{authors} and {number} others", authors=first, number=number)
    *others, last = names
    first = listed(others)
    return word("{authors} and {last}", authors=first, last=last) if others else last
