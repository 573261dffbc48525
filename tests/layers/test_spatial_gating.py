"""The spatial gating unit: its gradients, its beginning, and what a causal one sees."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from tests.tensors import alike, close, draw, randomised

S, E = 12, 5
EITHER = pytest.mark.parametrize("causal", [False, True])


@EITHER
def test_the_gradients_are_those_of_timms_arrangement(causal):
    # The table is transposed, mapped on its last axis, and transposed back.
    unit = randomised(SpatialGatingUnit(S, E, causal))
    z = draw(2, S, 2 * E).requires_grad_()
    u, v = z.chunk(2, dim=-1)
    norm, projection = unit.norm, unit.projection
    v = F.layer_norm(v, (E,), norm.weight, norm.bias, 1e-5)
    weight = projection.weight.tril() if causal else projection.weight
    theirs = u * F.linear(v.mT, weight, projection.bias).mT
    alike(unit(z), [z, *unit.parameters()], theirs)


@EITHER
def test_a_new_unit_lets_the_first_half_pass(causal):
    torch.manual_seed(0)
    unit = SpatialGatingUnit(196, 384, causal)
    z = torch.randn(2, 196, 768)
    torch.testing.assert_close(unit(z), z[..., :384], rtol=1e-3, atol=0)
    assert 0.9e-6 < unit.projection.weight.std() < 1.1e-6
    assert (unit.projection.bias == 1).all()


@given(st.integers(0, 2**16), st.integers(1, S))
def test_the_beginning_of_a_text_is_gated_as_in_the_whole_text(seed, length):
    unit, z = randomised(SpatialGatingUnit(S, E, True)), draw(2, S, 2 * E, seed=seed)
    close(unit(z[:, :length]), unit(z)[:, :length])


def test_the_upper_triangle_may_hold_anything_and_never_learns():
    unit, z = randomised(SpatialGatingUnit(S, E, causal=True)), draw(2, S, 2 * E)
    before = unit(z)
    above = torch.ones(S, S).triu(1).bool()
    with torch.no_grad():
        unit.projection.weight[above] = float("inf")
    close(unit(z), before, atol=0)
    unit(z).sum().backward()
    assert (unit.projection.weight.grad[above] == 0).all()
    assert (unit.projection.weight.grad[~above] != 0).all()


def test_a_causal_unit_refuses_a_text_that_is_too_long():
    with pytest.raises(ValueError, match="expected at most 12 tokens, got 13"):
        SpatialGatingUnit(S, E, causal=True)(torch.zeros(2, S + 1, 10))
