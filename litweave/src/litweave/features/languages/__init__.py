r"""Languages: what a book says, said in another language.

Units are noted where a page is written, on its way to Markdown: at the very place where
a translation takes theirs. Their state is shown where the page is HTML: between the two
is Markdown, so words that are not as they should be stand between `marks`.
"""

import logging
import re
from collections.abc import Iterable, MutableMapping, Sequence
from enum import StrEnum
from functools import lru_cache
from html import escape, unescape
from itertools import chain
from typing import Any, NamedTuple

from litweave import marks, prose, words
from litweave.cache import answers, digest, files_in, own
from litweave.diagnostics import Diagnostic, Place
from litweave.features.languages.catalogs import Catalogs, Unit, domain, faults
from litweave.features.languages.units import TAKEN, Piece, scan, split
from litweave.marks import mark
from litweave.page import document
from litweave.parse import Module
from litweave.sections import Line
from litweave.settings import Settings

# The catalog of the words beside prose.
_INTERFACE = "interface"
_log = logging.getLogger("mkdocs.plugins.litweave")


class State(StrEnum):
    """How a translation stands to the English of today.

    One of older English is shown while its tokens are those of the present one: then
    nothing that a reader computes or follows is out of date.
    """

    CURRENT, CHANGED, MISSING = "current", "changed", "missing"


class Said(NamedTuple):
    """The words for a unit, their state, and the line of a catalog for them."""

    words: str
    state: State
    place: Place


@lru_cache(maxsize=1024)  # Each language asks for the same.
def extract(
    source: Module | str, place: Place, package: str, raw_html: bool = False
) -> Sequence[Unit]:
    """The units of a module, or of a page in Markdown, in the order of its page.

    Folders below that of the `package` are domains of their own.
    """
    units = list[Unit]()

    def note(
        lines: Sequence[Line], place: Place, html: bool
    ) -> tuple[list[str], list[Place]]:
        name = domain(place.path, package)
        text = "\n".join(line for _, line in lines)
        for piece in split(text, html):
            line = place.line + lines[text.count("\n", 0, piece.start)][0]
            units.append(Unit(piece.message, piece.kind, name, place.path, line))
        return [""], [place]  # Nothing needs to be made of it.

    context = prose.Context(raw_html=raw_html, translator=note)
    if isinstance(source, Module):
        document(source, place.path, context)
    else:
        prose.to_markdown(source, place, place.path, context)
    return units


def in_attribute(text: str) -> str:
    """Words that a theme writes into its HTML as they are."""
    return text.replace("<", "&lt;").replace('"', "&quot;")


