"""Measure how many images the members of the family read in a second.

    python -m benchmarks.family
    python -m benchmarks.family --rounds 5 --batch 2

Each member in the size of about 20 million parameters that its paper, or timm, gives
it, at 224 pixels and 1000 classes; FNet, which is a network for text, in the widths of
ViT-S/16. Those that keep pictures rather than tables (ConvMixer, PoolFormer) run twice:
as they are built, and in the memory format `channels_last`.

All are timed in turns, as `benchmarks/timing.py` says, so that what counts is each
one's *ratio* to the Mixer, which hardly depends on the machine's load. The figures are
kept as lines of JSON, one for each member and format, with all that they were made
with, in `labml_style_nn/experiments/results/family_throughput.jsonl`.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

import labml_style_nn
from benchmarks.timing import CLOCKS, KINDS, Times, interleave, options, ratio
from labml_style_nn.experiments import records
from labml_style_nn.models.conv_mixer import convmixer_768_32
from labml_style_nn.models.fnet import FNet
from labml_style_nn.models.gmlp import gmlp_s16
from labml_style_nn.models.mlp_mixer import mixer_s16
from labml_style_nn.models.poolformer import poolformer_s24
from labml_style_nn.models.resmlp import resmlp_12
from labml_style_nn.models.vit import vit_small_16
from labml_style_nn.proofs.cost import multiply_adds, parameters

PACKAGE = Path(labml_style_nn.__file__).parent
RESULTS = PACKAGE / "experiments" / "results" / "family_throughput.jsonl"
IMAGE_SIZE, NUM_CLASSES = 224, 1000
MIXER = "MLP-Mixer-S/16"
CHANNELS_LAST = ", channels_last"

fnet_s16 = partial(
    FNet,
    image_size=IMAGE_SIZE,
    patch_size=16,
    num_classes=NUM_CLASSES,
    num_layers=12,
    hidden_dim=384,
    channels_mlp_dim=1536,
)
FAMILY: dict[str, Callable[[], nn.Module]] = {
    MIXER: mixer_s16,
    "ResMLP-S12": resmlp_12,
    "gMLP-S/16": gmlp_s16,
    "FNet, for images": fnet_s16,
    "PoolFormer-S24": poolformer_s24,
    "ConvMixer-768/32": convmixer_768_32,
    "ViT-S/16": vit_small_16,
}
PICTURES = ("PoolFormer-S24", "ConvMixer-768/32")


def makers(kind: str, batch: int) -> dict[str, Callable[[], Callable[[], None]]]:
    """What makes what is timed: of each member, and of those with pictures twice."""
    image = torch.randn(batch, 3, IMAGE_SIZE, IMAGE_SIZE)
    label = torch.randint(NUM_CLASSES, (batch,))

    def make(name: str, layout: torch.memory_format) -> Callable[[], None]:
        model = FAMILY[name]().to(memory_format=layout)
        return KINDS[kind](model, image.contiguous(memory_format=layout), label)

    made = {name: partial(make, name, torch.contiguous_format) for name in FAMILY}
    for name in PICTURES:
        made[name + CHANNELS_LAST] = partial(make, name, torch.channels_last)
    return made


def figures(times: Times, name: str, batch: int) -> records.Record:
    """The images of a second, and how many more than the Mixer reads."""
    # Twice the images in a second is half the time.
    middle, low, high = ratio(times, MIXER, name)
    return {
        "images_per_second": round(batch / median(times[name]), 2),
        "ratio": round(middle, 3),
        "quartiles": [round(low, 3), round(high, 3)],
    }


def costs(name: str) -> records.Record:
    """What a member costs by count."""
    with torch.device("meta"):
        model = FAMILY[name]()
    work = multiply_adds(model, 1, 3, IMAGE_SIZE, IMAGE_SIZE)
    return {"parameters": parameters(model), "multiply_adds": work}


def main() -> None:
    """Measure, print, write the records."""
    given = options(__doc__, batch=4, rounds=9).parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    settings = {"image_size": IMAGE_SIZE, **vars(given)}
    command = " ".join(["python -m benchmarks.family", *sys.argv[1:]])
    measured = {
        kind: interleave(makers(kind, given.batch), given.rounds, CLOCKS[given.clock])
        for kind in KINDS
    }
    around = records.circumstances(torch.device("cpu"))
    rows = []
    for name in measured["forward"]:
        row = {"member": name.removesuffix(CHANNELS_LAST)}
        row["channels_last"] = name.endswith(CHANNELS_LAST)
        row |= costs(row["member"])
        row |= {kind: figures(measured[kind], name, given.batch) for kind in KINDS}
        rows.append(row | {"command": command, "settings": settings, **around})
        described = (
            f"{row[kind]['images_per_second']:7.2f} images/s {row[kind]['ratio']:6.3f}"
            f" {row[kind]['quartiles']}"
            for kind in KINDS
        )
        print(f"{name:32}", *described, sep="   ")
    records.write(RESULTS, rows)


if __name__ == "__main__":
    main()
