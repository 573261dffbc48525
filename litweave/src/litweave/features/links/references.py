r"""# References: names in the code are links

A class or a function of the book leads to its row, one of a library to its
documentation:

```text
scopes ──▶ resolve ──▶ what a name means ──┬─ ours ─────▶ its row, by the book
                                           └─ outside ──▶ its address, by libraries
```

Of a chain such as `nn.functional.gelu`, the longest beginning that leads anywhere is
the link. Pointing at it shows the signature and a line about it, which are in one table
on the page, by address. Among the links of a row, only the first to each place is a
stop of the tab key.

Each page ends with two lists: the modules that it imports, and those that import it.
"""

import ast
import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from litweave.book import Book, Chapter
from litweave.diagnostics import Place
from litweave.features.links.libraries import Answers, Facts, address, ask
from litweave.features.links.resolve import Meanings
from litweave.features.links.scopes import Chain, Thing
from litweave.features.links.signatures import plain, signature, summary
from litweave.names import Target
from litweave.overlay import Mark, island
from litweave.page import title
from litweave.parse import Module
from litweave.words import heading, word

if TYPE_CHECKING:
    from litweave.site import Site

_log = logging.getLogger("mkdocs.plugins.litweave")
_Chains: TypeAlias = Sequence[tuple[Chain, Sequence[tuple[int, Thing]]]]


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


def enrich(site: "Site") -> None:
    """Names in the code as links, and who uses whom."""
    cache = site.settings.cache / "libraries.json"
    found = link(site.book, site.meanings, cache)
    for library in found.absent:
        _log.info("%s is not installed: its names are no links", library)
    list_uses(site.book, site.meanings)


def link(book: Book, meanings: Meanings, cache: Path) -> Answers:
    """Make links of the names in the code of each page.

    `cache` is a file that keeps what is known about libraries. A name that a library
    does not have is a problem.
    """
    chains: dict[str, _Chains] = {
        page: [(c, [*meanings.steps(c)]) for c in meanings.codes[chapter.name].chains]
        for page, chapter in book.chapters.items()
    }
    met = {t.name for found in chains.values() for _, steps in found for _, t in steps}
    answers = ask({name for name in met if not meanings.is_ours(name)}, cache)
    linker = _Linker(book, meanings, answers.facts)
    for page, found in chains.items():
        chapter = book.chapters[page]
        linker.check(chapter, found)
        links = list(linker.links(page, found))
        if links:
            chapter.overlay.marks.extend(_marks(chapter.module, links))
            chapter.overlay.tools.append(_table(links))
    return answers


def _marks(module: Module, links: Sequence[Link]) -> Iterator[Mark]:
    """The links as elements, of which the keyboard stops at the first of each kind."""
    rows = {line: row.start for row in module.rows for line in row.code}
    seen = set()
    for link in links:
        attributes = {"href": link.href}
        if len(link.told) > 2:
            attributes["rel"] = "external"
        here = rows.get(link.line), link.href
        if here in seen:
            attributes["tabindex"] = "-1"
        seen.add(here)
        yield Mark(link.line, link.start, link.end, "a", attributes)


def _table(links: Sequence[Link]) -> str:
    """What the tips of a page say, by the addresses of its links."""
    told = {link.href: link.told for link in reversed(links)}
    return island("weave-references", told)


# ## From a thing to its place


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
        order = attrgetter("line", "start")
        for chain, steps in sorted(chains, key=lambda item: order(item[0])):
            if chain.line != line:
                line, column = chain.line, 0
            places = ((end, self.place(thing, page)) for end, thing in reversed(steps))
            end, place = next(((end, p) for end, p in places if p), (0, None))
            # Where Python miscounts within a string, two may seem to overlap.
            if place and chain.start >= column:
                column = end
                yield Link(line, chain.start, end, *place)

    def place(self, thing: Thing, page: str) -> tuple[str, tuple[str, ...]] | None:
        """The address of a thing, and what there is to tell of it."""
        if not self.meanings.is_ours(thing.name):
            return self.outside(thing)
        target = self.targets.get(thing.name)
        if target is None or (target.page == page and not target.anchor):
            return None
        if target.name not in self.told:
            self.told[target.name] = self.tell(target)
        return self.book.href(target, page), self.told[target.name]

    def outside(self, thing: Thing) -> tuple[str, tuple[str, ...]] | None:
        href = address(thing.name, self.facts)
        fact = self.facts.get(thing.name)
        # What stands for an instance of a class leads to the class.
        is_made = thing.kind in ("instance", "many")
        if not href or not fact or (is_made and fact.kind != "class"):
            return None
        of_type = fact.kind == "data" and href.endswith(f"#{fact.type}")
        name = fact.type if of_type else thing.name
        return href, (fact.signature or name, fact.summary, urlsplit(href).netloc)

    def tell(self, target: Target) -> tuple[str, ...]:
        node = self.meanings.definitions.get(target.name)
        if node is None:
            return target.name, plain(title(self.book.chapters[target.page].module))
        # A class is called as its `__init__` is, wherever it has that from.
        made = self.meanings.attribute(Thing(target.name), "__init__")
        called = self.meanings.definitions.get(made.name) if made else node
        return signature(target.anchor, called), summary(ast.get_docstring(node))


# ## Which module imports which


def list_uses(book: Book, meanings: Meanings) -> None:
    """Show on each page what it uses, and what uses it."""
    uses = imports(book, meanings)
    for page, chapter in book.chapters.items():
        used_by = [other for other in uses if page in uses[other]]
        both = [(word("Uses"), uses[page]), (word("Used by"), used_by)]
        lists = "".join(_list(book, page, *shown) for shown in both if shown[1])
        if lists:
            panel = f'<section class="weave-panel weave-uses">{lists}</section>'
            chapter.overlay.endnotes.append(panel)


def imports(book: Book, meanings: Meanings) -> dict[str, list[str]]:
    """The pages of the modules that each page's module imports, in the book's order.

    What an import only passes on counts for the module where it is defined.
    """
    pages = {chapter.name: page for page, chapter in book.chapters.items()}
    found = {}
    for page, chapter in book.chapters.items():
        names = set(_modules(chapter, meanings)) - {chapter.name}
        found[page] = [pages[name] for name in pages if name in names]
    return found


def _modules(chapter: Chapter, meanings: Meanings) -> Iterator[str]:
    for name in meanings.codes[chapter.name].imports:
        thing = meanings.settle(name)
        # A constant has no place of its own, but its module has.
        module = meanings.module(thing.name) if thing else None
        yield module or meanings.module(name) or ""


def _list(book: Book, page: str, name: str, pages: Sequence[str]) -> str:
    items = "".join(f"<li>{_link(book, page, other)}</li>" for other in pages)
    return f"<h2>{name}</h2><ul>{items}</ul>"


def _link(book: Book, page: str, other: str) -> str:
    chapter = book.chapters[other]
    href = book.href(Target(chapter.name, other, ""), page)
    said, path = title(chapter.module), chapter.module.path
    words = heading(plain(said), said, path) if said else escape(chapter.name)
    return f'<a href="{escape(href)}">{words}</a>'
