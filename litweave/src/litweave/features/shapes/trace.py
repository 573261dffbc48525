r"""# Trace: what the examples of a module show about its lines

The examples in a docstring make real tensors. This program runs them once, as pytest
does, and watches: beside which line did which shape come to be? Python itself tells, by
`sys.settrace`, before each line and at each end of a call.

It is a program of its own, which [`shapes`][] starts. So the modules that it runs share
nothing with the build that asks, and it imports nothing of litweave. A request comes in
by standard input; the answers go out by standard output, a line of JSON for each
module.

## Letters

A size becomes a letter only where that is certain. The notation of a module ties
letters to variables, and while a line runs, these variables have values:

```text
batch, num_patches = 2, 24            B = 2, S = 24     the example
mixing = TokenMixing(num_patches)               │
mixing(x)                                       │       calls
  forward(self, x)   self.num_patches = 24      ▼       a function of the module
    hidden = …       (2, 10, 20)    ─▶    B × 10 × 20
```

The variables of the function come first, then the attributes of `self` and what its
`__init__` was called with, then those of the callers, and the example's own last. A
size is written as a letter if exactly one letter has it, and a size of one never is: it
may be any axis that was added. Everything else stays a number.

## Types

The type of the numbers is of interest where it changes: where no tensor that the line
reads has it. Where a line reads none, `float32` is expected.
"""

import ast
import dis
import doctest
import gc
import importlib
import inspect
import json
import math
import os
import re
import sys
import traceback
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

Entry = tuple[tuple[str, ...], tuple[str, ...]]
"""The symbols of an entry of the notation, and its variables."""

# ## What the source says
# Before anything runs, the source tells which names each line binds.


@dataclass(frozen=True)
class Target:
    """Something that a statement binds, and the line where it stands.

    What a function gives has no name.
    """

    line: int
    name: str

    @property
    def path(self) -> list[str]:
        """The name of a variable, and of the attributes that lead on from it."""
        return self.name.split(".")


@dataclass(frozen=True)
class Read:
    """A variable or its attribute that an expression reads, and what stands in it."""

    path: tuple[str, ...]
    inner: tuple["Read", ...]


@dataclass(frozen=True)
class Statement:
    """A statement: what it binds, and the expressions that it reads.

    A loop or a `with` binds when it enters its body, the lines of `enters`.
    """

    line: int
    targets: tuple[Target, ...]
    reads: tuple[Read, ...]
    enters: range
    leaves: bool
    """Whether it is a `return`."""

    gives: bool
    """Whether it is a `return` or a `yield`."""


@dataclass(frozen=True)
class Source:
    """A module's statements by line, its arguments by function, its forward passes."""

    statements: Mapping[int, Statement]
    arguments: Mapping[tuple[int, str], tuple[Target, ...]]
    forward: frozenset[int]

    @classmethod
    def read(cls, path: Path) -> "Source":
        """Find them in a file."""
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        functions = [node for node in nodes if isinstance(node, _FUNCTIONS)]
        statements = _by_line(node for node in nodes if isinstance(node, ast.stmt))
        arguments = {(_first(f), f.name): tuple(_arguments(f)) for f in functions}
        lines = {line for f in functions if _is_forward(f) for line in _lines(f)}
        return cls(statements, arguments, frozenset(lines & statements.keys()))


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = _FUNCTIONS | ast.ClassDef | ast.Lambda
_LOOPS = ast.For | ast.AsyncFor
_TENSOR = re.compile(r"\bTensor\b")


def _by_line(nodes: Iterable[ast.stmt]) -> dict[int, Statement]:
    """The statements by each of their lines; one that shares a line is passed over."""
    owners: dict[int, list[ast.stmt]] = {}
    for node in nodes:
        for line in range(node.lineno, _last(node) + 1):
            owners.setdefault(line, []).append(node)
    alone = {line: nodes[0] for line, nodes in owners.items() if len(nodes) == 1}
    made = {node: _statement(node) for node in alone.values()}
    return {line: made[node] for line, node in alone.items()}


