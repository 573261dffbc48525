r"""Languages: what a book says, said in another language.

Units are noted where a page is written, on its way to Markdown: at the very place where
a translation takes theirs. Their state is shown where the page is HTML: between the two
is Markdown, so words that are not as they should be stand between *marks*, characters
that Markdown leaves alone (see [`headings`][]).
"""

import logging
import re
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import polib
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocTreeprocessor, unique
from markdown.postprocessors import Postprocessor

from litweave import prose, words
from litweave.cache import Folder, digest, own
from litweave.diagnostics import Diagnostic, Diagnostics, Place
from litweave.dialect import LABEL, add_step
from litweave.features.languages.catalogs import (
    Catalogs,
    Glossary,
    Unit,
    domain,
    faults,
)
from litweave.features.languages.units import TAKEN, Piece, rewrite, scan, split, tokens
from litweave.headings import MARK, mark, said
from litweave.katex import Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import Module
from litweave.sections import Line
from litweave.settings import Settings
from litweave.words import Speaker

INTERFACE = "interface"
"""The catalog of the words beside prose."""

# The kinds of units that other pages and the search show of a page.
_SHOWN = {"words", "heading"}
_log = logging.getLogger("mkdocs.plugins.litweave")


class State(StrEnum):
    """How a translation stands to the English of today.

    One of older English is shown, as changed, while its tokens are those of the present
    one: then nothing that a reader computes or follows is out of date. Else the English
    is shown.
    """

    CURRENT, CHANGED, MISSING = "current", "changed", "missing"


class Said(NamedTuple):
    """The words for a unit, their state, and the line of a catalog for them."""

    words: str
    state: State
    place: Place


class _Recorder:
    """Notes the units of all prose that comes by; nothing needs to be made of it."""

    def __init__(self, package: str) -> None:
        self.package, self.units = package, list[Unit]()

    def rewritten(
        self, lines: Sequence[Line], place: Place, html: bool
    ) -> tuple[list[str], list[Place]]:
        name, text = domain(place.path, self.package), _text(lines)
        for piece in split(text, html):
            line = place.line + lines[text.count("\n", 0, piece.start)][0]
            self.units.append(Unit(piece.message, piece.kind, name, place.path, line))
        return [""], [place]


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(line for _, line in lines)


def extract(
    source: Module | str, place: Place, package: str, raw_html: bool = False
) -> list[Unit]:
    """The units of a module, or of a page in Markdown, in the order of its page.

    Folders below that of the `package` are domains of their own.
    """
    recorder, nobody = _Recorder(package), Diagnostics()
    context = prose.Context(Names(), Formulas(), nobody, raw_html, translator=recorder)
    if isinstance(source, Module):
        document(source, place.path, context)
    else:
        prose.to_markdown(source, place, place.path, context)
    return recorder.units


def in_attribute(text: str) -> str:
    """Words that a theme writes into its HTML as they are."""
    return text.replace("<", "&lt;").replace('"', "&quot;")


