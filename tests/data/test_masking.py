"""Masking: what is chosen, what becomes of it, and what is left alone."""

from functools import partial
from math import sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labml_style_nn.data.masking import NOT_CHOSEN, mask_tokens
from tests.experiments.common import same

V, MASK = 60, 3
SPECIAL = {0, 1, MASK}
LARGE = (2000, 100)
USUAL = {"vocabulary_size": V, "mask_token": MASK, "special_tokens": SPECIAL}
# All chosen tokens are replaced by random ones.
RANDOM = {"rate": 1.0, "mask_share": 0.0, "random_share": 1.0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def text(shape, seed=1):
    """Draw tokens of all kinds, special ones too."""
    return torch.randint(V, shape, generator=generator(seed))


def masked(tokens, seed=0, **options):
    return mask_tokens(tokens, **USUAL | {"generator": generator(seed)} | options)


def is_special(tokens):
    return torch.isin(tokens, torch.tensor(sorted(SPECIAL)))


def near(share, expected, count):
    """Say whether a share of `count` coins is within five standard deviations."""
    return abs(share - expected) <= 5 * sqrt(expected * (1 - expected) / count)


@pytest.mark.parametrize("length", [1, 3, 64])
@pytest.mark.parametrize("rate", [0.15, 0.4])
def test_the_share_that_is_chosen_is_the_same_for_every_length(rate, length):
    tokens = text((200_000 // length, length))
    chosen = masked(tokens, rate=rate).targets != NOT_CHOSEN
    ordinary = ~is_special(tokens)
    assert near(chosen[ordinary].double().mean().item(), rate, int(ordinary.sum()))


def test_eighty_ten_ten_of_the_chosen():
    tokens = text(LARGE)
    read, targets = masked(tokens)
    chosen = targets != NOT_CHOSEN
    before, now = targets[chosen], read[chosen]
    # A random token is the old one as often as any other.
    lucky = 0.1 / (V - len(SPECIAL))
    for kind, expected in (
        (now == MASK, 0.8),
        (now == before, 0.1 + lucky),
        ((now != MASK) & (now != before), 0.1 - lucky),
    ):
        assert near(kind.double().mean().item(), expected, len(now))


def test_the_random_tokens_are_uniform_over_the_ordinary_ones():
    tokens = torch.full(LARGE, 7)
    read, _ = masked(tokens, **RANDOM)
    counts = read.flatten().bincount(minlength=V).tolist()
    assert {t for t in range(V) if counts[t] == 0} == SPECIAL
    for count in filter(None, counts):
        assert near(count / read.numel(), 1 / (V - len(SPECIAL)), read.numel())


def test_the_draws_of_choice_fate_and_token_are_independent():
    # If the coin of the choice were used again for the fate, all chosen tokens would
    # be hidden: a coin below 0.15 is below 0.8.
    tokens = text(LARGE)
    read, targets = masked(tokens)
    chosen = targets != NOT_CHOSEN
    expected = 0.15 * (V - len(SPECIAL)) / V
    hidden = (read == MASK) & chosen
    # Neither depends on the place.
    for kind, share in ((chosen, expected), (hidden, None)):
        left, right = kind.double().chunk(2, dim=1)
        share = share or left.mean().item()
        spread = sqrt(2 * share * (1 - share) / left.numel())
        assert abs(left.mean() - right.mean()) <= 5 * spread
    # Neighbours are chosen together as often as by chance.
    pairs = chosen[:, 1:] & chosen[:, :-1]
    assert near(pairs.double().mean().item(), expected**2, pairs.numel() / 2)


# An experiment may have switched off tiny numbers.
share_of = partial(st.floats, 0, allow_subnormal=False)
SIZES = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(SIZES, st.integers(0, 2**31), share_of(1), share_of(1), st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_true_of_every_masking(shape, seed, rate, mask_share, data):
    tokens, before = (text(shape, seed) for _ in range(2))
    shares = {"rate": rate, "mask_share": mask_share}
    shares["random_share"] = data.draw(share_of(1 - mask_share))
    read, targets = masked(tokens, seed, **shares)
    # Shapes and types stay, and so does the text.
    assert read.shape == targets.shape == tokens.shape
    assert read.dtype == targets.dtype == tokens.dtype
    assert torch.equal(tokens, before)
    assert read.data_ptr() != tokens.data_ptr() or not tokens.numel()
    # Where nothing was chosen, nothing was touched; where something was, the target is
    # what stood there.
    chosen = targets != NOT_CHOSEN
    assert torch.equal(read[~chosen], tokens[~chosen])
    assert torch.equal(targets[chosen], tokens[chosen])
    # Special tokens are never chosen; what is new is a mask or an ordinary token.
    assert not (chosen & is_special(tokens)).any()
    new = read[read != tokens]
    assert not (is_special(new) & (new != MASK)).any()
    # The same seed, the same result.
    assert same([*masked(tokens, seed, **shares)], [read, targets])


def test_the_ends_of_the_shares_and_the_mask_itself():
    tokens = text((50, 40))
    ordinary = ~is_special(tokens)
    nothing, asked = tokens.new_full((), NOT_CHOSEN), tokens.where(ordinary, NOT_CHOSEN)
    for rate, mask_share, read, targets in (
        (0.0, 0.8, tokens, nothing.expand_as(tokens)),
        (1.0, 1.0, tokens.masked_fill(ordinary, MASK), asked),
        (1.0, 0.0, tokens, asked),
    ):
        found = masked(tokens, random_share=0.0, rate=rate, mask_share=mask_share)
        assert same([*found], [read, targets])
    # The mask is special without being listed.
    targets = masked(torch.full((10, 10), MASK), special_tokens=(), rate=1.0).targets
    assert (targets == NOT_CHOSEN).all()
    drawn = masked(torch.full((100, 100), 7), special_tokens=(), **RANDOM).tokens
    assert MASK not in drawn
    assert 0 in drawn


def test_another_seed_is_another_masking_and_none_is_pytorchs_own():
    tokens = text((50, 40))
    assert not torch.equal(masked(tokens, 0).tokens, masked(tokens, 1).tokens)
    results = []
    for _ in range(2):
        torch.manual_seed(5)
        results.append([*masked(tokens, generator=None)])
    assert same(*results)
    # A generator goes on where it stopped.
    shared = generator()
    first, second = (masked(tokens, generator=shared) for _ in range(2))
    assert not torch.equal(first.targets, second.targets)


def test_what_cannot_be_meant_is_refused():
    for name, bad, message in (
        ("rate", 1.1, r"rate must lie in \[0, 1\], got 1.1"),
        ("rate", float("nan"), r"rate must lie in \[0, 1\], got nan"),
        ("mask_share", -0.1, r"mask_share must lie in \[0, 1\], got -0.1"),
        ("random_share", 2.0, r"random_share must lie in \[0, 1\], got 2.0"),
        ("random_share", 0.3, "parts of one whole, got 0.8 and 0.3"),
        ("mask_token", V, rf"must lie from 0 to 59, got \[{V}\]"),
        ("special_tokens", [-1], r"must lie from 0 to 59, got \[-1\]"),
        ("special_tokens", range(V), "all 60 tokens of the vocabulary are special"),
    ):
        with pytest.raises(ValueError, match=message):
            masked(text((2, 5)), **{name: bad})
    for dtype in (torch.float, torch.int32, torch.bool):
        with pytest.raises(ValueError, match=f"tokens must be int64, got {dtype}"):
            masked(text((2, 5)).to(dtype))
