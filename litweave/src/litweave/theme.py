r"""# Material: names for what has none, less of what nobody reads, a calmer search

Material for MkDocs leaves two things without a name that a screen reader could say: the
dialog of the search, and the list under a section that has a page of its own. And it
gives the breadcrumbs the name of the navigation. Here they get names, in the finished
HTML. And the lists in the table of contents, which have the
names of their headings, are told from the lists of the site's sections.

Its search does two things too eagerly, for which a script of ours is put before the
theme's: see `assets/search.js`.

Its templates also leave behind them, around every link of the navigation, more blank
lines than text: a third of a page. They are taken out.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import FileSystemBytecodeCache

from litweave.words import word

_PATH = '<nav class="md-path" aria-label="'
_SEARCH = 'class="md-search" data-md-component="search" role="dialog"'
# In the table of contents, the list under a heading is named like the heading. A
# section of the site may have that name already.
_CONTENTS = re.compile(r'(<nav class="md-nav" aria-label=")([^"]*)"(?=>)')
# A list that is named after its section's label, and the title that stands in it.
_SECTION = re.compile(
    r"""
    (?P<before> <nav\ class="md-nav"[^>]* )
    aria-labelledby="__nav_[\d_]+_label"
    (?P<after> [^>]* > \s* <label\ class="md-nav__title"[^>]*> \s*
      <span\ class="md-nav__icon\ md-icon"></span> \s* )
    (?P<title> [^<]+? )
    (?P<end> \s* </label> )
    """,
    re.VERBOSE,
)
_BUNDLE = re.compile(r'<script src="([^"]*assets/)javascripts/bundle\.')
_BLANK = re.compile(r"\s*\n\s*")


def name_landmarks(html: str) -> str:
    """Give the search dialog and the sections of the navigation their names."""
    html = html.replace(_SEARCH, f'{_SEARCH} aria-label="{word("Search")}"')
    html = re.sub(f'{_PATH}[^"]*"', f'{_PATH}{word("Breadcrumbs")}"', html)
    html = _CONTENTS.sub(
        lambda m: f'{m[1]}{word("Sections of {heading}", heading=m[2])}"', html
    )
    return _SECTION.sub(
        lambda m: (
            f'{m["before"]}aria-label="{m["title"]}"{m["after"]}{m["title"]}{m["end"]}'
        ),
        html,
    )


def calm_search(html: str) -> str:
    """Let the script about the search come before the theme's."""
    return _BUNDLE.sub(r'<script src="\1search.js"></script>\n\g<0>', html)


def without_blanks(html: str) -> str:
    """Take blank lines and indents out of the frame of a page.

    What the frame is around, the article, stays as it is: code may be in it.
    """
    before, start, rest = html.partition("<article")
    article, end, after = rest.rpartition("</article>")
    if not end:
        return html
    frame = (_BLANK.sub("\n", part) for part in (before, after))
    return f"{start}{article}{end}".join(frame)


def language_of(folders: Sequence[Path | str], language: str) -> str:
    """The language of the theme that is nearest: `pt-BR`, `pt`, or else English.

    `folders` are those of the theme.
    """
    for code in filter(None, (language, language.partition("-")[0])):
        file = f"partials/languages/{code}.html"
        if any(Path(folder, file).is_file() for folder in folders):
            return code
    return "en"


def compiled_templates(cache: Path) -> FileSystemBytecodeCache:
    """Keep the theme's templates compiled: that takes as long as a dozen pages."""
    folder = cache / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))
