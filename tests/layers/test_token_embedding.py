"""The table of tokens: how it begins, what it reads, and what it refuses."""

import pytest
import torch

from labml_style_nn.layers.token_embedding import TokenEmbedding

V, C, S = 50, 20, 7


@pytest.mark.parametrize("dim", [10, 200])
def test_what_leaves_a_new_table_has_variance_one(dim):
    torch.manual_seed(0)
    embedding = TokenEmbedding(4000, dim)
    x = embedding(torch.arange(4000)[None])
    assert x.var().item() == pytest.approx(1, abs=5 * (2 / x.numel()) ** 0.5)
    assert x.mean().item() == pytest.approx(0, abs=5 * x.numel() ** -0.5)


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


def test_tokens_whose_numbers_cannot_be_read_are_refused_all_the_same():
    embedding, tokens = TokenEmbedding(V, C), torch.tensor([[1, 2], [3, V]])
    with pytest.raises(ValueError, match=r"tokens must lie from 0 to 49$"):
        torch.func.vmap(lambda row: embedding(row[None]))(tokens)
