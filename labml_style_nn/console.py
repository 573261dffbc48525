r"""# Console: what it cannot show ends no program

Messages here have letters that not every console has: `“`, `×`, whatever stands in a
source. On a Windows machine, output that goes into a file is in the encoding of the
country. Python would end the program at the first letter that is not in it.

So each command begins with [`show_what_it_can`][]: what cannot be shown becomes a `?`.
"""

import io
import sys


def show_what_it_can() -> None:
    """Let standard output replace the letters that it does not have.

    Standard error does so anyway.

    >>> show_what_it_can()
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
