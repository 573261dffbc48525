"""What every layer must do: begin, be saved, exported, made smaller, and refuse."""

import re

import pytest
import torch
from torch import nn

from labml_style_nn import layers
from labml_style_nn.layers import (
    GELU,
    MLP,
    Affine,
    BatchNorm,
    ChannelMixing,
    ClassificationHead,
    DepthwiseConvolution,
    DropInMixer,
    Dropout,
    FeedForward,
    FourierMixing,
    GatedFeedForward,
    GlobalAveragePooling,
    GroupNorm,
    LayerNorm,
    LayerScale,
    LearnedPositions,
    Linear,
    MultiHeadAttention,
    PatchEmbedding,
    PointwiseConvolution,
    PoolMixing,
    SinusoidalPositions,
    SkipConnection,
    SpatialGatingUnit,
    StochasticDepth,
    TokenEmbedding,
    TokenMixing,
)
from labml_style_nn.layers.feed_forward import gated_width
from labml_style_nn.layers.layer_scale import depth_dependent_value
from labml_style_nn.layers.spatial_gating import CausalTokenLinear
from labml_style_nn.layers.token_mixing import TokenLinear
from tests.tensors import close, draw, gradients, randomised

TABLE, PICTURES, MAP = (3, 24, 20), (3, 5, 6, 8), (3, 6, 8, 20)
# How a layer is built, and what it reads: batches of tables, of pictures whose channels
# stand first, or of maps whose channels stand last.
LAYERS = {
    "affine": (lambda: Affine(20), TABLE),
    "attention": (lambda: MultiHeadAttention(20, 4), TABLE),
    "batch_norm": (lambda: BatchNorm(5), PICTURES),
    "causal_token_linear": (lambda: CausalTokenLinear(24), TABLE),
    "channel_mixing": (lambda: ChannelMixing(20, 80), TABLE),
    "depthwise_convolution": (lambda: DepthwiseConvolution(5, 4), PICTURES),
    "drop_in_mixer": (lambda: DropInMixer(24, 10), TABLE),
    "dropout": (lambda: Dropout(0.2), TABLE),
    "feed_forward": (lambda: FeedForward(20, 36), TABLE),
    "fourier_mixing": (FourierMixing, TABLE),
    "gated_feed_forward": (lambda: GatedFeedForward(20, 36), TABLE),
    "gelu": (GELU, TABLE),
    "group_norm": (lambda: GroupNorm(20, 4), MAP),
    "head": (lambda: ClassificationHead(20, 7), TABLE),
    "layer_norm": (lambda: LayerNorm(20), TABLE),
    "layer_scale": (lambda: LayerScale(20, 0.1), TABLE),
    "learned_positions": (lambda: LearnedPositions(50, 20), TABLE),
    "linear": (lambda: Linear(20, 36), TABLE),
    "mlp": (lambda: MLP(20, 36), TABLE),
    "patch_embedding": (lambda: PatchEmbedding((6, 8), 2, 5, 20), PICTURES),
    "pointwise_convolution": (lambda: PointwiseConvolution(5, 7), PICTURES),
    "pooling": (GlobalAveragePooling, TABLE),
    "pool_mixing": (PoolMixing, MAP),
    "sinusoidal_positions": (lambda: SinusoidalPositions(50, 20), TABLE),
    "skip_connection": (lambda: SkipConnection(Linear(20, 20)), TABLE),
    "spatial_gating": (lambda: SpatialGatingUnit(24, 10), TABLE),
    "causal_gating": (lambda: SpatialGatingUnit(24, 10, causal=True), TABLE),
    "stochastic_depth": (lambda: StochasticDepth(0.2), TABLE),
    "token_embedding": (lambda: TokenEmbedding(30, 20), (3, 24)),
    "token_linear": (lambda: TokenLinear(24, 10), TABLE),
    "token_mixing": (lambda: TokenMixing(24, 10), TABLE),
}
each = pytest.mark.parametrize("name", LAYERS)


def trained(name):
    """A layer with other weights than it began with, in float64."""
    return randomised(LAYERS[name][0]()).eval()


