r"""# gMLP

A network of one kind of block, and in the block one MLP. Where a [Mixer][mlp_mixer] has
two MLPs in turn, one across the tokens and one across the channels, gMLP has only the
second, and puts the mixing of tokens into the middle of it, as a
[gate][spatial_gating].

This page is the network of Liu and others, 2021, "Pay Attention to MLPs"
([arXiv:2105.08050](https://arxiv.org/abs/2105.08050)), for images;
[`causal_gmlp`][] is one for text.

An image becomes a table $X$ of $S$ rows and $C$ columns. Every block takes such a table
and returns one:

$$\begin{aligned}
Z &= \sigma\bigl(\text{LayerNorm}(X) \, W_1^\top\bigr), \\
Y &= X + s(Z) \, W_2^\top .
\end{aligned}$$

Tokens meet in the unit $s$, which halves the channels, and nowhere else in a block.
After the last block the rows are normalised once more and averaged, and a linear map
turns the average into a score for each class.

## Notation

- $X$, `x`: the table before a block
- $Z$, `z`: the hidden layer, a table of $S$ rows and $2E$ columns
- $Y$, `y`: the table after the block
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`, `num_tokens`: the number of tokens, the rows of the table
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $E$, `gate_dim`: half the width of the hidden layer
- $D_C$, `channels_mlp_dim`: its width, $2E$; $6C$ in the paper's models
- $P$, `patch_size`: the side of a patch, in pixels
- $W_1$, `fc1`: the first map over channels, $2E \times C$
- $W_2$, `fc2`: the second, $C \times E$
- $s$, `token_mixing`: the [spatial gating unit][spatial_gating]
- $\sigma$: the nonlinearity, [`gelu`][]
- $N$, `num_layers`: the number of blocks
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $K$, `num_classes`: the number of classes

## One residual connection

A Mixer's block has two residual connections, one for the tokens and one for the
channels. Here the mixing of tokens has no branch of its own. It acts inside the MLP, on
more channels than the residual has, and different ones. (There are two norms here as
well: one before the MLP, the other inside the gate.)

In a new block the gate is open, and the block is nearly an MLP over channels that uses
half of its hidden units: one half passes, the other has no effect yet. Each token is
treated by itself, until training lets the tokens meet.

>>> import torch
>>> from labml_style_nn.models.gmlp import GMLPBlock
>>> _ = torch.manual_seed(0)
>>> batch, num_tokens, hidden_dim, channels_mlp_dim = 2, 24, 20, 120
>>> block = GMLPBlock(num_tokens, hidden_dim, channels_mlp_dim)
>>> x = torch.randn(batch, num_tokens, hidden_dim)
>>> order = torch.randperm(num_tokens)
>>> torch.allclose(block(x[:, order]), block(x)[:, order], atol=1e-4)
True

Once the gate has learned something, the order of the tokens counts:

>>> _ = torch.nn.init.normal_(block.token_mixing.projection.weight)
>>> torch.allclose(block(x[:, order]), block(x)[:, order], atol=1e-4)
False

## What differs from the paper

- The paper's Table 1 counts 5.9, 19.5 and 73.4 million parameters. The models here have
  5.87, 19.42 and 73.08 million, exactly as many as timm's. The paper does not say
  where the small rest is, and no code of the authors was found.
- GELU is exact here and in timm; `approximate="tanh"` gives the tanh form, and
  [`gelu`][] says how far that is from it.
- [Dropout][dropout] stands in the MLP as in timm, and is off by default.
- The paper trains with [stochastic depth][stochastic_depth]; Table 1 gives the share of
  blocks that survive, 1.00, 0.95 and 0.80. Here the rate rises linearly with depth, as
  in the Mixer, and is off by default.
- Linear maps are initialised as on the page [`linear`][], which keeps the variance, and
  the classifier with zeros. The paper gives only the initialisation of the gate; timm,
  whose gMLP is called unverified in its own code, takes Glorot's rule for the other
  maps.
- The $\varepsilon$ of the norms is timm's: $10^{-6}$, and $10^{-5}$ within the gate;
  `eps` and `gate_eps` change them.

## What it costs

With $D_C = 2E$, a block has $2 C E + 2 E$ parameters in its first map, $S^2 + S + 2E$
in its gating unit, $C E + C$ in its second map and $2C$ in its norm. Around the $N$
blocks stand $C\,(C_{\text{in}} P^2 + 1)$ for the patches, $2C$ for the last norm and
$(C + 1) K$ for the head. The MACs for one image are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 E}_{\text{tokens}}
+ \underbrace{3 S C E}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}} .$$

Token mixing is quadratic in the number of patches. At $224 \times 224$ pixels and 1000
classes:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.gmlp import gmlp_b16, gmlp_s16, gmlp_ti16
>>> in_channels, image_size = 3, 224
>>> def describe(build):
...     with torch.device("meta"):
...         model, x = build(), torch.empty(batch, in_channels, image_size, image_size)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> for build in (gmlp_ti16, gmlp_s16, gmlp_b16):
...     describe(build)
gmlp_ti16: 5,867,328 parameters, 1.3 GMACs
gmlp_s16: 19,422,656 parameters, 4.4 GMACs
gmlp_b16: 73,075,392 parameters, 15.7 GMACs

A MAC is two FLOPs. So the largest has 31.5 billion, where the paper's Table 1
says 31.6.

## Example

A gMLP for small images, built from numbers:

>>> from labml_style_nn.models.gmlp import GMLP
>>> image_size = 28
>>> model = GMLP(
...     image_size=image_size, patch_size=4, num_classes=10,
...     num_layers=4, hidden_dim=64, channels_mlp_dim=384,
... )
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])

One of the paper's, by name, for ten classes and for images of another size:

>>> image_size = 96
>>> model = gmlp_ti16(image_size=image_size, num_classes=10)
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])
"""

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn

