r"""# MLP-Mixer

## Example

>>> import torch
>>> model = MLPMixer(
...     image_size=32, patch_size=4, in_channels=3, num_classes=10,
...     num_layers=2, hidden_dim=64, tokens_mlp_dim=32, channels_mlp_dim=128,
... )
>>> model(torch.zeros(8, 3, 32, 32)).shape
torch.Size([8, 10])
"""

from typing import Any

from torch import Tensor, nn

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates
from labml_style_nn.layers.token_mixing import TokenMixing


class MixerBlock(nn.Module):
    """## The Mixer block"""

    def __init__(
        self,
        num_patches: int,
        hidden_dim: int,
        tokens_mlp_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rates: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        super().__init__()
        self.token_norm = LayerNorm(hidden_dim)
        self.token_mixing = TokenMixing(num_patches, tokens_mlp_dim, dropout_rate)
        self.token_depth = StochasticDepth(stochastic_depth_rates[0])
        self.channel_norm = LayerNorm(hidden_dim)
        self.channel_mixing = ChannelMixing(hidden_dim, channels_mlp_dim, dropout_rate)
        self.channel_depth = StochasticDepth(stochastic_depth_rates[1])

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        u = x + self.token_depth(self.token_mixing(self.token_norm(x)))
        return u + self.channel_depth(self.channel_mixing(self.channel_norm(u)))


class MLPMixer(nn.Module):
    """## The whole network"""

    def __init__(
        self,
        *,
        image_size: int | tuple[int, int],
        patch_size: int | tuple[int, int],
        in_channels: int = 3,
        num_classes: int,
        num_layers: int,
        hidden_dim: int,
        tokens_mlp_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
    ) -> None:
        super().__init__()
        check_positive(num_layers=num_layers)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        rates = linear_rates(stochastic_depth_rate, 2 * num_layers)
        self.blocks = nn.ModuleList(
            MixerBlock(
                self.patch_embedding.num_patches,
                hidden_dim,
                tokens_mlp_dim,
                channels_mlp_dim,
                dropout_rate,
                pair,
            )
            for pair in zip(rates[::2], rates[1::2], strict=True)
        )
        self.norm = LayerNorm(hidden_dim)
        self.head = ClassificationHead(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        x = self.patch_embedding(image)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


# The four scales of Table 1. Everything else follows from the patch size.
SCALES = {
    "S": {
        "num_layers": 8,
        "hidden_dim": 512,
        "tokens_mlp_dim": 256,
        "channels_mlp_dim": 2048,
    },
    "B": {
        "num_layers": 12,
        "hidden_dim": 768,
        "tokens_mlp_dim": 384,
        "channels_mlp_dim": 3072,
    },
    "L": {
        "num_layers": 24,
        "hidden_dim": 1024,
        "tokens_mlp_dim": 512,
        "channels_mlp_dim": 4096,
    },
    "H": {
        "num_layers": 32,
        "hidden_dim": 1280,
        "tokens_mlp_dim": 640,
        "channels_mlp_dim": 5120,
    },
}


def from_table(scale: str, patch_size: int, options: dict[str, Any]) -> MLPMixer:
    """Build a model of Table 1."""
    sizes: dict[str, Any] = {
        "image_size": 224,
        "num_classes": 1000,
        "patch_size": patch_size,
        **SCALES[scale],
    }
    return MLPMixer(**(sizes | options))


def mixer_s32(**options: Any) -> MLPMixer:
    """Mixer-S/32."""
    return from_table("S", 32, options)


def mixer_s16(**options: Any) -> MLPMixer:
    """Mixer-S/16."""
    return from_table("S", 16, options)


def mixer_b32(**options: Any) -> MLPMixer:
    """Mixer-B/32."""
    return from_table("B", 32, options)


def mixer_b16(**options: Any) -> MLPMixer:
    """Mixer-B/16."""
    return from_table("B", 16, options)


def mixer_l32(**options: Any) -> MLPMixer:
    """Mixer-L/32."""
    return from_table("L", 32, options)


def mixer_l16(**options: Any) -> MLPMixer:
    """Mixer-L/16."""
    return from_table("L", 16, options)


def mixer_h14(**options: Any) -> MLPMixer:
    """Mixer-H/14."""
    return from_table("H", 14, options)
