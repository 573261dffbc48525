"""What `make` does with an environment that is not whole; no package is installed."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from support import ROOT, write_files

# `venv` makes a Python that notes what it is asked to do, and whose pip may be stopped.
PYTHON = """#!/bin/sh
mkdir -p "$3/bin"
cat > "$3/bin/python" <<'END'
#!/bin/sh
[ "$1" = -c ] && echo runs
[ "$2" = pip ] || exit 0
echo "$@" >> asked
[ -e go ] || exit 130
END
chmod +x "$3/bin/python"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    names = ("Makefile", "pyproject.toml", "constraints.txt", "litweave/pyproject.toml")
    files = {name: (ROOT / name).read_text("utf-8") for name in names}
    empty = {"docs/a.md": "", "labml_style_nn/a.py": ""}
    write_files(tmp_path, {**files, **empty, "python": PYTHON})
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def made(project: Path, what: str = ".venv/.installed") -> tuple[bool, str]:
    """Whether it was made, and what was said."""
    # If `make` runs the tests, its options are not meant for this one.
    make = "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES make"
    command = [*make.split(), "PYTHON=./python", what]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    return result.returncode == 0, result.stdout


def runs_of_pip(project: Path) -> int:
    return len((project / "asked").read_text().splitlines())


def test_an_environment_half_made_or_without_python_is_made_anew(project: Path) -> None:
    done, said = made(project)
    assert not done
    # The same amounts are told wherever they are.
    told = re.findall(r"(\d+) MB to download and ([\d.]+ GB) on disk", said)
    for page in ("README.md", "docs/guide/install.md"):
        text = (ROOT / page).read_text("utf-8")
        pattern = r"downloads about\s(\d+)\sMB\sand\s(?:writes|needs)\s([\d.]+\sGB)"
        assert re.findall(pattern, text) == told, page
    (project / ".venv" / "half a package").touch()
    (project / "go").touch()
    assert made(project)[0]
    assert not (project / ".venv" / "half a package").exists()
    assert runs_of_pip(project) == 2
    # What is whole is left alone, and brought up to date.
    (project / ".venv" / "a package").touch()
    assert made(project)[0]
    assert runs_of_pip(project) == 2
    (project / "constraints.txt").write_text("torch==9\n")
    os.utime(project / "constraints.txt", (2e9, 2e9))
    assert made(project)[0]
    assert runs_of_pip(project) == 3
    assert (project / ".venv" / "a package").exists()
    (project / ".venv/bin/python").unlink()
    assert made(project)[0]
    assert runs_of_pip(project) == 4


# It leaves half a site, unless it may go on.
MKDOCS = """#!/bin/sh
mkdir -p "$4" && echo new > "$4/index.html"
[ -e go ]
"""


def test_the_old_site_stays_until_the_new_one_is_whole(project: Path) -> None:
    runs = {".venv/bin/python": "#!/bin/sh\necho runs\n", ".venv/bin/mkdocs": MKDOCS}
    files = {"mkdocs.yml": "", ".venv/.installed": "", "site/index.html": "old\n"}
    write_files(project, runs | files)
    for name in runs:
        (project / name).chmod(0o755)
    page = project / "site" / "index.html"
    os.utime(page, (0, 0))
    assert not made(project, "build")[0]
    assert page.read_text() == "old\n"
    (project / "go").touch()
    assert made(project, "build")[0]
    assert page.read_text() == "new\n"
    assert not list(project.glob("site.*"))
    (project / ".venv/bin/mkdocs").unlink()
    assert made(project, "build")[0], "nothing is to be done"
    # A source that has another name is another page.
    (project / "docs/a.md").rename(project / "docs/b.md")
    assert not made(project, "build")[0], "it is to be built"
