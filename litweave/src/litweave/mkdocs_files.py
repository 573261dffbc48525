"""Files of a site that its author did not write, and those that a preview leaves."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from litweave import theme
from litweave.book import Chapter
from litweave.site import Site

_State = bytes | tuple[str | None, int, int]


def add(site: Site, files: Files, config: MkDocsConfig) -> None:
    """Add a page and a download of each module, and what all pages load."""
    for uri, text in site.copies.items():
        generate(files, config, uri, text)
    for chapter in site.book.chapters.values():
        files.append(_page(chapter, config))
        bring(files, config, {chapter.download: chapter.path})
    generate(files, config, theme.SHEET, theme.sheet())
    bring(files, config, theme.scripts())


def generate(files: Files, config: MkDocsConfig, uri: str, text: str) -> None:
    """Add a file with a text; MkDocs has names of folders that it would leave out."""
    files.append(_included(File.generated(config, uri, content=text)))


def bring(files: Files, config: MkDocsConfig, paths: Mapping[str, Path]) -> None:
    """Add files as they stand, by their addresses."""
    for uri, path in paths.items():
        file = File.generated(config, uri, abs_src_path=str(path))
        files.append(_included(file))


def _included(file: File) -> File:
    file.inclusion = InclusionLevel.INCLUDED
    return file


def _page(chapter: Chapter, config: MkDocsConfig) -> File:
    """The file of a module's page, which may be one that others lead to."""
    page = _included(File.generated(config, chapter.page, content=""))
    if config.not_in_nav and config.not_in_nav.match_file(chapter.page):
        page.inclusion = InclusionLevel.NOT_IN_NAV
    return page


def known(
    files: Files, config: MkDocsConfig
) -> tuple[Callable[[str], bool], Callable[[str, Path], None]]:
    """What the addresses of a page may lead to, and how a file is brought."""

    def has(uri: str) -> bool:
        return files.get_file_from_path(uri) is not None

    return has, lambda uri, path: bring(files, config, {uri: path})


def anchors(files: Files, uri: str) -> set[str] | None:
    """What can be linked to on a page, if that is known."""
    file = files.get_file_from_path(uri)
    return file.page.present_anchor_ids if file and file.page else None


def bring_katex(paths: Mapping[str, Path], files: Files, config: MkDocsConfig) -> None:
    """Add the style sheet of formulas with its fonts, if there is any formula."""
    bring(files, config, paths)
    if paths:
        config.extra_css.insert(0, next(iter(paths)))


def join_sheets(files: Files, config: MkDocsConfig) -> None:
    """Let pages ask for one style sheet in the place of all that the site has."""
    found = {path: files.get_file_from_path(path) for path in config.extra_css}
    sheets = {path: file.content_string for path, file in found.items() if file}
    for path in [path for path, sheet in sheets.items() if "@import" in sheet]:
        del sheets[path]  # It must stand first in a sheet.
    generate(files, config, theme.JOINED, theme.joined(sheets, theme.JOINED))
    others = [path for path in config.extra_css if path not in sheets]
    config.extra_css = [*others, theme.JOINED]


class Standing:
    """Files of a preview that stay where they are.

    At each build MkDocs empties the folder of the site and writes all of it anew. Most
    files come out as they were. So the folder is set aside before it is emptied, put
    back, and a file is written only if it changed.
    """

    def __init__(self) -> None:
        """Begin with none."""
        # What each file of the build before was made of.
        self.known: dict[str, _State] = {}
        self.folders = set[Path]()

    def set_aside(self, folder: Path) -> None:
        """Take the site away before its folder is emptied."""
        aside = _aside(folder)
        self.folders.add(aside)
        # Where a file is open, some systems refuse it. Then all is written anew.
        with suppress(OSError):
            if self.known and not aside.exists():
                folder.rename(aside)
                folder.mkdir()

    def put_back(self, folder: Path) -> None:
        """Put the site where it was."""
        aside = _aside(folder)
        with suppress(OSError):
            if aside.exists():
                folder.rmdir()
                aside.rename(folder)

    def leave(self, files: Files) -> None:
        """Let the files stand that did not change, and remove those that are gone."""
        static = [file for file in files if not file.is_documentation_page()]
        now = {file.abs_dest_path: _state(file) for file in static}
        for gone in self.known.keys() - now.keys():
            Path(gone).unlink(missing_ok=True)
        for file in static:
            place = file.abs_dest_path
            if self.known.get(place) == now[place] and Path(place).exists():
                file.inclusion = InclusionLevel.EXCLUDED
        self.known = now

    def end(self) -> None:
        """Leave nothing behind."""
        self.known = {}
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.aside")


def _state(file: File) -> _State:
    """What tells whether a file would be written as it was."""
    if file.abs_src_path is None:
        return file.content_bytes
    stat = Path(file.abs_src_path).stat()
    return file.abs_src_path, stat.st_mtime_ns, stat.st_size
