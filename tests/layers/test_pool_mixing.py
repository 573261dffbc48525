"""Pool mixing: its equation at any size, and at the edges."""

from itertools import product

import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.pool_mixing import PoolMixing, pool_mixing
from tests.tensors import alike, close, draw

sides = st.integers(1, 9)
pools = st.sampled_from([1, 3, 5])


@given(sides, sides, pools)
def test_the_layer_is_the_equation_at_every_place(height, width, pool_size):
    x, reach = draw(2, height, width, 3), pool_size // 2
    y = PoolMixing(pool_size)(x)
    expected = torch.empty_like(x)
    for row, column in product(range(height), range(width)):
        rows = slice(max(row - reach, 0), row + reach + 1)
        columns = slice(max(column - reach, 0), column + reach + 1)
        expected[:, row, column] = x[:, rows, columns].mean(dim=(1, 2))
    close(y, expected - x)


@given(sides, sides, pools)
def test_the_layer_and_the_function_agree(height, width, pool_size):
    x = draw(2, height, width, 3).requires_grad_()
    alike(PoolMixing(pool_size)(x), [x], pool_mixing(x, pool_size))


def test_channels_stay_last_in_memory():
    assert PoolMixing()(torch.zeros(2, 8, 6, 3)).is_contiguous()
