"""# The recorded runs

Who cannot train in the browser sees what came of it here: one run of each variant, in
PyTorch, from the seed 0, as the page would do it.

    python -m labml_style_nn.browser.record

makes them anew, in a few minutes, and writes a line of JSON for each beside this file,
with all circumstances: command, settings, seed, versions, machine, and the time it
took.
"""

import time
from pathlib import Path

import torch
from torch import Tensor
from torch.func import functional_call

from labml_style_nn.browser.loop import steps
from labml_style_nn.browser.manifest import BATCH, EPS, LR, WEIGHT_DECAY
from labml_style_nn.browser.training_step import scaled
from labml_style_nn.browser.variants import VARIANTS, Variant
from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images
from labml_style_nn.experiments import records
from labml_style_nn.experiments.records import Record

FILE = Path(__file__).with_name("recorded.jsonl")
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
    _, held_out = split_digits(seed=0)
    began = time.perf_counter()
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
        "command": "python -m labml_style_nn.browser.record",
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
    """Record every variant, one after another."""
    torch.set_num_threads(1)
    # Each is written when it is done: whoever stops here keeps the others.
    for variant in VARIANTS.values():
        records.add(FILE, record(variant), "variant")


if __name__ == "__main__":
    main()
