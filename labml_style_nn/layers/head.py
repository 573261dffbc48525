r"""# Pooling and the head

## Example

>>> import torch
>>> head = ClassificationHead(hidden_dim=20, num_classes=7)
>>> head(torch.zeros(2, 24, 20)).shape
torch.Size([2, 7])
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.linear import Linear


class GlobalAveragePooling(nn.Module):
    """## Global average pooling"""

    def forward(self, x: Tensor) -> Tensor:
        """Average over the tokens."""
        check_shape(x, "batch", "tokens", "channels")
        return x.mean(dim=1)


class ClassificationHead(nn.Module):
    """## The classification head"""

    def __init__(self, hidden_dim: int, num_classes: int) -> None:
        super().__init__()
        check_positive(hidden_dim=hidden_dim, num_classes=num_classes)
        self.hidden_dim = hidden_dim
        self.pooling = GlobalAveragePooling()
        self.linear = Linear(hidden_dim, num_classes)
        nn.init.zeros_(self.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Turn a table of tokens into one score for each class."""
        check_shape(x, "batch", "tokens", self.hidden_dim)
        return self.linear(self.pooling(x))
