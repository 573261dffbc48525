"""Formulas: set aside for a mark while prose is read, and set by KaTeX all at once.

They take the places of their marks last, as HTML and MathML.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from litweave import node
from litweave.cache import answers, digest
from litweave.diagnostics import Diagnostics, Place
from litweave.marks import FORMULA, mark, pattern, said

_SCRIPT = Path(__file__).with_suffix(".cjs")
_MARK = re.compile(pattern(FORMULA))
# With the brackets before it and the stops that follow.
_HELD = re.compile(
    f"<[^<>]*>|([(（「『《“]+)?({_MARK.pattern})([.,:;!?)，。、；：！？）」』》”]+)?"
)
# How KaTeX begins a formula, and each of the boxes in which it stands.
_INLINE = '<span class="katex">'
_BOX = '<span class="katex-base">'


class Formula(NamedTuple):
    """TeX, and how it is set."""

    tex: str
    display: bool  # in a line of its own
    symbols: tuple[str, ...] = ()  # that are marked in it

    @property
    def as_written(self) -> str:
        return f"<code>{escape(self.tex)}</code>"


def without_formulas(html: str) -> str:
    """HTML as the search reads it: nobody searches for TeX."""
    return _MARK.sub("", html)


def is_shown(html: str) -> bool:
    """Whether there is a formula on a page, and not only its element's name in code."""
    return _INLINE.rstrip(">") in html  # It may have more attributes in the end.


@dataclass
class Formulas:
    """The formulas of a site: first collected, then set, then put in their places."""

    places: dict[Formula, Place] = field(default_factory=dict)  # where each first stood
    numbers: dict[Formula, int] = field(default_factory=dict)
    html: list[str] = field(default_factory=list)

    def add(
        self, tex: str, display: bool, place: Place, symbols: tuple[str, ...] = ()
    ) -> str:
        """Set a formula aside; the mark that stands in for it."""
        formula = Formula(tex.strip(), display, symbols)
        self.places.setdefault(formula, place)
        number = self.numbers.setdefault(formula, len(self.numbers))
        return mark(str(number), FORMULA)

    def set(self, katex: Path, cache: Path, diagnostics: Diagnostics) -> None:
        """Set all formulas by KaTeX, in that folder; a file keeps what was set before.

        **Raises.** [`NodeError`][node.NodeError] if Node does not run.
        """
        key = digest(files=[_SCRIPT, katex / "package.json"])

        def ask(new: Sequence[str]) -> Any:
            asked = [*map(json.loads, new)]
            return node.run(_SCRIPT.read_text("utf-8"), asked, str(katex.resolve()))

        # Pages that are kept have formulas, too: what is not asked for stays.
        found = answers(cache, key, map(json.dumps, self.places), ask).values()
        self.html = []
        for (formula, place), answer in zip(self.places.items(), found, strict=True):
            self.html.append(answer.get("html", formula.as_written))
            for kind, message in answer["problems"]:
                diagnostics.add(place, message, kind)

    def leave(self, reason: str, diagnostics: Diagnostics) -> None:
        """Set none, for want of KaTeX, and say why."""
        first = next(iter(self.places.values()))
        diagnostics.add(first, f"no formula is set: {reason}", "formula")
        self.html = [formula.as_written for formula in self.numbers]

    def fill(self, html: str) -> str:
        """Put each formula in its place; in a tag there is room for its TeX only."""
        return _HELD.sub(self._held, html) if FORMULA in html else html

    def _held(self, match: re.Match[str]) -> str:
        """A formula, and what must not go to the next line without it."""
        brackets, number, stops = match.groups(default="")
        if not number:
            return self.plain(match[0])
        html = self.html[int(said(number))]
        if not (brackets or stops) or not html.startswith(_INLINE):
            return brackets + html + stops
        # It is made of boxes; a browser may break before and behind each.
        first, box, others = html.partition(_BOX)
        html = first + box + others.replace(_BOX, f"<wbr>{_BOX}")
        sides = " weave-opened" * bool(brackets) + " weave-closed" * bool(stops)
        return f'<span class="weave-held{sides}">{brackets}{html}{stops}</span>'

    def plain(self, html: str) -> str:
        """Put the TeX of each formula in its place."""
        # Few titles and attributes hold a formula: no list is kept for them.
        return _MARK.sub(lambda m: escape([*self.numbers][int(said(m[0]))].tex), html)
