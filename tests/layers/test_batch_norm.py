"""Batch norm, against torch, against numpy in float64, and what it is for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn.layers.batch_norm import (
    BatchNorm,
    batch_norm,
    batch_statistics,
    running_statistics,
)

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def case(mean=0.0, spread=1.0, dtype=torch.double, shape=(6, 5, 7, 4)):
    """Draw pictures around a mean, and weights that are not the identity."""
    torch.manual_seed(0)
    x = (mean + spread * torch.randn(shape, dtype=torch.double)).to(dtype)
    return x, torch.randn(shape[1], dtype=dtype), torch.randn(shape[1], dtype=dtype)


def layer_of(weight, bias, **options):
    """Build the layer with these weights, and torch's with the same."""
    ours = BatchNorm(len(weight), **options).to(weight.dtype)
    theirs = nn.BatchNorm2d(len(weight), **options).to(weight.dtype)
    with torch.no_grad():
        ours.weight.copy_(weight)
        ours.bias.copy_(bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def in_float64(x, weight, bias, eps=1e-5):
    """Normalise by numpy, with every step in float64."""
    x, weight, bias = (tensor.double().numpy() for tensor in (x, weight, bias))
    axes = (0, 2, 3)
    centred = x - x.mean(axes, keepdims=True)
    deviation = np.sqrt(x.var(axes, keepdims=True) + eps)
    weight, bias = weight[:, None, None], bias[:, None, None]
    return torch.from_numpy(weight * centred / deviation + bias)


# The equation


@pytest.mark.parametrize("mean", [0, 100, 1e4])
def test_equation_and_layer_equal_torch_and_numpy_in_float64(mean):
    x, weight, bias = case(mean)
    ours, theirs = layer_of(weight, bias)
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    expected = in_float64(x, weight, bias)
    for y in (ours(x), theirs(x), equation):
        torch.testing.assert_close(y, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mean", [0, 100, 1e4])
@pytest.mark.parametrize("spread", [0.01, 1, 100])
def test_two_passes_in_float32_keep_what_the_input_holds(mean, spread, layout):
    # The mean itself is rounded, to about `mean` times 2 to the -24, and torch's kernel
    # rounds the scaled number and the scaled mean once more before it subtracts them.
    # Some of that, divided by the spread, is what float32 can be held to.
    x, weight, bias = case(mean, spread, torch.float)
    ours, _ = layer_of(weight, bias)
    expected = in_float64(x, weight, bias).float()
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    tolerance = 4e-6 + 8 * 2**-24 * mean / spread * weight.abs().max().item()
    for y in (ours(x.to(memory_format=layout)), equation):
        torch.testing.assert_close(y, expected, rtol=0, atol=tolerance)


def test_one_pass_in_float32_fails_at_mean_ten_thousand():
    x, _, _ = case(1e4, 1, torch.float)
    axes = (0, 2, 3)
    one_pass = x.square().mean(axes) - x.mean(axes).square()
    truth = x.double().var(axes, correction=0)
    assert (one_pass - truth).abs().max() > 1
    assert (batch_statistics(x)[1] - truth).abs().max() < 1e-5


def test_the_gradients_of_the_equation_are_those_of_the_layer():
    # Through the statistics too: they are functions of the batch.
    x, weight, bias = case()
    cotangent = torch.randn_like(x)
    inputs = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    ours, _ = layer_of(weight.detach(), bias.detach())
    expected = torch.autograd.grad((equation * cotangent).sum(), inputs)
    found = torch.autograd.grad((ours(x) * cotangent).sum(), [x, *ours.parameters()])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_the_gradients_in_evaluation_do_not_go_through_the_statistics():
    x, weight, bias = case()
    ours, _ = layer_of(weight, bias)
    ours(x)
    ours.eval()(x.requires_grad_()).sum().backward()
    slope = weight * torch.rsqrt(ours.running_var + ours.eps)
    expected = slope[:, None, None].expand(x.shape)
    torch.testing.assert_close(x.grad, expected, rtol=0, atol=1e-12)


# The running statistics


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.7, 1.0])
def test_the_running_statistics_follow_several_batches_as_torchs_do(momentum):
    x, weight, bias = case()
    ours, theirs = layer_of(weight, bias, momentum=momentum)
    mean, var = ours.running_mean.clone(), ours.running_var.clone()
    for number in range(6):
        batch = (number + 1) * torch.randn(2 + number, 5, 3, 2).double() + number
        mean, var = running_statistics(batch, mean, var, momentum)
        torch.testing.assert_close(ours(batch), theirs(batch), rtol=0, atol=1e-12)
        torch.testing.assert_close(ours.running_mean, mean, rtol=0, atol=1e-12)
        torch.testing.assert_close(ours.running_var, var, rtol=0, atol=1e-10)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=1e-12)
    assert ours.num_batches_tracked == 6
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=0, atol=1e-12)


