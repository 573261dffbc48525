"""Variables: the names in the code that a notation ties to its letters.

A name counts wherever it stands, but for the keyword of a call: in `x.mean(dim=1)`,
`dim` is what torch calls an axis. In `MLP(dim=dim)`, it is the variable itself.
"""

import ast
import io
import token
import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.doctests import sources
from litweave.features.symbols.symbols import (
    Entry,
    Symbols,
    is_symbol,
    items,
    notation,
    pattern,
)
from litweave.overlay import Mark, island
from litweave.parse import Module
from litweave.syntax import syntax_tree

if TYPE_CHECKING:
    from litweave.site import Site

Values = Mapping[str, Sequence[float | Sequence[int]]]
"""What variables were in the examples of a module: numbers, or pairs of them."""


def enrich(site: "Site") -> None:
    """Know what the letters of each page stand for; the shapes tell the values."""
    read(site.book)


def read(book: Book) -> None:
    """Find the symbols of each page, for its prose; note what is wrong with them."""
    for page, chapter in book.chapters.items():
        check(chapter.module, book.context.diagnostics)
        symbols = Symbols.of(notation(chapter.module))
        if symbols.keys:
            book.context.symbols[page] = symbols


def show(book: Book, values: Mapping[str, Values]) -> None:
    """Tie the symbols of each page to its code.

    `values` are those of the variables, by page.
    """
    for page, symbols in book.context.symbols.items():
        assert isinstance(symbols, Symbols)  # as `enrich` has noted them
        chapter = book.chapters[page]
        chapter.overlay.marks.extend(marks(chapter.module, symbols))
        data = _data(chapter.module, symbols, values.get(page, {}))
        chapter.overlay.tools.append(data)


def _data(module: Module, symbols: Symbols, values: Values) -> str:
    """What the page's script has to know, in the order of the list."""

    def known(entry: Entry) -> dict[str, object]:
        shown = {name: values.get(name, ()) for name in entry.variables}
        return {"keys": list(symbols.keys[entry]), "values": shown}

    entries = [entry and known(entry) for _, entry in items(module)]
    return island("weave-notation", entries)


# ## In code


def marks(module: Module, symbols: Symbols) -> Iterator[Mark]:
    """A mark around each variable of the notation, wherever the code names it."""
    keys = symbols.variables()
    source = _plain(module)
    others = _keywords_of_others(source)
    for name, line, start in _names(source):
        if name in keys and (line, start) not in others:
            end = start + len(name)
            yield Mark(line, start, end, "span", {"data-n": keys[name]})


def _plain(module: Module) -> str:
    """The source as it is counted: a line of it ends in one way only."""
    return "".join(line.rstrip("\r\n") + "\n" for line in module.lines)


# What a text says is remembered from build to build of a preview.
@lru_cache(maxsize=4096)
def _names(source: str) -> tuple[tuple[str, int, int], ...]:
    """The names in some code, with line and column; none behind a mistake in it."""
    found = []
    with suppress(tokenize.TokenError, SyntaxError):
        for item in tokenize.generate_tokens(io.StringIO(source).readline):
            if item.type == token.NAME:
                found.append((item.string, *item.start))
    return tuple(found)


@lru_cache(maxsize=1024)
def _keywords_of_others(source: str) -> frozenset[tuple[int, int]]:
    """Where a keyword only happens to have the name of a variable."""
    lines = source.split("\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's string
        tree = syntax_tree(source)
    keywords = (node for node in ast.walk(tree) if isinstance(node, ast.keyword))
    return frozenset(
        (node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode()))
        for node in keywords
        if node.arg != getattr(node.value, "id", getattr(node.value, "attr", None))
    )


# ## Checks


def check(module: Module, diagnostics: Diagnostics) -> None:
    """Note what is wrong with the notation of a module.

    Each item must be an entry, each symbol a symbol and in one entry only, and each
    variable an identifier that the code of the module or of its examples names.
    """
    listed = items(module)
    named = _named(module) if listed else set()
    seen: set[tuple[str, ...]] = set()
    for line, entry in listed:
        for message in _faults(entry, named, seen):
            diagnostics.add(Place(module.path, line), message, "notation")


def _faults(
    entry: Entry | None, named: set[str], seen: set[tuple[str, ...]]
) -> Iterator[str]:
    if entry is None:
        yield "an item of the notation is “$symbol$, `variable`: meaning”"
        return
    for symbol in entry.symbols:
        if not is_symbol(symbol):
            yield f"“{symbol}” is no symbol: let a letter with its scripts stand alone"
        if pattern(symbol) in seen:
            yield f"“{symbol}” is in the notation twice"
        seen.add(pattern(symbol))
    for variable in entry.variables:
        if not variable.isidentifier():
            yield f"“{variable}” is no identifier: name a variable of the code"
        elif variable not in named:
            yield f"no code and no example of this module names “{variable}”"


def _named(module: Module) -> set[str]:
    """The names in the code of a module, and in the examples in its prose."""
    examples = (source for prose in module.prose for source in sources(prose.text))
    code = (_plain(module), *examples)
    return {name for source in code for name, _, _ in _names(source)}
