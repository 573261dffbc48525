r"""# Blocks: prose in pieces that can be translated

A translator wants sentences, and a page wants its structure. So prose is cut into
*pieces*: those that are *units*, each the words of one block of Markdown, and all that
stands between them: marks of lists, fences, equations, tags, addresses.

```text
- $S$, `num`: the number of patches,     - $S$, `num`: │the number of patches, the rows│
  the rows                          ─▶

## A path { .path }                      ## │A path│ { .path }
```

A unit is the block and no more: a paragraph, a heading, an item of a list, the meaning
of an entry in a notation, a cell of a table, a title, a text between two tags. One that
changes makes one translation stale, and not a whole page of them. The lines of a unit
are joined, so that an author may reflow a paragraph.

`split` is **lossless**: its pieces, joined, are the prose. Where it cuts once too often
nothing is lost but the view of a translator; where a block is taken for a part of
another one, a page would change. So whatever may begin a block ends the unit above it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from litweave import prose
from litweave.features.languages.tags import ELEMENT, TAGS, attributes, texts
from litweave.features.languages.tokens import has_words, protected
from litweave.headings import MARK
from litweave.sections import Line

# What stands for a character of code in lines of its own, and of such an equation.
_CODE, _EQUATION = "\0", "\2"
_APART = f"[{_CODE}{_EQUATION}]"
_MARKER = re.compile(r"(?:[-*+]|\d+\.)(?:[ \t]+|$)")
_HEADING = re.compile(r"#{1,6}[ \t]*")
_DEFINITION = re.compile(r":[ \t]+(?=\S)")
_FOOTNOTE = re.compile(r"\[\^[^\]]*\]:[ \t]*")
_LABEL = re.compile(r"\*\[[^\]]*\]:|\[[^\]]*\]:[ \t]*\S+(?:[ \t]+[\"'(].*)?[ \t]*$")
_TITLED = re.compile(r'(?:!!!|\?\?\?\+?|===[!+]*)(?:[ ]+[\w -]+)?[ ]+"(.*)"[ \t]*$')
_OPENING = re.compile(r"(?:!!!|\?\?\?|===)[!+]*[ ]")
_QUOTE = re.compile(r"(?:[ \t]*>[ ]?)+")
_RULE = re.compile(r"(?:-[ ]{0,2}){3,}$|(?:\*[ ]{0,2}){3,}$|(?:_[ ]{0,2}){3,}$")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_UNDERLINE = re.compile(r"[ \t]*(?:=+|-+)[ \t]*$")
_SEPARATOR = re.compile(r"[ \t|:-]*-[ \t|:-]*$")
_ATTRIBUTES = re.compile(r"\{:?[^{}\n]*\}[ \t]*$")
# What ends a heading, a term or a cell: a mark, attributes, the signs that close it.
_END = re.compile(rf"[ \t]*(?:\{{:?[ ]*[^{{}}\n]*\}}|(?<=[ \t])#+|{MARK})*[ \t]*$")
_TERM = r"(?:\$[^$\n]+\$|`[^`\n]+`)"
_ENTRY = re.compile(rf"({_TERM}(?:, {_TERM})*):[ \t]+(?=\S)")
_HARD_BREAK = re.compile(r"[ ]{2,}$")
_NOTATION = re.compile(r"#{1,6} +Notation *#*")


@dataclass(frozen=True)
class Piece:
    """A part of some prose, as it stands there.

    A unit has a `kind`, and a `message`: its words on one line. A heading has both even
    if there is nothing in it to translate. `line` is where the piece begins, counted
    from 0. `is_part` tells that a block holds other units, or an equation, besides.
    """

    text: str
    line: int
    kind: str = ""
    message: str = ""
    unit: bool = False
    is_part: bool = False


def split(text: str, html: bool = True) -> list[Piece]:
    """The pieces of some prose; without `html`, a tag in it is words.

    Joined, they are the prose.
    """
    pieces, done, line = list[Piece](), 0, 0

    def add(end: int, **of_a_unit: object) -> None:
        nonlocal done, line
        if end > done:
            piece = Piece(text[done:end], line, **of_a_unit)  # type: ignore[arg-type]
            pieces.append(piece)
            line += piece.text.count("\n")
            done = end

    for span in _Splitter(text, html).spans():
        add(span.start)
        words = has_words(span.message)
        if words or span.kind == "heading":
            add(
                span.end,
                kind=span.kind,
                message=span.message,
                unit=words,
                is_part=span.is_part,
            )
    add(len(text))
    return pieces


def rewrite(
    text: str, translate: Callable[[Piece], str | None], html: bool = True
) -> list[Line]:
    """The lines of some prose in other words, each with the number of its own line.

    `translate` gives what to put in the place of a piece, or nothing to leave it as it
    is. Numbers are counted from 0.
    """
    parts = list[str]()
    numbers = [0]
    for piece in split(text, html):
        written = translate(piece) if piece.message else None
        if written is None:
            written = piece.text
            numbers += range(piece.line + 1, piece.line + 1 + written.count("\n"))
        else:
            numbers += [piece.line] * written.count("\n")
        parts.append(written)
    return list(zip(numbers, "".join(parts).split("\n"), strict=True))


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    kind: str
    message: str
    is_part: bool = False


@dataclass
class _Block:
    """A unit that is being read: its kind, and the stretches of text it has so far."""

    kind: str
    stretches: list[tuple[int, int]]
    is_part: bool = False


class _Splitter:
    """Goes through the lines of a text and finds the words in them."""

    def __init__(self, text: str, html: bool) -> None:
        self.text, self.html = text, html
        self.masked = _masked(text)
        self.protected = protected(self.masked)
        self.lines = self.masked.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.block: _Block | None = None
        self.found = list[_Span]()
        # Whether a block begins here; whether it began as a list; what went before.
        self.is_start, self.lists, self.was_code = True, False, False
        self.is_quote = self.in_notation = False
        self.number = 0

    def spans(self) -> list[_Span]:
        """The units, in their order."""
        while self.number < len(self.lines):
            self._line()
            self.number += 1
        self._end()
        return self.found

    # ## A line

    def _line(self) -> None:
        line = self.lines[self.number]
        at = self._quoted(line)
        if not line[at:].strip():
            self._end()
            self.is_start, self.lists, self.is_quote = True, False, bool(at)
            return
        at += _indent(line[at:])
        if not re.sub(_APART, "", line[at:]).strip(" \t.,;:!?)"):
            self._set_apart(line[at:])
            return
        if self._is_code(line):
            self._end()
            self.was_code = True
            return
        self.was_code = False
        if self.is_start or self._interrupts(line, at):
            self._end()
            self._begin(at)
        else:
            self._go_on(at, self.block)

    def _set_apart(self, rest: str) -> None:
        """A line of code or of an equation: what stands below one may go on."""
        kind = self.block.kind if self.block else "paragraph"
        self._end(is_part=True)
        if _CODE in rest:
            self.is_start = True
        elif not self.is_start:
            self.block = _Block(kind.partition(":")[0], [], is_part=True)

    def _written(self, line: str, at: int) -> str:
        start = self.starts[self.number] + at
        return self.text[start : self.starts[self.number] + len(line)]

    def _quoted(self, line: str) -> int:
        """Where the words of a line begin that stands in a quotation."""
        match = _QUOTE.match(line)
        if not match:
            return 0
        if not self.is_quote:
            self._end()
            self.is_start, self.is_quote = True, True
        return match.end()

    def _is_code(self, line: str) -> bool:
        deep = _indent(line)
        if not (self.is_start or self.was_code) or deep < 4:
            return False
        above = self.lines[: self.number]
        after_gap = not above or not above[-1].strip() or self.was_code
        return after_gap and deep - prose.depth(above, deep) >= 4

    def _interrupts(self, line: str, at: int) -> bool:
        """Whether something begins here, though there is no blank line above."""
        rest = line[at:]
        patterns = (_OPENING, _RULE, _DEFINITION, _FOOTNOTE, _LABEL, _ATTRIBUTES)
        return (
            any(pattern.match(rest) for pattern in patterns)
            or (rest[0] == "#" and bool(_HEADING.match(rest)))
            or (self.lists and bool(_MARKER.match(rest)))
            or (self.html and bool(self._tag(rest)))
        )

    # ## What begins in a line

    def _begin(self, at: int) -> None:
        """Begin a block at a place in the line, be it behind the mark of a list."""
        line = self.lines[self.number]
        was_start, self.is_start = self.is_start, False
        rest = line[at:]
        if not rest.strip():
            self.is_start = was_start
        elif match := _HEADING.match(rest):
            self.in_notation = bool(_NOTATION.match(rest))
            self._one("heading", at + match.end(), len(line))
            self.is_start, self.lists = True, False
        elif (was_start or self.lists) and (match := _MARKER.match(rest)):
            if _RULE.match(rest):
                self.is_start = True
                return
            self.lists = True
            self.is_start = True
            self._item(at + match.end())
        elif match := _DEFINITION.match(rest) or _FOOTNOTE.match(rest):
            self.is_start = True
            self._begin(at + match.end())
        elif any(p.match(rest) for p in (_RULE, _LABEL, _ATTRIBUTES)):
            self.is_start = was_start
        elif _OPENING.match(rest):
            self._title(at, rest)
        elif self.html and (match := self._tag(rest)):
            self._element(at, match)
        elif not (was_start and self._of_several_lines(at)):
            self._go_on(at, None)

    def _item(self, at: int) -> None:
        entry = _ENTRY.match(self._written(self.lines[self.number], at))
        if entry and self.in_notation:
            names = entry[1].replace("`", "")
            self.is_start = False
            self._go_on(at + entry.end(), _Block(f"entry: {names}", []))
        else:
            self._begin(at)
            if self.block and self.block.kind == "paragraph":
                self.block.kind = "item"

    def _title(self, at: int, rest: str) -> None:
        match = _TITLED.match(rest)
        if match:
            self._one("title", at + match.start(1), at + match.end(1))
        # What is indented below begins a block.
        self.is_start, self.lists = True, False

    def _of_several_lines(self, at: int) -> bool:
        """Whether the lines from here on are a title, a table or terms to define."""
        block = self._block_lines()
        below = block[1] if len(block) > 1 else ""
        if below and _UNDERLINE.match(below):
            self._one("heading", at, len(block[0]))
            self.number += 1
            self.is_start = True
        elif "|" in block[0] and "|" in below and _SEPARATOR.match(below):
            for number, row in enumerate(block):
                if number != 1:
                    self._row(row)
                self.number += 1
            self.number -= 1
        elif terms := self._terms(block):
            for number in range(terms):
                start = _indent(self.lines[self.number])
                self._one("term", start, len(self.lines[self.number]))
                self.number += number < terms - 1
        else:
            return False
        return True

    def _block_lines(self) -> Sequence[str]:
        """The lines from this one up to the next blank one."""
        end = self.number
        while end < len(self.lines) and self.lines[end].strip():
            end += 1
        return self.lines[self.number : end]

    def _terms(self, block: Sequence[str]) -> int:
        """How many lines are terms, each with a line of its own, above a definition."""
        if self.lists:
            return 0
        for number, line in enumerate(block):
            if _DEFINITION.match(line.lstrip()):
                return number
            if re.search(_APART, line):
                return 0
        after = self.number + len(block)
        while after < len(self.lines) and not self.lines[after].strip():
            after += 1
        follows = after < len(self.lines) and _DEFINITION.match(self.lines[after])
        return len(block) if follows else 0

    def _row(self, row: str) -> None:
        """The cells of a row of a table."""
        start = self.starts[self.number]
        shown = self.protected[start : start + len(row)]
        edges = [-1, *(m.start() for m in re.finditer(r"\|", shown)), len(row)]
        for left, right in pairwise(edges):
            self._one("cell", left + 1, right)

    # ## HTML

    def _tag(self, rest: str) -> re.Match[str] | None:
        """The tag, or the comment, that a block of HTML begins with."""
        match = ELEMENT.match(rest)
        return match if match and (match["name"] or "").lower() in TAGS else None

    def _element(self, at: int, match: re.Match[str]) -> None:
        """A tag, and what is in its element unless that is Markdown."""
        start = self.starts[self.number] + at
        end = texts(self.masked, start)
        for kind, left, right in end.found:
            self._note(
                _Span(left, right, kind, joined(*self.text[left:right].split("\n")))
            )
        self.number = bisect_right(self.starts, max(end.end - 1, start)) - 1
        rest = end.end - self.starts[self.number]
        self.is_start = True
        line = self.lines[self.number]
        if line[rest:].strip():
            self._begin(rest + _indent(line[rest:]))

    # ## Units

    def _one(self, kind: str, start: int, end: int) -> None:
        """A unit that ends with its line."""
        line = self.starts[self.number]
        written = self.text[line + start : line + end]
        start += _indent(written)
        written = _END.sub("", written.strip()) if kind != "title" else written.strip()
        if written:
            first = line + start
            self._note(_Span(first, first + len(written), kind, joined(written)))

    def _go_on(self, at: int, block: _Block | None) -> None:
        """Add the words of a line, of which some may be equations, to a unit."""
        line, start = self.lines[self.number], self.starts[self.number] + at
        self.block = block or _Block("paragraph", [])
        kind = self.block.kind.partition(":")[0]
        for part in re.finditer(rf"({_APART}+)|[^{_CODE}{_EQUATION}]+", line[at:]):
            if part[1]:
                self._end(is_part=True)
                self.block = _Block(kind, [], is_part=True)
            else:
                self.block.stretches.append((start + part.start(), start + part.end()))
        if _HARD_BREAK.search(line):
            self._end(is_part=True)
            self.block = _Block(kind, [], is_part=True)

    def _end(self, is_part: bool = False) -> None:
        """No more words belong to the unit that was being read."""
        block, self.block = self.block, None
        if block and block.stretches:
            words = [self.text[start:end] for start, end in block.stretches]
            start = block.stretches[0][0] + _indent(words[0])
            end = block.stretches[-1][1]
            end -= len(words[-1]) - len(words[-1].rstrip())
            message = joined(*words)
            parts = block.is_part or is_part
            if end > start:
                self._note(_Span(start, end, block.kind, message, parts))

    def _note(self, span: _Span) -> None:
        """Note a unit; of a mere tag, what it says to those who cannot see it."""
        if self.html and "<" in span.message and not has_words(span.message):
            for kind, left, right in attributes(self.masked, span.start, span.end):
                message = joined(*self.text[left:right].split("\n"))
                self.found.append(_Span(left, right, kind, message))
        else:
            self.found.append(span)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def joined(*lines: str) -> str:
    """Lines as one, with a space between two unless both are Chinese or Japanese."""
    whole = ""
    for line in lines:
        line = line.strip()
        tight = whole and line and _CJK.match(whole[-1]) and _CJK.match(line)
        whole += line if tight or not whole else f" {line}"
    return whole


def _masked(text: str) -> str:
    """A text as long, in which code and equations in lines of their own are blotted."""
    parts, done = list[str](), 0
    for start, end, blot in _apart(text):
        parts += [text[done:start], re.sub(r"[^\n]", blot, text[start:end])]
        done = end
    return "".join([*parts, text[done:]])


def _apart(text: str) -> Iterator[tuple[int, int, str]]:
    for match in prose.BEGINNINGS.finditer(text):
        kind = match.lastgroup or ""
        start = match.start() + _indent(match[0])
        if kind in {"fence", "example", "directive"}:
            yield start, match.end(), _CODE
        elif kind in {"environment", "lone"} or (
            kind in {"display", "bracket"}
            and ("\n" in match[0] or _is_alone(text, match.start(), match.end()))
        ):
            yield start, match.end(), _EQUATION


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether there are no words before, or behind, in the same line."""
    line_end = text.find("\n", end)
    after = text[end : line_end if line_end >= 0 else len(text)]
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return not before.strip(" \t>") and not has_words(after)
