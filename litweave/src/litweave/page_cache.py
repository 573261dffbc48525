"""Finished pages, kept: a page that would come out as before is not made again.

Most builds come after a change of one module. Each finished page is kept with the key
of all that it was made of: the source, what was laid over it, the names that its prose
may link to, the navigation, the configuration, and the programs that make it. A page
that there was something to complain of is not kept, so that the next build complains
again.
"""

import json
import logging
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

from litweave.cache import digest, installed, write_text
from litweave.site import Site

# It matches any text, whole if there is no heading.
_TO_HEADING = re.compile(r"(?:(?!\S*# ).*\n)*.*")
_TEMPLATE = "weave-unchanged.html"
_OWN = Path(__file__).parent
# Settings that say where a site is built, and what is looked at by itself.
_APART = {"plugins", "theme", "docs_dir", "site_dir", "config_file_path", "hooks"}
# Where an object lies in memory says nothing about it.
_PLACE = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True)
class Made:
    """A finished page, and what the rest of the site has to know of it."""

    key: str
    title: str
    toc: list[list[Any]]
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
        page.content = ""
        page.title = self.title
        page.toc = _contents(self.toc)
        page.present_anchor_ids = set(self.anchors)
        page.meta["template"] = _TEMPLATE


def _contents(items: list[list[Any]]) -> TableOfContents:
    toc = [_anchor(item) for item in items]
    for first in toc[:1]:
        first.active = True  # type: ignore[attr-defined]  # as MkDocs has it
    return TableOfContents(toc)


def _link(item: AnchorLink) -> list[Any]:
    children = [_link(child) for child in item.children]
    return [item.title, item.id, item.level, children]


def _anchor(item: list[Any]) -> AnchorLink:
    title, id, level, children = item
    anchor = AnchorLink(title, id, level)
    anchor.children = [_anchor(child) for child in children]
    return anchor


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


class Warnings(logging.Handler):
    """Counts what is complained of, so that a page tells whether it was about it."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.count += 1


class Pages:
    """The finished pages, each in a file: what there is to know, then the page."""

    warnings = Warnings()

    def __init__(self, folder: Path) -> None:
        """`folder` is where they are kept."""
        self.folder = folder
        self.known: dict[str, Made] = {}

    @classmethod
    @cache
    def within(cls, folder: Path) -> "Pages":
        """The pages of a folder: a preview reads them once."""
        return cls(folder)

    def begin(
        self,
        site: Site,
        config: MkDocsConfig,
        nav: Navigation,
        files: Files,
        never: Collection[str] = (),
    ) -> None:
        """Begin a build.

        Some pages are `never` as they were, and nothing is restored where a search of
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
        self.site, self.config, self.never = site, config, never
        self.keys = dict[str, str]()
        self.restored = dict[str, Made]()
        self.complaints = dict[str, int]()
        self.usable = entries_of_all(config) is not None

    def has(self, uri: str) -> bool:
        """Whether a page is kept, be it as it was or not."""
        return uri in self.known or self._file(uri).exists()

    def identify(self, uri: str, *parts: str) -> None:
        """Tell which parts a page is made of."""
        self.keys[uri] = digest(self.all, *parts)

    def restore(self, page: Page, *parts: str) -> bool:
        """Let a page be as it was, if it was made of the same parts."""
        uri = page.file.src_uri
        self.identify(uri, *parts)
        self.complaints[uri] = self.warnings.count
        made = self.known.get(uri) or self._read(uri)
        if made is None or made.key != self.keys[uri] or not self.usable:
            return False
        if uri in self.never:
            return False
        if not all(Path(path).is_file() for path in made.files.values()):
            return False
        self.known[uri] = self.restored[uri] = made
        page.render = lambda config, files: made.restore(page, files)  # type: ignore[method-assign]
        self.site.addresses.again(made.links, made.files)
        return True

    def read(self, uri: str) -> None:
        """A page has come out of Markdown: complaints are about others now."""
        self.complaints[uri] -= self.warnings.count

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
        links, files = self.site.addresses.found(uri)
        made = self.known[uri] = Made(
            self.keys[uri],
            str(page.title),
            [_link(item) for item in page.toc],
            sorted(page.present_anchor_ids or ()),
            links,
            judged,
            files,
            entries(page, self.config),
            html,
        )
        head = asdict(made)
        del head["html"]
        text = f"{json.dumps(head, ensure_ascii=False)}\n{html}"
        write_text(self._file(uri), text)

    def _is_wrong(self, uri: str) -> bool:
        """Whether anybody complained of a page."""
        chapter = self.site.book.chapters.get(uri)
        path = chapter.module.path if chapter else uri
        noted = any(found.place.path == path for found in self.site.diagnostics.found)
        return noted or self.complaints[uri] != 0 or uri in self.never

    def _file(self, uri: str) -> Path:
        return self.folder / f"{uri}.page"

    def _read(self, uri: str) -> Made | None:
        try:
            text = self._file(uri).read_text("utf-8")
            head, _, html = text.partition("\n")
            return Made(**json.loads(head), html=html)
        except (OSError, ValueError, TypeError):
            return None  # none yet, or not whole


def _text(page: Page, site: Site) -> str:
    chapter = site.book.chapters.get(page.file.src_uri)
    return chapter.module.source if chapter else page.file.content_string


def without_template(env: Environment) -> None:
    """Let pages that are restored take no time in the theme's templates."""
    own = DictLoader({_TEMPLATE: "restored"})
    env.loader = ChoiceLoader([own, *filter(None, [env.loader])])


# ## What a page is made of


def surroundings(config: MkDocsConfig, *more: str) -> str:
    """A key for what all pages are made of, `more` included."""
    # What is installed is known by its version.
    own = [folder for folder in config.theme.dirs if "site-packages" not in folder]
    folders = [_OWN, *map(Path, own)]
    found = [path for folder in folders for path in sorted(folder.rglob("*"))]
    found += [Path(hook) for hook in config.hooks]
    files = [path for path in found if path.is_file() and path.suffix != ".pyc"]
    # A hook is among the plugins, and has no settings.
    plugins = [
        (name, dict(getattr(plugin, "config", {})))
        for name, plugin in config.plugins.items()
    ]
    settings = {name: value for name, value in config.items() if name not in _APART}
    shown = _PLACE.sub("", f"{settings} {dict(config.theme)} {plugins}")
    return digest(installed(), shown, *more, files=files)
