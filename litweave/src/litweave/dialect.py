"""The extensions of Markdown, and their settings, that pages count on."""

from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocTreeprocessor, slugify
from markdown.treeprocessors import Treeprocessor

from litweave.exercises import fold
from litweave.headings import set_anchors, slug
from litweave.sanitise import restore

OWN = (
    "litweave.dialect:Dialect",
    "litweave.features.languages.translator:States",
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


class Dialect(Extension):
    """The Markdown extension of what every page has."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Add what is done before code is coloured (30), and after words are read (20).

        The table of contents (5) comes later.
        """
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
