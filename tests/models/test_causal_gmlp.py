"""gMLP for text: nothing leaks from later tokens, and it can continue a text."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import jacrev
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.models.causal_gmlp import CausalGMLP

V, S, N, C, E = 11, 8, 2, 10, 6
SMALL = {
    "vocabulary_size": V,
    "num_tokens": S,
    "num_layers": N,
    "hidden_dim": C,
    "channels_mlp_dim": 2 * E,
}


def randomised(**options):
    """Build the small model with nothing left at zero or one."""
    torch.manual_seed(0)
    model = CausalGMLP(**(SMALL | options)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model.eval()


def texts(batch=3, length=S, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (batch, length), generator=generator)


def by_pytorch(model, tokens):
    """The same weights in PyTorch's functions, with the triangle as a mask of ones."""
    x = nn.functional.embedding(tokens, model.embedding.weight) * C**0.5
    past = torch.tensor([[float(k <= j) for k in range(S)] for j in range(S)])
    for block in model.blocks:
        norm, unit = block.channel_norm, block.token_mixing
        z = nn.functional.layer_norm(x, (C,), norm.weight, norm.bias, 1e-6)
        z = nn.functional.linear(z, block.fc1.weight, block.fc1.bias)
        u, v = nn.functional.gelu(z).split(E, dim=-1)
        v = nn.functional.layer_norm(v, (E,), unit.norm.weight, unit.norm.bias, 1e-5)
        mixed = torch.einsum("jk,bkc->bjc", unit.projection.weight * past.double(), v)
        u = u * (mixed + unit.projection.bias[:, None])
        x = x + nn.functional.linear(u, block.fc2.weight, block.fc2.bias)
    x = nn.functional.layer_norm(x, (C,), model.norm.weight, model.norm.bias, 1e-6)
    return nn.functional.linear(x, model.scores.weight, model.scores.bias)


def test_scores_and_gradients_are_those_of_pytorchs_functions():
    model, tokens = randomised(), texts()
    ours, theirs = model(tokens), by_pytorch(model, tokens)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11)
    cotangent, weights = torch.randn_like(ours), list(model.parameters())
    for left, right in zip(
        torch.autograd.grad((ours * cotangent).sum(), weights),
        torch.autograd.grad((theirs * cotangent).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(left, right, rtol=0, atol=1e-10)


# What a score depends on


@pytest.mark.parametrize("num_layers", [1, 3])
def test_a_score_depends_on_all_earlier_vectors_and_on_no_later_one(num_layers):
    model = randomised(num_layers=num_layers)
    x = torch.randn(1, S, C, dtype=torch.double)
    reaction = jacrev(model.read)(x)[0, :, :, 0].abs().amax(dim=(1, 3))
    assert torch.equal(reaction > 0, torch.ones(S, S).tril().bool())


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, S - 1), st.integers(1, V - 1))
def test_another_token_changes_no_score_before_it(seed, place, step):
    model, tokens = randomised(), texts(seed=seed)
    other = tokens.clone()
    other[:, place] = (other[:, place] + step) % V
    same = (model(other) == model(tokens)).all(dim=2)
    assert same[:, :place].all()
    assert not same[:, place].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, S))
def test_a_text_that_ends_sooner_has_the_same_scores(seed, length):
    model, tokens = randomised(), texts(seed=seed)
    torch.testing.assert_close(model(tokens[:, :length]), model(tokens)[:, :length])


def test_without_the_triangle_it_would_leak():
    # The test above can fail: the same weights, not masked, do look ahead.
    model, tokens = randomised(), texts()
    for block in model.blocks:
        linear = block.token_mixing.projection
        linear.forward = lambda x, linear=linear: (
            linear.weight @ x + linear.bias[:, None]
        )
    other = tokens.clone()
    other[:, -1] = (other[:, -1] + 1) % V
    assert (model(other) != model(tokens)).any(dim=2).all()


# Text


def test_a_new_model_deems_every_token_equally_likely():
    model, tokens = CausalGMLP(**SMALL), texts()
    assert (model(tokens) == 0).all()


def test_it_learns_a_text_by_heart_and_continues_it():
    # After 1 comes 2 or 3: only who looks further back than one token can tell.
    torch.manual_seed(0)
    text = torch.tensor([0, 1, 2, 0, 4, 1, 3] * 6)
    model = CausalGMLP(**(SMALL | {"hidden_dim": 24, "channels_mlp_dim": 48}))
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
    model, tokens = randomised(), texts(length=S + 3)
    longer = model.continued(tokens, 2)
    assert torch.equal(longer[:, : S + 3], tokens)
    for place in (S + 3, S + 4):
        scores = model(longer[:, place - S : place])[:, -1]
        assert torch.equal(longer[:, place], scores.argmax(dim=1))
    assert torch.equal(model.continued(tokens, 0), tokens)


def test_continuing_drops_nothing_and_leaves_the_modes_as_they_were():
    rates = {"dropout_rate": 0.5, "stochastic_depth_rate": 0.5}
    torch.manual_seed(0)
    model, tokens = CausalGMLP(**(SMALL | rates)), texts()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    model.blocks[0].eval()
    first = model.continued(tokens, 20)
    assert torch.equal(model.continued(tokens, 20), first)
    assert model.training
    assert not model.blocks[0].training
    with pytest.raises(ValueError, match="tokens must lie from 0"):
        model.continued(tokens - V, 1)
    assert model.training


def test_what_it_costs():
    model = CausalGMLP(**SMALL)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    block = 3 * C * E + S * S + S + 4 * E + 3 * C
    assert parameters == V * C + N * block + 2 * C + (C + 1) * V
    with FlopCounterMode(display=False) as counter:
        model(texts())
    macs = N * (S * S * E + 3 * S * C * E) + S * C * V
    assert counter.get_total_flops() == 3 * 2 * macs


def test_rates_reach_every_block():
    rates = {"num_layers": 3, "dropout_rate": 0.2, "stochastic_depth_rate": 0.4}
    model = CausalGMLP(**(SMALL | rates))
    assert all(block.dropout.rate == 0.2 for block in model.blocks)
    depths = [block.channel_depth.rate for block in model.blocks]
    assert depths == pytest.approx([0, 0.2, 0.4])


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("vocabulary_size", 0, "vocabulary_size must be at least 1, got 0"),
        ("num_tokens", 0, "num_tokens must be at least 1, got 0"),
        ("num_layers", 0, "num_layers must be at least 1, got 0"),
        ("channels_mlp_dim", 7, "channels_mlp_dim must be even, got 7"),
        ("stochastic_depth_rate", 1.0, r"stochastic_depth_rate must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        CausalGMLP(**(SMALL | {option: value}))


def test_texts_that_do_not_fit_are_refused():
    model = CausalGMLP(**SMALL)
    with pytest.raises(ValueError, match="expected at most 8 tokens, got 9"):
        model(texts(length=S + 1))
    with pytest.raises(ValueError, match="tokens must lie from 0 to 10, got 0 to 11"):
        model(torch.tensor([[0, 11]]))
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        model.continued(texts(length=0), 1)
