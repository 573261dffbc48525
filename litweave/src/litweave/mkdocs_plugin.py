r"""# Plugin: litweave inside MkDocs

MkDocs calls it at each step of a build, and it hands the work on to a
[`Site`][litweave.site], which knows nothing of MkDocs:

| event | what litweave does |
|---|---|
| `on_files` | reads the modules, makes a page of each |
| `on_page_markdown` | rows, or any other page: to Markdown |
| `on_page_content` | sets the HTML of modules aside |
| `on_env` | cuts it into rows; sets all mathematics; warns of all that is wrong |
| `on_page_context` | puts the grid in the place of the flat page |
| `on_post_page` | fills in differences and mathematics |

What is wrong is a warning with its file and line: a strict build lists all of it and
fails, any other goes on.
"""

import gc
import logging
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

from litweave import mkdocs_files, theme
from litweave.contents import contents
from litweave.diagnostics import Place
from litweave.highlight import breakable_blocks
from litweave.mkdocs_config import (
    LitweaveConfig,
    extend,
    settings,
    watch,
    watch_closely,
)
from litweave.page import addresses, has_prose
from litweave.page_cache import Pages, without_template
from litweave.progress import progress
from litweave.site import Site

_INDEX = "index.md"
_log = logging.getLogger("mkdocs.plugins.litweave")


