r"""# Learned weights as pictures

The first layer of [`token_mixing`][] multiplies the table by a matrix $W_1$ with a row
for each hidden unit and a column for each patch. So a row is a picture: one weight for
each place in the image. The Mixer paper shows such pictures for the first token-mixing
MLPs of a Mixer-B/16 ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601), Figures 5
and 6). Some units respond to the whole image and others to a region of it, many come in
pairs of opposite phase, and deeper layers show no clear structure (section 3.5).

Here a Mixer is trained on Fashion-MNIST for four epochs. Its weights before and after
are kept, to be drawn and to be measured.

## Notation

- $W_1$, `fc1`: the first layer of a token-mixing MLP, $D_S \times S$
- $W_2$, `fc2`: its second layer, $S \times D_S$
- $S$, `num_patches`: the number of patches
- $D_S$, `tokens_mlp_dim`: the number of hidden units
- $c$, `remaining`: the share of the initial weights that is in the trained ones

## What differs from the paper

The paper's pictures have 14 by 14 weights, and its network was pre-trained on millions
of images. Here they have 7 by 7, and the network saw 55,000 images four times. The
authors sort units by a heuristic that puts low frequencies first, and do not say which
(Supplementary D); here it is the mean frequency defined below. As in their Figure 6,
each unit is followed by its closest inverse.

## What is measured

Four numbers for each layer, with what they are for 64 pictures of noise, such as the
initial weights:

- the mean *spatial frequency* ([`frequencies`][]), in cycles per side. A picture of one
  tone has frequency 0, and a single wave across the image 1.
- the *neighbour correlation* ([`neighbour_correlation`][]): how similar are the weights
  of patches that touch?
- the *closest inverse*: the cosine similarity of a unit to the one that is most opposed
  to it, the mean over the units. Two units of opposite phase have −1.
- the *first component*: the share that the first principal component has in the sum of
  the squares of all weights. It is 1 if all units are multiples of one picture.

>>> _ = torch.manual_seed(0)
>>> num_patches, tokens_mlp_dim = 49, 64
>>> noise = square(torch.randn(tokens_mlp_dim, num_patches))
>>> print(heads() + "\n" + numbers(noise))
   frequency  neighbours     inverse   component
        2.66        0.00       -0.33        0.07

## Run it

```console
$ python -m labml_style_nn.experiments.learned_weights
```

Options and files are those of [`mixer_images`][]. The record in
`runs/learned_weights/fashion-mnist/results.jsonl` also has the weights, in 8 bits each.

## Results

The network has learned something. Yet its pictures look nearly as they did before:
compare the first two lines of each layer (`patches` is the patch embedding, whose
pictures have 4 by 4 pixels).

>>> (record,) = recorded("learned_weights", "fashion-mnist")
>>> print(summary([record]))
test accuracy 88.15 %, 274 CPU-seconds
>>> print(table(record))
                   frequency  neighbours     inverse   component
patches  before         1.65       -0.06       -0.55        0.13
patches  after          1.62        0.01       -0.57        0.12
patches  added          1.09        0.51       -0.75        0.33
block 1  before         2.65       -0.01       -0.33        0.07
block 1  after          2.62        0.02       -0.33        0.07
block 1  added          2.29        0.21       -0.41        0.09
block 2  before         2.66        0.00       -0.33        0.07
block 2  after          2.52        0.08       -0.33        0.08
block 2  added          2.31        0.22       -0.45        0.14
block 3  before         2.61        0.02       -0.33        0.07
block 3  after          2.54        0.06       -0.37        0.14
block 3  added          2.34        0.14       -0.52        0.25
block 4  before         2.67       -0.01       -0.32        0.06
block 4  after          2.56        0.04       -0.34        0.25
block 4  added          2.15        0.22       -0.59        0.53

The reason is that the initial weights are still there. If the gradient were zero,
[weight decay][experiments.optimizer] alone would multiply a weight at each step by one
minus the product of learning rate and weight decay. Over all steps of this run, and of
one with ten times as many epochs, this leaves

>>> def left(epochs, steps_per_epoch=math.ceil(55_000 / 128)):
...     steps = epochs * steps_per_epoch
...     rates = [learning_rate(t, steps, steps_per_epoch, 3e-3) for t in range(steps)]
...     return math.prod(1 - rate * FASHION_MNIST.weight_decay for rate in rates)
>>> f"{left(epochs=4):.2f}, {left(epochs=40):.2f}"
'0.77, 0.08'

About so much of the initial weights was found in the trained ones, by least squares:

>>> for block in ("block 1", "block 2", "block 3", "block 4"):
...     found = layer(record, block)
...     c = remaining(found["before"], found["after"])
...     share = found["added"].square().sum() / found["after"].square().sum()
...     print(f"{block}: c = {c:.2f}, the rest is {share:.0%} of the squares")
block 1: c = 0.77, the rest is 24% of the squares
block 2: c = 0.82, the rest is 26% of the squares
block 3: c = 0.82, the rest is 27% of the squares
block 4: c = 0.81, the rest is 30% of the squares

So most of what one sees after this short training is what was there before it. The rest
is what training *added*, the third line of each layer in the table, and it is not
noise:

- **Its frequencies are lower, and neighbours are similar.** So patches that touch are
  read in a similar way, although nothing told the network which patches touch. In the
  patch embedding, where that is so for pixels, it is clearest.
- **Many units come with an inverse**, as in the paper, the more so the later the block;
  partly because of what comes next.
- **Later blocks have fewer different pictures.** In block 4 more than half of all that
  was added is one picture, with another factor for each unit. The paper saw no clear
  structure in its deeper layers; these here are the last of only four.

These pictures also agree with their mirror images, more from left to right than from
top to bottom. Full agreement is 1, and noise has 0.14, one seventh, since the middle
column is its own mirror image.

>>> def agreement(pictures, axis):
...     return ((pictures * pictures.flip(axis)).sum() / pictures.square().sum()).item()
>>> for block in ("block 1", "block 2", "block 3", "block 4"):
...     added = layer(record, block)["added"]
...     print(block, *(f"{agreement(added, axis):.2f}" for axis in (2, 1)))
block 1 0.40 0.18
block 2 0.30 0.22
block 3 0.31 0.22
block 4 0.41 0.20

Clothes look much the same in a mirror, and half of the training images were mirrored.
The authors, too, found that data augmentation influences the structure of the units
(Supplementary D).

[What the paper found](../findings.py) shows the pictures.

## What not to read into it

The order of the units is arbitrary, and so are sign and size of all of them together.
Here the units of a network are put in another order, divided by two and inverted, and
the norm before them makes up for it; the scores are the same:

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

- **49 weights are few.** Along a side of 7 patches no frequency is above 3 cycles, and
  a region of 3 by 3 patches is a fifth of the image. The Fourier transform takes the
  left edge to touch the right one, so a difference between them counts as a high
  frequency. The neighbour correlation makes no such assumption.
- **One network, one data set, one recipe**, and one seed. The clothes are centred, and
  the training was short.
- **What was added is computed**, not seen: one must know the initial weights. Pictures
  of published networks show the weights themselves.
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
>>> mosaic(pictures, columns=8).shape
(63, 63, 4)
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
from labml_style_nn.experiments.records import summary as summary
from labml_style_nn.experiments.schedule import learning_rate as learning_rate
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
# first function is the order in which units are shown; all three are in the table of
# this page.


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
    the mean similarity of a unit to the one that is most opposed to it, and the share
    of the first principal component.
    """

    frequency: float
    neighbours: float
    inverse: float
    component: float


