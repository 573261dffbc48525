"""The clean form: the same program, no essay, and a formatter has nothing to say."""

import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clean_forms import bare, docstrings, program
from litweave.features.copy import clean as cleaning
from litweave.features.copy.clean import all_formatted, clean, formatted, one_line
from litweave.parse import ParseError, parse, read
from support import some_files

# ## What goes and what stays


def test_the_essay_goes_and_the_code_is_laid_out() -> None:
    source = '''
    r"""# The *mixing* of $S$ tokens

    $$X = Y$$
    """

    import torch  # why

    ONE = 1

    # Why two.

    TWO = 2

    # ## A chapter


    class Mixer(torch.nn.Module):
        r"""## A [`Mixer`][]

        Prose.
        """

        # The sizes.
        sizes = [  # of all
            1,  # noqa: E501

            # the second
            2,
        ]

        def forward(self, x):
            """Mix the rows of [`x`][Table]. Then more.

            **Shape.** None.
            """

            # First.
            y = x   +   1

            # Then.

            return "#" + y  # the end
    '''
    expected = '''
    """The mixing of S tokens."""

    import torch

    ONE = 1

    TWO = 2


    class Mixer(torch.nn.Module):
        """A Mixer."""

        sizes = [
            1,  # noqa: E501
            2,
        ]

        def forward(self, x):
            """Mix the rows of x."""

            y = x + 1

            return "#" + y
    '''
    assert clean(parse(dedent(source))) == dedent(expected).lstrip()


LINES = {
    "## The token-mixing MLP\n\nProse.": "The token-mixing MLP.",
    "Mix *each* `column`. And the rest.": "Mix each column.",
    "Take i.e. [the `x`][T.x],\nwhole.\n\nMore.": "Take i.e. the x, whole.",
    "Title\n=====\n\nProse.": "Title.",
    "Is it so?": "Is it so?",
    "The following:\n\n- one": "The following.",
    r"Compute $\frac{1}{2}$ of it.": "",
    "---\ntitle: A layer\n---\n\n# A layer": "",
    **dict.fromkeys(
        ["$$x = y$$", "- a list", ">>> example()", "**Shape.** Any.", ""], ""
    ),
}


@pytest.mark.parametrize("docstring", LINES)
def test_a_docstring_becomes_one_line(docstring: str) -> None:
    assert one_line(docstring) == LINES[docstring]


@given(st.text(alphabet="ab .:$*_`[]()#\\\n=-…é?"), st.integers(20, 90))
def test_one_line_stays_as_it_is(text: str, width: int) -> None:
    line = one_line(text, width)
    assert "\n" not in line
    assert len(line) <= width
    assert one_line(line, width) == line


def test_what_stays() -> None:
    tools = "#!/usr/bin/env python\n# fmt: off\nx = 1  # type: ignore\n# fmt: on\n"
    assert clean(parse(tools)) == tools
    # A body of prose alone stays a body.
    bodies = 'class A:\n    """$$x$$"""\n\n\ndef f():\n    "- a list"\n    # why\n'
    assert clean(parse(bodies)) == "class A:\n    pass\n\n\ndef f():\n    pass\n"
    # No other string becomes the docstring.
    source = 'def f():\n    """$$x$$"""\n    "Not the docstring."\n    return 1\n'
    assert list(docstrings(clean(parse(source)))) == [None, None]


def test_an_encoding_that_no_longer_holds_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_bytes("# coding: latin-1\r\nx = 'é'  # why\r\n".encode("latin-1"))
    assert clean(read(path)) == "x = 'é'\n"


def test_what_ruff_cannot_lay_out_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"good": "é  =  1\r\n", "broken": "x  = (\n"}
    assert all_formatted(sources) == {"good": "é = 1\r\n", "broken": "x  = (\n"}
    monkeypatch.setattr(cleaning, "find_ruff_bin", lambda: "/not/installed")
    assert all_formatted(sources) == sources
    assert formatted("x  = 1\n") == "x  = 1\n"


# ## Code that nobody here wrote


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_a_foreign_module_is_the_same_program() -> None:
    compared = 0
    for path in some_files(Path(sysconfig.get_path("stdlib")))[::6]:
        try:
            module = read(path)
        except ParseError:
            continue  # broken on purpose, a test of Python's own
        text = bare(module)
        assert program(text) == program(module.source), path
        assert bare(parse(text)) == text, path
        compared += 1
    assert compared > 20


PIECES = [
    *("x = 1  # why", "# prose", "# noqa", "", '"""A text. More."""', '"a" "b"'),
    *("x = [  # open\n    # inside\n\n    1,\n]", 's = """\n\n\n# string\n"""'),
    *('"a"; x = 1', 'class A: "doc"', "x = 1 + \\\n  2  # why"),
    "@d\n# between\nclass C(B):\n    # only\n    '''doc'''",
    "def f():\n\n    # why\n\n    r'''\n    $x$\n    '''  #\n\n\n    é = 'é'  # é",
    "if x:\n    pass\n\n# between\n\nelse:\n\n    '''text'''",
    "try:\n    import a\nexcept E:\n    # nothing\n    pass\nfinally:\n    b = 1",
    "match x:\n    # first\n    case 1:\n        # in it\n        pass",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["\n", "\r\n", "\r"])
)
@example(['"a" "b"', '"a"; x = 1'], "\n")
def test_any_module_is_the_same_program(parts: list[str], ending: str) -> None:
    module = parse("\n".join(parts).replace("\n", ending))
    text = bare(module)
    assert program(text) == program(module.source)
    assert bare(parse(text)) == text
    assert "\r" not in text
