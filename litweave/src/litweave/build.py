"""From a package to a whole site, with no configuration: Material, search, palettes.

The site takes the place of its folder when it is whole. A folder that somebody else
filled is never touched: only where the mark of an earlier site of ours lies may a new
one come.
"""

import errno
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.commands.serve import serve as mkdocs_serve
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from mkdocs.theme import Theme

from litweave.book import SITE_MARK, Book
from litweave.mkdocs_plugin import LitweavePlugin
from litweave.settings import Settings
from litweave.theme import language_of

_WEAVE = "mkdocs.plugins.litweave"
_OURS = "litweave made this folder, and may replace it.\n"
_FEATURES = [
    "content.code.copy",
    "navigation.footer",
    "navigation.indexes",
    # Only the part of the navigation that is open: else each page would name all.
    "navigation.prune",
    "navigation.top",
    "search.highlight",
    "search.suggest",
    "toc.follow",
    "toc.integrate",
]
# What the system prefers, then day, then night.
_PALETTE = [
    {
        "media": "(prefers-color-scheme)",
        "toggle": {
            "icon": "material/brightness-auto",
            "name": "Switch to light colours",
        },
    },
    {
        "media": "(prefers-color-scheme: light)",
        "scheme": "default",
        "toggle": {"icon": "material/brightness-7", "name": "Switch to dark colours"},
    },
    {
        "media": "(prefers-color-scheme: dark)",
        "scheme": "slate",
        "toggle": {
            "icon": "material/brightness-4",
            "name": "Follow the system's colours",
        },
    },
]
# `font`: none that the reader's machine does not have.
_THEME = {"name": "material", "font": False, "features": _FEATURES, "palette": _PALETTE}


class SiteError(Exception):
    """A site that is not built, or not served: says why and what to do."""


@dataclass
class Built:
    """A site that was built: what it was made of, and what MkDocs had to say."""

    book: Book
    remarks: list[str] = field(default_factory=list)


# ## The configuration


def configuration(settings: Settings, docs: Path) -> dict[str, object]:
    """What an `mkdocs.yml` would say; `docs` is a folder without pages.

    MkDocs takes it as it is: to write it to a file and to read that takes as long as
    two pages.
    """
    language = settings.language
    # English is there for certain, and to read a theme takes its time.
    folders = Theme(name="material").dirs if language else []
    return {
        "site_name": settings.root.stem,
        # Where it will stand, if that is known: a page that is not found needs it.
        "site_url": os.environ.get("SITE_URL", ""),
        "docs_dir": str(docs),
        # So that the pages can be read from a disk, too.
        "use_directory_urls": False,
        "theme": {**_THEME, "language": language_of(folders, language)},
        # As mappings: MkDocs empties what a list has, and a preview reads it again.
        "markdown_extensions": {"toc": {"permalink": True}},
        "plugins": {"search": {}, "litweave": _options(settings)},
    }


def _options(settings: Settings) -> dict[str, object]:
    """The options as a file would have them, with whole paths."""
    found = {option.name: getattr(settings, option.name) for option in fields(settings)}
    return {name: _written(value) for name, value in found.items() if value is not None}


def _written(value: object) -> object:
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return str(value.resolve()) if isinstance(value, Path) else value


@contextmanager
def _project(settings: Settings) -> Iterator[dict[str, Any]]:
    """A folder with an empty `mkdocs.yml`, and what is laid over that."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # It is about another version.
    with tempfile.TemporaryDirectory(prefix="weave-") as name:
        docs, path = Path(name, "docs"), Path(name, "mkdocs.yml")
        docs.mkdir()
        path.touch()
        yield {"config_file": str(path), **configuration(settings, docs)}


# ## Building


def build(settings: Settings, out: Path, strict: bool = False) -> Built:
    """Build the site of a package into a folder, and say what was found.

    **Raises.** [`SiteError`][] if the folder is not ours to replace, if there is
    nothing to make a page of, or, with `strict`, if there is any remark.
    """
    out, remarks = out.resolve(), list[str]()
    _check_place(out, settings.root)

    def hear(said: logging.LogRecord) -> None:
        if said.name != _WEAVE:  # The book keeps what litweave says.
            remarks.append(said.getMessage())

    with _project(settings) as project, listening(hear), _replacing(out) as building:
        try:
            config = load_config(**project, site_dir=str(building), strict=strict)
        except Abort:
            raise SiteError("\n".join(remarks)) from None
        plugin = cast(LitweavePlugin, config.plugins["litweave"])
        config.plugins.on_startup(command="build", dirty=False)
        try:
            mkdocs_build(config)
        except Abort as error:
            book = plugin.site.book if hasattr(plugin, "site") else Book()
            raise SiteError(_reasons(book, remarks, error)) from None
        finally:
            config.plugins.on_shutdown()
        (building / SITE_MARK).write_text(_OURS)
    return Built(plugin.site.book, remarks)


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A folder that takes the place of another when it is whole, or is thrown away."""
    building, before = (out.with_name(f"{out.name}.{end}") for end in ("new", "old"))
    shutil.rmtree(building, ignore_errors=True)
    try:
        yield building
        shutil.rmtree(before, ignore_errors=True)
        if out.exists():
            out.rename(before)
        building.rename(out)
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _check_place(out: Path, source: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SiteError(f"{out} is a file: name a folder for the site")
    if source.is_relative_to(out):
        raise SiteError(f"{out} holds the source itself: name another folder")
    if out.exists() and any(out.iterdir()) and not (out / SITE_MARK).exists():
        raise SiteError(
            f"{out} has files that litweave did not make: name another folder"
        )


def _reasons(book: Book, remarks: list[str], error: Abort) -> str:
    found = [str(problem) for problem in sorted(book.context.diagnostics.found)]
    return "\n".join([*found, *remarks] or [str(error)])


@contextmanager
def listening(
    hear: Callable[[logging.LogRecord], object], level: int = logging.WARNING
) -> Iterator[None]:
    """Let somebody hear what MkDocs says."""
    logger, handler = logging.getLogger("mkdocs"), logging.Handler(level)
    handler.emit = hear  # type: ignore[assignment]
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


# ## Serving


def serve(settings: Settings, port: int) -> None:
    """Serve the site on this machine, and build it again at each change.

    **Raises.** [`SiteError`][] if the port is not to be had.
    """
    _check_port(port)
    logging.getLogger("mkdocs").setLevel(logging.INFO)
    try:
        with _project(settings) as project, listening(_Console().hear, logging.INFO):
            mkdocs_serve(**project, dev_addr=f"127.0.0.1:{port}")
    except Abort as error:
        raise SiteError(str(error)) from None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            why = "is in use" if is_taken else f"may not be used ({error.strerror})"
            message = f"port {port} {why}: choose another, as in --port 8001"
            raise SiteError(message) from None


class _Console:
    """Says what MkDocs says, and of litweave's own remarks only how many there are."""

    count = 0

    def hear(self, said: logging.LogRecord) -> None:
        """Say it, or count it."""
        if said.name == _WEAVE and said.levelno >= logging.WARNING:
            self.count += 1
            return
        print(said.getMessage(), flush=True)
        if self.count and said.getMessage().startswith("Documentation built"):
            remarks = f"{self.count} remark{'s' * (self.count > 1)}"
            print(f"{remarks}: “litweave check” lists them", flush=True)
            self.count = 0
