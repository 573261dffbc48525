r"""# Learned weights as pictures

The first layer of [`token_mixing`][] multiplies the table by a matrix $W_1$ with a row
for each hidden unit and a column for each patch. So a row is a picture: one weight for
each place in the image. The paper shows such pictures for the first token-mixing MLPs
of a Mixer-B/16 (Figures 5 and 6). Some units respond to the whole image and others to
a region of it, many come in pairs of opposite phase, and deeper layers show no clear
structure (section 3.5).

Here a Mixer is trained on Fashion-MNIST for four epochs. Its weights before and after
are kept, to be drawn and to be measured.

## Notation

- $W_1$, `fc1`: the first layer of a token-mixing MLP, $D_S \times S$
- $S$: the number of patches, 49 here
- $D_S$: the number of hidden units, 64 here

## What is measured

Three numbers for each layer, and what they are for pictures of noise, which is what the
initial weights are:

- the mean *spatial frequency* ([`frequencies`][]) in cycles per side. A picture of one
  tone has frequency 0; one that changes its sign half-way across has mostly 1. Noise
  has all frequencies alike, so its mean is the mean of all of them:

>>> cycles = torch.fft.fftfreq(7) * 7
>>> f"{torch.hypot(cycles[:, None], cycles).mean():.2f}"
'2.65'

- the *neighbour correlation* ([`neighbour_correlation`][]): do patches that touch have
  similar weights? For noise it is 0.
- the *closest inverse*: the cosine similarity of a unit to the one most opposed to it,
  the mean over the units. A pair of opposite phase has −1. Among 64 pictures of noise
  there is always one that points away a little, by chance:

>>> _ = torch.manual_seed(0)
>>> f"{measure(torch.randn(64, 7, 7)).opposite:.2f}"
'-0.32'

## Run it

```console
$ python -m labml_style_nn.experiments.learned_weights
```

Options and files are those of [`mixer_images`][]. The record in
`runs/learned_weights/fashion-mnist/results.jsonl` also has the weights, in 8 bits each.

## What not to read into it

- **The order of units** is arbitrary, and so are **sign and size** of all of them
  together: other numbers make the same network.

>>> settings = replace(FASHION_MNIST, num_layers=1)
>>> model, same = (mixer_images.build_model(settings) for _ in range(2))
>>> image = torch.rand(2, 1, 28, 28)
>>> with torch.no_grad():
...     for network in (model, same):
...         _ = torch.manual_seed(0)
...         for weight in (network.head.linear.weight, *network.blocks.parameters()):
...             _ = torch.nn.init.normal_(weight, std=0.1)
...     mixing, order = same.blocks[0].token_mixing, torch.randperm(64)
...     for weight in (mixing.fc1.weight, mixing.fc1.bias):
...         _ = weight.copy_(weight[order])
...     _ = mixing.fc2.weight.copy_(mixing.fc2.weight[:, order])
...     _ = mixing.fc1.weight.mul_(-0.5)
...     _ = same.blocks[0].token_norm.weight.mul_(-2)
...     _ = same.blocks[0].token_norm.bias.mul_(-2)
>>> torch.allclose(same(image), model(image), atol=1e-5)
True

  So units are sorted here, and each is drawn by its own largest magnitude. What the
  colours tell is which patches of a unit have the same sign, not which are bright.
- **49 weights are few.** A side of 7 patches has no frequency above 3 cycles, and a
  region of 3 by 3 patches is a fifth of the image. The Fourier transform takes the
  left edge to touch the right one, so a difference between them counts as a high
  frequency. The neighbour correlation makes no such assumption.
- **One network, one data set, one recipe.** Images of clothes are centred, and half of
  those trained on are mirrored at random. The authors found that data augmentation
  influences the structure strongly (Supplementary D).
- **A first layer is half of a unit.** What it does with what it finds stands in $W_2$.

## Example

Eight bits keep a number to within half a step, here $1/254$ of the largest:

>>> weight = torch.randn(64, 49)
>>> record = stored(weight)
>>> (restored(record) - weight).abs().max() <= 0.51 * weight.abs().max() / 127
tensor(True)
>>> pictures = square(restored(record))
>>> pictures.shape, frequencies(pictures).shape
(torch.Size([64, 7, 7]), torch.Size([64]))
>>> sorted(arranged(pictures)) == list(range(64))
True
"""

