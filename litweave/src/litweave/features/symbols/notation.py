r"""# Notation: what the letters stand for

A module says under `## Notation` which letter of its equations is which variable of its
code, and what both mean. Each item of the list is an *entry*:

```text
- $S$, `num_patches`: the number of patches
- $W_1$, $b_1$, `fc1`: the first layer
- $H, W$, `image_size`: height and width of the image
```

Symbols and variables come first, with commas between them, then a colon, then the
meaning. A symbol may have no variable, as a bound index has none, and a variable no
symbol. A variable is an identifier; `len(labels)` would be an expression.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from litweave.features.symbols.tex import split
from litweave.parse import Module, Prose

_SECTION = re.compile(r"^#{1,6} +Notation *#*$")
_HEADING = re.compile(r"^#{1,6} ")
_TERM = r"(?:\$[^$]+\$|`[^`]+`)"
_ITEM = re.compile(rf"({_TERM}(?:, {_TERM})*): (.+)")
_SYMBOLS = re.compile(r"\$([^$]+)\$")
_VARIABLE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Entry:
    """What one item of the list says; `line` is its first line in the file."""

    symbols: tuple[str, ...]
    variables: tuple[str, ...]
    meaning: str
    line: int


@dataclass(frozen=True)
class Item:
    """An item of the list; no entry if it is not written as one."""

    line: int
    entry: Entry | None


def notation(module: Module) -> tuple[Entry, ...]:
    """The entries of a module's notation; none if it has no such section."""
    return tuple(item.entry for item in items(module) if item.entry)


def is_notation(text: str) -> bool:
    """Whether a text begins with the heading of a notation."""
    return bool(_SECTION.match(text.partition("\n")[0]))


def items(module: Module) -> list[Item]:
    """Every item under `## Notation` of the module's docstring, in order."""
    opening = module.rows[0].prose if module.rows else ()
    return [
        Item(line, _entry(text, line))
        for prose in opening
        for line, text in _items(prose)
    ]


def _entry(text: str, line: int) -> Entry | None:
    match = _ITEM.fullmatch(text)
    if not match:
        return None
    head, meaning = match.groups()
    symbols = [part for tex in _SYMBOLS.findall(head) for part in split(tex) if part]
    return Entry(tuple(symbols), tuple(_VARIABLE.findall(head)), meaning, line)


def _items(prose: Prose) -> Iterator[tuple[int, str]]:
    """Each item with its first line; the lines of an item are joined."""
    first, parts = 0, list[str]()
    for number, text in _section(prose):
        if text.startswith("- "):
            if parts:
                yield first, " ".join(parts)
            first, parts = number, [text[2:].strip()]
        elif parts and text.startswith(" "):
            parts.append(text.strip())
        elif parts:
            yield first, " ".join(parts)
            parts = []
    if parts:
        yield first, " ".join(parts)


def _section(prose: Prose) -> Iterator[tuple[int, str]]:
    """The lines between the heading and the next one, with their numbers."""
    inside = False
    for number, text in enumerate(prose.text.split("\n"), start=prose.line):
        if _HEADING.match(text):
            inside = bool(_SECTION.match(text))
        elif inside:
            yield number, text
