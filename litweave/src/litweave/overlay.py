"""What a page shows beyond its source: marks, hints, tools, panels, endnotes.

All of it is found apart from the rows and laid over them at the end.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Mark:
    """A piece of a line of code that the page wraps in an element.

    It goes from column `start` to before column `end`, counted in characters from 0.
    Marks may lie within one another; none may lie across another's edge.
    """

    line: int
    start: int
    end: int
    tag: str
    attributes: Mapping[str, str]

    @property
    def opening(self) -> str:
        """The tag that begins the element."""
        pairs = (f' {name}="{escape(v)}"' for name, v in self.attributes.items())
        return f"<{self.tag}{''.join(pairs)}>"

    @property
    def closing(self) -> str:
        """The tag that ends the element."""
        return f"</{self.tag}>"


@dataclass
class Overlay:
    """What one page shows beyond its own source; all but the marks are HTML."""

    marks: list[Mark] = field(default_factory=list)
    hints: dict[int, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)
    endnotes: list[str] = field(default_factory=list)

    def copy(self) -> "Overlay":
        """Another one, to which more may be added."""
        return Overlay(**{name: copy(found) for name, found in vars(self).items()})


def island(name: str, data: object) -> str:
    """An element with data for a script of the page."""
    # Within a script element, only the end of it has a meaning.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def cuts(marks: Sequence[Mark]) -> Iterator[tuple[int, str]]:
    """The tags of one line's marks with their columns, in the order of the line.

    Where one element ends and another begins, the end comes first; of two that begin
    together, the wider one does.
    """
    open_marks: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        while open_marks and open_marks[-1].end <= mark.start:
            yield open_marks[-1].end, open_marks.pop().closing
        open_marks.append(mark)
        yield mark.start, mark.opening
    while open_marks:
        yield open_marks[-1].end, open_marks.pop().closing
