r"""# Links: names in the code lead to what they name

What a name means is found by `meanings`. What is of the book leads to its row, and what
is of a library to where `libraries` says that it is documented. Of a chain such as
`nn.functional.gelu`, the longest beginning that leads anywhere is the link. Among the
links of a row, only the first to each place is a stop of the tab key.
"""

import ast
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from litweave import process
from litweave.book import Book
from litweave.cache import answers, digest, installed
from litweave.features.links import libraries
from litweave.features.links.libraries import Answer, plain, summary
from litweave.features.links.meanings import Meanings, Meant, Thing
from litweave.names import Target
from litweave.overlay import Mark, island
from litweave.page import title
from litweave.words import heading, word

if TYPE_CHECKING:
    from litweave.site import Site


def enrich(site: "Site") -> None:
    """Names in the code as links, and who uses whom."""
    meanings = Meanings(site.book.modules)
    link(site.book, meanings, site.settings.cache / "libraries.json")
    list_uses(site.book, meanings)


def link(book: Book, meanings: Meanings, cache: Path) -> None:
    """Make links of the names in the code; the cache keeps what libraries say."""
    uses = {page: [*meanings.uses(c.name)] for page, c in book.chapters.items()}
    things = (t for found in uses.values() for *_, steps in found for _, t in steps)
    names = {thing.name for thing in things if not meanings.is_ours(thing.name)}
    linker = _Linker(book, meanings, ask(names, cache))
    for page, found in uses.items():
        linker.lay(page, found)


class _Linker:
    def __init__(
        self, book: Book, meanings: Meanings, answers: Mapping[str, Answer]
    ) -> None:
        self.book, self.meanings, self.answers = book, meanings, answers
        self.told = lru_cache(None)(self.tell)
        self.place = lru_cache(None)(self.find)

    def lay(self, page: str, uses: Iterable[Meant]) -> None:
        """Lay links over the code of a page, and the table of what their tips say."""
        chapter = self.book.chapters[page]
        rows = {line: row.start for row in chapter.module.rows for line in row.code}
        table, stops, free = dict[str, Sequence[str]](), set(), (0, 0)
        for line, start, steps in uses:
            places = ((end, self.place(thing, page)) for end, thing in reversed(steps))
            end, place = next((found for found in places if found[1]), (0, None))
            # Where Python miscounts within a string, two may seem to overlap.
            if place and (line, start) >= free:
                (href, *told), free = place, (line, end)
                attributes = {"href": href}
                if len(told) > 2:
                    attributes["rel"] = "external"
                if (rows.get(line), href) in stops:
                    attributes["tabindex"] = "-1"
                stops.add((rows.get(line), href))
                table.setdefault(href, told)
                chapter.overlay.marks.append(Mark(line, start, end, "a", attributes))
        if table:
            chapter.overlay.tools.append(island("weave-references", table))

    def find(self, thing: Thing, page: str) -> tuple[str, ...] | None:
        """The address of a thing, how it is called, what for, and where, if outside."""
        if not self.meanings.is_ours(thing.name):
            answer = self.answers.get(thing.name)
            # What stands for an instance of a class leads to the class.
            is_made = thing.kind in ("instance", "many")
            if answer is None or (is_made and not answer.is_class):
                return None
            return *answer[:3], str(urlsplit(answer.href).netloc)
        found = self.book.context.names.by_end.get(thing.name, [])
        target = next((one for one in reversed(found) if one.name == thing.name), None)
        if target is None or (target.page == page and not target.anchor):
            return None
        return self.book.href(target, page), *self.told(target)

    def tell(self, target: Target) -> tuple[str, str]:
        node = self.meanings.nodes.get(target.name)
        if node is None:
            return target.name, plain(title(self.book.chapters[target.page].module))
        # A class is called as its `__init__` is, wherever it has that from.
        made = self.meanings.attribute(Thing(target.name), "__init__")
        function = self.meanings.nodes.get(made.name) if made else node
        said = summary(ast.get_docstring(node) or "")
        if function is None or isinstance(function, ast.ClassDef):
            return target.anchor, said
        return _called(target.anchor, function), said


# Where the default follows of what has a type: `ast.unparse` leaves no space around it.
_DEFAULT = re.compile(r"(: (?:(?!, \w+=)[^=])+)=(?!=)")


def _called(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """How a function is called by its source; without types, if too long with them."""
    args = deepcopy(node.args)
    first = args.posonlyargs or args.args
    if first and first[0].arg in ("self", "cls"):
        del first[0]
    whole = _DEFAULT.sub(r"\1 = ", f"{name}({ast.unparse(args)})")
    if node.returns and node.name != "__init__":
        whole += f" -> {ast.unparse(node.returns)}"
    if len(whole) <= libraries.LONGEST_SIGNATURE:
        return whole
    for part in ast.walk(args):
        if isinstance(part, ast.arg):
            part.annotation = None
    return f"{name}({ast.unparse(args)})"


def ask(names: Collection[str], cache: Path) -> dict[str, Answer]:
    """What the libraries that names belong to have to tell of them.

    Only for names that are not in the file `cache`, or when what is installed is new,
    does a process import what is asked for.

    **Raises.** [`ChildError`][process.ChildError] if that process fails.
    """
    program = Path(libraries.__file__)
    key = digest(installed(), files=[program, program.with_suffix(".toml")])
    asked = [n for n in sorted(names) if n.partition(".")[0] in libraries.LIBRARIES]
    found = answers(cache, key, asked, _look_up)
    return {name: Answer(*answer) for name, answer in found.items() if answer}


def _look_up(names: Sequence[str]) -> Iterable[Any]:
    [said] = process.lines([sys.executable, "-I", libraries.__file__], names)
    return map(said.get, names)


def list_uses(book: Book, meanings: Meanings) -> None:
    """Show on each page which modules it imports, and which import it.

    What an import only passes on counts for the module where it is defined.
    """
    uses, pages = {}, {c.name: page for page, c in book.chapters.items()}
    for name, page in pages.items():
        names = {meanings.source(imported) for imported in meanings.codes[name].imports}
        uses[page] = [pages[n] for n in pages if n in names - {name}]
    for page, chapter in book.chapters.items():
        used_by = [other for other in uses if page in uses[other]]
        both = [(word("Uses"), uses[page]), (word("Used by"), used_by)]
        lists = "".join(_list(book, page, *shown) for shown in both if shown[1])
        if lists:
            panel = f'<section class="weave-panel weave-uses">{lists}</section>'
            chapter.overlay.endnotes.append(panel)


def _list(book: Book, page: str, name: str, pages: Sequence[str]) -> str:
    items = []
    for other in map(book.chapters.__getitem__, pages):
        href = escape(book.link(book.url(other.page), page))
        said, path = title(other.module), other.module.path
        words = heading(plain(said), said, path) if said else escape(other.name)
        items.append(f'<li><a href="{href}">{words}</a></li>')
    return f"<h2>{name}</h2><ul>{''.join(items)}</ul>"
