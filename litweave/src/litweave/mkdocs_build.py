"""One build by MkDocs: what the plugin does at each step, page by page."""

import logging
from functools import partial
from html import escape

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from litweave import mkdocs_files, theme
from litweave.diagnostics import Place
from litweave.highlight import breakable_blocks
from litweave.page import addresses
from litweave.page_cache import Pages, without_template
from litweave.progress import Part, progress
from litweave.site import Site, contents

_INDEX = "index.md"
_log = logging.getLogger("mkdocs.plugins.litweave")


class Build:
    """A site while MkDocs builds it."""

    def __init__(self, site: Site, config: MkDocsConfig) -> None:
        """Nothing is read yet."""
        self.site, self.config = site, config
        language = site.settings.language
        name = f"pages-{language}" if language else "pages"
        self.pages = Pages(site.settings.cache / name)
        self.unsaid = dict[str, str]()
        self.part: Part | None = None

    def add_files(self, files: Files) -> None:
        """Read the modules, make a page and a download of each, bring the assets."""
        site = self.site
        site.read(file.src_uri for file in files.documentation_pages())
        if not site.book.chapters:
            raise PluginError(f"no module becomes a page: {site.reasons()}")
        index = site.book.chapters.get(_INDEX)
        there = index or files.get_file_from_path(_INDEX) or self.config.nav
        # It lists all other pages, if nobody has written what it says.
        self.lists = not there or bool(index and not index.module.prose)
        if not there:
            title = f"# {escape(self.config.site_name)}\n"
            mkdocs_files.generate(files, self.config, _INDEX, title)
        mkdocs_files.add(site, files, self.config)

    def begin(self, nav: Navigation, files: Files) -> None:
        """Know what all pages have in common, before the first is made."""
        never = {_INDEX} if self.lists else set[str]()
        self.pages.begin(self.site, self.config, nav, files, never)
        # Each page is read, and then written.
        self.part = progress.open("pages", 2 * len(nav.pages), quick=True)

    def markdown(self, text: str, page: Page, files: Files) -> str:
        """The Markdown of a page: of rows, or of prose that is written by hand."""
        site, uri = self.site, page.file.src_uri
        self._say(uri)
        site.addresses.begin(uri, *mkdocs_files.known(files, self.config))
        site.voice.translate_front(page.meta)
        if uri in site.book.chapters:
            site.expect(uri)
            # Any other is made whatever is laid over it, and waits for nothing.
            parts = site.parts(uri) if self.pages.has(uri) else []
            return "" if self.pages.restore(page, *parts) else site.document(uri)
        # What stands above the prose, such as front matter, counts for the lines.
        above = page.file.content_string.count("\n") - text.count("\n")
        place = Place(uri, 1 + above)
        text, parts = site.framed(uri, text, place)
        if self.pages.restore(page, repr(page.meta), *parts):
            return ""
        return site.written(text, place, uri)

    def content(self, html: str, page: Page) -> str:
        """Set the prose of a module aside, until all is known that is laid over it."""
        uri = page.file.src_uri
        if uri in self.pages.restored:
            return html
        self.pages.read(uri)
        if uri == _INDEX and self.lists:
            html += contents(self.site.book, uri)
        if uri not in self.site.book.chapters:
            return self.site.unsearchable(html)
        ids = addresses(self.site.book.chapters[uri].module)
        (page.present_anchor_ids or set()).update(ids)
        page.links_to_anchors = None  # They are judged here, with their lines.
        self.site.take(uri, html)
        return html

    def lay_out(self, env: Environment, files: Files) -> None:
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
                plain = site.book.context.formulas.plain
                first = theme.described(file.page.content, plain)
                file.page.meta.setdefault("description", first)
        without_template(env)
        site.addresses.end(partial(mkdocs_files.anchors, files))
        site.voice.keep()
        site.set_formulas()
        restored = (made.html for made in self.pages.restored.values())
        mkdocs_files.bring_katex(site.formula_files(restored), files, self.config)
        mkdocs_files.join_sheets(files, self.config)
        for found in sorted(site.diagnostics.found):
            _log.warning("%s", found)

    def show(self, page: Page) -> None:
        """Put the grid in the place of the flat page that search has read."""
        uri = page.file.src_uri
        self._say(uri)
        if uri in self.pages.restored:
            self.pages.index(page)
        elif uri in self.site.rows:
            page.content = self.site.grid(uri)
        else:
            page.content = self.unsaid.pop(uri, page.content)

    def finish(self, output: str, page: Page) -> str:
        """Fill in what was set aside, and names that the theme leaves out."""
        if page.file.src_uri in self.pages.restored:
            return self.pages.restored[page.file.src_uri].html
        output = theme.mended(breakable_blocks(theme.without_blanks(output)))
        output = self.site.fill(output, theme.preload(page.url))
        self.pages.keep(page, output)
        return output

    def end(self) -> None:
        """Every page is written, or something failed."""
        if self.part:
            progress.close(self.part)

    def _say(self, uri: str) -> None:
        if self.part:
            self.part.next(uri)
