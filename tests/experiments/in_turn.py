"""What one of two processes does: commands in turn, and a training of divided weights.

To start processes takes longer than to train in small, so two do all of a guide. Its
arguments are the lines of the guide that divide the weights, the port at which the
processes meet for them, and the commands as JSON: each its port, module and arguments.
"""

import gc
import importlib
import json
import os
import sys

import torch
from torch import distributed, nn
from torch.nn.functional import cross_entropy

from labml_style_nn.experiments.folder_images import mixer_tiny


def run(port: int, module: str, arguments: list[str]) -> None:
    """Run a command, for which each process finds the other anew."""
    os.environ["MASTER_PORT"] = str(port)
    sys.argv = ["", *arguments]
    named = importlib.import_module(module)
    experiment = [named.EXPERIMENT] if hasattr(named, "EXPERIMENT") else []
    assert named.main(*experiment) == 0
    # Who reads ahead ends now, and not among all that ends with the process.
    gc.collect()


def divide(lines: str, port: str) -> None:
    """Train with weights that are divided, and in one process, to the same losses."""
    os.environ["MASTER_PORT"] = port
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    torch.manual_seed(0)
    alone, model = mixer_tiny(), mixer_tiny()
    nn.init.normal_(alone.head.linear.weight)
    model.load_state_dict(alone.state_dict())
    exec(lines, {"model": model})
    steps = [torch.optim.AdamW(m.parameters(), lr=1e-3) for m in (model, alone)]
    images, labels = torch.randn(6, 3, 32, 32), torch.arange(6) % 4
    for _ in range(4):
        share = cross_entropy(model(images.chunk(2)[rank]), labels.chunk(2)[rank])
        whole = cross_entropy(alone(images), labels)
        for loss, step in zip((share, whole), steps, strict=True):
            step.zero_grad()
            loss.backward()
            step.step()
        total = share.detach().clone()
        distributed.all_reduce(total)
        torch.testing.assert_close(total / 2, whole.detach(), rtol=1e-4, atol=1e-5)
    mine = sum(weight.to_local().numel() for weight in model.parameters())
    assert 2 * mine == sum(weight.numel() for weight in alone.parameters())
    distributed.destroy_process_group()


if __name__ == "__main__":
    _, guide, last, commands = sys.argv
    for command in json.loads(commands):
        run(*command)
    divide(guide, last)
