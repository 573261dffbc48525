r"""# MLP-Mixer

A network for images without attention and, once the image is cut into patches, without
convolution. It makes a table of the patches, and then does two things in turn, many
times over: an MLP across the patches and an MLP across the channels. That is enough to
come close to the best networks of its time, once it has enough data to learn from
(section 1). To see one learn, and to take its parts away,
[train it in your browser](../train.md).

This page is the network of Tolstikhin and others, 2021, "MLP-Mixer: An all-MLP
Architecture for Vision" ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)). An
image becomes a table $X$ of $S$ rows and $C$ columns: one row for each patch, one
column for each channel. Every block takes such a table and returns one:

$$\begin{aligned}
U_{*,i} &= X_{*,i} + W_2 \, \sigma\bigl(W_1 \, \text{LayerNorm}(X)_{*,i}\bigr), \\
& \qquad i = 1 \ldots C, \\
Y_{j,*} &= U_{j,*} + W_4 \, \sigma\bigl(W_3 \, \text{LayerNorm}(U)_{j,*}\bigr), \\
& \qquad j = 1 \ldots S.
\end{aligned}$$

This is the paper's equation (1). The first line mixes tokens, within each column; the
second mixes channels, within each row. After the last block the rows are normalised
once more and averaged, and a linear map turns the average into a score for each class.

## Notation

- $X$, `x`: the table before a block
- $U$, `u`: the table between its halves
- $Y$, `y`: the table after it
- $B$, `batch`: how many images are computed together
- $H$, `image_size`: the side of the image, in pixels; its height and width may differ
- $S$, `num_patches`: the number of patches, the rows of the table; $H^2 / P^2$ if the
  image is a square
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $P$, `patch_size`: the side of a patch, in pixels, likewise
- $W_1$, $W_2$, `token_mixing`: the weights of [`token_mixing`][]
- $D_S$, `tokens_mlp_dim`: their hidden width
- $W_3$, $W_4$, `channel_mixing`: the weights of [`channel_mixing`][]
- $D_C$, `channels_mlp_dim`: their hidden width
- $\sigma$: the nonlinearity, [`gelu`][]
- $N$, `num_layers`: the number of blocks
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $K$, `num_classes`: the number of classes

## How to read the equation

**One MLP for all columns.** $W_1$ and $W_2$ carry no index $i$: all channels share one
token-mixing MLP. Likewise all patches share one channel-mixing MLP. See
[`token_mixing`][] for what the sharing saves.

**No position embedding.** $W_1$ has a column for each position, so the block knows
where every token stands without being told. An image whose patches are shuffled, always
in the same way, is as good as the original: shuffle the weights in the same way, and
the answers are the same (section 3.4; a test does it).

**A fixed size of image.** For the same reason, a Mixer built for $S$ patches can read
no other number of them.

**Linear cost.** With $D_S$ chosen independently of $S$, twice as many patches cost
twice as much. In a Vision Transformer, attention compares every patch with every other,
which is quadratic.

## Mixer and ViT, by pre-training set

How well a large Mixer does depends on the data that it was pre-trained on. This is the
test accuracy on CIFAR-10, in per cent, after the published models were fine-tuned, each
with the authors' settings for it. It is reported in the README of their repository,
[google-research/vision_transformer](https://github.com/google-research/vision_transformer):

| pre-trained on | Mixer-B/16 | Mixer-L/16 | ViT-B/16 | ViT-L/16 |
|---|--:|--:|--:|--:|
| ImageNet | 96.72 | 96.59 | – | – |
| ImageNet-21k | 96.82 | 98.34 | 99.02 | 99.13 |

With ImageNet alone the larger Mixer is no better than the smaller; with ImageNet-21k it
is. The [Vision Transformer][vit] stays ahead.

On ImageNet itself, this is the top-1 accuracy of weights from that same repository, in
per cent, as timm tests them (its file
[`results-imagenet.csv`](https://github.com/huggingface/pytorch-image-models/blob/0173a139a2c66db3a41ebfe1d8ac4fb02483642e/results/results-imagenet.csv)):

| trained on | Mixer-B/16 | Mixer-L/16 | ViT-B/16 | ViT-L/16 |
|---|--:|--:|--:|--:|
| ImageNet | 76.60 | 72.05 | 79.15 | – |
| ImageNet-21k, then ImageNet | – | – | 84.53 | 85.83 |

On ImageNet alone the larger Mixer is behind the smaller one. (timm calls these two
weights `goog_in21k_ft_in1k`. Their accuracy is nearly that of the paper's networks for
ImageNet alone, 76.44 and 71.76 in its Table 3, and one of the authors
[says so](https://github.com/huggingface/pytorch-image-models/pull/651) of the
Mixer-B/16.) The ViTs were trained by a later recipe (`augreg`), so this is no
comparison of the architectures alone. Others pre-trained a Mixer-B/16 on ImageNet-21k
that comes to 82.31, see [the family](../family.py#on-imagenet). The paper's own
comparison is its Table 3; its section 3 has a third, larger set, JFT-300M.

## What differs from the paper

- GELU is exact here and in timm, and the tanh form in the authors' code, which
  `approximate="tanh"` gives; [`gelu`][] says how far these are apart.
- [Dropout][dropout] stands in the MLPs, as in timm; the paper does not say where, and
  the authors' published code has none. It is off by default, as in the paper's Table 4.
- [Stochastic depth][stochastic_depth] scales up an update that is kept; the authors'
  code does not. It rises linearly over the MLPs, as in Supplementary B, and is off by
  default.

Nothing else: biases, initialisation and $\varepsilon = 10^{-6}$ are those of the
authors' code, see [`linear`][] and [`layer_norm`][layers.layer_norm].

## Example

A Mixer for small images, built from numbers:

>>> import torch
>>> from labml_style_nn.models.mlp_mixer import MLPMixer, mixer_s32
>>> batch, in_channels, image_size = 2, 3, 28
>>> model = MLPMixer(
...     image_size=image_size, patch_size=4, num_classes=10,
...     num_layers=4, hidden_dim=64, tokens_mlp_dim=32, channels_mlp_dim=256,
... )
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])

One of the paper's, by name, for ten classes and for images of another size:

>>> image_size = 96
>>> model = mixer_s32(image_size=image_size, num_classes=10)
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])

## What it costs

A block has $2 S D_S + D_S + S$ parameters in its token mixing, $2 C D_C + D_C + C$ in
its channel mixing and $4 C$ in its norms. Around the $N$ blocks stand
$C\,(C_{\text{in}} P^2 + 1)$ for the patches, $2C$ for the last norm and $(C + 1) K$ for
the head. The MACs for one image are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{2 S D_S C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}} .$$

Here are the smaller models of the paper's Table 1, at $224 \times 224$ pixels and 1000
classes; the panel on this page has all seven. They are built on PyTorch's `meta`
device, which keeps shapes and no numbers, and PyTorch itself counts their work:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.mlp_mixer import mixer_s16, mixer_b32, mixer_b16
>>> image_size = 224
>>> def describe(build):
...     with torch.device("meta"):
...         model, x = build(), torch.empty(batch, in_channels, image_size, image_size)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> for build in (mixer_s32, mixer_s16, mixer_b32, mixer_b16):
...     describe(build)
mixer_s32: 19,104,624 parameters, 1.0 GMACs
mixer_s16: 18,528,264 parameters, 3.8 GMACs
mixer_b32: 60,293,428 parameters, 3.2 GMACs
mixer_b16: 59,880,472 parameters, 12.6 GMACs

The paper's counts (19, 18, 60, 59, 206, 207 and 431 million) leave the head out.

## A bias without effect

$b_2$, the last bias of token mixing, adds one number to all channels of a token. Every
later reader of the table begins with a layer norm, which subtracts the mean over the
channels, and with it this number. So in evaluation the bias has no effect on the
output, and in training without dropout a gradient of zero. Dropout sets some channels
to zero and not others, and then there is a gradient:

>>> def gradient_of_the_bias(dropout_rate):
...     _ = torch.manual_seed(0)
...     model = MLPMixer(
...         image_size=8, patch_size=2, num_classes=10, num_layers=1, hidden_dim=24,
...         tokens_mlp_dim=12, channels_mlp_dim=96, dropout_rate=dropout_rate,
...     ).double()
...     _ = torch.nn.init.normal_(model.head.linear.weight)
...     images = torch.randn(5, 3, 8, 8, dtype=torch.double)
...     model(images).square().mean().backward()
...     return model.blocks[0].token_mixing.fc2.bias.grad.abs().max().item()
>>> gradient_of_the_bias(0.0) < 1e-12, gradient_of_the_bias(0.2) > 1e-3
(True, True)

It is kept because the paper's code has it.

## Exercises

**Exercise 1.** A Mixer for images of 224 pixels is to read images of 448. Which of its
parameters have another shape?

**Answer.** Those of token mixing, all but the bias of its hidden layer. The patches,
the channel mixing, the norms and the head stay as they are.

>>> def shapes(image_size):
...     with torch.device("meta"):
...         model = mixer_s32(image_size=image_size)
...     return {name: weight.shape for name, weight in model.named_parameters()}
>>> small, large = shapes(224), shapes(448)
>>> sorted({name.split(".", 2)[2] for name in small if small[name] != large[name]})
['token_mixing.fc1.weight', 'token_mixing.fc2.bias', 'token_mixing.fc2.weight']

**Exercise 2.** Which part of Mixer-B/16 holds most of its parameters? Guess the share.

**Answer.** The channel mixing, since $D_C = 8 D_S$ and $C$ is larger than $S$:

>>> with torch.device("meta"):
...     model = mixer_b16()
>>> counts = {name: weight.numel() for name, weight in model.named_parameters()}
>>> share = sum(counts[name] for name in counts if "channel_mixing" in name)
>>> f"{share / sum(counts.values()):.1%}"
'94.6%'

**Exercise 3.** Write equation (1) as a function of its weights, with `F.layer_norm` (at
$\varepsilon = 10^{-6}$, without a scale and a shift) and `F.gelu`.

>>> from labml_style_nn.exercises import check
>>> def mixer_block(x, w1, b1, w2, b2, w3, b3, w4, b4):
...     return None  # your code
>>> check("mixer_block", mixer_block)
Not yet: it returned nothing, and should return a tensor. Here `x` is 2 × 24 × 20,
`w1` 10 × 24, `b1` 10, `w2` 24 × 10, `b2` 24, `w3` 80 × 20, `b3` 80, `w4` 20 × 80,
`b4` 20.

**Answer.** Weights of token mixing stand on the left of the table, those of channel
mixing on its right.

>>> from torch.nn import functional as F
>>> def mixer_block(x, w1, b1, w2, b2, w3, b3, w4, b4):
...     normal = F.layer_norm(x, x.shape[-1:], eps=1e-6)
...     u = x + w2 @ F.gelu(w1 @ normal + b1[:, None]) + b2[:, None]
...     normal = F.layer_norm(u, u.shape[-1:], eps=1e-6)
...     return u + F.gelu(normal @ w3.T + b3) @ w4.T + b4
>>> from labml_style_nn.models.mlp_mixer import MixerBlock
>>> num_patches, hidden_dim = 49, 64
>>> block = MixerBlock(num_patches, hidden_dim, 32, 256)
>>> weights = [weight for name, weight in block.named_parameters() if "mixing" in name]
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> torch.allclose(mixer_block(x, *weights), block(x), atol=1e-5)
True
"""

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates
from labml_style_nn.layers.token_mixing import TokenMixing


