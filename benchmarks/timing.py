"""Time functions against each other on a machine that does other things, too.

Every round times each function once, in an order drawn anew, and gives one ratio for
each pair; after some rounds the functions are made anew. Medians and quartiles of these
ratios are what is reported. A load on the machine that comes and goes strikes all of
them alike, so the ratios keep still where the times do not. What is timed is the
processor time of this process, unless `--clock wall` asks for the clock on the wall,
which is the right one for several threads on an idle machine.
"""

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
Times = Mapping[str, Sequence[float]]


def options(
    description: str | None, batch: int, rounds: int
) -> argparse.ArgumentParser:
    """The options that all benchmarks of networks have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--batch", type=int, default=batch, help="images in a batch")
    add("--rounds", type=int, default=rounds, help="timings of each")
    add("--threads", type=int, default=1, help="threads torch may use")
    add("--clock", choices=CLOCKS, default="cpu", help="what is timed")
    return parser


def forward_pass(model: nn.Module, image: Tensor, _label: Tensor) -> Callable[[], None]:
    """Make the function that runs the model once, without gradients."""

    def run() -> None:
        model.eval()
        with torch.no_grad():
            model(image)

    return run


def training_step(model: nn.Module, image: Tensor, label: Tensor) -> Callable[[], None]:
    """Make the function that takes one step of training."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def run() -> None:
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(image), label).backward()
        optimizer.step()

    return run


KINDS = {"forward": forward_pass, "training": training_step}


def interleave(
    makers: Mapping[str, Callable[[], Callable[[], None]]],
    rounds: int,
    clock: Callable[[], float],
    sets: int = 5,
) -> dict[str, list[float]]:
    """Time a function of each maker once a round, in an order drawn anew.

    Where in memory a network happens to lie can make it several per cent slower, for as
    long as it lies there. So the functions are made anew for each of some sets of
    rounds, also in an order drawn anew.
    """
    order, draw = list(makers), random.Random(0)
    times: dict[str, list[float]] = {name: [] for name in makers}
    for number in range(sets):
        draw.shuffle(order)
        runs = {name: makers[name]() for name in order}
        for run in runs.values():
            run()
        for _ in range(number, rounds, sets):
            # What ran before leaves its traces in the caches. So none has a fixed
            # predecessor.
            draw.shuffle(order)
            for name in order:
                start = clock()
                runs[name]()
                times[name].append(clock() - start)
        # Or else this set's networks would still lie where the next one's could.
        runs.clear()
    return times


def ratio(times: Times, of: str, to: str) -> tuple[float, float, float]:
    """The ratios of each round: their median, their lower and their upper quartile."""
    pairs = zip(times[of], times[to], strict=True)
    low, middle, high = quantiles([mine / other for mine, other in pairs], n=4)
    return middle, low, high
