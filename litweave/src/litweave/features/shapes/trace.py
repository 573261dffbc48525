"""Trace: the program that runs the examples of modules, and tells what lines show.

A request comes in by standard input; the answers go out by standard output, a line of
JSON for each module. It imports next to nothing of litweave, so that the modules that
it runs share nothing with the build that asks.

`sys.settrace` would slow down every call within every library. So the modules tell
themselves what they compute: calls are put into the tree of each while it is imported,
which say that a function begins, what was bound, what is given. Files stay as they are.
"""

import ast
import doctest
import gc
import importlib
import json
import math
import os
import re
import sys
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import chain, cycle
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from litweave.syntax import DEFINITIONS, is_text

# ## What a value is

_USUAL = "float32"
_FEW = 4  # A longer list of tensors is no matter of one line.
# Where PyTorch keeps what is assigned to an attribute of a module.
_KEPT = ("_parameters", "_buffers", "_modules")


class Measure(NamedTuple):
    """The shape of one tensor; a type `is_new` where a call sees it first.

    A size has its letter, or none. While examples run, it has all that it may have,
    each with its axis, and with what tells which tensor of how many axes that is of.
    """

    sizes: Sequence[int]
    letters: Sequence[Any]
    dtype: str
    is_new: bool


Measures = tuple[Measure, ...]
"""What a value is: one tensor, or the few that it holds."""
Target = tuple[int, str]
"""The line of what is bound, and its name; what a function gives has none."""
Call = tuple[list[tuple[Target, Measures]], dict[str, int]]
"""What a call saw that has not ended, and the line where it saw a type first."""


def _tensors(value: Any) -> list[tuple[tuple[int, ...], str]]:
    """Sizes and type of the tensor that a value is, or of the few that it holds."""
    if isinstance(value, tuple | list):
        items = [_tensors(item) for item in value] if len(value) <= _FEW else [[]]
        return [item for few in items for item in few] if all(items) else []
    # `hasattr` would run what an author wrote, and `inspect.getattr_static` is slow.
    places = (getattr(value, "__dict__", ()), *map(vars, type(value).__mro__))
    if any("dtype" in place for place in places):
        with suppress(Exception):  # It has no shape yet, or one not made of numbers.
            dtype = str(value.dtype).removeprefix("torch.")
            return [(tuple(map(int, value.shape)), dtype)]
    return []


def _value(name: str, scope: Mapping[str, Any]) -> Any:
    """The value of a variable or its attribute; no property of it is computed."""
    first, *attributes = name.split(".")
    value = scope.get(first)
    for attribute in attributes:
        inside = getattr(value, "__dict__", {})
        places = (inside, *(inside.get(kept) or {} for kept in _KEPT))
        value = next((p[attribute] for p in places if attribute in p), None)
    return value


def _sizes(value: object) -> tuple[int, ...]:
    """The sizes that a value is, or is made of."""
    items = value if isinstance(value, tuple | list) else (value,)
    are_sizes = all(isinstance(n, int) and not isinstance(n, bool) for n in items)
    return tuple(items) if are_sizes else ()


# ## What a module shows


