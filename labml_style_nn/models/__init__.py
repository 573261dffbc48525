r"""# Models

Whole networks. Each is composed of [`layers`][], and its page shows how little is left
to say once the layers are known.

- [`mlp_mixer`][]: the MLP-Mixer. Two MLPs in turn, across the patches and across the
  channels, and nothing else.
- [`conv_mixer`][models.conv_mixer]: the ConvMixer. The same plan, with a depthwise
  convolution for the places and a pointwise one for the channels.

Published weights are read by [`pretrained`][].
"""

from labml_style_nn.models.conv_mixer import ConvMixer, ConvMixerBlock
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer

__all__ = ["ConvMixer", "ConvMixerBlock", "MLPMixer", "MixerBlock"]
