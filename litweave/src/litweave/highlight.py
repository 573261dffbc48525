"""Code in colours, line by line, with links and other elements laid around its pieces.

A source is coloured whole: only so is it known that a line stands within a string.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from litweave.dialect import referenced
from litweave.overlay import Mark

_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True)
_BLANK = re.compile('<span class="w">([^<]*)</span>')  # It has no colour.
# A tag or a character.
_PIECE = re.compile("<[^>]*>|&[^;]*;|.")
_END = "</span>"
_EMPTY = re.compile(r'<span class="\w+"></span>')
# A bracket that something follows, the dot within a path; and no part of a tag.
_BREAK = re.compile(r"(?:[(\[](?=.)|(?<=\w)\.(?=[^\W\d]))(?![^<]*>)")
_BLOCK = re.compile(r"<pre\b[^>]*>(?:<span></span>)?<code\b.*?</pre>", re.DOTALL)


def lines(source: str, marks: Sequence[Mark] = ()) -> list[str]:
    """The HTML of each line of a source, without line endings."""
    marked = defaultdict[int, list[Mark]](list)
    for mark in marks:
        marked[mark.line].append(mark)
    return [
        _marked(line, marked[number]) if number in marked else line
        for number, line in enumerate(coloured(source), start=1)
    ]


def breakable(html: str) -> str:
    """Let code go on in the next line, on a narrow screen, elsewhere than in a name."""
    return _BREAK.sub(r"\g<0><wbr>", html)


def breakable_blocks(html: str) -> str:
    """The same for all blocks of code on a page, but for those of a module's lines."""
    return _BLOCK.sub(lambda m: m[0] if "weave-line" in m[0] else breakable(m[0]), html)


@lru_cache(maxsize=1024)
def coloured(source: str) -> list[str]:
    """The HTML of each line of a source."""
    html = _BLANK.sub(r"\1", highlight(source, _LEXER, _FORMATTER))
    html = html.replace("&quot;", '"').replace("&#39;", "'")
    return referenced(html).removesuffix("\n").split("\n")


def _marked(line: str, marks: Sequence[Mark]) -> str:
    """A line with its marks; where one begins within a colour, that begins anew."""
    tags, html, colour, column = _tags(marks), "", "", 0
    for piece in _PIECE.findall(line):
        if piece[0] == "<":
            colour = piece if piece != _END else ""
        else:
            if tag := tags.get(column):
                html += f"{_END}{tag}{colour}" if colour else tag
            column += 1
        html += piece
    return _EMPTY.sub("", html + tags.get(column, ""))


def _tags(marks: Sequence[Mark]) -> dict[int, str]:
    """The tags of one line's marks by their columns, in the order of the line.

    Where one element ends and another begins, the end comes first; of two that begin
    together, the wider one does.
    """
    found = []
    for number, mark in enumerate(marks):
        pairs = (f' {name}="{escape(v)}"' for name, v in mark.attributes.items())
        opening = f"<{mark.tag}{''.join(pairs)}>"
        found.append((mark.start, 1, -mark.end, number, opening))
        found.append((mark.end, 0, -mark.start, -number, f"</{mark.tag}>"))
    tags = defaultdict[int, str](str)
    for column, *_, tag in sorted(found):
        tags[column] += tag
    return tags
