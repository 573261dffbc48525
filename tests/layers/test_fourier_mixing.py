"""Fourier mixing: at any size the transform of others, and what it does not see."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.fourier_mixing import FourierMixing, fourier_mixing
from tests.tensors import close, draw

sizes = st.integers(1, 12)


@given(sizes, sizes, sizes)
def test_the_layer_is_the_equation_and_numpys_transform(batch, num_tokens, hidden_dim):
    x = draw(batch, num_tokens, hidden_dim)
    numpys = torch.from_numpy(np.fft.fft2(x.numpy(), axes=(1, 2)).real.copy())
    close(FourierMixing()(x), numpys, 1e-10)
    close(fourier_mixing(x), numpys, 1e-10)


def test_gradients_are_the_mixing_of_the_cotangent():
    x, cotangent = draw(2, 7, 5).requires_grad_(), draw(2, 7, 5, seed=1)
    for mix in (FourierMixing(), fourier_mixing):
        (gradient,) = torch.autograd.grad((mix(x) * cotangent).sum(), x)
        close(gradient, FourierMixing()(cotangent))


@given(sizes, sizes)
def test_only_the_even_part_is_seen_and_twice_gives_it_back(num_tokens, hidden_dim):
    x, mixing = draw(2, num_tokens, hidden_dim), FourierMixing()
    turned = x.flip(1, 2).roll((1, 1), dims=(1, 2))
    even, odd = (x + turned) / 2, (x - turned) / 2
    close(mixing(x), mixing(even), 1e-10)
    close(mixing(odd), torch.zeros_like(odd), 1e-10)
    close(mixing(mixing(x)), num_tokens * hidden_dim * even, 1e-9)


@pytest.mark.parametrize(
    ("num_tokens", "hidden_dim", "rank"), [(24, 20, 242), (7, 5, 18), (6, 5, 16)]
)
def test_about_half_of_the_numbers_survive(num_tokens, hidden_dim, rank):
    places = num_tokens * hidden_dim
    unit = torch.eye(places, dtype=torch.double).unflatten(1, (num_tokens, hidden_dim))
    assert torch.linalg.matrix_rank(FourierMixing()(unit).flatten(1)) == rank


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    x = draw(2, 24, 20, dtype=dtype)
    mixed = FourierMixing()(x)
    assert mixed.dtype == dtype
    close(mixed, FourierMixing()(x.double()).to(dtype), 0.5)
    torch.testing.assert_close(mixed, FourierMixing()(x.float()).to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert FourierMixing()(x).dtype == dtype
