r"""# Standalone: a module and all it needs, in one file

```text
checks.py ─┐                           licence, source
linear.py ─┼──▶ joined ──▶ shaken ──▶  title, examples
mlp.py    ─┘                           imports, merged and sorted
                                       the rest, in the clean form
```

The modules are *joined*: their statements come in the order in which Python would run
them, and imports of one from another go. Then they are *shaken*: of the module itself
everything stays; of the others, what is reached from there by name, and what *does*
something when the module is imported.

The file is the same program or there is none. Whatever cannot be joined for certain is
refused, with its line. A package whose modules are to be copied keeps to that.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

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
# What a name is a name of: a name that a module of the package binds, or that module
# and no name in it; of what is not ours, no module and the whole name.
Meaning = tuple[str, str]


class Package:
    """Modules by their dotted names, each read when it is needed."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self.modules = modules
        parts = [name.split(".") for name in modules]
        self.known = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)}
        self.source = cache(lambda name: Source(modules[name]))
        self.units = cache(lambda name: list(units(name, self.source(name))))

    def has(self, item: Import) -> bool:
        """Whether an import is one from this package."""
        return item.module.partition(".")[0] in self.known


def standalone(name: str, package: Package, head: str = "") -> str:
    """The module of a dotted name as a file that needs no other of its package.

    `head` is text for the top, such as a licence; it becomes a comment. The file is
    not laid out yet.

    **Raises.** [`StandaloneError`][] if no such file is certain to be the same program.
    """
    file, source = _Joined(name, package), package.source(name)
    examples = Examples.of(source)
    file.enter(name)
    file.join(name, examples.units(name, package.has))
    taken = file.shaken()
    title = one_line(ast.get_docstring(source.tree) or "") or f"{name}."
    outside = {u: str(u.item) for u in taken if u.item and not package.has(u.item)}
    # ruff will sort the imports and join them.
    imports = sorted({*outside.values()}, key=lambda t: ("__future__" not in t, t))
    parts = [
        "\n".join(f"# {line}".rstrip() for line in head.splitlines()),
        examples.docstring(title, package.has),
        "\n".join(imports),
        *(unit.text for unit in taken if unit not in outside),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


@dataclass
class _Joined:
    """The modules that one of a package needs, joined.

    `names` tells of each module which units give it a name, and what that means.
    """

    main: str
    package: Package
    units: list[Unit] = field(default_factory=list)
    names: dict[str, dict[str, dict[Unit, Meaning]]] = field(default_factory=dict)
    owners: dict[str, tuple[Meaning, Place]] = field(default_factory=dict)

    # ## Join

    def enter(self, name: str) -> None:
        """Join what runs when a module is imported, unless it was entered before."""
        if name in self.package.modules and name not in self.names:
            # The packages around a module are imported before it.
            self.enter(name.rpartition(".")[0])
            if name not in self.names:
                self.join(name, self.package.units(name))

    def join(self, name: str, units: Iterable[Unit]) -> None:
        """Add the units of a module, and enter what they import."""
        names = self.names.setdefault(name, {})
        for unit in units:
            if unit.is_program and name != self.main:
                continue
            meaning = self.bring(unit.item) if unit.item else None
            for bound in unit.names.binds:
                names.setdefault(bound, {})[unit] = meaning or (name, bound)
            self.units.append(unit)

    def bring(self, item: Import) -> Meaning:
        """What an import brings; its modules are entered."""
        if not self.package.has(item):
            return "", item.means
        self.enter(item.module)
        self.enter(item.full)
        if found := self.given(item):
            return next(iter(found.values()))
        is_module = item.full in self.package.known
        return (item.full, "") if is_module else (item.module, item.name or "*")

    def given(self, item: Import) -> dict[Unit, Meaning]:
        """The units of another module that give what an import brings."""
        return self.names.get(item.module, {}).get(item.name, {})

    # ## Shake

    def shaken(self) -> list[Unit]:
        """What is reached from the main module, and what acts."""
        wanted = [u for u in self.units if self.is_kept(u)]
        taken: set[Unit] = set()
        while wanted:
            unit = wanted.pop()
            if unit not in taken:
                taken.add(unit)
                wanted += self.needs(unit)
        return [unit for unit in self.units if unit in taken]

    def is_kept(self, unit: Unit) -> bool:
        """Whether a unit is of the main module, or does more than to define."""
        names = self.names[unit.module]
        if unit.module == self.main:
            # A module that is imported counts for what it does, until it is used.
            is_module = unit.item and not names[unit.item.binds][unit][1]
            return not is_module or bool(unit.names.uses)
        # What is called of the package may do anything.
        called = (m for n in unit.calls for m in names.get(n, {}).values())
        return unit.acts or any(module for module, _ in called)

    def needs(self, unit: Unit) -> Iterator[Unit]:
        """The units that a unit needs.

        **Raises.** [`StandaloneError`][] if it would not be the same in another file.
        """
        names = self.names[unit.module]
        for line, problem in self.problems(unit):
            raise StandaloneError(Place(unit.place.path, line), problem)
        for name in sorted(unit.names.binds | unit.names.rebinds):
            meaning = names.get(name, {}).get(unit, (unit.module, name))
            self.claim(name, meaning, unit.place)
        for name in sorted(unit.names.uses):
            if name not in names and hasattr(builtins, name):
                self.claim(name, ("", f"builtins.{name}"), unit.place)
            yield from names.get(name, ())
        if unit.item:
            yield from self.given(unit.item)

    def claim(self, name: str, meaning: Meaning, place: Place) -> None:
        """Let a name mean a thing in the file.

        **Raises.** [`StandaloneError`][] if it means another thing already.
        """
        owner, other = self.owners.setdefault(name, (meaning, place))
        if owner != meaning:
            first, last = sorted((place, other))
            raise StandaloneError(first, f"“{name}” means something else in {last}")

    def problems(self, unit: Unit) -> Iterator[tuple[int, str]]:
        """The lines of what would not be the same, and why."""
        path, line, known = unit.place.path, unit.place.line, self.package.known
        names = self.names[unit.module]
        for star in names.get("*", ()):
            yield star.place.line, "a star import does not say what it binds"
        # `from __future__` holds for a whole file: all must want the same.
        if not unit.item and self.futures(unit.module) != self.futures(self.main):
            yield 1, f"{self.main} imports other things from __future__"
        module, name = names[unit.item.binds][unit] if unit.item else ("", "")
        if unit.item and module:
            if not name:
                yield line, f"the module “{unit.item.binds}” is used as a whole"
            if name not in self.names.get(module, {}):
                yield line, f"“{unit.item.full}” is nothing that could be read"
            if any(name in other.names.rebinds for other in self.package.units(module)):
                yield line, f"“{name}” is bound anew by a function of {module}"
        for node in (node for part in unit.nodes for node in ast.walk(part)):
            if isinstance(node, ImportStatement):
                inner = imported(node, unit.module, is_package(path))
                if node in unit.nodes or any(map(self.package.has, inner)):
                    yield node.lineno, "an import stands within other code"
            elif isinstance(node, ast.Name) and node.id in _ELSEWHERE & unit.names.uses:
                yield node.lineno, f"“{node.id}” depends on the file that it stands in"
            elif isinstance(node, ast.Constant) and node.value in known:
                yield node.lineno, f"a string names “{node.value}”, a module"

    def futures(self, module: str) -> set[str]:
        """What a module imports from `__future__`."""
        items = (unit.item for unit in self.package.units(module) if unit.item)
        return {item.name for item in items if item.module == "__future__"}
