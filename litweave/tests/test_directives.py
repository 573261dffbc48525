"""Comments that speak to a tool are told from prose, and from prose about tools."""

import textwrap

import pytest

from litweave.features.copy.clean import clean
from litweave.parse import parse

DIRECTIVES = """\
# noqa
# NOQA: E501, F401 since it is long
# nosec B101
# NOSONAR
# type: ignore[misc]  # mypy cannot know
# type: (int) -> str
# fmt: off
# fmt:skip
# yapf: disable
# autopep8: off
# isort: skip_file
# isort:skip
# ruff: noqa: E501
# flake8: noqa
# mypy: ignore-errors, disallow-untyped-defs=True
# mypy: disable-error-code="attr-defined, misc"
# pyright: strict
# pyright: reportPrivateUsage=false
# pyright: ignore[reportX] since it is private
# pylint: disable=invalid-name, too-many-lines
# pytype: disable=attribute-error
# pyre-ignore[16]: it is there
# ty: ignore[unresolved-import]
# pragma: no cover
# pragma: no branch - never
# pragma: nocover
# cython: language_level=3
# distutils: language = c++
# SPDX-License-Identifier: MIT
# noinspection PyPep8Naming
# -*- mode: python -*-
# emacs: -*- mode: python-mode; tab-width: 4 -*-
# vim: set ts=4:
# vi: sw=4
# <editor-fold desc="Numbers">
# </editor-fold>
# {{{ numbers
# }}}
#| export
#| label: fig-one
# %matplotlib inline
# !pip install einops
""".splitlines()


@pytest.mark.parametrize("comment", DIRECTIVES)
def test_a_directive_is_code_and_stays_in_a_clean_copy(comment: str) -> None:
    # By itself, behind code, and among words: it has the form that its tool reads.
    source = (
        f"x = 1\n{comment}\ny = 2  {comment}\n\n# Words.\n{comment}\n# More.\nz = 3\n"
    )
    module = parse(source)
    assert [p.text for row in module.rows for p in row.prose] == ["Words.", "More."]
    assert clean(module).count(comment) == 3


@pytest.mark.parametrize(
    "block",
    [
        "# /// script\n# dependencies = ['torch']\n# ///",
        "# Local Variables:\n# mode: python\n# End:",
        "# region numbers\n# yapf: disable\n\n# endregion",
        "#!/bin/sh\n# coding=utf-8",
        "# vim:fileencoding=utf-8",
        '# coding: utf-8 (says Python, whatever "it" is)',
    ],
)
def test_a_block_for_a_tool_is_code(block: str) -> None:
    module = parse(f"{block}\nx = 1\n")
    assert [(row.prose, module.code(row)) for row in module.rows] == [
        ((), f"{block}\nx = 1\n")
    ]


@pytest.mark.parametrize(
    "comment", ["type: List[int]", "noqa why", "pragma: needs fork"]
)
def test_a_clean_copy_is_less_strict_behind_code(comment: str) -> None:
    text = clean(parse(f"x = []  # {comment}\ny = 1  # words\n"))
    assert text == f"x = []  # {comment}\ny = 1\n"


@pytest.mark.parametrize(
    "words",
    [
        "What tells the two apart is not their\ntype: both are of one class.",
        "Of one\ntype: float",
        "The first word is\nnoqa and so it is no directive.",
        "noqa: these words silence a linter.",
        "fmt: both forms are read",
        "pragma: a word to a compiler",
        "mypy: it wants to know the type",
        "pylint: yes, it reads this",
        "nosec comments are for bandit",
        "vim: an editor",
        "SPDX-style names are short",
        "region proposals, as many as there are objects",
        "Half of it, or\n%% of all",
        "What is bound:\n| so much\nand no more",
        "Look:\n\n```python\nx = 1\n# it\ntype: ignore\n  %% title\n```",
        "Look:\n\n    fmt: off\n    # noqa",
        "~~~~\nfmt: off",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_prose_may_begin_with_a_word_for_a_tool(words: str) -> None:
    source = textwrap.indent(words, "# ", lambda _: True)
    (row,) = parse(f"{source}\nx = 1\n").rows
    assert [prose.text for prose in row.prose] == [words]


@pytest.mark.parametrize(
    "mark", ["%%", "%% [raw]", "%% Part two", "%%% {}", "In[ ]:", "+"]
)
def test_the_mark_of_a_cell_is_neither_prose_nor_code(mark: str) -> None:
    module = parse(f"x = 1\n# Words.\n# {mark}\ny = 2\n#{mark}\n")
    assert [p.text for row in module.rows for p in row.prose] == ["Words."]
    assert [module.code(row) for row in module.rows] == ["x = 1\n", "y = 2\n"]
    assert clean(module).count(mark) == 2


def test_a_comment_on_an_attribute_is_prose_without_its_colon() -> None:
    (row,) = parse("#: How many,\n#:\n#: and why. #: No.\n# : so\n").rows
    assert row.prose[0].text == "How many,\n\nand why. #: No.\n: so"


def test_a_directive_at_the_end_of_a_long_line_is_no_prose() -> None:
    source = """\
# See https://example.org/long,  # noqa: E501, W505
# and `x = 1  # noqa`.  # pylint: disable=line-too-long
#
# ```python
# x = 1  # noqa
# ```
"""
    [prose] = parse(source).rows[0].prose
    lines = ["See https://example.org/long,", "and `x = 1  # noqa`.", ""]
    assert prose.text.split("\n") == [*lines, "```python", "x = 1  # noqa", "```"]


def test_a_word_to_a_tool_does_not_come_between_words_and_what_they_are_on() -> None:
    module = parse("x = 1\n# Words.\n# fmt: off\ndef f(): ...\n")
    assert [row.definition and row.definition.name for row in module.rows] == [
        None,
        "f",
    ]
