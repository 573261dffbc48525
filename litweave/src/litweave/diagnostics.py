"""Mistakes, each with its file and line; a build lists all of them at its end."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file."""

    path: str
    line: int

    def __str__(self) -> str:
        """The form that editors and terminals make a link of."""
        return f"{self.path}:{self.line}"

    def below(self, text: str, end: int) -> "Place":
        """The place of what stands in a text from here, behind so much of it."""
        return Place(self.path, self.line + text.count("\n", 0, end))


class Diagnostic(NamedTuple):
    """One mistake, and what it is a mistake in: a “formula”, a “name”."""

    place: Place
    message: str
    kind: str

    def __str__(self) -> str:
        """One line, whatever is in the message."""
        return f"{self.place}: {' '.join(self.message.split())}"


@dataclass
class Diagnostics:
    """What is wrong, and where."""

    found: set[Diagnostic] = field(default_factory=set)

    def add(self, place: Place, message: str, kind: str = "page") -> None:
        """Note one mistake; the same one twice counts once."""
        self.found.add(Diagnostic(place, message, kind))

    def kinds(self) -> Counter[str]:
        """How many there are of each kind."""
        return Counter(problem.kind for problem in self.found)

    def __str__(self) -> str:
        """One line each, in the order of the files."""
        return "\n".join(str(problem) for problem in sorted(self.found))
