r"""# Random crop and flip

A photograph of a dog still shows a dog if the camera points a little further to the
left, and in a mirror. Random crop and horizontal flip are the usual data augmentation
on CIFAR: each image is moved by a few pixels and flipped with probability one half,
anew in each epoch.

A random crop pads the image with a black frame of $p$ pixels and cuts the old size out
of it, at a random position:

$$y_{c,i,j} = \bar x_{c,\, i + t,\, j + l}, \qquad
t, l \in \{0, \ldots, 2p\}$$

With $t = l = p$ the image is where it was. A horizontal flip reads the columns from the
right:

$$z_{c,i,j} = x_{c,\, i,\, W - 1 - j}$$

## Notation

- $x$, `images`: the images, $B \times C \times H \times W$
- $\bar x$, `framed`: the images with a frame of $p$ pixels
- $y$: an image that was moved
- $z$: an image that was flipped
- $p$, `padding`: the width of the frame
- $t$, `top`: how far down in the frame the new image begins
- $l$, `left`: how far to the right
- $c$, `channel`: a channel
- $i$, `row`: a row of the new image
- $j$, `column`: a column of it
- $B$, `batch`: how many images are changed together
- $C$, `channels`: the number of channels
- $H$, `height`: the rows of an image
- $W$, `width`: its columns

## When not to

Most digits are other characters in a mirror, or none: leave the flip out there. And
crop before the images are normalised, since a frame of zeros is black only then.

## What it costs

No parameters. All images of a batch are changed at once, by one look-up.

## Example

>>> import torch
>>> from labml_style_nn.data.cropping import random_crop, random_flip
>>> _ = torch.manual_seed(0)
>>> batch, channels, height, width = 5, 3, 4, 6
>>> images = torch.rand(batch, channels, height, width)
>>> random_flip(random_crop(images, padding=2)).shape
torch.Size([5, 3, 4, 6])

One image of ones, moved four times. Zeros have come in at the edges:

>>> batch, channels, height, width = 4, 1, 3, 3
>>> ones = torch.ones(1, channels, height, width).expand(batch, -1, -1, -1)
>>> one, two, three, four = random_crop(ones, padding=1)[:, 0].int()
>>> one, three
(tensor([[0, 0, 0],
        [0, 1, 1],
        [0, 1, 1]], dtype=torch.int32), tensor([[1, 1, 0],
        [1, 1, 0],
        [0, 0, 0]], dtype=torch.int32))
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_shape


def random_crop(images: Tensor, padding: int) -> Tensor:
    """Move each image by up to `padding` pixels in each direction.

    The positions are drawn from PyTorch's global generator on the device of the images.

    **Shape.** `(batch, channels, height, width)`, bytes or floats, to the same.

    **Raises.** `ValueError` for a negative `padding`, or images of another shape.
    """
    check_shape(images, "batch", "channels", "height", "width")
    if padding < 0:
        raise ValueError(f"padding must be 0 or more, got {padding}")
    batch, channels, height, width = images.shape
    device = images.device
    framed = F.pad(images, (padding, padding, padding, padding))
    top, left = torch.randint(2 * padding + 1, (2, batch, 1), device=device)

    # Four tables of numbers which together say, for each value of the new images, from
    # where in the framed ones it comes. An axis of size one stands for all along it.
    image = torch.arange(batch, device=device)[:, None, None, None]
    channel = torch.arange(channels, device=device)[None, :, None, None]
    row = (top + torch.arange(height, device=device))[:, None, :, None]
    column = (left + torch.arange(width, device=device))[:, None, None, :]
    return framed[image, channel, row, column]


def random_flip(images: Tensor, rate: float = 0.5) -> Tensor:
    r"""Flip images horizontally, each with probability `rate`.

    **Shape.** `(batch, channels, height, width)`, bytes or floats, to the same.

    **Raises.** `ValueError` for a rate outside $[0, 1]$, or images of another shape.
    """
    check_shape(images, "batch", "channels", "height", "width")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1], got {rate}")
    turned = torch.rand(len(images), 1, 1, 1, device=images.device) < rate
    return torch.where(turned, images.flip(-1), images)
