r"""# Fine-tuning at a higher resolution

A Mixer learns on small images. Then it is enlarged ([`resolution`][]) and fine-tuned on
the same images at twice the resolution. Does it learn faster than a Mixer of that size
with random weights? And does it matter how the tokens are divided into parts?

The images are those of Fashion-MNIST, in a black frame of two pixels, so that they have
$32 \times 32$ pixels; for the small Mixer, each $2 \times 2$ of them become one. The
patches have $4 \times 4$ pixels at both resolutions. So the small Mixer has 16 tokens,
the large one 64, and its token-mixing MLPs are four times as wide.

| `--start` | the run begins with | and learns on |
|---|---|---|
| `low` | random weights, the small Mixer | $16 \times 16$ pixels |
| `contiguous` | the small Mixer, enlarged the paper's way | $32 \times 32$ |
| `interleaved` | the same, with parts that take every second token | $32 \times 32$ |
| `scratch` | random weights, the large Mixer | $32 \times 32$ |

All of them learn from the same 10,000 images, without data augmentation, in batches of
64: `low` in five epochs, the others in two. In the paper (Tolstikhin and others, 2021,
[arXiv:2105.01601](https://arxiv.org/abs/2105.01601), Supplementary C) a Mixer is
fine-tuned on another data set than the one that it was pre-trained on, and gets a new
head. Here classes and head stay.

## Run it

```console
$ python -m labml_style_nn.experiments.higher_resolution --start low --epochs 5 \
    --learning-rate 0.003
$ python -m labml_style_nn.experiments.higher_resolution
```

The first command trains the small Mixer, the second enlarges and fine-tunes it. The
data set is downloaded, or taken from the folder that `--folder` names. Options and
files are those of [`mixer_images`][]; `--pretrained` names the folder where the first
command left its runs, if it was told another.

## Results

Three seeds, each with other initial weights, another order of the images and other
validation images. Test accuracy with the first weights and with the last, in per cent;
the last row is `scratch` with twice as many epochs. A new head is zero, so random
weights give all images the same class:

>>> results = recorded("higher_resolution", "fashion-mnist")
>>> print(table(results))
            epochs          before           after   CPU-seconds
low              5    10.00 ± 0.00    83.74 ± 0.47           7.9
contiguous       2    13.24 ± 1.82    83.31 ± 0.24           8.7
interleaved      2    33.90 ± 1.68    83.28 ± 0.39           8.5
scratch          2    10.00 ± 0.00    81.97 ± 0.25           8.4
scratch          4    10.00 ± 0.00    84.21 ± 0.16          17.4

**Before fine-tuning** the enlarged network is of little use. With contiguous parts it
takes each quarter of the image for a whole one, and averages what it makes of the four
([`resolution`][]); that is hardly better than guessing. With interleaved parts each
patch covers a quarter of the area that it covered, but stands where it stood, and a
third of the images are classified correctly.

**After two epochs** the two are alike, and both are ahead of the network with random
weights after as many steps. So the enlarged weights are a better beginning, and by then
it makes no difference how the tokens were divided.

**In the same time** it is no gain. Four epochs from random weights take about as long
as pre-training and fine-tuning together, and come out ahead. In the paper the
pre-training was on another and much larger data set, and was done already.

**No gain from the resolution** is to be seen either: the small Mixer, on images of half
the side, is as good as those that were enlarged. Perhaps the small pictures show nearly
all that it takes to tell these clothes apart; perhaps two epochs are too few.

## How the learning rates were chosen

For each of the large networks three rates were tried from seed 0, on validation images,
before the runs above. The rate with the highest accuracy after the last of two epochs
was taken. That accuracy in per cent, for the rates 0.001, 0.003 and 0.01:

>>> search = recorded("higher_resolution_search", "fashion-mnist")
>>> for start in STARTS[1:]:
...     runs = [run for run in search if run["settings"]["start"] == start]
...     found = [run["curve"]["validation_accuracy"][-1] for run in runs]
...     print(f"{start:12}", *(f"{100 * share:.1f}" for share in found))
contiguous   81.3 83.7 84.6
interleaved  81.7 84.3 83.8
scratch      73.7 81.1 82.2

So it is 0.01, and 0.003 with interleaved parts. A larger one was not tried. For the
small Mixer it is 0.003, for which nothing else was tried. The other hyperparameters are
a first guess.

## What this does not say

The networks have two blocks and learn for a few seconds from pictures of one kind. The
paper enlarges networks that were pre-trained on millions of images, and in its Table 3
they gain by it ([`resolution`][]).

## Example

>>> large = build_model(Settings(start="scratch"))
>>> large(torch.zeros(5, 1, 32, 32)).shape
torch.Size([5, 10])
>>> small = build_model(Settings(start="low"))
>>> for model in (small, large):
...     print(f"{sum(p.numel() for p in model.parameters()):,}")
21,594
37,146
>>> images = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
>>> resized(images, "scratch").shape, resized(images, "low").shape
(torch.Size([2, 1, 32, 32]), torch.Size([2, 1, 16, 16]))
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.data.images import floats
from labml_style_nn.experiments.checkpoint import (
    CheckpointError,
    averaged_weights,
    understood,
)
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.image_datasets import changed_images
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record, spread
from labml_style_nn.experiments.training import option
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.resolution import Parts, enlarge

# What a run begins with: a small Mixer for small images, which is the pre-training;
# that Mixer, enlarged in one of two ways; or a large Mixer with random weights.
STARTS = "low", "contiguous", "interleaved", "scratch"
LOW, FACTOR = 16, 2


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], and what the run begins with. Of the
    training images, the first `examples` + `validation` are used.

    **Raises.** `ValueError` as that recipe does.
    """

    data: str = "fashion-mnist"
    validation: int = option(3000, "training images held out for validation")
    examples: int = option(10000, "training images besides these; others are not used")
    epochs: int = option(2, "passes through the training set")
    learning_rate: float = option(1e-2, "peak of the schedule")
    warmup_epochs: int = option(1, "epochs of linear warm-up")
    weight_decay: float = option(0.05, "decoupled weight decay of matrices")
    gradient_clipping: float = option(1.0, "maximum global gradient norm; 0: none")
    ema_decay: float = option(0.98, "largest decay of the weight average")
    label_smoothing: float = option(0.0, "label smoothing")
    unaugmented: float = option(1.0, "share of the images without affine maps")
    start: str = option("contiguous", "what the run begins with", *STARTS)
    pretrained: str = option(
        "runs/higher_resolution/fashion-mnist", "folder of the runs that start low"
    )

    @property
    def label(self) -> str:
        """Name the run among others: each start has a folder of its own."""
        return f"{self.start}-{super().label}"


