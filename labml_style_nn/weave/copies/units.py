r"""# Units: what a module is made of

The statements of a module, each with the names that it *binds* there and the names of
the module that it *uses*, now or when its functions are called. With them one can tell
what a definition needs, without running anything.

A name within a function is a use only if no scope around it binds the name: not the
arguments, not an assignment, not the variable of a comprehension.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from labml_style_nn.weave.copies.spacing import is_text, start
from labml_style_nn.weave.syntax import syntax_tree

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
IMPORTS = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Use:
    """A name that is looked up in the module, and the attributes behind it.

    `nodes` are the name and the attributes, from the inside out; there are none for a
    name in an annotation within quotes. `hidden` are the names that mean something else
    where it stands. `called` tells that it is called while the module is imported.
    """

    parts: tuple[str, ...]
    line: int
    nodes: tuple[ast.expr, ...]
    hidden: frozenset[str]
    called: bool


@dataclass
class Unit:
    """Statements that share their lines, mostly one: `first` to `last`."""

    first: int
    last: int
    nodes: list[ast.stmt]
    binds: set[str] = field(default_factory=set)
    rebinds: set[str] = field(default_factory=set)
    """The names of the module that its functions bind, by `global`."""

    uses: list[Use] = field(default_factory=list)
    strings: dict[str, int] = field(default_factory=dict)
    """The strings in it, each with a line it is on."""

    inner_imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    """The imports that do not stand in the module itself."""

    @property
    def is_import(self) -> bool:
        """Whether it does nothing but import."""
        return all(isinstance(node, IMPORTS) for node in self.nodes)

    @property
    def is_definition(self) -> bool:
        """Whether it does nothing but give names a meaning."""
        kinds = (*_DEFINITIONS.__args__, ast.Assign, ast.AnnAssign)
        plain = all(isinstance(n, kinds) or is_text(n) for n in self.nodes)
        return plain and not any(_stores_elsewhere(node) for node in self.nodes)


def units(tree: ast.Module) -> list[Unit]:
    """The statements of a module, without its docstring."""
    found: list[Unit] = []
    for node in tree.body[bool(tree.body and is_text(tree.body[0])) :]:
        first, last = start(node), node.end_lineno or node.lineno
        if found and first <= found[-1].last:
            found[-1].last = last
            found[-1].nodes.append(node)
        else:
            found.append(Unit(first, last, [node]))
    for unit in found:
        unit.binds = bound(unit.nodes)
        reader = _Reader(unit)
        for node in unit.nodes:
            reader.visit(node)
    return found


def _stores_elsewhere(node: ast.stmt) -> bool:
    """Whether an assignment changes a thing, rather than binding a name."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(
            isinstance(part, ast.Attribute | ast.Subscript)
            for target in targets
            for part in ast.walk(target)
        )
    return False


# ## What a scope binds


