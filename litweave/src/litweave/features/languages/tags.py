r"""# Tags: the words within HTML

A page may hold HTML of its own: a form, a picture, a table of figures. Its words stand
between its tags, and in the attributes that a screen reader reads. Tags that set a
phrase, as `<b>` or `<code>` do, belong to their sentence; all others end it.

An element with the attribute `markdown` holds Markdown, so only its tag is HTML.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown.util import BLOCK_LEVEL_ELEMENTS

from litweave.features.languages.tokens import has_words

_ATTRIBUTE = r"""(?: [^<>"'] | "[^"]*" | '[^']*' )*"""
ELEMENT = re.compile(
    rf"(?P<comment> <!-- .*? (?: --> | \Z ) )"
    rf"| < (?P<ends> /? ) (?P<name> [A-Za-z][\w-]* ) (?P<attributes> {_ATTRIBUTE} ) >",
    re.VERBOSE | re.DOTALL,
)
# What begins HTML where a line begins; a comment has no name.
TAGS = frozenset(BLOCK_LEVEL_ELEMENTS) | {"", "link", "meta", "script", "style", "svg"}
_PHRASES = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "br",
        "cite",
        "code",
        "em",
        "i",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tspan",
        "u",
        "var",
        "wbr",
    ]
)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "wbr",
    ]
)
_SILENT = frozenset({"script", "style", "pre", "textarea", "template"})
# Their text can hold no other element.
_LABELS = frozenset({"option", "text", "title", "textpath", "desc"})
_SAID = re.compile(
    r"""(?<=\s) (?: aria-label | alt | title | placeholder )
        = (?: "([^"]*)" | '([^']*)' )""",
    re.VERBOSE,
)

Found = tuple[str, int, int]
"""A text in HTML: its kind, and from where to where it goes."""


class Html(NamedTuple):
    """A stretch of HTML: where it ends, and the texts in it."""

    end: int
    found: list[Found]


def texts(html: str, start: int) -> Html:
    """The texts of the element whose tag begins at `start`, or of that tag alone.

    Kinds are “html” for what stands between tags, “label” where no other element may
    stand, “attribute”.
    """
    first = ELEMENT.match(html, start)
    assert first
    end = _end(html, first)
    tags = list(ELEMENT.finditer(html, start, end))
    found = attributes(html, start, end)
    found += _between(html, tags)
    # What an attribute of a phrase says is a part of its sentence.
    found.sort(key=lambda text: (text[1], -text[2]))
    kept = list[Found]()
    for text in found:
        if not kept or text[1] >= kept[-1][2]:
            kept.append(text)
    return Html(end, kept)


def attributes(html: str, start: int, end: int) -> list[Found]:
    """What a stretch of a text says in the attributes of its tags."""
    tags = ELEMENT.finditer(html, start, end)
    return [found for match in tags for found in _attributes(match)]


def _end(html: str, first: re.Match[str]) -> int:
    """Where the element ends that a tag begins; all of it if its end is missing."""
    name = (first["name"] or "").lower()
    is_markdown = re.search(r"\smarkdown\b", first["attributes"] or "")
    if first["ends"] or not name or name in _VOID or is_markdown or _is_closed(first):
        return first.end()
    deep = 0
    for match in ELEMENT.finditer(html, first.start()):
        if (match["name"] or "").lower() == name and not _is_closed(match):
            deep += -1 if match["ends"] else 1
            if not deep:
                return match.end()
    return first.end()


def _is_closed(match: re.Match[str]) -> bool:
    return (match["attributes"] or "").rstrip().endswith("/")


def _attributes(match: re.Match[str]) -> Iterator[Found]:
    for said in _SAID.finditer(match["attributes"] or ""):
        left, right = said.span(said.lastindex or 1)
        offset = match.start("attributes")
        if has_words(said[said.lastindex or 1]):
            yield "attribute", offset + left, offset + right


def _between(html: str, tags: list[re.Match[str]]) -> Iterator[Found]:
    """The stretches between tags that end a sentence."""
    start, inside = tags[0].end(), _name(tags[0])
    silent = inside if inside in _SILENT and not tags[0]["ends"] else ""
    for match in tags[1:]:
        name = _name(match)
        if silent:
            if name == silent and match["ends"]:
                start, silent = match.end(), ""
            continue
        if name in _PHRASES:
            continue
        kind = "label" if inside in _LABELS else "html"
        found = _trimmed(html, start, match.start())
        if found:
            yield kind, *found
        start, inside = match.end(), "" if match["ends"] else name
        silent = name if name in _SILENT and not match["ends"] else ""


def _name(match: re.Match[str]) -> str:
    return (match["name"] or "").lower()


_SPACE_OR_EMPTY = re.compile(r"\s+|<(\w+)[^<>]*></\1>|<(?:br|wbr)\b[^<>]*>")
_AROUND = re.compile(r"\s*<(\w+)[^<>]*>(.*)</\1>\s*", re.DOTALL)


def _trimmed(html: str, start: int, end: int) -> tuple[int, int] | None:
    """The words of a stretch, without the empty elements and tags around them."""
    if not has_words(_spoken(html[start:end])):
        return None
    while True:
        text = html[start:end]
        if match := _SPACE_OR_EMPTY.match(text):
            start += match.end()
            continue
        ends = [m for m in _SPACE_OR_EMPTY.finditer(text) if m.end() == len(text)]
        if ends:
            end -= len(text) - ends[-1].start()
            continue
        around = _AROUND.fullmatch(text)
        if around and f"</{around[1]}>" not in around[2]:
            start, end = start + around.start(2), start + around.end(2)
            continue
        return start, end


def _spoken(html: str) -> str:
    return re.sub(r"<code\b[^<>]*>.*?</code>", " ", html, flags=re.DOTALL)
