r"""# Drop-in Mixer

An encoder of text alternates between two things: tokens meet, and each token is worked
on by itself. For the first it has [attention][layers.attention].
[Token mixing][token_mixing] (Tolstikhin and others, 2021,
[arXiv:2105.01601](https://arxiv.org/abs/2105.01601)) does the same job, with weights
that were learned once in the place of weights that are computed from the tokens:

$$\begin{aligned}
\text{Attention}(X) &= A(X)\, X W_V, \\
\text{Mixer}(X) &= W_2 \, \sigma\bigl(W_1 X\bigr) .
\end{aligned}$$

In both, matrices multiply $X$ from the left, where they mix the tokens. $A(X)$ is
computed from the tokens. $W_1$ and $W_2$ are learned, the same for every input, and
with $\sigma$ between them they are not one matrix. This page gives token mixing the
call of attention, so that one can stand where the other stood and nothing around them
changes.

## Notation

- $X$, `x`: the table of tokens, $S \times C$, for each sequence of the batch
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: the number of tokens, fixed once and for all
- $C$, `dim`: the number of channels (this layer works for any)
- $D_S$, `tokens_mlp_dim`: the width of the hidden layer
- $W_1$, $W_2$, `token_mixing`: the weights of [`token_mixing`][], which also has biases
- $\sigma$: the nonlinearity, see [`gelu`][]
- $A(X)$: the weights of attention, $S \times S$, a softmax of products of tokens
- $W_V$: the matrix that makes the values of attention; one head is written here
- $P$, `positions`: a position embedding, a table as large as $X$

## What it cannot do

Attention can leave tokens out (a mask), look at another sequence (keys that are not the
queries), and take a sequence of any length. All of that works because $A(X)$ is
computed anew for each input. The weights of a Mixer are there before the input is, so a
call that asks for one of these gets an error. To ignore it would be worse: a mask that
is ignored lets padding leak into every token, and a causal model would read its own
answers. (One mask that is the same for every input, such as a causal one, could be laid
over the weights themselves; [`spatial_gating`][] does that.)

>>> import torch
>>> from labml_style_nn.layers.drop_in_mixer import DropInMixer
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, dim, tokens_mlp_dim = 2, 24, 20, 10
>>> mixer = DropInMixer(num_tokens, tokens_mlp_dim)
>>> x = torch.randn(batch, num_tokens, dim)
>>> mixer(x, is_causal=True)
Traceback (most recent call last):
    ...
ValueError: this Mixer is not causal: every token reads every other
>>> mixer(x, torch.randn(batch, num_tokens, dim))
Traceback (most recent call last):
    ...
ValueError: a Mixer mixes one sequence with itself: key must be query, or left out

## Why it needs no positions

Attention treats tokens as a set. Put them in another order, and the results come in
that order, nothing more. So a Transformer adds to each token something that says where
it stands ([`positional_encoding`][]). A Mixer has a weight for each position:

>>> from labml_style_nn.layers.attention import MultiHeadAttention
>>> attention = MultiHeadAttention(dim, num_heads=5)
>>> order = torch.randperm(num_tokens)
>>> def knows_the_order(layer):
...     return not torch.allclose(layer(x[:, order]), layer(x)[:, order], atol=1e-5)
>>> knows_the_order(attention), knows_the_order(mixer)
(False, True)

What would a position embedding do here? It is the same for all sequences, so in this
layer by itself it adds a constant to the hidden layer,
$W_1 (X + P) = W_1 X + W_1 P$, the same for every input:

>>> positions = torch.randn(num_tokens, dim)
>>> shift = mixer.token_mixing.fc1(x + positions) - mixer.token_mixing.fc1(x)
>>> torch.allclose(shift[0], shift[1], atol=1e-5)
True

It is a richer bias than $b_1$, which is the same in all channels; but it tells the
layer nothing about *which token stands where* that $W_1$ does not say already. In a
network a norm stands before the layer, and what the positions add is no longer a
constant:

>>> from labml_style_nn.layers.layer_norm import LayerNorm
>>> norm, hidden = LayerNorm(dim), mixer.token_mixing.fc1
>>> shift = hidden(norm(x + positions)) - hidden(norm(x))
>>> torch.allclose(shift[0], shift[1], atol=1e-5)
False

The channel mixing would read them, too. The Mixer paper adds none all the same, because
token mixing depends on the order of the tokens (section 2); nor do the
[models][masked_language_model] here. [`transformer`][] trains both layers on a question
about order, with and without positions.

## What differs from the paper

- The paper mixes patches of images. Nothing in the layer knows of images; text only has
  to be cut into pieces of equal length.
- The arguments are those of attention. All but the first are there to be refused.

For the rest, see [`token_mixing`][].

## What it costs

$2 S D_S + D_S + S$ parameters and $2 S D_S C$ MACs for each sequence, as in
[`token_mixing`][].

## Example

The same call, and the same answer in three spellings:

>>> mixer(x).shape, attention(x).shape
(torch.Size([2, 24, 20]), torch.Size([2, 24, 20]))
>>> torch.equal(mixer(x, x, x), mixer(x))
True
>>> torch.equal(mixer(x), mixer.token_mixing(x))
True
"""

from typing import Literal

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive
from labml_style_nn.layers.token_mixing import TokenMixing


class DropInMixer(nn.Module):
    r"""## Token mixing, called like attention

    The arguments are those of [`MultiHeadAttention`][], in the same order.

    `key` and `value` may be left out, or be the query *itself*: the same object. A copy
    with the same numbers is refused too, for to compare the numbers would cost more
    than it tells.

    **Shape.** `(batch, num_tokens, dim)` to the same, for any `dim`.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, a sequence of another length, another key or value than the query, any
    mask, and `is_causal`.

    **Source.** Tolstikhin and others, section 2, equation (1), first line; the call is
    that of `nn.MultiheadAttention`, batch first.
    """

    def __init__(
        self,
        num_tokens: int,
        tokens_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(num_tokens=num_tokens, tokens_mlp_dim=tokens_mlp_dim)
        # $W_1$ and $W_2$, with a column and a row for each position.
        self.token_mixing = TokenMixing(
            num_tokens, tokens_mlp_dim, dropout_rate, approximate
        )

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
        """Mix each column of the table."""
        # What attention could do and this cannot, is refused before it does harm.
        for name, other in (("key", key), ("value", value)):
            if other is not None and other is not query:
                raise ValueError(
                    f"a Mixer mixes one sequence with itself: {name} must be query, "
                    "or left out"
                )
        for name, mask in (
            ("attn_mask", attn_mask),
            ("key_padding_mask", key_padding_mask),
        ):
            if mask is not None:
                raise ValueError(
                    f"this Mixer leaves no token out: {name} must be None, "
                    f"got a mask of shape {tuple(mask.shape)}"
                )
        if is_causal:
            raise ValueError("this Mixer is not causal: every token reads every other")
        # Nothing is added to the tokens: their places are their rows.
        return self.token_mixing(query)
