r"""Units: prose cut into what is translated.

A *unit* is the words of one block of Markdown, its lines joined. Whatever may begin a
block ends the unit above it: cut once too often, nothing is lost but a translator's
view; where two blocks are taken for one, the page would change.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise

from litweave import prose
from litweave.features.languages import markup
from litweave.features.languages.tokens import blot, has_words, protected
from litweave.headings import MARK, is_notation
from litweave.sections import Line, depth

# What stands for a character of code in lines of its own, and of such an equation.
_LISTING, _EQUATION = "\0", "\2"
_APART = _LISTING + _EQUATION
# The kinds of `prose.BEGINNINGS` that they stand for.
_SIGNS = {
    **dict.fromkeys(["fence", "example", "directive"], _LISTING),
    **dict.fromkeys(["environment", "lone", "display", "bracket"], _EQUATION),
}
_MARKER = re.compile(r"(?:[-*+]|\d+\.)(?:[ \t]+|$)")
_HEADING = re.compile(r"#{1,6}[ \t]*")
_DEFINITION = re.compile(r":[ \t]+(?=\S)")
_INNER = re.compile(rf"{_DEFINITION.pattern}|\[\^[^\]]*\]:[ \t]*")
_RULE = re.compile(r"(?:-[ ]{0,2}){3,}$|(?:\*[ ]{0,2}){3,}$|(?:_[ ]{0,2}){3,}$")
_WORDLESS = re.compile(
    rf"{_RULE.pattern}"
    r"|\*\[[^\]]*\]:"  # an abbreviation
    r"|\[[^\]]*\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?[ \t]*$"  # a label
    r"|\{:?[^{}\n]*\}[ \t]*$"  # attributes
)
_OPENING = re.compile(r"(?:!!!|\?\?\?|===)[!+]*[ ]")
_TITLED = re.compile(r'(?:!!!|\?\?\?\+?|===[!+]*)(?:[ ]+[\w -]+)?[ ]+"(.*)"[ \t]*$')
_QUOTE = re.compile(r"(?:[ \t]*>[ ]?)+")
_UNDERLINE = re.compile(r"[ \t]*(?:=+|-+)[ \t]*$")
_SEPARATOR = re.compile(r"[ \t|:-]*-[ \t|:-]*$")
# What ends a heading, a term or a cell: a mark, attributes, the signs that close it.
_END = re.compile(rf"\s*(?:\{{:?[ ]*[^{{}}\n]*\}}|(?<=[ \t])#+|{MARK})*\s*$")
_TERM = r"(?:\$[^$\n]+\$|`[^`\n]+`)"
_ENTRY = re.compile(rf"({_TERM}(?:, {_TERM})*):[ \t]+(?=\S)")
# An equation, or what stands between two; a hard break is nothing, at the end.
_PARTS = re.compile(rf"(?P<apart>[{_APART}]+|(?<=[ ]{{2}})$)|[^{_APART}]+")
_CJK = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_TIGHT = re.compile(rf"(?<={_CJK})\n(?={_CJK})")


@dataclass(frozen=True)
class Piece:
    """A part of some prose, as it stands there.

    A unit has a `kind`, and a `message`: its words on one line. A heading has both even
    if there is nothing in it to translate. `line` is where the piece begins, counted
    from 0.
    """

    text: str = ""
    line: int = 0
    kind: str = ""
    message: str = ""
    unit: bool = False


def split(text: str, html: bool = True) -> list[Piece]:
    """The pieces of some prose, which are the prose if joined.

    Without `html`, a tag in it is words.
    """
    pieces, line, done = list[Piece](), 0, 0
    for start, end, unit in [*_Splitter(text, html).units(), (len(text), 0, Piece())]:
        middle = max(done, start)
        for part, piece in ((text[done:middle], Piece()), (text[middle:end], unit)):
            if part:
                pieces.append(replace(piece, text=part, line=line))
                line += part.count("\n")
        done = max(done, end)
    return pieces


def rewrite(
    text: str, translate: Callable[[Piece], str | None], html: bool = True
) -> list[Line]:
    """The lines of some prose in other words, each with the number of its own line.

    `translate` gives what to put in the place of a piece, or nothing to leave it as it
    is. Numbers are counted from 0.
    """
    parts, numbers = list[str](), [0]
    for piece in split(text, html):
        written = translate(piece) if piece.message else None
        if written is None:
            written = piece.text
            numbers += range(piece.line + 1, piece.line + 1 + written.count("\n"))
        else:
            numbers += [piece.line] * written.count("\n")
        parts.append(written)
    return list(zip(numbers, "".join(parts).split("\n"), strict=True))


def joined(text: str) -> str:
    """Lines as one, with a space between two unless both are Chinese or Japanese."""
    whole = "\n".join(map(str.strip, text.split("\n"))).lstrip()
    return _TIGHT.sub("", whole).replace("\n", " ")


class _Splitter:
    """Goes through the lines of a text and finds the words in them."""

    def __init__(self, text: str, html: bool) -> None:
        self.text, self.html = text, html
        self.masked = _masked(text)
        self.lines = self.masked.split("\n")
        lengths = (len(line) + 1 for line in self.lines)
        self.starts = list(accumulate(lengths, initial=0))
        self.number = 0
        self.found = list[tuple[int, int, Piece]]()
        # Of the unit that is being read: its kind, and its stretches of text so far.
        self.kind = ""
        self.stretches = list[tuple[int, int]]()
        # Whether a block begins here; whether it began as a list; what went before.
        self.is_start, self.in_list, self.was_code = True, False, False
        self.is_quote = self.in_notation = False

    @cached_property
    def protected(self) -> str:
        return protected(self.masked)

    def units(self) -> list[tuple[int, int, Piece]]:
        """The units of the text, and from where to where each goes."""
        while self.number < len(self.lines):
            self._line()
            self.number += 1
        self._end()
        return self.found

    def _line(self) -> None:
        line = self.lines[self.number]
        quote = _QUOTE.match(line)
        if quote and not self.is_quote:
            self._end()
            self.is_start = self.is_quote = True
        rest = line[quote.end() if quote else 0 :].lstrip(" \t")
        at = len(line) - len(rest)
        if not rest.strip():
            self._end()
            self.is_start, self.in_list, self.is_quote = True, False, bool(quote)
        elif not rest.strip(f"{_APART} \t.,;:!?)"):
            # Words below code begin a block; those below an equation may go on.
            kind = self._end()
            if _LISTING in rest:
                self.is_start = True
            elif not self.is_start:
                self.kind = kind
        elif self._is_code(line):
            self._end()
            self.was_code = True
        else:
            self.was_code = False
            self._begin(at)

    def _is_code(self, line: str) -> bool:
        above, deep = self.lines[: self.number], _indent(line)
        after_gap = self.was_code or not above or not above[-1].strip()
        return after_gap and deep - depth(above, deep) >= 4

    # ## What begins in a line

    def _begin(self, at: int, kind: str = "paragraph") -> None:
        """Begin a block at a place in the line, if one begins there, or go on.

        It may stand behind the mark of a list. A mere paragraph has a gap above it.
        """
        line = self.lines[self.number]
        was_start, self.is_start = self.is_start, False
        rest = line[at:]
        if match := _HEADING.match(rest):
            self._end()
            self._heading(rest, at + match.end())
        elif (was_start or self.in_list) and (match := _MARKER.match(rest)):
            self._end()
            self.is_start = True
            if not _RULE.match(rest):
                self.in_list = True
                self._item(at + match.end())
        elif match := _INNER.match(rest):
            self._end()
            self.is_start = True
            self._begin(at + match.end(), kind)
        elif not rest.strip() or _WORDLESS.match(rest):
            self._end()
            self.is_start = was_start
        elif _OPENING.match(rest):
            self._end()
            if match := _TITLED.match(rest):
                self._one("title", at + match.start(1), at + match.end(1))
            # What is indented below begins a block.
            self.is_start, self.in_list = True, False
        elif self.html and markup.begins(rest):
            self._element(at, kind)
        elif not was_start:
            self._go_on(at)
        elif not self._of_several_lines(at):
            self._go_on(at, kind)

    def _heading(self, rest: str, at: int) -> None:
        self.in_notation = is_notation(rest.rstrip())
        self._one("heading", at, len(self.lines[self.number]))
        self.is_start, self.in_list = True, False

    def _item(self, at: int) -> None:
        start, end = self.starts[self.number] + at, self.starts[self.number + 1]
        entry = _ENTRY.match(self.text[start : end - 1])
        if entry and self.in_notation:
            self.is_start = False
            self._go_on(at + entry.end(), f"entry: {entry[1].replace('`', '')}")
        else:
            self._begin(at, "item")

    def _of_several_lines(self, at: int) -> bool:
        """Whether the lines from here on are a title, a table or terms to define."""
        end = self.number
        while end < len(self.lines) and self.lines[end].strip():
            end += 1
        block = self.lines[self.number : end]
        below = block[1] if len(block) > 1 else ""
        if below and _UNDERLINE.match(below):
            self._one("heading", at, len(block[0]))
            self.number += 1
            self.is_start = True
        elif "|" in block[0] and "|" in below and _SEPARATOR.match(below):
            for number in (self.number, *range(self.number + 2, end)):
                self._row(number)
            self.number = end - 1
        elif terms := self._terms(block, end):
            for line in block[:terms]:
                self._one("term", 0, len(line))
                self.number += 1
            self.number -= 1
        else:
            return False
        return True

    def _terms(self, block: Sequence[str], end: int) -> int:
        """How many lines are terms, each with a line of its own, above a definition."""
        below = next(filter(str.strip, self.lines[end:]), "")
        for number, line in enumerate([*map(str.lstrip, block), below]):
            if _DEFINITION.match(line):
                return 0 if self.in_list else number
            if not {*line}.isdisjoint(_APART):
                break
        return 0

    def _row(self, number: int) -> None:
        """The cells of a row of a table."""
        self.number = number
        row, start = self.lines[number], self.starts[number]
        shown = self.protected[start : start + len(row)]
        edges = [-1, *(m.start() for m in re.finditer(r"\|", shown)), len(row)]
        for left, right in pairwise(edges):
            self._one("cell", left + 1, right)

    def _element(self, at: int, kind: str) -> None:
        """A tag, and what is in its element unless that is Markdown."""
        self._end()
        start = self.starts[self.number] + at
        first = markup.begins(self.masked, start)
        assert first
        end, found = markup.texts(self.masked, first)
        for what, left, right in found:
            self._note(what, (left, right))
        self.number = bisect_right(self.starts, max(end - 1, start)) - 1
        self.is_start = True
        rest = self.masked[end : self.starts[self.number + 1] - 1]
        if rest.strip():
            self._begin(end - self.starts[self.number] + _indent(rest), kind)

    # ## Units

    def _one(self, kind: str, start: int, end: int) -> None:
        """A unit that ends with its line."""
        start, end = (self.starts[self.number] + place for place in (start, end))
        last = _END.search(self.text, start, end)
        self._note(kind, (start, last.start() if last and kind != "title" else end))

    def _go_on(self, at: int, kind: str = "") -> None:
        """Add the words of a line, of which some may be equations, to a unit."""
        start, self.kind = self.starts[self.number], kind or self.kind
        for part in _PARTS.finditer(self.lines[self.number], at):
            if part.lastgroup:
                # The unit ends, and its block goes on.
                self.kind = self._end()
            else:
                self.stretches.append((start + part.start(), start + part.end()))

    def _end(self) -> str:
        """No more words belong to the unit that was being read; its kind."""
        kind, stretches = self.kind or "paragraph", self.stretches
        self.kind, self.stretches = "", []
        self._note(kind, *stretches)
        return kind.partition(":")[0]

    def _note(self, kind: str, *stretches: tuple[int, int]) -> None:
        """Note a unit; of a mere tag, what it says to those who cannot see it."""
        lines = [self.text[start:end] for start, end in stretches]
        message = joined("\n".join(lines))
        if not message:
            return
        start = stretches[0][0] + _indent(lines[0])
        end = stretches[-1][0] + len(lines[-1].rstrip())
        words = has_words(message)
        if not words and self.html and "<" in message and kind != "attribute":
            tags = markup.TAG.finditer(self.masked, start, end)
            for said, left, right in markup.attributes(tags):
                self._note(said, (left, right))
        elif words or kind == "heading":
            self.found.append((start, end, Piece("", 0, kind, message, words)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _masked(text: str) -> str:
    """A text with signs for the code and the equations in lines of their own."""

    def mask(match: re.Match[str]) -> str:
        whole, kind = match[0], match.lastgroup or ""
        may_be_words = kind in {"display", "bracket"} and "\n" not in whole
        if kind not in _SIGNS or (may_be_words and not _is_alone(match)):
            return whole
        start = _indent(whole)
        return whole[:start] + blot(whole[start:], _SIGNS[kind])

    return prose.BEGINNINGS.sub(mask, text)


def _is_alone(match: re.Match[str]) -> bool:
    """Whether there are no words before, or behind, in the same line."""
    before = match.string[: match.start()].rpartition("\n")[2]
    after = match.string[match.end() :].partition("\n")[0]
    return not before.strip(" \t>") and not has_words(after)
