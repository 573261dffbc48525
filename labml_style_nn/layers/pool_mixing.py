r"""# Pool mixing

How simple may token mixing be? PoolFormer gives each token the average of its
neighbourhood, less the token itself:

$$Y_p = \frac{1}{|N(p)|} \sum_{q \in N(p)} X_q \; - \; X_p .$$

Nothing is learned. Yu and others, 2022, "MetaFormer Is Actually What You Need for
Vision" ([arXiv:2111.11418](https://arxiv.org/abs/2111.11418), section 3.2, equation
(4)), use it to show how much the rest of a block does on its own.

The table of tokens is laid out as the image is, as a *feature map*, or map for short:
each *place* has a token of $C$ channels.

## Notation

- $X_p$, $X_q$, `x`: the token at a place of the feature map; in the code, the map
- $Y_p$, `y`: what comes out at this place
- $p, q$: places of the map, each a row and a column
- $N(p)$: the places that lie around $p$ and inside the map; $p$ is one of them
- $|N(p)|$, `places`: how many these are
- $K$, `pool_size`: the side of the square around $p$, an odd number
- $B$, `batch`: how many images are computed together
- $H, W$, `height`, `width`: the height and the width of the map, in places
- $C$, `hidden_dim`: the number of channels

## Why the token itself is subtracted

Because the [block][PoolFormerBlock] adds it again. Without norm and scale, the sum is
the average alone. So the update leads from each token to the average of its
neighbourhood. A token that stands out is lowered, and its neighbours are raised:

>>> import torch
>>> from labml_style_nn.layers.pool_mixing import PoolMixing, pool_mixing
>>> pool_size = 3
>>> mixing = PoolMixing(pool_size)
>>> map_of_one_channel = torch.zeros(1, 3, 5, 1)
>>> map_of_one_channel[0, 1, 1] = 9
>>> mixing(map_of_one_channel)[0, :, :, 0]
tensor([[ 2.2500,  1.5000,  1.5000,  0.0000,  0.0000],
        [ 1.5000, -8.0000,  1.0000,  0.0000,  0.0000],
        [ 2.2500,  1.5000,  1.5000,  0.0000,  0.0000]])

## What happens at the edge

The corner above received $9/4$, an edge $9/6$, a place inside $9/9$: there the
average is over four, six and nine places. What lies outside the map is not counted.
If it were, as so many zeros, a map that is the same everywhere would be dark around
its edge. As it is, nothing happens to it:

>>> flat = torch.ones(1, 3, 5, 1)
>>> bool((mixing(flat) == 0).all())
True
>>> average = torch.nn.functional.avg_pool2d
>>> average(flat.permute(0, 3, 1, 2), pool_size, stride=1, padding=1)[0, 0]
tensor([[0.4444, 0.6667, 0.6667, 0.6667, 0.4444],
        [0.6667, 1.0000, 1.0000, 1.0000, 0.6667],
        [0.4444, 0.6667, 0.6667, 0.6667, 0.4444]])

## How it compares with other mixings

**It is local.** One layer reaches $(K - 1) / 2$ places far, where [`token_mixing`][]
reaches all of them at once. A token hears from far away only after many layers, or on a
coarser map.

**It treats all places alike**, except at the edge. Move the map by a place, and inside,
the result moves with it. So the positions are not known, and a map of any size will do.

>>> _ = torch.manual_seed(0)
>>> batch, height, width, hidden_dim = 2, 8, 5, 20
>>> x = torch.randn(batch, height, width, hidden_dim)
>>> moved, y = mixing(x.roll(1, dims=1)), mixing(x)
>>> torch.allclose(moved[:, 2:-1], y[:, 1:-2], atol=1e-6)
True

**It is shared by all channels**, as [`token_mixing`][] is. In other words, away from
the edge it is a convolution of each channel by itself with one fixed kernel, $1 / K^2$
everywhere, less one in the middle:

>>> kernel = torch.full((hidden_dim, 1, pool_size, pool_size), 1 / pool_size**2)
>>> kernel[:, :, 1, 1] -= 1
>>> channels_first = x.permute(0, 3, 1, 2)
>>> convolve = torch.nn.functional.conv2d
>>> convolved = convolve(channels_first, kernel, groups=hidden_dim).permute(0, 2, 3, 1)
>>> torch.allclose(convolved, y[:, 1:-1, 1:-1], atol=1e-6)
True

## What differs from the paper

Equation (4) of the paper divides by $K^2$ everywhere. The authors' code and timm do not
count places outside the map, and neither does this layer; there the channels stand
first, and here last.

## What it costs

No parameters. $K^2$ additions for each number, and no matrices are multiplied: linear
in the number of places.

## Example

>>> y.shape
torch.Size([2, 8, 5, 20])
>>> torch.allclose(y, pool_mixing(x, pool_size), atol=1e-6)
True
>>> PoolMixing(4)
Traceback (most recent call last):
    ...
ValueError: pool_size must be odd, so that a square has a middle, got 4
"""

from itertools import product

from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def pool_mixing(x: Tensor, pool_size: int) -> Tensor:
    """The equation, one neighbour after the other.

    **Shape.** `(batch, height, width, hidden_dim)` to the same.

    **Source.** Section 3.2, equation (4).
    """
    height, width = x.shape[1:3]
    # A frame of zeros, so that each place has all its neighbours; and a map that knows
    # which of them are real.
    reach = pool_size // 2
    around = (reach, reach, reach, reach)
    framed = F.pad(x, (0, 0, *around))
    inside = F.pad(x.new_ones(height, width, 1), (0, 0, *around))
    # The sum over $N(p)$ for all $p$ at once: the map, moved to each neighbour in turn.
    total, places = x.new_zeros(()), x.new_zeros(())
    for row, column in product(range(pool_size), repeat=2):
        rows, columns = slice(row, row + height), slice(column, column + width)
        total = total + framed[:, rows, columns]
        places = places + inside[rows, columns]
    return total / places - x


class PoolMixing(nn.Module):
    r"""## Pool mixing as a layer

    The function above is the equation. The layer calls PyTorch's average pooling, which
    reads each neighbourhood once. The tests hold the two together, values and
    gradients.

    **Shape.** `(batch, height, width, hidden_dim)` to the same.

    **Raises.** `ValueError` for a pool size that is not odd or below one, and for an
    input without these four axes.

    **Source.** Section 3.2, equation (4); `Pooling` in the authors' `poolformer.py`
    (github.com/sail-sg/poolformer).
    """

    def __init__(self, pool_size: int = 3) -> None:
        super().__init__()
        check_positive(pool_size=pool_size)
        if pool_size % 2 == 0:
            raise ValueError(
                f"pool_size must be odd, so that a square has a middle, got {pool_size}"
            )
        self.pool_size = pool_size

    def forward(self, x: Tensor) -> Tensor:
        """Average around each place, and subtract the place itself."""
        check_shape(x, "batch", "height", "width", "channels")
        # PyTorch pools maps whose channels stand first. Here they stand last, as in all
        # tables of this package. Moving an axis moves no number.
        channels_first = x.permute(0, 3, 1, 2)
        average = F.avg_pool2d(
            channels_first,
            self.pool_size,
            stride=1,
            padding=self.pool_size // 2,
            count_include_pad=False,
        )
        return average.permute(0, 2, 3, 1) - x
