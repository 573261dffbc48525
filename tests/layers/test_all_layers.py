"""What every layer must do: begin, be saved, exported, made smaller, and refuse."""

import re

import pytest
import torch

from labml_style_nn import layers
from labml_style_nn.layers.feed_forward import gated_width
from labml_style_nn.layers.layer_scale import depth_dependent_value
from labml_style_nn.layers.spatial_gating import CausalTokenLinear
from tests.models.networks import MODELS
from tests.models.networks import build as build_model
from tests.tensors import begins_anew, close, draw, gradients, randomised

# How a layer is built, by what it reads: batches of tables, of pictures whose channels
# stand first, of maps whose channels stand last, or of tokens.
TABLE, PICTURES, MAP, TEXT = (24, 20), (5, 6, 8), (6, 8, 20), (24,)
BUILT = {
    TABLE: """
        Affine(20); MultiHeadAttention(20, 4); CausalTokenLinear(24)
        ChannelMixing(20, 80); DropInMixer(24, 10); Dropout(0.2); FeedForward(20, 36)
        FourierMixing(); GatedFeedForward(20, 36); GELU(); ClassificationHead(20, 7)
        LayerNorm(20); LayerScale(20, 0.1); LearnedPositions(50, 20); Linear(20, 36)
        MLP(20, 36); GlobalAveragePooling(); SinusoidalPositions(50, 20)
        SkipConnection(Linear(20, 20)); SpatialGatingUnit(24, 10)
        SpatialGatingUnit(24, 10, causal=True); StochasticDepth(0.2)
        TokenLinear(24, 10); TokenMixing(24, 10)""",
    PICTURES: """
        BatchNorm(5); DepthwiseConvolution(5, 4); PatchEmbedding((6, 8), 2, 5, 20)
        PointwiseConvolution(5, 7)""",
    MAP: "GroupNorm(20, 4); PoolMixing()",
    TEXT: "TokenEmbedding(30, 20)",
}


def calls(text):
    """The calls of a text, which stand in lines or between semicolons."""
    return [call.strip() for call in re.split(r"[;\n]", text) if call.strip()]


LAYERS = {call: shape for shape, text in BUILT.items() for call in calls(text)}
NAMES = vars(layers) | {
    thing.__name__: thing
    for thing in (CausalTokenLinear, depth_dependent_value, gated_width)
}
each = pytest.mark.parametrize("name", LAYERS)


def build(call):
    """A new layer."""
    return eval(call, dict(NAMES))


def trained(name):
    """A layer with other weights than it began with, in float64."""
    return randomised(build(name)).eval()


