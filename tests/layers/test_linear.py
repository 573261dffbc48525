"""The linear map begins where Flax's Dense begins."""

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
    linear = Linear(400, 200)
    torch.manual_seed(0)
    assert torch.equal(linear.weight, lecun_normal_(torch.empty(200, 400)))
    assert (linear.bias == 0).all()


def test_a_small_beginning_is_for_linear_maps_alone():
    torch.manual_seed(0)
    layers = nn.Sequential(Linear(300, 200), nn.LayerNorm(200))
    layers.apply(begin_small)
    assert layers[0].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert layers[0].bias.abs().max() == 0
    assert (layers[1].weight == 1).all()
