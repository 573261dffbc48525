r"""# Published weights

The authors trained Mixers on data that few others have, and published the weights. Most
people meet these through timm, which keeps them under its own names. This page copies
such a state dict into the annotated code, so that one can read a network line by line
and run it as it was trained.

```python
import timm
from labml_style_nn.models.mlp_mixer import mixer_b16
from labml_style_nn.pretrained import load_timm_weights

published = timm.create_model("mixer_b16_224.goog_in21k_ft_in1k", pretrained=True)
model = mixer_b16().eval()
load_timm_weights(model, published.state_dict())
```

timm is not needed for the loading, only as one way to get the file. The images must be
prepared as for timm, whose models say how in `pretrained_cfg`. The authors' Mixers ask
for 224 pixels and for red, green and blue scaled to $[-1, 1]$; ResMLP asks for the mean
and the standard deviation of ImageNet's colours instead.

## What is strict about it

A weight which is silently left at random makes a network that works, and works badly.
So either everything fits and everything is copied, or nothing is touched and the error
lists all that is wrong: names that are missing, names that nobody expects, and shapes
that differ. A head for another number of classes is a wrong shape, too. What counts is
the whole state: the running statistics of a [batch norm][layers.batch_norm] are loaded
like weights.

## Notation

- `state_dict`: timm's tensors, by timm's names
- `targets`: our tensors, by timm's names and in timm's shapes

## Example

Without a published file at hand, random numbers under the right names will do.

>>> import torch
>>> from labml_style_nn.models.mlp_mixer import MLPMixer
>>> from labml_style_nn.pretrained import load_timm_weights, timm_targets
>>> model = MLPMixer(
...     image_size=8, patch_size=4, num_classes=3, num_layers=1,
...     hidden_dim=8, tokens_mlp_dim=4, channels_mlp_dim=16,
... )
>>> shapes = {name: target.shape for name, target in timm_targets(model).items()}
>>> list(shapes)[:4]
['stem.proj.weight', 'stem.proj.bias', 'blocks.0.norm1.weight', 'blocks.0.norm1.bias']
>>> weights = {name: torch.randn(shape) for name, shape in shapes.items()}
>>> load_timm_weights(model, weights)
>>> bool((model.blocks[0].token_norm.bias == weights["blocks.0.norm1.bias"]).all())
True

A norm that stands behind an average has a name of its own in timm:

>>> from labml_style_nn.models.vit import VisionTransformer
>>> vit = VisionTransformer(
...     image_size=8, patch_size=4, num_classes=3, num_layers=1,
...     hidden_dim=8, num_heads=2, channels_mlp_dim=16, pooling="average",
... )
>>> list(timm_targets(vit))[-4:]
['fc_norm.weight', 'fc_norm.bias', 'head.weight', 'head.bias']

One name taken away, one added, one tensor too large:

>>> weights["extra"] = weights.pop("norm.bias")
>>> weights["head.weight"] = torch.randn(1000, 8)
>>> load_timm_weights(model, weights)
Traceback (most recent call last):
    ...
ValueError: nothing was loaded
missing: norm.bias
unexpected: extra
wrong shape: head.weight is (1000, 8), the model needs (3, 8)
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.positional_encoding import LearnedPositions
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer, PoolFormerBlock
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer

# For each model, what its layers are called here and what they are called in timm. The
# names below a layer (`fc1`, `fc2`, `weight`, `bias`) and the numbers of the blocks are
# the same in both. Another family needs one more entry.
TIMM_NAMES: dict[type[nn.Module], dict[str, str]] = {
    MLPMixer: {
        "patch_embedding.projection": "stem.proj",
        "token_norm": "norm1",
        "token_mixing": "mlp_tokens",
        "channel_norm": "norm2",
        "channel_mixing": "mlp_channels",
        "head.linear": "head",
    },
    # timm numbers the layers of a `Sequential`; `fn` is the branch beside the residual.
    ConvMixer: {
        "patch_embedding": "stem.0",
        "patch_norm": "stem.2",
        "token_mixing": "0.fn.0",
        "token_norm": "0.fn.2",
        "channel_mixing": "1",
        "channel_norm": "3",
    },
    VisionTransformer: {
        "patch_embedding.projection": "patch_embed.proj",
        "class_token": "cls_token",
        "positions.table": "pos_embed",
        "token_norm": "norm1",
        "token_mixing.qkv": "attn.qkv",
        "token_mixing.projection": "attn.proj",
        "channel_norm": "norm2",
        "channel_mixing": "mlp",
    },
    # A layer scale is a layer here, and one tensor of the block in timm.
    ResMLP: {
        "patch_embedding.projection": "stem.proj",
        "token_norm": "norm1",
        "token_mixing": "linear_tokens",
        "token_scale.weight": "ls1",
        "channel_norm": "norm2",
        "channel_mixing": "mlp_channels",
        "channel_scale.weight": "ls2",
        "head.linear": "head",
    },
    # timm puts the two maps and the gate into an MLP of their own.
    GMLP: {
        "patch_embedding.projection": "stem.proj",
        "channel_norm": "norm",
        "fc1": "mlp_channels.fc1",
        "token_mixing.norm": "mlp_channels.gate.norm",
        "token_mixing.projection": "mlp_channels.gate.proj",
        "fc2": "mlp_channels.fc2",
        "head.linear": "head",
    },
    # Here the first stage begins with the stem, and timm's head has the last norm.
    PoolFormer: {
        "stages.0.embedding": "stem.conv",
        "embedding": "downsample.conv",
        "token_norm": "norm1",
        "token_scale.weight": "layer_scale1.scale",
        "channel_norm": "norm2",
        "channel_mixing": "mlp",
        "channel_scale.weight": "layer_scale2.scale",
        "head.linear": "head.fc",
        "norm.": "head.norm.",
    },
}

# A layer whose tensors have another shape in timm gives views of them here, by their
# names within the layer. timm embeds the patches with a convolution, say. Its kernel is
# our weight in another shape, as [`patch_embedding`][] shows.
TIMM_VIEWS: dict[type[nn.Module], Callable[[Any], dict[str, Tensor]]] = {
    PatchEmbedding: lambda layer: {"projection.weight": layer.kernel()},
    # Its table of positions has an axis of size one for the batch.
    LearnedPositions: lambda layer: {"table": layer.table[None]},
    Affine: lambda layer: {
        name: tensor[None, None] for name, tensor in layer.state_dict().items()
    },
    # To timm, the MLP of a map is two convolutions of size one.
    PoolFormerBlock: lambda block: {
        f"channel_mixing.{name}.weight": layer.weight[:, :, None, None]
        for name, layer in block.channel_mixing.named_children()
        if isinstance(layer, nn.Linear)
    },
}


def load_timm_weights(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Copy timm's weights into one of our models: all of them, or none.

    The numbers take the type and the device that the model has.

    **Raises.** `ValueError` which lists every missing name, every unexpected name and
    every wrong shape; or which says that the model is none of those above.
    """
    targets = timm_targets(model)
    # Everything is compared before anything is copied.
    problems = [f"missing: {name}" for name in targets if name not in state_dict]
    problems += [f"unexpected: {name}" for name in state_dict if name not in targets]
    problems += [
        f"wrong shape: {name} is {tuple(state_dict[name].shape)}, "
        f"the model needs {tuple(target.shape)}"
        for name, target in targets.items()
        if name in state_dict and state_dict[name].shape != target.shape
    ]
    if problems:
        raise ValueError("\n".join(["nothing was loaded", *problems]))
    # The targets share their memory with the model, so this fills the model.
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(state_dict[name])


