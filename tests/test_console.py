"""The commands: on a console that lacks letters, and a module without torch.

What `copy` does with names, forms and pipes, the tests of litweave say.
"""

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from litweave import __main__ as weave
from litweave.features.copy.forms import clean
from litweave.features.proofs import prove
from litweave.parse import read

from labml_style_nn import __main__ as package
from labml_style_nn.data import __main__ as data
from labml_style_nn.experiments import few_shot, mixer_images, token_cost
from labml_style_nn.experiments.command import main as experiment
from labml_style_nn.proofs import __main__ as proofs
from support import ROOT

COMMANDS: dict[str, Callable[[], object]] = {
    "litweave": lambda: weave.main(["--help"]),
    "copy, live and preview": lambda: package.main(["--help"]),
    "data": lambda: data.main(["--help"]),
    "proofs": lambda: proofs.main(["--help"]),
    "experiments": lambda: experiment(mixer_images.EXPERIMENT, ["--help"]),
    "few_shot": lambda: few_shot.main(["--help"]),
    "token_cost": lambda: token_cost.main(["--help"]),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_replaces_what_the_console_lacks(
    command: Callable[[], object],
) -> None:
    letters = io.BytesIO()
    console = io.TextIOWrapper(letters, "cp1252")
    with redirect_stdout(console):
        with pytest.raises(SystemExit):
            command()
        print("ν̲ × “x”")
    console.flush()
    assert letters.getvalue().decode("cp1252").endswith("?? × “x”\n")


def test_the_cache_may_be_named_from_here(
    katex: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text('r"""# A\n\n$\\mathrm{here}$\n"""\n')
    # KaTeX is there, and what it has set is not.
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / katex.parents[1].name).symlink_to(katex.parents[1])
    monkeypatch.chdir(tmp_path)
    assert weave.main(["check", "a.py", "--cache", "cache"]) == 0


def test_a_proof_program_is_understood_whatever_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    plan = '{"format":2, "versions":{}, "sources":[], "data":[], "pages":{"×":[]}}'
    page = '{"name":"×", "date":"2026-11-24", "facts":[], "error":""}'
    said = f"{plan}\n{page}"
    (tmp_path / "proves.py").write_text(f"print({said!r})\n", "utf-8")
    assert list(prove("proves", tmp_path, tmp_path / "proofs")) == ["×"]


# To copy a module, nothing of what it needs must be installed.
WITHOUT = """
import sys
sys.modules["torch"] = sys.modules["einops"] = None
sys.argv = ["labml_style_nn", *sys.argv[1:]]
import runpy
runpy.run_module("labml_style_nn", run_name="__main__", alter_sys=False)
"""


def test_a_standalone_module_needs_no_torch_and_carries_the_licence(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
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
    # A part of a name is enough.
    assert package.main(["copy", "models.mlp_mixer", "--clean"]) == 0
    assert capsysbinary.readouterr() == (clean(read(ROOT / path)).encode(), b"")
