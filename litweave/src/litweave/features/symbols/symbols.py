r"""Symbols: what the letters of a page stand for, and where they are in formulas.

An item of the list under `## Notation` is an entry, as “$W_1$, $b_1$, `fc1`: the first
layer”. Each symbol gets a *key*, and so has the code, so that the page can light up all
that is one thing. In a formula, a symbol is wrapped in a command that leaves the key
behind: `W_1^\top X_{*,i}` becomes `⟨5 W_1^\top⟩ ⟨1 X_{*,⟨9 i⟩}⟩`. Of the entries that
fit, the longest counts; scripts that it does not mention are read for themselves.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, pairwise
from typing import NamedTuple

from litweave.features.symbols.tex import (
    RELATIONS,
    Atom,
    Row,
    atoms,
    commands,
    everywhere,
    split,
    tokens,
)
from litweave.headings import is_notation
from litweave.katex import SYMBOL
from litweave.parse import Module, Prose

_HEADING = re.compile(r"^#{1,6} ")
_TERM = r"(?:\$[^$]+\$|`[^`]+`)"
_ITEM = re.compile(rf"({_TERM}(?:, {_TERM})*): (.+)")
_SYMBOLS = re.compile(r"\$([^$]+)\$")
_VARIABLE = re.compile(r"`([^`]+)`")

_OPERATORS = (
    *commands("sum prod coprod int iint oint bigcup bigcap bigoplus bigotimes"),
    *commands("max min sup inf lim argmax argmin operatorname"),
)
_SEPARATORS = (r"\\", *commands("quad qquad"))
_RANGE = {*"0123456789", ",", r"\,", r"\{"}
_DOTS = commands("ldots dots")


# ## The list


@dataclass(frozen=True)
class Entry:
    """What one item of the list says; `line` is its first line in the file."""

    symbols: tuple[str, ...]
    variables: tuple[str, ...]
    meaning: str
    line: int


def notation(module: Module) -> tuple[Entry, ...]:
    """The entries of a module's notation; none if it has no such section."""
    return tuple(entry for _, entry in items(module) if entry)


def items(module: Module) -> list[tuple[int, Entry | None]]:
    """Every item under `## Notation` of the module's docstring, with its line.

    One that is not written as an entry has none.
    """
    opening = module.rows[0].prose if module.rows else ()
    return [
        (line, _entry(" ".join(parts), line))
        for prose in opening
        for line, parts in _items(prose)
    ]


def _items(prose: Prose) -> list[tuple[int, list[str]]]:
    """The first line of each item, and what its lines say."""
    found: list[tuple[int, list[str]]] = []
    inside = goes_on = False
    for number, text in enumerate(prose.text.split("\n"), start=prose.line):
        if _HEADING.match(text):
            inside, goes_on = is_notation(text), False
        elif inside and text.startswith("- "):
            found.append((number, [text[2:].strip()]))
            goes_on = True
        elif goes_on and text.startswith(" "):
            found[-1][1].append(text.strip())
        else:
            goes_on = False
    return found


def _entry(text: str, line: int) -> Entry | None:
    match = _ITEM.fullmatch(text)
    if not match:
        return None
    head, meaning = match.groups()
    symbols = [part for tex in _SYMBOLS.findall(head) for part in split(tex) if part]
    return Entry(tuple(symbols), tuple(_VARIABLE.findall(head)), meaning, line)


# ## In formulas


class _Match(NamedTuple):
    """So many atoms are the symbol `key`; the rows in `rest` are no part of it."""

    start: int
    end: int
    key: int
    length: int
    rest: tuple[Row, ...]


