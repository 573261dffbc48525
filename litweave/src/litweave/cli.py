"""The command line: build, check, serve, copy, catalogs."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import Field, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mkdocs.exceptions import MkDocsException
from platformdirs import user_cache_path

from litweave import build as builder
from litweave.build import Built, SiteError
from litweave.check import check
from litweave.console import reason, show_what_it_can
from litweave.features.copy import command as copy
from litweave.features.languages import Translator, trees
from litweave.features.languages import checks as translations
from litweave.features.languages.catalogs import Catalogs, Unit
from litweave.features.languages.checks import Glossary
from litweave.settings import Settings

_PLAIN = "nothing but prose beside code: no links in it, no lists of uses, no copies"
_CACHE = user_cache_path("litweave")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the arguments say; the number is the status to exit with."""
    show_what_it_can()
    options = _parser().parse_args(arguments)
    if not options.path.exists():
        print(f"there is no {options.path}", file=sys.stderr)
        return 2
    try:
        return int(options.run(options))
    except (SiteError, OSError, MkDocsException) as error:
        print(reason(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130


# ## The commands


def _build(options: argparse.Namespace) -> int:
    start = time.monotonic()
    built = builder.build(_settings(options), options.out, options.strict)
    seconds = time.monotonic() - start
    if options.report:
        options.report.write_text(_report(built), "utf-8", "replace")
    for name, why in built.book.skipped.items():
        print(f"skipped {name}: {why}")
    print(_remarks(built, options.report))
    pages = _count(built.book.chapters, "page")
    print(f"{pages} in {seconds:.1f} s: {options.out / 'index.html'}")
    return 0


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _remarks(built: Built, report: Path | None) -> str:
    kinds = built.book.context.diagnostics.kinds()
    kinds["link"] += len(built.remarks)
    counts = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common() if n)
    where = report or "--report FILE lists them"
    return f"remarks: {counts} ({where})" if counts else "no remarks"


def _report(built: Built) -> str:
    skipped = [f"{name}: {reason}" for name, reason in built.book.skipped.items()]
    diagnostics = [
        str(problem) for problem in sorted(built.book.context.diagnostics.found)
    ]
    parts = {"Skipped": skipped, "Remarks": [*diagnostics, *built.remarks]}
    return "\n".join(
        line for title, lines in parts.items() for line in (f"# {title}", *lines, "")
    )


def _check(options: argparse.Namespace) -> int:
    book = check(_settings(options))
    diagnostics = sorted(book.context.diagnostics.found)
    for problem in diagnostics:
        print(problem)
    counts = _count(book.chapters, "page"), _count(diagnostics, "problem")
    print(", ".join(counts), file=sys.stderr)
    return 1 if diagnostics or not book.chapters else 0


def _serve(options: argparse.Namespace) -> int:
    builder.serve(_settings(options), options.port)
    return 0


def _catalogs(options: argparse.Namespace) -> int:
    given = vars(_settings(options))
    if options.path.suffix in (".yml", ".yaml"):
        told = {name: given[name] for name in given if hasattr(options, name)}
        with builder.listening(lambda said: print(said.getMessage(), file=sys.stderr)):
            locale, found = trees.find_units(options.path, told)
    else:
        locale, found = given["locale"], {}
        if language := given["language"]:
            with TemporaryDirectory() as folder:
                built = builder.build(_settings(options), Path(folder, "site"))
            speaker = built.book.context.translator
            assert isinstance(speaker, Translator)
            found[language] = speaker.units
    wanted = [given["language"]] if given["language"] else list(found)
    if not wanted or wanted[0] not in found:
        known = f": {options.path} has {', '.join(found)}" if found else ""
        print(f"--language CODE says which language is meant{known}", file=sys.stderr)
        return 2
    return max(_update(code, found[code], locale, options.check) for code in wanted)


def _update(language: str, units: Sequence[Unit], locale: Path, check: bool) -> int:
    """Bring the catalogs of a language up to date, and say what is wrong in them."""
    catalogs = Catalogs.read(locale, language)
    catalogs.update(units)
    files = catalogs.write(dry=check)
    if not check:  # The lines are others now.
        catalogs = Catalogs.read(locale, language)
    glossary = Glossary.read(locale / "glossary.csv", language)
    problems = translations.check(catalogs, glossary)
    for problem in problems:
        print(problem)
    for path in files:
        print(f"{'would change' if check else 'wrote'} {path}")
    print(f"{language}: {_count(problems, 'problem')}", file=sys.stderr)
    return 1 if problems or (check and files) else 0


# ## The arguments

_LANGUAGE = {"language", "locale"}


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port < 2**16:
        raise argparse.ArgumentTypeError(f"“{text}” is no number from 0 to 65535")
    return port


# What a command does, how its help says that, and what it takes besides the settings.
_COMMANDS: dict[Callable[[argparse.Namespace], int], tuple[str, dict[str, Any]]] = {
    _build: (
        "build the site into a folder",
        {
            "--out": {
                "type": Path,
                "required": True,
                "metavar": "DIR",
                "help": "the site's folder: replaced when the new site is whole, and "
                "only if it is empty, or an earlier site of litweave",
            },
            "--strict": {
                "action": "store_true",
                "help": "fail, and replace nothing, at any remark",
            },
            "--report": {
                "type": Path,
                "metavar": "FILE",
                "help": "write there what was skipped and why, and all remarks",
            },
        },
    ),
    _check: (
        "list what the pages would lack, each with its line; exit with 1 if anything",
        {},
    ),
    _serve: (
        "show the site on this machine, and build it again at each change",
        {
            "--port": {
                "type": _port,
                "default": 8000,
                "metavar": "PORT",
                "help": "where to serve (default: %(default)s)",
            }
        },
    ),
    _catalogs: (
        "write what there is to translate, and check what is translated; of a site "
        "with its mkdocs.yml for PATH, all pages, in all of its languages",
        {
            "--check": {
                "action": "store_true",
                "help": "write nothing; exit with 1 if anything would change, or is "
                "wrong",
            }
        },
    ),
}


def _settings(options: argparse.Namespace) -> Settings:
    return Settings.of({"cache": _CACHE, **vars(options), "source": [options.path]})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="litweave",
        description="Make a site of any Python file, package or folder of modules: "
        "prose and mathematics beside the code they explain.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for run, (help, more) in _COMMANDS.items():
        about = f"{help[0].upper()}{help[1:]}."
        command = commands.add_parser(run.__name__[1:], help=help, description=about)
        command.set_defaults(run=run)
        help = "a Python file, or a folder of them"
        command.add_argument("path", type=Path, metavar="PATH", help=help)
        for flag, told in more.items():
            command.add_argument(flag, **told)
        for option in fields(Settings)[1:]:
            # What is asked of a translation is asked of its catalogs.
            if run is not _check or option.name not in _LANGUAGE:
                _add_option(command, option)
    copy.add(commands)
    return parser


def _add_option(parser: argparse.ArgumentParser, option: Field[Any]) -> None:
    """One of the options that `mkdocs.yml` has, too; it is there if it is given."""
    name, help, default = option.name, option.metadata["help"], option.default
    add = partial(
        parser.add_argument,
        "--plain" if name == "extras" else f"--{name.replace('_', '-')}",
        dest=name,
        default=argparse.SUPPRESS,
    )
    if isinstance(default, bool):
        words = _PLAIN if default else help
        add(action="store_false" if default else "store_true", help=words)
    elif isinstance(default, tuple):
        help += "; may be given many times"
        add(action="append", metavar="PATTERN", help=help)
    else:
        default = _CACHE if name == "cache" else default
        help += f" (default: {default})" if default else ""
        kind = str if isinstance(default, str) else Path
        add(type=kind, metavar=name.upper(), help=help)
