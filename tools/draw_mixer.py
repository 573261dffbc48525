"""Draw the picture of the home page: one image on its way through a Mixer.

    python tools/draw_mixer.py        # rewrites docs/picture.html

Nothing in it is invented. The image is a handwritten digit of scikit-learn's built-in
set, and the tables are what the annotated layers compute from it, with fixed numbers in
place of learned weights. The picture is drawn twice from the same parts, wide for a
desk and tall for a phone; docs/assets/site.css colours both and shows the one that
fits. tools/site_hooks.py puts them into the page.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.models.mlp_mixer import MixerBlock

PICTURE = Path(__file__).parent.parent / "docs" / "picture.html"

Point = tuple[float, float]

# `sklearn.datasets.load_digits().images[13]`: 0 is white, 16 is black.
DIGIT = """
 0  2  9 15 14  9  3  0
 0  4 13  8  9 16  8  0
 0  0  0  6 14 15  3  0
 0  0  0 11 14  2  0  0
 0  0  0  2 15 11  0  0
 0  0  0  0  2 15  4  0
 0  1  5  6 13 16  6  0
 0  2 12 12 13 11  0  0
"""
LABEL = 3

DESCRIPTION = """\
An image on its way through a Mixer. The image, a handwritten three of 8 by 8 pixels, is
cut into 16 patches of 2 by 2 pixels. Each patch becomes one row of a table X: 16 rows,
the tokens, by 8 columns, the channels. The Mixer layer follows; it is repeated N times.
Its first half is token mixing: LayerNorm, then the same MLP down each column, then a
skip connection that adds X. The result is the table U. Its second half is channel
mixing: LayerNorm, then the same MLP along each row, then a skip connection that adds U.
The result is the table Y. At the end stand one more LayerNorm and the average of the
rows, and a linear layer turns the averaged row into a score for each of the ten
classes. The class here is 3."""

TOKEN_NOTES = ("the same MLP", "down every column")
CHANNEL_NOTES = ("the same MLP", "along every row")

# Sizes in the units of the drawing. CELL and PIXEL count the gap to the next square.
CELL, PIXEL, SPACE = 11, 14, 8
TOKENS, CHANNELS, PATCH, SIDE = 16, 8, 2, 4
WIDTH, HEIGHT = CELL * CHANNELS, CELL * TOKENS
IMAGE = 8 * PIXEL
GRID = IMAGE + (SIDE - 1) * SPACE

# The patch that is framed, with its row; the column that is framed when nothing moves.
CHOSEN, COLUMN = 6, 5


# ## The numbers, from the annotated layers


def image() -> Tensor:
    """Read the digit as a batch of one image with one channel."""
    pixels = [float(number) / 16 for number in DIGIT.split()]
    return torch.tensor(pixels, dtype=torch.float64).view(1, 1, 8, 8)


def fill(module: nn.Module) -> None:
    """Give every matrix fixed numbers without a pattern: the cosines of the squares."""
    for weight in [p for p in module.parameters() if p.ndim == 2]:
        steps = torch.arange(weight.numel(), dtype=torch.float64)
        scale = (2 / weight.shape[1]) ** 0.5
        weight.data = scale * torch.cos(steps**2).view_as(weight)


def modules() -> tuple[PatchEmbedding, MixerBlock]:
    """Build the two modules that the picture shows."""
    embed = PatchEmbedding(8, PATCH, 1, CHANNELS).double()
    block = MixerBlock(TOKENS, CHANNELS, 2 * TOKENS, 4 * CHANNELS).double()
    fill(embed)
    fill(block)
    return embed, block


def tables() -> dict[str, Tensor]:
    """Compute the table on its way in, after each half of the layer, and averaged."""
    embed, block = modules()
    with torch.no_grad():
        x = embed(image())
        u = x + block.token_mixing(block.token_norm(x))
        y = block(x)
        mean = block.token_norm(y).mean(1, keepdim=True)
    return {"x": x[0], "u": u[0], "y": y[0], "mean": mean[0]}


# ## Parts that both pictures show


def squares(values: Tensor, place: Callable[[int], float], side: int) -> str:
    """Draw a matrix as squares, darker where the value is larger, in six steps."""
    low, high = values.min(), values.max()
    steps = ((values - low) / (high - low) * 5).round()
    paths = []
    for step, opacity in enumerate((0.06, 0.17, 0.3, 0.46, 0.64, 0.85)):
        d = "".join(
            f"M{place(column):g} {place(row):g}h{side}v{side}h-{side}z"
            for row, column in (steps == step).nonzero().tolist()
        )
        paths.append(f'<path fill-opacity="{opacity}" d="{d}"/>')
    return "".join(paths)


def patch_place(pixel: int) -> int:
    """Find where a row or column of pixels lies once the patches are moved apart."""
    return PIXEL * pixel + SPACE * (pixel // PATCH)


def parts() -> str:
    """Draw the digit and the tables once; the pictures `use` them by name."""
    digit = image()[0, 0]
    drawn = {
        "image": squares(digit, lambda i: PIXEL * i, PIXEL - 1),
        "patches": squares(digit, patch_place, PIXEL),
    }
    for name, values in tables().items():
        drawn[name] = squares(values, lambda i: CELL * i, CELL - 1)
    groups = "\n".join(f'<g id="mixer-{name}">{d}</g>' for name, d in drawn.items())
    return f'<svg class="parts" width="0" height="0"><defs>\n{groups}\n</defs></svg>'


# ## Small pieces of SVG


def use(name: str, x: float, y: float) -> str:
    """Show a part with its corner at (x, y)."""
    return f'<use href="#mixer-{name}" x="{x:g}" y="{y:g}"/>'


def text(x: float, y: float, words: str, kind: str) -> str:
    """Write a line; the style sheet centres it on x."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{words}</text>'


