"""Mistakes, each with its file and line; a build lists all of them at its end."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file; its text is what editors and terminals make a link of."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def below(self, text: str, end: int) -> "Place":
        """The place of what stands in a text from here, behind so much of it."""
        return Place(self.path, self.line + text.count("\n", 0, end))


class PlacedError(ValueError):
    """What cannot be read or made: where, and why."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place, self.reason = place, reason


class Diagnostic(NamedTuple):
    """One mistake, and what it is a mistake in: a “formula”, a “name”."""

    place: Place
    message: str
    kind: str

    def __str__(self) -> str:
        return f"{self.place}: {' '.join(self.message.split())}"


@dataclass
class Diagnostics:
    """What is wrong, and where; one line each, in the order of the files."""

    found: set[Diagnostic] = field(default_factory=set)

    def add(self, place: Place, message: str, kind: str = "page") -> None:
        """Note one mistake; the same one twice counts once."""
        self.found.add(Diagnostic(place, message, kind))

    def __str__(self) -> str:
        return "\n".join(map(str, sorted(self.found)))
