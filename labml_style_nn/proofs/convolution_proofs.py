r"""# Proofs of ConvMixer and its layers

The pages of [`batch_norm`][layers.batch_norm], [`depthwise_convolution`][] and
[`pointwise_convolution`][] are proved at the sizes of a ConvMixer-1536/20, as the
layers of the Mixer are at those of a Mixer-B/16 ([`layer_proofs`][]). Their outputs are
held against PyTorch's own layers and against NumPy; batch norm also in its running
statistics, over several batches.

The page of [`conv_mixer`][models.conv_mixer] is proved like that of the Mixer
([`model_proofs`][]): every named model is counted, and a small one gets timm's weights
and must give timm's scores and gradients.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.batch_norm import (
    BatchNorm,
    batch_norm,
    batch_statistics,
    running_statistics,
)
from labml_style_nn.layers.depthwise_convolution import DepthwiseConvolution
from labml_style_nn.layers.pointwise_convolution import PointwiseConvolution
from labml_style_nn.models import conv_mixer
from labml_style_nn.models.conv_mixer import SIZES, ConvMixer, ConvMixerBlock
from labml_style_nn.pretrained import load_timm_weights, timm_targets
from labml_style_nn.proofs.cost import (
    Expected,
    count,
    multiply_adds,
    none,
    parameters,
    stated,
    timm_part,
)
from labml_style_nn.proofs.facts import Fact, difference, draw
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.layer_proofs import (
    LARGE,
    NUMPY,
    PYTORCH,
    SMALL,
    TOLERANCE,
    randomised,
)
from labml_style_nn.proofs.reference import Stored, applied, stored, timm_counts
from labml_style_nn.proofs.whole import scores_and_gradients

# The sizes of ConvMixer-1536/20 at 224 pixels, by the letters of the pages.
PICTURES = (1, 1536, 32, 32)
IN_1536 = "in a ConvMixer-1536/20"
TIMM_1536 = "convmixer_1536_20"
LETTERS = {"S": 1024, "C": 1536, "k": 9}
AT_1536 = LARGE.replace("Mixer-B/16", "ConvMixer-1536/20")

with torch.device("meta"):
    BLOCK = cast(ConvMixerBlock, conv_mixer.convmixer_1536_20(num_layers=1).blocks[0])


# ## Batch norm


def prove_batch_norm(page: Page) -> Iterator[Fact]:
    """Against NumPy and PyTorch's layer, in training and in evaluation."""
    sizes = {IN_1536: LETTERS}
    weights = stated(page, "2C", sizes), timm_part("batch_norm", IN_1536, TIMM_1536)
    yield count("Parameters", {IN_1536: parameters(BLOCK.token_norm)}, *weights)
    work = none(page, "no matrices are multiplied", IN_1536)
    found = {IN_1536: multiply_adds(BLOCK.token_norm, 2, *PICTURES[1:])}
    yield count("MACs", found, work)
    # Far from zero, where a variance in one pass would lose its digits.
    norm, x = randomised(BatchNorm(20)), draw(6, 20, 5, 7) + 1e4
    weight, bias = norm.weight.detach(), norm.bias.detach()
    of = "numbers around 10,000, while training, float64"
    expected = _normalised(x, weight, bias)
    yield difference(f"two passes in {NUMPY}", norm(x), expected, 1e-9, of)
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    name = f"F.batch_norm of {PYTORCH} (to the equation here)"
    theirs = F.batch_norm(x, None, None, weight, bias, training=True)
    yield difference(name, equation, theirs, 1e-9, of)
    yield from _over_several_batches()


