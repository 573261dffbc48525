r"""# Affine layer

Layer normalisation does two things. It brings a token to mean zero and variance one;
then it gives each channel a learned scale and shift. ResMLP keeps the second and drops
the first:

$$\text{Aff}(x) = \alpha \odot x + \beta ,$$

where $\odot$ multiplies channel by channel. This is the affine operator of Touvron and
others, 2021, "ResMLP: Feedforward networks for image classification with data-efficient
training" ([arXiv:2105.03404](https://arxiv.org/abs/2105.03404), section 2), which
stands there wherever a Mixer has a [layer norm][layers.layer_norm]. No mean and no
variance is computed, neither of the token nor of the batch.

## Notation

- $x$, `x`: a token, a row of the table; in the code, every row of every table
- $\alpha$, `alpha`: the scale of each channel, one at the beginning
- $\beta$, `beta`: the shift of each channel, zero at the beginning
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of the table
- $C$, `dim`: the number of channels, its columns
- $W$, $b$, `linear`: a linear map that reads the result
- $W'$, $b'$, `folded`: the linear map that does the work of both

## It does not normalise

A layer norm gives the same result for a token and for ten times that token. This layer
gives about ten times the result, so it does not keep the activations of a deep network
from growing. In ResMLP the small [layer scales][layer_scale] do that.

>>> import torch
>>> from labml_style_nn.layers.affine import Affine, folded
>>> from labml_style_nn.layers.layer_norm import LayerNorm
>>> from labml_style_nn.layers.linear import Linear
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, dim, hidden_dim = 2, 24, 20, 80
>>> x = torch.randn(batch, num_patches, dim)
>>> affine, norm = Affine(dim), LayerNorm(dim)
>>> f"{affine(10 * x).std():.0f}, {norm(10 * x).std():.0f}"
'10, 1'

## It can be folded into the next linear map

A linear map that reads the result can take the scale and the shift into its own
weights:

$$\begin{aligned}
W\,(\alpha \odot x + \beta) + b &= W' x + b', \\
W' &= W \operatorname{Diag}(\alpha), \\
b' &= W \beta + b .
\end{aligned}$$

The scale goes into the columns of $W$, the shift into the bias. [`folded`][] does it.
Here an affine layer that has learned something, and the map behind it, become one map
with no more parameters than that map had:

>>> with torch.no_grad():
...     _ = affine.alpha.normal_(), affine.beta.normal_()
>>> linear = Linear(dim, hidden_dim)
>>> two = linear(affine(x))
>>> one = folded(affine, linear)(x)
>>> torch.allclose(one, two, atol=1e-5)
True
>>> [sum(p.numel() for p in m.parameters()) for m in (affine, linear)]
[40, 1680]
>>> sum(p.numel() for p in folded(affine, linear).parameters())
1680

With a layer norm this cannot be done. Its scale and shift would go the same way, but
the mean and the variance of a token that has not been seen yet are in no weight.

It cannot be done before [token mixing][token_mixing] either. That map stands on the
other side of the table, where it multiplies tokens, and the scales belong to channels:

>>> from labml_style_nn.layers.token_mixing import TokenLinear
>>> folded(affine, TokenLinear(dim, dim))
Traceback (most recent call last):
    ...
ValueError: only a map over channels can be folded, got TokenLinear

## What differs from the paper

Nothing.

## What it costs

$2C$ parameters. Each number is read once and no matrices are multiplied; folded, not
even that.

## Example

>>> affine(x).shape
torch.Size([2, 24, 20])
>>> torch.equal(Affine(dim)(x), x)
True
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.linear import Linear


class Affine(nn.Module):
    r"""## Scale and shift

    It is initialised as the identity.

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for `dim` below one, or an input with another last axis.

    **Source.** ResMLP paper, section 2; `Affine` in the authors' `resmlp_models.py`
    (github.com/facebookresearch/deit).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        check_positive(dim=dim)
        self.dim = dim
        # $\alpha$ and $\beta$, one number each for a channel. All tokens share them.
        self.alpha = nn.Parameter(torch.empty(dim))
        self.beta = nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again: as the identity."""
        nn.init.ones_(self.alpha)
        nn.init.zeros_(self.beta)

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift each channel."""
        check_shape(x, "...", self.dim)
        # $\beta + \alpha \odot x$ in one pass over the table.
        return torch.addcmul(self.beta, self.alpha, x)


@torch.no_grad()
def folded(affine: Affine, linear: Linear) -> Linear:
    r"""One linear map that does the work of both.

    The two layers stay as they are; the new one is for a network that has been trained.

    **Shape.** Reads `(..., affine.dim)`, returns `(..., linear.out_features)`.

    **Raises.** `ValueError` for a map of another kind, or one that reads another number
    of channels.

    **Source.** ResMLP paper, section 2, which names this as an advantage over a norm.
    """
    # Another type, even a subclass, may multiply in a way of its own, which a `Linear`
    # does not.
    if type(linear) is not Linear:
        kind = type(linear).__name__
        raise ValueError(f"only a map over channels can be folded, got {kind}")
    check_shape(linear.weight, "out_features", affine.dim)
    result = Linear(affine.dim, linear.out_features).to(linear.weight)
    # $W' = W \operatorname{Diag}(\alpha)$. A vector multiplies the columns.
    result.weight.copy_(linear.weight * affine.alpha)
    # $b' = W \beta + b$: what the map makes of the shift is known beforehand.
    result.bias.copy_(linear(affine.beta))
    return result
