"""Output that a console cannot show is replaced; errors are said in words."""

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
