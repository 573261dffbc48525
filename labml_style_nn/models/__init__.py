r"""# Models

Whole networks. Each is composed of [`layers`][], and its page shows how little is left
to say once the layers are known.

- [`mlp_mixer`][]: the MLP-Mixer. Two MLPs in turn, across the patches and across the
  channels, and nothing else.
- [`vit`][]: the Vision Transformer. Attention in the place of the first of them.

Published weights are read by [`pretrained`][].
"""

from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer
from labml_style_nn.models.vit import VisionTransformer, ViTBlock

__all__ = ["MLPMixer", "MixerBlock", "ViTBlock", "VisionTransformer"]
