"""Statements: what each of a module binds and uses, found by Python's own `symtable`.

With that one can tell what a definition needs, without running anything.
"""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from litweave.diagnostics import Place
from litweave.features.copy.clean import Source
from litweave.imports import Import, ImportStatement, imported, is_package
from litweave.syntax import DEFINITIONS, first_line, is_text

_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_PROGRAM = ("__name__ == '__main__'", "'__main__' == __name__")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class Names:
    """The names that code binds and uses; its functions bind some anew by `global`."""

    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    rebinds: set[str] = field(default_factory=set)


def names(code: str) -> Names:
    """The names of a module that some of its code is about."""
    table = symtable.symtable(code, "", "exec")
    outer = table.get_symbols()
    inner = [s for t in _inside(table) for s in t.get_symbols() if s.is_global()]
    used = [*inner, *(s for s in outer if s.is_referenced())]
    return Names(
        {s.get_name() for s in outer if s.is_assigned() or s.is_imported()},
        {s.get_name() for s in used},
        {s.get_name() for s in inner if s.is_declared_global() and s.is_assigned()},
    )


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from _inside(inner)


@dataclass(eq=False)
class Unit:
    """Statements that share their lines, mostly one; or else a name of an import."""

    module: str
    place: Place
    nodes: list[ast.stmt]
    text: str
    names: Names
    item: Import | None = None

    @cached_property
    def is_program(self) -> bool:
        """Whether it is `if __name__ == "__main__":`, which no import runs."""
        found = (node.test for node in self.nodes if isinstance(node, ast.If))
        return any(ast.unparse(test) in _PROGRAM for test in found)

    @cached_property
    def acts(self) -> bool:
        """Whether it does more than to give names a meaning."""
        return not all(map(_only_defines, self.nodes))

    @cached_property
    def calls(self) -> set[str]:
        """The names that it calls at once, and not when a function is called."""
        called, left = list[ast.expr](), list[ast.AST](self.nodes)
        for node in left:
            decorators = getattr(node, "decorator_list", [])
            called += [node.func] if isinstance(node, ast.Call) else decorators
            if isinstance(node, _FUNCTIONS):
                left += [*decorators, node.args]
            else:
                left += ast.iter_child_nodes(node)
        parts = (part for item in called for part in ast.walk(item))
        return {part.id for part in parts if isinstance(part, ast.Name)}


def units(name: str, source: Source) -> Iterator[Unit]:
    """The statements of a module of this name, without its docstring."""
    for nodes in _together(source.tree.body):
        place = Place(source.path, first_line(nodes[0]))
        imports = [node for node in nodes if isinstance(node, ImportStatement)]
        if len(imports) == len(nodes):
            for node in imports:
                for item in imported(node, name, is_package(source.path)):
                    yield Unit(name, place, [], alias(item), Names({item.binds}), item)
        else:
            end = nodes[-1].end_lineno
            text = source.without_prose(place.line, end).rstrip("\n")
            found = names(text)
            found.uses |= _quoted(nodes)
            yield Unit(name, place, nodes, text, found)


def alias(item: Import) -> str:
    """What stands for an import where the thing itself is at hand."""
    return f"{item.local} = {item.name}" if item.local else ""


def _together(body: list[ast.stmt]) -> list[list[ast.stmt]]:
    """The statements by the lines that they share."""
    found: list[list[ast.stmt]] = []
    for node in body[bool(body and is_text(body[0])) :]:
        if found and first_line(node) <= (found[-1][-1].end_lineno or 0):
            found[-1].append(node)
        else:
            found.append([node])
    return found


def _quoted(nodes: list[ast.stmt]) -> set[str]:
    """The names in annotations that stand within quotes."""
    return {
        name
        for statement in nodes
        for node in ast.walk(statement)
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None))
        for part in (ast.walk(hint) if hint else ())
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        for name in _NAME.findall(part.value)
    }


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        # To assign to an attribute or an item changes a thing that is there.
        inside = (part for target in targets for part in ast.walk(target))
        return not any(isinstance(p, ast.Attribute | ast.Subscript) for p in inside)
    return isinstance(node, DEFINITIONS) or is_text(node)
