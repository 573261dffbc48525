r"""# Token mixing

To a Mixer, an image is a table $X$ with a row for each patch and a column for each
channel. A column is one feature seen everywhere in the image at once, a small picture
of $S$ pixels. Token mixing takes each column and sends it through an [MLP][mlp].
Before the average at the very end, it is the only place in the network where patches
meet.

$$U_{*,i} = W_2 \, \sigma\bigl(W_1 X_{*,i}\bigr), \qquad i = 1 \ldots C .$$

This is the middle of equation (1) in Tolstikhin and others, 2021, "MLP-Mixer: An
all-MLP Architecture for Vision" ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601));
the normalisation before it and the sum after it belong to the [block][MixerBlock].
Nothing in the equation depends on $i$ except the column, so all columns can be done at
once, as one product of matrices:

$$U = W_2 \, \sigma\bigl(W_1 X + b_1 \mathbf{1}^\top\bigr) + b_2 \mathbf{1}^\top .$$

## Notation

- $X$, `x`: the table of tokens, $S \times C$, for each image of the batch
- $U$: the table that comes out; what is added to $X$ in the [block][MixerBlock]
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of patches, the rows of the table
- $C$, `hidden_dim`: the number of channels, the columns (this layer works for any)
- $D_S$, `tokens_mlp_dim`: the width of the hidden layer
- $H$, `hidden`: the hidden layer, a table of $D_S \times C$
- $W_1$, $b_1$, `fc1`: the first layer, $D_S \times S$
- $W_2$, $b_2$, `fc2`: the second layer, $S \times D_S$
- $W$, $b$, `weight`, `bias`: those of the first or of the second layer
- $\sigma$, `gelu`: the nonlinearity, see [`gelu`][]
- $\mathbf{1}^\top$: a row of $C$ ones, which repeats a bias in every column

## On which side the weight stands

A linear layer of PyTorch acts on the last axis, on rows: $X W^\top$. To make it act on
columns, most implementations transpose the table, apply the MLP, and transpose it back.
The equation asks for no such thing. It puts the weight on the *left*, and so does the
code of this page. The numbers are the same, with the same weights:

>>> import torch
>>> from labml_style_nn.layers.mlp import MLP
>>> from labml_style_nn.layers.token_mixing import TokenMixing
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim, tokens_mlp_dim = 2, 24, 20, 10
>>> mixing = TokenMixing(num_patches, tokens_mlp_dim)
>>> mlp = MLP(num_patches, tokens_mlp_dim)
>>> _ = mlp.load_state_dict(mixing.state_dict())
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> torch.allclose(mixing(x), mlp(x.transpose(1, 2)).transpose(1, 2), atol=1e-6)
True

It also saves the time to turn the table around; `benchmarks/models.py` measures how
much.

## One MLP for all channels

$W_1$ has no index $i$: every channel is mixed by the same weights. So exchanging
channels before the layer or after it makes no difference.

>>> order = torch.randperm(hidden_dim)
>>> torch.allclose(mixing(x[:, :, order]), mixing(x)[:, :, order], atol=1e-6)
True

A depthwise convolution does the opposite: it has another kernel for each channel, and a
small one. In these words token mixing is a depthwise convolution whose kernel covers
the whole image and is the same for all channels (section 1 of the paper). Such a kernel
fits in one position only, so nothing slides: each row of $W_1$ is a kernel, and gives
one number. Sharing is what makes it affordable. Separate MLPs would multiply the
weights by $C$, and the paper saw no noticeable improvement from them (Supplementary
A.1). For one block of Mixer-B/16:

>>> shared = sum(weight.numel() for weight in TokenMixing(196, 384).parameters())
>>> f"{shared:,} shared, {768 * shared:,} separate"
'151,108 shared, 116,050,944 separate'

## Why there is no position embedding

A layer that treats all tokens alike, such as attention, must be told where each token
stands. This one knows: column $s$ of $W_1$ belongs to position $s$ and to no other.
Move the tokens by one place, and the result is not the old one moved by a place:

>>> torch.allclose(mixing(x.roll(1, dims=1)), mixing(x).roll(1, dims=1), atol=1e-6)
False

## Why the size of the image is fixed

For the same reason. $W_1$ has one column for each position, so there is nothing to say
about a position that it was not built for:

>>> mixing(torch.randn(2, 25, 20))
Traceback (most recent call last):
    ...
ValueError: expected shape (batch, 24, channels), got (2, 25, 20)

To fine-tune on images $K$ times larger in both directions, the paper builds a new layer
with $K^2$ copies of $W_1$ and $W_2$ along the diagonals of larger matrices (section 3
and Supplementary C).

## What differs from the paper

- GELU is exact here, unless `approximate="tanh"` asks for the form of the authors'
  code, see [`gelu`][].
- [Dropout][dropout] may be applied, as in the [`MLP`][]; by default it is not.

Nothing else: the biases, which equation (1) of the paper leaves out, are in its code.

## What it costs

$2 S D_S + D_S + S$ parameters and $2 S D_S C$ MACs for each image.

The cost is linear in the number of patches, because $D_S$ is chosen independently of it
(section 2). Attention compares every patch with every other: its two products take
$2 S^2 C$ MACs. With four times as many patches:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> def macs(layer, x):
...     with FlopCounterMode(display=False) as counter:
...         layer(x)
...     return counter.get_total_flops() // 2
>>> few, many = (torch.randn(batch, tokens, hidden_dim) for tokens in (196, 784))
>>> macs(TokenMixing(784, 384), many) / macs(TokenMixing(196, 384), few)
4.0
>>> attention = lambda x: (x @ x.transpose(1, 2)) @ x
>>> macs(attention, few) == batch * 2 * 196**2 * hidden_dim
True
>>> macs(attention, many) / macs(attention, few)
16.0

Two remarks, to be fair. The *parameters* of token mixing grow with $S$, those of
attention do not. And when the paper widens $D_S$ along with $S$, as in the fine-tuning
above, the cost is no longer linear.

## Example

>>> mixing(x).shape
torch.Size([2, 24, 20])
>>> mixing.fc1.weight.shape, mixing.fc2.weight.shape
(torch.Size([10, 24]), torch.Size([24, 10]))

## Exercises

**Exercise 1.** Which line fixes the size of the image? Which of the two sizes of the
table is in the shape of no weight?

**Answer.** `self.fc1 = TokenLinear(num_patches, tokens_mlp_dim)`: from here on $W_1$
has $S$ columns. The number of channels, here 20, is in none of the weights:

>>> [tuple(weight.shape) for weight in mixing.parameters()]
[(10, 24), (10,), (24, 10), (24,)]

**Exercise 2.** The patches of all images come in another order than in training, the
same order for every image. How do you change a trained layer so that it does as well on
them?

**Answer.** Position $s$ has a column of $W_1$, a row of $W_2$ and a number of $b_2$.
They take the new order, and the result is the old one in that order:

>>> order = torch.randperm(num_patches)
>>> moved = TokenMixing(num_patches, tokens_mlp_dim)
>>> _ = moved.load_state_dict({
...     "fc1.weight": mixing.fc1.weight[:, order],
...     "fc1.bias": mixing.fc1.bias,
...     "fc2.weight": mixing.fc2.weight[order],
...     "fc2.bias": mixing.fc2.bias[order],
... })
>>> torch.allclose(moved(x[:, order]), mixing(x)[:, order], atol=1e-6)
True

**Exercise 3.** Write token mixing with `torch.einsum`, and show that it equals ours.

>>> from labml_style_nn.exercises import check
>>> def by_einsum(x, w1, b1, w2, b2):
...     return None  # your code
>>> check("token_mixing", by_einsum)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`w1` 10 × 24, `b1` 10, `w2` 24 × 10, `b2` 24.

**Answer.** Let $d$ count the hidden rows, $s$ the tokens and $c$ the channels. Each
letter that a weight sums over is missing on the right; $c$ stays where it is.

>>> def by_einsum(x, w1, b1, w2, b2):
...     hidden = torch.einsum("ds,bsc->bdc", w1, x) + b1[:, None]
...     hidden = torch.nn.functional.gelu(hidden)
...     return torch.einsum("sd,bdc->bsc", w2, hidden) + b2[:, None]
>>> torch.allclose(by_einsum(x, *mixing.parameters()), mixing(x), atol=1e-6)
True
"""

