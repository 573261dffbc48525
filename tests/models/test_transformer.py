"""The encoder: PyTorch's numbers in all its forms, and its own properties."""

from itertools import product

import pytest
import torch
from torch import nn

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.feed_forward import FeedForward, GatedFeedForward
from labml_style_nn.layers.stochastic_depth import linear_rates
from labml_style_nn.models.mlp_mixer import MixerBlock
from labml_style_nn.models.transformer import Encoder, EncoderLayer

B, S, C, D, H, N = 3, 7, 20, 36, 4, 2


def randomise(module):
    """Leave nothing at zero or one."""
    for seed, parameter in enumerate(module.parameters()):
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return module.double()


def with_attention(norm_first=True, activation="gelu", eps=1e-6, num_layers=N):
    """Build a stack with attention."""

    def make_layer(number):
        attention, feed_forward = (
            MultiHeadAttention(C, H),
            FeedForward(C, D, activation),
        )
        return EncoderLayer(C, attention, feed_forward, norm_first=norm_first, eps=eps)

    return Encoder(C, num_layers, make_layer, norm_first=norm_first, eps=eps)


def with_mixer(norm_first=True, num_layers=N):
    """Build a stack with Mixers."""

    def make_layer(number):
        mixer, feed_forward = DropInMixer(S, 10), FeedForward(C, D)
        return EncoderLayer(C, mixer, feed_forward, norm_first=norm_first)

    return Encoder(C, num_layers, make_layer, norm_first=norm_first)


def table(seed=1, batch=B):
    """Draw a batch of tables."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, S, C, dtype=torch.double, generator=generator)


# The reference


def hand_over(ours, theirs):
    """Pair our weights with PyTorch's, after copying ours to them."""
    pairs = []
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        parts = [
            (mine.token_mixing.projection, other.self_attn.out_proj),
            (mine.channel_mixing.fc1, other.linear1),
            (mine.channel_mixing.fc2, other.linear2),
            (mine.token_norm, other.norm1),
            (mine.channel_norm, other.norm2),
        ]
        for left, right in parts:
            pairs += [(left.weight, right.weight), (left.bias, right.bias)]
        qkv, attention = mine.token_mixing.qkv, other.self_attn
        pairs += [(qkv.weight, attention.in_proj_weight)]
        pairs += [(qkv.bias, attention.in_proj_bias)]
    if theirs.norm is not None:
        pairs += [(ours.norm.weight, theirs.norm.weight)]
        pairs += [(ours.norm.bias, theirs.norm.bias)]
    assert len(pairs) == len(list(theirs.parameters())) == len(list(ours.parameters()))
    with torch.no_grad():
        for left, right in pairs:
            right.copy_(left)
    return pairs


MASKS = {
    "none": ({}, {}),
    "padding": (
        {"key_padding_mask": torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])},
        {"src_key_padding_mask": torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])},
    ),
    "causal": (
        {"is_causal": True},
        {"mask": torch.ones(S, S, dtype=torch.bool).triu(1)},
    ),
    "band": (
        {"attn_mask": (torch.arange(S) - torch.arange(S)[:, None]).abs() > 2},
        {"mask": (torch.arange(S) - torch.arange(S)[:, None]).abs() > 2},
    ),
}


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("activation", ["gelu", "relu"])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_pytorchs(norm_first, activation, masks, training):
    ours = randomise(with_attention(norm_first, activation, eps=1e-5)).train(training)
    layer = nn.TransformerEncoderLayer(
        C, H, D, 0.0, activation, batch_first=True, norm_first=norm_first
    )
    norm = nn.LayerNorm(C) if norm_first else None
    theirs = nn.TransformerEncoder(layer, N, norm, enable_nested_tensor=False)
    pairs = hand_over(ours, theirs.double().train(training))
    x, y = table().requires_grad_(), table().requires_grad_()
    our_masks, their_masks = MASKS[masks]
    outputs = ours(x, **our_masks), theirs(y, **their_masks)
    for output in outputs:
        (output * table(9)).sum().backward()
    torch.testing.assert_close(*outputs, rtol=0, atol=1e-10)
    torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=1e-10)
    for left, right in pairs:
        torch.testing.assert_close(left.grad, right.grad, rtol=0, atol=1e-10)


