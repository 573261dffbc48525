"""Paragraphs that begin with **Answer.** become `details`: closed but on paper.

What follows up to the next exercise or heading belongs to the answer. In a translation
both labels are words of another language, and a mark before them says the English.
"""

import re
from xml.etree.ElementTree import Element, SubElement

from markdown.util import HTML_PLACEHOLDER_RE, HtmlStash

from litweave.headings import MARK, said

LABEL = "\ue106"
"""The kind of mark that says an English label."""
_MARKED = re.compile(rf"(?P<label>(?={LABEL}){MARK})?(?P<rest>(?:{MARK})*)")
_LABEL = re.compile(r"(Exercise|Answer)(?: \d+)?\.")
_HEADING = re.compile(r"h[1-6]")


def fold(stash: HtmlStash, root: Element) -> None:
    """Fold the answers on a page, whose HTML stands in the `stash`."""
    was_asked, answer = False, None
    for element in list(root):
        kind = _kind(element, stash)
        if kind in ("Exercise", "end"):
            was_asked, answer = kind == "Exercise", None
        elif kind == "Answer" and was_asked:
            answer = _folded(element)
            root[list(root).index(element)] = answer
        elif answer is not None:
            root.remove(element)
            answer.append(element)


def _kind(element: Element, stash: HtmlStash) -> str:
    """What an element begins: an exercise, its answer, or the `end` of a section."""
    text = (element.text or "").strip()
    raw = HTML_PLACEHOLDER_RE.fullmatch(text)
    # Rows of a module are told apart by comments.
    is_comment = raw and str(stash.rawHtmlBlocks[int(raw[1])]).startswith("<!--")
    is_heading = _HEADING.fullmatch(str(element.tag))
    if is_comment or is_heading or element.get("class") == "footnote":
        return "end"
    first = next(iter(element), None)
    marked = _MARKED.fullmatch(text)
    if element.tag != "p" or not marked or first is None or first.tag != "strong":
        return ""
    english = said(marked["label"]) if marked["label"] else first.text or ""
    element.text = marked["rest"]
    label = _LABEL.fullmatch(english)
    return label[1] if label else ""


def _folded(paragraph: Element) -> Element:
    """The element that opens, with what the first paragraph of an answer says."""
    answer, label = Element("details", {"class": "weave-answer"}), paragraph[0]
    SubElement(answer, "summary").text = (label.text or "").rstrip(".。．")
    paragraph.text = f"{paragraph.text}{(label.tail or '').lstrip()}"
    paragraph.remove(label)
    if paragraph.text or len(paragraph):
        answer.append(paragraph)
    return answer
