r"""# Preview: the site as most hosts serve it

    python -m labml_style_nn preview site

It has no kernels, needs nothing but Python, and compresses text.
"""

import gzip
import re
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

_TEXT = re.compile(r"text/|application/(json|xml|javascript)|image/svg\+xml")


class _Handler(SimpleHTTPRequestHandler):
    # Python asks the system, and some programs teach Windows another type.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript"
    }

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Compress a text for whoever takes it so."""
        path = self.translate_path(self.path)
        file = Path(path, "index.html") if path.endswith("/") else Path(path)
        kind, takes = self.guess_type(file), self.headers.get("Accept-Encoding", "")
        if "gzip" not in takes or not _TEXT.match(kind) or not file.is_file():
            return super().send_head()
        body = gzip.compress(file.read_bytes(), compresslevel=6)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return BytesIO(body)

    def list_directory(self, path: str | PathLike[str]) -> None:
        """Find no page where only files lie, as on most hosts."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that hung up, as it does when its reader goes on."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a folder on the loopback address; port 0 takes any that is free."""

    class Handler(_Handler):
        pass

    if (lost := folder / "404.html").exists():  # To Python it is a form to fill in.
        Handler.error_message_format = lost.read_text("utf-8").replace("%", "%%")
    handler = partial(Handler, directory=str(folder))
    return _Server(("127.0.0.1", port), handler)
