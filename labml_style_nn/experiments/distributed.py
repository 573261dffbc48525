r"""# Data-parallel training

One training on several processors or GPUs. Each process holds a copy of the network and
computes a part of each batch; then they add up their gradients, and all take the same
step. `torchrun` starts them, and tells each of them its number:

```console
$ torchrun --nproc-per-node 2 -m labml_style_nn.experiments.mixer_images
```

The rule here: *the number of processes changes how long it takes, not what is learned.*
Every process draws the whole batch, with the same random numbers ([`seeding`][]), and
keeps its share. The loss of a batch is a sum over its examples, and the shares may be
of different size; so sums are added over all processes before anything is divided. Two
processes give the losses of one, up to the rounding of a sum taken in another order (a
test does it).

Two things do depend on the number. Draws inside the network (dropout, stochastic depth)
are other ones in each process. And batch normalisation takes the statistics of what one
process sees. On GPUs its layers are exchanged for PyTorch's `SyncBatchNorm`, which adds
them up too. On CPUs PyTorch has no such layer: each process normalises by its own share
there, the running statistics are those of the first process, and the losses are not
quite those of one process.

## Example

Without `torchrun` there is one process, and it has all of the batch:

>>> with started("cpu") as processes:
...     processes
Processes(rank=0, count=1, device=device(type='cpu'))
>>> (share,) = processes.share((torch.arange(5),))
>>> share
tensor([0, 1, 2, 3, 4])
>>> processes.total(torch.tensor([0.5, 3.0]))
tensor([0.5000, 3.0000], dtype=torch.float64)

The second of two has the second half:

>>> Processes(rank=1, count=2).share((torch.arange(5), torch.arange(15).view(5, 3)))
(tensor([3, 4]), tensor([[ 9, 10, 11],
        [12, 13, 14]]))
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from labml_style_nn.layers.batch_norm import BatchNorm

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Processes:
    """## This process among the others

    `rank` is its number, counted from zero, `count` how many there are, and `device`
    where it computes.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = CPU

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def share(self, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Take this process's part of a batch, along the first axis of each tensor."""
        parts = (whole.tensor_split(self.count)[self.rank] for whole in batch)
        return tuple(part.to(self.device, non_blocking=True) for part in parts)

    def total(self, numbers: Tensor) -> Tensor:
        """Add up numbers over all processes; in float64, and on the CPU."""
        numbers = numbers.detach().to(self.device, torch.float64, copy=True)
        if self.count > 1:
            distributed.all_reduce(numbers)
        return numbers.cpu()

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process. All of them get the same answer."""
        if self.count == 1:
            return flag
        return self.total(torch.tensor(flag)).item() > 0

    def place(self, model: nn.Module) -> nn.Module:
        """Move a network to the device; share its batch norms between GPUs."""
        if self.count > 1 and self.device.type == "cuda":
            synchronise(model)
        return model.to(self.device)

    def parallel(self, model: nn.Module) -> nn.Module:
        """Wrap a network, so that gradients are averaged over all processes."""
        if self.count == 1:
            return model
        return DistributedDataParallel(model)


@contextmanager
def started(device: str = "auto") -> Iterator[Processes]:
    """Find out which process this is, and connect it to the others.

    `device` is `cpu`, `cuda`, or `auto`: a GPU if there is one.

    **Raises.** `ValueError` if a GPU is asked for and there is none.
    """
    rank, count = (
        int(os.environ.get(n, d)) for n, d in (("RANK", 0), ("WORLD_SIZE", 1))
    )
    place = where(device)
    if count == 1:
        yield Processes(device=place)
        return
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Processes(rank, count, place)
        # Nobody leaves while another is still at work.
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def synchronise(model: nn.Module) -> None:
    """Exchange the batch norms of a network for some that work as one on all GPUs.

    What they have learned and counted stays, and so do its names.
    """
    for name, layer in model.named_children():
        if isinstance(layer, BatchNorm):
            common = nn.SyncBatchNorm(layer.channels, layer.eps, layer.momentum)
            common.load_state_dict(layer.state_dict())
            setattr(model, name, common)
        else:
            synchronise(layer)


def where(device: str) -> torch.device:
    """Choose the device of this process."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("there is no GPU that PyTorch can use: --device cpu")
        # Each process of a machine has a GPU of its own.
        torch.cuda.set_device(told("LOCAL_RANK", 0))
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device(device)


def told(name: str, otherwise: int) -> int:
    """Read a number that `torchrun` has put into the environment."""
    return int(os.environ.get(name, otherwise))
