"""Dependencies: what an import leads to, and what a result of a module depends on.

That is all that it imports from its package, found by reading, and what its examples
import. Of what is imported, only the code counts: prose computes nothing.
"""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.util import resolve_name
from itertools import accumulate
from pathlib import Path, PurePath

from litweave.cache import digest
from litweave.parse import Module, ParseError, parse
from litweave.syntax import example_sources, syntax_tree

ImportStatement = ast.Import | ast.ImportFrom


def dotted(path: Path, folder: Path) -> str:
    """The name by which a module is imported, if imports begin in a folder."""
    # A name with a dot in it is that of nothing: no module can be imported by it.
    inner = path.relative_to(folder).with_suffix("").parts
    return ".".join(p.replace(".", "_") for p in inner if p != "__init__")


def root(name: str, path: Path) -> Path:
    """The folder from which a module is imported by its dotted name."""
    return path.parents[name.count(".") + is_package(path)]


def is_package(path: str | PurePath) -> bool:
    """Whether a file is a package's own."""
    return PurePath(path).stem == "__init__"


@dataclass(frozen=True)
class Import:
    """One name that an import binds: `from module import name as local`.

    Without a name, it is `import module`, and `local` is empty unless there is an `as`.
    """

    module: str
    name: str = ""
    local: str = ""

    def __str__(self) -> str:
        start = f"from {self.module} import {self.name}" if self.name else ""
        end = f" as {self.local}" if self.local else ""
        return f"{start or f'import {self.module}'}{end}"

    @property
    def binds(self) -> str:
        """The name in the file."""
        return self.local or self.name or self.module.partition(".")[0]

    @property
    def full(self) -> str:
        """What is imported, by its whole name; it may be a module or a name in one."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def means(self) -> str:
        """What it is a name of: `import a.b as c` and `from a import b as c` agree."""
        return self.full if self.name or self.local else self.binds


def imported(
    node: ImportStatement, name: str = "", is_package: bool = False
) -> Iterator[Import]:
    """What an import in a module of this name binds.

    The module is empty if dots lead out of the package.
    """
    module, package = "", name if is_package else name.rpartition(".")[0]
    if isinstance(node, ast.ImportFrom):
        with suppress(ImportError):
            module = resolve_name("." * node.level + (node.module or ""), package)
    for alias in node.names:
        local = "" if alias.asname == alias.name else alias.asname or ""
        is_module = isinstance(node, ast.Import)
        names = (alias.name, "") if is_module else (module, alias.name)
        yield Import(*names, local)


# What a text says is remembered from build to build of a preview.
@lru_cache(maxsize=4096)
def _targets(
    text: str, name: str, is_package: bool, examples: bool = False
) -> list[str]:
    """The dotted names that the imports of a source, or of its examples, lead to.

    To import a module, Python imports the packages around it.
    """
    nodes = list[ast.AST]()
    for source in example_sources(text) if examples else [text]:
        # What cannot be parsed cannot be imported, so it imports nothing.
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            nodes += ast.walk(syntax_tree(source))
    imports = (node for node in nodes if isinstance(node, ImportStatement))
    found = (item for node in imports for item in imported(node, name, is_package))
    full = (item.full.split(".") for item in found if item.module)
    return [name for parts in full for name in accumulate(parts, "{}.{}".format)]


@dataclass
class Dependencies:
    """The sources that modules import, each read once.

    If imports begin in one of `beside`, such as a folder `src`, what lies there side by
    side counts as one package does. `modules` are those that were parsed already.
    """

    beside: set[Path] = field(default_factory=set)
    modules: dict[Path, Module] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # For one build: in the next, the files may say something else.
        self.text, self.file = cache(_text), cache(_file)
        self.code, self._direct = cache(self._code), cache(self._imports)

    def of(self, name: str, path: Path) -> list[Path]:
        """The files of a module and of all that it imports from its package."""
        folder = root(name, path)
        return self._all([path, *self._direct(path, folder, examples=True)], folder)

    def key(self, name: str, path: Path, *more: str) -> str:
        """A digest of a module as it stands, and of the code of all that it imports."""
        return digest(self.text(path), self.computes(name, path), *more)

    def computes(self, name: str, path: Path) -> str:
        """A digest of the code of a module, and of all that it imports."""
        return digest(*map(self.code, self.of(name, path)))

    def script(self, text: str, folder: Path) -> str:
        """A digest of the code that a script imports, which runs in a folder."""
        imports = self._files(_targets(text, "", False), folder)
        return digest(*map(self.code, self._all(imports, folder)))

    def _code(self, path: Path) -> str:
        """The code of a file, without the comments and docstrings that are prose."""
        text = self.text(path)
        with suppress(ParseError):
            module = self.modules.get(path) or parse(text)
            rows = (module.code(row).strip("\n") for row in module.rows)
            return "\n".join(filter(None, rows))
        return text

    def _all(self, files: Iterable[Path], folder: Path) -> list[Path]:
        """Some files, and all that they import."""
        found, left = set[Path](), list(files)
        while left:
            if (path := left.pop()) not in found:
                found.add(path)
                left += self._direct(path, folder)
        return sorted(found)

    def _imports(self, path: Path, folder: Path, examples: bool = False) -> set[Path]:
        name = dotted(path, folder)
        targets = _targets(self.text(path), name, is_package(path), examples)
        first = "" if folder in self.beside else f"{name.partition('.')[0]}."
        own = (target for target in targets if f"{target}.".startswith(first))
        return self._files(own, folder)

    def _files(self, targets: Iterable[str], folder: Path) -> set[Path]:
        return {path for name in targets if (path := self.file(name, folder))}


def _text(path: Path) -> str:
    # A file that is not UTF-8 is no module of ours, but it may still change.
    return path.read_bytes().decode("utf-8", "replace")


def _file(name: str, folder: Path) -> Path | None:
    """The file of a module, if imports begin in a folder; none if there is none."""
    path = folder.joinpath(*name.split("."))
    both = path / "__init__.py", path.with_suffix(".py")
    return next(filter(Path.is_file, both), None)
