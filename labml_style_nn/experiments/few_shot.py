r"""# Five examples a class

A network learned some classes. What has it learned about *others*, which it never saw?
The Mixer paper asks so throughout: take the network without its head, show it five
images of each new class, fit a linear map to what it says, and test that on the rest
(the "5-shot" columns and figures of section 3).

The network stays frozen. What it says of an image is the vector that its head would
read, the average token. The linear map is found in one step, by least squares with a
penalty on large weights. With the vectors as rows of $Z$, and a row of $T$ for each
image which is $1$ at its class and $-1$ elsewhere,

$$W = \arg\min_W \; \lVert Z W - T \rVert^2 + \lambda \lVert W \rVert^2
= (Z^\top Z + \lambda I)^{-1} Z^\top T .$$

Nothing is left to chance or to patience: no learning rate, no number of steps. That is
why such a *probe* measures the vectors and not the skill of whoever tunes it.

## Notation

- $Z$, `z`: what the network says of each image, standardised, with a constant at the
  end; $n \times (d + 1)$
- $T$, `targets`: the classes as $1$ and $-1$, $n \times K$
- $W$, `weights`: the linear map, $(d + 1) \times K$
- $\lambda$, `strength`: how much large weights cost
- $I$: the identity matrix
- $n$: the number of examples, `shots` of each class
- $d$: the size of the vectors
- $K$, `num_classes`: the number of new classes

## What differs from the paper

The formula, the targets, the standardisation and the constant of 100 are those of the
authors' evaluator (`big_vision/evaluators/fewshot_lsr.py`), and so is
$\lambda = 2^{10}$ (`big_vision/configs/common_fewshot.py`). The images are not: the
paper learns from millions and probes on ImageNet. Here a small network learns one half
of the classes of a small set, and the other half is probed.

## What it is held against

A number such as "85 %" says little alone. So the same probe reads three more things:
the *pixels* as they are; the network *before* it learned, with random weights; and the
other architecture. If the trained network is no better than the first two, it has
learned nothing that carries over.

## Run it

```console
$ python -m labml_style_nn.experiments.few_shot
$ python -m labml_style_nn.experiments.few_shot --seeds 0 1 2 3 4
```

Each seed draws another split, other first weights, and twenty draws of the examples.
The digits 0 to 4 are learned, and 5 to 9 are probed. Results go to
`runs/few_shot/results.jsonl`; what was recorded stands among
[the results](../results.py).

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
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images, take
from labml_style_nn.experiments import records
from labml_style_nn.experiments.chance import generator
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.layers.checks import check_positive
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.mlp_mixer import MLPMixer

# The constant at the end of each vector is so large that the penalty on its weight, the
# bias, hardly counts.
CONSTANT = 100.0
# The digits below this one are learned, the others are probed.
FIRST_NEW = 5


# ## The probe


class Probe(NamedTuple):
    """A fitted probe: how vectors are standardised, and the linear map."""

    mean: Tensor
    std: Tensor
    weights: Tensor


def fit_probe(vectors: Tensor, labels: Tensor, strength: float) -> Probe:
    r"""Fit a linear map from vectors to classes, in closed form.

    **Shape.** `vectors` is `(n, d)`, `labels` `(n,)` with classes from 0 up.

    **Raises.** `ValueError` for a strength that is not above zero: with fewer examples
    than numbers in a vector, $Z^\top Z$ alone has no inverse.

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
    """Name the class with the highest score for each vector."""
    z = standardised(vectors.double(), probe.mean, probe.std)
    return (z @ probe.weights).argmax(dim=1)


