r"""# A run

A [`Trainer`][] in a folder. What it has reached is saved there, so it may be stopped at
any time: the same run goes on from where it was, to exactly the same weights.

In the folder lie

- `checkpoint.pt`, written after every epoch, and when the run is stopped;
- `epochs.jsonl`: what each epoch reported, a line of JSON each;
- `events.out.tfevents…`: the same for [TensorBoard][experiments.tensorboard].

## Stopping

Ctrl-C sends a signal, and by default Python stops wherever it is: half of the weights
may have been moved, and the other half not. So here the signal only leaves a note. The
step is finished, the state is saved, and then the run ends. A second Ctrl-C does not
wait. With several processes, all of them stop at the same step.

A run that is killed without a signal, or by a power cut, goes on from the last epoch.

## Time

Time on the wall depends on what else the machine is doing. CPU time does not, much: it
counts what all threads of all processes worked. Both are kept.

## Example

>>> import tempfile
>>> from torch import nn
>>> from labml_style_nn.data.digits import split_digits
>>> from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
>>> recipe = ImageRecipe(epochs=2, warmup_epochs=1, ema_decay=0.9)
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
>>> with tempfile.TemporaryDirectory() as folder:
...     trainer = Trainer(model, ImageTask(*split_digits(seed=0), recipe), recipe)
...     run = Run(trainer, Path(folder))
...     run.train(quiet=True)
>>> [entry["epoch"] for entry in run.history]
[1, 2]
"""

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from signal import SIGINT, SIGTERM
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from labml_style_nn.experiments import records
from labml_style_nn.experiments.checkpoint import (
    load_checkpoint,
    save_checkpoint,
    understood,
)
from labml_style_nn.experiments.tensorboard import TensorBoardWriter
from labml_style_nn.experiments.training import Trainer


class Stopped(Exception):  # noqa: N818
    """## When a run was stopped

    All is saved. The message says where, and how to go on.
    """


class Run:
    """## The run

    If the folder holds a checkpoint of the same settings, the run is where that
    checkpoint was.

    **Raises.** [`CheckpointError`][] if the checkpoint is broken or of other settings.
    """

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        self.trainer, self.folder = trainer, folder
        self.processes = trainer.processes
        self.settings = asdict(trainer.recipe)
        self.history: list[records.Record] = []
        # Seconds so far: on the wall, and of the CPUs of all processes.
        self.seconds = torch.zeros(2, dtype=torch.float64)
        self.clock = clock()
        if (folder / "checkpoint.pt").exists():
            self.load()

    def train(self, quiet: bool = False) -> None:
        """Take the steps that are missing.

        **Raises.** [`Stopped`][] after Ctrl-C; [`DivergedError`][] if the loss stops
        being a number; `OSError` if the folder cannot be had, before the first step.
        """
        trainer, self.clock = self.trainer, clock()
        if self.processes.first:
            self.folder.mkdir(parents=True, exist_ok=True)
        board = TensorBoardWriter(self.folder if self.processes.first else None)
        with noted_signals() as signals, self.bar(quiet) as bar, closing(board):
            while trainer.step < trainer.steps:
                trainer.advance()
                bar.update()
                if trainer.step % trainer.task.steps_per_epoch == 0:
                    entry = self.end_epoch()
                    board.write(trainer.step, entry)
                    bar.set_postfix_str(told(entry))
                if self.processes.any(bool(signals)):
                    self.stop()

    def end_epoch(self) -> records.Record:
        """Note what the epoch came to, and save."""
        trainer = self.trainer
        entry: records.Record = {
            "epoch": trainer.step // trainer.task.steps_per_epoch,
            **trainer.report()._asdict(),
        }
        # One process measures, and the others wait for it at their next step.
        if self.processes.first:
            entry |= trainer.task.evaluate(trainer.average)
        self.history.append(entry)
        self.save()
        return entry

    def stop(self) -> None:
        """Save where the run is, between two epochs or within one, and say so."""
        self.save()
        trainer = self.trainer
        raise Stopped(
            f"stopped after step {trainer.step} of {trainer.steps}; saved in "
            f"{self.folder}, and the same command goes on from there"
        )

    def save(self) -> None:
        """Write down where the run is."""
        now = clock()
        wall, cpu = (now - self.clock).tolist()
        cpu = self.processes.total(torch.tensor(cpu)).item()
        self.seconds += torch.tensor([wall, cpu])
        self.clock = now
        if not self.processes.first:
            return
        state = {
            "settings": self.settings,
            "training": self.trainer.state_dict(),
            "history": self.history,
            "seconds": self.seconds,
        }
        save_checkpoint(self.folder / "checkpoint.pt", state)
        records.write(self.folder / "epochs.jsonl", self.history)

    def load(self) -> None:
        """Go to where the run was."""
        path = self.folder / "checkpoint.pt"
        state = load_checkpoint(path, self.settings)
        with understood(path):
            self.trainer.load_state_dict(state["training"])
            self.history, self.seconds = list(state["history"]), state["seconds"] + 0.0

    def bar(self, quiet: bool) -> Any:
        """Show how far it is, a step at a time."""
        return tqdm(
            total=self.trainer.steps,
            initial=self.trainer.step,
            desc=self.trainer.recipe.label,
            unit="step",
            mininterval=0.5,
            disable=quiet or not self.processes.first,
        )


@contextmanager
def noted_signals() -> Iterator[list[int]]:
    """Note Ctrl-C and the wish to terminate, instead of obeying at once.

    A second one is obeyed. A signal that is ignored stays ignored.
    """
    notes: list[int] = []
    before = {int(name): signal.getsignal(name) for name in (SIGINT, SIGTERM)}

    def note(number: int, _: FrameType | None) -> None:
        notes.append(number)
        signal.signal(number, before[number])

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield notes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def clock() -> Tensor:
    """Read the clock on the wall and that of the CPU, in seconds."""
    times = [time.perf_counter(), time.process_time()]
    return torch.tensor(times, dtype=torch.float64)


def told(entry: records.Record) -> str:
    """Put what an epoch came to in a few words."""
    numbers = {name: value for name, value in entry.items() if name != "epoch"}
    return ", ".join(f"{name} {value:.4f}" for name, value in numbers.items())
