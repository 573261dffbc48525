"""Docstrings in the styles of Google, NumPy and Sphinx: their lists and headings."""

import pytest

from litweave.sections import Above, translated
from rendering import docstring, woven

GOOGLE = """Scale.

Args:
    x (float, optional): the number, with a sentence
        that goes on.

        >>> 1 + 1
        2
    *rest, last: the others, $a$
    weight[k]:
        the weights

Returns:
    The scaled number.

Raises:
    ValueError: if not.
"""
NUMPY = """Scale.

Parameters
----------
x : float, optional
    the number, with a sentence
    that goes on.

    >>> 1 + 1
    2
*rest, last
    the others, $a$
weight[k] :
    the weights

Returns
-------
float
    The scaled number.

See Also
--------
other : Does the same.
"""
SPHINX = """Scale.

:param x: the number, with a sentence
    that goes on.

    >>> 1 + 1
    2
:type x: float, optional
:param tuple *rest: the others, $a$

:returns: The scaled number.
:rtype: float
:raises ValueError: if not.
"""


def html(text: str) -> str:
    """The prose of a function with a docstring, as the site renders it."""
    return woven(docstring(text)).rows[-1]


@pytest.mark.parametrize("style", [GOOGLE, NUMPY, SPHINX])
def test_each_argument_is_an_entry_of_a_list(style: str) -> None:
    page = html(style)
    assert "<dt><code>x</code> (float, optional)</dt>\n<dd>" in page
    entry = page.partition("</dt>")[2].partition("</dd>")[0]
    assert "the number, with a sentence\nthat goes on." in entry
    assert '<span class="gp">&gt;&gt;&gt; </span>' in entry
    assert "<dt><code>*rest" in page
    assert "The scaled number." in page
    for mark in ("Args:\n", "----", ":param ", ":type ", "```", ":   ", "<dd></dd>"):
        assert mark not in page


def test_sections_and_fields_have_labels() -> None:
    assert "<strong>Returns:</strong>\nThe scaled number." in html(GOOGLE)
    listed = html("A.\n\nNote:\n    - one\n    - two")
    assert "<strong>Note:</strong></p>\n<ul>\n<li>one</li>" in listed
    page = html(SPHINX)
    assert page.count("<strong>Parameters:</strong>") == 1
    assert "<strong>Returns:</strong> The scaled number." in page
    assert "<strong>Return type:</strong> float" in page
    assert "<dt><code>*rest</code> (tuple)</dt>" in page
    assert "<dt><code>ValueError</code></dt>\n<dd>if not.</dd>" in page
    # No type is lost.
    page = html("A.\n\n:param x: one\n:type x: int\n    or float\n:type y: str\n")
    assert "<dt><code>x</code> (int or float)</dt>\n<dd>one</dd>" in page
    assert "<dt><code>y</code></dt>\n<dd>str</dd>" in page


def test_a_title_that_is_underlined_stands_below_its_function() -> None:
    page = html(NUMPY)
    assert '<h2 id="f"><code>f</code></h2>' in page
    assert '<h3 id="f::parameters">Parameters</h3>' in page
    assert '<h3 id="f::see-also">See Also</h3>' in page
    assert "<dt><code>other</code></dt>\n<dd>Does the same.</dd>" in page
    assert "<dt><code>float</code></dt>\n<dd>The scaled number.</dd>" in page
    page = html("#### F\n\nA title\n~~~~~~~\nText.\n\nA title\n=======\n")
    assert '<h5 id="f::a-title">A title</h5>\n<p>Text.</p>' in page
    assert '<h5 id="f::a-title~2">A title</h5>' in page
    page = html("Returns\n-------\nint\n    A number.")
    assert page.startswith('<h2 id="f"><code>f</code></h2>\n<h3 id="f::returns">')


@pytest.mark.parametrize("above", ["", "=====\n"])
def test_the_sections_of_a_module_are_its_own(above: str) -> None:
    text = f"{above}Title\n=====\n\nMore\n^^^^\n\nAttributes:\n    x: one"
    page = woven(f'"""\n{text}\n"""\n').rows[0]
    assert page.startswith('<h1 id="title">Title</h1>\n<h2 id="more">More</h2>\n<p>')
    assert "<dt><code>x</code></dt>\n<dd>one</dd>" in page


@pytest.mark.parametrize(
    "text",
    [
        *("Text:\n    that goes on", "Text, and then\nArgs:\n    x: y"),
        *("~~~\nArgs:\n    x: y\n:param x: y\n~~~", "A table\n-------|---"),
        *("`:param x:` is Sphinx's", ":class:`Mixer` is a name"),
        "    std::\n        cout",
    ],
)
def test_what_is_no_section_stays_as_it_is(text: str) -> None:
    lines = translated(text, Above(2, "f"))
    assert "\n".join(line for _, line in lines) == text


def test_code_below_an_example_stays_code() -> None:
    page = html("A.\n\nExample:\n\n    x = 1\n\nEnd.").replace('<span class="', "")
    assert "<code>x = 1\n</code></pre>" in page
    page = html("So::\n\n    x = 1\n\nEnd.")
    assert "<p>So:</p>" in page
    assert "<code>" in page
    page = html("A.\n\n    def f():\n\n        ~~~\n        x\n        ~~~\n\nEnd.")
    assert page.count("~~~") == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A.\n\nArgs:\n    a: one\n    b: costs $", 8),
        ("A.\n\nParameters\n---\na : int\n    One.\nb :\n    Costs $", 11),
        (":param a: one\n:param b:\n    costs $", 6),
        ("A\n-\nB.\n\nNote:\n    It costs $", 9),
    ],
)
def test_a_remark_names_the_line_of_the_source(text: str, line: int) -> None:
    (problem,) = woven(docstring(text)).diagnostics
    assert problem.startswith(f"a.py:{line}: a “$”")


@pytest.mark.parametrize("above", ["Example:\n\n", "Example:\n", "A:\n\n", "1. a\n\n"])
def test_a_fence_is_one_however_deep_it_stands(above: str) -> None:
    page = html(f"A.\n\n{above}    ~~~ python\n    x\n\n    y\n    ~~~\n\nEnd.")
    assert "~~~" not in page
    assert page.count('<div class="language-python highlight">') == 1
    assert ("<li>" in page) == above.startswith("1")
