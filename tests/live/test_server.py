"""The command: what it says, what it leaves on the machine, and how it ends."""

import asyncio
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from labml_style_nn.__main__ import main
from labml_style_nn.live.kernels import manager
from support import PATIENCE, ROOT, write_files
from tests.live.conftest import Live, close, finished, make_site, request, serving


def soon(true: Callable[[], bool]) -> bool:
    """Whether it becomes true."""
    until = time.monotonic() + PATIENCE
    while not (now := true()) and time.monotonic() < until:
        time.sleep(0.05)
    return now


def ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits for nothing but to be counted."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_text_is_compressed_for_whoever_takes_it_so(live: Live) -> None:
    words = b"words " * 1000
    (live.site / "words.html").write_bytes(words)
    assert live.ask("GET", "/words.html").body == words
    answer = live.ask("GET", "/words.html", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == words


# ## What it says


def command(*options: str, flag: str) -> tuple[int, str, str]:
    """Run the command in a Python with a flag of its own."""
    result = subprocess.run(
        [sys.executable, flag, "-m", "labml_style_nn", "live", *options],
        env={"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'litweave' / 'src'}"},
        capture_output=True,
        text=True,
    )
    return result.returncode, result.stdout, result.stderr.strip()


def test_without_jupyter_it_says_what_to_install(tmp_path: Path) -> None:
    """And without any other library: `-S` hides what is installed."""
    status, said, error = command(str(make_site(tmp_path)), flag="-S")
    assert (status, said) == (1, "")
    assert "pip install 'labml-style-nn[live]'" in error
    assert "Traceback" not in error


def test_a_busy_port_is_named(live: Live) -> None:
    wanted = f"Port {live.port} is in use: choose another, as in --port 8001"
    options = (str(live.site), "--port", str(live.port))
    assert command(*options, flag="-B") == (1, "", wanted)


def test_no_site_and_a_port_that_cannot_be_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["live", str(tmp_path)]) == 1
    unbuilt = "has no index.html: build the site first, as with `make build`"
    assert capsys.readouterr() == ("", f"{tmp_path} {unbuilt}\n")
    with pytest.raises(SystemExit, match="2"):
        main(["live", str(make_site(tmp_path)), "--port", "99999"])
    assert "a port is at most 65535, not 99999" in capsys.readouterr().err


# ## What a kernel is given

LOOK = """
import os, sys, labml_style_nn
print(labml_style_nn.__file__, sys.executable, os.getcwd(), "READER" in globals())
"""


def test_a_kernel_has_this_package_and_a_folder_of_its_own(tmp_path: Path) -> None:
    # A reader's own settings, which would define a name and change the port.
    settings = {
        ".ipython/profile_default/startup/hello.py": "READER = 1",
        ".jupyter/jupyter_server_config.py": "raise SystemExit('read')",
        ".local/share/jupyter/kernels/python3/kernel.json": """
            {"argv": ["false"], "language": "python"}""",
    }
    write_files(tmp_path / "home", settings)
    site = make_site(tmp_path)
    with serving(site, HOME=str(tmp_path / "home")) as live:
        package, python, folder, reader = live.run(live.kernel("/"), LOOK).split()
        assert not list(site.parent.glob("*.ipynb"))
    assert Path(package).is_relative_to(ROOT)
    assert (python, reader) == (sys.executable, "False")
    assert Path(folder).parent.parent == Path("/tmp")
    assert not Path(folder).exists()


def test_a_page_has_one_kernel_which_forgets_by_a_restart(live: Live) -> None:
    kernel = live.kernel("/one/")
    live.run(kernel, "x = 1")
    assert live.kernel("/one/") == kernel
    assert live.run(kernel, "print(x)") == "1\n"
    other = live.kernel("/other/")
    assert other != kernel
    assert live.run(other, "print(x)") == "NameError"
    assert live.api("POST", f"kernels/{kernel}/restart").status == 200
    assert live.kernel("/one/") == kernel
    assert live.run(kernel, "print(x)") == "NameError"


def test_an_endless_loop_is_interrupted(live: Live) -> None:
    kernel = live.kernel("/one/")

    async def endless() -> str:
        running = asyncio.create_task(
            live.ran(kernel, "print('begun', flush=True)\nwhile True: pass")
        )
        await asyncio.to_thread(soon, lambda: state(live, kernel) == "busy")
        await asyncio.sleep(0.2)
        await asyncio.to_thread(live.api, "POST", f"kernels/{kernel}/interrupt")
        return await running

    assert finished(endless()) == "begun\nKeyboardInterrupt"
    assert live.run(kernel, "print('goes on')") == "goes on\n"


def state(live: Live, kernel: str) -> Any:
    return live.api("GET", f"kernels/{kernel}").json["execution_state"]


