"""The affine layer: what it computes, that it is linear, and that it can be folded."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labml_style_nn.layers.affine import Affine, folded
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.token_mixing import TokenLinear

S, C, D = 24, 20, 80
shapes = st.lists(st.integers(1, 5), max_size=3)


def learned(layer):
    """A layer in float64 with nothing left at zero or one."""
    torch.manual_seed(0)
    layer = layer.double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


def table(batch=2):
    return torch.randn(batch, S, C, dtype=torch.double)


def test_a_new_layer_is_the_identity():
    x = table()
    assert torch.equal(Affine(C).double()(x), x)


@settings(deadline=None)
@given(shapes, st.integers(0, 2**16))
def test_each_channel_has_its_scale_and_its_shift(shape, seed):
    affine = learned(Affine(C))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((*shape, C))
    alpha, beta = affine.alpha.detach().numpy(), affine.beta.detach().numpy()
    ours = affine(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours, x * alpha + beta, rtol=0, atol=1e-12)


def test_the_gradients_are_those_of_the_equation():
    affine, x = learned(Affine(C)), table().requires_grad_()
    cotangent = torch.randn_like(x)
    (affine(x) * cotangent).sum().backward()
    torch.testing.assert_close(x.grad, cotangent * affine.alpha)
    torch.testing.assert_close(affine.alpha.grad, (cotangent * x).sum(dim=(0, 1)))
    torch.testing.assert_close(affine.beta.grad, cotangent.sum(dim=(0, 1)))


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(-100, 100))
def test_no_statistics_are_taken(factor, offset):
    # A norm would forget both.
    affine, x = learned(Affine(C)), table()
    moved = affine(factor * x + offset) - affine.beta
    expected = factor * (affine(x) - affine.beta) + offset * affine.alpha
    torch.testing.assert_close(moved, expected)


def test_folded_into_the_next_map_it_computes_the_same():
    affine, linear, x = learned(Affine(C)), learned(Linear(C, D)), table()
    before = [parameter.clone() for parameter in (*affine.parameters(), linear.weight)]
    one = folded(affine, linear)
    torch.testing.assert_close(one(x), linear(affine(x)), rtol=0, atol=1e-12)
    # It is a layer of its own, in the type of the old one, and can be trained.
    after = [*affine.parameters(), linear.weight]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert one.weight.dtype == torch.double
    assert all(parameter.requires_grad for parameter in one.parameters())
    assert one.weight.data_ptr() != linear.weight.data_ptr()


def test_the_last_affine_layer_folds_into_the_head_for_a_mean_is_linear():
    affine, head, x = learned(Affine(C)), learned(ClassificationHead(C, 7)), table()
    expected = head(affine(x))
    head.linear = folded(affine, head.linear)
    torch.testing.assert_close(head(x), expected, rtol=0, atol=1e-12)


def test_a_map_over_tokens_can_take_no_affine_layer():
    # Not even one that would fit: its weight multiplies tokens, the scales channels.
    with pytest.raises(ValueError, match="only a map over channels can be folded, got"):
        folded(Affine(C), TokenLinear(C, C))


@pytest.mark.parametrize("dim", [0, -1])
def test_a_size_below_one_is_refused(dim):
    with pytest.raises(ValueError, match=f"dim must be at least 1, got {dim}"):
        Affine(dim)


@pytest.mark.parametrize("shape", [(2, S, C + 1), (2, C, S), (2, S, 1), ()])
def test_a_table_with_other_channels_is_refused(shape):
    # PyTorch alone would stretch an axis of size one.
    with pytest.raises(ValueError, match=r"expected shape \(\.\.\., 20\), got"):
        Affine(C)(torch.zeros(shape))


def test_a_map_that_reads_other_channels_is_refused():
    message = r"expected shape \(out_features, 20\), got \(80, 24\)"
    with pytest.raises(ValueError, match=message):
        folded(Affine(C), Linear(S, D))
