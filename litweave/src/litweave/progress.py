r"""# Progress: what a build is doing now

A build has parts that take long: examples, proofs, notebooks. Each says how many steps
it has and which one it is at. On a terminal the parts share one line with a bar, which
is drawn anew at each step; in a log, each step is a line.
"""

import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import TextIO

_log = logging.getLogger("mkdocs.plugins.litweave")
_BAR = 20


@dataclass
class Part:
    """The steps of one part of a build: how many there are, are done, are at work.

    A `quick` part has many short steps, which are no lines in a log.
    """

    progress: "Progress"
    name: str
    total: int
    quick: bool = False
    done: int = 0
    begun: int = 0
    running: dict[str, None] = field(default_factory=dict)

    def __str__(self) -> str:
        """How far it is, and the first of the steps that are at work."""
        return f"{self.name} {self.done}/{self.total} {next(iter(self.running), '')}"

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do one step; one that fails is not counted as done."""
        self.begin(name)
        try:
            yield
        except BaseException:
            self.end(name, done=0)
            raise
        self.end(name)

    def begin(self, name: str) -> None:
        """Say that a step begins."""
        with self.progress.lock:
            self.begun += 1
            self.running[name] = None
            self.progress.tell(
                self, f"{self.name} {self.begun} of {self.total}: {name}"
            )

    def next(self, name: str) -> None:
        """Say that the step before is done, and another begins."""
        self.done = self.begun
        self.running.clear()
        self.begin(name)

    def end(self, name: str, done: int = 1) -> None:
        """Say that a step is done."""
        with self.progress.lock:
            self.done += done
            self.running.pop(name, None)
            self.progress.draw()


@dataclass
class Progress:
    """All parts of a build that are at work, shown on a stream."""

    stream: TextIO
    parts: list[Part] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    @contextmanager
    def part(self, name: str, total: int, quick: bool = False) -> Iterator[Part]:
        """A part of so many steps, shown while it is at work."""
        part = self.open(name, total, quick)
        try:
            yield part
        finally:
            self.close(part)

    def open(self, name: str, total: int, quick: bool = False) -> Part:
        """Begin a part that ends elsewhere."""
        part = Part(self, name, total, quick)
        with self.lock:
            self.parts.append(part)
        return part

    def close(self, part: Part) -> None:
        """End a part."""
        with self.lock:
            if part in self.parts:
                self.parts.remove(part)
            self.draw()

    def tell(self, part: Part, step: str) -> None:
        """Show that a step of a part begins."""
        if self.stream.isatty():
            self.draw()
        elif not part.quick:
            _log.info("%s", step)

    def draw(self) -> None:
        """Draw the line on a terminal anew; nothing if no part is at work."""
        if self.stream.isatty():
            width = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\x1b[K{self.line()[:width]}")
            self.stream.flush()

    def line(self) -> str:
        """All parts in a line, with a bar for the steps of all of them."""
        total = sum(part.total for part in self.parts)
        if not total:
            return ""
        full = _BAR * sum(part.done for part in self.parts) // total
        names = " | ".join(map(str, self.parts))
        return f"[{'#' * full}{'.' * (_BAR - full)}] {names}"

    def clear(self, record: logging.LogRecord) -> bool:
        """Take the line away before a message is written: a filter of a log handler."""
        if self.stream.isatty() and self.parts:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
        return True

    def make_room(self, logger: logging.Logger) -> None:
        """Let each message of a log begin on a line of its own."""
        for handler in logger.handlers:
            handler.addFilter(self.clear)


progress = Progress(sys.stderr)
"""What all parts of a build share."""
