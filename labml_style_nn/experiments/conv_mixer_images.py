r"""# Image classification with a ConvMixer

A [`ConvMixer`][] on the same data sets as the Mixer of [`mixer_images`][], in the same
[training loop][training]. It mixes tokens by convolutions with small kernels. That is
an *inductive bias*: neighbours matter most, and a pattern means the same wherever it
is. On small training sets such a bias helps.

## Run it

```console
$ python -m labml_style_nn.experiments.conv_mixer_images
$ python -m labml_style_nn.experiments.conv_mixer_images --seeds 0 1 2 3 4
$ python -m labml_style_nn.experiments.conv_mixer_images --data fashion-mnist
$ python -m labml_style_nn.experiments.conv_mixer_images --data cifar10
```

Options, folders and files are those of [`mixer_images`][].

## Results on digits

With patches of one pixel, on the same five splits as the Mixer:

>>> results = recorded("conv_mixer_images", "digits")
>>> print(summary(results))
5 seeds: test accuracy 99.78 ± 0.30 %, 33 CPU-seconds each

The data augmentation is that of the Mixer. The other hyperparameters were a first
guess: a larger learning rate, less weight decay, fewer epochs. In five-fold
cross-validation on the 1,437 training images of seed 0, the network first misclassified
26 of them. The cause was a fault of the loop: the averaged statistics of batch
normalisation kept a share of their initial values ([`ema`][]). With that mended, the
same hyperparameters misclassified 4, and the search ended there. As with the Mixer,
most test images of the other splits are among those 1,437.

## Results on Fashion-MNIST and CIFAR-10

One run each, on one core, with 5,000 of the training images held out for validation.
The hyperparameters were fixed before the first of these runs and not changed after it.

>>> for data in ("fashion-mnist", "cifar10"):
...     print(f"{data}: {summary(recorded('conv_mixer_images', data))}")
fashion-mnist: test accuracy 92.02 %, 658 CPU-seconds
cifar10: test accuracy 81.92 %, 689 CPU-seconds

The CIFAR-10 images were not all the official ones, as [`mixer_images`][] says. The run
on them is the second with these settings. The first reached 80.78 % and took 1,850
seconds: it was made before the loop treated denormal numbers as zero
(`choose_arithmetic` in `command.py`).

The authors of ConvMixer report about 92.5 % on CIFAR-10 in 25 epochs, for
ConvMixer-256/8 with patches of 2 and kernels of 5
([locuslab/convmixer-cifar10](https://github.com/locuslab/convmixer-cifar10)). `--full`
has that network and that number of epochs, for a GPU:

>>> model = build_model(EXPERIMENT.full["cifar10"])
>>> f"{sum(p.numel() for p in model.parameters()):,}"
'594,186'

It was **not run here**: on one core it would take hours. It lacks the RandAugment of
the authors.

## Channels last

All these settings use PyTorch's memory format `channels_last` (`--channels-last`),
which keeps the channels of a position side by side, so that pointwise convolution is
one matrix product. The results are the same up to rounding;
[`conv_mixer`][models.conv_mixer] tells what is gained.

## Example

>>> import torch
>>> model = build_model(EXPERIMENT.presets["digits"])
>>> model(torch.zeros(5, 1, 8, 8)).shape
torch.Size([5, 10])
>>> sum(p.numel() for p in model.parameters())
12778
"""

import sys
from dataclasses import dataclass, replace

from labml_style_nn.experiments import mixer_images
from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.command import Experiment, main
from labml_style_nn.experiments.image_datasets import fitting, image_task, recipe_of
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import summary as summary
from labml_style_nn.experiments.training import option
from labml_style_nn.models.conv_mixer import ConvMixer


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], and the sizes of the network in the
    paper's names.
    """

    data: str = "digits"
    patch_size: int = option(1, "p: side of a patch, in pixels")
    num_layers: int = option(4, "d: depth, the number of blocks")
    hidden_dim: int = option(48, "h: channels of a patch")
    kernel_size: int = option(3, "k: side of the kernels, in patches")


def build_model(settings: Settings) -> ConvMixer:
    """Build the network; the seed determines its initial weights.

    **Raises.** `ValueError` for sizes that make no network.
    """
    return fitting(ConvMixer, settings)


# ## The settings for each data set
#
# With batch normalisation, training stays stable at larger learning rates than the
# Mixer's.
DIGITS = Settings(
    epochs=40,
    learning_rate=6e-3,
    warmup_epochs=3,
    weight_decay=0.05,
    ema_decay=0.99,
    channels_last=True,
)
OWN = {"learning_rate": 1e-2, "weight_decay": 0.02, "channels_last": True}
FASHION_MNIST = Settings(
    **recipe_of(mixer_images.FASHION_MNIST) | OWN | {"epochs": 8},
    patch_size=4,
    num_layers=6,
    hidden_dim=128,
    kernel_size=5,
)
CIFAR = replace(FASHION_MNIST, **recipe_of(mixer_images.CIFAR) | OWN | {"epochs": 9})
# For a GPU: ConvMixer-256/8.
FULL = replace(
    CIFAR,
    validation=0,
    epochs=25,
    batch_size=512,
    learning_rate=2e-2,
    warmup_epochs=5,
    ema_decay=0.9998,
    precision="bfloat16",
    label_smoothing=0.1,
    unaugmented=0.0,
    rotation=10.0,
    shift=4.0,
    scale=0.2,
    shear=0.2,
    patch_size=2,
    num_layers=8,
    hidden_dim=256,
)

EXPERIMENT = Experiment(
    name="conv_mixer_images",
    about="Train a ConvMixer for image classification, and test it.",
    presets={
        "digits": DIGITS,
        "fashion-mnist": FASHION_MNIST,
        "cifar10": CIFAR,
        "cifar100": replace(CIFAR, data="cifar100"),
    },
    full={"cifar10": FULL, "cifar100": replace(FULL, data="cifar100")},
    model=build_model,
    task=image_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
