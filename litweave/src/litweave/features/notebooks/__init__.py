"""Notebooks: pages that ran.

mkdocs-jupyter makes a page of a Python file in jupytext's percent format; this plugin
runs it, several at once while the rest of the site is made, and writes it as Markdown,
so that a page of it is as any other. A result serves as long as the notebook, the code
that it imports, the files in `reads` and the installed packages are the same; while
somebody writes, the notebook alone.
"""

import html
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from typing import Any, TypeAlias

from mkdocs.config.base import Config
from mkdocs.config.config_options import FilesystemObject, ListOfItems
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
from litweave.overlay import filled
from litweave.process import ChildError
from litweave.progress import progress
from litweave.prose import in_columns
from litweave.words import AS_IT_IS, figures, word

# With this, jsonschema would check addresses in foreign letters. There are none, and to
# import it takes longer than all else that Jupyter needs. This module is imported
# before mkdocs-jupyter.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# A notebook, a cell and an output are each a dictionary with names for keys.
Part: TypeAlias = dict[str, Any]

# As many run at once as there are processors.
_PLACES = BoundedSemaphore(os.cpu_count() or 1)
_PROGRAM = Path(__file__).with_name("execute.py")
# The forms of an output, the best first.
_KINDS = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_FRAME = '<div class="nb-output" id="output-{}"></div>'
_FOLD = re.compile(r'<div class="[^"]*nb-folded.*?</pre></div>', re.DOTALL)
_LINK = re.compile(r"\[([^\[\]]+)\]\[[\w.]*\]")
# Words of a table or of a drawing. What stands in code, or in a tag, is none.
_WORDS = re.compile(
    r"(<(code|pre|samp|script|style)\b.*?</\2>|<[^>]*>)|[^<\s](?:[^<]*[^<\s])?",
    re.DOTALL,
)
_LABEL = re.compile(r"(<(?:text|tspan)\b[^>]*>\s*)([^<]*[^<\s])")
# What a terminal takes for colour and cursor movement.
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class NotebooksConfig(Config):
    """The options of the plugin."""

    reads = ListOfItems(FilesystemObject(exists=True), default=[])
    """Files and folders that notebooks read. A change in one of them runs the notebooks
    again."""


