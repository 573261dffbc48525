"""From a package to a whole site, with no configuration: Material, search, palettes.

The site takes the place of its folder when it is whole. A folder that somebody else
filled is never touched: only where the mark of an earlier site of ours lies may a new
one come.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
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
        "media": f"(prefers-color-scheme{when})",
        "scheme": scheme,
        "toggle": {"icon": f"material/brightness-{icon}", "name": name},
    }
    for when, scheme, icon, name in (
        ("", "default", "auto", "Switch to light colours"),
        (": light", "default", "7", "Switch to dark colours"),
        (": dark", "slate", "4", "Follow the system's colours"),
    )
]
# `font`: none that the reader's machine does not have.
_THEME = {"name": "material", "font": False, "features": _FEATURES, "palette": _PALETTE}


class SiteError(Exception):
    """A site that is not built: says why and what to do."""


@dataclass
class Built:
    """A site that was built: what it was made of, and what MkDocs had to say."""

    book: Book
    remarks: list[str]


def told(remarks: int) -> str:
    """How many remarks there are."""
    count = f"{remarks} remark{'s' * (remarks > 1)}"
    return f"{count}: “litweave check” lists them" if remarks else "no remarks"


# ## The configuration


def configuration(settings: Settings, docs: Path) -> dict[str, object]:
    """What an `mkdocs.yml` would say; `docs` is a folder without pages.

    MkDocs takes it as it is: to write it to a file and to read that takes as long as
    two pages.
    """
    language, given = settings.language, vars(settings).items()
    # English is there for certain, and to read a theme takes its time.
    folders = Theme(name="material").dirs if language else []
    options = {name: _plain(value) for name, value in given if value is not None}
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
        "plugins": {"search": {}, "litweave": options},
    }


def _plain(value: object) -> object:
    """An option as a file would have it, with whole paths."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value.resolve()) if isinstance(value, Path) else value


@contextmanager
def _project(settings: Settings) -> Iterator[dict[str, Any]]:
    """A folder with an empty `mkdocs.yml`, and what is laid over that."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # It is about another version.
    with TemporaryDirectory(prefix="weave-") as name:
        docs, path = Path(name, "docs"), Path(name, "mkdocs.yml")
        docs.mkdir()
        path.touch()
        yield {"config_file": str(path), **configuration(settings, docs)}


# ## The commands


def build(settings: Settings, out: Path, strict: bool = False) -> Built:
    """Build the site of a package into a folder, and say what was found.

    **Raises.** [`SiteError`][] if the folder is not ours to replace, if there is
    nothing to make a page of, or, with `strict`, if there is any remark.
    """
    out, remarks = out.resolve(), list[str]()
    if out.exists() and any(out.iterdir()) and not (out / SITE_MARK).exists():
        raise SiteError(
            f"{out} has files that litweave did not make: name another folder"
        )

    def hear(said: logging.LogRecord) -> None:
        if said.name != _WEAVE:  # The book keeps what litweave says.
            remarks.append(said.getMessage())

    plugin = None
    with _project(settings) as project, listening(hear), _replacing(out) as new:
        try:
            config = load_config(**project, site_dir=str(new), strict=strict)
            plugin = cast(LitweavePlugin, config.plugins["litweave"])
            config.plugins.on_startup(command="build", dirty=False)
            mkdocs_build(config)
        except Abort as error:
            site = getattr(plugin, "site", None)
            found = sorted(site.diagnostics.found) if site else ()
            said = [*map(str, found), *remarks] or [str(error)]
            raise SiteError("\n".join(said)) from None
        finally:
            if plugin:
                config.plugins.on_shutdown()
    return Built(plugin.site.book, remarks)


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A folder that takes the place of another when it is whole, or is thrown away."""
    out.parent.mkdir(parents=True, exist_ok=True)
    # Whoever is in it, be it the source, is not read as one's own: its name is hidden.
    with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        new = Path(name, "new")
        yield new
        (new / SITE_MARK).write_text("litweave made this folder, and may replace it.\n")
        if out.exists():
            out.rename(Path(name, "old"))
        new.rename(out)


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


def serve(settings: Settings, port: int) -> None:
    """Serve the site on this machine, and build it again at each change.

    Of litweave's own remarks it says only how many there are.
    """
    remarks = 0

    def hear(said: logging.LogRecord) -> None:
        nonlocal remarks
        if said.name == _WEAVE and said.levelno >= logging.WARNING:
            remarks += 1
            return
        print(said.getMessage(), flush=True)
        if said.getMessage().startswith("Documentation built"):
            print(told(remarks), flush=True)
            remarks = 0

    logging.getLogger("mkdocs").setLevel(logging.INFO)
    with _project(settings) as project, listening(hear, logging.INFO):
        mkdocs_serve(**project, dev_addr=f"127.0.0.1:{port}")
