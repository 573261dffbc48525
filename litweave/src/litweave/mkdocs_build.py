"""One build by MkDocs: its options, what it does at each step, the pages it keeps."""

import logging
import re
from contextlib import suppress
from dataclasses import fields
from html import escape
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from typing import Any

from jinja2 import Template
from markdown.util import get_installed_extensions
from mkdocs.commands.build import build
from mkdocs.config import config_options as options
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents
from mkdocs.utils import CountHandler

from litweave import cache, dialect, theme
from litweave.cache import Folder, digest, files_in, installed
from litweave.features import shapes
from litweave.katex import without_formulas
from litweave.overlay import breakable_blocks, coloured, uncoloured
from litweave.progress import progress
from litweave.settings import Settings
from litweave.site import Site

_INDEX = "index.md"
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
# In the place of a page that is not made again, and is put in later.
_UNCHANGED = Template("unchanged")
_log = logging.getLogger("mkdocs.plugins.litweave")


class _Sources(options.ListOfItems[str]):
    """A folder or a file, or a list of them."""

    def run_validation(self, value: object) -> list[str]:
        return super().run_validation([value] if isinstance(value, str) else value)


def _check(kind: Any, default: Any) -> Any:
    if kind == tuple[Path, ...]:
        return _Sources(options.FilesystemObject(exists=True))
    if kind == tuple[str, ...]:
        return options.ListOfItems(options.Type(str), default=[*default])
    if kind is Path:
        return options.Dir(default=str(default))
    if kind == Path | None:
        return options.Optional(options.File(exists=True))
    return options.Type(kind, default=default)


OPTIONS = tuple((o.name, _check(o.type, o.default)) for o in fields(Settings))
"""The options under `litweave:` in `mkdocs.yml`."""


def load(config_file: str, **given: Any) -> MkDocsConfig:
    """A configuration with new plugins, and not those of the one before."""
    # MkDocs keeps those with an `on_startup` on its class, in a cache that is not
    # documented; no function of it makes a configuration without.
    option: Any = MkDocsConfig.plugins
    option.plugin_cache.clear()
    try:
        return load_config(config_file, **given)
    finally:
        option.plugin_cache.clear()


def run(config: MkDocsConfig) -> None:
    """Build a site as MkDocs' own command does."""
    try:
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    finally:
        config.plugins.on_shutdown()


