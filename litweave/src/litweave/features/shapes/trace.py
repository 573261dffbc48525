"""Trace: the program that runs the examples of modules, and tells what lines show.

A request comes in by standard input; the answers go out by standard output, a line of
JSON for each module. It imports nothing of litweave but `doctests` and what lies beside
it, so that the modules that it runs share nothing with the build that asks.
"""

import ast
import doctest
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

from litweave.doctests import refusal
from litweave.features.shapes.instrument import instrument
from litweave.features.shapes.recording import Recorder
from litweave.features.shapes.statements import Source
from litweave.imports import root

# Those of pytest: `...` stands for anything, and a failure ends the text it is in.
_OPTIONS = doctest.ELLIPSIS | doctest.FAIL_FAST


@dataclass
class Run:
    """The examples of a module: what they show, and the first that failed."""

    name: str
    recorder: Recorder
    root: str = ""
    plain: bool = False
    """Whether the module is as it stands, and nothing of it is seen."""
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    module: ModuleType | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Run":
        """Make ready what a request asks for."""
        path = Path(item["path"])
        notation = tuple((tuple(s), tuple(v)) for s, v in item["notation"])
        recorder = Recorder(path, notation, Source.read(path))
        folder = str(root(item["name"], path))
        return cls(item["name"], recorder, folder, bool(item.get("plain")))

    def load(self, say: Callable[[object], None]) -> None:
        """Import the module, from the folder that holds its outermost package.

        Say before each package around it, and before the module, what is imported.
        """
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
        try:
            for name, path in self._around():
                say({"imports": self.name, "file": str(path)})
                module = importlib.import_module(name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            line, file = self._place(error)
            self.fail(line, f"cannot be imported: {_said(error)}", file)
            return
        file = getattr(module, "__file__", None) or "?"
        if Path(file).exists() and Path(file).samefile(self.recorder.path):
            self.module, self.recorder.path = module, Path(file)
        else:
            self.fail(1, f"“{self.name}” imports another file: {module}")

    def _around(self) -> list[tuple[str, Path]]:
        """The packages around the module, the outermost first, and the module."""
        names = list(accumulate(self.name.split("."), "{}.{}".format))
        folders = [Path(self.root, *name.split(".")) for name in names[:-1]]
        files = [*(folder / "__init__.py" for folder in folders), self.recorder.path]
        return list(zip(names, files, strict=True))

    def examples(self, say: Callable[[object], None]) -> None:
        """Run the examples of all docstrings, each in names of its own.

        Say before each where it stands.
        """
        if not self.module:
            return
        finder = doctest.DocTestFinder(parser=_Parser(self))
        runner = _Runner(self.fail, say)
        for test in finder.find(self.module, self.name):
            runner.run(test, out=lambda text: None, clear_globs=False)
            if test.examples:
                self.recorder.learn(test.globs)

    def fail(self, line: int, message: str, file: str = "") -> None:
        """Note what is wrong, in the module itself or in another file."""
        self.problems.append((line, message, file))

    def _place(self, error: BaseException) -> tuple[int, str]:
        """The innermost line of the module that an exception went through.

        If it went through none, that of the package around it, with its file.
        """
        frames = traceback.extract_tb(error.__traceback__)
        lines = [(frame.lineno or 1, frame.filename) for frame in frames]
        if isinstance(error, SyntaxError):
            lines.append((error.lineno or 1, error.filename or ""))
        own = [line for line, file in lines if file == str(self.recorder.path)]
        package = Path(self.root, self.name.partition(".")[0])
        around = [place for place in lines if Path(place[1]).is_relative_to(package)]
        return (own[-1], "") if own else [(1, ""), *around][-1]

    def answer(self) -> dict[str, Any]:
        """What there is to say, in the form of JSON."""
        recorder = self.recorder
        ran = self.module and not (self.problems or self.plain)
        unreached = recorder.source.forward - recorder.reached if ran else ()
        return {
            "name": self.name,
            "problems": self.problems,
            "unreached": sorted(unreached),
            "values": {name: list(found) for name, found in recorder.values.items()},
            "shapes": [
                [at.line, ".".join(at.path), [[astuple(m) for m in ms] for ms in found]]
                for at, found in recorder.shapes.items()
            ],
        }


class _Parser(doctest.DocTestParser):
    """Passes over a text that doctest refuses, and says so."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def get_doctest(
        self, string: str, globs: Any, name: str, filename: Any, lineno: int | None
    ) -> doctest.DocTest:
        if name == self.run.name:
            lineno = _opening(self.run.recorder.path)  # doctest says 0 in any case
        try:
            return super().get_doctest(string, globs, name, filename, lineno)
        except ValueError as error:
            line, reason = refusal(error)
            self.run.fail((lineno or 0) + line, reason)
            return doctest.DocTest([], globs, name, filename, lineno, string)


def _opening(path: Path) -> int:
    """How many lines stand above the docstring of a module."""
    return next((node.lineno - 1 for node in ast.parse(path.read_bytes()).body), 0)


class _Runner(doctest.DocTestRunner):
    """Runs examples as pytest does, and hands on the first of each text that fails."""

    def __init__(
        self, fail: Callable[[int, str], None], say: Callable[[object], None]
    ) -> None:
        super().__init__(verbose=False, optionflags=_OPTIONS)
        self.fail, self.say = fail, say

    def report_start(
        self, out: object, test: doctest.DocTest, example: doctest.Example
    ) -> None:
        self.say({"line": _line(test, example)})

    def report_failure(
        self, out: object, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        wanted = example.want.strip() or "nothing"
        message = f"the example should give {wanted}, and gives {got.strip()}"
        self.fail(_line(test, example), message)

    def report_unexpected_exception(
        self, out: object, test: doctest.DocTest, example: doctest.Example, error: Any
    ) -> None:
        message = f"the example fails: {_said(error[1])}"
        self.fail(_line(test, example), message)


def _line(test: doctest.DocTest, example: doctest.Example) -> int:
    return (test.lineno or 0) + example.lineno + 1


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def main() -> None:
    """Answer the request on standard input.

    All modules are imported before any example is run, so that what one module does
    while it is imported is seen even if the examples of another import it.
    """
    say = _take_output()
    # The site may be one of litweave itself: then it is imported from its sources.
    for name in [name for name in sys.modules if name.partition(".")[0] == "litweave"]:
        del sys.modules[name]
    # What is imported is no garbage, and networks are made of many objects that live.
    # To look through all of them as often as usual takes long.
    gc.set_threshold(50_000, 20, 50)
    runs = [Run.of(item) for item in json.load(sys.stdin)]
    recorders = {run.name: run.recorder for run in runs if not run.plain}
    watch = instrument(recorders)
    with watch.over(recorders):
        for run in runs:
            run.load(say)
    say({"imports": ""})  # that is over
    gc.freeze()
    for run in runs:
        say({"begins": run.name})
        with watch.over({run.name: run.recorder}):
            run.examples(say)
        say(run.answer())


def _take_output() -> Callable[[object], None]:
    """Keep standard output for the answers: what modules print goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    return say


if __name__ == "__main__":
    main()
