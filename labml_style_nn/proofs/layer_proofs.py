r"""# Proofs of the layers

For each page under "Layers", one function below says what is proved of it. In common
they have:

- **Cost.** The layer is taken out of a Mixer-B/16, and its parameters and
  multiply–adds are counted. They must be what the formulas on its page give.
- **Difference.** The layer gets timm's weights and timm's input, and must give timm's
  output; and it gets random weights, at its size in the Mixer-B/16, and must give what
  the same arithmetic gives when it is arranged in another way. All in float64, where
  rounding leaves the twelfth decimal alone.

Dropout and stochastic depth draw at random. Of them, what is certain is proved exactly,
and the rest within the bounds that chance allows.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import sqrt
from typing import Any, TypeVar, cast

import mpmath
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from labml_style_nn.layers.channel_mixing import ChannelMixing
from labml_style_nn.layers.checks import check_shape
from labml_style_nn.layers.dropout import Dropout
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.head import ClassificationHead
from labml_style_nn.layers.layer_norm import LayerNorm, layer_norm
from labml_style_nn.layers.linear import TRUNCATED_STD, Linear
from labml_style_nn.layers.mlp import MLP
from labml_style_nn.layers.patch_embedding import PatchEmbedding
from labml_style_nn.layers.skip_connection import SkipConnection
from labml_style_nn.layers.stochastic_depth import StochasticDepth, linear_rates
from labml_style_nn.layers.token_mixing import TokenMixing
from labml_style_nn.models.mlp_mixer import MixerBlock, MLPMixer, mixer_b16
from labml_style_nn.proofs.cost import (
    Expected,
    count,
    evaluations,
    multiply_adds,
    none,
    parameters,
    stated,
    timm_part,
)
from labml_style_nn.proofs.facts import Case, Check, Fact, difference, draw, within
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import applied, normalised, patches, timm

# The sizes of Mixer-B/16 at 224 pixels and 1000 classes, by the letters of the pages.
SIZES = {"S": 196, "C": 768, "D_S": 384, "D_C": 3072, "K": 1000}
PIXELS = {"H": 224, "W": 224, "P": 16, r"C_{\text{in}}": 3}
B16 = "in a Mixer-B/16"
TABLE = (1, 196, 768)
TOLERANCE = 1e-12
SMALL = "small, asymmetric sizes, float64"
LARGE = "its size in a Mixer-B/16, float64"

PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"
NUMPY = f"NumPy {np.__version__}"
Layer = TypeVar("Layer", bound=nn.Module)


# ## What many of them share


@cache
def mixer() -> MLPMixer:
    """The Mixer-B/16 whose layers are counted: shapes without numbers."""
    with torch.device("meta"):
        return mixer_b16()


def block() -> MixerBlock:
    """Its first block; they are all of one size."""
    return cast(MixerBlock, mixer().blocks[0])


def costs(
    layer: nn.Module, shape: tuple[int, ...], weights: list[Expected], work: Expected
) -> Iterator[Fact]:
    """The parameters and the multiply–adds of a layer of the Mixer-B/16."""
    yield count("Parameters", {B16: parameters(layer)}, *weights)
    yield count("MACs", {B16: multiply_adds(layer, *shape)}, work)


def free(page: Page, layer: nn.Module, *work: Expected) -> Iterator[Fact]:
    """A layer without parameters and without a matrix product."""
    weights = none(page, "No parameters", B16)
    yield count("Parameters", {B16: parameters(layer)}, weights)
    yield count("MACs", {B16: multiply_adds(layer, *TABLE)}, *work)


def randomised(layer: Layer) -> Layer:
    """The layer in float64, with no weight left at zero or one."""
    for seed, parameter in enumerate(layer.double().parameters(), start=1):
        drawn = draw(*parameter.shape, seed=seed)
        parameter.detach().copy_(drawn * parameter.shape[-1] ** -0.5)
    return layer


def like_timm(layer: nn.Module, part: str, x: Tensor, y: Tensor) -> Fact:
    """A layer with timm's weights, on what timm's layer read."""
    layer.double().load_state_dict(timm().weights(part))
    return difference(timm().name, layer(x), y, TOLERANCE, SMALL)


# ## Image and table


def prove_patch_embedding(page: Page) -> Iterator[Fact]:
    """Against timm's convolution, PyTorch's, and a loop over patches and kernels."""
    sizes = {B16: SIZES | PIXELS}
    weights = [
        stated(page, r"C\,(C_{\text{in}} P^2 + 1)", sizes),
        timm_part("stem", B16),
    ]
    work = stated(page, r"H W C_{\text{in}} C", sizes)
    yield from costs(mixer().patch_embedding, (1, 3, 224, 224), weights, work)
    given = timm().weights("stem.proj")
    image = timm()["x"]
    small = PatchEmbedding((16, 36), (4, 6), in_channels=3, hidden_dim=20).double()
    small.kernel().detach().copy_(given["weight"])
    small.projection.bias.detach().copy_(given["bias"])
    ours = small(image)
    yield difference(timm().name, ours, timm().after("stem"), TOLERANCE, SMALL)
    looped = patches(image, given["weight"], given["bias"])
    yield difference(f"a loop in {NUMPY}", ours, looped, TOLERANCE, SMALL)
    yield _like_a_convolution()


def _like_a_convolution() -> Fact:
    embed = randomised(PatchEmbedding(224, 16, in_channels=3, hidden_dim=768))
    convolution = nn.Conv2d(3, 768, kernel_size=16, stride=16).double()
    convolution.weight.detach().copy_(embed.kernel())
    convolution.bias.detach().copy_(embed.projection.bias)  # type: ignore[union-attr]
    image = draw(1, 3, 224, 224)
    theirs = convolution(image).flatten(2).mT
    name = f"nn.Conv2d of {PYTORCH}"
    return difference(name, embed(image), theirs, TOLERANCE, LARGE)


def prove_head(page: Page) -> Iterator[Fact]:
    """Against timm's head, and the mean and the product by NumPy."""
    sizes = {B16: SIZES}
    weights = [stated(page, "C K + K", sizes), timm_part("head", B16)]
    yield from costs(mixer().head, TABLE, weights, stated(page, "C K", sizes))
    head, tokens = ClassificationHead(20, 7).double(), timm().after("norm")
    head.linear.load_state_dict(timm().weights("head"))
    yield difference(timm().name, head(tokens), timm()["y"], TOLERANCE, SMALL)
    head, x = randomised(ClassificationHead(768, 1000)), draw(*TABLE)
    pooled = torch.from_numpy(x.numpy().mean(axis=1))
    scores = applied(pooled, *(p.detach() for p in head.linear.parameters()))
    yield difference(NUMPY, head(x), scores, TOLERANCE, LARGE)


