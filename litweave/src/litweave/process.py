"""Process: a program that a build runs, and when it is stuck.

No clock tells whether it is stuck, but its processor time, which a busy machine does
not make longer: more of it than the limit for one line, or hardly any at so many looks
in a row.
"""

import atexit
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from subprocess import PIPE
from threading import Thread
from typing import IO, Any, TypeVar

import psutil

# Seconds of processor time that a step may take, unless `LITWEAVE_LIMIT` is set;
# seconds from one look at a program to the next; unless `LITWEAVE_LOOKS` is set, looks
# in a row at which one that waits has used hardly any; and how much of it that is.
LIMIT, LOOK, IDLE, LITTLE = 3600, 1.0, 600, 0.05
# The priority of a program that lets others go first, where there are such (Windows).
_PATIENT = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None)
Answer = dict[str, Any]
_T = TypeVar("_T")


class ChildError(RuntimeError):
    """A program that did not end well, or is stuck: says why."""


def _limit(name: str, usual: float) -> float:
    text = os.environ.get(name) or str(usual)
    with suppress(ValueError):
        if float(text) > 0:
            return float(text)
    raise ChildError(f"{name} is “{text}”: set it to a number above 0")


def begin(work: Callable[[], _T]) -> "Future[_T]":
    """Do something in a thread, for which the end of Python does not wait."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def lines(
    command: Sequence[str],
    request: object = None,
    folder: Path | None = None,
    is_patient: bool = False,
) -> Iterator[Answer]:
    """What a program says on standard output, line by line, as it says it.

    `request` is what it reads, as JSON, and `folder` where it runs. Several run at
    once, so each computes in one thread, unless `OMP_NUM_THREADS` says otherwise, and
    one that `is_patient` lets others go first. A line that is no JSON object is passed
    over: it is what a module printed. When nobody asks for more, the program is ended.

    **Raises.** [`ChildError`][] if it is stuck, or if its status is not zero, with what
    it said on standard error.
    """
    # Whatever the console of this machine is, the answer is in UTF-8.
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as noise, tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(request).encode())
        asked.seek(0)
        streams = {"stdin": asked, "stdout": PIPE, "stderr": noise}
        program = psutil.Popen(command, cwd=folder, env=environment, **streams)
        # Whoever stops a build stops what it started.
        end = atexit.register(partial(_end, program))
        try:
            if is_patient:
                with suppress(psutil.Error):  # It may have ended.
                    program.nice(_PATIENT or min(program.nice() + 5, 19))
            said = Queue[Answer | None]()
            begin(partial(_listen, program.stdout, said))
            yield from iter(partial(_next, program, said), None)
            program.wait()
        finally:
            end()
            atexit.unregister(end)
        if program.returncode:
            noise.seek(0)
            reason = f"ended with status {program.returncode}"
            why = noise.read().decode(errors="replace").strip()
            raise ChildError(f"{reason}:\n{why}" if why else reason)


def _listen(stream: IO[bytes], said: "Queue[Answer | None]") -> None:
    """Take what a program says, and none when nobody can say more.

    That may be long after its end, if another has its output, too.
    """
    with stream:
        for line in stream:
            with suppress(ValueError, RecursionError):
                if isinstance(answer := json.loads(line), dict):
                    said.put(answer)
    said.put(None)


def _next(program: psutil.Popen, said: "Queue[Answer | None]") -> Answer | None:
    """The next answer of a program, for which it has the whole limit."""
    most, looks = _limit("LITWEAVE_LIMIT", LIMIT), _limit("LITWEAVE_LOOKS", IDLE)
    used, idle, before = 0.0, 0, _used(program)
    while used <= most and idle < looks:
        with suppress(Empty):
            return said.get(timeout=LOOK)
        now = _used(program)
        # It falls where one that was started goes, and nobody waited for it.
        more = max(now - before, 0)
        used, before = used + more, now
        idle = idle + 1 if _waits(program, more) else 0
    if used > most:
        raise ChildError(
            f"did not end within {most:g} seconds of processor time: "
            "if that is too little, set LITWEAVE_LIMIT to more"
        )
    raise ChildError(
        f"computed hardly anything in {looks:g} looks at it, {LOOK:g} s apart: it "
        "waits for input, a lock or a network; if that may come yet, set "
        "LITWEAVE_LOOKS to more"
    )


def _used(program: psutil.Popen) -> float:
    """Seconds of processor time of a program and all that it started."""
    # Its own, and that of those it started which have ended.
    return sum(_each(program, lambda one: float(sum(one.cpu_times()[:4]))))


def _waits(program: psutil.Popen, used: float) -> bool:
    """Whether a program that used so much since the last look has nothing to compute.

    Who waits may ask again and again, as Jupyter does. Whoever is kept from the
    processor has little of it, too, but could go on.
    """
    if not 0 < used <= LITTLE * LOOK:
        return not used
    states = _each(program, lambda one: str(one.status()))
    return bool(states) and psutil.STATUS_RUNNING not in states


def _end(program: psutil.Popen) -> None:
    """End a program, and those that it started, if they are still at work."""
    if program.poll() is None:
        _each(program, lambda one: one.kill())
    program.wait()


def _each(program: psutil.Popen, ask: Callable[[psutil.Process], _T]) -> list[_T]:
    """What a program and all that it started say, those that have not ended."""
    said = list[_T]()
    with suppress(psutil.NoSuchProcess):
        for one in [program, *program.children(recursive=True)]:
            with suppress(psutil.Error):
                said.append(ask(one))
    return said
