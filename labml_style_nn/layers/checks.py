r"""# Checks

A size that does not fit should be refused where it enters, in the words of the caller.
Left alone, it surfaces three calls later as an arithmetic complaint about matrices, or
it does not surface at all: a wrong axis of size one is broadcast without a word.

Three rules cover every layer of this package:

| rule | used for |
|---|---|
| a size is at least 1 | `hidden_dim`, `patch_size`, `num_layers`, … |
| a rate lies in $[0, 1)$ | dropout and stochastic depth |
| a tensor has the shape the weights expect | every `forward` |

Each check raises a `ValueError` which says the value it got and the rule it broke.

## Notation

- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, the rows of a table
- $C$, `hidden_dim`: the number of channels, its columns

## What differs from the paper

The paper has no such checks. They change no number.

## What it costs

Nothing that can be measured: the checks compare a few Python integers, never the
contents of a tensor. For the same reason they disappear when the model is traced for
export or for compilation: a shape is known before the first number is.

## Example

>>> import torch
>>> from labml_style_nn.layers.checks import check_positive, check_rate, check_shape
>>> batch, num_patches, hidden_dim = 2, 24, 20
>>> check_positive(num_patches=num_patches, hidden_dim=hidden_dim)
>>> check_positive(hidden_dim=0)
Traceback (most recent call last):
    ...
ValueError: hidden_dim must be at least 1, got 0
>>> check_rate(dropout_rate=1.5)
Traceback (most recent call last):
    ...
ValueError: dropout_rate must lie in [0, 1), got 1.5

A shape may be given in full, with words for the axes of any size, or from its end:

>>> x = torch.zeros(batch, num_patches, hidden_dim)
>>> check_shape(x, batch, num_patches, hidden_dim)
>>> check_shape(x, "batch", num_patches, "channels")
>>> check_shape(x, "...", hidden_dim)
>>> check_shape(x, "batch", 25, "channels")
Traceback (most recent call last):
    ...
ValueError: expected shape (batch, 25, channels), got (2, 24, 20)
"""

from torch import Tensor


def check_positive(**sizes: int) -> None:
    """Refuse a size below one. The keyword is the name that the message shows.

    **Raises.** `ValueError` for the first size that is zero or negative.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")


def check_rate(**rates: float) -> None:
    r"""Refuse a probability of dropping outside $[0, 1)$.

    One is excluded: a layer that drops everything has nothing left to scale up.

    **Raises.** `ValueError` for the first rate outside the interval (and for NaN).
    """
    for name, rate in rates.items():
        if not 0 <= rate < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {rate}")


def check_shape(x: Tensor, *expected: int | str) -> None:
    """Refuse a tensor whose shape is not the expected one.

    A number must match exactly. A word stands for an axis of any size and names it in
    the message; the word `"..."`, allowed in front, stands for any number of axes.

    **Raises.** `ValueError` with both shapes.
    """
    sizes, wanted = tuple(x.shape), expected
    # With leading dots, only the last axes are compared.
    if expected[0] == "...":
        wanted = expected[1:]
        sizes = sizes[-len(wanted) :]
    fits = len(sizes) == len(wanted) and all(
        isinstance(want, str) or want == size
        for want, size in zip(wanted, sizes, strict=True)
    )
    if not fits:
        shape = ", ".join(str(want) for want in expected)
        raise ValueError(f"expected shape ({shape}), got {tuple(x.shape)}")
