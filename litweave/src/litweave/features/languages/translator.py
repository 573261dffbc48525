r"""Translator: a unit becomes words, and a block of the page knows their state.

The state is known where prose is words, and shown where it is HTML. Between the two is
Markdown, so a block begins with a *mark* of characters that Markdown leaves alone (see
[`headings`][]).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from html import escape, unescape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocTreeprocessor, unique
from markdown.postprocessors import Postprocessor

from litweave import prose
from litweave.diagnostics import Place
from litweave.dialect import add_step
from litweave.exercises import LABEL as LABEL_NAME
from litweave.features.languages.catalogs import Catalogs, Entry, Unit, domain, pair
from litweave.features.languages.markup import PHRASES
from litweave.features.languages.tokens import tokens
from litweave.features.languages.units import Piece, rewrite
from litweave.headings import MARK, mark, said
from litweave.sections import Line

INTERFACE = "interface"
"""The catalog of the words beside prose."""

# One that is no anchor's.
_STRAY = re.compile(rf"(?!\ue100){MARK}")
# What stands within HTML bears no mark.
_UNMARKED = {"attribute", "label", "html"}
_EXERCISE = re.compile(r"\*\*((?:Exercise(?: \d+)?|Answer)\.)\*\*")
_HEADING = re.compile(r"h[1-6]")
# Of a heading, what is no word: the rest of links, footnotes, images, tags, emphasis.
_NO_WORDS = re.compile(
    r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|\[\^[^\]]*\]|\]\([^)]*\)|\]\[[^\]]*\]|[\[\]]"
)
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->")
# What stands for something that is none of these, by its number.
_KEPT = re.compile("\ue000(\\d+)\ue001")


class State(StrEnum):
    """How a translation stands to the English of today.

    One of older English is shown, as changed, while its tokens are those of the present
    one: then nothing that a reader computes or follows is out of date. Else the English
    is shown.
    """

    CURRENT, CHANGED, MISSING = "current", "changed", "missing"


# A block has a mark of its state. Other marks: it is a heading, whose anchor its
# English words make in every language; an exercise or its answer, which `exercises`
# knows by an English label.
_MARKS = {State.MISSING: "\ue103", State.CHANGED: "\ue104", State.CURRENT: "\ue105"}
_SLUG, _LABEL = "\ue102", "\ue106"
_OF_BLOCK = re.compile(rf"(?=[\ue103-\ue106]){MARK}")
_OF_HEADING = re.compile(rf"(?={_SLUG}){MARK}")


@dataclass(frozen=True)
class Said:
    """The words for a unit, their state, and the line of a catalog that has them."""

    words: str
    state: State
    place: Place | None = None


@dataclass
class Translator:
    """Says in a language what a book says in English.

    `package` is the name of the folder that the book was read from. What each page says
    is in `pages`, by unit, and the words beside its prose in `words`.
    """

    catalogs: Catalogs
    package: str = ""
    pages: dict[str, list[tuple[Unit, Said]]] = field(default_factory=dict)
    words: dict[str, State] = field(default_factory=dict)
    pairs: dict[str, dict[str, Entry]] = field(default_factory=dict)

    @property
    def units(self) -> list[Unit]:
        """All that was asked for: the prose of each page, and the words beside it."""
        prose = [unit for units in self.pages.values() for unit, _ in units]
        place = Place(INTERFACE, 1)
        # Which is asked for first depends on what is kept of a page.
        words = [Unit(m, "words", INTERFACE, place) for m in sorted(self.words)]
        return [*prose, *words]

    def expect(self, page: str, units: Sequence[Unit]) -> None:
        """Know all units of a page, and say them, before one of them is asked for.

        Only then is it known which entries of the catalog stand there no longer.
        """
        messages = dict.fromkeys(unit.message for unit in units)
        for source in {unit.place.path for unit in units}:
            name = domain(source, self.package)
            new = [text for text in messages if not self.catalogs.find(text, name)]
            gone = self.catalogs.gone(source, name, messages.keys()) if new else []
            self.pairs[source] = pair(new, gone)
        self.pages[page] = [(u, self.say(u.message, u.place.path)) for u in units]

    def say(self, message: str, source: str) -> Said:
        """The words for a message in a file."""
        entry = self.catalogs.find(message, domain(source, self.package))
        if entry and not entry.in_doubt:
            return Said(entry.translation, State.CURRENT, entry.place)
        entry = entry or self.pairs.get(source, {}).get(message)
        if entry and tokens(entry.translation) == tokens(message):
            return Said(entry.translation, State.CHANGED, entry.place)
        return Said(message, State.MISSING)

    def word(self, message: str) -> str:
        """Words beside prose, as those of a button, in this language or English."""
        if not message:
            return message
        entry = self.catalogs.find(message, INTERFACE)
        known = entry is not None and not entry.in_doubt
        self.words[message] = State.CURRENT if known else State.MISSING
        return entry.translation if entry and known else message

    def rewritten(
        self, lines: Sequence[Line], place: Place, page: str, html: bool
    ) -> tuple[list[str], list[Place]]:
        """The lines of some prose in this language, each with the place it is from.

        The lines of the English are counted from `place`. What is translated is from
        its line in the catalog.
        """
        catalogued = dict[int, Place]()

        def translate(piece: Piece) -> str | None:
            spoken = Said(piece.text, State.CURRENT)
            if piece.unit:
                spoken = self.say(piece.message, place.path)
            if spoken.place:
                catalogued[piece.line] = spoken.place
            return _marked(piece, spoken, html)

        found = rewrite("\n".join(line for _, line in lines), translate, html)
        places = [
            catalogued.get(number) or Place(place.path, place.line + lines[number][0])
            for number, _ in found
        ]
        return [line for _, line in found], places


# ## Marks


def _marked(piece: Piece, spoken: Said, html: bool) -> str:
    """The words for a piece, with the marks of its state."""
    # What is not translated keeps its lines, and so their numbers.
    is_missing = spoken.state == State.MISSING
    words = piece.text if is_missing else spoken.words
    if piece.kind == "html" and spoken.state != State.CURRENT:
        # Markdown does not read it.
        more = 'lang="en"' if is_missing else f'data-english="{escape(piece.message)}"'
        return f'<span class="weave-{spoken.state}" {more}>{words}</span>'
    if piece.unit and piece.kind not in _UNMARKED:
        english = piece.message if spoken.state == State.CHANGED else ""
        words = mark(english, _MARKS[spoken.state]) + words
        exercise = _EXERCISE.match(piece.message)
        if exercise and not is_missing:
            words = mark(exercise[1], _LABEL) + words
    if piece.kind == "heading":
        words = mark(_heading_words(piece.message, html), _SLUG) + words
    return words


def _heading_words(english: str, html: bool) -> str:
    """What a reader of a heading reads, but for its formulas; an anchor is made of it.

    Without `html`, a tag is words.
    """
    kept = list[str]()

    def keep(found: re.Match[str]) -> str:
        shown = {
            "code": found[0].strip("`").strip(),
            "link": _heading_words(found["text"] or "", html),
            "escape": found[0][1:],
            "dollar": found[0],
        }
        if found.lastgroup == "tag":
            return found[0]
        kept.append(shown.get(found.lastgroup or "", ""))
        return f"\ue000{len(kept) - 1}\ue001"

    text = prose.BEGINNINGS.sub(keep, english)
    text = _TAG.sub("", text) if html else text
    text = unescape(_EMPHASIS.sub("", _NO_WORDS.sub("", text)))
    return _KEPT.sub(lambda match: kept[int(match[1])], text)


class States(Extension):
    """The Markdown extension that turns marks into attributes and anchors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run after inline patterns (20), and right before the contents (5)."""
        add_step(md, "states", 16, _set_states)
        add_step(md, "slugs", 6, partial(_set_slugs, md))
        md.postprocessors.register(_Strays(md), "weave-strays", 0)


def _set_states(root: Element) -> None:
    blocks = defaultdict[Element, list[str]](list)
    for block, found in _taken(root, root, _OF_BLOCK):
        blocks[block] += found
    for block, marks in blocks.items():
        for text in marks:
            if text[0] == _LABEL:
                block.set(LABEL_NAME, said(text))
        _describe(block, marks)


def _taken(
    element: Element, block: Element, pattern: re.Pattern[str]
) -> Iterator[tuple[Element, list[str]]]:
    """Take the marks out of an element; each with the block that it stands in."""
    block = block if _is_phrase(element) else element
    if element.text and (found := pattern.findall(element.text)):
        element.text = pattern.sub("", element.text)
        yield block, found
    for child in element:
        yield from _taken(child, block, pattern)
        if child.tail and (found := pattern.findall(child.tail)):
            child.tail = pattern.sub("", child.tail)
            yield block, found


def _is_phrase(element: Element) -> bool:
    return element.tag in PHRASES or element.tag in {"img", "input"}


def _describe(block: Element, marks: Iterable[str]) -> None:
    """Tell a block's state, unless all of it is translated."""
    signs = {text[0] for text in marks}
    states = [state for state, sign in _MARKS.items() if sign in signs]
    classes = [f"weave-{state}" for state in states if state != State.CURRENT]
    if not classes:
        return
    element = _own(block)
    element.set("class", " ".join(filter(None, [element.get("class"), *classes])))
    if states == [State.MISSING]:
        element.set("lang", "en")
    english = [said(text) for text in marks if text[0] == _MARKS[State.CHANGED]]
    if english:
        element.set("data-english", "\n".join(english))


def _own(block: Element) -> Element:
    """The element of a block's own words: those of a list within it are others'."""
    inner = [not _is_phrase(child) for child in block]
    if block.tag not in {"li", "dd", "td"} or True not in inner:
        return block
    words, first = Element("span"), inner.index(True)
    words.text, block.text = block.text, None
    for child in block[:first]:
        block.remove(child)
        words.append(child)
    words.tail = "\n"
    block.insert(0, words)
    return words


def _set_slugs(md: Markdown, root: Element) -> None:
    found = [toc for toc in md.treeprocessors if isinstance(toc, TocTreeprocessor)]
    taken = {element.get("id", "") for element in root.iter()}
    for heading, marks in _taken(root, root, _OF_HEADING):
        if _HEADING.fullmatch(str(heading.tag)) and heading.get("id") is None:
            for toc in found:
                words = toc.slugify(said(marks[0]), toc.sep)
                heading.set("id", unique(words, taken))


class _Strays(Postprocessor):
    """Takes away what stands where Markdown sees no block, as within code."""

    def run(self, text: str) -> str:
        return _STRAY.sub("", text)
