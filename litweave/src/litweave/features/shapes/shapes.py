r"""# Shapes: measured once, and kept

What the examples of a module show about its lines is found by a program of its own,
[`trace`][]. Here it is started, and what it answers is kept, so that nothing is run
again until something has changed.

An answer is good for as long as these are the same: the code of the module, its
examples and its notation, the code that it imports from its own package (see
[`dependencies`][]), the program that traces, Python, and the libraries below. If all
answers are good, no process is started.

An example that fails, a module that cannot be imported, and a line of a forward pass
that no example reaches are problems, each with its place.

To see what is measured in some files or packages, without making pages of them:

```sh
python -m litweave.features.shapes.shapes PATH...
```
"""

import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from litweave import process
from litweave.book import Book, Chapter
from litweave.cache import digest, write_text
from litweave.dependencies import Dependencies
from litweave.diagnostics import Place
from litweave.features.shapes import trace
from litweave.features.shapes.trace import Measure, Measures, Source
from litweave.features.symbols.notation import notation
from litweave.parse import Module
from litweave.process import ChildError
from litweave.progress import Part, progress

_LIBRARIES = ("torch", "einops", "numpy")
# Each program imports torch anew, and so is worth it for that many modules.
_PROGRAMS, _WORTH = 4, 10
_EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)
# From the first prompt to the next blank line, its answer included.
_EXAMPLES = re.compile(r"^[ \t]*>>>.*(?:\n[ \t]*\S.*)*", re.MULTILINE)
_FORWARD = re.compile(r"\bTensor\b|def forward\b")

_log = logging.getLogger("mkdocs.plugins.litweave")
_at_work: set[str] = set()

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
    diagnostics: tuple[tuple[int, str, str], ...] = ()
    ran: bool = True


def measure(book: Book, cache: Path) -> dict[str, Measured]:
    """Run the examples of a book's modules, and say what each page's show.

    Examples that fail are noted as problems of the book. `cache` is the folder that
    keeps what was measured before.
    """
    items = _items(book)
    known = {page: item.known(cache) for page, item in items.items()}
    stale = [item for page, item in items.items() if known[page] is None]
    new = _ask(stale, cache) if stale else {}
    answers = {page: known[page] or new[item.name] for page, item in items.items()}
    measured = _all_measured(book, answers)
    for page, found in measured.items():
        for line, message, file in found.diagnostics:
            path = _name(file, book.chapters[page])
            book.context.diagnostics.add(Place(path, line), message, "example")
    return measured


def measure_later(book: Book, cache: Path) -> dict[str, Measured]:
    """Say what is known, and find out the rest in the background.

    Whoever writes sees the page at once, and the shapes when all of them are there:
    then a file changes in a folder, see [`watched`][shapes.watched]. Until then, a
    module that did not change itself has its old ones.
    """
    items = _items(book)
    known = {page: item.known(cache) for page, item in items.items()}
    stale = [item for page, item in items.items() if known[page] is None]
    new = [item for item in stale if item.key not in _at_work]
    if new:
        process.begin(partial(_complain, book, new, cache))
    shown = {page: item.known(cache, stale=True) for page, item in items.items()}
    return _all_measured(book, {page: a for page, a in shown.items() if a is not None})


def _complain(book: Book, items: Sequence["_Item"], cache: Path) -> None:
    """Run some examples, and warn of those that fail."""
    chapters = {chapter.name: chapter for chapter in book.chapters.values()}
    keys = {item.key for item in items}
    _at_work.update(keys)
    try:
        found = _ask(items, cache)
    finally:
        _at_work.difference_update(keys)
    write_text(watched(cache) / "last", "\n".join(sorted(keys)))
    for name, answer in found.items():
        for line, message, file in answer["problems"]:
            _log.warning("%s: %s", Place(_name(file, chapters[name]), line), message)


def watched(cache: Path) -> Path:
    """The folder in which a file tells that a preview has measured something."""
    return cache / "measured"


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
            book.context.diagnostics.add(Place(module.path, lines[0]), message, "shape")


def _function(line: int, module: Module) -> str:
    """The innermost function around a line: inner ones come later."""
    around = [d.name for d in module.definitions if d.start <= line <= d.end]
    return around[-1]


def _items(book: Book) -> dict[str, "_Item"]:
    """What there is to run, by page."""
    versions = _versions()
    return {
        page: _Item.of(chapter, book.dependencies, versions)
        for page, chapter in book.chapters.items()
        if _EXAMPLE.search(chapter.module.source)
    }


def _all_measured(
    book: Book, answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Measured]:
    return {
        page: _measured(answers[page]) if page in answers else _silent(chapter)
        for page, chapter in book.chapters.items()
    }


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
    diagnostics = tuple((line, text, file) for line, text, file in answer["problems"])
    return Measured(tuple(seen), values, tuple(answer["unreached"]), diagnostics)


def _measure(row: Sequence[Any]) -> Measure:
    sizes, letters, dtype, changed = row
    return Measure(tuple(sizes), tuple(letters), dtype, changed)


# ## What is kept


