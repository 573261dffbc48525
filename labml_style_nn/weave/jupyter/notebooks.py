"""# Notebooks: pages that ran

A notebook is a Python file in jupytext's percent format. When the site is built,
mkdocs-jupyter runs it and keeps the result, and [`cells`][] writes the result as
Markdown. This plugin brings the two together: from here on, a notebook is a page like
any other.

It adds what a page that runs code needs:

- **A cell that fails, fails the build**, and the message names its file and line.
- **What is shown is what the code does.** A stored result serves as long as the
  notebook, the Python files in `sources` and the installed packages are those it was
  made with. Under `mkdocs serve`, where somebody is writing, only the notebook's own
  change runs it again.
- **Downloads**: the notebook with its outputs (`.ipynb`), and the script it was written
  as (`.py`).

In `mkdocs.yml` it stands after mkdocs-jupyter:

```yaml
plugins:
  - mkdocs-jupyter:
      include: ["examples/*.py"]
      execute: true
      allow_errors: false
  - weave-notebooks:
      sources: [my_package]
```
"""

import base64
import hashlib
import json
import shutil
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Literal, cast

from mkdocs.config.base import Config
from mkdocs.config.config_options import ListOfItems, Type
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs_jupyter.config import settings
from mkdocs_jupyter.plugin import NotebookFile
from nbclient.exceptions import CellExecutionError

from labml_style_nn.weave.jupyter.cells import (
    CellError,
    Part,
    document,
    fill,
    portable,
    terminal,
)

_OURS = Path(__file__).parent / "template"
_STYLE = "assets/notebooks.css"


class NotebooksConfig(Config):
    """The options of the plugin."""

    sources = ListOfItems(Type(str), default=[])
    """Folders with the code that notebooks run, beside `mkdocs.yml`. A change in one of
    their Python files runs the notebooks again."""

    cache = Type(str, default=".cache/notebooks")
    """The folder, beside `mkdocs.yml`, that keeps the results."""


class NotebooksPlugin(BasePlugin[NotebooksConfig]):
    """## The plugin"""

    def __init__(self) -> None:
        """Begin with nothing run."""
        self.serving = False
        self.results: Path | None = None
        self.pages: dict[str, tuple[str, dict[int, str]]] = {}

    def on_startup(
        self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool
    ) -> None:
        """Remember whether somebody is writing."""
        self.serving = command == "serve"

    # mkdocs-jupyter fills a template with the notebook that ran. Ours is the notebook
    # itself, so that nothing is lost on the way.
    def on_config(self, config: MkDocsConfig) -> None:
        """Point mkdocs-jupyter at our template and at the results that still hold."""
        jupyter = config.plugins.get("mkdocs-jupyter")
        if jupyter is None or jupyter.config["allow_errors"]:
            raise PluginError(
                "weave-notebooks needs the plugin mkdocs-jupyter before it, with "
                "`allow_errors: false`: a cell that fails must fail the build"
            )
        settings.templates_dir = str(_OURS)
        if self.results is None or not self.serving:
            self.results = self._find_results(config)
        jupyter.config["cache_dir"] = str(self.results)
        if _STYLE not in config.extra_css:
            config.extra_css.append(_STYLE)

    # Results are kept in a folder that is named after what they were made with. Who is
    # writing works on a copy: it may fall behind the code, and no build ever reads it.
    def _find_results(self, config: MkDocsConfig) -> Path:
        root = Path(config.config_file_path).absolute().parent
        state = fingerprint(root / source for source in self.config.sources)
        exact, draft = (root / self.config.cache / name for name in (state, "draft"))
        if not self.serving:
            return exact
        shutil.rmtree(draft, ignore_errors=True)
        if exact.is_dir():
            shutil.copytree(exact, draft)
        return draft

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Add the style sheet."""
        style = str(_OURS / "notebooks.css")
        files.append(File.generated(config, _STYLE, abs_src_path=style))

    # mkdocs-jupyter has given the page a `render` of its own, which runs the notebook.
    # It is called here, before other plugins read the page's Markdown; after that the
    # page has the `render` of all pages again.
    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Run the notebook and write it as Markdown."""
        if not isinstance(page.file, NotebookFile):
            return None
        notebook = _run(page, config, files)
        try:
            written = document(notebook, markdown)
        except CellError as error:
            raise PluginError(f"{page.file.src_uri}: {error}") from error
        ipynb = json.dumps(portable(notebook), ensure_ascii=False, indent=1)
        links = [
            _download("Download the notebook", ".ipynb", ipynb, page, config, files),
            _download("Download the script", ".py", markdown, page, config, files),
        ]
        downloads = f'</h1>\n<p class="nb-downloads">{" ".join(links)}</p>'
        self.pages[page.file.src_uri] = (downloads, written.outputs)
        return written.markdown

    @event_priority(-100)
    def on_page_content(
        self, html: str, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Put the outputs in their frames, after all plugins that change prose."""
        if page.file.src_uri not in self.pages:
            return None
        downloads, outputs = self.pages.pop(page.file.src_uri)
        try:
            html = fill(html, outputs)
        except CellError as error:
            raise PluginError(f"{page.file.src_uri}: {error}") from error
        return html.replace("</h1>", downloads, 1)

    def on_post_build(self, config: MkDocsConfig) -> None:
        """Forget results that no longer hold."""
        if self.results and not self.serving:
            for folder in self.results.parent.glob("*/"):
                if folder != self.results:
                    shutil.rmtree(folder, ignore_errors=True)


def fingerprint(folders: Iterable[Path]) -> str:
    """Name a state of the code: the Python files in folders, and what is installed.

    **Raises.** `PluginError` for a folder without Python files: a slip of the pen.
    """
    digest = hashlib.sha256()
    for folder in folders:
        sources = sorted(folder.rglob("*.py"))
        if not sources:
            raise PluginError(f"weave-notebooks: sources: no Python file in {folder}")
        for source in sources:
            name = source.relative_to(folder).as_posix()
            digest.update(f"{name}\0{source.read_text('utf-8')}\0".encode())
    installed = sorted(f"{d.name} {d.version}" for d in metadata.distributions())
    digest.update("\n".join(installed).encode())
    return digest.hexdigest()[:16]


def _run(page: Page, config: MkDocsConfig, files: Files) -> Part:
    """Have mkdocs-jupyter run the notebook, or find the result of an earlier run."""
    try:
        page.render(config, files)
    except CellExecutionError as error:
        raise PluginError(_explain(error, page.file)) from None
    del page.render
    return cast(Part, json.loads(base64.b64decode(page.content or "")))


# nbclient's message holds the cell that failed between two rules, but no number.
def _explain(error: CellExecutionError, file: File) -> str:
    _, cell, rest = str(error).split("-" * 18 + "\n", 2)
    text = file.content_string
    line = text.count("\n", 0, text.find(cell.rstrip())) + 1
    return f"{file.src_uri}:{line}: this cell fails:\n\n{cell}\n{terminal(rest)}"


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
    return f'<a href="{address}" download="{name}">{words} ({suffix})</a>'
