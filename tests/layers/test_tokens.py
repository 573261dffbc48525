"""Tokens and positions: the formula, how they begin, and where they end."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers import LearnedPositions, SinusoidalPositions, TokenEmbedding
from labml_style_nn.layers.positional_encoding import sinusoidal_table

V, C, S = 50, 20, 7


@pytest.mark.parametrize("dim", [10, 200])
def test_what_leaves_a_new_table_has_variance_one(dim):
    torch.manual_seed(0)
    x = TokenEmbedding(4000, dim)(torch.arange(4000)[None])
    assert x.var().item() == pytest.approx(1, abs=5 * (2 / x.numel()) ** 0.5)
    assert x.mean().item() == pytest.approx(0, abs=5 * x.numel() ** -0.5)


def test_both_types_of_whole_numbers_are_taken_but_none_that_cannot_be_read():
    embedding, tokens = TokenEmbedding(V, C), torch.tensor([[0, V - 1]])
    assert torch.equal(embedding(tokens.int()), embedding(tokens))
    with pytest.raises(ValueError, match=r"tokens must lie from 0 to 49$"):
        torch.func.vmap(lambda row: embedding(row[None]))(
            torch.tensor([[1, 2], [3, V]])
        )


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.tensor([[0, V]]), "tokens must lie from 0 to 49, got 0 to 50"),
        (torch.tensor([[-1, 4]]), "tokens must lie from 0 to 49, got -1 to 4"),
        (torch.zeros(2, S), "tokens must be int64 or int32, got torch.float32"),
        (torch.zeros(2, S).bool(), "tokens must be int64 or int32, got torch.bool"),
        (torch.arange(S), r"expected shape \(batch, num_tokens\), got \(7,\)"),
        (torch.zeros(2, S, 1).long(), r"expected shape .* got \(2, 7, 1\)"),
    ],
)
def test_what_is_not_a_token_is_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        TokenEmbedding(V, C)(tokens)


@given(st.integers(1, 300), st.integers(1, 40).map(lambda half: 2 * half))
def test_the_table_of_positions_is_the_formula(max_len, dim):
    table = sinusoidal_table(max_len, dim)
    assert (table.shape, table.dtype) == ((max_len, dim), torch.float)
    for s in {0, max_len // 2, max_len - 1}:
        for i in {0, dim // 4, dim // 2 - 1}:
            angle = s / 10000 ** (2 * i / dim)
            pair = pytest.approx([math.sin(angle), math.cos(angle)], abs=1e-7)
            assert table[s, 2 * i : 2 * i + 2].tolist() == pair


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
def test_every_sequence_gets_the_first_rows_and_a_longer_one_is_refused(kind):
    positions, x = kind(50, 20), torch.randn(3, 24, 20)
    torch.testing.assert_close(positions(x) - x, positions.table[:24].expand(3, -1, -1))
    assert positions(x[:, :0]).shape == (3, 0, 20)
    assert positions(torch.zeros(1, 50, 20)).shape == (1, 50, 20)
    message = "there are positions for at most 50 tokens, got 51"
    with pytest.raises(ValueError, match=message):
        positions(torch.zeros(2, 51, 20))


def test_the_formula_is_no_weight_and_learned_positions_begin_small_and_learn():
    positions = SinusoidalPositions(50, 20)
    assert not [*positions.parameters()]
    assert not positions.state_dict()
    assert positions.to("meta").table.device.type == "meta"
    torch.manual_seed(0)
    positions = LearnedPositions(200, 300)
    assert positions.table.std().item() == pytest.approx(0.02, rel=0.02)
    assert positions.table.mean().item() == pytest.approx(0, abs=5e-4)
    positions(torch.zeros(2, 24, 300)).sum().backward()
    gradient = positions.table.grad
    assert (gradient[:24] == 2).all()
    assert (gradient[24:] == 0).all()
