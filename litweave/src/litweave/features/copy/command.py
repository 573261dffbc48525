r"""# Terminal: a module on standard output

    litweave copy my_package mlp_mixer --standalone > mixer.py

It reads the files that are installed and needs nothing but Python's own library.
Messages go to standard error, so that only code goes down a pipe, in UTF-8 and with
`\n` at the ends of lines whatever the system.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from litweave.features.copy.clean import clean
from litweave.features.copy.imports import StandaloneError
from litweave.features.copy.licence import Project
from litweave.features.copy.standalone import Package, standalone
from litweave.names import Names, Target, UnknownNameError
from litweave.parse import Module, ParseError, read


class Folder(Mapping[str, Module]):
    """The modules in a package's folder, by their dotted names, read when asked for."""

    def __init__(self, root: Path) -> None:
        self.paths = {_dotted(root, path): path for path in sorted(root.rglob("*.py"))}
        self.root = root
        self.read = cache(self._read)

    def _read(self, name: str) -> Module:
        path = self.paths[name]
        return read(path, path.relative_to(self.root.parent).as_posix())

    def __getitem__(self, name: str) -> Module:
        """Read a module."""
        return self.read(name)

    def __iter__(self) -> Iterator[str]:
        """Name all modules."""
        return iter(self.paths)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.paths)


def _dotted(root: Path, path: Path) -> str:
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def run(options: argparse.Namespace) -> int:
    """Do as the options say; the status to exit with."""
    folder = Folder(options.path)
    if options.list:
        return _print("".join(f"{name}\n" for name in folder).encode())
    try:
        return _print(_form(folder, _find(folder, options.module), options.form))
    except UnknownNameError as error:
        print(f"{error} (copy --list lists all modules)", file=sys.stderr)
        return 2
    except (ParseError, StandaloneError) as error:
        print(error, file=sys.stderr)
        return 1


def _find(folder: Folder, name: str) -> str:
    names = Names()
    for dotted in folder:
        names.add(Target(dotted, dotted, ""))
    return names.find(name.removesuffix(".py").replace("/", ".")).name


def _form(folder: Folder, name: str, form: str) -> bytes:
    if form == "annotated":
        return folder.paths[name].read_bytes()
    if form == "clean":
        return clean(folder[name]).encode()
    head = Project.around(folder.root).head(name)
    return standalone(name, Package(folder), head).encode()


def _print(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever listened has heard enough. Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    package: Path | None = None,
) -> None:
    """Add the command to others, for the package in a folder, or for any."""
    about = "print a module: as it stands, clean, or standalone"
    copy = commands.add_parser("copy", help=about, description=about)
    copy.set_defaults(run=run, path=package)
    if not package:
        help = "the folder of a package"
        copy.add_argument("path", type=Path, metavar="PATH", help=help)
    what = copy.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "module",
        nargs="?",
        metavar="MODULE",
        help="any end of its name that no other module has, as layers.gelu",
    )
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
