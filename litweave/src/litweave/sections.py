"""Sections: docstrings in the styles of Google, NumPy and Sphinx become Markdown.

It would run the arguments together. So each becomes an entry in a list of definitions,
the name of a section stands in bold type, and a title that is underlined becomes a
heading below that of its function. Lists become Markdown's, and labels of references
unique on a page of many docstrings.

What comes out has more lines than the source, each with the number of that which it was
made of, for messages to name the right one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, islice, pairwise, takewhile

from litweave.headings import slug
from litweave.marks import mark

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
_Section = tuple[Sequence[str], Iterable[Line]]

_KNOWN = re.compile(
    r"""(?P<name> (?P<list> arg(ument)?s | attributes | keyword[ ]arg(ument)?s | methods
      | (other[ ])?param(eter)?s | raises | receives | warns )
    | (?P<types> returns | see[ ]also | yields )  # a list in NumPy's style alone
    | (?P<code> examples? | usage )  # below a blank line
    | caution | hint | important | inputs | notes? | outputs | references | return
    | shape | tip | todo | warnings? | yield ) [: ]*""",
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
# Directives of reStructuredText: what they say of a version, the box that they become.
_VERSIONS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
}
_BOXES = {
    **dict.fromkeys(["note", "todo", "admonition"], "note"),
    **dict.fromkeys(["hint", "important", "seealso", "tip"], "tip"),
    **dict.fromkeys(["attention", "caution", "warning"], "warning"),
    **dict.fromkeys(["danger", "error"], "danger"),
}

CODE = re.compile(rf"{LITERAL} | \\.", re.VERBOSE | re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_TITLE = re.compile(
    r"(?:\A|(?<=\n\n))(?:([-=]{2,})\n)?(\S.*)\n([-=]{2,}|~{3,}|\^{3,})$", re.MULTILINE
)
_FIELD = re.compile(rf" *:({'|'.join(_KINDS)})\b *([^:`]*):(?: +(.*))?")
_TYPE = re.compile(r"^( *):(?:var)?type +(\S+):(.*(?:\n\1 +\S.*)*)", re.MULTILINE)
_DIRECTIVE = re.compile(
    rf" *\.\. ({'|'.join([*_VERSIONS, *_BOXES])}|(?:source)?code(?:-block)?):: *(.*)"
)
_OPTION = re.compile(r" +:[\w-]+:(?!`)")
_NAMES = r"\*{0,2}\w[\w.\[\]]*(?:, ?\*{0,2}\w[\w.\[\]]*)*"
# A name, its type, and what is said of it in the same line.
_GOOGLE = re.compile(rf"(`?{_NAMES}`?) *(?:\((.*?)\))? *:(?: +(.*))?")
_NUMPY = re.compile(r"(\S.*?)(?: +:(?: +(.*))?)?()")


@dataclass(frozen=True)
class Above:
    """The heading that a docstring stands below; the page's own has no anchor."""

    level: int = 1
    anchor: str = ""


def indent(line: str) -> int:
    """The spaces that a line begins with."""
    return len(line) - len(line.lstrip())


@lru_cache(maxsize=256)
def without_code(text: str) -> str:
    """A text as long, without what Markdown shows as it is written."""
    return CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


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
    for match in CODE.finditer(text):
        if match["fence"]:
            first = text.count("\n", 0, match.start())
            literal.update(range(first, first + match[0].count("\n") + 1))
    lines = [*enumerate(text.split("\n"))]
    return [*_Docstring(literal, types).sections(lines, above)]


def _moved(lines: Iterable[Line]) -> list[Line]:
    """Lines whose first words stand at the margin; none, if there are no words."""
    found = [*lines]
    deep = [indent(line) for _, line in found if line.strip()]
    return [(n, line[min(deep[0], indent(line)) :]) for n, line in found if deep]


