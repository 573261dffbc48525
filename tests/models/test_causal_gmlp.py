"""gMLP for text: nothing leaks from later tokens, and it can continue a text."""

import pytest
import torch
from torch import nn

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


# What a score depends on: of its derivatives the proof speaks.


@pytest.mark.parametrize("place", range(S))
def test_another_token_changes_no_score_before_it(place):
    model, tokens = randomised(small(), std=0.5), texts(seed=place)
    for step in range(1, V):
        other = tokens.clone()
        other[:, place] = (other[:, place] + step) % V
        same = (model(other) == model(tokens)).all(dim=2)
        assert same[:, :place].all()
        assert not same[:, place].any()
    # And a text that ends here has the same scores.
    length = place + 1
    torch.testing.assert_close(model(tokens[:, :length]), model(tokens)[:, :length])


# Text


def test_it_learns_a_text_by_heart_and_continues_it():
    # After 1 comes 2 or 3: only who looks further back than one token can tell.
    torch.manual_seed(0)
    text = torch.tensor([0, 1, 2, 0, 4, 1, 3] * 6)
    model = small(hidden_dim=24, channels_mlp_dim=48)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    pieces = text.unfold(0, S + 1, 1)
    for _ in range(80):
        logits = model(pieces[:, :-1])
        loss = nn.functional.cross_entropy(logits.mT, pieces[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    begun = text[None, :5]
    assert torch.equal(model.continued(begun, 30), text[None, :35])


def test_continuing_looks_at_the_last_window_and_takes_the_highest_score():
    model, tokens = randomised(small(), std=0.5), texts(length=S + 3)
    longer = model.continued(tokens, 2)
    assert torch.equal(longer[:, : S + 3], tokens)
    for place in (S + 3, S + 4):
        scores = model(longer[:, place - S : place])[:, -1]
        assert torch.equal(longer[:, place], scores.argmax(dim=1))
    assert torch.equal(model.continued(tokens, 0), tokens)


def test_continuing_drops_nothing_and_leaves_the_modes_as_they_were():
    dropping = small(dropout_rate=0.5, stochastic_depth_rate=0.5)
    model, tokens = randomised(dropping, std=0.5), texts()
    model.blocks[0].eval()
    first = model.continued(tokens, 20)
    assert torch.equal(model.continued(tokens, 20), first)
    assert model.training
    assert not model.blocks[0].training
    with pytest.raises(ValueError, match="tokens must lie from 0"):
        model.continued(tokens - V, 1)
    assert model.training


def test_a_text_of_nothing_cannot_be_continued():
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        small().continued(texts(length=0), 1)