def batch(name, size=3, seed=0):
    """What a layer reads."""
    shape = (size, *LAYERS[name])
    if LAYERS[name] != TEXT:
        return draw(*shape, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(30, shape, generator=generator)


def test_every_layer_is_in_the_table():
    public = {getattr(layers, name) for name in layers.__all__}
    kinds = {kind for kind in public if isinstance(kind, type)}
    assert kinds <= {type(build(name)) for name in LAYERS}


@each
def test_once_it_has_memory_it_can_begin_anew(name):
    begins_anew(lambda: build(name))


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


# The others are exported as parts of the models.
USED = {type(m) for model in MODELS for m in build_model(model).modules()}


@pytest.mark.parametrize("name", [n for n in LAYERS if type(build(n)) not in USED])
def test_it_can_be_exported_with_a_free_batch_dimension(name):
    layer = trained(name)
    sizes = ({0: torch.export.Dim("batch", min=2)},)
    program = torch.export.export(layer, (batch(name),), dynamic_shapes=sizes)
    other = batch(name, 5, seed=1)
    torch.testing.assert_close(program.module()(other), layer(other))


@each
def test_in_lower_precision_it_is_near(name):
    layer, x = trained(name), batch(name)
    expected = layer(x)
    scale = max(expected.abs().max().item(), 0.5)
    for dtype, tolerance in ((torch.float, 2e-6), (torch.bfloat16, 0.05)):
        y = trained(name).to(dtype)(x.to(dtype) if x.is_floating_point() else x)
        assert y.dtype == dtype
        close(y.double(), expected, tolerance * scale)


@pytest.mark.parametrize(
    "name", [n for n, x in LAYERS.items() if x in (PICTURES, MAP) and "Patch" not in n]
)
def test_the_layout_of_the_memory_is_kept(name):
    layer, numbers = trained(name).train(), []
    layouts = torch.contiguous_format, torch.channels_last
    for layout in layouts[: 1 if LAYERS[name] == MAP else 2]:
        x = batch(name).to(memory_format=layout).requires_grad_()
        y = layer.to(memory_format=layout)(x)
        numbers += [y, *gradients(y, [x])]
        for tensor in numbers[-2:]:
            assert tensor.is_contiguous(memory_format=layout)
    for one, other in zip(numbers, numbers[:2] * 2, strict=False):
        close(one, other)


# What is refused: in a line what is said, and the calls that are told so.

AT_LEAST_1 = """
channels, got 0: BatchNorm(0); DepthwiseConvolution(0, 3)
channels_mlp_dim, got 0: ChannelMixing(20, 0)
dim, got -2: LearnedPositions(50, -2); SinusoidalPositions(50, -2)
dim, got -2: TokenEmbedding(50, -2)
dim, got 0: Affine(0); MultiHeadAttention(0, 1); FeedForward(0, 36); GroupNorm(0)
dim, got 0: GatedFeedForward(0, 36); LayerNorm(0); LayerScale(0, 0.1); MLP(0, 4)
gate_dim, got -2: SpatialGatingUnit(12, -2)
hidden_dim, got -1: FeedForward(20, -1)
hidden_dim, got 0: ChannelMixing(0, 80); ClassificationHead(0, 7); gated_width(0)
hidden_dim, got 0: GatedFeedForward(20, 0); PatchEmbedding(8, 4, 3, 0); MLP(4, 0)
image_size, got -8: PatchEmbedding((8, -8), 4, 3, 5)
image_size, got 0: PatchEmbedding(0, 4, 3, 5)
in_channels, got 0: PatchEmbedding(8, 4, 0, 5); PointwiseConvolution(0, 3)
in_features, got 0: CausalTokenLinear(0); Linear(0, 3)
kernel_size, got -3: DepthwiseConvolution(3, -3)
max_len, got 0: LearnedPositions(0, 20); SinusoidalPositions(0, 20)
num_classes, got 0: ClassificationHead(20, 0)
num_groups, got 0: GroupNorm(20, 0)
num_heads, got 0: MultiHeadAttention(24, 0)
num_layers, got 0: depth_dependent_value(0)
num_patches, got 0: TokenMixing(0, 10)
num_tokens, got 0: DropInMixer(0, 10); SpatialGatingUnit(0, 5)
out_channels, got -3: PointwiseConvolution(3, -3)
out_features, got -1: Linear(5, -1)
patch_size, got 0: PatchEmbedding(8, 0, 3, 5)
pool_size, got -3: PoolMixing(-3)
tokens_mlp_dim, got -1: TokenMixing(24, -1)
tokens_mlp_dim, got 0: DropInMixer(24, 0)
vocabulary_size, got 0: TokenEmbedding(0, 20)
"""
REFUSED = """
dim must be a multiple of num_heads, got 24 and 5: MultiHeadAttention(24, 5)
dim must be a multiple of num_groups, got 20 and 3: GroupNorm(20, 3)
dim must be even, a sine and a cosine each: SinusoidalPositions(50, 21)
multiple of patch_size, got (30, 30) and (4, 4): PatchEmbedding(30, 4, 3, 5)
multiple of patch_size: PatchEmbedding((16, 18), 4, 3, 5); PatchEmbedding(4, 8, 3, 5)
multiple of patch_size: PatchEmbedding((18, 16), 4, 3, 5)
image_size must be a number or : PatchEmbedding((8, 8, 8), 4, 3, 5)
pool_size must be odd, so that a square has a middle: PoolMixing(4)
dropout_rate must lie in [0, 1), got 1.0: MultiHeadAttention(24, 3, 1.0)
rate must lie in [0, 1): Dropout(-0.1); Dropout(1); Dropout(float('inf'))
rate must lie in [0, 1): Dropout(float('nan')); StochasticDepth(-0.1)
rate must lie in [0, 1): StochasticDepth(2); TokenMixing(4, 4, -0.5); MLP(4, 4, 1.0)
rate must lie in [0, 1): SkipConnection(GELU(), 1); DropInMixer(24, 10, 1.0)
rate must lie in [0, 1): FeedForward(20, 36, dropout_rate=1.0)
rate must lie in [0, 1): GatedFeedForward(20, 36, 'relu', -1.0)
[0, 1], got -0.1: BatchNorm(3, momentum=-0.1)
[0, 1], got 1.5: BatchNorm(3, momentum=1.5)
[0, 1], got nan: BatchNorm(3, momentum=float('nan'))
eps must be positive, got 0: BatchNorm(3, eps=0); LayerNorm(8, eps=0)
eps must be positive, got 0.0: GroupNorm(20, eps=0.0)
eps must be positive, got nan: BatchNorm(3, eps=float('nan'))
eps must be positive, got nan: GroupNorm(20, eps=float('nan'))
initial_value must be positive, got -0.1: LayerScale(20, -0.1)
initial_value must be positive, got 0.0: LayerScale(20, 0.0)
initial_value must be positive, got nan: LayerScale(20, float('nan'))
must be one of 'gelu', 'relu': FeedForward(20, 36, 'tanh')
got 'swish': GatedFeedForward(20, 36, 'swish')
must be 'none' or 'tanh', got 'sigmoid': GELU('sigmoid')
"""


@pytest.mark.parametrize("line", (AT_LEAST_1.strip() + REFUSED).splitlines())
def test_sizes_that_do_not_fit_are_refused(line):
    message, _, wrong = line.partition(": ")
    if line in AT_LEAST_1:
        message = message.replace(",", " must be at least 1,")
    for call in calls(wrong):
        with pytest.raises(ValueError, match=re.escape(message)):
            build(call)


# What each expects, and shapes that PyTorch alone would stretch, turn or take.
SHAPES = """
Affine(20) | ..., 20 | (3, 24, 21); (3, 20, 24); (3, 24, 1); ()
MultiHeadAttention(20, 4) | batch, queries, 20 | (3, 24, 19); (24, 20)
BatchNorm(5) | batch, 5, height, width | (3, 4, 6, 8); (3, 5, 6); (5, 6, 8)
SpatialGatingUnit(24, 10, causal=True) | batch, length, 20 | (3, 24, 21); (20,)
ChannelMixing(20, 80) | ..., 20 | (3, 24, 21)
DepthwiseConvolution(5, 4) | batch, 5, height, width | (3, 4, 6, 8); (3, 5, 6)
DepthwiseConvolution(5, 4) | batch, 5, height, width | (5, 6, 8)
DropInMixer(24, 10) | batch, 24, channels | (3, 25, 20); (3, 23, 20); (24, 20)
FeedForward(20, 36) | ..., 20 | (3, 21)
FourierMixing() | batch, tokens, channels | (24, 20); (2, 3, 24, 20); (20,)
GatedFeedForward(20, 36) | ..., 20 | (3, 21)
GroupNorm(20, 4) | ..., places, 20 | (3, 6, 8, 21); (20,); (3, 20, 6)
ClassificationHead(20, 7) | batch, tokens, 20 | (3, 24, 21); (24, 20)
LayerNorm(20) | ..., 20 | (3, 24, 19); (3, 24, 1)
LayerScale(20, 0.1) | ..., 20 | (3, 24, 21); (3, 24, 1); ()
LearnedPositions(50, 20) | batch, tokens, 20 | (3, 24, 19); (24, 20)
MLP(20, 36) | ..., 20 | (21,); (3, 20, 24)
PatchEmbedding((6, 8), 2, 5, 20) | batch, 5, 6, 8 | (3, 1, 6, 8); (3, 5, 8, 6)
PatchEmbedding((6, 8), 2, 5, 20) | batch, 5, 6, 8 | (3, 5, 6, 12); (5, 6, 8)
PointwiseConvolution(5, 7) | batch, 5, height, width | (3, 4, 6, 8); (3, 5, 6)
PointwiseConvolution(5, 7) | batch, 5, height, width | (5, 6, 8)
GlobalAveragePooling() | batch, tokens, channels | (24, 20)
PoolMixing() | batch, height, width, channels | (3, 24, 20)
SinusoidalPositions(50, 20) | batch, tokens, 20 | (3, 24, 19); (24, 20)
SpatialGatingUnit(24, 10) | batch, 24, 20 | (3, 23, 20); (3, 24, 10); (24, 20)
SpatialGatingUnit(24, 10) | batch, 24, 20 | (3, 20, 24)
TokenLinear(24, 10) | batch, 24, channels | (3, 25, 20); (3, 20, 24); (24, 20)
TokenMixing(24, 10) | batch, 24, channels | (3, 25, 20); (3, 20, 24); (24, 20)
"""


@pytest.mark.parametrize("line", SHAPES.strip().splitlines())
def test_a_shape_that_does_not_fit_is_refused(line):
    name, expected, wrong = line.split(" | ")
    for shape in calls(wrong):
        message = re.escape(f"expected shape ({expected}), got {shape}")
        with pytest.raises(ValueError, match=message):
            trained(name)(torch.zeros(eval(shape)).double())
