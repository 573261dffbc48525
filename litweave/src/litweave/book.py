"""The modules that become pages, by their pages, and what they share."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from litweave.dependencies import Dependencies
from litweave.diagnostics import Diagnostics, Place
from litweave.doctests import UnreadableError, parts
from litweave.imports import dotted
from litweave.katex import Formulas
from litweave.names import Names, Target
from litweave.overlay import Overlay
from litweave.parse import Module, ParseError, read
from litweave.prose import Context, Rewriter


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

    `directory_urls` says how the site's addresses are written: `layers/gelu/`, or else
    `layers/gelu.html`. `modules` holds all that was read, by the names to import them
    by; `skipped` names the files that are no chapter, with the reason.
    """

    directory_urls: bool = True
    chapters: dict[str, Chapter] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    context: Context = field(
        default_factory=lambda: Context(Names(), Formulas(), Diagnostics())
    )
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
        there already: a page written by hand comes first. The pages, and the paths that
        the patterns are of, begin with the folder `below`, as `litweave/`. A file that
        cannot be read is a problem, and the book goes on without it.
        """
        # `.` has no name, and no folder above it.
        source, taken = source.resolve(), set(taken)
        folder = source if source.is_dir() else source.parent
        self.dependencies.beside.add(folder)
        modules = dict(self._read(source, exclude, below))
        root = _root(folder, {path: m.source for path, m in modules.items()})
        for path, module in modules.items():
            name = dotted(path, root)
            if name in self.modules:
                other = self.modules[name].path
                reason = f"{other} is “{name}”, too, and Python imports only one"
                self._skip(module.path, 1, reason)
                continue
            self.modules[name] = module
            relative = PurePosixPath(below, path.relative_to(folder).as_posix())
            page = _page(relative) if path != source else "index.md"
            self.dependencies.modules[path] = module
            if page in taken:
                self.skipped[module.path] = "another page has its place"
            elif not module.source.strip():
                self.skipped[module.path] = "there is nothing in it"
            else:
                chapter = Chapter(name, path, page, str(relative), module)
                self.chapters[page] = chapter
                self._learn_names(chapter)
        self._note_unreadable()

    def _read(
        self, source: Path, exclude: Sequence[str], below: str
    ) -> Iterator[tuple[Path, Module]]:
        """The modules that can be read, each called as from beside `source`."""
        for path in _sources(source, exclude, below):
            module = self._module(path, path.relative_to(source.parent).as_posix())
            if module:
                yield path, module

    def _module(self, path: Path, name: str) -> Module | None:
        line, reason = 1, "its name has a character that no address should have"
        if _PLAIN.fullmatch(name):
            try:
                return read(path, name)
            except ParseError as error:
                line, reason = error.line, error.problem
            except OSError as error:
                reason = error.strerror or str(error)
        self._skip(name, line, reason)
        return None

    def _skip(self, name: str, line: int, reason: str) -> None:
        self.skipped[name] = reason
        message = f"{reason} (no page is made of it)"
        self.context.diagnostics.add(Place(name, line), message, "file")

    def _note_unreadable(self) -> None:
        """Note the docstrings whose examples doctest refuses."""
        modules = self.modules.values()
        # One module registers an option, for all of its package.
        options = {name for m in modules for name in _REGISTERED.findall(m.source)}
        for module in modules:
            for prose in module.prose:
                # No tool reads the examples in a comment.
                if not module.lines[prose.line - 1].lstrip().startswith("#"):
                    try:
                        parts(prose.text, options)
                    except UnreadableError as error:
                        place = Place(module.path, prose.line + error.line - 1)
                        self.context.diagnostics.add(place, error.reason, "example")

    def _learn_names(self, chapter: Chapter) -> None:
        self.context.names.add(Target(chapter.name, chapter.page, ""))
        for name in dict.fromkeys(d.name for d in chapter.module.definitions):
            target = Target(f"{chapter.name}.{name}", chapter.page, name)
            self.context.names.add(target)

    def shared(self, translator: Rewriter) -> "Book":
        """Share what is the same in another language.

        What was read and found out is; what is written for a language, and what is
        wrong with that, is its own.
        """
        context = replace(
            self.context, diagnostics=Diagnostics(), translator=translator
        )
        chapters = {
            page: replace(chapter, overlay=chapter.overlay.copy())
            for page, chapter in self.chapters.items()
        }
        return replace(self, chapters=chapters, context=context)

    # ## Addresses

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


_REGISTERED = re.compile(r"\bregister_optionflag\(\s*[\"'](\w+)[\"']")
# What a path may be made of, to be an address and words on a page as it stands.
_PLAIN = re.compile(r"[\w./ +-]+")
# The file that marks a folder as a site which litweave made, and may replace.
SITE_MARK = ".weave"
# A folder with one of these holds nothing of the author's.
_FOREIGN = {SITE_MARK, "pyvenv.cfg"}
# Folders that programs make of a project; a package may have such a name.
_MADE = {"build", "dist", "node_modules"}
# A page by one of these names is that of its folder.
_INDEX = {"index", "README"}


def _sources(source: Path, exclude: Sequence[str], below: str) -> list[Path]:
    if source.is_file():
        return [source]
    names = {
        path: below + path.relative_to(source).as_posix() for path in _modules(source)
    }
    return sorted(
        path
        for path, name in names.items()
        if not any(fnmatch(name, p) for p in exclude)
    )


def _modules(source: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(source):
        folder = Path(name)
        if folder != source and not _FOREIGN.isdisjoint(files):
            folders.clear()
        else:
            folders[:] = [name for name in folders if _is_own(folder / name)]
            modules = (name for name in files if name.endswith(".py"))
            yield from (folder / name for name in modules if name[0] != ".")


def _is_own(folder: Path) -> bool:
    """Whether an author wrote what is in a folder, by its name."""
    is_made = folder.name in _MADE and not (folder / "__init__.py").exists()
    return not (is_made or folder.name.startswith("."))


def _page(relative: PurePosixPath) -> str:
    """The page of a module: `layers/gelu.md`; a package's own is its folder's index."""
    name = "index" if relative.stem == "__init__" else relative.stem
    name = f"{name}_" if relative.stem in _INDEX else name
    return str(relative.with_name(f"{name}.md"))


# ## Names

# What is imported, in code or in an example: dots, from where, and the first name.
_IMPORT = re.compile(
    r"^[ \t]*(?:>>>[ \t]*)?"
    r"(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[\s(]+|import[ \t]+)([\w.]+)",
    re.MULTILINE,
)


def _root(folder: Path, sources: Mapping[Path, str]) -> Path:
    """The folder where imports begin: the one above the outermost package.

    A folder with an `__init__.py` is a package. Python does without one, and then the
    imports of the modules alone tell a package from a folder such as `src`.
    """
    packages, names = set[Path](), set[tuple[str, ...]]()
    for path, source in sources.items():
        for dots, start, name in _IMPORT.findall(source):
            if dots:
                packages.add([*path.parents][: len(dots)][-1])
            else:
                names.add(tuple(f"{start}.{name}".strip(".").split("."))[:2])
    while folder.name and (
        (folder / "__init__.py").exists()
        or not packages.isdisjoint([folder, *folder.parents])
        or any(_leads_into(folder, *name) for name in names)
    ):
        folder = folder.parent
    return folder


def _leads_into(folder: Path, first: str, second: str = "") -> bool:
    """Whether an import names a folder and something in it."""
    here = first == folder.name and bool(second)
    return here and any((folder / f"{second}{end}").exists() for end in ("", ".py"))