def test_the_batch_is_divided_by_one_variance_and_another_is_kept():
    x, _, _ = case(spread=3)
    ours, _ = layer_of(torch.ones(5).double(), torch.zeros(5).double(), momentum=1.0)
    y, axes = ours(x), (0, 2, 3)
    biased, unbiased = (x.var(axes, correction=one) for one in (0, 1))
    torch.testing.assert_close(y.var(axes, correction=0), biased / (biased + 1e-5))
    torch.testing.assert_close(ours.running_var, unbiased)
    assert (ours.running_var - biased).abs().min() > 1e-2


def test_evaluation_reads_the_statistics_and_leaves_them():
    x, weight, bias = case()
    ours, _ = layer_of(weight, bias)
    ours(x + 3)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    y = ours.eval()(x)
    mean, var = before["running_mean"], before["running_var"]
    expected = batch_norm(x, mean, var, weight, bias)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)
    for name, value in ours.state_dict().items():
        assert torch.equal(value, before[name])


def test_the_state_goes_to_torch_and_back():
    ours, theirs = BatchNorm(5), nn.BatchNorm2d(5)
    ours(torch.randn(4, 5, 3, 2) + 1)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 5, 4, 4)
    theirs(x)
    ours.load_state_dict(theirs.state_dict())
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert ours.num_batches_tracked.dtype == theirs.num_batches_tracked.dtype
    assert ours.num_batches_tracked.item() == 2
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    assert {name for name, _ in ours.named_parameters()} == {"weight", "bias"}


# What it is for


@given(
    shift=st.floats(-100, 100),
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 2**16),
)
def test_shift_and_scale_of_a_channel_do_not_matter(shift, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 4, 5, 2, dtype=torch.double, generator=generator)
    norm = BatchNorm(4, eps=1e-12).double()
    torch.testing.assert_close(norm(scale * x + shift), norm(x), rtol=0, atol=1e-8)


def test_each_channel_is_normalised_by_itself():
    x, weight, bias = case()
    ours, _ = layer_of(weight, bias)
    for channel in range(5):
        only = slice(channel, channel + 1)
        alone, _ = layer_of(weight[only], bias[only])
        torch.testing.assert_close(
            alone(x[:, only]), ours(x)[:, only], rtol=0, atol=1e-12
        )


def test_images_meet_in_training_and_not_in_evaluation():
    x, weight, bias = case()
    ours, _ = layer_of(weight, bias)
    assert not torch.allclose(ours(x)[:2], ours(x[:2]))
    ours.eval()
    torch.testing.assert_close(ours(x)[:2], ours(x[:2]), rtol=0, atol=1e-14)
    assert ours(x[:0]).shape == (0, 5, 7, 4)
    assert ours(x[:1, :, :1, :1]).shape == (1, 5, 1, 1)


def test_a_constant_channel_gives_the_bias():
    norm = BatchNorm(3).double()
    nn.init.normal_(norm.bias)
    y = norm(torch.full((2, 3, 4, 5), 7.0).double())
    torch.testing.assert_close(y, norm.bias[:, None, None].expand(2, 3, 4, 5))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_the_memory_is_kept(layout):
    x, weight, bias = case(dtype=torch.float)
    ours, _ = layer_of(weight, bias)
    expected = ours(x)
    x = x.to(memory_format=layout).requires_grad_()
    y = ours(x)
    assert y.is_contiguous(memory_format=layout)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-5)
    y.backward(y.detach())
    assert x.grad.is_contiguous(memory_format=layout)


def test_half_precision_keeps_its_statistics_in_float32():
    x, weight, bias = case(dtype=torch.float)
    ours, _ = layer_of(weight, bias)
    expected = F.batch_norm(x, None, None, weight, bias, training=True)
    y = ours(x.bfloat16())
    assert y.dtype == torch.bfloat16
    assert ours.running_mean.dtype == torch.float
    assert (y.float() - expected).abs().max() < 0.05


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        BatchNorm(0)
    for eps in (0, -1e-5, float("nan")):
        with pytest.raises(ValueError, match=rf"eps must be positive, got {eps}"):
            BatchNorm(3, eps=eps)
    for momentum in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=rf"\[0, 1\], got {momentum}"):
            BatchNorm(3, momentum=momentum)
    norm = BatchNorm(3)
    for shape in [(2, 4, 5, 5), (2, 3, 5), (3, 5, 5)]:
        with pytest.raises(ValueError, match=r"expected shape \(batch, 3, height, wid"):
            norm(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (0, 3, 4, 4), (2, 3, 0, 4)])
def test_a_batch_without_a_variance_is_refused_and_not_counted(shape):
    norm = BatchNorm(3)
    with pytest.raises(ValueError, match=r"needs two numbers or more .* got shape \("):
        norm(torch.zeros(shape))
    assert norm.num_batches_tracked == 0
    assert norm(torch.zeros(2, 3, 1, 1)).shape == (2, 3, 1, 1)
