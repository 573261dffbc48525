"""Finished pages, kept: a page that would come out as before is not made again.

Most builds come after a change of one module. Each finished page is kept with the key
of all that it was made of: the source, what was laid over it, the names that its prose
may link to, the navigation, the configuration, and the programs that make it. A page
that there was something to complain of is not kept, so that the next build complains
again.
"""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jinja2 import ChoiceLoader, DictLoader, Environment
from markdown.extensions import Extension
from markdown.util import get_installed_extensions
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents
from mkdocs.utils import CountHandler

from litweave.cache import Folder, digest, files_in, installed, own
from litweave.site import Site

# It matches any text, whole if there is no heading.
_TO_HEADING = re.compile(r"(?:(?!\S*# ).*\n)*.*")
_TEMPLATE = "weave-unchanged.html"
# Settings that say where a site is built, and what is looked at by itself.
_APART = {"plugins", "theme", "docs_dir", "site_dir", "config_file_path", "hooks"}
# Where an object lies in memory says nothing about it.
_PLACE = re.compile(r" at 0x[0-9a-f]+")
# Extensions of Markdown that read nothing but the page; of `pymdownx`, all but two.
_KNOWN = re.compile(
    r"markdown\.extensions\.|litweave\.|pymdownx\.(?!(?:snippets|b64)\b)"
)


@dataclass(frozen=True)
class Made:
    """A finished page, and what the rest of the site has to know of it."""

    title: str
    anchors: list[str]
    links: list[list[str]]
    judged: list[list[str]]
    files: dict[str, str]
    entries: list[dict[str, Any]]
    html: str

    def restore(self, page: Page, files: Files) -> None:
        """Let a page know what MkDocs would find out about it, without its prose."""
        page.links_to_anchors = {}
        for uri, anchor, written in self.judged:
            file = files.get_file_from_path(uri)
            if file:
                page.links_to_anchors.setdefault(file, {})[anchor] = written
        # Its table of contents stands in its HTML, and nowhere else.
        page.content, page.toc = "", TableOfContents([])
        page.title = self.title
        page.present_anchor_ids = set(self.anchors)
        page.meta["template"] = _TEMPLATE


# ## The search index


def entries_of_all(config: MkDocsConfig) -> list[dict[str, Any]] | None:
    """All that Material's search has found in pages so far; none for another search."""
    search = config.plugins.get("material/search", config.plugins.get("search"))
    index = getattr(search, "search_index", None)
    return getattr(index, "entries", None) if search else []


def entries(page: Page, config: MkDocsConfig) -> list[dict[str, Any]]:
    """What the search has found in a page: the last that it found."""
    index = entries_of_all(config) or []
    first = len(index)
    while first and index[first - 1]["location"].partition("#")[0] == page.url:
        first -= 1
    return index[first:]


# ## Keeping


