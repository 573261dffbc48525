"""Notebooks: pages that ran.

mkdocs-jupyter makes a page of a Python file in jupytext's percent format; this plugin
runs it, several at once while the rest of the site is made, and writes it as Markdown.
A result serves as long as the notebook, the code that it imports, the files in `reads`
and the installed packages are the same; while somebody writes, the notebook alone.
"""

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Literal

from mkdocs.config.base import Config
from mkdocs.config.config_options import ListOfItems, Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from litweave import process
from litweave.cache import Folder, digest, files_in, installed
from litweave.dependencies import Dependencies
from litweave.features.notebooks.cells import (
    CellError,
    Part,
    document,
    fill,
    portable,
    starts,
    terminal,
)
from litweave.process import ChildError
from litweave.progress import progress
from litweave.slots import Slots
from litweave.words import word

_PROGRAM = "litweave.features.notebooks.execute"


class NotebooksConfig(Config):
    """The options of the plugin."""

    reads = ListOfItems(Type(str), default=[])
    """Files and folders that notebooks read, beside `mkdocs.yml`. A change in one of
    them runs the notebooks again."""

    cache = Type(str, default=".cache/notebooks")
    """The folder, beside `mkdocs.yml`, that keeps the results."""


class NotebooksPlugin(BasePlugin[NotebooksConfig]):
    """Runs notebooks and writes them as Markdown."""

    def __init__(self) -> None:
        """Begin with nothing run."""
        self.serving = False
        self.runs: dict[str, Future[Part]] = {}
        self.pages: dict[str, tuple[str, Slots]] = {}

    def on_startup(
        self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool
    ) -> None:
        """Remember whether somebody is writing."""
        self.serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> None:
        """Make sure that mkdocs-jupyter is there, and that errors are errors."""
        jupyter = config.plugins.get("mkdocs-jupyter")
        if jupyter is None or jupyter.config["allow_errors"]:
            raise PluginError(
                "litweave-notebooks needs the plugin mkdocs-jupyter with "
                "`allow_errors: false`: a cell that fails must fail the build"
            )

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Begin to run the notebooks that changed."""
        root = Path(config.config_file_path).absolute().parent
        results = Results(root, root / self.config.cache, self.config.reads)
        jupyter: Any = config.plugins["mkdocs-jupyter"]
        found = [file for file in files if jupyter.should_include(file)]
        self.runs = results.begin(found, self.serving)

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> None:
        """Let mkdocs-jupyter, which has made pages of notebooks, not run them, too."""
        config.plugins["mkdocs-jupyter"].config["include"] = []

    @event_priority(100)  # before anything reads the prose
    def on_page_markdown(
        self, markdown: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Write a notebook that ran as Markdown."""
        uri = page.file.src_uri
        if uri not in self.runs:
            return None
        try:
            notebook = self.runs[uri].result()
            written = document(notebook, markdown)
        except CellError as error:
            raise PluginError(f"{uri}: {error}") from error
        except ChildError as error:
            # Wait for all, to say what became of them.
            done = sum(run.exception() is None for run in self.runs.values())
            raise PluginError(
                f"{error}\n{done} of {len(self.runs)} notebooks ran, and are kept"
            ) from None
        links = _downloads(page, config, files, notebook=notebook, script=markdown)
        downloads = f'</h1>\n<p class="nb-downloads">{links}</p>'
        self.pages[uri] = (downloads, written.outputs)
        # Whoever keeps finished pages can see that this one has changed.
        page.meta["outputs"] = digest(downloads, repr(written.outputs))
        return written.markdown

    @event_priority(-100)  # after all plugins that change prose
    def on_page_content(
        self, html: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Put the outputs in their frames."""
        downloads, outputs = self.pages.pop(page.file.src_uri, ("", Slots("")))
        if not html or not downloads:  # A page that was kept has all of it.
            return None
        try:
            html = fill(html, outputs)
        except CellError as error:
            raise PluginError(f"{page.file.src_uri}: {error}") from error
        return html.replace("</h1>", downloads, 1)


class Results:
    """The results of notebooks that run in a folder; `data` is what they read."""

    def __init__(self, root: Path, cache: Path, data: list[str]) -> None:
        """All that they have in common is looked at once."""
        self.root, self.kept = root, Folder(cache)
        self.dependencies = Dependencies()
        for path in (root / name for name in data):
            if not path.exists():
                raise PluginError(f"litweave-notebooks: reads: there is no {path}")
        files = files_in(*(root / name for name in data))
        self.state = digest(installed(), *map(str, files), files=files)

    def begin(self, files: Sequence[File], stale: bool) -> dict[str, "Future[Part]"]:
        """Take the results that are kept, and begin to make the others.

        If `stale`, a result serves as long as the notebook itself is the same.
        """
        keys = {file: self._keys(file) for file in files}
        # The folder is the author's choice, and may be one that others use, too.
        self.kept.forget((file.src_uri for file in files), pattern="*.py")
        known: dict[File, Part | None] = {}
        for file, (whole, own) in keys.items():
            known[file] = self.kept.get(file.src_uri, own if stale else whole)
        steps = progress.open("notebooks", list(known.values()).count(None))
        # As many at once as there are processors.
        places = BoundedSemaphore(os.cpu_count() or 1)

        def result(file: File) -> Part:
            if kept := known[file]:
                return kept
            with places:
                steps.begin(file.src_uri)
                done = 0
                try:
                    notebook = self._run(file)
                    self.kept.keep(file.src_uri, notebook, *keys[file])
                    done = 1
                finally:
                    steps.end(file.src_uri, done)
                return notebook

        return {f.src_uri: process.begin(partial(result, f)) for f in files}

    def _keys(self, file: File) -> tuple[str, str]:
        """Digests of all that the result depends on, and of the notebook alone."""
        text = file.content_string
        code = self.dependencies.script(text, self.root)
        return digest(self.state, text, code), digest(text)

    def _run(self, file: File) -> Part:
        """Run a notebook.

        **Raises.** `ChildError` with the file and the line of the cell that failed.
        """
        command = [sys.executable, "-m", _PROGRAM, file.abs_src_path or ""]
        said: Part = {}
        cell = 1
        try:
            for said in process.lines(command, folder=self.root):
                cell = said.get("cell", cell)
        except ChildError as error:
            lines = starts(file.content_string)
            line = lines[cell - 1] + 2 if cell <= len(lines) else 1
            # The first line of it says that a cell fails.
            _, _, failure = said.get("failed", "").partition("\n")
            what = f"fails:\n\n{terminal(failure)}" if failure else error
            raise ChildError(f"{file.src_uri}:{line}: this cell {what}") from None
        return Part(said["notebook"])


def _downloads(
    page: Page, config: MkDocsConfig, files: Files, notebook: Part, script: str
) -> str:
    """Add the notebook and its script to the site; the links to them from the page."""
    taken = portable(notebook)
    ipynb = json.dumps(taken, ensure_ascii=False, indent=1, sort_keys=True)
    links = []
    for words, suffix, content in (
        ("Download the notebook (.ipynb)", ".ipynb", ipynb),
        ("Download the script (.py)", ".py", script),
    ):
        folder = Path(page.file.src_uri).with_suffix("")
        name = folder.name + suffix
        file = File.generated(config, (folder / name).as_posix(), content=content)
        files.append(file)
        address = get_relative_url(file.url, page.file.url)
        links.append(f'<a href="{address}" download="{name}">{word(words)}</a>')
    return " ".join(links)
