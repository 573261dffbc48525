"""Formulas as KaTeX sets them, with marks and without, compared."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from litweave.diagnostics import Diagnostics, Place
from litweave.katex import Formulas

HERE = Place("mlp.py", 7)
Element = tuple[str, dict[str, object]]


def leaves(element: Tag, around: tuple[Element, ...] = ()) -> Iterator[object]:
    """Each character of a formula, and each empty element, with all that is around it.

    KaTeX puts neighbours alike in one element. Seen so, that is no difference.
    """
    # The space behind an element is behind its last character.
    bare = {name: value for name, value in element.attrs.items() if name != "style"}
    own, inner = (
        around if "data-n" in attrs else (*around, (element.name, attrs))
        for attrs in (element.attrs, bare)
    )
    for child in element.contents:
        if isinstance(child, Tag):
            yield from leaves(child, own)
        else:
            yield from ((character, inner) for character in child[:-1])
            yield child[-1], own
    if not element.contents:
        yield own


def set_all(formulas: Formulas, katex: Path, cache: Path) -> Diagnostics:
    diagnostics = Diagnostics()
    formulas.set(katex, cache, diagnostics)
    return diagnostics


def assert_marks_are_not_seen(
    rows: Iterable[tuple[str, bool, tuple[str, ...]]], katex: Path, cache: Path
) -> None:
    """Set each formula, as written and marked, and see that both look alike."""
    plain, marked = Formulas(), Formulas()
    slots = []
    for tex, display, symbols in dict.fromkeys(rows):
        slot = marked.add(tex, display, HERE, symbols)
        slots.append((plain.add(tex, display, HERE), slot))
    refused = set_all(plain, katex, cache / "plain.json")
    set_all(marked, katex, cache / "marked.json")
    assert len(refused.found) < len(slots) / 2
    for slot, marked_slot in slots:
        before, after = plain.fill(slot), marked.fill(marked_slot)
        assert plain.plain(slot) == marked.plain(marked_slot)
        if before.startswith("<code>"):  # KaTeX refuses it, marked or not
            assert after == before
            continue
        one, two = (BeautifulSoup(html, "html.parser") for html in (before, after))
        seen, marks = (soup.select_one(".katex-html") for soup in (one, two))
        assert [*leaves(seen)] == [*leaves(marks)]
        assert not seen.select("[data-n]")
        # The TeX that stays with a formula.
        assert one.select("annotation") == two.select("annotation")
