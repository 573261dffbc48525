"""Shapes: what the examples of a book's modules show, measured by `trace` and kept.

An answer is good while the code of the module, its examples and notation, the code that
it imports, and what is installed are the same.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from litweave import process
from litweave.book import Book, Chapter
from litweave.cache import OTHERS, Folder, digest, installed, write_text
from litweave.diagnostics import Place
from litweave.features.shapes import trace
from litweave.features.shapes.statements import Source
from litweave.features.shapes.tensors import Measure, Measures
from litweave.features.symbols import Values, notation
from litweave.process import ChildError
from litweave.progress import Part, progress

# Each program imports torch anew, and so is worth it for that many modules.
_PROGRAMS, _WORTH = 4, 10
_EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)
# From the first prompt to the next blank line, its answer included.
_EXAMPLES = re.compile(r"^[ \t]*>>>.*(?:\n[ \t]*\S.*)*", re.MULTILINE)
_FORWARD = re.compile(r"\bTensor\b|def forward\b")

_log = logging.getLogger("mkdocs.plugins.litweave")
_at_work: set[str] = set()

Answer = dict[str, Any]
"""What the program says of a module.

A problem has its line, its words, and its file if that is not the module.
"""


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
    forward passes that were never run. If the module has no examples, nothing `ran`.
    """

    seen: Sequence[Seen] = ()
    values: Values = field(default_factory=dict)
    unreached: Sequence[int] = ()
    ran: bool = True

    @classmethod
    def of(cls, chapter: Chapter, answer: Answer | None) -> "Measured":
        """Read an answer; a module without examples reaches nothing."""
        if answer is None:
            has_forward = _FORWARD.search(chapter.module.source)
            lines = Source.read(chapter.path).forward if has_forward else ()
            return cls(unreached=sorted(lines), ran=False)
        seen = [
            Seen(line, name, tuple(tuple(Measure(*row) for row in run) for run in runs))
            for line, name, runs in answer["shapes"]
        ]
        return cls(seen, answer["values"], answer["unreached"])


def measure(book: Book, cache: Path) -> dict[str, Measured]:
    """Run the examples of a book's modules, and say what each page's show.

    Examples that fail are noted as problems of the book. `cache` is the folder that
    keeps what was measured before.
    """
    items, kept = _items(book), Folder(cache / "shapes")
    answers = {name: item.known(kept) for name, item in items.items()}
    answers |= _ask([item for name, item in items.items() if not answers[name]], kept)
    kept.forget(items, OTHERS)
    for place, message in _problems(book, answers):
        book.context.diagnostics.add(place, message, "example")
    return _measured(book, answers)


def measure_later(book: Book, cache: Path) -> dict[str, Measured]:
    """Say what is known, and find out the rest in the background.

    Whoever writes sees the page at once, and the shapes when all of them are there:
    then a file changes in a folder, see [`watched`][shapes.watched]. Until then, a
    module that did not change itself has its old ones.
    """
    items, kept = _items(book), Folder(cache / "shapes")
    unknown = [item for item in items.values() if not item.known(kept)]
    if new := [item for item in unknown if item.key not in _at_work]:
        _at_work.update(item.key for item in new)
        process.begin(partial(_complain, book, new, cache))
    return _measured(book, {n: item.known(kept, True) for n, item in items.items()})


def _measured(book: Book, answers: Mapping[str, Answer | None]) -> dict[str, Measured]:
    found = book.chapters.items()
    return {page: Measured.of(c, answers.get(c.name)) for page, c in found}


def _problems(
    book: Book, answers: Mapping[str, Answer | None]
) -> Iterator[tuple[Place, str]]:
    """What is wrong with the examples, each with its place."""
    for chapter in book.chapters.values():
        answer = answers.get(chapter.name) or {"problems": ()}
        # What messages call a file beside the chapter's, or the chapter's own.
        beside = chapter.path.parents[chapter.module.path.count("/")]
        for line, message, file in answer["problems"]:
            name = Path(os.path.relpath(file or chapter.path, beside)).as_posix()
            yield Place(name, line), message


def _complain(book: Book, items: list["_Item"], cache: Path) -> None:
    """Run some examples, and warn of those that fail."""
    try:
        found = _ask(items, Folder(cache / "shapes"))
        for place, message in _problems(book, found):
            _log.warning("%s: %s", place, message)
    finally:
        _at_work.difference_update(item.key for item in items)
    # If all of them fail, another build would show nothing new, and run them again.
    if not all(answer["problems"] for answer in found.values()):
        write_text(watched(cache) / "last", "\n".join(sorted(found)))


def watched(cache: Path) -> Path:
    """The folder in which a file tells that a preview has measured something."""
    return cache / "measured"


