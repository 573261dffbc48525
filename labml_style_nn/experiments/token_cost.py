r"""# Throughput and cost

With smaller patches an image has more tokens. How do time and memory grow with their
number? In theory the cost is linear for a [Mixer][MLPMixer] with a fixed $D_S$, and
quadratic for attention. This page measures time and peak memory on a real machine, and
fits to each curve the sum of a linear and a quadratic term:

$$t(S) \approx a S + b S^2, \qquad a, b \ge 0 .$$

The *quadratic share* at the largest $S$, which is $b S / (a + b S)$, says what a
complexity class does not: how much of the cost is quadratic at a given size.

## Notation

- $S$, `tokens`: the number of tokens
- $t$, `values`: what was measured, seconds or bytes
- $a$, `linear`: the cost of each token by itself
- $b$, `quadratic`: the cost of each pair of tokens
- $i$: the index of a measurement

## What is measured

Four networks of the same width and depth, on images of growing size:

- a [Mixer][MLPMixer] whose $D_S$ is the same for every size;
- a [ConvMixer][], whose kernels see a fixed neighbourhood;
- a [ViT][VisionTransformer] with PyTorch's fused attention, which does not store the
  $S \times S$ attention weights;
- the same ViT with attention computed as the equation is written, which stores them.

**Time** is processor time of one thread, for a forward pass and for a step of training.
The networks take turns, and the median of the rounds is taken, so that other load on
the machine affects all alike. **Memory** is the peak of one step of training: PyTorch's
profiler reports each allocation and release, and the largest sum is taken. Temporary
memory of the kernels is included.

## Run it

```console
$ python -m labml_style_nn.experiments.token_cost
```

It prints a table of the fits, and adds a line to `runs/token_cost/results.jsonl`. This
table is made from the recorded line; the curves are among [the results](../results.py).

>>> from importlib import resources
>>> folder = resources.files("labml_style_nn.experiments") / "results"
>>> print(table(records.read(folder / "token_cost.jsonl")[-1]))
                                 at 1600  quadratic share there
Mixer             forward          56 ms  0%
Mixer             training        157 ms  0%
Mixer             memory           97 MB  0%
ConvMixer         forward          30 ms  0%
ConvMixer         training         84 ms  0%
ConvMixer         memory           84 MB  0%
ViT               forward         201 ms  56%
ViT               training        658 ms  59%
ViT               memory          135 MB  0%
ViT, written out  forward         687 ms  86%
ViT, written out  training       1408 ms  82%
ViT, written out  memory          582 MB  78%

So the complexity classes hold. Fused attention is quadratic in time and linear in
memory. The ConvMixer has the highest throughput here: its kernels reach 25 positions,
not all.

## Example

The fit finds both terms of a curve:

>>> tokens = [64, 256, 1024]
>>> fit(tokens, [2.0 * s for s in tokens])
Fit(linear=2.0, quadratic=0.0)
>>> mixed = fit(tokens, [2.0 * s + 0.01 * s * s for s in tokens])
>>> f"{mixed.linear:.2f} and {mixed.quadratic:.2f}"
'2.00 and 0.01'
>>> f"{mixed.share(1024):.0%} of the work is quadratic at 1024 tokens"
'84% of the work is quadratic at 1024 tokens'

All four read the same images:

>>> settings = Settings(hidden_dim=24, num_layers=1, num_heads=3, tokens_mlp_dim=16)
>>> for name in NETWORKS:
...     print(name, tuple(build(name, 5, settings)(image(5, settings)).shape))
Mixer (4, 10)
ConvMixer (4, 10)
ViT (4, 10)
ViT, written out (4, 10)

A step of training leaves a gradient at every weight:

>>> network = build("Mixer", 5, settings)
>>> training_step(network, image(5, settings))
>>> all(weight.grad is not None for weight in network.parameters())
True
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile
from tqdm import tqdm

from labml_style_nn.experiments import records
from labml_style_nn.experiments.command import attempted
from labml_style_nn.experiments.seeding import built
from labml_style_nn.layers.checks import check_positive
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.vit import VisionTransformer


@dataclass(frozen=True)
class Settings:
    """## The settings

    `sides` are the numbers of patches along the side of the image, whose squares are
    the numbers of tokens. The widths are alike for all networks.

    **Raises.** `ValueError` for a size below one, or fewer than three numbers of
    patches: two points would not test the curve.
    """

    sides: tuple[int, ...] = (8, 12, 16, 20, 24, 28, 32, 40)
    batch: int = 4
    rounds: int = 9
    patch_size: int = 4
    num_layers: int = 2
    hidden_dim: int = 192
    num_heads: int = 3
    tokens_mlp_dim: int = 128
    channels_mlp_dim: int = 384
    kernel_size: int = 5

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        numbers = asdict(self)
        for side in numbers.pop("sides"):
            check_positive(sides=side)
        check_positive(**numbers)
        if len(self.sides) < 3:
            raise ValueError(f"sides must be at least 3 numbers, got {self.sides}")


# ## The networks


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "Mixer": MLPMixer,
    "ConvMixer": ConvMixer,
    "ViT": VisionTransformer,
    "ViT, written out": VisionTransformer,
}


def build(name: str, side: int, settings: Settings) -> nn.Module:
    """Build a network for so many patches along the side, with the same weights."""
    image_size = side * settings.patch_size
    sizes = {"image_size": image_size, "num_classes": 10, "pooling": "average"}
    return built(NETWORKS[name], seed=0, options=asdict(settings) | sizes)


def image(side: int, settings: Settings) -> Tensor:
    """Draw a batch of images of a number of patches along the side."""
    torch.manual_seed(0)
    size = side * settings.patch_size
    return torch.randn(settings.batch, 3, size, size)


def kernels(name: str) -> AbstractContextManager[None]:
    """Choose between PyTorch's two ways to compute attention."""
    written_out = name == "ViT, written out"
    return sdpa_kernel(SDPBackend.MATH) if written_out else nullcontext()


