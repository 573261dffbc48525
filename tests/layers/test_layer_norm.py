"""Layer normalisation, against torch, against numpy in float64, and its invariances."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.layers.layer_norm import LayerNorm, layer_norm


def case(mean=0.0, spread=1.0, dtype=torch.double, dim=64):
    """Draw tokens around a mean, and weights that are not the identity."""
    torch.manual_seed(0)
    x = (mean + spread * torch.randn(3, 5, dim, dtype=torch.double)).to(dtype)
    return x, torch.randn(dim, dtype=dtype), torch.randn(dim, dtype=dtype)


def in_float64(x, weight, bias, eps=1e-6):
    """Normalise by numpy, with every step in float64."""
    x, weight, bias = (tensor.double().numpy() for tensor in (x, weight, bias))
    centred = x - x.mean(-1, keepdims=True)
    return weight * centred / np.sqrt(x.var(-1, keepdims=True) + eps) + bias


@pytest.mark.parametrize("mean", [0, 100, 1e4])
def test_equation_and_layer_equal_torch_and_numpy_in_float64(mean):
    x, weight, bias = case(mean)
    norm = LayerNorm(64).double()
    norm.load_state_dict({"weight": weight, "bias": bias})
    expected = torch.from_numpy(in_float64(x, weight, bias))
    torch.testing.assert_close(norm(x), expected, rtol=0, atol=1e-10)
    for ours in (norm(x), layer_norm(x, weight, bias)):
        theirs = F.layer_norm(x, (64,), weight, bias, 1e-6)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("mean", [0, 100, 1e4])
@pytest.mark.parametrize("spread", [0.01, 1, 100])
def test_two_passes_in_float32_keep_what_the_input_holds(mean, spread):
    # The mean itself is rounded, to about `mean` times 2 to the -24: that much, divided
    # by the spread, is what float32 can be held to. (The input counts as exact.)
    x, weight, bias = case(mean, spread, torch.float)
    expected = torch.from_numpy(in_float64(x, weight, bias)).float()
    tolerance = 4e-6 + 4 * 2**-24 * mean / spread * weight.abs().max().item()
    norm = LayerNorm(64)
    norm.load_state_dict({"weight": weight, "bias": bias})
    for ours in (norm(x), layer_norm(x, weight, bias)):
        torch.testing.assert_close(ours, expected, rtol=0, atol=tolerance)


def test_one_pass_in_float32_fails_at_mean_ten_thousand():
    x, _, _ = case(1e4, 1, torch.float)
    one_pass = x.square().mean(-1) - x.mean(-1).square()
    truth = x.double().var(-1, correction=0)
    two_passes = (x - x.mean(-1, keepdim=True)).square().mean(-1)
    assert (one_pass - truth).abs().max() > 1
    assert (two_passes - truth).abs().max() < 1e-5


def test_the_gradients_of_the_equation_are_those_of_the_layer():
    x, weight, bias = case()
    cotangent = torch.randn_like(x)
    inputs = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    equation = torch.autograd.grad((layer_norm(*inputs) * cotangent).sum(), inputs)
    fused = F.layer_norm(x, (64,), weight, bias, 1e-6)
    for ours, theirs in zip(
        equation, torch.autograd.grad((fused * cotangent).sum(), inputs), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@given(
    shift=st.floats(-100, 100),
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 2**16),
)
def test_shift_and_scale_of_a_token_do_not_matter(shift, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(4, 32, dtype=torch.double, generator=generator)
    norm = LayerNorm(32, eps=1e-12).double()
    torch.testing.assert_close(norm(scale * x + shift), norm(x), rtol=0, atol=1e-8)


def test_each_token_is_normalised_by_itself():
    x, _, _ = case()
    norm = LayerNorm(64).double()
    alone = torch.stack([norm(token) for token in x.flatten(0, 1)]).unflatten(0, (3, 5))
    torch.testing.assert_close(norm(x), alone, rtol=0, atol=1e-14)
    torch.testing.assert_close(norm(x).mean(-1), torch.zeros(3, 5).double())


def test_a_constant_token_gives_the_bias():
    norm = LayerNorm(8)
    torch.nn.init.normal_(norm.bias)
    torch.testing.assert_close(norm(torch.full((2, 8), 3.0)), norm.bias.expand(2, 8))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="dim must be at least 1, got 0"):
        LayerNorm(0)
    with pytest.raises(ValueError, match=r"eps must be positive, got 0"):
        LayerNorm(8, eps=0)
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., 8\), got \(2, 7\)"):
        LayerNorm(8)(torch.zeros(2, 7))
