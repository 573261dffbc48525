r"""# Standalone: a module and all it needs, in one file

A module of a package leans on others. `standalone` puts what it needs into one file, in
the order in which Python would have run it:

```text
checks.py ─┐                        licence, source
linear.py ─┼──▶ reachable units ──▶ title, examples
mlp.py    ─┘    in their order      imports, merged and sorted
                                    the units, in the clean form
```

Of the module itself everything is taken. Of the others, what is reached from there by
name, and what *does* something when the module is imported. A definition that nobody
reaches is left out, unless making it calls the package's own code.

The file is the same program or there is none. Whatever cannot be joined for certain is
refused, with its line: two things of one name, a module that is used as a whole, an
import that hides in a function, a name that is bound anew after others have imported
it, code that asks where its own file lies. A package whose modules are to be copied
keeps to that.
"""

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from litweave.diagnostics import Place
from litweave.features.copy.clean import Edit, Source, one_line, prose
from litweave.features.copy.examples import Examples
from litweave.features.copy.imports import Import, StandaloneError, listed
from litweave.features.copy.clean import formatted as spaced
from litweave.features.copy.statements import IMPORTS, Unit, units
from litweave.parse import Module
from litweave.syntax import syntax_tree

# What depends on where the code lies, or on all the names that are there.
_ELSEWHERE = {
    *("__file__", "__path__", "__spec__", "__package__", "__loader__"),
    *("globals", "exec", "eval", "__import__"),
}


def standalone(name: str, package: "Package", head: str = "") -> str:
    """The module of a dotted name as a file that needs no other of its package.

    `head` is text for the top, such as a licence; it becomes a comment.

    **Raises.** [`StandaloneError`][] if no such file is certain to be the same program.
    """
    main = package.sheets[name]
    examples = Examples.of(main.module)
    file = _File(package, main, package.steps(name))
    file.take(examples)
    title = one_line(ast.get_docstring(main.tree) or "") or f"{main.name}."
    parts = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        examples.docstring(title, file.example),
        listed(file.imports),
        *(
            file.text(sheet, unit)
            for sheet, unit in file.steps
            if id(unit) in file.taken
        ),
    ]
    return spaced("\n\n".join(filter(None, parts)) + "\n")


# ## A module


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

    @cached_property
    def rebound(self) -> set[str]:
        """The names that a function binds anew."""
        return {name for unit in self.units for name in unit.rebinds}

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


Step = tuple[Sheet, Unit]
# Where a name of the package is bound: a module, and the name there.
Origin = tuple[str, str]


