"""Lists: as CommonMark and reStructuredText have them, made those of Markdown here.

Markdown wants a blank line above a list, and four blanks before what goes on in an
item. Most authors write a list right below its sentence, and what belongs to an item
below its words.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from litweave.sections import Line, indent

_ITEM = re.compile(r" *([-*+]|\d{1,9}[.)])( {1,4})(?=\S)")
_FENCE = re.compile(r" *(`{3,}|~{3,})")
# What may follow a paragraph at once: any other number, and a plus, are words of it.
_FIRST = {"-", "*", "1.", "1)"}


class _Item(NamedTuple):
    """The column of an item's mark, that of its words, and where the mark is moved."""

    mark: int
    words: int
    moved: int

    def inside(self, deep: int) -> int:
        """Where a line is moved that goes on in the item."""
        place = self.moved + 4
        return (
            max(place, deep) if self.moved == self.mark else place + deep - self.words
        )


@dataclass
class Lists:
    """Lines with the items that are open at one, and how far lines are moved there.

    `bare` are the lines without what is code or a formula; `depth` says how deep
    Markdown looks for what goes on (see `prose.depth`).
    """

    lines: Sequence[str]
    bare: Sequence[str]
    depth: Callable[[Sequence[str], int], int]
    items: list[_Item] = field(default_factory=list)
    shift: int = 0
    in_words: bool = True
    """Whether it is in no list, or in a later paragraph of an item."""

    def moved(self) -> Iterator[Line]:
        """The lines as Markdown wants them, each with the number of what it was."""
        above = fence = ""
        for number, line in enumerate(self.lines):
            opens, item = _FENCE.match(line), self._mark(number)
            if fence or not line.strip():
                fence = "" if line.strip() == fence else fence
            elif opens or (not item and not above.strip()):
                fence = opens[1] if opens else ""
                self._go_on(indent(line))
            elif item and (self.items or not above.strip() or item[1] in _FIRST):
                if above.strip() and self.in_words:
                    yield number, ""
                self._open(number, item)
                line = line.replace(item[1], item[1].replace(")", "."), 1)
            above = line
            deep = max(indent(line) + self.shift, 0)
            yield number, " " * deep + line.lstrip() if line.strip() else line

    def _mark(self, number: int) -> re.Match[str] | None:
        """The mark of an item, which is neither code nor within a formula."""
        item = _ITEM.match(self.lines[number])
        return item if item and self.bare[number][item.start(1)].strip() else None

    def _open(self, number: int, mark: re.Match[str]) -> None:
        """An item begins: beside the one before, or within it."""
        deep, before = mark.start(1), None
        while self.items and deep < self.items[-1].words:
            before = self.items.pop()
        if before:
            place = before.moved
        elif self.items:
            place = self.items[-1].moved + 4
        else:
            around = self.depth(self.lines[:number], deep)
            place = deep if deep - around < 4 else around
        self.items.append(_Item(deep, mark.end(), place))
        self.shift, self.in_words = place - deep, False

    def _go_on(self, deep: int) -> None:
        """A paragraph or a fence begins, in the innermost item that is left of it."""
        while self.items and deep < self.items[-1].words:
            self.items.pop()
        self.shift = self.items[-1].inside(deep) - deep if self.items else 0
        self.in_words = True
