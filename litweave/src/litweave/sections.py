r"""# Sections: docstrings in the styles of others

Three styles of docstring are common, and none of them is Markdown:

```text
Google              NumPy               Sphinx

Args:               Parameters          :param x: the number
    x: the number   ----------          :returns: its square
                    x : float
Returns:                The number.
    Its square.
```

Markdown would run the arguments together. So each becomes an entry in a list of
definitions, the name of a section stands in bold type, and a title that is underlined
becomes a heading below that of its function. Lists become Markdown's, and labels of
references unique on a page of many docstrings.

What comes out has more lines than the source. So every line comes with the number of
the line that it was made of, for messages to name the right one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from litweave.headings import mark, slug

# What Markdown shows as it is written: within it, a dollar is a dollar. An example ends
# at a blank line, unless another one follows.
LITERAL = r"""
    (?P<fence> ^[ \t]* (?P<ticks>`{3,}|~{3,}) (?P<info>[^\n]*) (?: \Z | \n
      (?P<body> .*? ) (?: (?P<fence_end> ^[ \t]* (?P=ticks) [`~]* [ \t]*$ ) | \Z ) ) )
  | (?P<example> ^[ \t]* >>>[^\n]*
      (?: \n [ \t]* \S [^\n]* | \n [ \t]* (?= \n [ \t]* >>> ) )* )
  | (?P<code> (?P<span>`+) (?!`) (?: [^\n] | \n (?! [ \t]*\n ) )+?
      (?<!`) (?P=span) (?!`) )
"""
Line = tuple[int, str]
"""A line of Markdown, and the number of the line that it was made of."""

_KNOWN = re.compile(
    r"""(?P<list> arg(ument)?s | attributes | keyword[ ]arg(ument)?s | methods
      | (other[ ])?param(eter)?s | raises | receives | warns )
    | (?P<types> returns | see[ ]also | yields )  # a list in NumPy's style alone
    | (?P<code> examples? | usage )  # below a blank line
    | caution | hint | important | inputs | notes? | outputs | references | return
    | shape | tip | todo | warnings? | yield""",
    re.VERBOSE | re.IGNORECASE,
)
_FIELDS = {
    "Parameters": "param parameter arg argument key keyword kwarg",
    "Attributes": "var ivar cvar",
    "Raises": "raises raise except exception",
    "Returns": "returns return",
    "Return type": "rtype",
    "Yields": "yields yield",
}
_KINDS = {kind: name for name, kinds in _FIELDS.items() for kind in kinds.split()}

_CODE = re.compile(rf"{LITERAL} | \\.", re.VERBOSE | re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_TITLE = re.compile(
    r"(?:\A|(?<=\n\n))(?:([-=]{2,})\n)?(\S.*)\n([-=]{2,}|~{3,}|\^{3,})$", re.MULTILINE
)
_FIELD = re.compile(rf" *:({'|'.join(_KINDS)})\b *([^:`]*):(?: +(.*))?")
_TYPE = re.compile(r"^( *):(?:var)?type +(\S+):(.*(?:\n\1 +\S.*)*)", re.MULTILINE)
_NAMES = r"\*{0,2}\w[\w.\[\]]*(?:, ?\*{0,2}\w[\w.\[\]]*)*"
# A name, its type, and what is said of it in the same line.
_GOOGLE = re.compile(rf"(`?{_NAMES}`?) *(?:\((.*?)\))? *:(?: +(.*))?")
_NUMPY = re.compile(r"(.+?)(?: +:(?: +(.*))?)?()")


@dataclass(frozen=True)
class Above:
    """The heading that a docstring stands below; the page's own has no anchor."""

    level: int = 1
    anchor: str = ""

    def section(self, words: str) -> str:
        """The heading of a section, one level below."""
        level = "#" * min(self.level + 1, 6)
        return f"{level} {words} {mark(f'{self.anchor}::{slug(words)}')}"


def indent(line: str) -> int:
    """The spaces that a line begins with."""
    return len(line) - len(line.lstrip())


def with_titles(text: str) -> str:
    """Text whose titles are underlined as Markdown has it, with as many lines.

    Markdown would take a line of tildes for a fence, and one above a title for words.
    """

    def write(match: re.Match[str]) -> str:
        above, title, line = match.groups()
        is_fence = line[0] == "~" and len(line) < len(title)
        if is_fence or above not in (None, line):
            return match[0]
        return "\n" * bool(above) + f"{title}\n{re.sub('[~^]', '-', line)}"

    return _TITLE.sub(write, text)


