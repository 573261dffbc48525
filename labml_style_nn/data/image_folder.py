r"""# Images in a folder

A set of images of one's own is a folder. It has a folder for each class, and in that
the images of the class, JPEG or PNG, of any size:

```text
flowers/
    train/
        daisy/      001.jpg  002.jpg  …
        tulip/      001.jpg  …
    test/
        daisy/      …
        tulip/      …
```

torchvision's `ImageFolder` reads the same layout and numbers the classes in the same
way, in the order of their names.

Such a set may be larger than the memory, so what is kept of it is a list of files
([`list_images`][]). An image is read when it is its turn, cut and resized to the square
that the network reads ([`read_crop`][]).

## Two ways to cut

**In training** the crop is random. Its area is a share of the image's between $s$ and
one, its aspect ratio lies between $\tfrac34$ and $\tfrac43$, and its place is random
too ([`random_box`][]):

$$\begin{aligned}
A_{\text{crop}} &= a \, W H, \quad a \sim \mathcal U(s, 1), \\
\ln r &\sim \mathcal U\bigl(\ln \tfrac34, \ln \tfrac43\bigr), \\
w &= \sqrt{A_{\text{crop}} \, r}, \quad h = \sqrt{A_{\text{crop}} / r}
\end{aligned}$$

A crop that is wider or higher than the image is drawn again, so large crops are a
little rarer than that. A network sees the whole of an object in one epoch, and an
enlarged part of it in the next. This is the *random resized crop* of torchvision, which
began with Inception. It changes an image more than the [random crop][cropping] of small
images does, which moves it by a few pixels.

**In evaluation** every image is cut alike: the square in the middle whose side is
$\tfrac78$ of the shorter side ([`central_box`][]). It is what remains if the shorter
side is resized to 256 pixels and the middle 224 are kept.

## Notation

- $W$, `width`: the width of an image in its file, in pixels
- $H$, `height`: its height
- $s$, `smallest`: the least share of the area
- $a$, `share`: the share of a crop
- $A_{\text{crop}}$, `area`: its area, in pixels
- $r$, `ratio`: its width divided by its height
- $w$, $h$, `across`, `down`: its width and height
- $\mathcal U$: the uniform distribution

## Example

A folder with two classes, made of one colour each:

>>> import tempfile
>>> from pathlib import Path
>>> folder = tempfile.TemporaryDirectory()
>>> for name, colour in (("red", (250, 0, 0)), ("blue", (0, 0, 250))):
...     path = Path(folder.name) / name / "1.png"
...     path.parent.mkdir()
...     Image.new("RGB", (60, 40), colour).save(path)
>>> files = list_images(Path(folder.name))
>>> files.classes, files.labels
(('blue', 'red'), tensor([0, 1]))
>>> size = 8
>>> image = read_crop(files.paths[1], size)
>>> image.shape, image.dtype, image.float().mean(dim=(1, 2))
(torch.Size([3, 8, 8]), torch.uint8, tensor([250.,   0.,   0.]))
>>> folder.cleanup()

The middle of $60 \times 40$ pixels, and a random crop of them, as left, top, right and
bottom:

>>> central_box(60, 40)
(12.5, 2.5, 47.5, 37.5)
>>> chance = torch.Generator().manual_seed(0)
>>> [round(edge, 1) for edge in random_box(60, 40, smallest=0.05, chance=chance)]
[1.9, 1.0, 40.1, 33.7]

**Source.** C. Szegedy and others, "Going Deeper with Convolutions", 2015,
[arXiv:1409.4842](https://arxiv.org/abs/1409.4842), whose crops these are. The limits of
the ratio and the central crop are those of the configuration with which the authors of
the Mixer train it on ImageNet, `mlp_mixer_i1k.py` in
[big_vision](https://github.com/google-research/big_vision).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from labml_style_nn.data.download import DataError

ENDINGS = (".jpg", ".jpeg", ".png")
# The logarithm of the largest aspect ratio; that of the smallest is its negative.
WIDEST = math.log(4 / 3)
# At most so many crops are drawn for one that fits.
TRIES = 10
# The share of the shorter side in the crop of an evaluation.
CENTRAL = 7 / 8

Box = tuple[float, float, float, float]

# ## The files


class FolderImages(NamedTuple):
    """The files of a set of images: names of classes, paths, and labels `(N,)`.

    The paths are texts. There may be a million of them, in each process that reads, and
    as objects they would take more memory.
    """

    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Tensor


def list_images(folder: Path) -> FolderImages:
    """List the images of a folder with a folder for each class.

    Classes and files are in the order of their names. Names that begin with a dot, and
    files that are neither JPEG nor PNG, are passed over.

    **Raises.** `DataError` if there is no such folder, no class, or no image in a
    class.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder: it should hold a folder for each class"
        )
    classes = [path for path in ordered(folder) if path.is_dir()]
    if not classes:
        raise DataError(f"{folder} has no folders: it should hold one for each class")
    files = [[path for path in ordered(name) if is_image(path)] for name in classes]
    for name, some in zip(classes, files, strict=True):
        if not some:
            raise DataError(f"{name} has no images: none ends in {', '.join(ENDINGS)}")
    counts = torch.tensor([len(some) for some in files])
    return FolderImages(
        tuple(name.name for name in classes),
        tuple(str(path) for some in files for path in some),
        torch.arange(len(classes)).repeat_interleave(counts),
    )


