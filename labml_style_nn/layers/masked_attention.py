r"""# Masked attention

In [attention][layers.attention] every query looks at every key. Often some pairs must
be excluded: padding fills up a short sequence and says nothing, and a model that
predicts the next token must not see it. A *mask* $M$ marks such pairs, and their scores
are left out of the softmax (Vaswani and others, 2017, "Attention Is All You Need",
section 3.2.3, [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)):

$$\begin{aligned}
s_{ij} &= q_i^\top k_j \,/ \sqrt{d_k}, \\
A_{ij} &= \frac{(1 - M_{ij}) \, e^{s_{ij}}}{\sum_l (1 - M_{il}) \, e^{s_{il}}} .
\end{aligned}$$

This page has what [`MultiHeadAttention`][] needs for it: three kinds of masks become
one, and PyTorch's fused function computes attention under it without writing the
weights into memory.

## Notation

- $M$, `mask`: one, or true, where a query may *not* look at a key
- $s$: the score of a query and a key
- $A$: the weight of each pair, see [`attention_weights`][]
- $q$, $k$, `q`, `k`: the queries and the keys of a head
- `v`: its values
- $d_k$, `head_dim`: how many numbers each of them has
- $B$, `batch`: how many sequences are computed together
- $h$, `num_heads`: the number of heads
- $S_q$, `num_queries`: the number of queries
- $S_k$, `num_keys`: the number of keys, and of values

## Three kinds of masks

They may be combined; a pair is excluded if any of them excludes it. True means: may
*not* look. That is the meaning in `nn.MultiheadAttention`; in PyTorch's function
`scaled_dot_product_attention` it is the opposite.

- `key_padding_mask`, `(batch, num_keys)`: the keys that are padding, which no query may
  look at.
- `is_causal`: a token may look at itself and at those before it.
- `attn_mask`: any other rule, `(num_queries, num_keys)`; with the batch in front, or
  the batch and the heads, one for each sequence or for each head of it.

Here are two at once: `attn_mask` closes the first key to every query, and
`key_padding_mask` the last three keys of the second sequence. Printed is which keys the
first query of that sequence looks at:

>>> import torch
>>> from labml_style_nn.layers.attention import MultiHeadAttention
>>> _ = torch.manual_seed(0)
>>> batch, num_queries, num_keys, num_heads, head_dim = 2, 5, 11, 3, 7
>>> attention = MultiHeadAttention(num_heads * head_dim, num_heads)
>>> x = torch.randn(batch, num_queries, num_heads * head_dim)
>>> z = torch.randn(batch, num_keys, num_heads * head_dim)
>>> mask = torch.zeros(num_queries, num_keys, dtype=torch.bool)
>>> mask[:, 0] = True
>>> padding = torch.zeros(batch, num_keys, dtype=torch.bool)
>>> padding[1, -3:] = True
>>> attention(x, z, z, attn_mask=mask, key_padding_mask=padding).shape
torch.Size([2, 5, 21])
>>> seen = attention.weights(x, z, attn_mask=mask, key_padding_mask=padding) > 0
>>> seen[1, 0, 0].int()
tensor([0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], dtype=torch.int32)

With the causal mask, a later token has no influence on an earlier result:

>>> changed = z.clone()
>>> changed[:, 8:] = 0
>>> now, before = attention(changed, is_causal=True), attention(z, is_causal=True)
>>> torch.allclose(now[:, :8], before[:, :8]), torch.allclose(now, before)
(True, False)

## A query without keys

If all keys of a query are excluded, the equation is zero divided by zero, and
`nn.MultiheadAttention` returns NaN. Here the result is *defined* to be zero, to which
the projection adds its bias, and no gradient passes. So a sequence that is all padding
does no harm:

>>> nobody = torch.ones(batch, num_keys, dtype=torch.bool)
>>> y = attention(x, z, key_padding_mask=nobody)
>>> torch.equal(y, attention.projection.bias.expand_as(y))
True

## What differs from the paper

- The paper sets excluded scores to $-\infty$; [`attention_weights`][] sets them to the
  lowest number there is, and the weights to zero.
- A query without keys gets zero.
- The fused function is of later years; its result is the same.

## What it costs

No parameters, and $2 h S_q S_k d_k$ MACs for each sequence. A mask that is given as a
tensor saves none of them: excluded pairs are computed like others. For the causal mask
alone PyTorch has kernels that leave out what it excludes.

## Example

>>> from labml_style_nn.layers.attention import dot_product_attention
>>> from labml_style_nn.layers.masked_attention import fused_attention, merge_masks
>>> q = torch.randn(batch, num_heads, num_queries, head_dim)
>>> k = torch.randn(batch, num_heads, num_keys, head_dim)
>>> v = torch.randn(batch, num_heads, num_keys, head_dim)
>>> merged = merge_masks(q, k, mask, padding, is_causal=False)
>>> merged.shape
torch.Size([2, 1, 5, 11])
>>> y = fused_attention(q, k, v, merged)
>>> y.shape
torch.Size([2, 3, 5, 7])
>>> torch.allclose(y, dot_product_attention(q, k, v, merged), atol=1e-6)
True
>>> merge_masks(q, k, mask, None, is_causal=True)
Traceback (most recent call last):
    ...
ValueError: is_causal needs as many queries as keys, got 5 and 11
"""

