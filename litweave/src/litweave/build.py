"""From a package to a whole site, with no configuration: `assets/mkdocs.yml` has it.

The site takes the place of its folder when it is whole; only an empty folder, or one
with the mark of an earlier site of ours, is ever replaced.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.commands.serve import serve as mkdocs_serve
from mkdocs.exceptions import Abort, MkDocsException

from litweave.book import SITE_MARK, Book
from litweave.cache import build_folder
from litweave.mkdocs_build import load, run
from litweave.settings import Settings

_WEAVE = "mkdocs.plugins.litweave"


class Built(NamedTuple):
    """A site that was built: what it was made of, and what MkDocs had to say."""

    book: Book
    remarks: list[str]


def told(remarks: int) -> str:
    """How many remarks there are."""
    count = f"{remarks} remark{'s' * (remarks > 1)}"
    return f"{count}: “litweave check” lists them" if remarks else "no remarks"


def build(settings: Settings, out: Path, strict: bool = False) -> Built:
    """Build the site of a package into a folder, and say what was found.

    **Raises.** `MkDocsException` if the folder is not ours to replace, if there is
    nothing to make a page of, or, with `strict`, if there is any remark.
    """
    out, heard = out.resolve(), list[logging.LogRecord]()
    if out.exists() and any(out.iterdir()) and not (out / SITE_MARK).exists():
        message = f"{out} has files that litweave did not make: name another folder"
        raise MkDocsException(message)

    def make(folder: Path) -> None:
        config.site_dir = str(folder)
        run(config)
        mark = "litweave made this folder, and may replace it.\n"
        (folder / SITE_MARK).write_text(mark)

    with listening(heard.append):
        try:
            config: Any = load(**_given(settings), strict=strict)
            build_folder(out, make, replace=True)
        except Abort as error:
            said = [record.getMessage() for record in heard] or [str(error)]
            raise MkDocsException("\n".join(said)) from None
    # The book keeps what litweave says.
    remarks = [record.getMessage() for record in heard if record.name != _WEAVE]
    return Built(config.plugins["litweave"].site.book, remarks)


def serve(settings: Settings, port: int) -> None:
    """Serve the site on this machine; of litweave's remarks, say only how many."""
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
    with listening(hear, logging.INFO):
        mkdocs_serve(**_given(settings), dev_addr=f"127.0.0.1:{port}")


def _given(settings: Settings) -> dict[str, Any]:
    """The configuration, and what is laid over it."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # It is about another version.
    # As a file would have them, with whole paths.
    said = json.dumps(vars(settings), default=lambda path: str(path.resolve()))
    # A mapping: MkDocs empties a list, and a preview reads it again.
    plugins = {"search": {}, "litweave": json.loads(said)}
    file, name = str(Path(__file__).parent / "assets/mkdocs.yml"), settings.root.stem
    return {"config_file": file, "site_name": name, "plugins": plugins}


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
