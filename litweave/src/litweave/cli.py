"""The command line: build, check, serve, copy, catalogs."""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from mkdocs.exceptions import MkDocsException
from platformdirs import user_cache_path

from litweave import build as builder
from litweave.build import Built, SiteError
from litweave.check import check
from litweave.console import reason, show_what_it_can
from litweave.features.copy import command as copy
from litweave.features.languages import checks as translations
from litweave.features.languages import trees
from litweave.features.languages.catalogs import Catalogs, Unit
from litweave.features.languages.checks import Glossary
from litweave.features.languages.voice import find_units
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
    if options.path.suffix in (".yml", ".yaml"):
        with _shown():
            options.locale, found = trees.find_units(options.path)
        if options.language and options.language not in found:
            known = ", ".join(found)
            print(
                f"{options.path} has no “{options.language}”: {known}", file=sys.stderr
            )
            return 2
        wanted = [options.language] if options.language else list(found)
        return max(_update(code, found[code], bool, options) for code in wanted)
    if not options.language:
        print("--language CODE says which language is meant", file=sys.stderr)
        return 2
    given = _settings(options)
    units = find_units(options.path, options.pages, given.exclude, given.raw_html)
    return _update(options.language, *units, options)


@contextmanager
def _shown() -> Iterator[None]:
    """Show what MkDocs complains of: here nobody else does."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    logger = logging.getLogger("mkdocs")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _update(
    language: str,
    units: Sequence[Unit],
    covers: Callable[[str], bool],
    options: argparse.Namespace,
) -> int:
    """Bring the catalogs of a language up to date, and say what is wrong in them."""
    catalogs = Catalogs.read(options.locale, language)
    changes = catalogs.update(units, covers)
    if not options.check:
        catalogs.write()
        catalogs = Catalogs.read(options.locale, language)
    glossary = Glossary.read(options.locale / "glossary.csv", language)
    report = translations.check(catalogs, glossary)
    for finding in report.findings:
        print(finding)
    for path in changes.files:
        print(f"{'would change' if options.check else 'wrote'} {path}")
    print(f"{language}: {changes}; {report}", file=sys.stderr)
    return 1 if report.errors or (options.check and changes.files) else 0


# ## The arguments


def _settings(options: argparse.Namespace) -> Settings:
    given = vars(options)
    names = (option.name for option in fields(Settings))
    found: dict[str, Any] = {
        n: _value(given[n]) for n in names if given.get(n) is not None
    }
    return Settings(**{**found, "source": (options.path,)})


def _value(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="litweave",
        description="Make a site of any Python file, package or folder of modules: "
        "prose and mathematics beside the code they explain.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_build(commands)
    _add_check(commands)
    _add_serve(commands)
    copy.add(commands)
    _add_catalogs(commands)
    return parser


_Commands = argparse._SubParsersAction  # what `add_subparsers` gives


def _add_build(commands: "_Commands[argparse.ArgumentParser]") -> None:
    parser = _command(commands, "build", "build the site into a folder", _build)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the site's folder: replaced when the new site is whole, and only if it "
        "is empty, or an earlier site of litweave",
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail, and replace nothing, at any remark"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write there what was skipped and why, and all remarks",
    )
    _add_language(parser)


def _add_check(commands: "_Commands[argparse.ArgumentParser]") -> None:
    help = "list what the pages would lack, each with its line; exit with 1 if anything"
    _command(commands, "check", help, _check)


def _add_serve(commands: "_Commands[argparse.ArgumentParser]") -> None:
    help = "show the site on this machine, and build it again at each change"
    parser = _command(commands, "serve", help, _serve)
    parser.add_argument(
        "--port", type=int, default=8000, help="where to serve (default: %(default)s)"
    )
    _add_language(parser)


def _add_catalogs(commands: "_Commands[argparse.ArgumentParser]") -> None:
    help = "write what there is to translate, and check what is translated; of a site "
    help += "with its mkdocs.yml for PATH, all pages, in all of its languages"
    parser = _command(commands, "catalogs", help, _catalogs)
    parser.add_argument(
        "--pages",
        type=Path,
        metavar="DIR",
        help="a folder of pages in Markdown, which are to be translated, too",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 if anything would change, or is wrong",
    )
    _add_language(parser)


def _add_language(parser: argparse.ArgumentParser) -> None:
    for option in fields(Settings):
        if option.name in ("language", "locale"):
            _add_option(parser, option)


def _add_option(parser: argparse.ArgumentParser, option: Field[Any]) -> None:
    """One of the options that `mkdocs.yml` has, too."""
    name, help, default = option.name, option.metadata["help"], option.default
    flag = f"--{name.replace('_', '-')}"
    if name == "extras":
        parser.add_argument("--plain", dest=name, action="store_false", help=_PLAIN)
    elif isinstance(default, bool):
        parser.add_argument(flag, action="store_true", help=help)
    elif isinstance(default, tuple):
        help += "; may be given many times"
        # What is given comes in the place of the default, not after it.
        parser.add_argument(flag, action="append", metavar="PATTERN", help=help)
        parser.set_defaults(**{name: None})
    else:
        default = _CACHE if name == "cache" else default
        kind = str if isinstance(default, str) else Path
        help += f" (default: {default})" if default else ""
        parser.add_argument(
            flag, type=kind, default=default, metavar=name.upper(), help=help
        )


def _command(
    commands: "_Commands[argparse.ArgumentParser]",
    name: str,
    help: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """A command, with what all of them take."""
    description = f"{help[0].upper()}{help[1:]}."
    parser = commands.add_parser(name, help=help, description=description)
    parser.set_defaults(run=run)
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a Python file, or a folder of them"
    )
    for option in fields(Settings)[1:]:
        if option.name not in ("language", "locale"):
            _add_option(parser, option)
    return parser
