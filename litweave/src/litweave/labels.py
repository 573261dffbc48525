"""Labels of references and footnotes, made unique on a page of many docstrings.

A label that is taken gets another name within its docstring, which no reader sees.
Elsewhere in the module it means what was defined first. An abbreviation has one
meaning.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from litweave.diagnostics import Diagnostics, Place
from litweave.prose import LITERAL

# A footnote's label begins with `^`. An address has a line to itself, but for a title.
_LABELS = re.compile(
    rf"""
    (?: ^ | (?= [`\\\[] ) ) (?:  # nowhere else, which is quickly told
    {LITERAL}
  | (?P<escape> \\. )
  | ^[ \t]* \[ (?P<defined> \^[^\[\]\n]+ (?=\]:) | [^\[\]\n^][^\[\]\n]* (?= \]:
      [ \t]* \n? [ \t]* (?: <[^<>\n]*> | [^\s<]\S* ) [ \t]*
      (?: \n? [ \t]* (?: "[^\n]*" | '[^\n]*' | \([^\n]*\) ) [ \t]* )? $ ) ) \]:
  | (?P<note> \[ (?P<noted> \^[^\[\]\n]+ ) \] )
  | (?P<behind> (?<=\]) \[ (?P<full> [^\[\]]+ ) \] )
  | (?P<alone> \[ (?P<short> [^\[\]]+ ) \] (?: \[\] )? (?! [\[(] ) ) )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)

_ABBREVIATION = re.compile(r"^ {0,3}\*\[([^\]\n]+)\] ?: *(.+)$", re.MULTILINE)


def _same(label: str) -> str:
    """What Markdown takes for the same label."""
    return label if label.startswith("^") else " ".join(label.lower().split())


def told_apart(
    texts: Sequence[str], places: Sequence[Place], diagnostics: Diagnostics
) -> tuple[list[str], set[str]]:
    """The texts of a page, with labels that no two of them define; and all labels.

    A label that one text defines twice is a problem: nobody can tell what it means.
    """
    own = [
        set(_defined(*both, diagnostics)) for both in zip(texts, places, strict=True)
    ]
    every = set[str]().union(*own)
    taken = set[str]()
    found = []
    _compare_abbreviations(texts, places, diagnostics)
    for text, labels in zip(texts, own, strict=True):
        new = {label: _fresh(label, every) for label in sorted(labels & taken)}
        every.update(map(_same, new.values()))
        taken |= labels
        found.append(_renamed(text, new) if new else text)
    return found, every


def _defined(text: str, place: Place, diagnostics: Diagnostics) -> Iterator[str]:
    seen = set[str]()
    for match in _LABELS.finditer(text):
        label = _same(match["defined"] or "")
        if label and label in seen:
            message = f"“[{match['defined']}]” is defined twice in this text"
            diagnostics.add(place.below(text, match.start()), message, "label")
        elif label:
            seen.add(label)
            yield label


def _compare_abbreviations(
    texts: Sequence[str], places: Sequence[Place], diagnostics: Diagnostics
) -> None:
    meanings: dict[str, str] = {}
    for text, place in zip(texts, places, strict=True):
        for match in _ABBREVIATION.finditer(text):
            short, long = match.groups()
            if meanings.setdefault(short, long) != long:
                message = f"“{short}” is “{meanings[short]}” elsewhere on this page"
                diagnostics.add(place.below(text, match.start()), message, "label")


def _fresh(label: str, taken: set[str]) -> str:
    names = (f"{label}~{number}" for number in count(2))
    return next(name for name in names if _same(name) not in taken)


def _renamed(text: str, new: dict[str, str]) -> str:
    def write(match: re.Match[str]) -> str:
        groups = ("defined", "noted", "full", "short")
        label = next(filter(None, map(match.group, groups)), "")
        name = new.get(_same(label))
        if name is None:
            return match[0]
        if match["short"]:
            return f"[{label}][{name}]"
        return match[0].replace(f"[{label}]", f"[{name}]")

    return _LABELS.sub(write, text)
