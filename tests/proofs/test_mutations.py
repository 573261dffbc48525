"""A proof notices what was made wrong: a layer, a model, a formula, a page."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.layers import patch_embedding
from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.fourier_mixing import FourierMixing
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.group_norm import GroupNorm
from labml_style_nn.layers.head import ClassificationHead, GlobalAveragePooling
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.pool_mixing import PoolMixing
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.layers.spatial_gating import CausalTokenLinear, SpatialGatingUnit
from labml_style_nn.layers.stochastic_depth import StochasticDepth
from labml_style_nn.layers.token_embedding import TokenEmbedding
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models import fnet, mlp_mixer, poolformer
from labml_style_nn.models.fnet import FNetBlock, FNetEncoder
from labml_style_nn.models.gmlp import GMLPBlock
from labml_style_nn.models.mlp_mixer import SCALES, MixerBlock
from labml_style_nn.models.poolformer import PoolFormer
from labml_style_nn.models.resmlp import ResMLPBlock
from labml_style_nn.models.transformer import EncoderLayer
from labml_style_nn.proofs import (
    cost,
    fourier_proofs,
    layer_proofs,
    mlp_family_proofs,
    model_proofs,
    pooling_proofs,
)
from labml_style_nn.proofs.__main__ import PROOFS, Proof, prove
from labml_style_nn.proofs.cost import letters
from labml_style_nn.proofs.facts import Fact
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.mlp_family_proofs import RES_SIZES


def failures(page: str, message: str) -> list[str]:
    """What fails of a page, up to the first fact of which the message is said."""
    name = next(name for name in PROOFS if name.endswith(f".{page}"))

    def until_it_fails(read: Page) -> Iterator[Fact]:
        for fact in PROOFS[name](read):
            yield fact
            if any(message in failure for failure in Proof([fact]).failures()):
                return

    return prove(name, until_it_fails).failures()


# ## What is wrong in `forward`


def swapped(unit: SpatialGatingUnit, z: Tensor) -> Tensor:
    v, u = z.chunk(2, dim=-1)
    return u * unit.projection(unit.norm(v))


def without_norm(unit: SpatialGatingUnit, z: Tensor) -> Tensor:
    u, v = z.chunk(2, dim=-1)
    return u * unit.projection(v)


def without_scale(block: ResMLPBlock, x: Tensor) -> Tensor:
    u = x + block.token_mixing(block.token_norm(x))
    return u + block.channel_scale(block.channel_mixing(block.channel_norm(u)))


def with_twice_the_gradient(block: ResMLPBlock, x: Tensor) -> Tensor:
    u = x + block.token_scale(block.token_mixing(block.token_norm(x)))
    y = u + block.channel_scale(block.channel_mixing(block.channel_norm(u)))
    return 2 * y - y.detach()


def without_gelu(block: GMLPBlock, x: Tensor) -> Tensor:
    return x + block.fc2(block.token_mixing(block.fc1(block.channel_norm(x))))


# What lies left of the diagonal, and on it, may be seen; what lies right of it may not.
def triangle(linear: CausalTokenLinear, x: Tensor, diagonal: int) -> Tensor:
    return torch.matmul(linear.weight.tril(diagonal), x) + linear.bias[:, None]


def one_ahead(linear: CausalTokenLinear, x: Tensor) -> Tensor:
    return triangle(linear, x, 1)


def one_less(linear: CausalTokenLinear, x: Tensor) -> Tensor:
    return triangle(linear, x, -1)


def pre_norm(block: FNetBlock, x: Tensor) -> Tensor:
    u = x + block.token_mixing(block.token_norm(x))
    return u + block.channel_mixing(block.channel_norm(u))


def post_norm(layer: EncoderLayer, x: Tensor, **masks: Any) -> Tensor:
    u = layer.token_norm(x + layer.token_mixing(x, x, x, **masks))
    return layer.channel_norm(u + layer.channel_mixing(u))


def without_types(encoder: FNetEncoder, tokens: Tensor, types: Any = None) -> Tensor:
    x = encoder.positions(encoder.words(tokens))
    x = encoder.projection(encoder.norm(x))
    for block in encoder.blocks:
        x = block(x)
    return x


def one_pass(norm: GroupNorm, x: Tensor) -> Tensor:
    groups = norm.num_groups, norm.weight, norm.bias, norm.eps
    return F.group_norm(x.movedim(-1, 1), *groups).movedim(1, -1)


def of_each_token(norm: GroupNorm, x: Tensor) -> Tensor:
    return F.layer_norm(x, (norm.dim,), norm.weight, norm.bias)


def another_epsilon(norm: LayerNorm, x: Tensor) -> Tensor:
    return F.layer_norm(x, (norm.dim,), norm.weight, norm.bias, 1e-5)


def first_place(model: PoolFormer, image: Tensor) -> Tensor:
    return model.head(model.norm(model.stages(image.permute(0, 2, 3, 1)))[:, 0])


def padded_pool(mixing: PoolMixing, x: Tensor) -> Tensor:
    average = F.avg_pool2d(x.permute(0, 3, 1, 2), 3, stride=1, padding=1)
    return average.permute(0, 2, 3, 1) - x


def shifted(layer: DepthwiseConvolution, x: Tensor) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, padding=4, groups=layer.groups)


def without_bias(linear: Linear, x: Tensor) -> Tensor:
    return x @ linear.weight.mT


def of_the_batch(norm: BatchNorm, x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, norm.weight, norm.bias, training=True)


IN_LAYERS = [
    ("affine", Affine, lambda m, x: m.alpha * x, "from timm"),
    ("attention", MultiHeadAttention, lambda m, x, *_: m.projection(x), "from nn"),
    ("batch_norm", BatchNorm, of_the_batch, "of the running statistics"),
    ("causal_gmlp", CausalTokenLinear, one_ahead, "by later tokens"),
    ("causal_gmlp", GMLPBlock, without_gelu, "from layers of PyTorch"),
    ("channel_mixing", MLP, lambda m, x: m.fc2(m.fc1(x)), "two nn.Conv1d"),
    ("depthwise_convolution", DepthwiseConvolution, shifted, "the shape"),
    ("drop_in_mixer", DropInMixer, lambda m, q, k, v, **_: v, "nn.Linear"),
    ("dropout", Dropout, lambda m, x: F.dropout(x, 0.1, True), "from its input"),
    (
        "dropout",
        Dropout,
        lambda m, x: F.dropout(x, 0.1, m.training) * 0.9,
        "Mean that is left",
    ),
    ("fnet", FNetBlock, pre_norm, "from transformers"),
    ("fnet", FNetEncoder, without_types, "Error: no gradient reaches"),
    (
        "fourier_mixing",
        FourierMixing,
        lambda m, x: torch.fft.fft2(x).imag,
        "fft2 of NumPy",
    ),
    (
        "fourier_mixing",
        FourierMixing,
        lambda m, x: torch.fft.fft(x, dim=1).real,
        "from transformers",
    ),
    ("gelu", GELU, lambda m, x: F.gelu(x, approximate="tanh"), "fifty digits"),
    ("gmlp", GMLPBlock, without_gelu, "from timm"),
    ("gmlp", Linear, without_bias, "Error: no gradient reaches"),
    ("group_norm", GroupNorm, one_pass, "in float64"),
    ("group_norm", GroupNorm, of_each_token, "from timm"),
    ("head", GlobalAveragePooling, lambda m, x: x.sum(dim=1), "from NumPy"),
    ("head", ClassificationHead, lambda m, x: m.linear(x[:, 0]), "from timm"),
    ("layer_norm", LayerNorm, another_epsilon, "from timm"),
    ("layer_scale", LayerScale, lambda m, x: m.weight.mean() * x, "from timm"),
    ("mlp", MLP, lambda m, x: m.fc2(F.relu(m.fc1(x))), "from timm"),
    (
        "mlp_mixer",
        MixerBlock,
        lambda m, x: x + m.token_mixing(m.token_norm(x)),
        "MACs for an image, Mixer-L/16: got",
    ),
    ("pool_mixing", PoolMixing, padded_pool, "from timm"),
    ("poolformer", PoolFormer, first_place, "from nn.Group"),
    ("resmlp", ResMLPBlock, without_scale, "from timm"),
    ("resmlp", ResMLPBlock, with_twice_the_gradient, "of the gradients from timm"),
    ("skip_connection", SkipConnection, lambda m, x: m.branch(x), "from 2x"),
    ("spatial_gating", SpatialGatingUnit, swapped, "from timm"),
    ("spatial_gating", SpatialGatingUnit, without_norm, "from timm"),
    ("spatial_gating", CausalTokenLinear, one_ahead, "by later tokens"),
    ("spatial_gating", CausalTokenLinear, one_less, "lower triangle"),
    # Without a bias the gate is shut.
    ("spatial_gating", TokenLinear, lambda m, x: m.weight @ x, "new unit from u"),
    (
        "stochastic_depth",
        StochasticDepth,
        lambda m, x: F.dropout(x, 0.1, m.training),
        "from nn.Dropout1d",
    ),
    ("token_embedding", TokenEmbedding, lambda m, x: m.weight[x], "nn.Embedding"),
    ("token_mixing", TokenLinear, lambda m, x: m.weight @ x, "from timm"),
    (
        "token_mixing",
        TokenLinear,
        lambda m, x: F.linear(x, m.weight.T, m.bias[: x.shape[2]]),
        "Error",
    ),
    ("transformer", EncoderLayer, post_norm, "from nn.TransformerEncoder"),
]


# ## What is wrong elsewhere


ELSEWHERE = [
    ("affine", mlp_family_proofs, "folded", lambda affine, x: x, "into one"),
    ("checks", layer_proofs, "check_shape", lambda x, *_: None, "Verdicts"),
    (
        "fourier_mixing",
        fourier_proofs,
        "fourier_mixing",
        lambda x: torch.fft.fft2(x).real,
        "MACs by matrices",
    ),
    ("fnet", fourier_proofs, "OF_TEXT", ("2C", "C^2 + C"), "Parameters"),
    (
        "fnet",
        fnet,
        "LayerNorm",
        lambda dim, eps: LayerNorm(dim, 1e-3),
        "from transformers",
    ),
    (
        "layer_norm",
        layer_proofs,
        "layer_norm",
        lambda x, weight, bias: weight * x + bias,
        "to the equation here",
    ),
    ("linear", layer_proofs, "TRUNCATED_STD", 0.88, "Standard deviation"),
    (
        "mlp_mixer",
        mlp_mixer,
        "SCALES",
        SCALES | {"B": (12, 768, 384, 3064)},
        "Parameters, Mixer-B/16: got 59,732,",
    ),
    (
        "mlp_mixer",
        model_proofs,
        "permuted",
        lambda mixer, *orders: mixer,
        "on original images",
    ),
    (
        "patch_embedding",
        patch_embedding,
        "cut_into_patches",
        partial(patch_embedding.rearrange, pattern=""),
        "Error",
    ),
    ("pool_mixing", pooling_proofs, "pool_mixing", lambda x, _: x, "the equation"),
    ("poolformer", pooling_proofs, "AFTER", ("2C", "C K"), "Parameters"),
    (
        "poolformer",
        poolformer,
        "GroupNorm",
        lambda dim, eps=1e-5: GroupNorm(dim, 1, eps=1e-6),
        "Difference from",
    ),
    (
        "resmlp",
        mlp_family_proofs,
        "RES_SIZES",
        RES_SIZES | {"ResMLP-S24": letters(14, N=24, C=384, D_C=1536)},
        "MACs for an image, ResMLP-S24: got 5,961,292,800",
    ),
    (
        "stochastic_depth",
        layer_proofs,
        "linear_rates",
        lambda rate, number: [rate * (n + 1) / number for n in range(number)],
        "from linspace",
    ),
]
WRONG = [(page, layer, "forward", *rest) for page, layer, *rest in IN_LAYERS]


@pytest.mark.parametrize(
    ("page", "owner", "name", "wrong", "message"), [*WRONG, *ELSEWHERE]
)
def test_what_is_wrong_is_not_proved(
    page: str,
    owner: object,
    name: str,
    wrong: object,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    if not message.startswith("MACs"):
        # Counting takes most of the time, and what is wrong is elsewhere.
        monkeypatch.setattr(cost, "multiply_adds", lambda *_args, **_options: 0)
    found = failures(page, message)
    assert any(message in failure for failure in found), found


def test_a_wrong_formula_on_a_page_is_not_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = sys.modules["labml_style_nn.layers.token_mixing"]
    assert page.__doc__
    monkeypatch.setattr(page, "__doc__", page.__doc__.replace("2 S D_S C", "S D_S C"))
    message = "FormulaError: the page does not say “2 S D_S C”"
    assert message in failures("token_mixing", message)


def test_the_triangle_of_the_tests_is_one_that_leaks() -> None:
    linear, x = CausalTokenLinear(3), torch.eye(3)[None]
    assert torch.equal(linear(x)[0], linear.weight.tril())
    assert one_ahead(linear, x)[0, 0, 1] == linear.weight[0, 1]
