r"""# ResMLP

A Mixer with less in it. Token mixing is a single linear map instead of an MLP, and
where a Mixer normalises, ResMLP scales and shifts. What keeps such a network trainable
is [LayerScale][layer_scale]: each block is initialised close to the identity.

This page is the network of Touvron and others, 2021, "ResMLP: Feedforward networks for
image classification with data-efficient training"
([arXiv:2105.03404](https://arxiv.org/abs/2105.03404)). An image becomes a table $X$ of
$S$ rows and $C$ columns, as in a [Mixer][mlp_mixer]. Every block takes such a table and
returns one:

$$\begin{aligned}
U &= X + \lambda \odot \bigl(A \, \text{Aff}(X)\bigr), \\
Y &= U + \lambda' \odot \bigl(\sigma(\text{Aff}(U) \, W_1^\top)\, W_2^\top\bigr) .
\end{aligned}$$

The first line mixes tokens, within each column; the second mixes channels, within each
row. $\text{Aff}$ is the [affine layer][affine], which gives each channel a scale and a
shift, and $\odot$ multiplies channel by channel. After the last block there is one more
affine layer; then the rows are averaged, and a linear map turns the average into a
score for each class.

## Notation

- $X$, `x`: the table before a block
- $U$, `u`: the table between its halves
- $Y$, `y`: the table after it
- $B$, `batch`: how many images are computed together
- $S$, `num_patches`: the number of patches, the rows of the table
- $C$, `hidden_dim`: the number of channels, the columns of the table
- $P$, `patch_size`: the side of a patch, in pixels
- $A$, `token_mixing`: the map over tokens, $S \times S$
- $W_1$, $W_2$, `channel_mixing`: the weights of [`channel_mixing`][]
- $D_C$, `channels_mlp_dim`: their hidden width, $4C$ in the paper's models
- $\lambda$, `token_scale`: how much of the first update is added, for each channel
- $\lambda'$, `channel_scale`: how much of the second
- $\sigma$: the nonlinearity, [`gelu`][]
- $N$, `num_layers`: the number of blocks
- $C_{\text{in}}$, `in_channels`: the channels of the image
- $K$, `num_classes`: the number of classes

## A row of A is a filter

Without a hidden layer, what a token receives is a weighted sum of all tokens, and a
bias. Row $j$ of $A$ holds its weights, one for each patch, and together they are a
picture: what token $j$ collects from where. The authors look at these pictures after
training: in the lower layers they resemble the kernels of convolutions, and in the last
ones they reach farther (section 1). Nothing had told the network to look at neighbours.

The map is linear, so it cannot choose. What token $j$ collects from token $k$ is the
same number $A_{jk}$ for every image; in attention it depends on both tokens. All that
is not linear in ResMLP happens within one token, in the GELU of channel mixing.

## A new block is close to the identity

The deeper the network, the smaller the initial layer scales. This block is one of 24;
it is new, and gives back nearly what it got:

>>> import torch
>>> from labml_style_nn.models.resmlp import ResMLPBlock
>>> _ = torch.manual_seed(0)
>>> batch, num_patches, hidden_dim, channels_mlp_dim = 2, 24, 20, 80
>>> block = ResMLPBlock(num_patches, hidden_dim, channels_mlp_dim, layer_scale=1e-5)
>>> x = torch.randn(batch, num_patches, hidden_dim)
>>> change = block(x) - x
>>> bool(change.abs().max() < 1e-4 * x.abs().max())
True

And without norms, the size of the numbers is not forgotten. Multiply the table by two,
and a new block sees it: the first half of its change doubles with it, exactly.

>>> update = lambda x: block.token_scale(block.token_mixing(block.token_norm(x)))
>>> torch.equal(update(2 * x), 2 * update(x))
True

## What differs from the paper

- The paper ends each branch with an affine layer, scale and shift, whose scale begins
  small. The authors' code has the scale alone, and so have timm and this page: it is
  [LayerScale][layer_scale].
- All three linear maps, one over tokens and two over channels, have biases, which the
  equations of the paper leave out; the authors' code has them.
- The patch embedding is initialised as on the page [`linear`][]. The authors leave it
  to PyTorch. All the rest is initialised as in their code: weights are normal with a
  standard deviation of 0.02, the classifier among them, and biases are zero.
- timm initialises the layer scales of ResMLP-S12 with $10^{-4}$, the authors with 0.1,
  and so does this page.
- The wide model has patches of 8 pixels here, as `resmlpB_24` in the authors' code and
  as in timm. The paper has it with patches of 16 pixels, too; for that, say
  `resmlp_big_24(patch_size=16)`.

## What it costs

A block has $S^2 + S$ parameters in its token mixing, $2 C D_C + D_C + C$ in its channel
mixing, $4 C$ in its affine layers and $2 C$ in its layer scales. Around the $N$ blocks
stand $C\,(C_{\text{in}} P^2 + 1)$ for the patches, $2C$ for the last affine layer and
$(C + 1) K$ for the head. The MACs for one image are

$$\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}} .$$

Token mixing is quadratic in the number of patches here, as attention is, because there
is no hidden layer whose width could be chosen. It is cheap all the same, as long as $S$
is small beside $2 D_C$. At $224 \times 224$ pixels and 1000 classes:

>>> from torch.utils.flop_counter import FlopCounterMode
>>> from labml_style_nn.models.resmlp import resmlp_12, resmlp_24, resmlp_36
>>> from labml_style_nn.models.resmlp import resmlp_big_24
>>> in_channels, image_size = 3, 224
>>> def describe(build):
...     with torch.device("meta"):
...         model, x = build(), torch.empty(batch, in_channels, image_size, image_size)
...     with FlopCounterMode(display=False) as counter, torch.no_grad():
...         model(x)
...     parameters = sum(parameter.numel() for parameter in model.parameters())
...     macs = counter.get_total_flops() / 2 / batch
...     print(f"{build.__name__}: {parameters:,} parameters, {macs / 1e9:.1f} GMACs")
>>> for build in (resmlp_12, resmlp_24, resmlp_36, resmlp_big_24):
...     describe(build)
resmlp_12: 15,350,872 parameters, 3.0 GMACs
resmlp_24: 30,020,680 parameters, 6.0 GMACs
resmlp_36: 44,690,488 parameters, 8.9 GMACs
resmlp_big_24: 129,138,280 parameters, 100.2 GMACs

## Example

A ResMLP for small images, built from numbers:

>>> from labml_style_nn.models.resmlp import ResMLP
>>> image_size = 28
>>> model = ResMLP(
...     image_size=image_size, patch_size=4, num_classes=10,
...     num_layers=4, hidden_dim=64, channels_mlp_dim=256,
... )
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])

One of the paper's, by name, for ten classes and for images of another size:

>>> image_size = 96
>>> model = resmlp_12(image_size=image_size, num_classes=10)
>>> model(torch.randn(batch, in_channels, image_size, image_size)).shape
torch.Size([2, 10])
"""

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn

