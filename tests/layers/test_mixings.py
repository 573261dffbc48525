"""The mixings: which axis they mix, how they begin, and what they refuse or not see."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn import layers
from labml_style_nn.layers.fourier_mixing import fourier_mixing
from labml_style_nn.models.transformer import EncoderLayer
from tests.tensors import close, draw, randomised

S, C, D_S, D_C = 24, 20, 10, 80
sizes = st.integers(1, 12)


def test_the_call_of_a_drop_in_mixer_is_that_of_attention():
    def signature(layer):
        parameters = inspect.signature(layer.forward).parameters.values()
        return [(p.name, p.kind, p.default, p.annotation) for p in parameters]

    assert signature(layers.DropInMixer) == signature(layers.MultiHeadAttention)
    assert signature(layers.DropInMixer)[2:4] == [
        (name, inspect.Parameter.POSITIONAL_OR_KEYWORD, None, torch.Tensor | None)
        for name in ("key", "value")
    ]


def test_a_drop_in_mixer_is_token_mixing_and_nothing_more():
    layer, x = randomised(layers.DropInMixer(S, D_S)), draw(2, S, C)
    for output in (layer(x), layer(x, x), layer(x, x, x), layer(x, value=x)):
        close(output, layer.token_mixing(x), atol=0)


MASK = torch.zeros(S, S, dtype=torch.bool)
REFUSED = [
    ({"attn_mask": MASK}, r"attn_mask must be None, got a mask of shape \(24, 24\)"),
    ({"key_padding_mask": MASK[:2]}, r"key_padding_mask must be None, .* \(2, 24\)"),
    ({"is_causal": True}, "this Mixer is not causal"),
]


@pytest.mark.parametrize(("masks", "message"), REFUSED)
def test_a_mask_is_refused_also_one_that_masks_nothing(masks, message):
    mixer, x = layers.DropInMixer(S, D_S), torch.zeros(2, S, C)
    for layer in (mixer, EncoderLayer(C, mixer, layers.FeedForward(C, 36))):
        with pytest.raises(ValueError, match=message):
            layer(x, **masks)


@pytest.mark.parametrize("name", ["key", "value"])
def test_another_sequence_is_refused_also_a_copy(name):
    x = torch.zeros(2, S, C)
    for other in (x + 1, x.clone()):
        with pytest.raises(ValueError, match=f"{name} must be query, or left out"):
            layers.DropInMixer(S, D_S)(x, **{name: other})


@given(sizes, sizes, sizes)
def test_fourier_mixing_is_the_equation_and_numpys_transform(batch, tokens, channels):
    x = draw(batch, tokens, channels)
    numpys = torch.from_numpy(np.fft.fft2(x.numpy(), axes=(1, 2)).real.copy())
    close(layers.FourierMixing()(x), numpys, 1e-10)
    close(fourier_mixing(x), numpys, 1e-10)


def test_gradients_are_the_mixing_of_the_cotangent():
    x, cotangent = draw(2, 7, 5).requires_grad_(), draw(2, 7, 5, seed=1)
    for mix in (layers.FourierMixing(), fourier_mixing):
        (gradient,) = torch.autograd.grad((mix(x) * cotangent).sum(), x)
        close(gradient, layers.FourierMixing()(cotangent))


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    x = draw(2, S, C, dtype=dtype)
    mixed = layers.FourierMixing()(x)
    assert mixed.dtype == dtype
    close(mixed, layers.FourierMixing()(x.double()).to(dtype), 0.5)
    torch.testing.assert_close(mixed, layers.FourierMixing()(x.float()).to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layers.FourierMixing()(x).dtype == dtype


# The proofs of gMLP have the gradients of the gating unit.
@pytest.mark.parametrize("causal", [False, True])
def test_a_new_unit_lets_the_first_half_pass(causal):
    torch.manual_seed(0)
    unit = layers.SpatialGatingUnit(196, 384, causal)
    z = torch.randn(2, 196, 768)
    torch.testing.assert_close(unit(z), z[..., :384], rtol=1e-3, atol=0)
    assert 0.9e-6 < unit.projection.weight.std() < 1.1e-6
    assert (unit.projection.bias == 1).all()


def test_the_beginning_of_a_text_is_gated_as_in_the_whole_text():
    unit, z = randomised(layers.SpatialGatingUnit(12, 5, causal=True)), draw(2, 12, 10)
    for length in range(1, 13):
        close(unit(z[:, :length]), unit(z)[:, :length])
    with pytest.raises(ValueError, match="expected at most 12 tokens, got 13"):
        unit(draw(2, 13, 10))
    # The upper triangle may hold anything, and never learns.
    before = unit(z)
    above = torch.ones(12, 12).triu(1).bool()
    with torch.no_grad():
        unit.projection.weight[above] = float("inf")
    close(unit(z), before, atol=0)
    unit(z).sum().backward()
    assert (unit.projection.weight.grad[above] == 0).all()
    assert (unit.projection.weight.grad[~above] != 0).all()
