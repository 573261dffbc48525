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
becomes a heading below that of its function.

What comes out has more lines than the source. So every line comes with the number of
the line that it was made of, for messages to name the right one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from litweave.headings import mark, slug

# Sections that list names with what is to be said of each, and sections of plain text.
_LISTS = {
    *("args", "arguments", "attributes", "keyword args", "keyword arguments"),
    *("methods", "other parameters", "parameters", "params"),
    *("raises", "receives", "warns"),
}
_TEXTS = {
    *("caution", "hint", "important", "inputs", "note", "notes", "outputs"),
    *("references", "return", "returns", "see also", "shape", "tip", "todo"),
    *("warning", "warnings", "yield", "yields"),
}
# In these, what stands below a blank line may be code.
_EXAMPLES = {"example", "examples", "usage"}
# These are lists in NumPy's style alone: of types, and of what else to see.
_NUMPY_LISTS = {"returns", "yields", "see also"}
_KNOWN = _LISTS | _TEXTS | _EXAMPLES
_FIELDS = {
    "Parameters": "param parameter arg argument key keyword kwarg",
    "Attributes": "var ivar cvar",
    "Raises": "raises raise except exception",
    "Returns": "returns return",
    "Return type": "rtype",
    "Yields": "yields yield",
    "": "type vartype",
}
_KINDS = {kind: name for name, kinds in _FIELDS.items() for kind in kinds.split()}

_BLOCK = re.compile(r"[-+>|#~]|\* |\d+\. |`{3}|\.\.|!!!|\?\?\?")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_LABEL = re.compile(r"([A-Z][A-Za-z ]*)::?")
_UNDERLINE = re.compile(r"[-=]{2,}|~{3,}|\^{3,}")
# With an `@` it is Epytext's.
_FIELD = re.compile(rf"[:@]({'|'.join(_KINDS)})\b *([^:`]*):(?: +(.*))?")
_NAMES = r"`?(\*{0,2}\w[\w.\[\]]*(?:, ?\*{0,2}\w[\w.\[\]]*)*)`?"
_GOOGLE = re.compile(rf"{_NAMES} *(?:\((.*?)\))? *:(?: +(.*))?")
_NUMPY = re.compile(rf"{_NAMES} +:(?: +(.*))?()")

Line = tuple[int, str]
"""A line of Markdown, and the number of the line that it was made of."""


@dataclass(frozen=True)
class Above:
    """The heading that a docstring stands below; the page's own has no anchor."""

    level: int = 1
    anchor: str = ""

    def section(self, words: str) -> str:
        """The heading of a section, one level below."""
        level = "#" * min(self.level + 1, 6)
        return f"{level} {words} {mark(f'{self.anchor}::{slug(words)}')}"


def translated(text: str, above: Above) -> list[Line]:
    """The lines of a docstring, counted from 0, with its sections in Markdown."""
    lines = list(enumerate(text.split("\n")))
    return list(_Docstring(lines, _literal(lines), above).written())


def with_titles(text: str) -> str:
    """Text whose titles are underlined as Markdown has it, with as many lines.

    Markdown would take a line of tildes for a fence, and one above a title for words.
    """
    lines = list(enumerate(text.split("\n")))
    literal = _literal(lines)
    for number in range(len(lines) - 1):
        if number in literal or not _is_titled(lines[number:]):
            continue
        below = lines[number + 1][1].rstrip()
        before = [line.strip() for _, line in lines[max(number - 2, 0) : number]]
        is_between = before[-1:] == [below] and not any(before[:-1])
        if is_between:
            lines[number - 1] = (number - 1, "")
        if below[0] in "~^" and (is_between or not any(before[-1:])):
            lines[number + 1] = (number + 1, "-" * len(below))
    return "\n".join(line for _, line in lines)


