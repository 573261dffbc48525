r"""# Published weights

## Example

>>> sizes = dict(num_layers=1, hidden_dim=8, tokens_mlp_dim=4, channels_mlp_dim=16)
>>> model = MLPMixer(image_size=8, patch_size=4, num_classes=3, **sizes)
>>> state_dict = {name: torch.ones_like(x) for name, x in timm_targets(model).items()}
>>> load_timm_weights(model, state_dict)
>>> model.head.linear.bias.tolist()
[1.0, 1.0, 1.0]
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.models.mlp_mixer import MLPMixer

# For each of our models: our name of a layer, and timm's.
TIMM_NAMES: dict[type[nn.Module], dict[str, str]] = {
    MLPMixer: {
        "patch_embedding.projection": "stem.proj",
        "token_norm": "norm1",
        "token_mixing": "mlp_tokens",
        "channel_norm": "norm2",
        "channel_mixing": "mlp_channels",
        "head.linear": "head",
    },
}


def load_timm_weights(model: nn.Module, state_dict: Mapping[str, Tensor]) -> None:
    """Copy timm's weights into one of our models, all of them or none."""
    targets = timm_targets(model)
    problems = [f"missing: {key}" for key in targets if key not in state_dict]
    problems += [f"unexpected: {key}" for key in state_dict if key not in targets]
    problems += [
        f"wrong shape: {key} is {tuple(state_dict[key].shape)}, "
        f"the model needs {tuple(target.shape)}"
        for key, target in targets.items()
        if key in state_dict and state_dict[key].shape != target.shape
    ]
    if problems:
        raise ValueError("\n".join(["nothing was loaded", *problems]))
    with torch.no_grad():
        for key, target in targets.items():
            target.copy_(state_dict[key])


def timm_targets(model: nn.Module) -> dict[str, Tensor]:
    """Our tensors, by timm's names and in timm's shapes."""
    if type(model) not in TIMM_NAMES:
        known = ", ".join(kind.__name__ for kind in TIMM_NAMES)
        raise ValueError(f"no timm names for {type(model).__name__}, only for {known}")
    tensors = dict(model.state_dict())
    for name, module in model.named_modules():
        if isinstance(module, PatchEmbedding):
            tensors[f"{name}.projection.weight"] = module.kernel().detach()
    names = TIMM_NAMES[type(model)]
    return {timm_name(name, names): tensor for name, tensor in tensors.items()}


def timm_name(name: str, names: Mapping[str, str]) -> str:
    """Translate the name of one of our tensors into timm's."""
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name
