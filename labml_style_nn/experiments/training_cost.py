r"""# The cost of a training run

Before a long training run comes an estimate: how many hours, on how many GPUs? It needs
one measurement, the *throughput* $R$ of the target machine, and one division. $E$
epochs of $N$ images take

$$T = \frac{E N}{R}.$$

## Measure the throughput

```console
$ python -m labml_style_nn.experiments.training_cost --batch-size 8
$ torchrun --nproc-per-node 8 -m labml_style_nn.experiments.training_cost \
      --batch-size 4096 --precision bfloat16 --folder imagenet --workers 12
```

The command takes some steps of [`folder_images`][] on random images and prints $R$ and
$T$. It computes all that a step of that training does, the optimiser, the average of
the weights and the sum over all processes included. With `--folder` it also measures
how many images are read: the slower of the two decides. Start it as the training will
be started. The throughput is that of all processes together.

The median of the steps counts, after two that warm up. One process with one thread is
timed by its own processor time, which other programs on the machine hardly disturb;
everything else in wall-clock time.

## Notation

- $T$, `seconds`: how long the training takes
- $E$, `epochs`: the number of epochs
- $N$, `images`: the training images
- $R$, `images_per_second`: the throughput, in images per second
- $P$, `parameters`: the parameters of the network

## From one core to the authors' machine

The throughput of seven networks on one processor core is on record, from a benchmark
that takes steps of training at 224 pixels, in float32 and with four images in a batch
(`benchmarks/family.py`). For Mixer-S/16, in images per second:

>>> speed = on_record("MLP-Mixer-S/16")["training"]["images_per_second"]
>>> speed
6.34

How long would the recipe of [`folder_images`][] take with it? ImageNet has 1,281,167
training images, of which its authors train on 99 %, for 300 epochs:

>>> images, epochs = round(0.99 * 1_281_167), 300
>>> told_time(training_time(images, epochs, speed))
'1.9 years'

A larger network is slower. The backward pass computes a gradient for what each layer
reads and one for its weights, so a step costs about three times the *MACs* of a forward
pass ([`mlp_mixer`][] counts them), whatever the size. Their ratio says roughly how the
throughput changes. For Mixer-B/16 that is an estimate and no measurement:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> def macs(name):
...     with torch.device("meta"):
...         model, x = NETWORKS[name](image_size=224), torch.empty(1, 3, 224, 224)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     return counter.get_total_flops() / 2
>>> ratio = macs("mixer_b16") / macs("mixer_s16")
>>> f"{ratio:.1f} times the MACs, {speed / ratio:.1f} images per second"
'3.3 times the MACs, 1.9 images per second'
>>> told_time(training_time(images, epochs, speed / ratio))
'6.3 years'

The authors report 2 hours and 11 minutes for Mixer-B/16 on a TPU v3-128 (the header of
`mlp_mixer_i1k.py` in [big_vision](https://github.com/google-research/big_vision)). Read
backwards, the formula gives the throughput of that machine, and how many times the core
it is:

>>> theirs = images * epochs / (2 * 3600 + 11 * 60)
>>> f"{theirs:,.0f} images per second, {theirs * ratio / speed:,.0f} times the core"
'48,410 images per second, 25,476 times the core'

What a GPU does was not measured here: the command measures it on yours.

## Memory

A parameter takes 4 bytes, its gradient 4, and the two averages of Adam 8; the average
of the weights takes 4 more. Whatever the batch, that makes $20 P$ bytes:

>>> for name in ("mixer_s16", "mixer_b16", "mixer_l16", "mixer_h14"):
...     with torch.device("meta"):
...         model = NETWORKS[name](image_size=224)
...     parameters = sum(weight.numel() for weight in model.parameters())
...     print(f"{name}: {20 * parameters / 1e9:.1f} GB")
mixer_s16: 0.4 GB
mixer_b16: 1.2 GB
mixer_l16: 4.2 GB
mixer_h14: 8.6 GB

With several processes, $4 P$ more hold the gradients on their way between them. So the
state of every Mixer of the paper fits on a GPU of 16 GB, and to divide the batch is
enough. To divide the weights as well (FSDP) is for larger networks. The activations
come on top. They grow with the batch: if it does not fit, take a smaller one or more
GPUs.

## Example

>>> images, epochs = 1_281_167, 300
>>> told_time(training_time(images, epochs, images_per_second=1000))
'4.4 days'
>>> told_time(90), told_time(7200), told_time(3e6), told_time(1e9)
('1.5 minutes', '2.0 hours', '34.7 days', '31.7 years')
>>> tiny = {"network": "mixer_tiny", "image_size": 32, "batch_size": 4}
>>> settings = replace(IMAGENET, **tiny, warmup_epochs=0)
>>> task = SameBatch(settings, Processes())
>>> images, labels = task.batch(step=0)
>>> torch.equal(task.part(step=1, processes=Processes())[0], images)
True
>>> task.loss(build_model(settings), (images, labels)).number
4
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from labml_style_nn.data.image_folder import list_images
from labml_style_nn.experiments import records
from labml_style_nn.experiments.classification import compared
from labml_style_nn.experiments.command import attempted, choose_arithmetic, said
from labml_style_nn.experiments.distributed import Processes, started
from labml_style_nn.experiments.folder_images import (
    IMAGENET,
    NETWORKS,
    Crops,
    Key,
    Settings,
    build_model,
    prepare,
)
from labml_style_nn.experiments.training import Sums, Trainer
from labml_style_nn.layers.checks import check_positive

# Steps that are not timed.
WARM_UP = 2

# ## The arithmetic


def training_time(images: int, epochs: int, images_per_second: float) -> float:
    r"""Compute $T = E N / R$, in seconds.

    **Raises.** `ValueError` for a throughput that is not above zero.
    """
    if not images_per_second > 0:
        raise ValueError(f"a throughput must be above 0, got {images_per_second}")
    return images * epochs / images_per_second


UNITS = {"years": 365 * 86400, "days": 86400, "hours": 3600, "minutes": 60}


def told_time(seconds: float) -> str:
    """Say a time in the largest unit of which there is at least one."""
    for unit, length in UNITS.items():
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} seconds"


# ## The measurement


class SameBatch:
    """## A task without reading

    The same random images in each step. They wait on the device of the process, so that
    the time is that of computing.
    """

    def __init__(self, settings: Settings, processes: Processes) -> None:
        self.steps_per_epoch = 1
        size, count = settings.image_size, settings.batch_size
        images = torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8)
        labels = torch.randint(settings.num_classes, (count,))
        self.share = processes.share((images, labels))

    def part(self, step: int, processes: Processes) -> tuple[Tensor, ...]:
        """Give the share of the process, which is the same in each step."""
        return self.share

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Give the same for a process that is alone."""
        return self.share

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Sums:
        """Compute the cross-entropy, as the training does."""
        images, labels = batch
        return compared(model(prepare(images)), labels, 0.0)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """There is nothing to evaluate."""
        return {}

    test = evaluate


