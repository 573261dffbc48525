"""The proofs of ResMLP and gMLP fail as soon as a layer is wrong."""

import pytest
import torch
from torch import Tensor

from labml_style_nn.layers.affine import Affine
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.spatial_gating import CausalTokenLinear, SpatialGatingUnit
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.models.gmlp import GMLPBlock
from labml_style_nn.models.resmlp import ResMLPBlock
from labml_style_nn.proofs import mlp_family_proofs
from labml_style_nn.proofs.mlp_family_proofs import RES_MODELS
from tests.proofs.mutation import failures


def swapped(unit: SpatialGatingUnit, z: Tensor) -> Tensor:
    """Gate the second half by the first."""
    v, u = z.chunk(2, dim=-1)
    return u * unit.projection(unit.norm(v))


def without_norm(unit: SpatialGatingUnit, z: Tensor) -> Tensor:
    u, v = z.chunk(2, dim=-1)
    return u * unit.projection(v)


def without_scale(block: ResMLPBlock, x: Tensor) -> Tensor:
    u = x + block.token_mixing(block.token_norm(x))
    update: Tensor = block.channel_scale(block.channel_mixing(block.channel_norm(u)))
    return u + update


def without_gelu(block: GMLPBlock, x: Tensor) -> Tensor:
    return x + block.fc2(block.token_mixing(block.fc1(block.channel_norm(x))))


# What lies left of the diagonal, and on it, may be seen; what lies right of it may not.
def one_ahead(linear: CausalTokenLinear, x: Tensor) -> Tensor:
    return torch.matmul(linear.weight.tril(1), x) + linear.bias[:, None]


def one_less(linear: CausalTokenLinear, x: Tensor) -> Tensor:
    return torch.matmul(linear.weight.tril(-1), x) + linear.bias[:, None]


@pytest.mark.parametrize(
    ("page", "owner", "name", "wrong", "message"),
    [
        ("affine", Affine, "forward", lambda self, x: self.alpha * x, "from timm"),
        (
            "affine",
            mlp_family_proofs,
            "folded",
            lambda affine, linear: linear,
            "when folded into one",
        ),
        (
            "layer_scale",
            LayerScale,
            "forward",
            lambda self, x: self.weight.mean() * x,
            "from timm",
        ),
        ("spatial_gating", SpatialGatingUnit, "forward", swapped, "from timm"),
        ("spatial_gating", SpatialGatingUnit, "forward", without_norm, "from timm"),
        ("spatial_gating", CausalTokenLinear, "forward", one_ahead, "by later tokens"),
        ("spatial_gating", CausalTokenLinear, "forward", one_less, "lower triangle"),
        (
            "spatial_gating",
            TokenLinear,
            "forward",
            lambda self, x: self.weight @ x,  # no bias, so the gate is shut
            "Difference of a new unit from u",
        ),
        ("resmlp", ResMLPBlock, "forward", without_scale, "Difference from timm"),
        (
            "resmlp",
            mlp_family_proofs,
            "RES_MODELS",
            RES_MODELS | {"resmlp_24": ("ResMLP-S24", 24, 14, 384)},
            "MACs for an image, ResMLP-S24: got 5,961,292,800",
        ),
        ("gmlp", GMLPBlock, "forward", without_gelu, "Difference from timm"),
        (
            "gmlp",
            Linear,
            "forward",
            lambda self, x: x @ self.weight.mT,  # no bias
            "Error: no gradient reaches",
        ),
        ("causal_gmlp", CausalTokenLinear, "forward", one_ahead, "by later tokens"),
        ("causal_gmlp", GMLPBlock, "forward", without_gelu, "from layers of PyTorch"),
    ],
)
def test_a_wrong_layer_is_not_proved(
    page: str,
    owner: object,
    name: str,
    wrong: object,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    found = failures(page, message)
    assert any(message in failure for failure in found), found


def test_the_triangle_of_the_tests_is_one_that_leaks() -> None:
    linear, x = CausalTokenLinear(3), torch.eye(3)[None]
    assert torch.equal(linear(x)[0], linear.weight.tril())
    assert one_ahead(linear, x)[0, 0, 1] == linear.weight[0, 1]
