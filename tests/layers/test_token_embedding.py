"""The table of tokens: what it looks up, how it begins, and what it refuses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.token_embedding import TokenEmbedding

V, C, S = 50, 20, 7


def test_it_is_pytorchs_table_times_the_root_with_its_gradients():
    torch.manual_seed(0)
    ours, theirs = TokenEmbedding(V, C).double(), nn.Embedding(V, C).double()
    theirs.load_state_dict(ours.state_dict())
    tokens, cotangent = torch.randint(V, (3, S)), torch.randn(3, S, C)
    outputs = ours(tokens), theirs(tokens) * C**0.5
    for output in outputs:
        (output * cotangent).sum().backward()
    torch.testing.assert_close(*outputs, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=0, atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 2**16))
@settings(deadline=None)
def test_it_is_a_product_with_ones_and_zeros(vocabulary_size, dim, seed):
    generator = torch.Generator().manual_seed(seed)
    embedding = TokenEmbedding(vocabulary_size, dim).double()
    tokens = torch.randint(vocabulary_size, (2, S), generator=generator)
    rows = torch.eye(vocabulary_size, dtype=torch.double)[tokens]
    expected = dim**0.5 * rows @ embedding.weight
    torch.testing.assert_close(embedding(tokens), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dim", [10, 200])
def test_what_leaves_a_new_table_has_variance_one(dim):
    torch.manual_seed(0)
    embedding = TokenEmbedding(4000, dim)
    x = embedding(torch.arange(4000)[None])
    assert x.var().item() == pytest.approx(1, abs=5 * (2 / x.numel()) ** 0.5)
    assert x.mean().item() == pytest.approx(0, abs=5 * x.numel() ** -0.5)
    lengths = embedding.weight.norm(dim=1)
    assert lengths.square().mean().item() == pytest.approx(1, abs=0.03)


def test_only_the_rows_that_were_looked_up_learn():
    embedding = TokenEmbedding(V, C)
    embedding(torch.tensor([[3, 3, 8]])).sum().backward()
    learned = embedding.weight.grad.abs().sum(dim=1).nonzero().flatten()
    assert learned.tolist() == [3, 8]


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_both_types_of_whole_numbers_are_taken(dtype):
    embedding, tokens = TokenEmbedding(V, C), torch.tensor([[0, V - 1]])
    assert torch.equal(embedding(tokens.to(dtype)), embedding(tokens))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.tensor([[0, V]]), "tokens must lie from 0 to 49, got 0 to 50"),
        (torch.tensor([[-1, 4]]), "tokens must lie from 0 to 49, got -1 to 4"),
        (torch.tensor([[-100, 4]]), "got -100 to 4"),
        (torch.zeros(2, S), "tokens must be int64 or int32, got torch.float32"),
        (torch.zeros(2, S).bool(), "tokens must be int64 or int32, got torch.bool"),
        (torch.arange(S), r"expected shape \(batch, num_tokens\), got \(7,\)"),
        (torch.zeros(2, S, 1).long(), r"expected shape .* got \(2, 7, 1\)"),
    ],
)
def test_what_is_not_a_token_is_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        TokenEmbedding(V, C)(tokens)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, C), "vocabulary_size must be at least 1, got 0"),
        ((V, -2), "dim must be at least 1, got -2"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        TokenEmbedding(*sizes)


def test_where_there_are_no_numbers_nothing_is_checked():
    embedding = TokenEmbedding(V, C)
    assert embedding(torch.zeros(0, S, dtype=torch.long)).shape == (0, S, C)
    tokens = torch.zeros(2, S, dtype=torch.long, device="meta")
    assert embedding.to("meta")(tokens).shape == (2, S, C)


def test_tokens_whose_numbers_cannot_be_read_are_refused_all_the_same():
    embedding, tokens = TokenEmbedding(V, C), torch.tensor([[1, 2], [3, V]])
    with pytest.raises(ValueError, match=r"tokens must lie from 0 to 49$"):
        torch.func.vmap(lambda row: embedding(row[None]))(tokens)


def test_it_can_be_exported():
    embedding, tokens = TokenEmbedding(V, C), torch.randint(V, (3, S))
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(embedding, (tokens,), dynamic_shapes=({0: batch},))
    other = torch.randint(V, (5, S))
    torch.testing.assert_close(program.module()(other), embedding(other))
