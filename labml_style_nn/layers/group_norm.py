r"""# Group normalisation

[Layer normalisation][layers.layer_norm] brings one token to mean zero and variance one.
Group normalisation measures more at once: all places of an image together, and a group
of its channels (Wu and He, 2018,
[arXiv:1803.08494](https://arxiv.org/abs/1803.08494)). For one image and one group $g$,

$$\begin{aligned}
\mu_g &= \frac{1}{M} \sum_{p,\, c \in g} x_{p,c}, \\
v_g &= \frac{1}{M} \sum_{p,\, c \in g} (x_{p,c} - \mu_g)^2, \\
y_{p,c} &= \gamma_c \, \frac{x_{p,c} - \mu_g}{\sqrt{v_g + \varepsilon}} + \beta_c .
\end{aligned}$$

With one group, all numbers of an image are measured together. That is the norm of
[PoolFormer][poolformer].

## Notation

- $x$, `x`: the feature map of an image, or map for short; in the code, the maps of all
  images
- $y$: the same map, normalised
- $B$, `batch`: how many images are computed together
- $p$: a place of the map, any of its $H W$ places
- $H, W$, `height`, `width`: the height and the width of the map
- $c$: the index of a channel
- $C$, `dim`: how many channels there are
- $G$, `num_groups`: how many groups they form, each of $C / G$ neighbours
- $g$: a group, the indices of its channels
- $M$: the numbers that are measured together, $H W C / G$
- $\mu_g$, `mu`: their mean
- $v_g$, `variance`: their variance
- $\varepsilon$, `eps`: a small number, so that a constant map is not divided by zero
- $\gamma$, `weight`: the scale of each channel, one at the beginning
- $\beta$, `bias`: the shift of each channel, zero at the beginning

## How it differs from a norm of each token

**Tokens keep their sizes, relative to one another.** Here is a map of two places, the
second ten times as large. A norm of each token makes them equal; this one does not:

>>> import torch
>>> from labml_style_nn.layers.group_norm import GroupNorm, group_norm
>>> from labml_style_nn.layers.layer_norm import LayerNorm
>>> batch, height, width, dim = 1, 1, 2, 4
>>> token = torch.tensor([1.0, -1.0, 3.0, -3.0])
>>> x = torch.stack([token, 10 * token]).expand(batch, height, width, dim)
>>> LayerNorm(dim)(x)[0, 0].detach()
tensor([[ 0.4472, -0.4472,  1.3416, -1.3416],
        [ 0.4472, -0.4472,  1.3416, -1.3416]])
>>> GroupNorm(dim)(x)[0, 0].detach()
tensor([[ 0.0629, -0.0629,  0.1888, -0.1888],
        [ 0.6293, -0.6293,  1.8880, -1.8880]])

**Places are no longer alone.** Mean and variance are those of the whole image, so a
change in one place is felt in all the others. The norm itself mixes tokens, if only by
two numbers:

>>> changed = x.clone()
>>> changed[0, 0, 1, 0] += 5
>>> moved = (GroupNorm(dim)(changed) != GroupNorm(dim)(x)).any(dim=-1)
>>> alone = (LayerNorm(dim)(changed) != LayerNorm(dim)(x)).any(dim=-1)
>>> moved[0, 0], alone[0, 0]
(tensor([True, True]), tensor([False,  True]))

**Images still are.** No image of a batch looks at another, while training and after it.
That is what tells both norms, of a token and of a group, from batch normalisation, and
why Wu and He propose group normalisation: the error of a network does not rise when a
batch has few images.

## Layer norm, instance norm

At $G = 1$, Wu and He call this layer normalisation: for a network of convolutions, a
"layer" is the whole map. In a Transformer or a Mixer, layer normalisation is that of
each token. At $G = C$ each channel is measured by itself, which is called instance
normalisation (their Figure 2 shows all of them).

## Why the mean is subtracted first

[`layer_norm`][layers.layer_norm] shows how a variance in one pass loses all its digits
where the numbers are far from zero. PyTorch's kernel for maps with the channels last
makes one pass on a CPU. For numbers around ten thousand, its error is larger than the
results themselves. The layer of this page subtracts the mean, calls the same kernel,
and is right.

>>> _ = torch.manual_seed(0)
>>> batch, height, width, dim = 2, 8, 6, 20
>>> far = torch.randn(batch, height, width, dim) + 1e4
>>> norm = GroupNorm(dim)
>>> exact = group_norm(far.double(), norm.weight, norm.bias)
>>> kernel = torch.nn.functional.group_norm
>>> one_pass = kernel(far.movedim(-1, 1), 1, norm.weight, norm.bias).movedim(1, -1)
>>> bool((one_pass - exact).abs().max() > 1)
True
>>> bool((norm(far) - exact).abs().max() < 1e-5)
True

## What differs from the paper

Nothing. $\varepsilon = 10^{-5}$ is PyTorch's default, and what the authors of
PoolFormer use.

## What it costs

$2C$ parameters, whatever the number of groups. Each number is read a few times and no
matrices are multiplied.

## Example

>>> num_groups = 5
>>> x = torch.randn(batch, height, width, dim)
>>> y = norm(3 * x + 50)
>>> f"{y[0].mean().abs():.4f}, {y[0].std(correction=0):.4f}"
'0.0000, 1.0000'
>>> torch.allclose(y, group_norm(3 * x + 50, norm.weight, norm.bias), atol=1e-4)
True
>>> GroupNorm(dim, num_groups)(x).shape
torch.Size([2, 8, 6, 20])
>>> GroupNorm(dim, 3)
Traceback (most recent call last):
    ...
ValueError: dim must be a multiple of num_groups, got 20 and 3
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def group_norm(
    x: Tensor, weight: Tensor, bias: Tensor, num_groups: int = 1, eps: float = 1e-5
) -> Tensor:
    r"""The equation, line by line.

    **Shape.** `(batch, ..., dim)` to the same; `weight` and `bias` are `(dim,)`.

    **Source.** Wu and He, section 3.1.
    """
    # The channels, as groups of neighbours. What is measured together lies along all
    # axes but the first, the images, and the last but one, the groups.
    grouped = x.unflatten(-1, (num_groups, -1))
    together = (*range(1, x.dim() - 1), -1)
    # $\mu_g$, and then $v_g$ from numbers that are small by now.
    mu = grouped.mean(dim=together, keepdim=True)
    centred = grouped - mu
    variance = centred.square().mean(dim=together, keepdim=True)
    # $y_{p,c}$. Scale and shift belong to the channels, not to the groups.
    normalised = centred * torch.rsqrt(variance + eps)
    return weight * normalised.flatten(-2) + bias


class GroupNorm(nn.Module):
    r"""## Group normalisation as a layer

    The function above is the equation. The layer subtracts the mean and calls PyTorch's
    fused `group_norm`. The tests hold the two together, values and gradients, and both
    to a float64 computation at a mean of $10^4$.

    **Shape.** `(batch, ..., dim)` to the same. PyTorch's own layer has the channels
    second; here they stand last, as in all tables of this package.

    **Raises.** `ValueError` for a size below one, for a `dim` that is not a multiple of
    `num_groups`, for `eps` not above zero, and for an input with another last axis.

    **Source.** Wu and He, section 3.1; `GroupNorm` in the authors' code of PoolFormer,
    which has one group.
    """

    def __init__(self, dim: int, num_groups: int = 1, eps: float = 1e-5) -> None:
        super().__init__()
        check_positive(dim=dim, num_groups=num_groups)
        if dim % num_groups:
            raise ValueError(
                f"dim must be a multiple of num_groups, got {dim} and {num_groups}"
            )
        if not eps > 0:
            raise ValueError(f"eps must be positive, got {eps}")
        self.dim, self.num_groups, self.eps = dim, num_groups, eps
        # $\gamma$ and $\beta$.
        self.weight = nn.Parameter(torch.empty(dim))
        self.bias = nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again: with one and zero, the layer only normalises."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each image."""
        check_shape(x, "...", "places", self.dim)
        # What is subtracted from a whole group changes neither the result nor its
        # gradient. So the mean is treated as a constant, and the kernel gets numbers
        # around zero.
        grouped = x.unflatten(-1, (self.num_groups, -1))
        together = (*range(1, x.dim() - 1), -1)
        mu = grouped.detach().mean(dim=together, keepdim=True)
        centred = (grouped - mu).flatten(-2)
        # Moving the axis moves no number: a map whose channels stand last in memory is
        # a format that the kernel knows.
        y = F.group_norm(
            centred.movedim(-1, 1), self.num_groups, self.weight, self.bias, self.eps
        )
        return y.movedim(1, -1)
