"""Recording: what the calls of a module show, as it tells itself (see `instrument`).

A size becomes a letter if exactly one letter has it: a variable of the notation whose
value it is. The variables of the function come first, then the attributes of `self` and
what its `__init__` was called with, then those of the callers, and the example's last.
"""

import sys
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from litweave.features.shapes.statements import Source, Target
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


@dataclass
class Call:
    """A call of a function, while it runs.

    What it shows counts when it returns or yields. A call that raises has refused what
    it was given, and that is no shape to show.
    """

    recorder: Recorder
    read: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """By the line of each statement that runs, the types of the tensors it reads."""
    seen: list[tuple[Target, Measures]] = field(default_factory=list)
    around: dict[str, int] | None = None
    """The sizes that the callers know: while they wait, these stay."""
    has_ended: bool = False

    def begins(self, frame: FrameType, line: int, _: object) -> None:
        """Note the arguments."""
        for target in self.recorder.source.arguments.get(line, ()):
            self._note(target, frame)

    def before(self, frame: FrameType, line: int, _: object) -> None:
        """Note what a statement reads, before it is bound to something else."""
        paths = self.recorder.source.statements[line].reads
        types = (found for path in paths for found in dtypes(path, frame.f_locals))
        self.read[line] = tuple(types)

    def after(self, frame: FrameType, line: int, _: object) -> None:
        """Note what a statement has bound."""
        self.recorder.reached.add(line)
        for target in self.recorder.source.statements[line].targets:
            self._note(target, frame, *self.read[line])
        if self.has_ended:
            self._count()  # A `finally` runs when the value is known.

    def yields(self, frame: FrameType, line: int, value: object) -> None:
        """Note what a `yield` gives, or a `return`."""
        statement = self.recorder.source.statements.get(line)
        if statement and statement.gives:
            self.recorder.reached.add(line)
            self.before(frame, line, None)
            self._measure(Target(line, ()), value, frame, self.read[line])
        self.recorder.learn(frame.f_locals)
        self._count()
        self.around = None  # A generator may go on for another caller.

    def returns(self, frame: FrameType, line: int, value: object) -> None:
        """Note what a `return` gives, and that it is the end."""
        self.yields(frame, line, value)
        self.ends(frame, line, None)

    def ends(self, frame: FrameType, line: int, _: object) -> None:
        """Note what the variables were in the end, and what an object was made with."""
        self.recorder.learn(frame.f_locals)
        if frame.f_code.co_name == "__init__":
            self.recorder.remember(frame.f_locals)
        self._count()
        self.has_ended = True

    def _note(self, target: Target, frame: FrameType, *read: str) -> None:
        self._measure(target, value_of(target.path, frame.f_locals), frame, read)

    def _measure(
        self, target: Target, value: object, frame: FrameType, read: tuple[str, ...]
    ) -> None:
        if found := tensors(value):
            if self.around is None:
                self.around = self.recorder.sizes(frame.f_back)
            letters: dict[int, list[str]] = {}
            for symbol, size in (self.around | self.recorder.own_sizes(frame)).items():
                letters.setdefault(size, []).append(symbol)
            measures = (measure(tensor, letters, read or (USUAL,)) for tensor in found)
            self.seen.append((target, tuple(measures)))

    def _count(self) -> None:
        for target, measures in self.seen:
            self.recorder.shapes.setdefault(target, {})[measures] = None
        self.seen.clear()


class Watch:
    """Finds the call that an instrumented module is in, when it tells something."""

    def __init__(self) -> None:
        self.recorders: Mapping[str, Recorder] = {}
        self.calls: dict[int, Call] = {}

    @contextmanager
    def over(self, recorders: Mapping[str, Recorder]) -> Iterator[None]:
        """Watch the modules of these names."""
        self.recorders = recorders
        try:
            yield
        finally:
            self.recorders = {}
            self.calls.clear()

    def tell(self, event: str, name: str, line: int, value: object = None) -> object:
        """Tell what happens on a line of a module, and give the value that it gives.

        An event is a method of the call. If nobody watches, that is told at once.
        """
        if recorder := self.recorders.get(name):
            frame = sys._getframe(1)
            if event == "begins":
                # One that has raised an exception may have left its place to another.
                self.calls[id(frame)] = Call(recorder)
            if call := self.calls.get(id(frame)):
                getattr(call, event)(frame, line, value)
        return value
