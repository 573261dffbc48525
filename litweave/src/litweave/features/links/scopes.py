r"""# Scopes: what a name in the code means

`nn.functional.gelu` is a *chain*: a name, and attributes after it. What the chain means
follows from what its first name is bound to where it stands: an import, a class or a
function, the `self` of a method. This module answers that for one source, by reading
alone; nothing is imported and nothing runs. What lies beyond the first name, perhaps in
another module, is for [`references`][] to follow.

A name that a scope binds in two ways, or in a way that reading cannot tell (an
argument, a variable, a loop), means nothing here: a wrong link is worse than none.

| the name comes from | and means |
|---|---|
| `import torch.nn as nn` | `torch.nn` |
| `from .gelu import GELU` | `package.gelu.GELU` |
| `class Mixer:` | `package.mixer.Mixer` |
| `self`, in a method of `Mixer` | an instance of `package.mixer.Mixer` |
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from litweave.syntax import syntax_tree

Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# Whoever asks these has another way, where a name is not there.
_ASKED = {"TYPE_CHECKING", "hasattr", "os", "platform", "sys"}
_NO_NAME_IN = (ast.expr_context, ast.operator, ast.cmpop, ast.Constant)
# What these are given first is no instance of their class.
_WITHOUT_SELF = {"staticmethod", "classmethod", "__new__", "__init_subclass__"}


@dataclass(frozen=True)
class Thing:
    """What a name means, by the qualified name of a module, class or function.

    | `kind` | what it means |
    |---|---|
    | `object` | that very thing |
    | `instance` | an instance of the class |
    | `many` | a container with instances of the class |
    | `module` | a module, or a package on the way to it, in an import |
    | `import` | what an import found there, which may come from elsewhere again |
    """

    name: str
    kind: str = "object"


@dataclass(frozen=True)
class Chain:
    """A name and its attributes, on one line of code; `thing` is what the name means.

    `start` is a column, counted in characters. `guarded` tells that the code is ready
    for a name that is not there: it stands under a `try`, or an `if sys.platform …`.
    """

    parts: tuple[str, ...]
    line: int
    start: int
    thing: Thing
    guarded: bool


@dataclass
class Scope:
    """A module, class, function or comprehension, and what it binds names to.

    A name is bound to `None` where reading cannot tell to what.
    """

    kind: str
    name: str
    parent: "Scope | None" = None
    bindings: dict[str, list[Thing | None]] = field(
        default_factory=lambda: defaultdict(list)
    )
    elsewhere: dict[str, "Scope"] = field(default_factory=dict)

    def bind(self, name: str, thing: Thing | None) -> None:
        """Note that the scope gives a name a meaning."""
        self.elsewhere.get(name, self).bindings[name].append(thing)

    def own(self, name: str) -> Thing | None:
        """What the scope itself binds a name to, if that is one thing only."""
        things = set(self.bindings[name]) if name in self.bindings else set()
        return things.pop() if len(things) == 1 else None

    def find(self, name: str) -> Thing | None:
        """What a name means in this scope."""
        scope: Scope | None = self.elsewhere.get(name, self)
        # The names of a class are not seen by the functions within it.
        while scope and (
            name not in scope.bindings or (scope.kind == "class" and scope is not self)
        ):
            scope = scope.parent
        return scope.own(name) if scope else None

    def doubt(self) -> None:
        """Note that what is bound so far may be bound anew."""
        for things in self.bindings.values():
            things.append(None)

    def around(self, *kinds: str) -> "Scope":
        """The nearest scope of one of these kinds, or else the outermost."""
        scope = self
        while scope.kind not in kinds and scope.parent:
            scope = scope.parent
        return scope


@dataclass
class Class:
    """A class: what it inherits from, and what its methods assign to `self`.

    Each expression comes with the scope to look its names up in. What is assigned by a
    loop, or as one of several, has no expression.
    """

    scope: Scope
    bases: list[tuple[ast.expr, Scope]] = field(default_factory=list)
    assigned: dict[str, list[tuple[ast.expr | None, Scope]]] = field(
        default_factory=lambda: defaultdict(list)
    )


@dataclass
class Code:
    """What the names in a source mean.

    `definitions` holds its classes and functions by their qualified names, `imports`
    the names of what it imports, and `chains` each use of a name that means something.
    """

    name: str
    scope: Scope
    classes: dict[str, Class] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)


def read_scopes(
    lines: Sequence[str],
    name: str,
    is_package: bool = False,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Code:
    """Read what the names of a module mean.

    `name` is the dotted name of the module, and `beside` gives the names of those that
    it can import by shorter ones. The source must be Python: see [`parse`][].
    """
    return _read_once(tuple(lines), name, is_package, tuple(beside.items()))


# A preview reads again what was changed, and nothing else.
@lru_cache(maxsize=2048)
def _read_once(
    lines: tuple[str, ...],
    name: str,
    is_package: bool,
    beside: tuple[tuple[str, str], ...],
) -> Code:
    return _Reader(lines, name, is_package, dict(beside)).read()


def unroll(node: ast.expr) -> tuple[ast.Name | None, list[str]]:
    """The name that begins a chain, and all its parts; no name if it is no chain."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None, []
    return node, [node.id, *reversed(parts)]


