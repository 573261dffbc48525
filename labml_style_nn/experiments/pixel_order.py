r"""# Shuffled pixels

How much does a network rely on which pixels are neighbours? Networks of one size are
trained on Fashion-MNIST and on CIFAR-10 in three orders of the pixels. Each is the same
for all images, those of the test set included:

- `original`: the images as they are;
- `patches`: the patches of an image are shuffled, and the $4 \times 4$ pixels within
  each patch, in one way for all patches;
- `pixels`: all pixels of an image are shuffled.

The experiment is that of section 3.4 and Figure 4 in the Mixer paper (Tolstikhin and
others, 2021, [arXiv:2105.01601](https://arxiv.org/abs/2105.01601)). There a Mixer-B/16
and a ResNet50x1 are pre-trained on JFT-300M and compared by their 5-shot accuracy on
ImageNet. The paper finds that the curves of the Mixer "match perfectly" in the first
two orders, while the ResNet "drops significantly"; and that with all pixels shuffled
the Mixer drops by about 45 % and the ResNet by about 75 %.

## Networks and recipe

| `--model` | network |
|---|---|
| `mixer` | [`MLPMixer`][] |
| `conv_mixer` | [`ConvMixer`][], with kernels of $3 \times 3$ patches |
| `vit` | [`VisionTransformer`][], with learned positions |
| `mlp` | one hidden layer that reads all pixels |

The first three have patches of $4 \times 4$ pixels and two blocks. On Fashion-MNIST
all four are trained, with as many parameters as the Mixer to within one per cent; on
CIFAR-10 the Mixer and the ConvMixer, likewise of one size. The recipe is the same for
all: 10,000 training images, four epochs in batches of 64. There is **no data
augmentation**. An image that is moved by a pixel before it is shuffled shows which
pixels are neighbours; and to move it afterwards is another change than in the original
order. The pixels are shuffled once, before the training, and normalised as always: the
statistics do not depend on the order. Each seed has other initial weights, another
validation set and other permutations.

## What can be proved

With its weights reordered, a Mixer is on shuffled patches what it is on original ones,
before training and after each step, and its initial weights are as likely in one order
as in another ([`permutation`][]). So between `original` and `patches` there is nothing
but chance. The same is true of the Vision Transformer, and of an MLP on all pixels even
in the third order. Of a ConvMixer it is true for the pixels within the patches, and not
for the patches.

## Run it

```console
$ python -m labml_style_nn.experiments.pixel_order
$ python -m labml_style_nn.experiments.pixel_order --model vit --order pixels
$ python -m labml_style_nn.experiments.pixel_order --data cifar10 --order patches
```

The data set is downloaded, or taken from the folder that `--folder` names. Options and
files are those of [`mixer_images`][].

## Results

Three seeds for each network and order. Test accuracy in per cent, mean and standard
deviation, on Fashion-MNIST:

>>> clothes = recorded("pixel_order", "fashion-mnist")
>>> print(table(clothes))
                  original         patches          pixels
mixer         83.93 ± 0.35    83.66 ± 0.26    83.90 ± 0.21
conv_mixer    86.15 ± 0.12    85.92 ± 0.12    85.57 ± 0.19
vit           81.06 ± 0.38    80.49 ± 0.52    81.41 ± 0.06
mlp           84.84 ± 0.10    84.41 ± 0.08    84.42 ± 0.23

And on CIFAR-10:

>>> photographs = recorded("pixel_order", "cifar10")
>>> print(table(photographs))
                  original         patches          pixels
mixer         49.21 ± 0.67    49.57 ± 0.67    43.74 ± 0.47
conv_mixer    56.52 ± 0.30    49.56 ± 0.58    43.30 ± 0.24

The difference from what the same seed has in the original order, first for the clothes,
then for the photographs:

>>> print(table(clothes, difference=True))
                   patches          pixels
mixer         -0.27 ± 0.33    -0.03 ± 0.16
conv_mixer    -0.22 ± 0.23    -0.58 ± 0.29
vit           -0.57 ± 0.84     0.35 ± 0.34
mlp           -0.43 ± 0.18    -0.42 ± 0.22
>>> print(table(photographs, difference=True))
                   patches          pixels
mixer          0.37 ± 1.33    -5.47 ± 0.63
conv_mixer    -6.96 ± 0.53   -13.22 ± 0.52

**Shuffled patches.** The Mixer is as good as before, as it must be. On photographs the
ConvMixer loses much, and its lead over the Mixer is gone. That agrees with the paper.
Its kernels still mix nine patches at a time, but patches that stand side by side now
have no more in common than any others.

**All pixels shuffled.** On photographs the Mixer loses, too, but less than the
ConvMixer; that agrees with the paper as well. A patch now has sixteen pixels from all
over the image, from other places for each patch. Yet one matrix must still read all
patches.

**Clothes do not need neighbours.** On Fashion-MNIST no order is much worse than
another, and the paper's effect is not to be seen. Its images show objects in the
centre, all of one size. The MLP, which cannot know what a neighbour is, is ahead of the
Mixer there: where little is gained by neighbours, little is lost without them. Both
differences of the MLP, and those of the Mixer and the Vision Transformer for shuffled
patches, are chance, by the proof. The differences of the ConvMixer are hardly larger.

## How the learning rate was chosen

The learning rate is the same for all networks and orders. It was chosen on validation
images, before the runs above: each network was trained in the original order with three
rates, from seed 0, and the rate with the highest mean of the four validation accuracies
was taken. Validation accuracy after the last epoch, in per cent:

>>> search = recorded("pixel_order_search", "fashion-mnist")
>>> import statistics
>>> for rate in (0.001, 0.003, 0.01):
...     found = {
...         run["settings"]["model"]: 100 * run["curve"]["validation_accuracy"][-1]
...         for run in search if run["settings"]["learning_rate"] == rate
...     }
...     found["mean"] = statistics.mean(found.values())
...     print(rate, *(f"{name} {share:.1f}" for name, share in found.items()))
0.001 mlp 83.5 mixer 78.7 conv_mixer 82.2 vit 73.5 mean 79.5
0.003 mlp 84.7 mixer 82.4 conv_mixer 85.0 vit 80.6 mean 83.2
0.01 mlp 84.9 mixer 84.1 conv_mixer 87.0 vit 81.9 mean 84.5

A rate above 0.01 was not tried, so the best may be larger. The other hyperparameters
are a first guess and were not changed.

## What this does not say

These are small networks after less than half a minute of training, far from what they
can reach: with augmentation and more epochs, [`mixer_images`][] and
[`conv_mixer_images`][] have other accuracies on these data sets. The learning rate is
the best of three for Fashion-MNIST, and was taken over for CIFAR-10. The paper's
comparison is with a ResNet, which convolves pixels; the ConvMixer convolves patches, of
which an image has few here. And its numbers are 5-shot accuracies of features, not test
accuracies on the classes of the training.

The CIFAR-10 images were not all the official ones, as the record says:

>>> import textwrap
>>> print(textwrap.fill(photographs[0]["note"], 72))
the images are the official ones in order and split, but for 98 of the
60,000, which come from JPEG copies

## Example

All have the size of the Mixer:

>>> for model in NETWORKS:
...     network = build_model(Settings(model=model))
...     print(f"{model:10} {sum(p.numel() for p in network.parameters()):,}")
mixer      26,940
conv_mixer 26,836
vit        26,936
mlp        27,040

An image whose pixels are numbered, in two orders of seed 0: the first row of the first
patch.

>>> image = torch.arange(28**2).view(1, 1, 28, 28)
>>> reordered(image, "patches", seed=0)[0, 0, 0, :4]
tensor([595, 622, 648, 567])
>>> reordered(image, "pixels", seed=0)[0, 0, 0, :4]
tensor([134,  72, 719, 755])
>>> torch.equal(reordered(image, "original", seed=0), image)
True
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.image_datasets import changed_images, fitting
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record, spread
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import option
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import Linear
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.vit import VisionTransformer
from labml_style_nn.permutation import shuffle_patches

# ## The networks
#
# One width gives each network the size of the Mixer, whose channel-mixing MLPs are 96
# wide: in the Vision Transformer that of its MLPs, in the others that of the network.
PATCH_SIZE = 4
WIDTHS = {
    "fashion-mnist": {"mixer": 96, "conv_mixer": 102, "vit": 63, "mlp": 34},
    "cifar10": {"mixer": 96, "conv_mixer": 103, "vit": 73, "mlp": 10},
}


def pixel_mlp(
    image_size: int, in_channels: int, num_classes: int, hidden_dim: int
) -> nn.Module:
    """An MLP that reads all pixels at once: it has no patches, and nothing to mix."""
    return nn.Sequential(
        nn.Flatten(),
        Linear(in_channels * image_size**2, hidden_dim),
        GELU(),
        Linear(hidden_dim, num_classes),
    )


# Each with the name of the width that is sought, and its other sizes.
NETWORKS: dict[str, tuple[Callable[..., nn.Module], str, dict[str, int]]] = {
    "mixer": (
        MLPMixer,
        "channels_mlp_dim",
        {"hidden_dim": 48, "tokens_mlp_dim": 32},
    ),
    "conv_mixer": (ConvMixer, "hidden_dim", {"kernel_size": 3}),
    "vit": (
        VisionTransformer,
        "channels_mlp_dim",
        {"hidden_dim": 40, "num_heads": 4},
    ),
    "mlp": (pixel_mlp, "hidden_dim", {}),
}
ORDERS = "original", "patches", "pixels"


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], the network, and the order of the pixels.
    Of the training images, the first `examples` + `validation` are used.

    **Raises.** `ValueError` as that recipe does.
    """

    data: str = "fashion-mnist"
    validation: int = option(3000, "training images held out for validation")
    examples: int = option(10000, "training images besides these; others are not used")
    epochs: int = option(4, "passes through the training set")
    learning_rate: float = option(1e-2, "peak of the schedule")
    warmup_epochs: int = option(1, "epochs of linear warm-up")
    weight_decay: float = option(0.05, "decoupled weight decay of matrices")
    gradient_clipping: float = option(1.0, "maximum global gradient norm; 0: none")
    ema_decay: float = option(0.99, "largest decay of the weight average")
    label_smoothing: float = option(0.0, "label smoothing")
    channels_last: bool = option(True, "memory format channels_last")
    unaugmented: float = option(1.0, "share of the images without affine maps")
    model: str = option("mixer", "the network", *NETWORKS)
    order: str = option("original", "the order of patches and pixels", *ORDERS)

    @property
    def label(self) -> str:
        """Name the run among others: each network and order has a folder of its own."""
        return f"{self.model}-{self.order}-{super().label}"


