"""A Mixer called like attention: the same call, and no silence about what it cannot."""

import inspect

import pytest
import torch

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.feed_forward import FeedForward
from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.transformer import EncoderLayer
from tests.tensors import close, draw, randomised

S, C, D_S = 24, 20, 10


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
    layer, x = randomised(DropInMixer(S, D_S)), draw(2, S, C)
    mixing = TokenMixing(S, D_S).double()
    mixing.load_state_dict(layer.token_mixing.state_dict())
    for output in (layer(x), layer(x, x), layer(x, x, x), layer(x, value=x)):
        close(output, mixing(x), atol=0)
    assert {name for name, _ in layer.named_parameters()} == {
        f"token_mixing.{name}" for name, _ in mixing.named_parameters()
    }


MASK = torch.zeros(S, S, dtype=torch.bool)
PADDING = torch.zeros(2, S, dtype=torch.bool)
REFUSED = [
    ({"attn_mask": MASK}, r"attn_mask must be None, got a mask of shape \(24, 24\)"),
    ({"key_padding_mask": PADDING}, r"key_padding_mask must be None, got .* \(2, 24\)"),
    ({"is_causal": True}, "a Mixer cannot be causal"),
]


@pytest.mark.parametrize(("masks", "message"), REFUSED)
def test_a_mask_is_refused_also_one_that_masks_nothing(masks, message):
    mixer, x = DropInMixer(S, D_S), torch.zeros(2, S, C)
    for layer in (mixer, EncoderLayer(C, mixer, FeedForward(C, 36))):
        with pytest.raises(ValueError, match=message):
            layer(x, **masks)


@pytest.mark.parametrize("name", ["key", "value"])
def test_another_sequence_is_refused_also_a_copy(name):
    x = torch.zeros(2, S, C)
    for other in (x + 1, x.clone()):
        with pytest.raises(ValueError, match=f"{name} must be query, or left out"):
            DropInMixer(S, D_S)(x, **{name: other})
