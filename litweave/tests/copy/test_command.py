"""`litweave copy`: a module of a file or a folder, in three forms, on a quiet pipe."""

import subprocess
import sys
from pathlib import Path

import pytest

from litweave.cli import main
from support import write_files

FILES = {
    "__init__.py": "one = 1\n",
    "pkg.py": "inner = 1\n",
    "a.py": "# -*- coding: latin-1 -*-\r\nx  =  'é'  # why\r\n",
    "b.py": "from .a import x\n\n\ndef f():\n    return x\n",
    "sub/a.py": "from ..b import *\n",
    "broken.py": "x = (\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = write_files(tmp_path / "pkg", FILES)
    (folder / "a.py").write_bytes(FILES["a.py"].encode("latin-1"))
    return folder


Captured = pytest.CaptureFixture[bytes]


def copy(capture: Captured, *arguments: object) -> tuple[int, str, str]:
    """The status of the command, and what it says on both streams."""
    status = main(["copy", *map(str, arguments)])
    out, err = capture.readouterr()
    return status, out.decode("latin-1" if b"\xe9" in out else "utf-8"), err.decode()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        *(("a.py", FILES["a.py"]), ("a.py --clean", "x = 'é'\n")),
        # A module of a folder is meant by any end of its name.
        *((f". {name}", FILES["b.py"]) for name in ("b", "pkg.b", "pkg/b.py")),
        # A whole name is meant before the end of another.
        *((". pkg", FILES["__init__.py"]), (". pkg.pkg", FILES["pkg.py"])),
        (". --list", "pkg\npkg.a\npkg.b\npkg.pkg\npkg.sub.a\n"),
    ],
)
def test_a_module_is_copied_or_all_are_listed(
    arguments: str, text: str, package: Path, capsysbinary: Captured
) -> None:
    where, *rest = arguments.split()
    status, out, err = copy(capsysbinary, package / where, *rest)
    assert (status, out) == (0, text)
    # Of a folder, what cannot be read is told.
    assert err[:18] == ("pkg/broken.py:1: '" if where == "." else "")


def test_the_standalone_form_of_a_file_has_what_it_imports(
    package: Path, capsysbinary: Captured
) -> None:
    project = {"LICENSE": "Free.\n", "pyproject.toml": '[project]\nname = "n"\n'}
    write_files(package.parent, project)
    for arguments in ([package / "b.py"], [package, "b"]):
        status, out, _ = copy(capsysbinary, *arguments, "--standalone")
        assert status == 0
        assert out == (
            "# pkg.b, with all it needs, in one file.\n# From n.\n#\n# Free.\n\n"
            '"""pkg.b."""\n\nx = \'é\'\n\n\ndef f():\n    return x\n'
        )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("bb", 2, "nothing is named “bb”; did you mean “b”? (copy --list"),
        ("a", 2, "“a” could be “pkg.a”, “pkg.sub.a”: write more of the name"),
        ("", 2, "MODULE says which module is meant"),
        ("broken", 2, "pkg/broken.py:1: "),
        ("sub.a --standalone", 1, "pkg/sub/a.py:1: a star import"),
    ],
)
def test_what_cannot_be_copied_is_told(
    arguments: str, status: int, message: str, package: Path, capsysbinary: Captured
) -> None:
    found, out, err = copy(capsysbinary, package, *arguments.split())
    assert (found, out) == (status, "")
    assert message in err


def test_a_closed_pipe_is_quiet(package: Path) -> None:
    # More than a pipe holds.
    (package / "b.py").write_text(f"x = '{'x' * 300_000}'\n")
    command = f"{sys.executable} -m litweave copy {package / 'b.py'}"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True
    )
    assert (result.returncode, result.stderr) == (0, b"")
