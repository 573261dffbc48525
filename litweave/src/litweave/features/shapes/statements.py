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
    """A statement: what it binds, what it reads, and whether it `gives` something.

    A `return` does, and a `yield` that is nothing else.
    """

    line: int
    targets: tuple[Target, ...]
    reads: tuple[Names, ...]
    gives: bool


@dataclass(frozen=True)
class Source:
    """A module's statements and the arguments of its functions, both by their lines.

    `forward` has the lines of forward passes that bind or give something.
    """

    statements: Mapping[int, Statement]
    arguments: Mapping[int, tuple[Target, ...]]
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
        arguments = {
            function.lineno: tuple(
                Target(arg.lineno, (arg.arg,)) for arg in _arguments(function)
            )
            for function in functions
        }
        lines = {line for f in functions if _is_forward(f) for line in _lines(f)}
        statements = {
            line: _statement(node)
            for line, node in alone.items()
            if line == node.lineno and (_binds(node) or _gives(node))
        }
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


def _binds(node: ast.stmt) -> bool:
    is_assignment = isinstance(node, _ASSIGNMENTS) and node.value
    return bool(is_assignment) or isinstance(node, ast.For | ast.With)


def _gives(node: ast.stmt) -> bool:
    is_yield = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    return is_yield or isinstance(node, ast.Return)


def _statement(node: ast.stmt) -> Statement:
    targets = (Target(target.lineno, _path(target)) for target in _bound(node))
    return Statement(
        node.lineno,
        tuple(target for target in targets if target.path),
        tuple(path for part in _evaluated(node) for path in _reads(part)),
        _gives(node),
    )


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
