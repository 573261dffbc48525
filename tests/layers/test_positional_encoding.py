"""Positions: the formula to the last digit, what a shift does, and where they end."""

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

even = st.integers(1, 40).map(lambda half: 2 * half)


@given(st.integers(1, 300), even)
def test_the_table_is_the_formula(max_len, dim):
    table = sinusoidal_table(max_len, dim)
    assert (table.shape, table.dtype) == ((max_len, dim), torch.float)
    for s in {0, max_len // 2, max_len - 1}:
        for i in {0, dim // 4, dim // 2 - 1}:
            angle = s / 10000 ** (2 * i / dim)
            sine, cosine = table[s, 2 * i : 2 * i + 2].tolist()
            assert sine == pytest.approx(math.sin(angle), abs=1e-7)
            assert cosine == pytest.approx(math.cos(angle), abs=1e-7)


def test_far_positions_are_as_exact_as_near_ones():
    table = sinusoidal_table(1_000_000, 4)
    for s in (1, 999_983, 999_999):
        expected = [math.sin(s), math.cos(s), math.sin(s / 100), math.cos(s / 100)]
        assert table[s].tolist() == pytest.approx(expected, abs=1e-7)


@given(st.integers(0, 100), st.integers(0, 100), even)
def test_a_shift_is_a_rotation_the_same_everywhere(start, shift, dim):
    table = sinusoidal_table(201, dim).double()
    turn = torch.zeros(dim, dim, dtype=torch.double)
    for i in range(dim // 2):
        angle = shift * 10000 ** (-2 * i / dim)
        sine, cosine = math.sin(angle), math.cos(angle)
        turn[2 * i, 2 * i : 2 * i + 2] = torch.tensor([cosine, sine])
        turn[2 * i + 1, 2 * i : 2 * i + 2] = torch.tensor([-sine, cosine])
    torch.testing.assert_close(turn @ turn.mT, torch.eye(dim, dtype=torch.double))
    moved = turn @ table[start]
    torch.testing.assert_close(moved, table[start + shift], rtol=0, atol=1e-6)


def test_no_two_positions_are_alike():
    table = sinusoidal_table(1000, 20)
    assert (torch.cdist(table, table) + torch.eye(1000)).min() > 0.1


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
def test_every_sequence_gets_the_first_rows(kind):
    positions = kind(50, 20)
    x = torch.randn(3, 24, 20)
    torch.testing.assert_close(positions(x) - x, positions.table[:24].expand(3, -1, -1))
    assert positions(x[:, :0]).shape == (3, 0, 20)
    assert positions(torch.zeros(1, 50, 20)).shape == (1, 50, 20)


def test_the_formula_is_no_weight_and_follows_the_model():
    positions = SinusoidalPositions(50, 20)
    assert not [*positions.parameters()]
    assert not positions.state_dict()
    assert (
        positions.bfloat16()(torch.zeros(1, 3, 20).bfloat16()).dtype == torch.bfloat16
    )
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
    other = LearnedPositions(200, 300)
    assert not torch.equal(positions.table, other.table)


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 51, 20), "there are positions for at most 50 tokens, got 51"),
        ((2, 24, 19), r"expected shape \(batch, tokens, 20\), got \(2, 24, 19\)"),
        ((24, 20), r"expected shape \(batch, tokens, 20\), got \(24, 20\)"),
    ],
)
def test_sequences_that_do_not_fit_are_refused(kind, shape, message):
    with pytest.raises(ValueError, match=message):
        kind(50, 20)(torch.zeros(shape))


def test_sizes_that_do_not_fit_are_refused():
    for kind in (SinusoidalPositions, LearnedPositions):
        with pytest.raises(ValueError, match="max_len must be at least 1, got 0"):
            kind(0, 20)
        with pytest.raises(ValueError, match="dim must be at least 1, got -2"):
            kind(50, -2)
    with pytest.raises(ValueError, match="dim must be even, a sine and a cosine each"):
        SinusoidalPositions(50, 21)
