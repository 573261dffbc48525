r"""# Dialect: the Markdown of every page, and what it may put into one

A reader's browser runs what a page tells it to, so prose brings no program into one.
Before Markdown, a `<` that would open a tag is set aside, and stays a `<`: in a
docstring, `<module>` is mostly no HTML. After Markdown, only what is on a list passes,
for Markdown has more ways to a tag than one (a link to `javascript:`, an attribute in
braces). An author who wants HTML in the prose turns both off with `raw_html`.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import nh3
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.attr_list import AttrListTreeprocessor
from markdown.extensions.toc import TocTreeprocessor, slugify
from markdown.inlinepatterns import SimpleTextInlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE, HtmlStash

from litweave import marks
from litweave.headings import HEADING, set_anchors, set_slugs, slug
from litweave.marks import LESS, pattern, said

# ## Before Markdown

# A tag begins with a letter, `/`, `!` or `?`. An address in angle brackets, be it of a
# page or of a person, is a link of Markdown's own, and no tag.
TAG = r"<(?=[A-Za-z/!?])(?!(?i:(?:https?|ftp)://|mailto:)|[^<>\s@!]+@[^<>\s@]+>)"

# ## Markdown

EXTENSIONS: dict[str, dict[str, Any]] = {
    "admonition": {},
    "attr_list": {},
    "def_list": {},
    "footnotes": {},
    "pymdownx.details": {},
    "pymdownx.highlight": {"pygments_lang_class": True},
    "pymdownx.inlinehilite": {},
    "pymdownx.superfences": {},
    "pymdownx.tabbed": {"alternate_style": True},
    # A list begins at its first number: prose goes on in the next row.
    "sane_lists": {},
}
# No emphasis opens between operands, as in `x**2`, before names, as in `(*args)`, in
# brackets or quotes, nor in names as `__init__` or `a_{n}_b`. Those of ASCII: in other
# scripts, without blanks, emphasis has letters around.
_SIGNS = r"""(?x)
    ( (?<! [A-Za-z0-9_*.()\[\]|] )
      (?: [A-Za-z0-9_.()\[\]|]* [A-Za-z0-9_)\]|] \*{1,2} )+ (?= [A-Za-z0-9_(\[|] )
    | \*{1,2} (?<! [\w*]\* ) (?<! [\w*]\*\* )
      (?: (?: args | kwargs | kwds | kw )\b (?!\*) | \w+ (?= [)\]] ) )
    | (?<= ['"(\[] ) \*{1,2} (?= ['")\]] )
    | (?<!\w) __[a-z]\w*?__ (?!\w)
    | (?<=\w\}) _ (?=\w) )"""
# `zip[A](a)` is no link: an address has one of these signs.
_BRACKET = r"(\[)(?<=[A-Za-z0-9_]\[)(?=[^\[\]\n]*\]\([^()\n./#:]*[)(])"
BRACE = r"\{:?[ ]*(?=[.\#][\w-]|[\w:-]+=|(?<=[ :])[a-z-]+[ ]*\})"
"""What begins attributes, as `{.wide}`, `{id=a}`, `{ download }`; no `{name}` does."""
_ATTRIBUTE_LISTS = {
    "HEADER_RE": re.compile(rf"[ ]+{BRACE}([^\n]*)\}}[ ]*$"),
    "BLOCK_RE": re.compile(rf"\n[ ]*{BRACE}([^\n]*)\}}[ ]*$"),
    "INLINE_RE": re.compile(rf"^{BRACE}([^\n]*)\}}"),
}


def add_step(
    md: Markdown, name: str, priority: int, work: Callable[[Element], None]
) -> None:
    """Let Markdown do something with the tree of each page."""
    step = Treeprocessor(md)
    step.run = work  # type: ignore[method-assign, assignment]
    md.treeprocessors.register(step, f"weave-{name}", priority)


class Dialect(Extension):
    """The Markdown extension of what every page has."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Code is coloured at 30, words are read at 20, contents are made at 5."""
        # After code (190), before links (170, 160); after these, before emphasis (60).
        bracket = SimpleTextInlineProcessor(_BRACKET, md)
        md.inlinePatterns.register(bracket, "weave-bracket", 175)
        signs = SimpleTextInlineProcessor(_SIGNS, md)
        md.inlinePatterns.register(signs, "weave-signs", 65)
        attributes = AttrListTreeprocessor(md)
        vars(attributes).update(_ATTRIBUTE_LISTS)
        md.treeprocessors.register(attributes, "attr_list", 8)
        add_step(md, "tags-in-code", 31, _restore_in_code)
        add_step(md, "headings", 15, set_anchors)
        add_step(md, "words", 14, _finish_words)
        add_step(md, "exercises", 12, partial(_fold, md.htmlStash))
        for toc in md.treeprocessors:
            if isinstance(toc, TocTreeprocessor):
                # A site that has its own way of writing anchors keeps it.
                toc.slugify = slug if toc.slugify is slugify else toc.slugify
                add_step(md, "slugs", 6, partial(set_slugs, toc))  # last before it
        states = Postprocessor(md)
        states.run = _with_states  # type: ignore[method-assign, assignment]
        md.postprocessors.register(states, "weave-states", 0)


def _restore_in_code(root: Element) -> None:
    """Put back each `<` before code is coloured."""
    for code in root.iter("code"):
        if code.text:
            code.text = type(code.text)(code.text.replace(LESS, "<"))


