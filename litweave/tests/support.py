"""What tests share: how they run, where things lie, how a site is built."""

import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import settings
from mkdocs.__main__ import cli
from mkdocs.commands import build as mkdocs_build

from litweave import node
from litweave.book import Book
from litweave.features import notebooks  # noqa: F401 - before Jupyter, to make it quick
from litweave.settings import Settings

FOLDER = Path(__file__).parents[1]
ROOT = FOLDER.parent
# Seconds after which what hangs is given up, however much else the machine has to do.
PATIENCE = 600
# Beside a book, whose build has fetched KaTeX, the tests need not fetch it again.
CACHE = (ROOT if (ROOT / "mkdocs.yml").is_file() else FOLDER) / ".cache"

# A test that takes long on a busy machine is no mistake.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# What a shell starts in the background ignores Ctrl-C, and would hand that down to the
# programs that are here stopped by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Look no more for garbage among what was imported and collected."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def katex() -> Path:
    """KaTeX, as the lock file names it."""
    return node.packages(CACHE / "litweave") / "katex"


def settings_of(source: Path, **options: Any) -> Settings:
    """The options of a site of a package or a file, which keeps what others set."""
    return Settings((source,), **{"cache": CACHE / "litweave", **options})


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder with an `mkdocs.yml`, as a command would."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", *options],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


def build_here(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build it by the same command in this process, in a fraction of the time."""
    with chdir(folder):
        result = CliRunner().invoke(cli, ["build", "--strict", *options])
    # A filter that MkDocs leaves behind would hide what a second build says again.
    mkdocs_build.log.filters.clear()
    error = result.exception
    if error and not isinstance(error, SystemExit):
        raise error
    return subprocess.CompletedProcess(
        options, result.exit_code, result.stdout, result.stderr
    )


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def soon(true: Callable[[], bool]) -> bool:
    """Whether it becomes true."""
    end = time.monotonic() + PATIENCE
    while not (now := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return now


def wait_for(text: str, read: Callable[[], str]) -> None:
    """Read again and again, until the text is there; what cannot be read is empty."""

    def said() -> bool:
        with suppress(OSError):
            return text in read()
        return False

    assert soon(said), f"nothing ever said “{text}”"


def some_files(package: Path) -> list[Path]:
    """A tenth of a large package's files: those that a hash of their names chooses."""
    # What is installed beside the standard library is many times as much.
    tops = (path for path in package.iterdir() if path.name != "site-packages")
    paths = [p for top in tops for p in (top.rglob("*.py") if top.is_dir() else [top])]
    own = sorted(path.relative_to(package) for path in paths if path.suffix == ".py")
    assert len(own) > 500
    return [package / p for p in own if zlib.crc32(p.as_posix().encode()) % 10 == 0]


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, and the folders that they need."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def cache_of(folder: Path) -> Path:
    """A cache of a folder's own, in which nothing is but KaTeX and the theme."""
    cache, whole = folder / "cache", CACHE / "litweave"
    cache.mkdir()
    (whole / "templates").mkdir(parents=True, exist_ok=True)
    for path in (*whole.glob("node-*"), whole / "templates"):
        (cache / path.name).symlink_to(path)
    return cache


def book_of(folder: Path, files: dict[str, str]) -> Book:
    texts = {name: textwrap.dedent(text) for name, text in files.items()}
    return read_book(write_files(folder / "pkg", texts))


def read_book(source: Path, exclude: Sequence[str] = (), **options: Any) -> Book:
    book = Book()
    book.read(source, exclude, **options)
    return book


def assert_tidy(folder: Path) -> None:
    for command in (["format", "--check"], ["check", "--select", "F,E,I"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