def measure(pictures: Tensor) -> Measures:
    """Measure a layer.

    **Shape.** `(units, side, side)`.

    **Raises.** `ValueError` for a picture that is zero everywhere.
    """
    power = torch.linalg.svdvals(pictures.double().flatten(1)).square()
    return Measures(
        frequencies(pictures).mean().item(),
        neighbour_correlation(pictures),
        similarities(pictures).amin(dim=1).mean().item(),
        (power.max() / power.sum()).item(),
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


# ## What training added
#
# Least squares finds the $c$ for which $c W_1$ comes closest to the trained weights,
# with the initial weights for $W_1$. What is left is orthogonal to them.


def remaining(before: Tensor, after: Tensor) -> float:
    r"""How much of the initial weights is in the trained ones: $c$, one for all.

    **Shape.** Two tensors of one shape.
    """
    return ((before * after).sum() / before.square().sum()).item()


def layer(record: Record, name: str) -> dict[str, Tensor]:
    """The pictures of a layer: before training, after it, and what training added.

    **Shape.** To `(units, side, side)` each.
    """
    kept = record["weights"]
    before = square(restored(kept["before"][name]))
    after = square(restored(kept["after"][name]))
    added = after - remaining(before, after) * before
    return {
        "before": before,
        "after": after,
        "added": added,
    }


def table(record: Record) -> str:
    """Write what was measured as a table for a terminal."""
    lines = [f"{'':16}{heads()}"]
    for name in record["weights"]["before"]:
        for when, pictures in layer(record, name).items():
            lines.append(f"{name:9}{when:7}{numbers(pictures)}")
    return "\n".join(lines)


def heads() -> str:
    """Name what is measured, for the first line of a table."""
    return "".join(f"{name:>12}" for name in Measures._fields)


def numbers(pictures: Tensor) -> str:
    """Write what was measured of a layer, for a line of a table."""
    # Adding zero takes the sign from what is rounded to zero.
    return "".join(f"{round(number, 2) + 0.0:12.2f}" for number in measure(pictures))


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


PANELS = (
    ("block 1", "before"),
    ("block 1", "after"),
    ("block 1", "added"),
    ("block 2", "added"),
    ("block 3", "added"),
    ("block 4", "added"),
)


def draw_units(record: Record) -> tuple[Figure, str]:
    """Draw the units of token mixing: the figure, and what it shows in words.

    **Source.** After Figures 5 and 6 of the paper.
    """
    figure, grid = figures.draw(7.2, 11.2, rows=3, columns=2)
    told = []
    for axes, (name, when) in zip(grid.flat, PANELS, strict=True):
        pictures = layer(record, name)[when]
        figures.picture(axes, mosaic(pictures[arranged(pictures)], columns=8))
        axes.set(title=f"{name}, {when}")
        told.append(f"{measure(pictures).neighbours:.2f} ({name}, {when})")
    units, side, _ = pictures.shape
    alt = (
        f"Six panels of {units} small pictures of {side} by {side} weights, warm where "
        "positive and cool where negative. Block 1 before and after training looks "
        "like noise. What training added has regions of one sign, and in block 4 "
        "many pictures are alike or inverses of one another. The correlation of "
        f"neighbouring weights is {', '.join(told)}."
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
