r"""# PoolFormer

How much of a Transformer's accuracy is due to attention? Yu and others replaced it by
an average over neighbouring places, which has no weights, and the network still
competed with the best of its time. They conclude that what counts is the general form
of the block, which they call *MetaFormer*: normalise, mix tokens, add; normalise, mix
channels, add (2022, "MetaFormer Is Actually What You Need for Vision",
[arXiv:2111.11418](https://arxiv.org/abs/2111.11418)).

A *feature map* $X$, or map for short, has a token of $C$ channels at each place. Every
block takes such a map and returns one:

$$\begin{aligned}
U &= X + \lambda \, \text{Pool}\bigl(\text{Norm}(X)\bigr), \\
Y &= U + \lambda' \, \text{MLP}\bigl(\text{Norm}(U)\bigr) .
\end{aligned}$$

[Pooling][pool_mixing] mixes the tokens of neighbouring places, and an
[MLP][channel_mixing] the channels of each place. Both updates have a
[scale][layer_scale] for each channel. The [norm][layers.group_norm] measures the map of
an image as a whole.

## Notation

- $X$, `x`: the feature map before a block
- $U$, `u`: the map between its halves
- $Y$, `y`: the map after it
- $B$, `batch`: how many images are computed together
- $H, W$, `height`, `width`: the height and the width of a map, in places
- $S$: how many places it has, $H W$
- $C$, `dim`: the number of channels
- `token_mixing`: $\text{Pool}$, the average around each place, less the place itself
- `channel_mixing`: $\text{MLP}$, two linear maps with a nonlinearity between them
- $D_C$, `channels_mlp_dim`: its hidden width, $4 C$ in the paper's models
- `token_norm`, `channel_norm`: $\text{Norm}$, group normalisation with one group
- $\lambda$, `token_scale`: how much of the first update is added, for each channel
- $\lambda'$, `channel_scale`: how much of the second
- $N$, `depths`: the number of blocks in a stage
- $P$, `patch_size`: the side of the square that one place of a new map is made from
- $C_{\text{in}}$, `in_channels`: the channels of the image or of the map before
- $K$, `num_classes`: the number of classes

## A pyramid

A Mixer keeps the shape of its table to the end. PoolFormer is a *pyramid*, as
convolutional networks are: four stages, and from one to the next half as many rows and
columns, and more channels. Pooling is local, so a pyramid is what brings distant places
together. Here is a small one, and the maps that its stages leave behind:

>>> import torch
>>> from labml_style_nn.models.poolformer import PoolFormer
>>> _ = torch.manual_seed(0)
>>> batch, in_channels, image_height, image_width = 2, 3, 128, 224
>>> model = PoolFormer(
...     num_classes=10, depths=(1, 1, 2, 1), dims=(8, 12, 20, 28), mlp_ratio=4
... )
>>> image = torch.randn(batch, in_channels, image_height, image_width)
>>> x = image.permute(0, 2, 3, 1)
>>> for stage in model.stages:
...     x = stage(x)
...     print(tuple(x.shape))
(2, 32, 56, 8)
(2, 16, 28, 12)
(2, 8, 14, 20)
(2, 4, 7, 28)

## Any size of image

No weight belongs to a place. The same model reads images of other sizes, where a
[Mixer][mlp_mixer] must refuse them:

>>> model(torch.randn(batch, in_channels, 144, 272)).shape
torch.Size([2, 10])

Nor does anything tell a place where it is, except what the edges of the map give away.

## How much the pooling does

Take it out of the block, and what is left is an MLP at each place. Between the places
of a map there is then only the norm, which shares two numbers. With the pooling, a
change in one place reaches the eight around it, in each block. Here is a change in the
corner of a map, and how many places have felt it after one block and after two. The
norms are taken out for this, since they let all places feel it:

>>> from labml_style_nn.models.poolformer import PoolFormerBlock
>>> height, width, dim, channels_mlp_dim = 6, 5, 20, 80
>>> block = PoolFormerBlock(dim, channels_mlp_dim, layer_scale=1.0)
>>> x = torch.randn(batch, height, width, dim)
>>> change = torch.zeros_like(x)
>>> change[:, 0, 0] = 1
>>> block.token_norm = block.channel_norm = torch.nn.Identity()
>>> felt = (block(x + change) != block(x)).any(dim=-1)
>>> felt[0].sum().item()
4
>>> felt = (block(block(x + change)) != block(block(x))).any(dim=-1)
>>> felt[0].sum().item()
9

## Norm and average in the head

The authors normalise the last map, average it over all places, and classify. timm
averages first and normalises the average, with an $\varepsilon$ of its own. That is
another function, with the same weights; `average_first` gives it. The weights that timm
publishes are the authors', who trained them in their order. To compute as timm does,
load them into a model of timm's, and give its `state_dict()` to
[`load_timm_weights`][].

>>> reordered = PoolFormer(
...     num_classes=10, depths=(1, 1, 2, 1), dims=(8, 12, 20, 28), mlp_ratio=4,
...     average_first=True,
... )
>>> _ = torch.nn.init.normal_(model.head.linear.weight)
>>> _ = reordered.load_state_dict(model.state_dict())
>>> torch.allclose(model(image), reordered(image), atol=1e-2)
False

## What differs from the paper

- Maps have the channels last, in the authors' code first. No number differs.
- [Dropout][dropout] and [stochastic depth][stochastic_depth] are off by default.

The rest is as in the authors' code: GELU is exact; the weights of MLPs and classifier
are initialised with a standard deviation of 0.02, those of the convolutions as PyTorch
has it; layer scales are initialised with $10^{-5}$, in the models of 36 and more blocks
with $10^{-6}$; both branches of a block share a rate of stochastic depth, which rises
from block to block.

## What it costs

A block has $2 C D_C + D_C + C$ parameters in its channel mixing, $4 C$ in its norms and
$2 C$ in its layer scales; pooling has none. Each stage begins with
$C\,(C_{\text{in}} P^2 + 1)$ for a new map. After the last come $2C$ for the norm and
$(C + 1) K$ for the head. The MACs of a stage with $N$ blocks are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{new map}}
+ N \underbrace{2 S C D_C}_{\text{channels}} ,$$

and those of the head $C K$. Token mixing is not in the formula, since it multiplies
nothing. Here are the paper's models, at $224 \times 224$ pixels and 1000 classes:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.poolformer import poolformer_s12, poolformer_s24
>>> from labml_style_nn.models.poolformer import poolformer_s36, poolformer_m36
>>> from labml_style_nn.models.poolformer import poolformer_m48
>>> def describe(build):
...     with torch.device("meta"):
...         model, x = build(), torch.empty(batch, in_channels, 224, 224)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> describe(poolformer_s12)
poolformer_s12: 11,915,176 parameters, 1.8 GMACs
>>> describe(poolformer_s24)
poolformer_s24: 21,388,968 parameters, 3.4 GMACs
>>> describe(poolformer_s36)
poolformer_s36: 30,862,760 parameters, 5.0 GMACs
>>> describe(poolformer_m36)
poolformer_m36: 56,172,520 parameters, 8.8 GMACs
>>> describe(poolformer_m48)
poolformer_m48: 73,473,448 parameters, 11.5 GMACs

## Example

>>> model(image).shape
torch.Size([2, 10])
>>> poolformer_s12(num_classes=10)(image).shape
torch.Size([2, 10])
"""

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_rate, check_shape
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import init_small
from labml_style_nn.layers.pool_mixing import PoolMixing
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates


class PoolFormerBlock(nn.Module):
    r"""## The PoolFormer block

    The [Mixer's block][MixerBlock] with another token mixing, another norm, and a scale
    at the end of each branch. In the paper's words it is one instance of MetaFormer, as
    the Mixer's block is.

    !!! note "A shift without effect"

        The shift of the first norm adds one number to all places of a channel. The
        pooling subtracts each place from the average around it, and with it this
        number, which the average has too. So the shift has no effect and a gradient of
        zero, as a test shows. It is kept because the published weights have it.

    **Shape.** `(batch, height, width, dim)` to the same.

    **Raises.** `ValueError` for a size below one, an even pool size, a layer scale or
    `eps` not above zero, a rate outside $[0, 1)$, an unknown form of GELU, or a map
    with other channels.

    **Source.** Section 3, Figure 2(b); `PoolFormerBlock` in the authors' code.
    """

    def __init__(
        self,
        dim: int,
        channels_mlp_dim: int,
        layer_scale: float = 1e-5,
        pool_size: int = 3,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        # The first line. No weight is in the mixing itself, and no size: any map will
        # do.
        self.token_norm = GroupNorm(dim, eps=eps)
        self.token_mixing = PoolMixing(pool_size)
        self.token_scale = LayerScale(dim, layer_scale)
        self.token_depth = StochasticDepth(stochastic_depth_rate)
        # The second line. Channels stand last in a map, so the channel mixing of the
        # Mixer does for it what it does for a table.
        self.channel_norm = GroupNorm(dim, eps=eps)
        self.channel_mixing = ChannelMixing(
            dim, channels_mlp_dim, dropout_rate, approximate
        )
        self.channel_scale = LayerScale(dim, layer_scale)
        self.channel_depth = StochasticDepth(stochastic_depth_rate)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after the layers of the block have done so."""
        self.apply(init_small)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        # $U = X + \lambda\,\text{Pool}(\text{Norm}(X))$. What is subtracted in the
        # pooling is the normalised map, and what is added here is not normalised.
        u = x + self.token_depth(
            self.token_scale(self.token_mixing(self.token_norm(x)))
        )
        # $Y = U + \lambda'\,\text{MLP}(\text{Norm}(U))$. The MLP works at each place by
        # itself.
        y = u + self.channel_depth(
            self.channel_scale(self.channel_mixing(self.channel_norm(u)))
        )
        return y


class MapEmbedding(nn.Module):
    r"""## A new map from the map before

    One linear map for all places: a square of $P \times P$ places of the old map
    becomes one place of the new one. Unlike the patches of a [Mixer][patch_embedding],
    the squares overlap, since the steps between them are shorter than their sides. That
    is a convolution, of an image too: there the places are pixels.

    **Shape.** `(batch, height, width, in_channels)` to `(batch, new height, new width,
    dim)`, where a side of $n$ places becomes $\lfloor (n + 2 \cdot \text{padding} - P)
    / \text{stride} \rfloor + 1$.

    **Raises.** `ValueError` for a size below one, a map with other channels, or one
    that is smaller than a square.

    **Source.** Figure 2(a); `PatchEmbed` in the authors' code.
    """

    def __init__(
        self, in_channels: int, dim: int, patch_size: int, stride: int, padding: int
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, dim=dim, patch_size=patch_size)
        self.in_channels, self.stride, self.padding = in_channels, stride, padding
        kernel = torch.empty(dim, in_channels, patch_size, patch_size)
        self.weight, self.bias = nn.Parameter(kernel), nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Initialise again as `nn.Conv2d` does.

        Uniformly, up to one over the root of how many numbers a square holds.
        """
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        bound = self.weight[0].numel() ** -0.5
        nn.init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """What `print` shows of the layer."""
        dim, in_channels, patch_size, _ = self.weight.shape
        steps = f"stride={self.stride}, padding={self.padding}"
        return f"{in_channels}, {dim}, patch_size={patch_size}, {steps}"

    def forward(self, x: Tensor) -> Tensor:
        """Make one place of each square."""
        check_shape(x, "batch", "height", "width", self.in_channels)
        least = self.weight.shape[2] - 2 * self.padding
        if min(x.shape[1:3]) < least:
            raise ValueError(
                f"height and width must be at least {least}, got {tuple(x.shape[1:3])}"
            )
        # PyTorch convolves maps whose channels stand first. So this is not an
        # `nn.Conv2d`: tools that replace those expect maps of that kind.
        y = F.conv2d(
            x.permute(0, 3, 1, 2), self.weight, self.bias, self.stride, self.padding
        )
        return y.permute(0, 2, 3, 1)


class PoolFormerStage(nn.Sequential):
    """## A stage

    A new map, and then blocks that keep its shape.

    **Shape.** `(batch, height, width, in_channels)` to `(batch, new height, new width,
    dim)`.

    **Source.** Figure 2(a).
    """

    def __init__(self, embedding: MapEmbedding, blocks: Iterable[PoolFormerBlock]):
        super().__init__()
        self.embedding = embedding
        self.blocks = nn.Sequential(*blocks)


class PoolFormer(nn.Module):
    r"""## The whole network

    Stages, then a norm and the head. `depths` and `dims` have a number for each stage:
    its blocks and its channels. The arguments are given by name.

    With timm's weights, which are refused unless the order is timm's
    (`average_first=True`), the outputs and all gradients equal timm's: to $10^{-10}$ in
    float64, and in float32 to $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, `depths` and `dims` that differ in
    length, an even pool size, a layer scale or `eps` not above zero, a rate outside
    $[0, 1)$, an unknown form of GELU, or an image with other channels or below three
    pixels.

    **Source.** Section 3, Figure 2 and Table 1.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        depths: Sequence[int],
        dims: Sequence[int],
        mlp_ratio: int = 4,
        in_channels: int = 3,
        pool_size: int = 3,
        layer_scale: float = 1e-5,
        average_first: bool = False,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if not len(depths) == len(dims) > 0:
            raise ValueError(
                f"depths and dims must be equally many, got {depths} and {dims}"
            )
        check_positive(depths=min(depths), dims=min(dims), mlp_ratio=mlp_ratio)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        self.in_channels, self.pool_size = in_channels, pool_size
        self.approximate, self.eps = approximate, eps
        # A rate for each block of the network, rising from the first to the last.
        rates = iter(linear_rates(stochastic_depth_rate, sum(depths)))
        self.stages = nn.Sequential()
        for depth, dim in zip(depths, dims, strict=True):
            # From the pixels, larger squares and longer steps than from map to map.
            square = (3, 2, 1) if self.stages else (7, 4, 2)
            blocks = [
                PoolFormerBlock(
                    dim,
                    mlp_ratio * dim,
                    layer_scale,
                    pool_size,
                    dropout_rate,
                    rate,
                    approximate=approximate,
                    eps=eps,
                )
                for rate in islice(rates, depth)
            ]
            embedding = MapEmbedding(in_channels, dim, *square)
            self.stages.append(PoolFormerStage(embedding, blocks))
            in_channels = dim
        # The blocks normalise what they read, never what they write. On a map of one
        # place this norm is a layer norm, and timm's is one, with timm's $\varepsilon$.
        self.average_first = average_first
        self.norm = GroupNorm(dims[-1], eps=1e-6 if average_first else eps)
        self.head = ClassificationHead(dims[-1], num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers have done so."""
        self.head.apply(init_small)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        check_shape(image, "batch", self.in_channels, "height", "width")
        # From here on the channels stand last, and each map is smaller than the one
        # before.
        x = self.stages(image.permute(0, 2, 3, 1))
        if self.average_first:
            x = x.mean(dim=(1, 2), keepdim=True)
        # The places of the last map, in a row, are the tokens that the head averages.
        return self.head(self.norm(x).flatten(1, 2))


# The paper's Table 1: the blocks and the channels of each stage, and what the layer
# scales begin with. "S" and "M" are two widths, and the number counts the blocks.
SIZES = {
    "s12": ((2, 2, 6, 2), (64, 128, 320, 512), 1e-5),
    "s24": ((4, 4, 12, 4), (64, 128, 320, 512), 1e-5),
    "s36": ((6, 6, 18, 6), (64, 128, 320, 512), 1e-6),
    "m36": ((6, 6, 18, 6), (96, 192, 384, 768), 1e-6),
    "m48": ((8, 8, 24, 8), (96, 192, 384, 768), 1e-6),
}


def from_table_1(name: str, options: dict[str, Any]) -> PoolFormer:
    """Build a model of Table 1, for 1000 classes unless the options say otherwise.

    **Source.** Table 1, and the authors' code; the options are those of
    [`PoolFormer`][], and any may be changed.
    """
    depths, dims, layer_scale = SIZES[name]
    sizes: dict[str, Any] = {
        "num_classes": 1000,
        "depths": depths,
        "dims": dims,
        "layer_scale": layer_scale,
    }
    return PoolFormer(**(sizes | options))


# The five models.
def poolformer_s12(**options: Any) -> PoolFormer:
    """PoolFormer-S12: 12 blocks, from 64 to 512 channels."""
    return from_table_1("s12", options)


def poolformer_s24(**options: Any) -> PoolFormer:
    """PoolFormer-S24: 24 blocks, from 64 to 512 channels."""
    return from_table_1("s24", options)


def poolformer_s36(**options: Any) -> PoolFormer:
    """PoolFormer-S36: 36 blocks, from 64 to 512 channels."""
    return from_table_1("s36", options)


def poolformer_m36(**options: Any) -> PoolFormer:
    """PoolFormer-M36: 36 blocks, from 96 to 768 channels."""
    return from_table_1("m36", options)


def poolformer_m48(**options: Any) -> PoolFormer:
    """PoolFormer-M48: 48 blocks, from 96 to 768 channels."""
    return from_table_1("m48", options)