class Build:
    """A site while MkDocs builds it: what each step is for, the plugin tells.

    Finished pages are kept, and one that would come out as before is not made again: so
    the key of each is made of all that it depends on. A page that there was something
    to complain of is not kept, so that the next build complains again.
    """

    # How often anybody complained of anything.
    warnings = CountHandler(level=logging.WARNING)

    def __init__(self, site: Site, config: MkDocsConfig) -> None:
        """Add what pages need to a configuration: nothing is read yet."""
        self.site, self.config, settings = site, config, site.settings
        self.part = progress.part("pages", 0, quick=True)
        if settings.language and config.theme.get("language", "en") == "en":
            nearest = theme.language_of(config.theme.dirs, settings.language)
            config.theme["language"] = nearest
        for name, given in dialect.EXTENSIONS.items():
            if name not in config.markdown_extensions:
                config.markdown_extensions.append(name)
                config.mdx_configs[name] = dict(given)
        if settings.language:
            word = site.voice.word
            toc = config.mdx_configs.setdefault("toc", {})
            toc["permalink_title"] = word(toc.get("permalink_title", "Permanent link"))
            back = word("Jump back to footnote {number} in the text")
            notes = config.mdx_configs.setdefault("footnotes", {})
            notes.setdefault("BACKLINK_TITLE", back.replace("{number}", "{}"))
        # MkDocs takes an extension itself as well as its name.
        config.markdown_extensions += [dialect.Dialect(), site.addresses]  # type: ignore[list-item]
        theme.quicken(config.theme, settings.cache / "templates", config.plugins)
        config.extra_css.insert(0, theme.SHEET)
        script = options.ExtraScriptValue(theme.SCRIPT)
        script.type = "module"
        config.extra_javascript.append(script)
        # A preview builds again when a source, a catalog or a shape changes.
        measured = shapes.watched(settings.cache)
        measured.mkdir(parents=True, exist_ok=True)
        watched = filter(Path.exists, (*settings.source, settings.locale, measured))
        config.watch.extend(map(str, watched))

    def add_files(self, files: Files) -> None:
        site, config = self.site, self.config
        site.read([file.src_uri for file in files.documentation_pages()])
        book = site.book
        if not book.chapters:
            reasons = [f"\n{name}: {why}" for name, why in book.skipped.items()]
            why = "".join(reasons) or f"{site.settings.root} is empty"
            raise PluginError(f"no module becomes a page: {why}")
        self.files = files
        index = book.chapters.get(_INDEX)
        there = index or files.get_file_from_path(_INDEX) or config.nav
        # It lists all other pages, if nobody has written what it says.
        if not there or (index and not index.module.prose):
            site.contents = _INDEX
        if not there:
            self._add(_INDEX, f"# {escape(config.site_name)}\n")
        for page, chapter in book.chapters.items():
            file = self._add(page, "")
            if config.not_in_nav and config.not_in_nav.match_file(page):
                file.inclusion = InclusionLevel.NOT_IN_NAV
            self._add(chapter.download, chapter.path)
        own: dict[str, Any] = {theme.SHEET: theme.sheet(), **theme.scripts()}
        for uri, of in (own | site.copies).items():
            self._add(uri, of)

    def _add(self, uri: str, of: str | Path) -> File:
        """Add a file with a content, or that which lies at a path."""
        given: Any = {"abs_src_path" if isinstance(of, Path) else "content": str(of)}
        file = File.generated(self.config, uri, **given)
        # MkDocs has names of folders that it would leave out.
        file.inclusion = InclusionLevel.INCLUDED
        self.files.append(file)
        return file

    def begin(self, nav: Navigation, files: Files) -> None:
        self.files, addresses = files, self.site.addresses
        addresses.has, addresses.bring = files.src_uris.__contains__, self._add
        settings, plugins = self.site.settings, self.config.plugins
        name = f"pages-{settings.language}" if settings.language else "pages"
        self.kept, self.common = Folder(settings.cache / name), self._common(nav)
        # There is none if it is switched off.
        index = getattr(plugins.get("material/search"), "search_index", None)
        self.entries: list[dict[str, Any]] = index.entries if index else []
        self.metas = dict[str, str]()  # of pages that may be kept
        self.restored = dict[str, dict[str, Any]]()
        self.part.total = 2 * len(nav.pages)  # Each is read, and then written.

    def _common(self, nav: Navigation) -> str:
        """A key for what all pages are made of."""
        site, config = self.site, self.config
        # What is installed is known by its version.
        folders = (name for name in config.theme.dirs if "site-packages" not in name)
        own = files_in(*map(Path, folders), *map(Path, config.hooks))
        # A hook is among the plugins, and has no settings.
        plugins = {n: dict(getattr(p, "config", {})) for n, p in config.plugins.items()}
        settings = {name: config[name] for name in config if name not in _APART}
        shown = _PLACE.sub("", f"{settings} {dict(config.theme)} {plugins}")
        # Where nobody knows what a page is made of, no other build has the same key.
        unknown = token_hex() if _may_read(config) else ""
        names = repr(dict(site.book.context.names.by_end))
        # A title that the navigation does not give stands at the top of the page.
        tops = (self._top(page) for page in nav.pages if page.title is None)
        uris = sorted(self.files.src_uris)
        said = shown, unknown, str(nav), names, site.voice.interface, *uris, *tops
        return digest(cache.own(), installed(), *said, files=own)

    def _top(self, page: Page) -> str:
        chapter = self.site.book.chapters.get(page.file.src_uri)
        text = chapter.module.source if chapter else page.file.content_string
        return _TO_HEADING.match(text)[0]  # type: ignore[index]

    def _key(self, uri: str) -> str:
        return digest(self.common, self.metas[uri], *self.site.parts(uri))

    def markdown(self, text: str, page: Page) -> str:
        site, uri = self.site, page.file.src_uri
        self.part.next(uri)
        site.voice.translate_front(page.meta)
        # What stands above the prose, such as front matter, counts for the lines.
        above = page.file.content_string.count("\n") - text.count("\n")
        site.begin(uri, text, 1 + above)
        if self._restore(page):
            return ""
        if chapter := site.book.chapters.get(uri):
            coloured(chapter.module.source)  # It takes its time, and is remembered.
        return site.document(uri)

    def _restore(self, page: Page) -> bool:
        """Let a page be as it was, if it is made of the same parts."""
        uri, get = page.file.src_uri, self.files.get_file_from_path
        self.metas[uri], self.before = repr(page.meta), self.warnings.get_counts()
        # Any other is made whatever is laid over it, and waits for nothing.
        made = self.kept.file(uri).exists() and self.kept.get(uri, self._key(uri))
        if not made or not self.site.addresses.again(uri, made["leads_to"]):
            return False
        self.restored[uri] = made
        # What MkDocs would find out is known. The contents stand in the HTML only.
        page.render = lambda *_: None  # type: ignore[method-assign]
        page.content, page.toc, page.title = "", TableOfContents([]), made["title"]
        page.present_anchor_ids = set(made["anchors"])
        found = ((get(uri), anchors) for uri, anchors in made["links"].items())
        page.links_to_anchors = {file: anchors for file, anchors in found if file}
        page.meta.update(template=_UNCHANGED, search={"exclude": True})
        return True

    def read(self, page: Page) -> None:
        uri, anchors = page.file.src_uri, self.site.addresses.anchors
        if self.warnings.get_counts() != self.before:
            self.metas.pop(uri, None)
        # MkDocs takes words in code, as `<the id>`, for a tag without a value.
        present = filter(None, page.present_anchor_ids or ())
        known = anchors.get(uri, set()).union(present)
        anchors[uri] = page.present_anchor_ids = known
        if uri in self.site.book.chapters:
            page.links_to_anchors = None  # They are judged here, with their lines.

    def lay_out(self) -> None:
        site, plain = self.site, self.site.book.context.formulas.plain
        self.shown = dict[str, str]()
        # Most of it is in the prose, and the programs may still be at work.
        site.set_formulas()
        for file in self.files.documentation_pages():
            if (page := file.page) and page.content:
                uri = file.src_uri
                self.shown[uri], flat = site.lay_out(uri, page.content)
                # Search reads it now; what is kept is said at every build.
                flat = site.voice.spoken(flat)
                page.content = uncoloured(without_formulas(flat))
                page.meta.setdefault("description", theme.described(flat, plain))
        site.addresses.end()
        site.set_formulas()
        style = site.formula_files(made["html"] for made in self.restored.values())
        for uri, path in style.items():
            self._add(uri, path)
        self._join_sheets([*[*style][:1], *self.config.extra_css])
        for found in sorted(site.diagnostics.found):
            _log.warning("%s", found)

    def _join_sheets(self, wanted: list[str]) -> None:
        """Let pages ask for one style sheet in the place of all that the site has."""
        found = {uri: self.files.get_file_from_path(uri) for uri in wanted}
        texts = {uri: file.content_string for uri, file in found.items() if file}
        # An import must stand first in a sheet.
        sheets = {uri: text for uri, text in texts.items() if "@import" not in text}
        others = [uri for uri in wanted if uri not in sheets]
        self._add(theme.JOINED, theme.joined(sheets))
        self.config.extra_css = [*others, theme.JOINED]

    def show(self, page: Page) -> None:
        uri = page.file.src_uri
        self.part.next(uri)
        if made := self.restored.get(uri):
            self.entries.extend(made["entries"])
        elif page.content:
            page.content = self.shown.pop(uri, page.content)
        items = [*page.toc] if uri in self.site.chapters else []
        # What is below a class would be cut behind its name: that is left out. The
        # heading of a class may be words; its anchor is its name.
        for item in items:
            for inner in item.children:
                inner.title = inner.title.removeprefix(f"{item.id}.")
            items += item.children

    def finish(self, output: str, page: Page) -> str:
        uri = page.file.src_uri
        if made := self.restored.get(uri):
            return str(made["html"])
        output = theme.mended(breakable_blocks(output))
        output = self.site.fill(uri, output, theme.preload(page.url))
        self._keep(page, output)
        return output

    def _keep(self, page: Page, html: str) -> None:
        """Keep a page at once, unless it is wrong: a build that is stopped has it.

        What there is to judge of it and to bring again is kept, too, and the anchors
        that MkDocs judges itself.
        """
        uri = page.file.src_uri
        chapter = self.site.book.chapters.get(uri)
        path = chapter.module.path if chapter else uri
        wrong = {found.place.path for found in self.site.diagnostics.found}
        if path in wrong or uri not in self.metas:
            return
        links = (page.links_to_anchors or {}).items()
        own = re.compile(rf"{re.escape(page.url)}(?:#|$)")
        last = takewhile(lambda e: own.match(e["location"]), reversed(self.entries))
        made = {
            "title": str(page.title),
            "anchors": sorted(page.present_anchor_ids or ()),
            "links": {file.src_uri: anchors for file, anchors in links},
            "leads_to": self.site.addresses.links.get(uri, []),
            "entries": [*last][::-1],
            "html": html,
        }
        self.kept.keep(uri, made, self._key(uri))


