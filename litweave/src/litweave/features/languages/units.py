r"""Units: prose cut into what is translated, and the tokens that a translation keeps.

A *unit* is the words of one block of Markdown, its lines joined. Whatever may begin a
block ends the unit above it: cut once too often, nothing is lost but a translator's
view; where two blocks are taken for one, the page would change.

A *token* is what is the same in every language, such as a formula, or where a link
leads. All else that has letters is words.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from markdown.util import BLOCK_LEVEL_ELEMENTS

from litweave import prose
from litweave.headings import MARK, is_notation
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


def scan(text: str) -> tuple[str, Counter[Token]]:
    """A text as long, in which only words are left; and its tokens."""
    found = Counter[Token]()

    def take(match: re.Match[str]) -> str:
        kind, whole = match.lastgroup or "", match[0]
        if kind == "link":
            words = "[" + prose.BEGINNINGS.sub(take, match["text"])
            name = match["name"] or match["text"].strip("`")
            found[Token("reference", name)] += 1
            return words + TAKEN * (len(whole) - len(words))
        if kind in _WHOLE:
            found[Token(_WHOLE[kind], " ".join(whole.split()))] += 1
        return _blot(whole) if kind in _WHOLE or kind == "escape" else whole

    def take_other(match: re.Match[str]) -> str:
        if kind := match.lastgroup or "":
            value = match[kind].strip("<>" if kind == "target" else "")
            found[Token(_NAMES.get(kind, kind), value)] += 1
        return _blot(match[0])

    return _OTHERS.sub(take_other, prose.BEGINNINGS.sub(take, text)), found


def plain(text: str) -> str:
    """A text as long, in which only words are left."""
    return scan(text)[0]


def tokens(text: str) -> Counter[Token]:
    """All tokens of a text, and how often each stands in it."""
    return scan(text)[1]


def has_words(text: str) -> bool:
    """Whether there is anything to translate."""
    return bool(_WORD.search(text)) and bool(_WORD.search(plain(text)))


def _blot(text: str, sign: str = TAKEN) -> str:
    return re.sub(r"[^\n]", sign, text)


# ## Units


class Piece(NamedTuple):
    """The words of a block on one line, and from where to where they stand in prose."""

    start: int
    end: int
    kind: str
    message: str


def split(text: str, html: bool = True) -> Iterator[Piece]:
    """The units of some prose, in their order; without `html`, a tag is words."""
    done = 0
    # What an attribute of a phrase says is a part of its sentence, which comes first.
    for piece in sorted(_Splitter(text, html).pieces(), key=lambda p: (p[0], -p[1])):
        if piece.start >= done:
            yield piece
            done = piece.end


def rewrite(
    text: str, translate: Callable[[Piece], str], html: bool = True
) -> list[Line]:
    """The lines of some prose in other words, each with the number of its own line.

    Numbers are counted from 0.
    """
    parts, numbers, done = list[str](), [0], 0
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def number(at: int) -> int:
        return bisect_right(starts, at) - 1

    def keep(end: int) -> None:
        numbers.extend(range(number(done) + 1, number(end) + 1))
        parts.append(text[done:end])

    for piece in split(text, html):
        keep(piece.start)
        written = translate(piece)
        parts.append(written)
        lines = number(piece.start) + 1, number(piece.end) + 1
        # What is left as it is keeps its lines.
        is_same = written.count("\n") == lines[1] - lines[0]
        first = lines[0] - 1
        numbers += range(*lines) if is_same else [first] * written.count("\n")
        done = piece.end
    keep(len(text))
    return list(zip(numbers, "".join(parts).split("\n"), strict=True))


_CJK = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"
_BREAK = re.compile(r"[ \t]*\n[ \t]*(?:>[ ]?)*[ \t]*")
_TIGHT = re.compile(rf"(?<={_CJK})\n(?={_CJK})")


def _joined(text: str) -> str:
    """Lines as one, with a space between two unless both are Chinese or Japanese."""
    return _TIGHT.sub("", _BREAK.sub("\n", text.strip())).replace("\n", " ")


# What stands for a character of code in lines of its own, and of such an equation.
_LISTING, _EQUATION = "\0", "\2"
# The kinds of `prose.BEGINNINGS` that they stand for.
_SIGNS = {
    **dict.fromkeys(["fence", "example", "directive"], _LISTING),
    **dict.fromkeys(["environment", "lone", "display", "bracket"], _EQUATION),
}
_LINE = re.compile(r"(?P<apart>[ \t]*[\0\2]+\n?)|(?P<words>[^\n\0\2]*)\n?")
_MARGIN = re.compile(r"[ \t]*(?:>[ ]?)*[ \t]*")
_TERM = r"(?:\$[^$\n]+\$|`[^`\n]+`)"
# What begins a block, and is no word.
_BEGINS = re.compile(
    rf"""
    (?P<heading> \#{{1,6}} [ \t]* (?P<words> .* ) $ )
  | (?P<nothing> (?: [-=*_] [ ]{{0,2}} )+ $
      | \*\[ [^\]\n]* \]: .*  # an abbreviation
      | \[ (?!\^) [^\]\n]* \]: [ \t]* \S+ (?: [ \t]+ ["'(] .* )? [ \t]* $  # a label
      | \{{ :? [^{{}}\n]* \}} [ \t]* $ )  # attributes
  | (?P<table> [^|\n]*+ \| .*+ \n (?= .*\| ) [ \t|:]* - [ \t|:-]* $ (?: \n .*\S.* )* )
  | (?P<entry> (?: [-*+] | \d+\. ) [ \t]+ (?P<symbols> {_TERM} (?: ,[ ]{_TERM} )* )
      : [ \t]+ (?=\S) )
  | (?P<item> (?: [-*+] | \d+\. ) (?: [ \t]+ | $ ) )
  | (?P<meaning> : [ \t]+ (?=\S) )
  | (?P<note> \[\^ [^\]\n]* \]: [ \t]* )
  | (?P<title> (?: !!! | \?\?\? | === ) [!+]* [ ]
      (?: [\w -]* "(?P<said> .* )" [ \t]* | .* ) $ )
  | (?P<underlined> \S .*+ (?= \n [ \t]* (?: =+ | -+ ) [ \t]* $ ) )
    """,
    re.VERBOSE | re.MULTILINE,
)
# What ends a heading, a term or a cell: a mark, attributes, the signs that close it.
_END = re.compile(rf"\s*(?:\{{:?[ ]*[^{{}}\n]*\}}|(?<=[ \t])#+|{MARK})*\s*\Z")


class _Splitter:
    """Goes through a text and finds the words in it."""

    def __init__(self, text: str, html: bool) -> None:
        self.text, self.html, self.masked = text, html, _masked(text)
        self.found = list[Piece]()
        # The unit that is being read: where it began, and its kind.
        self.start: int | None = None
        self.kind = "paragraph"
        self.was_code = self.was_quote = self.in_notation = False

    def pieces(self) -> list[Piece]:
        at = 0
        while at < len(self.text):
            at = self._line(at)
        self._end(at)
        return self.found

    def _line(self, at: int) -> int:
        """Read a line from some place on; where to go on."""
        line = _matched(_LINE, self.masked, at)
        if line["apart"]:
            self._end(at)
            return line.end()
        if at == 0 or self.masked[at - 1] == "\n":
            if not self._is_prose(line):
                return line.end()
            at = self._begin(_matched(_MARGIN, self.masked, at).end())
        if at < line.end("words") and self.start is None:
            self.start = at
        if line[0].endswith("  \n"):  # It breaks here.
            self._end(line.end())
        return max(at, line.end())

    def _is_prose(self, line: re.Match[str]) -> bool:
        """Whether a line is no gap, and no code that is indented."""
        if not line[0].strip(" \t\n>"):
            self._end(line.start())
            self.kind = "paragraph"
            return False
        bare = line[0].lstrip(" \t")
        deep, was_quote = len(line[0]) - len(bare), self.was_quote
        self.was_code = deep >= 4 and self._is_code(line.start(), deep)
        self.was_quote = bare.startswith(">")
        if self.was_code or self.was_quote != was_quote:
            self._end(line.start())
        return not self.was_code

    def _is_code(self, at: int, deep: int) -> bool:
        *above, _ = self.masked[:at].split("\n")
        after_gap = self.was_code or not above or not above[-1].strip()
        return after_gap and deep - prose.depth(above, deep) >= 4

    # ## What begins

    def _begin(self, at: int) -> int:
        """End a block and begin others as long as some begin here; where words do."""
        while at < len(self.text) and self.masked[at] != "\n":
            begins = _BEGINS.match(self.masked, at)
            tag = _TAG.match(self.masked, at) if self.html and not begins else None
            if begins:
                self._end(at)
                at = self._block(begins)
            elif tag and _name(tag) in _BEGINNING:
                self._end(at)
                at = self._element(tag)
            else:
                break
        return at

    def _block(self, begins: re.Match[str]) -> int:
        """Note what begins a block, if that has words; where the rest of it stands."""
        what, self.kind = begins.lastgroup, "paragraph"
        if what == "heading":
            self.in_notation = is_notation(begins[0].rstrip())
            self._note("heading", *begins.span("words"))
        elif what == "underlined":
            self._note("heading", *begins.span())
        elif what == "title":
            self._note("title", *begins.span("said"))
        elif what == "table":
            self._table(begins)
        elif what == "meaning":
            self._terms(begins.start())
        elif what == "entry" and self.in_notation:
            self.kind = f"entry: {begins['symbols'].replace('`', '')}"
        elif what in ("entry", "item"):
            self.kind = "item"
            return begins.start("symbols") if what == "entry" else begins.end()
        return begins.end()

    def _table(self, begins: re.Match[str]) -> None:
        shown = plain(begins[0])
        for number, row in enumerate(re.finditer(r".+", shown)):
            edges = [row.start() - 1, *_edges(row), row.end()]
            for left, right in pairwise(edges) if number != 1 else ():
                self._note("cell", begins.start() + left + 1, begins.start() + right)

    def _terms(self, at: int) -> None:
        """The lines of a paragraph above a meaning are terms."""
        start, end, kind, _ = self.found[-1] if self.found else Piece(0, 0, "", "")
        before, between = self.text[:start], self.text[end:at]
        if kind == "paragraph" and before[-1:] in ("", "\n") and not between.strip():
            self.found.pop()
            for line in re.finditer(".+", self.text[start:end]):
                self._note("term", start + line.start(), start + line.end())

    def _element(self, first: re.Match[str]) -> int:
        """Note what the element of a tag says, or the tag alone; where it ends."""
        name, inside, start, depth = _name(first), "", first.start(), 0
        texts, is_bare = list[tuple[str, int, int]](), _is_bare(first)
        for tag in _TAG.finditer(self.masked, first.start()):
            texts += _said(tag)
            ends, is_silent = tag["ends"], inside in _SILENT
            if _name(tag) == name and not tag["closed"]:
                depth += -1 if ends else 1
            is_apart = _name(tag) not in PHRASES
            if is_apart and (not is_silent or (ends and _name(tag) == inside)):
                if not is_silent:
                    kind = "label" if inside in _LABELS else "html"
                    texts.append((kind, *_trimmed(self.masked, start, tag.start())))
                start, inside = tag.end(), "" if ends else _name(tag)
            if is_bare or depth <= 0:
                break
        else:
            tag, texts = first, [*_said(first)]
        for text in texts:
            self._note(*text)
        return tag.end()

    # ## Units

    def _end(self, at: int) -> None:
        """No more words belong to the unit that was being read."""
        if self.start is not None:
            self._note(self.kind, self.start, at)
        self.start = None

    def _note(self, kind: str, start: int, end: int) -> None:
        """Note a unit, if there is anything in it to translate."""
        if kind in ("heading", "term", "cell"):
            end = _matched(_END, self.text, start, end).start()
        words = self.text[start:end]
        start += len(words) - len(words.lstrip())
        end = start + len(words.strip())
        message = _joined(words)
        if has_words(message):
            self.found.append(Piece(start, end, kind, message))


def _matched(pattern: re.Pattern[str], text: str, *span: int) -> re.Match[str]:
    """What a pattern finds that matches anything."""
    match = pattern.search(text, *span)
    assert match
    return match


def _edges(row: re.Match[str]) -> Iterator[int]:
    return (row.start() + edge.start() for edge in re.finditer(r"\|", row[0]))


def _masked(text: str) -> str:
    """A text with signs for the code and the equations in lines of their own."""

    def mask(match: re.Match[str]) -> str:
        whole, kind = match[0], match.lastgroup or ""
        may_be_words = kind in {"display", "bracket"} and "\n" not in whole
        if kind not in _SIGNS or (may_be_words and not _is_alone(match)):
            return whole
        bare = whole.lstrip(" \t")
        return whole[: len(whole) - len(bare)] + _blot(bare, _SIGNS[kind])

    return prose.BEGINNINGS.sub(mask, text)


def _is_alone(match: re.Match[str]) -> bool:
    """Whether there are no words before, or behind, in the same line."""
    before = match.string[: match.start()].rpartition("\n")[2]
    after = match.string[match.end() :].partition("\n")[0]
    return not before.strip(" \t>") and not has_words(after)


# ## HTML

_TAG = re.compile(
    r"""
    (?P<comment> <!-- .*? (?: --> | \Z ) )
  | < (?P<ends> /? ) (?P<name> [A-Za-z][\w-]* )
      (?P<attributes> (?: [^<>"'] | "[^"]*" | '[^']*' )*? ) (?P<closed> /? ) \s* >
    """,
    re.VERBOSE | re.DOTALL,
)
# What begins HTML where a line begins; a comment has no name.
_BEGINNING = {
    *("", "img", "link", "meta", "script", "style", "svg"),
    *BLOCK_LEVEL_ELEMENTS,
}
# Elements that set a part of a sentence; all others end it.
PHRASES = frozenset(
    """
    a abbr b bdi bdo br cite code del em i kbd mark q s samp small span strong
    sub sup tspan u var wbr
    """.split()  # noqa: SIM905 - a line of words reads better
)
_SILENT = frozenset({"script", "style", "pre", "textarea", "template"})
# Their text can hold no other element.
_LABELS = frozenset({"option", "text", "title", "textpath", "desc"})
_SAID = re.compile(
    r"""(?<=\s) (?: aria-label | alt | title | placeholder )
        = (?: "([^"]*)" | '([^']*)' )""",
    re.VERBOSE,
)
_EMPTY = r"(?:\s|<(\w+)[^<>]*></\{}>|<(?:br|wbr)\b[^<>]*>)*"
_TRIMMED = re.compile(rf"{_EMPTY.format(1)}(.*?){_EMPTY.format(3)}", re.DOTALL)
_AROUND = re.compile(r"<(\w+)[^<>]*>((?:(?!</\1>).)*)</\1>", re.DOTALL)


def _name(tag: re.Match[str]) -> str:
    return (tag["name"] or "").lower()


def _is_bare(tag: re.Match[str]) -> bool:
    """Whether a tag is no beginning of an element, or what follows is Markdown."""
    is_markdown = re.search(r"\smarkdown\b", tag["attributes"] or "")
    return bool(tag["comment"] or tag["ends"] or tag["closed"] or is_markdown)


def _said(tag: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """What a tag says to those who cannot see what it shows."""
    for said in _SAID.finditer(tag["attributes"] or ""):
        start, end = said.span(said.lastindex or 1)
        yield (
            "attribute",
            tag.start("attributes") + start,
            tag.start("attributes") + end,
        )


def _trimmed(html: str, start: int, end: int) -> tuple[int, int]:
    """A stretch without the empty elements, and the tag, around its words."""
    words = _TRIMMED.fullmatch(html, start, end)
    assert words
    return (_AROUND.fullmatch(html, *words.span(2)) or words).span(2)
