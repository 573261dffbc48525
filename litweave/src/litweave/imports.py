"""Imports: under which name a file is imported, and what an import leads to."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path, PurePath

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
        """The statement."""
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
    module = ""
    if isinstance(node, ast.ImportFrom):
        package = name if is_package else name.rpartition(".")[0]
        with suppress(ImportError):
            module = resolve_name("." * node.level + (node.module or ""), package)
    for alias in node.names:
        local = alias.asname or ""
        if isinstance(node, ast.Import):
            yield Import(alias.name, "", local)
        else:
            yield Import(module, alias.name, local if local != alias.name else "")
