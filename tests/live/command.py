"""`make live` in a process of its own, until a test has seen enough."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import ROOT

Running = tuple[subprocess.Popen[str], int, str]
"""The process, its port and its token."""


@contextmanager
def running(
    site: Path, port: int = 0, path: Path = ROOT, **environment: str
) -> Iterator[Running]:
    """Start the command, read the address that it prints, and end it.

    It runs in `path`, and what lies there can be imported.
    """
    paths = os.pathsep.join([str(path), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-m", "labml_style_nn", "live", site, "--port", str(port)],
        cwd=path,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]{32,})\n", line)
            assert found, line
            yield process, int(found[1]), found[2]
        finally:
            process.terminate()