# ## Maps


def prove_linear(page: Page) -> Iterator[Fact]:
    """The product by NumPy; and where the weights begin, as Flax begins."""
    sizes = {B16: {r"d_{\text{in}}": 768, r"d_{\text{out}}": 3072}}
    tex = r"d_{\text{out}} d_{\text{in}}"
    weights = [
        stated(page, rf"{tex} + d_{{\text{{out}}}}", sizes),
        timm_part("mlp_channels.fc1", B16),
    ]
    layer = block().channel_mixing.fc1
    yield from costs(layer, (1, 768), weights, stated(page, tex, sizes))
    linear, x = randomised(Linear(768, 3072)), draw(196, 768)
    theirs = applied(x, *(p.detach() for p in linear.parameters()))
    yield difference(NUMPY, linear(x), theirs, TOLERANCE, LARGE)
    yield _like_flax()
    yield _spread()


# Flax 0.10 and JAX 0.4, `variance_scaling` for `truncated_normal`.
FLAX_CONSTANT = 0.87962566103423978


def _like_flax() -> Fact:
    found, of = f"{TRUNCATED_STD:.16f}", "a normal distribution cut at ±2"
    case = Case(
        of,
        found,
        f"{FLAX_CONSTANT:.16f}",
        abs(TRUNCATED_STD - FLAX_CONSTANT) < 1e-15,
    )
    against, rule = "the constant in JAX and Flax", "at most 10⁻¹⁵ from"
    check = Check(against, rule, (case,), quoted=True)
    return Fact("Standard deviation that is left", found, of, (check,))


def _spread() -> Fact:
    # The variance of $n$ normal numbers strays by $\sqrt{2/n}$; cut normal numbers
    # stray less.
    with torch.random.fork_rng():
        torch.manual_seed(0)
        variance = 1000 * Linear(1000, 1000).weight.double().var().item()
    label = "Variance of new weights, times the inputs"
    return within(label, variance, 1, 5 * sqrt(2 / 1e6), "a million weights")


