"""Programs that a build runs: what they say is heard, and what is stuck is ended."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from litweave import process
from litweave.book import Book
from litweave.features.shapes import shapes
from litweave.process import ChildError, StuckError


def said(program: str, **options: object) -> list[dict[str, object]]:
    command = [sys.executable, "-c", program]
    return list(process.lines(command, **options))  # type: ignore[arg-type]


def test_a_program_reads_its_request_where_it_is_told_to(tmp_path: Path) -> None:
    # What is no object is passed over.
    program = (
        "import os, sys, json\nprint('words'); print('[1]')\n"
        "print(json.dumps({'read': input(), 'in': os.getcwd(), 'x': os.environ['X']}))"
    )
    (answer,) = said(program, request=b"hello", folder=tmp_path, settings={"X": "y"})
    assert answer == {"read": "hello", "in": str(tmp_path), "x": "y"}


def test_a_failure_is_told_after_what_was_said_before() -> None:
    program = (
        "import os, sys\nprint('{\"a\": 1}', flush=True)\n"
        "print('a reason', file=sys.stderr, flush=True)\nos._exit(3)"
    )
    lines = process.lines([sys.executable, "-c", program])
    assert next(lines) == {"a": 1}
    with pytest.raises(ChildError, match="ended Python with status 3:\na reason"):
        next(lines)


def test_a_program_that_nobody_listens_to_is_ended_with_all_it_started() -> None:
    program = (
        "import subprocess, sys, time\n"
        "sleep = 'import time; time.sleep(900)'\n"
        "one = subprocess.Popen([sys.executable, '-c', sleep])\n"
        "print('{\"pid\": %d}' % one.pid, flush=True)\n"
        "time.sleep(900)"
    )
    lines = process.lines([sys.executable, "-c", program])
    pid = int(next(lines)["pid"])
    lines.close()  # type: ignore[attr-defined]
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], 30)
    assert not psutil.pid_exists(pid)


# ## Stuck


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK", 0.02)
    monkeypatch.setattr(process, "IDLE", 100)


@pytest.mark.usefixtures("quick_looks")
def test_a_program_that_computes_without_an_end_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEAVE_LIMIT", "0.5")
    loop = (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while 1: 0'])"
    )
    for program in ("while 1: 0", loop):
        with pytest.raises(StuckError, match=r"within 0\.5 seconds of processor time"):
            said(program)


@pytest.mark.usefixtures("quick_looks")
def test_a_program_that_waits_for_what_does_not_come_is_stuck() -> None:
    with pytest.raises(StuckError, match="computed nothing in 100 looks"):
        said("import time; time.sleep(900)")


@pytest.mark.usefixtures("quick_looks")
def test_each_step_has_the_limit_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVE_LIMIT", "0.5")
    step = "while time.process_time() < end: 0"
    program = (
        "import time\n"
        "for n in range(1, 5):\n"
        f"    end = 0.3 * n\n    {step}\n    print('{{\"n\": %d}}' % n, flush=True)"
    )
    assert [answer["n"] for answer in said(program)] == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_limit_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVE_LIMIT", text)
    with pytest.raises(ChildError, match=f"WEAVE_LIMIT is “{text}”: set it to"):
        process.limit()


# ## Slow

BUSY = "import os\nos.nice(19)\nprint('ready', flush=True)\nwhile 1: 0"


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Three endless loops for each processor."""
    count = 3 * (os.cpu_count() or 1)
    command = [sys.executable, "-c", BUSY]
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for loop in loops:
            assert loop.stdout
            assert loop.stdout.readline()
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.communicate()


@pytest.mark.usefixtures("busy_machine")
def test_on_a_busy_machine_what_is_slow_is_not_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = process.lines
    monkeypatch.setattr(
        process, "lines", lambda c, *a, **o: lines(["nice", "-n", "19", *c], *a, **o)
    )
    # It takes longer than the limit by the clock, for it gets a quarter of a processor.
    count = 40_000_000
    began = time.process_time()
    total = sum(range(count))
    monkeypatch.setenv("WEAVE_LIMIT", str(1 + 2 * (time.process_time() - began)))
    (tmp_path / "slow.py").write_text(
        f'"""# Slow\n\n>>> sum(range({count}))\n{total}\n"""\n'
    )
    book = Book()
    book.read(tmp_path / "slow.py")
    measured = shapes.measure(book, tmp_path / "cache")
    assert not book.context.diagnostics.found
    assert [found.ran for found in measured.values()] == [True]
