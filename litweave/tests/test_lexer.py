"""The quick lexer colours every file as Pygments' own does."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import PythonLexer

from litweave.lexer import QuickPythonLexer

STDLIB = Path(sysconfig.get_path("stdlib"))
# Strings, numbers, soft keywords, decorators and languages of all kinds.
NAMES = (
    *("argparse.py", "ast.py", "decimal.py", "_pydecimal.py", "fractions.py", "re"),
    *("dataclasses.py", "string.py", "textwrap.py", "typing.py", "json", "tokenize.py"),
    *("test/test_patma.py", "test/test_fstring.py", "test/test_grammar.py"),
)
SOURCES = [
    path
    for name in NAMES
    for path in ([STDLIB / name] if name.endswith(".py") else (STDLIB / name).iterdir())
    if path.suffix == ".py" and path.exists()
]


def colours(lexer: PythonLexer, source: str) -> list[tuple[object, str]]:
    """The tokens, where neighbours of a kind are one: so a reader sees them."""
    merged: list[tuple[object, str]] = []
    for kind, text in lexer.get_tokens(source):
        if merged and merged[-1][0] is kind:
            merged[-1] = (kind, merged[-1][1] + text)
        elif text:
            merged.append((kind, text))
    return merged


def both(source: str) -> Iterator[list[tuple[object, str]]]:
    for lexer in (PythonLexer, QuickPythonLexer):
        yield colours(lexer(stripnl=False, ensurenl=False), source)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_files_have_their_colours(path: Path) -> None:
    theirs, ours = both(path.read_text("utf-8"))
    assert ours == theirs


WORDS = st.sampled_from(
    [
        *(
            "self",
            "cls",
            "print",
            "match",
            "case",
            "_",
            "x",
            "x1",
            "__init__",
            "é",
            "def",
        ),
        *(
            "in",
            "not",
            "if",
            "lambda",
            "None",
            "f",
            "rb",
            "async",
            "yield from",
            "type",
        ),
        *(
            ".",
            "...",
            ":",
            ":=",
            "=",
            "==",
            "@",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ";",
        ),
        *(
            '"',
            "'",
            '"""',
            "'''",
            "\\",
            "#",
            "%s",
            "{x}",
            "{",
            "!r",
            "\n",
            "\t",
            " ",
            "  ",
        ),
        *("0", "12", "1.5", ".5", "1e5", "0x1f", "1_000", "3j", "5.", "01", "#!"),
    ]
)


@given(st.lists(WORDS, max_size=12))
def test_anything_has_its_colours(words: list[str]) -> None:
    theirs, ours = both("".join(words))
    assert ours == theirs