def _last(node: ast.stmt) -> int:
    """The last line of a statement; of one with a body, the last before the body."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if body:
        first = body[0].pattern if isinstance(node, ast.Match) else body[0]
        return max(node.lineno, _first(first) - 1)
    return node.end_lineno or node.lineno


def _first(node: Any) -> int:
    """The line on which a node begins, its decorators included."""
    decorators = getattr(node, "decorator_list", ())
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _statement(node: ast.stmt) -> Statement:
    expressions = tuple(_expressions(node))
    reads = tuple(read for found in expressions for read in _reads(found))
    enters = range(0)
    if isinstance(node, _LOOPS | ast.With | ast.AsyncWith):
        enters = range(_first(node.body[0]), (node.body[0].end_lineno or 0) + 1)
    walrus = (name for found in expressions for name in _walrus(found))
    targets = tuple(Target(n.lineno, ast.unparse(n)) for n in (*_bound(node), *walrus))
    yields = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    leaves = isinstance(node, ast.Return)
    return Statement(node.lineno, targets, reads, enters, leaves, leaves or yields)


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """What a statement evaluates, its body aside."""
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        bound = isinstance(getattr(child, "ctx", None), ast.Store)
        if isinstance(child, ast.expr):
            if not bound or isinstance(node, ast.AugAssign):
                yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def _reads(node: ast.AST) -> Iterator[Read]:
    """What an expression reads. To ask a tensor for its shape is not to read it."""
    if isinstance(node, ast.Attribute) and node.attr in _ABOUT:
        return
    inner = [read for child in ast.iter_child_nodes(node) for read in _reads(child)]
    path = _path(node)
    yield from [Read(path, tuple(inner))] if path else inner


def _path(node: ast.AST) -> tuple[str, ...]:
    """The path of a variable or its attribute; none of anything else."""
    if isinstance(node, ast.Name):
        return (node.id,)
    above = _path(node.value) if isinstance(node, ast.Attribute) else ()
    return (*above, node.attr) if above else ()  # type: ignore[attr-defined]


def _bound(node: ast.stmt) -> Iterator[ast.expr]:
    """The names and attributes that a statement binds."""
    match node:
        case ast.Assign(targets=targets):
            yield from _names(targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            yield from _names([target])
        case ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _names([target])
        case ast.With(items=items) | ast.AsyncWith(items=items):
            yield from _names([i.optional_vars for i in items if i.optional_vars])


def _names(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _names(target.elts)
        elif isinstance(target, ast.Starred):
            yield from _names([target.value])
        elif isinstance(target, ast.Name | ast.Attribute):
            yield target


# Where a part of an expression is perhaps not evaluated, or in a scope of its own.
_PERHAPS = (
    *(ast.BoolOp, ast.IfExp, ast.Compare, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _walrus(node: ast.AST) -> Iterator[ast.expr]:
    """The names that an expression binds for certain, by `:=`."""
    if isinstance(node, ast.NamedExpr):
        yield node.target
    if isinstance(node, ast.Compare):
        yield from _walrus(node.left)
    elif not isinstance(node, _PERHAPS):
        for child in ast.iter_child_nodes(node):
            yield from _walrus(child)


def _arguments(function: Any) -> Iterator[Target]:
    given = function.args
    for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        yield Target(arg.lineno, arg.arg)
    for arg in filter(None, (given.vararg, given.kwarg)):
        yield Target(arg.lineno, arg.arg)


def _is_forward(function: Any) -> bool:
    """Whether it is named `forward`, or is for others, and annotated with tensors."""
    given = function.args
    args = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg]
    annotations = [function.returns, *(arg.annotation for arg in args if arg)]
    written = " ".join(ast.unparse(note) for note in annotations if note)
    public = not function.name.startswith("_")
    return function.name == "forward" or (public and bool(_TENSOR.search(written)))


def _lines(node: ast.AST) -> Iterator[int]:
    """The lines in a function on which an assignment or a `return` begins."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _SCOPES):
            continue
        if isinstance(child, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return):
            if child.value:
                yield child.lineno
        else:
            yield from _lines(child)


# ## What a value is


@dataclass(frozen=True)
class Measure:
    """The shape of one tensor; a size has its letter, or none."""

    sizes: tuple[int, ...]
    letters: tuple[str | None, ...]
    dtype: str
    changed: bool


Measures = tuple[Measure, ...]
"""What a value is: one tensor, or the few that it holds."""

