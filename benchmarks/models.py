"""Time our models against other formulations of the same networks.

    python -m benchmarks.models --help
    python -m benchmarks.models mixer_s16 convmixer_768_32 vit_small_16

The contenders:

- `ours`: the model of `labml_style_nn.models`;
- `channels_last`: ours again, if it is a convolutional network, with image and weights
  in the memory format that keeps the channels of a place together;
- `plain`: the network as it is mostly written (`benchmarks/plain.py`);
- `timm`: timm's, where timm is installed (`pip install timm`).

All get the same weights and must agree on the output before anything is timed. The
table shows the medians and quartiles of the ratios of our times to each rival's (below
one: ours is faster). `benchmarks/timing.py` says how they are taken.
"""

import importlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import plain
from benchmarks.timing import CLOCKS, KINDS, Times, interleave, options, ratio
from labml_style_nn.pretrained import load_timm_weights
from tests.references.make_timm_counts import NAMES
from tests.references.torchvision_stand_in import install

TIMM_NAMES = {ours: timms for timms, ours in NAMES.items()}
IMAGE_SIZE = 224
OURS = ("ours", "channels_last")


@dataclass(frozen=True)
class Contest:
    """Where our model is, and the plain one."""

    module: str
    plain: Callable[[], nn.Module]
    convolutional: bool = False


def mixer(patch_size: int, *sizes: int) -> Contest:
    """Layers, dimension and both hidden widths."""
    return Contest("mlp_mixer", partial(plain.Mixer, IMAGE_SIZE, patch_size, *sizes))


def conv_mixer(activation: type[nn.Module], *sizes: int) -> Contest:
    """Patch size, layers, dimension and kernel size."""
    build = partial(plain.ConvMixer, *sizes, activation)
    return Contest("conv_mixer", build, convolutional=True)


def vit(patch_size: int, layers: int, dim: int, heads: int) -> Contest:
    """The MLP is four times as wide as the table."""
    sizes = patch_size, layers, dim, heads, 4 * dim
    return Contest("vit", partial(plain.ViT, IMAGE_SIZE, *sizes))


CONTESTS = {
    "mixer_s32": mixer(32, 8, 512, 256, 2048),
    "mixer_s16": mixer(16, 8, 512, 256, 2048),
    "mixer_b32": mixer(32, 12, 768, 384, 3072),
    "mixer_b16": mixer(16, 12, 768, 384, 3072),
    "mixer_l32": mixer(32, 24, 1024, 512, 4096),
    "mixer_l16": mixer(16, 24, 1024, 512, 4096),
    "convmixer_768_32": conv_mixer(nn.ReLU, 7, 32, 768, 7),
    "convmixer_1024_20": conv_mixer(nn.GELU, 14, 20, 1024, 9),
    "convmixer_1536_20": conv_mixer(nn.GELU, 7, 20, 1536, 9),
    "vit_tiny_16": vit(16, 12, 192, 3),
    "vit_small_32": vit(32, 12, 384, 6),
    "vit_small_16": vit(16, 12, 384, 6),
    "vit_base_32": vit(32, 12, 768, 12),
    "vit_base_16": vit(16, 12, 768, 12),
}


def contenders(name: str) -> dict[str, nn.Module]:
    """Build the models, with the same weights."""
    contest = CONTESTS[name]
    module = importlib.import_module(f"labml_style_nn.models.{contest.module}")
    models = {"plain": contest.plain()}
    weights = models["plain"].state_dict()
    for mine in OURS if contest.convolutional else OURS[:1]:
        models[mine] = getattr(module, name)()
        load_timm_weights(models[mine], weights)
    if contest.convolutional:
        models["channels_last"].to(memory_format=torch.channels_last)
    if timm := timm_or_none():
        models["timm"] = timm.create_model(TIMM_NAMES[name], num_classes=1000)
        models["timm"].load_state_dict(weights)
    return models


def timm_or_none() -> Any:
    """Import timm, with a stand-in for torchvision where only that is missing."""
    install()
    try:
        return importlib.import_module("timm")
    except ModuleNotFoundError:
        return None


def read_by(name: str, image: Tensor) -> Tensor:
    """The image in the memory format that a contender wants."""
    last = torch.channels_last
    return image.contiguous(memory_format=last) if name == "channels_last" else image


def check_agreement(models: dict[str, nn.Module], image: Tensor) -> None:
    """Refuse to compare models that compute different things."""
    with torch.no_grad():
        expected = models["plain"].eval()(image)
        for name, model in models.items():
            found = model.eval()(read_by(name, image))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def copied(
    make: Callable[[nn.Module, Tensor, Tensor], Callable[[], None]],
    model: nn.Module,
    image: Tensor,
    label: Tensor,
) -> Callable[[], None]:
    """Make what is timed, of a copy of the model."""
    return make(deepcopy(model), image, label)


def report(name: str, kind: str, times: Times) -> list[dict[str, object]]:
    """Print and return our time as a ratio to each rival's."""
    rows: list[dict[str, object]] = []
    pairs = [(mine, other) for mine in times if mine in OURS for other in times]
    for mine, rival in pairs:
        if rival == mine or (mine, rival) == OURS:
            continue
        middle, low, high = ratio(times, mine, rival)
        milliseconds = {key: 1000 * median(times[key]) for key in (mine, rival)}
        print(
            f"{name:17} {kind:8} {mine:>13} / {rival:6}"
            f" {middle:5.3f}  [{low:.3f}, {high:.3f}]"
            f"   {milliseconds[mine]:8.1f} / {milliseconds[rival]:.1f} ms",
            flush=True,
        )
        rows.append(
            {"model": name, "kind": kind, "ours": mine, "rival": rival}
            | {"ratio": middle, "quartiles": [low, high], "milliseconds": milliseconds}
        )
    return rows


def main() -> None:
    """Parse the options and run the rounds."""
    parser = options(__doc__, batch=8, rounds=15)
    names = ("mixer_s16", "convmixer_1024_20", "vit_small_16")
    parser.add_argument("models", nargs="*", default=names, metavar="MODEL")
    parser.add_argument("--json", help="also write the figures to this file")
    given = parser.parse_args()
    if unknown := set(given.models) - CONTESTS.keys():
        parser.error(f"no model {', '.join(unknown)}; there are {', '.join(CONTESTS)}")

    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, batch {given.batch}, threads {given.threads}")
    print(f"{'model':17} {'kind':8} ratio of                median  quartiles")
    rows: list[dict[str, object]] = []
    for name in given.models:
        models = contenders(name)
        image = torch.randn(given.batch, 3, IMAGE_SIZE, IMAGE_SIZE)
        label = torch.randint(1000, (given.batch,))
        check_agreement(models, image)
        for kind, make in KINDS.items():
            makers = {
                key: partial(copied, make, model, read_by(key, image), label)
                for key, model in models.items()
            }
            times = interleave(makers, given.rounds, CLOCKS[given.clock])
            rows += report(name, kind, times)
    if given.json:
        with open(given.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