def standardised(vectors: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bring each number to mean zero and variance one; add the constant."""
    return F.pad((vectors - mean) / std, (0, 1), value=CONSTANT)


# ## The vectors


@torch.no_grad()
def read_out(network: nn.Module, images: Tensor) -> Tensor:
    """What the network says of each image: the vector that its last linear map reads.

    **Shape.** `(n, channels, height, width)` to `(n, d)`.
    """
    vectors: list[Tensor] = []
    last = network.get_submodule("head.linear")
    hook = last.register_forward_pre_hook(lambda _, inputs: vectors.append(inputs[0]))
    network.eval()
    for some in images.split(500):
        network(some)
    hook.remove()
    return torch.cat(vectors)


# ## The networks


@dataclass(frozen=True)
class Settings(ImageRecipe):
    """## The settings

    The recipe of the training, and of the probe: how many `draws` of how many `shots`.

    **Raises.** `ValueError` as the recipe does, and for a number below one.
    """

    epochs: int = 60
    shots: int = 5
    draws: int = 20
    strength: float = 2.0**10

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_positive(shots=self.shots, draws=self.draws)


def mixer() -> nn.Module:
    """Build the Mixer of the digits experiment, for five classes."""
    return MLPMixer(
        image_size=8,
        patch_size=2,
        in_channels=1,
        num_classes=FIRST_NEW,
        num_layers=4,
        hidden_dim=48,
        tokens_mlp_dim=32,
        channels_mlp_dim=96,
    )


def conv_mixer() -> nn.Module:
    """Build a ConvMixer whose vectors have the same size."""
    return ConvMixer(
        patch_size=1,
        in_channels=1,
        num_classes=FIRST_NEW,
        num_layers=4,
        hidden_dim=48,
        kernel_size=3,
    )


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "Mixer": mixer,
    "ConvMixer": conv_mixer,
}


def train(build: Callable[[], nn.Module], settings: Settings) -> dict[str, nn.Module]:
    """Build a network, and train a copy of it on the first half of the classes."""
    task = ImageTask(*(old for old, _ in halves(settings.seed)), settings)
    torch.manual_seed(settings.seed)
    trainer = Trainer(build(), task, settings)
    for _ in tqdm(range(settings.epochs), unit="epoch"):
        trainer.train_epoch()
    torch.manual_seed(settings.seed)
    return {"before": build(), "after": trainer.average.module}


# ## The experiment


def halves(seed: int) -> list[tuple[Images, Images]]:
    """The old and the new classes: of the training images, and of the test images.

    The labels of the new classes begin at zero, too.
    """
    pairs = []
    for images in split_digits(seed):
        new = images.labels >= FIRST_NEW
        old_half, new_half = (take(images, m.nonzero()[:, 0]) for m in (~new, new))
        labels = new_half.labels - FIRST_NEW
        pairs.append((old_half, Images(new_half.images, labels)))
    return pairs


def choose(labels: Tensor, shots: int, seed: int, draw: int) -> Tensor:
    """Draw as many examples of each class; their places."""
    order = torch.randperm(len(labels), generator=generator(seed, "shots", draw))
    return torch.cat([order[labels[order] == k][:shots] for k in labels.unique()])


def accuracies(train: Images, test: Images, settings: Settings) -> list[float]:
    """Probe vectors (in the place of images), once for each draw."""
    shares = []
    for draw in range(settings.draws):
        chosen = choose(train.labels, settings.shots, settings.seed, draw)
        probe = fit_probe(*take(train, chosen), settings.strength)
        right = classify(probe, test.images) == test.labels
        shares.append(right.double().mean().item())
    return shares


def run(settings: Settings) -> records.Record:
    """Train, probe, and say under what circumstances."""
    torch.set_num_threads(1)
    start = time.process_time()
    readers: dict[str, Callable[[Tensor], Tensor]] = {"pixels": lambda x: x.flatten(1)}
    for name, build in NETWORKS.items():
        for when, network in train(build, settings).items():
            readers[f"{name}, {when} training"] = lambda x, n=network: read_out(n, x)
    (_, known), (_, tested) = halves(settings.seed)
    found = {}
    for name, read in readers.items():
        sets = (Images(read(half.images), half.labels) for half in (known, tested))
        found[name] = [round(share, 6) for share in accuracies(*sets, settings)]
    return {
        "experiment": "few_shot",
        "command": "python -m labml_style_nn.experiments.few_shot",
        "seed": settings.seed,
        "accuracies": found,
        "test_images": len(tested.labels),
        "cpu_seconds": round(time.process_time() - start, 1),
        "settings": asdict(settings),
        **records.circumstances(),
    }


def summary(results: Sequence[records.Record]) -> str:
    """Write what was found as a table for a terminal."""
    lines = []
    for name in results[0]["accuracies"]:
        shares = [100 * s for result in results for s in result["accuracies"][name]]
        mean, spread = statistics.mean(shares), statistics.pstdev(shares)
        lines.append(f"{name:28}{mean:6.2f} ± {spread:.2f} %")
    return "\n".join(lines)


# ## The command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    parser = argparse.ArgumentParser(
        prog="python -m labml_style_nn.experiments.few_shot",
        description="Probe a trained network with a few examples of new classes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    about = "a split and a training run for each seed"
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help=about)
    about = "examples of each new class"
    parser.add_argument("--shots", type=int, default=Settings.shots, help=about)
    about = "how often the old classes are seen"
    parser.add_argument("--epochs", type=int, default=Settings.epochs, help=about)
    about = "the folder for results"
    parser.add_argument("--out", type=Path, default="runs/few_shot", help=about)
    options = parser.parse_args(arguments)
    results = []
    try:
        for seed in options.seeds:
            settings = Settings(seed=seed, shots=options.shots, epochs=options.epochs)
            results.append(run(settings))
            records.add(options.out / "results.jsonl", results[-1], key="settings")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(summary(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
