r"""# Models

Whole networks. Each is composed of [`layers`][], and its page shows how little is left
to say once the layers are known.

- [`mlp_mixer`][]: the MLP-Mixer. Two MLPs in turn, across the patches and across the
  channels, each with a norm before it and a residual connection around it.

Its relatives differ above all in how they mix tokens; [the family](../family.py) has
them side by side.

- [`resmlp`][]: ResMLP. One linear map across the patches, and no norm.
- [`gmlp`][]: gMLP. One MLP across the channels, with the patches gating one another in
  its middle; and [`causal_gmlp`][], the same for text.
- [`fnet`][models.fnet]: FNet. A Fourier transform, without weights.
- [`poolformer`][]: PoolFormer. The average of the neighbours, without weights.
- [`conv_mixer`][]: ConvMixer. A small kernel for each channel.
- [`vit`][]: the Vision Transformer. Attention.

And for text:

- [`transformer`][]: an encoder in which attention or a Mixer may stand.
- [`masked_language_model`][]: a network that predicts masked tokens.

Published weights are read by [`pretrained`][].
"""

from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.conv_mixer import ConvMixer, ConvMixerBlock
from labml_style_nn.models.fnet import FNet, FNetBlock, FNetEncoder
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.models.masked_language_model import MaskedLanguageModel
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.models.poolformer import PoolFormer, PoolFormerBlock
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock
from labml_style_nn.models.transformer import Encoder, EncoderLayer
from labml_style_nn.models.vit import VisionTransformer, ViTBlock

__all__ = [
    "GMLP",
    "CausalGMLP",
    "ConvMixer",
    "ConvMixerBlock",
    "Encoder",
    "EncoderLayer",
    "FNet",
    "FNetBlock",
    "FNetEncoder",
    "GMLPBlock",
    "MLPMixer",
    "MaskedLanguageModel",
    "MixerBlock",
    "PoolFormer",
    "PoolFormerBlock",
    "ResMLP",
    "ResMLPBlock",
    "ViTBlock",
    "VisionTransformer",
]
