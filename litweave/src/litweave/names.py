"""Names: what prose links to, as `` [`TokenMixing`][] `` or `` [words][TokenMixing] ``.

Any unambiguous end of the full name will do: `TokenMixing`, `token_mixing.TokenMixing`,
`layers.token_mixing`. Of a name that nobody defines, the message names the nearest.
"""

import difflib
from dataclasses import dataclass, field
from typing import NamedTuple


class Target(NamedTuple):
    """Where a name leads: a page, and an anchor on it (none for the page itself)."""

    name: str
    page: str
    anchor: str


class UnknownNameError(LookupError):
    """A name that leads nowhere, or to several places: says what could be meant."""


@dataclass
class Names:
    """Every name of the annotated modules, findable by any end of it."""

    by_end: dict[str, list[Target]] = field(default_factory=dict)
    # Who writes for another tool makes the same mistake a thousand times.
    nearest: dict[str, str] = field(default_factory=dict)

    def add(self, target: Target) -> None:
        """Make a name known."""
        self.nearest.clear()
        parts = target.name.split(".")
        for first in range(len(parts)):
            self.by_end.setdefault(".".join(parts[first:]), []).append(target)

    def find(self, name: str, page: str = "") -> Target:
        """The target that a name means on a page.

        A page knows its own names best, and a whole name comes before the end of one.
        Where a module and the function in it share a name, the function is meant.

        **Raises.** [`UnknownNameError`][] if nothing has this name, or several do.
        """
        found = self.by_end.get(name, [])
        found = [target for target in found if target.page == page] or found
        if len({target.page for target in found}) > 1:
            whole = [target for target in found if target.name == name]
            if len(whole) == 1:
                return whole[0]
            full = ", ".join(sorted(f"“{target.name}”" for target in found))
            raise UnknownNameError(f"“{name}” could be {full}: write more of the name")
        if not found:
            raise UnknownNameError(f"nothing is named “{name}”{self._nearest(name)}")
        return max(found, key=lambda target: target.name.count("."))

    def _nearest(self, name: str) -> str:
        if name not in self.nearest:
            # A slip of the pen leaves the first letter, and about the length.
            alike = [n for n in self.by_end if n[:1] == name[:1]]
            alike = [n for n in alike if abs(len(n) - len(name)) <= 3]
            near = difflib.get_close_matches(name, alike, n=1, cutoff=0.5)
            self.nearest[name] = f"; did you mean “{near[0]}”?" if near else ""
        return self.nearest[name]