_FEW = 4  # A longer list of tensors is no matter of one line,
_MANY = 12  # and nobody reads more values of a variable than these.
_USUAL = "float32"
_ABOUT = {"dtype", "shape", "ndim", "device", "size", "dim"}
# Where PyTorch keeps what is assigned to an attribute of a module.
_KEPT = ("_parameters", "_buffers", "_modules")


def _tensors(value: object) -> list[Any]:
    """The tensor that a value is, or the few that it holds."""
    if isinstance(value, tuple | list) and not hasattr(value, "dtype"):
        items = [_tensors(item) for item in value] if len(value) <= _FEW else [[]]
        return [item for few in items for item in few] if all(items) else []
    return [value] if _is_tensor(value) else []


def _is_tensor(value: Any) -> bool:
    """Whether a value has a shape and a type, whatever else it is."""
    if isinstance(value, type) or not (_has(value, "shape") and _has(value, "dtype")):
        return False
    try:
        return all(int(n) >= 0 for n in value.shape) and bool(_dtype(value))
    except Exception:  # It has no shape yet, or one that is not made of numbers.
        return False


def _has(value: object, name: str) -> bool:
    """Whether a value has an attribute, found without running anything."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    return own.get(name) is not None or _is_of(type(value), name)


# By the identity of a type: to hash one may run what its author wrote.
_known_types: dict[tuple[int, str], tuple[type, bool]] = {}


def _is_of(kind: type, name: str) -> bool:
    """Whether all values of a type have an attribute."""
    key = id(kind), name
    if key not in _known_types:
        has = inspect.getattr_static(kind, name, None) is not None
        _known_types[key] = kind, has
    return _known_types[key][1]


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _value(path: Sequence[str], scope: Mapping[str, Any]) -> object:
    """The value of a variable or its attribute, found without running anything."""
    value = scope.get(path[0])
    for name in path[1:]:
        value = _attribute(value, name)
    return value


def _attribute(value: object, name: str) -> object:
    inside = getattr(value, "__dict__", {})
    if name in inside:
        return inside[name]
    for place in (inside.get(kept) for kept in _KEPT):
        if isinstance(place, Mapping) and name in place:
            return place[name]
    return None


def _dtypes(read: Read, scope: Mapping[str, Any]) -> Iterator[str]:
    """The types of the tensors that are read."""
    tensors = _tensors(_value(read.path, scope))
    yield from map(_dtype, tensors)
    if not tensors:
        for inner in read.inner:
            yield from _dtypes(inner, scope)


# ## What is recorded


@dataclass
class Recorder:
    """What the examples show about one module."""

    path: Path
    notation: tuple[Entry, ...]
    source: Source
    reached: set[int] = field(default_factory=set)
    shapes: dict[Target, dict[Measures, None]] = field(default_factory=dict)
    values: dict[str, dict[Any, None]] = field(default_factory=dict)
    made: dict[int, tuple[Any, dict[str, int]]] = field(default_factory=dict)
    """For each object that lives, what its `__init__` was called with."""

    def __post_init__(self) -> None:
        """Tie each variable to its symbols."""
        self.tied = [
            (name, symbols[n : n + 1] if len(symbols) == len(names) else symbols)
            for symbols, names in self.notation
            for n, name in enumerate(names)
        ]

    def sizes(self, frame: FrameType | None) -> dict[str, int]:
        """The size of each letter: a frame goes before its callers."""
        found: dict[str, int] = {}
        for own in reversed(list(self._callers(frame))):
            found |= self.own_sizes(own)
        return found

    def own_sizes(self, frame: FrameType) -> dict[str, int]:
        """The size of each letter that a frame itself knows."""
        scope = frame.f_locals
        owner = scope.get("self")
        made = self.made.get(id(owner), (None, {}))[1]
        return made | self.bind(getattr(owner, "__dict__", {})) | self.bind(scope)

    def _callers(self, frame: FrameType | None) -> Iterator[FrameType]:
        """A frame and those that it was called from, of the module and its examples."""
        while frame:
            name = frame.f_code.co_filename
            if name == str(self.path) or name.startswith("<doctest "):
                yield frame
            frame = frame.f_back

    def bind(self, scope: Mapping[str, Any]) -> dict[str, int]:
        """The size of each letter whose variable is in a scope."""
        found: dict[str, int] = {}
        for variable, symbols in self.tied:
            if variable in scope:
                found |= _bind(symbols, scope[variable])
        return found

    def learn(self, scope: Mapping[str, Any]) -> None:
        """Note the values of the notation's variables."""
        for _, variables in self.notation:
            for variable in variables:
                value = scope.get(variable)
                known = self.values.get(variable, {})
                if len(known) < _MANY and (_is_number(value) or _is_sizes(value)):
                    known[tuple(value) if isinstance(value, list) else value] = None
                    self.values[variable] = known

    def keep(self, seen: Iterable[tuple[Target, Measures]]) -> None:
        """Note what a call showed."""
        for target, measures in seen:
            self.shapes.setdefault(target, {})[measures] = None

    def remember(self, frame: FrameType) -> None:
        """Note what an object is made with, for as long as it lives."""
        made = frame.f_locals.get("self")
        before = self.made.get(id(made), (None, {}))[1]
        try:
            key = id(made)
            alive = weakref.ref(made, lambda _: self.made.pop(key, None))
        except TypeError:  # It does not say when it is gone.
            return
        self.made[key] = (alive, before | self.bind(frame.f_locals))


