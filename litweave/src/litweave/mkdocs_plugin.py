r"""# Plugin: litweave inside MkDocs

The thin adapter. MkDocs calls it at each step of a build, and it hands the work on:

| event | what litweave does |
|---|---|
| `on_files` | reads the book, makes a page of each chapter |
| `on_page_markdown` | rows, or any other page: to Markdown |
| `on_page_content` | sets the HTML of modules aside |
| `on_env` | cuts it into rows; sets all mathematics; warns of all that is wrong |
| `on_page_context` | puts the grid in the place of the flat page |
| `on_post_page` | fills in differences and mathematics |

What is wrong is a warning with its file and line: a strict build lists all of it and
fails, any other goes on. A site is built beside the one that is there and takes its
place at the end: a build that fails leaves the good site as it was.
"""

import gc
import logging
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from html import escape
from pathlib import Path
from posixpath import normpath
from typing import Any

from jinja2 import Environment
from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs.utils.templates import TemplateContext
from watchdog.observers.polling import PollingObserver

from litweave import dialect, katex, node, process, styles
from litweave.book import Book, Chapter
from litweave.contents import contents
from litweave.diagnostics import Place
from litweave.features.copy import copying
from litweave.features.diff.differences import Differences
from litweave.features.languages.translator import Translator
from litweave.features.languages.voice import PageUnits, Voice
from litweave.features.links import addresses as links
from litweave.features.links import references
from litweave.features.links.addresses import Addresses
from litweave.features.links.resolve import Meanings
from litweave.features.proofs.proof import Proofs, prove
from litweave.features.shapes import hints, shapes
from litweave.features.shapes.shapes import Measured
from litweave.features.symbols import variables
from litweave.generated import included, page_of
from litweave.highlight import breakable_blocks, coloured
from litweave.overlay import Overlay
from litweave.page import (
    WovenRow,
    addresses,
    as_written,
    beside,
    cut,
    document,
    flat,
    grid,
    has_prose,
)
from litweave.page_cache import (
    Pages,
    Warnings,
    has_formulas,
    without_template,
)
from litweave.parse import Module
from litweave.preview_files import Standing
from litweave.progress import progress
from litweave.prose import to_markdown
from litweave.theme import (
    calm_search,
    compiled_templates,
    name_landmarks,
    without_blanks,
)

_OWN = Path(__file__).parent
_KATEX = "assets/katex"
_FONTS = ("Main-Regular", "Math-Italic")  # those of nearly every formula
_STYLE = "assets/weave.css"
_STYLES = "assets/styles.css"
_SCRIPT = "assets/weave.js"
_INDEX = "index.md"
# It matches any text, whole if there is no heading.
_TO_HEADING = re.compile(r"(?:(?!\S*# ).*\n)*.*")
_LOOK = 0.1  # seconds from one look for changes to the next
_log = logging.getLogger("mkdocs.plugins.weave")


class Sources(options.ListOfItems[str]):
    """A folder, or a list of them."""

    def run_validation(self, value: object) -> list[str]:
        """Take one for a list of one."""
        return super().run_validation([value] if isinstance(value, str) else value)


class WeaveConfig(Config):
    """The options under `litweave:` in `mkdocs.yml`."""

    source = Sources(options.FilesystemObject(exists=True))
    """The package whose modules become pages: a folder, relative to `mkdocs.yml`.

    Of several, the first lies at the root of the site, each other in a folder of its
    name.
    """

    exclude = options.ListOfItems(options.Type(str), default=[])
    """Modules to leave out, as patterns of their paths in the package: `internal/*`."""

    raw_html = options.Type(bool, default=False)
    """Whether HTML in docstrings and comments is HTML: it can run what it likes."""

    run_examples = options.Type(bool, default=False)
    """Whether the examples of the modules are run, to find what they compute."""

    extras = options.Type(bool, default=True)
    """Whether pages show more than prose beside code: links in it, uses, copies."""

    standalone = options.ListOfItems(options.Type(str), default=["*"])
    """Modules to offer as one file with all they need, as patterns: `layers/*`."""

    proofs = options.Type(str, default="")
    """A program to run that tells what was proved of each page: `my_package.proofs`."""

    bibliography = options.Optional(options.File(exists=True))
    """A BibTeX file with the papers that the pages link to."""

    language = options.Type(str, default="")
    """The language of the pages, as `zh`, if it is not that of their sources."""

    locale = options.Dir(default="locale")
    """The folder of the catalogs, `zh/layers.po`, and of the glossary."""

    cache = options.Dir(default=".cache/litweave")
    """Where what was installed and set is kept from build to build."""