@dataclass(frozen=True)
class Symbols:
    """The notation of a page, ready to find its symbols and variables.

    A symbol has a key of its own, and so has an entry that has no symbol.
    """

    keys: dict[Entry, range]
    patterns: dict[tuple[str, ...], int]

    @classmethod
    def of(cls, entries: tuple[Entry, ...]) -> "Symbols":
        """Number the symbols of a notation."""
        keys: dict[Entry, range] = {}
        patterns: dict[tuple[str, ...], int] = {}
        first = 1
        for entry in entries:
            keys[entry] = range(first, first + max(len(entry.symbols), 1))
            first = keys[entry].stop
            for symbol, key in zip(entry.symbols, keys[entry], strict=False):
                patterns.setdefault(pattern(symbol), key)
        patterns.pop((), None)  # of what TeX does not read
        return cls(keys, patterns)

    def variables(self) -> dict[str, str]:
        """The keys of each variable, those of all symbols it stands for."""
        found: dict[str, list[int]] = {}
        for entry, keys in self.keys.items():
            for variable in entry.variables:
                found.setdefault(variable, []).extend(keys)
        return {name: " ".join(map(str, keys)) for name, keys in found.items()}

    def mark(self, tex: str) -> str:
        """The formula with each of its symbols wrapped in a command with its key."""
        pieces = tokens(tex)
        for found, _ in self._read(atoms(tex)):
            if found:
                opening = f"{SYMBOL}{{{found.key}}}{{"
                pieces[found.start] = opening + pieces[found.start]
                pieces[found.end - 1] += "}"
        return "".join(pieces)

    def unknown(self, tex: str) -> list[str]:
        """The symbols of an equation that are in no entry and need one."""
        row = atoms(tex)
        free = set(_bound(row))
        return [
            atom.name.rstrip()
            for found, atom in self._read(row)
            if atom.symbol and not found
            if atom.name not in free and not _is_constant(atom)
        ]

    def _read(self, row: Row) -> Iterator[tuple[_Match | None, Atom]]:
        """Go along a row: what is known of it, or the atom, and then what is inside."""
        while row:
            found = self._match(row)
            yield found, row[0]
            for inner in found.rest if found else row[0].rows:
                yield from self._read(inner)
            row = row[found.length if found else 1 :]

    @cached_property
    def _lengths(self) -> list[int]:
        """How many atoms a symbol may have, the most first."""
        return sorted(set(map(len, self.patterns)), reverse=True)

    def _match(self, row: Row) -> _Match | None:
        """The longest symbol that begins a row."""
        for length in self._lengths:
            *before, last = row[:length]
            names = tuple(atom.whole for atom in before)
            # What the last atom can be called, and the scripts not in that name.
            for name, rest in (
                (last.whole, ()),
                (last.name, (last.sup,)),
                (last.nucleus, (last.sub, last.sup)),
            ):
                if key := self.patterns.get((*names, name)):
                    return _Match(row[0].start, last.end, key, len(names) + 1, rest)
        return None


def pattern(symbol: str) -> tuple[str, ...]:
    """The names of the atoms of a symbol: mostly one, four in `f(x)`."""
    return tuple(atom.whole for atom in atoms(symbol))


def is_symbol(tex: str) -> bool:
    """Whether some TeX can stand in a notation: a symbol, or several, as in `f(x)`."""
    row = atoms(tex)
    return any(a.symbol for a in row) and not any(_is(a, RELATIONS) for a in row)


# ## Symbols that need no entry


def _is(atom: Atom, names: Container[str]) -> bool:
    return atom.nucleus.rstrip() in names


def _is_constant(atom: Atom) -> bool:
    if _is(atom, {"e"}):
        return bool(atom.sup)
    return atom.nucleus.startswith((r"\pi ", r"\mathbb"))


def _bound(row: Row) -> Iterator[str]:
    r"""The names of the indices that an equation itself introduces.

    Those that a large operator runs over (`\sum_{i=1}^{C}`), that stand on the left
    of a relation, which holds for each (`p_k = …`), and that are given a range.
    """
    for atom in everywhere(row):
        if atom.nucleus.startswith(_OPERATORS):
            yield from _symbols(_left_side(atom.sub) or atom.sub)
    for statement in _statements(row):
        for atom in everywhere(_left_side(statement)):
            yield from _symbols(atom.sub)
        yield from _ranging(statement)


def _symbols(row: Row) -> Iterator[str]:
    return (atom.name for atom in everywhere(row) if atom.symbol)


def _left_side(row: Row) -> Row:
    """What stands before the first relation; nothing if there is none."""
    for number, atom in enumerate(row):
        if _is(atom, RELATIONS):
            return row[:number]
    return ()


def _statements(row: Row) -> list[Row]:
    """The parts of an equation between line breaks and wide spaces."""
    parts: list[Row] = [()]
    for atom in row:
        if atom.nucleus.startswith(_SEPARATORS):
            parts.append(())
        elif atom.nucleus != "&":
            parts[-1] += (atom,)
    return parts


def _ranging(statement: Row) -> Iterator[str]:
    r"""Symbols that are given a range, and those behind `\forall` and `\mathrm{d}`."""
    for number, (atom, after) in enumerate(pairwise(statement)):
        if _is(atom, {r"\forall", r"\mathrm{d}"}):
            yield after.name
        if _is(after, {"=", r"\in"}):
            values = dropwhile(lambda a: _is(a, _RANGE), statement[number + 2 :])
            if _is(next(values, atom), _DOTS):
                yield atom.name
