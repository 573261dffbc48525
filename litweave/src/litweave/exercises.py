"""Paragraphs that begin with **Answer.** become `details`: closed but on paper.

What follows up to the next exercise or heading belongs to the answer. In a translation
both labels are words of another language; its paragraph has the English label in an
attribute, which is taken away here.
"""

import re
from xml.etree.ElementTree import Element, SubElement

from markdown.util import HTML_PLACEHOLDER_RE, HtmlStash

_EXERCISE = re.compile(r"Exercise(?: \d+)?\.")
_ANSWER = re.compile(r"Answer\.")
_HEADING = re.compile(r"h[1-6]")
LABEL = "data-label"


def fold(stash: HtmlStash, root: Element) -> None:
    """Fold the answers on a page, whose HTML stands in the `stash`."""
    was_asked, answer = False, None
    for element in list(root):
        english = element.attrib.pop(LABEL, None)
        begins_exercise = _begins(element, _EXERCISE, english)
        if begins_exercise or _ends(element, stash):
            was_asked, answer = begins_exercise, None
        elif was_asked and _begins(element, _ANSWER, english):
            answer = _folded(element)
            root[list(root).index(element)] = answer
        elif answer is not None:
            root.remove(element)
            answer.append(element)


def _ends(element: Element, stash: HtmlStash) -> bool:
    """Whether a section ends here: at a heading, the footnotes, the next row."""
    raw = HTML_PLACEHOLDER_RE.fullmatch((element.text or "").strip())
    # Rows of a module are told apart by comments.
    is_comment = raw and str(stash.rawHtmlBlocks[int(raw[1])]).startswith("<!--")
    is_heading = _HEADING.fullmatch(str(element.tag))
    return bool(is_comment or is_heading or element.get("class") == "footnote")


def _begins(element: Element, words: re.Pattern[str], english: str | None) -> bool:
    """Whether an element is a paragraph that begins with these words in bold type."""
    if element.tag != "p" or (element.text or "").strip() or not len(element):
        return False
    return element[0].tag == "strong" and bool(
        words.fullmatch(english or element[0].text or "")
    )


def _folded(paragraph: Element) -> Element:
    """The element that opens, with what the first paragraph of an answer says."""
    answer = Element("details", {"class": "weave-answer"})
    label = paragraph[0]
    SubElement(answer, "summary").text = (label.text or "").rstrip(".。．")
    paragraph.text = (label.tail or "").lstrip()
    paragraph.remove(label)
    if paragraph.text or len(paragraph):
        answer.append(paragraph)
    return answer
