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
UNEVEN = "has inconsistent leading whitespace"
UNKNOWN = "has an invalid option: '{}'"
LONELY = "has an option directive on a line with no example"
REFUSED = {
    "no-blank": (">>>half(4)\n2", 7, "lacks blank after >>>"),
    "no-blank-later": (">>> half(\n...4)\n2", 8, "lacks blank after ..."),
    "prompts": ("  >>> half(\n...     4)\n  2", 7, UNEVEN),
    "answer": ("    >>> half(4)\n  2", 8, UNEVEN),
    "alone": ("Words.\n\n>>> # doctest: +SKIP", 9, LONELY),
    # Options of pytest, astropy and xdoctest.
    **{
        option: (f">>> 1\n1\n>>> half(5)  # doctest: {option}\n2", 9, unknown)
        for option in ("+NUMBER", "-FLOAT_CMP", "+REQUIRES(--slow)")
        for unknown in [UNKNOWN.format(option)]
    },
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
    (tmp_path / "two.py").write_text(
        f'{LICENCE}"""# Two\n\n>>>1\n"""\n\n\n'
        'def f():\n    """One.\n\n    >>> f()\n    1\n    """\n    return 2\n'
    )
    settings = settings_of(tmp_path / "two.py", run_examples=True)
    diagnostics = check(settings).context.diagnostics
    assert str(diagnostics).splitlines() == [
        "two.py:5: doctest cannot read the example here, which lacks blank after >>>",
        "two.py:12: the example should give 1, and gives 2",
    ]


def test_the_line_of_an_example_counts_what_stands_above_the_docstring(
    tmp_path: Path,
) -> None:
    diagnostics, _ = found(tmp_path, ">>> half(4)\n3", run=True)
    assert diagnostics == "half.py:7: the example should give 3, and gives 2"


def test_the_code_of_examples_is_read_whatever_doctest_says() -> None:
    loop, last = "  >>>for i in x:\n...     print(i)", "y  # doctest: +NUMBER"
    found = list(sources(f"Words.\n\n{loop}\n  >>> {last}\n2"))
    assert found == ["for i in x:\n    print(i)", last]
