"""Statements: before anything runs, a source tells which names each line binds."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Names = tuple[str, ...]
"""A variable, and the attributes that lead on from it."""

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = _FUNCTIONS | ast.ClassDef | ast.Lambda
_ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign
_LOOPS = ast.For | ast.AsyncFor
_WITH = ast.With | ast.AsyncWith
_TENSOR = re.compile(r"\bTensor\b")
# To ask a tensor for one of these is not to read it.
_ABOUT = {"dtype", "shape", "ndim", "device", "size", "dim"}
# Where a part of an expression is perhaps not evaluated, or in a scope of its own.
_PERHAPS = (
    *(ast.BoolOp, ast.IfExp, ast.Compare, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


@dataclass(frozen=True)
class Target:
    """What a statement binds, and where; what a function gives has no name."""

    line: int
    path: Names


@dataclass(frozen=True)
class Statement:
    """A statement: what it binds, and what it reads.

    A loop or a `with` binds when it enters its body, the lines of `enters`. `leaves`
    tells a `return`, and `gives` a `return` or a `yield`.
    """

    line: int
    targets: tuple[Target, ...]
    reads: tuple[Names, ...]
    enters: range
    leaves: bool
    gives: bool


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
        functions = [node for node in nodes if isinstance(node, _FUNCTIONS)]
        statements = _by_line(node for node in nodes if isinstance(node, ast.stmt))
        arguments = {
            (_first(function), function.name): tuple(
                Target(arg.lineno, (arg.arg,)) for arg in _arguments(function)
            )
            for function in functions
        }
        lines = {line for f in functions if _is_forward(f) for line in _lines(f)}
        return cls(statements, arguments, frozenset(lines & statements.keys()))


def _by_line(nodes: Iterable[ast.stmt]) -> dict[int, Statement]:
    """The statements by each of their lines; one that shares a line is passed over."""
    owners: dict[int, list[ast.stmt]] = {}
    for node in nodes:
        for line in range(node.lineno, _last(node) + 1):
            owners.setdefault(line, []).append(node)
    alone = {line: nodes[0] for line, nodes in owners.items() if len(nodes) == 1}
    made = {node: _statement(node) for node in alone.values()}
    return {line: made[node] for line, node in alone.items()}


def _last(node: ast.stmt) -> int:
    """The last line of a statement; of one with a body, the last before the body."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if body:
        first = body[0].pattern if isinstance(node, ast.Match) else body[0]
        return max(node.lineno, _first(first) - 1)
    return node.end_lineno or node.lineno


def _first(node: Any) -> int:
    """The line on which a node begins, its decorators included."""
    decorators = getattr(node, "decorator_list", ())
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _statement(node: ast.stmt) -> Statement:
    evaluated = list(_evaluated(node))
    bound = [*_bound(node), *(name for part in evaluated for name in _walrus(part))]
    targets = (Target(target.lineno, _path(target)) for target in bound)
    enters = range(0)
    if isinstance(node, _LOOPS | _WITH):
        enters = range(_first(node.body[0]), (node.body[0].end_lineno or 0) + 1)
    leaves = isinstance(node, ast.Return)
    yields = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    return Statement(
        node.lineno,
        tuple(target for target in targets if target.path),
        tuple(path for part in evaluated for path in _reads(part)),
        enters,
        leaves,
        leaves or yields,
    )


def _evaluated(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions that a statement evaluates, its body aside."""
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        bound = isinstance(getattr(child, "ctx", None), ast.Store)
        if isinstance(child, ast.withitem):
            yield child.context_expr
        elif bound and not isinstance(node, ast.AugAssign):
            continue
        elif isinstance(child, ast.expr):
            yield child


def _reads(node: ast.AST) -> Iterator[Names]:
    """The variables and attributes that an expression reads."""
    path = _path(node)
    if path:
        yield from [] if _ABOUT & {*path[1:]} else [path]
    elif not (isinstance(node, ast.Attribute) and node.attr in _ABOUT):
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
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor():
            yield from _bound(node.target)
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                yield from _bound(item.optional_vars)
        case ast.Starred():
            yield from _bound(node.value)
        case ast.Name() | ast.Attribute():
            yield node


def _walrus(node: ast.AST) -> Iterator[ast.expr]:
    """The names that an expression binds for certain, by `:=`."""
    if isinstance(node, ast.NamedExpr):
        yield node.target
    if isinstance(node, ast.Compare):
        yield from _walrus(node.left)
    elif not isinstance(node, _PERHAPS):
        for child in ast.iter_child_nodes(node):
            yield from _walrus(child)


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
