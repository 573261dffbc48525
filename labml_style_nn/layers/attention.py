r"""# Multi-head attention

[Token mixing][token_mixing] has weights for positions, which are learned, and mixes
every image with the same ones. Attention computes its weights from the tokens, anew for
each image. Three vectors are made of each token: a *query*, a *key* and a *value*. The
product of a query and a key is the *score* of the pair; softmax turns the scores of a
query into weights, and the result is the average of the values, weighted in this way
(Vaswani and others, 2017, "Attention Is All You Need",
[arXiv:1706.03762](https://arxiv.org/abs/1706.03762), section 3.2):

$$\begin{aligned}
A &= \text{softmax}\Bigl(\frac{Q K^\top}{\sqrt{d_k}}\Bigr), \\
\text{Attention}(Q, K, V) &= A V .
\end{aligned}$$

Row $i$ of $A$ belongs to query $i$. Its numbers are positive and sum to one. The layer
computes several attentions side by side, the *heads*, each with queries, keys and
values of its own, which are shorter. Their results are written in a row and mapped once
more:

$$\begin{aligned}
Q_i &= X W_{Q,i}^\top, \quad K_i = Z W_{K,i}^\top, \quad V_i = Z W_{V,i}^\top, \\
Y &= \bigl[\,\text{Attention}(Q_1, K_1, V_1), \; \ldots, \\
& \qquad \text{Attention}(Q_h, K_h, V_h)\,\bigr]\, W_O^\top .
\end{aligned}$$

If $Z$ is $X$ itself, this is *self-attention*; otherwise it is *cross-attention*.

## Notation

- $X$, `query`: the table that the queries are made of, $S_q \times C$ for each image
- $Z$, `key`, `value`: the table of the keys and values, $S_k \times C$
- $Y$: the table that comes out, $S_q \times C$
- $Q$, $K$, $V$, `q`, `k`, `v`: queries, keys and values of a head, rows of $d_k$
  numbers
- $A$, `attention_weights`: how much of each value each query takes
- $h$, `num_heads`: the number of heads
- $d_k$, `head_dim`: the channels of a head, $C / h$
- $W_Q$, $W_K$, $W_V$, `qkv`: the three maps, $C \times C$ each, in one matrix of
  $3C \times C$
- $W_{Q,i}$, $W_{K,i}$, $W_{V,i}$: the $d_k$ rows of each that belong to head $i$
- $W_O$, `projection`: the last map, $C \times C$
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of tokens, in self-attention
- $S_q$, `num_queries`: the number of queries
- $S_k$, `num_keys`: the number of keys, and of values
- $C$, `dim`: the number of channels of a token
- $M$, `mask`: true where a query may *not* look, see [`masked_attention`][]

## Why the square root

Take a query and a key whose numbers are independent, with mean zero and variance one.
Their product is a sum of $d_k$ terms of variance one, so its variance is $d_k$. Softmax
of numbers that far apart is nearly one-hot, and where it is, its gradient is nearly
zero (section 3.2.1). The division brings the variance back to one. Here each of a
thousand queries meets sixteen keys; printed is the largest weight, on average:

>>> import torch
>>> from labml_style_nn.layers.attention import MultiHeadAttention, attention_weights
>>> _ = torch.manual_seed(0)
>>> num_queries, num_keys, head_dim = 1000, 16, 512
>>> q, k = torch.randn(num_queries, head_dim), torch.randn(num_keys, head_dim)
>>> with_root, without = attention_weights(q, k), (q @ k.mT).softmax(dim=-1)
>>> f"{with_root.amax(dim=-1).mean():.2f}, {without.amax(dim=-1).mean():.2f}"
'0.24, 0.95'

## The weights depend on the input

The weights of token mixing are parameters: every image is mixed with the same ones.
Those of attention are results. Here are the weights of a layer of four heads, for two
images at once:

>>> batch, num_patches, num_heads, head_dim = 2, 30, 4, 6
>>> dim = num_heads * head_dim
>>> attention = MultiHeadAttention(dim, num_heads)
>>> x = torch.randn(batch, num_patches, dim)
>>> weights = attention.weights(x)
>>> weights.shape
torch.Size([2, 4, 30, 30])
>>> torch.allclose(weights.sum(dim=-1), torch.ones(()))
True
>>> torch.allclose(weights[0], weights[1], atol=0.01)
False

The number of parameters of token mixing grows with the number of tokens. That of
attention does not, and one layer reads tables of any length.

## It is permutation-equivariant

The score of a pair depends on what the two tokens hold, not on where they stand, and
the sum over all keys in the softmax has no order. So without a mask, exchanging the
tokens exchanges the results in the same way:

>>> order = torch.randperm(num_patches)
>>> torch.allclose(attention(x[:, order]), attention(x)[:, order], atol=1e-6)
True

Where the order matters, the tokens must carry it: see [`positional_encoding`][]. A
Mixer has a weight for each position instead, see [`token_mixing`][].

## What differs from the paper

- All four maps have a bias, as in the authors' code of the
  [Vision Transformer][VisionTransformer] and in PyTorch; the paper's have none.
- Keys and values of a head are equally long, `dim / num_heads`: the paper chooses it,
  here it is a rule.
- [Dropout][dropout] may be applied to the weights, while training, as in the authors'
  code (tensor2tensor) and in PyTorch; the paper's section 5.4 names other places only.
  By default nothing is dropped.
- The maps are initialised as all [linear maps][linear] here; the paper does not say how
  its own are. Those of queries, keys and values get the variance that Xavier's rule has
  for a square matrix, though they share one matrix that is not square.

## What it costs

$4 C^2 + 4 C$ parameters, and for self-attention $4 S C^2 + 2 S^2 C$ MACs for
each image: the first term is the four maps, the second the products $Q K^\top$ and
$A V$. For a given $C$, both are the same for any number of heads.

The second term is *quadratic* in the number of tokens, where token mixing of a given
hidden width is linear. These are the MACs of four times as many tokens, as a
multiple; on PyTorch's `meta` device, which keeps shapes and no numbers:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.layers.token_mixing import TokenMixing
>>> def macs(layer, num_patches, dim):
...     x = torch.empty(1, num_patches, dim, device="meta")
...     with FlopCounterMode(display=False) as counter:
...         layer.to("meta")(x)
...     return counter.get_total_flops() // 2
>>> dim = 768
>>> few, many = TokenMixing(196, 384), TokenMixing(784, 384)
>>> macs(many, 784, dim) / macs(few, 196, dim)
4.0
>>> attention = MultiHeadAttention(dim, num_heads=12)
>>> few, many = macs(attention, 196, dim), macs(attention, 784, dim)
>>> f"{many / few:.2f}"
'5.36'
>>> maps = 4 * dim**2
>>> (many - 784 * maps) / (few - 196 * maps)
16.0

So at a few hundred tokens the maps still cost most; at $S = 2C$ both terms are equal.

## Example

Cross-attention: five queries, eleven keys.

>>> batch, num_queries, num_keys, num_heads, head_dim = 2, 5, 11, 3, 7
>>> dim = num_heads * head_dim
>>> attention = MultiHeadAttention(dim, num_heads)
>>> x = torch.randn(batch, num_queries, dim)
>>> z = torch.randn(batch, num_keys, dim)
>>> attention(x, z).shape
torch.Size([2, 5, 21])
>>> attention.weights(x, z).shape
torch.Size([2, 3, 5, 11])

The layer uses a [fused function][fused_attention], and it computes what the equation
says:

>>> from labml_style_nn.layers.attention import dot_product_attention
>>> q, k, v = attention.project(x, z)
>>> heads = dot_product_attention(q, k, v)
>>> heads.shape
torch.Size([2, 3, 5, 7])
>>> in_a_row = heads.transpose(1, 2).flatten(2)
>>> torch.allclose(attention.projection(in_a_row), attention(x, z), atol=1e-6)
True
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.checks import check_positive, check_rate, check_shape
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.masked_attention import fused_attention, merge_masks


def attention_weights(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""The weights $A$, step by step.

    **Shape.** `(..., num_queries, head_dim)` and `(..., num_keys, head_dim)` to
    `(..., num_queries, num_keys)`; the mask has this shape, or one that is broadcast to
    it.

    The key in the middle is masked here, and the others share its weight:

    >>> q, k = torch.zeros(1, 4), torch.zeros(3, 4)
    >>> attention_weights(q, k, torch.tensor([[False, True, False]]))
    tensor([[0.5000, 0.0000, 0.5000]])

    **Source.** Section 3.2.1, equation (1).
    """
    # $Q K^\top / \sqrt{d_k}$: a score for each pair of a query and a key.
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    # The score of a forbidden pair is the lowest number there is, and so its weight is
    # zero. With $-\infty$ in its place, a query without any key would meet
    # $\infty - \infty$.
    if mask is not None:
        scores = scores.masked_fill(mask, torch.finfo(scores.dtype).min)
    # Softmax. The largest score is subtracted from all of them, so that no $e^x$
    # overflows; what this changes cancels in the fraction.
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    weights = exponentials / exponentials.sum(dim=-1, keepdim=True)
    # Where every key of a query is masked, all its scores are equally low, and all its
    # weights would be equal. Here the result is defined to be zero, see
    # [`masked_attention`][].
    return weights if mask is None else weights.masked_fill(mask, 0)


def dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> Tensor:
    r"""A weighted mean of the values, for each query.

    **Shape.** As for [`attention_weights`][], and values `(..., num_keys, head_dim)`,
    to `(..., num_queries, head_dim)`.

    **Source.** Section 3.2.1, equation (1).
    """
    return attention_weights(q, k, mask) @ v


class MultiHeadAttention(nn.Module):
    r"""## Several heads side by side

    `key` is `query` unless it is given, and `value` is `key`. So one argument is
    self-attention, and two are cross-attention.

    With the weights of `nn.MultiheadAttention` (its `in_proj_weight` is our
    `qkv.weight`, its `out_proj` our `projection`), the results, the weights of each
    head and all gradients are PyTorch's, to $10^{-10}$ in float64 (tests).

    !!! note "A bias without effect"

        The bias of the keys adds one number to all scores of a query, and softmax takes
        it away again. So it has no effect and a gradient of zero (a test). It is kept
        because published weights have it.

    PyTorch's fused kernel for the CPU has no second derivative. For that, run the layer
    within `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`, where nothing is fused.

    **Shape.** `(batch, num_queries, dim)`, and `key` and `value`
    `(batch, num_keys, dim)`, to `(batch, num_queries, dim)`. The masks are described in
    [`masked_attention`][].

    **Raises.** `ValueError` for a size below one, a `dim` that `num_heads` does not
    divide, a rate outside $[0, 1)$, a table of another shape, a mask of another shape
    or type, and `is_causal` where there are more or fewer keys than queries.

    **Source.** Section 3.2.2.
    """

    def __init__(self, dim: int, num_heads: int, dropout_rate: float = 0.0) -> None:
        super().__init__()
        check_positive(dim=dim, num_heads=num_heads)
        check_rate(dropout_rate=dropout_rate)
        if dim % num_heads:
            raise ValueError(
                f"dim must be a multiple of num_heads, got {dim} and {num_heads}"
            )
        self.dim, self.num_heads, self.dropout_rate = dim, num_heads, dropout_rate
        # $W_Q$, $W_K$ and $W_V$, one below the other, and in each the heads one below
        # the other. So self-attention needs one product for all of them. No size says
        # how many tokens there will be.
        self.qkv = Linear(dim, 3 * dim)
        # $W_O$ mixes what the heads have found, within each token.
        self.projection = Linear(dim, dim)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Let every query take a mean of the values, once for each head."""
        q, k, v = self.project(query, key, value)
        mask = merge_masks(q, k, attn_mask, key_padding_mask, is_causal)
        # For a causal mask that stands alone PyTorch has a kernel of its own, which
        # leaves out what is masked instead of computing it.
        alone = attn_mask is None and key_padding_mask is None
        mean = fused_attention(
            q,
            k,
            v,
            mask=None if alone else mask,
            is_causal=is_causal and alone,
            dropout_rate=self.dropout_rate if self.training else 0.0,
        )
        # The heads in a row, and then $W_O$.
        return self.projection(mean.transpose(1, 2).flatten(2))

    def weights(
        self,
        query: Tensor,
        key: Tensor | None = None,
        *,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The weights $A$ of each head, to look at: which token looks where.

        Nothing is dropped, and nothing is fused: this is the equation.

        **Shape.** As for the layer, to `(batch, num_heads, num_queries, num_keys)`.
        """
        q, k, _ = self.project(query, key)
        mask = merge_masks(q, k, attn_mask, key_padding_mask, is_causal)
        return attention_weights(q, k, mask)

    def project(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of each head.

        **Shape.** As for the layer, to `(batch, num_heads, num_queries, head_dim)` and
        twice `(batch, num_heads, num_keys, head_dim)`.
        """
        key = query if key is None else key
        value = key if value is None else value
        check_shape(query, "batch", "queries", self.dim)
        check_shape(key, query.shape[0], "keys", self.dim)
        check_shape(value, *key.shape)
        # One table: one product. Otherwise each table meets its third of the matrix.
        if query is key is value:
            tables = self.qkv(query).chunk(3, dim=-1)
        else:
            thirds = zip(self.qkv.weight.chunk(3), self.qkv.bias.chunk(3), strict=True)
            tables = [
                F.linear(table, *third)
                for table, third in zip((query, key, value), thirds, strict=True)
            ]
        # A token of $C$ channels becomes $h$ of $d_k$, one for each head, and the heads
        # come first: from then on they are as separate as the images of the batch.
        q, k, v = (
            table.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for table in tables
        )
        return q, k, v
