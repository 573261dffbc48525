r"""# Headings: anchors that are names

The heading of a class or function has its qualified name for an anchor, so that a link
to it, `#TokenMixing.forward`, survives every change around it.

Markdown's own way to set an anchor, `{ #Name.__init__ }`, takes the underscores for
bold type before it looks at the braces. So the name travels as a *mark* of characters
that Markdown leaves alone, and is set when the headings are there and before the table
of contents is made of them.
"""

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

# Each byte of the name as one character of the private use area.
_OPEN, _CLOSE, _FIRST = "\ue100", "\ue101", 0xE200
_MARK = re.compile(f"{_OPEN}([{chr(_FIRST)}-{chr(_FIRST + 255)}]*){_CLOSE}")
_HEADINGS = {f"h{level}" for level in range(1, 7)}


def mark(anchor: str) -> str:
    """The mark that gives the heading it stands in this anchor."""
    body = "".join(chr(_FIRST + byte) for byte in anchor.encode())
    return f"{_OPEN}{body}{_CLOSE}"


class HeadingAnchors(Extension):
    """The Markdown extension that turns marks into anchors."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run between the inline patterns (20) and the table of contents (5)."""
        md.treeprocessors.register(_Anchors(md), "weave-headings", 15)


class _Anchors(Treeprocessor):
    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.tag in _HEADINGS:
                self._set(element)

    def _set(self, heading: Element) -> None:
        for part in heading.iter():
            for attribute in ("text", "tail"):
                text = getattr(part, attribute) or ""
                match = _MARK.search(text)
                if match:
                    name = bytes(ord(c) - _FIRST for c in match[1]).decode()
                    heading.set("id", name)
                    setattr(part, attribute, _MARK.sub("", text).rstrip())