@dataclass(eq=False)
class Recorder(SourceFileLoader):
    """What the examples show about the module that it loads, while it `is_on`.

    The module has it in its `__spec__`, and uses `call`, `binds` and `gives`.
    `notation` has the variables, each with its symbols; `unreached` the lines of
    forward passes that bind or give something; `made` what the `__init__` of each
    object that lives was called with; `calls` those that last, by their frames; `names`
    all that the module has bound.
    """

    name: str
    path: str
    notation: Sequence[tuple[str, Sequence[str]]]
    is_on: bool = True
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    unreached: set[int] = field(default_factory=set)
    shapes: dict[Target, dict[Measures, None]] = field(default_factory=dict)
    values: dict[str, dict[Any, None]] = field(default_factory=dict)
    made: dict[int, dict[str, int]] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != self.name:
            return None
        return spec_from_file_location(name, self.path, loader=self)

    def get_code(self, _: str) -> CodeType:
        """Compile the module that tells, whatever Python keeps of it."""
        tree = _Teller(self.unreached).visit(ast.parse(self.get_data(self.path)))
        return self.source_to_code(ast.fix_missing_locations(tree), self.path)

    @contextmanager
    def call(self) -> Iterator[None]:
        """A function begins, and lasts as long as this.

        What it shows counts when it returns or yields. A call that raises has refused
        what it was given, and that is no shape to show.
        """
        key = id(sys._getframe(2))
        if self.is_on:
            self.calls[key] = ([], {})
        try:
            yield
            self._count(sys._getframe(2))
        finally:
            self.calls.pop(key, None)

    def binds(self, line: int, *targets: Target) -> None:
        """A statement has bound something."""
        frame = sys._getframe(1)
        self._note(line, ((at, _value(at[1], frame.f_locals)) for at in targets))

    def gives(self, line: int, value: object) -> object:
        """A `return` or a `yield` gives a value."""
        self._note(line, [((line, ""), value)])
        self._count(sys._getframe(1))
        return value

    def _note(self, line: int, found: Iterable[tuple[Target, object]]) -> None:
        frame = sys._getframe(2)
        if id(frame) not in self.calls:
            return
        self.unreached.discard(line)
        seen, types = self.calls[id(frame)]
        for target, value in found:
            if tensors := _tensors(value):
                run, known = list[Measure](), self._known(frame)
                for number, (sizes, dtype) in enumerate(tensors):
                    is_new = types.setdefault(dtype, target[0]) == target[0]
                    # That all begins with the usual type need not be said.
                    is_new &= {dtype, next(iter(types))} != {_USUAL}
                    place = (len(tensors), number, len(sizes))
                    letters = tuple(
                        tuple((one, axis, *place) for one, n in known if n == size)
                        for axis, size in enumerate(sizes)
                    )
                    run.append(Measure(sizes, letters, dtype, is_new))
                seen.append((target, tuple(run)))

    def _count(self, frame: FrameType) -> None:
        """Let what a call saw until now be true, and what it made an object with."""
        if id(frame) not in self.calls:
            return
        scope, (seen, _) = frame.f_locals, self.calls[id(frame)]
        self.learn(scope)
        for target, run in seen:
            self.shapes.setdefault(target, {})[run] = None
        seen.clear()
        if frame.f_code.co_name == "__init__":
            key = id(made := scope.get("self"))
            with suppress(TypeError):  # It does not say when it is gone.
                weakref.finalize(made, self.made.pop, key, None)
                self.made[key] = self.made.get(key, {}) | self._bound(scope)

    def _known(self, frame: FrameType) -> list[tuple[str, int]]:
        """Letters and their sizes, as a frame and those that it was called from know.

        Only frames of the module and of its examples count, the inner before the outer.
        The variables of each come before the attributes of `self`, and those before
        what that was made with. That a size is 1 says nothing.
        """
        found = dict[str, int]()
        for outer, _ in traceback.walk_stack(frame):
            file = outer.f_code.co_filename
            if file == self.path or file.startswith("<doctest "):
                scope = outer.f_locals
                owner = scope.get("self")
                inside = self._bound(getattr(owner, "__dict__", {}))
                made = self.made.get(id(owner), {})
                found = made | inside | self._bound(scope) | found
        return [(letter, size) for letter, size in found.items() if size != 1]

    def _bound(self, scope: Mapping[str, Any]) -> dict[str, int]:
        found: dict[str, int] = {}
        for variable, symbols in self.notation:
            sizes = _sizes(scope.get(variable))
            if len(sizes) in (1, len(symbols)):
                found |= zip(symbols, cycle(sizes))
        return found

    def learn(self, scope: Mapping[str, Any]) -> None:
        """Note the values of the notation's variables, those that JSON has, too."""
        for variable, _ in self.notation:
            value = scope.get(variable)
            if _sizes(value) or (isinstance(value, float) and math.isfinite(value)):
                key = tuple(value) if isinstance(value, list) else value
                self.values.setdefault(variable, {})[key] = None

    def answer(self) -> dict[str, Any]:
        """What there is to say, in the form of JSON."""
        return {
            "name": self.name,
            "problems": self.problems,
            "unreached": sorted(self.unreached),
            # Nobody reads more values of a variable than a dozen.
            "values": {name: [*found][:12] for name, found in self.values.items()},
            "shapes": [(*at, _named(runs)) for at, runs in self.shapes.items()],
        }


