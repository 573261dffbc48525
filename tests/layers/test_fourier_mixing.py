"""Fourier mixing: its equation, its symmetries, and what others compute."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.fourier_mixing import (
    FourierMixing,
    cosines_and_sines,
    fourier_mixing,
)
from labml_style_nn.proofs.reference import stored

sizes = st.integers(1, 12)


def table(*shape, seed=0):
    """Draw a batch of tables."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)


def close(left, right, atol=1e-10):
    """Compare absolutely."""
    torch.testing.assert_close(left, right, rtol=0, atol=atol)


@settings(deadline=None)
@given(sizes, sizes, sizes)
def test_the_layer_is_the_equation_and_numpys_transform(batch, num_tokens, hidden_dim):
    x = table(batch, num_tokens, hidden_dim)
    numpys = torch.from_numpy(np.fft.fft2(x.numpy(), axes=(1, 2)).real.copy())
    close(FourierMixing()(x), numpys)
    close(fourier_mixing(x), numpys)


def test_at_a_size_of_a_network_the_two_agree_too():
    x = table(1, 196, 768)
    close(FourierMixing()(x), fourier_mixing(x), atol=1e-9)


def test_the_layer_is_the_mixing_of_hugging_face():
    theirs = stored("hf_fnet_layer")
    close(FourierMixing()(theirs["x"]), theirs.after("layer0.fourier.self"), 1e-12)


def test_the_matrices_are_the_real_and_the_imaginary_part_of_the_transform():
    cosines, sines = cosines_and_sines(24, table(1))
    transform = torch.fft.fft(torch.eye(24, dtype=torch.double))
    close(torch.complex(cosines, -sines), transform, atol=1e-14)
    # A matrix of the transform is symmetric, and a turn up to its size.
    close(transform, transform.mT)
    turned = transform @ transform.conj() / 24
    close(turned, torch.eye(24, dtype=turned.dtype), atol=1e-13)


def test_both_orders_of_the_two_transforms_are_the_same():
    x = table(2, 7, 5)
    first = torch.fft.fft(torch.fft.fft(x, dim=1), dim=2)
    other = torch.fft.fft(torch.fft.fft(x, dim=2), dim=1)
    close(first, other)
    close(FourierMixing()(x), first.real)
    # It is not the same to drop the imaginary part of each.
    each = torch.fft.fft(torch.fft.fft(x, dim=1).real, dim=2).real
    assert not torch.allclose(each, first.real)


@settings(deadline=None)
@given(sizes, sizes)
def test_the_map_is_linear_and_its_own_transpose(num_tokens, hidden_dim):
    places = num_tokens * hidden_dim
    unit = torch.eye(places, dtype=torch.double).unflatten(1, (num_tokens, hidden_dim))
    matrix = FourierMixing()(unit).flatten(1)
    close(matrix, matrix.mT)
    x = table(2, num_tokens, hidden_dim)
    close(FourierMixing()(x).flatten(1), x.flatten(1) @ matrix)


def test_gradients_are_the_mixing_of_the_cotangent():
    x, cotangent = table(2, 7, 5).requires_grad_(), table(2, 7, 5, seed=1)
    for mix in (FourierMixing(), fourier_mixing):
        (gradient,) = torch.autograd.grad((mix(x) * cotangent).sum(), x)
        close(gradient, FourierMixing()(cotangent))
    assert torch.autograd.gradcheck(FourierMixing(), x)


@settings(deadline=None)
@given(sizes, sizes)
def test_only_the_even_part_is_seen_and_twice_gives_it_back(num_tokens, hidden_dim):
    x, mixing = table(2, num_tokens, hidden_dim), FourierMixing()
    turned = x.flip(1, 2).roll((1, 1), dims=(1, 2))
    even, odd = (x + turned) / 2, (x - turned) / 2
    close(mixing(x), mixing(even))
    close(mixing(odd), torch.zeros_like(odd))
    close(mixing(mixing(x)), num_tokens * hidden_dim * even, atol=1e-9)


@pytest.mark.parametrize(
    ("num_tokens", "hidden_dim", "rank"), [(24, 20, 242), (7, 5, 18), (6, 5, 16)]
)
def test_about_half_of_the_numbers_survive(num_tokens, hidden_dim, rank):
    places = num_tokens * hidden_dim
    unit = torch.eye(places, dtype=torch.double).unflatten(1, (num_tokens, hidden_dim))
    matrix = FourierMixing()(unit).flatten(1)
    assert torch.linalg.matrix_rank(matrix) == rank


@settings(deadline=None)
@given(st.integers(3, 12))
def test_a_mirror_image_is_mirrored_and_no_other_thing_happens(num_tokens):
    x, mixing = table(2, num_tokens, 5), FourierMixing()
    mirror = -torch.arange(num_tokens) % num_tokens
    close(mixing(x[:, mirror]), mixing(x)[:, mirror])
    # To move the tokens by a place does more than to move the results.
    moved = x.roll(1, dims=1)
    assert not torch.allclose(mixing(moved), mixing(x).roll(1, dims=1))
    assert not torch.allclose(mixing(moved), mixing(x))


def test_every_number_reaches_every_other():
    mixing = FourierMixing()
    jacobian = torch.func.jacrev(mixing)(table(1, 7, 5))
    # No cosine of these sizes is zero.
    assert (jacobian.abs() > 1e-6).all()


def test_it_costs_no_parameters_and_no_products_but_by_matrices():
    x = torch.zeros(1, 24, 20)
    assert list(FourierMixing().parameters()) == []
    assert FourierMixing().state_dict() == {}
    with FlopCounterMode(display=False) as counter:
        FourierMixing()(x)
    assert counter.get_total_flops() == 0
    with FlopCounterMode(display=False) as counter:
        fourier_mixing(x)
    assert counter.get_total_flops() == 2 * (2 * 24 * 20 * (24 + 20))


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    x = table(2, 24, 20).to(dtype)
    mixed = FourierMixing()(x)
    assert mixed.dtype == dtype
    close(mixed, FourierMixing()(x.double()).to(dtype), atol=0.5)
    torch.testing.assert_close(mixed, FourierMixing()(x.float()).to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert FourierMixing()(x).dtype == dtype


@pytest.mark.parametrize("shape", [(24, 20), (2, 3, 24, 20), (20,)])
def test_what_is_no_table_is_refused(shape):
    with pytest.raises(
        ValueError, match=r"expected shape \(batch, tokens, channels\), got"
    ):
        FourierMixing()(torch.zeros(shape))
