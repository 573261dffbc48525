"""A site that is older than anything it is made of is not tested."""

import os
from pathlib import Path

import pytest

from support import write_files
from tests.browser.conftest import is_up_to_date


@pytest.mark.parametrize("changed", ["docs/deep/a.md", "docs/new.md", "mkdocs.yml"])
def test_a_site_is_as_old_as_its_build(changed: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"docs/deep/a.md": "", "mkdocs.yml": ""})
    site = tmp_path / "index.html"
    sources = [tmp_path / "docs", tmp_path / "mkdocs.yml"]
    assert not is_up_to_date(site, sources)
    site.touch()
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (10**9, 10**9))
    # What Python compiled is no source.
    write_files(tmp_path, {"docs/__pycache__/a.pyc": ""})
    assert is_up_to_date(site, sources)
    (tmp_path / changed).touch()
    assert not is_up_to_date(site, sources)
