r"""# CutMix and mixup

Both methods of data augmentation combine two training images and their labels: three
fifths cat, two fifths ship. A network trained on such images cannot rely on a single
region of an image, and it is less overconfident. Both are common in training recipes
for ViT, ResMLP and ConvMixer.

**Mixup** is a weighted average of two images, like a double exposure (H. Zhang, M.
Cisse, Y. N. Dauphin and D. Lopez-Paz, 2017, "mixup: Beyond Empirical Risk
Minimization", [arXiv:1710.09412](https://arxiv.org/abs/1710.09412)):

$$\begin{aligned}
\tilde x &= \lambda x_a + (1 - \lambda)\, x_b, \\
\tilde y &= \lambda y_a + (1 - \lambda)\, y_b
\end{aligned}$$

**CutMix** cuts a box out of one image and pastes what the other has there (S. Yun, D.
Han, S. J. Oh, S. Chun, J. Choe and Y. Yoo, 2019, "CutMix: Regularization Strategy to
Train Strong Classifiers with Localizable Features",
[arXiv:1905.04899](https://arxiv.org/abs/1905.04899)). With $m$ zero inside the box and
one outside of it:

$$\tilde x = m\, x_a + (1 - m)\, x_b$$

The label is mixed as before, with the share of the image that lies outside the box as
$\lambda$. Both draw $\lambda$ from a Beta distribution with two equal parameters
$\alpha$. For $\alpha = 1$ every share is equally likely; for a small $\alpha$ one of
the two images is nearly alone.

The box has the shape of the image. Its area is to be $1 - \lambda$ of the whole, so
each of its sides is that of the image times a root:

$$r_h = H \sqrt{1 - \lambda}, \qquad r_w = W \sqrt{1 - \lambda}$$

Its centre is drawn uniformly from the whole image. What sticks out is cut off.

## Notation

- $x_a$, `images`: an image
- $x_b$, `others`: the image it is mixed with
- $y_a$, `targets`: the label of the first as a row of zeros with a single one
- $y_b$: that of the second
- $\tilde x$: the mixed image
- $\tilde y$: its label, a row of $K$ shares
- $\lambda$, `share`: the share of the first image
- $\alpha$, `alpha`: the parameter of the Beta distribution
- $m$, `mask`: where the first image is kept
- $r_h$, `rows`: the height of the box
- $r_w$, `columns`: its width
- $B$, `batch`: how many images are mixed together
- $C$, `channels`: the number of channels
- $H$, `height`: the rows of an image
- $W$, `width`: its columns
- $K$, `num_classes`: the number of classes

## What differs from the papers

- Each image has a $\lambda$, a box and a partner of its own. The published code of both
  draws one $\lambda$ for all images of a batch, and one box.
- The label counts the pixels that were really replaced, after the box was cut off at
  the edge of the image.
- A side of a box is rounded to whole pixels, and so is its place.

## What it costs

No parameters, and a few operations for each pixel.

## Example

>>> import torch
>>> from labml_style_nn.data.cutmix import cutmix, mixup
>>> _ = torch.manual_seed(0)
>>> batch, channels, height, width, num_classes = 4, 3, 5, 6, 10
>>> images = torch.rand(batch, channels, height, width)
>>> labels = torch.tensor([3, 8, 3, 1])
>>> mixed = cutmix(images, labels, num_classes=num_classes)
>>> mixed.images.shape, mixed.targets.shape
(torch.Size([4, 3, 5, 6]), torch.Size([4, 10]))

The shares of a label sum to one. `cross_entropy` takes them in the place of numbers of
classes:

>>> torch.allclose(mixed.targets.sum(dim=1), torch.ones(batch))
True
>>> torch.nn.functional.cross_entropy(torch.zeros(batch, num_classes), mixed.targets)
tensor(2.3026)

An image of zeros with an image of ones, by mixup. The brightness is the second share:

>>> batch, channels, height, width = 2, 1, 8, 6
>>> black_and_white = torch.tensor([0.0, 1.0]).view(batch, channels, 1, 1)
>>> black_and_white = black_and_white.expand(-1, -1, height, width)
>>> mixed = mixup(black_and_white, torch.tensor([0, 1]), num_classes=num_classes)
>>> mixed.images.mean(dim=(1, 2, 3)).equal(mixed.targets[:, 1])
True
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_shape


class Mixed(NamedTuple):
    r"""## Mixed images and their labels

    **Shape.** `images`: `(batch, channels, height, width)`, floats. `targets`: `(batch,
    num_classes)`, shares whose sum is one.
    """

    images: Tensor
    targets: Tensor


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, alpha: float = 1.0
) -> Mixed:
    """Average each image with another one.

    **Shape.** `images`: `(batch, channels, height, width)`, floats. `labels`:
    `(batch,)`, int64.

    **Raises.** `ValueError` for images that are not floats, other shapes, and an
    `alpha` that is not positive.

    **Source.** Zhang and others, section 2.
    """
    share = draw_shares(images, labels, alpha)
    order = torch.randperm(len(images), device=images.device)
    weight = share[:, None, None, None]
    others = images[order]
    mixed = weight * images + (1 - weight) * others
    return Mixed(mixed, mix_labels(labels, order, share, num_classes))


def cutmix(
    images: Tensor, labels: Tensor, num_classes: int, alpha: float = 1.0
) -> Mixed:
    """Paste a box of another image into each.

    **Shape.** As for [`mixup`][].

    **Raises.** As for [`mixup`][].

    **Source.** Yun and others, section 3.1.
    """
    share = draw_shares(images, labels, alpha)
    order = torch.randperm(len(images), device=images.device)
    height, width = images.shape[-2:]
    rows, columns = inside(share, height), inside(share, width)
    # A pixel is in the box if both its row and its column are.
    mask = ~(rows[:, :, None] & columns[:, None, :])
    mixed = torch.where(mask[:, None], images, images[order])
    kept = mask.to(images.dtype).mean(dim=(1, 2))
    return Mixed(mixed, mix_labels(labels, order, kept, num_classes))


def draw_shares(images: Tensor, labels: Tensor, alpha: float) -> Tensor:
    """Draw how much is kept of each image.

    **Shape.** `(batch, channels, height, width)` to `(batch,)`.
    """
    check_shape(images, "batch", "channels", "height", "width")
    check_shape(labels, len(images))
    if not images.is_floating_point():
        raise ValueError(f"images must be floats to be mixed, got {images.dtype}")
    if not alpha > 0:
        raise ValueError(f"alpha must be above 0, got {alpha}")
    # The draws come from PyTorch's global generator on the device of the images.
    parameter = torch.full((len(images),), alpha, device=images.device)
    return Beta(parameter, parameter).sample().to(images.dtype)


def inside(share: Tensor, size: int) -> Tensor:
    """Say which rows are in the box of each image, or which columns.

    **Shape.** `(batch,)` to `(batch, size)`, truth values.
    """
    side = (size * (1 - share).sqrt()).round()
    centre = torch.rand_like(share) * size
    first = (centre - side / 2).round()[:, None]
    place = torch.arange(size, device=share.device)
    return (place >= first) & (place < first + side[:, None])


def mix_labels(
    labels: Tensor, order: Tensor, share: Tensor, num_classes: int
) -> Tensor:
    """Mix the labels of two images in the same shares.

    **Shape.** `labels`, `order` and `share`: `(batch,)`, to `(batch, num_classes)`.
    """
    targets = F.one_hot(labels, num_classes).to(share.dtype)
    return share[:, None] * targets + (1 - share[:, None]) * targets[order]
