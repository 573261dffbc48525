r"""# Accuracy against the size of the training set

A network with a strong inductive bias is expected to learn from few examples; one with
a weak bias must learn from the data what the other is given. Section 3.3 of the Mixer
paper studies this on random subsets of a large data set. Here it is studied in small:
an [`MLPMixer`][], a [`ConvMixer`][] and a [`VisionTransformer`][] are trained on random
subsets of Fashion-MNIST, from 500 images to 55,000, and tested on the same 10,000.

All runs take the same number of steps, 1,000 steps of 64 images. So a network that
learns from 500 images sees each of them 128 times, and one that learns from 55,000 sees
most of them once: what differs is how many *different* images there are, and not how
long the training is.

## What differs from the paper

The paper pre-trains on 3, 10, 30 and 100 per cent of JFT-300M, for 233, 70, 23 and 7
epochs: the same number of steps for each subset. It reports the accuracy of a linear
5-shot probe on ImageNet, and stops early, where the validation accuracy is best. Its
convolutional network is a ResNet (BiT-R152x2). Here

- the data set is Fashion-MNIST, with ten classes and images of $28 \times 28$ pixels,
- the training is short, about one epoch for the largest set,
- the accuracy is that of the training task itself, on its test set,
- nothing stops early: the network of the last step is tested,
- the networks are small and of equal size, and the convolutional one is a ConvMixer.

## Run it

```console
$ python -m labml_style_nn.experiments.data_scale --train-images 8000 --seeds 0 1 2
$ python -m labml_style_nn.experiments.data_scale --model vit --train-images 8000
```

`--train-images` is the size of the subset; without it, the network learns from all
55,000 images that are not held out for validation. Options and files are those of
[`mixer_images`][], in a folder for each network. The defaults are the hyperparameters
for 8,000 images and more. For fewer, the recorded commands give `--learning-rate` and
`--weight-decay` as [`tuned`][] has them.

## Results

Mean and standard deviation over three seeds, each with other subsets and other initial
weights. Test accuracy in per cent:

>>> results = recorded("data_scale", "fashion-mnist")
>>> print(table(results))
images      MLP-Mixer      ConvMixer            ViT
   500   78.41 ± 0.24   80.45 ± 0.45   76.72 ± 0.32
 2,000   82.11 ± 0.51   85.68 ± 0.05   78.68 ± 1.15
 8,000   83.91 ± 0.34   87.17 ± 0.10   80.24 ± 0.38
55,000   84.15 ± 0.58   87.38 ± 0.47   79.71 ± 1.24

How many percentage points each step to more images adds:

>>> found = accuracies(results)
>>> for model in found:
...     steps = ((500, 2000), (2000, 8000), (8000, 55000))
...     print(f"{model:10}", *(f"{gain(found, model, *step):+6.2f}" for step in steps))
mixer       +3.70  +1.80  +0.25
conv_mixer  +5.23  +1.49  +0.21
vit         +1.96  +1.56  -0.53

The ConvMixer learns most from little: with 2,000 images it is better than the others
with 55,000. From 500 images to 55,000 it also gains most. The Mixer comes second in
both, at each size and in what it gains, and the ViT last.

With 500 images the networks overfit: over the last epoch, the accuracy on the augmented
training images is higher than the test accuracy by

>>> for model in found:
...     runs = [run for run in results if run["settings"]["model"] == model]
...     runs = [run for run in runs if run["settings"]["train_images"] == 500]
...     trained = statistics.mean(run["curve"]["accuracy"][-1] for run in runs)
...     excess = 100 * trained - statistics.mean(found[model][500])
...     print(f"{model:10} {excess:.1f} points")
mixer      16.5 points
conv_mixer 18.8 points
vit        11.5 points

## Is that what the paper found?

In part. The paper reports that all Mixers overfit strongly on the smallest subset and
the convolutional networks less; that larger Mixers then gain more than the
convolutional network, which levels off while Mixer-L/16 keeps improving; and that the
Mixer seems to gain even more from more data than ViT (section 3.3). Here, too, the
convolutional network leads where images are few, and the Mixer gains more than the ViT.
But the Mixer does not catch up with the ConvMixer, and the one that overfits most is
the ConvMixer, which fits 500 images almost perfectly.

One reason may be that from 8,000 images on, the number of images is not what limits
these networks: the step to 55,000 adds less than the standard deviation there. After
1,000 steps at 55,000 images their training accuracy, on augmented images, is no higher
than their test accuracy: what is missing is training, or size. The paper's networks are
far larger and are trained for far longer. And between 2,000 and 8,000 images the
hyperparameters change, too, so that step is not the work of the images alone.

Early stopping would have changed little: the best validation accuracy of a run, taken
every 200 steps, is never more than this above the last, in percentage points:

>>> late = [max(run["curve"]["validation_accuracy"]) for run in results]
>>> lag = [best - last_validation(run) for best, run in zip(late, results, strict=True)]
>>> f"{100 * max(lag):.2f}"
'0.30'

## How the hyperparameters were chosen

Learning rate and weight decay were chosen for each network on the 5,000 validation
images, with seed 0 and 1,000 steps as in the results.

At 2,000 training images three learning rates were tried with a weight decay of 0.05,
then a weight decay of 0.5 with the best of them; where the best learning rate was the
smallest or the largest, the next one was tried as well, until the best lay between two
others. The best was used for 500 and 2,000 images.

At 55,000 images the best at 2,000 was poor for the Mixer, with its strong weight decay.
That was first seen in a run with a test at its end. So a second search was made there,
on validation images: each network had three candidates, the best at 2,000 and two with
a weight decay of 0.05, and the best of these was used for 8,000 and 55,000 images.

>>> print(candidates(recorded("data_scale_search", "fashion-mnist")))
images             learning rate  weight decay  validation (%)
 2,000 mixer               0.002          0.05           81.48
 2,000 mixer               0.006          0.05           82.44
 2,000 mixer                0.02          0.05           82.72
 2,000 mixer                0.02           0.5           83.58 *
 2,000 mixer                0.06           0.5           79.64
 2,000 conv_mixer          0.002          0.05           85.54
 2,000 conv_mixer          0.006          0.05           86.00
 2,000 conv_mixer           0.02          0.05           86.04
 2,000 conv_mixer           0.06          0.05           86.26 *
 2,000 conv_mixer            0.2          0.05           85.08
 2,000 conv_mixer           0.02           0.5           85.82
 2,000 vit                 0.002          0.05           77.08
 2,000 vit                 0.006          0.05           78.02
 2,000 vit                  0.02          0.05           77.72
 2,000 vit                 0.006           0.5           78.78 *
55,000 mixer               0.006          0.05           84.64
55,000 mixer                0.02          0.05           84.94 *
55,000 mixer                0.02           0.5           84.40
55,000 conv_mixer          0.006          0.05           87.70
55,000 conv_mixer           0.02          0.05           88.02 *
55,000 conv_mixer           0.06          0.05           87.56
55,000 vit                 0.002          0.05           77.48
55,000 vit                 0.006          0.05           79.64 *
55,000 vit                 0.006           0.5           77.94

The standard error of an accuracy of 85 % on 5,000 images is half a percentage point:
candidates that differ by less are as good as equal.

## Example

All of the networks have about the same number of parameters:

>>> for model in NETWORKS:
...     network = build_model(Settings(model=model))
...     print(f"{model:10} {sum(p.numel() for p in network.parameters()):,}")
mixer      27,126
conv_mixer 27,154
vit        27,146
>>> network(torch.zeros(5, 1, 28, 28)).shape
torch.Size([5, 10])

Batches of four from a subset of ten images: after ten images a new pass begins, within
the third batch.

>>> images = Images(torch.rand(70, 1, 8, 8), torch.arange(70) % 10)
>>> recipe = ImageRecipe(batch_size=4)
>>> task = SubsetTask(images, images, recipe, train_images=10)
>>> shown = torch.cat([task.chosen(step) for step in range(5)])
>>> shown[:10].sort().values.tolist(), shown[10:].sort().values.tolist()
([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

An epoch has as many steps as one pass through all 70 images would:

>>> task.steps_per_epoch
18
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from labml_style_nn.data.images import Images, channel_statistics, take
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.figures import CHANNELS, INK, TOKENS, draw
from labml_style_nn.experiments.image_datasets import IMAGE_DATASETS, fitting
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record, spread
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import option
from labml_style_nn.layers.checks import check_positive
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.vit import VisionTransformer

# ## The networks
#
# Patches of $4 \times 4$ pixels, so 49 tokens; four blocks; the average token is what
# the head reads. The widths give each of them the size of the Mixer.
COMMON = {"patch_size": 4, "num_layers": 4, "pooling": "average"}
NETWORKS: dict[str, tuple[Callable[..., nn.Module], dict[str, int]]] = {
    "mixer": (
        MLPMixer,
        {"hidden_dim": 32, "tokens_mlp_dim": 22, "channels_mlp_dim": 64},
    ),
    "conv_mixer": (ConvMixer, {"hidden_dim": 72, "kernel_size": 3}),
    "vit": (
        VisionTransformer,
        {"hidden_dim": 28, "num_heads": 2, "channels_mlp_dim": 50},
    ),
}
NAMES = {"mixer": "MLP-Mixer", "conv_mixer": "ConvMixer", "vit": "ViT"}


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], the network, and the number of training
    images. An epoch is a number of steps here, after which the network is evaluated.

    **Raises.** `ValueError` as the recipe does, and for an epoch without steps.
    """

    data: str = "fashion-mnist"
    model: str = option("mixer", "the network", *NETWORKS)
    train_images: int = option(0, "training images; 0: all that are not held out")
    search: bool = option(False, "validate in the end, and do not test")
    steps_per_epoch: int = option(200, "steps of an epoch")
    epochs: int = option(5, "epochs of so many steps")
    warmup_epochs: int = option(1, "epochs of linear warm-up")
    validation: int = option(5000, "training images held out for validation")
    gradient_clipping: float = option(1.0, "maximum global gradient norm; 0: none")
    ema_decay: float = option(0.99, "largest decay of the weight average")
    label_smoothing: float = option(0.05, "label smoothing")
    rotation: float = option(3.0, "augmentation: largest rotation, in degrees")
    shift: float = option(1.0, "augmentation: largest translation, in pixels")
    scale: float = option(0.08, "augmentation: largest scale, as a logarithm")
    shear: float = option(0.03, "augmentation: largest shear, as a slope")
    flip: float = option(0.5, "probability of a horizontal flip")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_positive(steps_per_epoch=self.steps_per_epoch)

    @property
    def label(self) -> str:
        """Name the run among others: each network, size and candidate has a folder."""
        parts = [self.model, str(self.train_images or "all")]
        if self.search:
            parts += [f"rate-{self.learning_rate}", f"decay-{self.weight_decay}"]
        return "-".join([*parts, super().label])


