"""Hints: shapes at the ends of lines, in the letters of the notation.

If all runs of a line read alike, they are shown as one. If not, the run with the most
letters is, with an ellipsis, and the box lists all. A type stands behind a shape where
it is new in every run. A letter that plain HTML cannot set is shown as a number.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape
from html.entities import html5
from itertools import starmap
from typing import Any

from litweave.book import Chapter
from litweave.features.shapes.trace import Measure, Measures
from litweave.words import listed, said, word

SWITCH = f"""<button class="weave-button" type="button" aria-pressed="true"
 data-weave-shapes hidden>{word("Shapes")}</button>"""

_MANY, _SAID = 12, 3  # A box lists no more lines than these, and a voice no more runs.
_WIDTH = 80  # Columns, of code and hint together, for which there is always room.
_TAG = re.compile(r"<[^>]*>")
_NONE = word("scalar")
_TEXT = re.compile(r"\\(?:text|mathrm|textrm)\{(.*)\}")

Seen = tuple[str, Sequence[Measures]]
"""All that differed of one name on a line; what a function gives has no name."""
Join = Callable[[Sequence[str]], str]


def show(chapter: Chapter, shapes: Sequence[Any]) -> None:
    """Put what was measured at the ends of the lines of a page."""
    lines = defaultdict[int, list[Seen]](list)
    for line, name, runs in shapes:
        lines[line].append((name, [(*starmap(Measure, run),) for run in runs]))
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
    for name, runs in names:
        before = escape(f"{name}: ") if (many or defines) and name else ""
        shown.append(before + _shown(runs))
        voice = _voice(runs)
        named = word("{name} {shape}", name=escape(name), shape=voice)
        voices.append(named if before else voice)
        told += [(before if many else "") + line for line in _box(runs)]
    text, voice = ", ".join(shown), word("shape {shapes}", shapes=listed(voices))
    width = len(code) + len(_TAG.sub("", said(text)))
    room = f' style="--columns:{len(code)}"' if width > _WIDTH else ""
    return (
        f'<span class="weave-shape" role="img" aria-label="{voice}"'
        f' data-runs="{escape("<br>".join(told))}"{room}>{text}</span>'
    )


# ## One name


def _letters(run: Measures) -> int:
    return sum(not axis.isdecimal() for one in run for axis in _axes(one))


def _shown(runs: Sequence[Measures]) -> str:
    """One run for all, with its types if they are new in all of them."""
    alike = len({tuple((one.dtype, one.is_new) for one in run) for run in runs}) == 1

    def write(one: Measure) -> str:
        return _html(one) + (f" {escape(one.dtype)}" if alike and one.is_new else "")

    others = " …" if len({_each(run, _html) for run in runs}) > 1 else ""
    return _each(max(runs, key=_letters), write) + others


def _voice(runs: Sequence[Measures]) -> str:
    """The shape for a screen reader, and the numbers unless these were all of it."""
    shape = _each(max(runs, key=_letters), lambda one: _spoken(_axes(one)), listed)
    sizes = (_each(run, lambda one: _spoken(one.sizes), listed) for run in runs)
    numbers = list(dict.fromkeys(sizes))
    if numbers == [shape]:
        return shape
    example = listed(numbers[:_SAID], "{first}, or {next}")
    if numbers[_SAID:]:
        example = word("{sizes}, and others", sizes=example)
    return word("{shape}, in the example {sizes}", shape=shape, sizes=example)


def _box(runs: Sequence[Measures]) -> list[str]:
    """The numbers of each run, under its letters if not all have the same."""
    kinds: dict[str, dict[str, None]] = {}
    for run in runs:
        kinds.setdefault(_each(run, _html), {})[_each(run, _exact)] = None
    lines = []
    for shape, numbers in kinds.items():
        has_letters = len(kinds) > 1 and "<i>" in shape
        lines += [*([f"{shape}:"] if has_letters else []), *numbers]
    more = word("and {number} more", number=len(lines) - _MANY)
    return [*lines[:_MANY], *([more] if lines[_MANY:] else [])]


# ## One shape


def _each(run: Measures, say: Callable[[Measure], str], join: Join = ", ".join) -> str:
    """One tensor, or several in parentheses."""
    written = join([say(tensor) for tensor in run])
    return f"({written})" if len(run) > 1 else written


def _axes(tensor: Measure) -> list[str]:
    """The letter of each axis, or else its size."""
    axes = zip(tensor.letters, tensor.sizes, strict=True)
    return [(letter(name) if name else "") or str(size) for name, size in axes]


def _html(tensor: Measure) -> str:
    return " × ".join(_axes(tensor)) or _NONE


def _exact(tensor: Measure) -> str:
    return f"{' × '.join(map(str, tensor.sizes)) or _NONE} {escape(tensor.dtype)}"


def _spoken(axes: Iterable[object]) -> str:
    plain = [" ".join(_TAG.sub(" ", str(axis)).split()) for axis in axes]
    return listed(plain, "{first} by {next}") or _NONE


# ## One letter

_SCRIPTS = {"_": "sub", "^": "sup", "'": "sup"}
# What is a script or a prime, in braces or not, or stands alone.
_PART = re.compile(
    r"([_^]?)\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\\[A-Za-z]+(?:\{[^{}]*\})?|\\?\S))"
)


@cache
def letter(tex: str) -> str:
    """A symbol as HTML; empty if it takes more than letters and scripts."""
    try:
        return "".join(starmap(_part, _PART.findall(tex)))
    except KeyError:
        return ""


def _part(mark: str, group: str, one: str) -> str:
    """A script or what stands alone; `KeyError` for what cannot be set."""
    html = (mark and letter(group)) or _nucleus(one)
    tag = _SCRIPTS.get(mark or one)
    return f"<{tag}>{html}</{tag}>" if tag else html


def _nucleus(tex: str) -> str:
    if text := _TEXT.fullmatch(tex):
        return escape(text[1])
    if tex == "'" or tex.isdecimal():
        return tex.replace("'", "′")
    # HTML and TeX differ in which form of a letter is the variant.
    name = tex.removeprefix("\\var").lstrip("\\")
    return f"<i>{tex if tex.isalpha() else escape(html5[f'{name};'])}</i>"
