r"""# Symbols: a notation finds its letters in a formula

The [`notation`][] of a module says what its letters stand for. Here they are found in
formulas. Each gets a *key*, so that the page can light up all that is one thing; the
code has its share of the keys from [`variables`][].

A formula is marked before KaTeX sets it. Each symbol is wrapped in a command of our
own, which sets what it is given as if it were not there, and leaves the key behind:

```text
W_1^\top X_{*,i}   ─▶   ⟨5 W_1^\top⟩ ⟨1 X_{*,⟨9 i⟩}⟩
```

Of the entries that fit, the longest counts: `W_1` before `W`. A symbol whose scripts
the notation does not mention is that symbol, and the scripts are read for themselves:
`X_{*,i}` is `X`, and in it there is `i`.

A letter that nothing explains leaves a reader alone. So each symbol of a *display*
equation must be in an entry, on every page that has a notation. [`tex`][] says what a
symbol is. Some need no entry:

| needs no entry | such as |
|---|---|
| an index that a sum or another large operator runs over | `i` in `\sum_{i=1}^{C}` |
| an index whose range is given | `i` in `i = 1 \ldots C`, `\forall i` |
| an index on the left of a relation, which holds for each | `k` in `p_k = \ldots` |
| what is integrated over | `t` in `\int f(t) \, \mathrm{d}t` |
| a constant, a set of numbers | `\pi`, `e^x`, `\mathbb{R}` |
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, pairwise

from litweave.features.symbols.notation import Entry
from litweave.features.symbols.tex import (
    RELATIONS,
    Atom,
    Row,
    atoms,
    commands,
    everywhere,
    tokens,
)
from litweave.katex import SYMBOL


@dataclass(frozen=True)
class _Match:
    """`count` atoms that are the symbol `key`; the rows in `rest` are no part of it."""

    start: int
    end: int
    key: int
    count: int
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

    # ## In formulas

    def mark(self, tex: str) -> str:
        """The formula with each of its symbols wrapped in a command with its key."""
        pieces = tokens(tex)
        for found in self._matches(atoms(tex)):
            pieces[found.start] = f"{SYMBOL}{{{found.key}}}{{{pieces[found.start]}"
            pieces[found.end - 1] += "}"
        return "".join(pieces)

    def unknown(self, tex: str) -> list[str]:
        """The symbols of an equation that are in no entry and need one."""
        row = atoms(tex)
        free = set(_bound(row))
        return [
            atom.name.rstrip()
            for atom in self._left(row)
            if atom.symbol and atom.name not in free and not _is_constant(atom)
        ]

    def _matches(self, row: Row) -> Iterator[_Match]:
        """What the notation knows of a row, the inner before the outer."""
        for found, _, inside in self._read(row):
            for inner in inside:
                yield from self._matches(inner)
            if found:
                yield found

    def _left(self, row: Row) -> Iterator[Atom]:
        """What the notation does not know of a row."""
        for found, atom, inside in self._read(row):
            if not found:
                yield atom
            for inner in inside:
                yield from self._left(inner)

    def _read(self, row: Row) -> Iterator[tuple[_Match | None, Atom, tuple[Row, ...]]]:
        """Go along a row: each symbol, its first atom, the rows in it still to read."""
        while row:
            found = self._match(row)
            yield found, row[0], found.rest if found else row[0].rows
            row = row[found.count if found else 1 :]

    @cached_property
    def _lengths(self) -> list[int]:
        """How many atoms a symbol may have, the most first."""
        return sorted(set(map(len, self.patterns)), reverse=True)

    def _match(self, row: Row) -> _Match | None:
        """The longest symbol that begins a row."""
        for length in self._lengths:
            *before, last = row[:length]
            names = tuple(atom.whole for atom in before)
            for name, rest in last.readings:
                key = self.patterns.get((*names, name))
                if key:
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
_OPERATORS = (
    *commands("sum prod coprod int iint oint bigcup bigcap bigoplus bigotimes"),
    *commands("max min sup inf lim argmax argmin operatorname"),
)
_SEPARATORS = (r"\\", *commands("quad qquad"))
_RANGE = {*"0123456789", ",", r"\,", r"\{"}
_DOTS = commands("ldots dots")


def _is(atom: Atom, names: Container[str]) -> bool:
    return atom.nucleus.rstrip() in names


def _is_constant(atom: Atom) -> bool:
    if _is(atom, {"e"}):
        return bool(atom.sup)
    return atom.nucleus.startswith((r"\pi ", r"\mathbb"))


def _bound(row: Row) -> Iterator[str]:
    """The names of the indices that an equation itself introduces."""
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


def _statements(row: Row) -> Iterator[Row]:
    """The parts of an equation between line breaks and wide spaces."""
    statement: list[Atom] = []
    for atom in row:
        if atom.nucleus.startswith(_SEPARATORS):
            yield tuple(statement)
            statement = []
        elif atom.nucleus != "&":
            statement.append(atom)
    yield tuple(statement)


def _ranging(statement: Row) -> Iterator[str]:
    r"""Symbols that are given a range, and those behind `\forall` and `\mathrm{d}`."""
    for before, atom in pairwise(statement):
        if _is(before, {r"\forall", r"\mathrm{d}"}):
            yield atom.name
    for number, (atom, relation) in enumerate(pairwise(statement)):
        if _is(relation, {"=", r"\in"}):
            values = dropwhile(lambda a: _is(a, _RANGE), statement[number + 2 :])
            if _is(next(values, atom), _DOTS):
                yield atom.name
