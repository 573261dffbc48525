"""# The command

    python -m labml_style_nn.browser OUT

writes all files of training in the page into the folder `OUT`: what the site's build
does by itself. Names of variants after it let the others be.
"""

import sys
from pathlib import Path

from labml_style_nn.browser import site_files
from labml_style_nn.browser.variants import VARIANTS

if __name__ == "__main__":
    out, *names = sys.argv[1:]
    site_files.write(Path(out), Path(".cache/browser"), names or list(VARIANTS))
