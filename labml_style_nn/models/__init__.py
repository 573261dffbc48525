r"""# Models

Whole networks. Each is composed of [`layers`][], and its page shows how little is left
to say once the layers are known.

- [`mlp_mixer`][]: the MLP-Mixer. Two MLPs in turn, across the patches and across the
  channels, and nothing else.
- [`resmlp`][]: ResMLP. One linear map across the patches, and no norm.
- [`gmlp`][]: gMLP. One MLP across the channels, with the patches gating one another in
  its middle; and [`causal_gmlp`][], the same for text.
- [`conv_mixer`][models.conv_mixer]: the ConvMixer. The same plan, with a depthwise
  convolution for the places and a pointwise one for the channels.

Published weights are read by [`pretrained`][].
"""

from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.conv_mixer import ConvMixer, ConvMixerBlock
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock

__all__ = [
    "GMLP",
    "CausalGMLP",
    "ConvMixer",
    "ConvMixerBlock",
    "GMLPBlock",
    "MLPMixer",
    "MixerBlock",
    "ResMLP",
    "ResMLPBlock",
]
