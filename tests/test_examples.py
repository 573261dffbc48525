"""The notebooks as files. The site's build runs them; that test is in tests/browser."""

from itertools import pairwise
from pathlib import Path

import jupytext
import pytest

from support import ROOT
from tests.test_navigation import CONFIG, PLUGINS

DOCS = ROOT / "docs"
NOTEBOOKS = [*sorted((DOCS / "examples").glob("*")), *sorted(DOCS.glob("*.py"))]
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_is_a_script_that_begins_with_a_title_and_ends_with_prose(path: Path) -> None:
    notebook = jupytext.read(path)
    assert path.suffix == ".py", "it has no room for outputs"
    assert jupytext.writes(notebook, fmt="py:percent") == path.read_text("utf-8")
    assert notebook.cells[0].source.startswith("# ")
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[-1] == "markdown"
    # So a message about the prose names the right line: see litweave's `cells`.
    assert ("code", "code") not in pairwise(kinds)


@each_notebook
def test_is_run_by_the_build_and_found_by_readers(path: Path) -> None:
    jupyter, name = PLUGINS["mkdocs-jupyter"], path.relative_to(DOCS)
    assert jupyter["execute"] is True
    assert jupyter["allow_errors"] is False
    assert any(name.match(pattern) for pattern in jupyter["include"])
    assert str(name) in str(CONFIG["nav"]) + CONFIG["not_in_nav"]