def clock_of(alone: bool) -> Callable[[], float]:
    """Choose the clock: the processor's for one process with one thread, or the wall's.

    A GPU is waited for before the clock is read.
    """

    def read() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.process_time() if alone else time.perf_counter()

    return read


def seconds_each(act: Callable[[], object], steps: int, alone: bool) -> float:
    """Time an act: the median of some, after others that warm up."""
    clock, times = clock_of(alone), []
    for _ in range(steps + WARM_UP):
        start = clock()
        act()
        times.append(clock() - start)
    return median(times[WARM_UP:])


def training_rate(settings: Settings, steps: int, processes: Processes) -> float:
    """Measure how many images in a second all processes together learn from."""
    task = SameBatch(settings, processes)
    trainer = Trainer(build_model(settings), task, settings, processes)
    alone = is_alone(processes) and processes.device.type == "cpu"
    return settings.batch_size / seconds_each(trainer.advance, steps, alone)


def reading_rate(
    settings: Settings, folder: Path, steps: int, processes: Processes, workers: int
) -> float:
    """Measure how many images in a second all processes together read and cut.

    A folder with few images is soon in the memory of the machine, and read from there:
    measure with the folder that you will train on.

    **Raises.** `DataError` for a folder that is laid out otherwise, or an image
    that is broken.
    """
    paths = list_images(folder / "train").paths
    count = -(-settings.batch_size // processes.count)
    # Workers read a batch each, all at once, and so batches come in rounds. One round
    # warms up.
    rounds = max(workers, 1)
    keys: list[list[Key]] = []
    for step in range((steps + 1) * rounds):
        first = (step * processes.count + processes.rank) * count
        keys.append([(0, n % len(paths)) for n in range(first, first + count)])
    batches = Crops(paths, settings).read(keys, workers)
    clock = clock_of(is_alone(processes) and not workers)
    for _ in range(rounds):
        next(batches)
    start = clock()
    for _ in range(steps * rounds):
        next(batches)
    return settings.batch_size * steps * rounds / (clock() - start)


def is_alone(processes: Processes) -> bool:
    """Whether one process with one thread does all of the work."""
    return processes.count == 1 and torch.get_num_threads() == 1


# ## The command

COMMAND = "python -m labml_style_nn.experiments.training_cost"


def command_line() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Measure the throughput of a training, and say how long it takes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--network", choices=list(NETWORKS), default="mixer_b16", help="the network")
    add("--image-size", type=int, default=224, help="side of the images, in pixels")
    about = "images in a step, of all processes together"
    add("--batch-size", type=int, default=64, help=about)
    precisions = ("float32", "bfloat16", "float16")
    about = "precision of matrix products"
    add("--precision", choices=precisions, default="float32", help=about)
    add("--images", type=int, default=1_281_167, help="N: training images")
    add("--epochs", type=int, default=300, help="E: epochs")
    add("--steps", type=int, default=5, help="steps that are timed")
    add("--folder", type=Path, help="measure reading, too: the folder with train/")
    about = "processes that read ahead, for each that trains"
    add("--workers", type=int, default=0, help=about)
    about = "where to compute; auto: a GPU if there is one"
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help=about)
    about = "CPU threads of a process; 0: as many as PyTorch likes"
    add("--threads", type=int, default=1, help=about)
    add("--out", type=Path, default="runs/training_cost", help="the folder for results")
    add("--note", default="", help="a sentence that the record is to have")
    return parser