# The blank between a number and what it counts, where no line is to end.
_GAP = re.compile(r" (?<=\d )(?=(?:%|[kMG]B)(?!\w))")


def _finish_words(root: Element) -> None:
    """Put back each `<`, which Markdown will escape; hold numbers, but in code."""
    for element in root.iter():
        for name, value in element.items():
            element.set(name, value.replace(LESS, "<"))
        if element.text:
            text = element.text.replace(LESS, "<")
            is_code = element.tag == "code"
            text = text if is_code else _GAP.sub("\N{NO-BREAK SPACE}", text)
            element.text = type(element.text)(text)
        if element.tail:
            tail = element.tail.replace(LESS, "<")
            element.tail = _GAP.sub("\N{NO-BREAK SPACE}", tail)


def to_html(text: str, *more: Extension) -> str:
    """What a site without extensions of its own makes of a document."""
    settings = {**EXTENSIONS, "pymdownx.highlight": {"use_pygments": False}}
    # MkDocs adds two to every site.
    every: list[str | Extension] = ["toc", "tables", *EXTENSIONS, Dialect(), *more]
    return Markdown(extensions=every, extension_configs=settings).convert(text)


# ## Words that are not translated
_STATE = re.compile(pattern(marks.OF_TRANSLATIONS))
_TAG_OR_STATE = re.compile(f"<[^<>]*>|{_STATE.pattern}")


def _with_states(html: str) -> str:
    return _TAG_OR_STATE.sub(_state, html) if _STATE.search(html) else html


def _state(match: re.Match[str]) -> str:
    """The tag that a mark says, or nothing; within a tag there is room for none."""
    return said(match[0]) if match[0][0] == marks.TAG else _STATE.sub("", match[0])


# ## Exercises
# A paragraph that begins with **Answer.** becomes `details`: closed but on paper. What
# follows up to the next exercise or heading belongs to it. In a translation both labels
# are words of another language, and a mark before them says the English.

_MARKED = re.compile(f"({pattern(marks.LABEL)})?((?:{_STATE.pattern})*)")
_LABEL = re.compile(r"(Exercise|Answer)(?: \d+)?\.")


def _fold(stash: HtmlStash, root: Element) -> None:
    """Fold the answers on a page, whose HTML stands in the `stash`."""
    was_asked, answer = False, None
    for element in list(root):
        kind = _kind(element, stash)
        if kind in ("Exercise", "end"):
            was_asked, answer = kind == "Exercise", None
        elif kind == "Answer" and was_asked:
            answer = Element("details", {"class": "weave-answer"})
            label = element[0]
            SubElement(answer, "summary").text = (label.text or "").rstrip(".。．")
            element.text = f"{element.text}{(label.tail or '').lstrip()}"
            element.remove(label)
            root[list(root).index(element)] = answer
            if element.text or len(element):
                answer.append(element)
        elif answer is not None:
            root.remove(element)
            answer.append(element)


def _kind(element: Element, stash: HtmlStash) -> str:
    """What an element begins: an exercise, its answer, or the `end` of a section."""
    text = (element.text or "").strip()
    raw = HTML_PLACEHOLDER_RE.fullmatch(text)
    # Rows of a module are told apart by comments.
    is_comment = raw and str(stash.rawHtmlBlocks[int(raw[1])]).startswith("<!--")
    is_heading = HEADING.fullmatch(str(element.tag))
    if is_comment or is_heading or element.get("class") == "footnote":
        return "end"
    marked = _MARKED.fullmatch(text)
    if element.tag != "p" or not marked or [e.tag for e in element[:1]] != ["strong"]:
        return ""
    english = said(marked[1]) if marked[1] else element[0].text or ""
    element.text = marked[2]
    label = _LABEL.fullmatch(english)
    return label[1] if label else ""


# ## After Markdown

_TAGS = nh3.ALLOWED_TAGS | {"input", "label", "path", "section", "svg", "tfoot"}
# None of these runs anything, on whichever element it stands.
_ATTRIBUTES = {
    *("alt", "checked", "class", "colspan", "d", "data-english", "data-linenos"),
    *("data-tabs", "dir", "disabled", "for", "height", "href", "id", "lang", "loading"),
    *("name", "open", "rel", "rowspan", "scope", "span", "src", "start", "target"),
    *("title", "type", "viewBox", "width", "xmlns"),
}
SCHEMES = {"http", "https", "mailto", "ftp"}
# The theme finds its own settings by such an id: prose must not pass for them.
_THEIR_IDS = re.compile(
    "__(?:analytics|config|consent|drawer|mermaid|nav|palette|search|settings|toc"
    "|tooltip)(?:_|$)"
)
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)


def _filtered(tag: str, name: str, value: str) -> str | None:
    refused = (
        (name in ("id", "name", "for") and _THEIR_IDS.match(value))
        # An image of another host would tell that host who reads the page.
        or (name == "src" and _ELSEWHERE.match(value))
        or (tag == "input" and name == "type" and value not in ("radio", "checkbox"))
    )
    return None if refused else value


sanitised = nh3.Cleaner(
    tags=_TAGS,
    attributes={"*": _ATTRIBUTES, "td": {"style"}, "th": {"style"}},
    attribute_filter=_filtered,
    filter_style_properties={"text-align"},
    url_schemes=SCHEMES,
    link_rel=None,
).clean
"""What of some HTML a page may show."""