def prove_mlp(page: Page) -> Iterator[Fact]:
    """Against timm's `Mlp`, and the three layers of PyTorch."""
    sizes = {B16: {"d": 768, "D": 3072}}
    weights = [stated(page, "2 d D + D + d", sizes), timm_part("mlp_channels", B16)]
    work = stated(page, "2 d D", sizes)
    yield from costs(block().channel_mixing, (1, 768), weights, work)
    stage, part = "block1.mlp_channels", "blocks.1.mlp_channels"
    x, y = timm().before(stage), timm().after(stage)
    yield like_timm(MLP(20, 80), part, x, y)
    mlp, x = randomised(MLP(768, 3072)), draw(196, 768)
    yield difference(THREE_LAYERS, mlp(x), three_layers(mlp)(x), TOLERANCE, LARGE)


THREE_LAYERS = f"nn.Linear, nn.GELU, nn.Linear of {PYTORCH}"


def three_layers(mlp: MLP | TokenMixing) -> nn.Sequential:
    """The same weights in layers of PyTorch, which act on the last axis."""
    maps = []
    for ours in (mlp.fc1, mlp.fc2):
        theirs = nn.Linear(ours.in_features, ours.out_features).double()
        theirs.load_state_dict(ours.state_dict())
        maps.append(theirs)
    return nn.Sequential(maps[0], nn.GELU(), maps[1])


def prove_token_mixing(page: Page) -> Iterator[Fact]:
    """Against timm's token MLP, and PyTorch's layers on the transposed table."""
    sizes = {B16: SIZES}
    weights = [
        stated(page, "2 S D_S + D_S + S", sizes),
        timm_part("mlp_tokens", B16),
    ]
    work = stated(page, "2 S D_S C", sizes)
    yield from costs(block().token_mixing, TABLE, weights, work)
    stage, part = "block0.mlp_tokens", "blocks.0.mlp_tokens"
    x, y = timm().before(stage), timm().after(stage)
    yield like_timm(TokenMixing(24, 10), part, x, y)
    mixing, x = randomised(TokenMixing(196, 384)), draw(*TABLE)
    theirs = three_layers(mixing)(x.mT).mT
    name = f"nn.Linear on the transposed table, {PYTORCH}"
    yield difference(name, mixing(x), theirs, TOLERANCE, LARGE)


def prove_channel_mixing(page: Page) -> Iterator[Fact]:
    """Against timm's channel MLP, and two convolutions of size one."""
    sizes = {B16: SIZES}
    weights = [
        stated(page, "2 C D_C + D_C + C", sizes),
        timm_part("mlp_channels", B16),
    ]
    work = stated(page, "2 S C D_C", sizes)
    yield from costs(block().channel_mixing, TABLE, weights, work)
    stage, part = "block0.mlp_channels", "blocks.0.mlp_channels"
    x, y = timm().before(stage), timm().after(stage)
    yield like_timm(ChannelMixing(20, 80), part, x, y)
    mixing, x = randomised(ChannelMixing(768, 3072)), draw(*TABLE)
    name = f"two nn.Conv1d of size 1, {PYTORCH}"
    yield difference(
        name, mixing(x), two_convolutions(mixing)(x.mT).mT, TOLERANCE, LARGE
    )


def two_convolutions(mixing: ChannelMixing) -> nn.Sequential:
    """The same weights as kernels of size one, which act on the first axis."""
    maps = []
    for ours in (mixing.fc1, mixing.fc2):
        theirs = nn.Conv1d(ours.in_features, ours.out_features, 1).double()
        kernel = ours.weight[:, :, None]
        theirs.load_state_dict({"weight": kernel, "bias": ours.bias})
        maps.append(theirs)
    return nn.Sequential(maps[0], nn.GELU(), maps[1])


# ## Single numbers


def prove_layer_norm(page: Page) -> Iterator[Fact]:
    """Against timm's last norm, NumPy, and PyTorch against the equation on the page."""
    sizes = {B16: SIZES}
    weights = [stated(page, "2C", sizes), timm_part("norm", B16)]
    work = none(page, "no matrices are multiplied", B16)
    yield from costs(mixer().norm, TABLE, weights, work)
    yield like_timm(LayerNorm(20), "norm", timm().after("block1"), timm().after("norm"))
    # Far from zero, where a variance in one pass would lose all its digits in float32.
    norm, x = randomised(LayerNorm(768)), draw(*TABLE) + 1e4
    weight, bias = norm.weight.detach(), norm.bias.detach()
    of = "tokens around 10,000, float64"
    expected = normalised(x, weight, bias)
    yield difference(f"two passes in {NUMPY}", norm(x), expected, 1e-9, of)
    equation, x = layer_norm(x, weight, bias), x.detach()
    fused = nn.functional.layer_norm(x, (768,), weight, bias, 1e-6)
    name = f"F.layer_norm of {PYTORCH} (to the equation here)"
    yield difference(name, equation, fused, 1e-9, of)


