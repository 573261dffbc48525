"""Statements: before anything runs, a source tells which names each line binds."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Names = tuple[str, ...]
"""A variable, and the attributes that lead on from it."""

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign
_TENSOR = re.compile(r"\bTensor\b")
# To ask a tensor for one of these is not to read it.
_ABOUT = {"dtype", "shape", "ndim", "device", "size", "dim"}


@dataclass(frozen=True)
class Target:
    """What a statement binds, and where; what a function gives has no name."""

    line: int
    path: Names


@dataclass(frozen=True)
class Statement:
    """A statement: what it binds, what it reads; if it is a `return`, it `leaves`.

    A loop or a `with` binds when it enters its body, the lines of `enters`.
    """

    line: int
    targets: tuple[Target, ...]
    reads: tuple[Names, ...]
    enters: range
    leaves: bool
    gives: bool
    """Whether it is a `return` or a `yield`."""


@dataclass(frozen=True)
class Source:
    """A module's statements by line, its arguments by function, its forward passes."""

    statements: Mapping[int, Statement]
    arguments: Mapping[tuple[int, str], tuple[Target, ...]]
    forward: frozenset[int]

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Find them in a file."""
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        # A line that several statements share says nothing of any of them.
        owners: dict[int, list[ast.stmt]] = {}
        for node in (node for node in nodes if isinstance(node, ast.stmt)):
            for line in range(node.lineno, _last(node) + 1):
                owners.setdefault(line, []).append(node)
        alone = {line: found[0] for line, found in owners.items() if len(found) == 1}
        made = {node: _statement(node) for node in alone.values()}
        arguments = {
            (_first(function), function.name): tuple(
                Target(arg.lineno, (arg.arg,)) for arg in _arguments(function)
            )
            for function in functions
        }
        lines = {line for f in functions if _is_forward(f) for line in _lines(f)}
        statements = {line: made[node] for line, node in alone.items()}
        return cls(statements, arguments, frozenset(lines & alone.keys()))


def _last(node: ast.stmt) -> int:
    """The last line of a statement; of one with a body, the last before the body."""
    inside = node.cases[0] if isinstance(node, ast.Match) else node
    if body := getattr(inside, "body", None):
        return max(node.lineno, _first(body[0]) - 1)
    return node.end_lineno or node.lineno


def _first(node: Any) -> int:
    """The line on which a node begins, its decorators included."""
    decorators = getattr(node, "decorator_list", ())
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _statement(node: ast.stmt) -> Statement:
    enters = range(0)
    if isinstance(node, ast.For | ast.With):
        enters = range(_first(node.body[0]), (node.body[0].end_lineno or 0) + 1)
    found = ((target.lineno, _path(target)) for target in _bound(node))
    targets = tuple(Target(line, path) for line, path in found if path)
    leaves = isinstance(node, ast.Return)
    yields = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    # What is read matters to what is shown.
    parts = _evaluated(node) if targets or leaves or yields else ()
    reads = tuple(path for part in parts for path in _reads(part))
    return Statement(node.lineno, targets, reads, enters, leaves, leaves or yields)


def _evaluated(node: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates, its body aside."""
    changes = isinstance(node, ast.AugAssign)
    for child in ast.iter_child_nodes(node) if not isinstance(node, _SCOPES) else ():
        part = getattr(child, "context_expr", child)
        bound = isinstance(getattr(part, "ctx", None), ast.Store)
        if isinstance(part, ast.expr) and (changes or not bound):
            yield part


def _reads(node: ast.AST) -> Iterator[Names]:
    """The variables and attributes that an expression reads."""
    path = _path(node)
    if path and not _ABOUT & {*path[1:]}:
        yield path
    elif not path and getattr(node, "attr", "") not in _ABOUT:
        for child in ast.iter_child_nodes(node):
            yield from _reads(child)


def _path(node: ast.AST) -> Names:
    """The path of a variable or its attribute; none of anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if not isinstance(node, ast.Attribute):
        return ()
    above = _path(node.value)
    return (*above, node.attr) if above else ()


def _bound(node: ast.AST | None) -> Iterator[ast.expr]:
    """The names and attributes that a statement binds, or a target of it."""
    match node:
        case ast.Assign(targets=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _bound(part)
        case ast.AugAssign() | ast.AnnAssign() | ast.For():
            yield from _bound(node.target)
        case ast.With():
            for item in node.items:
                yield from _bound(item.optional_vars)
        case ast.Starred():
            yield from _bound(node.value)
        case ast.Name() | ast.Attribute():
            yield node


def _arguments(function: Any) -> list[ast.arg]:
    children = ast.iter_child_nodes(function.args)
    return [child for child in children if isinstance(child, ast.arg)]


def _is_forward(function: Any) -> bool:
    """Whether it is named `forward`, or is for others, and annotated with tensors."""
    annotations = [function.returns, *(arg.annotation for arg in _arguments(function))]
    written = " ".join(ast.unparse(note) for note in annotations if note)
    public = not function.name.startswith("_")
    return function.name == "forward" or (public and bool(_TENSOR.search(written)))


def _lines(node: ast.AST) -> Iterator[int]:
    """The lines in a function on which an assignment or a `return` begins."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _ASSIGNMENTS | ast.Return):
            yield from [child.lineno] if child.value else []
        elif not isinstance(child, _SCOPES):
            yield from _lines(child)
