"""A host that can be told to misbehave, on this machine."""

import contextlib
import hashlib
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple

import pytest

from labml_style_nn.data.download import DataFile
from support import PATIENCE


class Asked(NamedTuple):
    """One request: the path, the `Range` it had, and how many bytes were sent."""

    path: str
    range: str | None
    sent: int


def described(name: str, content: bytes, *addresses: str) -> DataFile:
    """What a data set says of a file that it publishes."""
    sums = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    return DataFile(name, len(content), *sums, addresses)


@contextlib.contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Limit the size of files, which stops a write as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@dataclass
class Host:
    """Files to serve, how to answer the next requests, and the requests that came.

    An answer is a word, or a word with a number. When none are left, `usually` it is.
    """

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    answers: list[str | tuple[str, float]] = field(default_factory=list)
    usually: str | tuple[str, float] = "good"
    asked: list[Asked] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"

    def publish(self, name: str, content: bytes) -> DataFile:
        """Put a file on the host; how a data set describes it."""
        self.files[name] = content
        return described(name, content, self.url(name))

    @property
    def sent(self) -> int:
        return sum(asked.sent for asked in self.asked)


class Handler(BaseHTTPRequestHandler):
    host: Host
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.close_connection = True
        answer = self.host.answers.pop(0) if self.host.answers else self.host.usually
        word, number = answer if isinstance(answer, tuple) else (answer, None)
        self.number = len(self.host.asked)
        self.host.asked.append(Asked(self.path, self.headers.get("Range"), 0))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            content = self.host.files.get(self.path.lstrip("/"))
            if content is None:
                self.status(b"", 404)
            else:
                getattr(self, word)(content, number)

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, content: bytes) -> None:
        # It is counted first: whoever has received it may look at once.
        asked = self.host.asked[self.number]
        self.host.asked[self.number] = asked._replace(sent=asked.sent + len(content))
        self.wfile.write(content)

    def open_range(self, content: bytes) -> bytes:
        """Send the head of an answer that honours `Range`; what it should contain."""
        asked = self.headers.get("Range")
        if asked is None:
            self.begin(200, len(content))
            return content
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self.begin(416, 0, Content_Range=f"bytes */{len(content)}")
            return b""
        where = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.begin(206, len(content) - start, Content_Range=where)
        return content[start:]

    # ## The answers

    def good(self, content: bytes, end: int | None) -> None:
        """Send all, or close the connection after some bytes."""
        self.send(self.open_range(content)[:end])

    drop = good

    def no_range(self, content: bytes, end: int | None) -> None:
        self.begin(200, len(content))
        self.send(content[:end])

    drop_without_range = no_range

    def status(self, content: bytes, number: int) -> None:
        self.begin(number, 0)

    def altered(self, content: bytes, _: None) -> None:
        self.send(bytes(byte ^ 1 for byte in self.open_range(content)))

    def shorter(self, content: bytes, length: int) -> None:
        self.good(content[:length], None)

    def unannounced(self, content: bytes, _: None) -> None:
        self.begin(200, None)
        self.send(content)

    def endless(self, content: bytes, _: None) -> None:
        self.begin(200, None)
        while True:
            self.send(content)

    def other_range(self, content: bytes, _: None) -> None:
        where = f"bytes 0-{len(content) - 1}/{len(content)}"
        self.begin(206, len(content), Content_Range=where)
        self.send(content)

    def silent(self, content: bytes, seconds: float) -> None:
        self.open_range(content)
        time.sleep(seconds)

    def slow(self, content: bytes, seconds: float) -> None:
        """Send a hundredth, pause, and so on."""
        rest, piece = self.open_range(content), max(len(content) // 100, 1)
        for start in range(0, len(rest), piece):
            self.send(rest[start : start + piece])
            time.sleep(seconds)

    def held(self, content: bytes, end: int) -> None:
        """Send some bytes, and the others only when the test allows it."""
        rest = self.open_range(content)
        self.send(rest[:end])
        self.host.released.wait(PATIENCE)
        self.send(rest[end:])

    def nonsense(self, content: bytes, _: None) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host = Host("")
    handler = type("OwnHandler", (Handler,), {"host": host})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        host.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield host
        host.released.set()
        server.shutdown()
    thread.join()
