"""# The recorded runs

Who cannot train in the browser sees what came of it here: one run of each variant, in
PyTorch, from the seed 0, as the page would do it.

    python -m labml_style_nn.browser.record

makes them anew and writes them beside this file, with all circumstances: command,
settings, seed, versions, machine, and the time each took. It takes a few minutes.
"""

import json
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from labml_style_nn.browser.loop import steps
from labml_style_nn.browser.manifest import BATCH, EPS, LR, WEIGHT_DECAY
from labml_style_nn.browser.training_step import scaled
from labml_style_nn.browser.variants import VARIANTS, Variant
from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images
from labml_style_nn.experiments.records import circumstances

FILE = Path(__file__).with_name("recorded.json")
SEED, EPOCHS, STEPS_IN_EPOCH = 0, 15, 22
TRAINING = {
    "epochs": EPOCHS,
    "batch_size": BATCH,
    "learning_rate": LR,
    "weight_decay": WEIGHT_DECAY,
    "eps": EPS,
}


def recorded() -> dict[str, Any]:
    """What was recorded, by the name of the variant."""
    runs: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return runs


def record(variant: Variant) -> dict[str, Any]:
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
        "loss": losses[:-1],
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - began, 1),
        "command": "python -m labml_style_nn.browser.record",
        "seed": SEED,
        "settings": variant.settings | TRAINING,
        **circumstances(torch.device("cpu")),
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
    runs = {name: record(variant) for name, variant in VARIANTS.items()}
    FILE.write_text(json.dumps(runs) + "\n", "utf-8")


if __name__ == "__main__":
    main()
