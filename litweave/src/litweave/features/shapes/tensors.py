"""Tensors: what a value is, found out without running anything of its author's."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

USUAL = "float32"
_FEW = 4  # A longer list of tensors is no matter of one line.
# Where PyTorch keeps what is assigned to an attribute of a module.
_KEPT = ("_parameters", "_buffers", "_modules")


@dataclass(frozen=True)
class Measure:
    """The shape of one tensor; a size has its letter, or none."""

    sizes: Sequence[int]
    letters: Sequence[str | None]
    dtype: str
    changed: bool


Measures = tuple[Measure, ...]
"""What a value is: one tensor, or the few that it holds."""


def measure(
    tensor: Any, letters: Mapping[int, list[str]], read: tuple[str, ...]
) -> Measure:
    """Measure a tensor; `read` are the types of those that it is made of."""
    sizes = tuple(int(size) for size in tensor.shape)
    fitting = [letters.get(size, []) if size != 1 else [] for size in sizes]
    named = tuple(fit[0] if len(fit) == 1 else None for fit in fitting)
    dtype = dtype_of(tensor)
    return Measure(sizes, named, dtype, dtype not in read)


def tensors(value: object) -> list[Any]:
    """The tensor that a value is, or the few that it holds."""
    if isinstance(value, tuple | list) and not hasattr(value, "dtype"):
        items = [tensors(item) for item in value] if len(value) <= _FEW else [[]]
        return [item for few in items for item in few] if all(items) else []
    return [value] if _is_tensor(value) else []


def _is_tensor(value: Any) -> bool:
    """Whether a value has a shape and a type, whatever else it is."""
    if isinstance(value, type):
        return False
    try:
        if not (_has(value, "shape") and _has(value, "dtype")):
            return False
        return all(int(n) >= 0 for n in value.shape) and bool(dtype_of(value))
    except Exception:  # It has no shape yet, or one that is not made of numbers.
        return False


def _has(value: Any, name: str) -> bool:
    """Whether a value has an attribute.

    `hasattr` would compute it, and `inspect.getattr_static` takes seven times as long.
    """
    if any(name in vars(kind) for kind in type(value).__mro__):
        return True
    return name in getattr(value, "__dict__", ())


def dtype_of(tensor: Any) -> str:
    """The type of a tensor's numbers."""
    return str(tensor.dtype).removeprefix("torch.")


def value_of(path: tuple[str, ...], scope: Mapping[str, Any]) -> object:
    """The value of a variable or its attribute."""
    value = scope.get(path[0])
    for name in path[1:]:
        inside = getattr(value, "__dict__", {})
        places = (inside, *(inside.get(kept) for kept in _KEPT))
        found = (p[name] for p in places if isinstance(p, Mapping) and name in p)
        value = next(found, None)
    return value


def dtypes(path: tuple[str, ...], scope: Mapping[str, Any]) -> Iterator[str]:
    """The types of the tensors that stand in what is read, or in what leads to it."""
    for end in range(len(path), 0, -1):
        if found := tensors(value_of(path[:end], scope)):
            yield from map(dtype_of, found)
            return


def is_size(value: object) -> bool:
    """Whether a value can be the size of an axis."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_sizes(value: object) -> bool:
    """Whether a value is made of sizes."""
    return isinstance(value, tuple | list) and bool(value) and all(map(is_size, value))


def is_number(value: object) -> bool:
    """Whether a value is a number that JSON has, too."""
    return is_size(value) or (isinstance(value, float) and math.isfinite(value))
