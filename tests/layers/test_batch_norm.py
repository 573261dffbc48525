"""Batch norm: its digits, its gradients, and the statistics that it keeps."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labml_style_nn.layers.batch_norm import (
    BatchNorm,
    batch_norm,
    batch_statistics,
    running_statistics,
)
from tests.tensors import alike, close, draw, randomised

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def in_float64(x, weight, bias, eps=1e-5):
    """Normalise by numpy, with every step in float64."""
    x, weight, bias = (tensor.detach().double().numpy() for tensor in (x, weight, bias))
    axes = (0, 2, 3)
    centred = x - x.mean(axes, keepdims=True)
    deviation = np.sqrt(x.var(axes, keepdims=True) + eps)
    weight, bias = weight[:, None, None], bias[:, None, None]
    return torch.from_numpy(weight * centred / deviation + bias)


# The equation. The proof has it in float64.


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mean", [0, 100, 1e4])
@pytest.mark.parametrize("spread", [0.01, 1, 100])
def test_two_passes_in_float32_keep_what_the_input_holds(mean, spread, layout):
    # The mean itself is rounded, to about `mean` times 2 to the -24, and torch's kernel
    # rounds the scaled number and the scaled mean once more before it subtracts them.
    # Some of that, divided by the spread, is what float32 can be held to.
    x = (mean + spread * draw(6, 5, 7, 4)).float()
    ours = randomised(BatchNorm(5), std=1).float()
    weight, bias = ours.weight.detach(), ours.bias.detach()
    expected = in_float64(x, weight, bias).float()
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    tolerance = 4e-6 + 8 * 2**-24 * mean / spread * weight.abs().max().item()
    for y in (ours(x.to(memory_format=layout)), equation):
        close(y, expected, tolerance)


def test_the_gradients_of_the_equation_are_those_of_the_layer():
    # Through the statistics too: they are functions of the batch.
    ours, x = randomised(BatchNorm(5)), draw(6, 5, 7, 4).requires_grad_()
    inputs = [x, ours.weight, ours.bias]
    alike(ours(x), inputs, batch_norm(x, *batch_statistics(x), *inputs[1:]))


# The running statistics


@pytest.mark.parametrize("momentum", [0.0, 0.7, 1.0])
def test_the_running_statistics_follow_several_batches_as_torchs_do(momentum):
    # The proof has the usual momentum.
    ours = randomised(BatchNorm(5, momentum=momentum))
    theirs = nn.BatchNorm2d(5, momentum=momentum).double()
    theirs.load_state_dict(ours.state_dict())
    mean, var = ours.running_mean.clone(), ours.running_var.clone()
    for number in range(6):
        batch = (number + 1) * draw(2 + number, 5, 3, 2, seed=number) + number
        mean, var = running_statistics(batch, mean, var, momentum)
        close(ours(batch), theirs(batch))
        close(ours.running_mean, mean)
        close(ours.running_var, var, 1e-10)
    for name, value in theirs.state_dict().items():
        close(ours.state_dict()[name], value)
    assert ours.num_batches_tracked == 6


def test_evaluation_reads_the_statistics_and_leaves_them():
    ours, x = randomised(BatchNorm(5)), draw(6, 5, 7, 4)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    expected = batch_norm(x, ours.running_mean, ours.running_var, *ours.parameters())
    close(ours.eval()(x), expected)
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


def test_one_image_of_one_place_can_be_evaluated_alone():
    assert BatchNorm(5).eval()(torch.zeros(1, 5, 1, 1)).shape == (1, 5, 1, 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_the_memory_is_kept(layout):
    x = draw(6, 5, 7, 4).float().to(memory_format=layout).requires_grad_()
    y = BatchNorm(5)(x)
    assert y.is_contiguous(memory_format=layout)
    y.backward(y.detach())
    assert x.grad.is_contiguous(memory_format=layout)


def test_half_precision_keeps_its_statistics_in_float32():
    ours, x = randomised(BatchNorm(5)).float(), draw(6, 5, 7, 4).float()
    expected = F.batch_norm(x, None, None, ours.weight, ours.bias, training=True)
    y = ours(x.bfloat16())
    assert y.dtype == torch.bfloat16
    assert ours.running_mean.dtype == torch.float
    close(y.float(), expected, 0.05)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (0, 3, 4, 4), (2, 3, 0, 4)])
def test_a_batch_without_a_variance_is_refused_and_not_counted(shape):
    norm = BatchNorm(3)
    with pytest.raises(ValueError, match=r"needs two numbers or more .* got shape \("):
        norm(torch.zeros(shape))
    assert norm.num_batches_tracked == 0
    assert norm(torch.zeros(2, 3, 1, 1)).shape == (2, 3, 1, 1)
