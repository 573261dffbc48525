"""The extensions of Markdown, and their settings, that pages count on."""

from typing import Any

from markdown import Markdown
from markdown.extensions import Extension

OWN = (
    "litweave.exercises:Exercises",
    "litweave.headings:HeadingAnchors",
    "litweave.features.languages.translator:States",
    "litweave.sanitise:LiteralTags",
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


def to_html(text: str, *more: Extension) -> str:
    """What a site without extensions of its own makes of a document."""
    settings = {**EXTENSIONS, "pymdownx.highlight": {"use_pygments": False}}
    extensions: list[str | Extension] = [*_ALWAYS, *EXTENSIONS, *OWN, *more]
    return Markdown(extensions=extensions, extension_configs=settings).convert(text)
