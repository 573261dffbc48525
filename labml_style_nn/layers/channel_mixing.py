r"""# Channel mixing

## Example

>>> import torch
>>> mixing = ChannelMixing(hidden_dim=20, channels_mlp_dim=80)
>>> mixing(torch.zeros(2, 24, 20)).shape
torch.Size([2, 24, 20])
"""

from torch import Tensor

from labml_style_nn.layers.checks import check_positive
from labml_style_nn.layers.mlp import MLP


class ChannelMixing(MLP):
    """## The channel-mixing MLP"""

    def __init__(
        self, hidden_dim: int, channels_mlp_dim: int, dropout_rate: float = 0.0
    ) -> None:
        check_positive(hidden_dim=hidden_dim, channels_mlp_dim=channels_mlp_dim)
        super().__init__(hidden_dim, channels_mlp_dim, dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the MLP to each row of the table."""
        return super().forward(x)
