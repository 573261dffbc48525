r"""# Transformer encoder

A sequence goes in as a table with a row for each token, and comes out as one, in which
each row knows of the others. Every layer does two things in turn: tokens meet, and each
token is worked on by itself. The Mixer has exactly this form. What makes a layer a
Transformer's is that tokens meet in [attention][layers.attention]; here that is a
module which is handed in, and a [Mixer][drop_in_mixer] may take its place.

This page is the encoder of Vaswani and others, 2017, "Attention Is All You Need"
([arXiv:1706.03762](https://arxiv.org/abs/1706.03762)), in two forms. They differ in
where the norm stands. In the paper's form it comes last (*post-norm*):

$$\begin{aligned}
U &= \text{LayerNorm}\bigl(X + \text{Mix}(X)\bigr), \\
Y &= \text{LayerNorm}\bigl(U + \text{FFN}(U)\bigr).
\end{aligned}$$

Today's form normalises what a branch reads, and leaves the sum alone (*pre-norm*; Xiong
and others, 2020, "On Layer Normalization in the Transformer Architecture",
[arXiv:2002.04745](https://arxiv.org/abs/2002.04745)):

$$\begin{aligned}
U &= X + \text{Mix}\bigl(\text{LayerNorm}(X)\bigr), \\
Y &= U + \text{FFN}\bigl(\text{LayerNorm}(U)\bigr).
\end{aligned}$$

## Notation

- $X$, `x`: the table of tokens before a layer, $S \times C$ for each sequence
- $U$, `u`: the table between its halves
- $Y$, `y`: the table after it
- `token_mixing`: how tokens meet, $\text{Mix}$: [`attention`][layers.attention] or
  [`drop_in_mixer`][]
- `channel_mixing`: what each token goes through, $\text{FFN}$: [`feed_forward`][]
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: the number of tokens of a sequence
- $C$, `dim`: the number of channels
- $D$, `hidden_dim`: the width of the feed forward
- $N$, `num_layers`: the number of layers
- $h$, `num_heads`: the number of heads of attention

## Pre-norm and post-norm

In pre-norm a path without any operation but sums leads from the first layer to the
last. In post-norm the sum is divided by its size at each stop, and what was there at
the beginning fades. Two new stacks of twelve layers, and how much their output still
resembles their input (the cosine between the two, all tokens together):

>>> import torch
>>> from labml_style_nn.layers.attention import MultiHeadAttention
>>> from labml_style_nn.layers.feed_forward import FeedForward
>>> from labml_style_nn.models.transformer import Encoder, EncoderLayer
>>> batch, num_tokens, dim, hidden_dim, num_heads = 3, 12, 20, 80, 5
>>> _ = torch.manual_seed(0)
>>> many = torch.randn(50, num_tokens, dim)
>>> def stack(num_layers, norm_first):
...     _ = torch.manual_seed(0)
...     return Encoder(
...         dim, num_layers, norm_first=norm_first,
...         make_layer=lambda number: EncoderLayer(
...             dim, MultiHeadAttention(dim, num_heads), FeedForward(dim, hidden_dim),
...             norm_first=norm_first,
...         ),
...     )
>>> for norm_first in (True, False):
...     rows = many.flatten(), stack(12, norm_first)(many).flatten()
...     cosine = torch.nn.functional.cosine_similarity(*rows, dim=0)
...     print(f"norm_first={norm_first}: {cosine:.2f}")
norm_first=True: 0.30
norm_first=False: -0.01

Xiong and others show that post-norm has large gradients near its output when training
begins, so that it needs a slow start, and that pre-norm does not (abstract). Since the
layers of pre-norm never normalise what they write, the stack ends with one more norm.

## Attention needs positions

Twelve tokens, each one of five kinds, drawn at random. Which kind stands at the left of
each? (For the first it is the last.) One layer is trained to say it, with attention,
with attention and a [position embedding][positional_encoding], and with a Mixer; then
it is asked about sequences that it has not seen. Chance is 20 %.

>>> from torch import nn
>>> from labml_style_nn.layers.drop_in_mixer import DropInMixer
>>> from labml_style_nn.layers.positional_encoding import LearnedPositions
>>> from labml_style_nn.layers.token_embedding import TokenEmbedding
>>> def test_accuracy(token_mixer, positions):
...     layer = EncoderLayer(dim, token_mixer, FeedForward(dim, hidden_dim))
...     model = nn.Sequential(
...         TokenEmbedding(5, dim), positions, layer, nn.Linear(dim, 5)
...     )
...     optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
...     for step in range(200):
...         tokens = torch.randint(5, (16, num_tokens))
...         scores, neighbours = model(tokens), tokens.roll(1, dims=1)
...         loss = nn.functional.cross_entropy(scores.mT, neighbours)
...         optimizer.zero_grad()
...         loss.backward()
...         optimizer.step()
...     tokens = torch.randint(5, (500, num_tokens))
...     right = model(tokens).argmax(dim=2) == tokens.roll(1, dims=1)
...     return f"{right.double().mean():.0%}"
>>> _ = torch.manual_seed(0)
>>> test_accuracy(MultiHeadAttention(dim, num_heads), nn.Identity())
'36%'
>>> test_accuracy(
...     MultiHeadAttention(dim, num_heads), LearnedPositions(num_tokens, dim)
... )
'100%'
>>> test_accuracy(DropInMixer(num_tokens, 48), nn.Identity())
'100%'

Without positions, attention knows which tokens there are and not where. It can name the
kind that is most frequent in the sequence, which has this accuracy:

>>> tokens = torch.randint(5, (500, num_tokens))
>>> most = nn.functional.one_hot(tokens, 5).sum(dim=1).amax(dim=1)
>>> f"{(most / num_tokens).mean():.0%}"
'36%'

## What differs from the paper

- Both places of the norm, and either way for tokens to meet.
- [Stochastic depth][stochastic_depth] may skip an update; by default it does not.
- There is no decoder.
- Weights are initialised as in [`linear`][]; $\varepsilon$ of the norms is $10^{-6}$,
  where PyTorch's layer has $10^{-5}$.

## What it costs

A layer with attention and the plain feed forward has $4 C^2 + 4 C$ parameters where
tokens meet, $2 C D + D + C$ where they do not, and $4 C$ in its norms. The last norm of
a pre-norm stack has $2 C$. The MACs for one sequence are

$$N \bigl(\underbrace{4 S C^2 + 2 S^2 C}_{\text{attention}}
+ \underbrace{2 S C D}_{\text{channels}}\bigr) .$$

## Example

A stack of pre-norm layers with attention. The second sequence is shorter: what is
marked as padding is not read.

>>> encoder = stack(num_layers=2, norm_first=True)
>>> x = torch.randn(batch, num_tokens, dim)
>>> padding = torch.zeros(batch, num_tokens, dtype=torch.bool)
>>> padding[1, 9:] = True
>>> y = encoder(x, key_padding_mask=padding)
>>> y.shape
torch.Size([3, 12, 20])
>>> x[1, 9:] = 0
>>> torch.equal(encoder(x, key_padding_mask=padding)[1, :9], y[1, :9])
True

With a Mixer in the place of attention, nothing else changes:

>>> encoder = Encoder(
...     dim, 2,
...     make_layer=lambda number: EncoderLayer(
...         dim, DropInMixer(num_tokens, 10), FeedForward(dim, hidden_dim)
...     ),
... )
>>> encoder(x).shape
torch.Size([3, 12, 20])
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.stochastic_depth import StochasticDepth


class EncoderLayer(nn.Module):
    r"""## One layer

    `token_mixer` is called like [`MultiHeadAttention`][], with one table and the masks
    by name; `feed_forward` is called with a table alone. Both return one of the same
    shape.

    `dropout_rate` is for the updates, as in section 5.4 of the paper. Dropout inside
    the modules that are handed in is set when they are made.

    **Shape.** `(batch, num_tokens, dim)` to the same. The masks are those of
    [`MultiHeadAttention`][].

    **Raises.** `ValueError` for `dim` below one, a rate outside $[0, 1)$, a table with
    another number of channels, and whatever the token mixer refuses.

    **Source.** Vaswani and others, section 3.1 and Figure 1; Xiong and others,
    section 3.
    """

    def __init__(
        self,
        dim: int,
        token_mixer: nn.Module,
        feed_forward: nn.Module,
        *,
        norm_first: bool = True,
        dropout_rate: float = 0.0,
        stochastic_depth_rates: tuple[float, float] = (0.0, 0.0),
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        check_positive(dim=dim)
        self.dim, self.norm_first = dim, norm_first
        token_rate, channel_rate = stochastic_depth_rates
        # The first line, where tokens meet.
        self.token_norm = LayerNorm(dim, eps)
        self.token_mixing = token_mixer
        self.token_depth = StochasticDepth(token_rate)
        # The second line, where they do not.
        self.channel_norm = LayerNorm(dim, eps)
        self.channel_mixing = feed_forward
        self.channel_depth = StochasticDepth(channel_rate)
        self.dropout = Dropout(dropout_rate)

    def forward(
        self,
        x: Tensor,
        *,
        attn_mask: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Let the tokens meet, then work on each by itself."""
        check_shape(x, "batch", "num_tokens", self.dim)

        # The masks are handed on, for the mixer to obey or to refuse.
        masks: dict[str, Any] = {
            "attn_mask": attn_mask,
            "key_padding_mask": key_padding_mask,
            "is_causal": is_causal,
        }
        # Pre-norm: the norm stands in the branch, and $X$ and $U$ pass it by. On its
        # way to the sum, an update may lose single numbers, or all of them.
        if self.norm_first:
            update = self.token_mixing(self.token_norm(x), **masks)
            u = x + self.token_depth(self.dropout(update))
            update = self.channel_mixing(self.channel_norm(u))
            y = u + self.channel_depth(self.dropout(update))
        # Post-norm: it stands after the sum.
        else:
            update = self.token_mixing(x, **masks)
            u = self.token_norm(x + self.token_depth(self.dropout(update)))
            update = self.channel_mixing(u)
            y = self.channel_norm(u + self.channel_depth(self.dropout(update)))
        return y


