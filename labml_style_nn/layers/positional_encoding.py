r"""# Positional encoding

[Attention][layers.attention] treats a table as a set: exchange the rows, and the
results are exchanged. If the order matters, and in a sentence or an image it does, it
must be written into the tokens themselves. So a table of the same shape is added to
them, with a row for each *position*:

$$Y_{s,*} = X_{s,*} + P_{s,*} .$$

The Transformer computes this table by a formula (Vaswani and others, 2017,
[arXiv:1706.03762](https://arxiv.org/abs/1706.03762), section 3.5). Each pair of
channels is the hand of a clock, and each clock runs slower than the one before:

$$\begin{aligned}
P_{s,2i} &= \sin(s \, \omega_i), \\
P_{s,2i+1} &= \cos(s \, \omega_i), \\
\omega_i &= 10000^{-2i/C} .
\end{aligned}$$

The Vision Transformer learns the table, like any other weight (Dosovitskiy and others,
2021, [arXiv:2010.11929](https://arxiv.org/abs/2010.11929), section 3.1). Both are on
this page.

## Notation

- $X$, `x`: the table of tokens
- $Y$: the same, with the positions added
- $P$, `table`: the table of positions, $L \times C$
- $s$, `positions`: a position, counted from zero
- $i$: the index of a pair of channels, counted from zero
- $\omega$, `frequencies`: how fast the hand of a pair turns, in radians for each
  position
- $k$, `shift`: how far one moves
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: the number of tokens
- $L$, `max_len`: the number of positions, at least $S$
- $C$, `dim`: the number of channels

## A shift is a rotation

Why sines and cosines? Because of what happens to them when a token moves on by $k$
places: every hand turns by a fixed angle, wherever it stood.

$$\begin{aligned}
P_{s+k,2i} &= \cos(k \omega_i) \, P_{s,2i} + \sin(k \omega_i) \, P_{s,2i+1}, \\
P_{s+k,2i+1} &= - \sin(k \omega_i) \, P_{s,2i} + \cos(k \omega_i) \, P_{s,2i+1} .
\end{aligned}$$

For a given $k$ this is one linear map, the same for all positions. Queries and keys are
linear maps too, so a head can learn to look "three places to the left" without knowing
where it is. Let us find that map from the table alone, by least squares, and see
whether it is what the formula says:

>>> import torch
>>> from labml_style_nn.layers.positional_encoding import sinusoidal_table
>>> max_len, dim, shift = 200, 8, 3
>>> table = sinusoidal_table(max_len, dim).double()
>>> now, later = table[:-shift], table[shift:]
>>> turn = torch.linalg.lstsq(now, later).solution.round(decimals=6)
>>> torch.allclose(now @ turn, later, atol=1e-5)
True
>>> torch.allclose(turn @ turn.mT, torch.eye(dim, dtype=torch.double), atol=1e-5)
True
>>> angle = torch.tensor(shift, dtype=torch.double)
>>> torch.allclose(turn[0, 0], angle.cos(), atol=1e-5)
True

The first result says that there is such a map, the second that it is a rotation, the
third that the first hand has turned by $k \omega_0 = 3$. Two more things follow. All
rows have the same length, $\sqrt{C / 2}$. And the product of two rows depends on their
distance alone:

>>> products = table @ table.mT
>>> torch.allclose(products[10, 17], products[110, 117], atol=1e-5)
True
>>> torch.allclose(table.norm(dim=-1), torch.tensor(dim / 2).double().sqrt())
True

## Large angles in small numbers

$s \, \omega_0$ is as large as the position. In float32, numbers near $10^5$ are
$0.008$ apart, so an angle there is wrong by up to $0.004$, and so is its sine; and an
error of $\omega_i$ grows with $s$. The table is computed once, so it is computed in
float64, and rounded at the end. Here is the largest error over a hundred thousand
positions, with that care and without:

>>> max_len, dim = 100_000, 64
>>> table = sinusoidal_table(max_len, dim)
>>> pair, position = torch.arange(dim // 2), torch.arange(max_len)[:, None]
>>> exact = (position.double() * 10000 ** (-2 * pair.double() / dim)).sin()
>>> careless = (position.float() * 10000 ** (-2 * pair.float() / dim)).sin()
>>> (table[:, ::2] - exact).abs().max() < 1e-7, (careless - exact).abs().max() > 1e-3
(tensor(True), tensor(True))

## Why a Mixer needs none of this

[Token mixing][token_mixing] has a weight for each position, and so each position is
known by its weights. A sign of its place, added to every token, would tell the layer
only what its weights say already. Indeed the Mixer paper adds none (section 2).

## What differs from the paper

- The table is that of the paper's text, not of its authors' code (tensor2tensor). The
  code puts all sines first and all cosines after them, which the next linear map cannot
  notice. And it lets $\omega_i$ fall to exactly $1/10000$ at the last pair, where the
  text stops a little before.
- The paper does not say whether positions count from zero or from one. They count from
  zero here, as in the authors' code.
- [`LearnedPositions`][] is initialised with normal numbers of standard deviation 0.02,
  as in the authors' code of the Vision Transformer (`vit_jax`), which names BERT as the
  source; the paper does not say.

## What it costs

[`SinusoidalPositions`][] has no parameters, [`LearnedPositions`][] has $L C$. Neither
multiplies matrices: there is one addition for each number of the table.

## Example

>>> from labml_style_nn.layers.positional_encoding import (
...     LearnedPositions, SinusoidalPositions,
... )
>>> batch, num_tokens, max_len, dim = 2, 24, 50, 20
>>> x = torch.zeros(batch, num_tokens, dim)
>>> SinusoidalPositions(max_len, dim)(x)[0, :2, :4]
tensor([[0.0000, 1.0000, 0.0000, 1.0000],
        [0.8415, 0.5403, 0.3877, 0.9218]])
>>> learned = LearnedPositions(max_len, dim)
>>> learned(x).shape, learned.table.shape
(torch.Size([2, 24, 20]), torch.Size([50, 20]))

A sequence longer than the table is refused:

>>> learned(torch.zeros(batch, 51, dim))
Traceback (most recent call last):
    ...
ValueError: there are positions for at most 50 tokens, got 51
"""