def test_in_float32_the_output_is_pytorchs_too():
    ours = randomise(with_attention(eps=1e-5)).float()
    layer = nn.TransformerEncoderLayer(
        C, H, D, 0.0, "gelu", batch_first=True, norm_first=True
    )
    norm = nn.LayerNorm(C)
    theirs = nn.TransformerEncoder(layer, N, norm, enable_nested_tensor=False)
    hand_over(ours, theirs)
    y = theirs(table().float())
    tolerance = 2e-6 * y.abs().max().item()
    torch.testing.assert_close(ours(table().float()), y, rtol=0, atol=tolerance)


def test_with_a_mixer_a_layer_is_a_mixer_block():
    block = randomise(MixerBlock(S, C, 10, D))
    layer = EncoderLayer(C, DropInMixer(S, 10), FeedForward(C, D)).double()
    layer.token_norm.load_state_dict(block.token_norm.state_dict())
    layer.token_mixing.token_mixing.load_state_dict(block.token_mixing.state_dict())
    layer.channel_norm.load_state_dict(block.channel_norm.state_dict())
    layer.channel_mixing.load_state_dict(block.channel_mixing.state_dict())
    torch.testing.assert_close(layer(table()), block(table()), rtol=0, atol=0)


# The counts


# Masks


@pytest.mark.parametrize("norm_first", [True, False])
def test_padding_is_read_by_nobody(norm_first):
    encoder, x = randomise(with_attention(norm_first)), table()
    padding = torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])
    changed = x.masked_fill(padding[:, :, None], 5.0)
    now, before = (encoder(t, key_padding_mask=padding) for t in (changed, x))
    torch.testing.assert_close(now[~padding], before[~padding], rtol=0, atol=1e-12)
    assert not torch.allclose(encoder(changed)[~padding], encoder(x)[~padding])


def test_a_causal_stack_reads_nothing_that_comes_later():
    encoder, x = randomise(with_attention()), table(batch=1)
    jacobian = torch.autograd.functional.jacobian(
        lambda x: encoder(x, is_causal=True), x
    )
    reached = (jacobian != 0).any(dim=5).any(dim=2)[0, :, 0]
    assert torch.equal(reached, torch.ones(S, S, dtype=torch.bool).tril())


@pytest.mark.parametrize(
    "masks",
    [
        {"is_causal": True},
        {"attn_mask": torch.zeros(S, S, dtype=torch.bool)},
        {"key_padding_mask": torch.zeros(B, S, dtype=torch.bool)},
    ],
)
def test_a_stack_with_mixers_says_that_it_knows_no_masks(masks):
    with pytest.raises(ValueError, match="a Mixer cannot"):
        randomise(with_mixer())(table(), **masks)


# Its own properties


@pytest.mark.parametrize("build", [with_attention, with_mixer])
def test_the_layers_of_a_stack_start_apart(build):
    weights = [p for p in build(num_layers=4).parameters() if p.dim() == 2]
    assert len(weights) == 4 * 4
    for index, weight in enumerate(weights):
        for other in weights[:index]:
            assert weight.shape != other.shape or not torch.equal(weight, other)


@pytest.mark.parametrize("share", ["layer", "mixer"])
def test_a_function_that_returns_what_it_returned_before_is_refused(share):
    mixer = DropInMixer(S, 10)
    layer = EncoderLayer(C, mixer, FeedForward(C, D))

    def make_layer(number):
        if share == "layer":
            return layer
        return EncoderLayer(C, mixer, FeedForward(C, D))

    with pytest.raises(ValueError, match="make_layer must make a new layer"):
        Encoder(C, 2, make_layer)
    assert len(Encoder(C, 1, make_layer).layers) == 1


def test_the_function_is_told_the_number_of_the_layer():
    rates = linear_rates(0.3, 8)

    def make_layer(number):
        return EncoderLayer(
            C,
            DropInMixer(S, 10),
            GatedFeedForward(C, D),
            stochastic_depth_rates=(rates[2 * number], rates[2 * number + 1]),
        )

    encoder = Encoder(C, 4, make_layer)
    depths = [
        depth
        for layer in encoder.layers
        for depth in (layer.token_depth, layer.channel_depth)
    ]
    assert [d.rate for d in depths] == rates
    x = table().float()
    assert not torch.equal(encoder(x), encoder(x))
    assert torch.equal(encoder.eval()(x), encoder(x))


