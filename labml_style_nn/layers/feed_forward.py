r"""# Feed forward

[Attention][layers.attention] moves what is known from token to token. In between, each
token is sent by itself through two linear maps with a nonlinearity between them. The
Transformer calls this the *position-wise feed-forward network* (Vaswani and others,
2017, "Attention Is All You Need", section 3.3,
[arXiv:1706.03762](https://arxiv.org/abs/1706.03762)):

$$\text{FFN}(x) = W_2 \max(0,\, W_1 x + b_1) + b_2 .$$

With GELU in the place of the maximum it is the [`MLP`][] of the Mixer, and it holds the
same place: what the Mixer calls [channel mixing][channel_mixing], the Transformer calls
feed forward. Besides, the layers of the Transformer's encoder differ from a Mixer's in
their token mixing, in ReLU, and in their norms, which follow the sums.

A *gated* feed forward computes the hidden layer twice, and lets one of the two decide
how much of the other passes (Shazeer, 2020, "GLU Variants Improve Transformer",
section 2, [arXiv:2002.05202](https://arxiv.org/abs/2002.05202)):

$$\text{FFN}_{\text{gated}}(x) = W_2 \bigl(\sigma(W x) \otimes V x\bigr) .$$

## Notation

- $x$, `x`: the vector of one token, the last axis of the input
- $d$, `dim`: its size
- $D$, `hidden_dim`: the width of the hidden layer
- $h$, `hidden`: the hidden layer
- $W_1$, $b_1$, `fc1`: the first map of the plain form, $D \times d$
- $W_2$, $b_2$, `fc2`: the last map of both forms, $d \times D$; the gated one has no
  $b_2$
- $W$, `gate`: the map whose result decides, $D \times d$
- $V$, `value`: the map whose result is let through, $D \times d$
- $\sigma$, `activation`: the nonlinearity
- $B$, `batch`: how many sequences are computed together
- $S$, `num_tokens`: how many tokens a sequence has

The sign $\otimes$ multiplies two vectors number by number. The paper writes vectors as
rows and the matrices on their right; here they stand on the left, as on all pages.

## The gates by name

| nonlinearity | name | `gate` |
|---|---|---|
| the logistic function | GLU | `"sigmoid"` |
| none | Bilinear | `"identity"` |
| $\max(0, \cdot)$ | ReGLU | `"relu"` |
| GELU | GEGLU | `"gelu"` |
| $z \mapsto z / (1 + e^{-z})$, Swish or SiLU | SwiGLU | `"silu"` |

## What a gate adds

A hidden unit of the plain form sums what it reads, and bends the sum. A gated unit is a
product of two numbers that both depend on $x$, so one map can ask *whether*, and the
other *how much*. Without any $\sigma$ it is exactly quadratic: twice the input gives
four times the output.

>>> import torch
>>> from labml_style_nn.layers.feed_forward import FeedForward, GatedFeedForward
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, dim, hidden_dim = 2, 24, 20, 80
>>> x = torch.randn(batch, num_tokens, dim)
>>> bilinear = GatedFeedForward(dim, hidden_dim, gate="identity")
>>> torch.allclose(bilinear(2 * x), 4 * bilinear(x), atol=1e-4)
True

Because of the product, the gated form can multiply two channels of a token. One hidden
unit is enough, if its two maps read a channel each:

>>> product = GatedFeedForward(2, 1, gate="identity")
>>> weights = {"gate": [[1.0, 0.0]], "value": [[0.0, 1.0]], "fc2": [[1.0], [0.0]]}
>>> _ = product.load_state_dict(
...     {f"{name}.weight": torch.tensor(weight) for name, weight in weights.items()}
... )
>>> product(torch.tensor([3.0, 7.0])).tolist()
[21.0, 0.0]

## Two thirds of the width

Three matrices stand where two did. For equal parameters and equal work the hidden layer
of the gated form is narrower by a third ([`gated_width`][], section 2 of Shazeer's
paper). With the sizes of its experiments, $d = 768$ and $D = 3072$, the matrices of
both forms hold equally many numbers:

>>> from labml_style_nn.layers.feed_forward import gated_width
>>> gated_width(3072)
2048
>>> def matrices(layer):
...     return sum(p.numel() for p in layer.parameters() if p.dim() == 2)
>>> plain, gated = FeedForward(768, 3072), GatedFeedForward(768, gated_width(3072))
>>> f"{matrices(plain):,} and {matrices(gated):,}"
'4,718,592 and 4,718,592'

## What differs from the paper

- Weights are initialised as in [`linear`][]. The sections named above say nothing of
  it.
- [Dropout][dropout] may be applied to the hidden layer; by default it is not. The
  dropout of the result belongs to the [encoder layer][transformer].

Nothing else: the plain form has biases and the gated one has none, as in the papers.

## What it costs

$2 d D + D + d$ parameters for the plain form and $3 d D$ for the gated one. For each
token, $2 d D$ MACs and $3 d D$.

## Example

>>> feed_forward = FeedForward(dim, hidden_dim, activation="relu")
>>> feed_forward(x).shape
torch.Size([2, 24, 20])
>>> swiglu = GatedFeedForward(dim, hidden_dim, gate="silu")
>>> swiglu(x).shape
torch.Size([2, 24, 20])

With GELU, the plain form is the MLP, to the last bit, and takes its weights:

>>> from labml_style_nn.layers.mlp import MLP
>>> mlp, feed_forward = MLP(dim, hidden_dim), FeedForward(dim, hidden_dim)
>>> _ = feed_forward.load_state_dict(mlp.state_dict())
>>> torch.equal(feed_forward(x), mlp(x))
True
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import Linear, lecun_normal_

# What may stand for $\sigma$. Swish with $\beta = 1$ is what PyTorch calls SiLU.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu": GELU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


def activation_named(
    name: str, approximate: Literal["none", "tanh"] = "none"
) -> nn.Module:
    """The nonlinearity of a name; `approximate` is the form of GELU, if it is that.

    **Raises.** `ValueError` for a name that is not in `ACTIVATIONS`.
    """
    if name not in ACTIVATIONS:
        names = ", ".join(repr(known) for known in ACTIVATIONS)
        raise ValueError(f"the activation must be one of {names}, got {name!r}")
    return GELU(approximate) if name == "gelu" else ACTIVATIONS[name]()


class FeedForward(nn.Module):
    r"""## The plain form

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    activation, or an input with another last axis.

    **Source.** Vaswani and others, section 3.3, equation (2), where the activation is
    `"relu"`. BERT and the Vision Transformer have `"gelu"`, the default here.
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        activation: str = "gelu",
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(dim=dim, hidden_dim=hidden_dim)
        self.dim = dim
        # The names are those of the [`MLP`][], so that weights can be handed over.
        self.fc1 = Linear(dim, hidden_dim)
        self.activation = activation_named(activation, approximate)
        self.dropout = Dropout(dropout_rate)
        self.fc2 = Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Send each token through the two maps."""
        check_shape(x, "...", self.dim)
        # $h = \sigma(W_1 x + b_1)$,
        hidden = self.dropout(self.activation(self.fc1(x)))
        # and $W_2 h + b_2$.
        return self.fc2(hidden)


def gated_width(hidden_dim: int) -> int:
    r"""The width at which a gated hidden layer costs what a plain one does.

    Two thirds, rounded down, and at least one.

    **Raises.** `ValueError` for a width below one.

    **Source.** Shazeer, section 2: fewer hidden units, by a factor of 2/3.
    """
    check_positive(hidden_dim=hidden_dim)
    return max(1, 2 * hidden_dim // 3)


class GatedFeedForward(nn.Module):
    r"""## The gated form

    **Shape.** `(..., dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    gate, or an input with another last axis.

    **Source.** Shazeer, section 2.
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        gate: str = "silu",
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(dim=dim, hidden_dim=hidden_dim)
        self.dim = dim
        # $W$ and $V$ read the same token, and neither has a bias.
        self.gate = _matrix(dim, hidden_dim)
        self.value = _matrix(dim, hidden_dim)
        self.activation = activation_named(gate, approximate)
        self.dropout = Dropout(dropout_rate)
        self.fc2 = _matrix(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Send each token through the gate."""
        check_shape(x, "...", self.dim)
        # $h = \sigma(W x) \otimes V x$. With the logistic function, the first factor
        # lies between zero (shut) and one (open).
        hidden = self.dropout(self.activation(self.gate(x)) * self.value(x))
        # $W_2 h$.
        return self.fc2(hidden)


def _matrix(in_features: int, out_features: int) -> nn.Linear:
    """A linear map without a bias, initialised as [`Linear`][] is."""
    linear = nn.Linear(in_features, out_features, bias=False)
    lecun_normal_(linear.weight)
    return linear
