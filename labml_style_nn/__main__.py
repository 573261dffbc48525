r"""# The command

    python -m labml_style_nn copy mlp_mixer --standalone > mixer.py
    python -m labml_style_nn live

[`copy`][copies.terminal] prints a module of this package in one of three forms, and
[`live`][live.start] serves the site so that its cells run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from labml_style_nn.console import show_what_it_can
from labml_style_nn.live import start
from labml_style_nn.weave.copies import terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the arguments say; the status to exit with."""
    show_what_it_can()
    parser = argparse.ArgumentParser(prog="python -m labml_style_nn")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    terminal.add(commands, Path(__file__).parent)
    start.add(commands)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