@dataclass(frozen=True)
class _Item:
    """A module whose examples are run: what is asked, and a key for the answer.

    `own` is the part of the key that the module itself decides.
    `lines` are those of its code. What is kept counts lines among them, so that it is
    still right when prose above became longer. `length` is that of its examples.
    """

    name: str
    request: Mapping[str, Any]
    key: str
    own: str
    lines: tuple[int, ...]
    length: int

    @classmethod
    def of(
        cls, chapter: Chapter, dependencies: Dependencies, versions: Sequence[str]
    ) -> "_Item":
        path, module = chapter.path, chapter.module
        entries = [(e.symbols, e.variables) for e in notation(module)]
        request = {"name": chapter.name, "path": str(path), "notation": entries}
        lines = tuple(number for row in module.rows for number in row.code)
        examples = list(_examples(module))
        asked = json.dumps([request, versions]), *examples
        own = digest(*asked, dependencies.code(path))
        code = [Path(trace.__file__), *dependencies.of(chapter.name, path)]
        key = digest(own, *map(dependencies.code, code))
        return cls(chapter.name, request, key, own, lines, sum(map(len, examples)))

    def known(self, cache: Path, stale: bool = False) -> dict[str, Any] | None:
        """The answer that was kept, if it is still good.

        With `stale`, one serves if only what the module imports has changed.
        """
        try:
            stored = json.loads(self._file(cache).read_text("utf-8"))
            if stored["key"] == self.key or (stale and stored["own"] == self.own):
                return _placed(stored["answer"], dict(enumerate(self.lines)))
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none yet, or not whole
        return None

    def keep(self, answer: Mapping[str, Any], cache: Path) -> None:
        """Keep a good answer. What failed may have failed for a reason outside."""
        if not answer["problems"]:
            places = {line: number for number, line in enumerate(self.lines)}
            kept = {
                "key": self.key,
                "own": self.own,
                "answer": _placed(answer, places),
            }
            write_text(self._file(cache), json.dumps(kept, ensure_ascii=False))

    def _file(self, cache: Path) -> Path:
        return cache / "shapes" / f"{self.name}.json"


def _placed(answer: Mapping[str, Any], places: Mapping[int, int]) -> dict[str, Any]:
    """An answer with its lines counted in another way."""
    return {
        **answer,
        "unreached": [places[line] for line in answer["unreached"]],
        "shapes": [[places[line], *more] for line, *more in answer["shapes"]],
    }


def _examples(module: Module) -> Iterator[str]:
    """What the examples in the prose of a module say, whatever stands around them."""
    for row in module.rows:
        for prose in row.prose:
            yield from _EXAMPLES.findall(prose.text)


def _versions() -> list[str]:
    return [sys.version, *map(_version, _LIBRARIES)]


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"


# ## Asking


def _ask(items: Sequence[_Item], cache: Path) -> dict[str, Mapping[str, Any]]:
    """Run them, many of them in several programs at once."""
    answers: dict[str, Mapping[str, Any]] = {}
    # Longest first: at the end no program waits for another.
    items = sorted(items, key=lambda item: -item.length)
    with progress.part("examples", len(items)) as part:
        while left := {i.name: i for i in items if i.name not in answers}:
            _run(left, answers, part, cache)
    return answers


def _run(
    left: Mapping[str, _Item],
    answers: dict[str, Mapping[str, Any]],
    part: Part,
    cache: Path,
) -> None:
    """Run what is left, but for what comes after an example that ends the process."""
    count = min(os.cpu_count() or 1, _PROGRAMS, 1 + len(left) // _WORTH)
    with tempfile.TemporaryDirectory() as taken:
        collect = partial(_collect, left, taken, answers, part, cache)
        runs = [process.begin(collect) for _ in range(count)]
        ends = dict(run.result() for run in runs)
    culprits = ends.keys() & (left.keys() - answers.keys())
    # If they ended before they said anything, it is the first.
    if not culprits and not left.keys() & answers.keys():
        first = next(iter(left))
        ends, culprits = {first: next(iter(ends.values()))}, {first}
    for culprit in culprits:
        answers[culprit] = _failed(culprit, f"its examples {ends[culprit]}")
        part.end(culprit, done=0)


def _collect(
    left: Mapping[str, _Item],
    taken: str,
    answers: dict[str, Mapping[str, Any]],
    part: Part,
    cache: Path,
) -> tuple[str, str]:
    """Take answers from a program, and keep each at once; where it ended, and why."""
    at = ""
    try:
        for line in _said(left.values(), taken):
            at = line.get("imports", line.get("begins", at))
            if "begins" in line:
                part.begin(at)
            elif "name" in line:
                answers[at] = line
                left[at].keep(line, cache)
                part.end(at)
    except ChildError as error:
        first, *_, last = [*str(error).split("\n"), ""]
        return at, f"{first} {last}".strip()
    return at, "ended without an answer"


def _said(asked: Iterable[_Item], taken: str) -> Iterator[dict[str, Any]]:
    """What a program says of some modules: that it begins with one, and its answer.

    It passes over a module that another program has taken, as a file in `taken` says.
    """
    request = json.dumps([item.request for item in asked]).encode()
    # By its path and with `-P`: what is imported is what a reader would import. With
    # `-B`, nothing is written beside the sources.
    command = [sys.executable, "-P", "-B", trace.__file__, taken]
    return process.lines(command, request)


def _failed(name: str, reason: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"unreached": [], "values": {}, "shapes": []}
    return {"name": name, "problems": [(1, reason, "")], **nothing}
