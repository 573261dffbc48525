r"""# Package: what a name of one module means in another

`from .layers import GELU` may find a class of `layers/gelu.py`, by way of
`layers/__init__.py`. A `Package` follows such chains to where a thing is defined, its
*origin*. It reads only; nothing is imported.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from labml_style_nn.weave.copies.clean import Edit, Source, prose
from labml_style_nn.weave.copies.imports import Import
from labml_style_nn.weave.copies.units import IMPORTS, Unit, Use, units
from labml_style_nn.weave.parse import Module
from labml_style_nn.weave.problems import Place
from labml_style_nn.weave.syntax import syntax_tree


class StandaloneError(ValueError):
    """A module that cannot be one file: says where and why."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place, self.problem = place, problem


@dataclass(frozen=True)
class Origin:
    """What a name means in the end.

    | `kind` | what it is |
    |---|---|
    | `name` | a `name` that a `module` of the package binds |
    | `module` | a `module` of the package itself |
    | `import` | what comes from outside, by its full name |
    | `builtin` | a `name` that Python itself has |
    """

    kind: str
    module: str
    name: str = ""


# ## One module


@dataclass
class Sheet:
    """A module of the package, read when it is needed."""

    name: str
    modules: Mapping[str, Module]

    @cached_property
    def module(self) -> Module:
        """The module itself."""
        return self.modules[self.name]

    @cached_property
    def source(self) -> Source:
        """The text that positions refer to."""
        return Source.of(self.module)

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of it."""
        return syntax_tree(self.source.text)

    @cached_property
    def units(self) -> list[Unit]:
        """The statements, in their order."""
        return units(self.tree)

    @cached_property
    def prose(self) -> list[Edit]:
        """The edits that make the code clean."""
        return prose(self.source)

    @cached_property
    def binders(self) -> dict[str, list[Unit]]:
        """For each name, the units that bind it, imports aside."""
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            for name in unit.binds if not unit.is_import else ():
                found.setdefault(name, []).append(unit)
        return found

    @cached_property
    def imported(self) -> dict[str, list[Import]]:
        """For each name that imports bind, where it comes from."""
        found: dict[str, list[Import]] = {}
        for unit in self.units:
            for item in self.imports(unit):
                found.setdefault(item.binds, []).append(item)
        return found

    def has(self, name: str) -> bool:
        """Whether the module itself binds a name."""
        return name in self.binders or name in self.imported

    def imports(self, unit: Unit) -> Iterator[Import]:
        """What the imports of a unit bind, with relative names made whole."""
        for node in unit.nodes:
            if isinstance(node, IMPORTS):
                yield from self.read(node)

    def read(self, node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
        """What one import binds."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                yield Import(alias.name, "", alias.asname or "")
            else:
                local = alias.asname if alias.asname != alias.name else ""
                yield Import(self._whole(node), alias.name, local or "")

    def _whole(self, node: ast.ImportFrom) -> str:
        """The full name of the module that `from` names."""
        if not node.level:
            return node.module or ""
        is_package = PurePosixPath(self.module.path).stem == "__init__"
        parts = self.name.split(".")
        above = parts[: len(parts) - node.level + is_package]
        return ".".join([*above, *filter(None, [node.module])])

    def place(self, line: int) -> Place:
        """A line of this module."""
        return Place(self.module.path, line)

    def error(self, line: int, problem: str) -> StandaloneError:
        """Why this module cannot go into one file with others."""
        return StandaloneError(self.place(line), problem)


# ## All of them


class Package:
    """Modules by their dotted names, and what their names mean."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.sheets = {name: Sheet(name, modules) for name in modules}
        parts = [name.split(".") for name in modules]
        self.tops = {first for first, *_ in parts}
        self.known = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)}

    def has(self, item: Import) -> bool:
        """Whether an import is one from this package."""
        return item.module.partition(".")[0] in self.tops

    def resolve(self, sheet: Sheet, name: str, line: int) -> Origin:
        """What a name of a module means in the end.

        **Raises.** [`StandaloneError`][] if that cannot be told for certain.
        """
        imported = sheet.imported.get(name, [])
        if not imported:
            kind = "name" if name in sheet.binders else "builtin"
            return Origin(kind, sheet.name, name)
        found = {self.origin(sheet, item, line) for item in imported}
        if len(found) > 1 or name in sheet.binders:
            raise sheet.error(line, f"“{name}” is bound in two ways")
        return found.pop()

    def origin(self, sheet: Sheet, item: Import, line: int) -> Origin:
        """What an import finds."""
        if item.name == "*":
            raise sheet.error(line, "a star import does not say what it binds")
        if not self.has(item):
            return Origin("import", item.means)
        if not item.name:
            return self._module(sheet, item.means, line)
        above = self._module(sheet, item.module, line)
        return self._member(above, item.name, sheet, line)

    def meaning(self, sheet: Sheet, use: Use) -> tuple[Origin, int]:
        """What a use means, and how many of its parts it takes to say so."""
        origin, count = self.resolve(sheet, use.parts[0], use.line), 1
        while origin.kind == "module" and count < len(use.parts):
            origin = self._member(origin, use.parts[count], sheet, use.line)
            count += 1
        if origin.kind == "module":
            name = ".".join(use.parts)
            raise sheet.error(use.line, f"the module “{name}” is used as a whole")
        return origin, count

    def units(self, origin: Origin) -> list[tuple[Sheet, Unit]]:
        """Where a thing of the package is made."""
        if origin.kind != "name":
            return []
        sheet = self.sheets[origin.module]
        return [(sheet, unit) for unit in sheet.binders[origin.name]]

    def _module(self, sheet: Sheet, dotted: str, line: int) -> Origin:
        """A module of the package; a folder without a file of its own is one, too."""
        if dotted not in self.known:
            raise sheet.error(line, f"“{dotted}” is no module that could be read")
        return Origin("module", dotted)

    def _member(self, of: Origin, name: str, sheet: Sheet, line: int) -> Origin:
        """What an attribute of a module means: a name in it, or else a submodule."""
        inner = self.sheets.get(of.module)
        # A package that imports a submodule from itself means the submodule.
        from_itself = inner is sheet and name in sheet.imported
        if not inner or from_itself or not inner.has(name):
            return self._module(sheet, f"{of.module}.{name}", line)
        if any(name in unit.rebinds for unit in inner.units):
            # Whoever imported it before would keep the old one.
            problem = f"“{name}” is bound anew by a function of {inner.name}"
            raise sheet.error(line, problem)
        return self.resolve(inner, name, line)
