"""Names: what prose links to, as `` [`TokenMixing`][] `` or `` [words][TokenMixing] ``.

Any unambiguous end of the full name will do: `TokenMixing`, `token_mixing.TokenMixing`,
`layers.token_mixing`. Of a name that nobody defines, the message names the nearest that
somebody does.
"""

import difflib
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """Where a name leads: a page, and an anchor on it (none for the page itself)."""

    name: str
    page: str
    anchor: str

    @property
    def uri(self) -> str:
        """The address, from the root of the site's sources."""
        return f"{self.page}#{self.anchor}" if self.anchor else self.page


class UnknownNameError(LookupError):
    """A name that leads nowhere, or to several places: says what could be meant."""


@dataclass
class Names:
    """Every name of the annotated modules, findable by any end of it."""

    by_end: dict[str, list[Target]] = field(default_factory=lambda: defaultdict(list))
    nearest: dict[str, str] = field(default_factory=dict)

    def add(self, target: Target) -> None:
        """Make a name known."""
        self.nearest.clear()
        parts = target.name.split(".")
        for first in range(len(parts)):
            self.by_end[".".join(parts[first:])].append(target)

    def find(self, name: str, page: str = "") -> Target:
        """The target that a name means on a page.

        A page knows its own names best: a `Config` of its own is meant before that of
        another page, and a whole name before the end of one. Where a module and the
        function in it share a name, the function is meant.

        **Raises.** [`UnknownNameError`][] if nothing has this name, or several things
        do.
        """
        candidates = self.by_end.get(name, [])
        candidates = [c for c in candidates if c.page == page] or candidates
        pages = {c.page for c in candidates}
        whole = [c for c in candidates if c.name == name]
        if len(pages) > 1 and len(whole) == 1:
            return whole[0]
        if len(pages) > 1:
            full = ", ".join(sorted(f"“{c.name}”" for c in candidates))
            raise UnknownNameError(f"“{name}” could be {full}: write more of the name")
        if not candidates:
            raise UnknownNameError(f"nothing is named “{name}”{self._nearest(name)}")
        return max(candidates, key=lambda c: c.name.count("."))

    def _nearest(self, name: str) -> str:
        # Who writes for another tool makes the same mistake a thousand times.
        if name not in self.nearest:
            alike = [n for n in self.by_end if _is_alike(n, name)]
            near = difflib.get_close_matches(name, alike, n=1, cutoff=0.5)
            self.nearest[name] = f"; did you mean “{near[0]}”?" if near else ""
        return self.nearest[name]


def _is_alike(known: str, name: str) -> bool:
    """Whether a slip of the pen could make one name of the other."""
    return known[:1] == name[:1] and abs(len(known) - len(name)) <= 3
