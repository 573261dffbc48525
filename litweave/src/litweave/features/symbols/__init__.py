"""Symbols: what the letters of a page stand for, in formulas and in code.

An item of the list under `## Notation` is an entry, as “$W_1$, $b_1$, `fc1`: the first
layer”. Each symbol gets a *key*, and so have the variables of its entry, so that the
page can light up all that is one thing. KaTeX finds symbols in formulas (`katex.cjs`).
"""

import ast
import io
import re
import token
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.headings import is_notation
from litweave.overlay import Mark, island
from litweave.parse import Module
from litweave.prose import sections
from litweave.syntax import example_sources, syntax_tree

if TYPE_CHECKING:
    from litweave.site import Site

_ITEM = re.compile(r"^- (.*(?:\n[ \t].*)*)", re.MULTILINE)
_TERM = r"(?:\$[^$]+\$|`[^`]+`)"
_ENTRY = re.compile(rf"({_TERM}(?:, {_TERM})*): (.+)")
_SYMBOLS = re.compile(r"\$([^$]+)\$")
_WORD = re.compile(r"\w+")
_VARIABLE = re.compile(r"`([^`]+)`")
# Between two symbols, but not within the braces of one.
_COMMA = re.compile(r",(?![^{}]*\})")

Values = Mapping[str, Sequence[float | Sequence[int]]]
"""What variables were in the examples of a module: numbers, or pairs of them."""


def enrich(site: "Site") -> None:
    """Know what the letters of each page stand for; the shapes tell the values."""
    read(site.book)


def read(book: Book) -> None:
    """Find the symbols of each page, for its prose; note what is wrong with them."""
    for page, chapter in book.chapters.items():
        if entries := notation(chapter.module):
            check(chapter.module, book.context.diagnostics)
            book.context.symbols[page] = symbols(entries)


def show(book: Book, values: Mapping[str, Values]) -> None:
    """Tie the symbols of each page to its code, and to the values of its variables."""
    for page in book.context.symbols:
        chapter = book.chapters[page]
        chapter.overlay.marks.extend(marks(chapter.module))
        known = values.get(page, {})
        # What the page's script has to know, in the order of the list.
        data = [
            {"keys": [*e.keys], "values": {n: known.get(n, ()) for n in e.variables}}
            for e in notation(chapter.module)
        ]
        chapter.overlay.tools.append(island("weave-notation", data))


class Entry(NamedTuple):
    """What one item of the list says; `line` is its first line in the file.

    Each symbol has a key, and so has an entry without one. An item that is not written
    as an entry has neither symbols nor variables.
    """

    symbols: tuple[str, ...]
    variables: tuple[str, ...]
    line: int
    keys: range


@lru_cache(maxsize=1024)
def notation(module: Module) -> tuple[Entry, ...]:
    """The entries of a module's notation; none if it has no such section."""
    found, key = list[Entry](), 1
    for prose in module.rows[0].prose if module.rows else ():
        for line, part in sections(prose.text) if "Notation" in prose.text else ():
            for item in _ITEM.finditer(part) if is_notation(part) else ():
                at = prose.line + line + part.count("\n", 0, item.start())
                found.append(_entry(" ".join(item[1].split()), at, key))
                key = found[-1].keys.stop
    return tuple(found)


def _entry(text: str, line: int, key: int) -> Entry:
    match = _ENTRY.fullmatch(text)
    head = match[1] if match else ""
    parts = [part for tex in _SYMBOLS.findall(head) for part in _COMMA.split(tex)]
    symbols, keys = map(str.strip, parts), range(key, key + max(len(parts), 1))
    return Entry(tuple(symbols), tuple(_VARIABLE.findall(head)), line, keys)


def symbols(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The symbols of a notation by their keys, the first of which is 1."""
    return tuple(tex for entry in entries for tex in entry.symbols or ("",))


def marks(module: Module) -> Iterator[Mark]:
    """A mark around each variable of the notation, wherever the code names it."""
    keys = defaultdict[str, list[int]](list)
    for entry in notation(module):
        for name in entry.variables:
            keys[name] += entry.keys
    for name, line, start in _names(module):
        if name in keys:
            shown = {"data-n": " ".join(map(str, keys[name]))}
            yield Mark(line, start, start + len(name), "span", shown)


# What a module says is remembered from build to build of a preview.
@lru_cache(maxsize=1024)
def _names(module: Module) -> tuple[tuple[str, int, int], ...]:
    """The names in the code of a module, with line and column.

    The keyword of a call is none, as in `x.mean(dim=1)`, unless it is given what has
    its name, as in `MLP(dim=dim)`.
    """
    # As it is counted: a line of it ends in one way only.
    lines = [line.rstrip("\r\n") for line in module.lines]
    source = "\n".join([*lines, ""])
    others = {
        (node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode()))
        for node in ast.walk(syntax_tree(source))
        if isinstance(node, ast.keyword)
        and node.arg != getattr(node.value, "id", getattr(node.value, "attr", None))
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    names = (item for item in tokens if item.type == token.NAME)
    return tuple((n.string, *n.start) for n in names if n.start not in others)


def check(module: Module, diagnostics: Diagnostics) -> None:
    """Note each item of the notation that is no entry, or names what is not there.

    A variable is a name in the code of the module, or a word in its examples.
    """
    named = {name for name, *_ in _names(module)}
    for prose in module.prose:
        named.update(*map(_WORD.findall, example_sources(prose.text)))
    for entry in notation(module):
        problems = [
            f"no code and no example of this module names “{variable}”"
            for variable in entry.variables
            if variable not in named
        ]
        if not (entry.symbols or entry.variables):
            problems = ["an item of the notation is “$symbol$, `variable`: meaning”"]
        for problem in problems:
            diagnostics.add(Place(module.path, entry.line), problem, "notation")
