r"""# Plugin: weave inside MkDocs

The thin adapter. MkDocs calls it at each step of a build, and it hands the work on:

| event | what weave does |
|---|---|
| `on_files` | reads the book, makes a page of each chapter |
| `on_page_markdown` | rows, or any other page: to Markdown |
| `on_page_content` | cuts the HTML into rows; leaves a flat page to search |
| `on_env` | sets all mathematics; fails with the list of what is wrong |
| `on_page_context` | puts the grid in the place of the flat page |
| `on_post_page` | fills in the mathematics |

A site is built beside the one that is there and takes its place at the end: a build
that fails leaves the good site as it was.
"""

import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

from jinja2 import Environment
from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

from labml_style_nn.weave import node
from labml_style_nn.weave.book import Book, Chapter
from labml_style_nn.weave.material import name_landmarks
from labml_style_nn.weave.page import WovenRow, addresses, cut, document, flat, grid
from labml_style_nn.weave.parse import ParseError
from labml_style_nn.weave.problems import Place
from labml_style_nn.weave.prose import to_markdown

_ASSETS = Path(__file__).parent / "assets"
_KATEX = "assets/katex"
_STYLES = [f"{_KATEX}/katex.min.css", "assets/weave.css"]
_SCRIPT = "assets/weave.js"
_HEADINGS = "labml_style_nn.weave.headings:HeadingAnchors"


class WeaveConfig(Config):
    """The options under `weave:` in `mkdocs.yml`."""

    source = options.Dir(exists=True)
    """The package whose modules become pages: a folder, relative to `mkdocs.yml`."""

    exclude = options.ListOfItems(options.Type(str), default=[])
    """Modules to leave out, as patterns of their paths in the package: `internal/*`."""

    cache = options.Dir(default=".cache/weave")
    """Where what was installed and set is kept from build to build."""


class WeavePlugin(BasePlugin[WeaveConfig]):
    """Pages of annotated modules, beside the pages that are written by hand."""

    # ## The site as a whole

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this run leaves a site behind (a preview does not)."""
        self.leaves_site = command == "build"
        self.complete = False

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Begin a build: nothing read yet, and a folder of its own to build in."""
        self.book = Book(directory_urls=config.use_directory_urls)
        self.rows: dict[str, list[WovenRow]] = {}
        if self.leaves_site:
            self.site = Path(config.site_dir)
            config.site_dir = str(self._building)
        config.watch.append(self.config.source)
        config.extra_css[:0] = _STYLES
        script = options.ExtraScriptValue(_SCRIPT)
        script.type = "module"
        config.extra_javascript.append(script)
        config.markdown_extensions.append(_HEADINGS)
        return config

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Every page is written."""
        self.complete = True

    def on_build_error(self, *, error: Exception) -> None:
        """Something failed, be it the strict count of warnings after the last page."""
        self.complete = False

    def on_shutdown(self) -> None:
        """Put a whole site in the place of the old one; throw half a site away."""
        if not self.leaves_site or not hasattr(self, "site"):
            return
        if self.complete:
            before = self.site.with_name(f"{self.site.name}.before")
            shutil.rmtree(before, ignore_errors=True)
            if self.site.exists():
                self.site.rename(before)
            self._building.rename(self.site)
            shutil.rmtree(before, ignore_errors=True)
        shutil.rmtree(self._building, ignore_errors=True)

    @property
    def _building(self) -> Path:
        return self.site.with_name(f"{self.site.name}.building")

    # ## Files

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Read the modules, make a page and a download of each, bring the assets."""
        taken = [file.src_uri for file in files.documentation_pages()]
        try:
            self.book.read(Path(self.config.source), self.config.exclude, taken)
        except (OSError, ParseError) as error:
            raise PluginError(str(error)) from None
        self._enrich()
        for chapter in self.book.chapters.values():
            files.append(File.generated(config, chapter.page, content=""))
            source = str(chapter.path)
            files.append(File.generated(config, chapter.download, abs_src_path=source))
        for uri, path in self._assets():
            files.append(File.generated(config, uri, abs_src_path=str(path)))
        return files

    def _enrich(self) -> None:
        """Find out what each page shows beyond its source."""
        for chapter in self.book.chapters.values():
            chapter.enrichment.tools.append(self._copying(chapter))

    def _copying(self, chapter: Chapter) -> str:
        address = escape(self.book.link(chapter.download, chapter.page))
        return f"""<button class="weave-button" type="button"
 data-weave-copy="{address}" hidden>Copy module</button>
<a class="weave-button" href="{address}" download>Download .py</a>"""

    def _assets(self) -> Iterator[tuple[str, Path]]:
        for path in sorted(_ASSETS.iterdir()):
            yield f"assets/{path.name}", path
        dist = self._katex() / "dist"
        yield f"{_KATEX}/katex.min.css", dist / "katex.min.css"
        for font in sorted((dist / "fonts").glob("*.woff2")):
            yield f"{_KATEX}/fonts/{font.name}", font

    def _katex(self) -> Path:
        try:
            return node.packages(Path(self.config.cache)) / "katex"
        except node.NodeError as error:
            raise PluginError(str(error)) from None

    # ## Each page

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Turn rows, or the prose of a page written by hand, into Markdown."""
        uri = page.file.src_uri
        if uri in self.book.chapters:
            return document(self.book.chapters[uri].module, uri, self.book.desk)
        # What stands above the prose, such as front matter, counts for the line
        # numbers.
        above = page.file.content_string.count("\n") - markdown.count("\n")
        return to_markdown(markdown, Place(uri, 1 + above), uri, self.book.desk)

    @event_priority(-50)  # after the plugins that make pages
    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Cut a module's page into rows; what is returned is what search indexes."""
        uri = page.file.src_uri
        if uri in self.book.chapters:
            chapter = self.book.chapters[uri]
            self.rows[uri] = cut(html, chapter.module, chapter.enrichment)
            (page.present_anchor_ids or set()).update(addresses(chapter.module))
            html = flat(self.rows[uri], chapter.module)
        return self.book.desk.formulas.unsearchable(html)

    @event_priority(-100)  # when all pages are read
    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Set the mathematics of the site, and fail if anything is wrong."""
        cache = Path(self.config.cache) / "mathematics.json"
        problems = self.book.desk.problems
        self.book.desk.formulas.set(self._katex(), node.program(), cache, problems)
        if problems.found:
            raise PluginError(f"{len(problems.found)} to mend:\n{problems}")
        return env

    @event_priority(-100)  # when search has read the flat page
    def on_page_context(
        self,
        context: TemplateContext,
        *,
        page: Page,
        config: MkDocsConfig,
        nav: Navigation,
    ) -> None:
        """Put the grid in the place of the flat page."""
        uri = page.file.src_uri
        if uri in self.rows:
            chapter = self.book.chapters[uri]
            page.content = grid(self.rows[uri], chapter.module.path, chapter.enrichment)

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Fill in the mathematics, and what the theme leaves without a name."""
        head, end, body = name_landmarks(output).partition("</head>")
        formulas = self.book.desk.formulas
        return formulas.plain(head) + end + formulas.fill(body)
