"""Patch embedding is a strided convolution, and its tokens stand in reading order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.patch_embedding import PatchEmbedding

sizes = st.integers(1, 4)


@given(
    rows=sizes, columns=sizes, height=sizes, width=sizes, channels=sizes, hidden=sizes
)
def test_it_equals_the_strided_convolution(
    rows, columns, height, width, channels, hidden
):
    torch.manual_seed(0)
    image_size, patch_size = (rows * height, columns * width), (height, width)
    embed = PatchEmbedding(image_size, patch_size, channels, hidden).double()
    torch.nn.init.normal_(embed.projection.bias)
    image = torch.randn(2, channels, *image_size, dtype=torch.double)
    feature_map = F.conv2d(
        image, embed.kernel(), embed.projection.bias, stride=patch_size
    )
    expected = feature_map.flatten(2).transpose(1, 2)
    assert embed.num_patches == rows * columns
    assert embed.grid_size == (rows, columns)
    torch.testing.assert_close(embed(image), expected, rtol=0, atol=1e-12)


def test_the_kernel_is_the_weight_itself():
    embed = PatchEmbedding(8, 4, in_channels=3, hidden_dim=5)
    with torch.no_grad():
        embed.kernel()[1, 2, 3, 0] = 7
    assert embed.kernel().shape == (5, 3, 4, 4)
    assert embed.projection.weight[1, 2 * 16 + 3 * 4 + 0] == 7


def test_the_tokens_stand_in_reading_order():
    embed = PatchEmbedding((4, 6), 2, in_channels=1, hidden_dim=1)
    torch.nn.init.constant_(embed.projection.weight, 1 / 4)
    number = torch.arange(6.0).reshape(1, 1, 2, 3)
    image = number.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(embed(image).flatten(), torch.arange(6.0))


def test_a_pixel_touches_its_own_patch_only():
    embed = PatchEmbedding((8, 12), 4, in_channels=3, hidden_dim=5)
    image = torch.zeros(1, 3, 8, 12)
    changed = image.clone()
    changed[0, 1, 5, 9] = 1
    different = (embed(image) != embed(changed)).any(dim=-1)
    assert different.nonzero().tolist() == [[0, 5]]


def test_a_pair_and_a_number_are_the_same_square():
    for embed in (PatchEmbedding(8, 4, 3, 5), PatchEmbedding((8, 8), [4, 4], 3, 5)):
        assert (embed.image_size, embed.patch_size) == ((8, 8), (4, 4))


def test_what_it_costs():
    embed = PatchEmbedding((16, 36), (4, 6), in_channels=3, hidden_dim=20)
    assert sum(p.numel() for p in embed.parameters()) == 3 * 4 * 6 * 20 + 20
    with FlopCounterMode(display=False) as counter:
        embed(torch.zeros(2, 3, 16, 36))
    assert counter.get_total_flops() == 2 * 2 * (3 * 16 * 36 * 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (30, 4, 3, 5),
            r"multiple of patch_size, got \(30, 30\) and \(4, 4\)",
        ),
        (((16, 18), 4, 3, 5), r"multiple of patch_size, got"),
        (((18, 16), 4, 3, 5), r"multiple of patch_size, got"),
        ((4, 8, 3, 5), r"multiple of patch_size"),
        ((0, 4, 3, 5), r"image_size must be at least 1, got 0"),
        (((8, -8), 4, 3, 5), r"image_size must be at least 1, got -8"),
        ((8, 0, 3, 5), r"patch_size must be at least 1, got 0"),
        ((8, 4, 0, 5), r"in_channels must be at least 1, got 0"),
        ((8, 4, 3, 0), r"hidden_dim must be at least 1, got 0"),
        (((8, 8, 8), 4, 3, 5), r"image_size must be a number or .*, got \(8, 8, 8\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        PatchEmbedding(*arguments)


@pytest.mark.parametrize(
    "shape", [(2, 1, 8, 12), (2, 3, 12, 8), (2, 3, 8, 16), (3, 8, 12)]
)
def test_an_image_that_does_not_fit_is_refused(shape):
    embed = PatchEmbedding((8, 12), 4, in_channels=3, hidden_dim=5)
    with pytest.raises(ValueError, match=r"expected shape \(batch, 3, 8, 12\), got"):
        embed(torch.zeros(shape))
