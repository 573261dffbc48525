r"""# Image classification with a ViT

A [`VisionTransformer`][] on CIFAR-10, beside the Mixer of [`mixer_images`][] and the
ConvMixer of [`conv_mixer_images`][]. It mixes tokens by attention. The
[training loop][training] and the recipe are the Mixer's: the same data augmentation,
learning rate, batch size and number of epochs. So are the patches, the depth, the width
of the table and, to within one per cent, the number of parameters.

## Run it

```console
$ python -m labml_style_nn.experiments.vit_images
```

Options, folders and files are those of [`mixer_images`][].

## Results on CIFAR-10

One run each, with 5,000 of the training images held out for validation:

>>> for name in ("mixer_images", "conv_mixer_images", "vit_images"):
...     (run,) = recorded(name, "cifar10")
...     epochs = run["settings"]["epochs"]
...     print(f"{name:18}{run['parameters']:8,}  {epochs} epochs  {summary([run])}")
mixer_images       337,514  8 epochs  test accuracy 73.75 %, 773 CPU-seconds
conv_mixer_images  129,930  9 epochs  test accuracy 81.92 %, 689 CPU-seconds
vit_images         336,042  8 epochs  test accuracy 65.28 %, 1104 CPU-seconds

The ViT comes last, after as many epochs as the Mixer, by whose recipe it was trained.
Nothing was tuned for the ViT, so this says how it fares with that recipe, and not what
it can reach. The processors were not the same, so the times do not compare:

>>> for name in ("mixer_images", "vit_images"):
...     print(recorded(name, "cifar10")[0]["processor"])
Intel(R) Xeon(R) Processor
AMD EPYC

Each network is compared with published results on its own page. For a ViT, a published
one is a test accuracy of 91.01 % with 6.3 million parameters, after 200 epochs with
AutoAugment ([omihub777/ViT-CIFAR](https://github.com/omihub777/ViT-CIFAR)).

## Example

>>> import torch
>>> model = build_model(CIFAR)
>>> model(torch.zeros(5, 3, 32, 32)).shape
torch.Size([5, 10])
>>> mixer = mixer_images.build_model(mixer_images.CIFAR)
>>> for network in (model, mixer):
...     print(f"{sum(p.numel() for p in network.parameters()):,}")
336,042
337,514
"""

import sys
from dataclasses import dataclass

from labml_style_nn.experiments import mixer_images
from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_datasets import fitting, image_task, recipe_of
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import summary as summary
from labml_style_nn.experiments.training import option
from labml_style_nn.models.vit import VisionTransformer


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], and the sizes of the network.
    """

    data: str = "cifar10"
    patch_size: int = option(4, "P: side of a patch, in pixels")
    num_layers: int = option(4, "N: number of blocks")
    hidden_dim: int = option(96, "C: channels of a token")
    num_heads: int = option(6, "h: attention heads")
    channels_mlp_dim: int = option(224, "D_C: width of the MLPs")


def build_model(settings: Settings) -> VisionTransformer:
    """Build the network; the seed determines its initial weights.

    **Raises.** `ValueError` for sizes that make no network.
    """
    return fitting(VisionTransformer, settings)


# ## The settings for CIFAR-10
#
# The recipe is taken from the Mixer's settings, so that neither can be changed without
# the other.
CIFAR = Settings(**recipe_of(mixer_images.CIFAR))

EXPERIMENT = Experiment(
    name="vit_images",
    about="Train a ViT for image classification, and test it.",
    presets={"cifar10": CIFAR},
    model=build_model,
    task=image_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
