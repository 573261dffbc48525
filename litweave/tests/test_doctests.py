"""Examples that doctest cannot read: a page all the same, and a problem."""

import re
from pathlib import Path

import pytest

from litweave.check import check
from litweave.doctests import sources
from litweave.words import said
from support import settings_of

LICENCE = "# Somebody's licence.\n\n"
# What is written, the line of it (the first is 7), and what doctest minds.
REFUSED = {
    "no-blank": (">>>half(4)\n2", 7, "lacks blank after >>>"),
    "no-blank-later": (">>> half(\n...4)\n2", 8, "lacks blank after ..."),
    "prompts": (
        "  >>> half(\n...     4)\n  2",
        7,
        "has inconsistent leading whitespace",
    ),
    "answer": ("    >>> half(4)\n  2", 8, "has inconsistent leading whitespace"),
    "pytest": (
        ">>> half(5)  # doctest: +NUMBER\n2.5",
        7,
        "has an invalid option: '+NUMBER'",
    ),
    "astropy": (
        ">>> half(4)\n2\n>>> half(5)  # doctest: -FLOAT_CMP\n2.5",
        9,
        "has an invalid option: '-FLOAT_CMP'",
    ),
    "xdoctest": (
        ">>> half(5)  # doctest: +REQUIRES(--slow)\n2",
        7,
        "has an invalid option: '+REQUIRES(--slow)'",
    ),
    "alone": (
        "Words.\n\n>>> # doctest: +SKIP",
        9,
        "has an option directive on a line with no example",
    ),
}
READ = {
    "tab": "\t>>> half(4)\n\t2",
    "string": ">>> '''a\n... >>>b'''\n'a\\n>>>b'",
    "own": ">>> half(4)  # doctest: +SKIP\n3",
    "registered": ">>> half(4)  # doctest: +ROUGHLY\n2",
    "xdoctest": ">>> half(4)  # xdoctest: +REQUIRES(--slow)\n2",
    "fence": "```\n>>> half(4)\n2\n```",
}
CODE = '''
import doctest

doctest.register_optionflag("ROUGHLY")


def half(number):
    """Half of it."""
    return number // 2
'''


def found(path: Path, example: str, run: bool = False) -> tuple[str, str]:
    """What a check finds in a module with an example, and the menu of its copies."""
    text = f'{LICENCE}r"""# Half\n\n## Example\n\n{example}\n"""\n{CODE}'
    (path / "half.py").write_text(text)
    book = check(settings_of(path / "half.py", run_examples=run))
    diagnostics = str(book.context.diagnostics)
    return diagnostics, said(book.chapters["index.md"].overlay.tools[0])


@pytest.mark.parametrize("run", [False, True], ids=["read", "run"])
@pytest.mark.parametrize(("example", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_doctest_refuses_is_a_problem_and_no_form(
    tmp_path: Path, example: str, line: int, reason: str, run: bool
) -> None:
    diagnostics, menu = found(tmp_path, example, run)
    expected = f"half.py:{line}: doctest cannot read the example here, which {reason}"
    assert diagnostics == expected
    shown = re.sub("<[^>]*>", "", menu)
    assert f"not possible: half.py:{line}: " in shown


@pytest.mark.parametrize("example", READ.values(), ids=READ)
def test_what_doctest_reads_is_no_problem(tmp_path: Path, example: str) -> None:
    diagnostics, menu = found(tmp_path, example)
    assert diagnostics == ""
    # An option that is not doctest's own may be unknown where the copy is run.
    assert ("not possible" in menu) == ("ROUGHLY" in example)


def test_a_text_that_is_refused_does_not_keep_the_others_from_being_run(
    tmp_path: Path,
) -> None:
    module = tmp_path / "two.py"
    module.write_text(
        f'{LICENCE}"""# Two\n\n>>>1\n"""\n\n\n'
        'def f():\n    """One.\n\n    >>> f()\n    1\n    """\n    return 2\n'
    )
    diagnostics = check(settings_of(module, run_examples=True)).context.diagnostics
    assert [str(problem) for problem in sorted(diagnostics.found)] == [
        "two.py:5: doctest cannot read the example here, which lacks blank after >>>",
        "two.py:12: the example should give 1, and gives 2",
    ]


def test_the_line_of_an_example_counts_what_stands_above_the_docstring(
    tmp_path: Path,
) -> None:
    diagnostics, _ = found(tmp_path, ">>> half(4)\n3", run=True)
    assert diagnostics == "half.py:7: the example should give 3, and gives 2"


def test_the_code_of_examples_is_read_whatever_doctest_says() -> None:
    text = (
        "Words.\n\n  >>>for i in x:\n...     print(i)\n  >>> y  # doctest: +NUMBER\n2"
    )
    assert list(sources(text)) == [
        "for i in x:\n    print(i)",
        "y  # doctest: +NUMBER",
    ]
