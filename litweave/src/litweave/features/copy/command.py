"""The command `copy`: a module on standard output.

Messages go to standard error, so that only code goes down a pipe, in UTF-8 and with the
same ends of lines on every system.
"""

import argparse
import os
import sys
from pathlib import Path

from litweave.book import Book
from litweave.features.copy import all_modules
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
    if options.list:
        return _print("".join(f"{name}\n" for name in sorted(book.modules)).encode())
    try:
        return _print(_form(book, _find(book, options.module), options.form))
    except UnknownNameError as error:
        print(f"{error} (copy --list lists all modules)", file=sys.stderr)
        return 2
    except StandaloneError as error:
        print(error, file=sys.stderr)
        return 1


def _find(book: Book, name: str) -> str:
    """The module that any end of its name means; none need be said of a single one."""
    if not name:
        if len(book.modules) == 1:
            return next(iter(book.modules))
        raise UnknownNameError("MODULE says which module is meant")
    names = Names()
    for dotted in book.modules:
        names.add(Target(dotted, dotted, ""))
    return names.find(name.removesuffix(".py").replace("/", ".")).name


def _form(book: Book, name: str, form: str) -> bytes:
    module = book.modules[name]
    path = next(p for p, m in book.dependencies.modules.items() if m is module)
    if form == "annotated":
        return path.read_bytes()
    if form == "clean":
        return clean(module).encode()
    text = standalone(name, all_modules(book, [(name, path)]), head(name, path))
    return formatted(text, sort=True).encode()


def _print(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever listened has heard enough. Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


_Commands = argparse._SubParsersAction  # what `add_subparsers` gives


def add(
    commands: "_Commands[argparse.ArgumentParser]", path: Path | None = None
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
    form.set_defaults(form="annotated")
    forms = {
        "clean": "without the essay: one line for each docstring",
        "standalone": "with everything it needs from the package, in one file",
    }
    for name, help in forms.items():
        form.add_argument(
            f"--{name}", action="store_const", dest="form", const=name, help=help
        )