class WeavePlugin(BasePlugin[WeaveConfig]):
    """Pages of annotated modules, beside the pages that are written by hand."""

    def __init__(self) -> None:
        """Listen to what is complained of."""
        self.warnings = Warnings()
        self.standing = Standing()
        self.leaves_site, self.complete = True, False
        self.site: Path | None = None
        self.shared: WeavePlugin | None = None
        """The plugin that built the site in the language of its sources, if it did."""

    # ## The site as a whole

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this run leaves a site behind (a preview does not)."""
        # MkDocs keeps this object for the next run in the same process.
        self.leaves_site, self.complete = command == "build", False
        self.site = None
        # A build makes millions of objects that stay until its end. To look for garbage
        # among them as often as usual takes a tenth of its time.
        gc.set_threshold(50_000, 20, 50)
        logger = logging.getLogger("mkdocs")
        progress.make_room(logger)
        logger.addHandler(self.warnings)

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Begin a build: nothing read yet, and a folder of its own to build in."""
        self.book = Book(directory_urls=config.use_directory_urls)
        self.book.context.raw_html = self.config.raw_html
        self.differences = Differences()
        self.rows: dict[str, list[WovenRow]] = {}
        self.proved: Future[Proofs | None] | None = None
        self.measured: Future[dict[str, Measured]] | None = None
        self.prose: dict[str, list[str]] = {}
        self.unsaid: dict[str, str] = {}
        self.copies: dict[str, str] = {}
        self.voice = self._voice(config)
        if self.translator and self.shared:
            self.book = self.shared.book.shared(self.translator)
        self.book.context.translator = self.translator
        self.book.context.diagnostics.found.update(self.voice.errors)
        kept = f"pages-{self.config.language}" if self.translator else "pages"
        self.pages = Pages.within(Path(self.config.cache) / kept)
        self.complaints: dict[str, int] = {}
        self.site = Path(config.site_dir)
        if self.leaves_site:
            config.site_dir = str(_building(self.site))
        config.watch.extend(self.config.source)
        if self.config.run_examples and not self.leaves_site:
            folder = shapes.watched(Path(self.config.cache))
            folder.mkdir(parents=True, exist_ok=True)
            config.watch.append(str(folder))
        config.extra_css.insert(0, _STYLE)
        script = options.ExtraScriptValue(_SCRIPT)
        script.type = "module"
        config.extra_javascript.append(script)
        self._extend_markdown(config)
        return config

    @property
    def source(self) -> Path:
        """The package at the root of the site."""
        return Path(self.config.source[0])

    @property
    def translator(self) -> Translator | None:
        """Who speaks, unless the pages are in the language of their sources."""
        return self.voice.translator

    def _voice(self, config: MkDocsConfig) -> Voice:
        """Read the catalogs of the language, if it is not that of the sources."""
        folder, cache = Path(self.config.locale), Path(self.config.cache)
        units = self.shared.voice.units if self.shared else PageUnits.read(cache)
        if not self.config.language:
            return Voice(units)
        package = self.source.name
        try:
            voice = Voice.read(folder, self.config.language, package, cache, units)
        except OSError as error:
            raise PluginError(str(error)) from error
        _log.info("%s", voice.report)
        if not voice.is_known:
            where = folder / self.config.language
            _log.warning("%s has no catalogs: `litweave catalogs` makes them", where)
        if folder.is_dir():
            config.watch.append(str(folder))
        return voice

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Let the files of a preview stay where they are."""
        if not self.leaves_site:
            self.standing.set_aside(Path(config.site_dir))

    def _extend_markdown(self, config: MkDocsConfig) -> None:
        for name, settings in dialect.EXTENSIONS.items():
            if name not in config.markdown_extensions:
                config.markdown_extensions.append(name)
                config.mdx_configs[name] = dict(settings)
        if self.translator:
            toc = config.mdx_configs.setdefault("toc", {})
            link = toc.get("permalink_title", "Permanent link")
            toc["permalink_title"] = self.voice.word(link)
            notes = config.mdx_configs.setdefault("footnotes", {})
            back = self.voice.word("Jump back to footnote {number} in the text")
            notes.setdefault("BACKLINK_TITLE", back.replace("{number}", "{}"))
        self.addresses = Addresses(self.book)
        # MkDocs takes an extension itself as well as its name.
        own: list[Any] = [*dialect.OWN, self.addresses]
        config.markdown_extensions.extend(own)

    @event_priority(100)  # before others watch more
    def on_serve(
        self,
        server: LiveReloadServer,
        *,
        config: MkDocsConfig,
        builder: Callable[..., None],
    ) -> LiveReloadServer:
        """Look for changes ten times a second: MkDocs does twice, and waits longer."""
        watched = list(server._watched_paths)
        server.observer.unschedule_all()
        server._watched_paths.clear()
        server.observer = PollingObserver(timeout=_LOOK)
        server.build_delay = _LOOK / 2
        for path in watched:
            server.watch(path)
        return server

    @event_priority(-300)  # when all others have written theirs
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Every page is written."""
        self.complete = True
        progress.close(self.part)

    def on_build_error(self, *, error: Exception) -> None:
        """Something failed, be it the strict count of warnings after the last page."""
        self.complete = False
        if hasattr(self, "part"):
            progress.close(self.part)

    def on_shutdown(self) -> None:
        """Put a whole site in the place of the old one; throw half a site away."""
        if self.site is not None:
            leave = self._replace if self.leaves_site else self.standing.end
            leave(self.site)

    def _replace(self, site: Path) -> None:
        building, before = _building(site), site.with_name(f"{site.name}.before")
        if self.complete:
            shutil.rmtree(before, ignore_errors=True)
            if site.exists():
                site.rename(before)
            building.rename(site)
            shutil.rmtree(before, ignore_errors=True)
        shutil.rmtree(building, ignore_errors=True)

    # ## Files

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Read the modules, make a page and a download of each, bring the assets."""
        if not self.leaves_site:
            self.standing.put_back(Path(config.site_dir))
        if not self.shared:
            self._read([file.src_uri for file in files.documentation_pages()], config)
        self._add_index(files, config)
        for uri, text in (self.shared or self).copies.items():
            files.append(included(File.generated(config, uri, content=text)))
        for chapter in self.book.chapters.values():
            files.append(page_of(chapter, config))
            self._bring(files, config, {chapter.download: chapter.path})
        style = File.generated(config, _STYLE, content=styles.joined(_OWN))
        files.append(included(style))
        scripts = {f"assets/{path.name}": path for path in sorted(_OWN.rglob("*.js"))}
        self._bring(files, config, scripts)
        return files

    def _read(self, taken: Sequence[str], config: MkDocsConfig) -> None:
        """Read the modules, and find out what there is to say of them."""
        for source in map(Path, self.config.source):
            below = "" if source == self.source else f"{source.name}/"
            self.book.read(source, self.config.exclude, taken, below)
        if not self.book.chapters:
            raise PluginError(f"no module becomes a page: {self._reasons()}")
        if self.config.extras:
            self._enrich(config)

    def _reasons(self) -> str:
        reasons = [f"{name}: {why}" for name, why in self.book.skipped.items()]
        return "\n".join(["", *reasons]) if reasons else f"{self.source} is empty"

    def _add_index(self, files: Files, config: MkDocsConfig) -> None:
        """Make sure that the site has a page to begin with."""
        index = self.book.chapters.get(_INDEX)
        there = index or files.get_file_from_path(_INDEX) or config.nav
        self.index_is_bare = not there or bool(index and not has_prose(index.module))
        if not there:
            title = f"# {escape(config.site_name)}\n"
            files.append(included(File.generated(config, _INDEX, content=title)))

    def _bring(
        self, files: Files, config: MkDocsConfig, paths: Mapping[str, Path]
    ) -> None:
        """Let files be copied into the site, by their addresses there."""
        for uri, path in paths.items():
            file = File.generated(config, uri, abs_src_path=str(path))
            files.append(included(file))

    def _offer_copies(self, config: MkDocsConfig) -> None:
        """Make the forms in which each module can be taken, and the menu of them."""
        site = config.site_url or ""
        cache = Path(self.config.cache) / "copies.json"
        self.copies = copying.enrich(
            self.book, cache, site, not self.leaves_site, self.config.standalone
        )

    def _enrich(self, config: MkDocsConfig) -> None:
        """Find out what each page shows beyond its source."""
        # Two programs of their own prove and measure, and the rest goes on meanwhile.
        self.measured = process.begin(self._measured)
        self.proved = process.begin(self._proved)
        self._offer_copies(config)
        meanings = self._link_names()
        self._cite()
        references.list_uses(self.book, meanings)
        variables.read(self.book)

    @property
    def _enriched(self) -> Mapping[str, Chapter]:
        """The chapters with all that is laid over them: waits for the programs."""
        if self.proved and self.measured:
            proved, measured = self.proved.result, self.measured.result
            self.proved = self.measured = None
            self._show_proofs(proved)
            self._show_shapes(measured())
        return self.book.chapters

    def _measured(self) -> dict[str, Measured]:
        """What the examples show; none is run unless told to."""
        if not self.config.run_examples:
            return {}
        measure = shapes.measure if self.leaves_site else shapes.measure_later
        return measure(self.book, Path(self.config.cache))

    def _show_shapes(self, measured: dict[str, Measured]) -> None:
        """Put shapes at the ends of lines, and sizes to the symbols."""
        ran = {page: found for page, found in measured.items() if found.ran}
        shapes.note_unreached(self.book, ran)
        hints.enrich(self.book, measured)
        variables.enrich(self.book, {page: m.values for page, m in measured.items()})

    def _proved(self) -> Proofs | None:
        """What is proved of the pages; in a preview, what was proved last."""
        if not self.config.proofs:
            return None
        folder = self.source.parent
        cache, stale = Path(self.config.cache) / "proofs", not self.leaves_site
        known = self.book.dependencies
        return prove(self.config.proofs, folder, cache, known, stale)

    # Only a site that has proofs, or papers, waits for what reads them.
    def _show_proofs(self, result: Callable[[], Proofs | None]) -> None:
        """Show what was proved of each page."""
        if self.config.proofs:
            from litweave.features.proofs import panel

            panel.enrich(self.book, self.config.proofs, result)

    def _cite(self) -> None:
        """Show the papers that each page links to."""
        if self.config.bibliography:
            from litweave.features.papers import bibliography

            bibliography.enrich(self.book, Path(self.config.bibliography))

    def _link_names(self) -> Meanings:
        """Make names in the code links."""
        meanings = Meanings.read(self.book.modules)
        cache = Path(self.config.cache) / "libraries.json"
        for library in references.enrich(self.book, meanings, cache).absent:
            _log.info("%s is not installed: its names are no links", library)
        return meanings

    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Know what all pages have in common, before the first is made."""
        # A title that the navigation does not give comes from the page itself, which
        # has it in its first heading, or above.
        texts = (self._words(page) for page in nav.pages if page.title is None)
        titles = (_TO_HEADING.match(text)[0] for text in texts)  # type: ignore[index]
        names = repr(dict(self.book.context.names.by_end))
        places = sorted(file.src_uri for file in files)
        self.pages.begin(
            config, str(nav), names, self.voice.interface, *places, *titles
        )
        # Each page is read, and then written.
        self.part = progress.open("pages", 2 * len(nav.pages), quick=True)
        return nav

    def _words(self, page: Page) -> str:
        chapter = self.book.chapters.get(page.file.src_uri)
        return chapter.module.source if chapter else page.file.content_string

    # ## Each page

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Turn rows, or the prose of a page written by hand, into Markdown."""
        uri = page.file.src_uri
        self.part.next(uri)
        self._follow_addresses(uri, files, config)
        chapter = self.book.chapters.get(uri)
        self.voice.translate_front(page.meta)
        # What stands above the prose, such as front matter, counts for the line
        # numbers.
        above = page.file.content_string.count("\n") - markdown.count("\n")
        place, parts = Place(uri, 1 + above), []
        if not chapter:
            before = len(self.differences.tables)
            markdown = self.differences.frame(markdown, place, uri, self.book)
            parts = [markdown, repr(page.meta), *self.differences.tables[before:]]
        module = chapter.module if chapter else None
        self.voice.expect(uri, module, markdown, place, self.config.raw_html)
        if chapter and self.pages.has(uri):
            # Any other is made whatever is laid over it, and waits for nothing.
            parts = self._parts(uri)
        elif not chapter:
            parts += self.voice.key(uri)
        made = self.pages.restore(page, *parts) if self._may_be_kept(uri) else None
        if made:
            self.addresses.again(made.links, made.files)
            return ""
        self.complaints[uri] = self.warnings.count
        if chapter:
            return document(chapter.module, uri, self.book.context)
        return to_markdown(markdown, place, uri, self.book.context)

    def _parts(self, uri: str) -> list[str]:
        """What the page of a module is made of."""
        chapter = self._enriched[uri]
        extra, formulas = chapter.overlay, self.book.context.formulas
        # Which slot a formula has depends on what was read before.
        shown = map(formulas.plain, (*extra.tools, *extra.panels, *extra.endnotes))
        laid_over = repr((extra.marks, extra.hints, *shown))
        said = self.voice.key(uri)
        return [chapter.name, chapter.module.source, laid_over, *said]

    def _follow_addresses(self, uri: str, files: Files, config: MkDocsConfig) -> None:
        """Judge the addresses of a page while it is made, and bring what it names."""

        def has(uri: str) -> bool:
            return files.get_file_from_path(uri) is not None

        def shows(url: str) -> bool:
            return any(normpath(file.url) == url for file in files)

        def bring(uri: str, path: Path) -> None:
            self._bring(files, config, {uri: path})

        self.addresses.begin(uri, links.Files(has, shows, bring))

    @event_priority(-50)  # after the plugins that make pages
    def on_page_content(
        self, html: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Set the prose of a module aside, until all is known that is laid over it."""
        uri = page.file.src_uri
        if uri in self.pages.restored:
            return html
        self.complaints[uri] -= self.warnings.count
        if uri == _INDEX and self.index_is_bare:
            html += contents(self.book, uri)
        if uri not in self.book.chapters:
            return self.book.context.formulas.unsearchable(html)
        module = self.book.chapters[uri].module
        (page.present_anchor_ids or set()).update(addresses(module))
        page.links_to_anchors = None  # They are judged here, with their lines.
        self.prose[uri] = self._cut(html, module)
        coloured(module.source)  # It takes its time, and is remembered.
        return html

    def _lay_out(self, page: Page) -> None:
        """Cut a module's page into rows; the content becomes what search indexes."""
        uri = page.file.src_uri
        self.pages.identify(uri, *self._parts(uri))
        chapter = self.book.chapters[uri]
        self.rows[uri] = beside(self.prose[uri], chapter.module, chapter.overlay)
        text = flat(self.rows[uri], chapter.module)
        page.content = self.book.context.formulas.unsearchable(text)

    def _completed(self, chapter: Chapter) -> Overlay:
        """What is laid over a page, with what differs from the paper in its panel."""
        # All languages share what is laid over a page; this is repeated in its own.
        extra = chapter.overlay.copy()
        if self.config.proofs:
            from litweave.features.proofs import panel

            # It stands in the docstring, which opens the page and closes it.
            first, last = self.rows[chapter.page][0], self.rows[chapter.page][-1]
            panel.complete(extra, first.prose + last.prose)
        return extra

    def _cut(self, html: str, module: Module) -> list[str]:
        try:
            return cut(html, module, self.config.raw_html)
        except ValueError as error:
            self.book.context.diagnostics.add(Place(module.path, 1), str(error), "page")
            return cut(as_written(module), module)

    @event_priority(-100)  # when all pages are read
    def on_env(
        self, env: Environment, *, config: MkDocsConfig, files: Files
    ) -> Environment:
        """Lay out modules, set the mathematics of the site, tell what is wrong."""
        # Most of it is in the prose, and the programs may still be at work.
        self._set_formulas()
        pages = (file.page for file in files if file.src_uri in self.prose)
        for page in filter(None, pages):
            self._lay_out(page)
        for file in files.documentation_pages():
            if file.page and file.page.content:
                # Search reads it now; what is kept is said at every build.
                self.unsaid[file.src_uri] = file.page.content
                file.page.content = self.voice.spoken(file.page.content)
        env.bytecode_cache = compiled_templates(Path(self.config.cache))
        diagnostics = self.book.context.diagnostics
        self.addresses.end(partial(_anchors, files))
        without_template(env)
        self.voice.keep()
        restored = self.pages.restored.values()
        if self.book.context.formulas.numbers or has_formulas(restored):
            self._set_formulas()
            self._bring_katex(files, config)
        self._join_styles(files, config)
        for problem in sorted(diagnostics.found):
            _log.warning("%s", problem)
        if not self.leaves_site:
            self.standing.leave(files)
        return env

    def _set_formulas(self) -> None:
        formulas, diagnostics = (
            self.book.context.formulas,
            self.book.context.diagnostics,
        )
        cache = Path(self.config.cache)
        if formulas.are_set:
            return
        try:
            katex = node.packages(cache) / "katex"
            program = node.program()
        except node.NodeError as error:
            formulas.leave(str(error), diagnostics)
            return
        formulas.set(katex, program, cache / "mathematics.json", diagnostics)

    def _bring_katex(self, files: Files, config: MkDocsConfig) -> None:
        try:
            katex = node.packages(Path(self.config.cache)) / "katex"
        except node.NodeError:
            return
        style, fonts = katex / "dist/katex.min.css", katex / "dist/fonts"
        self._bring(files, config, {f"{_KATEX}/katex.min.css": style})
        found = {f"{_KATEX}/fonts/{p.name}": p for p in sorted(fonts.glob("*.woff2"))}
        self._bring(files, config, found)
        config.extra_css.insert(0, f"{_KATEX}/katex.min.css")

    def _join_styles(self, files: Files, config: MkDocsConfig) -> None:
        """Let pages ask for one style sheet in the place of all that the site has."""
        found = {path: files.get_file_from_path(path) for path in config.extra_css}
        sheets = {path: file.content_string for path, file in found.items() if file}
        for path in [path for path, sheet in sheets.items() if "@import" in sheet]:
            del sheets[path]  # It must stand first in a sheet.
        joined = styles.moved(sheets, _STYLES)
        files.append(included(File.generated(config, _STYLES, content=joined)))
        others = [path for path in config.extra_css if path not in sheets]
        config.extra_css = [*others, _STYLES]

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
        self.part.next(uri)
        if uri in self.pages.restored:
            self.pages.index(page, config)
        elif uri in self.rows:
            chapter = self.book.chapters[uri]
            extra = self._completed(chapter)
            page.content = grid(self.rows[uri], chapter.module.path, extra)
        else:
            page.content = self.unsaid.pop(uri, page.content)

    def _finish(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Fill in differences, mathematics, and names that the theme leaves out."""
        uri = page.file.src_uri
        if uri in self.pages.restored:
            return self.pages.restored[uri].html
        output = self.differences.fill(without_blanks(output))
        output = breakable_blocks(calm_search(name_landmarks(output)))
        head, end, body = output.partition("</head>")
        formulas = self.book.context.formulas
        body = formulas.fill(body)
        if katex.is_shown(body):
            head += _preload(page)
        output = formulas.plain(head) + end + body
        if not self._is_wrong(uri):
            self.pages.keep(page, config, output, *self.addresses.found(uri))
        return output

    @event_priority(-100)  # others may have added words
    def _say(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Say the words beside the prose in the language of the page."""
        return self.voice.spoken(output)

    on_post_page = CombinedEvent(_finish, _say)

    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        """Do for the page of what is not there what is done for all others."""
        return self.voice.spoken(calm_search(name_landmarks(output_content)))

    def _may_be_kept(self, uri: str) -> bool:
        """Whether a page is made of itself: one that lists all others is not."""
        return uri != _INDEX or not self.index_is_bare

    def _is_wrong(self, uri: str) -> bool:
        """Whether anybody complained of a page, or its like must be made anew."""
        chapter = self.book.chapters.get(uri)
        path = chapter.module.path if chapter else uri
        diagnostics = self.book.context.diagnostics.found
        noted = any(problem.place.path == path for problem in diagnostics)
        return noted or self.complaints[uri] != 0 or not self._may_be_kept(uri)


def _preload(page: Page) -> str:
    """Let a page ask for the fonts of its formulas before it is laid out.

    A formula in another font has another size, and what follows it would move.
    """
    kind = 'rel="preload" as="font" type="font/woff2" crossorigin'
    fonts = (f"{_KATEX}/fonts/KaTeX_{name}.woff2" for name in _FONTS)
    addresses = (get_relative_url(font, page.url) for font in fonts)
    return "".join(f'<link {kind} href="{address}">\n' for address in addresses)


def _building(site: Path) -> Path:
    return site.with_name(f"{site.name}.building")


def _anchors(files: Files, uri: str) -> set[str] | None:
    """What can be linked to on a page, if that is known."""
    file = files.get_file_from_path(uri)
    return file.page.present_anchor_ids if file and file.page else None
