r"""# The plugin that puts training into a site

MkDocs calls it when it builds the site. It brings [the files][site_files] that the page
loads, and fills in what `docs/train.md` leaves open. They are made by a program of its
own while the rest of the site is built, and kept until the code changes that they are
made of. So a build that finds them there does not even import PyTorch. A preview makes
do with those of earlier code, so that an edit is shown at once.
"""

import json
import shutil
import sys
from importlib import metadata
from pathlib import Path

from litweave import process
from litweave.cache import build_folder, digest
from litweave.dependencies import Dependencies
from litweave.process import ChildError
from litweave.progress import progress
from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_PAGE = "train.md"
_FOLDER = "assets/train"
_PROGRAM = "labml_style_nn.web_training.site_files"
_SOURCE = Path(__file__).with_name("site_files.py")
# What the files are made of besides code.
_DATA = ("recorded.jsonl", "repeated.jsonl", "package-lock.json")
_LIBRARIES = ("torch", "onnx", "numpy", "scikit-learn")
# What is made: files of the site, and what is put into the page.
SITE, PARTS = "site", "parts.json"


class TrainConfig(Config):
    """The options under `train-in-browser:` in `mkdocs.yml`."""

    cache = options.Dir(default=".cache/browser")
    """Where what was exported and installed is kept from build to build."""


class TrainPlugin(BasePlugin[TrainConfig]):
    """The files for training in the page, and the parts of the page made from them."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this run is a preview."""
        self.is_preview = command == "serve"

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Begin to make the files, while other plugins do their work."""
        cache = Path(self.config.cache)
        self.made = process.begin(lambda: made(cache, self.is_preview))

    @event_priority(-100)  # when all others have begun theirs
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Bring everything that the page loads."""
        try:
            self.folder = self.made.result()
        except ChildError as error:
            message = (
                f"the files for training in the page: python -m {_PROGRAM} {error}\n"
                "All that was finished is kept, of these files and of other parts: "
                "build again to go on"
            )
            raise PluginError(message) from None
        for path in sorted((self.folder / SITE).rglob("*")):
            if path.is_file():
                uri = f"{_FOLDER}/{path.relative_to(self.folder / SITE).as_posix()}"
                files.append(File.generated(config, uri, abs_src_path=str(path)))
        return files

    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Fill in the page."""
        if page.file.src_uri != _PAGE:
            return markdown
        parts = json.loads((self.folder / PARTS).read_text("utf-8"))
        for name, part in parts.items():
            markdown = markdown.replace(f"<!-- train: {name} -->", part)
        return markdown


def made(cache: Path, stale: bool = False) -> Path:
    """The folder with all that the program makes, made unless it is kept.

    If `stale`, what earlier code made serves. Of earlier code nothing else is left.

    **Raises.** `ChildError` if the program fails.
    """
    earlier = sorted(cache.glob("files-*"), key=lambda path: path.stat().st_mtime)
    if stale and earlier:
        return earlier[-1]
    folder = build_folder(cache / f"files-{key()[:16]}", lambda new: _make(new, cache))
    for other in earlier:
        if other != folder:
            shutil.rmtree(other)
    return folder


def key() -> str:
    """A digest of the code and the data that the files are made of."""
    versions = (f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    own = Dependencies().key(_PROGRAM, _SOURCE, *versions)
    return digest(own, files=(_SOURCE.with_name(name) for name in _DATA))


def _make(folder: Path, cache: Path) -> None:
    command = [sys.executable, "-m", _PROGRAM, str(cache), str(folder)]
    with progress.part("exporting", 0) as part:
        for line in process.lines(command):
            part.total, part.begun = line["of"], line["number"] - 1
            part.next(line["exports"])
