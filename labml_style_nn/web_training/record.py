"""# The recorded runs

Who cannot train in the browser sees what came of it here: one run of each variant, in
PyTorch, from the seed 0, as the page would do it.

    python -m labml_style_nn.web_training.record

makes them anew, in a few minutes, and writes a line of JSON for each beside this file,
with all circumstances: command, settings, seed, versions, machine, and the time it
took. With the names of variants, it makes those alone.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.func import functional_call

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import records
from labml_style_nn.experiments.records import Record
from labml_style_nn.web_training.loop import given, steps
from labml_style_nn.web_training.manifest import BATCH, EPS, LR, WEIGHT_DECAY
from labml_style_nn.web_training.training_step import scaled
from labml_style_nn.web_training.variants import VARIANTS, Variant

FILE = Path(__file__).with_name("recorded.jsonl")
COMMAND = "python -m labml_style_nn.web_training.record"
SEED, EPOCHS, STEPS_IN_EPOCH = 0, 15, 22
TRAINING = {
    "epochs": EPOCHS,
    "batch_size": BATCH,
    "learning_rate": LR,
    "weight_decay": WEIGHT_DECAY,
    "eps": EPS,
}


def recorded() -> dict[str, Record]:
    """What was recorded, by the name of the variant."""
    return {run["variant"]: run for run in records.read(FILE)}


def record(variant: Variant) -> Record:
    """Train a variant: the loss of each step, the right answers after each epoch."""
    _, held_out = given(variant.name)
    began, worked = time.perf_counter(), time.process_time()
    losses: list[float] = []
    accuracy: list[float] = []
    run = steps(variant.name, SEED)
    for number in range(EPOCHS * STEPS_IN_EPOCH + 1):
        loss, weights = next(run)
        if number % STEPS_IN_EPOCH == 0:
            accuracy.append(round(share(variant, weights, held_out), 4))
        losses.append(round(loss, 4))
    return {
        "variant": variant.name,
        "loss": losses[:-1],
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
        "command": f"{COMMAND} {variant.name}",
        "seed": SEED,
        "settings": variant.settings | TRAINING,
        **records.circumstances(torch.device("cpu")),
    }


def share(variant: Variant, weights: dict[str, Tensor], held_out: Images) -> float:
    """The share of the held-out digits that some weights read rightly."""
    with torch.no_grad():
        images = scaled(held_out.images)
        logits = functional_call(variant.build(), weights, (images,))
    return float((logits.argmax(dim=1) == held_out.labels).float().mean())


def main() -> None:
    """Record every variant, or those that are named, one after another."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="all, if none")
    names = parser.parse_args().variants
    if unknown := set(names) - VARIANTS.keys():
        parser.error(
            f"{', '.join(unknown)}: no variant; there are {', '.join(VARIANTS)}"
        )
    torch.set_num_threads(1)
    # Each is written when it is done: whoever stops here keeps the others.
    for name in names or VARIANTS:
        records.add(FILE, record(VARIANTS[name]), "variant")


if __name__ == "__main__":
    main()
