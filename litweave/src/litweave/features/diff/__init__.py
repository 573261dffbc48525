r"""Differences: a fence that names two definitions becomes their code, side by side.

Read from top to bottom, each line of one side stands beside at most one of the other.
To leave a line alone costs 1, and to pair two costs $4\,(1 - r)$, where $r$ is the
share of words that they have in common: more than half of them, if they are paired.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, lru_cache
from html import escape
from itertools import product
from typing import NamedTuple

from litweave import highlight
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.copy.clean import clean, formatted
from litweave.names import UnknownNameError
from litweave.overlay import Mark, Slots
from litweave.parse import Module, parse
from litweave.syntax import DEFINITIONS, first_line, is_text, syntax_tree
from litweave.words import word

# Any fence, so that one within a longer one is left alone.
_FENCE = re.compile(
    r"^(?P<ticks>`{3,}|~{3,})(?P<kind>[^\n]*)\n(?P<names>.*?)^(?P=ticks)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_FRAME = '<div class="weave-difference" id="difference-{}"></div>'
_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


@lru_cache(maxsize=256)
def code(module: Module, name: str) -> str:
    """The code of a class or a function of a module, without any prose.

    An empty `name` means the whole module.
    """
    text = clean(module)
    node: ast.Module | DEFINITIONS = syntax_tree(text)
    for part in filter(None, name.split(".")):
        node = next(
            child
            for child in node.body
            if isinstance(child, DEFINITIONS) and child.name == part
        )
    lines = text.split("\n")
    for child in ast.walk(node):
        # Without its docstring, a body may not be empty.
        if isinstance(child, ast.Module | DEFINITIONS) and len(child.body) > 1:
            first = child.body[0]
            if is_text(first):
                for number in range(first.lineno, (first.end_lineno or 0) + 1):
                    lines[number - 1] = ""
    if isinstance(node, DEFINITIONS):
        lines = lines[first_line(node) - 1 : node.end_lineno]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return formatted("\n".join(line[indent:] for line in lines) + "\n")


# ## Aligned


class Pair(NamedTuple):
    """A line of each side, counted from zero; `None` where there is none."""

    before: int | None
    after: int | None


def aligned(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """The cheapest alignment of two texts, line by line."""
    costs, last = {(0, 0): 0.0}, dict[tuple[int, int], Pair]()
    for i, j in product(range(len(before) + 1), range(len(after) + 1)):
        ways: list[tuple[float, Pair]] = []
        if i and j:
            cost = 4 * (1 - likeness(before[i - 1], after[j - 1]))
            ways.append((costs[i - 1, j - 1] + cost, Pair(i - 1, j - 1)))
        if i:
            ways.append((costs[i - 1, j] + 1, Pair(i - 1, None)))
        if j:
            ways.append((costs[i, j - 1] + 1, Pair(None, j - 1)))
        if ways:
            costs[i, j], last[i, j] = min(ways, key=lambda way: way[0])
    i, j, pairs = len(before), len(after), list[Pair]()
    while i or j:
        pairs.append(last[i, j])
        i, j = i - (pairs[-1].before is not None), j - (pairs[-1].after is not None)
    return pairs[::-1]


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
    """One of the two: its name, the address of its page, its code line by line."""

    name: str
    href: str
    lines: list[str]


def table(before: Side, after: Side) -> str:
    """The HTML of two definitions side by side."""
    pairs = aligned(before.lines, after.lines)
    gone, come = list[Mark](), list[Mark]()
    for pair in pairs:
        left, right = _at(before.lines, pair.before), _at(after.lines, pair.after)
        went, came = marks(left, right, pair)
        gone, come = gone + went, come + came
    old = highlight.lines(parse("\n".join(before.lines) + "\n"), gone)
    new = highlight.lines(parse("\n".join(after.lines) + "\n"), come)
    heads = "".join(
        f'<th scope="col"><a href="{escape(side.href)}">{escape(side.name)}</a></th>'
        for side in (before, after)
    )
    rows = "\n".join(_row(_at(old, p.before), _at(new, p.after)) for p in pairs)
    names = {"first": escape(before.name), "second": escape(after.name)}
    label = word("{first} beside {second}", **names)
    return (
        f'<table class="highlight" aria-label="{label}">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _at(lines: Sequence[str], number: int | None) -> str:
    return lines[number] if number is not None else ""


def _row(before: str, after: str) -> str:
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

    slots: Slots = field(default_factory=lambda: Slots(_FRAME))

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
            return self.slots.leave(html) + "\n" * match[0].count("\n")

        return _FENCE.sub(write, markdown)

    def _table(self, names: Sequence[str], page: str, book: Book) -> str:
        if len(names) != 2:
            raise ValueError(
                f"a difference is of two names, one a line, not of {len(names)}"
            )
        before, after = (self._side(name, page, book) for name in names)
        return table(before, after)

    def _side(self, name: str, page: str, book: Book) -> Side:
        target = book.context.names.find(name, page)
        text = code(book.chapters[target.page].module, target.anchor)
        shown = target.name.rpartition(".")[2]
        return Side(shown, book.href(target, page), text.rstrip("\n").split("\n"))
