"""A module's rows become one Markdown document, and its HTML becomes the page."""

import re
import textwrap
from html import unescape

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown

from litweave.diagnostics import Diagnostics
from litweave.headings import HeadingAnchors, anchors
from litweave.highlight import breakable, breakable_blocks, lines
from litweave.katex import Formulas
from litweave.names import Names
from litweave.overlay import Mark, Overlay
from litweave.page import (
    WovenRow,
    addresses,
    beside,
    cut,
    document,
    flat,
    grid,
)
from litweave.parse import Module, parse
from litweave.prose import Context

SOURCE = '''\
"""# Title

Opening.[^1]

[^1]: A note.
"""

import os

# Set *things* up.
a = 1 < 2


class Mixer:
    r"""## The mixer

    It mixes $x$.
    """

    def __init__(self):
        """Begin."""
        # Its own comment.
        self.a = "<b>"

    def silent(self):
        return self

    # Set *things* up.
    b = 2
'''


def module(source: str = SOURCE) -> Module:
    return parse(textwrap.dedent(source), "pkg/mixer.py")


def context() -> Context:
    return Context(Names(), Formulas(), Diagnostics())


def woven(source: str = SOURCE, extra: Overlay | None = None) -> list[WovenRow]:
    parsed = module(source)
    markdown = Markdown(
        extensions=["toc", "footnotes", "fenced_code", "tables", HeadingAnchors()]
    )
    html = markdown.convert(document(parsed, "mixer.md", context()))
    return beside(cut(html, parsed), parsed, extra or Overlay())


# ## Anchors


def test_anchors_are_names_and_first_words() -> None:
    assert anchors(module()) == [
        ":title-opening-1-1-a-note",
        ":set-things-up",
        "Mixer",
        "Mixer.__init__",
        "Mixer.__init__:its-own-comment",
        "Mixer:set-things-up",
    ]


def test_rows_alike_are_told_apart_by_their_code() -> None:
    source = (
        "# Same.\na = 1\n# Same.\nb = 2\n# $x$\nc = 3\n# Same.\na = 1\n# Same.\na = 1\n"
    )
    assert anchors(module(source)) == [
        ":same",
        ":same-b-2",
        ":c-3",
        ":same-a-1",
        ":same~2",
    ]


def test_a_name_defined_twice_has_two_anchors() -> None:
    source = "# One.\ndef f(): ...\n# Two.\ndef f(): ...\n# Three.\ndef f(): ...\n"
    assert anchors(module(source)) == ["f", "f~2", "f~3"]


@given(
    st.lists(st.sampled_from(["# a", "# b $x$", "x = 1", "", "def f(): ...", "# é"]))
)
def test_no_two_addresses_are_alike(lines: list[str]) -> None:
    found = addresses(parse("\n".join(lines)))
    assert len(found) == len(set(found))
    assert all(found)
    assert not any(re.search(r"\s", address) for address in found)


def test_what_has_no_row_of_its_own_has_an_address() -> None:
    assert "Mixer.silent" in addresses(module())
    assert any('id="Mixer.silent"' in row.code for row in woven())


# ## The document


def test_a_docstring_that_is_not_raw_is_named() -> None:
    mistakes = context()
    document(module('"""One.\n\nA $\\alpha$.\n"""\n'), "mixer.md", mistakes)
    assert str(mistakes.diagnostics).startswith(
        "pkg/mixer.py:3: Python eats this backslash"
    )


def test_headings_have_their_names_for_anchors() -> None:
    html = "".join(row.prose for row in woven())
    assert '<h2 id="Mixer">The mixer</h2>' in html
    assert '<h3 id="Mixer.__init__"><code>Mixer.__init__</code></h3>' in html


def test_notes_work_across_rows() -> None:
    assert "A note." in woven()[-1].prose
    assert 'href="#fn:1"' in woven()[0].prose


def test_rows_that_markdown_swallowed_are_missed() -> None:
    with pytest.raises(ValueError, match=r"^3 pieces .* 1 came out"):
        cut("<p>One.</p>", module("# One.\na = 1\n# Two.\nb = 2\n"))


