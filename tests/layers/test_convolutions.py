"""Convolutions and pooling: PyTorch's numbers at any size, and what mixing they are."""

import warnings
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn import layers
from labml_style_nn.layers.pool_mixing import pool_mixing
from tests.tensors import alike, close, draw, randomised

few, sides = st.integers(1, 4), st.integers(1, 9)


@given(rows=few, columns=few, height=few, width=few, channels=few, hidden=few)
def test_a_patch_embedding_is_a_strided_convolution(
    rows, columns, height, width, channels, hidden
):
    image_size, patch_size = (rows * height, columns * width), (height, width)
    embed = randomised(layers.PatchEmbedding(image_size, patch_size, channels, hidden))
    image = draw(2, channels, *image_size)
    bias = embed.projection.bias
    pictures = F.conv2d(image, embed.kernel(), bias, stride=patch_size)
    assert embed.num_patches == rows * columns
    assert embed.grid_size == (rows, columns)
    close(embed(image), pictures.flatten(2).mT)


def test_the_kernel_of_a_patch_embedding_is_the_weight_itself():
    # And one number is a square.
    embed, other = (
        layers.PatchEmbedding(8, 4, 3, 5),
        layers.PatchEmbedding((8, 8), [4, 4], 3, 5),
    )
    with torch.no_grad():
        embed.kernel()[1, 2, 3, 0] = 7
    assert embed.kernel().shape == (5, 3, 4, 4)
    assert embed.projection.weight[1, 2 * 16 + 3 * 4 + 0] == 7
    for made in (embed, other):
        assert (made.image_size, made.patch_size) == ((8, 8), (4, 4))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7, 8, 9])
def test_depthwise_it_is_torchs_same_padding_with_its_gradients(kernel_size):
    layer, x = (
        randomised(layers.DepthwiseConvolution(5, kernel_size)),
        draw(2, 5, 6, 11),
    )
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
@given(st.integers(0, 3), st.integers(1, 6), sides, sides, sides, st.booleans())
def test_any_size_keeps_its_shape_and_its_layout(
    batch, channels, kernel_size, height, width, last
):
    layer = randomised(layers.DepthwiseConvolution(channels, kernel_size))
    x = draw(batch, channels, height, width)
    layout = torch.channels_last if last else torch.contiguous_format
    y = layer.to(memory_format=layout)(x.to(memory_format=layout))
    assert y.shape == x.shape
    # Torch reads a layout from the strides, and those of an empty tensor, or of one
    # with a single channel or place, say nothing.
    if batch and channels > 1 and height * width > 1:
        assert y.is_contiguous(memory_format=layout)
    torch.testing.assert_close(y, layer.to(memory_format=torch.contiguous_format)(x))


@pytest.mark.parametrize(
    ("build", "theirs"),
    [
        (
            lambda: layers.DepthwiseConvolution(6, 3),
            lambda: nn.Conv2d(6, 6, 3, groups=6),
        ),
        (lambda: layers.PointwiseConvolution(100, 60), lambda: nn.Conv2d(100, 60, 1)),
    ],
)
def test_a_convolution_begins_as_torch_begins(build, theirs):
    states = []
    for make in (build, theirs):
        torch.manual_seed(0)
        states.append(make().state_dict())
    assert states[0].keys() == states[1].keys()
    for name, weight in states[0].items():
        assert torch.equal(weight, states[1][name])


@given(sides, sides, st.sampled_from([1, 3, 5]))
def test_pooling_is_the_equation_at_every_place(height, width, pool_size):
    x, reach = draw(2, height, width, 3).requires_grad_(), pool_size // 2
    y = layers.PoolMixing(pool_size)(x)
    expected = torch.empty_like(x)
    for row, column in product(range(height), range(width)):
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        expected[:, row, column] = x[:, rows, columns].mean(dim=(1, 2))
    close(y, expected - x)
    alike(y, [x], pool_mixing(x, pool_size))