def batch(name, size=3, seed=0):
    """What a layer reads."""
    shape = (size, *LAYERS[name][1][1:])
    if name != "token_embedding":
        return draw(*shape, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(30, shape, generator=generator)


def test_every_layer_is_in_the_table():
    public = {getattr(layers, name) for name in layers.__all__}
    kinds = {kind for kind in public if isinstance(kind, type)}
    assert kinds <= {type(build()) for build, _ in LAYERS.values()}


@each
def test_it_has_its_shapes_before_it_has_numbers(name):
    with torch.device("meta"):
        layer = LAYERS[name][0]().double().eval()
    y = layer(batch(name).to("meta"))
    assert y.shape == trained(name)(batch(name)).shape


@each
def test_once_it_has_memory_it_can_begin_anew(name):
    torch.manual_seed(0)
    with torch.device("meta"):
        layer = LAYERS[name][0]()
    layer.to_empty(device="cpu")
    numbers = dict([*layer.named_parameters(), *layer.named_buffers()])
    for tensor in numbers.values():
        tensor.detach().fill_(-77)
    layer.apply(lambda module: getattr(module, "reset_parameters", lambda: None)())
    other = LAYERS[name][0]()
    for key, expected in (*other.named_parameters(), *other.named_buffers()):
        found = numbers[key]
        if len(expected.unique()) == 1 or not expected.requires_grad:
            assert torch.equal(found, expected), key
        else:
            assert not torch.equal(found, expected), key
            assert 1 / 3 < found.std() / expected.std() < 3, key


@each
def test_its_state_is_all_that_it_learned(name):
    layer, other = trained(name), LAYERS[name][0]().double().eval()
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(batch(name)), layer(batch(name)))


@each
def test_a_loss_depends_on_every_number_and_on_every_weight(name):
    layer, x = trained(name), batch(name)
    # Of a group norm whose input needs no gradient, PyTorch 2.13 cannot go back: it
    # crashes where channels stand last in memory.
    inputs = [x.requires_grad_()] if x.is_floating_point() else []
    for gradient in gradients(layer(x), [*inputs, *layer.parameters()]):
        assert gradient.abs().max() > 1e-9


@each
def test_what_stands_in_one_batch_does_not_meet_and_may_be_nothing(name):
    layer, x = trained(name), batch(name)
    close(layer(x), torch.cat([layer(one[None]) for one in x]))
    assert layer(x[:0]).shape == (0, *layer(x).shape[1:])


@each
def test_it_can_be_exported_with_a_free_batch_dimension(name):
    layer = trained(name)
    sizes = ({0: torch.export.Dim("batch", min=2)},)
    program = torch.export.export(layer, (batch(name),), dynamic_shapes=sizes)
    other = batch(name, 5, seed=1)
    torch.testing.assert_close(program.module()(other), layer(other))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float, 2e-6), (torch.bfloat16, 0.05)]
)
@each
def test_in_lower_precision_it_is_near(name, dtype, tolerance):
    layer, x = trained(name), batch(name)
    expected = layer(x)
    y = layer.to(dtype)(x.to(dtype) if x.is_floating_point() else x)
    assert y.dtype == dtype
    scale = max(expected.abs().max().item(), 0.5)
    close(y.double(), expected, tolerance * scale)


# What is refused

