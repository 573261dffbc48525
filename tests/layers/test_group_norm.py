"""Group normalisation: its equation at any size, and its digits far from zero."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.group_norm import GroupNorm, group_norm
from tests.tensors import alike, close, draw, randomised

sides = st.integers(1, 6)


@given(sides, sides, st.sampled_from([1, 2, 3, 6]))
def test_the_layer_is_the_equation_and_pytorchs(height, width, num_groups):
    norm, x = randomised(GroupNorm(6, num_groups)), draw(2, height, width, 6)
    x.requires_grad_()
    theirs = nn.GroupNorm(num_groups, 6).double()
    theirs.load_state_dict(norm.state_dict())
    pytorchs = theirs(x.permute(0, 3, 1, 2).contiguous()).permute(0, 2, 3, 1)
    ours = [x, *norm.parameters()]
    alike(norm(x), ours, pytorchs, [x, *theirs.parameters()])
    alike(norm(x), ours, group_norm(x, norm.weight, norm.bias, num_groups))


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 6), (2, 3, 4, 5, 6)])
def test_any_number_of_axes_may_lie_between(shape):
    norm, x = randomised(GroupNorm(6, 2)), draw(*shape)
    close(norm(x), group_norm(x, norm.weight, norm.bias, 2), 1e-11)
    close(norm(x).reshape(2, -1, 6), norm(x.reshape(2, -1, 6)), 1e-11)


@pytest.mark.parametrize("num_groups", [1, 4])
def test_far_from_zero_the_layer_is_the_equation_in_double(num_groups):
    # PyTorch's kernel for channels that stand last makes one pass, and fails here.
    norm, x = GroupNorm(20, num_groups), draw(2, 8, 6, 20) + 1e4
    if num_groups > 1:
        x[..., :5] -= 2e4  # the groups lie apart
    x, weight, bias = x.float(), torch.ones(20), torch.zeros(20)
    exact = group_norm(x.double(), weight, bias, num_groups)
    close(norm(x).double(), exact, 2e-5)
    close(group_norm(x, weight, bias, num_groups).double(), exact, 2e-3)


def test_channels_stay_last_in_memory():
    assert GroupNorm(20)(torch.zeros(2, 8, 6, 20)).is_contiguous()