def _may_read(config: MkDocsConfig) -> bool:
    """Whether an extension of Markdown may read files, such as snippets of text."""
    modules = {entry.name: entry.value for entry in get_installed_extensions()}
    given: list[Any] = [*config.markdown_extensions]
    names = (e if isinstance(e, str) else type(e).__module__ + "." for e in given)
    return not all(_KNOWN.match(modules.get(name, name)) for name in names)


class Standing:
    """Files of a preview that stay where they are.

    At each build MkDocs empties the folder of the site and writes all of it anew. So
    the folder is set aside before that, and put back, and what has not changed is left.
    """

    def __init__(self) -> None:
        self.places = set[str]()

    def move(self, folder: str, back: bool = False) -> None:
        """Set the site aside before its folder is emptied, or put it back."""
        names = folder, f"{folder}.aside"
        there, place = reversed(names) if back else names
        # Where a file is open, some systems refuse it. Then all is written anew.
        with suppress(OSError):
            Path(there).rename(place)

    def leave(self, files: Files) -> None:
        """Let the files stand that did not change, and remove those that are gone."""
        before, self.places = self.places, {file.abs_dest_path for file in files}
        for gone in before - self.places:
            Path(gone).unlink(missing_ok=True)
        for file in files:
            if not (file.is_documentation_page() or file.is_modified()):
                file.inclusion = InclusionLevel.EXCLUDED
