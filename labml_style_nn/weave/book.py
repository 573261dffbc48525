r"""# Book: the modules that become pages

A *chapter* is a module and its page: what was read, what was found out about it, and
where it will lie in the site. A *book* is all chapters, and what they share: the names
that prose may link to, the formulas, the list of problems.

Nothing here knows of MkDocs. The plugin reads a book and hands its chapters to MkDocs
one by one.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from labml_style_nn.weave.enrich import Enrichment
from labml_style_nn.weave.mathematics import Formulas
from labml_style_nn.weave.names import Names, Target
from labml_style_nn.weave.parse import Module, read
from labml_style_nn.weave.problems import Problems
from labml_style_nn.weave.prose import Desk


@dataclass(frozen=True)
class Chapter:
    """A module and its page.

    `name` is the dotted name by which the module is imported, and `path` its file.
    `page` and `download` are where its page and its copy lie among the site's sources,
    as `layers/gelu.md` and `layers/gelu.py`.
    """

    name: str
    path: Path
    page: str
    download: str
    module: Module
    enrichment: Enrichment = field(default_factory=Enrichment)


@dataclass
class Book:
    """The chapters by their pages, and what they share.

    `directory_urls` says how the site's addresses are written: `layers/gelu/`, or else
    `layers/gelu.html`.
    """

    directory_urls: bool = True
    chapters: dict[str, Chapter] = field(default_factory=dict)
    desk: Desk = field(default_factory=lambda: Desk(Names(), Formulas(), Problems()))

    def read(
        self, source: Path, exclude: Sequence[str] = (), taken: Iterable[str] = ()
    ) -> None:
        """Make a chapter of each module in a folder that has prose.

        `exclude` holds patterns of paths in the folder, and `taken` the pages that are
        there already: a page written by hand comes first.

        **Raises.** `OSError` and [`ParseError`][] for a file that cannot be read.
        """
        taken = set(taken)
        for path in _sources(source, exclude):
            relative = PurePosixPath(path.relative_to(source).as_posix())
            page = _page(relative)
            if page in taken:
                continue
            module = read(path, f"{source.name}/{relative}")
            if any(row.prose for row in module.rows):
                name = _dotted(source.name, relative)
                chapter = Chapter(name, path, page, str(relative), module)
                self.chapters[page] = chapter
                self._learn_names(chapter)

    def _learn_names(self, chapter: Chapter) -> None:
        self.desk.names.add(Target(chapter.name, chapter.page, ""))
        for name in dict.fromkeys(d.name for d in chapter.module.definitions):
            target = Target(f"{chapter.name}.{name}", chapter.page, name)
            self.desk.names.add(target)

    # ## Addresses

    def href(self, target: Target, page: str) -> str:
        """The address of a target as a link on a page needs it."""
        anchor = f"#{target.anchor}" if target.anchor else ""
        if target.page == page and anchor:
            return anchor
        return self.link(self._url(target.page), page) + anchor

    def link(self, uri: str, page: str) -> str:
        """The address of a file of the site as a link on a page needs it."""
        folder = posixpath.dirname(self._url(page) + "-")
        relative = posixpath.relpath(uri or ".", folder or ".")
        return f"{relative}/" if not uri or uri.endswith("/") else relative

    def _url(self, page: str) -> str:
        """Where a page is published, from the root of the site: `""` is the root."""
        path = PurePosixPath(page)
        if not self.directory_urls:
            return str(path.with_suffix(".html"))
        folder = path.parent if path.stem == "index" else path.with_suffix("")
        return "" if str(folder) == "." else f"{folder}/"


def _sources(source: Path, exclude: Sequence[str]) -> Iterator[Path]:
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if not any(fnmatch(name, pattern) for pattern in exclude):
            yield path


def _page(relative: PurePosixPath) -> str:
    """The page of a module: `layers/gelu.md`; a package's own is its folder's index."""
    name = "index" if relative.stem == "__init__" else relative.stem
    return str(relative.with_name(f"{name}.md"))


def _dotted(package: str, relative: PurePosixPath) -> str:
    parts = [package, *relative.with_suffix("").parts]
    return ".".join(part for part in parts if part != "__init__")
