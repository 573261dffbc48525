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
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; the status to exit with."""
    reason = lacking(options.site)
    if reason:
        return _fail(reason)
    from labml_style_nn.live.server import serve

    # What a hostile page, or a page of yesterday, asks in vain is no news.
    logging.getLogger("tornado").setLevel(logging.ERROR)
    try:
        asyncio.run(serve(options.site, options.port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _fail(
            f"Port {options.port} is in use: choose another, as in --port 8001"
        )
    except KeyboardInterrupt:
        pass
    print()
    return 0


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
