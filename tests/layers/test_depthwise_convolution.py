"""Depthwise convolution: torch's "same" padding, and what token mixing it is."""

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from tests.tensors import alike, close, draw, randomised


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7, 8, 9])
def test_it_is_torchs_same_padding_with_its_gradients(kernel_size):
    layer, x = randomised(DepthwiseConvolution(5, kernel_size)), draw(2, 5, 6, 11)
    x.requires_grad_()
    theirs = nn.Conv2d(5, 5, kernel_size, groups=5, padding="same").double()
    theirs.load_state_dict(layer.state_dict())
    with warnings.catch_warnings():
        # Torch warns that an even kernel costs it a copy. Ours does not.
        warnings.simplefilter("ignore", UserWarning)
        expected = theirs(x)
    by_theirs = [x, *theirs.parameters()]
    alike(layer(x), [x, *layer.parameters()], expected, by_theirs)


@settings(max_examples=30)
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
    layer = randomised(DepthwiseConvolution(channels, kernel_size))
    x = draw(batch, channels, height, width)
    layout = torch.channels_last if last else torch.contiguous_format
    y = layer.to(memory_format=layout)(x.to(memory_format=layout))
    assert y.shape == x.shape
    # Torch reads a layout from the strides, and those of an empty tensor, or of one
    # with a single channel or place, say nothing.
    if batch and channels > 1 and height * width > 1:
        assert y.is_contiguous(memory_format=layout)
    torch.testing.assert_close(y, layer.to(memory_format=torch.contiguous_format)(x))


def test_it_is_a_token_mixing_with_shared_and_vanishing_weights():
    # The matrix from places to places: column p is what a single bright place p gives.
    layer, high, wide = randomised(DepthwiseConvolution(2, 3)), 6, 5
    places = torch.eye(high * wide, dtype=torch.double).unflatten(1, (1, high, wide))
    x = draw(3, 2, high, wide)
    bias = layer.bias[:, None]
    for channel in range(2):
        lit = torch.zeros(high * wide, 2, high, wide, dtype=torch.double)
        lit[:, channel] = places[:, 0]
        matrix = (layer(lit)[:, channel].flatten(1) - bias[channel]).T
        mixed = x.flatten(2)[:, channel] @ matrix.T + bias[channel]
        close(mixed, layer(x).flatten(2)[:, channel])
        # Nine numbers at most in a row, and nine different ones in all of it.
        assert ((matrix.abs() > 1e-14).sum(dim=1) <= 9).all()
        assert len(matrix[matrix.abs() > 1e-14].round(decimals=9).unique()) == 9


def test_it_begins_as_torch_begins():
    torch.manual_seed(0)
    ours = DepthwiseConvolution(6, 3)
    torch.manual_seed(0)
    theirs = nn.Conv2d(6, 6, 3, groups=6)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
