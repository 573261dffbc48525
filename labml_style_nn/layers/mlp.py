r"""# The MLP

## Example

>>> import torch
>>> MLP(dim=20, hidden_dim=80)(torch.zeros(2, 24, 20)).shape
torch.Size([2, 24, 20])
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import Linear


class MLP(nn.Module):
    """## Two layers and a nonlinearity"""

    def __init__(self, dim: int, hidden_dim: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        check_positive(dim=dim, hidden_dim=hidden_dim)
        self.dim = dim
        self.fc1 = Linear(dim, hidden_dim)
        self.gelu = GELU()
        self.fc2 = Linear(hidden_dim, dim)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the MLP to each vector on the last axis."""
        check_shape(x, "...", self.dim)
        hidden = self.dropout(self.gelu(self.fc1(x)))
        return self.dropout(self.fc2(hidden))
