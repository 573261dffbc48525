r"""# Covering: the tests that use a module

Which tests hold for a page? Those that use something of its module, by name. They are
found without running them, by `ast`: a test file imports a name from the module, and a
test function uses it, itself or through what else stands in the file (a helper, a
fixture, a constant).

This is a list of what exists. Whether the tests pass is for the test run to say.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def covering(module: str, tests: Path) -> dict[str, list[str]]:
    """The tests that use a module: their functions, by file.

    `module` is the dotted name, and `tests` the folder.
    """
    found = {}
    for path in sorted(tests.rglob("test_*.py")):
        functions = [*_users(module, path)]
        if functions:
            found[f"{tests.name}/{path.relative_to(tests).as_posix()}"] = functions
    return found


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def _imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    nodes = ast.walk(_parsed(path))
    return tuple(n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))


def _users(module: str, path: Path) -> Iterator[str]:
    known = {name for node in _imports(path) for name in _imported(module, node)}
    if not known:
        return
    tree = _parsed(path)
    uses = {name: _names(node) for node in tree.body for name in _defined(node)}
    uses |= {name: _names(node) for name, node in _methods(tree)}
    # What uses something known is known in its turn, until nothing is added.
    while new := {name for name in uses if uses[name] & known} - known:
        known |= new
    yield from (name for name in uses if _is_test(name) and name in known)


def _is_test(name: str) -> bool:
    return name.rpartition(".")[2].startswith("test_")


def _imported(module: str, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The names by which an import makes a module, or what is in it, known."""
    package, _, last = module.rpartition(".")
    if isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            if node.module == module or (node.module, alias.name) == (package, last):
                yield alias.asname or alias.name
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == module and alias.asname:
                yield alias.asname


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = [name for target in node.targets for name in ast.walk(target)]
        return [name.id for name in targets if isinstance(name, ast.Name)]
    return []


def _methods(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for group in tree.body:
        if isinstance(group, ast.ClassDef) and group.name.startswith("Test"):
            for node in group.body:
                yield from ((f"{group.name}.{name}", node) for name in _defined(node))


def _names(node: ast.AST) -> set[str]:
    """Every name within; the arguments too, for they name fixtures."""
    return {
        inner.id if isinstance(inner, ast.Name) else inner.arg
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name | ast.arg)
    }
