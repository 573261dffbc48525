"""A server of a finished site on this machine.

python -m litweave.preview site
"""

import argparse
import errno
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from litweave.console import show_what_it_can


class Handler(SimpleHTTPRequestHandler):
    """Files, and the site's own page for what is not there."""

    # Python asks the system, and some programs teach Windows another type.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript"
    }

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.exists():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a folder on the loopback address; port 0 takes any that is free."""
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
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f"Port {options.port} is in use: choose another, as in --port 8001")
    print(
        f"The site is at http://127.0.0.1:{web.server_port}/ (Ctrl-C ends it)",
        flush=True,
    )
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        web.server_close()


if __name__ == "__main__":
    main()
