"""The feed forward and its gates: PyTorch's numbers, and what each of them is for."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.feed_forward import (
    ACTIVATIONS,
    FeedForward,
    GatedFeedForward,
    gated_width,
)
from labml_style_nn.layers.mlp import MLP

C, D = 20, 36
GATES = {
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "identity": lambda z: z,
    "relu": lambda z: z.clamp(min=0),
    "gelu": lambda z: z * (1 + torch.erf(z / math.sqrt(2))) / 2,
    "silu": lambda z: z / (1 + torch.exp(-z)),
}


def randomise(module):
    """Draw the biases too, so that a forgotten one shows."""
    torch.manual_seed(0)
    module = module.double()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


def table(*shape):
    """Draw tokens."""
    torch.manual_seed(1)
    return torch.randn(*shape, C, dtype=torch.double)


def same_gradients(ours, theirs, pairs, x):
    """Compare the outputs and all gradients of two modules to 1e-10."""
    left, right = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.manual_seed(2)
    cotangent = torch.randn(x.shape, dtype=torch.double)
    outputs = ours(left), theirs(right)
    for output in outputs:
        (output * cotangent).sum().backward()
    torch.testing.assert_close(*outputs, rtol=0, atol=1e-10)
    torch.testing.assert_close(left.grad, right.grad, rtol=0, atol=1e-10)
    for mine, other in pairs:
        torch.testing.assert_close(mine.grad, other.grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_plain_form_is_that_of_pytorchs_encoder_layer(activation):
    ours = randomise(FeedForward(C, D, activation))
    layer = nn.TransformerEncoderLayer(C, 4, D, 0.0, activation).double()
    layer.linear1.load_state_dict(ours.fc1.state_dict())
    layer.linear2.load_state_dict(ours.fc2.state_dict())
    pairs = [
        (ours.fc1.weight, layer.linear1.weight),
        (ours.fc1.bias, layer.linear1.bias),
        (ours.fc2.weight, layer.linear2.weight),
        (ours.fc2.bias, layer.linear2.bias),
    ]
    same_gradients(ours, layer._ff_block, pairs, table(2, 7))


def test_with_gelu_it_is_the_mlp():
    ours, mlp = randomise(FeedForward(C, D)), MLP(C, D).double()
    mlp.load_state_dict(ours.state_dict())
    torch.testing.assert_close(ours(table(2, 7)), mlp(table(2, 7)), rtol=0, atol=0)


@pytest.mark.parametrize("gate", GATES)
def test_the_gated_form_is_the_equation(gate):
    ours, x = randomise(GatedFeedForward(C, D, gate)), table(2, 7)
    w, v, w2 = (p.detach().clone().requires_grad_() for p in ours.parameters())

    def equation(x):
        hidden = GATES[gate](torch.einsum("hc,bsc->bsh", w, x))
        hidden = hidden * torch.einsum("hc,bsc->bsh", v, x)
        return torch.einsum("ch,bsh->bsc", w2, hidden)

    pairs = list(zip(ours.parameters(), (w, v, w2), strict=True))
    same_gradients(ours, equation, pairs, x)


def test_glu_is_pytorchs():
    ours, x = randomise(GatedFeedForward(C, D, "sigmoid")), table(2, 7)
    # PyTorch lets the second half decide.
    both = torch.cat([ours.value.weight, ours.gate.weight])
    theirs = F.linear(F.glu(F.linear(x, both)), ours.fc2.weight)
    torch.testing.assert_close(ours(x), theirs, rtol=0, atol=1e-12)


def test_bilinear_is_pytorchs():
    ours, x = randomise(GatedFeedForward(C, D, "identity")), table(7)
    # Each hidden unit is a quadratic form of rank one.
    forms = torch.einsum("hi,hj->hij", ours.gate.weight, ours.value.weight)
    theirs = F.linear(F.bilinear(x, x, forms), ours.fc2.weight)
    torch.testing.assert_close(ours(x), theirs, rtol=0, atol=1e-12)


def test_a_closed_gate_lets_nothing_through():
    ours, x = randomise(GatedFeedForward(C, D, "relu")), table(7).abs()
    with torch.no_grad():
        ours.gate.weight.copy_(-ours.gate.weight.abs())
    assert (ours(x) == 0).all()


@given(st.integers(1, 10_000))
@settings(deadline=None)
def test_the_gated_width_costs_at_most_as_much_and_nearly_as_much(hidden_dim):
    width = gated_width(hidden_dim)
    plain = 2 * hidden_dim
    assert 3 * width <= plain or width == 1
    assert 3 * (width + 1) > plain


@pytest.mark.parametrize(("dim", "hidden_dim"), [(768, 3072), (20, 36), (1, 3)])
def test_what_both_forms_cost(dim, hidden_dim):
    width = gated_width(hidden_dim)
    assert 3 * width == 2 * hidden_dim
    with torch.device("meta"):
        plain, gated = FeedForward(dim, hidden_dim), GatedFeedForward(dim, width)
        x = torch.zeros(2, 5, dim)
    counts = [sum(p.numel() for p in form.parameters()) for form in (plain, gated)]
    assert counts == [2 * dim * hidden_dim + hidden_dim + dim, 3 * dim * width]
    work = []
    for form in (plain, gated):
        with FlopCounterMode(display=False) as counter:
            form(x)
        work.append(counter.get_total_flops() // 2)
    assert work == [10 * 2 * dim * hidden_dim] * 2


@pytest.mark.parametrize("build", [FeedForward, GatedFeedForward])
def test_every_token_is_treated_alike_and_alone(build):
    layer, x = randomise(build(C, D)), table(2, 7)
    alone = torch.stack([layer(x[:, place]) for place in range(7)], dim=1)
    torch.testing.assert_close(layer(x), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("build", [FeedForward, GatedFeedForward])
def test_the_weights_begin_with_the_variance_of_the_rule(build):
    torch.manual_seed(0)
    for parameter in build(400, 900).parameters():
        if parameter.dim() == 2:
            variance = parameter.shape[1] * parameter.var().item()
            assert variance == pytest.approx(1, abs=0.02)
        else:
            assert (parameter == 0).all()


@pytest.mark.parametrize("build", [FeedForward, GatedFeedForward])
def test_dropout_strikes_the_hidden_layer_alone(build):
    torch.manual_seed(0)
    layer, hidden = build(C, D, dropout_rate=0.3), []
    layer.fc2.register_forward_pre_hook(lambda _m, inputs: hidden.append(inputs[0]))
    output = layer(torch.randn(2000, C))
    assert (hidden[0] == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (output != 0).all()
    x = torch.randn(5, C)
    assert torch.equal(layer.eval()(x), layer(x))


def test_every_activation_can_be_had_in_both_forms():
    assert {*GATES} == {*ACTIVATIONS}
    for name in ACTIVATIONS:
        for layer in (FeedForward(C, D, name), GatedFeedForward(C, D, name)):
            assert layer(torch.randn(2, 7, C)).shape == (2, 7, C)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FeedForward(0, D), "dim must be at least 1, got 0"),
        (lambda: FeedForward(C, -1), "hidden_dim must be at least 1, got -1"),
        (lambda: GatedFeedForward(0, D), "dim must be at least 1, got 0"),
        (lambda: GatedFeedForward(C, 0), "hidden_dim must be at least 1, got 0"),
        (lambda: FeedForward(C, D, "tanh"), "one of 'gelu', 'relu', .*, got 'tanh'"),
        (lambda: GatedFeedForward(C, D, "swish"), "must be one of .*, got 'swish'"),
        (lambda: FeedForward(C, D, dropout_rate=1.0), r"rate must lie in \[0, 1\)"),
        (lambda: GatedFeedForward(C, D, "relu", -1.0), r"rate must lie in \[0, 1\)"),
        (lambda: gated_width(0), "hidden_dim must be at least 1, got 0"),
        (lambda: FeedForward(C, D)(torch.zeros(2, 21)), r"expected shape \(..., 20\)"),
        (
            lambda: GatedFeedForward(C, D)(torch.zeros(2, 21)),
            r"expected shape \(..., 20\), got \(2, 21\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
