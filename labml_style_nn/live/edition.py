r"""# Edition: the package with one file edited

Whoever edits a module expects of it what an edited file would do: its examples, and
whatever else they import, see the new code. So for as long as it is tried, the whole
package is imported anew, with the edited text in the place of that one file. Afterwards
all is as it was: nothing on the disk was touched, and what was imported before is there
again, the same objects.
"""

import importlib
import importlib.util
import linecache
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType


@dataclass(frozen=True)
class Edition(MetaPathFinder):
    """A module by its dotted name, and the text that takes its place."""

    name: str
    source: str

    @classmethod
    def original(cls, name: str) -> "Edition":
        """The module as it is installed."""
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"there is no module {name}", name=name)
        return cls(name, Path(spec.origin).read_text("utf-8"))

    @property
    def filename(self) -> str:
        """What tracebacks call it."""
        return f"<edited {self.name}>"

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Take part in imports: for one name, this text."""
        spec = PathFinder.find_spec(fullname, path) if fullname == self.name else None
        if spec and spec.origin:
            spec.loader = _Loader(self, spec.origin)
        return spec

    @contextmanager
    def imported(self) -> Iterator[ModuleType]:
        """The edited module, in a package of its own."""
        package = self.name.partition(".")[0]
        before = _take(package)
        show_in_tracebacks(self.filename, self.source)
        sys.meta_path.insert(0, self)
        try:
            yield importlib.import_module(self.name)
        finally:
            sys.meta_path.remove(self)
            _take(package)
            sys.modules.update(before)


class _Loader(SourceFileLoader):
    """What reads another text than the file's."""

    def __init__(self, edition: Edition, path: str) -> None:
        super().__init__(edition.name, path)
        self.edition = edition

    def get_code(self, fullname: str) -> CodeType:
        return compile(
            self.edition.source, self.edition.filename, "exec", dont_inherit=True
        )


def show_in_tracebacks(filename: str, source: str) -> None:
    """Let a traceback show the lines of what is in no file."""
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = len(source), None, lines, filename


def _take(package: str) -> dict[str, ModuleType]:
    """Take the modules of a package away from what is imported."""
    names = [n for n in sys.modules if n == package or n.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}


# ## What went wrong


@dataclass(frozen=True)
class Step:
    """A line that was being run."""

    # In the edited text, counted from one; nothing for a line that is elsewhere.
    line: int | None
    # The function; elsewhere the module and the line in it, or nothing in an example.
    inside: str
    code: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", in ".join(filter(None, [line, self.inside]))
        return f"{place or 'example'}: {self.code}"


@dataclass(frozen=True)
class Failure:
    """An error, and the lines that led to it, without those of libraries."""

    message: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, error: BaseException, edition: Edition) -> "Failure":
        """Read a traceback."""
        steps = [*_steps(error, edition)]
        if isinstance(error, SyntaxError) and error.filename == edition.filename:
            steps.append(Step(error.lineno, "", (error.text or "").strip()))
        # An edit can fail what imports it before it runs itself.
        return cls(_message(error), tuple(steps or _beside(error, edition)))


def _message(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    return traceback.format_exception_only(error)[-1].strip()


def _steps(error: BaseException, edition: Edition) -> Iterator[Step]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        text = linecache.getline(code.co_filename, line).strip()
        if code.co_filename == edition.filename:
            name = code.co_qualname
            yield Step(line, "" if name == "<module>" else name, text)
        elif code.co_filename.startswith("<doctest "):
            yield Step(None, "", text)


def _beside(error: BaseException, edition: Edition) -> list[Step]:
    """The last line in another module of the package."""
    package = edition.name.partition(".")[0]
    steps = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
        if name.startswith(f"{package}.") and not name.startswith(__package__ or ""):
            code = linecache.getline(frame.f_code.co_filename, line).strip()
            steps.append(Step(None, f"{name}, line {line}", code))
    return steps[-1:]
