r"""# Depthwise convolution

Draft.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_shape


class DepthwiseConvolution(nn.Conv2d):
    r"""## The layer

    **Shape.** `(batch, channels, height, width)` to the same.

    **Raises.** `ValueError` for a size below one, or an input with other channels.
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        check_positive(channels=channels, kernel_size=kernel_size)
        super().__init__(channels, channels, kernel_size, groups=channels)
        self.width = kernel_size

    def forward(self, x: Tensor) -> Tensor:
        """Slide each kernel over its channel."""
        check_shape(x, "batch", self.in_channels, "height", "width")
        # An even kernel has no middle.
        if self.width % 2 == 0:
            x = F.pad(x, (0, 1, 0, 1))
        around = (self.width - 1) // 2
        return F.conv2d(
            x, self.weight, self.bias, padding=around, groups=self.in_channels
        )
