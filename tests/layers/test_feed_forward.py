"""The feed forward and its gates: how they begin, and what they drop."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.feed_forward import (
    ACTIVATIONS,
    FeedForward,
    GatedFeedForward,
    gated_width,
)
from tests.tensors import close, draw, randomised

C, D = 20, 36
BOTH = pytest.mark.parametrize("build", [FeedForward, GatedFeedForward])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_can_be_had_in_both_forms(name):
    # The proof has all gates by NumPy, and the plain form with ReLU and with GELU.
    layer, x = randomised(FeedForward(C, D, name)), draw(2, 7, C)
    close(layer(x), layer.fc2(ACTIVATIONS[name]()(layer.fc1(x))))
    assert GatedFeedForward(C, D, name).double()(x).shape == x.shape


@given(st.integers(1, 10_000))
def test_the_gated_width_costs_at_most_as_much_and_nearly_as_much(hidden_dim):
    width = gated_width(hidden_dim)
    plain = 2 * hidden_dim
    assert 3 * width <= plain or width == 1
    assert 3 * (width + 1) > plain


@BOTH
def test_the_weights_begin_with_the_variance_of_the_rule(build):
    torch.manual_seed(0)
    for parameter in build(400, 900).parameters():
        if parameter.dim() == 2:
            variance = parameter.shape[1] * parameter.var().item()
            assert variance == pytest.approx(1, abs=0.02)
        else:
            assert (parameter == 0).all()


@BOTH
def test_dropout_strikes_the_hidden_layer_alone(build):
    torch.manual_seed(0)
    layer, hidden = build(C, D, dropout_rate=0.3), []
    layer.fc2.register_forward_pre_hook(lambda _m, inputs: hidden.append(inputs[0]))
    output = layer(torch.randn(2000, C))
    assert (hidden[0] == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (output != 0).all()