def prove_gelu(page: Page) -> Iterator[Fact]:
    """Both forms, in arithmetic of fifty digits."""
    yield from free(page, GELU())
    tokens, channels = "token mixing", "channel mixing"
    found = {
        tokens: evaluations(block().token_mixing, GELU, *TABLE),
        channels: evaluations(block().channel_mixing, GELU, *TABLE),
    }
    yield count(
        "Evaluations in a block",
        found,
        stated(page, "D_S C", {tokens: SIZES}),
        stated(page, "S D_C", {channels: SIZES}),
    )
    x, of = torch.linspace(-8, 8, 1001, dtype=torch.double), "1001 points from −8 to 8"
    name = f"fifty digits by mpmath {mpmath.__version__}"
    yield difference(name, GELU()(x), _in_fifty_digits(x, _gelu), 1e-14, of)
    theirs = _in_fifty_digits(x, _gelu_by_tanh)
    yield difference(f"{name}, tanh form", GELU("tanh")(x), theirs, 1e-14, of)


def _in_fifty_digits(x: Tensor, function: Callable[[mpmath.mpf], mpmath.mpf]) -> Tensor:
    with mpmath.workdps(50):
        values = [float(function(mpmath.mpf(number))) for number in x.tolist()]
    return torch.tensor(values, dtype=torch.double)


def _gelu(x: mpmath.mpf) -> mpmath.mpf:
    return x * mpmath.ncdf(x)


def _gelu_by_tanh(x: mpmath.mpf) -> mpmath.mpf:
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
    return x / 2 * (1 + mpmath.tanh(inner))


# ## Sums and chance


def prove_skip_connection(page: Page) -> Iterator[Fact]:
    """The first block of timm's Mixer, from two skip connections."""
    yield from free(page, SkipConnection(nn.Identity()))
    tokens = nn.Sequential(LayerNorm(20), TokenMixing(24, 10)).double()
    channels = nn.Sequential(LayerNorm(20), ChannelMixing(20, 80)).double()
    branches = (tokens, "norm1", "mlp_tokens"), (channels, "norm2", "mlp_channels")
    for branch, norm, mlp in branches:
        branch[0].load_state_dict(timm().weights(f"blocks.0.{norm}"))
        branch[1].load_state_dict(timm().weights(f"blocks.0.{mlp}"))
    block = nn.Sequential(SkipConnection(tokens), SkipConnection(channels))
    ours, theirs = block(timm().after("stem")), timm().after("block0")
    of = f"a whole block, {SMALL}"
    yield difference(timm().name, ours, theirs, TOLERANCE, of)
    x = draw(*TABLE)
    doubled = SkipConnection(nn.Identity())(x)
    of = "a branch that changes nothing"
    yield difference("2x", doubled, 2 * x, 0, of)


def prove_dropout(page: Page) -> Iterator[Fact]:
    """Nothing in evaluation; PyTorch's numbers with PyTorch's coins."""
    layer, x = Dropout(0.1), draw(1000, 1000)
    yield from free(page, layer.eval(), none(page, "nothing at evaluation", B16))
    yield difference("its input, in evaluation", layer.eval()(x), x, 0, "any rate")
    ours, theirs = _same_coins(layer.train(), nn.Dropout(0.1), x)
    yield _with_the_same_coins("nn.Dropout", ours, theirs)
    yield from _chances(ours / x, "a million numbers")


