r"""# Accuracy against the size of the training set

A network with a strong inductive bias needs few examples; one with a weak bias must
learn from the data what the other is given. Section 3.3 of the Mixer paper studies this
on random subsets of a large data set. Here the same is done in small: an
[`MLPMixer`][], a [`ConvMixer`][] and a [`VisionTransformer`][] are trained on random
subsets of Fashion-MNIST, from 500 images to 55,000, and tested on the same 10,000.

All runs take the same number of steps. So the networks that learn from few images see
each of them many times, and those that learn from many see each about once: what
differs is how many *different* images there are, and not how long the training is.

## What differs from the paper

The paper pre-trains on 3, 10, 30 and 100 per cent of JFT-300M, for 233, 70, 23 and 7
epochs: the same number of steps for each subset. It reports the accuracy of a linear
5-shot probe on ImageNet, and stops early, where the validation accuracy is best. Its
convolutional network is a ResNet (BiT-R152x2). Here

- the data set is Fashion-MNIST, with ten classes and images of $28 \times 28$ pixels,
- the accuracy is that of the training task itself, on its test set; a probe on other
  classes is in [`few_shot`][],
- nothing stops early: the network of the last step is tested,
- the networks are small, of equal size, and the convolutional one is a ConvMixer.

## Run it

```console
$ python -m labml_style_nn.experiments.data_scale --train-images 500 --seeds 0 1 2
$ python -m labml_style_nn.experiments.data_scale --model vit --train-images 500
```

`--train-images` is the size of the subset; without it, the network learns from all
55,000 images that are not held out for validation. Options and files are those of
[`mixer_images`][], in a folder for each network.

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
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from labml_style_nn.data.images import Images, channel_statistics, take
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.figures import CHANNELS, INK, TOKENS, draw
from labml_style_nn.experiments.image_datasets import IMAGE_DATASETS
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record
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
COMMON: dict[str, Any] = {
    "patch_size": 4,
    "in_channels": 1,
    "num_classes": 10,
    "num_layers": 4,
}
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mixer": lambda: MLPMixer(
        **COMMON, image_size=28, hidden_dim=32, tokens_mlp_dim=22, channels_mlp_dim=64
    ),
    "conv_mixer": lambda: ConvMixer(**COMMON, hidden_dim=72, kernel_size=3),
    "vit": lambda: VisionTransformer(
        **COMMON,
        image_size=28,
        hidden_dim=28,
        num_heads=2,
        channels_mlp_dim=50,
        pooling="average",
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
    torch.manual_seed(settings.seed)
    return NETWORKS[settings.model]()


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

    def __init__(self, settings: Settings, source: Source) -> None:
        self.settings = settings
        train, test = IMAGE_DATASETS[settings.data].load(settings.seed, source)
        super().__init__(
            train, test, settings, settings.train_images, settings.steps_per_epoch
        )

    def test(self, model: nn.Module) -> dict[str, float]:
        """Compute the test accuracy, or in a search the accuracy on validation."""
        return self.evaluate(model) if self.settings.search else super().test(model)


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


def spread(values: Sequence[float]) -> str:
    """The mean, and the standard deviation if there are several."""
    mean = f"{statistics.mean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


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
    """Write what a search found: each network's candidates, the best one marked."""
    lines = [f"{'':10}  learning rate  weight decay  validation accuracy (%)"]
    for model in NETWORKS:
        runs = [run for run in results if run["settings"]["model"] == model]
        best = max(run["validation_accuracy"] for run in runs)
        for run in runs:
            rate, decay = (
                run["settings"][n] for n in ("learning_rate", "weight_decay")
            )
            share = run["validation_accuracy"]
            mark = " *" if share == best else ""
            lines.append(f"{model:10}{rate:15}{decay:14}{100 * share:20.2f}{mark}")
    return "\n".join(lines)


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
MIXER = Settings()
CONV_MIXER = Settings(model="conv_mixer", channels_last=True)
VIT = Settings(model="vit")

EXPERIMENT = Experiment(
    name="data_scale",
    about="Train a network on a part of the training images, and test it.",
    presets={"mixer": MIXER, "conv_mixer": CONV_MIXER, "vit": VIT},
    model=build_model,
    task=ScaleTask,
    chosen_by="model",
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