def note_unreached(book: Book, measured: Mapping[str, Measured]) -> None:
    """Note the lines of forward passes beside which no shape can stand."""
    for page, found in measured.items():
        module = book.chapters[page].module
        functions: dict[str, list[int]] = {}
        for line in found.unreached:
            around = [d.name for d in module.definitions if d.start <= line <= d.end]
            functions.setdefault(around[-1], []).append(line)  # inner ones come later
        for name, lines in functions.items():
            code = module.lines[lines[0] - 1].strip()
            more = f", nor {len(lines) - 1} more lines of it" if lines[1:] else ""
            message = f"no example of this module reaches “{code}” in {name}{more}"
            book.context.diagnostics.add(Place(module.path, lines[0]), message, "shape")


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
    lines: Sequence[int]
    length: int

    def known(self, kept: Folder, stale: bool = False) -> Answer | None:
        """The answer that was kept, if it is still good.

        With `stale`, one serves if only what the module imports has changed.
        """
        answer = kept.get(self.name, self.own if stale else self.key)
        return answer and _placed(answer, self.lines.__getitem__)

    def keep(self, answer: Answer, kept: Folder) -> None:
        """Keep a good answer. What failed may have failed for a reason outside."""
        if not answer["problems"]:
            placed = _placed(answer, self.lines.index)
            kept.keep(self.name, placed, self.key, self.own)


def _placed(answer: Answer, place: Callable[[int], int]) -> Answer:
    """An answer with its lines counted in another way."""
    return {
        **answer,
        "unreached": [place(line) for line in answer["unreached"]],
        "shapes": [[place(line), *more] for line, *more in answer["shapes"]],
    }


def _items(book: Book) -> dict[str, _Item]:
    """What there is to run, by name."""
    dependencies = book.dependencies
    program = dependencies.computes(trace.__name__, Path(trace.__file__))
    state = digest(installed(), program)
    items = {}
    for chapter in book.chapters.values():
        name, path, module = chapter.name, chapter.path, chapter.module
        if not _EXAMPLE.search(module.source):
            continue
        entries = [(entry.symbols, entry.variables) for entry in notation(module)]
        request = {"name": name, "path": str(path), "notation": entries}
        # What the examples say, whatever stands around them.
        examples = [e for prose in module.prose for e in _EXAMPLES.findall(prose.text)]
        own = digest(json.dumps(request), state, *examples, dependencies.code(path))
        key = digest(own, dependencies.computes(name, path))
        numbers = (number for row in module.rows for number in row.code)
        lines = [number for number in numbers if module.lines[number - 1].strip()]
        items[name] = _Item(name, request, key, own, lines, sum(map(len, examples)))
    return items


# ## Asking


def _ask(items: list[_Item], kept: Folder) -> dict[str, Answer]:
    """Run them.

    A module that tells what it computes is not quite what its author wrote, and
    `torch.compile` may refuse it. So what fails is run again as it stands, unseen.
    """
    answers = _answers(items, kept)
    # What ended the program, or did not end, has no name, and is not tried again.
    failed = {a["name"] for a in answers.values() if "name" in a and a["problems"]}
    again = [item for item in items if item.name in failed]
    plain = [replace(i, request={**i.request, "plain": True}) for i in again]
    return answers | _answers(plain, kept)


def _answers(items: list[_Item], kept: Folder) -> dict[str, Answer]:
    """Run them, many of them in several programs at once."""
    answers: dict[str, Answer] = {}
    # Longest first, so that each program has about as much to do.
    items = sorted(items, key=lambda item: -item.length)
    cores = (os.cpu_count() or 1) - 1  # One is for the build, and for its proofs.
    count = max(1, min(cores, _PROGRAMS, 1 + len(items) // _WORTH))
    with progress.part("examples", len(items)) as part:
        shares = [{i.name: i for i in items[number::count]} for number in range(count)]
        work = partial(_run, answers=answers, part=part, kept=kept)
        for run in [process.begin(partial(work, share)) for share in shares]:
            run.result()
    return answers


def _run(
    left: dict[str, _Item], answers: dict[str, Answer], part: Part, kept: Folder
) -> None:
    """Take answers and keep each at once, until there is one for all that is left.

    If examples end the program, another runs what comes after them.
    """
    while left:
        at, line, file, reason = "", 1, "", "ended without an answer"
        try:
            for said in _said(left.values()):
                at = str(said.get("imports", said.get("begins", at)))
                line, file = said.get("line", 1), said.get("file", "")
                if "begins" in said:
                    part.begin(at)
                elif "name" in said:
                    answers[at] = said
                    left.pop(at).keep(said, kept)
                    part.end(at)
        except ChildError as error:
            first, *more = str(error).split("\n")
            reason = " ".join([first, *more[-1:]])
        if left:
            # If it ended before it said anything, it is the first.
            culprit = at if at in left else next(iter(left))
            what = "cannot be imported: it" if file else "its examples"
            problem = (line, f"{what} {reason}", file)
            nothing: Answer = {"unreached": [], "values": {}, "shapes": []}
            answers[culprit] = {"problems": [problem], **nothing}
            del left[culprit]
            part.end(culprit, done=0)


def _said(asked: Iterable[_Item]) -> Iterator[Answer]:
    """What a program says of some modules: that it begins with one, and its answer."""
    request = json.dumps([item.request for item in asked]).encode()
    # With `-P`, what is imported is what a reader would import. With `-B`, nothing is
    # written beside the sources.
    return process.lines([sys.executable, "-P", "-B", "-m", trace.__name__], request)
