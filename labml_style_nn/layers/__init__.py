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
- [`skip_connection`][]: what a layer computed is added to what it was given.
- [`head`][layers.head]: the rows are averaged, and the classes scored.

What relatives of the Mixer have in the place of token mixing:

- [`attention`][layers.attention]: each token chooses what it takes from which.
- [`positional_encoding`][]: attention cannot tell where a token stands, so the tokens
  are told.

The parts which several of these share:

- [`linear`][]: the linear map, and the numbers it begins with.
- [`mlp`][]: two linear maps with a nonlinearity between them.
- [`gelu`][]: the nonlinearity, in its exact form and in its approximation.
- [`dropout`][]: while training, single numbers are set to zero.
- [`stochastic_depth`][]: while training, whole updates are left out.
- [`checks`][]: sizes, rates and shapes that do not fit are refused.

[`mlp_mixer`][] puts them together.

What [`resmlp`][] and [`gmlp`][] have in their place:

- [`affine`][]: each channel is scaled and shifted, and nothing is measured.
- [`layer_scale`][]: of each update only a little is added, at first.
- [`spatial_gating`][]: half of the channels, mixed over the tokens, gates the other
  half.
"""

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.head import ClassificationHead, GlobalAveragePooling
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.positional_encoding import (
    LearnedPositions,
    SinusoidalPositions,
)
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.layers.token_mixing import TokenLinear, TokenMixing

__all__ = [
    "GELU",
    "MLP",
    "Affine",
    "ChannelMixing",
    "ClassificationHead",
    "Dropout",
    "GlobalAveragePooling",
    "LayerNorm",
    "LearnedPositions",
    "LayerScale",
    "Linear",
    "MultiHeadAttention",
    "PatchEmbedding",
    "SinusoidalPositions",
    "SkipConnection",
    "SpatialGatingUnit",
    "StochasticDepth",
    "TokenLinear",
    "TokenMixing",
]
