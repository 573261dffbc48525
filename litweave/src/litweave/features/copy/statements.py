r"""# Units: what a module is made of

The statements of a module, each with the names that it *binds* there and the names of
the module that it *uses*, now or when its functions are called. With them one can tell
what a definition needs, without running anything. Which scope binds a name is known to
Python itself: `symtable` tells.
"""

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from litweave.syntax import is_text, first_line as start
from litweave.syntax import syntax_tree

IMPORTS = ast.Import | ast.ImportFrom
_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Unit:
    """Statements that share their lines, mostly one: `first` to `last`.

    `binds` and `uses` are names of the module, `rebinds` those that its functions bind
    anew by `global`, and `calls` those that are called while it is imported.
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
        return all(isinstance(node, IMPORTS) for node in self.nodes)

    @property
    def is_program(self) -> bool:
        """Whether it is `if __name__ == "__main__":`, which no import runs."""
        node = self.nodes[0]
        return isinstance(node, ast.If) and ast.unparse(node.test) in (
            "__name__ == '__main__'",
            "'__main__' == __name__",
        )

    @property
    def is_definition(self) -> bool:
        """Whether it does nothing but give names a meaning."""
        kinds = (*_DEFINITIONS.__args__, ast.Assign, ast.AnnAssign)
        plain = all(isinstance(node, kinds) or is_text(node) for node in self.nodes)
        return plain and not any(_stores_elsewhere(node) for node in self.nodes)

    @property
    def calls(self) -> set[str]:
        """The names that a definition calls while the module is imported."""
        return {
            name.id
            for node in self.nodes
            for part in _at_once(node)
            for name in ast.walk(part)
            if isinstance(name, ast.Name)
        }

    @property
    def inner_imports(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """The imports that do not stand in the module itself."""
        for node in self.nodes:
            for inner in ast.walk(node):
                if inner is not node and isinstance(inner, IMPORTS):
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


def units(tree: ast.Module) -> list[Unit]:
    """The statements of a module, without its docstring."""
    found: list[Unit] = []
    for node in tree.body[bool(tree.body and is_text(tree.body[0])) :]:
        first, last = start(node), node.end_lineno or node.lineno
        if found and first <= found[-1].last:
            found[-1].last = last
            found[-1].nodes.append(node)
        else:
            found.append(Unit(first, last, [node]))
    for unit in found:
        _know_names(unit)
    return found


def _know_names(unit: Unit) -> None:
    """Find out what a unit binds and uses."""
    source = "\n".join(map(ast.unparse, unit.nodes))
    table = symtable.symtable(source, "", "exec")
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            unit.binds.add(symbol.get_name())
        if symbol.is_referenced():
            unit.uses.add(symbol.get_name())
    for inner in _inside(table):
        for symbol in inner.get_symbols():
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
        name.id
        for statement in nodes
        for node in ast.walk(statement)
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if hint
        for part in ast.walk(hint)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        for name in ast.walk(_as_type(part.value))
        if isinstance(name, ast.Name)
    }


def _as_type(text: str) -> ast.AST:
    try:
        return syntax_tree(f"({text})")
    except (SyntaxError, ValueError):
        return ast.Module([], [])  # Not a type, as in `Literal["a b"]`.


def _stores_elsewhere(node: ast.stmt) -> bool:
    """Whether an assignment changes a thing, rather than binding a name."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(
            isinstance(part, ast.Attribute | ast.Subscript)
            for target in targets
            for part in ast.walk(target)
        )
    return False


def _at_once(node: ast.stmt) -> Iterator[ast.AST]:
    """What a definition calls at once: decorators, and calls in values and defaults."""
    if isinstance(node, _DEFINITIONS):
        yield from node.decorator_list
    if isinstance(node, ast.ClassDef):
        values: list[ast.AST] = [*node.bases, *node.keywords]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        values = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    else:
        values = [value] if (value := getattr(node, "value", None)) else []
    for value in values:
        yield from (n.func for n in ast.walk(value) if isinstance(n, ast.Call))
