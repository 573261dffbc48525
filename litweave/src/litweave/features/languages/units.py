r"""Units: prose cut into what is translated, and the tokens that a translation keeps.

A *unit* is the words of one block of Markdown, its lines joined. Whatever may begin a
block ends the unit above it: cut once too often, nothing is lost but a translator's
view; where two blocks are taken for one, the page would change.

A *token* is what is the same in every language, such as a formula, or where a link
leads. All else that has letters is words.
"""

import re
from collections import Counter
from typing import NamedTuple

from litweave import prose
from litweave.dialect import BRACE
from litweave.headings import is_notation
from litweave.marks import ANCHOR, pattern
from litweave.sections import depth, indent

# ## Tokens

# What stands for a character of a token; of code or equations in lines of their own; of
# tags that end a sentence.
TAKEN, APART, _TAGS = "\1", "\0", "\2"
# The kinds of `prose.BEGINNINGS` that are tokens as a whole, and those that may have
# lines of their own.
_WHOLE = {"display": "formula", "inline": "formula", "code": "code", "role": "code"}
_BLOCKS = {"fence", "example"}
_ATTRIBUTES = rf"{BRACE}[^{{}}\n]*\}}"
# Of a link, what stands in its brackets is words; the rest is a token.
_OTHERS = re.compile(
    rf"""
    \]\( \s* (?P<target> <[^<>\n]*> | (?: [^()\s] | \( [^()\s]* \) )* )
      (?: \s+ (?: "[^"\n]*" | '[^'\n]*' ) )? \s* \)
  | \[\^ (?P<footnote> [^\]\n]+ ) \]
  | \]\[ (?P<label> [^\[\]\n]* ) \]
  | < (?P<link> (?: https? | ftp | mailto ) : [^<>\s]+ | [^<>\s@]+ @ [^<>\s@]+ ) >
  | (?P<element> <!-- .*? (?: --> | \Z )
      | < (?P<name> script | style | pre | textarea | template ) \b .*? </(?P=name)> )
  | (?P<tag> </? [A-Za-z] [^<>]* > )
  | (?P<address> \b https?:// [^\s<>()\x01，。、；：！？（）「」『』“”]*
      [^\s<>()\x01.,;:!?，。、；：！？（）「」『』“”] )
  | (?P<attributes> {_ATTRIBUTES} )
  | (?P<emphasis> (?<=\S) \*{{1,2}} | \*{{1,2}} (?=\S) )
  | & (?: \w+ | \#\d+ ) ;
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
# Tags that set a part of a sentence; all others end it.
_PHRASE = re.compile(
    r"""</? (?: a | abbr | b | bd[io] | br | cite | code | del | em | i | kbd | mark | q
    | s | samp | small | span | strong | sub | sup | tspan | u | var | wbr ) \b""",
    re.VERBOSE | re.IGNORECASE,
)


def scan(text: str, html: bool = True) -> tuple[str, Counter[tuple[str, str]]]:
    """A text as long, in which only words are left; and the kinds of tokens, and each.

    Without `html`, a tag is words. A link counts by its target.
    """
    found = Counter[tuple[str, str]]()

    def take(match: re.Match[str]) -> str:
        kind, whole = match.lastgroup or "", match[0]
        if kind == "link":
            words = "[" + prose.BEGINNINGS.sub(take, match["text"])
            found["reference", match["name"] or match["text"].strip("`")] += 1
            return words + TAKEN * (len(whole) - len(words))
        if kind in _WHOLE:
            found[_WHOLE[kind], " ".join(whole.split())] += 1
        if kind in _BLOCKS or (kind == "display" and _is_alone(match)):
            bare = whole.lstrip(" \t")
            return whole[: len(whole) - len(bare)] + _blot(bare, APART)
        return _blot(whole) if kind in _WHOLE or kind == "escape" else whole

    def take_other(match: re.Match[str]) -> str:
        kind, whole = match.lastgroup or "", match[0]
        is_tag = kind in ("element", "tag")
        if is_tag and not html:
            return whole
        if kind:
            value = match[kind].strip("<>" if kind == "target" else "")
            found[kind, value] += 1
        if not is_tag or _PHRASE.match(whole):
            return _blot(whole)
        return _blot(whole, _TAGS if kind == "tag" else APART)

    return _OTHERS.sub(take_other, prose.BEGINNINGS.sub(take, text)), found


def _blot(text: str, sign: str = TAKEN) -> str:
    return re.sub(r"[^\n]", sign, text)


def _is_alone(match: re.Match[str]) -> bool:
    """Whether an equation has lines of its own: no words before it, or behind."""
    before = match.string[: match.start()].rpartition("\n")[2].strip(" \t>")
    after = match.string[match.end() :].partition("\n")[0]
    return "\n" in match[0] or not (before or _WORD.search(after))


# ## Units


class Piece(NamedTuple):
    """The words of a block on one line, and from where to where they stand in prose."""

    start: int
    end: int
    kind: str
    message: str


def split(text: str, html: bool = True) -> list[Piece]:
    """The units of some prose, in their order; without `html`, a tag is words."""
    splitter, at = _Splitter(text, html), 0
    while at < len(text):
        at = splitter.line(at)
    splitter.end(at)
    return splitter.found


# What lies between two lines of a unit.
_BREAK = re.compile(r"[ \t]*\n[ \t]*(?:>[ ]?)*[ \t]*")
_LINE = re.compile(
    r"(?P<margin>^[ \t]*(?:>[ ]?)*[ \t]*)?"
    r"(?:(?P<apart>\0+)|(?P<tags>\x02+)|(?P<words>[^\n\0\x02]*))\n?",
    re.MULTILINE,
)
_CELL = re.compile(r"[^|\n]+")
_TERM = r"(?:\$[^$\n]+\$|`[^`\n]+`)"
# What begins a block, and is no word.
BEGINS = re.compile(
    rf"""
    (?P<heading> \#{{1,6}} .* $ )
  | (?P<nothing> (?: [-=*_] [ ]{{0,2}} )+ $
      | \*\[ [^\]\n]* \]: .*  # an abbreviation
      | \[ (?!\^) [^\]\n]* \]: [ \t]* \S+ (?: [ \t]+ ["'(] .* )? [ \t]* $  # a label
      | {_ATTRIBUTES} [ \t]* $ )
  | (?P<table> [^|\n]*+ \| .*+ \n (?= .*\| ) [ \t|:]* - [ \t|:-]* $ (?: \n .*\S.* )* )
  | (?P<entry> (?: [-*+] | \d+\. ) [ \t]+ (?P<symbols> {_TERM} (?: ,[ ]{_TERM} )* )
      : [ \t]+ (?=\S) )
  | (?P<item> (?: [-*+] | \d+\. ) (?: [ \t]+ | $ ) )
  | (?P<meaning> : [ \t]+ (?=\S) )
  | (?P<note> \[\^ [^\]\n]* \]: [ \t]* )
  | (?P<title> (?: !!! | \?\?\? | === ) [!+]* [ ]
      (?: [\w -]* "(?P<said> .* )" [ \t]* | .* ) $ )
  | (?P<underlined> \S .*+ (?= \n [ \t]* (?: =+ | -+ ) [ \t]* $ ) )
  | (?P<term> ^ \S .*+ (?= (?: \n [ \t]* [^:\s] .*+ )*+ (?: \n [ \t]* )? \n
      [ \t]* : [ \t]+ \S ) )
    """,
    re.VERBOSE | re.MULTILINE,
)
# The words of a block: without white space, and in some kinds without what stands about
# them: marks, attributes and signs; empty elements of HTML, and a tag around all.
_WORDS = re.compile(r"\s*(?P<words>.*?)\s*", re.DOTALL)
_TITLE = re.compile(
    rf"#*\s*(?P<words>.*?)\s*(?:{_ATTRIBUTES}|(?<=[ \t])#+|{pattern(ANCHOR)})*\s*"
)
_EMPTY = r"(?:\s|<(?P<{0}>\w+)[^<>]*></(?P={0})>|<(?:br|wbr)\b[^<>]*>)*"
_ELEMENT = re.compile(
    rf"""{_EMPTY.format("before")} (?:<(?P<around>\w+)[^<>]*>)?
    (?P<words>(?:(?!</(?P=around)>).)*?) (?(around)</(?P=around)>)
    {_EMPTY.format("behind")}""",
    re.VERBOSE | re.DOTALL,
)
_INNER = dict.fromkeys(["heading", "term", "cell"], _TITLE)
_INNER |= dict.fromkeys(["html", "label"], _ELEMENT)
# What a tag says to those who cannot see what it shows.
_SAID = re.compile(
    r"""(?<=\s)(?:aria-label|alt|title|placeholder)=(["'])(.*?)\1""", re.DOTALL
)
_TAG = re.compile(r"<(/?)(\w+)([^<>]*)")
# Their text can hold no other element.
_LABELS = {"option", "text", "title", "textpath", "desc"}


class _Splitter:
    """Goes through a text and finds the words in it."""

    def __init__(self, text: str, html: bool) -> None:
        self.text, self.masked = text, scan(text, html)[0]
        self.found = list[Piece]()
        # The unit that is being read: where it began, and its kind.
        self.start: int | None = None
        self.kind = "paragraph"
        self.was_code = self.was_quote = self.in_notation = False

    def line(self, at: int) -> int:
        """Read a line from some place on; where to go on."""
        line = _LINE.match(self.masked, at)
        assert line
        if line["apart"] or line["tags"]:
            self.end(at)
            if line["tags"]:
                self._tags(at, line.end())
            return line.end()
        if line["margin"] is not None:  # It begins here.
            if not self._is_prose(line):
                return line.end()
            at = line.end("margin")
            while begins := BEGINS.match(self.text, at):
                self.end(at)
                at = self._block(begins)
        if at < line.end("words") and self.start is None:
            self.start = at
        if line[0].endswith("  \n"):  # It breaks here.
            self.end(line.end())
        return max(at, line.end())

    def _tags(self, start: int, end: int) -> None:
        """Note what some tags say; know as what the words behind them stand there."""
        for said in _SAID.finditer(self.text, start, end):
            self._note("attribute", *said.span(2))
        for ends, name, more in _TAG.findall(self.text, start, end):
            kind = "label" if name.lower() in _LABELS else "html"
            self.kind = "paragraph" if ends or "markdown" in more else kind

    def _is_prose(self, line: re.Match[str]) -> bool:
        """Whether a line is no gap, and no code that is indented."""
        if not line["words"].strip():
            self.end(line.start())
            self.kind = "paragraph"
            return False
        deep, was_quote = indent(line[0]), self.was_quote
        above = self.masked[: line.start()].split("\n")[:-1] if deep >= 4 else []
        after_gap = self.was_code or not above or not above[-1].strip()
        self.was_code = after_gap and deep - depth(above, deep) >= 4
        self.was_quote = ">" in line["margin"]
        if self.was_code or self.was_quote != was_quote:
            self.end(line.start())
        return not self.was_code

    def _block(self, begins: re.Match[str]) -> int:
        """Note what begins a block, if that has words; where the rest of it stands."""
        what, self.kind = begins.lastgroup, "paragraph"
        if what in ("heading", "underlined", "term"):
            self.in_notation = is_notation(begins[0].rstrip())
            self._note("term" if what == "term" else "heading", *begins.span())
        elif what == "title":
            self._note("title", *begins.span("said"))
        elif what == "table":
            for cell in _CELL.finditer(self.masked, *begins.span()):
                self._note("cell", *cell.span())
        elif what == "entry" and self.in_notation:
            self.kind = f"entry: {begins['symbols'].replace('`', '')}"
        elif what in ("entry", "item"):
            self.kind = "item"
            return begins.start("symbols") if what == "entry" else begins.end()
        return begins.end()

    def end(self, at: int) -> None:
        """No more words belong to the unit that was being read."""
        if self.start is not None:
            self._note(self.kind, self.start, at)
        self.start = None

    def _note(self, kind: str, start: int, end: int) -> None:
        """Note a unit, if there is anything in it to translate."""
        words = _INNER.get(kind, _WORDS).fullmatch(self.text, start, end)
        start, end = words.span("words") if words else (start, start)
        shown = self.text if kind == "attribute" else self.masked
        if _WORD.search(shown, start, end):
            message = _BREAK.sub(" ", self.text[start:end])
            self.found.append(Piece(start, end, kind, message))
