"""LayerScale: what it computes, how it begins, and what that is good for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.layer_scale import LayerScale, depth_dependent_value
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.skip_connection import SkipConnection

S, C = 24, 20


def learned(initial_value=0.1):
    torch.manual_seed(0)
    scale = LayerScale(C, initial_value).double()
    nn.init.normal_(scale.weight)
    return scale


def update():
    return torch.randn(2, S, C, dtype=torch.double)


def test_each_channel_has_its_own_number():
    scale, x = learned(), update().requires_grad_()
    expected = torch.einsum("bsc,c->bsc", x, scale.weight)
    torch.testing.assert_close(scale(x), expected, rtol=0, atol=0)
    cotangent = torch.randn_like(x)
    (scale(x) * cotangent).sum().backward()
    torch.testing.assert_close(x.grad, cotangent * scale.weight)
    torch.testing.assert_close(scale.weight.grad, (cotangent * x).sum(dim=(0, 1)))


@settings(deadline=None)
@given(st.floats(1e-8, 10))
def test_all_begin_with_the_value_that_is_given(initial_value):
    scale = LayerScale(C, initial_value).double()
    x = torch.ones(3, C, dtype=torch.double)
    torch.testing.assert_close(scale(x), torch.full_like(x, initial_value))


# `init_scale` in the authors' `cait_models.py` and `resmlp_models.py`, by the number of
# blocks. (A wide ResMLP of 24 blocks has another; see `tests/models/test_resmlp.py`.)
@pytest.mark.parametrize(
    ("num_layers", "value"), [(12, 0.1), (24, 1e-5), (36, 1e-6), (48, 1e-6)]
)
def test_the_values_are_those_of_the_authors(num_layers, value):
    assert depth_dependent_value(num_layers) == value


@settings(deadline=None)
@given(st.integers(1, 100))
def test_a_deeper_network_never_begins_larger(num_layers):
    assert depth_dependent_value(num_layers + 1) <= depth_dependent_value(num_layers)


def test_a_deep_stack_begins_as_the_identity_and_every_weight_has_a_gradient():
    torch.manual_seed(0)
    value = depth_dependent_value(36)
    branches = [nn.Sequential(Linear(C, C), LayerScale(C, value)) for _ in range(36)]
    stack = nn.Sequential(*(SkipConnection(branch) for branch in branches)).double()
    x = update()
    y = stack(x)
    assert (y - x).abs().max() < 1e-3
    y.square().sum().backward()
    for parameter in stack.parameters():
        assert parameter.grad.abs().min() > 0


def test_a_map_before_it_can_take_it_into_its_weights():
    scale, linear, x = learned(), Linear(C, C).double(), update()
    nn.init.normal_(linear.bias)
    one = Linear(C, C).double()
    with torch.no_grad():
        one.weight.copy_(scale.weight[:, None] * linear.weight)
        one.bias.copy_(scale.weight * linear.bias)
    torch.testing.assert_close(one(x), scale(linear(x)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, -0.1, float("nan")])
def test_an_initial_value_that_is_not_positive_is_refused(value):
    with pytest.raises(
        ValueError, match=f"initial_value must be positive, got {value}"
    ):
        LayerScale(C, value)


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="dim must be at least 1, got 0"):
        LayerScale(0, 0.1)
    with pytest.raises(ValueError, match="num_layers must be at least 1, got 0"):
        depth_dependent_value(0)


@pytest.mark.parametrize("shape", [(2, S, C + 1), (2, S, 1), ()])
def test_an_update_with_other_channels_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., 20\), got"):
        LayerScale(C, 0.1)(torch.zeros(shape))
