"""A module from the terminal: three forms, nothing needed but Python, quiet pipes."""

import subprocess
import sys
from pathlib import Path

import pytest
from litweave.features.copy.clean import clean
from litweave.parse import read

from support import ROOT

PACKAGE = ROOT / "labml_style_nn"
MIXER = PACKAGE / "models" / "mlp_mixer.py"
# What makes every import fail that is not of Python or of the package itself.
BARE = """
import sys
from importlib import machinery

class Bare(machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in ("labml_style_nn", "litweave"):
            return super().find_spec(name, path, target)

finder = machinery.PathFinder
sys.meta_path[:] = [Bare if item is finder else item for item in sys.meta_path]
sys.argv = ["labml_style_nn", *sys.argv[1:]]
import runpy
runpy.run_module("labml_style_nn", run_name="__main__", alter_sys=False)
"""


def copy(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command where nothing else is installed."""
    return subprocess.run(
        [sys.executable, "-c", BARE, "copy", *arguments],
        cwd=ROOT,
        capture_output=True,
    )


def test_the_annotated_module_is_the_file() -> None:
    result = copy("mlp_mixer")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == MIXER.read_bytes()


def test_the_clean_module_is_what_the_page_offers() -> None:
    result = copy("models.mlp_mixer", "--clean")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == clean(read(MIXER))


def test_the_standalone_module_carries_the_licence() -> None:
    result = copy("labml_style_nn/models/mlp_mixer.py", "--standalone")
    assert (result.returncode, result.stderr) == (0, b"")
    text = result.stdout.decode()
    comment = [line[2:] for line in text.split("\n\n")[0].split("\n")]
    licence = (ROOT / "LICENSE").read_text().strip().split("\n")
    assert (
        comment[0] == "labml_style_nn.models.mlp_mixer, with all it needs, in one file."
    )
    assert comment[1].startswith("From labml-style-nn 0.")
    assert comment[3:] == licence
    assert str(ROOT) not in text
    assert "\r" not in text


def test_the_modules_are_listed() -> None:
    names = copy("--list").stdout.decode().split()
    assert "labml_style_nn.models.mlp_mixer" in names
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mlp_mixxer", "did you mean “mlp_mixer”?"),
        ("__main__", "write more of the name"),
    ],
)
def test_a_name_that_means_no_module_names_the_nearest(name: str, message: str) -> None:
    result = copy(name)
    assert (result.returncode, result.stdout) == (2, b"")
    assert message in result.stderr.decode()


def test_a_module_that_cannot_stand_alone_says_where_and_why() -> None:
    result = copy("recorded", "--standalone")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"labml_style_nn/experiments/recorded.py:" in result.stderr


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    command = f"{sys.executable} -m labml_style_nn copy mlp_mixer --standalone"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"],
        cwd=ROOT,
        capture_output=True,
    )
    assert (result.returncode, result.stderr) == (0, b"")
