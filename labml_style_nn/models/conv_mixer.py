r"""# ConvMixer

Draft.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.patch_embedding import height_and_width, patches_that_fit
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution


class ConvMixerBlock(nn.Module):
    r"""## The ConvMixer block

    **Shape.** `(batch, hidden_dim, height, width)` to the same.
    """

    def __init__(
        self,
        hidden_dim: int,
        kernel_size: int,
        activation: Callable[[], nn.Module] = GELU,
    ) -> None:
        super().__init__()
        self.activation = activation()
        self.token_mixing = DepthwiseConvolution(hidden_dim, kernel_size)
        self.token_norm = BatchNorm(hidden_dim)
        self.channel_mixing = PointwiseConvolution(hidden_dim, hidden_dim)
        self.channel_norm = BatchNorm(hidden_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the places of each channel, then the channels of each place."""
        u = x + self.token_norm(self.activation(self.token_mixing(x)))
        y: Tensor = self.channel_norm(self.activation(self.channel_mixing(u)))
        return y


class ConvMixer(nn.Module):
    r"""## The whole network

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.
    """

    def __init__(
        self,
        *,
        patch_size: int | Sequence[int],
        in_channels: int = 3,
        num_classes: int,
        num_layers: int,
        hidden_dim: int,
        kernel_size: int,
        activation: Callable[[], nn.Module] = GELU,
    ) -> None:
        super().__init__()
        check_positive(
            in_channels=in_channels, num_layers=num_layers, hidden_dim=hidden_dim
        )
        self.in_channels = in_channels
        self.patch_size = height_and_width("patch_size", patch_size)
        self.patch_embedding = nn.Conv2d(
            in_channels, hidden_dim, self.patch_size, stride=self.patch_size
        )
        self.activation = activation()
        self.patch_norm = BatchNorm(hidden_dim)
        self.blocks = nn.ModuleList(
            ConvMixerBlock(hidden_dim, kernel_size, activation)
            for _ in range(num_layers)
        )
        self.head = ClassificationHead(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        check_shape(image, "batch", self.in_channels, "height", "width")
        patches_that_fit((image.shape[2], image.shape[3]), self.patch_size)
        x = self.patch_norm(self.activation(self.patch_embedding(image)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.flatten(2).mT)


SIZES = {
    "1536/20": (7, 9),
    "768/32": (7, 7),
    "1024/20": (14, 9),
}


def from_the_paper(name: str, options: dict[str, Any]) -> ConvMixer:
    """Build a model of the paper."""
    hidden_dim, num_layers = (int(number) for number in name.split("/"))
    patch_size, kernel_size = SIZES[name]
    sizes: dict[str, Any] = {
        "patch_size": patch_size,
        "num_classes": 1000,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "kernel_size": kernel_size,
    }
    return ConvMixer(**(sizes | options))


def convmixer_1536_20(**options: Any) -> ConvMixer:
    """ConvMixer-1536/20."""
    return from_the_paper("1536/20", options)


def convmixer_768_32(**options: Any) -> ConvMixer:
    """ConvMixer-768/32."""
    return from_the_paper("768/32", options)


def convmixer_1024_20(**options: Any) -> ConvMixer:
    """ConvMixer-1024/20."""
    return from_the_paper("1024/20", options)
