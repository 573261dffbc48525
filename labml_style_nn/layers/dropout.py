r"""# Dropout

## Example

>>> import torch
>>> _ = torch.manual_seed(0)
>>> Dropout(0.5)(torch.ones(1000)).unique()
tensor([0., 2.])
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_rate


class Dropout(nn.Module):
    """## Dropout as a layer"""

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        check_rate(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop single numbers while training."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        mask = torch.empty_like(x).bernoulli_(keep)
        return x * mask / keep
