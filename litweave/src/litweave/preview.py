"""A server of a finished site on this machine, which compresses text as most hosts do.

python -m litweave.preview site
"""

import argparse
import gzip
import re
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from litweave.progress import show_what_it_can

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

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a folder on the loopback address; port 0 takes any that is free."""

    class Handler(_Handler):
        pass

    if (lost := folder / "404.html").exists():  # To Python it is a form to fill in.
        Handler.error_message_format = lost.read_text("utf-8").replace("%", "%%")
    handler = partial(Handler, directory=str(folder))
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until Ctrl-C."""
    show_what_it_can()
    parser = argparse.ArgumentParser(
        prog="python -m litweave.preview",
        description="Serve a built site on this machine.",
    )
    parser.add_argument("folder", type=Path, help="the site, as MkDocs built it")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    options = parser.parse_args()
    if not (options.folder / "index.html").exists():
        parser.error(f"{options.folder} has no index.html: build the site first")
    try:
        web = server(options.folder, options.port)
    except OSError as error:
        sys.exit(f"port {options.port}: {error.strerror}: try another, as --port 8001")
    address = f"http://127.0.0.1:{web.server_port}/"
    print(f"The site is at {address} (Ctrl-C ends it)", flush=True)
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        web.server_close()


if __name__ == "__main__":
    main()
