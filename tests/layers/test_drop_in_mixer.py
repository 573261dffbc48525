"""A Mixer called like attention: the same call, and no silence about what it cannot."""

import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.feed_forward import FeedForward
from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.transformer import EncoderLayer

S, C, D_S = 24, 20, 10


def mixer():
    """Build one with nothing left at zero."""
    torch.manual_seed(0)
    layer = DropInMixer(S, D_S).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    return layer


def table(seed=1, batch=2):
    """Draw a batch of tables."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, S, C, dtype=torch.double, generator=generator)


def test_the_call_is_that_of_attention():
    def signature(layer):
        parameters = inspect.signature(layer.forward).parameters.values()
        return [(p.name, p.kind, p.default, p.annotation) for p in parameters]

    assert signature(DropInMixer) == signature(MultiHeadAttention)
    assert signature(DropInMixer)[2:4] == [
        (name, inspect.Parameter.POSITIONAL_OR_KEYWORD, None, torch.Tensor | None)
        for name in ("key", "value")
    ]


def test_it_is_token_mixing_and_nothing_more():
    layer, x = mixer(), table()
    mixing = TokenMixing(S, D_S).double()
    mixing.load_state_dict(layer.token_mixing.state_dict())
    for output in (layer(x), layer(x, x), layer(x, x, x), layer(x, value=x)):
        torch.testing.assert_close(output, mixing(x), rtol=0, atol=0)
    assert {name for name, _ in layer.named_parameters()} == {
        f"token_mixing.{name}" for name, _ in mixing.named_parameters()
    }


@given(st.integers(0, 2**16))
@settings(deadline=None)
def test_it_knows_the_order_of_the_tokens_and_attention_does_not(seed):
    x = table(seed)
    torch.manual_seed(seed)
    turned = torch.roll(torch.arange(S), 1)
    attention, layer = MultiHeadAttention(C, 4).double(), DropInMixer(S, D_S).double()
    assert torch.allclose(attention(x[:, turned]), attention(x)[:, turned])
    assert not torch.allclose(layer(x[:, turned]), layer(x)[:, turned])


def test_positions_that_are_added_reach_its_hidden_layer_as_a_constant():
    layer, positions = mixer(), torch.randn(S, C, dtype=torch.double)
    fc1 = layer.token_mixing.fc1
    for seed in range(3):
        x = table(seed)
        shift = fc1(x + positions) - fc1(x)
        constant = (fc1.weight @ positions).expand_as(shift)
        torch.testing.assert_close(shift, constant, rtol=0, atol=1e-10)


def test_it_adds_no_positions():
    # A table of zeros has nothing but what the biases give: the same in every channel.
    output = mixer()(torch.zeros(2, S, C, dtype=torch.double))
    torch.testing.assert_close(output, output[:1, :, :1].expand_as(output))


@pytest.mark.parametrize(
    "build", [lambda: MultiHeadAttention(C, 4), lambda: DropInMixer(S, D_S)]
)
def test_an_encoder_layer_takes_either_without_change(build):
    torch.manual_seed(0)
    mixing, feed_forward = build().double(), FeedForward(C, 36).double()
    layer = EncoderLayer(C, mixing, feed_forward).double()
    x = table().requires_grad_()
    y = layer(x)
    u = x + mixing(layer.token_norm(x))
    expected = u + feed_forward(layer.channel_norm(u))
    torch.testing.assert_close(y, expected, rtol=0, atol=0)
    (y * torch.randn_like(y)).sum().backward()
    assert all(p.grad.abs().max() > 0 for p in mixing.parameters() if p.dim() == 2)


MASK = torch.zeros(S, S, dtype=torch.bool)
PADDING = torch.zeros(2, S, dtype=torch.bool)
REFUSED = [
    ({"attn_mask": MASK}, r"attn_mask must be None, got a mask of shape \(24, 24\)"),
    ({"key_padding_mask": PADDING}, r"key_padding_mask must be None, got .* \(2, 24\)"),
    ({"is_causal": True}, "a Mixer cannot be causal"),
]


@pytest.mark.parametrize(("masks", "message"), REFUSED)
def test_a_mask_is_refused_also_one_that_masks_nothing(masks, message):
    with pytest.raises(ValueError, match=message):
        mixer()(table(), **masks)
    layer = EncoderLayer(C, mixer(), FeedForward(C, 36).double()).double()
    with pytest.raises(ValueError, match=message):
        layer(table(), **masks)


@pytest.mark.parametrize("name", ["key", "value"])
def test_another_sequence_is_refused_also_a_copy(name):
    x = table()
    for other in (table(2), x.clone()):
        with pytest.raises(ValueError, match=f"{name} must be query, or left out"):
            mixer()(x, **{name: other})


@pytest.mark.parametrize("shape", [(2, S + 1, C), (2, S - 1, C), (S, C)])
def test_a_sequence_of_another_length_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected shape \(batch, 24, channels\)"):
        DropInMixer(S, D_S)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, D_S), "num_tokens must be at least 1, got 0"),
        ((S, 0), "tokens_mlp_dim must be at least 1, got 0"),
        ((S, D_S, 1.0), r"rate must lie in \[0, 1\), got 1.0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        DropInMixer(*sizes)