from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates


class GMLPBlock(nn.Module):
    r"""## The gMLP block

    An MLP over channels, with the gate between its two maps. The names are those of the
    Mixer's block: what is left of it is the norm and the branch of channel mixing, and
    token mixing has moved into that branch.

    **Shape.** `(batch, num_tokens, hidden_dim)` to the same. A causal block takes fewer
    tokens, too.

    **Raises.** `ValueError` for a size below one, an odd `channels_mlp_dim`, a rate
    outside $[0, 1)$, an unknown form of GELU, an $\varepsilon$ not above zero, or a
    table of another shape.

    **Source.** Section 2, equation (1) and Figure 1.
    """

    def __init__(
        self,
        num_tokens: int,
        hidden_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        causal: bool = False,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
        gate_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        check_positive(hidden_dim=hidden_dim, channels_mlp_dim=channels_mlp_dim)
        if channels_mlp_dim % 2:
            raise ValueError(f"channels_mlp_dim must be even, got {channels_mlp_dim}")
        # $E$: half of the hidden layer makes the gate, the other half goes through it.
        gate_dim = channels_mlp_dim // 2
        self.channel_norm = LayerNorm(hidden_dim, eps)
        self.fc1 = Linear(hidden_dim, channels_mlp_dim)
        self.gelu = GELU(approximate)
        self.token_mixing = SpatialGatingUnit(num_tokens, gate_dim, causal, gate_eps)
        self.fc2 = Linear(gate_dim, hidden_dim)
        self.dropout = Dropout(dropout_rate)
        self.channel_depth = StochasticDepth(stochastic_depth_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Widen each token, let the tokens gate one another, narrow each token."""
        # $Z = \sigma(\text{LayerNorm}(X)\,W_1^\top)$: within each token.
        z = self.dropout(self.gelu(self.fc1(self.channel_norm(x))))
        # $Y = X + s(Z)\,W_2^\top$: between the tokens, and back to $C$ channels.
        y = x + self.channel_depth(self.dropout(self.fc2(self.token_mixing(z))))
        return y


class GMLP(nn.Module):
    r"""## The whole network

    Patches, then blocks, then a norm and the head. The arguments are given by name.

    With timm's weights, the outputs and all gradients equal timm's: to $10^{-10}$ in
    float64, and in float32 to $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, an odd `channels_mlp_dim`, an image
    size which the patch size does not divide, a rate outside $[0, 1)$, an unknown form
    of GELU, an $\varepsilon$ not above zero, or an image of another shape.

    **Source.** Sections 2 and 3.
    """

    def __init__(
        self,
        *,
        image_size: int | Sequence[int],
        patch_size: int | Sequence[int],
        in_channels: int = 3,
        num_classes: int,
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
        self.approximate, self.eps, self.gate_eps = approximate, eps, gate_eps
        # $X$, the first table. The image size goes no further than this: what the
        # blocks need to know of it is $S$.
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        # $N$ blocks of one branch each, each built anew.
        num_patches = self.patch_embedding.num_patches
        self.blocks = nn.ModuleList(
            GMLPBlock(
                num_patches,
                hidden_dim,
                channels_mlp_dim,
                dropout_rate,
                rate,
                approximate=approximate,
                eps=eps,
                gate_eps=gate_eps,
            )
            for rate in linear_rates(stochastic_depth_rate, num_layers)
        )
        # The blocks normalise what they read, never what they write. So the table is
        # normalised once more before the head reads it.
        self.norm = LayerNorm(hidden_dim, eps)
        self.head = ClassificationHead(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        # From pixels to tokens; from here on there are only tables of $S$ rows.
        x = self.patch_embedding(image)
        for block in self.blocks:
            x = block(x)
        # The mean over tokens, and a score for each class.
        return self.head(self.norm(x))


def from_table_1(hidden_dim: int, options: dict[str, Any]) -> GMLP:
    """Build a model of Table 1: thirty blocks, patches of 16 pixels.

    It reads 224 pixels and knows 1000 classes, unless the options say otherwise.

    **Source.** Table 1; the options are those of [`GMLP`][], and any may be changed.
    """
    sizes: dict[str, Any] = {
        "image_size": 224,
        "patch_size": 16,
        "num_classes": 1000,
        "num_layers": 30,
        "hidden_dim": hidden_dim,
        "channels_mlp_dim": 6 * hidden_dim,
    }
    return GMLP(**(sizes | options))


# The three models. They differ in nothing but width.
def gmlp_ti16(**options: Any) -> GMLP:
    """gMLP-Ti: 30 blocks on 196 tokens of 128 channels."""
    return from_table_1(128, options)


def gmlp_s16(**options: Any) -> GMLP:
    """gMLP-S: 30 blocks on 196 tokens of 256 channels."""
    return from_table_1(256, options)


def gmlp_b16(**options: Any) -> GMLP:
    """gMLP-B: 30 blocks on 196 tokens of 512 channels."""
    return from_table_1(512, options)