class Translator:
    """Says in a language what a book says in English; in none, all as it is written.

    `package` is the name of the folder that the book was read from. What each page says
    is in `pages`, by unit, and the words beside its prose in `words`. `errors` is what
    is wrong in the catalogs.
    """

    def __init__(
        self, catalogs: Catalogs, package: str = "", errors: Sequence[Diagnostic] = ()
    ) -> None:
        self.catalogs, self.language = catalogs, catalogs.language
        self.package, self.errors = package, errors
        self.pages = dict[str, list[tuple[Unit, Said]]]()
        self.words = dict[str, State]()

    @classmethod
    def read(cls, settings: Settings) -> "Translator":
        """The translator of a site; `OSError` if its catalogs cannot be read."""
        folder, language = settings.locale, settings.language
        if not language:
            return cls(Catalogs("", folder))
        catalogs, where = Catalogs.read(folder, language), folder / language
        if not catalogs.domains:
            _log.warning("%s has no catalogs: `litweave catalogs` makes them", where)
        key = digest(own(), files=files_in(folder / "glossary.csv", where))
        cache = settings.cache / f"faults-{language}.json"
        [rows] = answers(cache, key, [""], lambda _: [faults(catalogs)]).values()
        errors = [Diagnostic(Place(*place), *rest) for place, *rest in rows]
        return cls(catalogs, settings.root.name, errors)

    # ## Prose

    def expect(
        self, page: str, source: Module | str, place: Place, raw_html: bool
    ) -> None:
        """Say all units of a page, to know which entries stand there no longer."""
        if not self.language:
            return
        units = extract(source, place, self.package, raw_html)
        path, messages = place.path, dict.fromkeys(unit.message for unit in units)
        self.catalogs.adopt(messages, path, domain(path, self.package))
        self.pages[page] = [(unit, self.say(unit.message, path)) for unit in units]

    def say(self, message: str, path: str) -> Said:
        """The words for a message in a file."""
        entry, place = self.catalogs.best(message, domain(path, self.package))
        is_false = entry.fuzzy and scan(entry.msgstr)[1] != scan(message)[1]
        if is_false or not entry.msgstr:
            return Said(message, State.MISSING, place)
        state = State.CHANGED if entry.fuzzy else State.CURRENT
        return Said(entry.msgstr, state, place)

    def __call__(
        self, lines: Sequence[Line], place: Place, html: bool
    ) -> tuple[list[str], list[Place]]:
        """Prose in this language; what is translated is from a line of its catalog."""
        text = "\n".join(line for _, line in lines)
        places = [Place(place.path, place.line + number) for number, _ in lines]
        for piece in reversed(split(text, html)):
            start, end = piece.start, piece.end
            words, state, there = self.say(piece.message, place.path)
            # What is not translated keeps its lines, and so their numbers.
            if state == State.MISSING:
                words = text[start:end]
            else:
                words = words.replace("\n", " ")
                first, last = (text.count("\n", 0, at) for at in (start, end))
                if places[first].path == place.path:  # or another cell has the line
                    places[first : last + 1] = [there]
            text = text[:start] + _marked(piece, words, state, html) + text[end:]
        return text.split("\n"), places

    # ## Words beside prose

    def word(self, message: str) -> str:
        """Words beside prose, as those of a button, in this language or English."""
        if not message or not self.language:
            return message
        entry = self.catalogs.find(message, _INTERFACE)
        self.words[message] = State.CURRENT if entry else State.MISSING
        return str(entry.msgstr) if entry else message

    def translate_front(self, front: MutableMapping[str, Any]) -> None:
        """Put into words what a page says of itself above its text."""
        for name in ("title", "description") if self.language else ():
            if isinstance(front.get(name), str):
                front[name] = in_attribute(self.word(front[name]))

    def spoken(self, html: str) -> str:
        """HTML with the renderer's own words in this language."""

        def heading(message: str, path: str) -> str | None:
            said = self.say(message, path) if self.language else None
            if said is None or said.state == State.MISSING:
                return None
            return escape(scan(said.words)[0].replace(TAKEN, ""))

        return words.said(html, self.language or "en", self.word, heading)

    # ## All that is said

    @property
    def states(self) -> dict[Unit, State]:
        """All that was asked for: the prose of each page, and the words beside it."""
        pairs = chain.from_iterable(self.pages.values())
        states = {unit: said.state for unit, said in pairs}
        # Which words are asked for first depends on what is kept of a page.
        for text, state in sorted(self.words.items()):
            states[Unit(text, "words", _INTERFACE, _INTERFACE, 1)] = state
        return states

    def key(self, page: str) -> Iterable[str]:
        """What a page depends on for its language."""
        return (f"{said.state} {said.words}" for _, said in self.pages.get(page, ()))

    @property
    def interface(self) -> str:
        """What is shown of other pages; all of it is kept with each page."""
        shown, entries = {"words", "heading"}, self.catalogs.entries()
        found = (e for e, _ in entries if shown.intersection(e.comment.split("\n")))
        return repr([(entry.msgid, entry.msgstr) for entry in found])


# ## Marks

_EXERCISE = re.compile(r"\*\*((?:Exercise(?: \d+)?|Answer)\.)\*\*")
# The kinds of `prose.BEGINNINGS` of which the anchor of a heading has something.
_WORDS = {"code", "escape", "dollar", "tag"}
# Of a heading, what is no word: images, footnotes, where links lead.
_NO_WORDS = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|\[\^[^\]]*\]|\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->")


def _marked(piece: Piece, words: str, state: State, html: bool) -> str:
    """The words for a piece, with marks of its state, and of what it is in English."""
    if piece.kind in ("attribute", "label"):  # which HTML holds, and no element
        return words
    if state != State.CURRENT:
        english = f'data-english="{escape(piece.message)}"'
        shown = 'lang="en"' if state == State.MISSING else english
        tag = f'<span class="weave-unit-{state}" {shown}>'
        words = mark(tag, marks.TAG) + words + mark("</span>", marks.TAG)
    if exercise := _EXERCISE.match(piece.message):
        words = mark(exercise[1], marks.LABEL) + words
    if piece.kind == "heading":
        words = mark(_heading_words(piece.message, html), marks.SLUG) + words
    return words


def _heading_words(english: str, html: bool) -> str:
    """What of a heading its anchor is made of; without `html`, a tag is words."""

    def shown(found: re.Match[str]) -> str:
        if found.lastgroup == "link":
            return _heading_words(found["text"], html)
        return found[0] if found.lastgroup in _WORDS else ""

    text = _NO_WORDS.sub("", prose.BEGINNINGS.sub(shown, english))
    return unescape(_TAG.sub("", text) if html else text)
