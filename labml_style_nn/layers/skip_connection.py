r"""# The skip connection

## Example

>>> import torch
>>> skip = SkipConnection(torch.nn.Tanh())
>>> skip(torch.zeros(2, 3)).shape
torch.Size([2, 3])
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_shape
from labml_style_nn.layers.stochastic_depth import StochasticDepth


class SkipConnection(nn.Module):
    """## The skip connection as a layer"""

    def __init__(self, branch: nn.Module, stochastic_depth_rate: float = 0.0) -> None:
        super().__init__()
        self.branch = branch
        self.stochastic_depth = StochasticDepth(stochastic_depth_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to its own input."""
        update = self.branch(x)
        check_shape(update, *x.shape)
        return x + self.stochastic_depth(update)
