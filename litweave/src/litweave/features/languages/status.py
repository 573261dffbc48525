r"""Status: how far a translation is, counted when the site is built.

A line above each page of a tree tells it, and a page of its own, `translation/`, with
every paragraph that is missing or was changed since.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from html import escape
from itertools import chain, islice
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from mkdocs.utils import get_relative_url

from litweave.book import Book
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.translator import INTERFACE, State, Translator
from litweave.headings import anchors
from litweave.words import Speaker, said, word

URI = "translation.md"
_OWN = Path(__file__).parent
PAGE = (_OWN / "status.md").read_text("utf-8")
_TEMPLATES = Environment(loader=FileSystemLoader(_OWN), autoescape=True)
_SLOT = "<!-- weave-status -->"
_ARTICLE = re.compile(r'(<article class="md-content__inner md-typeset)(">)')
_WHOLE, _NONE, _PART, _CHANGED, _ABOUT = _TOLD = (
    "All of this page is translated.",
    "This page is not translated yet.",
    "{current} of {total} paragraphs of this page are translated.",
    "The English of {changed} has changed since.",
    "About this translation",
)
_REPORTED = (
    *("Catalog", "Entries translated", "Changed since", "Missing", "Read by"),
    "not yet by a native reader",
)


def told(
    html: str, page: str, address: str, translator: Translator, source: str | None
) -> str:
    """A finished page with a line above its text that tells how much is translated.

    It leads to the page about the translation, which is at `address`. It names the
    catalogs that the page has its words from, with the lines, and leads to them if
    `source` is the address of a repository.
    """
    counts = Counter(spoken.state for _, spoken in translator.pages.get(page, ()))
    total, current = counts.total(), counts[State.CURRENT]
    if not total:
        return html
    is_bare = counts[State.MISSING] == total
    for text in _TOLD:
        # Each is asked for on each page: whether it is said depends on the translation.
        translator.word(text)
    text = _WHOLE if current == total else _NONE if is_bare else _PART
    line = word(text, current=current, total=total)
    if changed := counts[State.CHANGED]:
        line = word("{first} {next}", first=line, next=word(_CHANGED, changed=changed))
    line += f' <a href="{address}">{word(_ABOUT)}</a> '
    line = said(line, Speaker(translator.catalogs.language, translator.word))
    line += " ".join(_catalogs(translator, page, source))
    line = f'<p class="weave-told" data-search-exclude>{line}</p>'
    bare = " weave-untranslated" if is_bare else ""
    return _ARTICLE.sub(lambda m: f"{m[1]}{bare}{m[2]}\n{line}", html, count=1)


def _catalogs(translator: Translator, page: str, source: str | None) -> Iterator[str]:
    """The catalogs of a page, each with the line at which the page begins in it."""
    lines = dict[str, int]()
    for unit, spoken in translator.pages[page]:
        if not lines.get(unit.domain):
            place = spoken.place
            is_own = place and Path(place.path).stem == unit.domain
            lines[unit.domain] = place.line if place and is_own else 0
    for name, line in lines.items():
        yield _link(translator.catalogs, name, line, source)


def _link(catalogs: Catalogs, name: str, line: int, source: str | None) -> str:
    """A line of a catalog, if it is not 0; a link, if there is a repository."""
    file = "/".join(catalogs.path(name).parts[-3:])
    code = f"<code>{file}{f':{line}' if line else ''}</code>"
    address = f"{source or ''}".rstrip("/") + f"/blob/HEAD/{file}"
    address += f"#L{line}" if line else ""
    return f'<a href="{escape(address)}">{code}</a>' if source else code


def filled(
    html: str, url: str, translator: Translator, book: Book, source: str | None
) -> str:
    """The page about the translation with its numbers, and all that is not done.

    `url` is its own address in the tree, `source` that of a repository.
    """
    *heads, nobody = map(translator.word, _REPORTED)
    units = chain.from_iterable(translator.pages.values())
    # What is said at many places is one entry.
    entries = {(unit.domain, unit.message): said.state for unit, said in units}
    entries |= {(INTERFACE, text): state for text, state in translator.words.items()}
    counts = defaultdict[str, Counter[State]](Counter)
    for (name, _), state in entries.items():
        counts[name][state] += 1
    readers = {n: h.get("X-Read-By") for n, h in translator.catalogs.headers.items()}
    catalogs = [
        (name, [counts[name][state] for state in State], readers.get(name) or nobody)
        for name in sorted(counts)
    ]
    pages = _unfinished(url, translator, book, source)
    template = _TEMPLATES.get_template("status.html")
    report = template.render(heads=heads, catalogs=catalogs, pages=pages)
    return html.replace(_SLOT, report, 1)


def _unfinished(
    url: str, translator: Translator, book: Book, source: str | None
) -> Iterator[list[object]]:
    """The pages with something to do: the counts, and where each paragraph is.

    In a module that is a row; of another page, the beginning. And where it is in its
    catalog.
    """
    catalogs = translator.catalogs
    for page, units in translator.pages.items():
        undone = [(u, s.state) for u, s in units if s.state != State.CURRENT]
        if not undone:
            continue
        address, chapter = book.url(page), book.chapters.get(page)
        module = chapter.module if chapter else None
        rows = list(zip(module.rows, anchors(module), strict=True)) if module else []
        found = list[tuple[str, str, str, Markup]]()
        for unit, state in undone:
            line = unit.place.line
            names = (name for row, name in rows if row.start <= line <= row.end)
            anchor = "".join(f"#{quote(name)}" for name in islice(names, 1))
            here = get_relative_url(address, url) + anchor
            entry = catalogs.domains.get(unit.domain, {}).get(unit.message)
            place = entry.place.line if entry else 0
            there = Markup(_link(catalogs, unit.domain, place, source))
            found.append((state, here, unit.message, there))
        counts = Counter(state for _, state in undone)
        yield [address, counts[State.CHANGED], counts[State.MISSING], found]
