"""# Notebooks: pages that ran

A notebook is a Python file in jupytext's percent format. When the site is built,
mkdocs-jupyter runs it and keeps the result, and [`cells`][] writes the result as
Markdown. This plugin brings the two together: from here on, a notebook is a page like
any other.

It adds what a page that runs code needs:

- **A cell that fails, fails the build**, and the message names its file and line.
- **What is shown is what the code does.** A result serves as long as the notebook, the
  code that it imports, the files in `reads` and the installed packages are those it was
  made with. Under `mkdocs serve`, where somebody is writing, only the notebook's own
  change runs it again.
- **Several run at once**, while the rest of the site is made. Each result is kept as
  soon as it is there.
- **Downloads**: the notebook with its outputs (`.ipynb`), and the script it was written
  as (`.py`).

In `mkdocs.yml` it stands beside mkdocs-jupyter; before it, a build begins a second
earlier:

```yaml
plugins:
  - litweave-notebooks:
      reads: [results]
  - mkdocs-jupyter:
      include: ["examples/*.py"]
      execute: true
      allow_errors: false
```
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
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
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs_jupyter.plugin import NotebookFile

from litweave import process
from litweave.cache import digest, installed, write_text
from litweave.dependencies import Dependencies
from litweave.features.notebooks.cells import (
    CellError,
    Part,
    document,
    fill,
    portable,
    terminal,
)
from litweave.process import ChildError
from litweave.progress import progress
from litweave.words import word

_STYLE = "assets/notebooks.css"
_SHEET = Path(__file__).parent / "template" / "notebooks.css"
_PROGRAM = "litweave.features.notebooks.execute"


class NotebooksConfig(Config):
    """The options of the plugin."""

    reads = ListOfItems(Type(str), default=[])
    """Files and folders that notebooks read, beside `mkdocs.yml`. A change in one of
    them runs the notebooks again."""

    cache = Type(str, default=".cache/notebooks")
    """The folder, beside `mkdocs.yml`, that keeps the results."""


class NotebooksPlugin(BasePlugin[NotebooksConfig]):
    """## The plugin"""

    def __init__(self) -> None:
        """Begin with nothing run."""
        self.serving = False
        self.runs: dict[str, Future[Part]] = {}
        self.pages: dict[str, tuple[str, dict[int, str]]] = {}

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
        # The results are kept here, notebook by notebook.
        jupyter.config["cache"] = False
        if _STYLE not in config.extra_css:
            config.extra_css.append(_STYLE)

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Begin to run the notebooks that changed, and add the style sheet."""
        root = Path(config.config_file_path).absolute().parent
        results = Results(root, root / self.config.cache, self.config.reads)
        jupyter: Any = config.plugins["mkdocs-jupyter"]
        found = [file for file in files if jupyter.should_include(file)]
        self.runs = results.begin(found, self.serving)
        files.append(File.generated(config, _STYLE, abs_src_path=str(_SHEET)))

    # mkdocs-jupyter has given the page a `render` of its own, which would run the
    # notebook. It is taken away, so that the page is rendered as all pages are.
    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Run the notebook and write it as Markdown."""
        if not isinstance(page.file, NotebookFile):
            return None
        del page.render
        notebook = self._result(page.file.src_uri)
        try:
            written = document(notebook, markdown)
        except CellError as error:
            raise PluginError(f"{page.file.src_uri}: {error}") from error
        ipynb = json.dumps(portable(notebook), ensure_ascii=False, indent=1)
        links = [
            _download(word(words), suffix, text, page, config, files)
            for words, suffix, text in (
                ("Download the notebook (.ipynb)", ".ipynb", ipynb),
                ("Download the script (.py)", ".py", markdown),
            )
        ]
        downloads = f'</h1>\n<p class="nb-downloads">{" ".join(links)}</p>'
        self.pages[page.file.src_uri] = (downloads, written.outputs)
        # Whoever keeps finished pages can see that this one has changed.
        page.meta["outputs"] = digest(downloads, repr(written.outputs))
        return written.markdown

    @event_priority(-100)
    def on_page_content(
        self, html: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Put the outputs in their frames, after all plugins that change prose."""
        downloads, outputs = self.pages.pop(page.file.src_uri, ("", {}))
        if not html or not downloads:  # A page that was kept has all of it.
            return None
        try:
            html = fill(html, outputs)
        except CellError as error:
            raise PluginError(f"{page.file.src_uri}: {error}") from error
        return html.replace("</h1>", downloads, 1)

    def _result(self, uri: str) -> Part:
        """Wait for a notebook; if it failed, for all, to say what became of them."""
        try:
            return self.runs[uri].result()
        except ChildError as error:
            done = sum(run.exception() is None for run in self.runs.values())
            raise PluginError(
                f"{error}\n{done} of {len(self.runs)} notebooks ran, and are kept"
            ) from None


# ## Results


class Results:
    """The results of notebooks, each in a file, with a key for all it depends on."""

    def __init__(self, root: Path, cache: Path, data: list[str]) -> None:
        """Notebooks run below `root`; `data` is what they read besides code."""
        self.root, self.cache = root, cache
        self.dependencies = Dependencies()
        files = sorted(file for name in data for file in self._files(name))
        self.state = digest(installed(), *map(str, files), files=files)

    def _files(self, name: str) -> Iterator[Path]:
        path = self.root / name
        if not path.exists():
            raise PluginError(f"litweave-notebooks: reads: there is no {path}")
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in found if file.is_file())

    def begin(self, files: Sequence[File], stale: bool) -> dict[str, "Future[Part]"]:
        """Take the results that are kept, and begin to make the others.

        If `stale`, a result serves as long as the notebook itself is the same.
        """
        known = {file.src_uri: self._known(file, stale) for file in files}
        steps = progress.open("notebooks", list(known.values()).count(None))
        # As many at once as there are processors.
        places = BoundedSemaphore(os.cpu_count() or 1)

        def result(file: File) -> Part:
            kept = known[file.src_uri]
            if kept is not None:
                return kept
            with places, steps.step(file.src_uri):
                return self._run(file)

        return {f.src_uri: process.begin(partial(result, f)) for f in files}

    def _known(self, file: File, stale: bool) -> Part | None:
        try:
            kept = json.loads(self._place(file).read_text("utf-8"))
            key = self._text(file) if stale else self._key(file)
            notebook: Part = kept["notebook"]
            return notebook if kept["text" if stale else "key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # none yet, or not whole

    def _run(self, file: File) -> Part:
        """Run a notebook, and keep what came of it.

        **Raises.** `ChildError` with the file and the line of the cell that failed.
        """
        key, cell = self._key(file), 1
        command = [sys.executable, "-m", _PROGRAM, file.abs_src_path or ""]
        said: Part = {}
        try:
            for said in process.lines(command, folder=self.root):
                cell = said.get("cell", cell)
        except ChildError as error:
            place = f"{file.src_uri}:{_line(file.content_string, cell)}"
            what = _explain(said["failed"]) if "failed" in said else str(error)
            raise ChildError(f"{place}: this cell {what}") from None
        kept = {"key": key, "text": self._text(file), **said}
        write_text(self._place(file), json.dumps(kept, ensure_ascii=False))
        return Part(said["notebook"])

    def _key(self, file: File) -> str:
        """A digest of all that the result depends on."""
        text = file.content_string
        code = map(self.dependencies.code, self.dependencies.script(text, self.root))
        return digest(self.state, text, *code)

    def _text(self, file: File) -> str:
        return digest(file.content_string)

    def _place(self, file: File) -> Path:
        return self.cache / f"{file.src_uri}.json"


def _line(text: str, cell: int) -> int:
    """The line on which the code of a cell begins, counted from one."""
    starts = [n for n, line in enumerate(text.split("\n")) if line.startswith("# %%")]
    return starts[cell - 1] + 2 if cell <= len(starts) else 1


# nbclient's message holds the cell that failed between two rules.
def _explain(message: str) -> str:
    _, cell, rest = message.split("-" * 18 + "\n", 2)
    return f"fails:\n\n{cell}\n{terminal(rest)}"


def _download(
    words: str,
    suffix: str,
    content: str,
    page: Page,
    config: MkDocsConfig,
    files: Files,
) -> str:
    """Add a file to the site; the link to it from the page."""
    folder = Path(page.file.src_uri).with_suffix("")
    name = folder.name + suffix
    file = File.generated(config, (folder / name).as_posix(), content=content)
    files.append(file)
    address = get_relative_url(file.url, page.file.url)
    return f'<a href="{address}" download="{name}">{words}</a>'
