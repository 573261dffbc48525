"""Markup: the words within HTML, as far as they make sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence

from markdown.util import BLOCK_LEVEL_ELEMENTS

from litweave.features.languages.tokens import has_words

TAG = re.compile(
    r"""
    (?P<comment> <!-- .*? (?: --> | \Z ) )
  | < (?P<ends> /? ) (?P<name> [A-Za-z][\w-]* )
      (?P<attributes> (?: [^<>"'] | "[^"]*" | '[^']*' )*? ) (?P<closed> /? ) \s* >
    """,
    re.VERBOSE | re.DOTALL,
)
"""A tag, or a comment, which has no name."""

# What begins HTML where a line begins.
_BEGINNING = {"", "link", "meta", "script", "style", "svg", *BLOCK_LEVEL_ELEMENTS}
PHRASES = frozenset(
    """
    a abbr b bdi bdo br cite code del em i kbd mark q s samp small span strong
    sub sup tspan u var wbr
    """.split()  # noqa: SIM905 - a line of words reads better
)
"""Elements that set a part of a sentence; all others end it."""

_SILENT = frozenset({"script", "style", "pre", "textarea", "template"})
# Their text can hold no other element.
_LABELS = frozenset({"option", "text", "title", "textpath", "desc"})
_SAID = re.compile(
    r"""(?<=\s) (?: aria-label | alt | title | placeholder )
        = (?: "([^"]*)" | '([^']*)' )""",
    re.VERBOSE,
)
_EMPTY = r"(?:\s|<(\w+)[^<>]*></\1>|<(?:br|wbr)\b[^<>]*>)+"
_BEFORE, _AFTER = re.compile(_EMPTY), re.compile(rf"{_EMPTY}\Z")
_AROUND = re.compile(r"<(\w+)[^<>]*>(.*)</\1>", re.DOTALL)
_CODE = re.compile(r"<code\b[^<>]*>.*?</code>", re.DOTALL)

# A text in HTML: its kind, and from where to where it goes.
_Found = tuple[str, int, int]


def begins(text: str, start: int = 0) -> re.Match[str] | None:
    """The tag, or the comment, that a block of HTML begins with."""
    match = TAG.match(text, start)
    return match if match and _name(match) in _BEGINNING else None


def texts(html: str, first: re.Match[str]) -> tuple[int, list[_Found]]:
    """Where the element of a tag ends, or the tag alone; and the texts in it.

    Kinds are “html” for what stands between tags, “label” where no other element may
    stand, “attribute” for what a screen reader reads.
    """
    tags = _tags(html, first)
    found = [*attributes(tags), *_between(html, tags)]
    # What an attribute of a phrase says is a part of its sentence, which comes first.
    return tags[-1].end(), sorted(found, key=lambda text: (text[1], -text[2]))


def _tags(html: str, first: re.Match[str]) -> list[re.Match[str]]:
    """All tags of an element; the first alone if what follows is Markdown."""
    name, tags, depth = _name(first), list[re.Match[str]](), 0
    is_markdown = re.search(r"\smarkdown\b", first["attributes"] or "")
    if name and not (first["ends"] or first["closed"] or is_markdown):
        for match in TAG.finditer(html, first.start()):
            tags.append(match)
            if _name(match) == name and not match["closed"]:
                depth += -1 if match["ends"] else 1
                if not depth:
                    return tags
    return [first]


def _name(match: re.Match[str]) -> str:
    return (match["name"] or "").lower()


def attributes(tags: Iterable[re.Match[str]]) -> Iterator[_Found]:
    """What tags say to those who cannot see what they show."""
    for match in tags:
        for said in _SAID.finditer(match["attributes"] or ""):
            left, right = said.span(said.lastindex or 1)
            if has_words(said[said.lastindex or 1]):
                offset = match.start("attributes")
                yield "attribute", offset + left, offset + right


def _between(html: str, tags: Sequence[re.Match[str]]) -> Iterator[_Found]:
    """The stretches between tags that end a sentence."""
    start, inside = tags[0].start(), ""
    for match in tags:
        name, is_silent = _name(match), inside in _SILENT
        if name in PHRASES or (is_silent and not (match["ends"] and name == inside)):
            continue
        if not is_silent and (found := _trimmed(html, start, match.start())):
            yield "label" if inside in _LABELS else "html", *found
        start, inside = match.end(), "" if match["ends"] else name


def _trimmed(html: str, start: int, end: int) -> tuple[int, int] | None:
    """The words of a stretch, without the empty elements and tags around them."""
    if not has_words(_CODE.sub(" ", html[start:end])):
        return None
    while True:
        if match := _BEFORE.match(html, start, end):
            start = match.end()
        elif match := _AFTER.search(html, start, end):
            end = match.start()
        elif (match := _AROUND.fullmatch(html, start, end)) and (
            f"</{match[1]}>" not in match[2]
        ):
            start, end = match.span(2)
        else:
            return start, end
