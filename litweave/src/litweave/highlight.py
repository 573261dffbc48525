"""Code in colours, line by line, with links and other elements laid around its pieces.

A module is coloured whole: only so is it known that a line stands within a string.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from litweave.dialect import referenced
from litweave.overlay import Mark
from litweave.parse import Module

_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True)
_BLANK = re.compile('<span class="w">([^<]*)</span>')  # It has no colour.
# A piece of one colour, and the characters in it.
_PIECE = re.compile(r'(<span class="\w+">)?([^<]+)(</span>)?')
_CHARACTER = re.compile("&[^;]*;|.")
# A bracket that something follows, the dot within a path; and no part of a tag.
_BREAK = re.compile(r"(?:[(\[](?=.)|(?<=\w)\.(?=[^\W\d]))(?![^<]*>)")
_BLOCK = re.compile(r"<pre\b[^>]*>(?:<span></span>)?<code\b.*?</pre>", re.DOTALL)


def lines(module: Module, marks: Sequence[Mark] = ()) -> list[str]:
    """The HTML of each line of a module, without line endings."""
    marked = defaultdict[int, list[Mark]](list)
    for mark in marks:
        marked[mark.line].append(mark)
    return [
        _marked(line, marked[number]) if number in marked else line
        for number, line in enumerate(coloured(module.source), start=1)
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
    tags, html, end = _tags(marks), "", 0
    for begin, text, close in _PIECE.findall(line):
        characters = _CHARACTER.findall(text)
        start, end = end, end + len(characters)
        edges = [column for column in tags if start < column < end]
        for left, right in pairwise([start, *edges, end]):
            shown = "".join(characters[left - start : right - start])
            html += f"{tags.pop(left, '')}{begin}{shown}{close}"
    return html + tags.pop(end, "")


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
