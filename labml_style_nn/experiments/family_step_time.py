r"""# Step time of the family

How long does a training step of each network take? [`family_budget`][] turns a budget
of processor time into a number of steps. So that a run stays reproducible, no clock
decides when it ends: the time of a step is measured once, beforehand, and recorded.

The networks take turns, one step each, so that other load on the machine affects all of
them alike; the median of the rounds is taken. A step is all that the
[training loop][training] does: it draws and augments a batch, computes the gradients,
moves the weights and their average. The time is processor time of one thread, in
seconds.

## Run it

```console
$ python -m labml_style_nn.experiments.family_step_time
```

It prints a table, and adds a line to `runs/family_step_time/results.jsonl`. `--folder`
says where the files of Fashion-MNIST are; without it they are downloaded.

## Results

Milliseconds for a step with 128 images, at 50,000 and at 200,000 parameters. The table
is made from the recorded line:

>>> print(table(recorded("family_step_time", "fashion-mnist")[0]))
              50,000  200,000
mixer        63.0 ms 203.6 ms
resmlp       59.3 ms 196.2 ms
gmlp         69.0 ms 221.6 ms
fnet         78.3 ms 214.9 ms
conv_mixer   95.9 ms 247.2 ms
poolformer   45.3 ms  91.1 ms
vit         135.6 ms 235.4 ms

These are times of these implementations on one processor, which had other work to do as
well; on another, not even the order need be the same. PoolFormer is the fastest, at the
same number of parameters: two of its four blocks, which have most of the parameters,
work on a map of 16 places, where the others have 49 or 50 tokens in every block.

## Example

>>> class Still:
...     def advance(self):
...         pass
>>> seconds({("mixer", 50_000): Still()}, range(3))["mixer"].keys()
dict_keys(['50000'])
"""

import argparse
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Protocol

import torch
from tqdm import tqdm

from labml_style_nn.experiments import records
from labml_style_nn.experiments.command import (
    Source,
    attempted,
    choose_arithmetic,
    choose_places,
    said,
)
from labml_style_nn.experiments.family_budget import (
    EXPERIMENT,
    FAMILY,
    PARAMETERS,
    build_model,
)
from labml_style_nn.experiments.image_datasets import image_task
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.layers.checks import check_positive

SETTINGS = EXPERIMENT.presets["fashion-mnist"]
COMMAND = "python -m labml_style_nn.experiments.family_step_time"


def trainers(source: Source) -> dict[tuple[str, int], Trainer]:
    """Make a trainer for each network at each size.

    **Raises.** `DataError` if the images cannot be loaded.
    """
    task, made = image_task(SETTINGS, source), {}
    for parameters in PARAMETERS:
        for model in FAMILY:
            chosen = replace(SETTINGS, model=model, parameters=parameters)
            made[model, parameters] = Trainer(build_model(chosen), task, chosen)
    return made


class Advances(Protocol):
    """What can be timed: it takes a step, as a [`Trainer`][] does."""

    def advance(self) -> None:
        """Take one step."""


def seconds(
    networks: Mapping[tuple[str, int], Advances], rounds: Iterable[int]
) -> dict[str, dict[str, float]]:
    """Time a step of each network: the median of rounds in which they take turns.

    Round 0 warms up and does not count.
    """
    times: dict[tuple[str, int], list[float]] = {name: [] for name in networks}
    for number in rounds:
        for name, trainer in networks.items():
            start = time.process_time()
            trainer.advance()
            if number:
                times[name].append(time.process_time() - start)
    found: dict[str, dict[str, float]] = {}
    for (model, parameters), values in times.items():
        found.setdefault(model, {})[str(parameters)] = round(median(values), 5)
    return found


def measure(source: Source, rounds: int) -> records.Record:
    """Measure the step time of all networks, and record the circumstances.

    **Raises.** `ValueError` for fewer than one round.
    """
    check_positive(rounds=rounds)
    choose_arithmetic(threads=1)
    turns = tqdm(range(rounds + 1), unit="round")
    found = seconds(trainers(source), turns)
    return {
        "experiment": "family_step_time",
        "seconds_per_step": found,
        "settings": {"data": SETTINGS.data, "rounds": rounds},
        **records.circumstances(torch.device("cpu")),
    }


def table(record: records.Record) -> str:
    """Write the step times as a table for a terminal, in milliseconds."""
    sizes = [str(parameters) for parameters in PARAMETERS]
    lines = [f"{'':11}" + "".join(f"{int(size):>9,}" for size in sizes)]
    for model, times in record["seconds_per_step"].items():
        cells = "".join(f"{1000 * times[size]:6.1f} ms" for size in sizes)
        lines.append(f"{model:11}{cells}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Measure the time of a training step of each network.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    about = "timed steps of each network"
    parser.add_argument("--rounds", type=int, default=30, help=about)
    choose_places(parser, out="runs/family_step_time")
    line = sys.argv[1:] if arguments is None else arguments

    def act() -> None:
        options = parser.parse_args(line)
        source = Source(options.folder, options.verify)
        record = said(COMMAND, options, line) | measure(source, options.rounds)
        records.add(options.out / "results.jsonl", record, key="settings")
        print(table(record))

    return attempted(act)


if __name__ == "__main__":
    sys.exit(main())
