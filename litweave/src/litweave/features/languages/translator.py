r"""# Translator: a unit becomes words

| state | the English | the page shows |
|---|---|---|
| current | is in the catalog | its translation |
| changed | was made of a sentence that is | that sentence's translation, and says so |
| missing | is not | the English |

A translation of what the English was before may still say what it says now, but for a
word. It is shown while its formulas, its code and its links are those of the present
English: then nothing that a reader computes or follows is out of date. Otherwise the
English is shown, as if there were no translation.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape

from litweave.diagnostics import Place
from litweave.features.languages import marks
from litweave.features.languages.blocks import Piece, rewrite
from litweave.features.languages.catalogs import Catalogs, Entry, Unit, domain, pair
from litweave.features.languages.tokens import tokens
from litweave.sections import Line

# What stands within a tag, or where no element may stand, bears no mark.
_UNMARKED = {"attribute", "label"}
INTERFACE = "interface"


class State(StrEnum):
    """How a translation stands to the English of today."""

    CURRENT = "current"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True)
class Said:
    """The words for a unit, their state, and the line of a catalog that has them."""

    words: str
    state: State
    place: Place | None = None


@dataclass(frozen=True)
class Unfinished:
    """A unit on a page that is not translated, or was changed since."""

    page: str
    unit: Unit
    state: State


@dataclass
class Translator:
    """Says in a language what a book says in English.

    `package` is the name of the folder that the book was read from. What each page says
    is in `pages`, by unit, and the words beside its prose in `words`.
    """

    catalogs: Catalogs
    package: str = ""
    pages: dict[str, list[tuple[Unit, State]]] = field(default_factory=dict)
    words: dict[str, State] = field(default_factory=dict)
    pairs: dict[str, dict[str, Entry]] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The language that it speaks."""
        return self.catalogs.language

    def expect(self, page: str, units: Iterable[Unit]) -> list[Said]:
        """Know all units of a page before one of them is asked for, and say them.

        Only then is it known which entries of the catalog stand there no longer.
        """
        by_source = dict[str, list[Unit]]()
        units = list(units)
        for unit in units:
            by_source.setdefault(unit.place.path, []).append(unit)
        for source, found in by_source.items():
            self.pairs[source] = self._pairs(source, found)
        said = [self.say(unit.message, unit.place.path) for unit in units]
        states = (words.state for words in said)
        self.pages[page] = list(zip(units, states, strict=True))
        return said

    @property
    def counts(self) -> dict[str, Counter[State]]:
        """How many units of each state there are on each page."""
        return {
            page: Counter(state for _, state in units)
            for page, units in self.pages.items()
        }

    @property
    def unfinished(self) -> list[Unfinished]:
        """All units that are not translated, or were changed since."""
        return [
            Unfinished(page, unit, state)
            for page, units in self.pages.items()
            for unit, state in units
            if state != State.CURRENT
        ]

    @property
    def units(self) -> list[Unit]:
        """All that was asked for: the prose of each page, and the words beside it."""
        prose = [unit for units in self.pages.values() for unit, _ in units]
        place = Place(INTERFACE, 1)
        # Which is asked for first depends on what is kept of a page.
        words = [Unit(m, "words", place, INTERFACE) for m in sorted(self.words)]
        return [*prose, *words]

    def word(self, message: str) -> str:
        """Words beside prose, such as those of a button, in this language or English.

        They have a catalog of their own, `interface.po`.
        """
        entry = self.catalogs.find(message, INTERFACE) if message else None
        entry = None if entry and entry.in_doubt else entry
        if message:
            self.words[message] = State.CURRENT if entry else State.MISSING
        return entry.translation if entry else message

    def _pairs(self, source: str, units: Sequence[Unit]) -> dict[str, Entry]:
        """What the sentences of a file that are new were made of."""
        name = domain(source, self.package)
        present = {unit.message for unit in units}
        messages = list(dict.fromkeys(unit.message for unit in units))
        new = [text for text in messages if not self.catalogs.find(text, name)]
        gone = self.catalogs.gone(source, name, present) if new else []
        return pair(new, gone)

    def say(self, message: str, source: str) -> Said:
        """The words for a message in a file."""
        entry = self.catalogs.find(message, domain(source, self.package))
        if entry and not entry.in_doubt:
            return Said(entry.translation, State.CURRENT, entry.place)
        entry = entry or self.pairs.get(source, {}).get(message)
        if entry and tokens(entry.translation) == tokens(message):
            return Said(entry.translation, State.CHANGED, entry.place)
        return Said(message, State.MISSING)

    # ## Prose

    def rewritten(
        self, lines: Sequence[Line], place: Place, page: str, html: bool
    ) -> tuple[list[str], list[Place]]:
        """The lines of some prose in this language, each with the place it is from.

        The lines of the English are counted from `place`. What is translated is from
        its line in the catalog.
        """
        catalogued = dict[int, Place]()

        def translate(piece: Piece) -> str | None:
            said = Said(piece.text, State.CURRENT)
            if piece.unit:
                said = self.say(piece.message, place.path)
            if said.place:
                catalogued[piece.line] = said.place
            return _marked(piece, said, html)

        text = "\n".join(line for _, line in lines)
        found = rewrite(text, translate, html)
        places = [
            catalogued.get(number) or Place(place.path, place.line + lines[number][0])
            for number, _ in found
        ]
        return [line for _, line in found], places


def _marked(piece: Piece, said: Said, html: bool) -> str:
    """The words for a piece as Markdown, with its marks."""
    # What is not translated keeps its lines, and so their numbers.
    words = piece.text if said.state == State.MISSING else said.words
    if not piece.unit or piece.kind in _UNMARKED:
        pass
    elif piece.kind == "html":
        return _element(piece, said, words)
    elif said.state == State.MISSING:
        words = marks.missing() + words
    elif said.state == State.CHANGED:
        words = marks.changed(piece.message) + words
    elif piece.is_part:
        words = marks.current() + words
    if piece.unit and said.state != State.MISSING:
        words = marks.label(piece.message) + words
    if piece.kind == "heading":
        words = marks.anchor(piece.message, html) + words
    return words


def _element(piece: Piece, said: Said, words: str) -> str:
    """Words in HTML, which Markdown does not read: their state is an element."""
    if said.state == State.MISSING:
        return f'<span class="weave-missing" lang="en">{words}</span>'
    if said.state == State.CHANGED:
        english = escape(piece.message)
        return f'<span class="weave-changed" data-english="{english}">{words}</span>'
    return words
