r"""# Material: names for what has none

Material for MkDocs leaves two things without a name that a screen reader could say: the
dialog of the search, and the list under a section that has a page of its own. Here they
get one, in the finished HTML.
"""

import re
from html import escape

_SEARCH = 'class="md-search" data-md-component="search" role="dialog"'
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


def name_landmarks(html: str, search: str = "Search") -> str:
    """Give the search dialog and the sections of the navigation their names."""
    html = html.replace(_SEARCH, f'{_SEARCH} aria-label="{escape(search)}"')
    return _SECTION.sub(
        lambda m: (
            f'{m["before"]}aria-label="{m["title"]}"{m["after"]}{m["title"]}{m["end"]}'
        ),
        html,
    )
