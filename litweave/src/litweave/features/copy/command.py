"""The command `copy`: a module on standard output.

Messages go to standard error, so that only code goes down a pipe, in UTF-8 and with the
same ends of lines on every system.
"""

import argparse
import os
import sys
from pathlib import Path

from litweave.book import Book
from litweave.features.copy import needed
from litweave.features.copy.clean import clean, formatted
from litweave.features.copy.standalone import StandaloneError, head, standalone
from litweave.names import Names, Target, UnknownNameError


def run(options: argparse.Namespace) -> int:
    """Do as the options say; the status to exit with."""
    book = Book()
    book.read(options.path)
    for problem in sorted(book.context.diagnostics.found):
        if problem.kind == "file":
            print(problem, file=sys.stderr)
    try:
        text = _text(book, options)
    except UnknownNameError as error:
        print(f"{error} (copy --list lists all modules)", file=sys.stderr)
        return 2
    except StandaloneError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever listened has heard enough. Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _text(book: Book, options: argparse.Namespace) -> bytes:
    if options.list:
        return "".join(f"{name}\n" for name in sorted(book.modules)).encode()
    name = _find(book, options.module)
    module = book.modules[name]
    path = next(p for p, m in book.dependencies.modules.items() if m is module)
    if options.standalone:
        text = standalone(name, needed(book, name, path), head(name, path))
        return formatted(text, sort=True).encode()
    return clean(module).encode() if options.clean else path.read_bytes()


def _find(book: Book, name: str) -> str:
    """The module that any end of its name means; none need be said of a single one."""
    if not name and len(book.modules) != 1:
        raise UnknownNameError("MODULE says which module is meant")
    names = Names()
    for dotted in book.modules:
        names.add(Target(dotted, dotted, ""))
    wanted = name.removesuffix(".py").replace("/", ".")
    return names.find(wanted or next(iter(book.modules))).name


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    path: Path | None = None,
) -> None:
    """Add the command to others, for the package in a folder if one is given."""
    about = "print a module: as it stands, clean, or standalone"
    copy = commands.add_parser("copy", help=about, description=about)
    copy.set_defaults(run=run, command=run, path=path)
    if not path:
        help = "a Python file, or a folder of them"
        copy.add_argument("path", type=Path, metavar="PATH", help=help)
    what = copy.add_mutually_exclusive_group()
    help = "any end of its name that no other module has, as layers.gelu"
    what.add_argument("module", nargs="?", default="", metavar="MODULE", help=help)
    what.add_argument("--list", action="store_true", help="list the modules")
    form = copy.add_mutually_exclusive_group()
    help = "without the essay: one line for each docstring"
    form.add_argument("--clean", action="store_true", help=help)
    help = "with everything it needs from the package, in one file"
    form.add_argument("--standalone", action="store_true", help=help)