def test_a_session_that_is_deleted_ends_its_kernel(live: Live) -> None:
    before = set(live.kernels)
    kernel = live.kernel("/deleted/")
    (process,) = set(live.kernels) - before
    sessions = live.api("GET", "sessions").json
    (session,) = [s["id"] for s in sessions if s["kernel"]["id"] == kernel]
    assert live.api("DELETE", f"sessions/{session}").status == 204
    assert soon(lambda: ended(process))
    assert live.api("GET", f"kernels/{kernel}").status == 404


def test_an_idle_kernel_ends_and_a_busy_one_does_not() -> None:
    async def watch() -> tuple[list[str], str]:
        kernels = manager(Path(folder), idle_seconds=60)
        idle, busy = await kernels.start_kernel(), await kernels.start_kernel()
        client = kernels.get_kernel(busy).client()
        client.start_channels()

        def state() -> str:
            return str(kernels.kernel_model(busy)["execution_state"])

        # What it says before somebody listens is lost, so it is asked until it answers.
        while state() != "idle":
            client.kernel_info()
            await asyncio.sleep(0.2)
        client.execute("while True: pass")
        while state() != "busy":
            await asyncio.sleep(0.2)
        # Both are up: now as if their time had passed.
        kernels.cull_idle_timeout = 1
        until = time.monotonic() + PATIENCE
        while idle in kernels and time.monotonic() < until:
            await asyncio.sleep(0.2)
        left = list(kernels.list_kernel_ids())
        client.stop_channels()
        await kernels.shutdown_all(now=True)
        return left, busy

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        left, busy = finished(watch())
    assert left == [busy]


# ## What it leaves on the machine


def test_nobody_else_on_the_machine_sees_the_token(live: Live) -> None:
    live.kernel("/one/")
    processes = [psutil.Process(live.process.pid), *live.kernels]
    assert len(processes) > 1
    for process in processes:
        assert live.token not in " ".join(process.cmdline())
        assert live.token not in str(process.environ())
    folder = Path(processes[-1].cwd()).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in [*folder.rglob("*"), *live.site.rglob("*")]:
        assert not path.is_file() or live.token.encode() not in path.read_bytes()


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    return {
        (connection.laddr.ip, connection.laddr.port)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_one_port_is_open_and_only_for_this_machine(live: Live) -> None:
    kernel = live.kernel("/one/")
    live.run(kernel, "pass")
    server = psutil.Process(live.process.pid)
    assert listening(server) == {("127.0.0.1", live.port)}
    # IPython takes text there that its own children print, and nothing else.
    for process in live.kernels:
        assert {host for host, _ in listening(process)} <= {"127.0.0.1"}


def test_the_channels_of_a_kernel_are_files_of_this_user(live: Live) -> None:
    kernel = live.kernel("/one/")
    told = "from IPython import get_ipython; print(get_ipython().kernel.parent.{})"
    assert live.run(kernel, told.format("transport")) == "ipc\n"
    where = Path(live.run(kernel, told.format("ip")).strip())
    assert where.parent.stat().st_mode & 0o777 == 0o700
    assert len(list(where.parent.glob(f"{where.name}-*"))) == 5


# A kernel would not end by itself, and its page was left. Another page is open, whose
# kernel answers, or is only beginning.
@pytest.mark.parametrize(
    ("number", "begun"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, False)],
)
def test_it_ends_at_once_with_all_that_runs(
    tmp_path: Path, number: int, begun: bool
) -> None:
    async def end(live: Live) -> int:
        await leave_busy(live, kernel)
        other = await asyncio.to_thread(live.kernel, "/open/")
        if begun:
            await live.ran(other, "pass")
        connection = await live.connect(other)
        processes.extend(live.kernels)
        live.process.send_signal(number)
        code = await asyncio.to_thread(live.process.wait, PATIENCE)
        await close(connection)
        return code

    processes: list[psutil.Process] = []
    with serving(make_site(tmp_path)) as live:
        kernel = live.kernel("/")
        folder = live.run(kernel, "import os; print(os.getcwd())").strip()
        assert finished(end(live)) == 0
        said = live.process.stdout.read() if live.process.stdout else ""
    assert len(processes) == 3
    assert all(ended(process) for process in processes)
    assert not Path(folder).parent.exists()
    assert said == "(Ctrl-C ends it, and all that runs)\n\n"


async def leave_busy(live: Live, kernel: str) -> None:
    """Let a kernel run for ever, with a child, and close its socket."""
    code = "import subprocess; subprocess.Popen(['sleep', '1000'])\nwhile True: pass"
    connection = await live.connect(kernel)
    await connection.write_message(json.dumps(request(code)))
    await asyncio.to_thread(soon, lambda: len(live.kernels) == 2)
    await close(connection)


def test_kernels_end_if_it_is_killed(tmp_path: Path) -> None:
    with serving(make_site(tmp_path)) as live:
        live.run(live.kernel("/"), "pass")
        processes = live.kernels
        folder = Path(processes[0].cwd()).parent
        live.process.kill()
        assert processes
        assert soon(lambda: all(ended(process) for process in processes))
    shutil.rmtree(folder)
