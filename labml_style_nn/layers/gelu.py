r"""# GELU

$$\text{GELU}(x) = x\,\Phi(x)$$

## What it costs

No parameters.

## Example

>>> import torch
>>> GELU()(torch.tensor([-1.0, 0.0, 1.0]))
tensor([-0.1587,  0.0000,  0.8413])
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gelu_exact(x: Tensor) -> Tensor:
    r"""The definition: $x\,\Phi(x)$."""
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x: Tensor) -> Tensor:
    r"""The approximation by a hyperbolic tangent."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * 0.5 * (1 + torch.tanh(inner))


class GELU(nn.Module):
    """## GELU as a layer"""

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ValueError(
                f"approximate must be 'none' or 'tanh', got {approximate!r}"
            )
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to every element."""
        return F.gelu(x, approximate=self.approximate)