class LitweavePlugin(BasePlugin):  # type: ignore[type-arg]
    """Pages of annotated modules, beside the pages that are written by hand."""

    config_class = LitweaveConfig
    shared: Site | None = None
    """The site in the language of its sources, if this one is in another."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview. MkDocs keeps this object for each build."""
        self.is_preview, self.standing = command == "serve", mkdocs_files.Standing()
        # A build makes millions of objects that stay until its end. To look for garbage
        # among them as often as usual takes a tenth of its time.
        gc.set_threshold(50_000, 20, 50)
        logger = logging.getLogger("mkdocs")
        progress.make_room(logger)
        logger.addHandler(Pages.warnings)

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Begin a build: nothing is read yet."""
        own, urls = settings(self.config), config.use_directory_urls
        address = config.site_url or ""
        try:
            self.site = Site(own, urls, self.is_preview, address, self.shared)
        except OSError as error:
            raise PluginError(str(error)) from error
        name = f"pages-{own.language}" if own.language else "pages"
        self.pages = Pages.within(own.cache / name)
        self.unsaid = dict[str, str]()
        watch(config, self.site)
        extend(config, self.site)
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Let the files of a preview stay where they are."""
        if self.is_preview:
            self.standing.set_aside(Path(config.site_dir))

    @event_priority(100)  # before others watch more
    def on_serve(self, server: LiveReloadServer, **_: Any) -> LiveReloadServer:
        """Look for changes often."""
        watch_closely(server)
        return server

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Read the modules, make a page and a download of each, bring the assets."""
        if self.is_preview:
            self.standing.put_back(Path(config.site_dir))
        self.site.read(file.src_uri for file in files.documentation_pages())
        if not self.site.book.chapters:
            raise PluginError(f"no module becomes a page: {self.site.reasons()}")
        index = self.site.book.chapters.get(_INDEX)
        there = index or files.get_file_from_path(_INDEX) or config.nav
        self.bare = not there or bool(index and not has_prose(index.module))
        if not there:
            title = f"# {escape(config.site_name)}\n"
            mkdocs_files.generate(files, config, _INDEX, title)
        mkdocs_files.add(self.site, files, config)
        return files

    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Know what all pages have in common, before the first is made."""
        # A page that lists all others is never as it was.
        self.pages.begin(self.site, config, nav, files, {_INDEX} if self.bare else ())
        # Each page is read, and then written.
        self.part = progress.open("pages", 2 * len(nav.pages), quick=True)
        return nav

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Turn rows, or the prose of a page written by hand, into Markdown."""
        site, uri = self.site, page.file.src_uri
        self.part.next(uri)
        site.addresses.begin(uri, mkdocs_files.known(files, config))
        site.voice.translate_front(page.meta)
        # What stands above the prose, such as front matter, counts for the lines.
        above = page.file.content_string.count("\n") - markdown.count("\n")
        place = Place(uri, 1 + above)
        if uri in site.book.chapters:
            site.expect(uri)
            # Any other is made whatever is laid over it, and waits for nothing.
            parts = site.parts(uri) if self.pages.has(uri) else []
            return "" if self.pages.restore(page, *parts) else site.document(uri)
        markdown, parts = site.framed(uri, markdown, place)
        if self.pages.restore(page, repr(page.meta), *parts):
            return ""
        return site.written(markdown, place, uri)

    @event_priority(-100)  # after the plugins that make pages
    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Set the prose of a module aside, until all is known that is laid over it."""
        uri = page.file.src_uri
        if uri in self.pages.restored:
            return html
        self.pages.read(uri)
        if uri == _INDEX and self.bare:
            html += contents(self.site.book, uri)
        if uri not in self.site.book.chapters:
            return self.site.unsearchable(html)
        ids = addresses(self.site.book.chapters[uri].module)
        (page.present_anchor_ids or set()).update(ids)
        page.links_to_anchors = None  # They are judged here, with their lines.
        self.site.take(uri, html)
        return html

    @event_priority(-100)  # when all pages are read
    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Lay out modules, set the mathematics of the site, tell what is wrong."""
        site = self.site
        # Most of it is in the prose, and the programs may still be at work.
        site.set_formulas()
        for file in files.documentation_pages():
            if file.page and file.src_uri in site.prose:
                self.pages.identify(file.src_uri, *site.parts(file.src_uri))
                file.page.content = site.lay_out(file.src_uri)
            if file.page and file.page.content:
                # Search reads it now; what is kept is said at every build.
                self.unsaid[file.src_uri] = file.page.content
                file.page.content = site.voice.spoken(file.page.content)
        env.bytecode_cache = theme.compiled_templates(site.settings.cache)
        without_template(env)
        site.addresses.end(partial(mkdocs_files.anchors, files))
        site.voice.keep()
        site.set_formulas()
        restored = (made.html for made in self.pages.restored.values())
        mkdocs_files.bring_katex(site.formula_files(restored), files, config)
        mkdocs_files.join_sheets(files, config)
        for found in sorted(site.diagnostics.found):
            _log.warning("%s", found)
        if self.is_preview:
            self.standing.leave(files)
        return env

    @event_priority(-100)  # when search has read the flat page
    def on_page_context(
        self, context: TemplateContext, *, page: Page, **_: Any
    ) -> None:
        """Put the grid in the place of the flat page."""
        uri = page.file.src_uri
        self.part.next(uri)
        if uri in self.pages.restored:
            self.pages.index(page)
        elif uri in self.site.rows:
            page.content = self.site.grid(uri)
        else:
            page.content = self.unsaid.pop(uri, page.content)

    def _finish(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Fill in what was set aside, and names that the theme leaves out."""
        if page.file.src_uri in self.pages.restored:
            return self.pages.restored[page.file.src_uri].html
        output = theme.mended(breakable_blocks(theme.without_blanks(output)))
        output = self.site.fill(output, theme.preload(page.url))
        self.pages.keep(page, output)
        return output

    @event_priority(-100)  # others may have added words
    def _say(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Say the words beside the prose in the language of the page."""
        return self.site.voice.spoken(output)

    on_post_page = CombinedEvent(_finish, _say)

    def on_post_template(self, output: str, **_: Any) -> str:
        """Do for the page of what is not there what is done for all others."""
        return self.site.voice.spoken(theme.mended(output))

    @event_priority(-100)  # when all others have written theirs
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Every page is written."""
        progress.close(self.part)

    def on_build_error(self, *, error: Exception) -> None:
        """Something failed, be it the strict count of warnings after the last page."""
        if hasattr(self, "part"):
            progress.close(self.part)

    def on_shutdown(self) -> None:
        """Leave nothing behind but the site."""
        self.standing.end()
