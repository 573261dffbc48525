r"""# Layer normalisation

A token is a vector of $C$ numbers. As it travels through the blocks, each of which adds
something to it, its numbers drift in size. Layer normalisation brings a token back to
mean zero and variance one before the next MLP reads it, then lets the network choose a
scale and a shift for each channel (Ba, Kiros and Hinton, 2016,
[arXiv:1607.06450](https://arxiv.org/abs/1607.06450)):

$$\begin{aligned}
\mu &= \frac{1}{C} \sum_{i=1}^{C} x_i, \\
v &= \frac{1}{C} \sum_{i=1}^{C} (x_i - \mu)^2, \\
y_i &= \gamma_i \, \frac{x_i - \mu}{\sqrt{v + \varepsilon}} + \beta_i .
\end{aligned}$$

Every sum runs over the channels of one token. The other tokens, and the other images of
the batch, play no part: a token is normalised alike in any company, while training and
after it. That is what tells this norm from batch normalisation.

## Notation

- $x$, `x`: one token, a row of the table; in the code, every row of every table
- $y$: the same token, normalised
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of the table
- $C$, `dim`: the number of channels
- $\mu$, `mu`: the mean of the token
- $v$, `variance`: its variance, with $C$ as the divisor, not $C - 1$
- $\varepsilon$, `eps`: a small number, so that a constant token is not divided by zero
- $\gamma$, `weight`: the scale of each channel, one at the beginning
- $\beta$, `bias`: the shift of each channel, zero at the beginning

## Why the mean is subtracted first

A textbook gives a second formula for the variance, $v = \overline{x^2} - \mu^2$. It
needs one pass over the token instead of two, and on paper it is equal. In floating
point it is not. Here are four numbers around ten thousand, whose variance is exactly
one:

>>> import torch
>>> x = torch.tensor([9999.0, 10001.0, 9999.0, 10001.0])
>>> (x.square().mean() - x.mean().square()).item()
0.0
>>> (x - x.mean()).square().mean().item()
1.0

The squares lie near $10^8$, where two neighbouring float32 numbers are 8 apart. The
difference that was asked for, 1, is smaller than the rounding of what is subtracted.
Once the mean is gone the numbers are small, and so is the rounding. So the code makes
two passes.

## What differs from the paper

Ba, Kiros and Hinton write no $\varepsilon$ in their equations (section 3). Its value,
$10^{-6}$, is the default of Flax, which the authors of the Mixer use; PyTorch's default
is $10^{-5}$.

## What it costs

$2C$ parameters. Each number is read a few times and no matrices are multiplied: it is
left out of the count of FLOPs, though it takes its share of the time.

## Example

A token that is multiplied by a positive number, or shifted by the same number in all
channels, gives the same result (but for $\varepsilon$). Here is a table of three: a
token, ten times the token, and the token plus fifty.

>>> from labml_style_nn.layers.layer_norm import LayerNorm, layer_norm
>>> batch, num_patches, dim = 2, 3, 4
>>> token = torch.tensor([1.0, 2.0, 3.0, 4.0])
>>> table = torch.stack([token, 10 * token, token + 50])
>>> x = table.expand(batch, num_patches, dim)
>>> norm = LayerNorm(dim)
>>> norm(x)[0].detach()
tensor([[-1.3416, -0.4472,  0.4472,  1.3416],
        [-1.3416, -0.4472,  0.4472,  1.3416],
        [-1.3416, -0.4472,  0.4472,  1.3416]])

The layer computes what the equation says:

>>> torch.allclose(norm(x), layer_norm(x, norm.weight, norm.bias), atol=1e-6)
True

## Exercises

**Exercise 1.** Which argument, in which line, says along which axis the numbers are
normalised? What does the result for one image owe to the rest of the batch?

**Answer.** In the function it is `dim=-1`, in the layer `(self.dim,)`: the last axis,
the channels. To the other images it owes nothing:

>>> other = x.clone()
>>> other[1:] = 0
>>> torch.equal(norm(other)[0], norm(x)[0])
True

**Exercise 2.** What does layer normalisation make of a token with only two channels?

**Answer.** Its mean is half way between the two numbers, and both are equally far from
it. So all that is left is which of them was larger:

>>> two_channels = torch.tensor([[1.0, 5.0], [3.0, 2.9], [-40.0, 70.0]])
>>> torch.nn.functional.layer_norm(two_channels, (2,)).round(decimals=1)
tensor([[-1.,  1.],
        [ 1., -1.],
        [-1.,  1.]])

**Exercise 3.** Write the function with `torch.var_mean`, for $\varepsilon = 10^{-6}$.

>>> from labml_style_nn.exercises import check
>>> def by_var_mean(x, weight, bias):
...     return None  # your code
>>> check("layer_norm", by_var_mean)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`weight` 20, `bias` 20.

**Answer.** The trap is its default, the divisor $C - 1$. `correction=0` makes it $C$.

>>> def by_var_mean(x, weight, bias):
...     variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
...     return weight * (x - mean) / (variance + 1e-6).sqrt() + bias
>>> torch.allclose(by_var_mean(x, norm.weight, norm.bias), norm(x), atol=1e-6)
True
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def layer_norm(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    eps: float = 1e-6,
) -> Tensor:
    r"""The equation, line by line.

    **Shape.** `(..., dim)` to the same; `weight` and `bias` are `(dim,)`.

    **Source.** Ba, Kiros and Hinton, section 3.
    """
    # The first pass: $\mu$, and the token without it.
    mu = x.mean(dim=-1, keepdim=True)
    centred = x - mu
    # The second pass: $v$, from numbers that are small by now.
    variance = centred.square().mean(dim=-1, keepdim=True)
    # $y_i$. `rsqrt` is one divided by the square root.
    return weight * centred * torch.rsqrt(variance + eps) + bias


class LayerNorm(nn.Module):
    r"""## Layer normalisation as a layer

    The function above is the equation; each of its steps writes a tensor as large as
    the table. The layer calls PyTorch's fused `layer_norm`, which computes the same
    thing while the token is in the processor's cache. The tests hold the two together,
    values and gradients, and hold both to a float64 computation at a mean of $10^4$.

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for `dim` below one, for `eps` not above zero, and for an
    input with another last axis.

    **Source.** LayerNorm in section 2, equation (1) of the Mixer paper.
    """

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        check_positive(dim=dim)
        if not eps > 0:
            raise ValueError(f"eps must be positive, got {eps}")
        self.dim, self.eps = dim, eps
        # $\gamma$ and $\beta$.
        self.weight = nn.Parameter(torch.empty(dim))
        self.bias = nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again: with one and zero, the layer only normalises."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token."""
        check_shape(x, "...", self.dim)
        return F.layer_norm(x, (self.dim,), self.weight, self.bias, self.eps)
