"""The spatial gating unit: the equation, its beginning, and what a causal one sees."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import jacrev
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.spatial_gating import CausalTokenLinear, SpatialGatingUnit

S, E = 12, 5
seeds = st.integers(0, 2**16)


def learned(causal=False):
    """A unit in float64 with nothing left at zero or one."""
    torch.manual_seed(0)
    unit = SpatialGatingUnit(S, E, causal).double()
    for parameter in unit.parameters():
        nn.init.normal_(parameter)
    return unit


def table(seed=0, batch=2, length=S):
    generator = torch.Generator().manual_seed(seed)
    shape = batch, length, 2 * E
    return torch.randn(shape, dtype=torch.double, generator=generator)


def by_hand(unit, z, number):
    """One number of the result, by sums of single numbers."""
    image, token, channel = number
    gate = unit.projection.bias[token]
    for other in range(token + 1 if unit.causal else S):
        v = z[image, other, E:]
        spread = (v.var(correction=0) + 1e-5).sqrt()
        normal = (v - v.mean()) / spread * unit.norm.weight + unit.norm.bias
        gate = gate + unit.projection.weight[token, other] * normal[channel]
    return z[image, token, channel] * gate


@pytest.mark.parametrize("causal", [False, True])
def test_every_number_is_that_of_the_equation(causal):
    unit, z = learned(causal), table()
    s = unit(z)
    assert s.shape == (2, S, E)
    for image in range(2):
        for token in range(S):
            for channel in range(E):
                expected = by_hand(unit, z, (image, token, channel))
                torch.testing.assert_close(
                    s[image, token, channel], expected, rtol=0, atol=1e-12
                )


@pytest.mark.parametrize("causal", [False, True])
def test_the_gradients_are_those_of_timms_arrangement(causal):
    # The table is transposed, mapped on its last axis, and transposed back.
    unit, z = learned(causal), table().requires_grad_()
    u, v = z.chunk(2, dim=-1)
    norm, projection = unit.norm, unit.projection
    v = nn.functional.layer_norm(v, (E,), norm.weight, norm.bias, 1e-5)
    weight = projection.weight.tril() if causal else projection.weight
    theirs = u * nn.functional.linear(v.mT, weight, projection.bias).mT
    inputs, cotangent = [z, *unit.parameters()], torch.randn_like(theirs)
    for ours, other in zip(
        torch.autograd.grad((unit(z) * cotangent).sum(), inputs),
        torch.autograd.grad((theirs * cotangent).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(ours, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("causal", [False, True])
def test_a_new_unit_lets_the_first_half_pass(causal):
    torch.manual_seed(0)
    unit = SpatialGatingUnit(196, 384, causal)
    z = torch.randn(2, 196, 768)
    torch.testing.assert_close(unit(z), z[..., :384], rtol=1e-3, atol=0)
    assert 0.9e-6 < unit.projection.weight.std() < 1.1e-6
    assert (unit.projection.bias == 1).all()


@settings(deadline=None)
@given(seeds)
def test_it_is_linear_in_the_first_half_and_not_in_the_second(seed):
    unit, z, other = learned(), table(seed), table(seed + 1)
    (u, v), (u2, v2) = z.chunk(2, dim=-1), other.chunk(2, dim=-1)
    both, one, two = (torch.cat([half, v], dim=-1) for half in (u + u2, u, u2))
    torch.testing.assert_close(unit(both), unit(one) + unit(two))
    both, one, two = (torch.cat([u, half], dim=-1) for half in (v + v2, v, v2))
    assert not torch.allclose(unit(both), unit(one) + unit(two))


def test_the_second_half_meets_over_tokens_and_the_first_does_not():
    unit, z = learned(), table(batch=1)
    reaction = jacrev(unit)(z)[0, :, :, 0]
    u, v = reaction.split(E, dim=-1)
    same = torch.eye(S, dtype=torch.bool)[:, None, :, None]
    assert (u * ~same).abs().max() == 0
    # Each token reacts to each other, in all channels: the norm ties these together.
    assert (v != 0).all()


def test_a_token_of_a_causal_unit_depends_on_no_later_one():
    unit, z = learned(causal=True), table(batch=1)
    reaction = jacrev(unit)(z)[0, :, :, 0].abs().amax(dim=(1, 3))
    assert torch.equal(reaction > 0, torch.ones(S, S).tril().bool())


@settings(deadline=None)
@given(seeds, st.integers(1, S))
def test_the_beginning_of_a_text_is_gated_as_in_the_whole_text(seed, length):
    unit, z = learned(causal=True), table(seed)
    torch.testing.assert_close(unit(z[:, :length]), unit(z)[:, :length])


def test_the_upper_triangle_may_hold_anything_and_never_learns():
    unit, z = learned(causal=True), table()
    before = unit(z)
    above = torch.ones(S, S).triu(1).bool()
    with torch.no_grad():
        unit.projection.weight[above] = float("inf")
    torch.testing.assert_close(unit(z), before, rtol=0, atol=0)
    unit(z).sum().backward()
    assert (unit.projection.weight.grad[above] == 0).all()
    assert (unit.projection.weight.grad[~above] != 0).all()


def test_the_channels_of_a_gate_share_the_weights():
    unit, z = learned(), table()
    nn.init.ones_(unit.norm.weight)
    nn.init.zeros_(unit.norm.bias)
    order = torch.randperm(E)
    both = torch.cat([order, E + order])
    torch.testing.assert_close(unit(z[..., both]), unit(z)[..., order])


@pytest.mark.parametrize("causal", [False, True])
def test_what_it_costs(causal):
    unit = SpatialGatingUnit(S, E, causal)
    parameters = sum(parameter.numel() for parameter in unit.parameters())
    assert parameters == S**2 + S + 2 * E
    with FlopCounterMode(display=False) as counter:
        unit(torch.zeros(3, S, 2 * E))
    assert counter.get_total_flops() == 3 * 2 * S**2 * E


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SpatialGatingUnit(0, E), "num_tokens must be at least 1, got 0"),
        (lambda: SpatialGatingUnit(S, -2), "gate_dim must be at least 1, got -2"),
        (lambda: CausalTokenLinear(0), "in_features must be at least 1, got 0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("shape", [(2, S - 1, 10), (2, S, 5), (2, 10, S), (S, 10)])
def test_a_table_of_another_shape_is_refused(shape):
    message = r"expected shape \(batch, 12, 10\), got"
    with pytest.raises(ValueError, match=message):
        SpatialGatingUnit(S, E)(torch.zeros(shape))


def test_a_causal_unit_refuses_a_text_that_is_too_long():
    unit = SpatialGatingUnit(S, E, causal=True)
    with pytest.raises(ValueError, match="expected at most 12 tokens, got 13"):
        unit(torch.zeros(2, S + 1, 10))
    with pytest.raises(ValueError, match=r"expected shape \(batch, length, 10\), got"):
        unit(torch.zeros(2, S, 11))
    with pytest.raises(ValueError, match=r"expected shape \(batch, length, 10\), got"):
        unit(torch.zeros(10))
