"""Docstrings: their lists and headings, references, footnotes, exercises, examples."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown import Markdown

from litweave.dialect import Dialect
from litweave.sections import Above, translated
from litweave.site import check
from litweave.syntax import example_sources
from litweave.words import said
from rendering import docstring, woven
from support import settings_of, write_files

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


CLOSE = [re.sub(r"\n+(?=See|Ret|Par|Args)", "\n", text) for text in (GOOGLE, NUMPY)]


@pytest.mark.parametrize("style", [GOOGLE, NUMPY, SPHINX, *CLOSE])
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
    close = "<p>Scale.</p>\n<p><strong>Args:</strong></p>\n<dl>"
    assert (close in html(GOOGLE), close in html(CLOSE[0])) == (True, True)
    listed = html("A.\n\nNote:\n    - one\n    - two")
    assert "<strong>Note:</strong></p>\n<ul>\n<li>one</li>" in listed
    listed = html("A.\n\nArgs:\n    x: one of\n        - a\n        - b")
    assert "<dd>\n<p>one of</p>\n<ul>\n<li>a</li>\n<li>b</li>" in listed
    listed = html("A.\n\nArgs:\n    x: one\n\n        So::\n\n            y = 1")
    assert "<p>one</p>\n<p>So:</p>" in listed
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x**2 + 2*3*4, n*(1 - 1/n)**k", "x**2 + 2*3*4, n*(1 - 1/n)**k"),
        ("|a|*(b), c**|d|, <http:/e>", "|a|*(b), c**|d|, &lt;http:/e&gt;"),
        ("f(*args, **kwargs) or t[*T], t[*T]", "f(*args, **kwargs) or t[*T], t[*T]"),
        (
            "`*` or '*' and [*], *args* (*b c*)",
            "* or '*' and [*], <em>args</em> (<em>b c</em>)",
        ),
        (r"``a``\ s, :class:`b`\s", "a s, b s"),
        ("__hash__, as __eq__\n\n    a.__b__", "__hash__, as __eq__ a.__b__"),
        ("a_{n}_b and a_{n}_c, *a*{n}", "a_{n}_b and a_{n}_c, <em>a</em>{n}"),
        (
            "C[T, *Ts](t[T]) or *d*\n{..., 'a': 1}",
            "C[T, *Ts](t[T]) or <em>d</em> {..., 'a': 1}",
        ),
        ("*a*{.b n} *c*{ n }", '<em class="b">a</em> <em>c</em>'),
        ("*a*(b), 用**词**用", "<em>a</em>(b), 用<strong>词</strong>用"),
        ("So:\n- a\n- b\n  c", "So: <ul> a b c"),
        ("So:\n1) a\n2) b", "So: <ol> a b"),
        ("So:\n    * a\n\nEnd", "So: <ul> a End"),
        ("- a\n  - b\n\n    c\n  - d\n- e", "<ul> a <ul> b c d e"),
        ("- a\n\n  b\n- c", "<ul> a b c"),
        ("1. a\n   ```\n   - b\n   ```\n2. c", "<ol> a - b c"),
        ("$$\na\n- b\n$$\nA year\n2. not\n+ one", "A year 2. not + one"),
    ],
)
def test_signs_are_no_emphasis_and_lists_are_lists(text: str, shown: str) -> None:
    page = html(f"F.\n\n{text}").partition("<p>F.</p>")[2]
    page = re.sub(r"<(?!/?em|/?strong|[uo]l)[^>]*>|\ue000.*?\ue001", " ", page)
    assert " ".join(page.split()) == shown


DIRECTIVES = """F.

.. note:: One
   and more.

Args:
    x: one

        .. versionchanged:: 2.1
            :func:`g` is *new*.
    y: two

.. versionadded:: 2.0
.. deprecated:: 3.0 Use g.

.. code-block:: python
    :linenos:

    Args:
      .. note:: x

.. admonition:: The "title"

    - a

      .. code::

