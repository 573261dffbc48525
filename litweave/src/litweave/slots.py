"""Slots: blocks of HTML that are set aside while Markdown makes a page of the rest."""

from dataclasses import dataclass, field


@dataclass
class Slots:
    """Blocks by their numbers; each is put into its `frame`, an empty element.

    Formulas, which stand within a line, have slots of their own (see `katex`).
    """

    frame: str
    blocks: dict[int, str] = field(default_factory=dict)

    def leave(self, html: str, number: int = 0) -> str:
        """Set a block aside, as the next if it has no number; its frame."""
        number = number or 1 + len(self.blocks)
        self.blocks[number] = html
        return self.frame.format(number)

    def lost(self, page: str) -> list[int]:
        """The numbers of those for which a page has not one frame."""
        return [n for n in self.blocks if page.count(self.frame.format(n)) != 1]

    def fill(self, page: str) -> str:
        """Put each block into its frame on a page."""
        for number, html in self.blocks.items():
            frame = self.frame.format(number)
            if frame in page:
                page = page.replace(frame, frame.replace("></", f">{html}</"))
        return page