def prove_stochastic_depth(page: Page) -> Iterator[Fact]:
    """Nothing in evaluation; PyTorch's numbers when an image is taken for a channel."""
    layer, x = StochasticDepth(0.1), draw(100_000, 2, 2)
    yield from free(page, layer.eval(), none(page, "nothing at evaluation", B16))
    yield difference("its input, in evaluation", layer.eval()(x), x, 0, "any rate")
    ours, theirs = _same_coins(layer.train(), nn.Dropout1d(0.1), x, x.flatten(1)[None])
    yield _with_the_same_coins("nn.Dropout1d", ours, theirs)
    yield from _chances((ours / x)[:, 0, 0], "a hundred thousand images")
    rates = torch.tensor(linear_rates(0.1, 24), dtype=torch.double)
    line = torch.from_numpy(np.linspace(0, 0.1, 24))
    of = "rates of the 24 branches of a Mixer-B/16"
    yield difference(f"linspace of {NUMPY}", rates, line, 1e-16, of)


def _same_coins(
    ours: nn.Module, theirs: nn.Module, x: Tensor, reshaped: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Both layers on the same input, from the same state of the random numbers."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = ours(x)
        torch.manual_seed(0)
        return y, theirs(x if reshaped is None else reshaped).reshape(x.shape)


def _with_the_same_coins(name: str, ours: Tensor, theirs: Tensor) -> Fact:
    reference = f"{name} of {PYTORCH}, with the same coins"
    return difference(reference, ours, theirs, TOLERANCE, "rate 0.1, while training")


def _chances(scales: Tensor, of: str) -> Iterator[Fact]:
    """How often a number was dropped, and by how much the others grew."""
    rate, spread = 0.1, sqrt(0.1 * 0.9 / len(scales.flatten()))
    dropped = (scales == 0).double().mean().item()
    yield within("Share that is dropped", dropped, rate, 5 * spread, of)
    mean = scales.mean().item()
    yield within("Mean that is left", mean, 1, 5 * spread / (1 - rate), of)


# ## Checks


def prove_checks(page: Page) -> Iterator[Fact]:
    """The rule for shapes, against a regular expression over the shape as text."""
    of = "a check of a shape"
    with _Operations() as operations:
        check_shape(torch.zeros(2, 24, 20), "batch", 24, "channels")
    # One operation is the making of the zeros.
    found = {of: operations.number - 1}
    nothing = none(page, "never the contents of a tensor", of)
    yield count("Operations on tensors", found, nothing)
    sizes = [shape for n in range(4) for shape in product((0, 1, 24), repeat=n)]
    rules = [(*dots, *axes) for dots in ((), ("...",)) for axes in _axes()]
    cases = [(shape, rule) for shape in sizes for rule in rules]
    wrong = sum(_refused(shape, rule) == _matches(shape, rule) for shape, rule in cases)
    of = f"{len(cases):,} pairs of a shape and a rule"
    label = "Verdicts that differ"
    case = Case(of, str(wrong), "0", wrong == 0)
    against = "a regular expression over the shape as text"
    yield Fact(label, str(wrong), of, (Check(against, "the same as", (case,)),))


class _Operations(TorchDispatchMode):
    """Counts every operation that PyTorch carries out."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.number = 0

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.number += 1
        return func(*args, **(kwargs or {}))


def _axes() -> Iterator[tuple[int | str, ...]]:
    for number in (1, 2, 3):
        yield from product((1, 24, "tokens"), repeat=number)


def _refused(shape: tuple[int, ...], rule: tuple[int | str, ...]) -> bool:
    try:
        check_shape(torch.empty(shape, device="meta"), *rule)
    except ValueError:
        return True
    return False


def _matches(shape: tuple[int, ...], rule: tuple[int | str, ...]) -> bool:
    words = {"...": r"(\d+ )*", "tokens": r"\d+ "}
    pattern = "".join(words.get(str(axis), f"{axis} ") for axis in rule)
    return re.fullmatch(pattern, "".join(f"{size} " for size in shape)) is not None


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.patch_embedding": prove_patch_embedding,
    "labml_style_nn.layers.layer_norm": prove_layer_norm,
    "labml_style_nn.layers.gelu": prove_gelu,
    "labml_style_nn.layers.linear": prove_linear,
    "labml_style_nn.layers.mlp": prove_mlp,
    "labml_style_nn.layers.token_mixing": prove_token_mixing,
    "labml_style_nn.layers.channel_mixing": prove_channel_mixing,
    "labml_style_nn.layers.skip_connection": prove_skip_connection,
    "labml_style_nn.layers.dropout": prove_dropout,
    "labml_style_nn.layers.stochastic_depth": prove_stochastic_depth,
    "labml_style_nn.layers.head": prove_head,
    "labml_style_nn.layers.checks": prove_checks,
}
