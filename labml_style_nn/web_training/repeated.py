r"""# The same from ten seeds

A run answers 360 test digits, so one mistake more or less is 0.3 %, and from one seed
to another there are several. What the page says of small differences is therefore
measured with ten seeds each: for the Mixer, for two other networks, and for the Mixer
with other digits. Nothing was chosen by these results.

    python -m labml_style_nn.web_training.repeated

writes a line of JSON for each run beside this file. It goes on where it was stopped.

## Example

The test accuracy after all epochs, in per cent: the mean of the seeds, the standard
deviation, the lowest and the highest.

>>> for name in NAMES:
...     numbers = " ".join(f"{number:4.1f}" for number in spread(name))
...     print(f"{name:16} {numbers}")
default          97.4  0.9 96.1 98.9
untied           98.4  0.8 96.4 99.2
narrow           93.9  1.4 91.4 95.6
shuffled_pixels  95.7  1.2 94.4 97.2
digits_100       80.9  1.9 77.5 82.5
digits_400       93.2  1.1 91.1 94.7

Untied token mixing is ahead above all at the beginning, after one epoch and after two:

>>> for name in ("default", "untied"):
...     runs = [run for run in records.read(FILE) if run["variant"] == name]
...     early = [[run["accuracy"][epoch] for run in runs] for epoch in (1, 2)]
...     print(name, [f"{statistics.mean(some):.0%}" for some in early])
default ['75%', '91%']
untied ['93%', '96%']
"""

import statistics
import time
from itertools import islice, product
from pathlib import Path

import torch

from labml_style_nn.experiments import records
from labml_style_nn.experiments.records import Record
from labml_style_nn.web_training.loop import given, steps
from labml_style_nn.web_training.record import EPOCHS, STEPS_IN_EPOCH, TRAINING, share
from labml_style_nn.web_training.variants import VARIANTS

FILE = Path(__file__).with_name("repeated.jsonl")
SEEDS = range(10)
NAMES = (
    *("default", "untied", "narrow"),
    *("shuffled_pixels", "digits_100", "digits_400"),
)


def accuracies(name: str) -> list[float]:
    """The recorded test accuracies of a variant, a share for each seed."""
    return [
        run["test_accuracy"] for run in records.read(FILE) if run["variant"] == name
    ]


def spread(name: str) -> tuple[float, float, float, float]:
    """Mean, standard deviation, lowest and highest test accuracy, in per cent."""
    found = [100 * share for share in accuracies(name)]
    return statistics.mean(found), statistics.stdev(found), min(found), max(found)


def record(name: str, seed: int) -> Record:
    """Train a variant from a seed as the page does, and test it after each epoch."""
    variant, worked = VARIANTS[name], time.process_time()
    _, held_out = given(name)
    # Each step tells the weights before it, so those after the last one too are told.
    states = islice(steps(name, seed), 0, EPOCHS * STEPS_IN_EPOCH + 1, STEPS_IN_EPOCH)
    accuracy = [round(share(variant, weights, held_out), 4) for _, weights in states]
    return {
        "run": f"{name} {seed}",
        "variant": name,
        "test_accuracy": accuracy[-1],
        "accuracy": accuracy,
        "cpu_seconds": round(time.process_time() - worked, 1),
        "command": "python -m labml_style_nn.web_training.repeated",
        "seed": seed,
        "settings": variant.settings | TRAINING,
        **records.circumstances(torch.device("cpu")),
    }


def main() -> None:
    """Record what is not recorded yet, each seed with all variants."""
    torch.set_num_threads(1)
    done = {run["run"] for run in records.read(FILE)} if FILE.exists() else set()
    for seed, name in product(SEEDS, NAMES):
        if f"{name} {seed}" not in done:
            records.add(FILE, record(name, seed), "run")


if __name__ == "__main__":
    main()
