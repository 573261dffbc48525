r"""# Status: how far a translation is

Each page of a tree says in a line above its text how much of it is translated. And each
tree has a page of its own, `translation/`, with the numbers, every paragraph that is
missing or was changed since, and how to help. Nobody keeps these numbers: they are
counted when the site is built.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from mkdocs.utils import get_relative_url

from litweave.book import Book
from litweave.features.languages.translator import (
    INTERFACE,
    State,
    Translator,
    Unfinished,
)
from litweave.headings import anchors
from litweave.parse import Module

URI = "translation.md"
_SLOT = "<!-- weave-status -->"
_ARTICLE = re.compile(r'(<article class="md-content__inner md-typeset)(">)')
_LONG = 100  # characters of a paragraph that are enough to find it by

_TOLD = (
    "All of this page is translated.",
    "This page is not translated yet.",
    "{current} of {total} paragraphs of this page are translated.",
    "The English of {changed} has changed since.",
    "About this translation",
)

_REPORTED = (
    *("Catalog", "Translated", "Changed since", "Missing", "Read by"),
    "not yet by a native reader",
)

PAGE = f"""\
# About this translation

The pages are written in English. Each paragraph is translated by itself, and at every
build it is compared with the English of that day:

- A translated paragraph has no mark.
- <span class="weave-changed">The English has changed since.</span> The translation
  still has the same formulas, code and links, and is shown with a dashed line beside
  it.
- <span class="weave-missing">There is no translation yet,</span> or it says something
  else than the English does now. The English is shown, with a thin line beside it.

Code, comments in it, and what it prints are English everywhere.

## What is translated

{_SLOT}

## How to help

The translations are catalogs of gettext, one for each folder of the site's sources:
files such as `locale/zh/layers.po`. An editor for them, Poedit for example, shows each
paragraph of the English and takes its translation. `locale/glossary.csv` has the words
for the terms of the field. A build checks that formulas, code and links are as they
were, and names the line where they are not.
"""


def told(
    html: str, page: str, address: str, translator: Translator, source: str | None
) -> str:
    """A finished page with a line above its text that tells how much is translated.

    It leads to the page about the translation, which is at `address`. It names the
    catalogs that the page has its words from, with the lines, and leads to them if
    `source` is the address of a repository.
    """
    counts = translator.counts.get(page, Counter())
    total, current, missing = (
        *(counts.total(), counts[State.CURRENT], counts[State.MISSING]),
    )
    if not total:
        return html
    # Each is asked for on each page: whether it is said depends on the translation.
    whole, none, part, more, link = (escape(translator.word(text)) for text in _TOLD)
    said = whole if current == total else none if missing == total else part
    if counts[State.CHANGED]:
        joined = escape(translator.word("{first} {next}"))
        said = joined.replace("{first}", said).replace("{next}", more)
    numbers = {"current": current, "total": total, "changed": counts[State.CHANGED]}
    for name, number in numbers.items():
        said = said.replace(f"{{{name}}}", str(number))
    places = _begins(translator, page).items()
    files = " ".join(_catalog(translator, *place, source) for place in places)
    line = f'{said} <a href="{address}">{link}</a> {files}'
    line = f'<p class="weave-told" data-search-exclude>{line}</p>'
    bare = " weave-untranslated" if missing == total else ""
    return _ARTICLE.sub(lambda m: f"{m[1]}{bare}{m[2]}\n{line}", html, count=1)


def _begins(translator: Translator, page: str) -> dict[str, int]:
    """The catalogs of a page, each with the line at which the page begins in it."""
    found = dict[str, int]()
    for unit, _ in translator.pages[page]:
        if not found.get(unit.domain):
            place = translator.say(unit.message, unit.place.path).place
            is_own = place and Path(place.path).stem == unit.domain
            found[unit.domain] = place.line if place and is_own else 0
    return found


def _catalog(translator: Translator, name: str, line: int, source: str | None) -> str:
    file = f"{translator.catalogs.folder.name}/{translator.language}/{name}.po"
    code = f"<code>{file}{f':{line}' if line else ''}</code>"
    if not source:
        return code
    address = f"{source.rstrip('/')}/blob/HEAD/{file}{f'#L{line}' if line else ''}"
    return f'<a href="{escape(address)}">{code}</a>'


def filled(html: str, url: str, translator: Translator, book: Book) -> str:
    """The page about the translation with its numbers, and all that is not done.

    `url` is its own address in the tree.
    """
    report = "\n".join(_report(url, translator, book))
    return html.replace(_SLOT, report, 1)


def _report(url: str, translator: Translator, book: Book) -> Iterator[str]:
    *heads, nobody = (escape(translator.word(text)) for text in _REPORTED)
    cells = "".join(f"<th>{head}</th>" for head in heads)
    # A table that is wider than a phone is scrolled by the keyboard, too.
    name = f'aria-label="{heads[0]}"'
    yield f'<div class="weave-scroll" role="region" tabindex="0" {name}>'
    yield f'<table class="weave-status"><thead><tr>{cells}</tr></thead><tbody>'
    readers = {
        name: header.get("X-Read-By", "")
        for name, header in translator.catalogs.headers.items()
    }
    for name, counts in sorted(_by_domain(translator).items()):
        numbers = "".join(f"<td>{counts[state]:,}</td>" for state in State)
        file = f"<code>{name}.po</code>"
        reader = escape(readers.get(name, "")) or nobody
        cells = f'<td>{file}</td>{numbers}<td class="weave-reader">{reader}</td>'
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"
    pages = dict[str, list[Unfinished]]()
    for lack in translator.unfinished:
        pages.setdefault(lack.page, []).append(lack)
    for page, lacks in pages.items():
        counts = Counter(lack.state for lack in lacks)
        total = f"{counts[State.CHANGED]:,} + {counts[State.MISSING]:,}"
        there = book.url(page)
        address = get_relative_url(there, url)
        yield '<details class="weave-answer">'
        yield f'<summary>{escape(there) or "/"} ({total})</summary><ul lang="en">'
        yield from (_lack(lack, f"{address}{_place(lack, book)}") for lack in lacks)
        yield "</ul></details>"


def _by_domain(translator: Translator) -> dict[str, Counter[State]]:
    found = dict[str, Counter[State]]()
    for units in translator.pages.values():
        for unit, state in units:
            found.setdefault(unit.domain, Counter())[state] += 1
    found[INTERFACE] = Counter(translator.words.values())
    return found


def _lack(lack: Unfinished, address: str) -> str:
    words = lack.unit.message
    short = words if len(words) <= _LONG else f"{words[:_LONG]}…"
    link = f'<a href="{escape(address)}">{escape(short)}</a>'
    return f'<li class="weave-{lack.state}">{link}</li>'


def _place(lack: Unfinished, book: Book) -> str:
    """The row of a module that a unit stands in; of another page, its beginning."""
    chapter = book.chapters.get(lack.page)
    if not chapter:
        return ""
    line = lack.unit.place.line
    rows = zip(chapter.module.rows, _anchors(chapter.module), strict=True)
    found = (anchor for row, anchor in rows if row.start <= line <= row.end)
    return f"#{quote(next(found, ''))}"


@lru_cache(maxsize=1)  # the units of a page come one after another
def _anchors(module: Module) -> list[str]:
    return anchors(module)
