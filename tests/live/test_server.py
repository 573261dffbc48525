"""The command: what it says, what it leaves on the machine, and how it ends."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from labml_style_nn.__main__ import main
from labml_style_nn.live import client
from labml_style_nn.live.kernels import manager
from support import PATIENCE, ROOT, soon, write_files
from tests.live.conftest import Live, close, finished, make_site, request, serving


def ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits for nothing but to be counted."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_scripts_are_told_of_and_what_is_not_installed(tmp_path: Path) -> None:
    """And without any other library: `-S` hides what is installed."""
    files = {path.name for path in Path(client.__file__).with_name("assets").iterdir()}
    assert set(re.findall(r"`(\w+\.(?:js|css))`", str(client.__doc__))) == files
    result = subprocess.run(
        [sys.executable, "-S", "-m", "labml_style_nn", "live", make_site(tmp_path)],
        env={"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'litweave' / 'src'}"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "pip install 'labml-style-nn[live]'" in result.stderr
    assert "Traceback" not in result.stderr


# Tornado leaves the socket that it could not bind to whoever collects garbage.
@pytest.mark.filterwarnings("ignore:unclosed <socket", "ignore:Exception ignored")
def test_no_site_and_a_port_that_is_busy_or_cannot_be_are_refused(
    live: Live, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unbuilt = "has no index.html: build the site first, as with `make build`"
    busy = f"Port {live.port} is in use: choose another, as in --port 8001\n"
    for command in ("live", "preview"):
        assert main([command, str(tmp_path)]) == 1
        assert capsys.readouterr() == ("", f"{tmp_path} {unbuilt}\n")
        assert main([command, str(live.site), "--port", str(live.port)]) == 1
        assert capsys.readouterr() == ("", busy)
    with pytest.raises(SystemExit, match="2"):
        main(["live", str(live.site), "--port", "99999"])
    assert "a port is at most 65535, not 99999" in capsys.readouterr().err


LOOK = "import os, sys, labml_style_nn as package\n"
LOOK += "print(package.__file__, sys.executable, os.getcwd(), 'READER' in globals())"


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


def test_a_page_has_one_kernel_until_its_session_is_deleted(live: Live) -> None:
    """What interrupts it, or begins it anew, a reader does in `browser/test_live`."""
    kept = live.kernel("/one/")
    live.run(kept, "x = 1")
    assert live.kernel("/one/") == kept
    assert live.run(kept, "print(x)") == "1\n"
    before = set(live.kernels)
    kernel = live.kernel("/deleted/")
    (process,) = set(live.kernels) - before
    assert live.run(kernel, "print(x)") == "NameError"
    sessions = live.api("GET", "sessions").json
    (session,) = [s["id"] for s in sessions if s["kernel"]["id"] == kernel]
    assert live.api("DELETE", f"sessions/{session}").status == 204
    assert soon(lambda: ended(process))
    assert live.api("GET", f"kernels/{kernel}").status == 404


def test_an_idle_kernel_ends_and_a_busy_one_does_not() -> None:
    async def watch(folder: str) -> None:
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
        await asyncio.to_thread(soon, lambda: idle not in kernels)
        assert list(kernels.list_kernel_ids()) == [busy]
        client.stop_channels()
        await kernels.shutdown_all(now=True)

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        finished(watch(folder))


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    found = process.net_connections("inet")
    return {tuple(one.laddr) for one in found if one.status == psutil.CONN_LISTEN}


def test_nobody_else_on_the_machine_sees_the_token_or_a_kernel(live: Live) -> None:
    """One port is open, to this machine alone. A kernel's channels are its user's."""
    kernel = live.kernel("/one/")
    told = "app = get_ipython().kernel.parent; print(app.transport, app.ip)"
    transport, ip = live.run(kernel, told).split()
    assert listening(psutil.Process(live.process.pid)) == {("127.0.0.1", live.port)}
    # IPython takes text there that its own children print, and nothing else.
    for process in live.kernels:
        assert {host for host, _ in listening(process)} <= {"127.0.0.1"}
    assert transport == "ipc"
    assert Path(ip).parent.stat().st_mode & 0o777 == 0o700
    assert len(list(Path(ip).parent.glob(f"{Path(ip).name}-*"))) == 5
    processes = [psutil.Process(live.process.pid), *live.kernels]
    assert len(processes) > 1
    for process in processes:
        assert live.token not in " ".join(process.cmdline())
        assert live.token not in str(process.environ())
    folder = Path(processes[-1].cwd()).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in [*folder.rglob("*"), *live.site.rglob("*")]:
        assert not path.is_file() or live.token.encode() not in path.read_bytes()


BUSY = "import subprocess; subprocess.Popen(['sleep', '1000'])\nwhile True: pass"


# A kernel would not end by itself, and its page was left. Another page is open, whose
# kernel answers, or is only beginning.
@pytest.mark.parametrize(
    ("number", "begun"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, False)],
)
def test_it_ends_with_all_that_runs(tmp_path: Path, number: int, begun: bool) -> None:
    async def end(live: Live) -> int:
        connection = await live.connect(kernel)
        await connection.write_message(json.dumps(request(BUSY)))
        await asyncio.to_thread(soon, lambda: len(live.kernels) == 2)
        await close(connection)
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


def test_kernels_end_if_it_is_killed(tmp_path: Path) -> None:
    with serving(make_site(tmp_path)) as live:
        live.run(live.kernel("/"), "pass")
        processes = live.kernels
        folder = Path(processes[0].cwd()).parent
        live.process.kill()
        assert processes
        assert soon(lambda: all(ended(process) for process in processes))
    shutil.rmtree(folder)