def translated(text: str, above: Above) -> list[Line]:
    """The lines of a docstring, counted from 0, with its sections in Markdown."""
    types, literal = dict[str, str](), set[int]()

    def take(match: re.Match[str]) -> str:
        margin, name, kind = match.groups()
        described = rf":(?!(?:var)?type)\w+ (?:[^:\n]* )?{re.escape(name)}:"
        if not re.search(described, text):
            return f"{margin}:param {name}:{kind}"
        types[name] = " ".join(kind.split())
        return "\n" * kind.count("\n")

    text = _TYPE.sub(take, text)
    for match in _CODE.finditer(text):
        if match["fence"]:
            first = text.count("\n", 0, match.start())
            literal.update(range(first, first + match[0].count("\n") + 1))
    return [*_Docstring([*text.split("\n"), ""], literal, above, types).written()]


@dataclass
class _Docstring:
    """Goes through the lines of a docstring, and knows of the section that it is in."""

    lines: list[str]
    literal: Set[int]
    above: Above
    types: Mapping[str, str]
    label: str = ""  # that of the fields so far
    outer: int = -1  # what is indented no deeper ends the section
    head: re.Pattern[str] | None = None  # how entries begin, if it is a list
    entries: int = 0  # how deep they begin
    margin: int = 0  # where text goes
    shift: int | None = 0  # how far it is moved; its first line tells
    is_bare: bool = False  # whether nothing is said yet of the entry

    def written(self) -> Iterator[Line]:
        for number in range(len(self.lines) - 1):
            for text in self._line(number, self.lines[number]):
                yield number, text

    def _line(self, number: int, line: str) -> list[str]:
        if not line.strip():
            return [""] * (not self.is_bare)
        if number in self.literal:
            return [self._moved(line)]
        if field := _FIELD.fullmatch(line):
            return self._field(field, indent(line))
        known = _KNOWN.fullmatch(line.rstrip(": "))
        is_free = known or not self.lines[number - 1].strip()
        is_titled = re.fullmatch("[-=]{2,}", self.lines[number + 1]) and line[0] != " "
        if is_free and is_titled:
            return self._titled(line, known, number)
        if known and line[0].isupper() and line[-1] == ":" and self._below(number):
            return self._labelled(known, number)
        before = [""] * (indent(line) <= self.outer)
        if before:
            self._begin()
        return before + self._words(line, number)

    def _words(self, line: str, number: int) -> list[str]:
        goes_on = self._below(number) > indent(line)
        if self.head and indent(line) == self.entries:
            match = self.head.fullmatch(line.strip())
            name, kind, first = match.groups(default="") if match else ("", "", "")
            if first or (name and goes_on):
                return self._entry(name, kind, first)
            if kind:
                return self._entry(name, "", kind)
            if self.head is _NUMPY and self.margin:
                self.margin, self.shift = 0, 0
                return ["", line]
        line = self._moved(line)
        is_words = indent(line) == self.margin and line.lstrip()[0] != "."
        if line.endswith("::") and is_words and goes_on:
            line = f"{line.rstrip(': ')}:"
        return [line]

    def _below(self, number: int) -> int:
        """How deep the next line of words is."""
        rest = islice(self.lines, number + 1, None)
        return next((indent(line) for line in rest if line.strip()), 0)

    def _begin(
        self, outer: int = -1, head: re.Pattern[str] | None = None, entries: int = 0
    ) -> None:
        self.outer, self.head, self.entries, self.label = outer, head, entries, ""
        self.margin, self.shift, self.is_bare = 0, None if outer >= 0 else 0, False

    def _moved(self, line: str) -> str:
        if self.shift is None:
            self.shift = self.margin - indent(line)
        if self.is_bare:
            self.is_bare = False
            return f":   {line.strip()}"
        return " " * max(indent(line) + self.shift, self.margin) + line.lstrip()

    def _entry(self, name: str, kind: str, first: str) -> list[str]:
        name = f"`{name}`" if re.fullmatch(_NAMES, name) else name  # or a type
        term = f"{name} ({kind})" if kind else name
        self.margin, self.shift, self.is_bare = 4, None, not first
        return ["", term, *[f":   {first}"] * bool(first)]

    def _field(self, field: re.Match[str], deep: int) -> list[str]:
        """A field of Sphinx; those of one kind, one after another, have one label."""
        label, words = _KINDS[field[1]], field[3] or ""
        kind, _, name = field[2].strip().rpartition(" ")
        is_new = label != self.label
        self._begin(deep)
        self.label = label
        if not name:
            return ["", f"**{label}:** {words}"]
        entry = self._entry(name, kind or self.types.get(name, ""), words)
        return [*["", f"**{label}:**"] * is_new, *entry]

    def _titled(
        self, title: str, known: re.Match[str] | None, number: int
    ) -> list[str]:
        """A title of NumPy's; the headings of a module are Markdown's own."""
        line, self.lines[number + 1] = self.lines[number + 1], ""
        self._begin()
        if known and (known["list"] or known["types"]):
            deep = self._below(number)
            self._begin(deep - 1, _NUMPY, deep)
        own = [self.above.section(title)] if self.above.anchor else [title, line]
        return ["", *own]

    def _labelled(self, known: re.Match[str], number: int) -> list[str]:
        """A label of Google's: text goes on behind it."""
        is_code = known["code"] and not self.lines[number + 1].strip()
        head = _GOOGLE if known["list"] else None
        self._begin(-1 if is_code else 0, head, self._below(number))
        return ["", f"**{known[0]}:**"]


