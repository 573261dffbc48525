"""A module from the terminal: the forms that its page offers, without torch.

What the command does with names, forms and pipes, the tests of litweave say.
"""

import subprocess
import sys

import pytest
from litweave.features.copy.clean import clean
from litweave.parse import read

from labml_style_nn.__main__ import main
from support import ROOT

# To copy a module, nothing of what it needs must be installed.
WITHOUT = """
import sys
sys.modules["torch"] = sys.modules["einops"] = None
sys.argv = ["labml_style_nn", *sys.argv[1:]]
import runpy
runpy.run_module("labml_style_nn", run_name="__main__", alter_sys=False)
"""


def test_the_standalone_module_needs_no_torch_and_carries_the_licence() -> None:
    path = "labml_style_nn/models/mlp_mixer.py"
    command = [sys.executable, "-c", WITHOUT, "copy", path, "--standalone"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")
    text = result.stdout.decode()
    first, source, _, *rest = [line[2:] for line in text.split("\n\n")[0].split("\n")]
    assert first == "labml_style_nn.models.mlp_mixer, with all it needs, in one file."
    assert source.startswith("From labml-style-nn 0.")
    assert rest == (ROOT / "LICENSE").read_text().strip().split("\n")
    assert str(ROOT) not in text
    assert "\r" not in text


def test_a_part_of_a_name_is_enough(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["copy", "models.mlp_mixer", "--clean"]) == 0
    module = ROOT / "labml_style_nn" / "models" / "mlp_mixer.py"
    assert capsysbinary.readouterr() == (clean(read(module)).encode(), b"")
