r"""# Differences: two definitions side by side

Two networks of a family are often the same but for a line. Where is it? On a page
written by hand, a fence names two definitions, as prose would:

````
```difference
MixerBlock
ResMLPBlock
```
````

In its place the page shows the code of both, generated from the modules as they are:
without prose, line beside line, and with marks at the words that go and that come. A
name that nobody defines is a problem of the build, like any other.

## Which line stands beside which

Lines are *aligned*: read from top to bottom, each line of one side stands beside at
most one of the other. To leave a line alone costs 1. To pair two lines costs
$4\,(1 - r)$, where $r$ is the share of words that they have in common. So two lines
are paired if they share more than half of their words, and equal lines always. The
cheapest of all alignments is shown, found by the recurrence that is known from edit
distances:

$$D_{i,j} = \min
\begin{cases}
D_{i-1,j} + 1 \\
D_{i,j-1} + 1 \\
D_{i-1,j-1} + 4\,(1 - r_{i,j})
\end{cases}$$

Nothing here knows of MkDocs, and nothing is run.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, lru_cache
from html import escape
from typing import NamedTuple

from litweave import highlight
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.copy.clean import clean, formatted
from litweave.names import Target, UnknownNameError
from litweave.overlay import Mark
from litweave.parse import Module, parse
from litweave.syntax import is_text, syntax_tree
from litweave.words import word

# Any fence, so that one within a longer one is left alone.
_FENCE = re.compile(
    r"^(?P<ticks>`{3,}|~{3,})(?P<kind>[^\n]*)\n(?P<names>.*?)^(?P=ticks)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_FRAME = '<div class="weave-difference" id="difference-{}"></div>'
_PIECES = re.compile(r"\w+|\s+|[^\w\s]")
_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


# ## The code of a definition


@lru_cache(maxsize=256)
def code(module: Module, name: str) -> str:
    """The code of a class or a function of a module, without any prose.

    An empty `name` means the whole module.

    **Raises.** `LookupError` if the module defines nothing of that name.
    """
    text = clean(module)
    node: ast.Module | _DEFINITIONS = syntax_tree(text)
    for part in filter(None, name.split(".")):
        node = next(n for n in _inside(node) if n.name == part)
    lines = text.split("\n")
    for number in _docstrings(node):
        lines[number - 1] = ""
    if isinstance(node, _DEFINITIONS):
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        lines = lines[first - 1 : node.end_lineno]
    return _tidy(lines)


def _inside(node: ast.Module | _DEFINITIONS) -> Iterator[_DEFINITIONS]:
    return (child for child in node.body if isinstance(child, _DEFINITIONS))


def _docstrings(node: ast.AST) -> Iterator[int]:
    """The lines of docstrings, but for those without which a body would be empty."""
    for child in ast.walk(node):
        if isinstance(child, ast.Module | _DEFINITIONS) and len(child.body) > 1:
            first = child.body[0]
            if is_text(first):
                yield from range(first.lineno, (first.end_lineno or 0) + 1)


def _tidy(lines: Sequence[str]) -> str:
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return formatted("\n".join(line[indent:] for line in lines) + "\n")


# ## Aligned


class Pair(NamedTuple):
    """A line of each side, counted from zero; `None` where there is none."""

    before: int | None
    after: int | None


def aligned(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """The cheapest alignment of two texts, line by line."""
    steps = _cheapest(before, after)
    i, j, pairs = len(before), len(after), []
    while i or j:
        step = steps[i][j]
        i, j = i - (step != "after"), j - (step != "before")
        pairs.append(
            Pair(i if step != "after" else None, j if step != "before" else None)
        )
    return pairs[::-1]


def _cheapest(before: Sequence[str], after: Sequence[str]) -> list[list[str]]:
    """For each two beginnings of the texts, the last step of their best alignment."""
    costs = [[float(j) for j in range(len(after) + 1)]]
    steps = [["both", *["after"] * len(after)]]
    for i, line in enumerate(before, start=1):
        costs.append([float(i)])
        steps.append(["before"])
        for j, other in enumerate(after, start=1):
            cost, step = min(
                (costs[i - 1][j - 1] + 4 * (1 - likeness(line, other)), "both"),
                (costs[i - 1][j] + 1, "before"),
                (costs[i][j - 1] + 1, "after"),
                key=lambda option: option[0],
            )
            costs[i].append(cost)
            steps[i].append(step)
    return steps


@cache
def likeness(line: str, other: str) -> float:
    """The share of words that two lines have in common, in their order.

    >>> likeness("u = x + mixing(x)", "u = x + gate(x)")
    0.75
    >>> likeness("return y", "return y"), likeness("(", ")")
    (1.0, 0.0)
    """
    if line.strip() == other.strip():
        return 1.0
    words, others = re.findall(r"\w+", line), re.findall(r"\w+", other)
    if not words or not others:
        return 0.0
    return SequenceMatcher(None, words, others, autojunk=False).ratio()


# ## Marked


def marks(before: str, after: str, pair: Pair) -> tuple[list[Mark], list[Mark]]:
    """The words of two lines that go, and those that come."""
    left, right = _PIECES.findall(before), _PIECES.findall(after)
    gone: list[Mark] = []
    come: list[Mark] = []
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind != "equal":
            gone += _mark(left, i, i_end, pair.before, "del")
            come += _mark(right, j, j_end, pair.after, "ins")
    return gone, come


def _mark(
    pieces: Sequence[str], first: int, end: int, line: int | None, tag: str
) -> Iterator[Mark]:
    start = sum(map(len, pieces[:first]))
    text = "".join(pieces[first:end])
    # What indents a line did not change with it.
    start += len(text) - len(text.lstrip()) if not first else 0
    if line is not None and text.strip():
        stop = sum(map(len, pieces[:end]))
        yield Mark(line + 1, start, stop, tag, {})


# ## Shown


@dataclass(frozen=True)
class Side:
    """One of the two: where it is defined, and its code."""

    target: Target
    text: str

    @property
    def name(self) -> str:
        """What the head of its column says."""
        return self.target.name.rpartition(".")[2]

    @property
    def lines(self) -> list[str]:
        """Its code, line by line."""
        return self.text.rstrip("\n").split("\n")


def table(before: Side, after: Side, hrefs: tuple[str, str]) -> str:
    """The HTML of two definitions side by side; `hrefs` lead to their pages."""
    pairs = aligned(before.lines, after.lines)
    left, right = _highlighted(before, after, pairs)
    heads = "".join(
        f'<th scope="col"><a href="{escape(href)}">{escape(side.name)}</a></th>'
        for side, href in zip((before, after), hrefs, strict=True)
    )
    rows = "\n".join(_row(pair, left, right) for pair in pairs)
    names = {"first": escape(before.name), "second": escape(after.name)}
    label = word("{first} beside {second}", **names)
    return (
        f'<table class="highlight" aria-label="{label}">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _highlighted(
    before: Side, after: Side, pairs: Sequence[Pair]
) -> tuple[list[str], list[str]]:
    """The HTML of each line of both sides, with its marks."""
    gone: list[Mark] = []
    come: list[Mark] = []
    for pair in pairs:
        left = before.lines[pair.before] if pair.before is not None else ""
        right = after.lines[pair.after] if pair.after is not None else ""
        went, came = marks(left, right, pair)
        gone, come = gone + went, come + came
    left_lines = highlight.lines(parse(before.text), gone)
    return left_lines, highlight.lines(parse(after.text), come)


def _row(pair: Pair, left: Sequence[str], right: Sequence[str]) -> str:
    before = left[pair.before] if pair.before is not None else ""
    after = right[pair.after] if pair.after is not None else ""
    kind = "changed" if "<del>" in before or "<ins>" in after else "same"
    return f'<tr class="weave-{kind}">{_cell(before)}{_cell(after)}</tr>'


def _cell(line: str) -> str:
    if not line:
        return "<td></td>"
    # What goes on in the next line does so below its own beginning.
    indent = len(line) - len(line.lstrip(" "))
    place = f' style="--indent:{indent}"' if indent else ""
    return f"<td><code{place}>{highlight.breakable(line)}</code></td>"


# ## In a page


@dataclass
class Differences:
    """The differences of a site: first framed, then filled in."""

    tables: list[str] = field(default_factory=list)

    def frame(self, markdown: str, place: Place, page: str, book: Book) -> str:
        """Put an empty frame in the place of each fence.

        `place` is where the first line of `markdown` stands. The lines that follow a
        fence keep their numbers. What cannot be shown goes to the book's problems, and
        the fence stays as it was.
        """

        def write(match: re.Match[str]) -> str:
            if match["kind"].strip() != "difference":
                return match[0]
            line = place.line + markdown.count("\n", 0, match.start())
            try:
                html = self._table(match["names"].split(), page, book)
            except (UnknownNameError, ValueError) as error:
                problem = Place(place.path, line)
                book.context.diagnostics.add(problem, str(error), "difference")
                return match[0]
            self.tables.append(html)
            return _FRAME.format(len(self.tables)) + "\n" * match[0].count("\n")

        return _FENCE.sub(write, markdown)

    def _table(self, names: Sequence[str], page: str, book: Book) -> str:
        if len(names) != 2:
            raise ValueError(
                f"a difference is of two names, one a line, not of {len(names)}"
            )
        before, after = (self._side(name, page, book) for name in names)
        hrefs = book.href(before.target, page), book.href(after.target, page)
        return table(before, after, hrefs)

    def _side(self, name: str, page: str, book: Book) -> Side:
        target = book.context.names.find(name, page)
        return Side(target, code(book.chapters[target.page].module, target.anchor))

    def fill(self, html: str) -> str:
        """Put each table in its frame."""
        for number, text in enumerate(self.tables, start=1):
            frame = _FRAME.format(number)
            if frame in html:
                html = html.replace(frame, frame.replace("></", f">\n{text}\n</"))
        return html