def _normalised(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The equation by NumPy, on a table with a row for each channel."""
    pictures = x.numpy().swapaxes(0, 1)
    table = pictures.reshape(len(pictures), -1)
    centred = table - table.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    rows = weight.numpy()[:, None] * centred / deviation + bias.numpy()[:, None]
    return torch.from_numpy(rows.reshape(pictures.shape).swapaxes(0, 1))


def _over_several_batches() -> Iterator[Fact]:
    """Train on five batches of different sizes; compare what was kept, then use it."""
    ours, theirs = BatchNorm(20).double(), nn.BatchNorm2d(20).double()
    mean, var = ours.running_mean, ours.running_var
    for number in range(5):
        x = (1 + number) * draw(2 + number, 20, 3, 4, seed=number) + number
        mean, var = running_statistics(x, mean, var)
        ours(x)
        theirs(x)
    of, label = "after five batches", "Difference of the running statistics"
    name = f"nn.BatchNorm2d of {PYTORCH}"
    kept = torch.cat([ours.running_mean, ours.running_var])
    state = theirs.state_dict()
    expected = torch.cat([state["running_mean"], state["running_var"]])
    yield difference(name, kept, expected, TOLERANCE, of, label)
    equation, by_hand = torch.cat([mean, var]), f"{name} (to the equation here)"
    yield difference(by_hand, equation, expected, TOLERANCE, of, label)
    x = draw(2, 20, 3, 4)
    of = "in evaluation, float64"
    yield difference(name, ours.eval()(x), theirs.eval()(x), TOLERANCE, of)


# ## Convolutions


def prove_depthwise_convolution(page: Page) -> Iterator[Fact]:
    """Against PyTorch's padding of odd and even kernels, and a loop over a kernel."""
    sizes = {IN_1536: LETTERS}
    layer = BLOCK.token_mixing
    weights = (
        stated(page, "C (k^2 + 1)", sizes),
        timm_part("depthwise", IN_1536, TIMM_1536),
    )
    yield count("Parameters", {IN_1536: parameters(layer)}, *weights)
    work = stated(page, "S C k^2", sizes)
    yield count("MACs", {IN_1536: multiply_adds(layer, *PICTURES)}, work)
    for kernel_size in (9, 8):
        small, x = (
            randomised(DepthwiseConvolution(20, kernel_size)),
            draw(2, 20, 11, 13),
        )
        kernels = (parameter.detach() for parameter in small.parameters())
        of = f"kernels of {kernel_size}, {SMALL}"
        summed = _slid(x, *kernels)
        yield difference(f"a loop in {NUMPY}", small(x), summed, TOLERANCE, of)
        name = f'nn.Conv2d of {PYTORCH}, padding="same"'
        with warnings.catch_warnings():
            # PyTorch warns that an even kernel costs it a copy.
            warnings.simplefilter("ignore", UserWarning)
            same = _same(small)
            expected = same(x)
        yield difference(name, small(x), expected, TOLERANCE, of)
        label = "Difference of the gradients"
        ours, theirs = _gradients(small, x), _gradients(same, x)
        yield difference(name, ours, theirs, TOLERANCE, of, label)


def _gradients(layer: nn.Module, x: Tensor) -> Tensor:
    """By pictures, kernels and biases, one after the other."""
    with torch.enable_grad():
        y = layer(x.requires_grad_())
        tensors = [x, *(p.requires_grad_() for p in layer.parameters())]
        found = torch.autograd.grad(y, tensors, draw(*y.shape, seed=1))
    return torch.cat([gradient.flatten() for gradient in found])


def _slid(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The sum of the page, by NumPy: one step for each number of a kernel."""
    size, pictures = weight.shape[-1], x.numpy()
    before = (size - 1) // 2
    zeros = (before, size - 1 - before)
    padded = np.pad(pictures, ((0, 0), (0, 0), zeros, zeros))
    high, wide = pictures.shape[2:]
    total = np.zeros_like(pictures) + bias.numpy()[:, None, None]
    for u in range(size):
        for v in range(size):
            number = weight.numpy()[:, 0, u, v, None, None]
            total += number * padded[:, :, u : u + high, v : v + wide]
    return torch.from_numpy(total)


def _same(layer: DepthwiseConvolution) -> nn.Conv2d:
    """PyTorch's layer with the same weights, which finds its padding by itself."""
    channels, size = layer.in_channels, layer.kernel_size[0]
    theirs = nn.Conv2d(channels, channels, size, groups=channels, padding="same")
    theirs.double().load_state_dict(layer.state_dict())
    return theirs


def prove_pointwise_convolution(page: Page) -> Iterator[Fact]:
    """A linear map over channels: by NumPy, and by PyTorch on the table of tokens."""
    square = {r"C_{\text{in}}": 1536, r"C_{\text{out}}": 1536, "S": 1024}
    sizes = {IN_1536: square}
    layer = BLOCK.channel_mixing
    weights = (
        stated(page, r"C_{\text{out}} (C_{\text{in}} + 1)", sizes),
        timm_part("pointwise", IN_1536, TIMM_1536),
    )
    yield count("Parameters", {IN_1536: parameters(layer)}, *weights)
    work = stated(page, r"S C_{\text{out}} C_{\text{in}}", sizes)
    yield count("MACs", {IN_1536: multiply_adds(layer, *PICTURES)}, work)
    small, x = randomised(PointwiseConvolution(12, 20)), draw(2, 12, 5, 7)
    matrix, bias = small.weight.detach()[:, :, 0, 0], small.bias
    table = x.movedim(1, 3)
    assert bias is not None
    mapped = applied(table, matrix, bias.detach()).movedim(3, 1)
    yield difference(NUMPY, small(x), mapped, TOLERANCE, SMALL)
    large, x = randomised(PointwiseConvolution(1536, 1536)), draw(1, 1536, 4, 4)
    linear = nn.Linear(1536, 1536).double()
    linear.load_state_dict({"weight": large.weight[:, :, 0, 0], "bias": large.bias})
    name = f"nn.Linear on the table of tokens, {PYTORCH}"
    expected = linear(x.movedim(1, 3)).movedim(3, 1)
    yield difference(name, large(x), expected, TOLERANCE, f"{AT_1536}, 16 places")


# ## The model

HEADLINE = "ConvMixer-1536/20"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
BLOCKS = r"C\,(k^2 + 1)", r"C\,(C + 1)", "4C"
PARAMETERS = f"N ({' + '.join(BLOCKS)}) + {' + '.join(AROUND)}"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S \, C k^2}_{\text{tokens}}
+ \underbrace{S \, C^2}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def in_words(name: str) -> str:
    """The authors' name of a model.

    >>> in_words("convmixer_1536_20")
    'ConvMixer-1536/20'
    """
    _, channels, blocks = name.split("_")
    return f"ConvMixer-{channels}/{blocks}"


def side_and_classes(name: str) -> tuple[int, int]:
    """The images that a model is made for: ImageNet's, or CIFAR-10's."""
    return (32, 10) if name == "convmixer_256_8" else (224, 1000)


def letters(name: str) -> dict[str, int]:
    """The sizes of a named model, by the letters of the page."""
    hidden_dim, num_layers, patch_size, kernel_size = SIZES[name]
    side, num_classes = side_and_classes(name)
    return {
        "N": num_layers,
        "C": hidden_dim,
        "P": patch_size,
        "k": kernel_size,
        "S": (side // patch_size) ** 2,
        "K": num_classes,
        r"C_{\text{in}}": 3,
    }


def prove_conv_mixer(page: Page) -> Iterator[Fact]:
    """The named models are counted; small ones give timm's scores and gradients."""
    with torch.device("meta"):
        models = {name: getattr(conv_mixer, name)() for name in SIZES}
    sizes = {in_words(name): letters(name) for name in SIZES}
    for piece in (*BLOCKS, *AROUND):
        page.says(piece)
    found = {in_words(name): parameters(model) for name, model in models.items()}
    formula = stated(page, "", sizes, PARAMETERS)
    yield count("Parameters", found, formula, _timms("models"), headline=HEADLINE)
    found = {
        in_words(name): multiply_adds(model, 1, 3, *2 * side_and_classes(name)[:1])
        for name, model in models.items()
    }
    formula, timms = stated(page, MULTIPLY_ADDS, sizes), _timms("multiply_adds")
    label = "MACs for an image"
    yield count(label, found, formula, timms, headline=HEADLINE)
    odd, even = stored("timm_conv_mixer"), stored("timm_conv_mixer_even")
    yield from _together([*_like_timm(odd), *_like_timm(even)])


def _timms(what: str) -> Expected:
    """What timm counts in its models."""
    counts = timm_counts()
    values = {in_words(n): number for n, number in counts[what].items() if n in SIZES}
    return Expected(f"timm {counts['timm']}", values, quoted=True)


def small_conv_mixer(theirs: Stored) -> ConvMixer:
    """The network of timm's stored numbers, with timm's weights."""
    model = ConvMixer(
        patch_size=theirs.meta["patch_size"],
        num_classes=theirs.meta["num_classes"],
        num_layers=theirs.meta["depth"],
        hidden_dim=theirs.meta["dim"],
        kernel_size=theirs.meta["kernel_size"],
    ).double()
    load_timm_weights(model, theirs.weights())
    return model


def _like_timm(theirs: Stored) -> Iterator[Fact]:
    """In evaluation, then while training; and the statistics that training has left."""
    model = small_conv_mixer(theirs)
    with_kernels = f"kernels of {theirs.meta['kernel_size']}"
    for mode in ("", "train/"):
        for fact in scores_and_gradients(model, theirs, mode):
            yield _said(fact, with_kernels)
    ours = {n: t for n, t in timm_targets(model).items() if "running" in n}
    expected = {name: theirs[f"train/running/{name}"] for name in ours}
    kept, theirs_kept = (torch.cat([*t.values()]) for t in (ours, expected))
    of = f"after one batch, float64, {with_kernels}"
    label = "Difference of the running statistics"
    yield difference(theirs.name, kept, theirs_kept, TOLERANCE, of, label)


def _said(fact: Fact, more: str) -> Fact:
    """The same fact, and what else there is to know of it and of its one case."""
    (check,) = fact.checks
    cases = tuple(replace(case, of=f"{case.of}, {more}") for case in check.cases)
    of = f"{fact.of}, {more}"
    return replace(fact, of=of, checks=(replace(check, cases=cases),))


def _together(facts: list[Fact]) -> Iterator[Fact]:
    """One fact for each label, with the cases of all; the first is its figure."""
    for label in dict.fromkeys(fact.label for fact in facts):
        alike = [fact for fact in facts if fact.label == label]
        checks = [check for fact in alike for check in fact.checks]
        cases = tuple(case for check in checks for case in check.cases)
        yield replace(alike[0], checks=(replace(checks[0], cases=cases),))


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.batch_norm": prove_batch_norm,
    "labml_style_nn.layers.depthwise_convolution": prove_depthwise_convolution,
    "labml_style_nn.layers.pointwise_convolution": prove_pointwise_convolution,
    "labml_style_nn.models.conv_mixer": prove_conv_mixer,
}