def measure(options: argparse.Namespace, processes: Processes) -> records.Record:
    """Measure what is asked for, and say under what circumstances."""
    check_positive(steps=options.steps, images=options.images, epochs=options.epochs)
    choose_arithmetic(options.threads)
    names = ("network", "image_size", "batch_size", "precision")
    chosen = {name: getattr(options, name) for name in names}
    settings = replace(IMAGENET, warmup_epochs=0, **chosen)
    record: records.Record = {
        "images_per_second": training_rate(settings, options.steps, processes)
    }
    if options.folder:
        record["read_per_second"] = reading_rate(
            settings, options.folder, options.steps, processes, options.workers
        )
    with torch.device("meta"):
        model = build_model(settings)
    return {
        **{name: round(rate, 3) for name, rate in record.items()},
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "steps": options.steps,
        "workers": options.workers,
        "settings": {name: asdict(settings)[name] for name in names},
        "processes": processes.count,
        **records.circumstances(processes.device),
    }


def described(record: records.Record) -> str:
    """Say in a line what was measured."""
    chosen = record["settings"]
    parts = [
        f"{chosen['network']}, {chosen['image_size']} pixels",
        f"batch {chosen['batch_size']}, {chosen['precision']}",
        f"{record['images_per_second']:,.2f} images/s",
    ]
    if "read_per_second" in record:
        parts.append(f"{record['read_per_second']:,.0f} read")
    return ", ".join(parts)


def planned(record: records.Record, images: int, epochs: int) -> str:
    """Say in a line how long the training would take."""
    rates = [record[name] for name in record if name.endswith("_per_second")]
    needed = told_time(training_time(images, epochs, min(rates)))
    return f"{epochs} epochs of {images:,} images: {needed}"


def on_record(member: str) -> records.Record:
    """Read what a benchmark on one processor core measured of a network.

    **Raises.** `StopIteration` if it was not measured.
    """
    folder = resources.files("labml_style_nn.experiments") / "results"
    measured = records.read(folder / "family_throughput.jsonl")
    return next(record for record in measured if record["member"] == member)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status, as shells count it."""
    line = sys.argv[1:] if arguments is None else arguments

    def act() -> None:
        options = command_line().parse_args(line)
        told = said(COMMAND, argparse.Namespace(verify=True, **vars(options)), line)
        del told["verified"]
        with started(options.device) as processes:
            record = {"experiment": "training_cost", **told}
            record |= measure(options, processes)
            if processes.first:
                records.add(options.out / "results.jsonl", record, key="command")
                print(described(record))
                print(planned(record, options.images, options.epochs))

    return attempted(act)


if __name__ == "__main__":
    sys.exit(main())