from typing import Literal

import torch
from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.linear import lecun_normal_


class TokenLinear(nn.Module):
    r"""## A linear map over tokens

    Its weights have the shapes and the initialisation of those of [`Linear`][], but
    multiply from the other side: $W X + b \mathbf{1}^\top$ in place of
    $X W^\top + \mathbf{1} b^\top$. So it is not an `nn.Linear`: tools that replace
    those, as for quantisation, take them for maps over the last axis.

    A row of $W_1$ is a picture of the image plane, one weight for each patch, and it is
    the same for all channels; of $W_2$ it is a column. Figure 5 of the paper shows rows
    of $W_1$ after training, sorted by frequency and in pairs of opposing phase.

    **Shape.** `(batch, in_features, channels)` to `(batch, out_features, channels)`.

    **Raises.** `ValueError` for a size below one, or a table with another number of
    tokens.

    **Source.** The product with $W_1$ or $W_2$ in section 2, equation (1).
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        check_positive(in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, by the rule of [`linear`][]."""
        lecun_normal_(self.weight)
        nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """What `print` shows of the layer."""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias=True"

    def forward(self, x: Tensor) -> Tensor:
        """Multiply every table by the weight, from the left."""
        check_shape(x, "batch", self.in_features, "channels")
        # All images of the batch share $W$. `expand` repeats it without copying: the
        # batch is an axis along which memory does not move.
        weight = self.weight.expand(x.shape[0], -1, -1)
        # $W X$ for each image, plus $b \mathbf{1}^\top$: the bias stands upright, one
        # number for a token, the same in all channels. `baddbmm` multiplies the
        # matrices of a batch and adds, in one call.
        return torch.baddbmm(self.bias[:, None], weight, x)


class TokenMixing(nn.Module):
    r"""## The token-mixing MLP

    The same three lines as in [`MLP`][], with maps that act on columns. The hidden
    layer is a table too, of $D_S$ rows: its "tokens" are no longer places in the image,
    but patterns over all of it.

    **Shape.** `(batch, num_patches, channels)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, or a table with another number of tokens.

    **Source.** Section 2, equation (1), first line.
    """

    def __init__(
        self,
        num_patches: int,
        tokens_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(num_patches=num_patches, tokens_mlp_dim=tokens_mlp_dim)
        self.num_patches = num_patches
        # $S$ enters here, and with it the size of the image is fixed. $C$ does not: the
        # weights know nothing of channels.
        self.fc1 = TokenLinear(num_patches, tokens_mlp_dim)
        self.gelu = GELU(approximate)
        self.fc2 = TokenLinear(tokens_mlp_dim, num_patches)
        self.dropout = Dropout(dropout_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each column of the table."""
        check_shape(x, "batch", self.num_patches, "channels")
        # $H = \sigma(W_1 X + b_1 \mathbf{1}^\top)$, from $S$ rows to $D_S$.
        hidden = self.dropout(self.gelu(self.fc1(x)))
        # $W_2 H + b_2 \mathbf{1}^\top$, back to $S$ rows, so that the result can be
        # added to the table it came from.
        return self.dropout(self.fc2(hidden))
