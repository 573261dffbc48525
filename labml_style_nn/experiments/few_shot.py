r"""# Few-shot linear probe

How good are the features of a network for classes that it was not trained on? That is
the question of *transfer learning*, and a *few-shot linear probe* answers it: freeze
the network, compute its features of a few images of each new class (five: "5-shot"),
fit a linear classifier to them, and test it on the other images. The Mixer paper
reports such 5-shot accuracies throughout its section 3.

The features of an image are the input of the network's head, the average token. The
linear classifier is found in closed form, by least squares with an L2 penalty (*ridge
regression*). With the features as rows of $Z$, and a row of $T$ for each image which is
$1$ at its class and $-1$ elsewhere,

$$\begin{aligned}
W &= \arg\min_W \; \lVert Z W - T \rVert^2 + \lambda \lVert W \rVert^2 \\
&= (Z^\top Z + \lambda I)^{-1} Z^\top T .
\end{aligned}$$

The fit has no learning rate, no number of steps and no random initialisation. So the
accuracy depends on the features, on the drawn examples and on $\lambda$, and not on how
well a fine-tuning was tuned.

## Notation

- $Z$, `z`: the features of each image, standardised, with a constant at the end;
  $n \times (d + 1)$
- $T$, `targets`: the classes as $1$ and $-1$, $n \times K$
- $W$, `weights`: the linear classifier, $(d + 1) \times K$
- $\lambda$, `strength`: the strength of the L2 penalty
- $I$: the identity matrix
- $n$: the number of examples, `shots` of each class
- $d$: the number of features
- $K$, `num_classes`: the number of new classes

## What differs from the paper

The formula, the targets, the standardisation and the constant of 100 are those of the
authors' evaluator (`big_vision/evaluators/fewshot_lsr.py`), and so is
$\lambda = 2^{10}$ (`big_vision/configs/common_fewshot.py`). The data are not: the paper
pre-trains on millions of images and probes on ImageNet. Here a small network is trained
on one half of the classes of a small data set and probed on the other half.

## Baselines

An accuracy such as 85 % says little by itself. So the same probe is fitted to the *raw
pixels*, to the features of the network *before training*, with its random initial
weights, and to those of the other architecture. If the trained network is no better
than the first two, what it learned does not transfer to the new classes.

## Run it

```console
$ python -m labml_style_nn.experiments.few_shot --seeds 0 1 2 3 4
$ python -m labml_style_nn.experiments.few_shot --data fashion-mnist --epochs 2
$ python -m labml_style_nn.experiments.few_shot --train-images 50
```

Each seed has other initial weights and draws the examples twenty times; for the digits
it draws another split too. The network is trained on the classes 0 to 4 and probed on 5
to 9. Results go to `runs/few_shot/results.jsonl`.

## Results

5-shot accuracy, mean and standard deviation over all draws, first for the digits, then
for Fashion-MNIST:

>>> from labml_style_nn.experiments.recorded import recorded
>>> print(summary(recorded("few_shot", "digits")))
pixels                       84.93 ± 3.60 %
Mixer, before training       65.63 ± 4.74 %
Mixer, after training        51.38 ± 7.41 %
ConvMixer, before training   37.20 ± 5.44 %
ConvMixer, after training    62.60 ± 4.85 %
>>> print(summary(recorded("few_shot", "fashion-mnist")))
pixels                       74.21 ± 3.90 %
Mixer, before training       48.35 ± 4.65 %
Mixer, after training        50.64 ± 5.22 %
ConvMixer, before training   46.92 ± 3.39 %
ConvMixer, after training    55.18 ± 3.71 %

None of the networks beats the raw pixels. These images are small, centred and of one
size, so that comparing them pixel by pixel works well; and five classes teach a network
little about the others. A ConvMixer gains by its training on both data sets. A Mixer
loses by it on the digits: features that do not help to tell 0 to 4 apart may be lost.
The strong 5-shot results of the paper rest on what is missing here, pre-training on
millions of images of thousands of classes.

## The number of pre-training images

The paper's Figure 2 (right) shows the 5-shot accuracy against the number of images that
a network was pre-trained on. The same on digits, in small: with `--train-images` a
network learns from a random part of the images of the old classes, and takes as many
steps as with all of them ([`SubsetTask`][]). What is probed does not change.

>>> several = recorded("few_shot_scale", "digits") + recorded("few_shot", "digits")
>>> seeds = {run["seed"] for run in recorded("few_shot_scale", "digits")}
>>> print(summary_by_size([run for run in several if run["seed"] in seeds]))
                                        50             200             all
pixels                        81.75 ± 4.10    81.75 ± 4.10    81.75 ± 4.10
Mixer, before training        64.97 ± 3.02    64.97 ± 3.02    64.97 ± 3.02
Mixer, after training         41.36 ± 5.41    49.39 ± 3.25    56.86 ± 4.61
ConvMixer, before training    38.14 ± 5.39    38.14 ± 5.39    38.14 ± 5.39
ConvMixer, after training     68.00 ± 3.52    65.97 ± 3.20    63.31 ± 4.29

This is one seed, with twenty draws of the five examples; the first two columns are of
the same split and the same initial weights as the last. The Mixer's features are better
for the new classes the more images it learned from, though training leaves them worse
than they were. The ConvMixer's are not: the fewer images, the better, by about as much
as the accuracy varies between draws. The paper's result, that more pre-training images
make better features, shows here for the Mixer alone, and one split of a small data set
says little.

## Example

>>> _ = torch.manual_seed(0)
>>> shots, size, num_classes = 5, 24, 3
>>> centres = torch.randn(num_classes, size)
>>> labels = torch.arange(num_classes).repeat(shots)
>>> vectors = centres[labels] + 0.3 * torch.randn(len(labels), size)
>>> probe = fit_probe(vectors, labels, strength=1.0)
>>> probe.weights.shape
torch.Size([25, 3])
>>> more = torch.arange(num_classes).repeat(100)
>>> answers = classify(probe, centres[more] + 0.3 * torch.randn(len(more), size))
>>> f"{(answers == more).float().mean():.0%} right"
'100% right'

A network gives a vector of features for each image, as the pixels do:

>>> network = mixer_images.build_model(mixer_images.Settings())
>>> images = torch.rand(7, 1, 8, 8)
>>> read_out(network, floats, images).shape, pixels(images).shape
(torch.Size([7, 48]), torch.Size([7, 64]))
>>> labels[choose(labels, shots=2, seed=0, draw=0)]
tensor([0, 0, 1, 1, 2, 2])
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from labml_style_nn.data.images import Images, floats, take
from labml_style_nn.experiments import conv_mixer_images, mixer_images, records
from labml_style_nn.experiments.classification import ImageTask
from labml_style_nn.experiments.command import (
    Experiment,
    Source,
    attempted,
    choose_places,
    different,
    said,
)
from labml_style_nn.experiments.data_scale import SubsetTask
from labml_style_nn.experiments.image_datasets import IMAGE_DATASETS
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import Trainer, check_seed
from labml_style_nn.layers.checks import check_positive

# The constant at the end of each vector is so large that the penalty on its weight, the
# bias, hardly counts.
CONSTANT = 100.0


# ## The probe


class Probe(NamedTuple):
    """A fitted probe: how features are standardised, and the linear classifier."""

    mean: Tensor
    std: Tensor
    weights: Tensor


def fit_probe(vectors: Tensor, labels: Tensor, strength: float) -> Probe:
    r"""Fit a linear classifier to features, in closed form.

    **Shape.** `vectors` is `(n, d)`, `labels` `(n,)` with classes from 0 up.

    **Raises.** `ValueError` for a strength that is not above zero: with fewer examples
    than features, $Z^\top Z$ alone has no inverse.

    **Source.** `fewshot_lsr.py` of big_vision, by the authors of the paper.
    """
    if not strength > 0:
        raise ValueError(f"strength must be positive, got {strength}")
    vectors = vectors.double()
    mean, std = vectors.mean(dim=0), vectors.std(dim=0, correction=0) + 1e-5
    z = standardised(vectors, mean, std)
    targets = 2.0 * F.one_hot(labels).double() - 1.0
    # $(Z^\top Z + \lambda I)^{-1} Z^\top T$, without computing an inverse.
    penalty = strength * torch.eye(z.shape[1], dtype=z.dtype)
    weights = torch.linalg.solve(z.T @ z + penalty, z.T @ targets)
    return Probe(mean, std, weights)


def classify(probe: Probe, vectors: Tensor) -> Tensor:
    """Predict the class with the highest score for each vector of features."""
    z = standardised(vectors.double(), probe.mean, probe.std)
    return (z @ probe.weights).argmax(dim=1)


def standardised(vectors: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bring each feature to mean zero and variance one; append the constant."""
    return F.pad((vectors - mean) / std, (0, 1), value=CONSTANT)