class NotebooksPlugin(BasePlugin[NotebooksConfig]):
    """Runs notebooks and writes them as Markdown."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Remember whether somebody is writing."""
        self.serving = command == "serve"

    def on_files(self, files: Files, *, config: MkDocsConfig) -> None:
        """Begin to run the notebooks that changed."""
        jupyter: Any = config.plugins.get("mkdocs-jupyter")
        if not jupyter:
            raise PluginError("litweave-notebooks needs the plugin mkdocs-jupyter")
        self.pages: dict[str, tuple[str, dict[int, str]]] = {}
        self.root = Path(config.config_file_path).absolute().parent
        self.kept, dependencies = Folder(self.root / ".cache/notebooks"), Dependencies()
        read, results = files_in(*map(Path, self.config.reads)), {}
        state = digest(installed(), *map(str, read), files=read)
        self.steps = progress.part("notebooks", 0)
        for file in filter(jupyter.should_include, files):
            text, uri = file.content_string, file.src_uri
            imports = dependencies.script(text, self.root)
            keys = digest(state, text, imports), digest(text)
            known = self.kept.get(uri, keys[self.serving])
            results[uri] = known.copy if known else partial(self.run, file, keys)
            self.steps.total += not known
        self.kept.forget(results)
        self.runs = {uri: process.begin(one) for uri, one in results.items()}

    def run(self, file: File, keys: Sequence[str]) -> Part:
        """Run a notebook, and keep what comes of it.

        **Raises.** `ChildError` with the file and the line of the cell that failed.
        """
        command = [sys.executable, str(_PROGRAM), file.abs_src_path or ""]
        said, cell = Part(), 1
        with _PLACES:
            self.steps.begin(file.src_uri)
            try:
                for said in process.lines(command, folder=self.root):
                    cell = said.get("cell", cell)
            except ChildError as error:
                lines = _starts(file.content_string)
                line = lines[cell - 1] + 2 if cell <= len(lines) else 1
                # The first line of it says that a cell fails.
                _, _, failure = said.get("failed", "").partition("\n")
                what = f"fails:\n\n{terminal(failure)}" if failure else error
                why = f"{file.src_uri}:{line}: this cell {what}"
                raise ChildError(why) from None
            finally:
                self.steps.end(file.src_uri)
        self.kept.keep(file.src_uri, said["notebook"], *keys)
        return Part(said["notebook"])

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, **_: Any) -> None:
        """Let mkdocs-jupyter, which has made pages of notebooks, not run them, too."""
        config.plugins["mkdocs-jupyter"].config["include"] = []

    @event_priority(100)  # before anything reads the prose
    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str | None:
        """Write a notebook that ran as Markdown."""
        uri = page.file.src_uri
        if uri not in self.runs:
            return None
        try:
            notebook = self.runs[uri].result()
            text, outputs = document(notebook, markdown)
        except ValueError as error:
            raise PluginError(f"{uri}: {error}") from error
        except ChildError as error:
            # Wait for all, to say what became of them.
            done = sum(run.exception() is None for run in self.runs.values())
            kept = f"{done} of {len(self.runs)} notebooks ran, and are kept"
            raise PluginError(f"{error}\n{kept}") from None
        ipynb = json.dumps(_portable(notebook), ensure_ascii=False, indent=1)
        folder, links = PurePosixPath(uri).with_suffix(""), ""
        for words, suffix, content in (
            ("Download the notebook (.ipynb)", ".ipynb", ipynb),
            ("Download the script (.py)", ".py", markdown),
        ):
            name = folder.name + suffix
            file = File.generated(config, f"{folder / name}", content=content)
            files.append(file)
            address = get_relative_url(file.url, page.file.url)
            links += f'<a href="{address}" download="{name}">{word(words)}</a> '
        self.pages[uri] = links, outputs
        # Whoever keeps finished pages can see that this one has changed.
        page.meta["outputs"] = digest(links, repr(outputs))
        return text

    def on_env(self, env: object, **_: Any) -> None:
        """All pages have their outputs: no notebook is at work."""
        self.steps.close()

    @event_priority(-100)  # after all plugins that change prose
    def on_page_content(self, html: str, *, page: Page, **_: Any) -> str | None:
        """Put the outputs in their frames, and fold what is to be folded."""
        links, outputs = self.pages.pop(page.file.src_uri, ("", {}))
        if not html or not links:  # A page that was kept has all of it.
            return None
        for number in outputs:
            # A fence or a list that is still open at the end of a cell may take it in.
            if html.count(_FRAME.format(number)) != 1:
                reason = f"cell {number}: the page has no place for its output"
                raise PluginError(f"{page.file.src_uri}: {reason}")
        summary = f"<summary>{word('Show the code')}</summary>"
        html = _FOLD.sub(rf'<details class="nb-code">{summary}\g<0></details>', html)
        downloads = f'</h1>\n<p class="nb-downloads">{links}</p>'
        return filled(html, _FRAME, outputs).replace("</h1>", downloads, 1)


# ## From cells to Markdown


def _starts(script: str) -> list[int]:
    """The lines on which the cells of a script begin, counted from zero."""
    return [i for i, line in enumerate(script.split("\n")) if line.startswith("# %%")]


def document(notebook: Part, script: str) -> tuple[str, dict[int, str]]:
    """The cells of an executed notebook as Markdown, and the HTML for their frames.

    `script` is the file the notebook was written as. Where there is room for it, prose
    stands on the same line here as there, so that a message about it names the line to
    mend. There is room if no two cells of code meet. Cells are counted from one.

    **Raises.** `ValueError` for an output that no browser shows, or an image without
    alternative text.
    """
    cells, begins = notebook["cells"], _starts(script)
    if len(begins) != len(cells):
        begins = [0] * len(cells)
    lines, outputs = list[str](), dict[int, str]()
    for number, (cell, start) in enumerate(zip(cells, begins, strict=True), start=1):
        is_prose = cell["cell_type"] == "markdown"
        apart = not lines or lines[-1] in ("", _FRAME.format(number - 1))
        lines += [""] * max(start + is_prose - len(lines), not apart)
        lines += cell["source"].split("\n") if is_prose else _fenced(cell)
        if cell.get("outputs"):
            shown = enumerate(joined(cell["outputs"]), start=1)
            pieces = [_render(one, number, position) for position, one in shown]
            outputs[number] = "".join(pieces)
            lines.append(_FRAME.format(number))
    lines += [""] * (script.count("\n") - len(lines))
    return "\n".join(lines) + "\n", outputs


