"""Meanings: what the names in the code of a book stand for, by reading alone.

`nn.functional.gelu` is a *chain*: a name, and attributes after it. It is followed from
what the name is bound to, in the scope where it stands, through all modules: to where a
class is defined, not handed on; to the method that a class inherits; and for
`self.norm = LayerNorm(…)`, to the class of what is assigned, or of the elements of a
container. `nn.Linear` leads out of the book and keeps its name: `torch.nn.Linear`.

Nothing is guessed: a wrong link is worse than none. What is bound in two ways, or in a
way that reading cannot tell (an argument, a variable, a loop), means nothing.
"""

import ast
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, starmap
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from litweave.dependencies import ImportStatement, imported, is_package
from litweave.parse import Module
from litweave.syntax import DEFINITIONS, syntax_tree

# A line, a column, and what the chain that begins there means up to each of its parts:
# the column there, and the thing.
Meant: TypeAlias = tuple[int, int, list[tuple[int, "Thing"]]]
# What names mean in a scope, and in those around it.
_Names: TypeAlias = ChainMap[str, "Thing | None"]
# An expression, or none, and what the names in it mean.
_Placed: TypeAlias = tuple[Any, _Names]
# In a class, half of such is looked up in it, and half around it.
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# What is given to these is what they hold.
_CONTAINERS = {"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.Sequential"}


class Thing(NamedTuple):
    """What a name means, by the qualified name of a module, class or function.

    Of the kinds, `object` is that very thing, `instance` one of the class, `many` a
    container of such, `module` what an import passes on its way, and `import` what it
    finds there, which may come from elsewhere again.
    """

    name: str
    kind: str = "object"


@dataclass(eq=False)
class Scope:
    """A module, class or function, and what its names mean, in comprehensions, too.

    What it binds itself comes first in `names`, and is `None` where reading cannot tell
    what it is. A class has `bases`, and what its methods assign to `self`: it is no
    expression if it is assigned by a loop, or as one of several.
    """

    name: str
    names: _Names = field(default_factory=ChainMap)
    node: DEFINITIONS | None = None

    def __post_init__(self) -> None:
        self.bases = list[_Placed]()
        self.assigned = defaultdict[str, list[_Placed]](list)
        self.is_class = isinstance(self.node, ast.ClassDef)
        self.own = self.names.maps[0]

    def within(self, name: str, node: DEFINITIONS | None = None) -> "Scope":
        """A scope in this one: what a class binds, it sees alone."""
        return Scope(name, ChainMap({}, *self.names.maps[self.is_class :]), node)

    def bind(self, name: str, thing: Thing | None = None) -> None:
        """Give a name a meaning: two that differ are none."""
        self.own[name] = thing if self.own.get(name, thing) == thing else None

    def hide(self, names: Iterable[str]) -> None:
        """Let names that are bound from afar mean nothing, here and around."""
        for known in self.names.maps:
            known.update(dict.fromkeys(names))


def _only(things: Iterable[Thing | None]) -> Thing | None:
    """The one thing that all are, if they are one."""
    different = set(things)
    return different.pop() if len(different) == 1 else None


