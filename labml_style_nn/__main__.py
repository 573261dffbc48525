r"""# The command

    python -m labml_style_nn copy mlp_mixer --standalone > mixer.py
    python -m labml_style_nn live
    python -m labml_style_nn preview

`copy` prints a module of this package in one of three forms, and
[`live`][live.start] serves the site so that its cells run, `preview` as it is.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from labml_style_nn.console import show_what_it_can
from labml_style_nn.live import start

_WANTED = "copy needs litweave, the renderer: pip install ./litweave"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the arguments say; the status to exit with."""
    show_what_it_can()
    parser = argparse.ArgumentParser(prog="python -m labml_style_nn")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_copy(commands)
    start.add(commands)
    options = parser.parse_args(arguments)
    return int(options.run(options))


def _add_copy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the renderer's command, or one that says how to have it."""
    try:
        from litweave.features.copy import add
    except ModuleNotFoundError:
        copy = commands.add_parser("copy", help=_WANTED)
        copy.add_argument("any", nargs=argparse.REMAINDER)
        copy.set_defaults(run=lambda _: print(_WANTED, file=sys.stderr) or 1)
    else:
        add(commands, Path(__file__).parent)


if __name__ == "__main__":
    sys.exit(main())
