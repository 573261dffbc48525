r"""# Standing: files of a preview that stay where they are

At each build MkDocs empties the folder of the site and writes all of it anew, also at
each word that is changed under `mkdocs serve`. Hundreds of files come out as they were:
scripts, fonts, copies of modules. Here they are set aside before the folder is emptied,
put back, and written only if they changed.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from mkdocs.structure.files import File, Files, InclusionLevel

_State = bytes | tuple[str | None, int, int]


class Standing:
    """The files of the build before, by where they lie, and what each was made of."""

    def __init__(self) -> None:
        """Begin with none."""
        self.known: dict[str, _State] = {}

    def set_aside(self, folder: Path) -> None:
        """Take the site away before its folder is emptied."""
        aside = _aside(folder)
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

    def end(self, folder: Path) -> None:
        """Leave nothing behind."""
        self.known = {}
        shutil.rmtree(_aside(folder), ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.aside")


def _state(file: File) -> _State:
    """What tells whether a file would be written as it was."""
    if file.abs_src_path is None:
        return file.content_bytes
    stat = Path(file.abs_src_path).stat()
    return file.abs_src_path, stat.st_mtime_ns, stat.st_size