def _named(runs: Collection[Measures]) -> list[Measures]:
    """The runs with one letter for a size; of several, the one that fits most runs."""
    axes = (axis for run in runs for tensor in run for axis in tensor.letters)
    fits = Counter(chain.from_iterable(axes))

    def name(letters: Sequence[Any]) -> str | None:
        best = [one for one in letters if fits[one] == max(fits[n] for n in letters)]
        return best[0][0] if len(best) == 1 else None

    named = dict[Measures, None]()
    for run in runs:
        tensors = (one._replace(letters=(*map(name, one.letters),)) for one in run)
        named[tuple(tensors)] = None
    return [*named]


# ## A module that tells what it computes

_SCOPES = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
_ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign
_OPENING = ast.For | ast.AsyncFor | ast.With | ast.AsyncWith


class _Teller(ast.NodeTransformer):
    """Puts calls of its loader into the tree of a module, or of a function in it."""

    def __init__(self, unreached: set[int], is_forward: bool = False) -> None:
        self.unreached, self.is_forward = unreached, is_forward

    def visit(self, node: Any) -> Any:
        if isinstance(node, _SCOPES):
            _Teller(self.unreached, _is_forward(node)).generic_visit(node)
            _open(node)
            return node
        self.generic_visit(node)
        is_step = isinstance(node, _ASSIGNMENTS | ast.Return) and node.value
        if is_step and self.is_forward:
            self.unreached.add(node.lineno)
        if isinstance(node, ast.Return | ast.Yield) and node.value:
            node.value = _call("gives", node.lineno, node.value)
        elif isinstance(node, _OPENING):
            node.body.insert(0, _binds(node))
        elif is_step:
            return [node, _binds(node)]
        return node


def _open(scope: Any) -> None:
    """Put all of a scope into a call, but what has to stand above it."""
    stay = [is_text(n) or getattr(n, "module", "") == "__future__" for n in scope.body]
    first = [*stay, False].index(False)
    inside = ast.iter_child_nodes(getattr(scope, "args", scope))
    given = ((arg.lineno, arg.arg) for arg in inside if isinstance(arg, ast.arg))
    body = [ast.Expr(_call("binds", 0, *given)), *scope.body[first:]]
    scope.body[first:] = [ast.With([ast.withitem(_call("call"))], body)]


def _binds(node: Any) -> ast.stmt:
    """The call behind a statement, with the names and attributes that it binds."""
    parts = getattr(node, "targets", getattr(node, "items", None)) or [node.target]
    inside: list[Any] = [one for part in parts for one in ast.walk(part)]
    stored = (one for one in inside if isinstance(getattr(one, "ctx", 0), ast.Store))
    targets = ((one.lineno, ast.unparse(one)) for one in stored)
    named = (target for target in targets if re.fullmatch(r"[\w.]+", target[1]))
    return ast.Expr(_call("binds", node.lineno, *named))


def _call(method: str, *given: Any) -> ast.Call:
    told = [one if isinstance(one, ast.expr) else ast.Constant(one) for one in given]
    loader = ast.Attribute(ast.Name("__spec__", ast.Load()), "loader", ast.Load())
    return ast.Call(ast.Attribute(loader, method, ast.Load()), told, [])


