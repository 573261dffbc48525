r"""# Sanitise: what prose may put into a page

A page shows what others wrote, and a reader's browser runs what a page tells it to. So
prose brings words, links, tables and code into the page, and no program. Two things see
to it:

- Before Markdown: a `<` that would open a tag stays a `<`. In a docstring,
  `<module>` is mostly no HTML at all, and the reader sees it as it was written.
- After Markdown: of each row's HTML only what is on a list passes. Markdown has more
  ways to a tag than one (a link to `javascript:`, an attribute in braces), and the list
  does not have to know them.

An author who wants HTML in the prose, and trusts it, turns both off with `raw_html`.
Then a tag that stays open would take all that follows into it, so that it is closed
where its prose ends.
"""

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

import nh3

# ## Before Markdown
# A tag begins with a letter, `/`, `!` or `?`. An address in angle brackets, be it of a
# page or of a person, is a link of Markdown's own, and no tag.
TAG = r"<(?=[A-Za-z/!?])(?!(?i:https?|ftp|mailto):|[^<>\s@!]+@[^<>\s@]+>)"
# A tag, in a text without code: a whole one, or what begins one and does not end.
_VALUE = "|".join(rf"{quote}(?:[^{quote}\n]|\n(?!\s*\n))*{quote}" for quote in "\"'")
_WHOLE = re.compile(rf"{TAG}(?!!--)(?:(?:[^\"'>]|{_VALUE})*>|(?P<lost>))")
# What begins a tag in whose quotes all else would vanish.
ATTRIBUTE = re.compile(r"<\w[^<>]*?=\s*[\"'][^\n]*")
_NO_TAG = re.compile(rf"(?!{TAG})<")
# What stands in for the `<` of a tag until Markdown is done with HTML, and for the `_`
# of Python's own names, which it would set in bold type.
LESS, LINE = "\ue002", "\ue004"
_STAND_INS = str.maketrans({LESS: "<", LINE: "_"})

# Characters that litweave gives a meaning of its own: slots of formulas (`katex`),
# marks of headings (`headings`) and of translations (`languages`), and the one above.
_RESERVED = re.compile("[\ue000-\ue004\ue010-\ue019\ue100-\ue10f\ue200-\ue2ff]")


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Elements without an end, as HTML lists them.
_VOID = frozenset(
    "area base br col embed hr img input link meta source track wbr".split()  # noqa: SIM905
)


def unreserved(text: str) -> str:
    """A text without the characters that litweave gives a meaning of its own."""
    return _RESERVED.sub("\ufffd", text)


def referenced(html: str) -> str:
    """HTML that shows those characters, but does not contain them."""
    return _RESERVED.sub(lambda match: f"&#{ord(match[0])};", html)


class Tags(HTMLParser):
    """The tags of a text without code: those that stay `open`, each with its line.

    Lines are counted from 0. `lost` is the place of a `<` that begins no whole tag, or
    one that ends nothing.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        html = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), html)
        html, comment, _ = _NO_TAG.sub(" ", html).partition("<!--")
        tags = _WHOLE.finditer(html)
        lost = (match.start() for match in tags if match["lost"] is not None)
        self.open: list[tuple[int, str]] = []
        self.lost = next(lost, None)
        self.starts = [0, *(match.end() for match in re.finditer("\n", html))]
        self.feed(html)
        self.open += [(html.count("\n"), "<!--")] * bool(comment)

    @property
    def ends(self) -> str:
        """What closes them all."""
        tags = [tag for _, tag in reversed(self.open)]
        return "".join("-->" if t == "<!--" else f"</{t[1:]}" for t in tags)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A tag opens, unless it is one that has no end."""
        if tag not in _VOID:
            self.open.append((self.getpos()[0] - 1, f"<{tag}>"))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """A tag that ends itself opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        """A tag closes, and all that is within it."""
        names = [name for _, name in self.open]
        if f"<{tag}>" in names:
            del self.open[len(names) - 1 - names[::-1].index(f"<{tag}>") :]
        elif self.lost is None:
            line, column = self.getpos()
            self.lost = self.starts[line - 1] + column


def restore(root: Element, everywhere: bool = True) -> None:
    """Turn the stand-ins on a page into letters again, or else those in its code."""
    for element in root.iter() if everywhere else root.iter("code"):
        # Markdown itself escapes the `<` when it writes the element.
        if element.text:
            element.text = type(element.text)(restored(element.text))
        if everywhere and element.tail:
            element.tail = restored(element.tail)
        for name, value in element.items():
            element.set(name, restored(value))


def restored(text: str) -> str:
    """A text with letters in the place of their stand-ins.

    HTML of the author's own is in no tree, and needs it as text.
    """
    return text if text.isascii() else text.translate(_STAND_INS)


# ## After Markdown
_TAGS = frozenset(
    """
    a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt
    em figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p
    path pre q s samp section small span strong sub summary sup svg table tbody td tfoot
    th thead time tr u ul var
    """.split()  # noqa: SIM905 - a line of words reads better
)
_ATTRIBUTES = {
    "*": {"class", "data-english", "dir", "id", "lang", "title"},
    "a": {"href", "name", "rel", "target"},
    "img": {"alt", "height", "loading", "src", "width"},
    "input": {"checked", "disabled", "name", "type"},
    "label": {"for"},
    "ol": {"start", "type"},
    "details": {"open"},
    "col": {"span"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "scope", "style"},
    "div": {"data-tabs"},
    "span": {"data-linenos"},
    "svg": {"viewBox", "xmlns"},
    "path": {"d"},
}
SCHEMES = {"http", "https", "mailto", "ftp"}
# The theme finds its own settings by such an id: prose must not pass for them.
_THEIR_IDS = re.compile(
    "__(?:analytics|config|consent|drawer|mermaid|nav|palette|search|settings|toc"
    "|tooltip)(?:_|$)"
)
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)


def _filtered(tag: str, name: str, value: str) -> str | None:
    if name in ("id", "name", "for") and _THEIR_IDS.match(value):
        return None
    # An image of another host would tell that host who reads the page.
    if name == "src" and _ELSEWHERE.match(value):
        return None
    if tag == "input" and name == "type" and value not in ("radio", "checkbox"):
        return None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_filtered,
    filter_style_properties={"text-align"},
    url_schemes=SCHEMES,
    link_rel=None,
)


def sanitised(html: str) -> str:
    """What of some HTML a page may show."""
    return _CLEANER.clean(html)