.. math:: a
"""


def test_directives_are_boxes_words_of_versions_and_code() -> None:
    page = html(DIRECTIVES).partition("<p>F.</p>")[2]
    tags = r"<(?!/?em|div class=.admonition|code|d[td])[^>]*>|\ue000.*"
    assert " ".join(re.sub(tags, "", page).split()) == (
        '<div class="admonition note"> Note One and more. Args: <dt><code>x <dd> one '
        "<em>Changed in version 2.1:</em> <code>g is <em>new</em>. <dt><code>y <dd>two "
        "<em>Added in version 2.0.</em> <em>Deprecated since version 3.0:</em> Use g. "
        '<code>Args: .. note:: x <div class="admonition note"> The "title" a <code>'
    )


def test_a_list_that_goes_on_in_the_next_row_begins_at_its_number() -> None:
    assert '<ol start="2">' in woven("# 1. Cut.\na = 1\n# 2. Go.\nb = 1\n").rows[1]


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
    assert html(CLOSE[1]) == html(NUMPY)
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
        *("Text:\n    that goes on", "Text, and then\nText:\n    x: y"),
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


# ## References and footnotes: each docstring's own, and those that a module shares

DEFINED = "[1]: https://example.org/{0}\n[^1]: The note of {0}."


@pytest.mark.parametrize(
    "text",
    [
        *("See [a paper][1].", "See [1].", "See [1][].", "See ![a](x.png) [1]."),
        *("See [the `a[0]`][1].", "- See\n    [a paper]\n    [1]."),
    ],
)
def test_references_and_footnotes_are_those_of_their_docstring(text: str) -> None:
    text = f"{text}\n\nA remark[^1], and again[^1].\n\n{DEFINED}"
    sources = [docstring(text.format(n), n) for n in "ab"]
    _, *both, notes = woven("".join(sources)).rows
    for name, html, note in zip("ab", both, ("fn:1", "fn:1~2"), strict=True):
        assert f'"https://example.org/{name}"' in html
        assert "~" not in re.sub("<[^>]*>", "", html), "and no reader sees how"
        assert html.count(f'href="#{note}"') == 2
        assert f'<li id="{note}">\n<p>The note of {name}.' in notes


def test_what_is_defined_elsewhere_may_be_used() -> None:
    title = '"""# Title\n\n[one]: https://example.org/one\n"""\n'
    user = docstring("See [it][One], [2] and a remark[^1].")
    after = [docstring(f"[2]: https://example.org/{n}\n[^1]: {n}", n) for n in "ab"]
    made = woven("".join([title, user, *after]))
    html = "".join(made.rows)
    assert not made.diagnostics
    assert '<a href="https://example.org/one">it</a>' in html
    assert '<a href="https://example.org/a">2</a>' in html, "the first of them"
    assert 'href="#fn:1">' in html


def test_code_and_words_define_nothing_and_use_nothing() -> None:
    code = "`[1]` and\n\n~~~\n[1]: x\n[1][1]\n~~~\n\n>>> [1][0]\n1\n\n[1]: x"
    html = woven(docstring(code, "a") + docstring(code, "b")).rows[2]
    assert "[1]: x\n[1][1]" in html
    assert "<code>[1]</code>" in html
    assert "~" not in html
    words = "[Note]: these are words\n\n[Note]: these, too"
    made = woven(docstring(words, "a") + docstring(words, "b"))
    assert made.rows[2].count("[Note]: these") == 2
    assert not made.diagnostics


# ## Exercises: the question stands open, and the answer is folded

SOURCE = '''\
r"""# Doubling

It is $2x$.[^1]

[^1]: A note.

## Exercises

**Exercise 1.** What is the *double* of one?

Think before you look.

**Answer.** It is $2$:

>>> double(1)
2

- A list.

**Exercise 2.** And of two?

**Answer.**

>>> double(2)
4
"""


class Doubler:
    """**Exercise 3.** Why?

    **Answer.** Because.
    """

    # An answer ends where the next row begins, also if that has no heading.
    a = 1
'''


def test_each_answer_is_folded_and_each_question_open() -> None:
    first_row, *others = woven(SOURCE).rows
    found = BeautifulSoup(first_row + "".join(others), "html.parser")
    answers = found.find_all("details", "weave-answer")
    assert [a.find("summary", recursive=False).text for a in answers] == ["Answer"] * 3
    assert not any(a.has_attr("open") for a in answers)
    third, first, second = (a.text for a in answers)
    assert third.endswith("Because.\n")
    assert "double(1)" in first
    assert "A list." in first
    assert "Answer." not in found.text
    assert "double(2)" in second
    for asked in ("What is the double of one?", "Think before", "And of two?"):
        [paragraph] = [p for p in found("p") if asked in p.text]
        assert not paragraph.find_parent("details")
    # Nothing else is folded.
    [comment] = [row for row in others if "where the next row begins" in row]
    assert "details" not in first_row + comment
    assert all(row.count("<details") == row.count("</details>") for row in others)
    [note] = found.find_all("div", "footnote")
    assert not note.find_parent("details")
    # An answer to nothing is prose.
    text = "**Answer.** 42.\n\n**Exercise 1.** Why?\n\n## Next\n\n**Answer.** No.\n"
    assert "<details" not in Markdown(extensions=[Dialect()]).convert(text)