def bound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope."""
    names: set[str] = set()
    elsewhere: set[str] = set()
    for node in _own(nodes):
        names.update(_names(node))
        if isinstance(node, ast.Global):
            elsewhere.update(node.names)
    return names - elsewhere


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a scope, without what is inside of its inner scopes."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, _COMPREHENSIONS):
            # Only `:=` binds outside of the comprehension that it stands in.
            inner = (n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            stack.extend(item.target for item in inner)
            continue
        yield node
        if not isinstance(node, (*_DEFINITIONS.__args__, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            yield name
        case ast.AsyncFunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]


# ## What it uses


@dataclass(frozen=True)
class _Scope:
    is_class: bool
    names: frozenset[str]


class _Reader(ast.NodeVisitor):
    """Walks through a unit and notes what it uses."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.scopes: list[_Scope] = []
        self.called: set[int] = set()

    @contextmanager
    def scope(self, names: Iterable[str], is_class: bool = False) -> Iterator[None]:
        """What is walked through meanwhile stands in a scope of its own."""
        self.scopes.append(_Scope(is_class, frozenset(names)))
        yield
        self.scopes.pop()

    def all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node:
                self.visit(node)

    # ### Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.function(node)

    def function(self, node: _Function) -> None:
        args = [a for a in ast.walk(node.args) if isinstance(a, ast.arg)]
        self.all([*node.args.defaults, *node.args.kw_defaults])
        parameters = _type_parameters(node)
        if not isinstance(node, ast.Lambda):
            self.decorators(node.decorator_list)
            hints = [*(a.annotation for a in args), node.returns]
            with self.scope(parameters):
                self.hints(hints)
        body = node.body if isinstance(node.body, list) else [node.body]
        names = {arg.arg for arg in args} | bound(body) | parameters
        with self.scope(names):
            self.all(body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.decorators(node.decorator_list)
        with self.scope(_type_parameters(node)):
            self.all([*node.bases, *node.keywords])
            with self.scope(bound(node.body), is_class=True):
                self.all(node.body)

    def decorators(self, nodes: Sequence[ast.expr]) -> None:
        self.called |= {id(node) for node in nodes}
        self.all(nodes)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self.comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self.comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.comprehension(node, [node.key, node.value])

    def comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        elements: list[ast.expr],
    ) -> None:
        first, *others = node.generators
        self.visit(first.iter)  # looked up outside
        names = bound(item.target for item in node.generators)
        with self.scope(names):
            self.all([first.target, *first.ifs, *others, *elements])

    # ### Names

    def visit_Name(self, node: ast.Name) -> None:
        self.use([node])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain: list[ast.expr] = [node]
        while isinstance(chain[-1], ast.Attribute):
            chain.append(chain[-1].value)
        if isinstance(chain[-1], ast.Name):
            self.use(chain[::-1])
        else:
            self.visit(chain[-1])

    def use(self, chain: list[ast.expr]) -> None:
        """Note a use, unless the name belongs to a scope around it."""
        first = chain[0]
        assert isinstance(first, ast.Name)
        inner = self.scopes[-1:]
        functions = [scope for scope in self.scopes if not scope.is_class]
        if any(first.id in scope.names for scope in functions):
            return
        in_class = any(s.is_class and first.id in s.names for s in inner)
        if in_class and not isinstance(first.ctx, ast.Load):
            return
        hidden = {name for scope in (*functions, *inner) for name in scope.names}
        attributes = [n.attr for n in chain if isinstance(n, ast.Attribute)]
        called = not functions and any(id(node) in self.called for node in chain)
        parts = (first.id, *attributes)
        found = Use(parts, first.lineno, tuple(chain), frozenset(hidden), called)
        self.unit.uses.append(found)

    def visit_Call(self, node: ast.Call) -> None:
        self.called.add(id(node.func))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.unit.strings.setdefault(node.value, node.lineno)

    def visit_Global(self, node: ast.Global) -> None:
        self.unit.rebinds.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        if node not in self.unit.nodes:
            self.unit.inner_imports.append(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node not in self.unit.nodes:
            self.unit.inner_imports.append(node)

    # ### Annotations, which may stand in quotes

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        self.hints([node.annotation])
        self.all([node.value])

    def hints(self, nodes: Iterable[ast.expr | None]) -> None:
        for node in filter(None, nodes):
            self.visit(node)
            for item in ast.walk(node):
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    self.quoted(item)

    def quoted(self, node: ast.Constant) -> None:
        try:
            inside = syntax_tree("(" + str(node.value) + ")")
        except (SyntaxError, ValueError):
            return  # Not a type, as in `Literal["a b"]`.
        for item in ast.walk(inside):
            if isinstance(item, ast.Name):
                use = Use((item.id,), node.lineno, (), frozenset(), False)
                self.unit.uses.append(use)


def _type_parameters(node: ast.AST) -> set[str]:
    """The `T` of `def first[T](…)`, from Python 3.12 on."""
    return {parameter.name for parameter in getattr(node, "type_params", ())}
