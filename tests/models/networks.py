"""The models that tests build: small, and asymmetric in every size."""

import inspect

import torch

from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.conv_mixer import ConvMixer
from labml_style_nn.models.fnet import FNet, FNetEncoder
from labml_style_nn.models.gmlp import GMLP
from labml_style_nn.models.masked_language_model import (
    attention_language_model,
    mixer_language_model,
)
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLP
from labml_style_nn.models.vit import VisionTransformer
from tests.tensors import draw, randomised

OF_CLASSES = {"num_classes": 7, "num_layers": 2}
IMAGE = OF_CLASSES | {"image_size": (16, 24), "patch_size": 4}
SIZES = IMAGE | {"hidden_dim": 20, "channels_mlp_dim": 48}
CONV = OF_CLASSES | {"patch_size": 4, "hidden_dim": 6, "kernel_size": 3}
POOL = {"num_classes": 7, "depths": (1, 2), "dims": (8, 12)}
WORDS = {"vocabulary_size": 30, "num_layers": 2}
TEXT = WORDS | {"hidden_dim": 20, "channels_mlp_dim": 48}
LANGUAGE = WORDS | {"num_tokens": 9, "dim": 20, "hidden_dim": 48}
MODELS = {
    "mixer": (MLPMixer, {**SIZES, "tokens_mlp_dim": 10}),
    "resmlp": (ResMLP, SIZES),
    "gmlp": (GMLP, SIZES),
    "vit": (VisionTransformer, {**SIZES, "num_heads": 5}),
    "vit_average": (VisionTransformer, {**SIZES, "num_heads": 5, "pooling": "average"}),
    "fnet": (FNet, SIZES),
    "conv_mixer": (ConvMixer, CONV),
    "poolformer": (PoolFormer, POOL),
    "fnet_text": (FNetEncoder, {**TEXT, "max_len": 9, "num_types": 3}),
    "causal_gmlp": (CausalGMLP, {**TEXT, "num_tokens": 9}),
    "attention": (attention_language_model, {**LANGUAGE, "num_heads": 5}),
    "mixer_text": (mixer_language_model, LANGUAGE),
}
OF_TEXT = "fnet_text", "causal_gmlp", "attention", "mixer_text"
OF_IMAGES = [name for name in MODELS if name not in OF_TEXT]


def takes(name, option):
    """Whether a model has an option."""
    return option in inspect.signature(MODELS[name][0]).parameters


def build(name, **options):
    """A model of the table."""
    make, sizes = MODELS[name]
    return make(**(sizes | options))


def trained(name, **options):
    """A model with other weights than it began with, in float64."""
    return randomised(build(name, **options)).eval()


def batch(name, size=3, seed=0, dtype=torch.double):
    """What a model reads."""
    if name in OF_TEXT:
        generator = torch.Generator().manual_seed(seed)
        return torch.randint(30, (size, 9), generator=generator)
    return draw(size, 3, 16, 24, seed=seed, dtype=dtype)
