r"""# Seeding: reproducible random numbers

A training run draws random numbers all the time: the initial weights, the order of the
examples, their augmentation, what dropout zeroes. If all of them came one after another
from one generator, a run that was interrupted would have to store the state of that
generator, and a run on two processes would draw other numbers than a run on one.

So every draw gets a generator of its own, whose seed follows from what it is for: the
seed of the run, a word, and numbers. The draws of step 1000 do not depend on those of
step 999. A resumed run continues exactly as if it had not been interrupted, and no
state of a generator has to be stored.

A checksum, CRC-32, turns the names into a seed. It gives the same seed on every
machine, and unrelated seeds for neighbouring steps. It has 32 bits: PyTorch's
generators for CPUs read no more of a seed.

## Example

>>> seed_of(0, "batch", 7), seed_of(0, "batch", 8)
(1041210957, 3113714306)
>>> a, b = (torch.randperm(5, generator=generator(0, "order", 2)) for _ in "ab")
>>> bool((a == b).all())
True

A network is given those of the options that it has arguments for:

>>> options = {"in_features": 3, "out_features": 5, "epochs": 40}
>>> built(nn.Linear, seed=0, options=options)
Linear(in_features=3, out_features=5, bias=True)
"""

import zlib
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def seed_of(*names: int | str) -> int:
    """Turn what a draw is for into a seed of 32 bits."""
    return zlib.crc32(repr(names).encode())


def generator(*names: int | str) -> torch.Generator:
    """Make a generator for one purpose; PyTorch's global one stays as it is."""
    return torch.Generator().manual_seed(seed_of(*names))


def built(
    network: Callable[..., Network], seed: int, options: Mapping[str, Any]
) -> Network:
    """Build a network from the options that it has arguments for, by their names.

    The seed determines its initial weights.

    **Raises.** `ValueError` for sizes that make no network.
    """
    names = signature(network).parameters
    torch.manual_seed(seed)
    try:
        return network(**{name: options[name] for name in options if name in names})
    except (RuntimeError, TypeError) as error:
        # What PyTorch says of sizes that no memory has, or that no integer of it holds.
        reason = str(error).partition("\n")[0]
        if isinstance(error, TypeError) and "Overflow" not in reason:
            raise
        raise ValueError(f"no network can be made of these sizes: {reason}") from error
