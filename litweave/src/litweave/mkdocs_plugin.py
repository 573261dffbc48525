r"""# Plugin: litweave inside MkDocs

MkDocs calls it at each step of a build, and it hands the work on to a `Build`, and so
to a `Site`, which knows nothing of MkDocs:

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

from litweave import mkdocs_build, theme
from litweave.mkdocs_build import Build
from litweave.progress import progress
from litweave.settings import Settings
from litweave.site import Site


class LitweavePlugin(BasePlugin):  # type: ignore[type-arg]
    """Pages of annotated modules, beside the pages that are written by hand."""

    config_scheme = mkdocs_build.OPTIONS
    shared: Site | None = None
    """The site in the language of its sources, if this one is in another."""
    site: Site
    build: Build

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview. MkDocs keeps this object for each build."""
        self.is_preview, self.standing = command == "serve", mkdocs_build.Standing()
        # A build makes millions of objects that stay until its end. To look for garbage
        # among them as often as usual takes a tenth of its time.
        gc.set_threshold(50_000, 20, 50)
        logger = logging.getLogger("mkdocs")
        progress.make_room(logger)
        logger.addHandler(Build.warnings)

    @event_priority(100)  # before others use the theme's templates
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Begin a build: nothing is read yet."""
        own, urls = Settings.of(self.config), config.use_directory_urls
        address = config.site_url or ""
        try:
            self.site = Site(own, urls, self.is_preview, address, self.shared)
        except OSError as error:
            raise PluginError(str(error)) from error
        self.build = Build(self.site, config)
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Let the files of a preview stay where they are."""
        if self.is_preview:
            self.standing.move(config.site_dir)

    @event_priority(100)  # before others watch more
    def on_serve(self, server: LiveReloadServer, **_: Any) -> LiveReloadServer:
        """Look for changes often."""
        server.build_delay = 0.05
        for watcher in (server.observer, *server.observer.emitters):
            watcher._timeout = 0.1  # type: ignore[attr-defined]
        return server

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Read the modules; add their pages, and what all pages load."""
        if self.is_preview:
            self.standing.move(config.site_dir, back=True)
        self.build.add_files(files)
        return files

    def on_nav(self, nav: Navigation, *, files: Files, **_: Any) -> None:
        """Know what all pages have in common, before the first is made."""
        self.build.begin(nav, files)

    def on_page_markdown(self, text: str, *, page: Page, **_: Any) -> str:
        """Turn rows, or the prose of a page written by hand, into Markdown."""
        return self.build.markdown(text, page)

    @event_priority(-100)  # after the plugins that make pages
    def on_page_content(self, html: str, *, page: Page, **_: Any) -> None:
        """Set the prose of a module aside, until all is known that is laid over it."""
        self.build.read(page)

    @event_priority(-100)  # when all pages are read
    def on_env(self, env: Environment, *, files: Files, **_: Any) -> None:
        """Lay out modules, set the mathematics of the site, tell what is wrong."""
        self.build.lay_out()
        if self.is_preview:
            self.standing.leave(files)

    @event_priority(-100)  # when search has read the flat page
    def on_page_context(
        self, context: TemplateContext, *, page: Page, **_: Any
    ) -> None:
        """Put the grid in the place of the flat page."""
        self.build.show(page)

    # ## When a page is written
    #
    # What was set aside is put in, and words become those of the page's language.

    def _finish(self, output: str, *, page: Page, **_: Any) -> str:
        return self.build.finish(output, page)

    @event_priority(-100)  # others may have added words
    def _say(self, output: str, **_: Any) -> str:
        return self.site.voice.spoken(output)

    on_post_page = CombinedEvent(_finish, _say)

    def on_post_template(self, output: str, **_: Any) -> str:
        """Do for the 404 page what is done for all others."""
        return self.site.voice.spoken(theme.mended(output))

    @event_priority(-100)  # when all others have written theirs
    def on_post_build(self, **_: Any) -> None:
        """Every page is written."""
        self.build.part.close()
        self.build.kept.forget(self.build.files.src_uris)
