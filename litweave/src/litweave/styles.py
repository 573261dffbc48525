"""# Styles: many sheets become one

Each feature of a page has a style sheet of its own, which is easy to find and to
change. A reader's browser would rather ask for one file, without the comments. So the
sheets of litweave become one, and at the end of a build so do all that a site has
besides those of the theme: a page is not shown before the last of them is there.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from rcssmin import cssmin

_FIRST = "weave.css"
# The address of a file beside the sheet.
_BESIDE = re.compile(r"""(?<=url\()(["']?)(?![/#]|\w+:)([^"')]+)\1(?=\))""")


def joined(package: Path) -> str:
    """The style sheets of the renderer as one, the page's own before its features'."""
    found = [*package.glob("assets/*.css"), *package.glob("features/*/*.css")]
    sheets = sorted(found, key=lambda sheet: (sheet.name != _FIRST, sheet.name))
    return str(cssmin("\n".join(sheet.read_text("utf-8") for sheet in sheets)))


def moved(sheets: Mapping[str, str], to: str) -> str:
    """Sheets of a site, by their addresses, as one at another address."""

    def address(match: re.Match[str]) -> str:
        return relpath(normpath(join(folder, match[2])), dirname(to))

    parts = []
    for uri, sheet in sheets.items():
        folder = dirname(uri)
        parts.append(_BESIDE.sub(address, sheet))
    return str(cssmin("\n".join(parts)))