@pytest.mark.parametrize(
    ("build", "norm_first"), [*product((with_attention, with_mixer), (True, False))]
)
def test_what_leaves_a_new_stack_is_normalised(build, norm_first):
    y = build(norm_first=norm_first).double()(5 * table())
    ones = torch.ones(B, S, dtype=torch.double)
    torch.testing.assert_close(y.mean(dim=2), 0 * ones, rtol=0, atol=1e-10)
    torch.testing.assert_close(y.var(dim=2, correction=0), ones, rtol=0, atol=1e-4)
    assert isinstance(build(norm_first=norm_first).norm, nn.Identity) != norm_first


def test_a_stack_with_attention_cannot_tell_the_order_and_one_with_mixers_can():
    order = torch.randperm(S, generator=torch.Generator().manual_seed(3))
    assert not torch.equal(order, torch.arange(S))
    for build, knows in ((with_attention, False), (with_mixer, True)):
        encoder = randomise(build())
        now, before = encoder(table()[:, order]), encoder(table())[:, order]
        assert torch.allclose(now, before, atol=1e-10) != knows


@pytest.mark.parametrize("build", [with_attention, with_mixer])
def test_the_sequences_of_a_batch_do_not_meet(build):
    encoder, x = randomise(build()), table()
    alone = torch.cat([encoder(sequence[None]) for sequence in x])
    torch.testing.assert_close(encoder(x), alone, rtol=0, atol=1e-12)
    assert encoder(x[:0]).shape == (0, S, C)


def test_dropout_strikes_the_updates_and_leaves_the_sum():
    torch.manual_seed(0)
    layer = EncoderLayer(
        C, DropInMixer(S, 10), FeedForward(C, D), dropout_rate=0.4
    ).double()
    nn.init.ones_(layer.channel_mixing.fc2.bias)
    nn.init.zeros_(layer.channel_mixing.fc2.weight)
    nn.init.zeros_(layer.token_mixing.token_mixing.fc2.weight)
    nn.init.ones_(layer.token_mixing.token_mixing.fc2.bias)
    x = table(batch=500)
    # Each of two updates of one is dropped, or divided by 0.6.
    times = ((layer(x) - x) * 0.6).round(decimals=9)
    shares = [(times == k).double().mean().item() for k in range(3)]
    assert shares == pytest.approx([0.16, 0.48, 0.36], abs=0.01)


def test_a_training_step_reaches_every_weight():
    for build in (with_attention, with_mixer):
        encoder = build()
        (encoder(table().float()) * table(9).float()).sum().backward()
        for name, parameter in encoder.named_parameters():
            # The bias of the keys moves all scores of a query alike, and softmax does
            # not see it; but it is a third of one tensor here.
            assert parameter.grad.abs().max() > 0, name


def test_export_with_a_free_batch_dimension():
    for build in (with_attention, with_mixer):
        encoder = randomise(build()).eval()
        batch = torch.export.Dim("batch", min=2)
        program = torch.export.export(
            encoder, (table(),), dynamic_shapes={"x": {0: batch}}
        )
        other = table(4, batch=5)
        torch.testing.assert_close(program.module()(other), encoder(other))


# What is refused


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: with_attention(num_layers=0), "num_layers must be at least 1, got 0"),
        (
            lambda: EncoderLayer(0, nn.Identity(), nn.Identity()),
            "dim must be at least 1, got 0",
        ),
        (
            lambda: EncoderLayer(C, nn.Identity(), nn.Identity(), dropout_rate=1.0),
            r"rate must lie in \[0, 1\), got 1.0",
        ),
        (
            lambda: EncoderLayer(
                C, nn.Identity(), nn.Identity(), stochastic_depth_rates=(0.0, -0.1)
            ),
            r"rate must lie in \[0, 1\), got -0.1",
        ),
        (lambda: with_attention(eps=0.0), "eps must be positive, got 0.0"),
        (
            lambda: with_attention()(torch.zeros(B, S, C + 1)),
            r"expected shape \(batch, num_tokens, 20\), got \(3, 7, 21\)",
        ),
        (
            lambda: with_mixer()(torch.zeros(B, S + 1, C)),
            r"expected shape \(batch, 7, channels\), got \(3, 8, 20\)",
        ),
        (
            lambda: with_attention()(
                torch.zeros(B, S, C), key_padding_mask=torch.zeros(B, S)
            ),
            "key_padding_mask must be boolean",
        ),
    ],
)
def test_what_does_not_fit_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
