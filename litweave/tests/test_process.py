"""Programs that a build runs: what they say is heard, and what is stuck is ended."""

import sys
from pathlib import Path

import psutil
import pytest

from litweave import process
from litweave.process import ChildError, StuckError


def said(program: str, **options: object) -> list[dict[str, object]]:
    command = [sys.executable, "-c", program]
    return list(process.lines(command, **options))  # type: ignore[arg-type]


def test_a_program_reads_its_request_where_it_is_told_to(tmp_path: Path) -> None:
    program = (  # What is no object is passed over.
        "import os, sys, json\nprint('words'); print('[1]')\n"
        "print(json.dumps({'read': input(), 'in': os.getcwd(), 'x': os.environ['X']}))"
    )
    (answer,) = said(program, request=b"hello", folder=tmp_path, settings={"X": "y"})
    assert answer == {"read": "hello", "in": str(tmp_path), "x": "y"}


def test_a_failure_is_told_after_what_was_said_before() -> None:
    said = "print('{\"a\": 1}', flush=True)"
    program = f"import sys\n{said}\nsys.stderr.write('a reason')\nsys.exit(3)"
    lines = process.lines([sys.executable, "-c", program])
    assert next(lines) == {"a": 1}
    with pytest.raises(ChildError, match="ended Python with status 3:\na reason"):
        next(lines)


def test_a_program_that_nobody_listens_to_is_ended_with_all_it_started() -> None:
    sleep = "import time; time.sleep(900)"
    program = (
        f"{sleep[:11]}, subprocess, sys\n"
        f"one = subprocess.Popen([sys.executable, '-c', '{sleep}'])\n"
        "print('{\"pid\": %d}' % one.pid, flush=True)\ntime.sleep(900)"
    )
    lines = process.lines([sys.executable, "-c", program])
    pid = int(next(lines)["pid"])
    lines.close()  # type: ignore[attr-defined]
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], 30)
    assert not psutil.pid_exists(pid)


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK", 0.02)
    monkeypatch.setattr(process, "IDLE", 100)
    monkeypatch.setenv("LITWEAVE_LIMIT", "0.4")


@pytest.mark.usefixtures("quick_looks")
def test_what_computes_without_an_end_or_waits_for_nothing_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = "import subprocess as s, sys\ns.run([sys.executable, '-c', 'while 1: 0'])"
    for program in ("while 1: 0", child):
        with pytest.raises(StuckError, match=r"within 0\.4 seconds of processor time"):
            said(program)
    monkeypatch.setattr(process, "IDLE", 20)
    with pytest.raises(StuckError, match="computed nothing in 20 looks"):
        said("import time; time.sleep(900)")


@pytest.mark.usefixtures("quick_looks")
def test_each_step_has_the_limit_for_itself() -> None:
    program = (
        "import time\nfor n in range(1, 4):\n"
        "    while time.process_time() < 0.25 * n: 0\n"
        "    print('{\"n\": %d}' % n, flush=True)"
    )
    assert [answer["n"] for answer in said(program)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_limit_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITWEAVE_LIMIT", text)
    with pytest.raises(ChildError, match=f"LITWEAVE_LIMIT is “{text}”: set it to"):
        process.limit()


@pytest.mark.usefixtures("quick_looks")
def test_what_waits_longer_than_the_limit_by_the_clock_is_not_stuck() -> None:
    """As a program does on a busy machine, which does not get the processor."""
    assert said("import time; time.sleep(0.8); print('{}')") == [{}]
