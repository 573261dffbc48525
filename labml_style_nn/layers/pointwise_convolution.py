r"""# Pointwise convolution

Draft.
"""

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape


class PointwiseConvolution(nn.Conv2d):
    r"""## The layer

    **Shape.** `(batch, in_channels, height, width)` to
    `(batch, out_channels, height, width)`.

    **Raises.** `ValueError` for a size below one, or an input with other channels.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        check_positive(in_channels=in_channels, out_channels=out_channels)
        super().__init__(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map the channels of each place."""
        check_shape(x, "batch", self.in_channels, "height", "width")
        return super().forward(x)
