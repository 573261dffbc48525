"""One build by MkDocs: what the plugin does at each step, and its options."""

import logging
from contextlib import suppress
from dataclasses import Field, fields
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from litweave import dialect, theme
from litweave.features import shapes
from litweave.overlay import breakable_blocks, coloured
from litweave.page import addresses as anchors
from litweave.page_cache import Pages
from litweave.progress import progress
from litweave.settings import Settings
from litweave.site import Site

_INDEX = "index.md"
_log = logging.getLogger("mkdocs.plugins.litweave")


# ## The options


class _Sources(options.ListOfItems[str]):
    """A folder or a file, or a list of them."""

    def run_validation(self, value: object) -> list[str]:
        return super().run_validation([value] if isinstance(value, str) else value)


def _check(option: Field[Any]) -> Any:
    """What checks an option, by its type."""
    kind: Any = option.type
    default: Any = option.default
    if kind == tuple[Path, ...]:
        return _Sources(options.FilesystemObject(exists=True))
    if kind == tuple[str, ...]:
        return options.ListOfItems(options.Type(str), default=[*default])
    if kind is Path:
        return options.Dir(default=str(default))
    if kind == Path | None:
        return options.Optional(options.File(exists=True))
    return options.Type(kind, default=default)


LitweaveConfig: type[Config] = type(
    "LitweaveConfig",
    (Config,),
    {option.name: _check(option) for option in fields(Settings)},
)
"""The options under `litweave:` in `mkdocs.yml`."""


# ## A build


