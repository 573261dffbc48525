"""Examples that doctest cannot read: a page all the same, and a problem."""

import re
from pathlib import Path

import pytest

from litweave.check import check
from litweave.doctests import sources
from litweave.words import said
from support import settings_of, write_files

# What is written, the line of it (the first is 7), and what doctest minds.
UNEVEN = "has inconsistent leading whitespace"
LONELY = "has an option directive on a line with no example"
REFUSED = [
    (">>>half(4)\n2", 7, "lacks blank after >>>"),
    (">>> half(\n...4)\n2", 8, "lacks blank after ..."),
    *(("  >>> half(\n...     4)\n  2", 7, UNEVEN), ("    >>> half(4)\n  2", 8, UNEVEN)),
    ("Words.\n\n>>> # doctest: +SKIP", 9, LONELY),
]
# Options of pytest, astropy and xdoctest.
for name in ("+NUMBER", "-FLOAT_CMP", "+REQUIRES(--slow)"):
    example = f">>> 1\n1\n>>> 2  # doctest: {name}\n2"
    REFUSED.append((example, 9, f"has an invalid option: '{name}'"))

READ = [
    *("\t>>> half(4)\n\t2", ">>> '''a\n... >>>b'''\n'a\\n>>>b'"),
    *(">>> half(4)  # doctest: +SKIP\n3", ">>> half(4)  # doctest: +ROUGHLY\n2"),
    *(">>> half(4)  # xdoctest: +REQUIRES(--slow)\n2", "```\n>>> half(4)\n2\n```"),
]
MODULE = '''# Somebody's licence.

r"""# Half

## Example

%s
"""

import doctest

doctest.register_optionflag("ROUGHLY")


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
def test_what_doctest_refuses_is_a_problem_and_no_form(
    tmp_path: Path, run: bool
) -> None:
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
    # An option that is not doctest's own may be unknown where the copy is run.
    refused = ["not possible" in menu for menu in menus]
    assert refused == ["ROUGHLY" in text for text in READ]


def test_a_text_that_is_refused_does_not_keep_the_others_from_being_run(
    tmp_path: Path,
) -> None:
    (tmp_path / "two.py").write_text(
        '# A licence.\n"""# Two\n\n>>>1\n"""\n\n\n'
        'def f():\n    """One.\n\n    >>> f()\n    1\n    """\n    return 2\n'
    )
    settings = settings_of(tmp_path / "two.py", run_examples=True)
    assert str(check(settings).context.diagnostics).splitlines() == [
        "two.py:4: doctest cannot read the example here, which lacks blank after >>>",
        "two.py:11: the example should give 1, and gives 2",
    ]


def test_the_code_of_examples_is_read_whatever_doctest_says() -> None:
    loop, last = "  >>>for i in x:\n...     print(i)", "y  # doctest: +NUMBER"
    found = list(sources(f"Words.\n\n{loop}\n  >>> {last}\n2"))
    assert found == ["for i in x:\n    print(i)", last]
