"""GELU, against scipy, against torch, and against its own identities."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from labml_style_nn.layers.gelu import GELU, gelu_exact, gelu_tanh

GRID = torch.linspace(-8, 8, 160_001, dtype=torch.double)
FORMS = [("none", gelu_exact), ("tanh", gelu_tanh)]


def test_the_exact_form_is_x_times_the_normal_distribution_function():
    expected = GRID.numpy() * stats.norm.cdf(GRID.numpy())
    np.testing.assert_allclose(gelu_exact(GRID).numpy(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("approximate", "equation"), FORMS)
def test_the_layer_equals_the_equation(approximate, equation):
    layer = GELU(approximate)
    torch.testing.assert_close(layer(GRID), equation(GRID), rtol=0, atol=1e-14)
    # On processors with AVX-512, the fused form takes a shorter way to the error
    # function: in float32 it is off by up to 1.1e-6 there, at values around 3.
    single = GRID.float()
    torch.testing.assert_close(layer(single), equation(single), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("approximate", "equation"), FORMS)
def test_the_gradient_of_the_layer_is_that_of_the_equation(approximate, equation):
    x = GRID.clone().requires_grad_()
    (ours,) = torch.autograd.grad(GELU(approximate)(x).sum(), x)
    (expected,) = torch.autograd.grad(equation(x).sum(), x)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-13)


def test_the_two_forms_differ_by_at_most_what_the_page_says():
    difference = (gelu_exact(GRID) - gelu_tanh(GRID)).abs()
    assert difference.max().item() == pytest.approx(4.73e-4, abs=5e-7)
    assert GRID[difference.argmax()].abs().item() == pytest.approx(2.70, abs=5e-3)


def test_the_lowest_point_is_where_the_page_says():
    values = gelu_exact(GRID)
    assert GRID[values.argmin()].item() == pytest.approx(-0.7518, abs=1e-4)
    assert values.min().item() == pytest.approx(-0.16997, abs=1e-5)


@given(st.floats(-50, 50))
def test_the_halves_differ_by_the_identity(value):
    x = torch.tensor(value, dtype=torch.double)
    for _, equation in FORMS:
        assert (equation(x) - equation(-x)).item() == pytest.approx(value, abs=1e-13)


def test_another_form_is_refused():
    with pytest.raises(ValueError, match="must be 'none' or 'tanh', got 'sigmoid'"):
        GELU("sigmoid")
