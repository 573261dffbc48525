"""Formulas as KaTeX sets them, with marks and without, compared."""

from collections.abc import Iterable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from litweave import node
from litweave.diagnostics import Diagnostics, Place
from litweave.katex import Formulas

HERE = Place("mlp.py", 7)
Element = tuple[str, tuple[tuple[str, str | None], ...]]


class Leaves(HTMLParser):
    """Each character of a formula, and each empty element, with all that is around it.

    KaTeX puts neighbours alike in one element. Seen so, that is no difference.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.around: list[Element] = []
        self.found: list[object] = []
        self.empty = False
        self.keys: list[str] = []
        self.feed(html.partition('<span class="katex-html"')[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.keys += [value or "" for name, value in attrs if name == "data-n"]
        self.around.append((tag, tuple(attrs)))
        self.empty = True

    def handle_endtag(self, tag: str) -> None:
        if self.empty and self.around:
            self.found.append(self._path())
        self.around = self.around[:-1]
        self.empty = False

    def handle_data(self, data: str) -> None:
        self.empty = False
        *before, (tag, attrs) = self.around or [("", ())]
        # The space behind an element is behind its last character.
        inner = (tag, tuple(pair for pair in attrs if pair[0] != "style"))
        self.found += [(c, self._path(*before, inner)) for c in data[:-1]]
        self.found.append((data[-1], self._path()))

    def _path(self, *around: Element) -> list[Element]:
        around = around or tuple(self.around)
        return [element for element in around if "data-n" not in dict(element[1])]


def annotation(html: str) -> str:
    """The TeX that stays with a formula."""
    return unescape(html.partition("<annotation")[2].partition("</annotation>")[0])


def set_all(formulas: Formulas, katex: Path, cache: Path) -> Diagnostics:
    diagnostics = Diagnostics()
    formulas.set(katex, node.program(), cache, diagnostics)
    return diagnostics


def assert_marks_are_not_seen(
    rows: Iterable[tuple[str, bool, str]], katex: Path, cache: Path
) -> None:
    """Set each formula, as written and marked, and see that both look alike."""
    plain, marked = Formulas(), Formulas()
    slots = []
    for tex, display, with_marks in dict.fromkeys(rows):
        slot = marked.add(tex, display, HERE, with_marks)
        slots.append((plain.add(tex, display, HERE), slot, with_marks != tex))
    refused = set_all(plain, katex, cache / "plain.json")
    set_all(marked, katex, cache / "marked.json")
    assert len(refused.found) < len(slots) / 2
    for slot, marked_slot, has_marks in slots:
        before, after = plain.fill(slot), marked.fill(marked_slot)
        assert plain.plain(slot) == marked.plain(marked_slot)
        if before.startswith("<code>"):  # KaTeX refuses it, marked or not
            assert after == before
            continue
        assert Leaves(before).found == Leaves(after).found
        assert bool(Leaves(after).keys) == has_marks
        assert annotation(before) == annotation(after)