def build_model(settings: Settings) -> nn.Module:
    """Build the network; the seed determines its initial weights."""
    network, widths = NETWORKS[settings.model]
    return fitting(network, settings, **COMMON, **widths)


# ## The subset
#
# A *random* subset, as in the paper: its classes are not balanced. The subsets of a
# seed are nested, since all of them are the beginning of the same random order: with
# more images, a network learns from what it had before and from others.


def subset(images: Images, count: int, seed: int) -> Images:
    """Draw images at random; those of a smaller `count` are among them.

    **Raises.** `ValueError` for more images than there are.
    """
    there_are = len(images.labels)
    if count > there_are:
        raise ValueError(
            f"train_images must be at most {there_are}, which are not held out for "
            f"validation, got {count}"
        )
    order = torch.randperm(there_are, generator=generator(seed, "subset"))
    # Sorted, so that what is left is in the order it had.
    return take(images, order[:count].sort().values)


class SubsetTask(ImageTask):
    """## The task

    [`ImageTask`][] with a part of the training images, and epochs of a fixed number of
    steps. `train_images` is the size of the part (0: all), and `steps_per_epoch` the
    number of steps (0: as many as it takes to go through *all* training images once,
    whatever the size of the part).

    **Raises.** `ValueError` if there are fewer training images.
    """

    def __init__(
        self,
        train: Images,
        test: Images,
        recipe: ImageRecipe,
        train_images: int = 0,
        steps_per_epoch: int = 0,
    ) -> None:
        # The validation images are held out first: they do not depend on the size.
        super().__init__(train, test, recipe)
        if train_images:
            self.train_set = subset(self.train_set, train_images, recipe.seed)
        if self.statistics:
            self.statistics = channel_statistics(self.train_set.images)
        self.steps_per_epoch = steps_per_epoch or self.steps_per_epoch

    # Batches are cut from one long sequence: a pass through the images in a random
    # order, then another pass, and so on. All batches have the same size, and one may
    # have the end of a pass and the beginning of the next.
    def chosen(self, step: int) -> Tensor:
        """Choose the training images of a step: their numbers."""
        count, size = len(self.train_set.labels), self.recipe.batch_size
        first, start = divmod(step * size, count)
        last = (step * size + size - 1) // count
        passes = torch.cat([self.order(number) for number in range(first, last + 1)])
        return passes[start : start + size]


