r"""# Standalone: a module and all it needs, in one file

```text
checks.py ─┐                        licence, source
linear.py ─┼──▶ reachable units ──▶ title, examples
mlp.py    ─┘    in their order      imports, merged and sorted
                                    the units, in the clean form
```

Of the module itself everything is taken; of the others, what is reached from there by
name, and what *does* something when the module is imported, all in the order in which
Python would have run it.

The file is the same program or there is none. Whatever cannot be joined for certain is
refused, with its line. A package whose modules are to be copied keeps to that.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from litweave.diagnostics import Place
from litweave.features.copy.clean import Source, one_line
from litweave.features.copy.opening import Examples, StandaloneError
from litweave.features.copy.statements import Unit, units
from litweave.imports import Import, ImportStatement, imported, is_package
from litweave.parse import Module

# What depends on where the code lies, or on all the names that are there.
_ELSEWHERE = {
    *("__file__", "__path__", "__spec__", "__package__", "__loader__"),
    *("globals", "exec", "eval", "__import__"),
}


def standalone(name: str, package: "Package", head: str = "") -> str:
    """The module of a dotted name as a file that needs no other of its package.

    `head` is text for the top, such as a licence; it becomes a comment. The file is
    not laid out yet.

    **Raises.** [`StandaloneError`][] if no such file is certain to be the same program.
    """
    main = package.sheets[name]
    examples = Examples.of(main.module)
    file = _File(package, main, list(package.enter(name, set())))
    file.take(examples)
    title = one_line(ast.get_docstring(main.source.tree) or "") or f"{main.name}."
    parts = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        examples.docstring(title, file.example),
        listed(file.imports),
        *(file.text(*step) for step in file.steps if step[1] in file.taken),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


# ## A module


@dataclass(eq=False)
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
        return Source(self.module)

    @cached_property
    def units(self) -> list[Unit]:
        """The statements, in their order."""
        return units(self.source.tree.body)

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
            for item in self.imports(unit.nodes):
                found.setdefault(item.binds, []).append(item)
        return found

    @cached_property
    def futures(self) -> set[str]:
        """What is imported from `__future__`."""
        found = (item for items in self.imported.values() for item in items)
        return {item.name for item in found if item.module == "__future__"}

    def imports(self, nodes: Iterable[ast.stmt]) -> Iterator[Import]:
        """What some statements import, with relative names made whole."""
        for node in nodes:
            if isinstance(node, ImportStatement):
                yield from imported(node, self.name, is_package(self.module.path))

    def place(self, line: int) -> Place:
        """A line of this module."""
        return Place(self.module.path, line)

    def error(self, line: int, problem: str) -> StandaloneError:
        """Why this module cannot go into one file with others."""
        return StandaloneError(self.place(line), problem)


Step = tuple[Sheet, Unit]
# Where a name is bound: a module of the package, if it is one, and the name there.
Origin = tuple[str, str]


class Package:
    """Modules by their dotted names."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.sheets = {name: Sheet(name, modules) for name in modules}
        parts = [name.split(".") for name in modules]
        self.known = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)}

    def has(self, item: Import) -> bool:
        """Whether an import is one from this package."""
        return item.module.partition(".")[0] in self.known

    def is_module(self, item: Import) -> bool:
        """Whether an import brings a module of the package."""
        inner = self.sheets.get(item.module)
        is_bound = inner and (item.name in inner.binders or item.name in inner.imported)
        return item.full in self.known and not is_bound

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
            for item in sheet.imports(unit.nodes):
                yield from self.enter(item.module, begun)
                yield from self.enter(item.full, begun)
            yield sheet, unit

    def origin(self, sheet: Sheet, item: Import, line: int) -> Origin:
        """Where the thing that an import from the package brings is bound.

        **Raises.** [`StandaloneError`][] if it brings a module, or if that cannot be
        told.
        """
        inner = self.sheets.get(item.module)
        if item.module not in self.known:
            raise sheet.error(line, f"“{item.module}” is no module that could be read")
        if self.is_module(item):
            raise sheet.error(line, f"the module “{item.binds}” is used as a whole")
        if inner and any(item.name in unit.rebinds for unit in inner.units):
            problem = f"“{item.name}” is bound anew by a function of {inner.name}"
            raise sheet.error(line, problem)
        if inner and item.name in inner.binders:
            return inner.name, item.name
        if inner and (further := inner.imported.get(item.name)):
            known = self.has(further[0])
            return self.origin(inner, further[0], 1) if known else ("", item.full)
        raise sheet.error(line, f"“{item.name}” is nothing that {item.module} binds")

    def outside(self, item: Import) -> Iterator[Import]:
        """The imports by which a module of the package has something from outside."""
        for further in self.sheets[item.module].imported[item.name]:
            if self.has(further):
                yield from self.outside(further)
            else:
                local = "" if further.binds == item.binds else item.binds
                yield Import(further.module, further.name, local or further.local)


# ## What is taken


