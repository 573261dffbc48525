r"""# Plugin: weave inside MkDocs

The thin adapter. MkDocs calls it at each step of a build, and it hands the work on:

| event | what weave does |
|---|---|
| `on_files` | reads the modules, makes a page of each |
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
from fnmatch import fnmatch
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
from mkdocs.utils import get_relative_url
from mkdocs.utils.templates import TemplateContext

from labml_style_nn.weave import node
from labml_style_nn.weave.material import name_landmarks
from labml_style_nn.weave.mathematics import Formulas
from labml_style_nn.weave.names import Names, Target
from labml_style_nn.weave.page import WovenRow, addresses, cut, document, flat, grid
from labml_style_nn.weave.parse import Module, ParseError, read
from labml_style_nn.weave.problems import Place, Problems
from labml_style_nn.weave.prose import Desk, to_markdown

_ASSETS = Path(__file__).parent / "assets"
_KATEX = "assets/katex"
_STYLES = [f"{_KATEX}/katex.min.css", "assets/weave.css"]
_SCRIPTS = ["assets/weave.js"]
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
        self.modules: dict[str, Module] = {}
        self.downloads: dict[str, str] = {}
        self.rows: dict[str, list[WovenRow]] = {}
        self.desk = Desk(Names(), Formulas(), Problems())
        if self.leaves_site:
            self.site = Path(config.site_dir)
            config.site_dir = str(self._building)
        config.watch.append(self.config.source)
        config.extra_css[:0] = _STYLES
        config.extra_javascript.extend(_SCRIPTS)
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
        source = Path(self.config.source)
        for path in self._sources(source):
            relative = path.relative_to(source)
            page = _page_of(relative)
            if files.get_file_from_path(page):
                continue  # A page written by hand comes first.
            module = self._read(path, f"{source.name}/{relative.as_posix()}")
            if module.rows and any(row.prose for row in module.rows):
                self.modules[page] = module
                self._learn_names(module, _dotted(source.name, relative), page)
                files.append(File.generated(config, page, content=""))
                self.downloads[page] = relative.as_posix()
                files.append(
                    File.generated(config, relative.as_posix(), abs_src_path=str(path))
                )
        for uri, path in self._assets():
            files.append(File.generated(config, uri, abs_src_path=str(path)))
        return files

    def _sources(self, source: Path) -> Iterator[Path]:
        for path in sorted(source.rglob("*.py")):
            name = path.relative_to(source).as_posix()
            if not any(fnmatch(name, pattern) for pattern in self.config.exclude):
                yield path

    def _read(self, path: Path, name: str) -> Module:
        try:
            return read(path, name)
        except (OSError, ParseError) as error:
            raise PluginError(str(error)) from None

    def _learn_names(self, module: Module, dotted: str, page: str) -> None:
        self.desk.names.add(Target(dotted, page, ""))
        for name in dict.fromkeys(d.name for d in module.definitions):
            self.desk.names.add(Target(f"{dotted}.{name}", page, name))

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
        if uri in self.modules:
            return document(self.modules[uri], uri, self.desk)
        # What stands above the prose, such as front matter, counts for the line
        # numbers.
        above = page.file.content_string.count("\n") - markdown.count("\n")
        return to_markdown(markdown, Place(uri, 1 + above), uri, self.desk)

    @event_priority(-50)  # after the plugins that make pages
    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Cut a module's page into rows; what is returned is what search indexes."""
        uri = page.file.src_uri
        if uri in self.modules:
            module = self.modules[uri]
            self.rows[uri] = cut(html, module)
            (page.present_anchor_ids or set()).update(addresses(module))
            html = flat(self.rows[uri], module)
        return self.desk.formulas.unsearchable(html)

    @event_priority(-100)  # when all pages are read
    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Set the mathematics of the site, and fail if anything is wrong."""
        cache = Path(self.config.cache) / "mathematics.json"
        problems = self.desk.problems
        self.desk.formulas.set(self._katex(), node.program(), cache, problems)
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
            address = get_relative_url(self.downloads[uri], page.url)
            page.content = grid(self.rows[uri], self.modules[uri].path, address)

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Fill in the mathematics, and what the theme leaves without a name."""
        head, end, body = name_landmarks(output).partition("</head>")
        formulas = self.desk.formulas
        return formulas.plain(head) + end + formulas.fill(body)


def _page_of(relative: Path) -> str:
    """The page of a module: `layers/gelu.md`; a package's own is its folder's index."""
    name = "index" if relative.stem == "__init__" else relative.stem
    return relative.with_name(f"{name}.md").as_posix()


def _dotted(package: str, relative: Path) -> str:
    parts = [package, *relative.with_suffix("").parts]
    return ".".join(part for part in parts if part != "__init__")
