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
from typing import Any, cast

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
    NO_PARAMETERS,
    NO_PRODUCTS,
    Place,
    Words,
    count,
    evaluations,
    letters,
    stated,
)
from labml_style_nn.proofs.facts import (
    SMALL,
    Case,
    Fact,
    difference,
    draw,
    given,
    numbers,
    randomised,
    single,
    within,
)
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import (
    NUMPY,
    PYTORCH,
    applied,
    normalised,
    patches,
    timm,
)

# The sizes of Mixer-B/16 at 224 pixels and 1000 classes, by the letters of the pages.
SIZES = letters(16, C=768, D_S=384, D_C=3072)
# Of the MLP over channels, and of its first map.
SIZES |= {"d": 768, "D": 3072, r"d_{\text{in}}": 768, r"d_{\text{out}}": 3072}
B16 = Place("in a Mixer-B/16", SIZES, "mixer_b16")
TABLE = (1, 196, 768)
LARGE = "its size in a Mixer-B/16, float64"


# ## What many of them share


@cache
def mixer() -> MLPMixer:
    """The Mixer-B/16 whose layers are counted: shapes without numbers."""
    with torch.device("meta"):
        return mixer_b16()


def block() -> MixerBlock:
    """Its first block; they are all of one size."""
    return cast(MixerBlock, mixer().blocks[0])


def like_timm(layer: nn.Module, part: str, x: Tensor, y: Tensor) -> Fact:
    """A layer with timm's weights, on what timm's layer read."""
    return difference(timm().name, given(layer, timm().weights(part))(x), y)


# ## Image and table


def prove_patch_embedding(page: Page) -> Iterator[Fact]:
    """Against timm's convolution, PyTorch's, and a loop over patches and kernels."""
    layer, shape = mixer().patch_embedding, (1, 3, 224, 224)
    tex, work = r"C\,(C_{\text{in}} P^2 + 1)", r"H W C_{\text{in}} C"
    yield from B16.costs(page, layer, shape, tex, work, "stem")
    timms, image = timm().weights("stem.proj"), timm()["x"]
    small = PatchEmbedding((16, 36), (4, 6), in_channels=3, hidden_dim=20).double()
    small.kernel().detach().copy_(timms["weight"])
    small.projection.bias.detach().copy_(timms["bias"])
    ours = small(image)
    yield difference(timm().name, ours, timm().after("stem"))
    looped = patches(image, timms["weight"], timms["bias"])
    yield difference(f"a loop in {NUMPY}", ours, looped)
    embed = randomised(PatchEmbedding(224, 16, in_channels=3, hidden_dim=768))
    weights = {"weight": embed.kernel(), "bias": embed.projection.bias}
    convolution = given(nn.Conv2d(3, 768, kernel_size=16, stride=16), weights)
    image = draw(*shape)
    theirs = convolution(image).flatten(2).mT
    yield difference(f"nn.Conv2d of {PYTORCH}", embed(image), theirs, LARGE)


def prove_head(page: Page) -> Iterator[Fact]:
    """Against timm's head, and the mean and the product by NumPy."""
    yield from B16.costs(page, mixer().head, TABLE, "C K + K", "C K", "head")
    head, tokens = ClassificationHead(20, 7).double(), timm().after("norm")
    given(head.linear, timm().weights("head"))
    yield difference(timm().name, head(tokens), timm()["y"])
    head, x = randomised(ClassificationHead(768, 1000)), draw(*TABLE)
    pooled = torch.from_numpy(x.numpy().mean(axis=1))
    scores = applied(pooled, *numbers(head.linear))
    yield difference(NUMPY, head(x), scores, LARGE)


# ## Maps


def prove_linear(page: Page) -> Iterator[Fact]:
    """The product by NumPy; and where the weights begin, as Flax begins."""
    tex, layer = r"d_{\text{out}} d_{\text{in}}", block().channel_mixing.fc1
    weights = rf"{tex} + d_{{\text{{out}}}}"
    yield from B16.costs(page, layer, (1, 768), weights, tex, "mlp_channels.fc1")
    linear, x = randomised(Linear(768, 3072)), draw(196, 768)
    yield difference(NUMPY, linear(x), applied(x, *numbers(linear)), LARGE)
    yield _like_flax()
    yield _spread()


