r"""# Coloured shapes

A small folder of images to try things with, before a large one: circles, squares,
triangles and crosses, and for a second try rings, stars, bars and arches. A class is a
shape. Size, place and both colours are random, and so is the size of the image, so that
neither colour nor place tells the class. Every image is drawn from its own seed:
whoever runs the command gets the same images.

```console
$ python -m labml_style_nn.data.shapes shapes
$ python -m labml_style_nn.data.shapes other-shapes --kind other --train 10
```

## Example

>>> import tempfile
>>> from pathlib import Path
>>> from labml_style_nn.data.image_folder import list_images
>>> with tempfile.TemporaryDirectory() as folder:
...     write_shapes(Path(folder), SHAPES, train=2, test=1)
...     files = list_images(Path(folder) / "train")
>>> files.classes, len(files.paths)
(('circle', 'cross', 'square', 'triangle'), 8)
>>> draw("circle", seed=3).size
(50, 44)
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from labml_style_nn.console import reason, show_what_it_can

# Corners and edges are in units of the shape: its middle is 0, its edges are -1 and 1.
Corners = tuple[tuple[float, float], ...]
POLYGONS: dict[str, Corners] = {
    "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "triangle": ((0, -1), (1, 1), (-1, 1)),
    "cross": (
        *((-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3)),
        *((0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3)),
    ),
    "star": (
        *((0, -1), (0.25, -0.25), (1, 0), (0.25, 0.25)),
        *((0, 1), (-0.25, 0.25), (-1, 0), (-0.25, -0.25)),
    ),
    "bar": ((-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3)),
    "arch": (
        *((-1, -1), (1, -1), (1, 1), (0.4, 1)),
        *((0.4, -0.4), (-0.4, -0.4), (-0.4, 1), (-1, 1)),
    ),
}
SHAPES = ("circle", "square", "triangle", "cross")
OTHER = ("ring", "star", "bar", "arch")


def draw(shape: str, seed: int) -> Image.Image:
    """Draw a shape of random size and colour somewhere in an image.

    **Raises.** `KeyError` for an unknown shape.
    """
    chance = random.Random(f"{shape} {seed}")
    width, height = chance.randint(40, 56), chance.randint(40, 56)
    # The colours differ in brightness, so that the shape can be seen.
    ground = tuple(chance.randrange(0, 110) for _ in range(3))
    colour = tuple(chance.randrange(140, 256) for _ in range(3))
    if chance.random() < 0.5:
        ground, colour = colour, ground
    radius = chance.uniform(9, 16)
    x, y = (chance.uniform(radius, side - radius) for side in (width, height))
    image = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(image)
    edges = (x - radius, y - radius, x + radius, y + radius)
    if shape == "circle":
        pen.ellipse(edges, fill=colour)
    elif shape == "ring":
        pen.ellipse(edges, outline=colour, width=round(radius / 3))
    else:
        corners = [(x + radius * a, y + radius * b) for a, b in POLYGONS[shape]]
        pen.polygon(corners, fill=colour)
    return image


def write_shapes(
    folder: Path, shapes: Sequence[str] = SHAPES, train: int = 80, test: int = 40
) -> None:
    """Write a folder of training images and one of test images, so many of each shape.

    **Raises.** `OSError` if the folder cannot be written.
    """
    first = 0
    for part, count in (("train", train), ("test", test)):
        for shape in shapes:
            place = folder / part / shape
            place.mkdir(parents=True, exist_ok=True)
            for number in range(first, first + count):
                draw(shape, number).save(place / f"{number:04}.png")
        # No number stands for two images, and none is in both parts.
        first += count


KINDS: dict[str, Sequence[str]] = {"first": SHAPES, "other": OTHER}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    show_what_it_can()
    parser = argparse.ArgumentParser(
        prog="python -m labml_style_nn.data.shapes",
        description="Write a small folder of images to try things with.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add: Callable[..., object] = parser.add_argument
    add("folder", type=Path, help="the folder to write")
    add("--kind", choices=list(KINDS), default="first", help="which four shapes")
    add("--train", type=int, default=80, help="training images of each shape")
    add("--test", type=int, default=40, help="test images of each shape")
    options = parser.parse_args(arguments)
    try:
        write_shapes(options.folder, KINDS[options.kind], options.train, options.test)
    except OSError as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return 1
    print(f"written: {options.folder}, {', '.join(KINDS[options.kind])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
