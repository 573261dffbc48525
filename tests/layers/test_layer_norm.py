"""Layer normalisation: its digits in float32, and its gradients."""

import numpy as np
import pytest
import torch

from labml_style_nn.layers.layer_norm import LayerNorm, layer_norm
from tests.tensors import alike, close, draw, randomised


def in_float64(x, weight, bias, eps=1e-6):
    """Normalise by numpy, with every step in float64."""
    x, weight, bias = (tensor.detach().double().numpy() for tensor in (x, weight, bias))
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt(x.var(-1, keepdims=True) + eps)
    return torch.from_numpy(weight * centred / deviation + bias)


# The proof has the equation in float64.


@pytest.mark.parametrize("mean", [0, 100, 1e4])
@pytest.mark.parametrize("spread", [0.01, 1, 100])
def test_two_passes_in_float32_keep_what_the_input_holds(mean, spread):
    # The mean itself is rounded, to about `mean` times 2 to the -24: that much, divided
    # by the spread, is what float32 can be held to. (The input counts as exact.)
    x = (mean + spread * draw(3, 5, 64)).float()
    norm = randomised(LayerNorm(64), std=1).float()
    expected = in_float64(x, norm.weight, norm.bias).float()
    tolerance = 4e-6 + 4 * 2**-24 * mean / spread * norm.weight.abs().max().item()
    for ours in (norm(x), layer_norm(x, norm.weight, norm.bias)):
        close(ours, expected, tolerance)


def test_the_gradients_of_the_equation_are_those_of_the_layer():
    norm, x = randomised(LayerNorm(64)), draw(3, 5, 64).requires_grad_()
    inputs = [x, norm.weight, norm.bias]
    alike(norm(x), inputs, layer_norm(*inputs))
