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

from run_alone import WALL, others, required
from support import FOLDER, cache_of, write_files

PROJECT = FOLDER / "pyproject.toml"
FILES = {
    "money/__init__.py": '"""# Money\n\nSee [`share`][].\n"""\n',
    "money/shares.py": '''r"""# Shares

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
# What they type, and what has no more than its package brings.
COMMANDS = (
    "check money --run-examples --cache cache",
    "build money --run-examples --cache cache --out site --strict",
    "copy money shares --clean",
    "check torch_user.py --run-examples --cache cache",
)
USER = '"""# A\n\n>>> import torch\n"""\n'
# Each command says what it has to say, and ends with its status.
PROGRAM = """
import sys
from litweave.cli import main
for command in sys.argv[1:]:
    print(main(command.split()), flush=True)
"""


def test_a_package_is_checked_built_and_copied(tmp_path: Path, katex: Path) -> None:
    needs = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    refused = others(required([re.split(r"[^\w.-]", need)[0] for need in needs]))
    computing = {"einops", "matplotlib", "numpy", "sklearn", "torch"}
    assert computing & set(metadata.packages_distributions()) <= refused
    assert not {"bs4", "markdown", "mkdocs", "nh3", "pygments"} & refused
    # Python imports it at the start of each process, also of those that a build begins.
    wall = {"wall/sitecustomize.py": WALL % (refused - {"litweave"})}
    cache_of(write_files(tmp_path, {**FILES, **wall, "torch_user.py": USER}))
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "wall"},
        capture_output=True,
        text=True,
    )
    built, copied, checked = result.stdout.split("\n0\n")
    assert built.startswith("0\nno remarks\n2 pages in "), result.stderr
    page = (tmp_path / "site/shares.html").read_text("utf-8")
    for part in ("<mfrac", 'data-n="', "docs.python.org/3/library/fractions.html"):
        assert part in page
    assert copied.startswith('"""Shares."""\n\nfrom fractions')
    assert "torch_user.py:3: the example fails: ModuleNotFoundError" in checked
    assert checked.endswith("\n1\n")
