r"""# A ConvMixer learns to name images

Draft.

>>> model = build_model(Settings(data="digits"))
>>> model(torch.zeros(5, 1, 8, 8)).shape
torch.Size([5, 10])
"""

import sys
from dataclasses import dataclass, replace

import torch

from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_sets import IMAGE_SETS, image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.training import option
from labml_style_nn.models.conv_mixer import ConvMixer


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The [recipe][ImageRecipe], and the sizes of the network in the paper's names.
    """

    data: str = "digits"
    patch_size: int = option(1, "p: side of a patch, in pixels")
    num_layers: int = option(4, "d: depth, the number of blocks")
    hidden_dim: int = option(48, "h: channels of a patch")
    kernel_size: int = option(3, "k: side of the kernels, in patches")


def build_model(settings: Settings) -> ConvMixer:
    """Build the network with its first weights, which follow from the seed.

    **Raises.** `ValueError` for sizes that make no network.
    """
    images = IMAGE_SETS[settings.data]
    torch.manual_seed(settings.seed)
    return ConvMixer(
        patch_size=settings.patch_size,
        in_channels=images.in_channels,
        num_classes=images.num_classes,
        num_layers=settings.num_layers,
        hidden_dim=settings.hidden_dim,
        kernel_size=settings.kernel_size,
    )


DIGITS = Settings(
    data="digits",
    epochs=60,
    learning_rate=6e-3,
    weight_decay=0.05,
    averaging=0.99,
    channels_last=True,
)
CLOTHES = Settings(
    data="fashion-mnist",
    validation=5000,
    epochs=8,
    warmup_epochs=1,
    batch_size=128,
    learning_rate=6e-3,
    weight_decay=0.05,
    clipping=1.0,
    averaging=0.998,
    channels_last=True,
    rotation=5.0,
    shift=1.0,
    scale=0.08,
    shear=0.05,
    mirror=0.5,
    patch_size=4,
    num_layers=6,
    hidden_dim=128,
    kernel_size=5,
)
PICTURES = replace(CLOTHES, data="cifar10", epochs=6, shift=2.0)

EXPERIMENT = Experiment(
    name="conv_mixer_images",
    about="Train a ConvMixer to name images, and test it.",
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
