"""What leaves each stage of a network is what leaves it in timm's or Hugging Face's.

The proofs compare the scores and all gradients.
"""

import re

import pytest
from torch import nn

from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.fnet import FNetBlock
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer
from labml_style_nn.proofs.reference import stored
from labml_style_nn.proofs.whole import small
from tests.tensors import close

MODELS = {
    "timm_mixer": (MLPMixer, {"tokens_mlp_dim": 10, "channels_mlp_dim": 80}),
    "timm_resmlp": (ResMLP, {}),
    "timm_gmlp": (GMLP, {}),
    "timm_vit": (VisionTransformer, {}),
    "timm_vit_average": (VisionTransformer, {"pooling": "average"}),
    "timm_conv_mixer": (ConvMixer, {}),
    "timm_conv_mixer_even": (ConvMixer, {}),
    "timm_poolformer": (PoolFormer, {"average_first": True}),
}
# From their names of stages to ours: by the first rule that fits, then by the next.
RULES = {
    "timm_gmlp": [
        (r"(block\d)\.norm", r"\1.channel_norm"),
        (r"mlp_channels\.fc1", "fc1"),
        (r"mlp_channels\.gate", "token_mixing"),
        (r"mlp_channels", "fc2"),
    ],
    "timm_conv_mixer": [
        (r"stem\.0", "patch_embedding"),
        (r"stem$", "patch_norm"),
        (r"(block\d)\.0\.fn\.0", r"\1.token_mixing"),
        (r"(block\d)\.0\.fn\.2", r"\1.token_norm"),
        (r"(block\d)\.1", r"\1.channel_mixing"),
    ],
    "timm_poolformer": [
        (r"stem", "stages.0.embedding"),
        (r"stage(\d)\.downsample", r"stages.\1.embedding"),
        (r"stage(\d)\.block(\d)", r"stages.\1.blocks.\2"),
        (r"head\.", ""),
    ],
}
RULES["timm_conv_mixer_even"] = RULES["timm_conv_mixer"]
COMMON = [
    (r"^(stem|patch_embed)$", "patch_embedding"),
    (r"^(block|layer)(\d)", r"blocks.\2"),
    (r"pos_drop", "dropout"),
    (r"fc_norm", "norm"),
    (r"norm1", "token_norm"),
    (r"norm2", "channel_norm"),
    (r"mlp_tokens|linear_tokens|attn|token_mixer|fourier\.self", "token_mixing"),
    (r"mlp_channels|mlp", "channel_mixing"),
    (r"fourier", "token_norm"),
    (r"intermediate", "channel_mixing.gelu"),
]
# What is no layer of ours: a GELU, which is one for all, a sum, and a mean.
NOT_OURS = re.compile(r"stem\.1|block\d\.(0\.fn\.1|0|2)|global_pool")


def our_name(file, stage):
    """Translate the name of a stage."""
    for pattern, name in (*RULES.get(file, []), *COMMON):
        stage = re.sub(pattern, name, stage)
    return stage


def as_ours(file, stage, theirs):
    """Turn what left a stage of theirs as it lies with us."""
    if "tokens" in stage:
        return theirs.mT
    if file == "timm_poolformer":
        return theirs.permute(0, 2, 3, 1)
    # timm's ViT normalises all tokens, and takes the first after that.
    return theirs[:, 0] if (file, stage) == ("timm_vit", "norm") else theirs


def compare(file, model, network):
    """Let a network read what theirs read, and compare what leaves each stage."""
    reference, seen = stored(file), {}
    taps = [name[4:] for name in reference.arrays if name.startswith("tap/")]
    stages = [stage for stage in taps if not NOT_OURS.fullmatch(stage)]
    assert len(stages) >= 6
    for stage in stages:
        model.get_submodule(our_name(file, stage)).register_forward_hook(
            lambda _m, _inputs, y, stage=stage: seen.update({stage: y})
        )
    network(reference["x"])
    assert seen.keys() == {*stages}
    for stage, ours in seen.items():
        close(ours, as_ours(file, stage, reference.after(stage)), 1e-10)


@pytest.mark.parametrize("file", MODELS)
def test_what_leaves_each_stage_is_timms(file):
    make, options = MODELS[file]
    model = small(make, stored(file), **options).eval()
    compare(file, model, model)


def test_what_leaves_each_stage_of_fnets_blocks_is_hugging_faces():
    blocks = nn.Sequential(*(FNetBlock(20, 52) for _ in range(2))).double()
    names = (
        ("fourier.output.LayerNorm", "token_norm"),
        ("intermediate.dense", "channel_mixing.fc1"),
        ("output.dense", "channel_mixing.fc2"),
        ("output.LayerNorm", "channel_norm"),
    )
    for number, block in enumerate(blocks):
        for theirs, ours in names:
            part = stored("hf_fnet_layer").weights(f"layer.{number}.{theirs}")
            block.get_submodule(ours).load_state_dict(part)
    compare("hf_fnet_layer", nn.ModuleDict({"blocks": blocks}), blocks)