def test_a_module_without_a_title_has_its_name_for_one() -> None:
    assert document(module("x = 1\n"), "mixer.md", context()) == "# `mixer`"
    untitled = document(module('"""Words."""\n'), "mixer.md", context())
    assert untitled == "# `mixer`\n\nWords."


def test_a_class_without_words_is_a_heading_above_what_it_holds() -> None:
    source = 'class A:\n    def f(self):\n        """Words."""\n'
    _, first, second = woven(f"x = 1\n{source}")
    assert re.fullmatch(r'<h2 id="A"><code>A</code></h2>', first.prose)
    assert second.prose.startswith('<h3 id="A.f">')
    assert text(first.code) == "class A:\n"


def test_a_title_comes_before_the_licence_above_it() -> None:
    text = document(module('# The licence.\n"""# Title"""\n'), "mixer.md", context())
    assert text == "# Title\n\nThe licence."


# ## The order of a page

ESSAY = '''\
# The licence.
r"""# Title

Opening.

## Why

Because [of this][1].

```text
## No heading, but code.
```

Underlined
----------

Below it.

## Notation

- $x$, `x`: a number

[1]: https://example.org
"""

import os


def f(x):
    """## The function

    Its words.

    ### Why

    Its own.
    """
'''


def headings(rows: list[WovenRow]) -> list[str]:
    html = "".join(row.prose for row in rows)
    return [text(found) for found in re.findall(r"<h\d.*?</h\d>", html)]


def test_sections_of_the_opening_follow_the_code() -> None:
    rows = woven(ESSAY)
    expected = ["Title", "Notation", "The function", "Why", "Why", "Underlined"]
    assert headings(rows) == expected
    assert rows[-1].row is None
    assert "The licence." in rows[0].prose
    assert 'href="https://example.org"' in rows[-1].prose
    assert "## No heading, but code." in rows[-1].prose


def test_what_closes_a_page_is_found_by_search_and_follows_the_last_row() -> None:
    rows = woven(ESSAY)
    assert text(flat(rows, module(ESSAY))).rindex("Below it.") > 0
    page = grid(rows, "pkg/mixer.py", Overlay())
    assert page.index("Its words.") < page.index("weave-closing")
    assert page.index("weave-closing") < page.index("Because")


def test_a_module_of_one_row_keeps_its_order() -> None:
    source = ESSAY.partition("\n\ndef")[0]
    rows = woven(source)
    assert headings(rows) == ["Title", "Why", "Underlined", "Notation"]
    assert len(rows) == 1


def test_the_notation_is_folded_and_keeps_its_address() -> None:
    page = BeautifulSoup(grid(woven(ESSAY), "m.py", Overlay()), "html.parser")
    opening = page.select_one(".weave-opening")
    assert opening
    notation = opening.select_one("details:not([open])")
    assert notation
    assert notation.select_one("summary#notation")
    assert notation.select_one("li").get_text().endswith("a number")  # type: ignore[union-attr]
    assert "Opening." not in notation.get_text()


def test_a_mistake_in_a_section_that_moved_has_its_line() -> None:
    source = ESSAY.replace("Below it.", "Below [it][nowhere].")
    mistakes = context()
    document(module(source), "mixer.md", mistakes)
    line = source.split("\n").index("Below [it][nowhere].") + 1
    assert [problem.place.line for problem in mistakes.diagnostics.found] == [line]


# ## The page


def text(code: str) -> str:
    """What a reader sees of some HTML."""
    return unescape(re.sub(r"<[^>]*>", "", code))


def test_each_row_has_its_own_code() -> None:
    parsed = module()
    rows = [row for row in woven() if row.row]
    for row, original in zip(rows, parsed.rows, strict=True):
        assert text(row.code) == parsed.code(original)


def test_lines_have_their_numbers_in_the_file() -> None:
    parsed = module()
    for row in woven():
        if row.row is None:
            assert not row.code
            continue
        numbers = [int(n) for n in re.findall(r'data-line="(\d+)"', row.code)]
        assert numbers == list(row.row.code)
        assert all(parsed.lines[n - 1] in parsed.text(row.row) for n in numbers)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_stay_in_step_whatever_ends_them(ending: str) -> None:
    source = 'a = """\n\x0c\n"""\n# P\n\tb = 1\n'.replace("\tb", "b").replace(
        "\n", ending
    )
    rows = woven(source)
    assert text(rows[1].code).strip() == "b = 1"