class MixerBlock(nn.Module):
    r"""## The Mixer block

    Equation (1), once. Both halves have the same form: normalise, mix, add. Between
    them they reach everything: token mixing moves along a column, channel mixing along
    a row, so after one block every number of the table can depend on every other.

    The table keeps its shape, block after block. The paper calls this design
    *isotropic*; most convolutional networks are pyramids instead, with ever fewer
    places and ever more channels.

    **Shape.** `(batch, num_patches, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, a rate outside $[0, 1)$, an unknown
    form of GELU, for `eps` not above zero, or a table of another shape.

    **Source.** Section 2, equation (1) and Figure 1.
    """

    def __init__(
        self,
        num_patches: int,
        hidden_dim: int,
        tokens_mlp_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rates: tuple[float, float] = (0.0, 0.0),
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        token_rate, channel_rate = stochastic_depth_rates
        # The first line: $W_1$ and $W_2$. They are built from $S$, so the number of
        # patches is fixed from here on; no argument of `TokenMixing` says how many
        # columns there are, for all of them share these weights.
        self.token_norm = LayerNorm(hidden_dim, eps)
        self.token_mixing = TokenMixing(
            num_patches, tokens_mlp_dim, dropout_rate, approximate
        )
        self.token_depth = StochasticDepth(token_rate)
        # The second line: $W_3$ and $W_4$. They are built from $C$, and all rows share
        # them.
        self.channel_norm = LayerNorm(hidden_dim, eps)
        self.channel_mixing = ChannelMixing(
            hidden_dim, channels_mlp_dim, dropout_rate, approximate
        )
        self.channel_depth = StochasticDepth(channel_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        # $U = X + W_2\,\sigma(W_1\,\text{LayerNorm}(X))$. The norm works within rows,
        # the mixing within columns. Nothing here adds a position embedding: a token's
        # place is its row, and $W_1$ has a weight for each.
        u = x + self.token_depth(self.token_mixing(self.token_norm(x)))
        # $Y = U + \sigma(\text{LayerNorm}(U)\,W_3^\top)\,W_4^\top$. In evaluation, and
        # at a rate of zero, stochastic depth hands the update through.
        y = u + self.channel_depth(self.channel_mixing(self.channel_norm(u)))
        return y


class MLPMixer(nn.Module):
    r"""## The whole network

    Patches, then blocks, then a norm and the head. The widths may be chosen freely; the
    only rule that ties sizes together is that patches must tile the image. The
    arguments are given by name, so that no two of these numbers can be mistaken for one
    another.

    With timm's weights, the outputs and all gradients equal timm's: to $10^{-10}$ in
    float64, and in float32 to $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, an image size which the patch size
    does not divide, a rate outside $[0, 1)$, an unknown form of GELU, for `eps` not
    above zero, or an image of another shape.

    **Source.** Section 2, Figure 1 and Supplementary E.
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
        tokens_mlp_dim: int,
        channels_mlp_dim: int,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        check_positive(num_layers=num_layers)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        self.approximate, self.eps = approximate, eps
        # $X$, the first table. The image size goes no further than this: what the
        # blocks need to know of it is $S$.
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        num_patches = self.patch_embedding.num_patches
        # $N$ blocks of two branches each. Every block is built anew rather than copied,
        # so that all of them begin with weights of their own.
        rates = linear_rates(stochastic_depth_rate, 2 * num_layers)
        self.blocks = nn.ModuleList(
            MixerBlock(
                num_patches,
                hidden_dim,
                tokens_mlp_dim,
                channels_mlp_dim,
                dropout_rate,
                stochastic_depth_rates=(rates[2 * block], rates[2 * block + 1]),
                approximate=approximate,
                eps=eps,
            )
            for block in range(num_layers)
        )
        # The blocks normalise what they read, never what they write. So the table is
        # normalised once more before the head reads it.
        self.norm = LayerNorm(hidden_dim, eps)
        self.head = ClassificationHead(hidden_dim, num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        # From pixels to tokens; from here on there are only tables of $S$ rows.
        x = self.patch_embedding(image)
        # The cost of each block is linear in $S$.
        for block in self.blocks:
            x = block(x)
        # The mean over tokens, and a score for each class.
        return self.head(self.norm(x))


# The four scales of the paper's Table 1: number of layers $N$, hidden size $C$, and the
# MLP dimensions $D_S$ and $D_C$. Within a scale the models differ only in their
# patches. Everywhere $D_S = C / 2$ and $D_C = 4 C$.
SCALES = {
    "S": (8, 512, 256, 2048),
    "B": (12, 768, 384, 3072),
    "L": (24, 1024, 512, 4096),
    "H": (32, 1280, 640, 5120),
}


def from_table_1(scale: str, patch_size: int, options: dict[str, Any]) -> MLPMixer:
    """Build a model of Table 1.

    It reads 224 pixels and knows 1000 classes, unless the options say otherwise.

    **Source.** Table 1; the options are those of [`MLPMixer`][], and any may be
    changed.
    """
    num_layers, hidden_dim, tokens_mlp_dim, channels_mlp_dim = SCALES[scale]
    sizes: dict[str, Any] = {
        "image_size": 224,
        "patch_size": patch_size,
        "num_classes": 1000,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "tokens_mlp_dim": tokens_mlp_dim,
        "channels_mlp_dim": channels_mlp_dim,
    }
    return MLPMixer(**(sizes | options))


# The seven models. "B/16" reads: base scale, patches of $16 \times 16$ pixels.
def mixer_s32(**options: Any) -> MLPMixer:
    """Mixer-S/32: 8 blocks on 49 tokens of 512 channels."""
    return from_table_1("S", 32, options)


def mixer_s16(**options: Any) -> MLPMixer:
    """Mixer-S/16: 8 blocks on 196 tokens of 512 channels."""
    return from_table_1("S", 16, options)


def mixer_b32(**options: Any) -> MLPMixer:
    """Mixer-B/32: 12 blocks on 49 tokens of 768 channels."""
    return from_table_1("B", 32, options)


def mixer_b16(**options: Any) -> MLPMixer:
    """Mixer-B/16: 12 blocks on 196 tokens of 768 channels."""
    return from_table_1("B", 16, options)


def mixer_l32(**options: Any) -> MLPMixer:
    """Mixer-L/32: 24 blocks on 49 tokens of 1024 channels."""
    return from_table_1("L", 32, options)


def mixer_l16(**options: Any) -> MLPMixer:
    """Mixer-L/16: 24 blocks on 196 tokens of 1024 channels."""
    return from_table_1("L", 16, options)


def mixer_h14(**options: Any) -> MLPMixer:
    """Mixer-H/14: 32 blocks on 256 tokens of 1280 channels."""
    return from_table_1("H", 14, options)
