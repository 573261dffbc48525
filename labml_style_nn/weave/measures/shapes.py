r"""# Shapes: measured once, and kept

What the examples of a module show about its lines is found by a program of its own,
[`trace`][]. Here it is started, and what it answers is kept, so that nothing is run
again until something has changed.

An answer is good for as long as these are the same: the module, its notation, what it
imports from its own package (see [`dependencies`][]), the program that traces, Python,
and the libraries below. If all answers are good, no process is started.

An example that fails, a module that cannot be imported, and a line of a forward pass
that no example reaches are problems, each with its place.

To see what is measured in some files or packages, without making pages of them:

```sh
python -m labml_style_nn.weave.measures.shapes PATH...
```
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from labml_style_nn.weave.book import Book, Chapter
from labml_style_nn.weave.formulas.notation import notation
from labml_style_nn.weave.kept import write_text
from labml_style_nn.weave.measures import trace
from labml_style_nn.weave.measures.dependencies import Dependencies
from labml_style_nn.weave.measures.trace import Measure, Measures, Source
from labml_style_nn.weave.parse import Module
from labml_style_nn.weave.problems import Place

LIMIT = 300
"""Seconds that one process may take for the examples of all its modules."""

_LIBRARIES = ("torch", "einops", "numpy")
_EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)
_FORWARD = re.compile(r"\bTensor\b|def forward\b")

Value = int | float | tuple[int, ...]


@dataclass(frozen=True)
class Seen:
    """What was seen on a line, of one name: all that differed, in order.

    What a `return` gives has no name.
    """

    line: int
    name: str
    runs: tuple[Measures, ...]


@dataclass(frozen=True)
class Measured:
    """What the examples of a module show.

    `values` holds what the variables of the notation were, and `unreached` the lines of
    forward passes that were never run. A problem has its line, its words, and its file
    if that is not the module. If the module has no examples, nothing `ran`.
    """

    seen: tuple[Seen, ...] = ()
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    unreached: tuple[int, ...] = ()
    problems: tuple[tuple[int, str, str], ...] = ()
    ran: bool = True


def measure(book: Book, cache: Path) -> dict[str, Measured]:
    """Run the examples of a book's modules, and say what each page's show.

    Examples that fail are noted as problems of the book. `cache` is the folder that
    keeps what was measured before.
    """
    measured = _measure_all(book, cache)
    for page, found in measured.items():
        for line, message, file in found.problems:
            path = _name(file, book.chapters[page])
            book.desk.problems.add(Place(path, line), message, "example")
    return measured


def _name(file: str, chapter: Chapter) -> str:
    """What messages call a file beside a chapter's, or the chapter's own."""
    beside = chapter.path.parents[chapter.module.path.count("/")]
    return Path(os.path.relpath(file or chapter.path, beside)).as_posix()


def note_unreached(book: Book, measured: Mapping[str, Measured]) -> None:
    """Note the lines of forward passes beside which no shape can stand."""
    for page, found in measured.items():
        module = book.chapters[page].module
        functions: dict[str, list[int]] = {}
        for line in found.unreached:
            functions.setdefault(_function(line, module), []).append(line)
        for name, lines in functions.items():
            code = module.lines[lines[0] - 1].strip()
            more = f", nor {len(lines) - 1} more lines of it" if lines[1:] else ""
            message = f"no example of this module reaches “{code}” in {name}{more}"
            book.desk.problems.add(Place(module.path, lines[0]), message, "shape")


def _function(line: int, module: Module) -> str:
    """The innermost function around a line: inner ones come later."""
    around = [d.name for d in module.definitions if d.start <= line <= d.end]
    return around[-1]


def _measure_all(book: Book, cache: Path) -> dict[str, Measured]:
    """What the examples of each chapter show, from the cache or from a new run."""
    versions = _versions()
    items = {
        page: _Item.of(chapter, book.dependencies, versions)
        for page, chapter in book.chapters.items()
        if _EXAMPLE.search(chapter.module.source)
    }
    answers = _answers(items, cache)
    return {
        page: _measured(answers[page]) if page in answers else _silent(chapter)
        for page, chapter in book.chapters.items()
    }


def _answers(items: Mapping[str, "_Item"], cache: Path) -> dict[str, Mapping[str, Any]]:
    """The answer for each page; one that is new is kept."""
    known = {page: item.known(cache) for page, item in items.items()}
    stale = [item for page, item in items.items() if known[page] is None]
    new = {answer["name"]: answer for answer in _ask(stale)}
    for item in stale:
        item.keep(new[item.name], cache)
    return {page: known[page] or new[item.name] for page, item in items.items()}


def _silent(chapter: Chapter) -> Measured:
    """A module without examples: nothing is run, so nothing is reached."""
    if not _FORWARD.search(chapter.module.source):
        return Measured(ran=False)
    forward = Source.read(chapter.path).forward
    return Measured(unreached=tuple(sorted(forward)), ran=False)


def _measured(answer: Mapping[str, Any]) -> Measured:
    values = {
        name: tuple(tuple(v) if isinstance(v, list) else v for v in found)
        for name, found in answer["values"].items()
    }
    seen = (
        Seen(line, name, tuple(tuple(map(_measure, tensors)) for tensors in runs))
        for line, name, runs in answer["shapes"]
    )
    problems = tuple((line, text, file) for line, text, file in answer["problems"])
    return Measured(tuple(seen), values, tuple(answer["unreached"]), problems)


def _measure(row: Sequence[Any]) -> Measure:
    sizes, letters, dtype, changed = row
    return Measure(tuple(sizes), tuple(letters), dtype, changed)


# ## What is kept


@dataclass(frozen=True)
class _Item:
    """A module whose examples are run: what is asked, and a key for the answer."""

    name: str
    request: Mapping[str, Any]
    key: str

    @classmethod
    def of(
        cls, chapter: Chapter, dependencies: Dependencies, versions: Sequence[str]
    ) -> "_Item":
        path = chapter.path
        entries = [(e.symbols, e.variables) for e in notation(chapter.module)]
        request = {"name": chapter.name, "path": str(path), "notation": entries}
        digest = hashlib.sha256(json.dumps([request, versions]).encode())
        for source in (Path(trace.__file__), *dependencies.of(chapter.name, path)):
            digest.update(hashlib.sha256(source.read_bytes()).digest())
        return cls(chapter.name, request, digest.hexdigest())

    def known(self, cache: Path) -> dict[str, Any] | None:
        """The answer that was kept, if it is still good."""
        try:
            stored = json.loads(self._file(cache).read_text("utf-8"))
            return dict(stored["answer"]) if stored["key"] == self.key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # none yet, or not whole

    def keep(self, answer: Mapping[str, Any], cache: Path) -> None:
        """Keep a good answer. What failed may have failed for a reason outside."""
        if not answer["problems"]:
            kept = json.dumps({"key": self.key, "answer": answer}, ensure_ascii=False)
            write_text(self._file(cache), kept)

    def _file(self, cache: Path) -> Path:
        return cache / "shapes" / f"{self.name}.json"


def _versions() -> list[str]:
    return [sys.version, *map(_version, _LIBRARIES)]


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"


# ## Asking
_PIPE = subprocess.PIPE


def _ask(items: Sequence[_Item]) -> list[dict[str, Any]]:
    """Run them one after the other, and go on without one that ends the process."""
    answers: dict[str, dict[str, Any]] = {}
    left = list(items)
    while left:
        said, reason = _start(left)
        answers |= {line["name"]: line for line in said if "name" in line}
        left = [item for item in left if item.name not in answers]
        begun = [line["begins"] for line in said if "begins" in line] or [""]
        culprit = next((item for item in left if item.name == begun[-1]), None)
        if left:
            culprit = culprit or left[0]
            answers[culprit.name] = _failed(culprit.name, reason)
            left.remove(culprit)
    return list(answers.values())


def _start(items: Sequence[_Item]) -> tuple[list[dict[str, Any]], str]:
    """What a process answers, and what ended it if it could not answer all."""
    request = json.dumps([item.request for item in items]).encode()
    # By its path and with `-P`: what is imported is what a reader would import. With
    # `-B`, nothing is written beside the sources.
    command = [sys.executable, "-P", "-B", trace.__file__]
    # Small tensors are slower in several threads, the more so beside other processes.
    settings = {"OMP_NUM_THREADS": "1", **os.environ}
    with subprocess.Popen(
        command, stdin=_PIPE, stdout=_PIPE, stderr=_PIPE, env=settings
    ) as process:
        try:
            said, noise = process.communicate(request, LIMIT)
            reason = _reason(process.returncode, noise)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            reason = f"its examples did not end within {LIMIT} seconds"
    return list(_lines(said)), reason


def _reason(status: int, noise: bytes) -> str:
    last = noise.decode(errors="replace").strip().split("\n")[-1]
    reason = f"its examples ended Python with status {status}"
    return f"{reason}: {last}" if last else reason


def _lines(said: bytes) -> Iterator[dict[str, Any]]:
    for line in said.splitlines(keepends=True):
        if line.endswith(b"\n"):  # else it was cut off
            yield json.loads(line)


def _failed(name: str, reason: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"unreached": [], "values": {}, "shapes": []}
    return {"name": name, "problems": [(1, reason, "")], **nothing}