def _literal(lines: Sequence[Line]) -> set[int]:
    """The lines of fences: whatever they look like, they are code."""
    found, fence = set[int](), ""
    for number, line in lines:
        match = _FENCE.match(line)
        if match and not fence and number and _is_titled(lines[number - 1 :]):
            continue  # What underlines a title can look like a fence.
        if fence or match:
            found.add(number)
        if match and not fence:
            fence = match[1]
        elif match and match[1].startswith(fence) and line.strip() == match[1]:
            fence = ""
    return found


def _is_titled(lines: Sequence[Line]) -> bool:
    """Whether the second of some lines underlines the first; a fence has an end."""
    title, line = (text.rstrip() for _, text in [*lines[:2], (0, "")][:2])
    return bool(title[:1].strip() and _UNDERLINE.fullmatch(line)) and (
        line[0] in "-="
        or len(line) >= len(title)
        or (line[0] == "~" and line not in (text.strip() for _, text in lines[2:]))
    )


def indent(line: str) -> int:
    """The spaces that a line begins with."""
    return len(line) - len(line.lstrip())


@dataclass(frozen=True)
class _Docstring:
    lines: Sequence[Line]
    literal: set[int]
    above: Above

    def written(self) -> Iterator[Line]:
        number, kind = 0, ""
        while number < len(self.lines):
            field, taken = self._field(number), 1
            if field:
                yield from self._written_field(field, number, kind)
                kind = _KINDS[field[1]] or kind
                taken = 1 + len(self._below(number))
            elif self._is_underlined(number):
                taken = self._length(number)
                yield from self._underlined(self.lines[number : number + taken])
            elif self._label(number):
                taken = 1 + len(below := self._below(number))
                deep = min(indent(line) for _, line in below if line.strip())
                plain = [(n, self._plain(n, deep)) for n, _ in below]
                yield from _google([self.lines[number], *plain])
            else:
                yield number, self._plain(number)
            kind = kind if field or not self.lines[number][1].strip() else ""
            number += taken

    def _below(self, number: int) -> Sequence[Line]:
        """The lines that are indented below a line, to the last that is not blank."""
        deep = indent(self.lines[number][1])
        rest = self.lines[number + 1 :]
        found = list(
            takewhile(lambda ln: not ln[1].strip() or indent(ln[1]) > deep, rest)
        )
        while found and not found[-1][1].strip():
            found.pop()
        return found

    def _plain(self, number: int, margin: int = 0) -> str:
        """A line as it is, but for the colon that reStructuredText sets before code."""
        line = self.lines[number][1]
        is_words = indent(line) == margin and line[margin : margin + 1] != "."
        opens = line.endswith("::") and is_words and self._below(number)
        is_code = not opens or number in self.literal
        return line if is_code else f"{line.rstrip(': ')}:"

    # ## NumPy

    def _is_underlined(self, number: int) -> bool:
        """Whether a title begins here, known or below a blank line; and no code."""
        before = self.lines[number - 1][1].strip() if number else ""
        is_free = not before or self.lines[number][1].strip().lower() in _KNOWN
        return (
            is_free and number not in self.literal and _is_titled(self.lines[number:])
        )

    def _length(self, number: int) -> int:
        """How many lines belong to a title: all of its list, if it has one."""
        end = number + 2
        if self.lines[number][1].strip().lower() in _LISTS | _NUMPY_LISTS:
            while end < len(self.lines) and not self._is_underlined(end):
                end += 1
        return end - number

    def _underlined(self, lines: Sequence[Line]) -> Iterator[Line]:
        (number, title), line, *below = lines
        # The blank line keeps it from being the heading of the function itself.
        yield number, ""
        if self.above.anchor:
            yield number, self.above.section(title.strip())
            yield line[0], ""
        else:  # The headings of a module are Markdown's own.
            yield from lines[:2]
        yield from _entries(below, _NUMPY) if below else ()

    # ## Google

    def _label(self, number: int) -> bool:
        match = _LABEL.fullmatch(self.lines[number][1].rstrip())
        known = match and match[1].lower() in _KNOWN and number not in self.literal
        return bool(known and self._below(number))

    # ## Sphinx

    def _field(self, number: int) -> re.Match[str] | None:
        line = self.lines[number][1].rstrip()
        return None if number in self.literal else _FIELD.fullmatch(line)

    def _written_field(
        self, field: re.Match[str], number: int, before: str
    ) -> Iterator[Line]:
        """A field; those of one kind, one after another, have one label."""
        label, first = _KINDS[field[1]], field[3] or ""
        kind, _, name = field[2].strip().rpartition(" ")
        yield number, ""
        if not label and self._about(name, typed=False):
            return  # The type of something that another field describes.
        if name:
            if label and label != before:
                yield number, f"**{label}:**"
            term = _term(name, kind or self._about(name, typed=bool(label)))
            yield from _entry((number, term), first, self._below(number))
        else:
            yield number, f"**{label}:** {first}"
            yield from _dedented(self._below(number))
        yield number, ""

    def _about(self, name: str, typed: bool) -> str:
        """What the fields of a name say: of its type, or else of the thing itself."""
        for number in range(len(self.lines)):
            field = self._field(number)
            if not field or bool(_KINDS[field[1]]) == typed:
                continue
            if field[2].split()[-1:] == [name]:
                below = (line.strip() for _, line in self._below(number))
                return " ".join(filter(None, [(field[3] or "").strip(), *below]))
        return ""


