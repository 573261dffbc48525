"""A site that is older than anything it is made of is not tested."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import is_up_to_date


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """A folder with a file in a folder, and another beside it; both of 2001."""
    deep, beside = tmp_path / "docs" / "deep" / "a.md", tmp_path / "mkdocs.yml"
    deep.parent.mkdir(parents=True)
    for path in (deep, beside):
        path.touch()
        os.utime(path, (10**9, 10**9))
    return [tmp_path / "docs", beside]


@pytest.mark.parametrize("changed", ["docs/deep/a.md", "docs/new.md", "mkdocs.yml"])
def test_a_site_is_as_old_as_its_build(
    changed: str, sources: list[Path], tmp_path: Path
) -> None:
    site = tmp_path / "index.html"
    assert not is_up_to_date(site, sources)
    site.touch()
    os.utime(site, (10**9, 10**9))
    assert is_up_to_date(site, sources)
    (tmp_path / changed).touch()
    assert not is_up_to_date(site, sources)


def test_what_python_compiled_is_no_source(sources: list[Path], tmp_path: Path) -> None:
    site = tmp_path / "index.html"
    site.touch()
    os.utime(site, (10**9, 10**9))
    (sources[0] / "__pycache__").mkdir()
    (sources[0] / "__pycache__" / "a.pyc").touch()
    assert is_up_to_date(site, sources)
