r"""Differences: a fence that names two definitions becomes their code, side by side.

Read from top to bottom, each line of one side stands beside at most one of the other.
To leave a line alone costs 1, and to pair two costs $4\,(1 - r)$, where $r$ is the
share of words that they have in common: more than half of them, if they are paired.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from html import escape
from itertools import groupby, product
from textwrap import dedent

from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.copy.forms import formatted, joined, without_prose
from litweave.names import UnknownNameError
from litweave.overlay import Mark, breakable, code_lines
from litweave.parse import Module
from litweave.sections import CODE
from litweave.words import word

FRAME = '<div class="weave-difference" id="difference-{}"></div>'


@lru_cache(maxsize=256)
def code(module: Module, name: str) -> str:
    """The code of a class or a function of a module, without any prose.

    An empty `name` means the whole module.
    """
    lines = without_prose(module, docstrings=False)
    if name:
        found = next(d for d in module.definitions if d.name == name)
        span = range(found.start, found.end + 1)
        lines = {number: line for number, line in lines.items() if number in span}
    return formatted(dedent(joined(lines)))


# ## Aligned

# A line of each side, counted from zero; `None` where there is none.
Pair = tuple[int | None, int | None]


def aligned(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """The cheapest alignment of two texts, line by line."""
    costs, last = {(0, 0): 0.0}, dict[tuple[int, int], Pair]()
    for i, j in product(range(len(before) + 1), range(len(after) + 1)):
        ways: list[tuple[float, Pair]] = []
        if i and j:
            cost = 4 * (1 - likeness(before[i - 1], after[j - 1]))
            ways.append((costs[i - 1, j - 1] + cost, (i - 1, j - 1)))
        if i:
            ways.append((costs[i - 1, j] + 1, (i - 1, None)))
        if j:
            ways.append((costs[i, j - 1] + 1, (None, j - 1)))
        if ways:
            costs[i, j], last[i, j] = min(ways, key=lambda way: way[0])
    i, j, pairs = len(before), len(after), list[Pair]()
    while i or j:
        pairs.append(last[i, j])
        i, j = i - (pairs[-1][0] is not None), j - (pairs[-1][1] is not None)
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


# ## Shown


def table(heads: str, label: str, before: Sequence[str], after: Sequence[str]) -> str:
    """The HTML of two pieces of code side by side, line by line."""
    pairs, gone, come = aligned(before, after), list[Mark](), list[Mark]()
    for i, j in pairs:
        left, right = _pieces(before, i), _pieces(after, j)
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        for kind, first, end, other, other_end in matcher.get_opcodes():
            if kind != "equal":
                gone += _mark(left, first, end, i, "del")
                come += _mark(right, other, other_end, j, "ins")
    old = code_lines("\n".join(before), gone)
    new = code_lines("\n".join(after), come)
    rows = [f"<tr>{_cell(old, i)}{_cell(new, j)}</tr>\n" for i, j in pairs]
    bodies = "".join(
        f'<tbody class="weave-{kind}">\n{"".join(alike)}</tbody>\n'
        for kind, alike in groupby(rows, _kind)
    )
    return (
        f'<table class="highlight" aria-label="{label}">\n'
        f"<thead><tr>{heads}</tr></thead>\n{bodies}</table>"
    )


def _pieces(lines: Sequence[str], number: int | None) -> list[str]:
    return [] if number is None else re.findall(r"\w+|\s+|[^\w\s]", lines[number])


def _mark(
    pieces: Sequence[str], first: int, end: int, line: int | None, tag: str
) -> Iterator[Mark]:
    text = "".join(pieces[first:end])
    if line is not None and text.strip():
        start = len("".join(pieces[:first]))
        # What indents a line did not change with it.
        indent = len(text) - len(text.lstrip()) if not first else 0
        yield Mark(line + 1, start + indent, start + len(text), tag, {})


def _kind(row: str) -> str:
    return "changed" if "<del>" in row or "<ins>" in row else "same"


def _cell(lines: Sequence[str], number: int | None) -> str:
    if number is None or not (line := lines[number]):
        return "<td></td>"
    # What goes on in the next line does so below its own beginning.
    indent = len(line) - len(line.lstrip(" "))
    place = f' style="--indent:{indent}"' if indent else ""
    return f"<td><code{place}>{breakable(line)}</code></td>"


# ## In a page


def framed(
    markdown: str, place: Place, page: str, book: Book
) -> tuple[str, dict[int, str]]:
    """A text with a frame in the place of each such fence, and what goes into them.

    `place` is where the first line of it stands; the lines that follow a fence keep
    their numbers. What cannot be shown goes to the book's problems, and the fence stays
    as it was.
    """
    tables = dict[int, str]()

    def write(match: re.Match[str]) -> str:
        if match["fence_end"] is None or match["info"].strip() != "difference":
            return match[0]
        try:
            html = _difference(match["body"].split(), page, book)
        except (UnknownNameError, ValueError) as error:
            problem = place.below(markdown, match.start())
            book.context.diagnostics.add(problem, str(error), "difference")
            return match[0]
        tables[len(tables) + 1] = html
        return FRAME.format(len(tables)) + "\n" * match[0].count("\n")

    # A fence within other code is part of it.
    return CODE.sub(write, markdown), tables


def _difference(names: Sequence[str], page: str, book: Book) -> str:
    if len(names) != 2:
        message = f"a difference is of two names, one a line, not of {len(names)}"
        raise ValueError(message)
    heads, shown, codes = "", list[str](), list[list[str]]()
    for target in (book.context.names.find(name, page) for name in names):
        shown.append(escape(target.name.rpartition(".")[2]))
        href = escape(book.href(target, page))
        heads += f'<th scope="col"><a href="{href}">{shown[-1]}</a></th>'
        text = code(book.chapters[target.page].module, target.anchor)
        codes.append(text.rstrip("\n").split("\n"))
    label = word("{first} beside {second}", first=shown[0], second=shown[1])
    return table(heads, label, *codes)
