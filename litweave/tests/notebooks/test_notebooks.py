"""Notebook pages: small sites whose notebooks really run."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from nbformat.v4 import new_output

from litweave import process
from litweave.features import notebooks
from litweave.features.notebooks import NotebooksPlugin, document
from litweave.process import ChildError
from litweave.progress import progress
from litweave.words import said
from support import CACHE, build_here, write_files

CONFIG = f"""
site_name: Small
site_url: http://localhost/
theme: {{name: material, font: false}}
plugins:
  - search
  - litweave-notebooks
  - mkdocs-jupyter: {{include: ["examples/*.py"], execute: true, allow_errors: false}}
  - litweave: {{source: pkg, cache: {CACHE}/litweave}}
markdown_extensions:
  [attr_list, md_in_html, toc, pymdownx.highlight, pymdownx.superfences]
"""
NOTEBOOK = r"""# %% [markdown]
# # Ten lines
#
# A porcupine computes $a^2 + b_1$, see [`answer`][], [it][answer], [home](../index.md).

# %%
from pkg.numbers import answer

with open("runs.txt", "a") as file:
    file.write("ran\n")
answer()

# %% [markdown]
# ## What it prints

# %%
import sys
from IPython.display import SVG, Image, display

print("\x1b[31mone <two>\x1b[0m & $3", end="")
print("10 %\r99 %\r100 %", file=sys.stderr)
text = '''
```
````
'''  # and more

# %% [markdown]
# ## What it draws

# %% tags=["hide-input"]
kind = "image/svg+xml"
drawn = "hedge" + "hog"
svg = f'<?xml version="1.0"?><svg><g id="a"><text>{drawn}</text></g></svg>'
about = {kind: {"alt": "Two \"quoted\" < words"}}
display({kind: svg}, raw=True, metadata=about)
display({kind: svg}, raw=True, metadata=about)
pixel = "iVBORw0KGgo="
about = {"image/png": {"alt": "A pixel"}}
display({"image/png": pixel}, raw=True, metadata=about)
display({"text/html": "<table><tr><td>cell</td></tr></table>"}, raw=True)

# %% [markdown]
# The end.
"""
CELLS = jupytext.reads(NOTEBOOK, fmt="py:percent").cells
CODE = [cell.source for cell in CELLS if cell.cell_type == "code"]
FILES = {
    "mkdocs.yml": CONFIG,
    "docs/index.md": "# Home\n\n[Ten](examples/ten.py)\n",
    "pkg/__init__.py": "",
    "pkg/numbers.py": '"""# N"""\n\n\ndef answer():\n    """It."""\n    return 42\n',
}


def write_project(folder: Path, notebook: str = NOTEBOOK) -> Path:
    """A project with one notebook."""
    return write_files(folder, {**FILES, "docs/examples/ten.py": notebook})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_project(tmp_path_factory.mktemp("small"))
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "site/examples/ten/index.html").read_text("utf-8")


def code_cells(page: str) -> list[str]:
    """The text of each code block of a page, as the copy button takes it."""
    blocks = BeautifulSoup(page, "html.parser").select("pre > span + code")
    return [block.get_text().strip("\n") for block in blocks]


def test_prose_is_the_sites_own_markdown_and_is_found(page: str, project: Path) -> None:
    assert 'class="katex" translate="no"' in page
    assert 'numbers/#answer"><code translate="no">answer</code></a>' in page
    assert re.search('<a href="../../?">home</a>', page)
    assert "<title>Ten lines" in page
    assert '<h2 id="what-it-prints">' in page
    assert '<a href="#what-it-prints" class="md-nav__link">' in page
    # The search knows it, and no drawings.
    index = json.loads((project / "site/search/search_index.json").read_text("utf-8"))
    entries = [e for e in index["docs"] if e["location"].startswith("examples/ten/")]
    assert {e["title"] for e in entries} >= {"Ten lines", "What it prints"}
    text = " ".join(e["text"] for e in entries)
    assert ("porcupine" in text, "hedgehog" in text) == (True, False)


def test_code_is_shown_exactly_or_folded_and_its_output_below_it(page: str) -> None:
    cell, output = page.index("runs.<wbr>txt"), page.index("<samp>42</samp>")
    assert cell < output < page.index('<h2 id="what-it-prints">')
    # Both streams, in their order; of the progress, what stays on a screen.
    assert "<samp>one &lt;two&gt; &amp; $3\n100 %</samp>" in page
    assert code_cells(page) == CODE
    (folded,) = re.findall(r"<details class=\"nb-code\">.*?</details>", page, re.S)
    assert "<summary>Show the code</summary>" in folded
    assert code_cells(folded) == CODE[2:]
    after = page.partition(folded)[2]
    assert after.lstrip().startswith('<div class="nb-output" id="output-6">')