def _bind(symbols: tuple[str, ...], value: Any) -> dict[str, int]:
    """A number is the size of each symbol; of several numbers, each has its own."""
    if _is_size(value):
        return dict.fromkeys(symbols, value)
    if _is_sizes(value) and len(value) == len(symbols):
        return dict(zip(symbols, value, strict=True))
    return {}


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_sizes(value: object) -> bool:
    return isinstance(value, tuple | list) and bool(value) and all(map(_is_size, value))


def _is_number(value: object) -> bool:
    return _is_size(value) or (isinstance(value, float) and math.isfinite(value))


def _measure(
    tensor: Any, letters: Mapping[int, list[str]], read: tuple[str, ...]
) -> Measure:
    sizes = tuple(int(size) for size in tensor.shape)
    fitting = [letters.get(size, []) if size != 1 else [] for size in sizes]
    named = tuple(fit[0] if len(fit) == 1 else None for fit in fitting)
    dtype = _dtype(tensor)
    return Measure(sizes, named, dtype, dtype not in read)


# ## Watching
_INNER = {"<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
_YIELD = dis.opmap["YIELD_VALUE"]


@dataclass(frozen=True)
class Step:
    """A statement that runs, and the types of the tensors that it reads."""

    statement: Statement
    read: tuple[str, ...]


@dataclass
class Call:
    """A call of a function, while it runs.

    What it shows counts when it returns or yields. A call that raises has refused what
    it was given, and that is no shape to show.
    """

    recorder: Recorder
    step: Step | None = None
    leaving: Step | None = None
    """The `return` that was run, while a `finally` or the end of a `with` still is."""
    raised: bool = False
    seen: list[tuple[Target, Measures]] = field(default_factory=list)
    around: dict[str, int] | None = None
    """The sizes that the callers know: while they wait, these stay."""

    def begin(self, frame: FrameType) -> None:
        """Note the arguments."""
        key = (frame.f_code.co_firstlineno, frame.f_code.co_name)
        for target in self.recorder.source.arguments.get(key, ()):
            self._note(target, _value(target.path, frame.f_locals), frame)

    def _note(
        self, target: Target, value: object, frame: FrameType, *read: str
    ) -> None:
        tensors = _tensors(value)
        if tensors:
            letters = self._letters(frame)
            types = read or (_USUAL,)
            measures = tuple(_measure(tensor, letters, types) for tensor in tensors)
            self.seen.append((target, measures))

    def _letters(self, frame: FrameType) -> dict[int, list[str]]:
        """The letters that have a size, as a frame and its callers know it."""
        if self.around is None:
            self.around = self.recorder.sizes(frame.f_back)
        letters: dict[int, list[str]] = {}
        for symbol, size in (self.around | self.recorder.own_sizes(frame)).items():
            letters.setdefault(size, []).append(symbol)
        return letters

    def watch(self, frame: FrameType, event: str, result: object) -> Any:
        """What Python calls before each line, and at the end."""
        if event == "line":
            self.raised = False
            self._next(frame)
        elif event == "exception":
            self.raised = True
            self.step = self.leaving = None
        elif event == "return" and not self.raised:
            self._end(frame, result)
        return self.watch

    def _next(self, frame: FrameType) -> None:
        """A statement begins, and with it ends the one before."""
        statement = self.recorder.source.statements.get(frame.f_lineno)
        if statement and self.step and statement is self.step.statement:
            return  # It has several lines.
        self._complete(frame)
        self.step = None
        if statement and (statement.targets or statement.gives):
            scope = frame.f_locals
            types = (
                dtype for read in statement.reads for dtype in _dtypes(read, scope)
            )
            self.step = Step(statement, tuple(types))
        elif statement:
            self.step = Step(statement, ())

    def _complete(self, frame: FrameType) -> None:
        """Note what the statement bound that has just been run."""
        if not self.step:
            return
        done = self.step.statement
        if done.enters and frame.f_lineno not in done.enters:
            return
        self.recorder.reached.add(done.line)
        if done.leaves:
            self.leaving = self.step
        for target in done.targets:
            value = _value(target.path, frame.f_locals)
            self._note(target, value, frame, *self.step.read)

    def _end(self, frame: FrameType, result: object) -> None:
        """Note what a call gives, and what its object was made with."""
        step = self.step if self.step and self.step.statement.gives else self.leaving
        if step:
            target = Target(step.statement.line, "")
            self._note(target, result, frame, *step.read)
        # A generator goes on later, in the midst of this statement.
        if frame.f_code.co_code[frame.f_lasti] != _YIELD:
            self._complete(frame)
            if frame.f_code.co_name == "__init__":
                self.recorder.remember(frame)
        self.recorder.learn(frame.f_locals)
        self.recorder.keep(self.seen)
        self.seen.clear()
        self.around = None  # A generator may go on for another caller.


@contextmanager
def watching(recorders: Iterable[Recorder]) -> Iterator[None]:
    """Watch all calls of functions that stand in the files of these recorders."""
    by_file = {str(recorder.path): recorder for recorder in recorders}

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        # Of millions of calls, most end here.
        if frame.f_code.co_filename not in by_file or frame.f_code.co_name in _INNER:
            return None
        # A generator that goes on is watched already.
        call = Call(by_file[frame.f_code.co_filename])
        return frame.f_trace or _entered(call, frame)

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)