@dataclass
class Translator:
    """Says in a language what a book says in English; in none, all as it is written.

    `package` is the name of the folder that the book was read from. What each page says
    is in `pages`, by unit, and the words beside its prose in `words`. Units are `kept`
    for all languages. `errors` is what is wrong in the catalogs.
    """

    catalogs: Catalogs
    package: str = ""
    kept: Folder | None = None
    errors: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.language = self.catalogs.language
        self.pages = dict[str, list[tuple[Unit, Said]]]()
        self.words = dict[str, State]()
        self.pairs = dict[str, dict[str, polib.POEntry]]()

    @classmethod
    def read(cls, settings: Settings) -> "Translator":
        """The translator of a site.

        **Raises.** `OSError` if a catalog or the glossary cannot be read.
        """
        folder, language = settings.locale, settings.language
        if not language:
            return cls(Catalogs("", folder))
        catalogs, table = Catalogs.read(folder, language), folder / "glossary.csv"
        if not catalogs.domains:
            where = folder / language
            _log.warning("%s has no catalogs: `litweave catalogs` makes them", where)

        def wrong() -> list[list[Any]]:
            found = faults(catalogs, Glossary.read(table, language))
            return [[place.path, place.line, *rest] for place, *rest in found]

        files = [*filter(Path.is_file, [table]), *map(catalogs.path, catalogs.domains)]
        key, kept = digest(own(), files=files), Folder(settings.cache)
        rows = kept.made(f"faults-{language}", key, wrong)
        errors = [Diagnostic(Place(path, line), *rest) for path, line, *rest in rows]
        units = Folder(settings.cache / "units")
        return cls(catalogs, settings.root.name, units, errors)

    def keep(self) -> None:
        """Keep the units of these pages alone for the next build."""
        if self.kept:
            self.kept.forget(self.pages)

    # ## Prose

    def expect(
        self, page: str, source: Module | str, place: Place, raw_html: bool
    ) -> None:
        """Know all units of a page, and say them, before one of them is asked for.

        Only then is it known which entries of the catalog stand there no longer.
        """
        if not self.language:
            return
        text = source if isinstance(source, str) else source.source
        key = digest(own(), text, str(place), self.package, str(raw_html))
        make = partial(extract, source, place, self.package, raw_html)
        rows = self.kept.made(page, key, make) if self.kept else make()
        units = [Unit(*row) for row in rows]
        path, name = place.path, domain(place.path, self.package)
        messages = dict.fromkeys(unit.message for unit in units)
        self.pairs[path] = self.catalogs.pairs(messages, path, name)
        self.pages[page] = [(unit, self.say(unit.message, path)) for unit in units]

    def say(self, message: str, path: str) -> Said:
        """The words for a message in a file."""
        catalogs, name = self.catalogs, domain(path, self.package)
        if entry := catalogs.find(message, name):
            return Said(entry.msgstr, State.CURRENT, catalogs.place(entry, name))
        own = catalogs.domains.get(name, {}).get(message)
        old = own if own and own.msgstr else self.pairs.get(path, {}).get(message)
        if old and tokens(old.msgstr) == tokens(message):
            return Said(old.msgstr, State.CHANGED, catalogs.place(old, name))
        return Said(message, State.MISSING, catalogs.place(own, name))

    def rewritten(
        self, lines: Sequence[Line], place: Place, html: bool
    ) -> tuple[list[str], list[Place]]:
        """The lines of some prose in this language, each with the place it is from.

        The lines of the English are counted from `place`. What is translated is from
        its line in the catalog.
        """
        text, catalogued = _text(lines), dict[int, Place]()

        def translate(piece: Piece) -> str:
            words, state, there = self.say(piece.message, place.path)
            # What is not translated keeps its lines, and so their numbers.
            if state == State.MISSING:
                return _marked(piece, text[piece.start : piece.end], state, html)
            catalogued[text.count("\n", 0, piece.start)] = there
            return _marked(piece, words.replace("\n", " "), state, html)

        found = rewrite(text, translate, html)
        places = [
            catalogued.get(number) or Place(place.path, place.line + lines[number][0])
            for number, _ in found
        ]
        return [line for _, line in found], places

    # ## Words beside prose

    def word(self, message: str) -> str:
        """Words beside prose, as those of a button, in this language or English."""
        if not message or not self.language:
            return message
        entry = self.catalogs.find(message, INTERFACE)
        self.words[message] = State.CURRENT if entry else State.MISSING
        return str(entry.msgstr) if entry else message

    def translate_front(self, front: MutableMapping[str, Any]) -> None:
        """Put into words what a page says of itself above its text."""
        for name in ("title", "description") if self.language else ():
            if isinstance(front.get(name), str):
                front[name] = in_attribute(self.word(front[name]))

    def spoken(self, html: str) -> str:
        """HTML with the renderer's own words in this language."""
        if not self.language:
            return words.said(html)

        def heading(message: str, path: str) -> str | None:
            said = self.say(message, path)
            shown = escape(scan(said.words)[0].replace(TAKEN, ""))
            return shown if said.state != State.MISSING else None

        return words.said(html, Speaker(self.language, self.word, heading))

    # ## All that is said

    @property
    def units(self) -> list[Unit]:
        """All that was asked for: the prose of each page, and the words beside it."""
        prose = [unit for units in self.pages.values() for unit, _ in units]
        # Which is asked for first depends on what is kept of a page.
        words = sorted(self.words)
        return [*prose, *(Unit(m, "words", INTERFACE, INTERFACE, 1) for m in words)]

    def key(self, page: str) -> Iterable[str]:
        """What a page depends on for its language."""
        said = [(said.words, said.state.value) for _, said in self.pages.get(page, ())]
        return [repr(said)] if page in self.pages else []

    @property
    def interface(self) -> str:
        """What is shown of other pages; all of it is kept with each page."""
        entries = (entry for entry, _ in self.catalogs.entries())
        shown = [e for e in entries if not _SHOWN.isdisjoint(e.comment.split("\n"))]
        return repr([(entry.msgid, entry.msgstr) for entry in shown])


