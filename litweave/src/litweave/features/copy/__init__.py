r"""# Copy: a module to take along

| form | what it is | of `layers/gelu.py` |
|---|---|---|
| standalone | with all it needs from its package | `layers/gelu.standalone.py` |
| annotated | the file as it stands | `layers/gelu.py` |
| clean | the same code without the essay | `layers/gelu.clean.py` |

All three are files of the site, so that they can be downloaded where no script runs.
One that cannot stand alone says why at the end of the menu, which fails no build. The
command `copy` prints them: in UTF-8, with the same ends of lines on every system.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from litweave.book import Book, Chapter
from litweave.cache import answers, digest, own
from litweave.dependencies import dotted, root
from litweave.diagnostics import PlacedError
from litweave.features.copy.forms import (
    all_formatted,
    clean,
    formatted,
    head,
    joined,
    standalone,
    without_prose,
)
from litweave.names import Names, Target, UnknownNameError
from litweave.parse import Module, ParseError, read
from litweave.words import word

if TYPE_CHECKING:
    from litweave.site import Site

# Where a preview is served. Nobody else finds a page there.
_PRIVATE = {None, "localhost", "127.0.0.1", "::1"}


def enrich(site: "Site") -> None:
    """The forms in which each module can be taken, and the menu of them.

    For a preview, prose that changed in one is no reason to make all files anew that
    have its code.
    """
    book, settings, known = site.book, site.settings, site.book.dependencies
    base = "" if urlsplit(site.address).hostname in _PRIVATE else site.address
    source = known.code if site.is_preview else known.text
    makers = digest(own(), version("ruff"))
    wanted = dict[str, tuple[Chapter, str]]()
    for c in book.chapters.values():
        top, needs = "", list[Path]()
        if any(fnmatch(c.download, pattern) for pattern in settings.standalone):
            address = book.href(Target("", c.page, ""), "index.md")
            top = head(c.name, c.path, base and urljoin(base, address))
            needs = known.of(c.name, c.path)
        key = digest(makers, c.name, top, known.text(c.path), *map(source, needs))
        wanted[key] = c, top
    cache, make = settings.cache / "copies.json", partial(_made, book, wanted)
    site.copies = {}
    # As many stay as there are: a preview and a build do not make them in turn.
    for key, forms in answers(cache, "", wanted, make, others=len(wanted)).items():
        c, _ = wanted[key]
        c.overlay.tools.append(_menu(book, c, forms))
        given = {_uri(c, f): text for f, text in forms.items() if f != "refusal"}
        site.copies |= given


def _made(
    book: Book, wanted: Mapping[str, tuple[Chapter, str]], new: Iterable[str]
) -> list[dict[str, str]]:
    """The forms of modules, laid out at once, or why one cannot stand alone.

    Each is wanted with what its standalone form has at the top, if it is offered.
    """
    made = list[dict[str, str]]()
    for c, top in map(wanted.__getitem__, new):
        made.append(forms := {"clean": joined(without_prose(c.module))})
        try:
            if top:
                modules = _needed(book, c.name, c.path)
                forms["standalone"] = standalone(c.name, modules, top)
        except (PlacedError, RecursionError) as error:
            forms["refusal"] = str(error)
    for form in ("clean", "standalone"):
        texts = {n: forms[form] for n, forms in enumerate(made) if form in forms}
        for n, text in all_formatted(texts, sort=form == "standalone").items():
            made[n][form] = text
    return made


def _needed(book: Book, name: str, path: Path) -> dict[str, Module]:
    """A module and all those that it imports, by their dotted names."""
    found, folder = dict[str, Module](), root(name, path)
    for file in book.dependencies.of(name, path):
        # What makes no page may be imported, too.
        with suppress(ParseError):
            module = book.dependencies.modules.get(file)
            where = file.relative_to(folder)
            found[dotted(file, folder)] = module or read(file, where.as_posix())
    return found


# ## The menu


def _uri(chapter: Chapter, form: str) -> str:
    """Where a form of a module lies in the site."""
    path = PurePosixPath(chapter.download)
    return str(path if form == "annotated" else path.with_suffix(f".{form}.py"))


def _menu(book: Book, chapter: Chapter, forms: Mapping[str, str]) -> str:
    title, why = word("Standalone"), escape(forms.get("refusal", ""))
    refused = word("not possible: {why}", why=f'<span lang="en">{why}</span>')
    items = [
        # It runs as it is pasted: that is what most want.
        ("standalone", title, word("with all it needs, in one file")),
        ("annotated", word("Annotated"), word("the file as it stands")),
        ("clean", word("Clean"), word("the code without the essay")),
        ("refusal", title, refused),
    ]
    there = [item for item in items if item[0] in {"annotated", *forms}]
    listed = "\n".join(_item(book, chapter, *item) for item in there)
    return f"""<button class="weave-button" type="button"
 popovertarget="weave-copy">{word("Copy")}</button>
<div class="weave-copy" id="weave-copy" popover
 role="group" aria-label="{word("Copy the module")}">
<ul>
{listed}
</ul>
</div>"""


def _item(book: Book, chapter: Chapter, form: str, title: str, about: str) -> str:
    """A form in the menu, by its `title` and what it is `about`, as HTML."""
    key, name = f"weave-copy-{form}", PurePosixPath(chapter.download).name
    if form == "standalone":
        name = f"{chapter.name.rpartition('.')[2]}.py"
    words = f'<span id="{key}"><strong>{title}</strong> <small>{about}</small></span>'
    address = escape(book.link(_uri(chapter, form), chapter.page))
    buttons = f"""
<button class="weave-button" type="button" aria-describedby="{key}"
 data-weave-copy="{address}" hidden>{word("Copy")}</button>
<a class="weave-button" href="{address}" aria-describedby="{key}"
 download="{escape(name)}">{word("Download")}</a>"""
    return f"<li>{words}{buttons if form != 'refusal' else ''}</li>"


# ## The command


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    path: Path | None = None,
) -> None:
    """Add the command to others, for the package in a folder if one is given."""
    about = "print a module: as it stands, clean, or standalone"
    copy = commands.add_parser("copy", help=about, description=about)
    copy.set_defaults(run=_run, command=_run, path=path)
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


def _run(options: argparse.Namespace) -> int:
    book = Book()
    book.read(options.path)
    for problem in sorted(book.context.diagnostics.found):
        if problem.kind == "file":
            print(problem, file=sys.stderr)
    try:
        sys.stdout.buffer.write(_text(book, options))
        sys.stdout.buffer.flush()
    except UnknownNameError as error:
        print(f"{error} (copy --list lists all modules)", file=sys.stderr)
        return 2
    except PlacedError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever listened has heard enough. Python would try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _text(book: Book, options: argparse.Namespace) -> bytes:
    if options.list:
        return "".join(f"{name}\n" for name in sorted(book.modules)).encode()
    if not options.module and len(book.modules) != 1:
        raise UnknownNameError("MODULE says which module is meant")
    names = Names()
    for each in book.modules:
        names.add(Target(each, each, ""))
    wanted = options.module.removesuffix(".py").replace("/", ".")
    name = names.find(wanted or next(iter(book.modules))).name
    module = book.modules[name]
    path = next(p for p, m in book.dependencies.modules.items() if m is module)
    if options.standalone:
        text = standalone(name, _needed(book, name, path), head(name, path))
        return formatted(text, sort=True).encode()
    return clean(module).encode() if options.clean else path.read_bytes()
