r"""# Spacing: blank lines between statements

Where prose is taken out of a source, blank lines are left that separate nothing any
more, and definitions move together that should stand apart. Here each statement gets
the blank lines that `ruff format` would give it; all other layout stays the author's.

| between | blank lines |
|---|---|
| a definition and whatever stands before or behind it | two, or one within a block |
| the docstring of a module or a class and what follows | one |
| imports and what follows | one |
| any other two statements | as many as the author left, up to two, or to one |
| the head of a block and what is in it | none |
"""

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from litweave.syntax import syntax_tree

_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_IMPORTS = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class _Limits:
    """How many blank lines may stand above a statement."""

    least: int
    most: int


def spaced(source: str) -> str:
    """The same source, with the blank lines that belong between its statements.

    The source must be Python.
    """
    lines = source.split("\n")
    limits: dict[int, _Limits] = {}
    for first, rule in _limits(syntax_tree(source)):
        # Where a block begins on the line of its head, what holds is the head's.
        limits.setdefault(first, rule)
    inside = _within_strings(source)
    kept: list[str] = []
    blank, opened = 0, False  # `opened`: the line above is a comment
    for number, line in enumerate(lines, start=1):
        if number in inside:
            kept.append(line)
        elif not line.strip():
            blank += 1
        else:
            comment = line.lstrip().startswith("#")
            above = _above(lines, number, limits) if comment else limits.get(number)
            # Behind a comment, a line may be left free or not.
            kept += [""] * (min(blank, 1) if opened else _count(blank, above))
            kept.append(line)
            blank, opened = 0, comment
    return "\n".join(kept).strip("\n") + "\n" if any(kept) else ""


def _count(found: int, limits: _Limits | None) -> int:
    return max(limits.least, min(found, limits.most)) if limits else 0


def _above(
    lines: Sequence[str], number: int, limits: dict[int, _Limits]
) -> _Limits | None:
    """What holds for a comment: the same as for the statement that follows it."""
    for after in range(number + 1, len(lines) + 1):
        text = lines[after - 1].strip()
        if text and not text.startswith("#"):
            return limits.get(after)
    return None


def _within_strings(source: str) -> set[int]:
    """The lines that begin inside a string: their blank lines mean something."""
    inside: set[int] = set()
    starts: list[int] = []
    for item in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[item.type]
        # From Python 3.12 on, a string with expressions in it is many tokens.
        if name.endswith("STRING_START"):
            starts.append(item.start[0])
        elif name == "STRING" or name.endswith("STRING_END"):
            first = item.start[0] if name == "STRING" else starts.pop()
            inside.update(range(first + 1, item.end[0] + 1))
    return inside


# ## The rules


def _limits(tree: ast.Module) -> Iterator[tuple[int, _Limits]]:
    """The limits for the first line of each statement."""
    for parent in _parents(tree):
        for block in _blocks(parent):
            outermost = parent is tree
            yield start(block[0]), _Limits(0, 0)
            for before, after in pairwise(block):
                first = before is block[0]
                rule = _between(before, after, parent if first else None, outermost)
                yield start(after), rule


def _parents(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that holds statements."""
    # A stack of our own: a chain of a thousand `elif`s is nested a thousand deep.
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        for block in (*_blocks(node), getattr(node, "handlers", ())):
            stack += block
        stack += getattr(node, "cases", ())


def _blocks(node: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            yield block


def _between(
    before: ast.stmt, after: ast.stmt, opens: ast.AST | None, outermost: bool
) -> _Limits:
    """The rule for two statements; `opens` is the node whose first one is `before`."""
    most = 2 if outermost else 1
    if isinstance(before, _DEFINITIONS) or isinstance(after, _DEFINITIONS):
        # The signatures of one function, each without a body, stand together.
        return _Limits(0 if _is_stub(before) and _is_stub(after) else most, most)
    if is_text(before) and isinstance(opens, ast.Module | ast.ClassDef):
        return _Limits(1, 1)
    if isinstance(before, _IMPORTS) and not isinstance(after, _IMPORTS):
        return _Limits(1, 1)
    return _Limits(0, most)


def _is_stub(node: ast.stmt) -> bool:
    if not isinstance(node, _DEFINITIONS) or len(node.body) != 1:
        return False
    only = node.body[0]
    return (
        isinstance(only, ast.Expr)
        and isinstance(only.value, ast.Constant)
        and only.value.value is Ellipsis
    )


def start(node: ast.stmt) -> int:
    """The first line of a statement, decorators included."""
    decorated = isinstance(node, _DEFINITIONS) and node.decorator_list
    return min([node.lineno, *(d.lineno for d in decorated or ())])


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a string and nothing else, as a docstring is."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
