r"""# Figures

The look that all our figures share, and the two things a figure on a page must do: be
readable in light and in dark, and say in words what it shows.

A figure is an SVG drawing that stands in the page itself. So it can use the page's own
colours. Text and axes take the colour of the text around them. Two hues carry the same
meaning as everywhere here: `TOKENS` for what runs down the columns of the table, and
`CHANNELS` for what runs along its rows. On the page each has a light and a dark form;
in a notebook opened elsewhere, the tones below serve both.

Pictures made of pixels have no background: a value is a tint, from clear to full.

## Example

>>> import numpy as np
>>> tint(np.array([[0.0, 1.0]]), INK)[0, :, 3].tolist()
[0.0, 1.0]
>>> figure, axes = draw(4, 1)
>>> _ = axes.plot([0, 1], color=TOKENS)
>>> drawing = svg(figure)
>>> drawing.startswith("<svg") and "var(--tokens" in drawing
True
"""

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib
import numpy as np
from IPython.display import HTML, display
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

INK = "#75808c"
TOKENS = "#cc643a"
CHANNELS = "#2f8fb0"

# What stands in the drawing for each colour, and what a page makes of it.
_ON_A_PAGE = {
    INK: "currentColor",
    TOKENS: f"var(--tokens, {TOKENS})",
    CHANNELS: f"var(--channels, {CHANNELS})",
}

# The look. Letters stay letters, so that they are crisp, small and can be selected. A
# fixed salt makes the same figure the same file.
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "figure",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.75,
    "legend.frameon": False,
    **dict.fromkeys(("axes.labelcolor", "axes.edgecolor", "text.color"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}
matplotlib.rcParams.update(_STYLE)


def draw(width: float, height: float, rows: int = 1, columns: int = 1) -> Any:
    """Open a figure of some inches with its axes, as `plt.subplots` does."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns)


def svg(figure: Figure) -> str:
    """Write a figure as an SVG element in the colours of the page."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    # Matplotlib adds a style sheet, and within a page that would be one for all of it.
    _, _, drawing = re.sub("<style.*?</style>", "", file.getvalue()).partition("<svg")
    for tone, colour in _ON_A_PAGE.items():
        drawing = drawing.replace(tone, colour)
    return f'<svg color="{INK}" stroke-linejoin="round"{drawing}'


def show(figure: Figure, alt: str) -> None:
    """Show a figure below the cell of a notebook.

    `alt` says in a sentence or two what a reader sees in it, for those who do not.
    """
    kind = "image/svg+xml"
    data = {kind: svg(figure), "text/plain": alt}
    display(data, raw=True, metadata={kind: {"alt": alt}})  # type: ignore[no-untyped-call]


def show_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Sequence[str] = (),
    kind: str = "results",
) -> None:
    """Show a table below the cell of a notebook; its cells are HTML.

    `numbers` are the heads of the columns that have numbers, and `kind` is the class of
    the table. The first cell of each row is its head.
    """
    styles = [' class="number"' if head in numbers else "" for head in heads]
    pairs = zip(styles, heads, strict=True)
    top = "".join(f'<th scope="col"{style}>{head}</th>' for style, head in pairs)
    body = []
    for name, *cells in rows:
        told = zip(styles[1:], cells, strict=True)
        line = "".join(f"<td{style}>{cell}</td>" for style, cell in told)
        body.append(f'<tr><th scope="row">{name}</th>{line}</tr>')
    html = (
        f'<table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
    display(HTML(html))  # type: ignore[no-untyped-call]


def picture(axes: Any, colours: Any, **extra: Any) -> None:
    """Show an array of colours as it is: square pixels, no axes."""
    axes.imshow(colours, interpolation="none", **extra)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def lines(axes: Any, rows: Any, columns: Any, **style: Any) -> None:
    """Draw lines between rows and columns: each from the first line across to the last.

    They are one path, interrupted where a number is missing.
    """
    across = [(c, row) for row in rows for c in (columns[0], columns[-1], np.nan)]
    down = [(column, r) for column in columns for r in (rows[0], rows[-1], np.nan)]
    x, y = zip(*across, *down, strict=True)
    axes.plot(x, y, **{"color": INK, "linewidth": 0.5, "clip_on": False} | style)


def table(axes: Any, colours: Any, **extra: Any) -> None:
    """Show an array of colours as the cells of a table."""
    picture(axes, colours, **extra)
    lines(axes, *(np.arange(size + 1) - 0.5 for size in colours.shape[:2]), alpha=0.4)


def tint(values: Any, colour: str) -> Any:
    """Colour an array of values from 0 (clear) to 1 (full).

    **Shape.** `(height, width)` to `(height, width, 4)`: red, green, blue and opacity.
    """
    values = np.asarray(values, dtype=float)
    return np.dstack([np.broadcast_to(to_rgb(colour), (*values.shape, 3)), values])


def signed(values: Any) -> Any:
    """Colour an array by sign: `TOKENS` above zero, `CHANNELS` below, clear at zero.

    The largest magnitude is full.

    **Shape.** `(height, width)` to `(height, width, 4)`.
    """
    values = np.asarray(values, dtype=float)
    size = np.abs(values) / np.abs(values).max()
    positive = tint(size, TOKENS)
    return np.where(values[..., None] > 0, positive, tint(size, CHANNELS))
