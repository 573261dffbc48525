r"""# Masked language model

Some characters of a text are hidden, and a model has to say what they were. It reads
what is left on both sides, so it cannot simply continue; it has to fit something in
(Devlin and others, 2018, "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding", [arXiv:1810.04805](https://arxiv.org/abs/1810.04805)).
[`masking`][] says how the tokens are hidden. This page is the model, and it has room
for two ways in which tokens may meet: [attention][layers.attention] or a
[Mixer][drop_in_mixer].

Tokens become vectors, an [encoder][transformer] turns them into vectors $Y$ that know
of one another, and a linear map gives each place a score for each token of the
vocabulary. The loss is the cross-entropy of what stood there, its mean over the chosen
places $M$:

$$\begin{aligned}
Z &= Y W^\top + \mathbf{1} b^\top, \\
\ell &= - \frac{1}{|M|} \sum_{s \in M}
\log \frac{e^{Z_{s,t_s}}}{\sum_v e^{Z_{s,v}}} .
\end{aligned}$$

## Notation

- $t_s$, `targets`: the token that stood at place $s$; $-100$ where none was chosen
- $M$, `chosen`: the places that were chosen
- $Y$, `y`: what leaves the encoder, $S \times C$ for each sequence
- $Z$, `scores`: a score for each token at each place, $S \times V$
- $\ell$, `loss`: the mean over the chosen places, in nats
- $W$, $b$, `output`: the map from channels to scores, $V \times C$
- $\mathbf{1}$: a column of $S$ ones, which repeats the bias in every row
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: the length of a sequence
- $V$, `vocabulary_size`: how many tokens there are
- $C$, `dim`: the number of channels
- $N$, `num_layers`: the number of layers
- $D$, `hidden_dim`: the width of the feed forward
- $D_S$, `tokens_mlp_dim`: the width of token mixing
- $h$, `num_heads`: the number of heads of attention

## Equal parameters

To compare two networks fairly, both should have equally many parameters. Here they
differ in the token mixing, and in the positions, which attention alone is told and
which have no parameters. In a layer with attention, tokens meet through $4 C^2 + 4 C$
numbers; in a layer of the Mixer, through $2 S D_S + D_S + S$, and $D_S$ can be chosen
to make the two equal ([`matched_tokens_mlp_dim`][]). What is left is a difference of
less than one parameter in a thousand, and the work is nearly the same too:

>>> import torch
>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.masked_language_model import (
...     attention_language_model, matched_tokens_mlp_dim, mixer_language_model,
... )
>>> sizes = dict(vocabulary_size=100, num_tokens=128, num_layers=4, hidden_dim=512)
>>> matched_tokens_mlp_dim(num_tokens=128, dim=160)
400
>>> def describe(build, **options):
...     with torch.device("meta"):
...         model = build(**sizes, **options)
...         x = torch.zeros(1, sizes["num_tokens"], dtype=torch.long)
...     with FlopCounterMode(display=False) as counter:
...         model(x)
...     count = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2e6
...     print(f"{count:,} parameters, {macs:.0f} million MACs")
>>> describe(attention_language_model, dim=160, num_heads=5)
1,105,188 parameters, 159 million MACs
>>> describe(mixer_language_model, dim=160)
1,104,740 parameters, 151 million MACs

## The loss at initialisation

The output is initialised with zeros, as the [head][ClassificationHead] of the Mixer is.
A new model finds all tokens equally likely, and its loss is $\ln V$ (see the example
below).

## What differs from the paper

BERT's code has more around the encoder. We left out what the comparison does not need:

- It learns to tell whether two sentences follow one another, too. There is no such task
  here, and no embedding for the number of a sentence.
- Before the output it has one more linear map, GELU and norm, and the output shares its
  matrix with the embedding. Here the output is a map of its own, which can be
  initialised with zeros.
- It learns its positions; here they come from a formula ([`SinusoidalPositions`][]).
  Tokens have an initial variance of one here, and the waves are about as large;
  [learned positions][LearnedPositions] are initialised fifty times smaller than the
  tokens.
- Its norms stand after the sums, ours before the branches; [`transformer`][] has both.
- The tokens of the experiment are characters, not pieces of words.

## What it costs

With attention, a model has

$$2 V C + V + N \bigl(4 C^2 + 4 C + 2 C D + D + C + 4 C\bigr) + 2 C$$

parameters, and needs $N (4 S C^2 + 2 S^2 C + 2 S C D) + S C V$ MACs for a
sequence. With a Mixer it has

$$2 V C + V + N \bigl(2 S D_S + D_S + S + 2 C D + D + C + 4 C\bigr) + 2 C$$

and needs $N (2 S D_S C + 2 S C D) + S C V$.

## Example

>>> from labml_style_nn.data.masking import mask_tokens
>>> from labml_style_nn.models.masked_language_model import masked_loss
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, vocabulary_size, dim = 2, 24, 90, 20
>>> tokens = torch.randint(1, vocabulary_size, (batch, num_tokens))
>>> masked = mask_tokens(tokens, vocabulary_size=vocabulary_size, mask_token=0)
>>> model = mixer_language_model(
...     vocabulary_size=vocabulary_size, num_tokens=num_tokens, dim=dim,
...     num_layers=2, hidden_dim=80,
... )
>>> scores = model(masked.tokens)
>>> scores.shape
torch.Size([2, 24, 90])
>>> loss = masked_loss(scores, masked.targets)
>>> f"{loss:.3f}, {torch.tensor(vocabulary_size).log():.3f}"
'4.500, 4.500'

With attention, the same, and a sequence may be shorter than the others:

>>> model = attention_language_model(
...     vocabulary_size=vocabulary_size, num_tokens=num_tokens, dim=dim,
...     num_layers=2, hidden_dim=80, num_heads=5,
... )
>>> padding = torch.zeros(batch, num_tokens, dtype=torch.bool)
>>> padding[1, 20:] = True
>>> model(masked.tokens, key_padding_mask=padding).shape
torch.Size([2, 24, 90])
"""

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.feed_forward import FeedForward
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.positional_encoding import SinusoidalPositions
from labml_style_nn.layers.token_embedding import TokenEmbedding
from labml_style_nn.models.transformer import Encoder, EncoderLayer

