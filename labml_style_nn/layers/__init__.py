r"""# Layers

One idea a file. Each page takes one piece of the MLP-Mixer, from its equation to its
code, and can be read without the others. In the order in which an image meets them:

- [`patch_embedding`][]: the image is cut into patches, and each becomes a row of a
  table.
- [`layer_norm`][layers.layer_norm]: each row is brought back to mean zero and variance
  one.
- [`token_mixing`][]: an MLP runs along the columns, so that places exchange what they
  know.
- [`channel_mixing`][]: an MLP runs along the rows, so that the features of a place
  combine.
- [`skip_connection`][]: the residual connection, which adds what a layer computed to
  what it was given.
- [`head`][layers.head]: the rows are averaged, and the classes scored.

[`mlp_mixer`][] puts them together. The parts which several of these share:

- [`linear`][]: the linear map, and its initialisation.
- [`mlp`][]: two linear maps with a nonlinearity between them.
- [`gelu`][]: the nonlinearity, in its exact form and in its approximation.
- [`dropout`][]: while training, single numbers are set to zero.
- [`stochastic_depth`][]: while training, whole updates are left out.

## Other token mixings

- [`depthwise_convolution`][]: a small kernel for each channel, and
  [`pointwise_convolution`][], which mixes the channels of a place.
- [`attention`][layers.attention]: a mean of all tokens, by weights that are computed
  from them, and [`masked_attention`][], where some pairs are excluded.
- [`spatial_gating`][]: half of the channels, mixed over the tokens, gates the other
  half.
- [`fourier_mixing`][]: sums over all numbers of the table, without a weight.
- [`pool_mixing`][]: the average of the neighbours.
- [`drop_in_mixer`][]: token mixing, called like attention, in its place.

## Other normalisations

- [`batch_norm`][]: a channel is normalised over all images of the batch.
- [`group_norm`][]: an image is normalised in groups of channels; with one group, as a
  whole.
- [`affine`][]: each channel is scaled and shifted, and nothing is measured.
- [`layer_scale`][]: of each update only a little is added, at first.

## For text

- [`token_embedding`][]: each token of a vocabulary is a row of a table.
- [`positional_encoding`][]: attention cannot tell where a token stands, so the tokens
  are told.
- [`feed_forward`][]: the channel mixing of a Transformer, plain and with gates.
"""

from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.feed_forward import FeedForward, GatedFeedForward
from labml_style_nn.layers.fourier_mixing import FourierMixing
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.head import ClassificationHead, GlobalAveragePooling
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution
from labml_style_nn.layers.pool_mixing import PoolMixing
from labml_style_nn.layers.positional_encoding import (
    LearnedPositions,
    SinusoidalPositions,
)
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.layers.token_embedding import TokenEmbedding
from labml_style_nn.layers.token_mixing import TokenLinear, TokenMixing

__all__ = [
    "GELU",
    "MLP",
    "Affine",
    "BatchNorm",
    "ChannelMixing",
    "ClassificationHead",
    "DepthwiseConvolution",
    "DropInMixer",
    "Dropout",
    "FeedForward",
    "FourierMixing",
    "GatedFeedForward",
    "GlobalAveragePooling",
    "GroupNorm",
    "LayerNorm",
    "LayerScale",
    "LearnedPositions",
    "Linear",
    "MultiHeadAttention",
    "PatchEmbedding",
    "PointwiseConvolution",
    "PoolMixing",
    "SinusoidalPositions",
    "SkipConnection",
    "SpatialGatingUnit",
    "StochasticDepth",
    "TokenEmbedding",
    "TokenLinear",
    "TokenMixing",
]
