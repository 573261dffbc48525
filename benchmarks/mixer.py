"""Time our Mixer against two other formulations of the same network.

    python -m benchmarks.mixer --help
    python -m benchmarks.mixer --threads 1 --models s32 s16 b16

The contenders:

- `ours`: `labml_style_nn.models.mlp_mixer`, where the tokens are mixed by a batched
  product with the weight on the left;
- `transposing`: the same network written plainly, with a strided convolution and with
  `nn.Linear` on the transposed table (below, about forty lines);
- `timm`: timm's `MlpMixer`, where timm is installed (`pip install timm`).

All get the same weights and must agree on the output before anything is timed. Then
every round times each contender once, in an order that rotates, and gives one ratio of
our time to each rival's; the table shows the medians and quartiles of these ratios
(below one: ours is faster). A load on the machine that comes and goes strikes all of
them alike, so the ratios keep still where the times do not. What is timed is the
processor time of this process, unless `--clock wall` asks for the clock on the wall,
which is the right one for several threads on an idle machine.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable
from statistics import median, quantiles

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.models import mlp_mixer
from labml_style_nn.pretrained import load_timm_weights

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
MODELS = ("s32", "s16", "b32", "b16", "l32", "l16", "h14")


class PlainMLP(nn.Module):
    """Two linear maps and a GELU, on the last axis."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the MLP."""
        return self.fc2(F.gelu(self.fc1(x)))


class PlainBlock(nn.Module):
    """A Mixer block with two transpositions."""

    def __init__(
        self, tokens: int, dim: int, tokens_dim: int, channels_dim: int
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp_tokens = PlainMLP(tokens, tokens_dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp_channels = PlainMLP(dim, channels_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens, then channels."""
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp_channels(self.norm2(x))


class PlainMixer(nn.Module):
    """The Mixer as it is mostly written, under timm's names."""

    def __init__(self, ours: mlp_mixer.MLPMixer) -> None:
        super().__init__()
        embedding, block = ours.patch_embedding, ours.blocks[0]
        dim, patch = ours.norm.dim, embedding.patch_size
        sizes = (
            embedding.num_patches,
            dim,
            block.token_mixing.fc1.out_features,
            block.channel_mixing.fc1.out_features,
        )
        self.stem = nn.Module()
        self.stem.proj = nn.Conv2d(embedding.in_channels, dim, patch, stride=patch)
        self.blocks = nn.Sequential(*(PlainBlock(*sizes) for _ in ours.blocks))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, ours.head.linear.out_features)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        x = self.stem.proj(image).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.blocks(x)).mean(dim=1))


def contenders(name: str) -> dict[str, nn.Module]:
    """Build the models, with the same weights."""
    ours = getattr(mlp_mixer, f"mixer_{name}")()
    plain = PlainMixer(ours)
    models = {"transposing": plain, "ours": ours}
    if timm := timm_or_none():
        models["timm"] = timm.create_model(f"mixer_{name}_224", num_classes=1000)
        models["timm"].load_state_dict(plain.state_dict())
    load_timm_weights(ours, plain.state_dict())
    return models


def timm_or_none():
    """Import timm, with a stand-in for torchvision where only that is missing."""
    from tests.references.torchvision_stand_in import install

    install()
    try:
        return importlib.import_module("timm")
    except ModuleNotFoundError:
        return None


def check_agreement(models: dict[str, nn.Module], image: Tensor) -> None:
    """Refuse to compare models that compute different things."""
    with torch.no_grad():
        expected = models["transposing"](image)
        for model in models.values():
            torch.testing.assert_close(model(image), expected, rtol=1e-4, atol=1e-4)


def forward_pass(model: nn.Module, image: Tensor, _label: Tensor) -> Callable[[], None]:
    """Make the function that runs the model once, without gradients."""

    def run() -> None:
        with torch.no_grad():
            model(image)

    return run


def training_step(model: nn.Module, image: Tensor, label: Tensor) -> Callable[[], None]:
    """Make the function that takes one step of training."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def run() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(image), label).backward()
        optimizer.step()

    return run


def interleave(
    runs: dict[str, Callable[[], None]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Time each function once a round, in an order that rotates."""
    names = list(runs)
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            start = clock()
            runs[name]()
            times[name].append(clock() - start)
    return times


def report(
    name: str, kind: str, times: dict[str, list[float]]
) -> list[dict[str, object]]:
    """Print and return our time as a ratio to each rival's, round by round."""
    rows: list[dict[str, object]] = []
    for rival in times:
        if rival == "ours":
            continue
        pairs = zip(times["ours"], times[rival], strict=True)
        low, middle, high = quantiles([mine / other for mine, other in pairs], n=4)
        milliseconds = {key: 1000 * median(times[key]) for key in ("ours", rival)}
        print(
            f"{name:5} {kind:9} ours / {rival:12}"
            f" {middle:5.3f}  [{low:.3f}, {high:.3f}]"
            f"   {milliseconds['ours']:8.1f} / {milliseconds[rival]:.1f} ms",
            flush=True,
        )
        rows.append(
            {"model": name, "kind": kind, "rival": rival, "ratio": middle}
            | {"quartiles": [low, high], "milliseconds": milliseconds}
        )
    return rows


def main() -> None:
    """Parse the options and run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=("s32", "s16", "b16")
    )
    parser.add_argument("--batch", type=int, default=8, help="images in a batch")
    parser.add_argument("--rounds", type=int, default=15, help="timings of each")
    parser.add_argument("--threads", type=int, default=1, help="threads torch may use")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="what is timed")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()

    clock = CLOCKS[options.clock]
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    print(
        f"torch {torch.__version__}, batch {options.batch}, threads {options.threads}"
    )
    print("model kind      ratio of         median  quartiles         median times")
    rows: list[dict[str, object]] = []
    for name in options.models:
        models = contenders(name)
        image = torch.randn(options.batch, 3, 224, 224)
        label = torch.randint(1000, (options.batch,))
        check_agreement(models, image)
        for kind, make in (("forward", forward_pass), ("training", training_step)):
            runs = {key: make(model, image, label) for key, model in models.items()}
            rows += report(name, kind, interleave(runs, options.rounds, clock))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
