"""Resolve: a name is followed to what it names, through all modules of a book.

[`scopes`][] says what the first name of a chain means in one source. From there:

- `layers.GELU`, where the package only hands the class on, means the class where it is
  defined;
- `self.scale` means the method of the class, or of one that it inherits from;
- if `__init__` says `self.norm = LayerNorm(…)`, then `self.norm` means an instance of
  `LayerNorm`. A container means its elements, if one class makes them all;
- `nn.Linear` leads out of the book and keeps its name: `torch.nn.Linear`.

Nothing is guessed. What is assigned twice, and differently, means nothing.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from litweave.features.links.scopes import (
    Chain,
    Class,
    Code,
    Definition,
    Scope,
    Thing,
    read_scopes,
    unroll,
)
from litweave.imports import is_package
from litweave.parse import Module

# What is given to these is what they hold.
_CONTAINERS = {"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.Sequential"}
_UNKNOWN = ""


@dataclass
class Meanings:
    """The sources of a book, by the names under which they are imported."""

    codes: dict[str, Code] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    # The scopes of comprehensions.
    inner: dict[ast.expr, Scope] = field(default_factory=dict)
    # Modules, and the packages around them.
    modules: set[str] = field(default_factory=set)
    # What was found out before, and `None` for what is being found out.
    settled: dict[str, Thing | None] = field(default_factory=dict)

    @classmethod
    def read(cls, modules: Mapping[str, Module]) -> "Meanings":
        """Read the scopes of modules, given by the names that they are imported by."""
        packages = {n for n, m in modules.items() if is_package(m.path)}
        folders = _folders(modules)
        meanings = cls(modules={name for names in folders.values() for name in names})
        for name, module in modules.items():
            folder = name if name in packages else name.rpartition(".")[0]
            while folder in packages:
                folder = folder.rpartition(".")[0]
            # In a folder that is no package, modules import each other without it.
            names = folders.get(folder, ()) if folder else ()
            beside = {full.rpartition(".")[2]: full for full in names}
            short = tuple(beside.items())
            code = read_scopes(module.lines, name, name in packages, short)
            meanings.codes[name] = code
            meanings.classes |= code.classes
            meanings.inner |= code.inner
            meanings.definitions |= code.definitions
        return meanings

    def is_ours(self, name: str) -> bool:
        """Whether a qualified name belongs to the book."""
        return name.partition(".")[0] in self.modules

    def module(self, name: str) -> str | None:
        """The module of the book that a qualified name belongs to."""
        while name and name not in self.codes:
            name = name.rpartition(".")[0]
        return name or None

    # ## Following

    def steps(self, chain: Chain) -> Iterator[tuple[int, Thing]]:
        """What a chain means up to each of its parts: the column there, and the thing.

        It ends where reading ends. A variable such as `self` is no name of what it
        holds; what stands behind it may be.
        """
        first, *others = chain.parts
        thing, end = self._resolved(chain.thing), chain.start + len(first)
        if thing and thing.kind != "instance":
            yield end, thing
        for part in others:
            thing = thing and self.attribute(thing, part)
            end += 1 + len(part)
            if thing is None:
                return
            yield end, thing

    def attribute(self, thing: Thing, name: str) -> Thing | None:
        """What an attribute of a thing means."""
        full = f"{thing.name}.{name}"
        if thing.kind == "many":
            return None
        if thing.kind == "instance" or thing.name in self.classes:
            return self._member(thing, name)
        if not self.is_ours(thing.name):
            return Thing(full, thing.kind)
        if thing.kind == "module":
            return Thing(full, "module") if full in self.modules else None
        return self._global(thing.name, name) if thing.name in self.modules else None

    def _global(self, module: str, name: str) -> Thing | None:
        full = f"{module}.{name}"
        scope = self.codes[module].scope if module in self.codes else None
        if scope and name in scope.bindings:
            return self._resolved(scope.own(name))
        return Thing(full) if full in self.modules else None

    def _resolved(self, thing: Thing | None) -> Thing | None:
        return self.settle(thing.name) if thing and thing.kind == "import" else thing

    def settle(self, name: str) -> Thing | None:
        """What a qualified name means in the end, however often it was handed on."""
        if name not in self.settled:
            self.settled[name] = None  # for modules that import it from each other
            self.settled[name] = self._settle(name)
        return self.settled[name]

    def _settle(self, name: str) -> Thing | None:
        first, *rest = name.split(".")
        if not self.is_ours(name) or not rest:
            return Thing(name)
        # The way to a module is by import, and only the rest is by attribute: in
        # `from .gelu import gelu`, the first is the module.
        while len(rest) > 1 and f"{first}.{rest[0]}" in self.modules:
            first, rest = f"{first}.{rest[0]}", rest[1:]
        return self._follow(Thing(first), rest)

    def _follow(self, thing: Thing | None, attributes: Iterable[str]) -> Thing | None:
        for attribute in attributes:
            thing = thing and self.attribute(thing, attribute)
        return thing

    # ## Classes

    def _member(self, thing: Thing, name: str) -> Thing | None:
        for owner in self._lineage(thing.name, set()):
            found = self.classes.get(owner)
            if found is None:
                # Here the book ends. A class of a library may have such a member.
                ends = owner == _UNKNOWN or self.is_ours(owner)
                return None if ends else Thing(f"{owner}.{name}")
            if thing.kind == "instance" and name in found.assigned:
                return None if name in found.scope.bindings else self._made(owner, name)
            if name in found.scope.bindings:
                return self._resolved(found.scope.own(name))
        return None

    def _lineage(self, name: str, seen: set[str]) -> Iterator[str]:
        """A class and those it inherits from, as far as they are known."""
        yield name
        seen.add(name)
        for base, scope in self.classes[name].bases if name in self.classes else ():
            thing = self._expression(base, scope)
            if thing is None or thing.kind != "object":
                # It may have anything, so nothing beyond it can be told.
                yield _UNKNOWN
                return
            if thing.name not in seen:
                yield from self._lineage(thing.name, seen)

    def _made(self, owner: str, name: str) -> Thing | None:
        """What the one value is that all assignments to an attribute agree on."""
        full = f"self.{owner}.{name}"
        if full not in self.settled:
            self.settled[full] = None  # for what is made of itself: `self.a = self.a()`
            assigned = self.classes[owner].assigned[name]
            self.settled[full] = _only(self._value(*made) for made in assigned)
        return self.settled[full]

    # ## Expressions

    def _expression(self, node: ast.expr, scope: Scope) -> Thing | None:
        if isinstance(node, ast.Subscript):
            node = node.value  # `Dataset[Tensor]`
        name, parts = unroll(node)
        thing = self._resolved(scope.find(name.id)) if name else None
        return self._follow(thing, parts[1:])

    def _value(self, node: ast.expr | None, scope: Scope) -> Thing | None:
        """What an expression gives: an instance, or a container of instances."""
        match node:
            case ast.Call():
                return self._call(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._elements([node.elt], self.inner[node])
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Dict(values=items):
                return self._elements(items, scope)
            case ast.Starred(value=value):
                return self._value(value, scope)
            case ast.IfExp(body=one, orelse=other):
                return _only(self._value(value, scope) for value in (one, other))
        return None

    def _call(self, call: ast.Call, scope: Scope) -> Thing | None:
        thing = self._expression(call.func, scope)
        if thing is None or thing.kind != "object":
            return None
        if thing.name in _CONTAINERS and (call.args or call.keywords):
            return None if call.keywords else self._elements(call.args, scope)
        if self.is_ours(thing.name) and thing.name not in self.classes:
            return None
        return Thing(thing.name, "instance")

    def _elements(self, items: Sequence[ast.expr], scope: Scope) -> Thing | None:
        thing = _only(self._value(item, scope) for item in items)
        return Thing(thing.name, "many") if thing else None


def _folders(modules: Iterable[str]) -> dict[str, set[str]]:
    """The names of modules, and of folders around them, by the folder they are in."""
    folders: dict[str, set[str]] = {}
    for name in modules:
        while name:
            folder = name.rpartition(".")[0]
            folders.setdefault(folder, set()).add(name)
            name = folder
    return folders


def _only(things: Iterable[Thing | None]) -> Thing | None:
    """The one thing that all are, if they are one."""
    different = set(things)
    return different.pop() if len(different) == 1 else None
