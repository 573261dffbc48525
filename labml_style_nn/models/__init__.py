r"""# Models

Whole networks. Each is composed of [`layers`][], and its page shows how little is left
to say once the layers are known.

- [`mlp_mixer`][]: the MLP-Mixer. Two MLPs in turn, across the patches and across the
  channels, and nothing else.
- [`vit`][]: the Vision Transformer. Attention in the place of the first of them.
- [`resmlp`][]: ResMLP. One linear map across the patches, and no norm.
- [`gmlp`][]: gMLP. One MLP across the channels, with the patches gating one another in
  its middle; and [`causal_gmlp`][], the same for text.

Published weights are read by [`pretrained`][].
"""

from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.models.vit import VisionTransformer, ViTBlock

__all__ = ["MLPMixer", "MixerBlock", "ViTBlock", "VisionTransformer"]
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock

__all__ = [
    "GMLP",
    "CausalGMLP",
    "GMLPBlock",
    "MLPMixer",
    "MixerBlock",
    "ResMLP",
    "ResMLPBlock",
]