def build_model(settings: Settings) -> nn.Module:
    """Build the network; the seed determines its initial weights."""
    network, width, sizes = NETWORKS[settings.model]
    sought = {width: WIDTHS[settings.data][settings.model]}
    common = {"patch_size": PATCH_SIZE, "num_layers": 2}
    return fitting(network, settings, **common, **sizes, **sought)


# ## The images


def reordered(images: Tensor, order: str, seed: int) -> Tensor:
    """Put the pixels of all images in one order, which the seed determines.

    **Shape.** `(number, in_channels, height, width)` to the same.
    """
    chance, size = generator(seed, "pixel order"), images.shape[2] * images.shape[3]
    if order == "patches":
        num_pixels = PATCH_SIZE**2
        patch_order = torch.randperm(size // num_pixels, generator=chance)
        pixel_order = torch.randperm(num_pixels, generator=chance)
        return shuffle_patches(images, PATCH_SIZE, patch_order, pixel_order)
    if order == "pixels":
        pixels = images.flatten(2)[..., torch.randperm(size, generator=chance)]
        return pixels.view_as(images)
    return images


def permuted_task(settings: Settings, source: Source) -> ImageTask:
    """Load the images, and put their pixels in the order of the settings.

    **Raises.** `DataError` if the images cannot be loaded.
    """
    number = settings.examples + settings.validation
    change = partial(reordered, order=settings.order, seed=settings.seed)
    train, test = changed_images(settings, source, number, change)
    return ImageTask(train, test, settings)


# ## The results


def shares(results: Sequence[Record], model: str, order: str) -> list[float]:
    """Look up the test accuracies of a network in an order, in per cent, by seed."""
    runs = {
        run["seed"]: 100 * run["test_accuracy"]
        for run in results
        if (run["settings"]["model"], run["settings"]["order"]) == (model, order)
    }
    return [runs[seed] for seed in sorted(runs)]


def table(results: Sequence[Record], difference: bool = False) -> str:
    """Write the test accuracies as a table: mean and standard deviation over the seeds.

    With `difference`, the accuracy of the same seed in the original order is
    subtracted.
    """
    shown = ORDERS[1:] if difference else ORDERS
    lines = [" " * 10 + "".join(f"{order:>16}" for order in shown)]
    trained = {run["settings"]["model"] for run in results}
    for model in filter(trained.__contains__, NETWORKS):
        cells, first = "", shares(results, model, "original")
        for order in shown:
            found = shares(results, model, order)
            if difference:
                found = [b - a for a, b in zip(first, found, strict=True)]
            cells += f"{spread(found):>16}"
        lines.append(f"{model:10}{cells}")
    return "\n".join(lines)


EXPERIMENT = Experiment(
    name="pixel_order",
    about="Train a network on images whose pixels are shuffled, and test it.",
    presets={name: Settings(data=name) for name in WIDTHS},
    model=build_model,
    task=permuted_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
