"""Programs that a build runs: what they say is heard, and what is stuck is ended."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from litweave import process
from litweave.process import ChildError
from litweave.progress import Progress
from support import soon


def said(program: str, **options: object) -> list[dict[str, object]]:
    command = [sys.executable, "-c", program]
    return list(process.lines(command, **options))  # type: ignore[arg-type]


def test_a_program_reads_its_request_where_it_is_told_to(tmp_path: Path) -> None:
    program = (  # What is no object is passed over.
        "import os, sys, json\nprint('words'); print('[1]')\n"
        "print(json.dumps({'read': json.load(sys.stdin), 'in': os.getcwd()}))"
    )
    (answer,) = said(program, request=["hello"], folder=tmp_path)
    assert answer == {"read": ["hello"], "in": str(tmp_path)}


def test_a_failure_is_told_after_what_was_said_before() -> None:
    said = "print('{\"a\": 1}', flush=True)"
    program = f"import sys\n{said}\nsys.stderr.write('a reason')\nsys.exit(3)"
    lines = process.lines([sys.executable, "-c", program])
    assert next(lines) == {"a": 1}
    with pytest.raises(ChildError, match="ended with status 3:\na reason"):
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
    assert soon(lambda: not psutil.pid_exists(pid))


def test_a_patient_program_lets_others_go_first() -> None:
    program = (
        "import os, time; print('{\"pid\": %d}' % os.getpid(), flush=True)\n"
        "time.sleep(900)"
    )
    for is_patient in (False, True):
        lines = process.lines([sys.executable, "-c", program], is_patient=is_patient)
        nice = psutil.Process(int(next(lines)["pid"])).nice()
        assert (nice > psutil.Process().nice()) == is_patient
        lines.close()  # type: ignore[attr-defined]


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK", 0.02)
    monkeypatch.setattr(process, "IDLE", 100)
    monkeypatch.setenv("LITWEAVE_LIMIT", "0.4")


@pytest.mark.usefixtures("quick_looks")
def test_what_runs_or_waits_forever_is_stuck() -> None:
    child = "import subprocess as s, sys\ns.run([sys.executable, '-c', 'while 1: 0'])"
    for program in ("while 1: 0", "while 1: print(1)", child):
        with pytest.raises(ChildError, match=r"within 0\.4 seconds of processor time"):
            said(program)
    with pytest.raises(
        ChildError, match=r"anything in 100 looks .+ set LITWEAVE_LOOKS"
    ):
        said("import time; time.sleep(900)")


def test_one_that_wakes_again_and_again_to_wait_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It uses 2 ms of each 100: no five looks in a row see none at all."""
    monkeypatch.setattr(process, "LOOK", 0.3)
    monkeypatch.setenv("LITWEAVE_LOOKS", "5")
    with pytest.raises(ChildError, match="computed hardly anything in 5 looks"):
        said(
            "import time\nwhile 1:\n    end = time.process_time() + 0.002\n"
            "    while time.process_time() < end: 0\n    time.sleep(0.1)"
        )


@pytest.mark.usefixtures("quick_looks")
def test_a_program_that_another_outlives_does_not_hold_up_the_build() -> None:
    program = (
        "import subprocess as s, sys\n"
        "one = s.Popen([sys.executable, '-c', 'import time; time.sleep(900)'])\n"
        "print('{\"pid\": %d}' % one.pid, flush=True)"
    )
    lines = process.lines([sys.executable, "-c", program])
    other = psutil.Process(int(next(lines)["pid"]))
    with pytest.raises(ChildError, match="computed hardly anything"):
        next(lines)  # The other has its output, and may still say something.
    other.kill()


def test_one_that_goes_with_its_time_makes_the_others_neither_idle_nor_endless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nobody waited for one that used three seconds.
    seen = iter([1.0, 4.0, 0.5, 1.0, 1.5, 2.0] * 2)
    monkeypatch.setattr(process, "_used", lambda _: next(seen))
    monkeypatch.setattr(process, "LOOK", 0)
    monkeypatch.setattr(process, "IDLE", 2)
    monkeypatch.setenv("LITWEAVE_LIMIT", "4")
    with pytest.raises(ChildError, match="within 4 seconds"):
        said("import time; time.sleep(900)")
    assert next(seen) == 1.0, "it was seen to the end"


@pytest.mark.usefixtures("quick_looks")
def test_each_step_has_the_limit_for_itself_and_to_wait_does_not_count() -> None:
    # As a program waits on a busy machine, which does not get the processor.
    assert said("import time; time.sleep(0.8); print('{}')") == [{}]
    program = (
        "import time\nfor n in range(1, 4):\n"
        "    while time.process_time() < 0.25 * n: 0\n"
        "    print('{\"n\": %d}' % n, flush=True)"
    )
    assert [answer["n"] for answer in said(program)] == [1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux has it")
def test_a_program_that_hardly_gets_the_processor_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of lowest priority, beside three loops on its core: for seconds, 10 ms."""
    monkeypatch.setenv("LITWEAVE_LIMIT", "0.4")
    core = min(os.sched_getaffinity(0))
    here = f"import os, time\nos.sched_setaffinity(0, [{core}])"
    patient = (
        f"{here}\nos.nice(19)\nend = time.process_time() + 0.01\n"
        "while time.process_time() < end: 0\n"
        "print('{}', flush=True)\nos._exit(0)"
    )
    loop = [sys.executable, "-c", f"{here}\nwhile 1: 0"]
    loops = [subprocess.Popen(loop) for _ in range(3)]
    try:
        assert said(patient) == [{}]
    finally:
        for one in loops:
            one.kill()
            one.wait()


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_limit_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITWEAVE_LIMIT", text)
    with pytest.raises(ChildError, match=f"LITWEAVE_LIMIT is “{text}”: set it to"):
        said("")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """What was drawn on the line, one after another."""
        return self.getvalue().split("\r\x1b[K")[1:]


def test_a_log_has_a_line_for_each_step_unless_they_are_many_and_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    progress = Progress(io.StringIO())
    with caplog.at_level(logging.INFO), progress.part("notebooks", 3) as part:
        for name in ("a.py", "b.py", "c.py"):
            part.begin(name)
            part.end(name)
        assert (part.begun, part.done) == (3, 3)
    with caplog.at_level(logging.INFO), progress.part("pages", 1, quick=True) as part:
        part.next("a.md")
    steps = enumerate(("a.py", "b.py", "c.py"), 1)
    assert caplog.messages == [f"notebooks {n} of 3: {name}" for n, name in steps]


def test_a_terminal_has_one_line_with_all_parts_and_one_for_each_message() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    examples, proofs = progress.part("examples", 3), progress.part("proofs", 1)
    examples.begin("one")
    proofs.begin("page")
    examples.end("one")
    examples.next("two")
    drawn = "[#####...............] examples 1/3 two | proofs 0/1 page"
    assert terminal.lines()[-1] == drawn
    examples.close()
    assert terminal.lines()[-1] == "[....................] proofs 0/1 page"
    proofs.close()
    assert terminal.lines()[-1] == ""
    # A message begins on a line of its own.
    logger = logging.Logger("a log")
    logger.addHandler(logging.StreamHandler(terminal))
    progress.make_room(logger)
    with progress.part("examples", 1) as part:
        part.begin("one")
        logger.warning("a.py:3: a mistake")
    assert "one\r\x1b[Ka.py:3: a mistake\n" in terminal.getvalue()
