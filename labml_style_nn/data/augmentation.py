r"""# Data augmentation

A five that is turned a little is still a five. *Data augmentation* changes the training
images in ways that keep their label: here each image is a little rotated, translated,
scaled and sheared, differently in each epoch. The network sees more variety than the
training set has, which reduces *overfitting*.

All four changes are one *affine map*. The pixel at position $p$ of the new image takes
its grey value from position $q$ of the old one:

$$\begin{aligned}
q &= A p + t, \\
A &= s
\begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix}
\begin{pmatrix} 1 & k \\ 0 & 1 \end{pmatrix}
\end{aligned}$$

The map points from the new image back to the old. That way every new pixel gets exactly
one value. In the other direction some would get several and some none.

## Notation

- $p, q$: positions, in coordinates that run from $-1$ to $1$ across the image
- $\theta$, `angle`: the rotation, in radians
- $k$, `slant`: the shear, how far a row moves sideways for each step down
- $s$, `zoom`: the scale, above one for a smaller digit
- $t$, `move`: the translation; one pixel is $2 / H$ in these coordinates
- $A$: the linear part of the map
- $B$, `batch`: how many images are changed together
- $H$, `size`: the height of an image, and its width

## What it costs

No parameters. Each new pixel is a weighted sum of $4 \times 4$ old ones, and all images
are changed at once.

## Example

>>> _ = torch.manual_seed(0)
>>> batch, size = 5, 8
>>> images = torch.rand(batch, 1, size, size)
>>> random_affine(images, rotation=8, shift=0.7, scale=0.1, shear=0.1).shape
torch.Size([5, 1, 8, 8])

With every range at zero, the image stays what it was:

>>> still = random_affine(images, rotation=0, shift=0, scale=0, shear=0)
>>> torch.allclose(still, images, atol=1e-5)
True
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_shape


def random_affine(
    images: Tensor, *, rotation: float, shift: float, scale: float, shear: float
) -> Tensor:
    r"""Change each image by an affine map of its own.

    Each argument is a range: the change is drawn uniformly between minus and plus that
    much, from PyTorch's global generator for the device of the images. `rotation` is in
    degrees, `shift` in pixels; `scale` is a factor between $e^{-scale}$ and
    $e^{scale}$, so that larger and smaller are equally likely; `shear` is a slope.

    **Shape.** `(batch, channels, size, size)` to the same, values from 0 (background)
    to 1.

    **Raises.** `ValueError` if the images are not square: a rotation would distort
    them.
    """
    size = images.shape[-1]
    check_shape(images, "batch", "channels", size, size)

    device = images.device

    # One number for each image and each kind of change.
    def draw(limit: float) -> Tensor:
        return (2 * torch.rand(len(images), device=device) - 1) * limit

    angle, zoom = draw(math.radians(rotation)), draw(scale).exp()
    slant = draw(shear)
    one, zero = torch.ones_like(slant), torch.zeros_like(slant)

    # The two matrices of the equation, for all images at once.
    turn = matrix([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    lean = matrix([[one, slant], [zero, one]])
    # A pixel is `2 / size` wide in coordinates that run from $-1$ to 1.
    move = matrix([[draw(shift)], [draw(shift)]]) * 2 / size
    maps = torch.cat([zoom[:, None, None] * turn @ lean, move], dim=-1)

    # `affine_grid` computes the position $q$ of each pixel, and `grid_sample` reads the
    # image there. Outside the image it reads 0, the background.
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    # Between pixels it interpolates. Straight lines from pixel to pixel would blur, and
    # the model would be tested on images sharper than any it has seen. Cubic curves
    # keep the edges, but overshoot, so no value may leave the range of the images.
    read = F.grid_sample(images, grid, mode="bicubic", align_corners=False)
    return read.clamp(0, 1)


def matrix(entries: list[list[Tensor]]) -> Tensor:
    """Build one small matrix for each image from the vectors of its entries.

    **Shape.** Rows and columns of vectors `(batch,)` to `(batch, rows, columns)`.
    """
    rows = [torch.stack(row, dim=-1) for row in entries]
    return torch.stack(rows, dim=-2)
