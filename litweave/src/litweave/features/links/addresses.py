"""Addresses: every link and image of a page leads somewhere.

An extension of Markdown looks at each address while a page is made, and reads it as
MkDocs does: it leads to another page among the site's sources, `other.md`, or to a file
of the site. What lies beside the module becomes one by being named. All else is a
mistake, with its line, and the page shows the words alone. Whether another page has
such an anchor is known when all pages are made.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath
from urllib.parse import SplitResult, unquote, urlsplit
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.util import HtmlStash

from litweave.book import Book, Chapter
from litweave.diagnostics import Place
from litweave.dialect import SCHEMES, add_step
from litweave.page import addresses
from litweave.sections import without_code

_KEYS = {"a": "href", "img": "src"}
# In HTML that an author wrote.
_IMAGE = re.compile(r"<img\b[^>]*?\ssrc\s*=\s*([\"'])(.*?)\1", re.I | re.S)
_ID = re.compile(r"<[a-z][^>]*?\s(?:id|name)\s*=\s*([\"'])(.*?)\1", re.I | re.S)
_RELATIVE = "put it beside the module and write its path from there"
_LISTED = ", ".join(sorted(SCHEMES))


# As a setting of Markdown it is the same whatever it has found.
@dataclass(repr=False)
class Addresses(Extension):
    """Judges the links and the images of modules while Markdown makes their pages.

    `has` tells what lies in the site, and `bring` adds a file to it. `anchors` holds
    what can be linked to, by page, and `links` what each page links to: a page or a
    file, an anchor, and the address. `chapter` is what Markdown is about to make.
    """

    book: Book
    has: Callable[[str], bool] = lambda uri: False
    bring: Callable[[str, Path], object] = lambda uri, path: None
    anchors: dict[str, set[str]] = field(default_factory=dict)
    links: dict[str, list[list[str]]] = field(default_factory=dict)
    chapter: Chapter | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run when the headings have names (5), before MkDocs makes addresses (0)."""
        add_step(md, "addresses", 1, partial(self.read, md.htmlStash))

    def again(self, page: str, links: list[list[str]]) -> bool:
        """Take what a page linked to when it was made, and see whether it is there."""
        chapter, self.links[page] = self.book.chapters.get(page), links
        return not chapter or all(self._is_there(chapter, there) for there, *_ in links)

    def end(self) -> None:
        """Judge the anchors."""
        for page, links in self.links.items():
            for target, name, address in links:
                if name and name not in self.anchors.get(target, {name}):
                    message = f"there is no “#{name}” on the page “{target}”"
                    self._note(self.book.chapters[page], address, message)

    def read(self, stash: HtmlStash, root: Element) -> None:
        """Read a page as a tree; what its author wrote as HTML is in the `stash`."""
        chapter = self.chapter
        if chapter is None:
            return
        # Without `raw_html`, what is there was made by Markdown's own extensions.
        blocks = stash.rawHtmlBlocks if self.book.context.raw_html else []
        written = "\n".join(block for block in blocks if isinstance(block, str))
        found = {e.get("id") or e.get("name") or "" for e in root.iter()}
        found |= {match[2] for match in _ID.finditer(written)}
        self.anchors[chapter.page] = {*found, *addresses(chapter.module)}
        self.links[chapter.page] = []
        for element in root.iter():
            address = element.get(_KEYS.get(element.tag, ""))
            if address is not None and self._is_wrong(chapter, element.tag, address):
                # The words stand alone where there is nothing to lead to, or show.
                element.text = element.get("alt") or element.text
                element.tag, element.attrib = "span", {}
        # MkDocs leaves HTML alone: it has the addresses that a browser needs.
        for _, address in _IMAGE.findall(written):
            self._is_wrong(chapter, "img", address, f"{self.book.url(chapter.page)}-")

    def _is_wrong(self, chapter: Chapter, tag: str, address: str, at: str = "") -> bool:
        problem = self._problem(chapter, tag, address, at or chapter.page)
        if problem:
            self._note(chapter, address, problem)
        return bool(problem)

    def _problem(self, chapter: Chapter, tag: str, address: str, at: str) -> str:
        """What is wrong with an address that stands `at` a place."""
        try:
            parts = urlsplit(address)
        except ValueError as error:
            return f"“{address}” is no address: {error}"
        if "\x02" in address:  # an e-mail address, which Markdown hides
            return ""
        if parts.scheme or parts.netloc:
            return self._elsewhere(tag, address, parts)
        if address.startswith(("/", "\\")):
            return f"“{address}” depends on where the site stands: {_RELATIVE}"
        target = chapter.page
        if parts.path:
            target = normpath(join(dirname(at), unquote(parts.path)))
            if not self._is_there(chapter, target):
                why = "it is no page, nor a file by the module"
                return f"“{address}” leads nowhere: {why}"
        self.links[chapter.page].append([target, unquote(parts.fragment), address])
        return ""

    def _elsewhere(self, tag: str, address: str, parts: SplitResult) -> str:
        """What is wrong with an address outside of the site."""
        if self.book.context.raw_html:
            return ""
        if tag == "img":
            why = ", since its host would learn who reads the page" * bool(parts.netloc)
            return f"the image “{address}” is left out{why}: {_RELATIVE}"
        if parts.scheme not in ("", *SCHEMES):
            return f"“{address}” is no link, since a page links to {_LISTED} only"
        return ""

    def _is_there(self, chapter: Chapter, target: str) -> bool:
        """Whether the site has a page or a file, or gets it: it lies by the modules."""
        if self.has(target):
            return True
        depth = len(PurePosixPath(chapter.download).parts)
        root = chapter.path.resolve().parents[depth - 1]
        path, is_hidden = root / target, "/." in f"/{target}"
        if is_hidden or path.suffix == ".md" or not path.is_file():
            return False
        if is_inside := path.resolve().is_relative_to(root):
            self.bring(target, path)
        return is_inside

    def _note(self, chapter: Chapter, address: str, message: str) -> None:
        """Note what is wrong with an address, on each line of the source with it."""
        forms = "|".join(map(re.escape, {address, unquote(address)}))
        written = re.compile(rf"(?:[(<]|\]:\s*<?|=\s*[\"']?)(?:{forms})(?![\w/.-])")
        places = [
            Place(chapter.module.path, prose.line).below(prose.text, match.end())
            for prose in chapter.module.prose
            for match in written.finditer(without_code(prose.text))
        ]
        for place in places or [Place(chapter.module.path, 1)]:
            self.book.context.diagnostics.add(place, message, "link")