class ScaleTask(SubsetTask):
    """The task of some settings. A search of hyperparameters does not test."""

    recipe: Settings

    def __init__(self, settings: Settings, source: Source) -> None:
        train, test = IMAGE_DATASETS[settings.data].load(settings.seed, source)
        super().__init__(
            train, test, settings, settings.train_images, settings.steps_per_epoch
        )

    def test(self, model: nn.Module) -> dict[str, float]:
        """Compute the test accuracy, or in a search the accuracy on validation."""
        return self.evaluate(model) if self.recipe.search else super().test(model)


# ## What was found

Accuracies = dict[str, dict[int, list[float]]]


def accuracies(results: Sequence[Record]) -> Accuracies:
    """Collect the test accuracies of each network and size, in per cent.

    The networks are in the order of `NETWORKS`, the sizes from small to large.
    """
    found: Accuracies = {}
    for model in NETWORKS:
        runs = [run for run in results if run["settings"]["model"] == model]
        for size in sorted({run["settings"]["train_images"] for run in runs}):
            found.setdefault(model, {})[size] = [
                100 * run["test_accuracy"]
                for run in runs
                if run["settings"]["train_images"] == size
            ]
    return found


def gain(found: Accuracies, model: str, few: int, many: int) -> float:
    """How much better a network is with many images, in percentage points."""
    return statistics.mean(found[model][many]) - statistics.mean(found[model][few])


