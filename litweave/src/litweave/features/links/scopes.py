r"""Scopes: what the names in one source mean, by reading alone.

`nn.functional.gelu` is a *chain*: a name, and attributes after it. What it means
follows from what its first name is bound to: an import, a class or a function, the
`self` of a method. In which scope a name is bound is known to Python's own `symtable`;
what it is bound to, and where it stands, is read from the tree.

A name that a scope binds in two ways, or in a way that reading cannot tell (an
argument, a variable, a loop), means nothing here: a wrong link is worse than none.
"""

import ast
import symtable
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from litweave.imports import absolute
from litweave.syntax import syntax_tree

Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Opening: TypeAlias = Definition | ast.Lambda | _Comprehension
# How `symtable` calls what has no name.
_TITLES = {
    **{ast.Lambda: "lambda", ast.GeneratorExp: "genexpr", ast.ListComp: "listcomp"},
    **{ast.SetComp: "setcomp", ast.DictComp: "dictcomp"},
}
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


@dataclass(eq=False)
class Scope:
    """A module, class, function or comprehension, and what it binds names to.

    `name` is that of the class or function around, and `targets` are the variables of a
    comprehension. A name is bound to `None` where reading cannot tell to what.
    """

    name: str
    table: symtable.SymbolTable
    parent: "Scope | None" = None
    targets: Set[str] | None = None
    bindings: dict[str, list[Thing | None]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        self.inner = defaultdict[object, list[symtable.SymbolTable]](list)
        for table in self.table.get_children():
            self.inner[table.get_name(), table.get_lineno()].append(table)
        self.is_class = self.targets is None and self.table.get_type() == "class"

    def within(self, node: _Opening, name: str) -> "Scope":
        """The scope that a node opens."""
        title = _TITLES.get(type(node)) or getattr(node, "name", "")
        tables, targets = self.inner[title, node.lineno], _targets(node)
        if tables:
            return Scope(name, tables.pop(0), self, targets)
        # Of most comprehensions Python 3.12 makes none, and puts what is in it here.
        scope = Scope(name, self.table, self, targets)
        scope.inner = self.inner
        return scope

    def owner(self, name: str) -> "Scope":
        """The scope in which a name of this one is bound."""
        scope = self
        while scope.parent and (kind := scope.kind(name)) != "local":
            scope = scope.parent
            # What a class binds is not seen by the functions within it.
            while scope.parent and (kind == "global" or scope.is_class):
                scope = scope.parent
        return scope

    def kind(self, name: str) -> str:
        """Whether a name is `local` here or `global`, as far as this scope knows."""
        if self.targets is not None:
            return "local" if name in self.targets else ""
        try:
            symbol = self.table.lookup(name)
        except KeyError:
            # Annotations may have tables of their own. And in a class, a private name
            # is there under another.
            return "local" if name.startswith("__") else ""
        return "local" if symbol.is_local() else "global" * symbol.is_global()

    def bind(self, name: str, thing: Thing | None) -> None:
        """Note that a name is given a meaning here."""
        self.owner(name).bindings[name].append(thing)

    def own(self, name: str) -> Thing | None:
        """What the scope itself binds a name to, if that is one thing only."""
        things = set(self.bindings[name]) if name in self.bindings else set()
        return things.pop() if len(things) == 1 else None

    def find(self, name: str) -> Thing | None:
        """What a name means in this scope."""
        return self.owner(name).own(name)

    def doubt(self) -> None:
        """Note that what is bound so far may be bound anew."""
        for things in self.bindings.values():
            things.append(None)


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
    `inner` has the scopes of comprehensions.
    """

    name: str
    scope: Scope
    classes: dict[str, Class] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    inner: dict[ast.expr, Scope] = field(default_factory=dict)


# A preview reads again what was changed, and nothing else.
@lru_cache(maxsize=2048)
def read_scopes(
    lines: tuple[str, ...],
    name: str,
    is_package: bool = False,
    beside: tuple[tuple[str, str], ...] = (),
) -> Code:
    """Read what the names of a module mean.

    `name` is the dotted name of the module, and `beside` gives the names of those that
    it can import by shorter ones.
    """
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


@dataclass
class _Inside:
    """What of a node in a scope is read in one of its own, which has a name."""

    node: _Opening
    scope: Scope
    name: str


# What is still to be read, the scope it stands in, and whether it is guarded.
_Node: TypeAlias = ast.AST | _Inside
_Item: TypeAlias = tuple[_Node, Scope, bool]
_Found: TypeAlias = Iterator[tuple[_Node, Scope]]


@dataclass
class _Reader:
    lines: Sequence[str]
    name: str
    is_package: bool
    beside: Mapping[str, str]

    def read(self) -> Code:
        source = "".join(self.lines)
        self.used: list[tuple[ast.Name, list[str], Scope, bool]] = []
        self.stored: list[tuple[ast.Attribute, ast.Name, Scope]] = []
        self.values: dict[int, ast.expr] = {}
        self.lazy = False  # whether annotations are left to type checkers
        # A stack of our own: a chain of a thousand `elif`s is nested a thousand deep.
        stack: list[_Item] = []
        try:
            top = Scope(self.name, symtable.symtable(source, "", "exec"))
            stack.append((syntax_tree(source), top, False))
        except (SyntaxError, RecursionError):
            # A tree, but no program: `nonlocal` in no function. It means nothing.
            top = Scope(self.name, symtable.symtable("", "", "exec"))
        self.code = Code(self.name, top)
        while stack:
            stack += reversed(list(self.enter(*stack.pop())))
        # Only now is it known what each scope binds: a name may be used above.
        self.settle()
        return self.code

    def enter(self, node: _Node, scope: Scope, guarded: bool) -> Iterator[_Item]:
        """Note what a node binds and uses; what is to be read next, and where."""
        found: _Found
        if isinstance(node, _Inside):
            found, guards = self.inside(node, scope), set[int]()
        else:
            guards = _guarded(node, self.lazy)
            if isinstance(node, _Opening):
                found = self.outside(node, scope)
            elif isinstance(node, ast.Attribute):
                found = self.attribute(node, scope, guarded)
            else:
                self.note(node, scope, guarded)
                found = ((child, scope) for child in _children(node))
        for child, around in found:
            yield child, around, guarded or id(child) in guards

    # ## What opens a scope

    def outside(self, node: _Opening, scope: Scope) -> _Found:
        """What is looked up outside of the scope that a node opens; then the rest.

        In this order Python makes its tables, too.
        """
        around, name = scope, scope.name
        if isinstance(node, Definition):
            name = f"{scope.name}.{node.name}"
            scope.bind(node.name, Thing(name))
            self.code.definitions.setdefault(name, node)
            yield from ((child, scope) for child in node.decorator_list)
            if parameters := getattr(node, "type_params", ()):
                # `def first[T](…)`, from Python 3.12 on: a scope between the two.
                around = scope.within(node, scope.name)
                for parameter in parameters:
                    around.bind(parameter.name, None)
        yield from ((child, around) for child in _evaluated_before(node))
        yield _Inside(node, scope, name), around

    def inside(self, opened: _Inside, around: Scope) -> _Found:
        node, inner = opened.node, around.within(opened.node, opened.name)
        children: Sequence[ast.AST]
        if isinstance(node, ast.ClassDef):
            # A class that is defined twice, under `if` and `else`, is read as one.
            found = self.code.classes.setdefault(opened.name, Class(inner))
            inner.bindings = found.scope.bindings
            found.bases += [(base, around) for base in node.bases]
            children = node.body
        elif isinstance(node, _Function):
            self.arguments(node, opened.scope, inner)
            children = node.body if isinstance(node.body, list) else [node.body]
        else:
            self.code.inner[node] = inner
            first, *others = node.generators
            made = (child for child in _children(node) if child not in node.generators)
            children = [first.target, *first.ifs, *others, *made]
        yield from ((child, inner) for child in children)

    def arguments(self, node: _Function, scope: Scope, inner: Scope) -> None:
        takes_self = scope.is_class and _takes_self(node)
        for number, argument in enumerate(_arguments(node.args)):
            is_self = takes_self and number == 0
            inner.bind(argument.arg, Thing(scope.name, "instance") if is_self else None)

    # ## What binds a name

    def note(self, node: ast.AST, scope: Scope, guarded: bool) -> None:
        match node:
            case ast.Name(ctx=ast.Load()):
                self.used.append((node, [node.id], scope, guarded))
            case (
                ast.Name(id=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                scope.bind(name, None)
            case ast.Assign(value=value):
                self.values |= {id(target): value for target in node.targets}
            case ast.AnnAssign(value=ast.expr() as value):
                self.values[id(node.target)] = value
            case ast.Import():
                self.import_modules(node, scope, guarded)
            case ast.ImportFrom():
                self.import_names(node, scope, guarded)

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
        module = absolute(node, self.name, self.is_package)
        if not node.level:
            first, dot, rest = module.partition(".")
            module = f"{self.beside.get(first, first)}{dot}{rest}"
        names = {alias.name for alias in node.names}
        self.lazy |= module == "__future__" and "annotations" in names
        if node.module and module:
            self.import_from(node, module.removesuffix(node.module), guarded)
        for alias in node.names:
            thing = Thing(f"{module}.{alias.name}", "import") if module else None
            if alias.name == "*":
                scope.doubt()
            else:
                scope.bind(alias.asname or alias.name, thing)
            if thing:
                self.code.imports.append(thing.name)
                if alias.name != "*":
                    self.chain([alias.name], thing, _place(alias), guarded)

    def import_from(self, node: ast.ImportFrom, package: str, guarded: bool) -> None:
        """Note the name of the module, as far as it is written."""
        parts = str(node.module).split(".")
        line, offset = _place(node)
        place = line, offset + len("from ") + node.level
        self.chain(parts, Thing(package + parts[0], "module"), place, guarded)

    # ## What uses a name

    def attribute(self, node: ast.Attribute, scope: Scope, guarded: bool) -> _Found:
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


def _targets(node: _Opening) -> set[str] | None:
    """The variables of a comprehension."""
    if not isinstance(node, _Comprehension):
        return None
    parts = (part for item in node.generators for part in ast.walk(item.target))
    return {part.id for part in parts if isinstance(part, ast.Name)}


def _evaluated_before(node: _Opening) -> Iterator[ast.AST]:
    """What is looked up outside, decorators aside."""
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.keywords)
    elif isinstance(node, _Function):
        yield from _annotations(node)
        yield from node.args.defaults
        yield from filter(None, node.args.kw_defaults)
    else:
        yield node.generators[0].iter


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
