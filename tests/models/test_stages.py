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
from labml_style_nn.pretrained import load_timm_weights
from labml_style_nn.proofs.reference import stored
from tests.tensors import close

IMAGE = {"image_size": (15, 24), "patch_size": (3, 4), "num_classes": 7}
WIDTHS = {"num_layers": 2, "hidden_dim": 14, "channels_mlp_dim": 56}
VIT = {"num_layers": 2, "hidden_dim": 18, "channels_mlp_dim": 72, "num_heads": 3}
MIXER = {
    "image_size": (16, 36),
    "patch_size": (4, 6),
    "num_classes": 7,
    "num_layers": 2,
    "hidden_dim": 20,
    "tokens_mlp_dim": 10,
    "channels_mlp_dim": 80,
}
CONV = {"num_classes": 7, "hidden_dim": 12}
POOL = {"num_classes": 7, "depths": (1, 2), "dims": (8, 12), "average_first": True}
MODELS = {
    "timm_mixer": lambda: MLPMixer(**MIXER),
    "timm_resmlp": lambda: ResMLP(**IMAGE, **WIDTHS),
    "timm_gmlp": lambda: GMLP(**IMAGE, **WIDTHS),
    "timm_vit": lambda: VisionTransformer(**IMAGE, **VIT),
    "timm_vit_average": lambda: VisionTransformer(**IMAGE, **VIT, pooling="average"),
    "timm_conv_mixer": lambda: ConvMixer(
        **CONV, num_layers=2, kernel_size=5, patch_size=3
    ),
    "timm_conv_mixer_even": lambda: ConvMixer(
        **CONV, num_layers=1, kernel_size=4, patch_size=2
    ),
    "timm_poolformer": lambda: PoolFormer(**POOL),
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
    model = MODELS[file]().double()
    load_timm_weights(model, stored(file).weights())
    compare(file, model, model.eval())


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