import base64
import math
import sys
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from einops import rearrange
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.experiments import figures, mixer_images
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_datasets import image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.models.mlp_mixer import MLPMixer

# ## Weights in a record


def stored(weight: Tensor) -> Record:
    """Write a matrix in 8 bits a number, as text.

    Each number is rounded to a multiple of `step`, which is the largest magnitude
    divided by 127. So no number is off by more than half a step.

    **Shape.** `(out_features, in_features)`.

    **Raises.** `ValueError` for a number that is infinite or not a number.
    """
    numbers = weight.detach().double().cpu()
    step = numbers.abs().max().item() / 127
    if not np.isfinite(step):
        raise ValueError(f"weights must be finite, the largest is {127 * step}")
    rounded = (numbers / (step or 1.0)).round().to(torch.int8).numpy()
    text = base64.b64encode(rounded.tobytes()).decode()
    return {"shape": list(weight.shape), "step": step, "bytes": text}


def restored(record: Record) -> Tensor:
    """Read a matrix that was [`stored`][].

    **Shape.** To `(out_features, in_features)`, in float64.
    """
    numbers = np.frombuffer(base64.b64decode(record["bytes"]), dtype=np.int8)
    return torch.from_numpy(numbers.reshape(record["shape"]) * record["step"])


def weights(model: MLPMixer) -> Record:
    """The matrices that are shown: those that read the image, and those that mix it."""
    found = {"patches": stored(model.patch_embedding.projection.weight.flatten(1))}
    blocks: Any = model.blocks
    for number, block in enumerate(blocks, 1):
        found[f"block {number}"] = stored(block.token_mixing.fc1.weight)
    return found


def before_and_after(trainer: Trainer) -> Record:
    """What the record of a run is to have: its weights before and after training."""
    settings: Any = trainer.recipe
    average: Any = trainer.average.module
    # The seed determines the initial weights, so they can be had again.
    before = weights(mixer_images.build_model(settings))
    return {"weights": {"before": before, "after": weights(average)}}


# ## What can be measured
#
# A picture of a unit is a row of $W_1$, laid out as the patches are in the image. The
# first function is the order in which units are shown, the three together are the
# numbers of the table above.


def frequencies(pictures: Tensor) -> Tensor:
    """The mean spatial frequency of each picture, in cycles per side of the image.

    The two-dimensional discrete Fourier transform writes a picture as a sum of waves;
    the mean of their frequencies is weighted by their power.

    **Shape.** `(units, side, side)` to `(units,)`.

    **Raises.** `ValueError` for a picture that is zero everywhere.
    """
    check_not_zero(pictures)
    side = pictures.shape[-1]
    power = torch.fft.fft2(pictures.double()).abs().square()
    cycles = torch.fft.fftfreq(side, dtype=torch.float64) * side
    radius = torch.hypot(cycles[:, None], cycles)
    return (radius * power).sum(dim=(1, 2)) / power.sum(dim=(1, 2))


def neighbour_correlation(pictures: Tensor) -> float:
    """The correlation of weights that are next to one another, taken about zero.

    One for pictures of one tone, zero for noise, minus one for chequers. All pictures,
    and all pairs of a weight and the one to its right or below it, count together.

    **Shape.** `(units, side, side)`.

    **Raises.** `ValueError` for a picture that is zero everywhere.
    """
    check_not_zero(pictures)
    here = torch.cat([pictures[:, :, :-1].flatten(), pictures[:, :-1].flatten()])
    there = torch.cat([pictures[:, :, 1:].flatten(), pictures[:, 1:].flatten()])
    return ((here @ there) / (here.norm() * there.norm())).item()


def similarities(pictures: Tensor) -> Tensor:
    """The cosine similarity of any two pictures; that of a picture to itself is one.

    **Shape.** `(units, side, side)` to `(units, units)`.

    **Raises.** `ValueError` for a picture that is zero everywhere.
    """
    check_not_zero(pictures)
    directions = F.normalize(pictures.double().flatten(1), dim=1)
    return directions @ directions.T


def check_not_zero(pictures: Tensor) -> None:
    """Refuse pictures of which nothing can be said."""
    if not pictures.flatten(1).any(dim=1).all():
        raise ValueError("a picture is zero everywhere")


class Measures(NamedTuple):
    """What is measured of a layer.

    The mean of the [`frequencies`][] of its units, their [`neighbour_correlation`][],
    and the mean similarity of a unit to the one that is most opposed to it.
    """

    frequency: float
    neighbours: float
    opposite: float


