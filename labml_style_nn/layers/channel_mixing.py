r"""# Channel mixing

[Token mixing][token_mixing] moves information between places. It cannot combine two
features of one place, since it treats every channel by itself. That is the work of
channel mixing: it takes each row of the table, all that is known about one patch, and
sends it through an [MLP][mlp].

$$Y_{j,*} = W_4 \, \sigma\bigl(W_3 X_{j,*}\bigr), \qquad j = 1 \ldots S .$$

This is the middle of the second line of equation (1) in Tolstikhin and others, 2021
([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)). For all rows at once, and with
the biases,

$$Y = \sigma\bigl(X W_3^\top + \mathbf{1} b_3^\top\bigr) W_4^\top
+ \mathbf{1} b_4^\top .$$

After both mixings, every number of the table can depend on every other: first along the
column, then along the row.

## Notation

- $X$, `x`: the table of tokens, $S \times C$, for each image of the batch
- $Y$: the table that comes out; what is added to $X$ in the [block][MixerBlock]
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of patches, the rows (this layer works for any)
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $D_C$, `channels_mlp_dim`: the width of the hidden layer, $4C$ in the paper's models
- $W_3$, $b_3$, `fc1`: the first layer, $D_C \times C$
- $W_4$, $b_4$, `fc2`: the second layer, $C \times D_C$
- $\sigma$: the nonlinearity, see [`gelu`][]
- $\mathbf{1}$: a column of $S$ ones, which repeats a bias in every row

## One MLP for all places

Every patch is treated by the same weights, whatever its position. Exchange the tokens,
and the results are exchanged with them, nothing more. The paper calls this "positional
invariance, a prominent feature of convolutions" (section 2), and indeed the layer is
two convolutions of size $1 \times 1$ with a GELU between them. Here is the first of
them, written as one:

>>> import torch
>>> from labml_style_nn.layers.channel_mixing import ChannelMixing
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim, channels_mlp_dim = 2, 24, 20, 80
>>> mixing = ChannelMixing(hidden_dim, channels_mlp_dim)
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> order = torch.randperm(num_patches)
>>> torch.allclose(mixing(x[:, order]), mixing(x)[:, order], atol=1e-6)
True
>>> kernel, image = mixing.fc1.weight[:, :, None, None], x.mT.unflatten(2, (4, 6))
>>> convolved = torch.nn.functional.conv2d(image, kernel, mixing.fc1.bias)
>>> torch.allclose(convolved.flatten(2).mT, mixing.fc1(x), atol=1e-5)
True

## What differs from the paper

- GELU is exact here, unless `approximate="tanh"` asks for the form of the authors'
  code, see [`gelu`][].
- [Dropout][dropout] may be applied, as in the [`MLP`][]; by default it is not.

Nothing else: the biases, which equation (1) of the paper leaves out, are in its code.

## What it costs

$2 C D_C + D_C + C$ parameters and $2 S C D_C$ MACs for each image: linear in
the number of patches, by construction.

Most of a Mixer is here. In a block, the weights of the two mixings are as $C D_C$ to
$S D_S$; the MACs, $2 S C D_C$ to $2 S D_S C$, are as $D_C$ to $D_S$. For
Mixer-B/16:

>>> from labml_style_nn.layers.token_mixing import TokenMixing
>>> channels = sum(p.numel() for p in ChannelMixing(768, 3072).parameters())
>>> tokens = sum(p.numel() for p in TokenMixing(196, 384).parameters())
>>> f"{channels:,} against {tokens:,} parameters; {3072 // 384} times the MACs"
'4,722,432 against 151,108 parameters; 8 times the MACs'

## Example

>>> mixing(x).shape
torch.Size([2, 24, 20])
>>> mixing.fc1.weight.shape, mixing.fc2.weight.shape
(torch.Size([80, 20]), torch.Size([20, 80]))
>>> mixing(torch.randn(2, 24, 21))
Traceback (most recent call last):
    ...
ValueError: expected shape (..., 20), got (2, 24, 21)

## Exercises

**Exercise 1.** No argument of `ChannelMixing` says how many patches there are. What
happens if it is given some of the patches only?

**Answer.** They are mixed as they would be among all the others. So one layer serves
images of any size.

>>> some = mixing.fc2(mixing.gelu(mixing.fc1(x[:, :7])))
>>> torch.allclose(some, mixing(x)[:, :7], atol=1e-6)
True

**Exercise 2.** Two patches of an image hold the same numbers. Are they still alike
after channel mixing? And after token mixing?

**Answer.** After channel mixing they are, since what it computes depends on the row and
on nothing else. Token mixing gives each position a row of its last matrix, so there
they differ:

>>> twins = x.clone()
>>> twins[:, 1] = twins[:, 0]
>>> y = mixing(twins)
>>> torch.allclose(y[:, 0], y[:, 1], atol=1e-6)
True
>>> u = TokenMixing(num_patches, 10)(twins)
>>> torch.allclose(u[:, 0], u[:, 1], atol=1e-6)
False

**Exercise 3.** Write channel mixing with two convolutions of kernel size one.

>>> from labml_style_nn.exercises import check
>>> def by_convolution(x, w3, b3, w4, b4):
...     return None  # your code
>>> check("channel_mixing", by_convolution)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`w3` 80 × 20, `b3` 80, `w4` 20 × 80, `b4` 20.

**Answer.** To a convolution the channels come before the places, so the table is
transposed on the way in and on the way out.

>>> def by_convolution(x, w3, b3, w4, b4):
...     hidden = torch.nn.functional.conv1d(x.mT, w3[:, :, None], b3)
...     hidden = torch.nn.functional.gelu(hidden)
...     return torch.nn.functional.conv1d(hidden, w4[:, :, None], b4).mT
>>> torch.allclose(by_convolution(x, *mixing.parameters()), mixing(x), atol=1e-6)
True
"""

from typing import Literal

from torch import Tensor

from labml_style_nn.layers.checks import check_positive
from labml_style_nn.layers.mlp import MLP


class ChannelMixing(MLP):
    r"""## The channel-mixing MLP

    An [`MLP`][] acts on the last axis of its input, and the last axis of the table is
    the channels. So there is nothing to transpose and nothing to add: channel mixing
    *is* the MLP, under the name that the paper gives it here.

    **Shape.** `(batch, num_patches, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, or a table with another number of channels.

    **Source.** Section 2, equation (1), second line.
    """

    def __init__(
        self,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        check_positive(hidden_dim=hidden_dim, channels_mlp_dim=channels_mlp_dim)
        # $C$ enters here; $S$ does not. The weights know nothing of places.
        super().__init__(hidden_dim, channels_mlp_dim, dropout_rate, approximate)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each row of the table."""
        return super().forward(x)
