"""Cells: an executed notebook becomes Markdown, so that a page of it is as any other.

A notebook is taken as it stands in its file: dictionaries. What its code printed is
HTML already: an empty *frame* keeps its place until the page is rendered.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from litweave.slots import Slots
from litweave.words import as_it_is, figures, word

# A notebook, a cell and an output are each a dictionary with names for keys.
Part: TypeAlias = dict[str, Any]

# The forms of an output, the best first.
_KINDS = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/plain")
_FRAME = '<div class="nb-output" id="output-{}"></div>'
_FOLDED = "nb-folded"
_FOLD = re.compile(f'<div class="[^"]*{_FOLDED}.*?</pre></div>', re.DOTALL)
_LINK = re.compile(r"\[([^\[\]]+)\]\[[\w.]*\]")
# Words of a table or of a drawing. What stands in code, or in a tag, is none.
_WORDS = re.compile(
    r"(<(code|pre|samp|script|style)\b.*?</\2>|<[^>]*>)|[^<\s](?:[^<]*[^<\s])?",
    re.DOTALL,
)
_LABEL = re.compile(r"(<(?:text|tspan)\b[^>]*>\s*)([^<]*[^<\s])")
# What a terminal takes for colour and cursor movement.
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


class CellError(ValueError):
    """A cell that cannot be shown: says which, and why."""


@dataclass(frozen=True)
class Document:
    """A page: its Markdown, and the HTML for the frame of each cell."""

    markdown: str
    outputs: Slots


# ## From cells to Markdown


def starts(script: str) -> list[int]:
    """The lines on which the cells of a script begin, counted from zero."""
    return [i for i, line in enumerate(script.split("\n")) if line.startswith("# %%")]


def document(notebook: Part, script: str) -> Document:
    """Write the cells of an executed notebook as a page.

    `script` is the file the notebook was written as. Where there is room for it, prose
    stands on the same line here as there, so that a message about it names the line to
    mend. There is room if no two cells of code meet.

    Cells are counted from one, as a reader would. A cell without output has no frame.

    **Raises.** [`CellError`][] for an output that no browser shows, or an image without
    alternative text.
    """
    cells, begins = notebook["cells"], starts(script)
    if len(begins) != len(cells):
        begins = [0] * len(cells)
    lines: list[str] = []
    outputs = Slots(_FRAME)
    for number, (cell, start) in enumerate(zip(cells, begins, strict=True), start=1):
        prose = cell["cell_type"] == "markdown"
        apart = not lines or lines[-1] in ("", _FRAME.format(number - 1))
        lines += [""] * max(start + prose - len(lines), not apart)
        lines += cell["source"].split("\n") if prose else _fenced(cell)
        if cell.get("outputs"):
            shown = enumerate(joined(cell["outputs"]), start=1)
            pieces = [_render(one, number, position) for position, one in shown]
            lines.append(outputs.leave("".join(pieces), number))
    lines += [""] * (script.count("\n") - len(lines))
    return Document("\n".join(lines) + "\n", outputs)


def _fenced(cell: Part) -> list[str]:
    """Put the code of a cell in a fence longer than any run of backticks within.

    A mark tells it from code in prose. A cell with Jupyter's tag `hide-input` has one
    more, and [`fill`][] folds it.
    """
    source: str = cell["source"]
    longest = max(map(len, re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    hidden = "hide-input" in cell.get("metadata", {}).get("tags", ())
    marks = f".nb-cell .{_FOLDED}" if hidden else ".nb-cell"
    return [f"{fence} {{ .python {marks} }}", *source.split("\n"), fence]


def fill(page: str, outputs: Slots) -> str:
    """Put each output in its frame of the rendered page, and fold what is to be folded.

    **Raises.** [`CellError`][] if a frame is lost: a fence or a list that is still open
    at the end of the cell before took it in.
    """
    summary = f"<summary>{word('Show the code')}</summary>"
    page = _FOLD.sub(rf'<details class="nb-code">{summary}\g<0></details>', page)
    for number in outputs.lost(page):
        raise CellError(f"cell {number}: the page has no place for its output")
    return outputs.fill(page)


# ## From outputs to HTML


def joined(outputs: Iterable[Part]) -> list[Part]:
    r"""Join what was printed in pieces, and keep what stays of it on a screen.

    The two streams of a program may overtake each other. So where one ends and the
    other begins, a new line begins.

    >>> said = [("stderr", "1 %\r"), ("stderr", "2 %"), ("stdout", "done")]
    >>> pieces = [{"output_type": "stream", "name": n, "text": t} for n, t in said]
    >>> [piece["text"] for piece in joined(pieces)]
    ['2 %\ndone\n']
    """
    together: list[Part] = []
    for output in outputs:
        last = together[-1] if together else {}
        if "text" in last and "text" in output:
            gap = "" if last["name"] == output["name"] else "\n"
            text = last["text"].removesuffix(gap) + gap + output["text"]
            together[-1] = {**output, "text": text}
        else:
            together.append({**output})
    for one in (one for one in together if "text" in one):
        one["text"] = terminal(one["text"]) + "\n"
    return together


def _render(output: Part, number: int, position: int) -> str:
    """The HTML of one output of a cell.

    An object offers itself in several forms. The first that we know is the best.
    """
    if output["output_type"] == "error":
        return _text(f"{output['ename']}: {output['evalue']}", number)
    data = output.get("data", {"text/plain": output.get("text")})
    kind = next(filter(data.__contains__, _KINDS), None)
    if kind == "text/html":
        shown = _WORDS.sub(lambda m: m[1] or _said(m[0]), data[kind])
        return f'<div class="nb-html" {_box(number)}>{shown}</div>'
    if kind == "text/plain":
        return _text(data[kind], number)
    if not kind:
        offers = ", ".join(data) or "nothing"
        raise CellError(f"cell {number} shows {offers}: a page can show none of it")
    alt = output["metadata"].get(kind, {}).get("alt", "")
    if not alt.strip():
        raise CellError(
            f"cell {number} shows an image without alternative text: display "
            f'it with metadata={{"{kind}": {{"alt": "…"}}}}'
        )
    image = _image(kind, data[kind], figures(alt), f"output-{number}-{position}")
    return f'<figure class="nb-figure" {_box(number)}>{image}</figure>'


def _text(text: str, number: int) -> str:
    shown = html.escape(terminal(text), quote=False)
    return f"<pre {_box(number)}><samp{as_it_is()}>{shown}</samp></pre>"


def _said(text: str) -> str:
    """Words in HTML, to be said in the language of the page."""
    return figures(html.unescape(text))


# What is wide scrolls within its box, so the box must be reachable by keyboard.
def _box(number: int) -> str:
    label = word("Output of cell {number}", number=number)
    return f'tabindex="0" role="group" aria-label="{label}"'


def _image(kind: str, data: str, alt: str, scope: str) -> str:
    if kind != "image/svg+xml":
        address = f"data:{kind};base64,{data}".replace("\n", "")
        return f'<img alt="{alt}" src="{address}">'
    # A drawing stands in the page itself, not behind an address: so it can take the
    # colour of the text, in light and in dark.
    _, _, drawing = data.partition("<svg")
    drawing = _LABEL.sub(lambda m: m[1] + _said(m[2]), drawing)
    label = f'role="img" aria-label="{alt}" data-search-exclude="1"'
    return f"<svg {label}{_scoped(drawing.rstrip(), scope)}"


def terminal(text: str) -> str:
    r"""Show what a terminal shows at the end: no colours, no overwritten progress.

    >>> terminal("10 %\r100 %\ndone\n")
    '100 %\ndone'
    """
    lines = _ANSI.sub("", text).rstrip().split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _scoped(drawing: str, scope: str) -> str:
    """Give the names in a drawing a prefix: each drawing of a page counts from one.

    >>> _scoped('<g id="a"/><use href="#a" clip-path="url(#a)"/>', "x")
    '<g id="x-a"/><use href="#x-a" clip-path="url(#x-a)"/>'
    """
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{scope}-", drawing)


# ## The notebook as a file to take away


def portable(notebook: Part) -> Part:
    """Make the notebook that a reader downloads, with its outputs.

    A link by name means something on the site alone, so its words remain. Nothing in
    the file depends on the minute in which the notebook ran.
    """
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    cells = [_portable(c, n) for n, c in enumerate(notebook["cells"], start=1)]
    return {**notebook, "metadata": metadata, "cells": cells}


def _portable(cell: Part, number: int) -> Part:
    changes: Part = {"id": f"cell-{number}", "metadata": {}}
    if tags := cell.get("metadata", {}).get("tags"):
        folded = "hide-input" in tags
        changes["metadata"] = {"tags": tags, "jupyter": {"source_hidden": folded}}
    if "outputs" in cell:
        changes["outputs"] = joined(cell["outputs"])
    else:
        changes["source"] = _LINK.sub(r"\1", cell["source"])
    return {**cell, **changes}
