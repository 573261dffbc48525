"""Addresses: every link and image of a page leads somewhere.

Markdown is asked what it found: an extension looks at each address while a page is
made. It is read as MkDocs reads it: it leads to another page among the site's sources,
`other.md`, or to a file of the site. What lies beside the module, such as an image,
becomes a file of the site by being named. All else is a mistake, with its line, and the
page shows the words alone. Whether there is such an anchor on the other page is known
when all pages are made.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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

_KEYS = {"a": "href", "img": "src"}
# In HTML that an author wrote.
_TAG = re.compile(r"<(a|img)\b[^>]*?\s(?:href|src)\s*=\s*([\"'])(.*?)\2", re.I | re.S)
_ID = re.compile(r"<[a-z][^>]*?\s(?:id|name)\s*=\s*([\"'])(.*?)\1", re.I | re.S)
_Has = Callable[[str], bool]


@dataclass
class Files:
    """The files of a site: what it has, by a path among its sources or by an address.

    `bring` adds a file, with both alike.
    """

    has: _Has = lambda _: False
    shows: _Has = lambda _: False
    bring: Callable[[str, Path], object] = lambda *_: None


@dataclass(frozen=True)
class _Anchor:
    """An anchor that is linked to: where, and as which address."""

    page: str
    name: str
    address: str
    chapter: Chapter


# As a setting of Markdown it is the same whatever it has found.
@dataclass(repr=False)
class Addresses(Extension):
    """Judges the links and the images of modules while Markdown makes their pages.

    `anchors` holds what can be linked to, by page; `wanted` what is; `brought` the
    files that each page brings, by their addresses.
    """

    book: Book
    anchors: dict[str, set[str]] = field(default_factory=dict)
    wanted: list[_Anchor] = field(default_factory=list)
    brought: dict[str, dict[str, str]] = field(default_factory=dict)
    chapter: Chapter | None = None
    files: Files = field(default_factory=Files)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Run when the table of contents (5) has named the headings.

        MkDocs makes addresses of links after this (0).
        """
        add_step(md, "addresses", 1, partial(self.read, md.htmlStash))

    def begin(self, page: str, files: Files) -> None:
        """Tell which page Markdown is about to make."""
        self.chapter, self.files = self.book.chapters.get(page), files

    def found(self, page: str) -> tuple[list[list[str]], dict[str, str]]:
        """The anchors that a page links to, and the files that it brings."""
        wanted = (w for w in self.wanted if w.chapter.page == page)
        anchors = [[w.page, w.name, w.address] for w in wanted]
        return anchors, self.brought.get(page, {})

    def again(self, anchors: Iterable[Sequence[str]], files: Mapping[str, str]) -> None:
        """Take what was found in a page before, which is not made again."""
        if self.chapter:
            for page, name, address in anchors:
                self.wanted.append(_Anchor(page, name, address, self.chapter))
            self.brought[self.chapter.page] = dict(files)
            for uri, path in files.items():
                self.files.bring(uri, Path(path))

    def end(self, others: Callable[[str], set[str] | None] = lambda _: None) -> None:
        """Judge the anchors; `others` gives those of pages that are no modules."""
        for wanted in self.wanted:
            there = self.anchors.get(wanted.page) or others(wanted.page)
            if there is not None and wanted.name not in there:
                message = f"there is no “#{wanted.name}” on the page “{wanted.page}”"
                self._note(wanted.chapter, wanted.address, message)

    def read(self, stash: HtmlStash, root: Element) -> None:
        """Read a page as a tree; what its author wrote as HTML is in the `stash`."""
        if self.chapter is None:
            return
        # Without `raw_html`, what is there was made by Markdown's own extensions.
        blocks = stash.rawHtmlBlocks if self.book.context.raw_html else []
        written = "\n".join(block for block in blocks if isinstance(block, str))
        found = {e.get("id", "") or e.get("name", "") for e in root.iter()}
        found |= {match[2] for match in _ID.finditer(written)}
        self.anchors[self.chapter.page] = {*found, *addresses(self.chapter.module)}
        page = self.chapter.page
        for element in root.iter():
            address = element.get(_KEYS.get(element.tag, ""))
            where = dirname(page), self.files.has
            if address is not None and not self._leads(element.tag, address, *where):
                # The words stand alone where there is nothing to lead to, or to show.
                element.text = element.get("alt") or element.text
                element.tag, element.attrib = "span", {}
        # MkDocs leaves HTML alone: it has the addresses that a browser needs.
        folder = dirname(f"{self.book.url(page)}-")
        for tag, _, address in _TAG.findall(written):
            self._leads(tag.lower(), address, folder, self.files.shows)

    def _leads(self, tag: str, address: str, folder: str, has: _Has) -> bool:
        """Whether an address leads somewhere, read from a folder of what there is."""
        assert self.chapter is not None
        problem = self._problem(self.chapter, tag, address, folder, has)
        if problem:
            self._note(self.chapter, address, problem)
        return not problem

    def _problem(
        self, chapter: Chapter, tag: str, address: str, folder: str, has: _Has
    ) -> str:
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
            target = normpath(join(folder, unquote(parts.path)))
            if not (has(target) or self._beside(chapter, target)):
                return self._missing(target, address)
        if parts.fragment:
            wanted = _Anchor(target, unquote(parts.fragment), address, chapter)
            self.wanted.append(wanted)
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

    def _missing(self, target: str, address: str) -> str:
        message = f"“{address}” leads nowhere: it is no page, nor a file by the module"
        guesses = (
            f"{target.removesuffix('.html')}.md",
            f"{target}/index.md",
            target.replace("__init__.md", "index.md"),
        )
        found = next((guess for guess in guesses if self.files.has(guess)), "")
        return f"{message} (there is {found})" if found else message

    def _beside(self, chapter: Chapter, target: str) -> bool:
        """Bring a file that lies among the modules, if there is one by this name."""
        depth = len(PurePosixPath(chapter.download).parts)
        root = chapter.path.resolve().parents[depth - 1]
        path, parts = root / target, PurePosixPath(target).parts
        hidden = any(part.startswith(".") for part in parts)
        if hidden or path.suffix == ".md" or not _is_file(path, len(parts)):
            return False
        if not path.resolve().is_relative_to(root):
            return False
        self.brought.setdefault(chapter.page, {})[target] = str(path)
        self.files.bring(target, path)
        return True

    def _note(self, chapter: Chapter, address: str, message: str) -> None:
        for line in _lines(chapter, address) or [1]:
            place = Place(chapter.module.path, line)
            self.book.context.diagnostics.add(place, message, "link")


_RELATIVE = "put it beside the module and write its path from there"
_LISTED = ", ".join(sorted(SCHEMES))


def _is_file(path: Path, depth: int) -> bool:
    """Whether there is such a file, in just these letters: some systems take others."""
    around = [path, *path.parents][:depth]
    return path.is_file() and all(
        part.name in {other.name for other in part.parent.iterdir()} for part in around
    )


def _lines(chapter: Chapter, address: str) -> list[int]:
    """The lines of the source that write an address."""
    before = r"(?:[(<]|\]:\s*<?|=\s*[\"']?)"
    # A space may be written as it is, and a formula is not in the address.
    parts = re.split(r"[\s<>\ue000-\uf8ff]+", unquote(address))
    loose = r"(?:(?:[\s<>]|%20)+|\\\(.*?\\\)|\$.*?\$)".join(map(re.escape, parts))
    # What is between backticks is code, and is passed over.
    written = re.compile(
        rf"(`+)[\s\S]*?\1|(?P<address>{before}(?:{re.escape(address)}|{loose})(?![\w/.-]))"
    )
    return [
        prose.line + prose.text.count("\n", 0, match.end())
        for prose in chapter.module.prose
        for match in written.finditer(prose.text)
        if match["address"]
    ]
