r"""# The family by budget

Which network of the family is best depends on what may be spent on it. Here seven of
them are trained on Fashion-MNIST within fixed budgets: two of *parameters* and two of
*processor time*. A network that is faster takes more steps in the same time, so the
comparison is one at equal cost, where that of [`family_digits`][] is one at an equal
number of epochs.

| `--model` | network | token mixing |
|---|---|---|
| `mixer` | [`MLPMixer`][] | an MLP along the columns of the table |
| `resmlp` | [`ResMLP`][] | one linear map along the columns |
| `gmlp` | [`GMLP`][] | a linear map whose output gates the other channels |
| `fnet` | [`FNet`][] | a Fourier transform, without parameters |
| `conv_mixer` | [`ConvMixer`][] | a depthwise convolution |
| `poolformer` | [`PoolFormer`][] | an average of neighbouring places |
| `vit` | [`VisionTransformer`][] | multi-head self-attention |

## Run it

```console
$ python -m labml_style_nn.experiments.family_budget --model vit
$ python -m labml_style_nn.experiments.family_budget --parameters 200000 --seconds 30
```

Options and files are those of [`mixer_images`][].

## The budgets

**Parameters.** Every network has the number of the budget, to within one per cent:

>>> for model in FAMILY:
...     both = (Settings(model=model, parameters=size) for size in PARAMETERS)
...     print(f"{model:10}", *(f"{count_parameters(one):8,}" for one in both))
mixer        50,150  200,094
resmlp       50,182  199,790
gmlp         50,258  199,458
fnet         50,014  199,910
conv_mixer   49,736  199,475
poolformer   50,120  200,594
vit          50,034  199,766

**Processor time.** If a clock decided when a training ends, no run could be repeated.
So the time of a step was measured beforehand ([`family_step_time`][]), and the budget
became a number of steps, the same for whoever repeats the run:

>>> for model in FAMILY:
...     each = (Settings(model=model, parameters=p, seconds=s) for p, s in BUDGETS)
...     print(f"{model:10}", *(f"{steps_within(one):5}" for one in each))
mixer        150   470    40   140
resmlp       160   500    50   150
gmlp         140   430    40   130
fnet         120   380    40   130
conv_mixer   100   310    40   120
poolformer   220   660   100   320
vit           70   220    40   120

## The recipe

It is the recipe of the Mixer on this data set ([`mixer_images`][]), fixed before these
runs, with the warm-up over the first tenth of the steps. No hyperparameter was tuned
for any of the networks: each might do better with its own. As nothing is chosen, no
images are held out for validation. There is one seed for each.

These are short trainings. A pass through the training set has 469 steps, so none of
them sees the images one and a half times.

## Results

Test accuracy in per cent, by parameters and processor time. A star marks the *Pareto
front*: no other run is as accurate or more so, and costs no more in both.

>>> runs = recorded("family_budget", "fashion-mnist")
>>> print(table(runs, front=pareto_front(runs)))
              50,000     50,000    200,000    200,000
                10 s       30 s       10 s       30 s
mixer          72.77      81.87      53.37      75.93
resmlp         60.12      76.92      36.88      66.91
gmlp           69.71      82.87      52.86      74.57
fnet           48.62      73.05      40.01      57.51
conv_mixer     79.06*     85.39*     66.87      82.24
poolformer     65.01      76.39      57.70      73.30
vit            49.98      70.33      48.96      64.71

The ConvMixer is first in each column, and only with 50,000 parameters is it on the
front. More parameters are of no use within these times. They make a step longer, and
every network is more accurate with 50,000 than with 200,000:

>>> small, large = PARAMETERS
>>> for model in FAMILY:
...     mine = of(runs, model)
...     for seconds in SECONDS:
...         assert accuracy(mine[small, seconds]) > accuracy(mine[large, seconds])

To be fast is not enough either: PoolFormer takes more than twice as many steps as the
ConvMixer, and is behind it. That a convolution does best fits with its strong inductive
bias, which may help most where little can be learned; on [the digits][family_digits] it
did best as well.

What the trainings took in fact, in seconds of processor time:

>>> for seconds in SECONDS:
...     took = [run["cpu_seconds"] for run in runs if budget_of(run)[1] == seconds]
...     print(f"budget of {seconds} s: {min(took):.0f} to {max(took):.0f} s")
budget of 10 s: 8 to 11 s
budget of 30 s: 27 to 33 s

[`scatter`][family_budget.scatter] draws the figure of these runs, and [`told`][] says
in words what it shows:

>>> import textwrap
>>> print(textwrap.fill(told(runs), 72))
Two plots of test accuracy against processor time, for networks of
50,000 and 200,000 parameters; a staircase joins the best within each
budget. 50,000 parameters and 10 s: ConvMixer, 79.1 %; 50,000 parameters
and 30 s: ConvMixer, 85.4 %; 200,000 parameters and 10 s: ConvMixer,
79.1 %; 200,000 parameters and 30 s: ConvMixer, 85.4 %.

## What this does not say

The test set has 10,000 images. From their number alone, an accuracy of 75 % has a
standard error of 0.43 percentage points:

>>> f"{100 * (0.75 * 0.25 / 10_000) ** 0.5:.2f}"
'0.43'

What the seed adds to that was not measured. The time of a step depends on the
implementation, the processor and the batch size. And these budgets are small: with
minutes instead of seconds, the larger networks and those with less inductive bias may
come to the front.

## Example

>>> network = build_model(Settings(model="poolformer"))
>>> network(torch.zeros(5, 1, 28, 28)).shape
torch.Size([5, 10])
>>> from labml_style_nn.data.images import Images
>>> images = Images(torch.rand(20, 1, 28, 28), torch.arange(20) % 10)
>>> task = BudgetTask(ImageTask(images, images, Settings(batch_size=5)), 40, epochs=4)
>>> task.batch(step=0)[0].shape, task.steps_per_epoch
(torch.Size([5, 1, 28, 28]), 10)
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from labml_style_nn.experiments import figures, mixer_images
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.image_datasets import fitting, image_task, recipe_of
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import Record
from labml_style_nn.experiments.training import Sums, option
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.fnet import FNet
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer

# ## The networks
#
# What they share: patches of 4 pixels, which make 49 tokens of an image, and four
# blocks. PoolFormer's first map has as many places; after two blocks it becomes one of
# 16 places.
COMMON = {
    "patch_size": 4,
    "num_layers": 4,
    "depths": (2, 2),
    "kernel_size": 5,
    "num_heads": 4,
}

# The widths give each network the size of the budget, to within one per cent. The
# hidden layers of the MLPs are two to three times as wide as the table, and four times,
# as in the paper, in PoolFormer, whose token mixing has no parameters.
FAMILY: dict[str, tuple[Callable[..., nn.Module], dict[int, dict[str, Any]]]] = {
    "mixer": (
        MLPMixer,
        {
            50_000: {"hidden_dim": 48, "tokens_mlp_dim": 32, "channels_mlp_dim": 90},
            200_000: {"hidden_dim": 96, "tokens_mlp_dim": 64, "channels_mlp_dim": 220},
        },
    ),
    "resmlp": (
        ResMLP,
        {
            50_000: {"hidden_dim": 48, "channels_mlp_dim": 97},
            200_000: {"hidden_dim": 96, "channels_mlp_dim": 239},
        },
    ),
    "gmlp": (
        GMLP,
        {
            50_000: {"hidden_dim": 48, "channels_mlp_dim": 130},
            200_000: {"hidden_dim": 96, "channels_mlp_dim": 318},
        },
    ),
    "fnet": (
        FNet,
        {
            50_000: {"hidden_dim": 48, "channels_mlp_dim": 117},
            200_000: {"hidden_dim": 96, "channels_mlp_dim": 247},
        },
    ),
    "conv_mixer": (
        ConvMixer,
        {50_000: {"hidden_dim": 94}, 200_000: {"hidden_dim": 205}},
    ),
    "poolformer": (
        PoolFormer,
        {50_000: {"dims": (23, 43)}, 200_000: {"dims": (46, 88)}},
    ),
    "vit": (
        VisionTransformer,
        {
            50_000: {"hidden_dim": 36, "channels_mlp_dim": 86},
            200_000: {"hidden_dim": 72, "channels_mlp_dim": 187},
        },
    ),
}
PARAMETERS = 50_000, 200_000
SECONDS = 10, 30


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The hyperparameters of [`ImageRecipe`][], the network, and its budgets.
    """

    data: str = "fashion-mnist"
    epochs: int = option(10, "parts of the training; the warm-up is counted in them")
    model: str = option("mixer", "the network", *FAMILY)
    parameters: int = option(50_000, "budget of parameters", *PARAMETERS)
    seconds: int = option(10, "budget of processor time, in seconds", *SECONDS)

    @property
    def label(self) -> str:
        """Name the run among others: each has a folder of its own."""
        return f"{self.model}-{self.parameters}-{self.seconds}-{super().label}"