# ## Examples that doctest cannot read: a page all the same, and a problem

# What is written, the line of it (the first is 7), and what doctest minds.
UNEVEN = "has inconsistent leading whitespace"
LONELY = "has an option directive on a line with no example"
REFUSED = [
    (">>>half(4)\n2", 7, "lacks blank after >>>"),
    (">>> half(\n...4)\n2", 8, "lacks blank after ..."),
    ("  >>> half(\n...     4)\n  2", 8, UNEVEN),
    ("    >>> half(4)\n  2", 8, UNEVEN),
    ("Words.\n\n>>> # doctest: +SKIP", 9, LONELY),
]
# Options of pytest, astropy and xdoctest.
for name in ("+REMOTE_DATA", "-FLOAT_CMP", "+REQUIRES(--slow)"):
    example = f">>> 1\n1\n>>> 2  # doctest: {name}\n2"
    REFUSED.append((example, 9, f"has an invalid option: '{name}'"))

READ = [
    *("\t>>> half(4)\n\t2", ">>> '''a\n... >>>b'''\n'a\\n>>>b'"),
    *(">>> half(4)  # doctest: +SKIP\n3", "```\n>>> half(4)\n2\n```"),
    ">>> half(4)  # xdoctest: +REQUIRES(--slow)\n2",
]
MODULE = '''# Somebody's licence.

r"""# Half

## Example

%s
"""


def half(number):
    """Half of it."""
    return number // 2
'''


def found(
    folder: Path, examples: list[str], run: bool = False
) -> tuple[list[str], list[str]]:
    """What a check finds in modules with examples, and the menus of their copies."""
    texts = {f"half_{n}.py": MODULE % text for n, text in enumerate(examples)}
    book = check(settings_of(write_files(folder, texts), run_examples=run))
    menus = [said(chapter.overlay.tools[0]) for chapter in book.chapters.values()]
    return str(book.context.diagnostics).splitlines(), menus


@pytest.mark.parametrize("run", [False, True], ids=["read", "run"])
def test_what_doctest_refuses_is_told_and_is_no_form(tmp_path: Path, run: bool) -> None:
    # The last is read, and told where it stands if it is run.
    texts = [*(text for text, *_ in REFUSED), ">>> half(4)\n3"]
    problems, menus = found(tmp_path / "pkg", texts, run)
    places = [f"pkg/half_{n}.py:{line}: " for n, (_, line, _) in enumerate(REFUSED)]
    said = [f"doctest cannot read the example here, which {why}" for *_, why in REFUSED]
    wrong = f"pkg/half_{len(REFUSED)}.py:7: the example should give 3, and gives 2"
    assert problems == [
        *(f"{place}{what}" for place, what in zip(places, said, strict=True)),
        *[wrong] * run,
    ]
    for place, menu in zip(places, menus[:-1], strict=True):
        assert f"not possible: {place}" in re.sub("<[^>]*>", "", menu)


def test_what_doctest_reads_is_no_problem(tmp_path: Path) -> None:
    problems, menus = found(tmp_path, READ)
    assert problems == []
    assert not any("not possible" in menu for menu in menus)


def test_a_text_that_is_refused_keeps_no_other_from_being_run(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(
        '# A licence.\n"""# Two\n\n>>>1\n"""\n\n\n'
        'def f():\n    """One.\n\n    >>> f()\n    1\n    """\n    return 2\n'
    )
    book = check(settings_of(tmp_path / "two.py", run_examples=True))
    assert str(book.context.diagnostics).splitlines() == [
        "two.py:4: doctest cannot read the example here, which lacks blank after >>>",
        "two.py:11: the example should give 1, and gives 2",
    ]


def test_the_code_of_examples_is_read_whatever_doctest_says() -> None:
    loop, last = "  >>>for i in x:\n...     print(i)", "y  # doctest: +NUMBER"
    found = list(example_sources(f"Words.\n\n{loop}\n  >>> {last}\n2"))
    assert found == ["for i in x:\n    print(i)", last]
