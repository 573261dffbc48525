"""# Highlight: colours for code

A module is coloured whole, by Pygments, and then handed out line by line: only so does
the colouring know that a line stands in the middle of a string. The colours themselves
are classes, which the style sheet of the palette fills in, so that dark and light both
switch.
"""

import re

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from labml_style_nn.weave.parse import Module

# Spans without a class would only add weight.
_EMPTY = re.compile(r"<span></span>")
_LEXER = PythonLexer(stripnl=False, ensurenl=False)
_FORMATTER = HtmlFormatter[str](nowrap=True)


def lines(module: Module) -> list[str]:
    """The HTML of each line of a module, without line endings."""
    html = _EMPTY.sub("", highlight(module.source, _LEXER, _FORMATTER))
    return html.split("\n")