def _is_forward(scope: Any) -> bool:
    """Whether it is named `forward`, or is for others, and annotated with tensors."""
    name = getattr(scope, "name", "_")
    if name == "forward" or name.startswith("_"):
        return bool(name == "forward")
    head = " ".join(map(ast.unparse, filter(None, (scope.args, scope.returns))))
    return bool(re.search(r"\bTensor\b", head))


# ## Running


def load(recorder: Recorder) -> None:
    """Import a module, from the folder that holds its outermost package."""
    name, path = recorder.name, Path(recorder.path)
    folder = path.parents[name.count(".") + (path.stem == "__init__")]
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(name)
        file = getattr(module, "__file__", None)
        if not (file and path.samefile(file)):
            raise ImportError(f"“{name}” is another file: {module}")
        recorder.names = vars(module)
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [(frame.lineno or 1, frame.filename) for frame in frames]
        if isinstance(error, SyntaxError):
            lines.append((error.lineno or 1, error.filename or ""))
        # The innermost line of the package that it went through.
        package = Path(folder, name.partition(".")[0])
        own = [n for n in lines if Path(n[1]) == path or package in Path(n[1]).parents]
        line, at = own[-1] if own else (1, "")
        message = f"cannot be imported: {type(error).__name__}: {error}"
        recorder.problems.append((line, message, at))


def run(recorder: Recorder, say: Callable[..., None]) -> None:
    """Run the examples of each docstring, in names of its own, until one fails."""
    name, path, reader = recorder.name, recorder.path, doctest.DocTestParser()
    runner = doctest.DebugRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    for above, text in _docstrings(ast.parse(recorder.get_data(path))):
        say(at=(name, above + 1, "its examples"))
        try:
            test = reader.get_doctest(text, {**recorder.names}, name, path, above)
            runner.run(test, clear_globs=False)
            recorder.learn(test.globs)
        except (doctest.DocTestFailure, doctest.UnexpectedException) as failed:
            line = above + failed.example.lineno + 1
            recorder.problems.append((line, _reason(failed), ""))
        except ValueError:
            continue  # Whoever reads the text says that doctest cannot.


def _docstrings(scope: Any) -> Iterator[tuple[int, str]]:
    """The docstrings with examples, and how many lines stand above each."""
    text = ast.get_docstring(scope, clean=False) or ""
    if ">>>" in text:
        yield scope.body[0].lineno - 1, text
    for node in scope.body if isinstance(scope, ast.Module | ast.ClassDef) else ():
        if isinstance(node, DEFINITIONS):
            yield from _docstrings(node)


def _reason(failed: doctest.DocTestFailure | doctest.UnexpectedException) -> str:
    if isinstance(failed, doctest.UnexpectedException):
        kind, error, _ = failed.exc_info
        return f"the example fails: {kind.__name__}: {error}"
    wanted = failed.example.want.strip() or "nothing"
    return f"the example should give {wanted}, and gives {failed.got.strip()}"


def main() -> None:
    """Answer the request on standard input.

    All modules are imported before any example is run, so that what one module does
    while it is imported is seen even if the examples of another import it.
    """
    # Standard output is for the answers: what modules print goes elsewhere.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    # The site may be one of litweave itself: then it is imported from its sources.
    for name in [name for name in sys.modules if name.partition(".")[0] == "litweave"]:
        del sys.modules[name]
    # What is imported is no garbage, and networks are made of many objects that live.
    # To look through all of them as often as usual takes long.
    gc.set_threshold(50_000, 20, 50)
    request = json.load(sys.stdin)
    recorders = [Recorder(*module) for module in request["modules"]]
    if request["watched"]:
        sys.meta_path[:0] = recorders
    for recorder in recorders:
        say(at=(recorder.name, 1, "cannot be imported: it"))
        load(recorder)
        recorder.is_on = False
    gc.freeze()
    for recorder in recorders:
        say(begins=recorder.name)
        recorder.is_on = True
        if recorder.names:
            run(recorder, say)
        recorder.is_on = False
        say(**recorder.answer())


if __name__ == "__main__":
    main()
