"""Pool mixing: its equation, its edges, and what it does not know."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.pool_mixing import PoolMixing, pool_mixing

sides = st.integers(1, 9)
pools = st.sampled_from([1, 3, 5])


def maps(*shape, seed=0):
    """Draw a batch of maps."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)


def close(left, right):
    """Compare absolutely."""
    torch.testing.assert_close(left, right, rtol=0, atol=1e-12)


@settings(deadline=None)
@given(sides, sides, pools)
def test_the_layer_is_the_equation_at_every_place(height, width, pool_size):
    x, reach = maps(2, height, width, 3), pool_size // 2
    y = PoolMixing(pool_size)(x)
    for row, column in product(range(height), range(width)):
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        average = x[:, rows, columns].mean(dim=(1, 2))
        close(y[:, row, column], average - x[:, row, column])


@settings(deadline=None)
@given(sides, sides, pools)
def test_the_layer_and_the_function_agree(height, width, pool_size):
    x = maps(2, height, width, 3).requires_grad_()
    ours, definition = PoolMixing(pool_size)(x), pool_mixing(x, pool_size)
    close(ours, definition)
    cotangent = maps(2, height, width, 3, seed=1)
    gradients = [
        torch.autograd.grad((y * cotangent).sum(), x)[0] for y in (ours, definition)
    ]
    close(*gradients)


def test_the_layer_is_pytorchs_pooling_on_channels_first():
    pooling = nn.AvgPool2d(5, stride=1, padding=2, count_include_pad=False)
    x = maps(2, 8, 6, 3)
    channels_first = x.permute(0, 3, 1, 2).contiguous()
    theirs = (pooling(channels_first) - channels_first).permute(0, 2, 3, 1)
    close(PoolMixing(5)(x), theirs)


@settings(deadline=None)
@given(sides, sides, pools, st.floats(-100, 100))
def test_what_is_the_same_everywhere_vanishes(height, width, pool_size, number):
    x = torch.full((1, height, width, 2), number, dtype=torch.double)
    close(PoolMixing(pool_size)(x), torch.zeros_like(x))
    # So it does not matter what is added to all places.
    y = maps(1, height, width, 2)
    torch.testing.assert_close(PoolMixing(pool_size)(y + x), PoolMixing(pool_size)(y))


def test_a_pool_of_one_place_says_nothing():
    assert (PoolMixing(1)(maps(2, 8, 6, 3)) == 0).all()


def test_one_layer_reaches_as_far_as_its_pool():
    x, changed = maps(1, 9, 9, 2), maps(1, 9, 9, 2)
    changed[0, 4, 4, 1] += 1
    for pool_size in (3, 5):
        mixing = PoolMixing(pool_size)
        felt = (mixing(changed) - mixing(x)).abs() > 1e-9
        assert not felt[..., 0].any(), "channels do not meet"
        rows, columns = felt[0, :, :, 1].nonzero().unbind(dim=1)
        assert len(rows) == pool_size**2
        assert (rows - 4).abs().max() == (columns - 4).abs().max() == pool_size // 2


def test_moved_or_mirrored_maps_give_moved_or_mirrored_results():
    x, mixing = maps(2, 9, 7, 3), PoolMixing(3)
    close(mixing(x.flip(1)), mixing(x).flip(1))
    close(mixing(x.transpose(1, 2)), mixing(x).transpose(1, 2))
    close(mixing(x.roll(1, dims=1))[:, 2:-1], mixing(x)[:, 1:-2])


def test_it_costs_no_parameters_and_no_products():
    mixing, x = PoolMixing(3), torch.zeros(1, 8, 6, 3)
    assert mixing.state_dict() == {}
    with FlopCounterMode(display=False) as counter:
        mixing(x)
    assert counter.get_total_flops() == 0


def test_channels_stay_last_in_memory():
    assert PoolMixing()(torch.zeros(2, 8, 6, 3)).is_contiguous()


@pytest.mark.parametrize(
    ("pool_size", "message"),
    [
        (0, "pool_size must be at least 1, got 0"),
        (-3, "pool_size must be at least 1, got -3"),
        (4, "pool_size must be odd, so that a square has a middle, got 4"),
    ],
)
def test_a_pool_that_has_no_middle_is_refused(pool_size, message):
    with pytest.raises(ValueError, match=message):
        PoolMixing(pool_size)


def test_what_is_no_map_is_refused():
    with pytest.raises(
        ValueError, match=r"expected shape \(batch, height, width, channels\), got"
    ):
        PoolMixing()(torch.zeros(2, 24, 20))
