r"""# Images and their labels

A set of labelled images is two tensors: the images in one block, and the number of a
class for each. Everything here that reads images gives an [`Images`][], and everything
that trains takes one.

A picture is stored with one byte for each value, from 0 to 255. A network wants real
numbers from 0 to 1:

$$x = \frac{b}{255}$$

As float32 they take four times the memory. So a set stays in bytes, and each batch is
turned into floats ([`floats`][]) when it is its turn.

## Notation

- $N$, `number`: how many images there are
- $C$, `channels`: how many values a pixel has: one of grey, or red, green and blue
- $H$, `height`: the rows of an image
- $W$, `width`: its columns
- $b$, `stored`: the bytes of an image
- $x$, `images`: the same as real numbers from 0 to 1
- $\mu_c$, `mean`: the mean of channel $c$ over all pixels of all images
- $\sigma_c$, `std`: its standard deviation
- $\hat x_c$: the normalised values of the channel
- $v$, `levels`: a value that a byte can have, from 0 to 255, divided by 255
- $n_{cv}$, `counts`: how many pixels have that value in channel $c$

## Why not all in one range

Networks learn best from numbers around zero that differ by about one. So the images of
a training set are shifted and scaled until each channel has mean 0 and standard
deviation 1 ([`normalize`][]):

$$\hat x_c = \frac{x_c - \mu_c}{\sigma_c}$$

A channel of bytes has 256 different values only. It is enough to count how often each
occurs. The sums over all pixels become sums over values, and they are exact, even for
150 million pixels ([`channel_statistics`][]):

$$\mu_c = \frac{\sum_v n_{cv}\, v}{\sum_v n_{cv}}, \qquad
\sigma_c^2 = \frac{\sum_v n_{cv}\, (v - \mu_c)^2}{\sum_v n_{cv}}$$

## Example

>>> import torch
>>> from labml_style_nn.data.images import (
...     Images, channel_statistics, floats, normalize, take
... )
>>> number, channels, height, width = 5, 3, 4, 2
>>> stored = torch.arange(120, dtype=torch.uint8).view(number, channels, height, width)
>>> few = take(Images(stored, torch.arange(number)), torch.tensor([4, 0]))
>>> few.labels
tensor([4, 0])
>>> floats(few.images).dtype, floats(few.images).max() * 255
(torch.float32, tensor(119.))

Floats stay as they are. After normalising with its own statistics, each channel has
mean 0 and standard deviation 1:

>>> mean, std = channel_statistics(stored)
>>> images = normalize(floats(floats(stored)), mean, std)
>>> images.mean(dim=(0, 2, 3)).abs().max() < 1e-6
tensor(True)
>>> (images.std(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-6
tensor(True)
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from labml_style_nn.layers.checks import check_shape


class Images(NamedTuple):
    r"""## A set of images

    **Shape.** `images`: `(N, C, H, W)`, bytes (uint8), or float32 in $[0, 1]$ if the
    set was never stored in bytes. `labels`: `(N,)`, int64.
    """

    images: Tensor
    labels: Tensor


def take(images: Images, indices: Tensor) -> Images:
    """Pick some of the images, in the order of `indices`, each with its label."""
    return Images(images.images[indices], images.labels[indices])


def floats(images: Tensor) -> Tensor:
    r"""Turn bytes into float32 from 0 to 1; floats stay as they are.

    **Shape.** Any, to the same.

    **Raises.** `ValueError` for other whole numbers: nobody knows what their largest
    value means.
    """
    if images.dtype == torch.uint8:
        return images.to(torch.float32) / 255
    if not images.is_floating_point():
        raise ValueError(f"images must be uint8 or floats, got {images.dtype}")
    return images


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    r"""Shift and scale each channel: subtract its mean, divide by its deviation.

    **Shape.** `(..., C, H, W)`, floats, to the same; `mean` and `std` have $C$ numbers
    each.

    **Raises.** `ValueError` if they do not, or for a deviation that is not positive.
    """
    check_shape(images, "...", len(mean), "height", "width")
    if len(std) != len(mean) or min(std) <= 0:
        raise ValueError(f"std must be {len(mean)} positive numbers, got {tuple(std)}")
    # Two axes of size one, so that a number goes with all pixels of its channel.
    shift = images.new_tensor(mean)[:, None, None]
    scale = images.new_tensor(std)[:, None, None]
    return (images - shift) / scale


def channel_statistics(images: Tensor) -> tuple[list[float], list[float]]:
    r"""Compute the mean and the standard deviation of each channel, on $[0, 1]$.

    **Shape.** `(N, C, H, W)`, bytes, to two lists of $C$ numbers.

    **Raises.** `ValueError` for images that are not bytes, or of another shape.
    """
    check_shape(images, "number", "channels", "height", "width")
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}")
    levels = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.stack(
        [channel.flatten().bincount(minlength=256) for channel in images.unbind(dim=1)]
    ).double()
    shares = counts / counts.sum(dim=1, keepdim=True)
    mean = shares @ levels
    variance = (shares * (levels - mean[:, None]) ** 2).sum(dim=1)
    return mean.tolist(), variance.sqrt().tolist()
