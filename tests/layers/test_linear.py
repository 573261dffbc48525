"""The linear map begins where Flax's Dense begins."""

import math

import pytest
import torch
from scipy import stats
from torch import nn

from labml_style_nn.layers.linear import (
    TRUNCATED_STD,
    Linear,
    begin_small,
    lecun_normal_,
)


def test_the_constant_is_the_spread_of_a_normal_cut_at_two():
    assert pytest.approx(stats.truncnorm(-2, 2).std(), abs=1e-15) == TRUNCATED_STD


@pytest.mark.parametrize("shape", [(64, 1000), (1000, 64), (300, 300)])
def test_the_weights_have_the_distribution_of_lecun_normal(shape):
    torch.manual_seed(0)
    weight = lecun_normal_(torch.empty(shape))
    scale = shape[1] ** -0.5 / TRUNCATED_STD
    result = stats.kstest(weight.flatten().numpy() / scale, stats.truncnorm(-2, 2).cdf)
    assert result.pvalue > 0.01
    assert weight.std().item() == pytest.approx(shape[1] ** -0.5, rel=0.02)


def test_the_biases_are_zero_and_the_sizes_are_kept():
    linear = Linear(5, 3)
    assert linear.weight.shape == (3, 5)
    assert torch.equal(linear.bias, torch.zeros(3))


def test_the_variance_of_the_input_is_kept_and_the_default_of_torch_loses_two_thirds():
    torch.manual_seed(0)
    x = torch.randn(200, 400)
    assert Linear(400, 2000)(x).var().item() == pytest.approx(1, rel=0.03)
    default = torch.nn.Linear(400, 2000)(x).var().item()
    assert default == pytest.approx(1 / 3, rel=0.03)


def test_it_is_the_linear_map_of_torch():
    torch.manual_seed(0)
    linear, x = Linear(5, 3).double(), torch.randn(2, 4, 5, dtype=torch.double)
    torch.nn.init.normal_(linear.bias)
    expected = torch.einsum("oi,bsi->bso", linear.weight, x) + linear.bias
    torch.testing.assert_close(linear(x), expected, rtol=0, atol=1e-12)


def test_starting_again_draws_other_weights():
    linear = Linear(5, 3)
    before = linear.weight.clone()
    linear.reset_parameters()
    assert not torch.equal(before, linear.weight)


@pytest.mark.parametrize("sizes", [(0, 3), (5, 0), (-1, 3)])
def test_a_size_below_one_is_refused(sizes):
    with pytest.raises(ValueError, match="features must be at least 1, got"):
        Linear(*sizes)


def test_it_can_be_built_without_memory():
    with torch.device("meta"):
        linear = Linear(10**6, 10**6)
    assert math.prod(linear.weight.shape) == 10**12


def test_a_small_beginning_is_for_linear_maps_alone():
    torch.manual_seed(0)
    layers = nn.Sequential(Linear(300, 200), nn.LayerNorm(200))
    layers.apply(begin_small)
    assert layers[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert layers[0].bias.abs().max() == 0
    assert (layers[1].weight == 1).all()
