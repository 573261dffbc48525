"""Dropout and stochastic depth: what is dropped, how often, and what is expected."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates

LAYERS = [Dropout, StochasticDepth]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_rate_of_zero_does_nothing_in_training(layer):
    x = torch.randn(3, 4, 5)
    assert torch.equal(layer().train()(x), x)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_share_that_is_dropped_is_the_rate_and_the_expectation_is_kept(layer, rate):
    # The proof has the coins of PyTorch, at one rate.
    torch.manual_seed(0)
    y = layer(rate)(torch.ones(20_000, 3))
    # Five standard deviations of a mean of 20,000 coins.
    tolerance = 5 * (rate * (1 - rate) / 20_000) ** 0.5
    assert (y == 0).double().mean().item() == pytest.approx(rate, abs=tolerance)
    assert y.mean().item() == pytest.approx(1, abs=tolerance / (1 - rate))
    torch.testing.assert_close(y[y != 0], torch.full_like(y[y != 0], 1 / (1 - rate)))


@pytest.mark.parametrize("layer", LAYERS)
def test_the_gradient_passes_where_the_number_passed(layer):
    torch.manual_seed(0)
    x = torch.ones(50, 4, requires_grad=True)
    y = layer(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


@given(st.floats(0, 0.99), st.integers(1, 64))
def test_the_rates_rise_linearly_from_zero(rate, num_branches):
    rates = linear_rates(rate, num_branches)
    assert len(rates) == num_branches
    assert rates[0] == 0
    if num_branches > 1:
        assert rates == pytest.approx(torch.linspace(0, rate, num_branches).tolist())
        assert rates[-1] == rate
