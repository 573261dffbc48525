"""`python -m litweave`: any package becomes a site, and none is run."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from litweave.check import find_silence
from litweave.cli import main
from litweave.diagnostics import Diagnostics
from litweave.parse import parse
from support import CACHE, PATIENCE, free_port, wait_for, write_files

# A module that tells on whoever runs it, and one that nobody can.
SPY = '''"""# Spy

>>> spy()
1
"""
from pathlib import Path
import torch
Path(__file__).with_name("ran").write_text("")

def spy():
    """Give one."""
    return torch.ones(1)
'''
FILES = {
    "__init__.py": "",
    "spy.py": SPY,
    # If `import torch` looked here, this would be found.
    "torch.py": SPY,
    "nowhere.py": '"""# Nowhere"""\n\nimport there_is_no_such_module\n\n1 / 0\n',
    "silent.py": "def f():\n    return 1\n",
    "broken.py": "x = (\n",
    "deep/__init__.py": '"""# Deep"""\n',
    "deep/prose.py": 'r"""# Prose\n\n'
    '$\\nope$ for $5, `x[1][2]`, a[i][j], <stdin>\n"""\n',
}
KATEX = "pkg/deep/prose.py:3: KaTeX parse error"
UNCLOSED = "pkg/broken.py:1: '(' was never closed"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_files(tmp_path / "pkg", FILES)