def measure(pictures: Tensor) -> Measures:
    """Measure a layer.

    **Shape.** `(units, side, side)`.
    """
    return Measures(
        frequencies(pictures).mean().item(),
        neighbour_correlation(pictures),
        similarities(pictures).amin(dim=1).mean().item(),
    )


def square(weight: Tensor) -> Tensor:
    """Lay the rows of a matrix out as square pictures.

    **Shape.** `(units, side * side)` to `(units, side, side)`.

    **Raises.** `ValueError` for rows that are no squares.
    """
    side = math.isqrt(weight.shape[1])
    if side**2 != weight.shape[1]:
        raise ValueError(f"{weight.shape[1]} weights do not make a square")
    return weight.unflatten(1, (side, side))


def table(record: Record) -> str:
    """Write what was measured as a table for a terminal, a line for each layer."""
    lines = [f"{'':8}{'frequency':>18}{'neighbours':>20}{'closest inverse':>20}"]
    before, after = (record["weights"][when] for when in ("before", "after"))
    for name in before:
        cells = ""
        pairs = (measure(square(restored(some[name]))) for some in (before, after))
        for first, second in zip(*pairs, strict=True):
            cells += f"{first:11.2f} → {second:5.2f} "
        lines.append(f"{name:8}{cells}".rstrip())
    return "\n".join(lines)


# ## The pictures


def arranged(pictures: Tensor) -> list[int]:
    """Order units in pairs: one of low frequency, then its closest inverse.

    The first of a pair is the unit of lowest frequency among those that have no place
    yet, the second the one among the others that is most opposed to it.

    **Shape.** `(units, side, side)`.

    **Source.** Supplementary D: low frequencies first, each unit followed by its
    closest inverse. The paper does not say by which measure it sorts.
    """
    similar, order = similarities(pictures), []
    left = frequencies(pictures).argsort().tolist()
    while left:
        unit = left.pop(0)
        order.append(unit)
        if left:
            inverse = min(left, key=lambda other: similar[unit, other].item())
            left.remove(inverse)
            order.append(inverse)
    return order


def mosaic(pictures: Tensor, columns: int) -> Any:
    """Colour all pictures, each by its own largest magnitude, in rows of so many.

    One clear row and column stands between two pictures.

    **Shape.** `(units, side, side)` to `(height, width, 4)`.
    """
    largest = pictures.abs().amax(dim=(1, 2), keepdim=True)
    framed = F.pad(pictures / largest, (0, 1, 0, 1))
    missing = -len(framed) % columns
    framed = F.pad(framed, (0, 0, 0, 0, 0, missing))
    rows = rearrange(framed, "(r c) h w -> (r h) (c w)", c=columns)
    return figures.signed(rows[:-1, :-1].numpy())


PANELS = (("before", 1), ("after", 1), ("after", 2), ("after", 4))


def draw_units(record: Record) -> tuple[Figure, str]:
    """Draw the units of token mixing: the figure, and what it shows in words.

    **Source.** After Figures 5 and 6 of the paper.
    """
    figure, grid = figures.draw(7.2, 7.6, rows=2, columns=2)
    told = []
    for axes, (when, block) in zip(grid.flat, PANELS, strict=True):
        pictures = square(restored(record["weights"][when][f"block {block}"]))
        figures.picture(axes, mosaic(pictures[arranged(pictures)], columns=8))
        axes.set(title=f"block {block}, {when} training")
        frequency = measure(pictures).frequency
        told.append(f"{frequency:.2f} in block {block} {when} training")
    units, side, _ = pictures.shape
    alt = (
        f"Four panels of {units} small pictures of {side} by {side} weights, warm "
        "where positive and cool where negative. Before training they are noise; after "
        "it, patches of one sign in block 1, and less order in the later blocks. Mean "
        f"frequency in cycles per side: {', '.join(told)}."
    )
    return figure, alt


# ## The experiment

FASHION_MNIST = replace(mixer_images.FASHION_MNIST, epochs=4)

EXPERIMENT = Experiment(
    name="learned_weights",
    about="Train an MLP-Mixer, and keep the weights that can be seen as pictures.",
    presets={"fashion-mnist": FASHION_MNIST},
    model=mixer_images.build_model,
    task=image_task,
    more=before_and_after,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