@dataclass
class _File:
    """Collects what a module needs: units of the package, and imports from outside."""

    package: Package
    main: Sheet
    steps: list[Step]
    taken: set[Unit] = field(default_factory=set)
    imports: dict[Import, Place] = field(default_factory=dict)
    owners: dict[str, tuple[object, Place]] = field(default_factory=dict)
    aliases: dict[Sheet, dict[str, str]] = field(default_factory=dict)

    def take(self, examples: Examples) -> None:
        """Begin with the module and its examples, and follow what they use."""
        wanted = list(self.shown_by(examples))
        wanted += [s for s in self.steps if s[0] is self.main or self.acts(*s)]
        while wanted:
            sheet, unit = wanted.pop()
            if unit not in self.taken:
                self.taken.add(unit)
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
        items = (item for name in unit.calls for item in sheet.imported.get(name, ()))
        calls_ours = bool(unit.calls & sheet.binders.keys())
        return not unit.is_definition or calls_ours or any(map(self.package.has, items))

    def needs(self, sheet: Sheet, unit: Unit) -> Iterator[Step]:
        """The units that a unit needs. What else it uses is noted."""
        place = sheet.place(unit.first)
        for name in sorted(unit.binds if not unit.is_import else ()):
            self.claim(name, (sheet.name, name), place)
        # What is imported is there for whoever copies the module; of a module as a
        # whole, what it does.
        for name in sorted(unit.binds if unit.is_import else unit.uses):
            items = sheet.imported.get(name, [])
            if unit.is_import:
                items = [item for item in items if not self.package.is_module(item)]
            if name in sheet.binders and items:
                raise sheet.error(unit.first, f"“{name}” is bound in two ways")
            if name in sheet.binders:
                yield from self.bound((sheet.name, name))
            elif not items and hasattr(builtins, name):
                self.claim(name, ("builtins", name), place)
            for item in items:
                yield from self.brought(sheet, item, unit.first)

    def brought(self, sheet: Sheet, item: Import, line: int) -> Iterator[Step]:
        """What an import brings: a thing of the package, or one from outside."""
        place = sheet.place(line)
        if not self.package.has(item):
            self.imports.setdefault(item, place)
            self.claim(item.binds, ("", item.means), place)
            return
        origin = self.package.origin(sheet, item, line)
        if not origin[0]:
            for outer in self.package.outside(item):
                yield from self.brought(sheet, outer, line)
        elif origin[1] != item.binds:
            self.claim(item.binds, origin, place)
            self.aliases.setdefault(sheet, {})[item.binds] = origin[1]
            self.taken |= {
                unit
                for other, unit in self.steps
                if other is sheet and unit.is_import and item.binds in unit.binds
            }
        yield from self.bound(origin)

    def bound(self, origin: Origin) -> Iterator[Step]:
        """The units that bind a name of the package."""
        sheet = self.package.sheets.get(origin[0])
        yield from ((sheet, unit) for unit in sheet.binders[origin[1]]) if sheet else ()

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
        for line, problem in self.problems(sheet, unit):
            raise sheet.error(line, problem)

    def problems(self, sheet: Sheet, unit: Unit) -> Iterator[tuple[int, str]]:
        """The lines of what would not be the same, and why."""
        if not unit.is_import and any(sheet.imports(unit.nodes)):
            yield unit.first, "an import shares its line with other code"
        for item in sheet.imported.get("*", ()):
            line = next(u.first for u in sheet.units if item in sheet.imports(u.nodes))
            yield line, "a star import does not say what it binds"
        for inner in unit.inner_imports:
            if any(map(self.package.has, sheet.imports([inner]))):
                problem = "an import from the package stands within other code"
                yield inner.lineno, problem
        for name in sorted(unit.uses & _ELSEWHERE):
            yield unit.first, f"“{name}” depends on the file that it stands in"
        for text in sorted(self.package.known & unit.strings.keys()):
            problem = f"a string names “{text}”, a module of the package"
            yield unit.strings[text], problem
        # `from __future__` holds for a whole file: all must want the same.
        if sheet.futures != self.main.futures:
            yield 1, f"{self.main.name} imports other things from __future__"

    # ## How it is written

    def example(self, item: Import, line: int) -> str:
        """What stands in an example for an import."""
        if not self.package.has(item):
            return str(item)
        owner, name = self.package.origin(self.main, item, line)
        if not owner:
            return str(next(self.package.outside(item)))
        return "" if name == item.binds else f"{item.binds} = {name}"

    def text(self, sheet: Sheet, unit: Unit) -> str:
        """A unit in its clean form; of an import, the other names that it gives."""
        if unit.is_import:
            names = self.aliases.get(sheet, {})
            given = sorted(names.keys() & unit.binds)
            return "\n".join(f"{name} = {names[name]}" for name in given)
        return sheet.source.without_prose(unit.first, unit.last).rstrip("\n")


def listed(imports: Iterable[Import]) -> str:
    """The imports at the head of a file, each once; ruff will sort and join them."""
    different: dict[object, Import] = {}
    for item in imports:
        # `import a.b` is more than `import a`, although both bind `a`.
        key = item.binds, item.means, "" if item.name or item.local else item.module
        different.setdefault(key, item)
    first = sorted(different.values(), key=lambda item: item.module != "__future__")
    return "\n".join(map(str, first))