# ## The features

Read = Callable[[Tensor], Tensor]


def pixels(images: Tensor) -> Tensor:
    """The raw pixels of each image, flattened.

    **Shape.** `(n, channels, height, width)` to `(n, d)`.
    """
    return floats(images).flatten(1)


@torch.no_grad()
def read_out(network: nn.Module, prepare: Read, images: Tensor) -> Tensor:
    """The features of each image: the input of the network's last linear map.

    **Shape.** `(n, channels, height, width)` to `(n, d)`.
    """
    vectors: list[Tensor] = []
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    hook = last.register_forward_pre_hook(lambda _, inputs: vectors.append(inputs[0]))
    network.eval()
    for some in images.split(500):
        network(prepare(some))
    hook.remove()
    return torch.cat(vectors)


# ## Training on one half of the classes


@dataclass(frozen=True)
class Settings:
    """## The settings

    The data set, and the probe: how many `draws` of how many `shots` of each class. The
    networks and their recipes are those of [`mixer_images`][] and
    [`conv_mixer_images`][] for this set; `epochs` may be fewer or more (0: as there).
    `train_images` is how many images of the old classes they learn from (0: all).

    **Raises.** `ValueError` for `shots` or `draws` below one, another number below
    zero, or an unknown set of images.
    """

    seed: int = 0
    data: str = "digits"
    epochs: int = 0
    train_images: int = 0
    shots: int = 5
    draws: int = 20
    strength: float = 2.0**10

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_positive(shots=self.shots, draws=self.draws)
        check_seed(self.seed)
        if self.data not in IMAGE_DATASETS:
            known = ", ".join(IMAGE_DATASETS)
            raise ValueError(f"data must be one of {known}, got {self.data!r}")
        for name in ("epochs", "train_images"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be from 0 up, got {getattr(self, name)}")


class Halves(NamedTuple):
    """A data set: the classes to train on, and the new ones, counted from zero."""

    old: Images
    new: Images


def halves(images: Images) -> Halves:
    """Divide a data set by its classes."""
    first_new = (int(images.labels.max()) + 1) // 2
    is_new = images.labels >= first_new
    old, new = (take(images, mask.nonzero()[:, 0]) for mask in (~is_new, is_new))
    return Halves(old, Images(new.images, new.labels - first_new))


def readers(
    experiment: Experiment, settings: Settings, train: Images, test: Images
) -> dict[str, Read]:
    """Train a network on the old classes; its features before and after training."""
    recipe = replace(
        experiment.presets[settings.data], seed=settings.seed, validation=0
    )
    if settings.epochs:
        warmup = min(recipe.warmup_epochs, settings.epochs - 1)
        recipe = replace(recipe, epochs=settings.epochs, warmup_epochs=warmup)
    # Fewer images are shown more often: the number of steps is that of all images.
    few = settings.train_images
    task = (
        SubsetTask(train, test, recipe, few) if few else ImageTask(train, test, recipe)
    )
    trainer = Trainer(experiment.model(recipe), task, recipe)
    for _ in tqdm(range(recipe.epochs), unit="epoch", desc=experiment.name):
        trainer.train_epoch()
    # The seed determines the initial weights, so they can be had again.
    networks = {"before": experiment.model(recipe), "after": trainer.average.module}
    return {when: partial(read_out, n, task.prepare) for when, n in networks.items()}


# ## The probes


def choose(labels: Tensor, shots: int, seed: int, draw: int) -> Tensor:
    """Draw `shots` examples of each class; their indices."""
    order = torch.randperm(len(labels), generator=generator(seed, "shots", draw))
    return torch.cat([order[labels[order] == k][:shots] for k in labels.unique()])


def probed(read: Read, train: Images, test: Images, settings: Settings) -> list[float]:
    """Fit and test the probe on some features: the accuracy of each draw."""
    others = read(test.images)
    shares = []
    for draw in range(settings.draws):
        chosen = choose(train.labels, settings.shots, settings.seed, draw)
        images, labels = take(train, chosen)
        probe = fit_probe(read(images), labels, settings.strength)
        right = classify(probe, others) == test.labels
        shares.append(round(right.double().mean().item(), 6))
    return shares


def run(settings: Settings, source: Source) -> records.Record:
    """Train, probe, and record the circumstances."""
    start = time.process_time()
    sets = IMAGE_DATASETS[settings.data].load(settings.seed, source)
    train, test = (halves(images) for images in sets)
    found = {"pixels": probed(pixels, train.new, test.new, settings)}
    for name, experiment in EXPERIMENTS.items():
        for when, read in readers(experiment, settings, train.old, test.old).items():
            shares = probed(read, train.new, test.new, settings)
            found[f"{name}, {when} training"] = shares
    return {
        "experiment": "few_shot",
        "seed": settings.seed,
        "accuracies": found,
        "cpu_seconds": round(time.process_time() - start, 1),
        "settings": asdict(settings),
        **records.circumstances(torch.device("cpu")),
    }


EXPERIMENTS = {
    "Mixer": mixer_images.EXPERIMENT,
    "ConvMixer": conv_mixer_images.EXPERIMENT,
}


def summary(results: Sequence[records.Record]) -> str:
    """Write what was found as a table for a terminal."""
    lines = []
    for name in results[0]["accuracies"]:
        shares = [100 * s for result in results for s in result["accuracies"][name]]
        lines.append(f"{name:28}{records.spread(shares):>13} %")
    return "\n".join(lines)


def summary_by_size(results: Sequence[records.Record]) -> str:
    """Write the accuracies as a table: a column for each number of old images.

    In the settings, 0 stands for all of them. The last column is theirs.
    """
    sizes = {result["settings"].get("train_images", 0) for result in results}
    columns = [*sorted(sizes - {0}), *sorted(sizes & {0})]
    lines = [f"{'':26}" + "".join(f"{size or 'all':>16}" for size in columns)]
    for name in results[0]["accuracies"]:
        cells = []
        for size in columns:
            found = [r for r in results if r["settings"].get("train_images", 0) == size]
            shares = [100 * s for result in found for s in result["accuracies"][name]]
            cells.append(records.spread(shares))
        lines.append(f"{name:26}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


# ## The command

COMMAND = "python -m labml_style_nn.experiments.few_shot"


def command_line() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Few-shot linear probe of a trained network on new classes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--data",
        choices=list(IMAGE_DATASETS),
        default="digits",
        help="the image data set",
    )
    about = "a training run and twenty draws for each seed"
    add("--seeds", type=int, nargs="+", default=[0], metavar="SEED", help=about)
    about = "epochs on the old classes; 0: as in the experiments"
    add("--epochs", type=int, default=0, help=about)
    about = "images of the old classes to learn from, in as many steps; 0: all"
    add("--train-images", type=int, default=0, help=about)
    add("--shots", type=int, default=Settings.shots, help="examples of each new class")
    choose_places(parser, out="runs/few_shot")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    line = sys.argv[1:] if arguments is None else arguments

    def act() -> None:
        options = command_line().parse_args(line)
        names = ("data", "epochs", "train_images", "shots")
        chosen = {name: getattr(options, name) for name in names}
        source, results = Source(options.folder, options.verify), []
        torch.set_num_threads(1)
        told = said(COMMAND, options, line)
        options.out.mkdir(parents=True, exist_ok=True)
        for seed in different(options.seeds):
            results.append(told | run(Settings(seed=seed, **chosen), source))
            records.add(options.out / "results.jsonl", results[-1], key="settings")
        print(summary(results))

    return attempted(act)


if __name__ == "__main__":
    sys.exit(main())
