r"""# Status: how far a translation is

Each page of a tree says in a line above its text how much of it is translated. And each
tree has a page of its own, `translation/`, with the numbers, every paragraph that is
missing or was changed since, and how to help. Nobody keeps these numbers: they are
counted when the site is built.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape

from labml_style_nn.weave.languages.tokens import plain
from labml_style_nn.weave.languages.translator import (
    INTERFACE,
    State,
    Translator,
    Unfinished,
)

URI, URL = "translation.md", "translation/"
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
    "To the page",
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


def told(html: str, page: str, url: str, translator: Translator) -> str:
    """A finished page with a line above its text that tells how much is translated."""
    counts = translator.counts.get(page, Counter())
    total, current, missing = (
        *(counts.total(), counts[State.CURRENT], counts[State.MISSING]),
    )
    if not total:
        return html
    # Each is asked for on each page: whether it is said depends on the translation.
    whole, none, part, more, link = map(translator.word, _TOLD)
    said = whole if current == total else none if missing == total else part
    if counts[State.CHANGED]:
        said = translator.word("{first} {next}").format(first=said, next=more)
    said = said.format(current=current, total=total, changed=counts[State.CHANGED])
    address = "../" * url.count("/") + URL
    line = f'{said} <a href="{address}">{link}</a>'
    line = f'<p class="weave-told" data-search-exclude>{line}</p>'
    bare = " weave-untranslated" if missing == total else ""
    return _ARTICLE.sub(rf"\g<1>{bare}\2\n{line}", html, count=1)


def filled(html: str, translator: Translator, url: Callable[[str], str]) -> str:
    """The page about the translation with its numbers; `url` tells pages' addresses."""
    return html.replace(_SLOT, "\n".join(_report(translator, url)), 1)


def _report(translator: Translator, url: Callable[[str], str]) -> Iterator[str]:
    *heads, nobody, to_page = map(translator.word, _REPORTED)
    cells = "".join(f"<th>{head}</th>" for head in heads)
    yield f"<table><thead><tr>{cells}</tr></thead><tbody>"
    readers = {
        name: header.get("X-Read-By", "")
        for name, header in translator.catalogs.headers.items()
    }
    for name, counts in sorted(_by_domain(translator).items()):
        numbers = "".join(f"<td>{counts[state]:,}</td>" for state in State)
        file = f"<td><code>locale/{translator.language}/{name}.po</code></td>"
        reader = escape(readers.get(name, "")) or nobody
        yield f'<tr>{file}{numbers}<td class="weave-reader">{reader}</td></tr>'
    yield "</tbody></table>"
    pages = dict[str, list[Unfinished]]()
    for lack in translator.unfinished:
        pages.setdefault(lack.page, []).append(lack)
    for page, lacks in pages.items():
        counts = Counter(lack.state for lack in lacks)
        total = f"{counts[State.CHANGED]:,} + {counts[State.MISSING]:,}"
        yield f"<details><summary>{escape(url(page) or '/')} ({total})</summary>"
        yield f'<p><a href="../{url(page)}">{to_page}</a></p><ul lang="en">'
        yield from (_lack(lack) for lack in lacks)
        yield "</ul></details>"


def _by_domain(translator: Translator) -> dict[str, Counter[State]]:
    found = dict[str, Counter[State]]()
    for units in translator.pages.values():
        for unit, state in units:
            found.setdefault(unit.domain, Counter())[state] += 1
    found[INTERFACE] = Counter(translator.words.values())
    return found


def _lack(lack: Unfinished) -> str:
    words = plain(lack.unit.message)
    short = words if len(words) <= _LONG else f"{words[:_LONG]}…"
    return f'<li class="weave-{lack.state}">{escape(short)}</li>'
