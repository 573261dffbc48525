"""Statements: what each of a module binds and uses, found by Python's own `symtable`.

With that one can tell what a definition needs, without running anything.
"""

import ast
import re
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from litweave.imports import ImportStatement
from litweave.syntax import DEFINITIONS, first_line, is_text

_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_PROGRAM = ("__name__ == '__main__'", "'__main__' == __name__")


@dataclass(eq=False)
class Unit:
    """Statements that share their lines, mostly one: `first` to `last`.

    `binds` and `uses` are names of the module, and `rebinds` those that its functions
    bind anew by `global`.
    """

    first: int
    last: int
    nodes: list[ast.stmt]
    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    rebinds: set[str] = field(default_factory=set)

    @property
    def is_import(self) -> bool:
        """Whether it does nothing but import."""
        return all(isinstance(node, ImportStatement) for node in self.nodes)

    @property
    def is_program(self) -> bool:
        """Whether it is `if __name__ == "__main__":`, which no import runs."""
        node = self.nodes[0]
        return isinstance(node, ast.If) and ast.unparse(node.test) in _PROGRAM

    @property
    def is_definition(self) -> bool:
        """Whether it does nothing but give names a meaning."""
        return all(map(_only_defines, self.nodes))

    @property
    def calls(self) -> set[str]:
        """The names that a definition calls while the module is imported."""
        called = (part for node in self.nodes for part in _called_at_once(node))
        return {
            name.id
            for part in called
            for name in ast.walk(part)
            if isinstance(name, ast.Name)
        }

    @property
    def inner_imports(self) -> Iterator[ImportStatement]:
        """The imports that do not stand in the module itself."""
        for node in self.nodes:
            for inner in ast.walk(node):
                if inner is not node and isinstance(inner, ImportStatement):
                    yield inner

    @property
    def strings(self) -> dict[str, int]:
        """The strings in it, each with a line that it is on."""
        return {
            node.value: node.lineno
            for statement in self.nodes
            for node in ast.walk(statement)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }


def units(body: list[ast.stmt]) -> list[Unit]:
    """The statements of a module, without its docstring."""
    found: list[Unit] = []
    for node in body[bool(body and is_text(body[0])) :]:
        first, last = first_line(node), node.end_lineno or node.lineno
        if found and first <= found[-1].last:
            found[-1].last = last
            found[-1].nodes.append(node)
        else:
            found.append(Unit(first, last, [node]))
    for unit in found:
        _know_names(unit)
    return found


def _know_names(unit: Unit) -> None:
    source = "\n".join(map(ast.unparse, unit.nodes))
    table = symtable.symtable(source, "", "exec")
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            unit.binds.add(symbol.get_name())
        if symbol.is_referenced():
            unit.uses.add(symbol.get_name())
    for symbol in (s for inner in _inside(table) for s in inner.get_symbols()):
        if symbol.is_global():
            unit.uses.add(symbol.get_name())
        if symbol.is_declared_global() and symbol.is_assigned():
            unit.rebinds.add(symbol.get_name())
    unit.uses |= _quoted(unit.nodes)


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from _inside(inner)


def _quoted(nodes: Iterable[ast.stmt]) -> set[str]:
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
        parts = (part for target in targets for part in ast.walk(target))
        # To assign to an attribute or an item changes a thing that is there.
        return not any(isinstance(p, ast.Attribute | ast.Subscript) for p in parts)
    return isinstance(node, DEFINITIONS) or is_text(node)


def _called_at_once(node: ast.stmt) -> Iterator[ast.AST]:
    """What a definition calls at once: decorators, and calls in values and defaults."""
    if isinstance(node, DEFINITIONS):
        yield from node.decorator_list
    if isinstance(node, ast.ClassDef):
        values: list[ast.AST] = [*node.bases, *node.keywords]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        values = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    else:
        values = [value] if (value := getattr(node, "value", None)) else []
    for value in values:
        yield from (n.func for n in ast.walk(value) if isinstance(n, ast.Call))