# ## Marks

# What opens words that are not translated, or are not any more, and what closes them.
_OPEN = {State.MISSING: "\ue103", State.CHANGED: "\ue104"}
_CLOSED = mark("", "\ue105")
# A heading, whose anchor its English words make in every language.
_SLUG = "\ue102"
_SLUGGED = re.compile(f"{_SLUG}[^{_CLOSED[-1]}]*{_CLOSED[-1]}")
_STRAY = re.compile(rf"(?!\ue100){MARK}")  # none of an anchor's
_SHOWN_MARK = re.compile(rf"<[^<>]*>|{_STRAY.pattern}")
# What stands within HTML bears no mark.
_UNMARKED = {"attribute", "label"}
_EXERCISE = re.compile(r"\*\*((?:Exercise(?: \d+)?|Answer)\.)\*\*")
_HEADING = re.compile(r"h[1-6]")
# The kinds of `prose.BEGINNINGS` of which the anchor of a heading has something.
_WORDS = {"code", "escape", "dollar", "tag"}
# Of a heading, what is no word: images, footnotes, where links lead.
_NO_WORDS = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|\[\^[^\]]*\]|\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->")


def _marked(piece: Piece, words: str, state: State, html: bool) -> str:
    """The words for a piece, with marks of its state, and of what it is in English."""
    if piece.kind in _UNMARKED:
        return words
    if state != State.CURRENT:
        english = piece.message if state == State.CHANGED else ""
        words = f"{mark(english, _OPEN[state])}{words}{_CLOSED}"
    if exercise := _EXERCISE.match(piece.message):
        words = mark(exercise[1], LABEL) + words
    if piece.kind == "heading":
        words = mark(_heading_words(piece.message, html), _SLUG) + words
    return words


def _heading_words(english: str, html: bool) -> str:
    """What of a heading its anchor is made of; without `html`, a tag is words."""

    def shown(found: re.Match[str]) -> str:
        if found.lastgroup == "link":
            return _heading_words(found["text"], html)
        return found[0] if found.lastgroup in _WORDS else ""

    text = _NO_WORDS.sub("", prose.BEGINNINGS.sub(shown, english))
    return unescape(_TAG.sub("", text) if html else text)


class States(Extension):
    """The Markdown extension that turns marks into elements and anchors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run after inline patterns (20), and right before the contents (5)."""
        add_step(md, "slugs", 6, partial(_set_slugs, md))
        md.postprocessors.register(_Spans(md), "weave-states", 0)


def _set_slugs(md: Markdown, root: Element) -> None:
    found = [toc for toc in md.treeprocessors if isinstance(toc, TocTreeprocessor)]
    taken = {element.get("id", "") for element in root.iter()}
    for heading in root.iter():
        if slug := _SLUGGED.match(heading.text or ""):
            heading.text = str(heading.text)[slug.end() :]
            if _HEADING.fullmatch(str(heading.tag)) and heading.get("id") is None:
                for toc in found:
                    words = toc.slugify(said(slug[0]), toc.sep)
                    heading.set("id", unique(words, taken))


class _Spans(Postprocessor):
    """Turns what opens and closes words into tags, unless it stands within a tag."""

    def run(self, text: str) -> str:
        return _SHOWN_MARK.sub(_span, text) if _STRAY.search(text) else text


def _span(match: re.Match[str]) -> str:
    if match[0][0] == _OPEN[State.MISSING]:
        return '<span class="weave-unit-missing" lang="en">'
    if match[0][0] == _OPEN[State.CHANGED]:
        english = escape(said(match[0]))
        return f'<span class="weave-unit-changed" data-english="{english}">'
    return "</span>" if match[0] == _CLOSED else _STRAY.sub("", match[0])