def _fenced(cell: Part) -> list[str]:
    """The code of a cell in a fence longer than any run of backticks within.

    A mark tells it from code in prose, and one more that it is to be folded.
    """
    source: str = cell["source"]
    fence = "`" + max(["``", *re.findall("`+", source)], key=len)
    is_folded = "hide-input" in cell.get("metadata", {}).get("tags", ())
    marks = ".nb-cell .nb-folded" if is_folded else ".nb-cell"
    return [f"{fence} {{ .python {marks} }}", *source.split("\n"), fence]


# ## From outputs to HTML


def joined(outputs: Iterable[Part]) -> list[Part]:
    """Join what was printed in pieces, and keep what stays of it on a screen."""
    together: list[Part] = []
    for output in outputs:
        last = together[-1] if together else {}
        if "text" in last and "text" in output:
            # The two streams may overtake each other: each begins a line of its own.
            gap = "" if last["name"] == output["name"] else "\n"
            text = last["text"].removesuffix(gap) + gap + output["text"]
            together[-1] = {**output, "text": text}
        else:
            together.append({**output})
    for one in together:
        if "text" in one:
            one["text"] = f"{terminal(one['text'])}\n"
    return together


def terminal(text: str) -> str:
    r"""Show what a terminal shows at the end: no colours, no overwritten progress.

    >>> terminal("10 %\r100 %\ndone\n")
    '100 %\ndone'
    """
    lines = _ANSI.sub("", text).rstrip().split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _render(output: Part, number: int, position: int) -> str:
    """The HTML of one output of a cell, of the forms in which it offers itself."""
    data = output.get("data", {"text/plain": output.get("text")})
    if output["output_type"] == "error":
        data = {"text/plain": f"{output['ename']}: {output['evalue']}"}
    kind = next(filter(data.__contains__, _KINDS), None)
    # What is wide scrolls within its box, so the box must be reachable by keyboard.
    label = word("Output of cell {number}", number=number)
    box = f'tabindex="0" role="group" aria-label="{label}"'
    if kind == "text/html":
        shown = _WORDS.sub(lambda m: m[1] or figures(html.unescape(m[0])), data[kind])
        return f'<div class="nb-html" {box}>{shown}</div>'
    if kind == "text/plain":
        text = terminal(data[kind])
        columns = ' class="weave-columns"' * in_columns(text)
        shown = html.escape(text, quote=False)
        return f"<pre{columns} {box}><samp{AS_IT_IS}>{shown}</samp></pre>"
    if not kind:
        offers = ", ".join(data) or "nothing"
        raise ValueError(f"cell {number} shows {offers}: a page can show none of it")
    alt = output["metadata"].get(kind, {}).get("alt", "")
    if not alt.strip():
        lack = f"cell {number} shows an image without alternative text: display it"
        raise ValueError(f'{lack} with metadata={{"{kind}": {{"alt": "…"}}}}')
    image = _image(kind, data[kind], figures(alt), f"output-{number}-{position}")
    return f'<figure class="nb-figure" {box}>{image}</figure>'


def _image(kind: str, data: str, alt: str, scope: str) -> str:
    if kind != "image/svg+xml":
        address = f"data:{kind};base64,{data}".replace("\n", "")
        return f'<img alt="{alt}" src="{address}">'
    # A drawing stands in the page itself, not behind an address: so it can take the
    # colour of the text, in light and in dark.
    drawing = data.partition("<svg")[2].rstrip()
    drawing = _LABEL.sub(lambda m: m[1] + figures(html.unescape(m[2])), drawing)
    # Its names get a prefix: each drawing of a page counts from one.
    drawing = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{scope}-", drawing)
    return f'<svg role="img" aria-label="{alt}" data-search-exclude="1"{drawing}'


def _portable(notebook: Part) -> Part:
    """The notebook that a reader downloads.

    A link by name means something on the site alone, so its words remain.
    """
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [
        {**cell, "outputs": joined(cell["outputs"])}
        if "outputs" in cell
        else {**cell, "source": _LINK.sub(r"\1", cell["source"])}
        for cell in notebook["cells"]
    ]
    return {**notebook, "metadata": {"kernelspec": kernel}, "cells": cells}
