"""# Problems

A build that stops at its first mistake makes an author run it ten times for ten
mistakes. So the stages of a build note what is wrong, each with its file and line, and
the build fails at the end with the whole list.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file."""

    path: str
    line: int

    def __str__(self) -> str:
        """The form that editors and terminals make a link of."""
        return f"{self.path}:{self.line}"


@dataclass
class Problems:
    """What is wrong, and where."""

    found: set[tuple[Place, str]] = field(default_factory=set)

    def add(self, place: Place, message: str) -> None:
        """Note one mistake; the same one twice counts once."""
        self.found.add((place, message))

    def __str__(self) -> str:
        """One line each, in the order of the files."""
        return "\n".join(f"{place}: {message}" for place, message in sorted(self.found))