RATE = r"rate must lie in [0, 1), got"
SIZES = [
    (lambda: Affine(0), "dim must be at least 1, got 0"),
    (lambda: MultiHeadAttention(0, 1), "dim must be at least 1, got 0"),
    (lambda: MultiHeadAttention(24, 0), "num_heads must be at least 1, got 0"),
    (
        lambda: MultiHeadAttention(24, 5),
        "dim must be a multiple of num_heads, got 24 and 5",
    ),
    (lambda: MultiHeadAttention(24, 3, 1.0), f"dropout_{RATE} 1.0"),
    (lambda: BatchNorm(0), "channels must be at least 1, got 0"),
    (lambda: BatchNorm(3, eps=0), "eps must be positive, got 0"),
    (lambda: BatchNorm(3, eps=float("nan")), "eps must be positive, got nan"),
    (lambda: BatchNorm(3, momentum=-0.1), "[0, 1], got -0.1"),
    (lambda: BatchNorm(3, momentum=1.5), "[0, 1], got 1.5"),
    (lambda: BatchNorm(3, momentum=float("nan")), "[0, 1], got nan"),
    (lambda: CausalTokenLinear(0), "in_features must be at least 1, got 0"),
    (lambda: ChannelMixing(0, 80), "hidden_dim must be at least 1, got 0"),
    (lambda: ChannelMixing(20, 0), "channels_mlp_dim must be at least 1, got 0"),
    (lambda: DepthwiseConvolution(0, 3), "channels must be at least 1, got 0"),
    (lambda: DepthwiseConvolution(3, -3), "kernel_size must be at least 1, got -3"),
    (lambda: DropInMixer(0, 10), "num_tokens must be at least 1, got 0"),
    (lambda: DropInMixer(24, 0), "tokens_mlp_dim must be at least 1, got 0"),
    (lambda: DropInMixer(24, 10, 1.0), f"{RATE} 1.0"),
    (lambda: Dropout(-0.1), f"{RATE} -0.1"),
    (lambda: Dropout(1), f"{RATE} 1"),
    (lambda: FeedForward(0, 36), "dim must be at least 1, got 0"),
    (lambda: FeedForward(20, -1), "hidden_dim must be at least 1, got -1"),
    (lambda: FeedForward(20, 36, "tanh"), "must be one of 'gelu', 'relu'"),
    (lambda: FeedForward(20, 36, dropout_rate=1.0), f"{RATE} 1.0"),
    (lambda: GatedFeedForward(0, 36), "dim must be at least 1, got 0"),
    (lambda: GatedFeedForward(20, 0), "hidden_dim must be at least 1, got 0"),
    (lambda: GatedFeedForward(20, 36, "swish"), "got 'swish'"),
    (lambda: GatedFeedForward(20, 36, "relu", -1.0), f"{RATE} -1.0"),
    (lambda: gated_width(0), "hidden_dim must be at least 1, got 0"),
    (lambda: GELU("sigmoid"), "must be 'none' or 'tanh', got 'sigmoid'"),
    (lambda: GroupNorm(0), "dim must be at least 1, got 0"),
    (lambda: GroupNorm(20, 0), "num_groups must be at least 1, got 0"),
    (lambda: GroupNorm(20, 3), "dim must be a multiple of num_groups, got 20 and 3"),
    (lambda: GroupNorm(20, eps=0.0), "eps must be positive, got 0.0"),
    (lambda: GroupNorm(20, eps=float("nan")), "eps must be positive, got nan"),
    (lambda: ClassificationHead(0, 7), "hidden_dim must be at least 1, got 0"),
    (lambda: ClassificationHead(20, 0), "num_classes must be at least 1, got 0"),
    (lambda: LayerNorm(0), "dim must be at least 1, got 0"),
    (lambda: LayerNorm(8, eps=0), "eps must be positive, got 0"),
    (lambda: LayerScale(0, 0.1), "dim must be at least 1, got 0"),
    (lambda: LayerScale(20, 0.0), "initial_value must be positive, got 0.0"),
    (lambda: LayerScale(20, -0.1), "initial_value must be positive, got -0.1"),
    (lambda: LayerScale(20, float("nan")), "initial_value must be positive, got nan"),
    (lambda: depth_dependent_value(0), "num_layers must be at least 1, got 0"),
    (lambda: LearnedPositions(0, 20), "max_len must be at least 1, got 0"),
    (lambda: LearnedPositions(50, -2), "dim must be at least 1, got -2"),
    (lambda: Linear(0, 3), "in_features must be at least 1, got 0"),
    (lambda: Linear(5, -1), "out_features must be at least 1, got -1"),
    (lambda: MLP(0, 4), "dim must be at least 1, got 0"),
    (lambda: MLP(4, 0), "hidden_dim must be at least 1, got 0"),
    (lambda: MLP(4, 4, 1.0), f"{RATE} 1.0"),
    (
        lambda: PatchEmbedding(30, 4, 3, 5),
        "multiple of patch_size, got (30, 30) and (4, 4)",
    ),
    (lambda: PatchEmbedding((16, 18), 4, 3, 5), "multiple of patch_size, got"),
    (lambda: PatchEmbedding((18, 16), 4, 3, 5), "multiple of patch_size, got"),
    (lambda: PatchEmbedding(4, 8, 3, 5), "multiple of patch_size, got"),
    (lambda: PatchEmbedding(0, 4, 3, 5), "image_size must be at least 1, got 0"),
    (lambda: PatchEmbedding((8, -8), 4, 3, 5), "image_size must be at least 1, got -8"),
    (lambda: PatchEmbedding(8, 0, 3, 5), "patch_size must be at least 1, got 0"),
    (lambda: PatchEmbedding(8, 4, 0, 5), "in_channels must be at least 1, got 0"),
    (lambda: PatchEmbedding(8, 4, 3, 0), "hidden_dim must be at least 1, got 0"),
    (lambda: PatchEmbedding((8, 8, 8), 4, 3, 5), "image_size must be a number or "),
    (lambda: PointwiseConvolution(0, 3), "in_channels must be at least 1, got 0"),
    (lambda: PointwiseConvolution(3, -3), "out_channels must be at least 1, got -3"),
    (lambda: PoolMixing(-3), "pool_size must be at least 1, got -3"),
    (lambda: PoolMixing(4), "pool_size must be odd, so that a square has a middle"),
    (lambda: SinusoidalPositions(0, 20), "max_len must be at least 1, got 0"),
    (lambda: SinusoidalPositions(50, -2), "dim must be at least 1, got -2"),
    (
        lambda: SinusoidalPositions(50, 21),
        "dim must be even, a sine and a cosine each",
    ),
    (lambda: SkipConnection(nn.Identity(), 1), f"{RATE} 1"),
    (lambda: SpatialGatingUnit(0, 5), "num_tokens must be at least 1, got 0"),
    (lambda: SpatialGatingUnit(12, -2), "gate_dim must be at least 1, got -2"),
    (lambda: StochasticDepth(-0.1), f"{RATE} -0.1"),
    (lambda: StochasticDepth(2), f"{RATE} 2"),
    (lambda: TokenEmbedding(0, 20), "vocabulary_size must be at least 1, got 0"),
    (lambda: TokenEmbedding(50, -2), "dim must be at least 1, got -2"),
    (lambda: TokenMixing(0, 10), "num_patches must be at least 1, got 0"),
    (lambda: TokenMixing(24, -1), "tokens_mlp_dim must be at least 1, got -1"),
    (lambda: TokenMixing(4, 4, -0.5), f"{RATE} -0.5"),
]