# ## The networks


def mixer(image_size: int, tokens_mlp_dim: int) -> MLPMixer:
    """Build a Mixer with random weights."""
    return MLPMixer(
        image_size=image_size,
        patch_size=4,
        in_channels=1,
        num_classes=10,
        num_layers=2,
        hidden_dim=48,
        tokens_mlp_dim=tokens_mlp_dim,
        channels_mlp_dim=96,
    )


def build_model(settings: Settings) -> MLPMixer:
    """Build the network with its first weights.

    **Raises.** `CheckpointError` if there is no pre-trained network to enlarge.
    """
    torch.manual_seed(settings.seed)
    if settings.start == "scratch":
        return mixer(FACTOR * LOW, FACTOR**2 * 16)
    small = mixer(LOW, 16)
    if settings.start == "low":
        return small
    load_average(small, Path(settings.pretrained) / f"low-seed-{settings.seed}")
    return enlarge(small, FACTOR, cast(Parts, settings.start))


def load_average(model: nn.Module, folder: Path) -> None:
    """Load the averaged weights of the run in a folder.

    **Raises.** `CheckpointError` if there is none, or it is of another network.
    """
    path = folder / "checkpoint.pt"
    if not path.exists():
        raise CheckpointError(
            f"there is no {path}: first run the command with --start low and this seed"
        )
    with understood(path):
        state = torch.load(path, weights_only=True, map_location="cpu")
        model.load_state_dict(averaged_weights(state))


# ## The images


def resized(images: Tensor, start: str) -> Tensor:
    r"""Put a black frame around images of $28 \times 28$ pixels, or halve that size.

    With the frame they have $32 \times 32$ pixels. For the small network, the mean of
    $2 \times 2$ of them becomes one pixel.

    **Shape.** `(number, channels, 28, 28)`, bytes, to `(number, channels, 32, 32)` or
    `(number, channels, 16, 16)`, bytes.
    """
    framed = F.pad(images, (2, 2, 2, 2))
    if start != "low":
        return framed
    return F.avg_pool2d(255 * floats(framed), FACTOR).round().to(torch.uint8)


class ResolutionTask(ImageTask):
    """## The task

    That of [`ImageTask`][]. The test is also made with the first weights.
    """

    recipe: Settings

    def test(self, model: nn.Module) -> dict[str, float]:
        """Compute the test metrics, and the test accuracy before the first step."""
        before = super().test(build_model(self.recipe))
        return super().test(model) | {"accuracy_before": before["test_accuracy"]}


def resolution_task(settings: Settings, source: Source) -> ResolutionTask:
    """Load the images at the resolution of the settings.

    **Raises.** `DataError` if the images cannot be loaded.
    """
    number = settings.examples + settings.validation
    change = partial(resized, start=settings.start)
    train, test = changed_images(settings, source, number, change)
    return ResolutionTask(train, test, settings)


# ## The results


def table(results: Sequence[Record]) -> str:
    """Write the test accuracies before the first step and after the last as a table.

    In per cent: mean and standard deviation over the seeds, for each start and number
    of epochs. With it, the CPU-seconds of a run.
    """
    lines = [f"{'':12}{'epochs':>6}{'before':>16}{'after':>16}{'CPU-seconds':>14}"]
    groups: dict[tuple[str, int], list[Record]] = {}
    for run in results:
        settings = run["settings"]
        groups.setdefault((settings["start"], settings["epochs"]), []).append(run)
    for (start, epochs), runs in sorted(groups.items(), key=place):
        line = f"{start:12}{epochs:6}"
        for name in ("accuracy_before", "test_accuracy"):
            line += f"{spread([100 * run[name] for run in runs]):>16}"
        seconds = statistics.mean(run["cpu_seconds"] for run in runs)
        lines.append(f"{line}{seconds:14.1f}")
    return "\n".join(lines)


def place(group: tuple[tuple[str, int], list[Record]]) -> tuple[int, int]:
    """The place of a group in the table: by its start, then by its epochs."""
    (start, epochs), _ = group
    return STARTS.index(start), epochs


EXPERIMENT = Experiment(
    name="higher_resolution",
    about="Enlarge a trained Mixer for larger images, fine-tune it, and test it.",
    presets={"fashion-mnist": Settings()},
    model=build_model,
    task=resolution_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
