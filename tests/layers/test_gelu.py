"""GELU: the layer is the equation, and the two forms are as near as the page says."""

import pytest
import torch

from labml_style_nn.layers.gelu import GELU, gelu_exact, gelu_tanh
from tests.tensors import alike, close

GRID = torch.linspace(-8, 8, 160_001, dtype=torch.double)


@pytest.mark.parametrize(
    ("approximate", "equation"), [("none", gelu_exact), ("tanh", gelu_tanh)]
)
def test_the_layer_equals_the_equation_with_its_gradient(approximate, equation):
    layer, x = GELU(approximate), GRID.clone().requires_grad_()
    alike(layer(x), [x], equation(x), tolerance=1e-13)
    # On processors with AVX-512, the fused form takes a shorter way to the error
    # function: in float32 it is off by up to 1.1e-6 there, at values around 3.
    single = GRID.float()
    close(layer(single), equation(single), 2e-6)


def test_the_two_forms_differ_by_at_most_what_the_page_says():
    difference = (gelu_exact(GRID) - gelu_tanh(GRID)).abs()
    assert difference.max().item() == pytest.approx(4.73e-4, abs=5e-7)
    assert GRID[difference.argmax()].abs().item() == pytest.approx(2.70, abs=5e-3)


def test_the_lowest_point_is_where_the_page_says():
    values = gelu_exact(GRID)
    assert GRID[values.argmin()].item() == pytest.approx(-0.7518, abs=1e-4)
    assert values.min().item() == pytest.approx(-0.16997, abs=1e-5)