def _unroll(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """What stands before a chain of attributes, and the chain."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return node, parts[::-1]


# ## Reading a source


@dataclass
class Code:
    """What the names in one source mean.

    `uses` has all chains, each with its line, its column in bytes of UTF-8, and what is
    known where it stands, and `values` what is assigned to an attribute.
    """

    lines: Sequence[str]
    name: str
    is_package: bool
    definitions: dict[str, Scope] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    uses: list[tuple[int, int, Sequence[str], _Names]] = field(default_factory=list)
    values: dict[ast.expr, ast.expr | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scope = Scope(self.name)
        with suppress(SyntaxError, RecursionError):
            self.visit(syntax_tree("".join(self.lines)), self.scope)

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Note what a node, and all that is in it, binds and uses in a scope."""
        if isinstance(node, DEFINITIONS | ast.Lambda):
            self._define(node, scope)
        elif isinstance(node, ImportStatement):
            self._import(node, scope)
        elif isinstance(node, ast.Attribute | ast.Name):
            self._use(node, scope)
        elif not (scope.is_class and isinstance(node, _COMPREHENSIONS)):
            self._bind(node, scope)
            for child in ast.iter_child_nodes(node):
                self.visit(child, scope)

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        # That of an exception, or of a part of a pattern.
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            scope.bind(name)
        match node:
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                scope.hide(names)
            case ast.Assign(targets=targets, value=value):
                self.values |= dict.fromkeys(targets, value)
            case ast.AnnAssign(target=target, value=value):
                self.values[target] = value

    def _use(self, node: ast.Name | ast.Attribute, scope: Scope) -> None:
        (name, parts), is_used = _unroll(node), isinstance(node.ctx, ast.Load)
        if not isinstance(name, ast.Name):
            self.visit(name, scope)
        elif not (parts or is_used):
            scope.bind(name.id)
        else:
            thing, last = scope.names.get(name.id), "" if is_used else parts.pop()
            if last and not parts and thing and thing.kind == "instance":
                placed = self.values.get(node), scope.names
                self.definitions[thing.name].assigned[last].append(placed)
            steps = [name.id, *parts]
            self.uses.append((name.lineno, name.col_offset, steps, scope.names))

    def _define(self, node: DEFINITIONS | ast.Lambda, scope: Scope) -> None:
        inner, body = scope.within(scope.name), node.body
        if not isinstance(node, ast.Lambda):
            inner = scope.within(f"{scope.name}.{node.name}", node)
            scope.bind(node.name, Thing(inner.name))
            first = self.definitions.setdefault(inner.name, inner)
        if isinstance(node, ast.ClassDef):
            # A class that is defined twice, under `if` and `else`, is read as one.
            inner = first
            inner.bases += [(base, scope.names) for base in node.bases]
        else:
            me = Thing(scope.name, "instance") if scope.is_class else None
            for arg in ast.iter_child_nodes(node.args):
                if isinstance(arg, ast.arg):
                    inner.bind(arg.arg, me if arg.arg == "self" else None)
        # Decorators, defaults and annotations are looked up outside.
        inside = {*body} if isinstance(body, list) else {body}
        for child in ast.iter_child_nodes(node):
            self.visit(child, inner if child in inside else scope)

    def _import(self, node: ImportStatement, scope: Scope) -> None:
        items = imported(node, self.name, self.is_package)
        for alias, item in zip(node.names, items, strict=True):
            thing = Thing(item.means, "import") if item.module else None
            self.imports += [item.full] if thing else []
            if item.name == "*":
                scope.hide([*scope.own])  # It may be bound anew.
                continue
            scope.bind(item.binds, thing)
            if not item.name:
                thing = Thing(alias.name.partition(".")[0], "module")
            self._note(alias.name, thing, alias.lineno, alias.col_offset)
        if isinstance(node, ast.ImportFrom) and node.module and item.module:
            around = item.module.removesuffix(node.module)
            first = Thing(around + node.module.partition(".")[0], "module")
            column = node.col_offset + len("from ") + node.level
            self._note(node.module, first, node.lineno, column)

    def _note(self, text: str, first: Thing | None, line: int, column: int) -> None:
        parts = text.split(".")
        bound = ChainMap({parts[0]: first})
        self.uses.append((line, column, parts, bound))


# ## Following names through a book

# A preview reads again what was changed, and nothing else.
_read = lru_cache(maxsize=2048)(Code)


class Meanings:
    """The sources of a book, by the names under which they are imported."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        parts = (name.split(".") for name in modules)
        # Modules, and the packages around them.
        self.modules = {n for p in parts for n in accumulate(p, "{}.{}".format)}
        self.codes = {
            name: _read(module.lines, name, is_package(module.path))
            for name, module in modules.items()
        }
        scopes = [s for c in self.codes.values() for s in c.definitions.values()]
        self.nodes = {scope.name: scope.node for scope in scopes}
        self.classes = {scope.name: scope for scope in scopes if scope.is_class}
        # What was found out before, and `None` for what is being found out.
        self.settled = dict[str, Thing | None]()

    def is_ours(self, name: str) -> bool:
        """Whether a qualified name belongs to the book."""
        return name.partition(".")[0] in self.modules

    def source(self, name: str) -> str:
        """The module that defines what an import names; empty if none of ours does."""
        thing = self.settle(Thing(name, "import"))
        for found in (thing.name if thing else "", name):
            module, _, last = found.rpartition(".")
            if found in self.codes:
                return found
            # A constant has no place of its own, but its module has.
            code = self.codes.get(module)
            if code and (last == "*" or last in code.scope.own):
                return module
        return ""

    def uses(self, module: str) -> Iterator[Meant]:
        """All that means something in a module, in order."""
        code = self.codes[module]
        for line, offset, parts, names in sorted(code.uses, key=itemgetter(0, 1)):
            text = code.lines[line - 1]
            # The tree may count into the midst of a character.
            start = len(text.encode()[:offset].decode(errors="ignore"))
            steps = []
            things = self._follow(names.get(parts[0]), parts[1:])
            texts = accumulate(parts, "{}.{}".format)
            for written, thing in zip(texts, things, strict=True):
                # It ends where reading ends, or where it is not as Python would write
                # it. Within an f-string, older versions count from another place.
                end = start + len(written)
                goes_on = f"_{text[end : end + 1] or '.'}".isidentifier()
                if thing is None or goes_on or not text.startswith(written, start):
                    break
                # A variable such as `self` is no name of what it holds.
                if thing.kind != "instance" or end > start + len(parts[0]):
                    steps.append((end, thing))
            if steps:
                yield line, start, steps

    def _follow(self, thing: Thing | None, parts: Sequence[str]) -> list[Thing | None]:
        """What a name means, and the attributes after it, one after the other."""
        found = [self.settle(thing)]
        for part in parts:
            found.append(found[-1] and self.attribute(found[-1], part))
        return found

    def attribute(self, thing: Thing, name: str) -> Thing | None:
        """What an attribute of a thing means."""
        full = f"{thing.name}.{name}"
        if thing.kind == "many":
            return None
        if thing.kind == "instance" or thing.name in self.classes:
            return self._member(thing, name)
        code = self.codes.get(thing.name)
        if code and thing.kind == "object" and name in code.scope.own:
            return self.settle(code.scope.own[name])
        is_known = full in self.modules or not self.is_ours(full)
        return Thing(full, thing.kind) if is_known else None

    def settle(self, thing: Thing | None) -> Thing | None:
        """What a thing is in the end, however often an import handed it on."""
        if thing is None or thing.kind != "import":
            return thing
        if not self.is_ours(name := thing.name):
            return Thing(name)
        if name not in self.settled:
            self.settled[name] = None  # for modules that import it from each other
            module, *rest = name.split(".")
            # The way to a module is by import, and only the rest is by attribute: in
            # `from .gelu import gelu`, the first is the module.
            while len(rest) > 1 and f"{module}.{rest[0]}" in self.modules:
                module = f"{module}.{rest.pop(0)}"
            self.settled[name] = self._follow(Thing(module), rest)[-1]
        return self.settled[name]

    def _member(self, thing: Thing, name: str) -> Thing | None:
        for owner in self._lineage(thing.name):
            found = self.classes.get(owner)
            if found is None:
                # Here the book ends. A class of a library may have such a member.
                unknown = not owner or self.is_ours(owner)
                return None if unknown else Thing(f"{owner}.{name}")
            if thing.kind == "instance" and name in found.assigned:
                return None if name in found.own else self._made(found, name)
            if name in found.own:
                return self.settle(found.own[name])
        return None

    def _lineage(self, name: str, below: tuple[str, ...] = ()) -> Iterator[str]:
        """A class and those it inherits from; what is not known has an empty name."""
        yield name
        # It may inherit from itself.
        found = None if name in below else self.classes.get(name)
        for base in found.bases if found else ():
            thing = self._expression(*base)
            known = thing.name if thing and thing.kind == "object" else ""
            yield from self._lineage(known, (*below, name))

    def _made(self, owner: Scope, name: str) -> Thing | None:
        """What the one value is that all assignments to an attribute agree on."""
        full = f"self.{owner.name}.{name}"
        if full not in self.settled:
            self.settled[full] = None  # for what is made of itself: `self.a = self.a()`
            self.settled[full] = _only(starmap(self._value, owner.assigned[name]))
        return self.settled[full]

    def _expression(self, node: ast.expr, names: _Names) -> Thing | None:
        if isinstance(node, ast.Subscript):
            node = node.value  # `Dataset[Tensor]`
        name, parts = _unroll(node)
        known = names.get(name.id) if isinstance(name, ast.Name) else None
        return self._follow(known, parts)[-1]

    def _value(self, node: ast.expr | None, names: _Names) -> Thing | None:
        """What an expression gives: an instance, or a container of instances."""
        items: Sequence[ast.expr] = ()
        match node:
            case ast.Call(func=func, args=args):
                made = self._expression(func, names)
                if made is None or made.kind != "object":
                    return None
                if made.name in _CONTAINERS and args:
                    items = args
                # What a library has may be a class, or give what a class of it does.
                elif made.name in self.classes or not self.is_ours(made.name):
                    return Thing(made.name, "instance")
            case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item):
                items = [item]
            case ast.Starred(value=value):
                return self._value(value, names)
        thing = _only(self._value(item, names) for item in items)
        return Thing(thing.name, "many") if thing else None
