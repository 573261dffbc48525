r"""# Uses: which module imports which

Each page ends with two lists: the modules that it imports, and those
that import it. They are the annotated modules of the book alone; what an import only
passes on counts for the module where it is defined.

The lists come from the `import` statements, wherever in the source they stand, and say
what is imported directly.
"""

from collections.abc import Iterator, Sequence
from html import escape

from litweave.book import Book, Chapter
from litweave.features.links.resolve import Meanings
from litweave.features.links.signatures import heading
from litweave.names import Target
from litweave.words import word


def enrich(book: Book, meanings: Meanings) -> None:
    """Show on each page what it uses, and what uses it."""
    uses = imports(book, meanings)
    for page, chapter in book.chapters.items():
        used_by = [other for other in uses if page in uses[other]]
        both = [(word("Uses"), uses[page]), (word("Used by"), used_by)]
        shown = [_list(book, page, name, pages) for name, pages in both if pages]
        if shown:
            lists = "".join(shown)
            panel = f'<section class="weave-panel weave-uses">{lists}</section>'
            chapter.overlay.endnotes.append(panel)


def imports(book: Book, meanings: Meanings) -> dict[str, list[str]]:
    """The pages of the modules that each page's module imports, in the book's order."""
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
    words = heading(chapter.module) or escape(chapter.name)
    return f'<a href="{escape(href)}">{words}</a>'
