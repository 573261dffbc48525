"""Progress: what a build is doing now, in a line with a bar, or a line a step."""

import logging
import shutil
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import RLock
from typing import TextIO

_log = logging.getLogger("mkdocs.plugins.litweave")
_BAR = 20


@dataclass
class Part(AbstractContextManager["Part"]):
    """The steps of one part of a build: how many there are, are done, are at work.

    A `quick` part has many short steps, which are no lines in a log.
    """

    progress: "Progress"
    name: str
    total: int
    quick: bool = False
    done: int = 0
    begun: int = 0
    running: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name} {self.done}/{self.total} {''.join(self.running[:1])}"

    def begin(self, name: str) -> None:
        """Say that a step begins."""
        with self.progress.lock:
            self.begun += 1
            self.running.append(name)
            self.progress.draw()
            if not (self.quick or self.progress.stream.isatty()):
                _log.info("%s %d of %d: %s", self.name, self.begun, self.total, name)

    def next(self, name: str) -> None:
        """Say that the step before is done, and another begins."""
        self.done = self.begun
        self.running.clear()
        self.begin(name)

    def end(self, name: str) -> None:
        """Say that a step is done, or has failed."""
        with self.progress.lock:
            self.done += 1
            if name in self.running:
                self.running.remove(name)
            self.progress.draw()

    def close(self, *_: object) -> None:
        """Show the part no longer."""
        with self.progress.lock:
            self.progress.parts.pop(self.name, None)
            self.progress.draw()

    __exit__ = close


@dataclass
class Progress:
    """All parts of a build that are at work, shown on a stream."""

    stream: TextIO
    parts: dict[str, Part] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    def part(self, name: str, total: int, quick: bool = False) -> Part:
        """A part of so many steps, shown until it is closed."""
        with self.lock:  # Another of this name was left by what failed.
            self.parts[name] = Part(self, name, total, quick)
            return self.parts[name]

    def draw(self) -> None:
        """Draw all parts in a line of a terminal, with one bar for all their steps."""
        text, parts = "", self.parts.values()
        if total := sum(part.total for part in parts):
            full = _BAR * sum(part.done for part in parts) // total
            text = f"[{'#' * full:.<{_BAR}}] {' | '.join(map(str, parts))}"
        self._write(text[: shutil.get_terminal_size().columns - 1])

    def make_room(self, logger: logging.Logger) -> None:
        """Let each message of a log begin on a line of its own."""
        for handler in logger.handlers:
            handler.addFilter(self._clear)  # once, however often it is told to

    def _clear(self, record: logging.LogRecord) -> bool:
        if self.parts:
            self._write("")
        return True

    def _write(self, text: str) -> None:
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{text}")
            self.stream.flush()


progress = Progress(sys.stderr)
"""What all parts of a build share."""