def build_model(settings: Settings) -> nn.Module:
    """Build the network; the seed determines its initial weights."""
    network, widths = FAMILY[settings.model]
    return fitting(network, settings, **COMMON, **widths[settings.parameters])


def count_parameters(settings: Settings) -> int:
    """Count the parameters of a network."""
    return sum(weight.numel() for weight in build_model(settings).parameters())


# ## From processor time to steps


def seconds_per_step(model: str, parameters: int) -> float:
    """Look up how long a training step of a network takes, as it was measured.

    **Source.** The record of [`family_step_time`][].
    """
    (measured,) = recorded("family_step_time", "fashion-mnist")
    value: float = measured["seconds_per_step"][model][str(parameters)]
    return value


def steps_within(settings: Settings) -> int:
    """Count the steps that fit into the budget of processor time.

    A multiple of the number of epochs.
    """
    step = seconds_per_step(settings.model, settings.parameters)
    return int(settings.seconds / step / settings.epochs) * settings.epochs


class BudgetTask:
    """## The task

    Image classification for a given number of steps. An epoch is a part of the
    training, and not a pass through the training set; `images` has a count of its own
    of these.
    """

    def __init__(self, images: ImageTask, steps: int, epochs: int) -> None:
        self.images, self.steps = images, steps
        self.steps_per_epoch = steps // epochs

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """Give the augmented images of a step, and their labels."""
        return self.images.batch(step)

    def loss(self, model: nn.Module, batch: Any) -> Sums:
        """Compute the cross-entropy, and count the correct predictions."""
        return self.images.loss(model, batch)

    def evaluate(self, _: nn.Module) -> dict[str, float]:
        """Evaluate on nothing: no choice depends on it, and it would cost time."""
        return {}

    def test(self, model: nn.Module) -> dict[str, float]:
        """Test the network, and say how many steps it has taken."""
        return self.images.test(model) | {"steps": self.steps}


