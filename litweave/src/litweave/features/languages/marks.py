r"""# Marks: what a page knows of its translation

What is translated, and what is not, is known where prose is words, and shown where it
is HTML; between the two is Markdown. So a block begins with a *mark* of characters that
Markdown leaves alone, as a heading has one for its anchor (see [`headings`][]):

| mark | the block | what becomes of it |
|---|---|---|
| `MISSING` | is English | `lang="en"`, `class="weave-missing"` |
| `CHANGED` | translates older English | `class="weave-changed"`, `data-english` |
| `CURRENT` | has other units besides | English only if all of them are |
| `SLUG` | is a heading | the anchor that its English words make |
| `LABEL` | is an exercise or its answer | what `exercises` knows it by |

The anchors of a translated page are those of the English one: links lead to both, and a
reader changes the language without losing the place.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocTreeprocessor, unique
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

from litweave import prose
from litweave.exercises import LABEL as LABEL_NAME
from litweave.headings import MARK, mark, said

SLUG, MISSING, CHANGED, CURRENT, LABEL = "\ue102\ue103\ue104\ue105\ue106"
_STATE = re.compile(rf"(?=[{MISSING}{CHANGED}{CURRENT}{LABEL}]){MARK}")
_SLUG = re.compile(rf"(?={SLUG}){MARK}")
# One that is no anchor's.
_STRAY = re.compile(rf"(?!\ue100){MARK}")
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_PHRASES = frozenset(
    [
        "a",
        "abbr",
        "b",
        "br",
        "code",
        "del",
        "em",
        "i",
        "img",
        "input",
        "kbd",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "var",
    ]
)
_EXERCISE = re.compile(r"\*\*((?:Exercise(?: \d+)?|Answer)\.)\*\*")
# Of a heading, what is no word: the rest of links, footnotes, images, tags, emphasis.
_NO_WORDS = re.compile(
    r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|\[\^[^\]]*\]|\]\([^)]*\)|\]\[[^\]]*\]|[\[\]]"
)
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->")


def missing() -> str:
    """The mark of a block that is not translated."""
    return mark("", MISSING)


def changed(english: str) -> str:
    """The mark of a translation whose English has become another."""
    return mark(english, CHANGED)


def current() -> str:
    """The mark of a translation that stands in a block with others."""
    return mark("", CURRENT)


def anchor(english: str, html: bool = True) -> str:
    """The mark of a heading, with the words of the English one."""
    return mark(heading_words(english, html), SLUG)


def label(english: str) -> str:
    """The mark of an exercise or its answer; empty for any other paragraph."""
    match = _EXERCISE.match(english)
    return mark(match[1], LABEL) if match else ""


def heading_words(english: str, html: bool = True) -> str:
    """What a reader of a heading reads, but for its formulas; an anchor is made of it.

    Without `html`, a tag is words.
    """
    parts, done = list[str](), 0
    for match in prose.BEGINNINGS.finditer(english):
        if match.lastgroup == "tag":
            continue
        parts += [_plain(english[done : match.start()], html), _shown(match, html)]
        done = match.end()
    return "".join([*parts, _plain(english[done:], html)])


def _shown(match: re.Match[str], html: bool) -> str:
    """What is shown in the place of something that `prose` takes out of a text."""
    kind = match.lastgroup
    if kind == "code":
        return match[0].strip("`").strip()
    if kind == "link":
        return heading_words(match["text"], html)
    if kind == "escape":
        return match[0][1:]
    return match[0] if kind == "dollar" else ""


def _plain(text: str, html: bool) -> str:
    text = _TAG.sub("", text) if html else text
    return unescape(_EMPHASIS.sub("", _NO_WORDS.sub("", text)))


# ## In the HTML


class States(Extension):
    """The Markdown extension that turns marks into attributes and anchors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run after inline patterns (20), and right before the contents (5)."""
        md.treeprocessors.register(_States(md), "weave-states", 16)
        md.treeprocessors.register(_Slugs(md), "weave-slugs", 6)
        md.postprocessors.register(_Strays(md), "weave-strays", 0)


class _States(Treeprocessor):
    def run(self, root: Element) -> None:
        blocks = defaultdict[Element, list[str]](list)
        for block, found in _taken(root, root, _STATE):
            blocks[block] += found
        for block, marks in blocks.items():
            _label(block, marks)
            states = [text for text in marks if text[0] != LABEL]
            if any(text[0] != CURRENT for text in states):
                _describe(_own(block), states)


def _taken(
    element: Element, block: Element, pattern: re.Pattern[str]
) -> Iterator[tuple[Element, list[str]]]:
    """Take the marks out of an element; each with the block that it stands in."""
    block = block if element.tag in _PHRASES else element
    if element.text and (found := pattern.findall(element.text)):
        element.text = pattern.sub("", element.text)
        yield block, found
    for child in element:
        yield from _taken(child, block, pattern)
        if child.tail and (found := pattern.findall(child.tail)):
            child.tail = pattern.sub("", child.tail)
            yield block, found


def _label(block: Element, marks: list[str]) -> None:
    for text in marks:
        if text[0] == LABEL:
            block.set(LABEL_NAME, said(text))


def _describe(element: Element, marks: list[str]) -> None:
    kinds = {text[0] for text in marks}
    names = {MISSING: "weave-missing", CHANGED: "weave-changed"}
    classes = [names[kind] for kind in sorted(kinds - {CURRENT})]
    element.set("class", " ".join(filter(None, [element.get("class"), *classes])))
    if kinds == {MISSING}:
        element.set("lang", "en")
    english = [said(text) for text in marks if text[0] == CHANGED]
    if english:
        element.set("data-english", "\n".join(english))


def _own(block: Element) -> Element:
    """The element of a block's own words: those of a list within it are others'."""
    inner = [child.tag not in _PHRASES for child in block]
    if block.tag not in {"li", "dd", "td"} or True not in inner:
        return block
    words, first = Element("span"), inner.index(True)
    words.text, block.text = block.text, None
    for child in block[:first]:
        block.remove(child)
        words.append(child)
    words.tail = "\n"
    block.insert(0, words)
    return words


class _Slugs(Treeprocessor):
    def run(self, root: Element) -> None:
        marks = dict(_taken(root, root, _SLUG))
        found = [t for t in self.md.treeprocessors if isinstance(t, TocTreeprocessor)]
        taken = {element.get("id", "") for element in root.iter()}
        for element in root.iter():
            if element not in marks or element.tag not in _HEADINGS:
                continue
            for toc in found if element.get("id") is None else ():
                words = toc.slugify(said(marks[element][0]), toc.sep)
                element.set("id", unique(words, taken))


class _Strays(Postprocessor):
    """Takes away what stands where Markdown sees no block, as within code."""

    def run(self, text: str) -> str:
        return _STRAY.sub("", text)
