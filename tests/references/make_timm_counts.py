"""Make `timm_counts.json`: how many parameters timm's Mixers have, part by part.

Install timm as `make_timm_mixer.py` says, then

    /tmp/reference/bin/python -m tests.references.make_timm_counts

The models are built on the `meta` device, which keeps shapes and no numbers. Those of
the paper's Table 1 that timm knows by name are built by that name; H/14 it does not
know, and it is built from timm's class with the sizes of the table.
"""

import json

import torch
from torch import nn

from labml_style_nn.proofs.reference import COUNTS

NAMES = ("s32", "s16", "b32", "b16", "l32", "l16")
# Parts of timm's Mixer-B/16 that are pages here.
PARTS = {
    "stem": "stem",
    "norm": "norm",
    "mlp_tokens": "blocks.0.mlp_tokens",
    "mlp_channels": "blocks.0.mlp_channels",
    "mlp_channels.fc1": "blocks.0.mlp_channels.fc1",
    "head": "head",
}


def count(module: nn.Module) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def main() -> None:
    """Build timm's models, count, write the file."""
    from tests.references.torchvision_stand_in import install

    install()
    import timm
    from timm.models.mlp_mixer import MlpMixer

    with torch.device("meta"):
        models = {n: timm.create_model(f"mixer_{n}_224") for n in NAMES}
        models["h14"] = MlpMixer(patch_size=14, num_blocks=32, embed_dim=1280)
    counts = {
        "timm": timm.__version__,
        "models": {f"mixer_{name}": count(model) for name, model in models.items()},
        "parts of mixer_b16": {
            name: count(models["b16"].get_submodule(path))
            for name, path in PARTS.items()
        },
    }
    COUNTS.write_text(json.dumps(counts, indent=2) + "\n")
    print(COUNTS.read_text(), end="")


if __name__ == "__main__":
    main()