def timm_targets(model: nn.Module) -> dict[str, Tensor]:
    """Our tensors, by timm's names and in timm's shapes.

    **Raises.** `ValueError` for a model whose names in timm are not known.

    >>> timm_targets(nn.Linear(3, 2))
    Traceback (most recent call last):
        ...
    ValueError: no timm names for Linear; TIMM_NAMES has those of the models
    """
    if type(model) not in TIMM_NAMES:
        raise ValueError(
            f"no timm names for {type(model).__name__}; "
            "TIMM_NAMES has those of the models"
        )
    tensors = dict(model.state_dict())
    for name, layer in model.named_modules():
        if view := TIMM_VIEWS.get(type(layer)):
            parts = view(layer).items()
            tensors |= {f"{name}.{p}".removeprefix("."): t.detach() for p, t in parts}
    names = dict(TIMM_NAMES[type(model)])
    # A norm that comes after an average has a name of its own there.
    if isinstance(model, VisionTransformer) and model.pooling == "average":
        names["norm."] = "fc_norm."
    return {timm_name(name, names): tensor for name, tensor in tensors.items()}


def timm_name(name: str, names: Mapping[str, str]) -> str:
    """Translate the name of one of our tensors.

    >>> timm_name("blocks.3.token_mixing.fc1.bias", TIMM_NAMES[MLPMixer])
    'blocks.3.mlp_tokens.fc1.bias'
    """
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name