# ## Reading

# A node still to be read, the scope it stands in, and whether it is guarded.
_Item: TypeAlias = tuple[ast.AST, Scope, bool]
_Inside: TypeAlias = Iterator[tuple[ast.AST, Scope]]


@dataclass
class _Reader:
    lines: Sequence[str]
    name: str
    is_package: bool
    beside: Mapping[str, str]

    def read(self) -> Code:
        self.code = Code(self.name, Scope("module", self.name))
        self.used: list[tuple[ast.Name, list[str], Scope, bool]] = []
        self.stored: list[tuple[ast.Attribute, ast.Name, Scope]] = []
        self.values: dict[int, ast.expr] = {}
        self.lazy = False  # whether annotations are left to type checkers
        tree = syntax_tree("".join(self.lines))
        # A stack of our own: a chain of a thousand `elif`s is nested a thousand deep.
        stack: list[_Item] = [(tree, self.code.scope, False)]
        while stack:
            stack += reversed(list(self.enter(*stack.pop())))
        # Only now is it known what each scope binds: a name may be used above.
        self.settle()
        return self.code

    def enter(self, node: ast.AST, scope: Scope, guarded: bool) -> Iterator[_Item]:
        """Note what a node binds and uses; what is to be read next, and where."""
        inside: _Inside
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                inside = self.function(node, scope)
            case ast.ClassDef():
                inside = self.class_(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                inside = self.comprehension(node, scope)
            case ast.Attribute():
                inside = self.attribute(node, scope, guarded)
            case _:
                self.note(node, scope, guarded)
                inside = ((child, scope) for child in _children(node))
        guards = _guarded(node, self.lazy)
        for child, around in inside:
            yield child, around, guarded or id(child) in guards

    # ## What opens a scope

    def function(self, node: _Function, scope: Scope) -> _Inside:
        around = self.type_parameters(node, scope)
        inner = Scope("function", scope.name, around)
        if not isinstance(node, ast.Lambda):
            inner.name = self.define(node, scope)
            yield from ((child, scope) for child in node.decorator_list)
        self.arguments(node, scope, inner)
        yield from ((child, around) for child in _signature(node))
        body = node.body if isinstance(node.body, list) else [node.body]
        yield from ((child, inner) for child in body)

    def define(self, node: Definition, scope: Scope) -> str:
        """Bind the name of a class or function; its qualified name."""
        name = f"{scope.name}.{node.name}"
        scope.bind(node.name, Thing(name))
        self.code.definitions.setdefault(name, node)
        return name

    def arguments(self, node: _Function, scope: Scope, inner: Scope) -> None:
        takes_self = scope.kind == "class" and _takes_self(node)
        for number, argument in enumerate(_arguments(node.args)):
            is_self = takes_self and number == 0
            thing = Thing(scope.name, "instance") if is_self else None
            inner.bind(argument.arg, thing)

    def class_(self, node: ast.ClassDef, scope: Scope) -> _Inside:
        around = self.type_parameters(node, scope)
        name = self.define(node, scope)
        # A class that is defined twice, under `if` and `else`, is read as one.
        found = self.code.classes.setdefault(name, Class(Scope("class", name, around)))
        found.bases += [(base, around) for base in node.bases]
        yield from ((child, scope) for child in node.decorator_list)
        yield from ((child, around) for child in (*node.bases, *node.keywords))
        yield from ((child, found.scope) for child in node.body)

    def comprehension(self, node: _Comprehension, scope: Scope) -> _Inside:
        inner = Scope("comprehension", scope.name, scope)
        first = node.generators[0]
        # What is run through first is looked up outside.
        yield first.iter, scope
        yield from ((child, inner) for child in (first.target, *first.ifs))
        yield from ((child, inner) for child in _children(node) if child is not first)

    def type_parameters(self, node: ast.AST, scope: Scope) -> Scope:
        # `def first[T](…)`, from Python 3.12 on: a scope between the two.
        parameters = getattr(node, "type_params", ())
        if not parameters:
            return scope
        between = Scope("function", scope.name, scope)
        for parameter in parameters:
            between.bind(parameter.name, None)
        return between

    # ## What binds a name

    def note(self, node: ast.AST, scope: Scope, guarded: bool) -> None:
        match node:
            case ast.Name(ctx=ast.Load()):
                self.used.append((node, [node.id], scope, guarded))
            case ast.Name(id=name) | ast.ExceptHandler(name=str(name)):
                scope.bind(name, None)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                scope.bind(name, None)
            case ast.MatchMapping(rest=str(name)):
                scope.bind(name, None)
            case ast.NamedExpr(target=ast.Name(id=name)):
                # It binds outside of the comprehension that it stands in.
                scope.around("function", "class", "module").bind(name, None)
            case ast.Assign(value=value):
                self.values |= {id(target): value for target in node.targets}
            case ast.AnnAssign(value=ast.expr() as value):
                self.values[id(node.target)] = value
            case ast.Global() | ast.Nonlocal():
                self.declare(node, scope)
            case ast.Import():
                self.import_modules(node, scope, guarded)
            case ast.ImportFrom():
                self.import_names(node, scope, guarded)

    def declare(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        for name in node.names:
            if isinstance(node, ast.Global):
                scope.elsewhere[name] = self.code.scope
                continue
            # One of the functions around: in none of them is the name what it was.
            around: Scope | None = scope
            while around:
                if around.kind == "function":
                    around.bind(name, None)
                around = around.parent

    # ## Imports

    def import_modules(self, node: ast.Import, scope: Scope, guarded: bool) -> None:
        for alias in node.names:
            parts = alias.name.split(".")
            first = self.beside.get(parts[0], parts[0])
            full = ".".join([first, *parts[1:]])
            bound = Thing(full if alias.asname else first, "import")
            scope.bind(alias.asname or parts[0], bound)
            self.code.imports.append(full)
            self.chain(parts, Thing(first, "module"), _place(alias), guarded)

    def import_names(self, node: ast.ImportFrom, scope: Scope, guarded: bool) -> None:
        package = self.package(node)
        module = f"{node.module}." if node.module else ""
        if node.module and package is not None:
            self.import_from(node.module.split("."), package, node, guarded)
        for alias in node.names:
            self.lazy |= (module, alias.name) == ("__future__.", "annotations")
            thing = Thing(f"{package}{module}{alias.name}", "import")
            if alias.name == "*":
                scope.doubt()
            elif package is None:
                scope.bind(alias.asname or alias.name, None)
            else:
                scope.bind(alias.asname or alias.name, thing)
                self.chain([alias.name], thing, _place(alias), guarded)
            if package is not None:
                self.code.imports.append(thing.name)

    def import_from(
        self, parts: Sequence[str], package: str, node: ast.ImportFrom, guarded: bool
    ) -> None:
        line, offset = _place(node)
        place = line, offset + len("from ") + node.level
        self.chain(parts, Thing(package + parts[0], "module"), place, guarded)

    def package(self, node: ast.ImportFrom) -> str | None:
        """What stands before the name of a module; none if the dots lead outside."""
        parts = self.name.split(".")
        keep = len(parts) - node.level + self.is_package
        if node.level == 0:
            first = str(node.module).partition(".")[0]
            return self.beside.get(first, first).removesuffix(first)
        return ".".join(parts[:keep]) + "." if keep > 0 else None

    # ## What uses a name

    def attribute(self, node: ast.Attribute, scope: Scope, guarded: bool) -> _Inside:
        name, parts = unroll(node)
        if name is None:
            yield node.value, scope
            return
        if not isinstance(node.ctx, ast.Load):
            parts = parts[:-1]  # What is assigned is defined here, not used.
            if node.value is name:
                self.stored.append((node, name, scope))
        self.used.append((name, parts, scope, guarded))

    def settle(self) -> None:
        """Find what the names that were met mean."""
        for name, parts, scope, guarded in self.used:
            thing = scope.find(name.id)
            # An argument such as `self` leads nowhere, but its attributes may.
            if thing and (thing.kind != "instance" or len(parts) > 1):
                self.chain(parts, thing, _place(name), guarded)
        for node, name, scope in self.stored:
            thing = scope.find(name.id)
            if thing and thing.kind == "instance" and thing.name in self.code.classes:
                made = self.values.get(id(node)), scope
                self.code.classes[thing.name].assigned[node.attr].append(made)

    def chain(
        self, parts: Sequence[str], thing: Thing, place: tuple[int, int], guarded: bool
    ) -> None:
        """Note a chain, as far as it stands on its line as Python would write it."""
        line, offset = place
        text = self.lines[line - 1]
        # The tree counts bytes of UTF-8, and sometimes into the midst of a character.
        start = len(text.encode()[:offset].decode(errors="ignore"))
        while parts and not _stands_at(text, start, ".".join(parts)):
            parts = parts[:-1]
        if parts:
            self.code.chains.append(Chain(tuple(parts), line, start, thing, guarded))


def _place(node: ast.Name | ast.alias | ast.ImportFrom) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _stands_at(text: str, start: int, name: str) -> bool:
    # Within an f-string, older versions of Python count from another place.
    after = text[start + len(name) :][:1]
    whole = not after or not f"_{after}".isidentifier()
    return whole and text.startswith(name, start)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    # Every second node of a tree is a mark on another, or a constant.
    return (c for c in ast.iter_child_nodes(node) if not isinstance(c, _NO_NAME_IN))


def _guarded(node: ast.AST, lazy: bool) -> set[int]:
    """What stands in a `try`, or behind a question, or is never evaluated."""
    annotated = ast.FunctionDef | ast.AsyncFunctionDef | ast.AnnAssign
    if lazy and isinstance(node, annotated):
        return {id(annotation) for annotation in _annotations(node)}
    if isinstance(node, ast.Try | ast.TryStar) and node.handlers:
        return {id(statement) for statement in node.body}
    if isinstance(node, ast.If):
        names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        if names & _ASKED:
            return {id(statement) for statement in (*node.body, *node.orelse)}
    return set()


def _arguments(args: ast.arguments) -> list[ast.arg]:
    stars = [star for star in (args.vararg, args.kwarg) if star]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *stars]


def _signature(node: _Function) -> Iterator[ast.expr]:
    """What stands in a signature and is looked up outside of the function."""
    yield from _annotations(node)
    yield from node.args.defaults
    yield from filter(None, node.args.kw_defaults)


def _annotations(node: _Function | ast.AnnAssign) -> list[ast.expr]:
    if isinstance(node, ast.AnnAssign):
        return [node.annotation]
    found = [argument.annotation for argument in _arguments(node.args)]
    found.append(getattr(node, "returns", None))
    return [annotation for annotation in found if annotation]


def _takes_self(node: _Function) -> bool:
    if isinstance(node, ast.Lambda) or not (node.args.posonlyargs or node.args.args):
        return False
    decorators = {".".join(unroll(item)[1]) for item in node.decorator_list}
    return not _WITHOUT_SELF & {node.name, *decorators}