# ## Lists

# A line that opens what goes on in the lines that are indented below it.
_CONTAINER = re.compile(r"(?:[-*+:]|\d+\.)(?:[ \t]|$)|(?:!!!|\?\?\?|===)[!+]*[ ]")
_ITEM = re.compile(r" *([-*+]|\d{1,9}[.)])( {1,4})(?=\S)")
# What may follow a paragraph at once: any other number, and a plus, are words of it.
_FIRST = {"-", "*", "1.", "1)"}


def depth(above: Sequence[str], deep: int) -> int:
    """How deep Markdown looks for what goes on in a list or a box of the lines above.

    Below a mere paragraph that is nowhere, however deep a line stands.
    """
    for line in reversed(above if deep else ()):
        here = indent(line)
        if line.strip() and here < deep:
            if _CONTAINER.match(line, here):
                return 4 * (here // 4 + 1)
            deep = here
    return 0


def relisted(lines: Sequence[str], bare: Sequence[str]) -> Iterator[Line]:
    """Lines with a blank one above each list, and what goes on in an item below it.

    `bare` are the lines without what is code or a formula. Each line has the number of
    what it was.
    """
    # Of each open item the columns of its mark and its words, and where the mark goes.
    items = list[tuple[int, int, int]]()
    shift, fence, above, in_words = 0, "", "", True
    for number, line in enumerate(lines):
        deep, is_first = indent(line), not above.strip()
        opens = _FENCE.match(line)
        item = _ITEM.match(line) if bare[number][deep : deep + 1].strip() else None
        if item and not (items or is_first or item[1] in _FIRST):
            item = None
        if fence or not line.strip():
            fence = "" if line.strip() == fence else fence
        elif item or opens or is_first:
            place = items[-1][2] + 4 if items else depth(lines[:number], deep)
            while items and deep < items[-1][1]:
                _, _, place = items.pop()
            if item:
                yield from [(number, "")] if in_words and not is_first else []
                items.append((deep, item.end(), place))
                shift = place - deep
                line = line[: item.end(1)].replace(")", ".") + line[item.end(1) :]
            elif items:
                mark, _, place = items[-1]
                shift = max(place + 4 - deep, place - mark)
            else:
                shift = 0
            fence, in_words = opens[1] if opens else "", not item
        above = line
        deep = max(deep + shift, 0)
        yield number, " " * deep + line.lstrip() if line.strip() else line


# ## Labels of references and footnotes

# A footnote's label begins with `^`. An address has a line to itself, but for a title.
_DEFINITION = re.compile(
    r"""^[ \t]*\[ (?: (\^[^\[\]\n]+) \]:
      | ([^\[\]\n^][^\[\]\n]*) \]: [ \t]* (?: <[^<>\n]*> | \S+ )
        (?: [ \t]+ ["'(] .* )? [ \t]* $ )""",
    re.VERBOSE | re.MULTILINE,
)


def defined(text: str) -> set[str]:
    """The labels that a text defines."""
    return {(m[1] or m[2]).lower() for m in _DEFINITION.finditer(text)}


def told_apart(texts: Iterable[str]) -> tuple[list[str], set[str]]:
    """The texts of a page, with labels that no two of them define; and all labels.

    One that is taken gets another name within its text, which no reader sees. Elsewhere
    it means what was defined first.
    """
    every, found = set[str](), list[str]()
    for number, text in enumerate(texts, start=1):
        plain = _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        own = defined(plain)
        found.append(_renamed(text, plain, own & every, f"~{number}"))
        every |= own
    return found, every


def _renamed(text: str, plain: str, labels: set[str], end: str) -> str:
    """A text in which some labels have this at their end; it has no code if `plain`."""
    if not labels:
        return text
    names = "|".join(map(re.escape, labels))
    within = r"(?<=\])|(?=\[\^)|^[ \t]*(?=\[[^\]]*\]:)"
    uses = re.compile(rf"({within})?\[({names})\](?:\[\])?(?![\[(])", re.I | re.M)
    for match in reversed([*uses.finditer(plain)]):
        before, label = match.groups()
        shown = f"[{label}]" if before is None else before
        use = f"{shown}[{label}{end}]"
        text = f"{text[: match.start()]}{use}{text[match.end() :]}"
    return text
