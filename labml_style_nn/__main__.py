r"""# The command

    python -m labml_style_nn copy mlp_mixer --standalone > mixer.py

prints a module of this package in one of three forms, see
[`terminal`][copies.terminal].
"""

import sys
from pathlib import Path

from labml_style_nn.weave.copies.terminal import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