def table(results: Sequence[Record]) -> str:
    """Write the test accuracies as a table for a terminal."""
    found = accuracies(results)
    lines = [f"{'images':>6}" + "".join(f"{NAMES[model]:>15}" for model in found)]
    for size in sorted({size for sizes in found.values() for size in sizes}):
        cells = [
            spread(sizes[size]) if size in sizes else "" for sizes in found.values()
        ]
        lines.append(f"{size:6,}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)


def candidates(results: Sequence[Record]) -> str:
    """Write what a search found, at each size and for each network; `*` is the best."""
    heads = ("learning rate", 15), ("weight decay", 14), ("validation (%)", 16)
    lines = [f"{'images':6} {'':10}" + "".join(f"{h:>{width}}" for h, width in heads)]
    groups: dict[tuple[int, str], list[Record]] = {}
    for run in results:
        place = run["settings"]["train_images"], run["settings"]["model"]
        groups.setdefault(place, []).append(run)
    for (size, model), runs in sorted(groups.items(), key=lambda item: item[0][0]):
        best = max(last_validation(run) for run in runs)
        for run in runs:
            rate, decay = (
                run["settings"][name] for name in ("learning_rate", "weight_decay")
            )
            share = last_validation(run)
            mark = " *" if share == best else ""
            cells = f"{rate:15}{decay:14}{100 * share:16.2f}{mark}"
            lines.append(f"{size:6,} {model:10}{cells}")
    return "\n".join(lines)


def last_validation(run: Record) -> float:
    """The validation accuracy of a run after its last step."""
    return run["curve"]["validation_accuracy"][-1]


# A network has the same colour as in the other figures. Of three runs, the bar is the
# standard deviation.
COLOURS = {"mixer": TOKENS, "conv_mixer": CHANNELS, "vit": INK}


def scale_curves(results: Sequence[Record]) -> Figure:
    """Draw the test accuracy of each network against the number of training images."""
    figure, axes = draw(5.6, 3.6)
    for model, sizes in accuracies(results).items():
        means = [statistics.mean(values) for values in sizes.values()]
        bars = [statistics.stdev(v) if len(v) > 1 else 0 for v in sizes.values()]
        style = {"color": COLOURS[model], "marker": "o", "markersize": 3.5}
        axes.errorbar([*sizes], means, bars, label=NAMES[model], capsize=3, **style)
    axes.set(xscale="log", xlabel="training images", ylabel="test accuracy (%)")
    ticks = sorted({run["settings"]["train_images"] for run in results})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(fontsize=9)
    return figure


def in_words(results: Sequence[Record]) -> str:
    """Say what the curves show, for those who do not see them."""
    told = []
    for model, sizes in accuracies(results).items():
        few, many = min(sizes), max(sizes)
        low, high = (statistics.mean(sizes[size]) for size in (few, many))
        told.append(
            f"{NAMES[model]} rises from {low:.1f} % with {few:,} images to "
            f"{high:.1f} % with {many:,}"
        )
    return f"Test accuracy against the number of training images. {'; '.join(told)}."


# ## The settings of each network
#
# Learning rate and weight decay as the search at 55,000 images found them. They are the
# defaults of the command.
MIXER = Settings(learning_rate=2e-2, weight_decay=0.05)
CONV_MIXER = Settings(
    model="conv_mixer", learning_rate=2e-2, weight_decay=0.05, channels_last=True
)
VIT = Settings(model="vit", learning_rate=6e-3, weight_decay=0.05)
PRESETS = {"mixer": MIXER, "conv_mixer": CONV_MIXER, "vit": VIT}

# And as the search at 2,000 images found them, which is used up to that number.
FEW = 2000
FOR_FEW: dict[str, dict[str, float]] = {
    "mixer": {"learning_rate": 2e-2, "weight_decay": 0.5},
    "conv_mixer": {"learning_rate": 6e-2, "weight_decay": 0.05},
    "vit": {"learning_rate": 6e-3, "weight_decay": 0.5},
}


def tuned(model: str, train_images: int, seed: int = 0) -> Settings:
    """The settings of the recorded runs, for a network and a number of images."""
    numbers: dict[str, Any] = FOR_FEW[model] if train_images <= FEW else {}
    return replace(PRESETS[model], train_images=train_images, seed=seed, **numbers)


EXPERIMENT = Experiment(
    name="data_scale",
    about="Train a network on a part of the training images, and test it.",
    presets=PRESETS,
    model=build_model,
    task=ScaleTask,
    chosen_by="model",
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
