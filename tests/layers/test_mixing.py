"""The two mixings: which axis they mix, what they share, and what they cost."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.token_mixing import TokenLinear, TokenMixing

S, C, D_S, D_C = 24, 20, 10, 80
seeds = st.integers(0, 2**16)


def randomise(module):
    """Draw the biases too, so that a forgotten one shows."""
    module = module.double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module


def table(seed=0, batch=2):
    """Draw a batch of tables."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, S, C, dtype=torch.double, generator=generator)


def flops(module, x):
    """Count the multiplications and additions of the matrix products."""
    with FlopCounterMode(display=False) as counter:
        module(x)
    return counter.get_total_flops()


def parameters(module):
    """Count the parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def test_token_linear_is_the_weight_on_the_left():
    linear, x = randomise(TokenLinear(S, D_S)), table()
    expected = torch.einsum("os,bsc->boc", linear.weight, x) + linear.bias[:, None]
    torch.testing.assert_close(linear(x), expected, rtol=0, atol=1e-12)


def test_token_mixing_is_the_mlp_on_the_transposed_table():
    mixing, mlp = randomise(TokenMixing(S, D_S)), MLP(S, D_S).double()
    mlp.load_state_dict(mixing.state_dict())
    x = table().requires_grad_()
    ours, theirs = mixing(x), mlp(x.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    cotangent = torch.randn_like(x)
    for left, right in zip(
        torch.autograd.grad((ours * cotangent).sum(), [x, *mixing.parameters()]),
        torch.autograd.grad((theirs * cotangent).sum(), [x, *mlp.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(left, right, rtol=0, atol=1e-11)


def test_channel_mixing_is_the_mlp_on_the_table():
    mixing, mlp = randomise(ChannelMixing(C, D_C)), MLP(C, D_C).double()
    mlp.load_state_dict(mixing.state_dict())
    torch.testing.assert_close(mixing(table()), mlp(table()), rtol=0, atol=0)


def test_a_square_table_is_not_mistaken_for_its_transpose():
    x = torch.randn(2, C, C, dtype=torch.double)
    channels, tokens = randomise(ChannelMixing(C, D_C)), randomise(TokenMixing(C, D_S))
    row = torch.stack([channels(x[:, token]) for token in range(C)], dim=1)
    torch.testing.assert_close(channels(x), row)
    column = [tokens(x[:, :, [channel]]) for channel in range(C)]
    torch.testing.assert_close(tokens(x), torch.cat(column, dim=2))


def test_token_mixing_is_equation_one_column_by_column():
    mixing, x = randomise(TokenMixing(S, D_S)), table()
    w1, b1, w2, b2 = mixing.parameters()
    for column in range(C):
        hidden = torch.nn.functional.gelu(x[:, :, column] @ w1.T + b1)
        torch.testing.assert_close(mixing(x)[:, :, column], hidden @ w2.T + b2)


@given(seeds)
def test_token_mixing_shares_its_weights_over_channels(seed):
    mixing, x = randomise(TokenMixing(S, D_S)), table(seed)
    order = torch.randperm(C, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(mixing(x)[..., order], mixing(x[..., order]))


@given(seeds)
def test_channel_mixing_shares_its_weights_over_tokens(seed):
    mixing, x = randomise(ChannelMixing(C, D_C)), table(seed)
    order = torch.randperm(S, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(mixing(x)[:, order], mixing(x[:, order]))


@given(seeds)
def test_token_mixing_knows_the_order_of_the_tokens(seed):
    mixing, x = randomise(TokenMixing(S, D_S)), table(seed)
    turned = torch.roll(torch.arange(S), 1)
    assert not torch.allclose(mixing(x)[:, turned], mixing(x[:, turned]))


@given(seeds)
def test_permuted_tokens_and_permuted_weights_cancel(seed):
    mixing, x = randomise(TokenMixing(S, D_S)), table(seed)
    order = torch.randperm(S, generator=torch.Generator().manual_seed(seed))
    weights = mixing.state_dict()
    permuted = TokenMixing(S, D_S).double()
    permuted.load_state_dict(
        weights
        | {
            "fc1.weight": weights["fc1.weight"][:, order],
            "fc2.weight": weights["fc2.weight"][order],
            "fc2.bias": weights["fc2.bias"][order],
        }
    )
    torch.testing.assert_close(permuted(x[:, order]), mixing(x)[:, order])


def test_a_change_of_one_number_stays_in_its_column_or_in_its_row():
    x = table(batch=1)
    changed = x.clone()
    changed[0, 5, 7] += 1
    column = randomise(TokenMixing(S, D_S))
    assert ((column(x) != column(changed)).any(dim=1)[0]).nonzero().tolist() == [[7]]
    row = randomise(ChannelMixing(C, D_C))
    assert ((row(x) != row(changed)).any(dim=2)[0]).nonzero().tolist() == [[5]]


def test_what_the_mixings_cost():
    tokens, channels = TokenMixing(S, D_S), ChannelMixing(C, D_C)
    assert parameters(tokens) == 2 * S * D_S + D_S + S
    assert parameters(channels) == 2 * C * D_C + D_C + C
    assert flops(tokens, torch.zeros(3, S, C)) == 3 * 2 * (2 * S * D_S * C)
    assert flops(channels, torch.zeros(3, S, C)) == 3 * 2 * (2 * S * C * D_C)


@pytest.mark.parametrize("tokens", [6, 12, 48])
def test_the_cost_of_both_is_linear_in_the_number_of_tokens(tokens):
    one = flops(TokenMixing(1, D_S), torch.zeros(1, 1, C))
    assert flops(TokenMixing(tokens, D_S), torch.zeros(1, tokens, C)) == tokens * one
    mixing = ChannelMixing(C, D_C)
    assert flops(mixing, torch.zeros(1, tokens, C)) == tokens * flops(
        mixing, torch.zeros(1, 1, C)
    )


def test_token_mixing_costs_c_times_fewer_weights_than_untied_columns():
    assert parameters(TokenMixing(S, D_S)) * C == parameters(
        torch.nn.ModuleList(TokenMixing(S, D_S) for _ in range(C))
    )


@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_dropout_strikes_the_hidden_layer_and_the_output(rate):
    torch.manual_seed(0)
    for mixing in (TokenMixing(S, D_S, rate), ChannelMixing(C, D_C, rate)):
        x = torch.randn(500, S, C)
        hidden = []
        mixing.fc2.register_forward_pre_hook(
            lambda _module, inputs, hidden=hidden: hidden.append(inputs[0])
        )
        output = mixing(x)
        for part in (hidden[0], output):
            assert (part == 0).double().mean().item() == pytest.approx(rate, abs=0.01)
        assert torch.equal(mixing.eval()(x), mixing(x))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TokenMixing(0, D_S), "num_patches must be at least 1, got 0"),
        (lambda: TokenMixing(S, -1), "tokens_mlp_dim must be at least 1, got -1"),
        (lambda: ChannelMixing(0, D_C), "hidden_dim must be at least 1, got 0"),
        (lambda: ChannelMixing(C, 0), "channels_mlp_dim must be at least 1, got 0"),
        (lambda: MLP(0, 4), "dim must be at least 1, got 0"),
        (lambda: MLP(4, 0), "hidden_dim must be at least 1, got 0"),
        (lambda: MLP(4, 4, 1.0), r"rate must lie in \[0, 1\), got 1.0"),
        (lambda: TokenMixing(4, 4, -0.5), r"rate must lie in \[0, 1\), got -0.5"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("shape", [(2, S + 1, C), (2, C, S), (S, C)])
def test_a_table_with_other_tokens_is_refused(shape):
    with pytest.raises(
        ValueError, match=r"expected shape \(batch, 24, channels\), got"
    ):
        TokenMixing(S, D_S)(torch.zeros(shape))


def test_a_table_with_other_channels_is_refused():
    with pytest.raises(ValueError, match=r"expected shape .*20\), got \(2, 24, 21\)"):
        ChannelMixing(C, D_C)(torch.zeros(2, S, C + 1))
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., 20\), got \(21,\)"):
        MLP(C, D_C)(torch.zeros(21))
