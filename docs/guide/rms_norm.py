r"""# RMS norm

The numbers of a vector grow and shrink as it goes through a network. RMS norm divides
them by their root mean square, so that their mean square becomes one, and then gives
each its own scale (Zhang and Sennrich, 2019, "Root Mean Square Layer Normalization",
[arXiv:1910.07467](https://arxiv.org/abs/1910.07467)):

$$y_i = g_i \, \frac{x_i}{\sqrt{m + \varepsilon}}, \qquad
m = \frac{1}{C} \sum_{j=1}^{C} x_j^2 .$$

Layer normalisation subtracts the mean first. The paper asks whether that is needed, and
finds results as good without it, in less time.

## Notation

- $x$, `x`: one vector; in the code, the last axis of any tensor
- $y$: the same vector, normalised
- $B$, `batch`: how many vectors are normalised together
- $C$, `dim`: how many numbers a vector has
- $m$, `mean_square`: the mean of their squares
- $\varepsilon$, `eps`: a small number, so that a vector of zeros is not divided by zero
- $g$, `weight`: the scale of each number, one at the beginning

## What stays the same

Ten times the vector gives the same result. A vector that is moved does not: that would
take the mean.

>>> import torch
>>> batch, dim = 2, 6
>>> norm = RMSNorm(dim)
>>> x = torch.linspace(-1, 2, batch * dim).reshape(batch, dim)
>>> torch.allclose(norm(10 * x), norm(x), atol=1e-4)
True
>>> torch.allclose(norm(x + 10), norm(x), atol=1e-4)
False

## What differs from the paper

$\varepsilon$ is not in the paper's equation. It stands below the root, as in PyTorch.

## What it costs

$C$ parameters. For each vector about $4C$ multiplications and additions, and one root.

## Example

>>> norm(x).shape
torch.Size([2, 6])
>>> norm(x).square().mean(dim=-1).detach()
tensor([1.0000, 1.0000])

It computes what PyTorch's own function does:

>>> expected = torch.nn.functional.rms_norm(x, (dim,), norm.weight, norm.eps)
>>> torch.allclose(norm(x), expected)
True

## Try it

Take `eps` away and normalise a vector of zeros. What comes out, and why?
"""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    r"""## The layer

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for `dim` below one, for `eps` not above zero, and for an
    input with another last axis.

    **Source.** Zhang and Sennrich, section 4, equation (4).
    """

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, got {dim}")
        if not eps > 0:
            raise ValueError(f"eps must be above zero, got {eps}")
        self.dim, self.eps = dim, eps
        # $g$. With ones, the layer only normalises; training finds other scales.
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each vector along the last axis."""
        # An axis of size one would be stretched to fit, and nobody would notice.
        if x.shape[-1] != self.dim:
            raise ValueError(
                f"the last axis must have {self.dim} numbers, got {x.shape[-1]}"
            )
        # $m$, one number for each vector. The axis stays, with size one, so that the
        # division below finds it.
        mean_square = x.square().mean(dim=-1, keepdim=True)
        # `rsqrt` is one divided by the square root.
        return self.weight * x * torch.rsqrt(mean_square + self.eps)
