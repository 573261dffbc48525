r"""# Lexer: Pygments' Python, with the frequent asked first

Pygments tries the rules of a language one after the other at each place of a source. In
its Python, a plain name is tried last, behind some forty rules that rarely apply, and
half of all tokens are plain names, brackets and spaces.

This lexer asks for those first, and hands the rest on. Its colours are the same, and
it takes a third of the time.
"""

from collections.abc import Iterator

from pygments.lexer import inherit, words
from pygments.lexers import PythonLexer
from pygments.token import (
    Comment,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)


def _special() -> Iterator[str]:
    """The words that Python, or Pygments, means something by."""
    yield from ("def", "class", "from", "import", "lazy", "match", "case")
    yield from ("in", "is", "and", "or", "not")
    yield from ("self", "cls", "Ellipsis", "NotImplemented")
    for state in ("keywords", "expr-keywords", "builtins"):
        for pattern, *_ in PythonLexer.tokens[state]:
            if isinstance(pattern, words):
                yield from pattern.words


# A word that is none of these, and not the prefix of a string.
_PLAIN_NAME = words(
    tuple(_special()), prefix=r"(?!__)(?!", suffix=r"\b)[A-Za-z_]\w*(?![\w\"'])"
)


class QuickPythonLexer(PythonLexer):  # type: ignore[misc]
    """The colours of `PythonLexer`, sooner."""

    tokens = {  # noqa: RUF012 - Pygments asks for it as it is
        "root": [
            (r"\n", Whitespace),
            (r"(?<=\S)[^\S\n]+", Text),
            (_PLAIN_NAME, Name),
            (r"[](){},;[]|:(?!=)", Punctuation),
            (r"==|=|\.(?!\d)", Operator),
            (r"(?<![.\w])self(?=\.)", Name.Builtin.Pseudo),
            # Strings with nothing in them to look at, and not of three quotes.
            (r"\"[^\"\\%{\n]*\"(?!\")", String.Double),
            (r"'[^'\\%{\n]*'(?!')", String.Single),
            (r"(?<![.\w])\d+(?![.\w])", Number.Integer),
            (r"(?!\A)#.*$", Comment.Single),
            # What indents a line, unless a docstring or a soft keyword follows.
            (r"^ +(?!\s|[rRuUbB]{,2}(?:\"{3}|'{3})|(?:match|case)\b)", Text),
            inherit,
        ]
    }
