r"""Units: prose cut into what is translated, and the tokens that a translation keeps.

A *unit* is the words of one block of Markdown, its lines joined. A *token* is what is
the same in every language: a formula, code, where a link leads. Whatever may begin a
block ends the unit above it: cut once too often, nothing is lost but a translator's
view; where two blocks are taken for one, the page would change.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple

from markdown.util import BLOCK_LEVEL_ELEMENTS

from litweave import prose
from litweave.headings import MARK
from litweave.sections import Line

# ## Tokens

TAKEN = "\x01"
"""What stands for a character that belongs to a token."""

# The kinds of `prose.BEGINNINGS` that are tokens as a whole.
_WHOLE = {
    **dict.fromkeys(["display", "inline", "paren", "bracket"], "formula"),
    **dict.fromkeys(["code", "role"], "code"),
}
# Of a link, what stands in its brackets is words; the rest is a token.
_OTHERS = re.compile(
    r"""
    \]\( \s* (?P<target> <[^<>\n]*> | (?: [^()\s] | \( [^()\s]* \) )* )
      (?: \s+ (?: "[^"\n]*" | '[^'\n]*' ) )? \s* \)
  | \[\^ (?P<footnote> [^\]\n]+ ) \]
  | \]\[ (?P<label> [^\[\]\n]* ) \]
  | < (?P<link> (?: https? | ftp | mailto ) : [^<>\s]+ | [^<>\s@]+ @ [^<>\s@]+ ) >
  | (?P<tag> </? [A-Za-z] [^<>]* > )
  | (?P<address> \b https?:// [^\s<>()\x01，。、；：！？（）「」『』“”]*
      [^\s<>()\x01.,;:!?，。、；：！？（）「」『』“”] )
  | (?P<attributes> \{ :? [ ]* [.\#\w] [^{}\n]* \} )
  | & (?: \w+ | \#\d+ ) ;
    """,
    re.VERBOSE,
)
_NAMES = dict.fromkeys(["target", "link", "address"], "link target")
_WORD = re.compile(r"[^\W\d_]{2,}")


class Token(NamedTuple):
    """What is the same in every language; a link counts by its target."""

    kind: str
    value: str

    def __str__(self) -> str:
        """How a message names it."""
        return f"{self.kind} “{self.value}”"


# From where to where, and the token that stands there, if it is one.
_Taken = tuple[int, int, Token | None]


def protected(text: str) -> str:
    """A text as long, without the characters of code, formulas and escapes."""
    return _without(text, _of_prose(text))


def plain(text: str) -> str:
    """A text as long, in which only words are left."""
    shown = protected(text)
    return _without(shown, _of_markdown(shown))


def has_words(text: str) -> bool:
    """Whether there is anything to translate."""
    return bool(_WORD.search(text)) and bool(_WORD.search(plain(text)))


def tokens(text: str) -> Counter[Token]:
    """All tokens of a text, and how often each stands in it."""
    found = list(_of_prose(text))
    found += _of_markdown(_without(text, found))
    return Counter(token for *_, token in found if token)


def _of_prose(text: str) -> Iterator[_Taken]:
    """What `prose` takes out of a text: code, formulas, links by name."""
    for match in prose.BEGINNINGS.finditer(text):
        kind, (start, end) = match.lastgroup or "", match.span()
        if kind == "link":
            first, last = match.span("text")
            for left, right, token in _of_prose(match["text"]):
                yield first + left, first + right, token
            name = match["name"] or match["text"].strip("`")
            yield last, end, Token("reference", name)
        elif kind in _WHOLE:
            yield start, end, Token(_WHOLE[kind], " ".join(match[0].split()))
        elif kind == "escape":
            yield start, end, None


def _of_markdown(text: str) -> Iterator[_Taken]:
    """What else is a token, in a text without those."""
    for match in _OTHERS.finditer(text):
        kind = match.lastgroup or ""
        value = (match[kind] if kind else "").strip("<>" if kind == "target" else "")
        yield *match.span(), Token(_NAMES.get(kind, kind), value) if kind else None


def _without(text: str, taken: Iterable[_Taken]) -> str:
    return _blotted(text, ((start, end, TAKEN) for start, end, _ in taken))


def _blotted(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """A text with another character in the place of each of some spans."""
    parts, done = list[str](), 0
    for start, end, blot in spans:
        parts += [text[done:start], re.sub(r"[^\n]", blot, text[start:end])]
        done = end
    return "".join([*parts, text[done:]])


# ## The words within HTML

_ELEMENT = re.compile(
    r"""
    (?P<comment> <!-- .*? (?: --> | \Z ) )
  | < (?P<ends> /? ) (?P<name> [A-Za-z][\w-]* )
      (?P<attributes> (?: [^<>"'] | "[^"]*" | '[^']*' )* ) >
    """,
    re.VERBOSE | re.DOTALL,
)
# What begins HTML where a line begins; a comment has no name.
_TAGS = frozenset(BLOCK_LEVEL_ELEMENTS) | {"", "link", "meta", "script", "style", "svg"}
PHRASES = frozenset(
    """
    a abbr b bdi bdo br cite code del em i kbd mark q s samp small span strong
    sub sup tspan u var wbr
    """.split()  # noqa: SIM905 - a line of words reads better
)
"""Elements that set a part of a sentence; all others end it."""

_SILENT = frozenset({"script", "style", "pre", "textarea", "template"})
# Their text can hold no other element.
_LABELS = frozenset({"option", "text", "title", "textpath", "desc"})
_SAID = re.compile(
    r"""(?<=\s) (?: aria-label | alt | title | placeholder )
        = (?: "([^"]*)" | '([^']*)' )""",
    re.VERBOSE,
)
_EMPTY = r"(?:\s|<(\w+)[^<>]*></\1>|<(?:br|wbr)\b[^<>]*>)+"
_BEFORE, _AFTER = re.compile(_EMPTY), re.compile(rf"{_EMPTY}\Z")
_AROUND = re.compile(r"<(\w+)[^<>]*>(.*)</\1>", re.DOTALL)
_CODE = re.compile(r"<code\b[^<>]*>.*?</code>", re.DOTALL)

# A text in HTML: its kind, and from where to where it goes.
_Found = tuple[str, int, int]


def _texts(html: str, first: re.Match[str]) -> tuple[int, list[_Found]]:
    """Where the element of a tag ends, or the tag alone; and the texts in it.

    Kinds are “html” for what stands between tags, “label” where no other element may
    stand, “attribute” for what a screen reader reads.
    """
    end = _end(html, first)
    tags = list(_ELEMENT.finditer(html, first.start(), end))
    found = [*_attributes(tags), *_between(html, tags)]
    # What an attribute of a phrase says is a part of its sentence, which comes first.
    return end, sorted(found, key=lambda text: (text[1], -text[2]))


def _end(html: str, first: re.Match[str]) -> int:
    """Where the element of a tag ends; one with the attribute `markdown` is a tag."""
    name = _name(first)
    is_markdown = re.search(r"\smarkdown\b", first["attributes"] or "")
    if name and not (first["ends"] or is_markdown or _is_closed(first)):
        depth = 0
        for match in _ELEMENT.finditer(html, first.start()):
            if _name(match) == name and not _is_closed(match):
                depth += -1 if match["ends"] else 1
                if not depth:
                    return match.end()
    return first.end()


def _name(match: re.Match[str]) -> str:
    return (match["name"] or "").lower()


def _is_closed(match: re.Match[str]) -> bool:
    return (match["attributes"] or "").rstrip().endswith("/")


def _attributes(tags: Iterable[re.Match[str]]) -> Iterator[_Found]:
    for match in tags:
        for said in _SAID.finditer(match["attributes"] or ""):
            left, right = said.span(said.lastindex or 1)
            if has_words(said[said.lastindex or 1]):
                offset = match.start("attributes")
                yield "attribute", offset + left, offset + right


def _between(html: str, tags: Sequence[re.Match[str]]) -> Iterator[_Found]:
    """The stretches between tags that end a sentence."""
    start, inside = tags[0].start(), ""
    for match in tags:
        name = _name(match)
        if inside in _SILENT and not (match["ends"] and name == inside):
            continue
        if name in PHRASES:
            continue
        found = None if inside in _SILENT else _trimmed(html, start, match.start())
        if found:
            yield "label" if inside in _LABELS else "html", *found
        start, inside = match.end(), "" if match["ends"] else name


def _trimmed(html: str, start: int, end: int) -> tuple[int, int] | None:
    """The words of a stretch, without the empty elements and tags around them."""
    if not has_words(_CODE.sub(" ", html[start:end])):
        return None
    while True:
        if match := _BEFORE.match(html, start, end):
            start = match.end()
        elif match := _AFTER.search(html, start, end):
            end = match.start()
        elif (match := _AROUND.fullmatch(html, start, end)) and (
            f"</{match[1]}>" not in match[2]
        ):
            start, end = match.span(2)
        else:
            return start, end


# ## Blocks

# What stands for a character of code in lines of its own, and of such an equation.
_LISTING, _EQUATION = "\0", "\2"
_APART = f"[{_LISTING}{_EQUATION}]"
_MARKER = re.compile(r"(?:[-*+]|\d+\.)(?:[ \t]+|$)")
_HEADING = re.compile(r"#{1,6}[ \t]*")
_NOTATION = re.compile(r"#{1,6} +Notation *#*")
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
_INTERRUPTS = re.compile(
    "|".join([_INNER.pattern, _WORDLESS.pattern, _OPENING.pattern, "#"])
)
_QUOTE = re.compile(r"(?:[ \t]*>[ ]?)+")
_UNDERLINE = re.compile(r"[ \t]*(?:=+|-+)[ \t]*$")
_SEPARATOR = re.compile(r"[ \t|:-]*-[ \t|:-]*$")
# What ends a heading, a term or a cell: a mark, attributes, the signs that close it.
_END = re.compile(rf"[ \t]*(?:\{{:?[ ]*[^{{}}\n]*\}}|(?<=[ \t])#+|{MARK})*[ \t]*$")
_TERM = r"(?:\$[^$\n]+\$|`[^`\n]+`)"
_ENTRY = re.compile(rf"({_TERM}(?:, {_TERM})*):[ \t]+(?=\S)")
_HARD_BREAK = re.compile(r"[ ]{2,}$")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


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
    """The pieces of some prose, which are the prose if joined.

    Without `html`, a tag in it is words.
    """
    return _Splitter(text, html).split()


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


def joined(lines: Iterable[str]) -> str:
    """Lines as one, with a space between two unless both are Chinese or Japanese."""
    whole = ""
    for line in map(str.strip, lines):
        tight = whole and line and _CJK.match(whole[-1]) and _CJK.match(line)
        whole += line if tight or not whole else f" {line}"
    return whole


@dataclass
class _Block:
    """A unit that is being read: its kind, and the stretches of text it has so far."""

    kind: str = "paragraph"
    is_part: bool = False
    stretches: list[tuple[int, int]] = field(default_factory=list)


class _Splitter:
    """Goes through the lines of a text and finds the words in them."""

    def __init__(self, text: str, html: bool) -> None:
        self.text, self.html = text, html
        self.masked = _blotted(text, _apart(text))
        self.lines = self.masked.split("\n")
        lengths = (len(line) + 1 for line in self.lines)
        self.starts = list(accumulate(lengths, initial=0))
        self.pieces, self.done = list[Piece](), 0
        self.block: _Block | None = None
        # Whether a block begins here; whether it began as a list; what went before.
        self.is_start, self.in_list, self.was_code = True, False, False
        self.is_quote = self.in_notation = False
        self.number = 0

    @cached_property
    def protected(self) -> str:
        return protected(self.masked)

    def split(self) -> list[Piece]:
        while self.number < len(self.lines):
            self._line()
            self.number += 1
        self._end()
        self._add(len(self.text))
        return self.pieces

    def _line(self) -> None:
        line = self.lines[self.number]
        quote = self._quoted(line)
        rest = line[quote:].lstrip(" \t")
        at = len(line) - len(rest)
        if not rest.strip():
            self._end()
            self.is_start, self.in_list, self.is_quote = True, False, bool(quote)
        elif not re.sub(_APART, "", rest).strip(" \t.,;:!?)"):
            self._set_apart(rest)
        elif self._is_code(line):
            self._end()
            self.was_code = True
        else:
            self.was_code = False
            if self.is_start or self._interrupts(rest):
                self._end()
                self._begin(at)
            else:
                self._go_on(at, self.block or _Block())

    def _quoted(self, line: str) -> int:
        """Where the words of a line begin that stands in a quotation."""
        match = _QUOTE.match(line)
        if match and not self.is_quote:
            self._end()
            self.is_start = self.is_quote = True
        return match.end() if match else 0

    def _set_apart(self, rest: str) -> None:
        """A line of code or of an equation: what stands below one may go on."""
        kind = self._end(is_part=True)
        if _LISTING in rest:
            self.is_start = True
        elif not self.is_start:
            self.block = _Block(kind, is_part=True)

    def _is_code(self, line: str) -> bool:
        deep = _indent(line)
        if not (self.is_start or self.was_code) or deep < 4:
            return False
        above = self.lines[: self.number]
        after_gap = self.was_code or not above or not above[-1].strip()
        return after_gap and deep - prose.depth(above, deep) >= 4

    def _interrupts(self, rest: str) -> bool:
        """Whether something begins here, though there is no blank line above."""
        return bool(
            _INTERRUPTS.match(rest)
            or (self.in_list and _MARKER.match(rest))
            or self._tag(rest)
        )

    # ## What begins in a line

    def _begin(self, at: int) -> None:
        """Begin a block at a place in the line, be it behind the mark of a list."""
        line = self.lines[self.number]
        was_start, self.is_start = self.is_start, False
        rest = line[at:]
        if match := _HEADING.match(rest):
            self.in_notation = bool(_NOTATION.match(rest))
            self._one("heading", at + match.end(), len(line))
            self.is_start, self.in_list = True, False
        elif (was_start or self.in_list) and (match := _MARKER.match(rest)):
            self.is_start = True
            if not _RULE.match(rest):
                self.in_list = True
                self._item(at + match.end())
        elif match := _INNER.match(rest):
            self.is_start = True
            self._begin(at + match.end())
        elif not rest.strip() or _WORDLESS.match(rest):
            self.is_start = was_start
        elif _OPENING.match(rest):
            if match := _TITLED.match(rest):
                self._one("title", at + match.start(1), at + match.end(1))
            # What is indented below begins a block.
            self.is_start, self.in_list = True, False
        elif match := self._tag(rest):
            self._element(at)
        elif not (was_start and self._of_several_lines(at)):
            self._go_on(at, _Block())

    def _item(self, at: int) -> None:
        start, end = self.starts[self.number] + at, self.starts[self.number + 1]
        entry = _ENTRY.match(self.text[start : end - 1])
        if entry and self.in_notation:
            self.is_start = False
            names = entry[1].replace("`", "")
            self._go_on(at + entry.end(), _Block(f"entry: {names}"))
        else:
            self._begin(at)
            if self.block and self.block.kind == "paragraph":
                self.block.kind = "item"

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
        if self.in_list:
            return 0
        for number, line in enumerate(block):
            if _DEFINITION.match(line.lstrip()):
                return number
            if re.search(_APART, line):
                return 0
        below = next((line for line in self.lines[end:] if line.strip()), "")
        return len(block) if _DEFINITION.match(below) else 0

    def _row(self, number: int) -> None:
        """The cells of a row of a table."""
        self.number = number
        row, start = self.lines[number], self.starts[number]
        shown = self.protected[start : start + len(row)]
        edges = [-1, *(m.start() for m in re.finditer(r"\|", shown)), len(row)]
        for left, right in pairwise(edges):
            self._one("cell", left + 1, right)

    def _tag(self, rest: str) -> re.Match[str] | None:
        """The tag, or the comment, that a block of HTML begins with."""
        match = _ELEMENT.match(rest) if self.html else None
        return match if match and _name(match) in _TAGS else None

    def _element(self, at: int) -> None:
        """A tag, and what is in its element unless that is Markdown."""
        start = self.starts[self.number] + at
        first = _ELEMENT.match(self.masked, start)
        assert first
        end, found = _texts(self.masked, first)
        for kind, left, right in found:
            self._note(left, right, kind)
        self.number = bisect_right(self.starts, max(end - 1, start)) - 1
        at = end - self.starts[self.number]
        self.is_start = True
        rest = self.lines[self.number][at:]
        if rest.strip():
            self._begin(at + _indent(rest))

    # ## Units

    def _one(self, kind: str, start: int, end: int) -> None:
        """A unit that ends with its line."""
        line = self.starts[self.number]
        written = self.text[line + start : line + end]
        first = line + start + _indent(written)
        written = written.strip()
        if kind != "title":
            written = _END.sub("", written)
        if written:
            self._note(first, first + len(written), kind)

    def _go_on(self, at: int, block: _Block) -> None:
        """Add the words of a line, of which some may be equations, to a unit."""
        line, start = self.lines[self.number], self.starts[self.number]
        self.block = block
        for part in re.compile(rf"({_APART}+)|[^{_LISTING}{_EQUATION}]+").finditer(
            line, at
        ):
            if part[1]:
                self._break()
            else:
                self.block.stretches.append((start + part.start(), start + part.end()))
        if _HARD_BREAK.search(line):
            self._break()

    def _break(self) -> None:
        """End a unit whose block goes on."""
        self.block = _Block(self._end(is_part=True), is_part=True)

    def _end(self, is_part: bool = False) -> str:
        """No more words belong to the unit that was being read; its kind."""
        block, self.block = self.block or _Block(), None
        if block.stretches:
            words = [self.text[start:end] for start, end in block.stretches]
            start = block.stretches[0][0] + _indent(words[0])
            end = block.stretches[-1][1] - len(words[-1]) + len(words[-1].rstrip())
            if end > start:
                self._note(start, end, block.kind, words, block.is_part or is_part)
        return block.kind.partition(":")[0]

    def _note(
        self,
        start: int,
        end: int,
        kind: str,
        lines: Sequence[str] = (),
        is_part: bool = False,
    ) -> None:
        """Note a unit; of a mere tag, what it says to those who cannot see it."""
        message = joined(lines or self.text[start:end].split("\n"))
        words = has_words(message)
        if not words and self.html and "<" in message and kind != "attribute":
            tags = _ELEMENT.finditer(self.masked, start, end)
            for said, left, right in _attributes(tags):
                self._note(left, right, said)
        elif words or kind == "heading":
            self._add(start)
            self._add(end, kind, message, words, is_part)

    def _add(self, end: int, *of_a_unit: object) -> None:
        """Add a piece that ends here: what stands before a unit, or one."""
        if end > self.done:
            line = bisect_right(self.starts, self.done) - 1
            text = self.text[self.done : end]
            self.pieces.append(Piece(text, line, *of_a_unit))  # type: ignore[arg-type]
            self.done = end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _apart(text: str) -> Iterator[tuple[int, int, str]]:
    """The code and the equations that stand in lines of their own."""
    for match in prose.BEGINNINGS.finditer(text):
        kind = match.lastgroup or ""
        start = match.start() + _indent(match[0])
        if kind in {"fence", "example", "directive"}:
            yield start, match.end(), _LISTING
        elif kind in {"environment", "lone"} or (
            kind in {"display", "bracket"}
            and ("\n" in match[0] or _is_alone(text, match.start(), match.end()))
        ):
            yield start, match.end(), _EQUATION


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether there are no words before, or behind, in the same line."""
    before = text[:start].rpartition("\n")[2]
    after = text[end:].partition("\n")[0]
    return not before.strip(" \t>") and not has_words(after)