def test_every_row_can_be_linked_to() -> None:
    page = grid(woven(), "pkg/mixer.py", Overlay())
    for anchor in addresses(module()):
        assert page.count(f'id="{anchor}"') == 1, anchor
    for anchor in re.findall(r'class="weave-link" href="#([^"]+)"', page):
        assert anchor in addresses(module())


def test_the_flat_page_has_all_prose_and_the_names_in_the_code() -> None:
    source = "# Einstein.\ndef g(x):\n    return torch.einsum(self.a, nn.Linear(x))\n"
    page = text(flat(woven(source), module(source)))
    assert "def g torch.einsum nn.Linear" in page
    assert "return" not in page
    for part in ("Opening.", "Set things up.", "class Mixer"):
        assert part in text(flat(woven(), module()))


# ## What a page shows beyond its source


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("f(x)", "f(|x)"),
        ("f(a=1, number=settings.number)", "f(|a=1, number=|settings.number)"),
        ("f(n=self.n, p = settings)", "f(|n=|self.n, p = settings)"),
        ("x == settings", "x == settings"),
        ("from package.part import f", "from package.|part import f"),
        ("a.b(0.5)", "a.b(|0.5)"),
    ],
)
def test_code_may_break_behind_what_opens_and_not_in_names(
    code: str, shown: str
) -> None:
    (line,) = lines(parse(code))
    line = breakable(line).replace("<wbr>", "|")
    assert unescape(re.sub("<[^>]*>", "", line)) == shown


def test_an_example_may_break_and_what_it_printed_may_not() -> None:
    code = "<pre><span></span><code>f(x)</code></pre>"
    page = f"<p><code>f(x)</code></p>{code}<pre><samp>f(x)</samp></pre>"
    assert breakable_blocks(page) == page.replace(code, code.replace("(", "(<wbr>"))


def test_tools_stand_above_and_panels_beside_the_opening() -> None:
    extra = Overlay(tools=["<b>tool</b>"], panels=["<i>panel</i>"])
    page = grid(woven(), "pkg/<mixer>.py", extra)
    assert page.index("pkg/<wbr>&lt;mixer&gt;.py") < page.index("<b>tool</b>")
    assert page.index("Opening.") < page.index("<i>panel</i>") < page.index("Set ")
    assert page.count("<i>panel</i>") == 1


def test_endnotes_stand_beside_what_closes_the_page() -> None:
    extra = Overlay(panels=["<i>panel</i>"], endnotes=["<i>end</i>"])
    page = grid(woven(ESSAY), "pkg/mixer.py", extra)
    assert page.index("<i>panel</i>") < page.index("Its words.")
    assert page.index("Because") < page.index("<i>end</i>")
    page = grid(woven('"""# Title"""\n'), "pkg/mixer.py", extra)
    assert page.index("<i>panel</i>") < page.index("<i>end</i>")


def test_a_hint_ends_its_line() -> None:
    line = SOURCE.split("\n").index("a = 1 < 2") + 1
    row = woven(extra=Overlay(hints={line: "<i>hint</i>"}))[1]
    assert row.code.rstrip().endswith("<i>hint</i></span>\n</code></pre>")


EDGES = st.lists(st.integers(0, 9), min_size=2, max_size=2, unique=True).map(sorted)


@given(st.lists(EDGES, max_size=8))
def test_marks_wrap_their_columns_and_change_no_letter(edges: list[list[int]]) -> None:
    kept: list[tuple[int, int]] = []
    for start, end in edges:
        if not any(s < start < e < end or start < s < end < e for s, e in kept):
            kept.append((start, end))
    marks = [Mark(1, s, e, "b", {"n": f"{s}<{e}"}) for s, e in kept]
    line, *_ = lines(parse("a = 'é<é'\n"), marks)
    assert text(line) == "a = 'é<é'"
    elements = BeautifulSoup(line, "html.parser").find_all("b")
    assert len(elements) == len(kept)
    for element in elements:
        start, end = map(int, element["n"].split("<"))
        assert element.get_text() == "a = 'é<é'"[start:end]