# Flax 0.10 and JAX 0.4, `variance_scaling` for `truncated_normal`.
FLAX_CONSTANT = 0.87962566103423978


def _like_flax() -> Fact:
    case = Case(
        "a normal distribution cut at ±2",
        f"{TRUNCATED_STD:.16f}",
        f"{FLAX_CONSTANT:.16f}",
        abs(TRUNCATED_STD - FLAX_CONSTANT) < 1e-15,
    )
    against, rule = "the constant in JAX and Flax", "at most 10⁻¹⁵ from"
    return single("Standard deviation that is left", case, rule, against, quoted=True)


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
    layer, shape = block().channel_mixing, (1, 768)
    yield from B16.costs(page, layer, shape, "2 d D + D + d", "2 d D", "mlp_channels")
    stage, part = "block1.mlp_channels", "blocks.1.mlp_channels"
    yield like_timm(MLP(20, 80), part, timm().before(stage), timm().after(stage))
    mlp, x = randomised(MLP(768, 3072)), draw(196, 768)
    name = f"nn.Linear, nn.GELU, nn.Linear of {PYTORCH}"
    yield difference(name, mlp(x), three_layers(mlp)(x), LARGE)


def three_layers(mlp: MLP | TokenMixing) -> nn.Sequential:
    """The same weights in layers of PyTorch, which act on the last axis."""
    one, two = (
        given(nn.Linear(ours.in_features, ours.out_features), ours.state_dict())
        for ours in (mlp.fc1, mlp.fc2)
    )
    return nn.Sequential(one, nn.GELU(), two)


def prove_token_mixing(page: Page) -> Iterator[Fact]:
    """Against timm's token MLP, and PyTorch's layers on the transposed table."""
    layer, weights, work = block().token_mixing, "2 S D_S + D_S + S", "2 S D_S C"
    yield from B16.costs(page, layer, TABLE, weights, work, "mlp_tokens")
    stage, part = "block0.mlp_tokens", "blocks.0.mlp_tokens"
    x, y = timm().before(stage), timm().after(stage)
    yield like_timm(TokenMixing(24, 10), part, x, y)
    mixing, x = randomised(TokenMixing(196, 384)), draw(*TABLE)
    name = f"nn.Linear on the transposed table, {PYTORCH}"
    yield difference(name, mixing(x), three_layers(mixing)(x.mT).mT, LARGE)


def prove_channel_mixing(page: Page) -> Iterator[Fact]:
    """Against timm's channel MLP, and two convolutions of size one."""
    layer, weights, work = block().channel_mixing, "2 C D_C + D_C + C", "2 S C D_C"
    yield from B16.costs(page, layer, TABLE, weights, work, "mlp_channels")
    stage, part = "block0.mlp_channels", "blocks.0.mlp_channels"
    x, y = timm().before(stage), timm().after(stage)
    yield like_timm(ChannelMixing(20, 80), part, x, y)
    mixing, x = randomised(ChannelMixing(768, 3072)), draw(*TABLE)
    # The same weights as kernels of size one, which act on the first axis.
    one, two = (
        given(
            nn.Conv1d(ours.in_features, ours.out_features, 1),
            {"weight": ours.weight[:, :, None], "bias": ours.bias},
        )
        for ours in (mixing.fc1, mixing.fc2)
    )
    theirs = nn.Sequential(one, nn.GELU(), two)(x.mT).mT
    yield difference(f"two nn.Conv1d of size 1, {PYTORCH}", mixing(x), theirs, LARGE)


# ## Single numbers


def prove_layer_norm(page: Page) -> Iterator[Fact]:
    """Against timm's last norm, NumPy, and PyTorch against the equation on the page."""
    yield from B16.costs(page, mixer().norm, TABLE, "2C", NO_PRODUCTS, "norm")
    yield like_timm(LayerNorm(20), "norm", timm().after("block1"), timm().after("norm"))
    # Far from zero, where a variance in one pass would lose all its digits in float32.
    norm, x = randomised(LayerNorm(768)), draw(*TABLE) + 1e4
    weight, bias = numbers(norm)
    of, expected = "tokens around 10,000, float64", normalised(x, weight, bias)
    yield difference(f"two passes in {NUMPY}", norm(x), expected, of, 1e-9)
    fused = nn.functional.layer_norm(x, (768,), weight, bias, 1e-6)
    name = f"F.layer_norm of {PYTORCH} (to the equation here)"
    yield difference(name, layer_norm(x, weight, bias), fused, of, 1e-9)


