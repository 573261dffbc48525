"""gMLP for text: what it says of short texts, and that it can continue them."""

import pytest
import torch

from tests.models.networks import build
from tests.tensors import randomised

V, S = 11, 8


def small(**options):
    """A model of eleven words and texts of eight tokens."""
    sizes = {"hidden_dim": 10, "channels_mlp_dim": 12} | options
    return build("causal_gmlp", vocabulary_size=V, num_tokens=S, **sizes)


def texts(batch=3, length=S, seed=0):
    """Draw tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (batch, length), generator=generator)


# Of the derivatives of a score the proof speaks.
@pytest.mark.parametrize("length", range(1, S + 1))
def test_a_text_that_ends_sooner_has_the_same_scores(length):
    model, tokens = randomised(small(), std=0.5), texts(seed=length)
    torch.testing.assert_close(model(tokens[:, :length]), model(tokens)[:, :length])


def test_continuing_looks_at_the_last_window_and_takes_the_highest_score():
    model, tokens = randomised(small(), std=0.5), texts(50, length=S + 3)
    longer = model.continued(tokens, 2)
    assert torch.equal(longer[:, : S + 3], tokens)
    for place in (S + 3, S + 4):
        scores = model(longer[:, place - S : place])[:, -1]
        assert torch.equal(longer[:, place], scores.argmax(dim=1))
    assert torch.equal(model.continued(tokens, 0), tokens)


def test_continuing_drops_nothing_leaves_the_modes_and_refuses_a_text_of_nothing():
    dropping = small(dropout_rate=0.5, stochastic_depth_rate=0.5)
    model, tokens = randomised(dropping, std=0.5), texts(50)
    model.blocks[0].eval()
    first = model.continued(tokens, 20)
    assert torch.equal(model.continued(tokens, 20), first)
    assert model.training
    assert not model.blocks[0].training
    with pytest.raises(ValueError, match="tokens must lie from 0"):
        model.continued(tokens - V, 1)
    assert model.training
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        small().continued(texts(length=0), 1)
    with pytest.raises(ValueError, match="how_many must be from 0 up, got -1"):
        small().continued(texts(), -1)
