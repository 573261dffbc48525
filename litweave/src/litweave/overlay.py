"""What a page shows beyond its source: colours, marks, hints, tools, panels, endnotes.

All but the colours is found apart from the rows and laid over them at the end.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from litweave.marks import referenced

_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter(nowrap=True)
_COLOUR = re.compile(r'<span class="\w+">([^<]*)</span>')
_BLANK = re.compile('<span class="w">([^<]*)</span>')  # It has no colour.
_TAG_OR_CHARACTER = re.compile("<[^>]*>|&[^;]*;|.")
_END = "</span>"
_EMPTY = re.compile(r'<span class="\w+"></span>')
# A bracket that something follows, what parts a path or a chain, the sign behind which
# the value of an argument stands; and no part of a tag.
_BREAK = re.compile(
    r"""[(\[./=] (?: (?<=[(\[]) (?=.) | (?<=\w[./]) (?=[^\W\d])
      | (?<=<span[ ]class="o">[.=]) </span> (?=\S) ) (?![^<]*>)""",
    re.VERBOSE,
)
# An option of a command, which no line is to part behind its hyphens.
_OPTION = re.compile(r"-(?<![\w-].)-?[A-Za-z][\w-]*(?![^<]*>)")
# Code, and what makes a block of it.
_CODE = re.compile(
    r"<(pre\b[^>]*>(?:<span></span>)?<)?code\b(?:[^<]++|<(?!/code>))*+</code>"
)


@dataclass(frozen=True)
class Mark:
    """An element around some columns of a line of code, counted from 0.

    Marks may lie within one another; none may lie across another's edge.
    """

    line: int
    start: int
    end: int
    tag: str
    attributes: Mapping[str, str]


@dataclass
class Overlay:
    """What one page shows beyond its own source; all but the marks are HTML."""

    marks: list[Mark] = field(default_factory=list)
    hints: dict[int, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    panels: list[str] = field(default_factory=list)
    endnotes: list[str] = field(default_factory=list)


def filled(page: str, form: str, blocks: Mapping[int, str]) -> str:
    """A page with HTML that was set aside, each in the frame with its number."""
    for number, html in blocks.items():
        frame = form.format(number)
        page = page.replace(frame, frame.replace("></", f">{html}</"))
    return page


def island(name: str, data: object) -> str:
    """An element with data for a script of the page."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # Within a script element, only the end of it has a meaning.
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


# ## Code in colours


def code_lines(source: str, marks: Sequence[Mark] = ()) -> list[str]:
    """The HTML of each line of a source, without line endings."""
    lines = [*coloured(source)]
    marked = defaultdict[int, list[Mark]](list)
    for mark in marks:
        marked[mark.line - 1].append(mark)
    for number, found in marked.items():
        lines[number] = _marked(lines[number], found)
    return lines


def breakable(html: str) -> str:
    """Let code go on in the next line, on a narrow screen, elsewhere than in a name."""
    return _BREAK.sub(r"\g<0><wbr>", html)


def breakable_blocks(html: str) -> str:
    """The same for all blocks of code on a page, but for those of a module's lines.

    Options of commands stay in one piece, in blocks and among words.
    """

    def write(code: re.Match[str]) -> str:
        if "weave-line" in code[0]:
            return code[0]
        text = _OPTION.sub(r'<span class="weave-option">\g<0></span>', code[0])
        return breakable(text) if code[1] else text

    return _CODE.sub(write, html)


@lru_cache(maxsize=1024)
def coloured(source: str) -> list[str]:
    """The HTML of each line of a source."""
    html = _BLANK.sub(r"\1", highlight(source, _LEXER, _FORMATTER))
    html = html.replace("&quot;", '"').replace("&#39;", "'")
    return referenced(html).removesuffix("\n").split("\n")


def uncoloured(html: str) -> str:
    """HTML without the colours of code: the search reads tags, and shows none."""
    return _COLOUR.sub(r"\1", html)


def _marked(line: str, marks: Sequence[Mark]) -> str:
    """A line with its marks; where one begins within a colour, that begins anew."""
    # By columns; what ends there comes first. The wider one is around the other.
    tags = defaultdict[int, str](str)
    ordered = sorted(marks, key=lambda mark: (mark.start, -mark.end))
    for mark in reversed(ordered):
        tags[mark.end] += f"</{mark.tag}>"
    for mark in ordered:
        pairs = (f' {name}="{escape(v)}"' for name, v in mark.attributes.items())
        tags[mark.start] += f"<{mark.tag}{''.join(pairs)}>"
    html, colour, column = "", "", 0
    for piece in _TAG_OR_CHARACTER.findall(line):
        if piece[0] == "<":
            colour = piece if piece != _END else ""
        else:
            if tag := tags.get(column):
                html += f"{_END}{tag}{colour}" if colour else tag
            column += 1
        html += piece
    return _EMPTY.sub("", html + tags.get(column, ""))
