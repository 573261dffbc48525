r"""# Fine-tuning at another resolution

A Mixer reads images of one size: its token mixing has weights for each place, and for
no other. To fine-tune it on larger images, the Mixer paper keeps the size of a patch,
so that there are more patches, and builds larger token-mixing MLPs from the trained
ones. Let the sides of the image grow by an integer factor $K$. Then there are $K^2$
times as many tokens. They are divided into $K^2$ parts of the original number, and at
first the new MLP does to each part what the trained one did to the whole image:

$$\begin{aligned}
W'_1 &= \begin{pmatrix} W_1 & & \\ & \ddots & \\ & & W_1 \end{pmatrix}, &
b'_1 &= \begin{pmatrix} b_1 \\ \vdots \\ b_1 \end{pmatrix}, \\
W'_2 &= \begin{pmatrix} W_2 & & \\ & \ddots & \\ & & W_2 \end{pmatrix}, &
b'_2 &= \begin{pmatrix} b_2 \\ \vdots \\ b_2 \end{pmatrix} .
\end{aligned}$$

There are $K^2$ copies of each matrix and each vector. The zeros between them are
weights as well: fine-tuning
changes them, and so the parts come to exchange what they have seen. All other weights,
of the patch embedding, of channel mixing, of the norms and the head, know nothing of
places and are kept as they are.

This is Supplementary C of Tolstikhin and others, 2021, "MLP-Mixer: An all-MLP
Architecture for Vision" ([arXiv:2105.01601](https://arxiv.org/abs/2105.01601)). Its
Table 3 shows what is gained, and at what price: the Mixer-L/16 pre-trained on
ImageNet-21k comes to a top-1 accuracy of 82.89 % on ImageNet when it is fine-tuned at
224 pixels, with a throughput of 419 images per second and core, and to 83.91 % at 448
pixels, with 105. [`higher_resolution`][] does it in small.

## Notation

- $K$, `factor`: by how much the sides of the image grow
- $S$, `num_patches`: the number of patches of the original image
- $D_S$, `tokens_mlp_dim`: the width of the original token mixing
- $W_1$, $W'_1$, $b_1$, $b'_1$, `fc1`: the first layer of the trained token mixing, and
  of the larger one
- $W_2$, $W'_2$, $b_2$, $b'_2$, `fc2`: the second layer, likewise
- $C$, `hidden_dim`: the channels of a token
- $B$, `batch`: how many images are computed together
- $H$, `image_size`: the side of the original image

## Which tokens are a part

The paper splits the image "spatially" into $K \times K$ equal parts. So a part is a
piece of the image, a quarter for $K = 2$. Here are the numbers of the tokens of an
image of $4 \times 6$ patches, in the order in which the matrices above take them:

>>> import torch
>>> from labml_style_nn.resolution import enlarge, token_order
>>> torch.arange(24).view(4, 6)
tensor([[ 0,  1,  2,  3,  4,  5],
        [ 6,  7,  8,  9, 10, 11],
        [12, 13, 14, 15, 16, 17],
        [18, 19, 20, 21, 22, 23]])
>>> token_order((2, 3), factor=2).view(4, 6)
tensor([[ 0,  1,  2,  6,  7,  8],
        [ 3,  4,  5,  9, 10, 11],
        [12, 13, 14, 18, 19, 20],
        [15, 16, 17, 21, 22, 23]])

The other way to divide them is to take every $K$-th token. Then each part is a coarse
grid over the whole image:

>>> token_order((2, 3), factor=2, parts="interleaved").view(4, 6)
tensor([[ 0,  2,  4, 12, 14, 16],
        [ 1,  3,  5, 13, 15, 17],
        [ 6,  8, 10, 18, 20, 22],
        [ 7,  9, 11, 19, 21, 23]])

The paper's way is the default. The argument for the other is that a trained weight
keeps its place: what was for the upper left corner of the image still is. With
contiguous parts, it is for the upper left corner of each quarter.
[`higher_resolution`][] compares the two.

## What the enlarged network computes

With contiguous parts, that can be said exactly, as long as nothing is fine-tuned. No
layer lets the parts meet before the average over all tokens, and the head is linear. So
the logits for a large image are the mean of those that the trained Mixer gives for its
parts, each taken for a whole image:

>>> from labml_style_nn.models.mlp_mixer import MLPMixer
>>> _ = torch.manual_seed(0)
>>> batch, image_size, factor = 5, (8, 12), 2
>>> mixer = MLPMixer(
...     image_size=image_size, patch_size=4, num_classes=10, num_layers=3,
...     hidden_dim=20, tokens_mlp_dim=7, channels_mlp_dim=36,
... ).double()
>>> _ = torch.nn.init.normal_(mixer.head.linear.weight)
>>> large = torch.randn(batch, 3, 16, 24, dtype=torch.double)
>>> parts = [large[:, :, i:i + 8, j:j + 12] for i in (0, 8) for j in (0, 12)]
>>> mean = torch.stack([mixer(part) for part in parts]).mean(dim=0)
>>> bool((enlarge(mixer, factor)(large) - mean).abs().max() < 1e-12)
True

This is no good classifier of images that show one object: it has not learned to
recognise an object by a quarter of it. It is where fine-tuning begins.

## What differs from the paper

- The paper takes the tokens part by part. Here they stay in reading order, as in every
  Mixer, and rows and columns of the matrices are put where these tokens are. It is the
  same map.
- `parts="interleaved"` is not in the paper.

In the code that the authors published, we have found nothing that enlarges a Mixer:
`vit_jax/checkpoint.py` of `vision_transformer` resizes the positions of a ViT, and
`load` in `big_vision/models/mlp_mixer.py` takes the weights as they are.

## What it costs

A token mixing had $2 S D_S + D_S + S$ parameters. Now it has
$2 K^4 S D_S + K^2 (D_S + S)$, and $K^4$ times the MACs. The patch embedding and the
channel mixing have the parameters that they had, and $K^2$ times the MACs, since there
are $K^2$ times as many tokens. With Mixer-S/16, enlarged from 224 to 448 pixels:

>>> from labml_style_nn.models.mlp_mixer import mixer_s16
>>> with torch.device("meta"):
...     small = mixer_s16()
...     larger = enlarge(small, factor=2)
>>> for model in (small, larger):
...     print(f"{sum(weight.numel() for weight in model.parameters()):,}")
18,528,264
30,581,352
>>> num_patches, tokens_mlp_dim = 196, 256
>>> grown = 2 * 15 * num_patches * tokens_mlp_dim + 3 * (tokens_mlp_dim + num_patches)
>>> 8 * grown
12053088
>>> 30_581_352 - 18_528_264
12053088

## Example

>>> enlarge(mixer, factor)(large).shape
torch.Size([5, 10])
>>> enlarge(mixer, factor=1.5)
Traceback (most recent call last):
    ...
ValueError: factor must be a whole number from 1 up, got 1.5

With another factor there would be no whole copies. The supplement takes whole factors,
too.
"""

