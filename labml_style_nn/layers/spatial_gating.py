r"""# Spatial gating unit

In a Mixer, tokens meet by addition: what one token says is added to another. Here they
meet by multiplication. The channels of a token are split into halves $u$ and $v$. The
second half is mixed over the tokens, and what comes out is not the answer but a *gate*:
it decides, for every number of the first half, how much of it may pass.

$$\begin{aligned}
[u, v] &= Z, \\
s(Z) &= u \odot \bigl(W \, \text{LayerNorm}(v) + b \, \mathbf{1}^\top\bigr) .
\end{aligned}$$

The gate and the half it acts on are multiplied number by number, $\odot$. This is
section 2.1 of Liu and others, 2021, "Pay Attention to MLPs"
([arXiv:2105.08050](https://arxiv.org/abs/2105.08050)). The unit stands in the middle of
an MLP over channels, between its two linear maps, see [`gmlp`][]. Before the average at
the end, it is the only place of a gMLP where tokens meet.

## Notation

- $Z$, `z`: the table that comes in, $S \times 2E$, for each image or text of the batch
- $u$, `u`: its first $E$ channels, which are let through or held back
- $v$, `v`: its last $E$ channels, from which the gate is made
- $s(Z)$: the table that comes out, $S \times E$
- $B$, `batch`: how many images or texts are computed together
- $S$, `num_tokens`: the number of tokens, the rows of the table
- $E$, `gate_dim`: half the number of channels
- $W$, $b$, `projection`: the map over tokens, $S \times S$, and its bias
- $C$: the number of channels outside the MLP in which the unit stands
- $\mathbf{1}^\top$: a row of $E$ ones, which repeats the bias in every column
- $j, k$: the indices of two tokens

## It is initialised with an open gate

With $W = 0$ and $b = 1$ the gate is one everywhere, and $u$ passes unchanged. The
initialisation is very near: the weights are normal with a standard deviation of
$10^{-6}$, the biases are one. So at first a gMLP is a stack of MLPs that treat each
token by itself, and it opens the ways between tokens as it learns. The paper calls this
critical for stable training (section 2.1).

>>> import torch
>>> from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, gate_dim = 2, 24, 20
>>> unit = SpatialGatingUnit(num_tokens, gate_dim)
>>> z = torch.randn(batch, num_tokens, 2 * gate_dim)
>>> u, v = z.chunk(2, dim=-1)
>>> bool((unit(z) - u).abs().max() < 1e-4 * u.abs().max())
True

## What the product adds

A linear map over tokens, as in [`resmlp`][], gives token $j$ the same share of token
$k$ for every image. Behind a gate, what token $k$ contributes is multiplied by a number
of token $j$, too: number by number, the result is $u_j b_j + \sum_k u_j W_{jk} v_k$,
with $v$ normalised. Attention has such products, too. But there the weights themselves
are computed from the tokens; here $W$ is learned once and is the same for every image.

The unit is linear in $u$: twice the $u$, twice the result. In $v$ it is not. Without
the norm it would be affine, because of the bias; with it, $2v$ gives what $v$ gives.

>>> with torch.no_grad():
...     _ = unit.projection.weight.normal_(std=num_tokens**-0.5)
>>> twice_u, twice_v = torch.cat([2 * u, v], dim=-1), torch.cat([u, 2 * v], dim=-1)
>>> torch.allclose(unit(twice_u), 2 * unit(z), atol=1e-5)
True
>>> torch.allclose(unit(twice_v), unit(z), atol=1e-3)
True

## A gate for text

A network which learns to predict the next token of a text must not see that token.
Place $j$ predicts token $j + 1$. So in a *causal* unit it may use the tokens $k \le j$
only, and of $W$ the lower triangle is left. The norm works within a token and gives
nothing away. Here the last six tokens are replaced by others, and the results before
them stay the same:

>>> causal = SpatialGatingUnit(num_tokens, gate_dim, causal=True)
>>> with torch.no_grad():
...     _ = causal.projection.weight.normal_()
>>> other = torch.cat([z[:, :18], torch.randn(batch, 6, 2 * gate_dim)], dim=1)
>>> same = (causal(other) == causal(z)).all(dim=2)
>>> same[:, :18].all().item(), same[:, 18:].any().item()
(True, False)

A text may be shorter than the unit is built for. The rows and columns of the tokens
that are not there are left out:

>>> torch.allclose(causal(z[:, :18]), causal(z)[:, :18], atol=1e-5)
True

## What differs from the paper

- The paper asks for weights "near zero" and names no number; $10^{-6}$ is timm's.
- The $\varepsilon$ of the norm is $10^{-5}$, as in timm; the paper does not name it.
- The causal unit is not in the paper, which trains on text with masked tokens and looks
  both ways.

## What it costs

$S^2 + S + 2E$ parameters and $S^2 E$ MACs for each image: quadratic in the
number of tokens. The paper compares it with the two products of attention, $2 S^2 C$
(section 2.1).

A causal unit costs the same. The upper triangle is set to zero and multiplied all the
same, and its weights are kept, though no gradient reaches them.

## Example

>>> unit(z).shape
torch.Size([2, 24, 20])
>>> unit(z[:, :18])
Traceback (most recent call last):
    ...
ValueError: expected shape (batch, 24, 40), got (2, 18, 40)
>>> causal(torch.randn(batch, 25, 2 * gate_dim))
Traceback (most recent call last):
    ...
ValueError: expected at most 24 tokens, got 25
"""

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.token_mixing import TokenLinear


