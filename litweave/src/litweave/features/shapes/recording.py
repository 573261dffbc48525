"""Recording: what the calls of a module show, watched by `sys.settrace`.

A size becomes a letter if exactly one letter has it: a variable of the notation whose
value it is. The variables of the function come first, then the attributes of `self` and
what its `__init__` was called with, then those of the callers, and the example's last.
"""

import dis
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from litweave.features.shapes.statements import Source, Statement, Target
from litweave.features.shapes.tensors import (
    USUAL,
    Measures,
    dtypes,
    is_number,
    is_size,
    is_sizes,
    measure,
    tensors,
    value_of,
)

Entry = tuple[tuple[str, ...], tuple[str, ...]]
"""The symbols of an entry of the notation, and its variables."""

_MANY = 12  # Nobody reads more values of a variable than these.
_INNER = {"<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
_YIELD = dis.opmap["YIELD_VALUE"]


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
        """The size of each letter, as a frame and those that it was called from know.

        Only frames of the module and of its examples count, the inner before the outer.
        """
        found: dict[str, int] = {}
        while frame:
            file = frame.f_code.co_filename
            if file == str(self.path) or file.startswith("<doctest "):
                found = self.own_sizes(frame) | found
            frame = frame.f_back
        return found

    def own_sizes(self, frame: FrameType) -> dict[str, int]:
        """The size of each letter that a frame itself knows."""
        scope = frame.f_locals
        owner = scope.get("self")
        made = self.made.get(id(owner), (None, {}))[1]
        return made | self._bind(getattr(owner, "__dict__", {})) | self._bind(scope)

    def _bind(self, scope: Mapping[str, Any]) -> dict[str, int]:
        """The size of each letter whose variable is in a scope."""
        found: dict[str, int] = {}
        for variable, symbols in self.tied:
            value: Any = scope.get(variable)
            if is_size(value):
                found |= dict.fromkeys(symbols, value)
            elif is_sizes(value) and len(value) == len(symbols):
                found |= zip(symbols, value, strict=True)
        return found

    def learn(self, scope: Mapping[str, Any]) -> None:
        """Note the values of the notation's variables."""
        for variable, _ in self.tied:
            value = scope.get(variable)
            known = self.values.get(variable, {})
            if len(known) < _MANY and (is_number(value) or is_sizes(value)):
                key = tuple(value) if isinstance(value, list) else value
                self.values.setdefault(variable, {})[key] = None

    def remember(self, scope: Mapping[str, Any]) -> None:
        """Note what an object is made with, for as long as it lives."""
        made = scope.get("self")
        key = id(made)
        before = self.made.get(key, (None, {}))[1]
        try:
            alive = weakref.ref(made, lambda _: self.made.pop(key, None))
        except TypeError:  # It does not say when it is gone.
            return
        self.made[key] = (alive, before | self._bind(scope))


class Step(NamedTuple):
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
            self._note(target, value_of(target.path, frame.f_locals), frame)

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

    def _note(
        self, target: Target, value: object, frame: FrameType, *read: str
    ) -> None:
        if found := tensors(value):
            if self.around is None:
                self.around = self.recorder.sizes(frame.f_back)
            letters: dict[int, list[str]] = {}
            for symbol, size in (self.around | self.recorder.own_sizes(frame)).items():
                letters.setdefault(size, []).append(symbol)
            measures = (measure(tensor, letters, read or (USUAL,)) for tensor in found)
            self.seen.append((target, tuple(measures)))

    def _next(self, frame: FrameType) -> None:
        """A statement begins, and with it ends the one before."""
        statement = self.recorder.source.statements.get(frame.f_lineno)
        if statement and self.step and statement is self.step.statement:
            return  # It has several lines.
        self._complete(frame)
        reads = statement.reads if statement else ()
        read = (dtype for path in reads for dtype in dtypes(path, frame.f_locals))
        self.step = Step(statement, tuple(read)) if statement else None

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
            value = value_of(target.path, frame.f_locals)
            self._note(target, value, frame, *self.step.read)

    def _end(self, frame: FrameType, result: object) -> None:
        """Note what a call gives, and what its object was made with."""
        step = self.step if self.step and self.step.statement.gives else self.leaving
        if step:
            self._note(Target(step.statement.line, ()), result, frame, *step.read)
        # A generator goes on later, in the midst of this statement.
        if frame.f_code.co_code[frame.f_lasti] != _YIELD:
            self._complete(frame)
            if frame.f_code.co_name == "__init__":
                self.recorder.remember(frame.f_locals)
        self.recorder.learn(frame.f_locals)
        for target, measures in self.seen:
            self.recorder.shapes.setdefault(target, {})[measures] = None
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
        if frame.f_trace:  # A generator that goes on is watched already.
            return frame.f_trace
        call = Call(by_file[frame.f_code.co_filename])
        call.begin(frame)
        return call.watch

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)
