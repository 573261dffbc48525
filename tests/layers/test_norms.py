"""Norms and scales: their digits and gradients, how they begin, what they keep."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn import layers
from labml_style_nn.layers.affine import folded
from labml_style_nn.layers.batch_norm import (
    batch_norm,
    batch_statistics,
    running_statistics,
)
from labml_style_nn.layers.group_norm import group_norm
from labml_style_nn.layers.layer_norm import layer_norm
from labml_style_nn.layers.layer_scale import depth_dependent_value
from tests.tensors import alike, close, draw, randomised

S, C, D = 24, 20, 80
sides = st.integers(1, 6)


# The proofs have the equations in float64.
def in_float64(norm, x, axes, shape):
    """Normalise by numpy, with every step in float64."""
    weight, bias = (p.detach().double().view(shape).numpy() for p in norm.parameters())
    x = x.double().numpy()
    deviation = np.sqrt(x.var(axes, keepdims=True) + norm.eps)
    normalised = (x - x.mean(axes, keepdims=True)) / deviation
    return torch.from_numpy(weight * normalised + bias)


@pytest.mark.parametrize("mean", [0, 100, 1e4])
@pytest.mark.parametrize("spread", [0.01, 1, 100])
def test_two_passes_in_float32_keep_what_the_input_holds(mean, spread):
    # The mean itself is rounded, to about `mean` times 2 to the -24: that much, divided
    # by the spread, is what float32 can be held to. (The input counts as exact.)
    norm = randomised(layers.LayerNorm(64), std=1).float()
    x = (mean + spread * draw(3, 5, 64)).float()
    expected = in_float64(norm, x, -1, -1).float()
    rounding = 2**-24 * mean / spread * norm.weight.abs().max().item()
    for y in (norm(x), layer_norm(x, norm.weight, norm.bias)):
        close(y, expected, 4e-6 + 4 * rounding)
    # torch's kernel for a batch rounds the scaled number and the scaled mean once more
    # before it subtracts them.
    norm = randomised(layers.BatchNorm(5), std=1).float()
    x = (mean + spread * draw(6, 5, 7, 4)).float()
    expected = in_float64(norm, x, (0, 2, 3), (-1, 1, 1)).float()
    rounding = 2**-24 * mean / spread * norm.weight.abs().max().item()
    equation = batch_norm(x, *batch_statistics(x), norm.weight, norm.bias)
    for y in (norm(x), norm(x.to(memory_format=torch.channels_last)), equation):
        close(y, expected, 4e-6 + 8 * rounding)


def test_the_gradients_of_the_equations_are_those_of_the_layers():
    norm, x = randomised(layers.LayerNorm(64)), draw(3, 5, 64).requires_grad_()
    alike(norm(x), [x, *norm.parameters()], layer_norm(x, *norm.parameters()))
    # Through the statistics too: they are functions of the batch.
    norm, x = randomised(layers.BatchNorm(5)), draw(6, 5, 7, 4).requires_grad_()
    equation = batch_norm(x, *batch_statistics(x), *norm.parameters())
    alike(norm(x), [x, *norm.parameters()], equation)


@given(sides, sides, st.sampled_from([1, 2, 3, 6]))
def test_group_norm_is_its_equation_and_pytorchs(height, width, num_groups):
    norm, x = randomised(layers.GroupNorm(6, num_groups)), draw(2, height, width, 6)
    x.requires_grad_()
    theirs = nn.GroupNorm(num_groups, 6).double()
    theirs.load_state_dict(norm.state_dict())
    pytorchs = theirs(x.permute(0, 3, 1, 2).contiguous()).permute(0, 2, 3, 1)
    ours = [x, *norm.parameters()]
    alike(norm(x), ours, pytorchs, [x, *theirs.parameters()])
    alike(norm(x), ours, group_norm(x, norm.weight, norm.bias, num_groups))


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 6), (2, 3, 4, 5, 6)])
def test_in_a_group_norm_any_number_of_axes_may_lie_between(shape):
    norm, x = randomised(layers.GroupNorm(6, 2)), draw(*shape)
    close(norm(x), group_norm(x, norm.weight, norm.bias, 2), 1e-11)
    close(norm(x).reshape(2, -1, 6), norm(x.reshape(2, -1, 6)), 1e-11)


@pytest.mark.parametrize("num_groups", [1, 4])
def test_far_from_zero_group_norm_is_the_equation_in_double(num_groups):
    # PyTorch's kernel for channels that stand last makes one pass, and fails here.
    norm, x = layers.GroupNorm(20, num_groups), draw(2, 8, 6, 20) + 1e4
    if num_groups > 1:
        x[..., :5] -= 2e4  # the groups lie apart
    x, weight, bias = x.float(), torch.ones(20), torch.zeros(20)
    exact = group_norm(x.double(), weight, bias, num_groups)
    close(norm(x).double(), exact, 2e-5)
    close(group_norm(x, weight, bias, num_groups).double(), exact, 2e-3)


@pytest.mark.parametrize("momentum", [0.0, 0.7, 1.0])
def test_the_running_statistics_follow_several_batches_as_torchs_do(momentum):
    # The proof has the usual momentum.
    ours = randomised(layers.BatchNorm(5, momentum=momentum))
    theirs = nn.BatchNorm2d(5, momentum=momentum).double()
    theirs.load_state_dict(ours.state_dict())
    mean, var = ours.running_mean.clone(), ours.running_var.clone()
    for number in range(6):
        batch = (number + 1) * draw(2 + number, 5, 3, 2, seed=number) + number
        mean, var = running_statistics(batch, mean, var, momentum)
        close(ours(batch), theirs(batch))
        close(ours.running_mean, mean)
        close(ours.running_var, var, 1e-10)
    # Evaluation reads them, and leaves them.
    expected = batch_norm(
        batch, ours.running_mean, ours.running_var, *ours.parameters()
    )
    close(ours.eval()(batch), expected)
    assert ours.num_batches_tracked == 6
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        close(ours.state_dict()[name], value)
    # And torch's state is one of ours.
    other = layers.BatchNorm(5, momentum=momentum).double()
    other.load_state_dict(theirs.state_dict())
    assert torch.equal(other.eval()(batch), theirs.eval()(batch))


def test_half_precision_keeps_its_statistics_in_float32():
    ours, x = randomised(layers.BatchNorm(5)).float(), draw(6, 5, 7, 4).float()
    expected = F.batch_norm(x, None, None, ours.weight, ours.bias, training=True)
    y = ours(x.bfloat16())
    assert (y.dtype, ours.running_mean.dtype) == (torch.bfloat16, torch.float)
    close(y.float(), expected, 0.05)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (0, 3, 4, 4), (2, 3, 0, 4)])
def test_a_batch_without_a_variance_is_refused_and_not_counted(shape):
    norm = layers.BatchNorm(3)
    with pytest.raises(ValueError, match=r"needs two numbers or more .* got shape \("):
        norm(torch.zeros(shape))
    assert norm.num_batches_tracked == 0
    assert norm(torch.zeros(2, 3, 1, 1)).shape == (2, 3, 1, 1)
    assert norm.eval()(torch.zeros(1, 3, 1, 1)).shape == (1, 3, 1, 1)


def test_an_affine_layer_begins_as_the_identity_and_is_folded_into_another_map():
    x = draw(2, S, C)
    assert torch.equal(layers.Affine(C).double()(x), x)
    # A folded map is a layer of its own that can be trained.
    affine, linear = randomised(layers.Affine(C)), randomised(layers.Linear(C, D))
    before = [parameter.clone() for parameter in (*affine.parameters(), linear.weight)]
    one = folded(affine, linear)
    after = [*affine.parameters(), linear.weight]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert one.weight.dtype == torch.double
    assert all(parameter.requires_grad for parameter in one.parameters())
    assert one.weight.data_ptr() != linear.weight.data_ptr()


def test_a_map_over_tokens_or_over_other_channels_can_take_no_affine_layer():
    # Not even one over tokens that would fit: its weight multiplies tokens.
    with pytest.raises(ValueError, match="only a map over channels can be folded, got"):
        folded(layers.Affine(C), layers.TokenLinear(C, C))
    message = r"expected shape \(out_features, 20\), got \(80, 24\)"
    with pytest.raises(ValueError, match=message):
        folded(layers.Affine(C), layers.Linear(S, D))


def test_layer_scales_begin_with_the_values_of_the_authors():
    # `init_scale` in `cait_models.py` and `resmlp_models.py`, by the number of blocks.
    # (A wide ResMLP of 24 blocks has another; see `tests/models/test_resmlp.py`.)
    values = [depth_dependent_value(num_layers) for num_layers in range(1, 101)]
    assert values == [0.1] * 18 + [1e-5] * 6 + [1e-6] * 76
    for value in (1e-8, 0.1, 10.0):
        assert layers.LayerScale(C, value).weight.tolist() == pytest.approx([value] * C)
