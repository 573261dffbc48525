"""# Styles: many sheets become one

Each feature of a page has a style sheet of its own, which is easy to find and to
change. A reader's browser would rather ask for one file, without the comments.
"""

from pathlib import Path

from rcssmin import cssmin

_FIRST = "weave.css"


def joined(folder: Path) -> str:
    """The style sheets of a folder as one, the page's own before its features'."""
    sheets = sorted(folder.glob("*.css"), key=lambda s: (s.name != _FIRST, s.name))
    return str(cssmin("\n".join(sheet.read_text("utf-8") for sheet in sheets)))