def _google(lines: Sequence[Line]) -> Iterator[Line]:
    (number, label), *below = lines
    name = label.rstrip(": ")
    yield number, ""
    yield number, f"**{name}:**"
    if name.lower() in _LISTS:
        yield from _entries(below, _GOOGLE)
    elif name.lower() in _EXAMPLES and not below[0][1].strip():
        yield from below
    else:
        # Text goes on behind its label; a list or an example does not.
        yield from [(number, "")] if _BLOCK.match(below[0][1].lstrip()) else []
        yield from _dedented(below)
    yield below[-1][0], ""


# ## Lists of definitions


def _entries(lines: Sequence[Line], head: re.Pattern[str]) -> Iterator[Line]:
    """What is listed: each name, and what is said of it.

    In Google's style a line that names nothing goes on with the entry above it; in
    NumPy's, it may be a type.
    """
    deep = min((indent(line) for _, line in lines if line.strip()), default=0)
    starts = [
        place
        for place, (_, line) in enumerate(lines)
        if line.strip() and indent(line) == deep
        if head is _NUMPY or head.fullmatch(line.strip())
    ]
    yield from _dedented(lines[: starts[0]] if starts else lines)
    for start, end in pairwise([*starts, len(lines)]):
        (number, line), *below = lines[start:end]
        match = head.fullmatch(line.strip())
        if match:
            first = match[3] or ""
            kind = match[2] or ""
            if not first and not any(text.strip() for _, text in below):
                kind, first = "", kind
            yield from _entry((number, _term(match[1], kind)), first, below)
        elif any(text.strip() for _, text in below):
            yield from _entry((number, _named(line.strip())), "", below)
        else:
            yield from _dedented(lines[start:end])


def _entry(term: Line, first: str, below: Sequence[Line]) -> Iterator[Line]:
    number = term[0]
    rest = list(_dedented(below, "    "))
    while rest and not first:
        (number, first), *rest = rest
        first = first.strip()
    yield term[0], ""
    yield term
    yield from [(number, f":   {first}")] if first else []
    if rest and _BLOCK.match(rest[0][1].lstrip()) and not _BLOCK.match(first):
        yield number, ""
    yield from rest
    yield (rest[-1] if rest else term)[0], ""


def _term(name: str, kind: str) -> str:
    return f"`{name}` ({kind})" if kind else f"`{name}`"


def _named(words: str) -> str:
    """A name as code; of a type, only what is one name."""
    match = re.fullmatch(_NAMES, words)
    return f"`{match[1]}`" if match else words


def _dedented(lines: Sequence[Line], margin: str = "") -> Iterator[Line]:
    deep = min((indent(line) for _, line in lines if line.strip()), default=0)
    for number, line in lines:
        yield number, margin + line[deep:] if line.strip() else ""
