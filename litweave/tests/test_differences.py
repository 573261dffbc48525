"""Two definitions side by side: what is shown, what is marked, what is refused."""

import html
import re
from pathlib import Path
from textwrap import dedent

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from litweave.book import Book
from litweave.diagnostics import Place
from litweave.features.diff import FRAME, aligned, code, framed
from litweave.overlay import filled
from litweave.parse import parse
from support import book_of

MODULE = '''\
import math


class First:
    """## The first"""

    def __init__(self, size: int) -> None:
        """Build it."""
        # Why it is so.
        self.norm = Norm(size)
        self.mix = Mixing(size, size)

    def forward(self, x):
        u = x + self.mix(self.norm(x))
        return u


class Second:
    """## The second"""

    def __init__(self, size: int) -> None:
        self.mix = Gating(size, size)

    def forward(self, x):
        u = x + self.mix(x)
        # One more line.
        y = u + 1
        return y


def silent():
    """Only words."""
'''
MARKDOWN = "# Page\n\n```difference\nFirst\nSecond\n```\n\nAfter.\n"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return book_of(tmp_path, {"blocks.py": MODULE})


def show(book: Book, markdown: str = MARKDOWN) -> tuple[str, str]:
    """The Markdown with its frames, and when they are filled."""
    text, tables = framed(markdown, Place("page.md", 1), "page.md", book)
    return text, filled(text, FRAME, tables)


def test_the_code_is_the_definition_without_its_prose() -> None:
    module = parse(MODULE)
    second = MODULE.partition("class Second:\n")[2].partition("\n\ndef")[0]
    for prose in ('    """## The second"""\n\n', "        # One more line.\n"):
        second = second.replace(prose, "")
    assert code(module, "Second") == f"class Second:\n{second}"
    assert code(module, "Second.forward") == dedent(second.partition("\n\n")[2])
    assert code(module, "silent") == "def silent():\n    pass\n"
    assert code(module, "").startswith("import math\n\n\nclass First:\n")


LINES = st.lists(st.sampled_from(["a = b", "a = c", "f(a, b)", "", ")", "  a = b"]))


@given(LINES, LINES)
def test_each_line_is_shown_once_in_order(before: list[str], after: list[str]) -> None:
    pairs = aligned(before, after)
    assert [i for i, _ in pairs if i is not None] == [*range(len(before))]
    assert [j for _, j in pairs if j is not None] == [*range(len(after))]
    assert (None, None) not in pairs
    assert aligned(before, before) == [(i, i) for i in range(len(before))]


def test_the_columns_hold_both_codes_with_marks_on_what_differs(book: Book) -> None:
    text, filled = show(book)
    # Not by BeautifulSoup, which takes the spaces before an element for nothing.
    cells = re.findall("<td>(.*?)</td>", filled)
    shown = [html.unescape(re.sub("<[^>]*>", "", cell)) for cell in cells]
    for column, name in enumerate(("First", "Second")):
        lines = [line for line in shown[column::2] if line]
        expected = code(parse(MODULE), name).split("\n")
        assert lines == [line for line in expected if line]
    page = BeautifulSoup(filled, "html.parser")
    gone, come = ([cell.get_text() for cell in page(tag)] for tag in ("del", "ins"))
    assert gone == ["First", "self.norm = Norm(size)", "Mixing", "self.norm(", ")", "u"]
    assert come == ["Second", "Gating", "y = u + 1", "y"]
    assert aligned(["import torch"], ["return y"]) == [(None, 0), (0, None)]
    same = page.select(".weave-same tr")
    assert same
    assert not any(row.find(["del", "ins"]) for row in same)
    # The heads lead to the definitions, and what follows keeps its line.
    links = [(head.get_text(), head.a["href"]) for head in page.find_all("th")]
    assert links == [("First", "../blocks/#First"), ("Second", "../blocks/#Second")]
    assert text.split("\n").index("After.") == MARKDOWN.split("\n").index("After.")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("First\nThird", "page.md:3: nothing is named “Third”"),
        ("First", "page.md:3: a difference is of two names, one a line, not of 1"),
        ("First\nSecond\nFirst", "one a line, not of 3"),
    ],
)
def test_what_cannot_be_shown_is_a_problem_with_its_line(
    book: Book, names: str, message: str
) -> None:
    markdown = MARKDOWN.replace("First\nSecond", names)
    # Other fences stay as they are, too.
    markdown += f"````\n{MARKDOWN}````\n\n```python\nFirst\n```\n"
    assert show(book, markdown)[0] == markdown
    assert message in str(book.context.diagnostics)