# What stands in the targets where nothing is asked, see [`masking`][]. It is the number
# that PyTorch's `cross_entropy` skips unless it is told otherwise.
IGNORED = -100


def masked_loss(scores: Tensor, targets: Tensor) -> Tensor:
    r"""The mean cross-entropy at the chosen places, in nats; zero if none was chosen.

    **Shape.** `(batch, num_tokens, vocabulary_size)` and `(batch, num_tokens)` to a
    single number.

    **Raises.** `ValueError` for targets of another shape.

    **Source.** Devlin and others, section 3.1: only the hidden tokens are predicted.
    """
    check_shape(targets, *scores.shape[:2])
    # The sum over $M$; what was not chosen counts as zero.
    total = F.cross_entropy(
        scores.flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )
    chosen = targets != IGNORED
    return total / chosen.sum().clamp(min=1)


class MaskedLanguageModel(nn.Module):
    r"""## The model over any encoder

    `encoder` turns a table into a table of the same shape, and its result is normalised
    already. `positions` is what tells the tokens where they stand; with a Mixer there
    is none.

    **Shape.** `(batch, num_tokens)`, whole numbers, to
    `(batch, num_tokens, vocabulary_size)`: scores, which a softmax turns into
    probabilities. Masks go to the encoder.

    **Raises.** `ValueError` for a size below one, for what is not a token, and whatever
    the encoder refuses.

    **Source.** Devlin and others, section 3.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        vocabulary_size: int,
        dim: int,
        positions: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(vocabulary_size, dim)
        self.positions = nn.Identity() if positions is None else positions
        self.encoder = encoder
        # $W$ and $b$.
        self.output = Linear(dim, vocabulary_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers have done so."""
        # With zeros, every token is as likely as any other.
        nn.init.zeros_(self.output.weight)

    def forward(self, tokens: Tensor, **masks: Any) -> Tensor:
        """Score each token for each place."""
        x = self.positions(self.embedding(tokens))
        y = self.encoder(x, **masks)
        # $Z = Y W^\top + \mathbf{1} b^\top$.
        return self.output(y)


def attention_language_model(
    *,
    vocabulary_size: int,
    num_tokens: int,
    dim: int,
    num_layers: int,
    hidden_dim: int,
    num_heads: int,
    dropout_rate: float = 0.0,
    approximate: Literal["none", "tanh"] = "none",
    eps: float = 1e-6,
) -> MaskedLanguageModel:
    """The model with attention, and with positions by formula.

    `num_tokens` is the length of the longest sequence.

    **Raises.** `ValueError` for a size below one, an odd `dim`, one that `num_heads`
    does not divide, a rate outside $[0, 1)$, an unknown form of GELU, and `eps` not
    above zero.
    """
    check_positive(num_tokens=num_tokens)

    def make_layer(number: int) -> EncoderLayer:
        attention = MultiHeadAttention(dim, num_heads)
        feed_forward = FeedForward(dim, hidden_dim, approximate=approximate)
        return EncoderLayer(
            dim, attention, feed_forward, dropout_rate=dropout_rate, eps=eps
        )

    return MaskedLanguageModel(
        Encoder(dim, num_layers, make_layer, eps=eps),
        vocabulary_size=vocabulary_size,
        dim=dim,
        positions=SinusoidalPositions(num_tokens, dim),
    )


def mixer_language_model(
    *,
    vocabulary_size: int,
    num_tokens: int,
    dim: int,
    num_layers: int,
    hidden_dim: int,
    tokens_mlp_dim: int | None = None,
    dropout_rate: float = 0.0,
    approximate: Literal["none", "tanh"] = "none",
    eps: float = 1e-6,
) -> MaskedLanguageModel:
    """The model with a Mixer, for sequences of `num_tokens`.

    Without `tokens_mlp_dim` it has as many parameters as the model with attention.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, and `eps` not above zero.
    """
    check_positive(num_tokens=num_tokens, dim=dim)
    if tokens_mlp_dim is None:
        width = matched_tokens_mlp_dim(num_tokens, dim)
    else:
        width = tokens_mlp_dim

    def make_layer(number: int) -> EncoderLayer:
        mixer = DropInMixer(num_tokens, width, approximate=approximate)
        feed_forward = FeedForward(dim, hidden_dim, approximate=approximate)
        return EncoderLayer(
            dim, mixer, feed_forward, dropout_rate=dropout_rate, eps=eps
        )

    encoder = Encoder(dim, num_layers, make_layer, eps=eps)
    return MaskedLanguageModel(encoder, vocabulary_size=vocabulary_size, dim=dim)


def matched_tokens_mlp_dim(num_tokens: int, dim: int) -> int:
    r"""The width $D_S$ at which both models have the same number of parameters.

    It solves $2 S D_S + D_S + S = 4 C^2 + 4 C$, rounded to the nearest whole number,
    and is at least one.

    **Raises.** `ValueError` for a size below one.
    """
    check_positive(num_tokens=num_tokens, dim=dim)
    attention = 4 * dim**2 + 4 * dim
    return max(1, round((attention - num_tokens) / (2 * num_tokens + 1)))