from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F


def merge_masks(
    q: Tensor,
    k: Tensor,
    attn_mask: Tensor | None,
    key_padding_mask: Tensor | None,
    is_causal: bool,
) -> Tensor | None:
    r"""One mask out of three, or none.

    **Shape.** Queries `(batch, num_heads, num_queries, head_dim)` and keys; to a mask
    that is broadcast to `(batch, num_heads, num_queries, num_keys)`.

    **Raises.** `ValueError` for a mask of another shape or type, and for a causal mask
    where there are more or fewer keys than queries.
    """
    batch, num_heads, num_queries, _ = q.shape
    num_keys = k.shape[2]
    masks = []
    if attn_mask is not None:
        # A mask without the axis of the heads is the same for all heads, and one
        # without the batch for all sequences.
        expected = (batch, num_heads, num_queries, num_keys)
        shapes = {4: expected, 3: (batch, *expected[2:]), 2: expected[2:]}
        check_mask(attn_mask, "attn_mask", shapes.get(attn_mask.dim(), expected[2:]))
        masks.append(attn_mask[:, None] if attn_mask.dim() == 3 else attn_mask)
    if key_padding_mask is not None:
        # A padded key is closed to all queries and all heads.
        check_mask(key_padding_mask, "key_padding_mask", (batch, num_keys))
        masks.append(key_padding_mask[:, None, None])
    if is_causal:
        # Row $i$, column $j$: closed for $j > i$, which is above the diagonal.
        if num_queries != num_keys:
            raise ValueError(
                "is_causal needs as many queries as keys, "
                f"got {num_queries} and {num_keys}"
            )
        everywhere = q.new_ones(num_queries, num_keys, dtype=torch.bool)
        masks.append(everywhere.triu(diagonal=1))
    # A pair is closed if any of the masks closes it.
    return reduce(torch.logical_or, masks) if masks else None


def check_mask(mask: Tensor, name: str, shape: tuple[int, ...]) -> None:
    """Refuse a mask that is not boolean, or not of this shape.

    **Raises.** `ValueError` with what was expected.
    """
    if mask.dtype != torch.bool:
        raise ValueError(f"{name} must be boolean (True: masked), got {mask.dtype}")
    if tuple(mask.shape) != shape:
        raise ValueError(f"{name} must have shape {shape}, got {tuple(mask.shape)}")


def fused_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    dropout_rate: float = 0.0,
) -> Tensor:
    r"""Attention in one call of PyTorch.

    [`dot_product_attention`][] writes all weights into memory, $S_q S_k$ numbers for
    each head. A fused kernel computes them block by block, and stores none
    (FlashAttention, Dao and others, 2022,
    [arXiv:2205.14135](https://arxiv.org/abs/2205.14135)); PyTorch chooses one that fits
    the device. The tests compare the two, values and gradients, with and without masks.

    PyTorch's fused kernel for the CPU has no second derivative. For that, run the layer
    within `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)`, where nothing is fused.

    **Shape.** As for [`dot_product_attention`][].
    """
    if mask is None:
        return F.scaled_dot_product_attention(
            q, k, v, is_causal=is_causal, dropout_p=dropout_rate
        )
    # True means "may take part" there, hence the negation. What the function returns
    # for a query that may look nowhere depends on its version. So such a query may look
    # everywhere, and then its result is replaced by zero, and its gradient with it.
    nowhere = mask.all(dim=-1, keepdim=True)
    mean = F.scaled_dot_product_attention(
        q, k, v, attn_mask=nowhere | ~mask, dropout_p=dropout_rate
    )
    return mean.masked_fill(nowhere, 0)