def budget_task(settings: Settings, source: Source) -> BudgetTask:
    """Load the images of the settings, and make the task of them.

    **Raises.** `DataError` if the images cannot be loaded.
    """
    images = image_task(settings, source)
    return BudgetTask(images, steps_within(settings), settings.epochs)


# ## What is best within a budget

Budget = tuple[int, int]
BUDGETS: list[Budget] = [(size, seconds) for size in PARAMETERS for seconds in SECONDS]


def budget_of(run: Record) -> Budget:
    """The budgets of a run: parameters, and seconds of processor time."""
    return run["settings"]["parameters"], run["settings"]["seconds"]


def best_within(runs: Iterable[Record], budget: Budget) -> Record:
    """The run of the highest test accuracy that costs no more than a budget.

    Of several, the one that costs least.

    **Raises.** `ValueError` if all cost more.
    """
    affordable = [
        run
        for run in runs
        if all(c <= b for c, b in zip(budget_of(run), budget, strict=True))
    ]
    return min(affordable, key=lambda run: (-run["test_accuracy"], budget_of(run)))


def pareto_front(runs: Sequence[Record]) -> list[Record]:
    """The runs that are best within their own budget.

    To each other run there is one that is as accurate or more so, and costs no more, in
    parameters and in time.
    """
    return [run for run in runs if run is best_within(runs, budget_of(run))]