# ## Time and memory


def forward_pass(network: nn.Module, images: Tensor) -> None:
    """Compute the scores of the images, as at inference."""
    with torch.no_grad():
        network(images)


def training_step(network: nn.Module, images: Tensor) -> None:
    """Compute the gradients of a loss with respect to all weights."""
    network.zero_grad()
    labels = torch.zeros(len(images), dtype=torch.long)
    F.cross_entropy(network(images), labels).backward()


PASSES = {"forward": forward_pass, "training": training_step}


def seconds(side: int, kind: str, settings: Settings) -> dict[str, float]:
    """Time each network at one size: the median of rounds in which they take turns."""
    images = image(side, settings)
    networks = {name: build(name, side, settings) for name in NETWORKS}
    times: dict[str, list[float]] = {name: [] for name in networks}
    # The first round warms up.
    for number in range(settings.rounds + 1):
        for name, network in networks.items():
            with kernels(name):
                start = time.process_time()
                PASSES[kind](network, images)
                if number:
                    times[name].append(time.process_time() - start)
    return {name: median(values) for name, values in times.items()}


def peak_memory(name: str, side: int, settings: Settings) -> int:
    """Take a step of training; how many bytes of tensors were alive at its peak.

    Weights and images were there before and do not count.
    """
    with kernels(name):
        network, images = build(name, side, settings), image(side, settings)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
            training_step(network, images)
    alive = most = 0
    for _, change in sorted(memory_events(watched)):
        alive += change
        most = max(most, alive)
    return most


def memory_events(watched: profile) -> Iterator[tuple[int, int]]:
    """Each time at which PyTorch took memory or gave it back, and how many bytes."""
    results: Any = watched.profiler and watched.profiler.kineto_results
    for event in results.events():
        if event.name() == "[memory]":
            yield event.start_ns(), event.nbytes()


# ## The fit


class Fit(NamedTuple):
    """A curve $a S + b S^2$, in the unit of what was measured."""

    linear: float
    quadratic: float

    def share(self, tokens: int) -> float:
        """How much of the whole is quadratic at a number of tokens."""
        both = self.linear + self.quadratic * tokens
        return self.quadratic * tokens / both if both else 0.0


def fit(tokens: Sequence[int], values: Sequence[float]) -> Fit:
    r"""Fit a linear and a quadratic term to measurements.

    Each measurement is off by some per cent rather than by some milliseconds. So what
    is minimised is the sum of squares of *relative* errors,
    $\sum_i (f(S_i) / t_i - 1)^2$, and neither term may be negative.
    """
    s, t = np.array(tokens, dtype=float), np.array(values, dtype=float)
    solution, _ = nnls(np.stack([s / t, s**2 / t], axis=1), np.ones(len(s)))
    return Fit(float(solution[0]), float(solution[1]))


# ## The command


def measure(settings: Settings) -> records.Record:
    """Measure everything, and say under what circumstances."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    curves: dict[str, dict[str, list[float]]] = {
        name: {"forward": [], "training": [], "memory": []} for name in NETWORKS
    }
    for side in tqdm(settings.sides, unit="size"):
        for kind in PASSES:
            for name, value in seconds(side, kind, settings).items():
                curves[name][kind].append(round(value, 6))
        for name in NETWORKS:
            curves[name]["memory"].append(peak_memory(name, side, settings))
    return {
        "experiment": "token_cost",
        "command": "python -m labml_style_nn.experiments.token_cost",
        "tokens": [side**2 for side in settings.sides],
        "curves": curves,
        "seconds": round(time.perf_counter() - start),
        "settings": asdict(settings),
        **records.circumstances(torch.device("cpu")),
    }


def table(record: records.Record) -> str:
    """Write the fits as a table for a terminal."""
    last = record["tokens"][-1]
    lines = [f"{'':18}{'':10}{'at ' + str(last):>12}  quadratic share there"]
    units = {"forward": (1e3, "ms"), "training": (1e3, "ms"), "memory": (1e-6, "MB")}
    for name, curves in record["curves"].items():
        for kind, values in curves.items():
            factor, unit = units[kind]
            share = fit(record["tokens"], values).share(last)
            value = f"{values[-1] * factor:.0f} {unit}"
            lines.append(f"{name:18}{kind:10}{value:>12}  {share:.0%}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    parser = argparse.ArgumentParser(
        prog="python -m labml_style_nn.experiments.token_cost",
        description="Measure time and memory against the number of tokens.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    about = "patches along the side of the image"
    sides = Settings.sides
    parser.add_argument("--sides", type=int, nargs="+", default=sides, help=about)
    about = "timings of each network at each size"
    parser.add_argument("--rounds", type=int, default=Settings.rounds, help=about)
    about = "the folder for results"
    parser.add_argument("--out", type=Path, default="runs/token_cost", help=about)

    def act() -> None:
        options = parser.parse_args(arguments)
        settings = Settings(sides=tuple(options.sides), rounds=options.rounds)
        options.out.mkdir(parents=True, exist_ok=True)
        record = measure(settings)
        records.add(options.out / "results.jsonl", record, key="settings")
        print(table(record))

    return attempted(act)


if __name__ == "__main__":
    sys.exit(main())
