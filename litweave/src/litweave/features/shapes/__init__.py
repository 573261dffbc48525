"""Shapes of tensors at the ends of lines, found by running the examples.

The program `trace` runs them. What it says is good while the code of the module, its
examples and notation, the code that it imports, and what is installed are the same.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from litweave import process
from litweave.book import Book
from litweave.cache import OTHERS, Folder, digest, installed, write_text
from litweave.diagnostics import Place
from litweave.features import symbols
from litweave.features.shapes import hints, trace
from litweave.features.symbols import notation
from litweave.parse import Module
from litweave.progress import Part, progress

if TYPE_CHECKING:
    from litweave.site import Site

# With `-P`, what is imported is what a reader would import. With `-B`, nothing is
# written beside the sources.
_COMMAND = [sys.executable, "-P", "-B", trace.__file__]
# Each program imports torch anew, and so is worth it for that many modules.
_PROGRAMS, _WORTH = 4, 10
# From the first prompt to the next blank line, its answer included.
_EXAMPLES = re.compile(r"^[ \t]*>>> .*(?:\n[ \t]*\S.*)*", re.MULTILINE)

Answer = dict[str, Any]
"""What the program says of a module; a problem has its line, its words, its file."""

# What a preview has at work, or has run in vain, and what became of it.
_tried: dict[tuple[str, str], Answer | None] = {}


def enrich(site: "Site") -> Callable[[], None]:
    """Shapes at the ends of lines, and sizes to the symbols; nothing is run untold."""
    book, cache = site.book, site.settings.cache
    work = partial(measure, book, cache, later=site.is_preview)
    result = process.begin(work).result if site.settings.run_examples else dict

    def finish() -> None:
        answers: Mapping[str, Answer] = result()
        for page, answer in answers.items():
            note_unreached(book, page, answer["unreached"])
            hints.show(book.chapters[page], answer["shapes"])
        symbols.show(book, {page: a["values"] for page, a in answers.items()})

    return finish


def measure(book: Book, cache: Path, later: bool = False) -> dict[str, Answer]:
    """What the examples on each page show; `cache` keeps it.

    Those that fail are noted as problems of the book. `later`, what is not known is
    found out in the background, for whoever writes sees the page at once; a module that
    did not change itself has its old shapes until then.
    """
    kept, items = Folder(cache / "shapes"), _items(book)
    answers = {item.name: item.known(kept) for item in items}
    new = [item for item in items if not answers[item.name]]
    if later:
        for item in new:
            answers[item.name] = _tried.get(item.keys) or item.known(kept, stale=True)
        if new := [item for item in new if item.keys not in _tried]:
            _tried.update((item.keys, None) for item in new)
            process.begin(partial(_measure_later, new, kept, cache))
    else:
        answers |= ask(new, kept)
        kept.forget(answers, OTHERS)
    found = dict[str, Answer]()
    for page, chapter in book.chapters.items():
        if answer := answers.get(chapter.name):
            # What messages call a file beside the chapter's, or the chapter's own.
            beside = chapter.path.parents[chapter.module.path.count("/")]
            for line, message, file in answer["problems"]:
                name = Path(os.path.relpath(file or chapter.path, beside)).as_posix()
                book.context.diagnostics.add(Place(name, line), message, "example")
            if not answer["problems"]:
                found[page] = answer
    return found


def _measure_later(items: Sequence["_Item"], kept: Folder, cache: Path) -> None:
    """Run some examples, and tell when all of them are done."""
    answers = ask(items, kept)
    for item in items:
        if answers[item.name]["problems"]:
            _tried[item.keys] = answers[item.name]
        else:
            del _tried[item.keys]
    write_text(watched(cache) / "last", "\n".join(answers))


def watched(cache: Path) -> Path:
    """The folder in which a file changes when a preview has measured something."""
    return cache / "measured"


def note_unreached(book: Book, page: str, lines: Sequence[int]) -> None:
    """Note, of each function, the first line beside which no shape can stand."""
    module, first = book.chapters[page].module, dict[str, int]()
    for line in lines:
        around = [d.name for d in module.definitions if d.start <= line <= d.end]
        first.setdefault(around[-1], line)  # Inner ones come later.
    for name, line in first.items():
        code = module.lines[line - 1].strip()
        message = f"no example of this module reaches “{code}” in {name}"
        book.context.diagnostics.add(Place(module.path, line), message, "shape")


# ## What is kept


class _Item(NamedTuple):
    """A module whose examples are run: what is asked, and the keys of the answer.

    The first key is what the module itself decides, the second what it imports. What is
    kept counts lines among the `lines` of code: it is right though prose grew above.
    """

    name: str
    request: Sequence[object]
    keys: tuple[str, str]
    lines: Sequence[int]
    examples: str

    def known(self, kept: Folder, stale: bool = False) -> Answer | None:
        """The answer that was kept; a `stale` one if only what is imported changed."""
        answer = kept.get(self.name, *self.keys[: 1 if stale else 2])
        return answer and _placed(answer, self.lines.__getitem__)


def _placed(answer: Answer, place: Callable[[int], int]) -> Answer:
    """An answer with its lines counted in another way."""
    unreached = [place(line) for line in answer["unreached"]]
    shapes = [[place(line), *more] for line, *more in answer["shapes"]]
    return {**answer, "unreached": unreached, "shapes": shapes}


def _items(book: Book) -> list[_Item]:
    """What there is to run."""
    dependencies, items = book.dependencies, list[_Item]()
    program = dependencies.computes(trace.__name__, Path(trace.__file__))
    state = digest(installed(), program)
    for chapter in book.chapters.values():
        name, path, module = chapter.name, chapter.path, chapter.module
        if examples := "\n".join(_EXAMPLES.findall(module.source)):
            request = [name, str(path), [*_tied(module)]]
            key = digest(state, json.dumps(request), examples, dependencies.code(path))
            keys = key, dependencies.computes(name, path)
            numbers = (number for row in module.rows for number in row.code)
            lines = [n for n in numbers if module.lines[n - 1].strip()]
            items.append(_Item(name, request, keys, lines, examples))
    return items


def _tied(module: Module) -> Iterator[tuple[str, Sequence[str]]]:
    """Each variable of the notation with its symbol, or else with all of its entry."""
    for entry in notation(module):
        are_pairs = len(entry.symbols) == len(entry.variables)
        symbols = zip(entry.symbols) if are_pairs else repeat(entry.symbols)
        yield from zip(entry.variables, symbols, strict=False)


# ## Asking


def ask(items: Sequence[_Item], kept: Folder) -> dict[str, Answer]:
    """Run examples, the longest first, many of them in several programs at once."""
    items = sorted(items, key=lambda item: -len(item.examples))
    cores = (os.cpu_count() or 1) - 1  # One is for the build, and for its proofs.
    count = max(1, min(cores, _PROGRAMS, 1 + len(items) // _WORTH))
    with progress.part("examples", len(items)) as part:
        shares = [{item.name: item for item in items[n::count]} for n in range(count)]
        runs = [process.begin(partial(_run, share, kept, part)) for share in shares]
        return {name: answer for run in runs for name, answer in run.result().items()}


def _run(
    left: dict[str, _Item], kept: Folder, part: Part, watched: bool = True
) -> dict[str, Answer]:
    """Take answers and keep each at once, until there is one for all that is left.

    A module that tells what it computes is not quite what its author wrote, and
    `torch.compile` may refuse it. So what fails is run again as it stands, unwatched.
    If examples end the program, another runs what comes after them.
    """
    answers, failed = dict[str, Answer](), dict[str, _Item]()
    while left:
        asked = {"modules": [one.request for one in left.values()], "watched": watched}
        at, reason = (next(iter(left)), 1, "its examples"), "ended without an answer"
        try:
            for said in process.lines(_COMMAND, asked):
                at = said.get("at", at)
                if "begins" in said and watched:
                    part.begin(said["begins"])
                elif "problems" in said:
                    item = left.pop(said["name"])
                    if said["problems"] and watched:
                        failed[item.name] = item
                        continue
                    # What failed may have failed for a reason outside.
                    if not said["problems"]:
                        answer = _placed(said, item.lines.index)
                        kept.keep(item.name, answer, *item.keys)
                    answers[item.name] = said
                    part.end(item.name)
        except process.ChildError as error:
            first, *more = str(error).split("\n")
            reason = " ".join([first, *more[-1:]])
        if left:
            # What ends it between two modules is the next.
            name, line, what = at if at[0] in left else (next(iter(left)), 1, at[2])
            answers[name] = {"problems": [(line, f"{what} {reason}", "")]}
            part.end(left.pop(name).name)
    return answers | _run(failed, kept, part, watched=False) if watched else answers
