"""What all tests share: Node's packages, the site, and a browser to read it in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from labml_style_nn.weave.formulas import node

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"

# A test that takes long on a busy machine is no mistake.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def katex() -> Path:
    """KaTeX, as the lock file names it."""
    return node.packages(CACHE / "weave") / "katex"


# First, for pytest-xdist reads the marks in a hook of the same name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, give each file to one of them.

    What reads the site in a browser goes to one process as a whole: the site is built
    once.
    """
    for item in items:
        browser = item.path.is_relative_to(ROOT / "tests" / "browser")
        group = "browser" if browser else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder with an `mkdocs.yml`, as a command would."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", *options],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
