"""References and footnotes: each docstring's own, and those that a module shares."""

import re

import pytest

from rendering import docstring, woven

DEFINED = "[1]: https://example.org/{0}\n[^1]: The note of {0}."


def both(text: str) -> list[str]:
    """The prose of two functions, each with this text and definitions of its own.

    The second has the notes that close the page, too.
    """
    sources = [docstring(f"{text}\n\n{DEFINED.format(n)}", n) for n in "ab"]
    _, first, second, *closing = woven("".join(sources)).rows
    return [first, second + "".join(closing)]


@pytest.mark.parametrize(
    "text",
    [
        *("See [a paper][1].", "See [1].", "See [1][].", "See ![a](x.png) [1]."),
        *("See [the `a[0]`][1].", "- See\n    [a paper]\n    [1]."),
    ],
)
def test_a_reference_means_what_its_docstring_defines(text: str) -> None:
    for name, html in zip("ab", both(text), strict=True):
        assert f'"https://example.org/{name}"' in html
        assert "~" not in re.sub("<[^>]*>", "", html), "and no reader sees how"


def test_a_footnote_is_that_of_its_docstring() -> None:
    first, second = both("A remark[^1], and again[^1].")
    assert first.count('href="#fn:1"') == 2
    assert second.count('href="#fn:1~2"') == 2
    assert '<li id="fn:1">\n<p>The note of a.' in second
    assert '<li id="fn:1~2">\n<p>The note of b.' in second


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


def test_a_label_that_one_docstring_defines_twice_is_named() -> None:
    urls = "[1]: https://a.example\n[1]: https://b.example"
    assert woven(docstring(f"A [b][1].\n\n{urls}\n[^c]: d\n[^c]: e")).diagnostics == [
        "a.py:7: “[1]” is defined twice in this text",
        "a.py:9: “[^c]” is defined twice in this text",
    ]
    # So is an abbreviation with two meanings.
    short = "*[MLP]: multilayer perceptron"
    texts = (short, short, "*[MLP]: most likely path\n*[GELU]: a gate")
    source = "".join(map(docstring, texts, "abc"))
    message = "a.py:14: “MLP” is “multilayer perceptron” elsewhere on this page"
    assert woven(source).diagnostics == [message]
