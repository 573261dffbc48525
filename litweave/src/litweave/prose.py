r"""# Prose: what we add to Markdown

Prose is the site's own Markdown, with four things more:

- mathematics between dollars, `$…$` and `$$…$$`, is set aside before Markdown can
  mistake its underscores and backslashes for its own;
- names in brackets become links (see `names`);
- what LaTeX and reStructuredText have for mathematics and names, `\(…\)`, `.. math::`
  and roles, is read as well;
- examples in doctest form, `>>>`, become code blocks: Markdown alone would see
  quotations.

All of prose goes through one function, [`to_markdown`][], whether it comes from a
docstring, a comment or a page of its own. What is code in Markdown stays as it is.
"""

import posixpath
import re
import textwrap
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import TAG
from litweave.katex import Formulas
from litweave.marks import LESS, unreserved
from litweave.names import Names, UnknownNameError
from litweave.sections import (
    LITERAL,
    Above,
    Line,
    defined,
    depth,
    indent,
    relisted,
    translated,
)

# The roles of reStructuredText that name something, or set it as mathematics.
ROLES = "math|class|func|meth|mod|attr|data|obj|exc|const|ref|doc|term|any|paramref"
# What stands between LaTeX's own delimiters: no blank line, and none of them.
TEX = r"(?: \\ [^()\[\]] | \n (?! \s*\n ) | [^\\\n] )+?"
# What may begin at a place in a text, longest first. A dollar at the beginning of a
# line may be what to type into a terminal.
BEGINNINGS = re.compile(
    rf"""
    (?: ^ | (?= [`\\:$<\[\]] ) ) (?:  # nowhere else, which is quickly told
    {LITERAL}
  | (?P<display> ^ (?P<inset> [ \t]* ) \.\.[ ]math:: (?P<equations> [^\n]*
      (?: (?: \n [ \t]* )+ (?<=\n) (?P=inset) [ \t]+ \S [^\n]* )* )
    | ^[ \t]* \\\[ (?P<lone> {TEX} ) \\\] [ \t]*$
    | \\\[ (?P<spaced> \s {TEX} \s ) \\\]
    | \$\$ (?P<block> (?: \\. | [^$\\] )+? ) \$\$
    | (?: ^[ \t]* )? \\begin\{{ (?P<kind> [a-z]+\*? ) \}} .+? \\end\{{ (?P=kind) \}} )
  | (?P<inline> \\\( (?P<within> {TEX} ) \\\)
      | \$ (?!\s) (?P<formula> `[^`$\n]+`
        | (?: \\. | \n (?! \s*\n ) | [^$`\\\n] )+? ) (?<!\s) \$ (?!\d) )
  | (?P<role> (?<![\w:]) : (?: py: )? (?P<role_name> {ROLES} ) : ` (?P<said> [^`]+ ) ` )
  | (?P<parted> (?<=`) \\ (?: [ ] | (?=s) ) )  # reStructuredText parts ``name``\ s
  | (?P<escape> \\(?!begin\{{). | ^[ \t]* \$ (?=[ ]) )
  | (?P<dollar> \$ | \\begin\{{ [a-z]+\*? \}} )
  | (?P<link> (?<![!A-Za-z0-9_\])]) \[ (?!\^) (?P<text> [^\[\]]+ ) \]
      \[ (?P<name> (?: [^\W\d] [\w.]* )? ) \] )
  | (?P<address> \] (?: \( \s* | :[ \t]* ) < (?P<target> [^<>\n]* ) > )
  | (?P<tag> {TAG} ) )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_HTML = re.compile(
    r"""
    <!--.*?--> | < (?P<end> /? ) (?! (?: area | base | br | col | embed | hr | img
      | input | link | meta | source | track | wbr ) \b )  # what has no end
      (?P<tag> [A-Za-z] [\w-]* ) (?= [\s/>] )
      (?: [^"'<>] | "[^"]*" | '[^']*' )* (?<!/) >
    """,
    re.VERBOSE | re.DOTALL,
)
# A heading of level 2, in a text without code; what is underlined begins a paragraph.
_SECTION = re.compile(r"^##(?!#)|(?<=\n\n)\S[^\n]*\n-+[ ]*$", re.MULTILINE)
# A line that a gap parts, as one of a table is, or one with a part of a drawing.
_COLUMNS = re.compile(r"^.*(?:\S {2,}\S|[\u2500-\u25ff])", re.MULTILINE)


class Rewriter(Protocol):
    """Who says in another language what is written (see `languages`)."""

    def __call__(
        self, lines: Sequence[Line], place: Place, html: bool
    ) -> tuple[Sequence[str], Sequence[Place]]:
        """Lines in other words, each with its place; theirs are counted from `place`.

        Without `html`, a tag in them is words.
        """


@dataclass
class Context:
    """What the author of a page has at hand: the names known, the formulas so far."""

    names: Names = field(default_factory=Names)
    formulas: Formulas = field(default_factory=Formulas)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    raw_html: bool = False  # Whether a tag in the prose of a module is HTML.
    symbols: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of each page
    translator: Rewriter | None = None  # Who puts pages into another language.


def to_markdown(
    text: str,
    place: Place,
    page: str,
    context: Context,
    above: Above | None = None,
    labels: Set[str] = frozenset(),
) -> str:
    """Turn prose into the Markdown that the site's own extensions understand.

    `place` is where the first line of `text` stands, and `page` the page it is for, as
    a path from the root of the site's sources; links are written from there.

    Without `raw_html`, a tag in the text is words like any other. The prose of a module
    stands below some heading, `above`, and `sections` in other styles are translated;
    it may use the `labels` of references that stand elsewhere in the module.

    Mistakes go to `context.diagnostics`: a formula or a fence that is not closed, a
    name that leads nowhere.
    """
    text = unreserved(text)
    if above and context.raw_html:
        text = closed(text, place, context)
    lines = translated(text, above) if above else [*enumerate(text.split("\n"))]
    if context.translator:
        html = context.raw_html or not above
        written, places = context.translator(lines, place, html)
    else:
        written = [line for _, line in lines]
        places = [Place(place.path, place.line + number) for number, _ in lines]
    if above:
        moved = [*relisted(written, _bare("\n".join(written)).split("\n"))]
        written = [line for _, line in moved]
        places = [places[number] for number, _ in moved]
    text = "\n".join(written)
    known = labels | defined(text)
    return _Writer(text, places, page, context, bool(above), known).written(text)


def closed(text: str, place: Place, context: Context) -> str:
    """Text whose HTML ends where the text does; what it left open is a problem."""
    opened = list[tuple[str, int]]()
    for match in _HTML.finditer(_bare(text)):
        tags = [tag for tag, _ in opened]
        if match["tag"] and not match["end"]:
            opened.append((match["tag"], match.start()))
        elif match["tag"] in tags:
            del opened[len(tags) - 1 - tags[::-1].index(match["tag"]) :]
    for tag, start in opened:
        message = f"“<{tag}>” opens HTML that is not closed"
        context.diagnostics.add(place.below(text, start), message, "html")
    ends = "".join(f"</{tag}>" for tag, _ in reversed(opened))
    return f"{text}\n\n{ends}" if ends else text


def sections(text: str) -> list[tuple[int, str]]:
    """A text cut at its headings of level 2: each part, and its line, counted from 0.

    The first part is what stands before all of them.
    """
    bare = _bare(text)
    starts = [match.start() for match in _SECTION.finditer(bare) if match.start()]
    edges = pairwise([0, *starts, len(text)])
    return [(text.count("\n", 0, start), text[start:end]) for start, end in edges]


def in_columns(text: str) -> bool:
    """Whether lines stand in columns, or are a drawing, so that none may be broken."""
    return len(_COLUMNS.findall(text)) > 1


def _bare(text: str) -> str:
    """A text as long as the given one, without code, be it in fences or indented."""
    text = BEGINNINGS.sub(lambda m: m["tag"] or re.sub(r"[^\n]", " ", m[0]), text)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        deep = indent(line)
        after_gap = not number or not lines[number - 1].strip()
        if after_gap and deep >= 4 and deep - depth(lines[:number], deep) >= 4:
            lines[number] = " " * len(line)
    return "\n".join(lines)


@dataclass(frozen=True)
class _Writer:
    """Writes what begins at each place of a text; `places` are those of its lines."""

    text: str
    places: Sequence[Place]
    page: str
    context: Context
    is_module: bool
    labels: Set[str]

    def written(self, part: str, start: int = 0) -> str:
        """Write a part of the text, which starts at that character of it."""

        def write(match: re.Match[str]) -> str:
            line = self.text.count("\n", 0, start + match.start())
            writer = getattr(self, f"_{match.lastgroup}", None)
            return writer(match, self.places[line]) if writer else match[0]

        return BEGINNINGS.sub(write, part)

    # ## Code

    def _fence(self, match: re.Match[str], place: Place) -> str:
        margin = self._margin(match)
        if match["fence_end"] is not None:
            if match["info"].strip() == "math":
                return f"\n{margin}{self._formula(match['body'], True, place)}\n"
            is_one = not self.is_module or indent(match[0]) < len(margin) + 4
            fence = match[0]
            if match["info"].strip() == "text" and in_columns(match["body"]):
                fence = fence.replace("text", " { .text .weave-columns }", 1)
            block = textwrap.indent(textwrap.dedent(fence), margin)
            return fence if is_one else f"\n{block}"
        if not match[0].strip("`~ \t\n"):
            return "\n---"  # a line that somebody drew
        message = f"“{match['ticks']}” opens code that is not closed"
        self.context.diagnostics.add(place, message, "code")
        # What follows is not its code: it ends where the prose does.
        return f"{match[0]}\n{' ' * indent(match[0])}{match['ticks']}"

    def _example(self, match: re.Match[str], place: Place) -> str:
        # Longer than what the example itself holds of them.
        ticks = "`" * (1 + max([2, *map(len, re.findall("`+", match[0]))]))
        printed = re.sub(r"^[ \t]*(>>>|\.\.\.).*", "", match[0], flags=re.MULTILINE)
        kind = "{ .pycon .weave-columns }" if in_columns(printed) else "pycon"
        block = f"\n{ticks} {kind}\n{textwrap.dedent(match[0])}\n{ticks}\n"
        return textwrap.indent(block, self._margin(match))

    def _margin(self, match: re.Match[str]) -> str:
        """The indent at which a block is one: deeper, it would be shown as code."""
        *above, _ = match.string[: match.start()].split("\n")
        return " " * depth(above, indent(match[0]))

    # ## Formulas

    def _display(self, match: re.Match[str], place: Place) -> str:
        tex = match["lone"] or match["spaced"] or match["block"] or match[0]
        margin = self._margin(match)
        if match["equations"] is None:
            return margin + self._formula(tex, True, place)
        return f"\n{margin}{self._formula(_split(match['equations']), True, place)}\n"

    def _inline(self, match: re.Match[str], place: Place) -> str:
        tex = match["within"] or match["formula"]
        return self._formula(tex.strip("`"), False, place)

    def _formula(self, tex: str, display: bool, place: Place) -> str:
        symbols = self.context.symbols.get(self.page, ())
        return self.context.formulas.add(tex, display, place, symbols)

    def _dollar(self, match: re.Match[str], place: Place) -> str:
        hint = r" (for a dollar write “\$”)" * (match[0] == "$")
        message = f"a “{match[0]}” opens a formula that is not closed{hint}"
        self.context.diagnostics.add(place, message, "formula")
        return match[0]

    def _parted(self, match: re.Match[str], place: Place) -> str:
        return ""

    def _escape(self, match: re.Match[str], place: Place) -> str:
        return "$" if match[0] == r"\$" else self._tag(match, place)

    # ## Names and addresses

    def _role(self, match: re.Match[str], place: Place) -> str:
        said = match["said"]
        if match["role_name"] == "math":
            return self._formula(said, False, place)
        words = re.sub(r"\s*<[^<>]*>$", "", said)
        return f"`{words.rpartition('.')[2] if said.startswith('~') else words}`"

    def _link(self, match: re.Match[str], place: Place) -> str:
        name = match["name"] or match["text"].strip("`")
        text = self.written(match["text"], match.start("text"))
        if name.lower() in self.labels:
            return f"[{text}][{match['name']}]"
        try:
            target = self.context.names.find(name, self.page)
        except UnknownNameError as error:
            self.context.diagnostics.add(place, str(error), "name")
            return text if text.startswith("`") else f"[{text}][{match['name']}]"
        address = posixpath.relpath(target.page, posixpath.dirname(self.page) or ".")
        anchor = f"#{target.anchor}" if target.anchor else ""
        return f"[{text}]({address}{anchor})"

    def _address(self, match: re.Match[str], place: Place) -> str:
        """An address in angle brackets, in which there may be spaces, without them."""
        before, target = match[0].partition("<")[0], match["target"]
        return before + re.sub(r"[\s()]", lambda c: f"%{ord(c[0]):02X}", target)

    def _tag(self, match: re.Match[str], place: Place) -> str:
        """Text in which a tag is a tag only if the author may use HTML."""
        is_tag = self.context.raw_html or not self.is_module
        return match[0] if is_tag else match[0].replace("<", LESS)


def _split(equations: str) -> str:
    """Equations as Sphinx has them: blank lines between two, options above all."""
    text = re.sub(r"^[ \t]*:[\w-]+:.*$", "", equations, flags=re.MULTILINE).strip()
    tex = re.sub(r"\n\s*\n", r" \\\\\n", text)
    has_lines = r"\\" in tex and r"\begin" not in tex
    return rf"\begin{{split}}{tex}\end{{split}}" if has_lines else tex