class Package:
    """Modules by their dotted names."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.sheets = {name: Sheet(name, modules) for name in modules}
        parts = [name.split(".") for name in modules]
        self.tops = {first for first, *_ in parts}
        self.known = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)}

    def has(self, item: Import) -> bool:
        """Whether an import is one from this package."""
        return item.module.partition(".")[0] in self.tops

    def is_module(self, item: Import) -> bool:
        """Whether an import brings a module of the package."""
        inner = self.sheets.get(item.module)
        is_bound = inner and (item.name in inner.binders or item.name in inner.imported)
        dotted = f"{item.module}.{item.name}" if item.name else item.module
        return dotted in self.known and not is_bound

    def steps(self, name: str) -> list[Step]:
        """What Python runs when it imports a module, in its order."""
        return list(self.enter(name, set()))

    def enter(self, name: str, begun: set[str]) -> Iterator[Step]:
        """What runs when a module is imported, unless it was `begun` before."""
        if name not in self.sheets or name in begun:
            return
        # The packages around a module are imported before it.
        yield from self.enter(name.rpartition(".")[0], begun)
        if name in begun:
            return
        begun.add(name)
        sheet = self.sheets[name]
        for unit in sheet.units:
            for item in sheet.imports(unit):
                yield from self.enter(item.module, begun)
                yield from self.enter(f"{item.module}.{item.name}", begun)
            yield sheet, unit

    def origin(self, sheet: Sheet, item: Import, line: int) -> Origin:
        """Where the thing that an import from the package brings is bound.

        **Raises.** [`StandaloneError`][] if it brings a module, or if that cannot be
        told.
        """
        if item.module not in self.known:
            problem = f"“{item.module}” is no module that could be read"
            raise sheet.error(line, problem)
        if self.is_module(item):
            raise sheet.error(line, f"the module “{item.binds}” is used as a whole")
        inner = self.sheets.get(item.module)
        if inner and item.name in inner.rebound:
            problem = f"“{item.name}” is bound anew by a function of {inner.name}"
            raise sheet.error(line, problem)
        if inner and item.name in inner.binders:
            return inner.name, item.name
        for further in inner.imported.get(item.name, ()) if inner else ():
            if self.has(further):
                return self.origin(inner, further, 1)  # type: ignore[arg-type]
            return "", further.means
        raise sheet.error(line, f"“{item.name}” is nothing that {item.module} binds")


# ## What is taken


@dataclass
class _File:
    """Collects what a module needs: units of the package, and imports from outside."""

    package: Package
    main: Sheet
    steps: list[Step]
    taken: set[int] = field(default_factory=set)
    imports: dict[Import, Place] = field(default_factory=dict)
    owners: dict[str, tuple[object, Place]] = field(default_factory=dict)
    aliases: dict[int, dict[str, str]] = field(default_factory=dict)

    def take(self, examples: Examples) -> None:
        """Begin with the module and its examples, and follow what they use."""
        wanted = list(self.shown_by(examples))
        for sheet, unit in self.steps:
            if sheet is self.main or self.acts(sheet, unit):
                wanted.append((sheet, unit))
        while wanted:
            sheet, unit = wanted.pop()
            if id(unit) not in self.taken:
                self.taken.add(id(unit))
                self.check(sheet, unit)
                wanted += self.needs(sheet, unit)

    def shown_by(self, examples: Examples) -> Iterator[Step]:
        """What the examples import; their modules may be others than ours."""
        begun = {sheet.name for sheet, _ in self.steps}
        for item, line in examples.imports:
            if self.package.has(item):
                self.steps += self.package.enter(item.module, begun)
                yield from self.bound(self.package.origin(self.main, item, line))

    def acts(self, sheet: Sheet, unit: Unit) -> bool:
        """Whether a unit of another module does more than to define."""
        if unit.is_import or unit.is_program or unit.binds == {"__all__"}:
            return False
        if not unit.is_definition:
            return True
        imported = (sheet.imported.get(name, ()) for name in unit.calls)
        of_package = any(self.package.has(item) for items in imported for item in items)
        return of_package or bool(unit.calls & sheet.binders.keys())

    def needs(self, sheet: Sheet, unit: Unit) -> Iterator[Step]:
        """The units that a unit needs. What else it uses is noted."""
        place = sheet.place(unit.first)
        for name in sorted(unit.binds if not unit.is_import else ()):
            self.claim(name, (sheet.name, name), place)
        # What is imported is there for whoever copies the module; of a module as a
        # whole, what it does.
        names = unit.binds if unit.is_import else unit.uses
        for name in sorted(names):
            items = sheet.imported.get(name, [])
            if unit.is_import:
                items = [item for item in items if not self.package.is_module(item)]
            if name in sheet.binders and items:
                raise sheet.error(unit.first, f"“{name}” is bound in two ways")
            if name in sheet.binders:
                yield from self.bound((sheet.name, name))
            for item in items:
                yield from self.brought(sheet, item, unit.first)
            if not items and name not in sheet.binders and hasattr(builtins, name):
                self.claim(name, ("builtins", name), place)

    def brought(self, sheet: Sheet, item: Import, line: int) -> Iterator[Step]:
        """What an import brings: a thing of the package, or one from outside."""
        if not self.package.has(item):
            self.imports.setdefault(item, sheet.place(line))
            self.claim(item.binds, ("", item.means), sheet.place(line))
            return
        origin = self.package.origin(sheet, item, line)
        if not origin[0]:
            for outer in self.outside(item):
                yield from self.brought(sheet, outer, line)
            return
        if origin[1] != item.binds:
            self.claim(item.binds, origin, sheet.place(line))
            self.aliases.setdefault(id(sheet), {})[item.binds] = origin[1]
            for other, unit in self.steps:
                if other is sheet and unit.is_import and item.binds in unit.binds:
                    self.taken.add(id(unit))
        yield from self.bound(origin)

    def outside(self, item: Import) -> Iterator[Import]:
        """The imports by which a module of the package has something from outside."""
        for further in self.package.sheets[item.module].imported[item.name]:
            if self.package.has(further):
                yield from self.outside(further)
            elif further.binds == item.binds:
                yield further
            else:
                yield Import(further.module, further.name, item.binds)

    def bound(self, origin: Origin) -> Iterator[Step]:
        """The units that bind a name of the package."""
        if origin[0]:
            sheet = self.package.sheets[origin[0]]
            yield from ((sheet, unit) for unit in sheet.binders[origin[1]])

    def claim(self, name: str, thing: object, place: Place) -> None:
        """Let a name mean a thing in the file.

        **Raises.** [`StandaloneError`][] if it means another thing already.
        """
        owner, other = self.owners.setdefault(name, (thing, place))
        if owner != thing:
            first, last = sorted((place, other))
            raise StandaloneError(first, f"“{name}” means something else in {last}")

    def check(self, sheet: Sheet, unit: Unit) -> None:
        """Refuse what would not be the same in another file."""
        if not unit.is_import and any(isinstance(n, IMPORTS) for n in unit.nodes):
            raise sheet.error(unit.first, "an import shares its line with other code")
        if "*" in sheet.imported:
            (item,) = sheet.imported["*"][:1]
            line = next(u.first for u in sheet.units if item in sheet.imports(u))
            raise sheet.error(line, "a star import does not say what it binds")
        for inner in unit.inner_imports:
            if any(self.package.has(item) for item in sheet.read(inner)):
                problem = "an import from the package stands within other code"
                raise sheet.error(inner.lineno, problem)
        for name in sorted(unit.uses & _ELSEWHERE):
            problem = f"“{name}” depends on the file that it stands in"
            raise sheet.error(unit.first, problem)
        strings = unit.strings
        for text in self.package.known & strings.keys():
            problem = f"a string names “{text}”, a module of the package"
            raise sheet.error(strings[text], problem)
        # `from __future__` holds for a whole file: all must want the same.
        if _futures(sheet) != _futures(self.main):
            problem = f"{self.main.name} imports other things from __future__"
            raise sheet.error(1, problem)

    # ## How it is written

    def example(self, item: Import, line: int) -> str:
        """What stands in an example for an import."""
        if not self.package.has(item):
            return listed([item]).strip()
        _, name = self.package.origin(self.main, item, line)
        return "" if name == item.binds else f"{item.binds} = {name}"

    def text(self, sheet: Sheet, unit: Unit) -> str:
        """A unit in its clean form; of an import, the other names that it gives."""
        if unit.is_import:
            names = self.aliases.get(id(sheet), {})
            return "\n".join(
                f"{n} = {names[n]}" for n in sorted(names.keys() & unit.binds)
            )
        start, end = (sheet.source.starts[n] for n in (unit.first - 1, unit.last))
        return sheet.source.edited(sheet.prose, start, end).rstrip("\n")


def _futures(sheet: Sheet) -> set[str]:
    found = (item for items in sheet.imported.values() for item in items)
    return {item.name for item in found if item.module == "__future__"}
