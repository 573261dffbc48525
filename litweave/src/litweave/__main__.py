"""The command line, `litweave` or `python -m litweave`: build, check, serve, copy…"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mkdocs.exceptions import MkDocsException
from platformdirs import user_cache_path

from litweave import build as builder
from litweave.features import copy
from litweave.features.languages import Translator
from litweave.features.languages.catalogs import Catalogs, faults
from litweave.mkdocs_build import load, run
from litweave.settings import Settings
from litweave.site import check

_PLAIN = "nothing but prose beside code: no links in it, no lists of uses, no copies"
_CACHE = user_cache_path("litweave")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the arguments say; the number is the status to exit with."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # Its console may lack letters.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    if not options.path.exists():
        print(f"there is no {options.path}", file=sys.stderr)
        return 2
    try:
        return int(options.run(options) or 0)
    except (MkDocsException, OSError, OverflowError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130


def _build(options: argparse.Namespace) -> None:
    start = time.monotonic()
    built = builder.build(_settings(options), options.out, options.strict)
    seconds = time.monotonic() - start
    for name, why in built.book.skipped.items():
        print(f"skipped {name}: {why}")
    for remark in built.remarks:
        print(remark)
    print(builder.told(len(built.book.context.diagnostics.found)))
    pages = _count(built.book.chapters, "page")
    print(f"{pages} in {seconds:.1f} s: {options.out / 'index.html'}")


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _check(options: argparse.Namespace) -> int:
    book = check(_settings(options))
    found = sorted(book.context.diagnostics.found)
    for problem in found:
        print(problem)
    counts = _count(book.chapters, "page"), _count(found, "problem")
    print(", ".join(counts), file=sys.stderr)
    return 1 if found or not book.chapters else 0


def _serve(options: argparse.Namespace) -> None:
    builder.serve(_settings(options), options.port)


def _catalogs(options: argparse.Namespace) -> int:
    settings = _settings(options)
    found = _translators(options, settings)
    wanted = [settings.language] if settings.language else [*found]
    if not wanted or wanted[0] not in found:
        known = f": {options.path} has {', '.join(found)}" if found else ""
        print(f"--language CODE says which language is meant{known}", file=sys.stderr)
        return 2
    return max(_update(found[code], options.check) for code in wanted)


def _translators(
    options: argparse.Namespace, settings: Settings
) -> dict[str, Translator]:
    """Who says what a site says, by language, after a build that is thrown away."""
    path = options.path
    with TemporaryDirectory() as folder:
        out = Path(folder, "site")
        if path.suffix not in (".yml", ".yaml"):
            if not settings.language:
                return {}
            speaker: Any = builder.build(settings, out).book.context.translator
            return {settings.language: speaker}
        with builder.listening(lambda said: print(said.getMessage(), file=sys.stderr)):
            # What is wrong in a catalog is to be listed, and not to be in the way.
            config = load(str(path), site_dir=str(out), strict=False)
            plugin: Any = config.plugins.get("litweave-languages")
            if not plugin or not plugin.config.languages:
                message = f"{path} names no languages under litweave-languages"
                raise MkDocsException(message)
            if weave := config.plugins.get("litweave"):
                given = {n: v for n, v in vars(settings).items() if hasattr(options, n)}
                weave.config.update({**given, "language": ""})
            run(config)
        return dict(plugin.trees)


def _update(speaker: Translator, check: bool) -> int:
    """Bring the catalogs of a language up to date, and say what is wrong in them."""
    catalogs, language = speaker.catalogs, speaker.language
    catalogs.update(speaker.states)
    files = catalogs.write(dry=check)
    if not check:  # The lines are others now.
        catalogs = Catalogs.read(catalogs.folder, language)
    problems = faults(catalogs)
    for problem in problems:
        print(problem)
    for path in files:
        print(f"{'would change' if check else 'wrote'} {path}")
    print(f"{language}: {_count(problems, 'problem')}", file=sys.stderr)
    return 1 if problems or (check and files) else 0


def _settings(options: argparse.Namespace) -> Settings:
    return Settings.of({"cache": _CACHE, **vars(options), "source": [options.path]})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="litweave",
        description="Make a site of any Python file, package or folder of modules: "
        "prose and mathematics beside the code they explain.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add = partial(_add_command, commands)
    out = (
        "the site's folder: replaced when the new site is whole, and only if it is "
        "empty, or an earlier site of litweave"
    )
    option = add(_build, "build the site into a folder")
    option("--out", type=Path, required=True, metavar="DIR", help=out)
    strict = "fail, and replace nothing, at any remark"
    option("--strict", action="store_true", help=strict)
    add(_check, "list what the pages would lack, with lines; exit with 1 if anything")
    option = add(_serve, "show the site here, and build it again at each change")
    port = "where to serve (default: %(default)s)"
    option("--port", type=int, default=8000, metavar="PORT", help=port)
    about = (
        "write what there is to translate, and check what is translated; of a site "
        "with its mkdocs.yml for PATH, all pages, in all of its languages"
    )
    check = "write nothing; exit with 1 if anything would change, or is wrong"
    add(_catalogs, about)("--check", action="store_true", help=check)
    copy.add(commands)
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    run: Callable[[argparse.Namespace], int | None],
    about: str,
) -> Callable[..., object]:
    """Add a command with the options of all; what adds another to it."""
    command = commands.add_parser(run.__name__[1:], help=about, description=about)
    command.set_defaults(run=run)
    help = "a Python file, or a folder of them"
    command.add_argument("path", type=Path, metavar="PATH", help=help)
    for option in fields(Settings)[1:]:
        # It is there if it is given.
        add = partial(command.add_argument, dest=option.name, default=argparse.SUPPRESS)
        flag, help = f"--{option.name.replace('_', '-')}", option.metadata["help"]
        if option.default is True:
            add("--plain", action="store_false", help=_PLAIN)
        elif option.default is False:
            add(flag, action="store_true", help=help)
        elif isinstance(option.default, tuple):
            add(flag, action="append", help=f"{help}; may be given many times")
        else:
            add(flag, help=help)
    return command.add_argument


if __name__ == "__main__":
    sys.exit(main())
