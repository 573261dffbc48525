"""What several tests of the experiments need."""

import os
import runpy
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context, set_start_method
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import nn

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import records
from labml_style_nn.experiments.image_datasets import IMAGE_DATASETS
from labml_style_nn.experiments.training import Trainer
from support import PATIENCE, free_port

# Two epochs on the digits in three steps each, and a Mixer of one small block.
SHORT = ["--epochs=2", "--warmup-epochs=1", "--batch-size=512", "--device=cpu"]
WIDTHS = ["--hidden-dim=8", "--tokens-mlp-dim=4", "--channels-mlp-dim=8"]
TINY = ["--patch-size=4", "--num-layers=1", *WIDTHS]


def count(model: nn.Module) -> int:
    """How many parameters a network has."""
    return sum(weight.numel() for weight in model.parameters())


Main = Callable[[Sequence[str]], int]


def refused(main: Main, line: Sequence[str], message: str, capsys: Any) -> None:
    """A command ends with an error in a line that has the message."""
    assert main(line) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ")
    assert message in said


def noise(number: int, channels: int, side: int) -> Images:
    """Images of random bytes, with ten classes in turn."""
    chance = torch.Generator().manual_seed(number)
    images = torch.randint(256, (number, channels, side, side), generator=chance)
    return Images(images.byte(), torch.arange(number) % 10)


def given(monkeypatch: Any, name: str, train: Images, test: Images) -> None:
    """Let these images be a data set."""
    here = IMAGE_DATASETS[name]._replace(load=lambda seed, source: (train, test))
    monkeypatch.setitem(IMAGE_DATASETS, name, here)


def same(one: object, other: object) -> bool:
    """Whether two states are equal, bit for bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.equal(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@contextmanager
def before_step(number: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something before a step is taken."""
    advance = Trainer.advance

    def advance_or_act(trainer: Trainer) -> None:
        if trainer.step == number:
            act()
        advance(trainer)

    with patch.object(Trainer, "advance", advance_or_act):
        yield


# A process that has loaded all, and that others are divided from.
LOADED = get_context("forkserver")
LOADED.set_forkserver_preload(
    # What PyTorch would import at the first step is imported, too.
    ["tests.experiments.common", "torch._dynamo", "tensorboardX", "sklearn.datasets"]
)


def start(
    module: str, line: Sequence[str], said: Path, **environment: str
) -> ForkServerProcess:
    """Start a command as `python -m` does, but that PyTorch is loaded already."""
    given = (module, line, said, os.getcwd(), environment)
    process = LOADED.Process(target=command, args=given)
    process.start()
    return process


def ended(process: ForkServerProcess, said: Path) -> str:
    """Wait until a command has ended well; what it said."""
    process.join(PATIENCE)
    assert process.exitcode == 0, said.read_text()
    return said.read_text()


def command(
    module: str,
    line: Sequence[str],
    said: Path,
    folder: str,
    environment: dict[str, str],
) -> None:
    """Do what the process is for; what it says goes to a file."""
    # Tests that run in the background may have been told to ignore Ctrl-C, and a child
    # would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ |= environment
    # Its own processes are started as everywhere.
    set_start_method(None, force=True)
    with said.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv = [module, *line]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def in_two(module: str, line: Sequence[str], folder: Path) -> str:
    """Run a command in two processes, started as by `torchrun`; what the first said."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    place["MASTER_PORT"] = str(free_port())
    files = [folder / f"said-{rank}" for rank in range(2)]
    processes = [
        start(module, line, said, RANK=str(rank), LOCAL_RANK=str(rank), **place)
        for rank, said in enumerate(files)
    ]
    try:
        said, _ = map(ended, processes, files)
        return said
    finally:
        for process in processes:
            process.kill()


def learned_alike(one: Path, two: Path) -> None:
    """One process in a folder and two in another came to the same, up to rounding."""
    curves = (records.read(folder / "seed-0/epochs.jsonl") for folder in (one, two))
    for alone, shared in zip(*curves, strict=True):
        assert shared == pytest.approx(alone, rel=1e-6)
    weights, others = (
        torch.load(folder / "seed-0/checkpoint.pt", weights_only=True)["training"]
        for folder in (one, two)
    )
    for name, weight in weights["model"].items():
        # Nothing can see this bias. Its gradient is rounding, and Adam makes it large.
        if not name.endswith("token_mixing.fc2.bias"):
            other = others["model"][name]
            torch.testing.assert_close(other, weight, rtol=1e-4, atol=1e-5)
    # Only the first of two processes writes.
    (record,) = records.read(two / "results.jsonl")
    assert record["processes"] == 2
