r"""# Vision Transformer

A Transformer that reads an image. The image is cut into patches, each patch becomes a
token, and the blocks are those of a Transformer for text. An [MLP-Mixer][mlp_mixer] has
an MLP over the tokens where this network has [attention][layers.attention], and neither
class token nor positions.

This page is the network of Dosovitskiy and others, 2021, "An Image is Worth 16x16
Words: Transformers for Image Recognition at Scale"
([arXiv:2010.11929](https://arxiv.org/abs/2010.11929)). The first table has a row for
each patch $p_j$, sent through the map $E$, and above them a row that belongs to no
patch, the *class token*. To all of them their *position embeddings* are added:

$$X = \bigl[\,x_{\text{class}};\; E p_1;\; E p_2;\; \ldots;\; E p_S\,\bigr]
+ E_{\text{pos}} .$$

Every block takes such a table and returns one:

$$\begin{aligned}
U &= X + \text{MSA}\bigl(\text{LayerNorm}(X)\bigr), \\
Y &= U + \text{MLP}\bigl(\text{LayerNorm}(U)\bigr).
\end{aligned}$$

After the last block the row of the class token stands for the image. It is normalised,
and a linear map makes a score for each class of it:

$$z = \text{LayerNorm}(Y_{0,*}), \qquad \text{logits} = W z + b .$$

These are the paper's equations (1) to (4), and the classifier.

## Notation

- $X$, `x`: the table before a block
- $U$, `u`: the table between its halves
- $Y$, `y`: the table after it
- $p$: the pixels of a patch, in a row
- $E$, `patch_embedding`: the map from patches to tokens, see [`patch_embedding`][]
- $x_{\text{class}}$, `class_token`: a token that is learned, the same for all images
- $E_{\text{pos}}$, `positions`: the position embeddings, $T \times C$, learned as well
- `token_mixing`: multi-head self-attention, the equation's $\text{MSA}$
- `channel_mixing`: the equation's $\text{MLP}$, see [`channel_mixing`][]
- $z$, `z`: the vector that stands for the image
- $W$, $b$, `head`: the classifier
- $B$, `batch`: how many images are computed together
- $H$, `image_size`: the side of the image, in pixels
- $P$, `patch_size`: the side of a patch, in pixels
- $S$, `num_patches`: the number of patches, $H^2 / P^2$; the paper's $N$
- $T$, `num_tokens`: the number of tokens, $S + 1$ with the class token, $S$ without
- $C$, `hidden_dim`: the number of channels; the paper's $D$
- $h$, `num_heads`: the number of heads
- $D_C$, `channels_mlp_dim`: the hidden width of the MLP
- $N$, `num_layers`: the number of blocks; the paper's $L$
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $K$, `num_classes`: the number of classes

## How to read the equations

**Two lines, as in a Mixer.** The second is the Mixer's second line. The first differs
in what mixes the tokens. The weights of a Mixer belong to places, and are learned once;
attention computes a weight for each pair of *tokens*, for each image anew. What that
means is told in [`attention`][layers.attention].

**A class token, or an average.** The class token is one more reader: it holds no patch.
It collects, and what it has collected, the patches can read in later blocks. With
`pooling="average"` there is none, and the rows are averaged as in a Mixer. The paper
took the class token to stay close to the Transformer for text, and found that averaging
does as well with another learning rate (appendix D.3).

**Positions.** Attention cannot tell where a token stands, so the table of positions
tells it. Without that table an image would be a bag of patches. Here the columns of
patches are moved round by one. With the table that is drawn at the beginning, the
scores change; with zeros in its place they do not:

>>> import torch
>>> from torch import nn
>>> from labml_style_nn.models.vit import VisionTransformer
>>> _ = torch.manual_seed(0)
>>> batch, in_channels, image_size, num_patches = 2, 3, 28, 49
>>> model = VisionTransformer(
...     image_size=image_size, patch_size=4, num_classes=10, num_layers=5,
...     hidden_dim=48, num_heads=6, channels_mlp_dim=96,
... )
>>> _ = nn.init.normal_(model.head.weight)
>>> image = torch.randn(batch, in_channels, image_size, image_size)
>>> moved = image.roll(4, dims=3)
>>> torch.allclose(model(moved), model(image), atol=1e-5)
False
>>> _ = nn.init.zeros_(model.positions.table)
>>> torch.allclose(model(moved), model(image), atol=1e-5)
True

**A fixed size of image.** Not because of the blocks, which read tables of any length,
but because the table of positions has a row for each patch. For larger images the paper
stretches that table by interpolation (section 3.2); this page does not.

**Quadratic cost.** Every token looks at every other. With twice the side of the image,
there are four times as many patches. This is what they cost, as a multiple of an image
of 224 pixels, for ViT-B/16 and for Mixer-B/16:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.mlp_mixer import mixer_b16
>>> from labml_style_nn.models.vit import vit_base_16
>>> def macs(build, image_size):
...     with torch.device("meta"):
...         model = build(image_size=image_size)
...         x = torch.empty(1, 3, image_size, image_size)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     return counter.get_total_flops() / 2
>>> for build in (vit_base_16, mixer_b16):
...     few = macs(build, 224)
...     times = [macs(build, image_size) / few for image_size in (448, 896)]
...     print(f"{build.__name__}: {times[0]:.1f}, {times[1]:.1f} times as much")
vit_base_16: 4.5, 25.6 times as much
mixer_b16: 4.0, 16.0 times as much

## What differs from the paper

- GELU is exact here and in timm, and the tanh form in the authors' code, which
  `approximate="tanh"` gives; [`gelu`][] says how far these are apart.
- While it is pre-trained, the paper's network has a hidden layer with tanh before the
  classifier. It is left out for what comes after (section 3.1), and left out here.
- With `pooling="average"`, the rows are averaged and then normalised, as in timm. The
  authors' code normalises first.
- [Dropout][dropout] stands where the authors' code has it: after the sum with the
  positions, after attention and in the MLP. The attention weights are never dropped: in
  the published configurations that rate is zero. By default nothing is dropped.
- [Stochastic depth][stochastic_depth] is not in the paper. DeiT trains with it (Touvron
  and others, 2021, [arXiv:2012.12877](https://arxiv.org/abs/2012.12877)), and it rises
  over the branches as in [`mlp_mixer`][]. It is off by default.

Nothing else: biases, $\varepsilon = 10^{-6}$ and the initialisation are those of the
authors' code (`vit_jax/models_vit.py`).

## Example

A small one, built from numbers; and the same with an average in place of the class
token:

>>> sizes = dict(
...     image_size=image_size, patch_size=4, num_classes=10, num_layers=5,
...     hidden_dim=48, num_heads=6, channels_mlp_dim=96,
... )
>>> VisionTransformer(**sizes)(image).shape
torch.Size([2, 10])
>>> average = VisionTransformer(**sizes, pooling="average", dropout_rate=0.1)
>>> average(image).shape
torch.Size([2, 10])

Which patches does the class token look at? The weights of the first block, one row for
each head:

>>> table = model.positions(model.tokens(image))
>>> table.shape
torch.Size([2, 50, 48])
>>> weights = model.blocks[0].token_mixing.weights(model.blocks[0].token_norm(table))
>>> weights[:, :, 0, 1:].shape
torch.Size([2, 6, 49])

## What it costs

A block has $4 C^2 + 4 C$ parameters in its attention, $2 C D_C + D_C + C$ in its
channel mixing and $4 C$ in its norms. Around the $N$ blocks stand
$C\,(C_{\text{in}} P^2 + 1)$ for the patches, $T C$ for the positions, $C$ for the class
token, $2C$ for the last norm and $(C + 1) K$ for the head. The MACs for one
image are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{4 T C^2 + 2 T^2 C}_{\text{tokens}}
+ \underbrace{2 T C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}} .$$

Here are the smaller models at $224 \times 224$ pixels and 1000 classes; the panel on
this page has all of them:

>>> from labml_style_nn.models.vit import vit_small_16, vit_small_32, vit_tiny_16
>>> image_size = 224
>>> for build in (vit_tiny_16, vit_small_32, vit_small_16, vit_base_16):
...     with torch.device("meta"):
...         parameters = sum(weight.numel() for weight in build().parameters())
...     gigas = macs(build, image_size) / 1e9
...     print(f"{build.__name__}: {parameters:,} parameters, {gigas:.1f} GMACs")
vit_tiny_16: 5,717,416 parameters, 1.3 GMACs
vit_small_32: 22,878,952 parameters, 1.1 GMACs
vit_small_16: 22,050,664 parameters, 4.6 GMACs
vit_base_16: 86,567,656 parameters, 17.6 GMACs

The paper's Table 1 gives 86, 307 and 632 million for Base, Large and Huge, and does not
say with which patches.
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.positional_encoding import LearnedPositions
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates


class ViTBlock(nn.Module):
    r"""## The block of a Vision Transformer

    Equations (2) and (3), once: the form of the [Mixer's block][MixerBlock], with
    attention as its token mixing.

    Count the arguments that say how many tokens there are: none does. A block reads
    tables of any length.

    **Shape.** `(batch, num_tokens, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, a `hidden_dim` that `num_heads` does
    not divide, a rate outside $[0, 1)$, an unknown form of GELU, for `eps` not above
    zero, or a table with another number of channels.

    **Source.** Section 3.1, equations (2) and (3), and Figure 1.
    """

    def __init__(
        self,
        hidden_dim: int,
        num_heads: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rates: tuple[float, float] = (0.0, 0.0),
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        token_rate, channel_rate = stochastic_depth_rates
        # The first line. $W_1$ and $W_2$ of a Mixer are gone, and with them $S$.
        self.token_norm = LayerNorm(hidden_dim, eps)
        self.token_mixing = MultiHeadAttention(hidden_dim, num_heads)
        self.dropout = Dropout(dropout_rate)
        self.token_depth = StochasticDepth(token_rate)
        # The second line, the same as in a Mixer.
        self.channel_norm = LayerNorm(hidden_dim, eps)
        self.channel_mixing = ChannelMixing(
            hidden_dim, channels_mlp_dim, dropout_rate, approximate
        )
        self.channel_depth = StochasticDepth(channel_rate)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Draw the weights of the block as the authors' code does.

        Xavier's rule gives a weight the variance
        $2 / (d_{\text{in}} + d_{\text{out}})$, between the one that keeps the signal
        and the one that keeps its gradient. For the square maps of attention it is
        $1/C$, which is that of every [linear map][linear] here; for the maps of the MLP
        it lies between the two.

        **Source.** `xavier_uniform` in `vit_jax/models_vit.py`, and biases of a
        standard deviation of $10^{-6}$ in its MLP.
        """
        attention, mlp = self.token_mixing, self.channel_mixing
        # Queries, keys and values are three maps, though they share one matrix.
        thirds = attention.qkv.weight.detach().chunk(3)
        for weight in (
            *thirds,
            attention.projection.weight,
            mlp.fc1.weight,
            mlp.fc2.weight,
        ):
            nn.init.xavier_uniform_(weight)
        for bias in (mlp.fc1.bias, mlp.fc2.bias):
            nn.init.normal_(bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        # $U = X + \text{MSA}(\text{LayerNorm}(X))$.
        u = x + self.token_depth(self.dropout(self.token_mixing(self.token_norm(x))))
        # $Y = U + \text{MLP}(\text{LayerNorm}(U))$.
        y = u + self.channel_depth(self.channel_mixing(self.channel_norm(u)))
        return y


class VisionTransformer(nn.Module):
    r"""## The whole network

    Patches and a class token, their positions, then blocks, a norm and a linear map.
    The arguments are given by name, so that no two of these numbers can be mistaken for
    one another.

    With timm's weights, the outputs and all gradients equal timm's, with the class
    token and with the average: to $10^{-10}$ in float64, and in float32 to
    $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, an image size which the patch size
    does not divide, a `hidden_dim` that `num_heads` does not divide, a `pooling` of
    another name, a rate outside $[0, 1)$, an unknown form of GELU, for `eps` not above
    zero, or an image of another shape.

    **Source.** Section 3.1, equations (1) to (4), and Figure 1.
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
        num_heads: int,
        channels_mlp_dim: int,
        pooling: Literal["class", "average"] = "class",
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        check_positive(num_classes=num_classes, num_layers=num_layers)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        if pooling not in ("class", "average"):
            raise ValueError(f"pooling must be 'class' or 'average', got {pooling!r}")
        self.pooling, self.approximate, self.eps = pooling, approximate, eps
        # $E$, and $E_{\text{pos}}$ with a row for each token.
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        num_tokens = self.patch_embedding.num_patches
        if pooling == "class":
            num_tokens += 1
            self.class_token = nn.Parameter(torch.empty(1, 1, hidden_dim))
        self.positions = LearnedPositions(num_tokens, hidden_dim)
        self.dropout = Dropout(dropout_rate)
        # $N$ blocks of two branches each, every one built anew.
        rates = linear_rates(stochastic_depth_rate, 2 * num_layers)
        self.blocks = nn.ModuleList(
            ViTBlock(
                hidden_dim,
                num_heads,
                channels_mlp_dim,
                dropout_rate,
                stochastic_depth_rates=(rates[2 * block], rates[2 * block + 1]),
                approximate=approximate,
                eps=eps,
            )
            for block in range(num_layers)
        )
        # The norm of equation (4), and the classifier.
        self.norm = LayerNorm(hidden_dim, eps)
        self.head = Linear(hidden_dim, num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers have done so."""
        # At first the class token is its position and nothing else, and the classifier
        # says nothing.
        if self.pooling == "class":
            nn.init.zeros_(self.class_token)
        nn.init.zeros_(self.head.weight)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        # Equation (1), and $N$ times equations (2) and (3).
        x = self.dropout(self.positions(self.tokens(image)))
        for block in self.blocks:
            x = block(x)
        # One row for each image: the class token's, or the average. Only then the norm,
        # so the other rows need none.
        row = x[:, 0] if self.pooling == "class" else x.mean(dim=1)
        z = self.norm(row)
        return self.head(z)

    def tokens(self, image: Tensor) -> Tensor:
        """The patches as tokens, and the class token above them.

        **Shape.** `(batch, in_channels, height, width)` to
        `(batch, num_tokens, hidden_dim)`.
        """
        x = self.patch_embedding(image)
        if self.pooling == "average":
            return x
        return torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1)


# The scales: number of layers $N$, hidden size $C$, heads $h$, and $D_C = 4 C$. Base,
# Large and Huge are the paper's, Table 1. Tiny and Small are those of DeiT (Touvron and
# others, Table 1), and the authors of the Vision Transformer use the same sizes in
# their later code. A head has 64 channels everywhere but in Huge, where it has 80.
VIT_SCALES = {
    "tiny": (12, 192, 3, 768),
    "small": (12, 384, 6, 1536),
    "base": (12, 768, 12, 3072),
    "large": (24, 1024, 16, 4096),
    "huge": (32, 1280, 16, 5120),
}


def from_vit_scales(
    scale: str, patch_size: int, options: dict[str, Any]
) -> VisionTransformer:
    """Build a model of the table above.

    It reads 224 pixels and knows 1000 classes, unless the options say otherwise.

    **Source.** Table 1; the options are those of [`VisionTransformer`][], and any may
    be changed.
    """
    num_layers, hidden_dim, num_heads, channels_mlp_dim = VIT_SCALES[scale]
    sizes: dict[str, Any] = {
        "image_size": 224,
        "patch_size": patch_size,
        "num_classes": 1000,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "num_heads": num_heads,
        "channels_mlp_dim": channels_mlp_dim,
    }
    return VisionTransformer(**(sizes | options))


# The eight models. "B/16" reads: base scale, patches of $16 \times 16$ pixels.
def vit_tiny_16(**options: Any) -> VisionTransformer:
    """ViT-Ti/16: 12 blocks, 196 patches, 192 channels. Of DeiT, not of the paper."""
    return from_vit_scales("tiny", 16, options)


def vit_small_16(**options: Any) -> VisionTransformer:
    """ViT-S/16: 12 blocks, 196 patches, 384 channels. Of DeiT, not of the paper."""
    return from_vit_scales("small", 16, options)


def vit_small_32(**options: Any) -> VisionTransformer:
    """ViT-S/32: 12 blocks, 49 patches, 384 channels. Of the authors' later code."""
    return from_vit_scales("small", 32, options)


def vit_base_16(**options: Any) -> VisionTransformer:
    """ViT-B/16: 12 blocks, 196 patches, 768 channels."""
    return from_vit_scales("base", 16, options)


def vit_base_32(**options: Any) -> VisionTransformer:
    """ViT-B/32: 12 blocks, 49 patches, 768 channels."""
    return from_vit_scales("base", 32, options)


def vit_large_16(**options: Any) -> VisionTransformer:
    """ViT-L/16: 24 blocks, 196 patches, 1024 channels."""
    return from_vit_scales("large", 16, options)


def vit_large_32(**options: Any) -> VisionTransformer:
    """ViT-L/32: 24 blocks, 49 patches, 1024 channels."""
    return from_vit_scales("large", 32, options)


def vit_huge_14(**options: Any) -> VisionTransformer:
    """ViT-H/14: 32 blocks, 256 patches, 1280 channels."""
    return from_vit_scales("huge", 14, options)
