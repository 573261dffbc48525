"""The modules that become pages, by their pages, and what they share."""

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from litweave.dependencies import Dependencies, dotted
from litweave.diagnostics import Place, PlacedError
from litweave.names import Target
from litweave.overlay import Overlay
from litweave.parse import Module, read
from litweave.prose import Context
from litweave.syntax import doctests

# The file that marks a folder as a site which litweave made, and may replace.
SITE_MARK = ".weave"
# A folder with one of these holds nothing of the author's.
_FOREIGN = (SITE_MARK, "pyvenv.cfg")
# Folders that programs make of a project; a package may have such a name.
_MADE = {"build", "dist", "node_modules"}
# A page by one of these names is that of its folder.
_INDEX = {"index", "README"}
# What a path may be made of, to be an address and words on a page as it stands.
_PLAIN = re.compile(r"[\w./ +-]+")


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
    overlay: Overlay = field(default_factory=Overlay)


@dataclass
class Book:
    """The chapters by their pages, and what they share.

    `modules` holds all that was read, by the names to import them by; `skipped` names
    the files that are no chapter, with the reason.
    """

    directory_urls: bool = True
    chapters: dict[str, Chapter] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    context: Context = field(default_factory=Context)
    dependencies: Dependencies = field(default_factory=Dependencies)

    def read(
        self,
        source: Path,
        exclude: Sequence[str] = (),
        taken: Iterable[str] = (),
        below: str = "",
    ) -> None:
        """Make a chapter of each module in a folder, or of a file.

        `exclude` holds patterns of paths in the folder, and `taken` the pages that are
        there already. The pages, and the paths for the patterns, begin with the folder
        `below`, as `litweave/`. A file that cannot be read is a problem, and left out.
        """
        # `.` has no name, and no folder above it.
        source, taken = source.resolve(), set(taken)
        folder = source if source.is_dir() else source.parent
        self.dependencies.beside.add(folder)
        found = dict[Path, Module]()
        for path in _files(source, exclude, below):
            if module := self._module(path, path.relative_to(source.parent).as_posix()):
                found[path] = self.dependencies.modules[path] = module
        root, sources = folder, [module.source for module in found.values()]
        # Imports begin above the outermost package.
        while root.name and _is_package(root, sources):
            root = root.parent
        for path, module in found.items():
            name = dotted(path, root)
            download = below + path.relative_to(folder).as_posix()
            page = _page(download) if path != source else "index.md"
            if (first := self.modules.setdefault(name, module)) is not module:
                reason = f"{first.path} is “{name}”, too, and Python imports only one"
                self._skip(Place(module.path, 1), reason)
            elif page in taken:
                self.skipped[module.path] = "another page has its place"
            elif not module.source.strip():
                self.skipped[module.path] = "there is nothing in it"
            else:
                self._add(Chapter(name, path, page, download, module))

    def _module(self, path: Path, called: str) -> Module | None:
        """A module, if it can be read."""
        place = Place(called, 1)
        try:
            if _PLAIN.fullmatch(called):
                return read(path, called)
            self._skip(place, "its name has a character that no address should have")
        except PlacedError as error:
            self._skip(error.place, error.reason)
        except OSError as error:
            self._skip(place, error.strerror or str(error))
        return None

    def _skip(self, place: Place, reason: str) -> None:
        self.skipped[place.path] = reason
        message = f"{reason} (no page is made of it)"
        self.context.diagnostics.add(place, message, "file")

    def _add(self, chapter: Chapter) -> None:
        self.chapters[chapter.page] = chapter
        for name in dict.fromkeys(["", *(d.name for d in chapter.module.definitions)]):
            full = f"{chapter.name}.{name}".rstrip(".")
            self.context.names.add(Target(full, chapter.page, name))
        for prose in chapter.module.prose:
            # No tool reads the examples in a comment.
            if not chapter.module.lines[prose.line - 1].lstrip().startswith("#"):
                try:
                    doctests(prose.text, Place(chapter.module.path, prose.line))
                except PlacedError as error:
                    self.context.diagnostics.add(error.place, error.reason, "example")

    def href(self, target: Target, page: str) -> str:
        """The address of a target as a link on a page needs it."""
        anchor = f"#{target.anchor}" if target.anchor else ""
        if target.page == page and anchor:
            return anchor
        return self.link(self.url(target.page), page) + anchor

    def link(self, uri: str, page: str) -> str:
        """The address of a file of the site as a link on a page needs it."""
        folder = posixpath.dirname(self.url(page) + "-")
        relative = posixpath.relpath(uri or ".", folder or ".")
        return f"{relative}/" if not uri or uri.endswith("/") else relative

    def url(self, page: str) -> str:
        """Where a page is published, from the root of the site: `""` is the root."""
        path = PurePosixPath(page)
        if not self.directory_urls:
            return str(path.with_suffix(".html"))
        folder = path.parent if path.stem == "index" else path.with_suffix("")
        return "" if str(folder) == "." else f"{folder}/"


def _files(source: Path, exclude: Sequence[str], below: str) -> list[Path]:
    """The Python files that an author wrote in a folder."""
    if source.is_file():
        return [source]
    found = list[Path]()
    for name, folders, files in os.walk(source):
        folder = Path(name)
        folders[:] = [name for name in folders if _is_own(folder / name)]
        for path in (folder / name for name in files if name[0] != "."):
            called = below + path.relative_to(source).as_posix()
            if path.suffix == ".py" and not any(fnmatch(called, p) for p in exclude):
                found.append(path)
    return sorted(found)


def _is_own(folder: Path) -> bool:
    is_made = folder.name in _MADE and not (folder / "__init__.py").exists()
    is_foreign = any((folder / mark).exists() for mark in _FOREIGN)
    return not (is_made or is_foreign or folder.name.startswith("."))


def _page(download: str) -> str:
    """The page of a module: `layers/gelu.md`; a package's own is its folder's index."""
    path = PurePosixPath(download)
    name = "index" if path.stem == "__init__" else path.stem
    name = f"{name}_" if path.stem in _INDEX else name
    return str(path.with_name(f"{name}.md"))


def _is_package(folder: Path, sources: Iterable[str]) -> bool:
    """Whether a folder is a package: it says so, or a module imports a part of it."""
    if (folder / "__init__.py").exists():
        return True
    start = r"^[ \t]*(?:>>> *)?(?:from|import) +"
    named = re.compile(rf"{start}{re.escape(folder.name)}\.(\w+)", re.MULTILINE)
    parts = {part for source in sources for part in named.findall(source)}
    both = (folder / f"{part}{end}" for part in parts for end in ("", ".py"))
    return any(path.exists() for path in both)
