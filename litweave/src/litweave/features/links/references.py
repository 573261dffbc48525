r"""# References: names in the code are links

A name in the code leads to what it names: a class or a function of the book to its row,
one of a library to its documentation. The pieces come from elsewhere:

```text
scopes ──▶ meanings ──▶ what a name means ──┬─ ours ─────▶ its row, by the book
                                            └─ outside ──▶ its address, by libraries
```

Of a chain such as `nn.functional.gelu`, the longest beginning that leads anywhere is
the link. Pointing at it shows the signature and a line about it. These texts are in one
table on the page, by address, since a page may name the same thing fifty times; the tip
tells what its link leads to.

The keyboard would have to pass all fifty. So among the links of a row, only the first
to each place is a stop of the tab key. Nothing is lost: the others lead to the same.
"""

import ast
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from litweave.book import Book, Chapter
from litweave.diagnostics import Place
from litweave.features.links.libraries import Answers, Facts, address, ask
from litweave.features.links.resolve import Meanings
from litweave.features.links.scopes import Chain, Code, Thing
from litweave.features.links.signatures import signature, summary, title
from litweave.names import Target
from litweave.overlay import Mark
from litweave.parse import Module

# What stands for an instance of a class leads to the class.
_MADE = ("instance", "many")


@dataclass(frozen=True)
class Link:
    """A piece of a line that leads somewhere, and what its tip tells of the place.

    What is told is the signature, a line about it and, if that lies outside of the
    site, where.
    """

    line: int
    start: int
    end: int
    href: str
    told: tuple[str, ...]

    @property
    def is_outside(self) -> bool:
        """Whether it leads out of the site."""
        return len(self.told) > 2


def enrich(book: Book, meanings: Meanings, cache: Path) -> Answers:
    """Make links of the names in the code of each page.

    `cache` is a file that keeps what is known about libraries. A name that a library
    does not have is a problem.
    """
    chains = {
        page: [(chain, tuple(meanings.steps(chain))) for chain in code.chains]
        for page, code in _codes(book, meanings)
    }
    met = {t.name for found in chains.values() for _, steps in found for _, t in steps}
    answers = ask({name for name in met if not meanings.is_ours(name)}, cache)
    linker = _Linker(book, meanings, answers.facts)
    for page, found in chains.items():
        chapter = book.chapters[page]
        linker.check(chapter, found)
        links = list(linker.links(page, found))
        if links:
            chapter.overlay.marks.extend(marks(chapter.module, links))
            chapter.overlay.tools.append(table(links))
    return answers


def marks(module: Module, links: Sequence[Link]) -> Iterator[Mark]:
    """The links as elements, of which the keyboard stops at the first of each kind."""
    rows = {line: row.start for row in module.rows for line in row.code}
    seen = set()
    for link in links:
        attributes = {"href": link.href}
        if link.is_outside:
            attributes["rel"] = "external"
        here = rows.get(link.line), link.href
        if here in seen:
            attributes["tabindex"] = "-1"
        seen.add(here)
        yield Mark(link.line, link.start, link.end, "a", attributes)


def table(links: Sequence[Link]) -> str:
    """What the tips of a page say, by the addresses of its links."""
    told = {link.href: link.told for link in reversed(links)}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    # Within a script element, only the end of it has a meaning.
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="weave-references">{text}</script>'


# ## From a thing to its place

_Steps: TypeAlias = tuple[tuple[int, Thing], ...]
_Chains: TypeAlias = Sequence[tuple[Chain, _Steps]]


def _codes(book: Book, meanings: Meanings) -> Iterator[tuple[str, Code]]:
    for page, chapter in book.chapters.items():
        yield page, meanings.codes[chapter.name]


def _order(item: tuple[Chain, _Steps]) -> tuple[int, int, int]:
    found, _ = item
    return found.line, found.start, -len(found.parts)


@dataclass
class _Linker:
    book: Book
    meanings: Meanings
    facts: Facts

    def __post_init__(self) -> None:
        every = itertools.chain.from_iterable(self.book.context.names.by_end.values())
        self.targets = {target.name: target for target in every}
        self.told: dict[str, tuple[str, ...]] = {}

    def check(self, chapter: Chapter, chains: _Chains) -> None:
        """Note the names that a library does not have."""
        for chain, steps in chains:
            for _, thing in () if chain.guarded else steps:
                fact = self.facts.get(thing.name)
                module, _, last = thing.name.rpartition(".")
                # What is private comes and goes as it likes.
                if fact and fact.kind == "missing" and not last.startswith("_"):
                    near = f"; did you mean “{fact.near}”?" if fact.near else ""
                    place = Place(chapter.module.path, chain.line)
                    message = f"“{module}” has no “{last}”{near}"
                    self.book.context.diagnostics.add(place, message, "name")

    def links(self, page: str, chains: _Chains) -> Iterator[Link]:
        """The links of a page, in the order of the text."""
        line, column = 0, 0
        for chain, steps in sorted(chains, key=_order):
            if chain.line != line:
                line, column = chain.line, 0
            link = self.link(page, chain, steps)
            # Where Python miscounts within a string, two may seem to overlap.
            if link and link.start >= column:
                column = link.end
                yield link

    def link(self, page: str, chain: Chain, steps: _Steps) -> Link | None:
        """The longest beginning of a chain that leads anywhere, if any does."""
        for end, thing in reversed(steps):
            if place := self.place(thing, page):
                return Link(chain.line, chain.start, end, *place)
        return None

    def place(self, thing: Thing, page: str) -> tuple[str, tuple[str, ...]] | None:
        """The address of a thing, and what there is to tell of it."""
        if not self.meanings.is_ours(thing.name):
            return self.outside(thing)
        target = self.targets.get(thing.name)
        if target is None or (target.page == page and not target.anchor):
            return None
        return self.book.href(target, page), self.inside(target)

    def outside(self, thing: Thing) -> tuple[str, tuple[str, ...]] | None:
        href = address(thing.name, self.facts)
        fact = self.facts.get(thing.name)
        if not href or not fact or (thing.kind in _MADE and fact.kind != "class"):
            return None
        of_type = fact.kind == "data" and href.endswith(f"#{fact.type}")
        name = fact.type if of_type else thing.name
        return href, (fact.signature or name, fact.summary, urlsplit(href).netloc)

    def inside(self, target: Target) -> tuple[str, ...]:
        if target.name not in self.told:
            self.told[target.name] = tuple(self._tell(target))
        return self.told[target.name]

    def _tell(self, target: Target) -> Iterator[str]:
        node = self.meanings.definitions.get(target.name)
        if node is None:
            yield target.name
            yield title(self.book.chapters[target.page].module)
            return
        # A class is called as its `__init__` is, wherever it has that from.
        made = self.meanings.attribute(Thing(target.name), "__init__")
        called = self.meanings.definitions.get(made.name) if made else node
        yield signature(target.anchor, called)
        yield summary(ast.get_docstring(node))
