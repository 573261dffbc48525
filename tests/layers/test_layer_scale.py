"""LayerScale: how it begins, and what that is good for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.layer_scale import LayerScale, depth_dependent_value
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.skip_connection import SkipConnection
from tests.tensors import draw

C = 20


@given(st.floats(1e-8, 10))
def test_all_begin_with_the_value_that_is_given(initial_value):
    scale, x = LayerScale(C, initial_value).double(), torch.ones(3, C).double()
    torch.testing.assert_close(scale(x), torch.full_like(x, initial_value))


# `init_scale` in the authors' `cait_models.py` and `resmlp_models.py`, by the number of
# blocks. (A wide ResMLP of 24 blocks has another; see `tests/models/test_resmlp.py`.)
@pytest.mark.parametrize(
    ("num_layers", "value"),
    [(12, 0.1), (18, 0.1), (19, 1e-5), (24, 1e-5), (25, 1e-6), (36, 1e-6), (48, 1e-6)],
)
def test_the_values_are_those_of_the_authors(num_layers, value):
    assert depth_dependent_value(num_layers) == value


@given(st.integers(1, 100))
def test_a_deeper_network_never_begins_larger(num_layers):
    assert depth_dependent_value(num_layers + 1) <= depth_dependent_value(num_layers)


def test_a_deep_stack_begins_as_the_identity_and_every_weight_has_a_gradient():
    torch.manual_seed(0)
    value, x = depth_dependent_value(36), draw(2, 24, C)
    branches = [nn.Sequential(Linear(C, C), LayerScale(C, value)) for _ in range(36)]
    stack = nn.Sequential(*(SkipConnection(branch) for branch in branches)).double()
    y = stack(x)
    assert (y - x).abs().max() < 1e-3
    y.square().sum().backward()
    for parameter in stack.parameters():
        assert parameter.grad.abs().min() > 0
