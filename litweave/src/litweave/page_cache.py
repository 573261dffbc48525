"""Finished pages, kept: a page that would come out as before is not made again.

Most builds come after a change of one module. Each finished page is kept with the key
of all that it was made of: the source, what was laid over it, the names that its prose
may link to, the navigation, the configuration, and the programs that make it. A page
that there was something to complain of is not kept, so that the next build complains
again.
"""

import logging
import re
from functools import partial
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

from markdown.extensions import Extension
from markdown.util import get_installed_extensions
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents
from mkdocs.utils import CountHandler

from litweave import cache
from litweave.cache import Folder, digest, files_in, installed
from litweave.site import Site
from litweave.theme import UNCHANGED

# It matches any text, whole if there is no heading.
_TO_HEADING = re.compile(r"(?:(?!\S*# ).*\n)*.*")
# Settings that say where a site is built, and what is looked at by itself.
_APART = {"plugins", "theme", "docs_dir", "site_dir", "config_file_path", "hooks"}
# Where an object lies in memory says nothing about it.
_PLACE = re.compile(r" at 0x[0-9a-f]+")
# Extensions of Markdown that read nothing but the page; of `pymdownx`, all but two.
_KNOWN = re.compile(
    r"markdown\.extensions\.|litweave\.|pymdownx\.(?!(?:snippets|b64)\b)"
)


class Pages:
    """The finished pages that are kept, and those that are taken from there."""

    # How often anybody complained of anything.
    warnings = CountHandler(level=logging.WARNING)

    def __init__(
        self, site: Site, config: MkDocsConfig, nav: Navigation, files: Files
    ) -> None:
        """All that pages have in common is looked at once."""
        language = site.settings.language
        name = f"pages-{language}" if language else "pages"
        self.kept, self.site = Folder(site.settings.cache / name), site
        names = repr(dict(site.book.context.names.by_end))
        self.uris = sorted(file.src_uri for file in files)
        titles = (_title(page, site) for page in nav.pages if page.title is None)
        shown = (str(nav), names, site.voice.interface, *self.uris, *titles)
        self.all = _surroundings(config, *shown)
        search = config.plugins.get("material/search")
        index = getattr(search, "search_index", None)  # none if it is switched off
        self.index: list[dict[str, Any]] = index.entries if index else []
        self.metas = dict[str, str]()
        self.restored = dict[str, dict[str, Any]]()
        self.wrong, self.before = set[str](), 0

    def restore(self, page: Page) -> bool:
        """Let a page be as it was, if it is made of the same parts."""
        uri = page.file.src_uri
        self.metas[uri], self.before = repr(page.meta), self._complaints()
        # Any other is made whatever is laid over it, and waits for nothing.
        made = self.kept.file(uri).exists() and self.kept.get(uri, self._key(uri))
        if not made or not all(Path(path).is_file() for path in made["files"].values()):
            return False
        self.restored[uri] = made
        page.render = partial(_render, page, made)  # type: ignore[method-assign]
        self.site.addresses.again(made["wanted"], made["files"])
        return True

    def read(self, uri: str) -> None:
        """A page has come out of Markdown: complaints are about others now."""
        if self._complaints() != self.before:
            self.wrong.add(uri)

    def keep(self, page: Page, html: str) -> None:
        """Keep a page at once, unless it is wrong: a build that is stopped has it.

        What there is to judge of it and to bring again is kept, too, and the anchors
        that MkDocs judges itself.
        """
        uri = page.file.src_uri
        chapter = self.site.book.chapters.get(uri)
        path = chapter.module.path if chapter else uri
        if any(found.place.path == path for found in self.site.diagnostics.found):
            self.wrong.add(uri)
        if uri in self.wrong:
            return
        addresses = self.site.addresses
        own = re.compile(rf"{re.escape(page.url)}(?:#|$)")
        found = takewhile(lambda e: own.match(e["location"]), reversed(self.index))
        links = (page.links_to_anchors or {}).items()
        made = {
            "title": str(page.title),
            "anchors": sorted(page.present_anchor_ids or ()),
            "links": {file.src_uri: anchors for file, anchors in links},
            "wanted": addresses.wanted[uri],
            "files": addresses.brought[uri],
            "entries": [*found][::-1],
            "html": html,
        }
        self.kept.keep(uri, made, self._key(uri))

    def forget(self) -> None:
        """Let go of the pages that this site does not have."""
        self.kept.forget(self.uris)

    def _key(self, uri: str) -> str:
        return digest(self.all, self.metas[uri], *self.site.parts(uri))

    def _complaints(self) -> int:
        return sum(self.warnings.counts.values())


def _title(page: Page, site: Site) -> str:
    """Where a page has the title that the navigation does not give: at its top."""
    chapter = site.book.chapters.get(page.file.src_uri)
    text = chapter.module.source if chapter else page.file.content_string
    return _TO_HEADING.match(text)[0]  # type: ignore[index]


def _render(page: Page, made: dict[str, Any], config: object, files: Files) -> None:
    """Let a page know what MkDocs would find out about it, without its prose."""
    found = {files.get_file_from_path(uri): made["links"][uri] for uri in made["links"]}
    page.links_to_anchors = {file: found[file] for file in found if file}
    # Its table of contents stands in its HTML, and nowhere else.
    page.content, page.toc = "", TableOfContents([])
    page.title = made["title"]
    page.present_anchor_ids = set(made["anchors"])
    page.meta.update(template=UNCHANGED, search={"exclude": True})


# ## What all pages are made of


def _surroundings(config: MkDocsConfig, *more: str) -> str:
    """A key for what all pages are made of, `more` included."""
    # What is installed is known by its version.
    folders = (folder for folder in config.theme.dirs if "site-packages" not in folder)
    files = files_in(*map(Path, folders), *map(Path, config.hooks))
    # A hook is among the plugins, and has no settings.
    plugins = [
        (name, dict(getattr(plugin, "config", {})))
        for name, plugin in config.plugins.items()
    ]
    settings = {name: value for name, value in config.items() if name not in _APART}
    shown = _PLACE.sub("", f"{settings} {dict(config.theme)} {plugins}")
    # Where nobody knows what a page is made of, no other build has the same key.
    unknown = token_hex() if _may_read(config) else ""
    return digest(cache.own(), installed(), shown, unknown, *more, files=files)


def _may_read(config: MkDocsConfig) -> bool:
    """Whether an extension of Markdown may read files, such as snippets of text."""
    modules = {entry.name: entry.value for entry in get_installed_extensions()}
    given = cast(list[str | Extension], config.markdown_extensions)
    names = (e if isinstance(e, str) else type(e).__module__ + "." for e in given)
    return not all(_KNOWN.match(modules.get(name, name)) for name in names)