class Pages:
    """The finished pages that are kept."""

    # How often anything was complained of.
    warnings = CountHandler(level=logging.WARNING)

    def __init__(self, folder: Path) -> None:
        """`folder` is where they are kept."""
        self.kept = Folder(folder)

    def begin(
        self,
        site: Site,
        config: MkDocsConfig,
        nav: Navigation,
        files: Files,
        never: Collection[str] = (),
    ) -> None:
        """Begin a build.

        Some pages are `never` as they were; none is if an extension of Markdown may
        have read what nobody knows of. And nothing is restored where a search of
        another kind reads.
        """
        # A title that the navigation does not give comes from the page itself, which
        # has it in its first heading, or above.
        texts = (_text(page, site) for page in nav.pages if page.title is None)
        titles = (_TO_HEADING.match(text)[0] for text in texts)  # type: ignore[index]
        names = repr(dict(site.book.context.names.by_end))
        places = sorted(file.src_uri for file in files)
        shown = (str(nav), names, site.voice.interface, *places, *titles)
        self.all = surroundings(config, *shown)
        self.site, self.config = site, config
        self.never = places if _may_read(config) else never
        self.places = places
        self.keys = dict[str, str]()
        self.restored = dict[str, Made]()
        self.complaints = dict[str, int]()

    def has(self, uri: str) -> bool:
        """Whether a page is kept, be it as it was or not."""
        return self.kept.file(uri).exists()

    def identify(self, uri: str, *parts: str) -> None:
        """Tell which parts a page is made of."""
        self.keys[uri] = digest(self.all, *parts)

    def restore(self, page: Page, *parts: str) -> bool:
        """Let a page be as it was, if it was made of the same parts."""
        uri = page.file.src_uri
        self.identify(uri, *parts)
        self.complaints[uri] = self._complaints()
        kept = self.kept.get(uri, self.keys[uri])
        if not kept or uri in self.never or entries_of_all(self.config) is None:
            return False
        made = Made(**kept)
        if not all(Path(path).is_file() for path in made.files.values()):
            return False
        self.restored[uri] = made
        page.render = lambda config, files: made.restore(page, files)  # type: ignore[method-assign]
        self.site.addresses.again(made.links, made.files)
        return True

    def read(self, uri: str) -> None:
        """A page has come out of Markdown: complaints are about others now."""
        self.complaints[uri] -= self._complaints()

    def _complaints(self) -> int:
        return sum(self.warnings.counts.values())

    def index(self, page: Page) -> None:
        """Give the search what it had found in a page before."""
        index, now = entries_of_all(self.config), entries(page, self.config)
        assert index is not None  # or nothing would have been restored
        del index[len(index) - len(now) :]
        index.extend(self.restored[page.file.src_uri].entries)

    def keep(self, page: Page, html: str) -> None:
        """Keep a page at once, unless it is wrong: a build that is stopped has it.

        What there is to judge of it and to bring again is kept, too, and the anchors
        that MkDocs judges itself.
        """
        uri = page.file.src_uri
        if self._is_wrong(uri):
            return
        judged = [
            [file.src_uri, anchor, written]
            for file, anchors in (page.links_to_anchors or {}).items()
            for anchor, written in anchors.items()
        ]
        found = self.site.addresses
        links, files = found.wanted[uri], found.brought[uri]
        made = Made(
            str(page.title),
            sorted(page.present_anchor_ids or ()),
            links,
            judged,
            files,
            entries(page, self.config),
            html,
        )
        self.kept.keep(uri, vars(made), self.keys[uri])

    def forget(self) -> None:
        """Let go of the pages that this site does not have."""
        self.kept.forget(self.places)

    def _is_wrong(self, uri: str) -> bool:
        """Whether anybody complained of a page."""
        chapter = self.site.book.chapters.get(uri)
        path = chapter.module.path if chapter else uri
        noted = any(found.place.path == path for found in self.site.diagnostics.found)
        return noted or self.complaints[uri] != 0 or uri in self.never


def _text(page: Page, site: Site) -> str:
    chapter = site.book.chapters.get(page.file.src_uri)
    return chapter.module.source if chapter else page.file.content_string


def without_template(env: Environment) -> None:
    """Let pages that are restored take no time in the theme's templates."""
    own = DictLoader({_TEMPLATE: "restored"})
    env.loader = ChoiceLoader([own, *filter(None, [env.loader])])


# ## What a page is made of


def _may_read(config: MkDocsConfig) -> bool:
    """Whether an extension of Markdown may read files, such as snippets of text."""
    modules = {entry.name: entry.value for entry in get_installed_extensions()}
    given = cast(list[str | Extension], config.markdown_extensions)
    names = (e if isinstance(e, str) else type(e).__module__ + "." for e in given)
    return not all(_KNOWN.match(modules.get(name, name)) for name in names)


def surroundings(config: MkDocsConfig, *more: str) -> str:
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
    return digest(own(), installed(), shown, *more, files=files)