def ordered(folder: Path) -> Iterator[Path]:
    """What is in a folder, in the order of the names."""
    shown = (path for path in folder.iterdir() if not path.name.startswith("."))
    yield from sorted(shown, key=lambda path: path.name)


def is_image(path: Path) -> bool:
    """Whether a name ends as those of images do."""
    return path.suffix.lower() in ENDINGS


# ## What is cut out


def random_box(
    width: int, height: int, smallest: float, chance: torch.Generator
) -> Box:
    """Draw a crop: left, top, right, bottom, in pixels.

    If none of ten draws fits into the image, it is the largest crop in the middle whose
    aspect ratio is allowed.

    **Raises.** `ValueError` for a share that is not above zero and up to one.
    """
    if not 0 < smallest <= 1:
        raise ValueError(f"smallest must be a share above 0, up to 1, got {smallest}")
    for share, slant, left, top in torch.rand(TRIES, 4, generator=chance).tolist():
        area = width * height * (smallest + (1 - smallest) * share)
        ratio = math.exp(WIDEST * (2 * slant - 1))
        across, down = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if across <= width and down <= height:
            return box(across, down, left * (width - across), top * (height - down))
    # None did, as in a strip: of its longer side, the middle is taken.
    across = min(width, height * math.exp(WIDEST))
    down = min(height, width * math.exp(WIDEST))
    return box(across, down, (width - across) / 2, (height - down) / 2)


def central_box(width: int, height: int) -> Box:
    """The square in the middle, seven eighths of the shorter side."""
    side = CENTRAL * min(width, height)
    return box(side, side, (width - side) / 2, (height - side) / 2)


def box(across: float, down: float, left: float, top: float) -> Box:
    """The edges of a crop, from its size and its place."""
    return left, top, left + across, top + down


# ## Reading


def read_crop(
    path: str | Path,
    size: int,
    smallest: float = 1.0,
    chance: torch.Generator | None = None,
) -> Tensor:
    """Read an image, cut, and resized to a square. Grey ones become coloured.

    With a generator the crop is random, without one it is that of an evaluation. A
    photograph that lies on its side, and says so (EXIF), is set upright.

    **Shape.** To `(3, size, size)`, bytes.

    **Raises.** `DataError` that names the file, if it is no image or a broken one.
    """
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
    # What a broken file raises depends on where it is broken.
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} cannot be read as an image: {error}") from error
    edges = (
        random_box(*image.size, smallest, chance)
        if chance
        else central_box(*image.size)
    )
    # Where an image becomes smaller, Pillow averages: no pixel is left out.
    resized = image.resize((size, size), Image.Resampling.BICUBIC, box=edges)
    # Pillow has the colours last, and PyTorch first.
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1).contiguous()
