"""Depthwise convolution: torch's "same" padding, a loop, and token mixing."""

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution

KERNELS = [1, 2, 3, 4, 5, 7, 8, 9]


def layer_of(channels, kernel_size, dtype=torch.double):
    """Build the layer, the same each time."""
    torch.manual_seed(0)
    return DepthwiseConvolution(channels, kernel_size).to(dtype)


def same(layer):
    """Torch's layer with the same weights and `padding="same"`."""
    channels, size = layer.in_channels, layer.kernel_size
    theirs = nn.Conv2d(channels, channels, size, groups=channels, padding="same")
    theirs.to(layer.weight.dtype).load_state_dict(layer.state_dict())
    return theirs


@pytest.mark.parametrize("kernel_size", KERNELS)
def test_it_is_torchs_same_padding_with_its_gradients(kernel_size):
    layer = layer_of(5, kernel_size)
    theirs = same(layer)
    x = torch.randn(2, 5, 6, 11, dtype=torch.double, requires_grad=True)
    cotangent = torch.randn(2, 5, 6, 11, dtype=torch.double)
    with warnings.catch_warnings():
        # Torch warns that an even kernel costs it a copy. Ours does not, see below.
        warnings.simplefilter("ignore", UserWarning)
        expected = theirs(x)
    found = layer(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    gradients = [
        torch.autograd.grad((y * cotangent).sum(), [x, *weights.parameters()])
        for y, weights in ((found, layer), (expected, theirs))
    ]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kernel_size", KERNELS)
def test_it_is_the_sum_of_the_equation_without_a_warning(kernel_size):
    layer = layer_of(3, kernel_size)
    x = torch.randn(2, 3, 5, 7, dtype=torch.double)
    y, before = layer(x), (kernel_size - 1) // 2
    for c, i, j in [(0, 0, 0), (1, 2, 3), (2, 4, 6), (0, 4, 0), (1, 0, 6)]:
        total = layer.bias[c].expand(2).clone()
        for u in range(kernel_size):
            for v in range(kernel_size):
                row, column = i + u - before, j + v - before
                if 0 <= row < 5 and 0 <= column < 7:
                    total += layer.weight[c, 0, u, v] * x[:, c, row, column]
        torch.testing.assert_close(y[:, c, i, j], total, rtol=0, atol=1e-12)


def test_an_even_kernel_leans_to_the_end():
    layer = layer_of(1, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 10.0], [100.0, 1000.0]]))
        layer.bias.zero_()
    x = torch.zeros(1, 1, 3, 3, dtype=torch.double)
    x[0, 0, 1, 1] = 1
    expected = [[1000.0, 100.0, 0.0], [10.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert layer(x)[0, 0].tolist() == expected


@settings(max_examples=30, deadline=None)
@given(
    batch=st.integers(0, 3),
    channels=st.integers(1, 6),
    kernel_size=st.integers(1, 9),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    last=st.booleans(),
)
def test_any_size_keeps_its_shape_and_its_layout(
    batch, channels, kernel_size, height, width, last
):
    layer = layer_of(channels, kernel_size)
    x = torch.randn(batch, channels, height, width, dtype=torch.double)
    layout = torch.channels_last if last else torch.contiguous_format
    y = layer.to(memory_format=layout)(x.to(memory_format=layout))
    assert y.shape == x.shape
    # Torch reads a layout from the strides, and those of an empty tensor, or of one
    # with a single channel or place, say nothing.
    if batch and channels > 1 and height * width > 1:
        assert y.is_contiguous(memory_format=layout)
    torch.testing.assert_close(y, layer.to(memory_format=torch.contiguous_format)(x))


def test_no_channel_sees_another():
    layer = layer_of(4, 3)
    x = torch.randn(1, 4, 5, 6, dtype=torch.double)
    other = x.clone()
    other[:, 2] = 7
    changed = (layer(other) != layer(x)).flatten(2).any(dim=2)[0]
    assert changed.tolist() == [False, False, True, False]


@pytest.mark.parametrize("kernel_size", [4, 5])
def test_a_place_sees_its_neighbours_and_no_further(kernel_size):
    layer = layer_of(1, kernel_size)
    x = torch.randn(1, 1, 9, 9, dtype=torch.double, requires_grad=True)
    layer(x)[0, 0, 4, 4].backward()
    rows = (x.grad[0, 0] != 0).any(dim=1).nonzero().flatten().tolist()
    assert rows == list(range(4 - (kernel_size - 1) // 2, 4 + kernel_size // 2 + 1))


def test_it_is_a_token_mixing_with_shared_and_vanishing_weights():
    # The matrix from places to places: column p is what a single bright place p gives.
    layer, high, wide = layer_of(2, 3), 6, 5
    places = torch.eye(high * wide, dtype=torch.double).unflatten(1, (1, high, wide))
    x = torch.randn(3, 2, high, wide, dtype=torch.double)
    bias = layer.bias[:, None]
    for channel in range(2):
        lit = torch.zeros(high * wide, 2, high, wide, dtype=torch.double)
        lit[:, channel] = places[:, 0]
        matrix = (layer(lit)[:, channel].flatten(1) - bias[channel]).T
        mixed = x.flatten(2)[:, channel] @ matrix.T + bias[channel]
        torch.testing.assert_close(
            mixed, layer(x).flatten(2)[:, channel], rtol=0, atol=1e-12
        )
        # Nine numbers at most in a row, and nine different ones in all of it.
        assert ((matrix.abs() > 1e-14).sum(dim=1) <= 9).all()
        assert len(matrix[matrix.abs() > 1e-14].round(decimals=9).unique()) == 9


def test_a_moved_picture_stays_the_same_picture():
    layer = layer_of(3, 4)
    x = torch.zeros(1, 3, 20, 20, dtype=torch.double)
    x[:, :, 7:12, 6:12] = torch.randn(3, 5, 6, dtype=torch.double)
    moved = x.roll((3, -2), dims=(2, 3))
    torch.testing.assert_close(
        layer(moved), layer(x).roll((3, -2), dims=(2, 3)), rtol=0, atol=1e-12
    )


def test_it_begins_as_torch_begins():
    torch.manual_seed(0)
    ours = DepthwiseConvolution(6, 3)
    torch.manual_seed(0)
    theirs = nn.Conv2d(6, 6, 3, groups=6)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    many = DepthwiseConvolution(4000, 3)
    for parameter in many.parameters():
        assert parameter.abs().max() <= 1 / 3
        assert parameter.abs().max() > 0.33


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        DepthwiseConvolution(0, 3)
    with pytest.raises(ValueError, match="kernel_size must be at least 1, got -3"):
        DepthwiseConvolution(3, -3)
    for shape in [(2, 4, 5, 5), (2, 3, 5), (3, 5, 5)]:
        with pytest.raises(ValueError, match=r"expected shape \(batch, 3, height, wid"):
            DepthwiseConvolution(3, 3)(torch.zeros(shape))


def test_unfold_and_a_product_give_the_same():
    layer = layer_of(5, 4)
    x = torch.randn(2, 5, 6, 7, dtype=torch.double)
    columns = F.unfold(F.pad(x, (1, 2, 1, 2)), 4).unflatten(1, (5, 16))
    summed = torch.einsum("cu,bcus->bcs", layer.weight.flatten(1), columns)
    expected = summed.unflatten(2, (6, 7)) + layer.bias[:, None, None]
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)
