"""What a page shows beyond its source: marks, hints, tools, panels, endnotes.

All of it is found apart from the rows and laid over them at the end.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


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


@dataclass
class Overlay:
    """What one page shows beyond its own source; all but the marks are HTML."""

    marks: list[Mark] = field(default_factory=list)
    hints: dict[int, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)
    endnotes: list[str] = field(default_factory=list)


@dataclass
class Slots:
    """Blocks of HTML that are set aside while Markdown makes a page of the rest.

    Each has a number, which its `frame`, an empty element, has, too.
    """

    frame: str
    blocks: dict[int, str] = field(default_factory=dict)

    def leave(self, html: str, number: int = 0) -> str:
        """Set a block aside, as the next if it has no number; its frame."""
        number = number or 1 + len(self.blocks)
        self.blocks[number] = html
        return self.frame.format(number)

    def fill(self, page: str) -> str:
        """Put each block into its frame on a page."""
        for number, html in self.blocks.items():
            frame = self.frame.format(number)
            if frame in page:
                page = page.replace(frame, frame.replace("></", f">{html}</"))
        return page


def island(name: str, data: object) -> str:
    """An element with data for a script of the page."""
    # Within a script element, only the end of it has a meaning.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
