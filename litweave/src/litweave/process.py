"""Process: a program that a build runs, and when it is stuck.

It says what it found in lines of JSON. No clock tells whether it is stuck, but its
processor time, which a busy machine does not make longer: more of it than the limit for
one line, or none at all at so many looks in a row.
"""

import atexit
import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil

LIMIT = 3600
"""Seconds of processor time that a step may take, unless `LITWEAVE_LIMIT` is set."""
LOOK = 1.0
"""Seconds from one look at a program to the next."""
IDLE = 600
"""Looks in a row at which a program that waits has used no processor time at all,
unless `LITWEAVE_LOOKS` is set."""

# The priority of a program that lets others go first, on Windows and elsewhere.
_PATIENT = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 5)

_T = TypeVar("_T")
_at_work: "set[subprocess.Popen[bytes]]" = set()


class ChildError(RuntimeError):
    """A program that did not end well: says why."""


class StuckError(ChildError):
    """A program that computes without an end, or waits for what does not come."""


def limit(name: str = "LITWEAVE_LIMIT", usual: float = LIMIT) -> float:
    """What the environment sets a limit to: the processor time of a step, in seconds.

    **Raises.** `ChildError` if that is no number above zero.
    """
    text = os.environ.get(name, "")
    with suppress(ValueError):
        if not text or float(text) > 0:
            return float(text or usual)
    raise ChildError(f"{name} is “{text}”: set it to a number above 0")


def begin(work: Callable[[], _T]) -> "Future[_T]":
    """Do something in a thread, for which the end of Python does not wait."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def lines(
    command: Sequence[str],
    request: bytes = b"",
    folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
    is_patient: bool = False,
) -> Iterator[dict[str, Any]]:
    """What a program says on standard output, line by line, as it says it.

    `request` is what it reads, `folder` where it runs, and `settings` what is added to
    the environment. Several run at once, so each computes in one thread, unless
    `OMP_NUM_THREADS` says otherwise, and one that `is_patient` lets others go first. A
    line that is no JSON object is passed over: it is what a module printed. When nobody
    asks for more, the program is ended.

    **Raises.** [`ChildError`][] with what it said on standard error, if its status is
    not zero; [`StuckError`][].
    """
    with tempfile.TemporaryFile() as noise, tempfile.TemporaryFile() as asked:
        asked.write(request)
        asked.seek(0)
        process = subprocess.Popen(
            command,
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=noise,
            cwd=folder,
            env={"OMP_NUM_THREADS": "1", **os.environ, **(settings or {})},
        )
        _at_work.add(process)
        if is_patient:
            with suppress(psutil.Error):  # It may have ended.
                psutil.Process(process.pid).nice(_PATIENT)
        try:
            yield from _watched(process)
        finally:
            _end(process)
            _at_work.discard(process)
        if process.returncode:
            noise.seek(0)
            said = noise.read().decode(errors="replace").strip()
            reason = f"ended Python with status {process.returncode}"
            raise ChildError(f"{reason}:\n{said}" if said else reason)


def _watched(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """The answers of a program, with a look at it now and then."""
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process.stdout, said), daemon=True).start()
    most, looks = limit(), limit("LITWEAVE_LOOKS", IDLE)
    while (answer := _next(process.pid, said, most, looks)) is not None:
        yield answer
    process.wait()


def _read(stream: IO[bytes], said: "queue.SimpleQueue[bytes]") -> None:
    for line in stream:
        said.put(line)
    said.put(b"")


def _next(
    pid: int, said: "queue.SimpleQueue[bytes]", most: float, looks: float
) -> dict[str, Any] | None:
    """The next answer, for which a program may use so much processor time at most."""
    used, now, idle = 0.0, _used(pid), 0
    while used <= most and idle < looks:
        try:
            line = said.get(timeout=LOOK)
        except queue.Empty:
            before, now = now, _used(pid)
            # It falls where one that was started goes, and nobody waited for it.
            used += max(now - before, 0)
            idle = idle + 1 if now == before else 0
            continue
        if not line:
            return None
        with suppress(ValueError):
            if isinstance(answer := json.loads(line), dict):
                return answer
    if used > most:
        raise StuckError(
            f"did not end within {most:g} seconds of processor time: "
            "if that is too little, set LITWEAVE_LIMIT to more"
        )
    raise StuckError(
        f"computed nothing in {looks:g} looks at it, {LOOK:g} s apart: it waits for "
        "input, a lock or a network; if that may come yet, set LITWEAVE_LOOKS to more"
    )


def _used(pid: int) -> float:
    """Seconds of processor time of a program and all that it started."""
    seconds = 0.0
    for one in _tree(pid):
        with suppress(psutil.Error):
            # Its own, and that of those it started which have ended.
            seconds += sum(one.cpu_times()[:4])
    return seconds


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program, and those that it started, if they are still at work."""
    if process.poll() is None:
        for one in _tree(process.pid):
            with suppress(psutil.Error):
                one.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


@atexit.register
def _end_all() -> None:
    # Whoever stops a build stops what it started: threads may still wait for it.
    for process in list(_at_work):
        _end(process)
