"""# The plugin that puts training into a site

MkDocs calls it when it builds the site. It brings [the files][site_files] that the page
loads, and fills in what `docs/train.md` leaves open. A preview makes do with the graphs
that were exported last, so that an edit is shown at once.
"""

from pathlib import Path

from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from labml_style_nn.browser import site_files, train_page
from labml_style_nn.browser.record import recorded

_PAGE = "train.md"
_FOLDER = "assets/train"


class TrainConfig(Config):
    """The options under `train-in-browser:` in `mkdocs.yml`."""

    cache = options.Dir(default=".cache/browser")
    """Where what was exported and installed is kept from build to build."""


class TrainPlugin(BasePlugin[TrainConfig]):
    """The files for training in the page, and the parts of the page made from them."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this run is a preview."""
        self.is_preview = command == "serve"

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Bring everything that the page loads."""
        found = site_files.files(Path(self.config.cache), stale=self.is_preview)
        for name, content in found.items():
            files.append(File.generated(config, f"{_FOLDER}/{name}", content=content))
        return files

    @event_priority(50)  # before weave reads the prose
    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Fill in the page."""
        if page.file.src_uri != _PAGE:
            return markdown
        return train_page.fill(markdown, recorded())