from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_scale import LayerScale, depth_dependent_value
from labml_style_nn.layers.linear import init_small
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.layers.token_mixing import TokenLinear


class ResMLPBlock(nn.Module):
    r"""## The ResMLP block

    Two halves of the same form: scale and shift, mix, scale, add. Compared with the
    Mixer's block, it has lost the hidden layer of token mixing and both norms, and has
    gained the two layer scales.

    **Shape.** `(batch, num_patches, hidden_dim)` to the same.

    **Raises.** `ValueError` for a size below one, a layer scale not above zero, a rate
    outside $[0, 1)$, an unknown form of GELU, or a table of another shape.

    **Source.** Section 2.
    """

    def __init__(
        self,
        num_patches: int,
        hidden_dim: int,
        channels_mlp_dim: int,
        layer_scale: float,
        dropout_rate: float = 0.0,
        stochastic_depth_rates: tuple[float, float] = (0.0, 0.0),
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        token_rate, channel_rate = stochastic_depth_rates
        # The first line. $A$ is built from $S$, so the number of patches is fixed from
        # here on; all columns share it.
        self.token_norm = Affine(hidden_dim)
        self.token_mixing = TokenLinear(num_patches, num_patches)
        self.token_scale = LayerScale(hidden_dim, layer_scale)
        self.token_depth = StochasticDepth(token_rate)
        # The second line: $W_1$ and $W_2$, the channel mixing of the Mixer.
        self.channel_norm = Affine(hidden_dim)
        self.channel_mixing = ChannelMixing(
            hidden_dim, channels_mlp_dim, dropout_rate, approximate
        )
        self.channel_scale = LayerScale(hidden_dim, layer_scale)
        self.channel_depth = StochasticDepth(channel_rate)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after the layers of the block have done so."""
        self.apply(init_small)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the tokens, then the channels."""
        # $U = X + \lambda \odot (A\,\text{Aff}(X))$. Not one step of it is nonlinear.
        u = x + self.token_depth(
            self.token_scale(self.token_mixing(self.token_norm(x)))
        )
        # $Y = U + \lambda' \odot (\sigma(\text{Aff}(U)\,W_1^\top)\,W_2^\top)$.
        y = u + self.channel_depth(
            self.channel_scale(self.channel_mixing(self.channel_norm(u)))
        )
        return y


class ResMLP(nn.Module):
    r"""## The whole network

    Patches, then blocks, then one more affine layer and the head. The arguments are
    given by name. `layer_scale` is what the layer scales begin with; by default the
    depth decides, see [`depth_dependent_value`][].

    With timm's weights, the outputs and all gradients equal timm's: to $10^{-10}$ in
    float64, and in float32 to $2 \cdot 10^{-6}$ of the largest value (tests).

    **Shape.** `(batch, in_channels, height, width)` to `(batch, num_classes)`: logits.

    **Raises.** `ValueError` for a size below one, an image size which the patch size
    does not divide, a layer scale not above zero, a rate outside $[0, 1)$, an unknown
    form of GELU, or an image of another shape.

    **Source.** Section 2.
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
        layer_scale: float | None = None,
        dropout_rate: float = 0.0,
        stochastic_depth_rate: float = 0.0,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        check_positive(num_layers=num_layers)
        check_rate(stochastic_depth_rate=stochastic_depth_rate)
        self.approximate = approximate
        # $X$, the first table. The image size goes no further than this: what the
        # blocks need to know of it is $S$.
        self.patch_embedding = PatchEmbedding(
            image_size, patch_size, in_channels, hidden_dim
        )
        # The deeper the network, the smaller the layer scales begin.
        if layer_scale is None:
            layer_scale = depth_dependent_value(num_layers)
        # $N$ blocks, each built anew. The authors drop all branches at the same rate;
        # it does not rise with depth as the Mixer's does.
        self.blocks = nn.ModuleList(
            ResMLPBlock(
                self.patch_embedding.num_patches,
                hidden_dim,
                channels_mlp_dim,
                layer_scale,
                dropout_rate,
                stochastic_depth_rates=(stochastic_depth_rate, stochastic_depth_rate),
                approximate=approximate,
            )
            for _ in range(num_layers)
        )
        # The sum of all updates is scaled and shifted once more. The average that
        # follows is linear too, so the head could take this layer into its weights.
        self.norm = Affine(hidden_dim)
        self.head = ClassificationHead(hidden_dim, num_classes)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise again, after all layers have done so."""
        self.head.apply(init_small)

    def forward(self, image: Tensor) -> Tensor:
        """Score each class for each image."""
        # From pixels to tokens; from here on there are only tables of $S$ rows.
        x = self.patch_embedding(image)
        for block in self.blocks:
            x = block(x)
        # The mean over tokens, and a score for each class.
        return self.head(self.norm(x))


def from_the_paper(
    num_layers: int, patch_size: int, hidden_dim: int, options: dict[str, Any]
) -> ResMLP:
    """Build a model of the paper.

    It reads 224 pixels and knows 1000 classes, unless the options say otherwise.

    **Source.** The authors' `resmlp_models.py`; the options are those of [`ResMLP`][],
    and any may be changed.
    """
    sizes: dict[str, Any] = {
        "image_size": 224,
        "patch_size": patch_size,
        "num_classes": 1000,
        "num_layers": num_layers,
        "hidden_dim": hidden_dim,
        "channels_mlp_dim": 4 * hidden_dim,
    }
    return ResMLP(**(sizes | options))


# The four models. The small ones differ in nothing but depth.
def resmlp_12(**options: Any) -> ResMLP:
    """ResMLP-S12: 12 blocks on 196 tokens of 384 channels."""
    return from_the_paper(12, 16, 384, options)


def resmlp_24(**options: Any) -> ResMLP:
    """ResMLP-S24: 24 blocks on 196 tokens of 384 channels."""
    return from_the_paper(24, 16, 384, options)


def resmlp_36(**options: Any) -> ResMLP:
    """ResMLP-S36: 36 blocks on 196 tokens of 384 channels."""
    return from_the_paper(36, 16, 384, options)


# The wide model begins with a layer scale of its own.
def resmlp_big_24(**options: Any) -> ResMLP:
    """ResMLP-B24: 24 blocks on 784 tokens of 768 channels."""
    return from_the_paper(24, 8, 768, {"layer_scale": 1e-6} | options)
