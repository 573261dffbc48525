"""Maps and single numbers: how they begin, what is dropped, and two forms of GELU."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from labml_style_nn import layers
from labml_style_nn.layers.feed_forward import ACTIVATIONS, gated_width
from labml_style_nn.layers.gelu import gelu_exact, gelu_tanh
from labml_style_nn.layers.linear import TRUNCATED_STD, init_small, lecun_normal_
from labml_style_nn.layers.stochastic_depth import linear_rates
from tests.tensors import alike, close, draw, randomised

C, D = 20, 36
GRID = torch.linspace(-8, 8, 160_001, dtype=torch.double)


def share_of_zeros(x):
    """How many of the numbers are zero, as a share."""
    return (x == 0).double().mean().item()


# Linear maps begin where Flax's Dense begins.
@pytest.mark.parametrize("shape", [(64, 1000), (1000, 64), (300, 300)])
def test_the_weights_have_the_distribution_of_lecun_normal(shape):
    torch.manual_seed(0)
    weight = lecun_normal_(torch.empty(shape))
    scale = shape[1] ** -0.5 / TRUNCATED_STD
    result = stats.kstest(weight.flatten().numpy() / scale, stats.truncnorm(-2, 2).cdf)
    assert result.pvalue > 0.01
    assert weight.std().item() == pytest.approx(shape[1] ** -0.5, rel=0.02)


def test_a_map_begins_so_and_its_biases_with_zero():
    torch.manual_seed(0)
    linear = layers.Linear(400, 200)
    torch.manual_seed(0)
    assert torch.equal(linear.weight, lecun_normal_(torch.empty(200, 400)))
    assert (linear.bias == 0).all()


def test_a_small_initialisation_is_for_linear_maps_alone():
    torch.manual_seed(0)
    stack = nn.Sequential(layers.Linear(300, 200), nn.LayerNorm(200))
    stack.apply(init_small)
    assert stack[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert stack[0].bias.abs().max() == 0
    assert (stack[1].weight == 1).all()


@pytest.mark.parametrize("build", [layers.FeedForward, layers.GatedFeedForward])
def test_a_feed_forward_begins_with_the_variance_of_the_rule(build):
    torch.manual_seed(0)
    for parameter in build(400, 900).parameters():
        if parameter.dim() == 2:
            variance = parameter.shape[1] * parameter.var().item()
            assert variance == pytest.approx(1, abs=0.02)
        else:
            assert (parameter == 0).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_had_in_both_forms(name):
    # The proof has all gates by NumPy, and the plain form with ReLU and with GELU.
    layer, x = randomised(layers.FeedForward(C, D, name)), draw(2, 7, C)
    close(layer(x), layer.fc2(ACTIVATIONS[name]()(layer.fc1(x))))
    assert layers.GatedFeedForward(C, D, name).double()(x).shape == x.shape


def test_the_gated_width_costs_at_most_as_much_and_nearly_as_much():
    assert [gated_width(hidden_dim) for hidden_dim in range(1, 10_000)] == [
        max(2 * hidden_dim // 3, 1) for hidden_dim in range(1, 10_000)
    ]


@pytest.mark.parametrize(
    ("approximate", "equation"), [("none", gelu_exact), ("tanh", gelu_tanh)]
)
def test_gelu_equals_the_equation_with_its_gradient(approximate, equation):
    layer, x = layers.GELU(approximate), GRID.clone().requires_grad_()
    alike(layer(x), [x], equation(x), tolerance=1e-13)
    # On processors with AVX-512, the fused form takes a shorter way to the error
    # function: in float32 it is off by up to 1.1e-6 there, at values around 3.
    single = GRID.float()
    close(layer(single), equation(single), 2e-6)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("layer", [layers.Dropout, layers.StochasticDepth])
def test_the_share_that_is_dropped_is_the_rate_and_the_expectation_is_kept(layer, rate):
    # The proof has the coins of PyTorch, at one rate.
    torch.manual_seed(0)
    x = torch.ones(20_000, 3, requires_grad=True)
    y = layer(rate)(x)
    # Five standard deviations of a mean of 20,000 coins.
    tolerance = 5 * (rate * (1 - rate) / 20_000) ** 0.5
    assert share_of_zeros(y) == pytest.approx(rate, abs=tolerance)
    assert y.mean().item() == pytest.approx(1, abs=tolerance / (1 - rate))
    torch.testing.assert_close(y[y != 0], torch.full_like(y[y != 0], 1 / (1 - rate)))
    # The gradient passes where the number passed.
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert torch.equal(layer()(x), x)


@given(st.floats(0, 0.99), st.integers(1, 64))
def test_the_rates_rise_linearly_from_zero(rate, num_branches):
    rates = linear_rates(rate, num_branches)
    assert rates == pytest.approx(torch.linspace(0, rate, num_branches).tolist())
    assert (rates[0], rates[-1]) == (0, rate if num_branches > 1 else 0)


def test_dropout_strikes_hidden_layers_and_the_output_of_mixings_alone():
    torch.manual_seed(0)
    rate = pytest.approx(0.3, abs=0.01)
    for layer in (layers.TokenMixing(24, D, 0.3), layers.ChannelMixing(C, D, 0.3)):
        hidden = before_the_last_map(layer)
        output = layer(torch.randn(500, 24, C))
        assert (share_of_zeros(hidden[0]), share_of_zeros(output)) == (rate, rate)
    for build in (layers.FeedForward, layers.GatedFeedForward):
        layer = build(C, D, dropout_rate=0.3)
        hidden = before_the_last_map(layer)
        output = layer(torch.randn(2000, C))
        assert (share_of_zeros(hidden[0]), share_of_zeros(output)) == (rate, 0)


def before_the_last_map(layer):
    """What the second map of a layer will read."""
    hidden = []
    layer.fc2.register_forward_pre_hook(lambda _layer, inputs: hidden.append(inputs[0]))
    return hidden


def test_stochastic_depth_drops_a_branch_which_is_never_broadcast():
    torch.manual_seed(0)
    x = torch.randn(2000, 4)
    y = layers.SkipConnection(nn.Identity(), 0.5)(x)
    dropped = (y == x).all(dim=1)
    assert 900 < dropped.sum() < 1100
    torch.testing.assert_close(y[~dropped], 3 * x[~dropped])
    skip = layers.SkipConnection(nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"expected shape \(3, 4\), got \(3, 1\)"):
        skip(torch.zeros(3, 4))
