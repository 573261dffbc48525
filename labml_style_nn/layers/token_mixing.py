r"""# Token mixing

## Example

>>> import torch
>>> mixing = TokenMixing(num_patches=24, tokens_mlp_dim=10)
>>> mixing(torch.zeros(2, 24, 20)).shape
torch.Size([2, 24, 20])
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import Linear


class TokenLinear(Linear):
    """## A linear map over tokens"""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the weight on the left."""
        weight = self.weight.expand(x.shape[0], -1, -1)
        return torch.baddbmm(self.bias[:, None], weight, x)


class TokenMixing(nn.Module):
    """## The token-mixing MLP"""

    def __init__(
        self, num_patches: int, tokens_mlp_dim: int, dropout_rate: float = 0.0
    ) -> None:
        super().__init__()
        check_positive(num_patches=num_patches, tokens_mlp_dim=tokens_mlp_dim)
        self.num_patches = num_patches
        self.fc1 = TokenLinear(num_patches, tokens_mlp_dim)
        self.gelu = GELU()
        self.fc2 = TokenLinear(tokens_mlp_dim, num_patches)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the MLP to each column of the table."""
        check_shape(x, "batch", self.num_patches, "channels")
        hidden = self.dropout(self.gelu(self.fc1(x)))
        return self.dropout(self.fc2(hidden))
