r"""# Start: the commands

    python -m labml_style_nn live
    python -m labml_style_nn live site --port 8001
    python -m labml_style_nn preview

`live` serves a built site with its kernels until Ctrl-C, and prints the address to
open. It opens no browser by itself: the address holds the token, and what starts a
browser puts the address on a command line, which others on the machine can read.
`preview` serves it without kernels.
"""

import argparse
import asyncio
import errno
import logging
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from labml_style_nn.live.preview import server


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to others."""
    for run, about in (
        (_live, "serve the built site with kernels, so that its cells run"),
        (_preview, "serve the built site as it would be published"),
    ):
        parser = commands.add_parser(run.__name__[1:], help=about, description=about)
        parser.set_defaults(run=run)
        parser.add_argument(
            "site",
            type=Path,
            nargs="?",
            default=Path("site"),
            metavar="SITE",
            help="the site, as MkDocs built it (default: %(default)s)",
        )
        port = "default: %(default)s"
        parser.add_argument("--port", type=_port, default=8000, help=port)


def _live(options: argparse.Namespace) -> int:
    """Serve with kernels until Ctrl-C; the status to exit with."""
    reason = _unbuilt(options.site)
    if not (reason or find_spec("jupyter_server")):
        reason = "jupyter_server is not installed: pip install 'labml-style-nn[live]'"
    if reason:
        return _fail(reason)
    from labml_style_nn.live.server import listen, serve

    # What a hostile page, or a page of yesterday, asks in vain is no news.
    logging.getLogger("tornado").setLevel(logging.ERROR)
    try:
        sockets = listen(options.port)
    except OSError as error:
        return _fail(_about_port(options.port, error))
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.site, sockets))
    print()
    return 0


def _preview(options: argparse.Namespace) -> int:
    """Serve the files until Ctrl-C; the status to exit with."""
    if reason := _unbuilt(options.site):
        return _fail(reason)
    try:
        web = server(options.site, options.port)
    except OSError as error:
        return _fail(_about_port(options.port, error))
    with web, suppress(KeyboardInterrupt):
        address = f"http://127.0.0.1:{web.server_port}/"
        print(f"The site is at {address} (Ctrl-C ends it)", flush=True)
        web.serve_forever()
    print()
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"a port is at most 65535, not {port}")
    return port


def _about_port(port: int, error: OSError) -> str:
    busy = error.errno == errno.EADDRINUSE
    reason = "is in use" if busy else f"cannot be used ({error.strerror})"
    return f"Port {port} {reason}: choose another, as in --port 8001"


def _unbuilt(site: Path) -> str:
    """Why there is nothing to serve, if there is not."""
    there = (site / "index.html").exists()
    hint = "build the site first, as with `make build`"
    return "" if there else f"{site} has no index.html: {hint}"


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
