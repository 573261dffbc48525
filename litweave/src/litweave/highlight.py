"""Code in colours, line by line, with links and other elements laid around its pieces.

A module is coloured whole: only so is it known that a line stands within a string.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from html import escape

from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES, _TokenType

from litweave.dialect import referenced
from litweave.overlay import Mark, cuts
from litweave.parse import Module

_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_Piece = tuple[str, str]  # a class and the text that has it
# A bracket that something follows, the sign between an argument and a long value, the
# dot within a path; and no part of a tag.
_BREAK = re.compile(
    r"""
    [(\[=.]  # found at once; what is around it decides
    (?: (?<=[(\[]) (?=.)
      | (?<=<span\ class="o">=) (?=</span>(?:<[^>]*>)+(?:\w{8}|self<))
      | (?<=\w\.) (?=[^\W\d]) )
    (?! [^<]*> )
    """,
    re.VERBOSE,
)
_BLOCK = re.compile(r"<pre\b[^>]*>(?:<span></span>)?<code\b.*?</pre>", re.DOTALL)


def lines(module: Module, marks: Sequence[Mark] = ()) -> list[str]:
    """The HTML of each line of a module, without line endings."""
    marked = defaultdict(list)
    for mark in marks:
        marked[mark.line].append(mark)
    return [
        referenced("".join(_html(pieces, marked.get(number, ()))))
        for number, pieces in enumerate(coloured(module.source), start=1)
    ]


def breakable(html: str) -> str:
    """Let code go on in the next line, on a narrow screen, elsewhere than in a name."""
    return _BREAK.sub(r"\g<0><wbr>", html)


def breakable_blocks(html: str) -> str:
    """The same for all blocks of code on a page, but for those of a module's lines."""
    return _BLOCK.sub(lambda m: m[0] if "weave-line" in m[0] else breakable(m[0]), html)


@lru_cache(maxsize=1024)
def coloured(source: str) -> list[list[_Piece]]:
    """The pieces of each line: neighbours of one colour are one piece."""
    return list(_pieces(source))


def _pieces(source: str) -> Iterator[list[_Piece]]:
    line: list[_Piece] = []
    for kind, text in _LEXER.get_tokens(source):
        colour = _colour(kind)
        first, *others = text.split("\n")
        _append(line, colour, first)
        for other in others:
            yield line
            line = []
            _append(line, colour, other)
    yield line


def _append(line: list[_Piece], colour: str, text: str) -> None:
    if line and line[-1][0] == colour:
        line[-1] = (colour, line[-1][1] + text)
    elif text:
        line.append((colour, text))


@cache
def _colour(kind: _TokenType) -> str:
    """The class of a kind of token, or else of the kind that it is a case of."""
    while kind not in STANDARD_TYPES and kind.parent:
        kind = kind.parent
    colour = STANDARD_TYPES[kind]
    return "" if colour == "w" else colour  # White space has no colour.


def _html(pieces: Sequence[_Piece], marks: Sequence[Mark]) -> Iterator[str]:
    tags = list(cuts(marks))
    column = 0
    for colour, text in pieces:
        end = column + len(text)
        while tags and tags[0][0] < end:
            place, tag = tags.pop(0)
            yield _span(colour, text[: place - column])
            yield tag
            text, column = text[place - column :], place
        yield _span(colour, text)
        column = end
    yield from (tag for _, tag in tags)


def _span(colour: str, text: str) -> str:
    if not text:
        return ""
    shown = escape(text, quote=False)
    return f'<span class="{colour}">{shown}</span>' if colour else shown