from copy import deepcopy
from typing import Literal, cast

import torch
from einops import rearrange
from torch import Tensor

from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer

Parts = Literal["contiguous", "interleaved"]
# Where the tokens of a part stand, in reading order: in `rows` and `columns` of part
# $(i, j)$.
PLACES: dict[str, str] = {
    "contiguous": "(i rows j columns)",
    "interleaved": "(rows i columns j)",
}


def token_order(
    grid_size: tuple[int, int], factor: int, parts: Parts = "contiguous"
) -> Tensor:
    r"""## The tokens of the parts, one part after the other

    `grid_size` has the rows and columns of patches of the original image. The result
    has the numbers of the tokens of the larger image, which are counted in reading
    order.

    **Shape.** To `(factor**2 * num_patches,)`.

    **Raises.** `ValueError` for a factor that is not a whole number from 1 up, or parts
    of an unknown kind.

    **Source.** Supplementary C for contiguous parts.
    """
    if not isinstance(factor, int) or factor < 1:
        raise ValueError(f"factor must be a whole number from 1 up, got {factor}")
    if parts not in PLACES:
        raise ValueError(f"parts must be one of {', '.join(PLACES)}, got {parts!r}")
    rows, columns = grid_size
    return rearrange(
        torch.arange(factor**2 * rows * columns),
        f"{PLACES[parts]} -> (i j rows columns)",
        i=factor,
        j=factor,
        rows=rows,
    )


def enlarge(mixer: MLPMixer, factor: int, parts: Parts = "contiguous") -> MLPMixer:
    r"""## The Mixer for larger images

    A new Mixer with weights of its own, for images whose sides are `factor` times as
    long. `mixer` stays as it is.

    **Raises.** `ValueError` for a factor that is not a whole number from 1 up, parts of
    an unknown kind, or a network that is no Mixer: a [`ConvMixer`][] reads images of
    any size as it is, and a [`VisionTransformer`][] has no weights for places but its
    table of positions.

    **Source.** Supplementary C.
    """
    if not isinstance(mixer, MLPMixer):
        raise ValueError(
            f"only an MLPMixer can be enlarged, got {type(mixer).__name__}"
        )
    order = token_order(mixer.patch_embedding.grid_size, factor, parts)
    other = deepcopy(mixer)
    # The map of the patches is kept, and there are $K^2$ times as many of them.
    trained = other.patch_embedding
    height, width = trained.image_size
    other.patch_embedding = PatchEmbedding(
        (factor * height, factor * width),
        trained.patch_size,
        trained.in_channels,
        trained.projection.out_features,
    )
    other.patch_embedding.projection = trained.projection
    for block in other.blocks:
        block = cast(MixerBlock, block)
        block.token_mixing = enlarged_mixing(block.token_mixing, factor, order)
    return other.train(mixer.training)


def enlarged_mixing(mixing: TokenMixing, factor: int, order: Tensor) -> TokenMixing:
    r"""## The larger token mixing

    $K^2$ copies of a trained one side by side. `order` has the numbers of their tokens,
    one copy after the other, as [`token_order`][] gives them.

    **Shape.** Of the new layer: `(batch, factor**2 * num_patches, channels)` to the
    same.

    **Source.** Supplementary C.
    """
    copies, fc1, fc2 = factor**2, mixing.fc1, mixing.fc2
    larger = TokenMixing(
        copies * fc1.in_features,
        copies * fc1.out_features,
        mixing.dropout.rate,
        mixing.gelu.approximate,
    ).to(fc1.weight)
    with torch.no_grad():
        # $W'_1$ and $b'_1$: block-diagonal, but for the order of the columns. Hidden
        # units may stand in any order; here they stand copy after copy.
        larger.fc1.weight[:, order] = torch.block_diag(*[fc1.weight] * copies)
        larger.fc1.bias.copy_(fc1.bias.repeat(copies))
        # $W'_2$ and $b'_2$, whose rows belong to tokens.
        larger.fc2.weight[order] = torch.block_diag(*[fc2.weight] * copies)
        larger.fc2.bias[order] = fc2.bias.repeat(copies)
    return larger
