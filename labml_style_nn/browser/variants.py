r"""# Variants: one thing left out

Every part of a Mixer is there for a reason. The quickest way to see the reason is to
take the part away and train again. These variants are made from the same module that
[its page][mlp_mixer] explains, each by one change; all else stays as it is, the
initial weights of what remains included.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer

SETTINGS = {
    "patch_size": 2,
    "num_layers": 4,
    "hidden_dim": 64,
    "tokens_mlp_dim": 32,
    "channels_mlp_dim": 128,
}


class WithoutSkips(MixerBlock):
    """A block that does not add what it read to what it computes."""

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels, and keep nothing else."""
        u = self.token_depth(self.token_mixing(self.token_norm(x)))
        return self.channel_depth(self.channel_mixing(self.channel_norm(u)))


class Nothing(nn.Module):
    """What stands in the place of a branch that is left out: it adds zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Forget the table."""
        return torch.zeros_like(x)


def exchange(model: nn.Module, kind: type[nn.Module], new: type[nn.Module]) -> None:
    """Put a layer of another kind in the place of each of one kind."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                setattr(module, name, new())


def nothing(model: MLPMixer) -> None:
    """Change nothing."""


def no_skip(model: MLPMixer) -> None:
    """Let each block compute its two branches without the sums."""
    for block in model.blocks:
        block.__class__ = WithoutSkips


def no_layer_norm(model: MLPMixer) -> None:
    """Let every norm hand its table through."""
    exchange(model, LayerNorm, nn.Identity)


def relu(model: MLPMixer) -> None:
    """Exchange the nonlinearity."""
    exchange(model, GELU, nn.ReLU)


def no_token_mixing(model: MLPMixer) -> None:
    """Leave out the first branch of each block."""
    for block in model.blocks:
        block.token_norm, block.token_mixing = nn.Identity(), Nothing()


def no_channel_mixing(model: MLPMixer) -> None:
    """Leave out the second branch of each block."""
    for block in model.blocks:
        block.channel_norm, block.channel_mixing = nn.Identity(), Nothing()


@dataclass(frozen=True)
class Variant:
    """## A variant"""

    name: str
    title: str
    change: str
    expect: str
    code: str
    settings: dict[str, int] = field(default_factory=lambda: dict(SETTINGS))
    alter: Callable[[MLPMixer], None] = nothing

    def build(self) -> MLPMixer:
        """Draw the weights of a whole Mixer, then change it."""
        model = MLPMixer(image_size=8, in_channels=1, num_classes=10, **self.settings)
        self.alter(model)
        return model


BLOCK = "models/mlp_mixer/#MixerBlock.forward"


def _sized(**sizes: int) -> dict[str, int]:
    return SETTINGS | sizes


_ALL = [
    Variant("default", "The Mixer", "nothing is changed", "", "models/mlp_mixer/"),
    Variant("no_skip", "No skip connections", "no x +", "", BLOCK, alter=no_skip),
    Variant("no_layer_norm", "No LayerNorm", "no norm", "", BLOCK, alter=no_layer_norm),
    Variant("relu", "ReLU for GELU", "ReLU for GELU", "", BLOCK, alter=relu),
    Variant(
        "no_token_mixing", "No token mixing", "u = x", "", BLOCK, alter=no_token_mixing
    ),
    Variant(
        "no_channel_mixing",
        "No channel mixing",
        "y = u",
        "",
        BLOCK,
        alter=no_channel_mixing,
    ),
    Variant("patch_1", "Patches of 1 pixel", "", "", BLOCK, _sized(patch_size=1)),
    Variant("patch_4", "Patches of 4 × 4", "", "", BLOCK, _sized(patch_size=4)),
    Variant("depth_1", "One block", "", "", BLOCK, _sized(num_layers=1)),
    Variant("depth_2", "Two blocks", "", "", BLOCK, _sized(num_layers=2)),
    Variant("depth_8", "Eight blocks", "", "", BLOCK, _sized(num_layers=8)),
]
VARIANTS = {variant.name: variant for variant in _ALL}
