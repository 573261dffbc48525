"""Hints: shapes at the ends of lines, in the letters of the notation.

If all runs of a line read alike, they are shown as one. If not, the run with the most
letters is, with an ellipsis, and the box lists all. A type stands behind a shape where
it changed in every run. A letter that plain HTML cannot set is shown as a number.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from litweave import process
from litweave.book import Book
from litweave.features import symbols
from litweave.features.shapes import shapes
from litweave.features.shapes.shapes import Measured, Seen
from litweave.features.shapes.tensors import Measure, Measures
from litweave.features.symbols import Atom, Row, atoms
from litweave.words import listed, said, word

if TYPE_CHECKING:
    from litweave.site import Site

SWITCH = f"""<button class="weave-button" type="button" aria-pressed="true"
 data-weave-shapes hidden>{word("Shapes")}</button>"""

_MANY = 8  # A box lists no more runs than these, and a voice fewer.
_SAID = 3
_WIDTH = 80  # Columns, of code and hint together, for which there is always room.
_TAG = re.compile(r"<[^>]*>")
_NONE = word("scalar")
_WORDS = re.compile(r"\\(?:text|mathrm|textrm)\{(.*)\}")
# How a sign is set, and how it is said.
_SIGNS = {
    **{r"\cdot": ("·", "times"), r"\times": ("×", "times"), "/": ("/", "over")},
    **{"+": ("+", "plus"), "-": ("−", "minus"), "'": ("′", "prime"), ",": (",", "")},
}
_NAMES = {r"\ell": "ℓ", r"\varepsilon": "ε", r"\varphi": "φ", r"\vartheta": "ϑ"}


def enrich(site: "Site") -> Callable[[], None]:
    """Shapes at the ends of lines, and sizes to the symbols; nothing is run untold."""
    book, cache = site.book, site.settings.cache
    measure = shapes.measure_later if site.is_preview else shapes.measure
    runs = site.settings.run_examples
    result = process.begin(partial(measure, book, cache)).result if runs else dict

    def finish() -> None:
        measured = result()
        ran = {page: found for page, found in measured.items() if found.ran}
        shapes.note_unreached(book, ran)
        show(book, measured)
        symbols.show(book, {page: m.values for page, m in measured.items()})

    return finish


def show(book: Book, measured: Mapping[str, Measured]) -> None:
    """Put what was measured at the ends of the lines of each page."""
    for page, found in measured.items():
        chapter = book.chapters[page]
        lines: dict[int, list[Seen]] = {}
        for seen in found.seen:
            lines.setdefault(seen.line, []).append(seen)
        for line, names in lines.items():
            code = chapter.module.lines[line - 1].rstrip()
            chapter.overlay.hints[line] = hint(names, code)
        if lines:
            chapter.overlay.tools.append(SWITCH)


def hint(names: Sequence[Seen], code: str) -> str:
    """The hint behind a line of code, for each name that was seen on it."""
    # What is shown behind a `def` could be taken for what the function gives.
    defines = code.lstrip().startswith(("def ", "async def "))
    many = len(names) > 1
    shown, voices, told = list[str](), list[str](), list[str]()
    for seen in names:
        name = f"{seen.name}: " if (many or defines) and seen.name else ""
        shown.append(escape(name) + _shown(seen.runs))
        voice = _voice(seen.runs)
        named = word("{name} {shape}", name=escape(seen.name), shape=voice)
        voices.append(named if name else voice)
        told += [escape(name if many else "") + line for line in _box(seen.runs)]
    text, voice = ", ".join(shown), word("shape {shapes}", shapes=listed(voices))
    width = len(code) + len(_TAG.sub("", said(text)))
    room = f' style="--columns:{len(code)}"' if width > _WIDTH else ""
    return (
        f'<span class="weave-shape" role="img" aria-label="{voice}"'
        f' data-runs="{escape("<br>".join(told))}"{room}>{text}</span>'
    )


# ## One name


def _count_letters(run: Measures) -> int:
    return sum(bool(name and letter(name)) for one in run for name in one.letters)


def _by_letters(runs: Sequence[Measures]) -> dict[str, list[Measures]]:
    """The runs that read alike in letters."""
    kinds: dict[str, list[Measures]] = {}
    for run in runs:
        kinds.setdefault(_each(run, _html), []).append(run)
    return kinds


def _shown(runs: Sequence[Measures]) -> str:
    """The run with the most letters, its types if they are new in all runs."""
    types = {tuple((one.dtype, one.changed) for one in run) for run in runs}

    def write(tensor: Measure) -> str:
        new = len(types) == 1 and tensor.changed
        return _html(tensor) + (f" {escape(tensor.dtype)}" if new else "")

    others = " …" if len(_by_letters(runs)) > 1 else ""
    return _each(max(runs, key=_count_letters), write) + others


def _voice(runs: Sequence[Measures]) -> str:
    """The shape for a screen reader, and the numbers unless these were all of it."""
    shape = _each(max(runs, key=_count_letters), _words, listed)
    numbers = list(dict.fromkeys(_each(run, _sizes_said, listed) for run in runs))
    if numbers == [shape]:
        return shape
    sizes = listed(numbers[:_SAID], "{first}, or {next}")
    if len(numbers) > _SAID:
        sizes = word("{sizes}, and others", sizes=sizes)
    return word("{shape}, in the example {sizes}", shape=shape, sizes=sizes)


def _box(runs: Sequence[Measures]) -> Iterator[str]:
    """The numbers of each run, under its letters if not all have the same."""
    left, kinds = _MANY, _by_letters(runs)
    for shape, alike in kinds.items():
        numbers = list(dict.fromkeys(_each(run, _numbers) for run in alike))
        if left > 0 and len(kinds) > 1 and any(map(_count_letters, alike)):
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


def _axes(tensor: Measure, form: str) -> list[str]:
    """The letter of each axis in a form, `html` or `words`, or else its size."""
    letters = (name and letter(name) for name in tensor.letters)
    pairs = zip(letters, tensor.sizes, strict=True)
    return [getattr(found, form) if found else str(size) for found, size in pairs]


def _html(tensor: Measure) -> str:
    return " × ".join(_axes(tensor, "html")) or _NONE


def _numbers(tensor: Measure) -> str:
    return f"{' × '.join(map(str, tensor.sizes)) or _NONE} {escape(tensor.dtype)}"


def _words(tensor: Measure) -> str:
    return _by([escape(axis) for axis in _axes(tensor, "words")])


def _sizes_said(tensor: Measure) -> str:
    return _by([str(size) for size in tensor.sizes])


def _by(sizes: Sequence[str]) -> str:
    return listed(sizes, "{first} by {next}") if sizes else _NONE


# ## One letter


class Letter(NamedTuple):
    """A symbol as HTML, and in words."""

    html: str
    words: str


@cache
def letter(tex: str) -> Letter | None:
    """Set a symbol; none if it takes more than letters and scripts."""
    with suppress(KeyError):
        found = _row(atoms(tex))
        return found if found.html and found.words else None
    return None


def _row(row: Row) -> Letter:
    parts = [part for atom in row for part in _parts(atom)]
    words = " ".join(part.words for part in parts if part.words)
    return Letter("".join(part.html for part in parts), words)


def _parts(atom: Atom) -> Iterator[Letter]:
    """A letter and its scripts."""
    yield _nucleus(atom.nucleus.strip())
    for tag, script in (("sub", atom.sub), ("sup", atom.sup)):
        if script:
            html, words = _row(script)
            yield Letter(f"<{tag}>{html}</{tag}>", words)


def _nucleus(tex: str) -> Letter:
    """One letter, number, sign or text; `KeyError` for what cannot be set."""
    if text := _WORDS.fullmatch(tex):
        return Letter(escape(text[1]), text[1])
    if tex in _SIGNS or tex.isdecimal():
        return Letter(*_SIGNS.get(tex, (tex, tex)))
    return Letter(f"<i>{_character(tex)}</i>", tex.removeprefix("\\var").lstrip("\\"))


def _character(tex: str) -> str:
    """The character of a Latin or Greek letter."""
    if tex.isalpha() or tex in _NAMES:
        return _NAMES.get(tex, tex)
    # Unicode spells lambda like this.
    greek = tex[1:].upper().replace("LAMBDA", "LAMDA")
    size = "CAPITAL" if tex[1:2].isupper() else "SMALL"
    return unicodedata.lookup(f"GREEK {size} LETTER {greek}")
