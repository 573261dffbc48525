r"""# LayerScale

A block adds an update to the table that passes by. LayerScale decides how much of it:
it multiplies the update by one learned number for each channel, and these numbers are
initialised very small,

$$y = x + \lambda \odot f(x), \qquad \lambda_1 = \cdots = \lambda_C = \varepsilon ,$$

where $\odot$ multiplies channel by channel. So each block of a new network is close to
the identity, and training decides how much of each channel is added. The idea is from
Touvron and others, 2021, "Going deeper with Image Transformers" (CaiT,
[arXiv:2103.17239](https://arxiv.org/abs/2103.17239), section 2). ResMLP takes it over.

## Notation

- $x$, `x`: the table that enters the block, $S \times C$ for each image
- $f(x)$, `update`: what the branch would add; it is all that this layer sees
- $y$: the sum, which the block computes
- $\lambda$, `weight`: one number for each channel
- $\varepsilon$, `initial_value`: the initial value of all of them
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of the table
- $C$, `dim`: the number of channels, its columns
- $L$, `num_layers`: the number of blocks

## How small at initialisation

The deeper the network, the smaller: `depth_dependent_value` has the steps. A network of
$L$ random blocks which each add noise as large as what they got makes the table grow
exponentially with depth. With LayerScale it arrives almost as it started:

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.layers.layer_scale import LayerScale, depth_dependent_value
>>> from labml_style_nn.layers.linear import Linear
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, dim, num_layers = 2, 24, 20, 36
>>> layers = [Linear(dim, dim) for _ in range(num_layers)]
>>> def growth(scale):
...     start = y = torch.randn(batch, num_patches, dim)
...     for layer in layers:
...         y = y + scale(layer(y))
...     return (y.std() / start.std()).item()
>>> scale = LayerScale(dim, depth_dependent_value(num_layers))
>>> f"{growth(nn.Identity()):.0e} times, {growth(scale):.4f} times"
'1e+05 times, 1.0000 times'

A network of few blocks is not so close to the identity: with $\varepsilon = 0.1$,
twelve of these blocks change the table by a third of its size:

>>> start = y = torch.randn(batch, num_patches, dim)
>>> for layer in layers[:12]:
...     y = y + LayerScale(dim, 0.1)(layer(y))
>>> f"{(y - start).std() / start.std():.0%}"
'34%'

Small is not zero. At zero, the gradient of all weights in the branch would vanish, and
only $\lambda$ itself would learn at first.

## Why one number for each channel

One number for the whole branch would do as well for the beginning. Touvron and others
compare the two (CaiT, section 2) and prefer a number for each channel: a network can
then open one channel and leave another closed. After training it costs nothing: a
linear map over channels that ends the branch can take the numbers into the rows of its
weight and into its bias.

>>> linear, scale = layers[0], LayerScale(dim, 0.1)
>>> x = torch.randn(batch, num_patches, dim)
>>> scaled = scale.weight[:, None] * linear.weight, scale.weight * linear.bias
>>> torch.allclose(nn.functional.linear(x, *scaled), scale(linear(x)), atol=1e-6)
True

## What differs from the paper

Nothing in the layer. The steps of `depth_dependent_value` are those of CaiT. The
authors' code of ResMLP gives the value of each model, and these agree but for one: the
wide ResMLP of 24 blocks has $10^{-6}$. [`resmlp`][] builds it so.

## What it costs

$C$ parameters and one product for each number; no matrices are multiplied.

## Example

>>> update = torch.ones(batch, num_patches, dim)
>>> LayerScale(dim, 0.1)(update).shape
torch.Size([2, 24, 20])
>>> [depth_dependent_value(num_layers) for num_layers in (12, 24, 36)]
[0.1, 1e-05, 1e-06]
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape


class LayerScale(nn.Module):
    r"""## LayerScale as a layer

    The layer stands at the end of a branch, before the sum.

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for `dim` below one, an initial value not above zero, or an
    input with another last axis.

    **Source.** CaiT paper, section 2; `gamma_1` and `gamma_2` in the authors'
    `cait_models.py` and `resmlp_models.py` (github.com/facebookresearch/deit).
    """

    def __init__(self, dim: int, initial_value: float) -> None:
        super().__init__()
        check_positive(dim=dim)
        if not initial_value > 0:
            raise ValueError(f"initial_value must be positive, got {initial_value}")
        self.dim, self.initial_value = dim, initial_value
        self.weight = nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, with a little of each update."""
        # $\lambda_1 = \cdots = \lambda_C = \varepsilon$.
        nn.init.constant_(self.weight, self.initial_value)

    def forward(self, update: Tensor) -> Tensor:
        """Scale each channel of the update."""
        check_shape(update, "...", self.dim)
        return self.weight * update


def depth_dependent_value(num_layers: int) -> float:
    r"""The initial value, for a network of so many blocks.

    **Raises.** `ValueError` for fewer than one block.

    **Source.** CaiT paper, section 2.

    >>> depth_dependent_value(18), depth_dependent_value(19)
    (0.1, 1e-05)
    """
    check_positive(num_layers=num_layers)
    # All blocks of a network are initialised alike. It is the number of blocks that
    # counts, not which of them it is.
    if num_layers <= 18:
        return 0.1
    return 1e-5 if num_layers <= 24 else 1e-6