def _entered(call: Call, frame: FrameType) -> Any:
    call.begin(frame)
    return call.watch


# ## Running


@dataclass
class Run:
    """The examples of a module: what they show, and the first that failed."""

    name: str
    recorder: Recorder
    root: str = ""
    diagnostics: list[tuple[int, str, str]] = field(default_factory=list)
    module: ModuleType | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Run":
        """Make ready what a request asks for."""
        path = Path(item["path"])
        notation = tuple((tuple(s), tuple(v)) for s, v in item["notation"])
        recorder = Recorder(path, notation, Source.read(path))
        root = path.parents[item["name"].count(".") + (path.stem == "__init__")]
        return cls(item["name"], recorder, str(root))

    def load(self) -> None:
        """Import the module, from the folder that holds its outermost package."""
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
        try:
            module = importlib.import_module(self.name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            line, file = self._place(error)
            self._fail(line, f"cannot be imported: {_said(error)}", file)
        else:
            self._check(module)

    def _check(self, module: ModuleType) -> None:
        file = Path(getattr(module, "__file__", None) or "?")
        if file.exists() and file.samefile(self.recorder.path):
            self.module, self.recorder.path = module, file
        else:
            self._fail(1, f"“{self.name}” imports another file: {module}")

    def examples(self) -> None:
        """Run the examples of all docstrings, each in names of its own."""
        if not self.module:
            return
        finder = doctest.DocTestFinder(parser=_Parser(self))
        tests = finder.find(self.module, self.name)
        runner = _Runner(self._fail)
        for test in tests:
            runner.run(test, out=lambda text: None, clear_globs=False)
            if test.examples:
                self.recorder.learn(test.globs)

    def _fail(self, line: int, message: str, file: str = "") -> None:
        self.diagnostics.append((line, message, file))

    def _place(self, error: BaseException) -> tuple[int, str]:
        """The innermost line of the module that an exception went through.

        If it went through none, that of the package around it, with its file.
        """
        frames = traceback.extract_tb(error.__traceback__)
        lines = [(frame.lineno or 1, frame.filename) for frame in frames]
        if isinstance(error, SyntaxError):
            lines.append((error.lineno or 1, error.filename or ""))
        own = [line for line, file in lines if file == str(self.recorder.path)]
        package = Path(self.root, self.name.partition(".")[0])
        around = [place for place in lines if Path(place[1]).is_relative_to(package)]
        return (own[-1], "") if own else [(1, ""), *around][-1]

    def answer(self) -> dict[str, Any]:
        """What there is to say, in the form of JSON."""
        recorder = self.recorder
        ran = self.module and not self.diagnostics
        unreached = recorder.source.forward - recorder.reached if ran else ()
        return {
            "name": self.name,
            "problems": self.diagnostics,
            "unreached": sorted(unreached),
            "values": {name: list(found) for name, found in recorder.values.items()},
            "shapes": [
                [target.line, target.name, [[astuple(m) for m in ms] for ms in found]]
                for target, found in recorder.shapes.items()
            ],
        }


class _Parser(doctest.DocTestParser):
    """Passes over a text that doctest refuses, and says so."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def get_doctest(
        self, string: str, globs: Any, name: str, filename: Any, lineno: int | None
    ) -> doctest.DocTest:
        if name == self.run.name:
            lineno = _opening(self.run.recorder.path)  # doctest says 0 in any case
        try:
            return super().get_doctest(string, globs, name, filename, lineno)
        except ValueError as error:
            line, reason = refusal(error)
            self.run._fail((lineno or 0) + line, reason)
            return doctest.DocTest([], globs, name, filename, lineno, string)


def _opening(path: Path) -> int:
    """How many lines stand above the docstring of a module."""
    return next((node.lineno - 1 for node in ast.parse(path.read_bytes()).body), 0)


# What doctest says; of what it quotes, only an option: a line is told by its number.
_REFUSAL = re.compile(
    r"line (\d+) of the \w+ for \S+ (.+?)(?:: (?!'[+-]).*)?", re.DOTALL
)


def refusal(error: ValueError) -> tuple[int, str]:
    """The line of a text, from 1, that doctest cannot read, and the reason."""
    match = _REFUSAL.fullmatch(str(error))
    line, problem = (int(match[1]), match[2]) if match else (1, str(error))
    line += "directive" in problem  # which doctest counts from 0
    return line, f"doctest cannot read the example here, which {problem}"


# Those of pytest: `...` stands for anything, and a failure ends the text it is in.
_OPTIONS = doctest.ELLIPSIS | doctest.FAIL_FAST


class _Runner(doctest.DocTestRunner):
    """Runs examples as pytest does, and hands on the first of each text that fails."""

    def __init__(self, fail: Callable[[int, str], None]) -> None:
        super().__init__(verbose=False, optionflags=_OPTIONS)
        self.fail = fail

    def report_failure(
        self, out: object, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        wanted = example.want.strip() or "nothing"
        message = f"the example should give {wanted}, and gives {got.strip()}"
        self.fail(_place(test, example), message)

    def report_unexpected_exception(
        self,
        out: object,
        test: doctest.DocTest,
        example: doctest.Example,
        exc_info: Any,
    ) -> None:
        self.fail(_place(test, example), f"the example fails: {_said(exc_info[1])}")


def _place(test: doctest.DocTest, example: doctest.Example) -> int:
    return (test.lineno or 0) + example.lineno + 1


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


# ## The program


def main() -> None:
    """Answer the request on standard input.

    Several programs may share it: each takes a module by a file in the folder that is
    its argument. All modules are imported before any example is run, so that what one
    module does while it is imported is seen even if the examples of another import it.
    """
    say = _take_output()
    # What is imported is no garbage, and networks are made of many objects that live.
    # To look through all of them as often as usual takes long.
    gc.set_threshold(50_000, 20, 50)
    runs = [Run.of(item) for item in json.load(sys.stdin)]
    with watching([run.recorder for run in runs]):
        for run in runs:
            say({"imports": run.name})
            run.load()
    say({"imports": ""})  # that is over
    gc.freeze()
    for number, run in enumerate(runs):
        if not _claim(Path(sys.argv[1], str(number))):
            continue
        say({"begins": run.name})
        with watching([run.recorder]):
            run.examples()
        say(run.answer())


def _claim(mark: Path) -> bool:
    """Take a module, by a file, unless another program has it already."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _take_output() -> Callable[[object], None]:
    """Keep standard output for the answers: what modules print goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    return say


if __name__ == "__main__":
    main()
