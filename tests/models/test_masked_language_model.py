"""The masked language model: its loss, and both encoders at equal size."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.data.masking import NOT_CHOSEN, mask_tokens
from labml_style_nn.layers.positional_encoding import SinusoidalPositions
from labml_style_nn.models.masked_language_model import (
    IGNORED,
    MaskedLanguageModel,
    masked_loss,
    matched_tokens_mlp_dim,
)
from tests.models.networks import build
from tests.tensors import close, randomised

V, S, C = 11, 7, 20
BOTH = pytest.mark.parametrize("name", ["attention", "mixer_text"])


def small(name, **options):
    """A model of eleven words and texts of seven tokens."""
    return build(name, vocabulary_size=V, num_tokens=S, **options)


@given(st.integers(0, 2**16), st.floats(0, 1, allow_subnormal=False))
def test_the_loss_is_the_mean_over_the_chosen_places(seed, share):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(3, S, V, dtype=torch.double, generator=generator)
    tokens = torch.randint(V, (3, S), generator=generator)
    chosen = torch.rand(3, S, generator=generator) < share
    targets = tokens.where(chosen, NOT_CHOSEN)
    surprises = [
        math.log(sum(math.exp(score) for score in scores[b, s].tolist()))
        - scores[b, s, tokens[b, s]].item()
        for b, s in chosen.nonzero().tolist()
    ]
    expected = sum(surprises) / len(surprises) if surprises else 0.0
    assert masked_loss(scores, targets).item() == pytest.approx(expected, abs=1e-12)


def test_only_the_chosen_places_have_a_gradient():
    scores = torch.randn(2, S, V, requires_grad=True)
    targets = torch.full((2, S), NOT_CHOSEN)
    # Without a question, none has.
    masked_loss(scores, targets).backward()
    assert (scores.grad == 0).all()
    targets[0, 3] = 4
    masked_loss(scores, targets).backward()
    assert scores.grad.abs().sum(dim=2).nonzero().tolist() == [[0, 3]]


def test_the_model_and_the_masking_agree_and_targets_have_the_shape_of_the_text():
    # `models` may not import `data`.
    assert IGNORED == NOT_CHOSEN
    with pytest.raises(ValueError, match=r"expected shape \(2, 7\), got \(2, 8\)"):
        masked_loss(torch.zeros(2, S, V), torch.zeros(2, S + 1, dtype=torch.long))


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_matched_width_is_the_nearest(num_tokens, dim):
    width = matched_tokens_mlp_dim(num_tokens, dim)

    def apart(width):
        tokens = 2 * num_tokens * width + width + num_tokens
        return abs(tokens - 4 * dim**2 - 4 * dim)

    assert width >= 1
    assert apart(width) <= apart(width + 1)
    assert width == 1 or apart(width) <= apart(width - 1)


def test_only_the_way_in_which_tokens_meet_differs():
    def others(name):
        named = small(name).named_parameters()
        return {key: p.shape for key, p in named if "token_mixing" not in key}

    assert others("attention") == others("mixer_text")
    assert not any("positions" in key for key in others("attention"))
    assert isinstance(small("attention").positions, SinusoidalPositions)
    assert isinstance(small("mixer_text").positions, nn.Identity)


def test_masks_reach_attention_and_a_mixer_refuses_them():
    tokens = torch.randint(V, (3, S), generator=torch.Generator().manual_seed(1))
    padding = torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])
    model = randomised(small("attention"))
    changed = tokens.masked_fill(padding, 0)
    now, before = (model(t, key_padding_mask=padding) for t in (changed, tokens))
    close(now[~padding], before[~padding])
    with pytest.raises(ValueError, match="key_padding_mask must be None"):
        small("mixer_text")(tokens, key_padding_mask=padding)


@BOTH
def test_it_learns_to_fill_in_what_only_the_context_tells(name):
    # Each text counts upwards from a random start: 4 5 6 7 … modulo ten. What stood at
    # a hidden place follows from any other place.
    torch.manual_seed(0)
    model, generator = small(name, num_layers=1), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)

    def batch(size):
        starts = torch.randint(10, (size, 1), generator=generator)
        tokens = (starts + torch.arange(S)) % 10
        options = {"vocabulary_size": V, "mask_token": 10, "rate": 0.3}
        masked = mask_tokens(tokens, generator=generator, **options)
        return masked.tokens, masked.targets

    for _ in range(250):
        tokens, targets = batch(64)
        loss = masked_loss(model(tokens), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens, targets = batch(500)
    chosen = targets != NOT_CHOSEN
    right = model(tokens).argmax(dim=2)[chosen] == targets[chosen]
    # A place can be alone with nothing but masks, and then nobody knows.
    assert right.double().mean() > 0.9


def test_the_encoder_may_be_anything():
    model = MaskedLanguageModel(nn.Linear(C, C), vocabulary_size=V, dim=C)
    assert model(torch.zeros(3, S, dtype=torch.long)).shape == (3, S, V)
