"""The encoder: its masks, its order of norms, and how it is put together."""

import re

import pytest
import torch
from torch import nn

from labml_style_nn.layers import DropInMixer, FeedForward, MultiHeadAttention
from labml_style_nn.layers.feed_forward import GatedFeedForward
from labml_style_nn.layers.stochastic_depth import linear_rates
from labml_style_nn.models.transformer import Encoder, EncoderLayer
from tests.tensors import draw, randomised, reaction

B, S, C, D, H = 3, 7, 20, 36, 4


def encoder_of(mixing, *sizes, norm_first=True, num_layers=2):
    """Build a stack, with attention or with Mixers."""

    def make_layer(number):
        feed_forward = FeedForward(C, D)
        return EncoderLayer(C, mixing(*sizes), feed_forward, norm_first=norm_first)

    return Encoder(C, num_layers, make_layer, norm_first=norm_first)


# The proof has the numbers of PyTorch, with padding and with a causal mask.
@pytest.mark.parametrize("norm_first", [True, False])
def test_a_rule_holds_in_every_layer(norm_first):
    encoder = randomised(encoder_of(MultiHeadAttention, C, H, norm_first=norm_first))
    apart = (torch.arange(S) - torch.arange(S)[:, None]).abs()
    heard = reaction(lambda x: encoder(x, attn_mask=apart > 1), draw(1, S, C)) > 0
    assert torch.equal(heard, apart <= 2)


@pytest.mark.parametrize("share", ["layer", "mixer"])
def test_a_function_that_returns_what_it_returned_before_is_refused(share):
    mixer = DropInMixer(S, 10)
    layer = EncoderLayer(C, mixer, FeedForward(C, D))

    def make_layer(number):
        return layer if share == "layer" else EncoderLayer(C, mixer, FeedForward(C, D))

    with pytest.raises(ValueError, match="make_layer must make a new layer"):
        Encoder(C, 2, make_layer)
    assert len(Encoder(C, 1, make_layer).layers) == 1


def test_the_function_is_told_the_number_of_the_layer():
    rates = linear_rates(0.3, 8)

    def make_layer(number):
        both, gated = tuple(rates[2 * number :][:2]), GatedFeedForward(C, D)
        mixer = DropInMixer(S, 10)
        return EncoderLayer(C, mixer, gated, stochastic_depth_rates=both)

    encoder, x = Encoder(C, 4, make_layer).double(), draw(16, S, C)
    depths = [d for m in encoder.layers for d in (m.token_depth, m.channel_depth)]
    assert [depth.rate for depth in depths] == rates
    for depth in depths:
        depth.rate = 0.0
    before = encoder(x)
    for depth in depths:
        depth.rate = 0.5
        assert not torch.allclose(encoder(x), before)
        depth.rate = 0.0


def test_dropout_strikes_the_updates_and_leaves_the_sum():
    torch.manual_seed(0)
    mixer, feed_forward, x = DropInMixer(S, 10), FeedForward(C, D), draw(500, S, C)
    layer = EncoderLayer(C, mixer, feed_forward, dropout_rate=0.4).double()
    for last in (feed_forward.fc2, mixer.token_mixing.fc2):
        nn.init.zeros_(last.weight)
        nn.init.ones_(last.bias)
    # Each of two updates of one is dropped, or divided by 0.6.
    times = ((layer(x) - x) * 0.6).round(decimals=9)
    shares = [(times == k).double().mean().item() for k in range(3)]
    assert shares == pytest.approx([0.16, 0.48, 0.36], abs=0.01)


def plain(dim=C, **options):
    """A layer that does nothing."""
    return EncoderLayer(dim, nn.Identity(), nn.Identity(), **options)


ATTENTION, MIXER = encoder_of(MultiHeadAttention, C, H), encoder_of(DropInMixer, S, 10)
X, LONGER, WIDER = (torch.zeros(B, *s) for s in ((S, C), (S + 1, C), (S, C + 1)))
REFUSED = {
    "num_layers must be at least 1, got 0": lambda: encoder_of(None, num_layers=0),
    "dim must be at least 1, got 0": lambda: plain(0),
    "rate must lie in [0, 1), got 1.0": lambda: plain(dropout_rate=1.0),
    "[0, 1), got -0.1": lambda: plain(stochastic_depth_rates=(0.0, -0.1)),
    "eps must be positive, got 0.0": lambda: plain(eps=0.0),
    "(batch, num_tokens, 20), got (3, 7, 21)": lambda: ATTENTION(WIDER),
    "(batch, 7, channels), got (3, 8, 20)": lambda: MIXER(LONGER),
    "padding_mask must be boolean": lambda: ATTENTION(X, key_padding_mask=X[..., 0]),
    "this Mixer is not causal": lambda: MIXER(X, is_causal=True),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused(message):
    with pytest.raises(ValueError, match=re.escape(message)):
        REFUSED[message]()
