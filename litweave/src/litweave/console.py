r"""# Console output

Messages here have letters that not every console has: `“`, `×`, whatever stands in a
source. On a Windows machine, output that goes into a file is in the encoding of the
country. Python would end the program at the first letter that is not in it.

So each command begins with [`show_what_it_can`][]: what cannot be shown becomes a `?`.
And what a file or a disk does not allow is said in words ([`reason`][]).
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


def reason(error: BaseException) -> str:
    """What an error says: of a file that cannot be used, its path first.

    >>> reason(PermissionError(13, "Permission denied", "runs/a.pt"))
    'runs/a.pt: Permission denied'
    >>> reason(ValueError("epochs must be at least 1"))
    'epochs must be at least 1'
    """
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
