"""It renders a stranger's package where nothing is installed that it does not require.

To install it into a fresh environment takes minutes and a network. Here the processes
see what is installed, but for all that is not in the closure of its requirements.
"""

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from run_alone import others, required
from support import CACHE, FOLDER, write_files

PROJECT = FOLDER / "pyproject.toml"
# Python imports it at the start of each process, also of those that a build begins.
WALL = """
import importlib.machinery
import sys

class Wall(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        refused = name.partition(".")[0] in %s
        return None if refused else super().find_spec(name, *rest)

finder = importlib.machinery.PathFinder
sys.meta_path[:] = [Wall if item is finder else item for item in sys.meta_path]
"""
BOOK = {"labml_style_nn", "benchmarks", "tools"}
FILES = {
    "__init__.py": '"""# Money\n\nSee [`share`][].\n"""\n',
    "shares.py": '''r"""# Shares

$$s = \\frac{a}{n}$$

## Notation

- $s$: what each one gets
- $a$, `amount`: what there is
- $n$, `people`: how many there are

>>> share(Fraction(1), 3)
Fraction(1, 3)
"""

from fractions import Fraction


def share(amount: Fraction, people: int) -> Fraction:
    """An equal part."""
    return amount / people
''',
}


@pytest.fixture(scope="module")
def refused() -> set[str]:
    """The names of all that is installed here and not required."""
    needs = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    refused = others(required([re.split(r"[^\w.-]", need)[0] for need in needs]))
    computing = {"einops", "matplotlib", "numpy", "sklearn", "torch"}
    assert computing & set(metadata.packages_distributions()) <= refused
    assert not {"bs4", "markdown", "mkdocs", "nh3", "pygments"} & refused
    return (refused | BOOK) - {"litweave"}


@pytest.fixture
def stranger(tmp_path: Path, refused: set[str]) -> Path:
    """Their package, beside what keeps other packages from being found."""
    write_files(tmp_path / "wall", {"sitecustomize.py": WALL % refused})
    return write_files(tmp_path / "money", FILES)


def litweave(package: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the folder of the package, where the wall stands."""
    return subprocess.run(
        [sys.executable, "-m", "litweave", *arguments],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": "wall"},
        capture_output=True,
        text=True,
    )


def test_a_package_is_checked_built_and_copied(stranger: Path, katex: Path) -> None:
    options = "--run-examples", "--cache", str(CACHE / "litweave")
    checked = litweave(stranger, "check", "money", *options)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    built = litweave(stranger, "build", "money", "--out", "site", "--strict", *options)
    assert built.returncode == 0, built.stderr
    assert "no remarks\n2 pages" in built.stdout
    page = (stranger.parent / "site/shares.html").read_text("utf-8")
    for part in ("<mfrac", 'data-n="', "docs.python.org/3/library/fractions.html"):
        assert part in page
    copied = litweave(stranger, "copy", "money", "shares", "--clean")
    assert copied.stdout.startswith('"""Shares."""\n\nfrom fractions')
    # An example has no more than its package brings.
    (stranger / "shares.py").write_text('"""# A\n\n>>> import torch\n"""\n')
    checked = litweave(stranger, "check", "money", "--run-examples", "--cache", "cache")
    assert checked.returncode == 1
    assert "shares.py:3: the example fails: ModuleNotFoundError" in checked.stdout
