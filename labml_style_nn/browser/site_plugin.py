"""# The plugin that puts training into a site

MkDocs calls it when it builds the site. It brings the graphs, the digits, the manifest
and onnxruntime-web to `assets/train/`, and fills in what `docs/train.md` leaves open.

To export the graphs takes minutes, so they are kept, under a digest of all that they
are made of: while none of it changes, they are only copied. Prose does not count, so to
write on a page costs nothing. And a preview makes do with what was exported last.
"""

import logging
import tempfile
from pathlib import Path

import onnx
import onnxscript
import torch
from filelock import FileLock
from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from labml_style_nn.browser import site_files, train_page
from labml_style_nn.browser.record import recorded
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.weave.copies.clean import clean
from labml_style_nn.weave.kept import digest
from labml_style_nn.weave.parse import parse

_PACKAGE = Path(__file__).parent.parent
_PAGE = "train.md"
_FOLDER = "assets/train"
_log = logging.getLogger("mkdocs.plugins.train-in-browser")


class TrainConfig(Config):
    """The options under `train-in-browser:` in `mkdocs.yml`."""

    cache = options.Dir(default=".cache/browser")
    """Where what was exported is kept from build to build."""


class TrainPlugin(BasePlugin[TrainConfig]):
    """The files for training in the page, and the parts of the page made from them."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this run is a preview."""
        self.is_preview = command == "serve"

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Bring everything that the page loads."""
        folder = exported(Path(self.config.cache), stale=self.is_preview)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                uri = f"{_FOLDER}/{path.relative_to(folder).as_posix()}"
                file = File.generated(config, uri, abs_src_path=str(path))
                file.inclusion = InclusionLevel.INCLUDED
                files.append(file)
        return files

    @event_priority(50)  # before weave reads the prose
    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Fill in the page."""
        if page.file.src_uri != _PAGE:
            return markdown
        return train_page.fill(markdown, recorded())


def exported(cache: Path, stale: bool = False) -> Path:
    """The folder with all files, made unless it is there.

    Of several programs that need it at once, one makes it, and the others wait. If
    `stale`, the files of an earlier state will do.
    """
    earlier = sorted(cache.glob("files-*/"), key=lambda path: path.stat().st_mtime)
    if stale and earlier:
        return earlier[-1].resolve()
    folder = cache / f"files-{key()[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "files.lock"):
        if not folder.exists():
            _log.info("exporting the graphs of training: this takes some minutes")
            with tempfile.TemporaryDirectory(dir=cache) as temporary:
                staging = Path(temporary) / "files"
                site_files.write(staging, cache, list(VARIANTS))
                staging.rename(folder)
    return folder.resolve()


def key() -> str:
    """A digest of all that the files are made of: code without its prose, and data."""
    code = [
        clean(parse(path.read_text("utf-8"), path.name))
        for part in ("browser", "layers", "models", "data")
        for path in sorted((_PACKAGE / part).glob("*.py"))
    ]
    data = sorted((_PACKAGE / "browser").glob("*.json"))
    versions = (torch.__version__, onnx.__version__, onnxscript.__version__)
    return digest(*versions, *code, files=data)
