"""Positions: the formula at any size, and where they end."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.positional_encoding import (
    LearnedPositions,
    SinusoidalPositions,
    sinusoidal_table,
)

BOTH = pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])


@given(st.integers(1, 300), st.integers(1, 40).map(lambda half: 2 * half))
def test_the_table_is_the_formula(max_len, dim):
    table = sinusoidal_table(max_len, dim)
    assert (table.shape, table.dtype) == ((max_len, dim), torch.float)
    for s in {0, max_len // 2, max_len - 1}:
        for i in {0, dim // 4, dim // 2 - 1}:
            angle = s / 10000 ** (2 * i / dim)
            sine, cosine = table[s, 2 * i : 2 * i + 2].tolist()
            assert sine == pytest.approx(math.sin(angle), abs=1e-7)
            assert cosine == pytest.approx(math.cos(angle), abs=1e-7)


@BOTH
def test_every_sequence_gets_the_first_rows(kind):
    positions, x = kind(50, 20), torch.randn(3, 24, 20)
    torch.testing.assert_close(positions(x) - x, positions.table[:24].expand(3, -1, -1))
    assert positions(x[:, :0]).shape == (3, 0, 20)
    assert positions(torch.zeros(1, 50, 20)).shape == (1, 50, 20)


def test_the_formula_is_no_weight_and_follows_the_model():
    positions = SinusoidalPositions(50, 20)
    assert not [*positions.parameters()]
    assert not positions.state_dict()
    assert positions.to("meta").table.device.type == "meta"


def test_learned_positions_begin_small_and_learn():
    torch.manual_seed(0)
    positions = LearnedPositions(200, 300)
    assert positions.table.std().item() == pytest.approx(0.02, rel=0.02)
    assert positions.table.mean().item() == pytest.approx(0, abs=5e-4)
    positions(torch.zeros(2, 24, 300)).sum().backward()
    gradient = positions.table.grad
    assert (gradient[:24] == 2).all()
    assert (gradient[24:] == 0).all()


@BOTH
def test_a_longer_sequence_is_refused(kind):
    message = "there are positions for at most 50 tokens, got 51"
    with pytest.raises(ValueError, match=message):
        kind(50, 20)(torch.zeros(2, 51, 20))
