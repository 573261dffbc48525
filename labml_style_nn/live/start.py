r"""# Start: the command

    python -m labml_style_nn live
    python -m labml_style_nn live site --port 8001

serves a built site with its kernels until Ctrl-C, and prints the address to open. It
opens no browser by itself: the address holds the token, and what starts a browser puts
the address on a command line, which others on the machine can read.
"""

import argparse
import asyncio
import errno
import logging
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to others."""
    about = "serve the built site with kernels, so that its cells run"
    parser = commands.add_parser("live", help=about, description=about)
    parser.set_defaults(run=run)
    parser.add_argument(
        "site",
        type=Path,
        nargs="?",
        default=Path("site"),
        metavar="SITE",
        help="the site, as MkDocs built it (default: %(default)s)",
    )
    parser.add_argument("--port", type=_port, default=8000, help="default: %(default)s")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; the status to exit with."""
    reason = lacking(options.site)
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


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"a port is at most 65535, not {port}")
    return port


def _about_port(port: int, error: OSError) -> str:
    busy = error.errno == errno.EADDRINUSE
    reason = "is in use" if busy else f"cannot be used ({error.strerror})"
    return f"Port {port} {reason}: choose another, as in --port 8001"


def lacking(site: Path) -> str:
    """What is missing before anything can be served, and how to come by it."""
    if not (site / "index.html").exists():
        return f"{site} has no index.html: build the site first, as with `make build`"
    if not find_spec("jupyter_server"):
        return "jupyter_server is not installed: pip install 'labml-style-nn[live]'"
    return ""


def _fail(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
