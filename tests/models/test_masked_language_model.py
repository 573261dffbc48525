"""The masked language model: its loss, and both encoders at equal size."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from labml_style_nn.data.masking import NOT_CHOSEN, mask_tokens
from labml_style_nn.layers.positional_encoding import SinusoidalPositions
from labml_style_nn.models.masked_language_model import (
    IGNORED,
    MaskedLanguageModel,
    attention_language_model,
    masked_loss,
    matched_tokens_mlp_dim,
    mixer_language_model,
)
from tests.tensors import close, randomised

V, S, C, D, N = 11, 7, 20, 36, 2
SIZES = {
    "vocabulary_size": V,
    "num_tokens": S,
    "dim": C,
    "num_layers": N,
    "hidden_dim": D,
}


def attention(**options):
    """Build the model with attention."""
    return attention_language_model(**(SIZES | {"num_heads": 4} | options))


def mixer(**options):
    """Build the model with a Mixer."""
    return mixer_language_model(**(SIZES | options))


BOTH = pytest.mark.parametrize("build", [attention, mixer])


def text(batch=3, seed=1):
    """Draw tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (batch, S), generator=generator)


# The loss


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
    targets[0, 3] = 4
    masked_loss(scores, targets).backward()
    assert scores.grad.abs().sum(dim=2).nonzero().tolist() == [[0, 3]]
    expected = scores.detach()[0, 3].softmax(dim=0) - F.one_hot(torch.tensor(4), V)
    torch.testing.assert_close(scores.grad[0, 3], expected)


def test_without_a_question_the_loss_and_its_gradient_are_zero():
    scores = torch.randn(2, S, V, requires_grad=True)
    loss = masked_loss(scores, torch.full((2, S), NOT_CHOSEN))
    loss.backward()
    assert loss.item() == 0
    assert (scores.grad == 0).all()


def test_the_model_and_the_masking_agree_on_what_was_not_chosen():
    # `models` may not import `data`.
    assert IGNORED == NOT_CHOSEN


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected shape \(2, 7\), got \(2, 8\)"):
        masked_loss(torch.zeros(2, S, V), torch.zeros(2, S + 1, dtype=torch.long))


# Equal parameters


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
    def others(model):
        return {
            name: tuple(p.shape)
            for name, p in model.named_parameters()
            if "token_mixing" not in name
        }

    assert others(attention()) == others(mixer())


# The model


def test_positions_are_added_only_where_they_are_needed():
    assert isinstance(attention().positions, SinusoidalPositions)
    assert isinstance(mixer().positions, nn.Identity)
    parameters = [name for name, _ in attention().named_parameters()]
    assert not any("positions" in name for name in parameters)


@BOTH
def test_it_knows_the_order(build):
    model, tokens = randomised(build()), torch.arange(S)[None]
    turned = tokens.roll(1, dims=1)
    assert not torch.allclose(model(turned), model(tokens).roll(1, dims=1))


def test_masks_reach_attention_and_a_mixer_refuses_them():
    tokens = text()
    padding = torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])
    model = randomised(attention())
    changed = tokens.masked_fill(padding, 0)
    now, before = (model(t, key_padding_mask=padding) for t in (changed, tokens))
    close(now[~padding], before[~padding])
    with pytest.raises(ValueError, match="key_padding_mask must be None"):
        mixer()(tokens, key_padding_mask=padding)


@BOTH
def test_it_learns_to_fill_in_what_only_the_context_tells(build):
    # Each text counts upwards from a random start: 4 5 6 7 … modulo ten. What stood at
    # a hidden place follows from any other place.
    torch.manual_seed(0)
    model, generator = build(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def batch(size):
        starts = torch.randint(10, (size, 1), generator=generator)
        tokens = (starts + torch.arange(S)) % 10
        masked = mask_tokens(
            tokens, vocabulary_size=V, mask_token=10, rate=0.3, generator=generator
        )
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
    assert model(text()).shape == (3, S, V)
