r"""# Contents: what a book holds, on the page that opens it

A package often opens with a module that says nothing. Its page then lists what there is
to read: each module, and the first line of its prose.
"""

from html import escape

from litweave.book import Book, Chapter
from litweave.names import Target
from litweave.page import opening
from litweave.words import heading


def contents(book: Book, page: str) -> str:
    """The list of all chapters but this page's own, as HTML."""
    chapters = [chapter for uri, chapter in book.chapters.items() if uri != page]
    items = "\n".join(_item(book, chapter, page) for chapter in chapters)
    return f'<ul class="weave-contents">\n{items}\n</ul>'


def _item(book: Book, chapter: Chapter, page: str) -> str:
    address = escape(book.href(Target("", chapter.page, ""), page))
    link = f'<a href="{address}"><code>{escape(chapter.name)}</code></a>'
    return f"<li>{link} {_first_line(chapter)}</li>"


def _first_line(chapter: Chapter) -> str:
    """What the module says first, as plain words."""
    texts = opening(chapter.module)
    lines = (line.strip("#= \t") for text in texts for line in text.split("\n"))
    first = next(filter(None, lines), "")
    return heading(first, first, chapter.module.path) if first else ""