@dataclass(frozen=True)
class _Docstring:
    """What is known of a docstring: its lines in fences, and the types of fields."""

    literal: Set[int]
    types: Mapping[str, str]

    def sections(self, lines: Sequence[Line], above: Above) -> Iterator[Line]:
        """What stands before the first title of NumPy's, and its sections."""
        titles = [n for n, _ in lines[:-1] if self._is_title(lines, n)]
        yield from self.written(lines[: min([*titles, len(lines)])])
        for start, end in pairwise([*titles, len(lines)]):
            (_, title), (_, line), *rest = lines[start:end]
            anchor = mark(f"{above.anchor}::{slug(title)}")
            heading = f"{'#' * min(above.level + 1, 6)} {title} {anchor}"
            # The headings of a module are Markdown's own.
            own = [heading] if above.anchor else [title, line]
            yield from ((start, text) for text in ("", *own, ""))
            known = _KNOWN.fullmatch(title)
            form = _NUMPY if known and (known["list"] or known["types"]) else None
            yield from self.written(_moved(rest) if form else rest, form)

    def _is_title(self, lines: Sequence[Line], number: int) -> bool:
        (_, title), (_, line) = lines[number : number + 2]
        is_titled = title[:1].strip() and re.fullmatch("[-=]{2,}", line)
        if not is_titled or number in self.literal:
            return False
        after_gap = not number or not lines[number - 1][1].strip()
        return after_gap or bool(_KNOWN.fullmatch(title))

    def written(
        self, lines: Sequence[Line], form: re.Pattern[str] | None = None
    ) -> Iterator[Line]:
        """Lines in Markdown; if they are a list, its entries have a form."""
        end, label = 0, ""
        for at, (number, line) in enumerate(lines):
            if at < end:
                continue
            if number in self.literal or not line.strip():
                yield number, line
                continue
            directive, last, label = _DIRECTIVE.fullmatch(line), label, ""
            below = self._below(lines, at, None if directive else form)
            if directive:
                heads, inner = self._directive(directive, below)
            elif field := _FIELD.fullmatch(line):
                label = _KINDS[field[1]]
                heads, inner = self._field(field, below, label == last)
            else:
                heads, inner = self._section(line, below, form)
            if not heads:
                is_last = line.endswith("::") and below and line[0] not in " ."
                yield from [(number, "")] * (at == end > 0)
                yield number, f"{line.rstrip(': ')}:" if is_last else line
                continue
            yield from ((number, head) for head in heads)
            yield from inner
            end = at + 1 + len(below)

    def _section(
        self, line: str, below: Sequence[Line], form: re.Pattern[str] | None
    ) -> _Section:
        """A section of Google's, or an entry; nothing, if the line opens neither."""
        known, entry = _KNOWN.fullmatch(line), form and form.fullmatch(line)
        if known and line[0].isupper() and line[-1] == ":" and below:
            is_code = known["code"] and not below[0][1].strip()
            inner = self.written(_moved(below), _GOOGLE if known["list"] else None)
            return ["", f"**{known['name']}:**"], below if is_code else inner
        name, kind, first = entry.groups("") if entry else ("", "", "")
        if not (first or below):
            kind, first = "", kind
        is_entry = first or (entry and below)
        return self._entry(name, kind, first, below) if is_entry else ((), ())

    def _below(
        self, lines: Sequence[Line], at: int, form: re.Pattern[str] | None
    ) -> list[Line]:
        """The lines below one that are deeper, or begin no entry of Google's."""
        deep = indent(lines[at][1])

        def belongs(each: Line) -> bool:
            is_deeper = not each[1].strip() or indent(each[1]) > deep
            return is_deeper or (form is _GOOGLE and not _GOOGLE.fullmatch(each[1]))

        found = [*takewhile(belongs, islice(lines, at + 1, None))]
        return found if any(line.strip() for _, line in found) else []

    def _field(
        self, field: re.Match[str], below: Sequence[Line], goes_on: bool
    ) -> _Section:
        """A field of Sphinx; those of one kind, one after another, have one label."""
        label, words = f"**{_KINDS[field[1]]}:**", field[3] or ""
        kind, _, name = field[2].strip().rpartition(" ")
        if not name:
            return ["", f"{label} {words}"], self.written(_moved(below))
        heads, inner = self._entry(name, kind or self.types.get(name, ""), words, below)
        return [*["", label] * (not goes_on), *heads], inner

    def _directive(self, match: re.Match[str], below: Sequence[Line]) -> _Section:
        """A box, a word about a version, or a fence."""
        (name, words), margin = match.groups(), " " * indent(match[0])
        inner = _moved(dropwhile(lambda each: _OPTION.match(each[1]), below))
        if kind := _BOXES.get(name):
            title = name.replace("seealso", "see also").capitalize()
            if name == "admonition":
                title, words = words.replace('"', "&quot;"), ""
            heads = [f'!!! {kind} "{title}"', f"    {words}".rstrip()]
            inner = [(n, f"    {line}") for n, line in self.written(inner)]
        elif name in _VERSIONS:
            version, _, said = words.partition(" ")
            stop = ":" if said or inner else "."
            heads = [f"*{_VERSIONS[name]} {version}{stop}* {said}".rstrip()]
            inner = [*self.written(inner)]
        else:
            heads = [f"```{words}", *["```"] * (not below)]
            inner += [(n, "```") for n, _ in below[-1:]]
        heads = ["", *(margin + head for head in heads)]
        return heads, [(n, margin + line) for n, line in inner]

    def _entry(
        self, name: str, kind: str, first: str, below: Sequence[Line]
    ) -> _Section:
        name = f"`{name}`" if re.fullmatch(_NAMES, name) else name  # or a type
        term = f"{name} ({kind})" if kind else name
        inner = [(n, f"    {text}") for n, text in self.written(_moved(below))]
        if first:
            return ["", term, f":   {first}"], inner
        said = [*dropwhile(lambda each: not each[1].strip(), inner)]
        return ["", term], [(n, f":{text[1:]}") for n, text in said[:1]] + said[1:]


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
# What stands before a label where it is not shown as words.
_WITHIN = r"((?<=\])|(?=\[\^)|^[ \t]*(?=\[[^\]]*\]:))?"


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
        plain = without_code(text)
        own = defined(plain)
        names = "|".join(map(re.escape, own & every))
        uses = re.compile(rf"{_WITHIN}\[({names})\](?:\[\])?(?![\[(])", re.I | re.M)
        for match in reversed([*uses.finditer(plain)] if names else []):
            before, label = match.groups()
            shown = f"[{label}]" if before is None else before
            use = f"{shown}[{label}~{number}]"
            text = f"{text[: match.start()]}{use}{text[match.end() :]}"
        found.append(text)
        every |= own
    return found, every
