"""Dependencies: what a result of a module depends on.

All that a module imports from its package, found by reading. What an example in a
docstring imports counts for the module itself. Of what is imported, only the code
counts: prose computes nothing.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from litweave.cache import digest
from litweave.doctests import sources
from litweave.imports import ImportStatement, dotted, imported, is_package, root
from litweave.parse import Module, ParseError, parse
from litweave.syntax import syntax_tree


@dataclass
class Dependencies:
    """The sources that modules import, each read once.

    If imports begin in one of `beside`, such as a folder `src`, what lies there side by
    side counts as one package does. `modules` are those that were parsed already.
    """

    beside: set[Path] = field(default_factory=set)
    modules: dict[Path, Module] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    read: dict[Path, frozenset[Path]] = field(default_factory=dict)
    known: dict[Path, list[Path]] = field(default_factory=dict)
    places: dict[Path, Path | None] = field(default_factory=dict)

    def of(self, name: str, path: Path) -> list[Path]:
        """The files of a module and of all that it imports from its package."""
        if path not in self.known:
            self.known[path] = self._follow(name, path)
        return self.known[path]

    def key(self, name: str, path: Path, *more: str) -> str:
        """A digest of a module as it stands, and of the code of all that it imports."""
        others = [other for other in self.of(name, path) if other != path]
        return digest(self._text(path), *map(self.code, others), *more)

    def stamp(self, path: Path) -> str:
        """A digest of a file, whichever module asks for it."""
        return _stamp(self._text(path))

    def script(self, text: str, folder: Path) -> list[Path]:
        """The files in a folder that a script imports, which runs there."""
        return sorted(self._all(self._files(_targets(text, "", False), folder), folder))

    def code(self, path: Path) -> str:
        """The code of a file, without the comments and docstrings that are prose."""
        try:
            module = self.modules.get(path) or parse(self._text(path))
        except ParseError:
            return self._text(path)
        rows = (module.code(row).strip("\n") for row in module.rows)
        return "\n".join(filter(None, rows))

    def _text(self, path: Path) -> str:
        if path not in self.texts:
            # A file that is not UTF-8 is no module of ours, but it may still change.
            self.texts[path] = path.read_bytes().decode("utf-8", "replace")
        return self.texts[path]

    def _follow(self, name: str, path: Path) -> list[Path]:
        folder = root(name, path)
        examples = _targets(self._text(path), name, is_package(path), examples=True)
        left = [*self._direct(name, path), *self._files(examples, folder, name)]
        return sorted({path, *self._all(left, folder)})

    def _all(self, files: Iterable[Path], folder: Path) -> set[Path]:
        """Some files, and all that they import."""
        found, left = set[Path](), list(files)
        while left:
            other = left.pop()
            if other not in found:
                found.add(other)
                left += self._direct(dotted(other, folder), other)
        return found

    def _direct(self, name: str, path: Path) -> frozenset[Path]:
        if path not in self.read:
            targets = _targets(self._text(path), name, is_package(path))
            self.read[path] = frozenset(self._files(targets, root(name, path), name))
        return self.read[path]

    def _files(
        self, targets: Iterable[str], folder: Path, name: str = ""
    ) -> Iterator[Path]:
        """The files in a folder that dotted names lead to, of those that count.

        For a module of a `name`, that is its package; for a script, all that is there.
        """
        package = name.partition(".")[0]
        for target in targets:
            parts = target.split(".")
            if not name or parts[0] == package or folder in self.beside:
                # To import a module, Python imports the packages around it.
                for count in range(1, len(parts) + 1):
                    found = self._file(folder.joinpath(*parts[:count]))
                    yield from [found] if found else []

    def _file(self, path: Path) -> Path | None:
        if path not in self.places:
            both = path / "__init__.py", path.with_suffix(".py")
            self.places[path] = next((file for file in both if file.is_file()), None)
        return self.places[path]


@lru_cache(maxsize=2048)
def _stamp(text: str) -> str:
    return digest(text)


# What a text says is remembered from build to build of a preview.
@lru_cache(maxsize=4096)
def _targets(
    text: str, name: str, is_package: bool, examples: bool = False
) -> tuple[str, ...]:
    """The dotted names that the imports of a source, or of its examples, lead to."""
    found = (
        item
        for tree in (_examples(text) if examples else [_parse(text)])
        for node in ast.walk(tree)
        if isinstance(node, ImportStatement)
        for item in imported(node, name, is_package)
    )
    return tuple(item.full for item in found if item.module)


def _parse(source: str) -> ast.Module:
    try:
        return syntax_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # It cannot be imported, so it imports nothing.


def _examples(text: str) -> Iterator[ast.Module]:
    """The examples in a file's docstrings."""
    for node in ast.walk(_parse(text)) if ">>>" in text else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from map(_parse, sources(node.value))
