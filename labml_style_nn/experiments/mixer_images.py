r"""# A Mixer learns to name images

Draft.

>>> model = build_model(Settings(data="digits"))
>>> model(torch.zeros(5, 1, 8, 8)).shape
torch.Size([5, 10])
>>> sum(p.numel() for p in model.parameters())
43322
"""

import sys
from dataclasses import dataclass, replace

import torch

from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_sets import IMAGE_SETS, image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.training import option
from labml_style_nn.models.mlp_mixer import MLPMixer


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The [recipe][ImageRecipe], and the sizes of the network in the paper's names.
    """

    data: str = "digits"
    patch_size: int = option(2, "P: side of a patch, in pixels")
    num_layers: int = option(4, "number of Mixer blocks")
    hidden_dim: int = option(48, "C: channels of a token")
    tokens_mlp_dim: int = option(32, "D_S: width of the token-mixing MLPs")
    channels_mlp_dim: int = option(96, "D_C: width of the channel-mixing MLPs")


def build_model(settings: Settings) -> MLPMixer:
    """Build the network with its first weights, which follow from the seed.

    **Raises.** `ValueError` for sizes that make no network.
    """
    images = IMAGE_SETS[settings.data]
    torch.manual_seed(settings.seed)
    return MLPMixer(
        image_size=images.image_size,
        patch_size=settings.patch_size,
        in_channels=images.in_channels,
        num_classes=images.num_classes,
        num_layers=settings.num_layers,
        hidden_dim=settings.hidden_dim,
        tokens_mlp_dim=settings.tokens_mlp_dim,
        channels_mlp_dim=settings.channels_mlp_dim,
    )


DIGITS = Settings(data="digits")
CLOTHES = Settings(
    data="fashion-mnist",
    validation=5000,
    epochs=8,
    warmup_epochs=1,
    batch_size=128,
    averaging=0.998,
    weight_decay=0.1,
    clipping=1.0,
    rotation=5.0,
    shift=1.0,
    scale=0.08,
    shear=0.05,
    mirror=0.5,
    patch_size=4,
    hidden_dim=96,
    tokens_mlp_dim=64,
    channels_mlp_dim=192,
)
PICTURES = replace(
    CLOTHES, data="cifar10", epochs=8, shift=2.0, hidden_dim=96, channels_mlp_dim=384
)

EXPERIMENT = Experiment(
    name="mixer_images",
    about="Train an MLP-Mixer to name images, and test it.",
    presets={
        "digits": DIGITS,
        "fashion-mnist": CLOTHES,
        "cifar10": PICTURES,
        "cifar100": replace(PICTURES, data="cifar100"),
    },
    model=build_model,
    task=image_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