from typing import Any

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape


def sinusoidal_table(max_len: int, dim: int) -> Tensor:
    r"""The table $P$ of the formula, in float32.

    **Shape.** To `(max_len, dim)`.

    **Raises.** `ValueError` for a size below one, and for an odd `dim`: channels come
    in pairs.

    **Source.** Vaswani and others, section 3.5.
    """
    check_positive(max_len=max_len, dim=dim)
    if dim % 2:
        raise ValueError(f"dim must be even, a sine and a cosine each, got {dim}")
    # $\omega_i = 10000^{-2i/C}$: the first hand goes round in $2\pi$ positions, the
    # last needs nearly $2\pi \cdot 10000$ in a wide table.
    positions = torch.arange(max_len, dtype=torch.double)
    frequencies = 10000 ** (-torch.arange(0, dim, 2, dtype=torch.double) / dim)
    # $s \, \omega_i$, an angle for each position and each pair. The last axis of the
    # stack is the pair, and flattening puts the cosine behind its sine.
    angles = torch.outer(positions, frequencies)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()


def add_positions(x: Tensor, table: Tensor) -> Tensor:
    """Add the first rows of a table to every sequence.

    **Shape.** `(batch, tokens, dim)` to the same; the table is `(max_len, dim)`.

    **Raises.** `ValueError` for a sequence longer than the table, or for other
    channels.
    """
    max_len, dim = table.shape
    check_shape(x, "batch", "tokens", dim)
    if x.shape[1] > max_len:
        raise ValueError(
            f"there are positions for at most {max_len} tokens, got {x.shape[1]}"
        )
    return x + table[: x.shape[1]]


class SinusoidalPositions(nn.Module):
    r"""## Positions by formula

    The table follows the layer from device to device, and takes the type of the model.
    It is not part of its state dict, since two numbers say all of it.

    **Shape.** `(batch, tokens, dim)` to the same, with up to `max_len` tokens.

    **Raises.** `ValueError` for a size below one, an odd `dim`, a longer sequence, or
    one of other channels.

    **Source.** Vaswani and others, section 3.5.
    """

    table: Tensor

    def __init__(self, max_len: int, dim: int) -> None:
        super().__init__()
        table = sinusoidal_table(max_len, dim)
        self.register_buffer("table", table, persistent=False)
        # A model that was built on the meta device may have been given memory since,
        # but no numbers. No state dict has the table, so it is computed anew when one
        # is loaded.
        self.register_load_state_dict_post_hook(fill_table)  # type: ignore[no-untyped-call]

    def reset_parameters(self) -> None:
        """Compute the table again, where it has memory."""
        self.table.copy_(sinusoidal_table(*self.table.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Tell every token where it stands."""
        return add_positions(x, self.table)


def fill_table(layer: SinusoidalPositions, _keys: Any) -> None:
    """Fill the table of a layer whose model was given a state dict.

    With `assign=True` the table may still be on the meta device: then it is made anew.
    """
    if layer.table.is_meta:
        layer.table = sinusoidal_table(*layer.table.shape).to(layer.table.dtype)
    layer.reset_parameters()


class LearnedPositions(nn.Module):
    r"""## Positions that are learned

    A row for each position, and nothing says that neighbours should be alike. The
    Vision Transformer finds that out by itself: after training, rows of patches that
    are close in the image are close to each other (Dosovitskiy and others, section
    4.5). It is given a list of positions, and learns that the patches lie in a plane.

    **Shape.** `(batch, tokens, dim)` to the same, with up to `max_len` tokens.

    **Raises.** `ValueError` for a size below one, a longer sequence, or one of other
    channels.

    **Source.** Dosovitskiy and others, section 3.1 and equation (1).
    """

    def __init__(self, max_len: int, dim: int) -> None:
        super().__init__()
        check_positive(max_len=max_len, dim=dim)
        self.table = nn.Parameter(torch.empty(max_len, dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        # $P$ is initialised small beside the tokens, whose initial variance is near
        # one.
        nn.init.normal_(self.table, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Tell every token where it stands."""
        return add_positions(x, self.table)
