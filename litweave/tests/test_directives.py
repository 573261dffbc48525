"""Comments that speak to a tool are told from prose, and from prose about tools."""

import textwrap

import pytest

from litweave.features.copy.clean import clean
from litweave.parse import Module, parse


def words(module: Module) -> list[str]:
    return [prose.text for row in module.rows for prose in row.prose]


DIRECTIVES = """
noqa | NOQA: E501, F401 since it is long | nosec B101 | NOSONAR | type: (int) -> str
type: ignore[misc]  # mypy cannot know | fmt: off | fmt:skip | yapf: disable
autopep8: off | isort: skip_file | isort:skip | ruff: noqa: E501 | flake8: noqa
mypy: ignore-errors, disallow-untyped-defs=True | ty: ignore[unresolved-import]
mypy: disable-error-code="attr-defined, misc" | pyright: strict
pyright: reportPrivateUsage=false | pyright: ignore[reportX] since it is private
pylint: disable=invalid-name, too-many-lines | pytype: disable=attribute-error
pyre-ignore[16]: it is there | pragma: no cover | pragma: no branch - never
pragma: nocover | cython: language_level=3 | distutils: language = c++
SPDX-License-Identifier: MIT | noinspection PyPep8Naming | -*- mode: python -*-
emacs: -*- mode: python-mode; tab-width: 4 -*- | vim: set ts=4: | vi: sw=4
<editor-fold desc="Numbers"> | </editor-fold> | {{{ numbers | }}}
%matplotlib inline | !pip install einops
"""
COMMENTS = [
    f"# {said}" for said in DIRECTIVES.strip().replace("\n", " | ").split(" | ")
]


@pytest.mark.parametrize("comment", [*COMMENTS, "#| export", "#| label: fig-one"])
def test_a_directive_is_code_and_stays_in_a_clean_copy(comment: str) -> None:
    # By itself, behind code, and among words: it has the form that its tool reads.
    alone, among = f"x = 1\n{comment}\n", f"# Words.\n{comment}\n# More.\nz = 3\n"
    source = f"{alone}y = 2  {comment}\n\n{among}"
    assert words(parse(source)) == ["Words.", "More."]
    assert clean(parse(source)).count(comment) == 3


def test_a_clean_copy_is_less_strict_behind_code() -> None:
    code = "x = []  # type: List[int]\ny = 1  # noqa why\nz = 2  # pragma: needs fork\n"
    assert clean(parse(f"{code}a = 1  # words\n")) == f"{code}a = 1\n"


@pytest.mark.parametrize(
    "said",
    [
        "What tells the two apart is not their\ntype: both are of one class.",
        *("Of one\ntype: float", "noqa: these words silence a linter."),
        "The first word is\nnoqa and so it is no directive.",
        *("fmt: both forms are read", "pragma: a word to a compiler"),
        *("mypy: it wants to know the type", "pylint: yes, it reads this"),
        *("nosec comments are for bandit", "vim: an editor"),
        *("SPDX-style names are short", "~~~~\nfmt: off"),
        "region proposals, as many as there are objects",
        *("Half of it, or\n%% of all", "What is bound:\n| so much\nand no more"),
        "Look:\n\n```python\nx = 1\n# it\ntype: ignore\n  %% title\n```",
        *("Look:\n\n    fmt: off\n    # noqa", "| a | b |\n|---|---|\n| 1 | 2 |"),
    ],
)
def test_prose_may_begin_with_a_word_for_a_tool(said: str) -> None:
    source = textwrap.indent(said, "# ", lambda _: True)
    assert words(parse(f"{source}\nx = 1\n")) == [said]


@pytest.mark.parametrize(
    "mark", ["%%", "%% [raw]", "%% Part two", "%%% {}", "In[ ]:", "+"]
)
def test_the_mark_of_a_cell_is_neither_prose_nor_code(mark: str) -> None:
    module = parse(f"x = 1\n# Words.\n# {mark}\ny = 2\n#{mark}\n")
    assert words(module) == ["Words."]
    assert [module.code(row) for row in module.rows] == ["x = 1\n", "y = 2\n"]
    assert clean(module).count(mark) == 2


def test_a_comment_on_an_attribute_is_prose_without_its_colon() -> None:
    module = parse("#: How many,\n#:\n#: and why. #: No.\n# : so\n")
    assert words(module) == ["How many,\n\nand why. #: No.\n: so"]


def test_a_directive_at_the_end_of_a_long_line_is_no_prose() -> None:
    fence = "```python\n# x = 1  # noqa\n# ```"
    source = (
        "# See https://example.org/long,  # noqa: E501, W505\n"
        f"# and `x = 1  # noqa`.  # pylint: disable=line-too-long\n#\n# {fence}\n"
    )
    said = "See https://example.org/long,\nand `x = 1  # noqa`.\n\n"
    assert words(parse(source)) == [said + fence.replace("\n# ", "\n")]


def test_a_word_to_a_tool_does_not_come_between_words_and_what_they_are_on() -> None:
    first, second = parse("x = 1\n# Words.\n# fmt: off\ndef f(): ...\n").rows
    assert first.definition is None
    assert second.definition
    assert second.definition.name == "f"
