r"""# gMLP for text

The tokens of a [gMLP][gmlp] may be those of a text: characters, or words, each looked
up in a table of vectors. This network is a *language model*. It learns to continue the
text: at each place, to score every token for the place after it,

$$\begin{aligned}
X &= \text{Embedding}(t_1, \ldots, t_S), \\
\text{logits}_j &= W_V \, \text{LayerNorm}\bigl(\text{gMLP}(X)\bigr)_j + b_V ,
\end{aligned}$$

and for that, no place may look at a later one. This is why all the blocks are
*causal*: their gates keep the lower triangle of their weights, see
[`spatial_gating`][].

The blocks are those of Liu and others, 2021, "Pay Attention to MLPs"
([arXiv:2105.08050](https://arxiv.org/abs/2105.08050)).

## Notation

- $t$, `tokens`: the text, with the number of a token at each place
- $V$, `vocabulary_size`: how many tokens there are to choose from
- $X$, `x`: the table, one row for each place of the text
- $B$, `batch`: how many texts are computed together
- $S$, `num_tokens`: how many tokens the network can look at
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $E$: half the width of the hidden layer of a block
- $D_C$, `channels_mlp_dim`: its width, $2E$
- $N$, `num_layers`: the number of blocks
- $W_V$, $b_V$, `scores`: the map to a score for each token of the vocabulary

## Every place is a training example

Every place predicts its own next token, so a text of $S$ tokens gives $S$ training
examples, computed together. For that, no place may see its answer. The gradient shows
what a score depends on: here, how the scores at each place react to the vector at every
place. Whatever the weights, nothing lies above the diagonal.

>>> import torch
>>> from labml_style_nn.models.causal_gmlp import CausalGMLP
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, vocabulary_size, hidden_dim = 2, 6, 11, 20
>>> model = CausalGMLP(
...     vocabulary_size=vocabulary_size, num_tokens=num_tokens,
...     num_layers=2, hidden_dim=hidden_dim, channels_mlp_dim=48,
... )
>>> for weight in model.parameters():
...     _ = torch.nn.init.normal_(weight, std=0.5)
>>> x = torch.randn(batch, num_tokens, hidden_dim)
>>> jacobian = torch.autograd.functional.jacobian
>>> reaction = jacobian(lambda x: model.read(x).sum(dim=2), x)
>>> (reaction[0, :, 0].abs().sum(dim=2) > 0).int()
tensor([[1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 1]], dtype=torch.int32)

The ones below the diagonal are worth a look, too: after two blocks each place has heard
of everything before it. In fact one block is enough.

## A fixed context length

The weights have a place for each of $S$ tokens and for no more. `continued` therefore
shows the network the last $S$ tokens of the text and lets it choose the next, over and
over.

The weights also know *places*, not distances: to look one token back is another number
in every row of $W$, and must be learned in each. Attention with positions, or a
convolution, learns it once.

## What differs from the paper

- The paper trains on text with masked tokens, and each place looks both ways. To look
  back only, the blocks are masked; nothing else of them changes.
- The tokens are embedded as on the page [`token_embedding`][], without positions, for
  the gates know the places (section 2 of the paper). The map to the scores is
  initialised with zeros, like the [head][ClassificationHead] for images: a new network
  deems every token equally likely.

## What it costs

$V C$ parameters for the table of vectors. With $D_C = 2E$, each of the $N$ blocks has
$3 C E + S^2 + S + 4E + 3C$. The last norm has $2C$, and the map to the scores
$(C + 1) V$. The MACs for one text are

$$N \bigl(\underbrace{S^2 E}_{\text{tokens}}
+ \underbrace{3 S C E}_{\text{channels}}\bigr)
+ \underbrace{S C V}_{\text{scores}} .$$

## Example

A small network learns a line by heart, from pieces of sixteen characters cut out of it
anywhere:

>>> line = "a token gates a token, and no token gates the past; "
>>> letters = sorted(set(line))
>>> text = torch.tensor([letters.index(letter) for letter in 3 * line])
>>> num_tokens, vocabulary_size, hidden_dim = 16, len(letters), 80
>>> _ = torch.manual_seed(0)
>>> model = CausalGMLP(
...     vocabulary_size=vocabulary_size, num_tokens=num_tokens,
...     num_layers=2, hidden_dim=hidden_dim, channels_mlp_dim=128,
... )
>>> pieces = text.unfold(0, num_tokens + 1, 1)
>>> seen, following = pieces[:, :-1], pieces[:, 1:]
>>> batch = len(pieces)
>>> optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
>>> losses = []
>>> for step in range(80):
...     logits = model(seen)
...     loss = torch.nn.functional.cross_entropy(logits.mT, following)
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
...     losses.append(loss.item())
>>> f"{losses[0]:.2f}, {torch.tensor(vocabulary_size).log():.2f}, {losses[-1]:.1f}"
'2.64, 2.64, 0.1'
>>> begun = text[None, :num_tokens]
>>> "".join(letters[token] for token in model.continued(begun, 60)[0])
'a token gates a token, and no token gates the past; a token gates a token, a'
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.stochastic_depth import linear_rates
from labml_style_nn.layers.token_embedding import TokenEmbedding
from labml_style_nn.models.gmlp import GMLPBlock


class CausalGMLP(nn.Module):
    r"""## The whole network

    A table of vectors, causal blocks, a norm and the scores.

    **Shape.** `(batch, length)`, whole numbers, to `(batch, length, vocabulary_size)`:
    logits. The length is at most `num_tokens`.

    **Raises.** `ValueError` for a size below one, an odd `channels_mlp_dim`, a rate
    outside $[0, 1)$, an unknown form of GELU, an $\varepsilon$ not above zero, a text
    that is too long, or a token that is not in the vocabulary.

    **Source.** The blocks: section 2 of the paper. The triangle is ours.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        num_tokens: int,
        num_layers: int,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
        gate_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        check_positive(num_layers=num_layers)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        self.num_tokens = num_tokens
        # $X$: a vector for each token. Nothing tells it the place; the gates know.
        self.embedding = TokenEmbedding(vocabulary_size, hidden_dim)
        # $N$ blocks, each built anew. `causal=True` makes them blocks for text.
        self.blocks = nn.ModuleList(
            GMLPBlock(
                num_tokens,
                hidden_dim,
                channels_mlp_dim,
                dropout_rate,
                rate,
                causal=True,
                approximate=approximate,
                eps=eps,
                gate_eps=gate_eps,
            )
            for rate in linear_rates(stochastic_depth_rate, num_layers)
        )
        # No average over tokens, as there is for an image: each place has a next token
        # of its own to predict.
        self.norm = LayerNorm(hidden_dim, eps)
        self.scores = Linear(hidden_dim, vocabulary_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers: all tokens are equally likely."""
        nn.init.zeros_(self.scores.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Score every token of the vocabulary for the place after each."""
        return self.read(self.embedding(tokens))

    def read(self, x: Tensor) -> Tensor:
        """Score from the vectors: unlike numbers of tokens, they can have gradients.

        **Shape.** `(batch, length, hidden_dim)` to `(batch, length, vocabulary_size)`.
        """
        for block in self.blocks:
            x = block(x)
        return self.scores(self.norm(x))

    @torch.no_grad()
    def continued(self, tokens: Tensor, how_many: int) -> Tensor:
        """Continue each text by the tokens that score highest.

        Nothing is dropped, also while the network is in training.

        **Shape.** `(batch, length)`, of any length, to `(batch, length + how_many)`.

        **Raises.** `ValueError` for an empty text, and for `how_many` below zero.
        """
        check_positive(length=tokens.shape[-1])
        if how_many < 0:
            raise ValueError(f"how_many must be from 0 up, got {how_many}")
        with evaluated(self):
            for _ in range(how_many):
                # The last window; of its scores, those after its last token.
                logits = self(tokens[:, -self.num_tokens :])[:, -1]
                best = logits.argmax(dim=1, keepdim=True)
                tokens = torch.cat([tokens, best], dim=1)
        return tokens


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """Evaluate a model for a while; then each part of it goes on as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
