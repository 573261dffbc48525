r"""# Stochastic depth

## Example

>>> import torch
>>> _ = torch.manual_seed(0)
>>> StochasticDepth(0.5)(torch.ones(100, 2)).unique(dim=0)
tensor([[0., 0.],
        [2., 2.]])
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_rate


class StochasticDepth(nn.Module):
    """## Stochastic depth as a layer"""

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        check_rate(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop whole examples of the batch while training."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        one_for_each = x.shape[:1] + (1,) * (x.dim() - 1)
        mask = x.new_empty(one_for_each).bernoulli_(keep)
        return x * mask / keep


def linear_rates(rate: float, num_branches: int) -> list[float]:
    """The rates of a stack, growing linearly from zero to `rate`."""
    last = max(num_branches - 1, 1)
    return [rate * branch / last for branch in range(num_branches)]