def accuracy(run: Record) -> float:
    """The test accuracy of a run in per cent."""
    share: float = run["test_accuracy"]
    return 100 * share


def of(runs: Iterable[Record], model: str) -> dict[Budget, Record]:
    """The runs of a network, by their budgets."""
    return {budget_of(run): run for run in runs if run["settings"]["model"] == model}


def table(runs: Sequence[Record], front: Sequence[Record] = ()) -> str:
    """Write the test accuracies as a table for a terminal, in per cent.

    A star marks the runs of a `front`.
    """
    lines = [
        " " * 10 + "".join(f"{size:>10,} " for size, _ in BUDGETS),
        " " * 10 + "".join(f"{seconds:>8} s " for _, seconds in BUDGETS),
    ]
    for model in FAMILY:
        mine = of(runs, model)
        cells = (
            f"{accuracy(mine[budget]):10.2f}{'*' if mine[budget] in front else ' '}"
            for budget in BUDGETS
        )
        lines.append(f"{model:10}{''.join(cells)}")
    return "\n".join(line.rstrip() for line in lines)


# ## The figure

NAMES = {
    "mixer": "MLP-Mixer",
    "resmlp": "ResMLP",
    "gmlp": "gMLP",
    "fnet": "FNet",
    "conv_mixer": "ConvMixer",
    "poolformer": "PoolFormer",
    "vit": "ViT",
}
MARKERS = dict(zip(NAMES, "os^vDPX", strict=True))
COLOURS = {"mixer": figures.TOKENS, "conv_mixer": figures.CHANNELS}


def places(runs: Iterable[Record]) -> Any:
    """Where runs stand in the figure: seconds, and per cent."""
    points = ((run["cpu_seconds"], accuracy(run)) for run in runs)
    return zip(*points, strict=True)


def scatter(runs: Sequence[Record]) -> Figure:
    """Draw test accuracy against processor time, a panel for each number of parameters.

    A staircase joins the runs that are best within that number and each budget of time.
    Where a smaller network is best, it stands above the marks of the panel.
    """
    figure, panels = figures.draw(7.2, 3.8, columns=len(PARAMETERS))
    panels[0].sharey(panels[1])
    for axes, parameters in zip(panels, PARAMETERS, strict=True):
        for model, name in NAMES.items():
            mine = [r for b, r in of(runs, model).items() if b[0] == parameters]
            style = {"color": COLOURS.get(model, figures.INK), "ms": 5, "ls": ""}
            axes.plot(*places(mine), marker=MARKERS[model], label=name, **style)
        front = [best_within(runs, (parameters, seconds)) for seconds in SECONDS]
        axes.step(*places(front), where="post", color=figures.INK, lw=1)
        axes.set(xscale="log", xlabel="processor time (s)")
        axes.set(title=f"{parameters:,} parameters")
        axes.set_xticks(SECONDS, labels=SECONDS)
        axes.minorticks_off()
    panels[0].set(ylabel="test accuracy (%)")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        ncols=4,
        fontsize=9,
        loc="outside lower center",
    )
    return figure


def told(runs: Sequence[Record]) -> str:
    """Say in words what the figure shows."""
    parts = []
    for parameters, seconds in BUDGETS:
        best = best_within(runs, (parameters, seconds))
        name = NAMES[best["settings"]["model"]]
        parts.append(
            f"{parameters:,} parameters and {seconds} s: {name}, {accuracy(best):.1f} %"
        )
    return (
        "Two plots of test accuracy against processor time, for networks of "
        f"{' and '.join(f'{size:,}' for size in PARAMETERS)} parameters; a staircase "
        f"joins the best within each budget. {'; '.join(parts)}."
    )


# ## The recipe
#
# It is that of the Mixer on this data set, except that no images are held out, since
# nothing is chosen, and that maps lie in memory as convolutions read them fastest.
RECIPE = recipe_of(mixer_images.FASHION_MNIST) | {
    "validation": 0,
    "channels_last": True,
}

EXPERIMENT = Experiment(
    name="family_budget",
    about="Train a network of the MLP-Mixer family within a budget, and test it.",
    presets={"fashion-mnist": Settings(**RECIPE)},
    model=build_model,
    task=budget_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
