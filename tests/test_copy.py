"""A module from the terminal: the forms that its page offers, without torch."""

import subprocess
import sys

from litweave.features.copy.clean import clean
from litweave.parse import read

from support import ROOT

MIXER = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
# To copy a module, nothing of what it needs must be installed.
WITHOUT = """
import sys
sys.modules["torch"] = sys.modules["einops"] = None
sys.argv = ["labml_style_nn", *sys.argv[1:]]
import runpy
runpy.run_module("labml_style_nn", run_name="__main__", alter_sys=False)
"""


def copy(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command where torch is not installed."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, "copy", *arguments],
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


def test_the_modules_are_those_of_the_package() -> None:
    names = copy("--list").stdout.decode().split()
    assert "labml_style_nn.models.mlp_mixer" in names


def test_a_module_that_cannot_stand_alone_says_where_and_why() -> None:
    result = copy("recorded", "--standalone")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"labml_style_nn/experiments/recorded.py:" in result.stderr
