"""Patch embedding is a strided convolution, at any size."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.layers.patch_embedding import PatchEmbedding
from tests.tensors import close, draw, randomised

sizes = st.integers(1, 4)


@given(
    rows=sizes, columns=sizes, height=sizes, width=sizes, channels=sizes, hidden=sizes
)
def test_it_equals_the_strided_convolution(
    rows, columns, height, width, channels, hidden
):
    image_size, patch_size = (rows * height, columns * width), (height, width)
    embed = randomised(PatchEmbedding(image_size, patch_size, channels, hidden))
    image = draw(2, channels, *image_size)
    bias = embed.projection.bias
    pictures = F.conv2d(image, embed.kernel(), bias, stride=patch_size)
    assert embed.num_patches == rows * columns
    assert embed.grid_size == (rows, columns)
    close(embed(image), pictures.flatten(2).mT)


def test_the_kernel_is_the_weight_itself():
    embed = PatchEmbedding(8, 4, in_channels=3, hidden_dim=5)
    with torch.no_grad():
        embed.kernel()[1, 2, 3, 0] = 7
    assert embed.kernel().shape == (5, 3, 4, 4)
    assert embed.projection.weight[1, 2 * 16 + 3 * 4 + 0] == 7


def test_a_pair_and_a_number_are_the_same_square():
    for embed in (PatchEmbedding(8, 4, 3, 5), PatchEmbedding((8, 8), [4, 4], 3, 5)):
        assert (embed.image_size, embed.patch_size) == ((8, 8), (4, 4))