def label(x: float, y: float, *lines: str) -> str:
    """Write a name, and notes in smaller lines under it."""
    name, *notes = lines
    return text(x, y, name, "name") + "".join(
        text(x, y + 19 + 17 * i, note, "note") for i, note in enumerate(notes)
    )


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    """Draw a rectangle with slightly rounded corners."""
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" {size} rx="3"/>'


def box(x: float, y: float, width: float, words: str, kind: str) -> str:
    """Write words in a box centred on (x, y)."""
    return rectangle(kind, x - width / 2, y - 13, width, 26) + text(
        x, y + 4.5, words, ""
    )


def plus(x: float, y: float) -> str:
    """Draw the sum sign of a skip connection."""
    return (
        f'<circle class="box" cx="{x:g}" cy="{y:g}" r="8"/>'
        f'<path class="wire" d="M{x - 4:g} {y:g}h8M{x:g} {y - 4:g}v8"/>'
    )


def wire(*points: Point) -> str:
    """Draw a wire through the points, its corners rounded, with a head at its end."""
    d = "M{:g} {:g}".format(*points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        bend = (*towards(corner, before, 10), *corner, *towards(corner, after, 10))
        d += "L{:g} {:g}Q{:g} {:g} {:g} {:g}".format(*bend)
    end, (x, y) = points[-1], towards(points[-1], points[-2], 6)
    across, along = (end[1] - y) / 2, (end[0] - x) / 2
    head = f"M{end[0]:g} {end[1]:g}L{x + across:g} {y - along:g}"
    head += f"L{x - across:g} {y + along:g}z"
    d += f"L{x:g} {y:g}"
    return f'<path class="wire" d="{d}"/><path class="head" d="{head}"/>'


def towards(start: Point, end: Point, distance: float) -> Point:
    """Go some way from one point towards another, along an axis."""
    across, down = end[0] - start[0], end[1] - start[1]
    share = distance / max(abs(across), abs(down))
    return start[0] + share * across, start[1] + share * down


def band(start: Point, across: float, down: float, near: float, far: float) -> str:
    """Shade a ribbon from an edge of length `near` to a distant one of length `far`."""
    bend, back = across / 2, far - near + down
    return (
        f'<path class="ribbon" d="M{start[0]:g} {start[1]:g}'
        f"c{bend:g} 0 {bend:g} {down:g} {across:g} {down:g}v{far:g}"
        f'c{-bend:g} 0 {-bend:g} {-back:g} {-across:g} {-back:g}z"/>'
    )


# ## Pieces with a meaning


def chosen(patches: Point, x: Point) -> str:
    """Frame a patch, and the row of the table that it becomes."""
    down, across = (patch_place(PATCH * i) for i in divmod(CHOSEN, SIDE))
    patch = (patches[0] + across - 3, patches[1] + down - 3)
    return rectangle("chosen", *patch, 2 * PIXEL + 6, 2 * PIXEL + 6) + row("chosen", x)


def row(kind: str, corner: Point) -> str:
    """Frame the chosen row of the table at `corner`."""
    x, y = corner
    return rectangle(kind, x - 2, y + CELL * CHOSEN - 2, WIDTH + 3, CELL + 3)


def column(corner: Point) -> str:
    """Frame the chosen column of the table at `corner`."""
    x, y = corner
    return rectangle("sweep", x + CELL * COLUMN - 2, y - 2, CELL + 3, HEIGHT + 3)


def three_tables(x: Point, u: Point, y: Point) -> str:
    """Draw the tables over the frames of what one MLP reads and writes.

    The style sheet runs the frames along. It needs the way to the first column or row,
    and to just past the last.
    """
    columns = f"--from:{-CELL * COLUMN}px;--to:{CELL * (CHANNELS - COLUMN)}px"
    rows = f"--from:{-CELL * CHOSEN}px;--to:{CELL * (TOKENS - CHOSEN)}px"
    return (
        f'<g class="tokens" style="{columns}">{column(x)}{column(u)}</g>\n'
        f'<g class="channels" style="{rows}">{row("sweep", u)}{row("sweep", y)}</g>\n'
        + use("x", *x)
        + use("u", *u)
        + use("y", *y)
    )


def half(kind: str, at: Callable[[float, float], Point], *stops: float) -> str:
    """Draw half a Mixer layer: LayerNorm, MLP, and the skip connection around them.

    `at(along, aside)` is the point so far along the flow and so far beside it. The
    stops say where the wire splits, where LayerNorm, MLP and sum stand on it, and where
    it ends.
    """
    split, norm, mlp, total, end = stops
    return (
        f'<g class="{kind}">'
        + wire(at(split, 0), at(split, -58), at(total, -58), at(total, -9))
        + wire(at(5, 0), at(end, 0))
        + box(*at(norm, 0), 82, "LayerNorm", "box")
        + box(*at(mlp, 0), 46, "MLP", "mlp")
        + plus(*at(total, 0))
        + "</g>"
    )


def scores(x: float, y: float, across: float, down: float) -> str:
    """Write the ten classes one after another, with the answer in a disc."""
    disc = (x + LABEL * across, y + LABEL * down)
    return (
        f'<circle class="answer" cx="{disc[0]:g}" cy="{disc[1]:g}" r="9.5"/>'
        + "".join(
            text(
                x + i * across,
                y + i * down + 4.5,
                str(i),
                "answer" if i == LABEL else "note",
            )
            for i in range(10)
        )
    )


# ## The two pictures


def wide() -> str:
    """Draw the flow from left to right, with the names below."""
    middle, below, inside = 150, 280, 200
    top, grid = middle - HEIGHT / 2, middle - GRID / 2
    patches, x, u, y, mean, classes = 148, 348, 630, 912, 1054, 1186
    stops = (18, 79, 147, 180, 189)
    drawn = [
        rectangle("frame", x + WIDTH + 10, 30, y - x + 4, 224),
        text(u + WIDTH / 2, 19, "one Mixer layer, repeated N times", "note"),
        use("image", 0, middle - IMAGE / 2),
        label(IMAGE / 2, below, "Image", "8 × 8 pixels"),
        wire((IMAGE + 8, middle), (patches - 10, middle)),
        use("patches", patches, grid),
        label(patches + GRID / 2, below, "Patches", "16, in reading order"),
        *ribbons(patches + GRID + 8, x - 8, middle),
        label(x + WIDTH / 2, below, "Table", "16 rows: tokens", "8 columns: channels"),
        three_tables((x, top), (u, top), (y, top)),
        chosen((patches, grid), (x, top)),
        *(
            text(left + WIDTH / 2, top - 11, name, "letter")
            for left, name in ((x, "X"), (u, "U"), (y, "Y"))
        ),
        half("tokens", lambda t, s: (x + WIDTH + t, middle + s), *stops),
        '<g class="tokens">',
        label((x + WIDTH + u) / 2, inside, "Token mixing", *TOKEN_NOTES),
        "</g>",
        half("channels", lambda t, s: (u + WIDTH + t, middle + s), *stops),
        '<g class="channels">',
        label((u + WIDTH + y) / 2, inside, "Channel mixing", *CHANNEL_NOTES),
        "</g>",
        band(
            (y + WIDTH + 20, top),
            across=mean - y - WIDTH - 26,
            down=(HEIGHT - CELL) / 2,
            near=HEIGHT - 1,
            far=CELL - 1,
        ),
        use("mean", mean, middle - CELL / 2),
        label(mean + WIDTH / 2, below, "Average", "LayerNorm,", "mean of rows"),
        wire((mean + WIDTH + 5, middle), (classes - 14, middle)),
        scores(classes, middle - 4.5 * 20, 0, 20),
        label(classes, below, "Class", "linear", "layer"),
    ]
    return svg("wide", 1210, 318, drawn)


def ribbons(start: float, end: float, middle: float) -> list[str]:
    """Lead each row of patches to its four rows of the table."""
    rise, share = (HEIGHT - GRID) / 2, HEIGHT / SIDE
    places = [patch_place(PATCH * i) for i in range(SIDE)]
    return [
        band(
            (start, middle - GRID / 2 + place),
            across=end - start,
            down=share * i - place - rise,
            near=2 * PIXEL,
            far=share - 1,
        )
        for i, place in enumerate(places)
    ]


def tall() -> str:
    """Draw the flow from top to bottom, with the names beside it."""
    middle, beside = 100, 210
    left, grid = middle - WIDTH / 2, middle - GRID / 2
    patches, x, u, y, mean, classes = 146, 318, 628, 938, 1152, 1206
    stops = (15, 42, 82, 112, 124)
    drawn = [
        rectangle("frame", 14, x + HEIGHT + 8, 344, y - x + 4),
        use("image", middle - IMAGE / 2, 0),
        label(beside, 50, "Image", "8 × 8 pixels"),
        wire((middle, IMAGE + 6), (middle, patches - 8)),
        use("patches", grid, patches),
        label(beside, patches + 62, "Patches", "16, in reading order"),
        wire((middle, patches + GRID + 8), (middle, x - 8)),
        three_tables((left, x), (left, u), (left, y)),
        chosen((grid, patches), (left, x)),
        *(
            text(left - 20, top + HEIGHT / 2 + 5, name, "letter")
            for top, name in ((x, "X"), (u, "U"), (y, "Y"))
        ),
        label(beside, x + 66, "Table", "16 rows: tokens", "8 columns: channels"),
        half("tokens", lambda t, s: (middle + s, x + HEIGHT + t), *stops),
        '<g class="tokens">',
        label(beside, x + HEIGHT + 54, "Token mixing", *TOKEN_NOTES),
        "</g>",
        half("channels", lambda t, s: (middle + s, u + HEIGHT + t), *stops),
        '<g class="channels">',
        label(beside, u + HEIGHT + 54, "Channel mixing", *CHANNEL_NOTES),
        "</g>",
        text(beside, y + HEIGHT / 2 + 5, "one Mixer layer,", "note"),
        text(beside, y + HEIGHT / 2 + 22, "repeated N times", "note"),
        wire((middle, y + HEIGHT + 18), (middle, mean - 6)),
        use("mean", left, mean),
        label(beside, mean - 8, "Average", "LayerNorm,", "mean of rows"),
        wire((middle, mean + CELL + 5), (middle, classes - 14)),
        scores(middle - 4.5 * 20, classes, 20, 0),
        label(beside, classes + 5, "Class", "linear layer"),
    ]
    return svg("tall", 360, 1240, drawn)


def svg(kind: str, width: int, height: int, drawn: list[str]) -> str:
    """Wrap what is drawn."""
    body = "\n".join(drawn)
    return f'<svg class="{kind}" viewBox="0 0 {width} {height}">\n{body}\n</svg>'


def picture() -> str:
    """Put both pictures behind one description."""
    words = " ".join(DESCRIPTION.split())
    opening = (
        f'<div class="picture" role="img" data-search-exclude aria-label="{words}">'
    )
    return "\n".join([opening, parts(), wide(), tall(), "</div>\n"])


if __name__ == "__main__":
    PICTURE.write_text(picture())
