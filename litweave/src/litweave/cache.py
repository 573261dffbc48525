"""What was made before: by name, under a key of all it was made of.

Each thing has a file of its own, and is kept as soon as it is made, for a build may be
stopped. Small answers that are asked for together stand in one file.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from filelock import FileLock

OTHERS = 10_000
"""As many things at most stay that a build did not ask for, but another site may."""


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: another build may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def build_folder(
    path: Path, make: Callable[[Path], None], replace: bool = False
) -> Path:
    """Build a folder whole or not at all, under a lock: a new one, or `replace` it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lock stays behind, and beside the folder it would be in the way.
    lock = Path(tempfile.gettempdir(), f"kept-{digest(str(path.resolve()))[:16]}.lock")
    with FileLock(lock):
        if replace or not path.exists():
            # Beside sources it is not read: its name is hidden.
            with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as temporary:
                staging = Path(temporary, path.name)
                staging.mkdir()
                make(staging)
                if path.exists():
                    path.rename(Path(temporary, "old"))
                staging.rename(path)
    return path


def digest(*texts: str, files: Iterable[Path] = ()) -> str:
    """A key for what is made of some texts and of some files."""
    whole = hashlib.sha256()
    for part in chain(map(str.encode, texts), map(Path.read_bytes, files)):
        # Each part by itself, so that no two lists of parts are one text.
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def files_in(*paths: Path) -> list[Path]:
    """The files that are named, and those in folders that are, in order."""
    found = (sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths)
    files = filter(Path.is_file, chain.from_iterable(found))
    return [path for path in files if path.suffix != ".pyc"]


@cache
def own() -> str:
    """A key for the renderer itself: for what it makes."""
    return digest(files=files_in(Path(__file__).parent))


def installed() -> str:
    """The version of Python and of all it can import: for what a program computes."""
    folders = (Path(folder) for folder in sys.path)
    names = (sorted(p.name for p in folder.glob("*.dist-info")) for folder in folders)
    return "\n".join([sys.version, *chain.from_iterable(names)])


@dataclass(frozen=True)
class Folder:
    """Things that can be written as JSON, each in a file, kept at once.

    A thing may have several keys, and is there for whoever knows some of them: all that
    it depends on, and as much of that as is enough in a preview.
    """

    path: Path

    def file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    def get(self, name: str, *keys: str) -> Any:
        """The thing of this name, if it was kept under all these keys; or else none."""
        with suppress(OSError, ValueError, TypeError):  # none yet, or not whole
            kept, thing = json.loads(self.file(name).read_text("utf-8"))
            return thing if {*keys} <= {*kept} else None
        return None

    def keep(self, name: str, thing: Any, *keys: str) -> None:
        write_text(self.file(name), json.dumps([keys, thing], ensure_ascii=False))

    def forget(self, used: Iterable[str], others: int = 0) -> None:
        """Let go of all but what was used, and so many `others`: those kept last."""
        unused = {*self.path.rglob("*.json")} - {*map(self.file, used)}
        with suppress(FileNotFoundError):  # Another build is letting go of them.
            for path in sorted(unused, key=os.path.getmtime, reverse=True)[others:]:
                path.unlink()


def answers(
    path: Path,
    key: str,
    questions: Iterable[str],
    ask: Callable[[Sequence[str]], Iterable[Any]],
    others: int = OTHERS,
) -> dict[str, Any]:
    """An answer to each question, in a file that keeps all; only new ones are asked.

    So many `others` stay that are not asked now: those asked last.
    """
    folder, name, asked = Folder(path.parent), path.stem, dict.fromkeys(questions)
    known: dict[str, Any] = folder.get(name, key) or {}
    if new := [question for question in asked if question not in known]:
        unasked = [question for question in known if question not in asked]
        known.update(zip(new, ask(new), strict=True))
        stay = [*unasked[max(0, len(unasked) - others) :], *asked]
        folder.keep(name, {question: known[question] for question in stay}, key)
    return {question: known[question] for question in asked}