class Said(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def weave(katex: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, with a cache that has KaTeX in it."""

    def run(command: str, *arguments: object) -> Said:
        options = [command, *map(str, arguments), "--cache", str(CACHE / "litweave")]
        return Said(main(options), *capsys.readouterr())

    return run


def test_a_package_is_checked_and_becomes_a_site(
    package: Path, tmp_path: Path, weave: Command
) -> None:
    site, report = tmp_path / "site", tmp_path / "report.txt"
    built = weave("build", package, "--out", site, "--report", report)
    assert built.status == 0
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert pages - {"404.html"} == {
        *("index.html", "spy.html", "torch.html", "nowhere.html", "silent.html"),
        *("deep/index.html", "deep/prose.html"),
    }
    home = (site / "index.html").read_text()
    assert '<a href="deep/prose.html"><code>pkg.deep.prose</code></a> Prose' in home
    assert "Switch to dark colours" in home
    words = r"<code>\nope</code> for $5, <code>x[1][2]</code>, a[i][j], &lt;stdin&gt;"
    assert words in (site / "deep" / "prose.html").read_text()
    assert "skipped pkg/broken.py: '(' was never closed" in built.out
    assert "skipped pkg/__init__.py: there is nothing in it" in built.out
    assert f"remarks: 2 formula, 1 file ({report})" in built.out
    assert "6 pages in " in built.out
    assert UNCLOSED in report.read_text()
    assert KATEX in report.read_text()
    checked = weave("check", package)
    assert checked.status == 1
    assert all(re.match(r"[\w/.]+\.py:\d+: \S", s) for s in checked.out.splitlines())
    assert "pkg/silent.py:1: the module has no title" in checked.out
    silence = "pkg/silent.py:1: nothing is said about the function “f”"
    assert all(problem in checked.out for problem in (silence, UNCLOSED, KATEX))
    assert "spy.py" not in checked.out
    assert not list(package.rglob("ran")), "nothing was run"

    # Again, over the site that was made before; and not when it has a fault.
    (site / "old.html").write_text("old")
    strict = weave("build", package, "--out", site, "--strict")
    assert strict.status == 1
    assert KATEX in strict.err
    assert (site / "old.html").exists()
    assert weave("build", package, "--out", site, "--exclude", "deep/*").status == 0
    assert not (site / "old.html").exists()
    assert not (site / "deep").exists()


def test_a_file_alone_becomes_a_page(tmp_path: Path, weave: Command) -> None:
    one = tmp_path / "one.py"
    one.write_text('"""# One\n\n[`f`][]\n"""\n\n\ndef f():\n    """Do."""\n')
    # In the same folder as the source, as one does.
    built = weave("build", one, "--out", tmp_path / "site")
    assert built.status == 0
    assert "no remarks" in built.out
    home = (tmp_path / "site" / "index.html").read_text()
    assert "<h1" in home
    assert re.search(r'<a href="[^"]*#f"><code>f</code></a>', home)
    assert (tmp_path / "site" / "one.py").exists()
    assert weave("check", one) == Said(0, "", "1 page, 0 problems\n")
    # What is missing is named.
    report = tmp_path / "no such folder" / "report.txt"
    built = weave("build", one, "--out", tmp_path / "site", "--report", report)
    assert built == Said(1, "", f"{report}: No such file or directory\n")
    missing = tmp_path / "nowhere"
    assert weave("check", missing) == Said(2, "", f"there is no {missing}\n")


@pytest.mark.parametrize("files", [{}, {"broken.py": "x = (\n"}])
def test_nothing_to_show_is_said(
    files: dict[str, str], tmp_path: Path, weave: Command
) -> None:
    (tmp_path / "pkg").mkdir()
    folder = write_files(tmp_path / "pkg", files)
    built = weave("build", folder, "--out", tmp_path / "site")
    assert built.status == 1
    assert "no module becomes a page" in built.err
    assert ("pkg/broken.py" if files else f"{folder} is empty") in built.err
    assert not (tmp_path / "site").exists()


def test_a_folder_that_somebody_filled_is_left_alone(
    package: Path, tmp_path: Path, weave: Command
) -> None:
    thesis = tmp_path / "home" / "thesis.tex"
    write_files(tmp_path, {"home/thesis.tex": "all my work"})
    refused = {
        thesis.parent: "has files that litweave did not make",
        thesis: "is a file",
        package: "holds the source itself",
        tmp_path: "holds the source itself",
    }
    for out, message in refused.items():
        built = weave("build", package, "--out", out)
        assert built.status == 1
        assert message in built.err
    assert thesis.read_text() == "all my work"
    assert (package / "spy.py").exists()


# Something of every kind that is judged.
FAULTY = '''r"""# Faulty

A name [`Nowhere`][], a page [there](nowhere.md), $\\nosuch$ and a $ alone.

## Notation

- $B$, `missing`: what no code names

>>> forward(1)
2

>>>refused
"""

def forward(x):
    """Not \\raw.

    >>> forward(2)
    2
    """
    if x > 5:
        return x
    return 1
'''
UNREACHED = '''"""# Unreached

>>> forward(1)
1
"""

def forward(x):
    """Give."""
    if x > 5:
        return 2
    return 1
'''


@pytest.mark.parametrize("options", [[], ["--run-examples"], ["--plain"]])
def test_a_check_lists_what_a_build_remarks(
    tmp_path: Path, weave: Command, options: list[str]
) -> None:
    files = {"faulty.py": FAULTY, "unreached.py": UNREACHED}
    package, report = write_files(tmp_path / "pkg", files), tmp_path / "report.txt"
    out = ["--out", tmp_path / "site", "--report", report]
    assert weave("build", package, *out, *options).status == 0
    remarks = report.read_text().partition("# Remarks\n")[2].split("\n")[:-1]
    checked = weave("check", package, *options)
    assert checked.status == 1
    listed = checked.out.splitlines()
    assert [line for line in listed if "nothing is said" not in line] == remarks
    assert len(remarks) >= 6
    unreached = checked.out.count("no example of this module reaches")
    assert unreached == ("--run-examples" in options)


def test_silence_is_what_a_reader_would_miss() -> None:
    source = '''"""# A"""
def told():
    """Say."""
    def inner(): ...
# A comment says it, too.
def commented(): ...
class Silent:
    def method(self): ...
    def speaks(self):
        """Say."""
    def _own(self): ...
    def __init__(self): ...
@overload
def many(x: int): ...
def many(x):
    """Say."""
def _own(): ...
'''
    diagnostics = Diagnostics()
    find_silence(parse(source, "a.py"), diagnostics)
    assert str(diagnostics).splitlines() == [
        "a.py:7: nothing is said about the class “Silent”",
        "a.py:8: nothing is said about the function “Silent.method”",
    ]


def test_serve_shows_each_change_until_it_is_stopped(
    package: Path, weave: Command
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "litweave", "serve", str(package)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--cache", str(CACHE / "litweave")],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )

    def page() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/spy.html") as answer:
            return str(answer.read().decode())

    stop = threading.Timer(PATIENCE, process.kill)
    stop.start()
    try:
        wait_for("Spy", page)
        busy = weave("serve", package, "--port", port)
        taken = f"port {port} is in use: choose another, as in --port 8001\n"
        assert (busy.status, busy.err) == (1, taken)
        (package / "spy.py").write_text(SPY.replace("# Spy", "# Mole"))
        wait_for("Mole", page)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=PATIENCE)
    finally:
        stop.cancel()
        process.kill()
    assert "Traceback" not in told
    assert f"http://127.0.0.1:{port}/" in told
    assert "remarks: “litweave check” lists them" in told
    assert not list(package.rglob("ran")), "nothing was run"


def test_examples_run_when_told_and_a_module_that_cannot_be_imported_is_a_page(
    tmp_path: Path, weave: Command
) -> None:
    example = '"""# Nowhere\n\n>>> from told.nowhere import f\n"""\n'
    files = {
        "__init__.py": '"""# Told"""\n',
        "spy.py": SPY.replace("import torch\n", ""),
        "nowhere.py": f"{example}\nimport there_is_no_such_module\n",
    }
    package, site = write_files(tmp_path / "told", files), tmp_path / "site"
    built = weave("build", package, "--out", site, "--run-examples")
    assert built.status == 0
    assert "example" in built.out
    assert (package / "ran").exists()
    assert "Nowhere" in (site / "nowhere.html").read_text()
    checked = weave("check", package, "--run-examples")
    assert checked.status == 1
    assert "there_is_no_such_module" in checked.out