class CausalTokenLinear(TokenLinear):
    r"""## A linear map over earlier tokens

    [`TokenLinear`][] with the lower triangle of its weight: row $j$ of the result is
    made of the rows $k \le j$ of the table: of row $j$ and of those before it.

    **Shape.** `(batch, length, channels)` to the same, for any length up to the number
    of tokens it was built for.

    **Raises.** `ValueError` for a size below one, or a text that is longer.
    """

    def __init__(self, num_tokens: int) -> None:
        super().__init__(num_tokens, num_tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply every table by the triangle, from the left."""
        # What lies above the diagonal is set to zero at each call, so it gets no
        # gradient and may hold anything. For a short text, the first rows and columns
        # are all there is.
        check_shape(x, "batch", "length", "channels")
        length = x.shape[1]
        if length > self.in_features:
            raise ValueError(
                f"expected at most {self.in_features} tokens, got {length}"
            )
        triangle = self.weight[:length, :length].tril()
        bias = self.bias[:length, None]
        return torch.baddbmm(bias, triangle.expand(x.shape[0], -1, -1), x)


class SpatialGatingUnit(nn.Module):
    r"""## The unit

    `gate_dim` is the number of channels that come out, half of what comes in.

    **Shape.** `(batch, num_tokens, 2 * gate_dim)` to `(batch, num_tokens, gate_dim)`. A
    causal unit takes fewer tokens, too.

    **Raises.** `ValueError` for a size below one, for `eps` not above zero, or a table
    of another shape.

    **Source.** Section 2.1 and the pseudo-code of Figure 1.
    """

    def __init__(
        self, num_tokens: int, gate_dim: int, causal: bool = False, eps: float = 1e-5
    ) -> None:
        super().__init__()
        check_positive(num_tokens=num_tokens, gate_dim=gate_dim)
        self.num_tokens, self.gate_dim, self.causal = num_tokens, gate_dim, causal
        self.norm = LayerNorm(gate_dim, eps)
        # $W$ and $b$. Tokens have their places in $W$, so no position embedding is
        # needed.
        self.projection = (
            CausalTokenLinear(num_tokens)
            if causal
            else TokenLinear(num_tokens, num_tokens)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after the layers of the unit have done so."""
        # $W \approx 0$ and $b = 1$: the gate is open.
        nn.init.normal_(self.projection.weight, std=1e-6)
        nn.init.ones_(self.projection.bias)

    def forward(self, z: Tensor) -> Tensor:
        """Gate one half of the channels by the other."""
        length = "length" if self.causal else self.num_tokens
        check_shape(z, "batch", length, 2 * self.gate_dim)
        # $[u, v] = Z$.
        u, v = z.chunk(2, dim=-1)
        # $W\,\text{LayerNorm}(v) + b\,\mathbf{1}^\top$: one number for every number of
        # $u$.
        gate = self.projection(self.norm(v))
        return u * gate
