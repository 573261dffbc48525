r"""# Chance, on purpose

A training run throws dice all the time: the first weights, the order of the examples,
the changes made to them, what dropout leaves out. If the dice were thrown one after
another from one generator, a run that was interrupted would have to remember where that
generator was, and a run on two processes would throw others than a run on one.

So every draw gets a generator of its own, whose seed follows from what it is for: the
seed of the run, a word, and numbers. The draws of step 1000 do not depend on those of
step 999. A run goes on after an interruption exactly as if there had been none, and
nothing about chance has to be stored.

The names become a seed by a checksum, CRC-32. It is not secret, and need not be: it is
the same on every machine, and neighbours get seeds that have nothing in common. CPUs'
generators read 32 bits of a seed, as many as it has.

## Example

>>> seed_of(0, "batch", 7), seed_of(0, "batch", 8)
(1041210957, 3113714306)
>>> a, b = (torch.randperm(5, generator=generator(0, "order", 2)) for _ in "ab")
>>> bool((a == b).all())
True
"""

import zlib

import torch


def seed_of(*names: int | str) -> int:
    """Turn what a draw is for into a seed of 32 bits."""
    return zlib.crc32(repr(names).encode())


def generator(*names: int | str) -> torch.Generator:
    """Make a generator for one purpose; PyTorch's global one stays as it is."""
    return torch.Generator().manual_seed(seed_of(*names))
