"""What a module of the book imports, and what imports it."""

import re
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features.links import references
from litweave.features.links.resolve import Meanings
from litweave.words import said
from support import book_of

FILES = {
    "__init__.py": '"""# All"""\nfrom pkg.layers.gelu import GELU\n',
    "layers/__init__.py": '"""# The *layers*"""\nfrom .gelu import GELU\n',
    "layers/gelu.py": "# A licence.\n"
    '"""# GELU & more"""\nimport torch\nclass GELU: pass\nC = 1\n',
    "by_package.py": "from pkg.layers import GELU\n",
    "by_module.py": "from pkg.layers import gelu\nimport pkg.layers.gelu\n",
    "by_constant.py": "def f():\n    from pkg.layers.gelu import C\n",
    "by_star.py": "from pkg.layers.gelu import *\n",
    "alone.py": "import os\nimport pkg2\nfrom pkg.nowhere import x\n",
    "itself.py": "from pkg import itself\n",
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = book_of(tmp_path, FILES)
    references.list_uses(book, Meanings.read(book.modules))
    return book


@pytest.mark.parametrize(
    ("page", "used"),
    [
        ("index.md", ["layers/gelu.md"]),
        ("layers/index.md", ["layers/gelu.md"]),
        ("layers/gelu.md", []),
        ("by_package.md", ["layers/gelu.md"]),
        ("by_module.md", ["layers/gelu.md"]),
        ("by_constant.md", ["layers/gelu.md"]),
        ("by_star.md", ["layers/gelu.md"]),
        ("itself.md", []),
    ],
)
def test_what_a_module_imports(book: Book, page: str, used: list[str]) -> None:
    assert references.imports(book, Meanings.read(book.modules))[page] == used


def shown(book: Book, page: str) -> dict[str, list[tuple[str, str]]]:
    panels = said("".join(book.chapters[page].overlay.endnotes))
    lists = re.findall(r"<h2>([^<]*)</h2><ul>(.*?)</ul>", panels)
    link = r'<a href="([^"]*)">([^<]*)</a>'
    return {name: re.findall(link, items) for name, items in lists}


def test_the_lists_on_a_page(book: Book) -> None:
    assert shown(book, "by_package.md") == {
        "Uses": [("../layers/gelu/", "GELU &amp; more")]
    }
    found = shown(book, "layers/gelu.md")
    assert list(found) == ["Used by"]
    assert ("../../", "All") in found["Used by"]
    assert ("../", "The layers") in found["Used by"]
    assert ("../../by_star/", "pkg.by_star") in found["Used by"]
    assert len(found["Used by"]) == 6


def test_a_page_that_uses_nothing_shows_nothing(book: Book) -> None:
    assert book.chapters["itself.md"].overlay.endnotes == []
