"""The extensions of Markdown, and their settings, that pages count on."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.toc import TocTreeprocessor, slugify
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor

from litweave.exercises import fold
from litweave.headings import set_anchors, slug
from litweave.sanitise import restore

OWN = (
    "litweave.dialect:Dialect",
    "litweave.features.languages:States",
)
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
}
# What MkDocs adds to every site.
_ALWAYS = ("toc", "tables")


def add_step(
    md: Markdown, name: str, priority: int, work: Callable[[Element], None]
) -> None:
    """Let Markdown do something with the tree of each page."""
    step = Treeprocessor(md)
    step.run = work  # type: ignore[method-assign, assignment]
    md.treeprocessors.register(step, f"weave-{name}", priority)


class _Stars(InlineProcessor):
    """Stars between operands, as in `x**2`, which open no emphasis."""

    # Of ASCII: in a script without blanks, emphasis has letters on both sides.
    FORM = r"(?<=[A-Za-z0-9_)\]])\*{1,2}(?=[A-Za-z0-9_(\[])"

    # They may close what was opened before, as in `*words*(2)`.
    def handleMatch(  # type: ignore[override] # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int] | tuple[None, None, None]:
        stars = re.escape(m[0])
        opened = rf"(?<![A-Za-z0-9_)\]*]){stars}(?![*\s])[^*]*\Z"
        if re.search(opened, data[: m.start()]):
            return None, None, None
        return m[0], *m.span()


class Dialect(Extension):
    """The Markdown extension of what every page has."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add what is done before code is coloured (30), and after words are read (20).

        The table of contents (5) comes later.
        """
        # A list begins at its first number: prose goes on in the next row.
        SaneListExtension().extendMarkdown(md)
        # After links (160), before emphasis (60).
        md.inlinePatterns.register(_Stars(_Stars.FORM, md), "weave-stars", 65)
        add_step(md, "tags-in-code", 31, partial(restore, everywhere=False))
        add_step(md, "headings", 15, set_anchors)
        add_step(md, "tags", 14, restore)
        add_step(md, "exercises", 12, partial(fold, md.htmlStash))
        for toc in md.treeprocessors:
            # A site that has its own way of writing anchors keeps it.
            if isinstance(toc, TocTreeprocessor) and toc.slugify is slugify:
                toc.slugify = slug


def to_html(text: str, *more: Extension) -> str:
    """What a site without extensions of its own makes of a document."""
    settings = {**EXTENSIONS, "pymdownx.highlight": {"use_pygments": False}}
    extensions: list[str | Extension] = [*_ALWAYS, *EXTENSIONS, *OWN, *more]
    return Markdown(extensions=extensions, extension_configs=settings).convert(text)