class Build:
    """A site while MkDocs builds it."""

    pages: Pages

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
        if site.translator:
            toc = config.mdx_configs.setdefault("toc", {})
            link = toc.get("permalink_title", "Permanent link")
            toc["permalink_title"] = site.translator.word(link)
            notes = config.mdx_configs.setdefault("footnotes", {})
            back = site.translator.word("Jump back to footnote {number} in the text")
            notes.setdefault("BACKLINK_TITLE", back.replace("{number}", "{}"))
        # MkDocs takes an extension itself as well as its name.
        own: list[Any] = [*dialect.OWN, site.addresses]
        config.markdown_extensions.extend(own)
        templates = settings.cache / "templates"
        config.theme = theme.QuickTheme(config.theme, templates, config.plugins)
        config.extra_css.insert(0, theme.SHEET)
        script = options.ExtraScriptValue(theme.SCRIPT)
        script.type = "module"
        config.extra_javascript.append(script)
        # A preview builds again when a source, a catalog or a shape changes.
        measured = shapes.watched(settings.cache)
        measured.mkdir(parents=True, exist_ok=True)
        watched = [*settings.source, settings.locale, measured]
        config.watch.extend(str(path) for path in watched if path.exists())

    # ## Files

    def add_files(self, files: Files) -> None:
        """Read the modules, make a page and a download of each, bring the assets."""
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
            self._add(_INDEX, content=f"# {escape(config.site_name)}\n")
        for uri, text in site.copies.items():
            self._add(uri, content=text)
        for page, chapter in book.chapters.items():
            file = self._add(page, content="")
            if config.not_in_nav and config.not_in_nav.match_file(page):
                file.inclusion = InclusionLevel.NOT_IN_NAV
            self._bring(chapter.download, chapter.path)
        self._add(theme.SHEET, content=theme.sheet())
        for uri, path in theme.scripts().items():
            self._bring(uri, path)

    def _add(self, uri: str, **of: str) -> File:
        """Add a file; MkDocs has names of folders that it would leave out."""
        file: File = File.generated(self.config, uri, **of)  # type: ignore[call-overload]
        file.inclusion = InclusionLevel.INCLUDED
        self.files.append(file)
        return file

    def _bring(self, uri: str, path: Path) -> None:
        self._add(uri, abs_src_path=str(path))

    def _anchors(self, uri: str) -> set[str] | None:
        """What can be linked to on a page, if that is known."""
        file = self.files.get_file_from_path(uri)
        return file.page.present_anchor_ids if file and file.page else None

    # ## Pages

    def begin(self, nav: Navigation, files: Files) -> None:
        """Know what all pages have in common, before the first is made."""
        self.files = files
        self.pages = Pages(self.site, self.config, nav, files)
        self.part.total = 2 * len(nav.pages)  # Each is read, and then written.

    def markdown(self, text: str, page: Page) -> str:
        """The Markdown of a page: of rows, or of prose that is written by hand."""
        site, uri = self.site, page.file.src_uri
        self.part.next(uri)
        site.voice.translate_front(page.meta)
        # What stands above the prose, such as front matter, counts for the lines.
        above = page.file.content_string.count("\n") - text.count("\n")
        has = self.files.src_uris.__contains__
        site.begin(uri, has, self._bring, text, 1 + above)
        return "" if self.pages.restore(page) else site.document(uri)

    def content(self, html: str, page: Page) -> str:
        """Set the prose of a module aside, until all is known that is laid over it."""
        uri = page.file.src_uri
        if uri in self.pages.restored:
            return html
        self.pages.read(uri)
        if chapter := self.site.book.chapters.get(uri):
            (page.present_anchor_ids or set()).update(anchors(chapter.module))
            page.links_to_anchors = None  # They are judged here, with their lines.
            coloured(chapter.module.source)  # It takes its time, and is remembered.
        return self.site.take(uri, html)

    def lay_out(self) -> None:
        """Lay out modules, set the mathematics of the site, tell what is wrong."""
        site, plain = self.site, self.site.book.context.formulas.plain
        # Most of it is in the prose, and the programs may still be at work.
        site.set_formulas()
        for file in self.files.documentation_pages():
            if (page := file.page) and page.content:
                flat = site.lay_out(file.src_uri, page.content)
                # Search reads it now; what is kept is said at every build.
                page.content = site.voice.spoken(flat)
                first = theme.described(page.content, plain)
                page.meta.setdefault("description", first)
        site.addresses.end(self._anchors)
        site.voice.keep()
        site.set_formulas()
        restored = (made["html"] for made in self.pages.restored.values())
        style = site.formula_files(restored)
        for uri, path in style.items():
            self._bring(uri, path)
        self._join_sheets([*style][:1])
        for found in sorted(site.diagnostics.found):
            _log.warning("%s", found)

    def _join_sheets(self, first: list[str]) -> None:
        """Let pages ask for one style sheet in the place of all that the site has."""
        sheets, others = dict[str, str](), list[str]()
        for uri in [*first, *self.config.extra_css]:
            file = self.files.get_file_from_path(uri)
            # An import must stand first in a sheet.
            if file and "@import" not in (sheet := file.content_string):
                sheets[uri] = sheet
            else:
                others.append(uri)
        self._add(theme.JOINED, content=theme.joined(sheets))
        self.config.extra_css = [*others, theme.JOINED]

    def show(self, page: Page) -> None:
        """Put the page that is shown in the place of that which search has read."""
        uri = page.file.src_uri
        self.part.next(uri)
        if made := self.pages.restored.get(uri):
            self.pages.index.extend(made["entries"])
        elif page.content:
            page.content = self.site.shown.pop(uri, page.content)

    def finish(self, output: str, page: Page) -> str:
        """Fill in what was set aside, and names that the theme leaves out."""
        if made := self.pages.restored.get(page.file.src_uri):
            return str(made["html"])
        output = theme.mended(breakable_blocks(output))
        output = self.site.fill(output, theme.preload(page.url))
        self.pages.keep(page, output)
        return output


class Standing:
    """Files of a preview that stay where they are.

    At each build MkDocs empties the folder of the site and writes all of it anew. So
    the folder is set aside before that, and put back, and what has not changed is left.
    """

    def __init__(self) -> None:
        """Begin with none."""
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