def prove_gelu(page: Page) -> Iterator[Fact]:
    """Both forms, in arithmetic of fifty digits."""
    yield from B16.costs(page, GELU(), TABLE, NO_PARAMETERS)
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
    yield difference(name, GELU()(x), _in_fifty_digits(x, _gelu), of, 1e-14)
    theirs = _in_fifty_digits(x, _gelu_by_tanh)
    yield difference(f"{name}, tanh form", GELU("tanh")(x), theirs, of, 1e-14)


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
    yield from B16.costs(page, SkipConnection(nn.Identity()), TABLE, NO_PARAMETERS)
    tokens, channels = TokenMixing(24, 10), ChannelMixing(20, 80)
    branches = (
        nn.Sequential(
            given(LayerNorm(20), timm().weights(f"blocks.0.{norm}")),
            given(mixing, timm().weights(f"blocks.0.{mlp}")),
        )
        for mixing, norm, mlp in (
            (tokens, "norm1", "mlp_tokens"),
            (channels, "norm2", "mlp_channels"),
        )
    )
    block = nn.Sequential(*map(SkipConnection, branches))
    ours, theirs = block(timm().after("stem")), timm().after("block0")
    yield difference(timm().name, ours, theirs, f"a whole block, {SMALL}")
    x, of = draw(*TABLE), "a branch that changes nothing"
    yield difference("2x", SkipConnection(nn.Identity())(x), 2 * x, of, 0)


AT_EVALUATION = Words("nothing at evaluation")


def prove_dropout(page: Page) -> Iterator[Fact]:
    """Nothing in evaluation; PyTorch's numbers with PyTorch's coins."""
    layer, x = Dropout(0.1).eval(), draw(1000, 1000)
    yield from B16.costs(page, layer, TABLE, NO_PARAMETERS, AT_EVALUATION)
    yield difference("its input, in evaluation", layer(x), x, "any rate", 0)
    ours, theirs = _same_coins(layer.train(), nn.Dropout(0.1), x)
    yield _with_the_same_coins("nn.Dropout", ours, theirs)
    yield from _chances(ours / x, "a million numbers")


def prove_stochastic_depth(page: Page) -> Iterator[Fact]:
    """Nothing in evaluation; PyTorch's numbers when an image is taken for a channel."""
    layer, x = StochasticDepth(0.1).eval(), draw(100_000, 2, 2)
    yield from B16.costs(page, layer, TABLE, NO_PARAMETERS, AT_EVALUATION)
    yield difference("its input, in evaluation", layer(x), x, "any rate", 0)
    ours, theirs = _same_coins(layer.train(), nn.Dropout1d(0.1), x, x.flatten(1)[None])
    yield _with_the_same_coins("nn.Dropout1d", ours, theirs)
    yield from _chances((ours / x)[:, 0, 0], "a hundred thousand images")
    rates = torch.tensor(linear_rates(0.1, 24), dtype=torch.double)
    line = torch.from_numpy(np.linspace(0, 0.1, 24))
    of = "rates of the 24 branches of a Mixer-B/16"
    yield difference(f"linspace of {NUMPY}", rates, line, of, 1e-16)


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
    return difference(reference, ours, theirs, "rate 0.1, while training")


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
    found, words = {of: operations.number - 1}, Words("never the contents of a tensor")
    yield count("Operations on tensors", found, stated(page, words, {of: {}}))
    sizes = [shape for n in range(4) for shape in product((0, 1, 24), repeat=n)]
    rules = [(*dots, *axes) for dots in ((), ("...",)) for axes in _axes()]
    cases = [(shape, rule) for shape in sizes for rule in rules]
    wrong = sum(_refused(shape, rule) == _matches(shape, rule) for shape, rule in cases)
    of = f"{len(cases):,} pairs of a shape and a rule"
    case = Case(of, str(wrong), "0", wrong == 0)
    against = "a regular expression over the shape as text"
    yield single("Verdicts that differ", case, "the same as", against)


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
