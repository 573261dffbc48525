r"""# Dependencies: what a result of a module depends on

What a module computes can change when one changes that it imports. To know whether a
result is still good, all of them have to be found, without running any.

The imports of a source are read from its tree, wherever in it they stand, and the
imports of those sources too, as long as they lead to the same package. What an example
in a docstring imports counts for the module itself.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labml_style_nn.weave.doctests import sources


def root(name: str, path: Path) -> Path:
    """The folder from which a module is imported by its dotted name."""
    return path.parents[name.count(".") + (path.stem == "__init__")]


@dataclass
class Dependencies:
    """The sources that modules import, each read once."""

    read: dict[Path, frozenset[Path]] = field(default_factory=dict)
    known: dict[Path, list[Path]] = field(default_factory=dict)

    def of(self, name: str, path: Path) -> list[Path]:
        """The files of a module and of all that it imports from its package."""
        if path not in self.known:
            self.known[path] = self._follow(name, path)
        return self.known[path]

    def _follow(self, name: str, path: Path) -> list[Path]:
        folder = root(name, path)
        found = {path}
        left = [*self._direct(name, path), *_imported(_examples(path), name, folder)]
        while left:
            other = left.pop()
            if other not in found:
                found.add(other)
                left += self._direct(_dotted(other, folder), other)
        return sorted(found)

    def _direct(self, name: str, path: Path) -> frozenset[Path]:
        if path not in self.read:
            tree = _parse(path.read_bytes())
            self.read[path] = frozenset(_imported(tree, name, root(name, path)))
        return self.read[path]


def _parse(source: bytes | str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # It cannot be imported, so it imports nothing.


def _examples(path: Path) -> ast.Module:
    """The examples in a file's docstrings, as one source."""
    statements: list[ast.stmt] = []
    for node in ast.walk(_parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            statements += _statements(node.value)
    return ast.Module(statements, [])


def _statements(text: str) -> list[ast.stmt]:
    return [stmt for source in sources(text) for stmt in _parse(source).body]


def _imported(tree: ast.Module, name: str, folder: Path) -> Iterator[Path]:
    """The files that a tree's imports lead to, of the package that it stands in."""
    package = name.partition(".")[0]
    for node in ast.walk(tree):
        for target in _names(node, name, folder):
            parts = target.split(".")
            if parts[0] == package:
                # To import a module, Python imports the packages around it.
                for count in range(1, len(parts) + 1):
                    yield from _file(folder.joinpath(*parts[:count]))


def _names(node: ast.AST, name: str, folder: Path) -> Iterator[str]:
    """The dotted names that an import may lead to."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = node.module or ""
        if node.level:
            start = ".".join(filter(None, (_package(name, node.level, folder), start)))
        # What follows `import` may be a module, or a name in one.
        yield from (f"{start}.{alias.name}" for alias in node.names)


def _package(name: str, level: int, folder: Path) -> str:
    """The package that so many dots mean."""
    is_package = folder.joinpath(*name.split("."), "__init__.py").exists()
    parts = name.split(".")
    return ".".join(parts[: len(parts) - level + is_package])


def _file(path: Path) -> Iterator[Path]:
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            yield candidate
            return


def _dotted(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
