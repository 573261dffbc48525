r"""# Layer normalisation

## What it costs

$2C$ parameters.

## Example

>>> import torch
>>> norm = LayerNorm(4)
>>> norm(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).detach()
tensor([[-1.3416, -0.4472,  0.4472,  1.3416]])
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-6) -> Tensor:
    """The equation, in two passes."""
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return weight * centred * torch.rsqrt(variance + eps) + bias


class LayerNorm(nn.Module):
    """## Layer normalisation as a layer"""

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        check_positive(dim=dim)
        self.dim, self.eps = dim, eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each token."""
        check_shape(x, "...", self.dim)
        return F.layer_norm(x, (self.dim,), self.weight, self.bias, self.eps)
