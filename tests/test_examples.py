"""The notebooks as files. The site's build runs them; that test is in tests/browser."""

from itertools import pairwise
from pathlib import Path

import jupytext
import pytest
from mkdocs.utils import yaml_load
from nbformat import NotebookNode

from support import ROOT

DOCS = ROOT / "docs"
NOTEBOOKS = [*sorted((DOCS / "examples").glob("*")), *sorted(DOCS.glob("*.py"))]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return jupytext.read(path)


def test_is_a_script_in_percent_format(path: Path, notebook: NotebookNode) -> None:
    assert path.suffix == ".py"
    assert jupytext.writes(notebook, fmt="py:percent") == path.read_text("utf-8")


def test_stores_no_output(notebook: NotebookNode) -> None:
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_begins_with_its_title_and_ends_with_prose(notebook: NotebookNode) -> None:
    assert notebook.cells[0].source.startswith("# ")
    assert notebook.cells[-1].cell_type == "markdown"


def test_prose_stands_before_every_cell_of_code(notebook: NotebookNode) -> None:
    # Then a message about the prose names the right line: see litweave's `cells`.
    kinds = [cell.cell_type for cell in notebook.cells]
    assert ("code", "code") not in pairwise(kinds)


def test_is_run_by_the_build_and_found_by_readers(path: Path) -> None:
    with (ROOT / "mkdocs.yml").open(encoding="utf-8") as file:
        config = yaml_load(file)
    (jupyter,) = [
        p["mkdocs-jupyter"] for p in config["plugins"] if "mkdocs-jupyter" in p
    ]
    assert jupyter["execute"] is True
    assert jupyter["allow_errors"] is False
    name = path.relative_to(DOCS)
    assert any(name.match(pattern) for pattern in jupyter["include"])
    assert str(name) in str(config["nav"]) + config["not_in_nav"]