class Encoder(nn.Module):
    r"""## The stack

    `make_layer` is called once for each layer, with its number, counted from zero. Each
    call makes a new layer, so that each has weights of its own; a function that returns
    an old one is refused. (PyTorch's `nn.TransformerEncoder` copies one layer instead,
    and all of its layers begin with equal weights.)

    With `norm_first`, which the layers should be given too, the stack ends with a norm.

    **Shape.** `(batch, num_tokens, dim)` to the same. The masks go to every layer.

    **Raises.** `ValueError` for a size below one, and for two layers that share a
    weight.

    **Source.** Vaswani and others, section 3.1; the last norm: Xiong and others,
    section 3.
    """

    def __init__(
        self,
        dim: int,
        num_layers: int,
        make_layer: Callable[[int], nn.Module],
        *,
        norm_first: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        check_positive(dim=dim, num_layers=num_layers)
        self.layers = nn.ModuleList(make_layer(number) for number in range(num_layers))
        # Within one stack, each weight must be met once.
        weights = [weight for layer in self.layers for weight in layer.parameters()]
        if len({id(weight) for weight in weights}) < len(weights):
            raise ValueError("make_layer must make a new layer each time it is called")
        self.norm = LayerNorm(dim, eps) if norm_first else nn.Identity()

    def forward(self, x: Tensor, **masks: Any) -> Tensor:
        """Send the table through all layers."""
        for layer in self.layers:
            x = layer(x, **masks)
        return self.norm(x)
