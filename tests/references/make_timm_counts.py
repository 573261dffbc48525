"""Make `timm_counts.json`: how many parameters timm's models have, part by part.

Install timm as `make_stored.py` says, then

    /tmp/reference/bin/python -m tests.references.make_timm_counts

The models have 1000 classes and read 224 x 224 pixels. They are built on the `meta`
device, which keeps shapes and no numbers. Those that timm knows by name are built by
that name. H/14 of the Mixer it does not know; it is built from timm's class with the
sizes of the paper's table.

The multiply-adds are those of timm's models for one image, as PyTorch counts them:
matrix products and convolutions.
"""

import json

import torch
from torch import nn

from labml_style_nn.proofs.cost import multiply_adds, parameters
from labml_style_nn.proofs.reference import COUNTS
from tests.references.torchvision_stand_in import install

VITS = "tiny_16 small_16 small_32 base_16 base_32 large_16 large_32"
POOLFORMERS = "s12 s24 s36 m36 m48"
# Our names of the models, by timm's.
NAMES = {
    f"{family}_{size}_224": f"{family}_{size}"
    for family, sizes in {
        "mixer": "s32 s16 b32 b16 l32 l16",
        "resmlp": "12 24 36 big_24",
        "gmlp": "ti16 s16 b16",
    }.items()
    for size in sizes.split()
}
NAMES |= {f"convmixer_{name}": f"convmixer_{name}" for name in ("1536_20", "768_32")}
NAMES |= {"convmixer_1024_20_ks9_p14": "convmixer_1024_20"}
NAMES |= {
    f"vit_{name.replace('_', '_patch')}_224": f"vit_{name}" for name in VITS.split()
}
NAMES |= {"vit_huge_patch14_224": "vit_huge_14"}
NAMES |= {f"poolformer_{s}": f"poolformer_{s}" for s in POOLFORMERS.split()}
# Parts of timm's models that are pages here.
PARTS = {
    model: dict(pair.split("=") for pair in pairs.split())
    for model, pairs in {
        "mixer_b16": "stem=stem norm=norm mlp_tokens=blocks.0.mlp_tokens"
        " mlp_channels=blocks.0.mlp_channels"
        " mlp_channels.fc1=blocks.0.mlp_channels.fc1 head=head",
        "resmlp_24": "affine=blocks.0.norm1 linear_tokens=blocks.0.linear_tokens"
        " mlp_channels=blocks.0.mlp_channels layer_scale=blocks.0.ls1 block=blocks.0",
        "gmlp_s16": "gate=blocks.0.mlp_channels.gate"
        " mlp_channels=blocks.0.mlp_channels block=blocks.0",
        "convmixer_1536_20": "stem=stem patch_embedding=stem.0"
        " depthwise=blocks.0.0.fn.0 batch_norm=blocks.0.0.fn.2 pointwise=blocks.0.1"
        " block=blocks.0 head=head",
        "vit_base_16": "patch_embedding=patch_embed class_token=cls_token"
        " positions=pos_embed attention=blocks.0.attn"
        " attention.qkv=blocks.0.attn.qkv attention.projection=blocks.0.attn.proj"
        " mlp=blocks.0.mlp norm=norm block=blocks.0 head=head",
        "poolformer_s12": "stem=stem group_norm=stages.0.blocks.0.norm1"
        " layer_scale=stages.0.blocks.0.layer_scale1 mlp=stages.0.blocks.0.mlp"
        " block=stages.0.blocks.0 downsample=stages.1.downsample"
        " norm=head.norm head=head.fc",
    }.items()
}


def part(model: nn.Module, path: str) -> int:
    """Count the parameters of a part, which may be a single tensor."""
    single = dict(model.named_parameters()).get(path)
    return parameters(model.get_submodule(path)) if single is None else single.numel()


def build() -> dict[str, nn.Module]:
    """Build timm's models without any numbers."""
    import timm
    from timm.models.mlp_mixer import MlpMixer

    with torch.device("meta"):
        h14 = MlpMixer(patch_size=14, num_blocks=32, embed_dim=1280)
        # Of some, what was published has no head; then timm builds none, unless asked.
        named = {
            ours: timm.create_model(theirs, num_classes=1000)
            for theirs, ours in NAMES.items()
        }
    return {"mixer_h14": h14, **named}


def main() -> None:
    """Build timm's models, count, write the file."""
    install()
    import timm

    models = build()
    counts = {
        "timm": timm.__version__,
        "models": {name: parameters(model) for name, model in models.items()},
        "multiply_adds": {
            name: multiply_adds(model.eval(), 1, 3, 224, 224)
            for name, model in models.items()
        },
    }
    for name, paths in PARTS.items():
        counts[f"parts of {name}"] = {
            ours: part(models[name], theirs) for ours, theirs in paths.items()
        }
    COUNTS.write_text(json.dumps(counts, indent=2) + "\n")
    print(COUNTS.read_text(), end="")


if __name__ == "__main__":
    main()