def test_drawings_have_words_and_what_can_scroll_is_reached_by_keys(page: str) -> None:
    label = 'role="img" aria-label="Two &quot;quoted&quot; &lt; words"'
    assert page.count(f"<svg {label}") == 2
    ids = re.findall(r'\bid="([^"]*)"', page[page.index("output-6") :])
    assert len(ids) == len(set(ids))
    assert '<img alt="A pixel" src="data:image/png;base64,iVBOR' in page
    boxes = re.findall(r'<pre [^>]*><samp>|<div class="nb-html" [^>]*>', page)
    assert len(boxes) == 3
    assert all('tabindex="0"' in box and "aria-label=" in box for box in boxes)


def test_page_is_light_and_asks_no_other_host(page: str) -> None:
    assert len(page.encode()) < 60_000
    article = page[page.index("<article") : page.index("</article>")]
    assert not re.search(r'<style|(?:src|href)="(?:https?:)?//', article)
    other = r'<(?:script|link|img)[^>]*"(?:https?:)?//(?!localhost)'
    program = r"import\s*\(?['\"]https?:|mermaid|require\.js|mathjax"
    assert not re.search(f"{other}|{program}", page)


def test_a_reader_takes_the_script_and_the_notebook(page: str, project: Path) -> None:
    folder = project / "site/examples/ten"
    for name in ("ten.ipynb", "ten.py"):
        assert f'<a href="{name}" download="{name}">' in page
    assert (folder / "ten.py").read_text("utf-8") == NOTEBOOK
    assert str(project) not in (folder / "ten.ipynb").read_text("utf-8")
    notebook = nbformat.read(folder / "ten.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [c.source for c in notebook.cells if c.cell_type == "code"] == CODE
    assert notebook.cells[1].outputs[0].data["text/plain"] == "42"
    assert "see `answer`, it, [home](" in notebook.cells[0].source
    assert notebook.cells[3].outputs[0].text == "one <two> & $3\n100 %\n"


PROSE = "# %% [markdown]\n# # Bad\n\n# %%\n"
CELL = "for divisor in (1, 0):\n    print(1 / divisor)\n"
WORDS = "1\n\n# %% [markdown]\n# See [`anwser`][].\n#\n# It costs $3.\n"


def given(_: NotebooksPlugin, file: File, *_others: object) -> dict[str, Any]:
    """A notebook that gives what its first cell says."""
    notebook = jupytext.reads(file.content_string, fmt="py:percent")
    source = notebook.cells[1].source
    kind = "image/svg+xml" if source.startswith("<svg") else "text/plain"
    notebook.cells[1].outputs = [new_output("execute_result", {kind: source})]
    return dict(notebook)


def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, *messages in (
        (CELL, f":5: this cell fails:(?s:.*){re.escape(CELL)}", "ZeroDivisionError: "),
        (WORDS, ":8: .*did you mean “answer”", r":10: .*not closed"),
        ("<svg></svg>", ": cell 2 shows an image without alternative text"),
    ):
        result = build_here(write_project(tmp_path, PROSE + code))
        assert result.returncode != 0
        for message in messages:
            place = "examples/ten.py" * message.startswith(":")
            assert re.search(place + message, result.stderr)
        # The others need not run.
        monkeypatch.setattr(NotebooksPlugin, "run", given)


Again = Callable[..., list[str]]


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    """Which notebooks a build runs. It has run once, and nobody really runs them."""
    files = {"data/numbers.json": "[1]", "pkg/other.py": "x = 1\n"}
    files |= {"docs/examples/two.py": "# %%\nimport pkg.other\n"}
    write_files(write_project(tmp_path), files)
    asked: list[str] = []

    def lines(command: list[str], folder: Path) -> Iterator[dict[str, Any]]:
        assert folder == tmp_path
        asked.append(Path(command[-1]).name)
        yield {"cell": 2}
        yield {"notebook": {"cells": [], "run": len(asked)}}

    def again(stale: bool = False) -> list[str]:
        asked.clear()
        uris = ("examples/ten.py", "examples/two.py")
        files = [File(uri, str(tmp_path / "docs"), "site", True) for uri in uris]
        plugin, config = NotebooksPlugin(), MkDocsConfig(str(tmp_path / "mkdocs.yml"))
        jupyter = SimpleNamespace(should_include=lambda file: True)
        config.plugins = {"mkdocs-jupyter": jupyter}  # type: ignore[assignment]
        plugin.load_config({"reads": [str(tmp_path / "data")]})
        plugin.on_startup(command="serve" if stale else "build", dirty=False)
        plugin.on_files(Files(files), config=config)
        for run in plugin.runs.values():
            run.result()
        plugin.on_env(None)
        assert "notebooks" not in progress.parts, "nobody shows what has ended"
        return sorted(asked)

    monkeypatch.setattr(notebooks.process, "lines", lines)
    assert again() == ["ten.py", "two.py"]
    return again


def test_a_change_of_a_source_runs_it_again(again: Again, tmp_path: Path) -> None:
    for file, text, names in (
        ("pkg/other.py", "x = 2\n", ["two.py"]),
        ("pkg/other.py", "# A word.\nx = 2\n", []),
        ("data/numbers.json", "[2]", ["ten.py", "two.py"]),
        ("data/more.json", "[1]", ["ten.py", "two.py"]),
    ):
        (tmp_path / file).write_text(text)
        assert again(stale=True) == []
        assert again() == names, file
        assert again() == []
    for stale in (True, False):
        text = f"# %%\nimport pkg\n# {stale}\n"
        (tmp_path / "docs/examples/two.py").write_text(text)
        assert again(stale) == ["two.py"]


def test_a_notebook_that_is_stuck_is_named_with_its_line(
    again: Again, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*_: object, **_options: object) -> Iterator[dict[str, Any]]:
        yield {"cell": 2}
        raise ChildError("waited")

    monkeypatch.setattr(notebooks.process, "lines", stuck)
    (tmp_path / "docs/examples/ten.py").write_text(f"{NOTEBOOK}# More.\n")
    line = NOTEBOOK.split("\n").index("from pkg.numbers import answer") + 1
    with pytest.raises(ChildError, match=f"^examples/ten.py:{line}: this cell waited$"):
        again()


@pytest.mark.skipif(os.name != "posix", reason="sockets that are files")
def test_kernels_that_start_at_once_take_no_ports_from_each_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.py").write_text("# %%\nget_ipython().kernel.parent.transport\n")
    command = [sys.executable, str(notebooks._PROGRAM), str(tmp_path / "one.py")]
    *_, ran = process.lines(command, folder=tmp_path)
    (output,) = ran["notebook"]["cells"][0]["outputs"]
    assert output["data"]["text/plain"] == "'ipc'"
    assert [*tmp_path.iterdir()] == [tmp_path / "one.py"]


def test_configuration_that_cannot_be_meant(tmp_path: Path) -> None:
    [(option, _)], _ = NotebooksPlugin().load_config({"reads": ["nothing"]})
    assert option == "reads"
    path = write_project(tmp_path) / "mkdocs.yml"
    path.write_text(
        path.read_text("utf-8").replace("mkdocs-jupyter", "tags #"), "utf-8"
    )
    with pytest.raises(PluginError, match="needs the plugin mkdocs-jupyter"):
        NotebooksPlugin().on_files(Files([]), config=load_config(str(path)))


def shown(kind: str, **output: object) -> str:
    """The only output of a notebook of one cell."""
    outputs = [{"output_type": kind, **output}]
    cell = {"cell_type": "code", "source": "x", "outputs": outputs}
    (html,) = document({"cells": [cell], "metadata": {}}, "")[1].values()
    return html


def test_an_error_that_was_meant_is_shown_and_output_with_no_kind_or_place_is_one():
    html = shown("error", ename="ValueError", evalue="a < b", traceback=["long"])
    assert "<samp>ValueError: a &lt; b</samp>" in said(html)
    with pytest.raises(ValueError, match="cell 1 shows application/x"):
        shown("display_data", data={"application/x": "?"})
    plugin, page = NotebooksPlugin(), Mock(**{"file.src_uri": "a.py"})
    plugin.pages = {"a.py": ("links", {7: "<pre></pre>"})}
    with pytest.raises(PluginError, match=r"^a.py: cell 7: the page has no place"):
        plugin.on_page_content("<p>No frame.</p>", page=page)


def test_prose_keeps_its_line_below_an_output() -> None:
    script = "# %% [markdown]\n# # T\n\n# %%\nx\n\n# %% [markdown]\n# Prose\n"
    cells = jupytext.reads(script, fmt="py:percent").cells
    cells[1].outputs = [new_output("execute_result", {"text/plain": "1"})]
    written, _ = document({"cells": cells}, script)
    assert written.split("\n").index("Prose") == script.split("\n").index("# Prose")
