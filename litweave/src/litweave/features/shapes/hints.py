r"""# Hints: shapes at the ends of lines

What was measured ([`shapes`][]) stands behind the code of its line, small and grey:
$B \times S \times C$, in the letters of the notation. The numbers of the example are in
a box on hover or focus, and a screen reader hears both.

A line can run many times. If all its runs read alike in letters, they are shown as one,
and the box lists their numbers. If not, the run with the most letters is shown, an
ellipsis behind it says that there are others, and the box lists all.

A type stands behind a shape where the type changed in every run.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from litweave.book import Book
from litweave.features.shapes.shapes import Measured, Seen
from litweave.features.shapes.trace import Measure, Measures
from litweave.features.symbols.letters import Letter, letter
from litweave.parse import Module
from litweave.words import listed, said, word

SWITCH = f"""<button class="weave-button" type="button" aria-pressed="true"
 data-weave-shapes hidden>{word("Shapes")}</button>"""

_MANY = 8  # A box lists no more runs than these, and a voice fewer.
_SAID = 3
_WIDTH = 80  # Columns, of code and hint together, for which there is always room.
_TAG = re.compile(r"<[^>]*>")
_NONE = word("scalar")


def enrich(book: Book, measured: Mapping[str, Measured]) -> None:
    """Put what was measured at the ends of the lines of each page."""
    for page, found in measured.items():
        chapter = book.chapters[page]
        hints = dict(_hints(chapter.module, found.seen))
        chapter.overlay.hints.update(hints)
        if hints:
            chapter.overlay.tools.append(SWITCH)


def _hints(module: Module, seen: Iterable[Seen]) -> Iterator[tuple[int, str]]:
    """The hint of each line."""
    lines: dict[int, list[Seen]] = {}
    for one in seen:
        lines.setdefault(one.line, []).append(one)
    for line, names in lines.items():
        code = module.lines[line - 1].rstrip()
        yield line, hint(names, code)


def hint(names: Sequence[Seen], code: str) -> str:
    """The hint behind a line of code, for each name that was seen on it."""
    # What is shown behind a `def` could be taken for what the function gives.
    defines = code.lstrip().startswith(("def ", "async def "))
    many = len(names) > 1
    parts = [_Part.of(seen, many or defines, many) for seen in names]
    shown = ", ".join(part.shown for part in parts)
    voice = word("shape {shapes}", shapes=listed([part.said for part in parts]))
    told = "<br>".join(line for part in parts for line in part.told)
    width = len(code) + len(_TAG.sub("", said(shown)))
    room = f' style="--columns:{len(code)}"' if width > _WIDTH else ""
    return (
        f'<span class="weave-shape" role="img" aria-label="{voice}"'
        f' data-runs="{escape(told)}"{room}>{shown}</span>'
    )


# ## One name


@dataclass(frozen=True)
class _Part:
    """What is shown of one name, what is said, and what the box tells, by line."""

    shown: str
    said: str
    told: tuple[str, ...]

    @classmethod
    def of(cls, seen: Seen, named: bool, named_in_box: bool) -> "_Part":
        """Sum up the runs of a line."""
        kinds: dict[str, list[Measures]] = {}
        for run in seen.runs:
            kinds.setdefault(_each(run, _html), []).append(run)
        first = max(seen.runs, key=_count_letters)
        name = f"{seen.name}: " if named and seen.name else ""
        shown = escape(name) + _each(first, _typed(seen.runs))
        shown += " …" if len(kinds) > 1 else ""
        said = _voice(first, seen.runs)
        if name:
            said = word("{name} {shape}", name=escape(seen.name), shape=said)
        again = escape(name) if named_in_box else ""
        return cls(shown, said, tuple(f"{again}{line}" for line in _box(kinds)))


def _count_letters(run: Measures) -> int:
    return sum(_letter(name) is not None for tensor in run for name in tensor.letters)


def _typed(runs: Sequence[Measures]) -> Callable[[Measure], str]:
    """How a tensor is shown: its type behind it, if all runs changed to the same."""
    types = {tuple((one.dtype, one.changed) for one in run) for run in runs}

    def write(tensor: Measure) -> str:
        new = len(types) == 1 and tensor.changed
        return _html(tensor) + (f" {escape(tensor.dtype)}" if new else "")

    return write


def _voice(first: Measures, runs: Sequence[Measures]) -> str:
    """The shape for a screen reader, and the numbers unless these were all of it."""
    shape = _each(first, _words, listed)
    numbers = list(dict.fromkeys(_each(run, _sizes_said, listed) for run in runs))
    if numbers == [shape]:
        return shape
    sizes = listed(numbers[:_SAID], "{first}, or {next}")
    if len(numbers) > _SAID:
        sizes = word("{sizes}, and others", sizes=sizes)
    return word("{shape}, in the example {sizes}", shape=shape, sizes=sizes)


def _box(kinds: Mapping[str, Sequence[Measures]]) -> Iterator[str]:
    """The numbers of each run, under its letters if not all have the same."""
    left = _MANY
    for shape, runs in kinds.items():
        numbers = list(dict.fromkeys(_each(run, _numbers) for run in runs))
        if left > 0 and len(kinds) > 1 and any(map(_count_letters, runs)):
            yield f"{shape}:"
        yield from numbers[: max(left, 0)]
        left -= len(numbers)
    if left < 0:
        yield word("and {number} more", number=-left)


# ## One shape


def _each(
    run: Measures,
    write: Callable[[Measure], str],
    join: Callable[[Sequence[str]], str] = ", ".join,
) -> str:
    """One tensor, or several in parentheses."""
    written = join([write(tensor) for tensor in run]) if run else ""
    return f"({written})" if len(run) > 1 else written


def _letter(name: str | None) -> Letter | None:
    return letter(name) if name else None


def _html(tensor: Measure) -> str:
    letters = map(_letter, tensor.letters)
    pairs = zip(letters, tensor.sizes, strict=True)
    return " × ".join(found.html if found else str(n) for found, n in pairs) or _NONE


def _words(tensor: Measure) -> str:
    letters = map(_letter, tensor.letters)
    pairs = zip(letters, tensor.sizes, strict=True)
    return _by([escape(found.words) if found else str(n) for found, n in pairs])


def _numbers(tensor: Measure) -> str:
    return f"{' × '.join(map(str, tensor.sizes)) or _NONE} {escape(tensor.dtype)}"


def _sizes_said(tensor: Measure) -> str:
    return _by([str(size) for size in tensor.sizes])


def _by(sizes: Sequence[str]) -> str:
    return listed(sizes, "{first} by {next}") if sizes else _NONE
