"""What all tests share: Node's packages, the site, and a browser to read it in."""

import os
import signal
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

# What a shell starts in the background ignores Ctrl-C, and would hand that down to the
# programs that are here stopped by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def katex() -> Path:
    """KaTeX, as the lock file names it."""
    return node.packages(CACHE / "weave") / "katex"


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder with an `mkdocs.yml`, as a command would."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", *options],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
