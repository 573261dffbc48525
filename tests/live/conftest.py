"""A live server in a process of its own, and what asks it."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from support import PATIENCE, ROOT, write_files


@dataclass
class Answer:
    """What a server answered."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Live:
    """A running server, and one who has its token."""

    process: subprocess.Popen[str]
    port: int
    token: str
    site: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    @property
    def kernels(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] = {}, body: Any = None
    ) -> Answer:
        """Send a request as it is written, and nothing that is not asked for."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(asked) as connection:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask with the token."""
        return self.ask(method, f"/api/{path}", self.authorization, body)

    def kernel(self, page: str) -> str:
        """The kernel of a page."""
        session = self.api("POST", "sessions", {"path": page, "type": "page"})
        assert session.status == 201
        return str(session.json["kernel"]["id"])

    async def connect(
        self, kernel: str, headers: Mapping[str, str] = {}, protocols: Any = None
    ) -> WebSocketClientConnection:
        """Open the socket of a kernel, as a page of this origin with the token."""
        address = f"ws://127.0.0.1:{self.port}/api/kernels/{kernel}/channels"
        origin = {"Origin": self.address, **headers}
        request = HTTPRequest(f"{address}?session_id={uuid.uuid4()}", headers=origin)
        if protocols is None:
            protocols = ["kernel.json", f"token.{self.token}"]
        return await websocket_connect(request, subprotocols=protocols)

    def run(self, kernel: str, code: str) -> str:
        """Run code in a kernel, which it has not run before; what it prints."""
        return finished(self.ran(kernel, code))

    async def ran(self, kernel: str, code: str) -> str:
        socket = await self.connect(kernel)
        await socket.write_message(json.dumps(request(code)))
        printed = ""
        while (frame := await socket.read_message()) is not None:
            message = json.loads(frame)
            words = {"stream": "text", "error": "ename"}.get(message["msg_type"])
            printed += message["content"][words] if words else ""
            state = message["content"].get("execution_state")
            if state == "idle" and message["parent_header"].get("msg_id") == "asked":
                break
        await close(socket)
        return printed


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What comes of it. In a thread, for Playwright's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def close(connection: WebSocketClientConnection) -> None:
    """Close a socket, and wait until it is closed."""
    connection.close()
    while await connection.read_message() is not None:
        pass


def request(code: str) -> dict[str, Any]:
    """The message that runs code."""
    header = {"msg_id": "asked", "msg_type": "execute_request", "version": "5.3"}
    header |= {"session": "test", "username": "", "date": ""}
    content = {"code": code, "silent": False, "allow_stdin": False}
    parts = {"parent_header": {}, "metadata": {}, "buffers": []}
    return {"channel": "shell", "header": header, "content": content, **parts}


@contextmanager
def serving(
    site: Path, port: int = 0, path: Path = ROOT, **environment: str
) -> Iterator[Live]:
    """Start the command in `path`, whose files it can import, and end it."""
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
            yield Live(process, int(found[1]), found[2], site)
        finally:
            process.terminate()


def make_site(folder: Path) -> Path:
    """A site of two pages, beside a file that is not of it."""
    titles = {"index": "Home", "part/index": "Part", "404": "Nothing here"}
    pages = {f"site/{name}.html": f"<title>{t}</title>" for name, t in titles.items()}
    return write_files(folder, {"secret.txt": "secret", **pages}) / "site"


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server that tests share."""
    with serving(make_site(tmp_path_factory.mktemp("live"))) as server:
        yield server
