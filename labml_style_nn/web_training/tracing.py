r"""# Tracing: what a function does to tensors

Every operation of PyTorch, whoever asks for it, passes one place on its way to the code
that computes it. There a `TorchDispatchMode` can listen. A [`Tape`][] does, and writes
a [`Line`][] for each: the operation, the tensors that it read, and those that it gave.
`torch.autograd.grad` runs as it always does, so the operations of the backward pass are
on the tape as well, one by one.

Layers, loops and decisions are gone: an `if` in Python was taken once, while the tape
ran.

## The size of the batch

The tape is full of sizes, and one of them should stay open: $B$, that of the batch. So
the function is called twice, on batches of 5 and of 7 images. Both tapes must have the
same operations on the same tensors. A number that is alike in both is fixed. One that
is $5k$ in the first and $7k$ in the second is $k$ times the batch, [`Batches`][]. With
any other number, or another operation, the function does something of its own for a
size of the batch, and no graph is made of it.

What the tensors hold plays no part: they are on the device `meta`, where a tensor has
a shape and no numbers. So nothing is computed, and a function that decides by a number
fails.

## Notation

- $B$: the size of the batch
- $k$, `factor`: how often it is in another size

## Example

>>> def rows(theta, images):
...     return (2 * images.flatten() + theta,)
>>> trace = traced(rows, {"theta": torch.ones(()), "images": torch.ones(1, 1, 8, 8)})
>>> for line in trace.lines:
...     print(line.operation, line.result.shape)
aten.view.default (Batches(factor=64),)
aten.mul.Tensor (Batches(factor=64),)
aten.add.Tensor (Batches(factor=64),)

A function that leaves out the first pixel of a batch does something for which there is
no such number:

>>> def later(images):
...     return (images.flatten()[1:],)
>>> traced(later, {"images": torch.ones(1, 1, 8, 8)})
Traceback (most recent call last):
    ...
ValueError: aten.slice.Tensor: 319 for a batch of 5 and 447 for a batch of 7 ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

T = TypeVar("T")
Function = Callable[..., tuple[Tensor, ...]]
# The inputs whose first axis is the batch.
BATCHED = ("images", "labels")
# Two sizes of a batch. They have no factor in common.
SIZES = (5, 7)
ADVICE = "a graph needs the same for every size of the batch, or a multiple of it"


@dataclass(frozen=True)
class Batches:
    """A size that is not known yet: so many times that of the batch."""

    factor: int


Size = int | Batches
Shape = tuple[Size, ...]


@dataclass(frozen=True)
class Like:
    """What PyTorch says of a tensor: its shape, and the type of its numbers."""

    shape: Shape
    dtype: torch.dtype


@dataclass(frozen=True)
class Noted(Like):
    """A tensor on a tape. Two notes of the same number are of the same tensor."""

    number: int


@dataclass(frozen=True)
class Line:
    """An operation, what it was given, and what came of it.

    In the place of each tensor there is a note of it.
    """

    operation: Any
    args: list[Any]
    kwargs: dict[str, Any]
    result: Any


@dataclass(frozen=True)
class Trace:
    """All that a function does."""

    inputs: list[Noted]
    lines: list[Line]
    outputs: list[Noted]


def traced(function: Function, example: Mapping[str, Tensor]) -> Trace:
    """Call a function and note what it does, for a batch of any size.

    `example` has a tensor for each input, by its name. Those named in `BATCHED` are
    given in other sizes.

    **Raises.** `ValueError` if what the function does is not the same for two sizes of
    the batch, or if it reads a tensor that is neither an input nor made of them.
    """
    one, other = (recorded(function, example, size) for size in SIZES)
    if operations(one) != operations(other):
        raise ValueError(f"batches of {SIZES} take different operations; {ADVICE}")
    return Trace(
        merged(one.inputs, other.inputs),
        list(map(merged_lines, one.lines, other.lines)),
        merged(one.outputs, other.outputs),
    )


def operations(trace: Trace) -> list[Any]:
    """Which operations are done, in their order."""
    return [line.operation for line in trace.lines]


def recorded(function: Function, example: Mapping[str, Tensor], size: int) -> Trace:
    """Note what a function does, for a batch of one size."""
    tape = Tape()
    given = [hollow(name, tensor, size) for name, tensor in example.items()]
    inputs = [tape.enter(tensor) for tensor in given]
    # What the function makes by itself is as hollow.
    with torch.device("meta"), tape:
        found = function(*given)
    return Trace(inputs, tape.lines, mapped(found, Tensor, tape.known))


def hollow(name: str, tensor: Tensor, size: int) -> Tensor:
    """A tensor like another, without numbers, and with a batch of some size."""
    batch = (size, *tensor.shape[1:])
    shape = batch if name in BATCHED else tensor.shape
    return tensor.new_empty(shape, device="meta")


class Tape(TorchDispatchMode):
    """## The tape

    While it is on, it notes each operation.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lines: list[Line] = []
        # Tensors are known again by their addresses. None may be given away to another
        # while the tape is running, so all of them are kept.
        self.tensors: list[Tensor] = []
        self.notes: dict[int, Noted] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do an operation, and note it."""
        try:
            read, options = mapped([args, kwargs or {}], Tensor, self.known)
        except KeyError:
            raise ValueError(
                f"{func} reads a tensor that is neither an input nor made of inputs"
            ) from None
        result = func(*args, **(kwargs or {}))
        noted = mapped(result, Tensor, self.enter)
        self.lines.append(Line(func, read, options, noted))
        return result

    def enter(self, tensor: Tensor) -> Noted:
        """Give a tensor a number."""
        note = Noted(tuple(tensor.shape), tensor.dtype, len(self.tensors))
        self.notes[id(tensor)] = note
        self.tensors.append(tensor)
        return note

    def known(self, tensor: Tensor) -> Noted:
        """The note of a tensor that has a number."""
        return self.notes[id(tensor)]


def mapped(thing: Any, kind: type[T], function: Callable[[T], Any]) -> Any:
    """The same lists and dicts, with something else in the place of each of a kind."""
    if isinstance(thing, kind):
        return function(thing)
    if isinstance(thing, dict):
        return {name: mapped(part, kind, function) for name, part in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [mapped(part, kind, function) for part in thing]
    return thing


def merged_lines(one: Line, other: Line) -> Line:
    """One line for any size of the batch, of one for each of two sizes."""
    first, second = ([line.args, line.kwargs, line.result] for line in (one, other))
    try:
        args, kwargs, result = merged(first, second)
    except ValueError as error:
        raise ValueError(f"{one.operation}: {error}") from None
    return Line(one.operation, args, kwargs, result)


def merged(one: Any, other: Any) -> Any:
    """What was noted, for any size of the batch: all that is not alike is multiples."""
    if one == other:
        return one
    match one, other:
        case Noted(number=number), Noted(number=again) if number == again:
            shape = tuple(map(merged, one.shape, other.shape))
            return Noted(shape, one.dtype, number)
        case list(), list():
            return list(map(merged, one, other))
        case dict(), dict():
            return {name: merged(part, other[name]) for name, part in one.items()}
        case int(), int() if one * SIZES[1] == other * SIZES[0]:
            return Batches(one // SIZES[0])
    sizes = "{} for a batch of {}".format
    raise ValueError(
        f"{sizes(one, SIZES[0])} and {sizes(other, SIZES[1])} is neither fixed nor a "
        f"multiple of the batch; {ADVICE}"
    )