@pytest.mark.parametrize(("make", "message"), SIZES)
def test_sizes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


# What each expects, and shapes that PyTorch alone would stretch, turn or take.
SHAPES = {
    "affine": ("..., 20", [(3, 24, 21), (3, 20, 24), (3, 24, 1), ()]),
    "attention": ("batch, queries, 20", [(3, 24, 19), (24, 20)]),
    "batch_norm": ("batch, 5, height, width", [(3, 4, 6, 8), (3, 5, 6), (5, 6, 8)]),
    "causal_gating": ("batch, length, 20", [(3, 24, 21), (20,)]),
    "channel_mixing": ("..., 20", [(3, 24, 21)]),
    "depthwise_convolution": (
        "batch, 5, height, width",
        [(3, 4, 6, 8), (3, 5, 6), (5, 6, 8)],
    ),
    "drop_in_mixer": ("batch, 24, channels", [(3, 25, 20), (3, 23, 20), (24, 20)]),
    "feed_forward": ("..., 20", [(3, 21)]),
    "fourier_mixing": ("batch, tokens, channels", [(24, 20), (2, 3, 24, 20), (20,)]),
    "gated_feed_forward": ("..., 20", [(3, 21)]),
    "group_norm": ("..., places, 20", [(3, 6, 8, 21), (20,), (3, 20, 6)]),
    "head": ("batch, tokens, 20", [(3, 24, 21), (24, 20)]),
    "layer_norm": ("..., 20", [(3, 24, 19), (3, 24, 1)]),
    "layer_scale": ("..., 20", [(3, 24, 21), (3, 24, 1), ()]),
    "learned_positions": ("batch, tokens, 20", [(3, 24, 19), (24, 20)]),
    "mlp": ("..., 20", [(21,), (3, 20, 24)]),
    "patch_embedding": (
        "batch, 5, 6, 8",
        [(3, 1, 6, 8), (3, 5, 8, 6), (3, 5, 6, 12), (5, 6, 8)],
    ),
    "pointwise_convolution": (
        "batch, 5, height, width",
        [(3, 4, 6, 8), (3, 5, 6), (5, 6, 8)],
    ),
    "pooling": ("batch, tokens, channels", [(24, 20)]),
    "pool_mixing": ("batch, height, width, channels", [(3, 24, 20)]),
    "sinusoidal_positions": ("batch, tokens, 20", [(3, 24, 19), (24, 20)]),
    "spatial_gating": (
        "batch, 24, 20",
        [(3, 23, 20), (3, 24, 10), (3, 20, 24), (24, 20)],
    ),
    "token_mixing": ("batch, 24, channels", [(3, 25, 20), (3, 20, 24), (24, 20)]),
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name, (_, shapes) in SHAPES.items() for shape in shapes],
)
def test_a_shape_that_does_not_fit_is_refused(name, shape):
    message = f"expected shape ({SHAPES[name][0]}), got {shape}"
    with pytest.raises(ValueError, match=re.escape(message)):
        trained(name)(torch.zeros(shape).double())
