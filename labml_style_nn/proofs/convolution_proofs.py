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
from collections.abc import Iterator
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
from labml_style_nn.pretrained import timm_targets
from labml_style_nn.proofs.cost import (
    NO_PRODUCTS,
    Place,
    costs_of_models,
    evaluated,
    letters,
    on_meta,
    stated,
    timms,
)
from labml_style_nn.proofs.facts import (
    SMALL,
    TOLERANCE,
    Fact,
    difference,
    draw,
    given,
    gradients,
    numbers,
    of_gradients,
    randomised,
    row,
    together,
)
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import NUMPY, PYTORCH, Stored, applied, stored
from labml_style_nn.proofs.whole import scores_and_gradients, small

# The sizes of ConvMixer-1536/20 at 224 pixels, by the letters of the pages.
LETTERS = {"S": 1024, "C": 1536, "k": 9}
LETTERS |= {r"C_{\text{in}}": 1536, r"C_{\text{out}}": 1536}
IN_1536 = Place("in a ConvMixer-1536/20", LETTERS, "convmixer_1536_20")
PICTURES = (1, 1536, 32, 32)

with torch.device("meta"):
    BLOCK = cast(ConvMixerBlock, conv_mixer.convmixer_1536_20(num_layers=1).blocks[0])


# ## Batch norm


def prove_batch_norm(page: Page) -> Iterator[Fact]:
    """Against NumPy and PyTorch's layer, in training and in evaluation."""
    layer, shape = BLOCK.token_norm, (2, *PICTURES[1:])
    yield from IN_1536.costs(page, layer, shape, "2C", NO_PRODUCTS, "batch_norm")
    # Far from zero, where a variance in one pass would lose its digits.
    norm, x = randomised(BatchNorm(20)), draw(6, 20, 5, 7) + 1e4
    weight, bias = numbers(norm)
    of = "numbers around 10,000, while training, float64"
    expected = _normalised(x, weight, bias)
    yield difference(f"two passes in {NUMPY}", norm(x), expected, of, 1e-9)
    equation = batch_norm(x, *batch_statistics(x), weight, bias)
    name = f"F.batch_norm of {PYTORCH} (to the equation here)"
    theirs = F.batch_norm(x, None, None, weight, bias, training=True)
    yield difference(name, equation, theirs, of, 1e-9)
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
    name, state = f"nn.BatchNorm2d of {PYTORCH}", theirs.state_dict()
    expected = row([state["running_mean"], state["running_var"]])
    kept = row([ours.running_mean, ours.running_var])
    yield difference(name, kept, expected, of, label=label)
    by_hand = f"{name} (to the equation here)"
    yield difference(by_hand, row([mean, var]), expected, of, label=label)
    x, of = draw(2, 20, 3, 4), "in evaluation, float64"
    yield difference(name, ours.eval()(x), theirs.eval()(x), of)


# ## Convolutions


def prove_depthwise_convolution(page: Page) -> Iterator[Fact]:
    """Against PyTorch's padding of odd and even kernels, and a loop over a kernel."""
    layer, weights, work = BLOCK.token_mixing, "C (k^2 + 1)", "S C k^2"
    yield from IN_1536.costs(page, layer, PICTURES, weights, work, "depthwise")
    for kernel_size in (9, 8):
        yield from _slides(kernel_size)


def _slides(kernel_size: int) -> Iterator[Fact]:
    ours = randomised(DepthwiseConvolution(20, kernel_size))
    # PyTorch's layer finds its padding by itself.
    layer = nn.Conv2d(20, 20, kernel_size, groups=20, padding="same")
    same = given(layer, ours.state_dict())
    x, of = draw(2, 20, 11, 13).requires_grad_(), f"kernels of {kernel_size}, {SMALL}"
    y, summed = ours(x), _slid(x.detach(), *numbers(ours))
    yield difference(f"a loop in {NUMPY}", y, summed, of)
    name = f'nn.Conv2d of {PYTORCH}, padding="same"'
    with warnings.catch_warnings():
        # PyTorch warns that an even kernel costs it a copy.
        warnings.simplefilter("ignore", UserWarning)
        expected = same(x)
    yield difference(name, y, expected, of)
    left = gradients(y, (x, *ours.parameters()), seed=1)
    right = gradients(expected, (x, *same.parameters()), seed=1)
    yield of_gradients(name, left, right, of, TOLERANCE)


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


def prove_pointwise_convolution(page: Page) -> Iterator[Fact]:
    """A linear map over channels: by NumPy, and by PyTorch on the table of tokens."""
    weights = r"C_{\text{out}} (C_{\text{in}} + 1)"
    layer, work = BLOCK.channel_mixing, r"S C_{\text{out}} C_{\text{in}}"
    yield from IN_1536.costs(page, layer, PICTURES, weights, work, "pointwise")
    ours, x = randomised(PointwiseConvolution(12, 20)), draw(2, 12, 5, 7)
    kernel, bias = numbers(ours)
    mapped = applied(x.movedim(1, 3), kernel[:, :, 0, 0], bias).movedim(3, 1)
    yield difference(NUMPY, ours(x), mapped)
    ours, x = randomised(PointwiseConvolution(1536, 1536)), draw(1, 1536, 4, 4)
    kernel, bias = numbers(ours)
    matrix = {"weight": kernel[:, :, 0, 0], "bias": bias}
    linear = given(nn.Linear(1536, 1536), matrix)
    name = f"nn.Linear on the table of tokens, {PYTORCH}"
    of = "its size in a ConvMixer-1536/20, float64, 16 places"
    yield difference(name, ours(x), linear(x.movedim(1, 3)).movedim(3, 1), of)


# ## The model

CONV_MIXERS = {
    "ConvMixer-1536/20": "convmixer_1536_20",
    "ConvMixer-768/32": "convmixer_768_32",
    "ConvMixer-1024/20": "convmixer_1024_20",
    "ConvMixer-256/8": "convmixer_256_8",
}
# timm has those for ImageNet. The last is for the images of CIFAR-10.
CIFAR = "ConvMixer-256/8"
IN_TIMM = {of: name for of, name in CONV_MIXERS.items() if of != CIFAR}
BLOCKS = r"C\,(k^2 + 1)", r"C\,(C + 1)", "4C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S \, C k^2}_{\text{tokens}}
+ \underbrace{S \, C^2}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def sizes_of(name: str) -> dict[str, int]:
    """The sizes of a named model, by the letters of the page."""
    hidden_dim, num_layers, patch_size, kernel_size = SIZES[CONV_MIXERS[name]]
    side, classes = (32, 10) if name == CIFAR else (224, 1000)
    more = {"N": num_layers, "C": hidden_dim, "k": kernel_size}
    return letters(patch_size, side, classes, **more)


def prove_conv_mixer(page: Page) -> Iterator[Fact]:
    """The named models are counted; small ones give timm's scores and gradients."""
    models = on_meta(conv_mixer, CONV_MIXERS)
    sizes = {of: sizes_of(of) for of in CONV_MIXERS}
    formula = evaluated(page.adds_up(BLOCKS, *AROUND), sizes)
    weights = formula, timms("models", IN_TIMM)
    work = stated(page, MULTIPLY_ADDS, sizes), timms("multiply_adds", IN_TIMM)
    yield from costs_of_models(models, sizes, "ConvMixer-1536/20", weights, work)
    odd, even = stored("timm_conv_mixer"), stored("timm_conv_mixer_even")
    yield from together([*_like_timm(odd), *_like_timm(even)])


def _like_timm(theirs: Stored) -> Iterator[Fact]:
    """In evaluation, then while training; and the statistics that training has left."""
    model = small(ConvMixer, theirs)
    with_kernels = f"kernels of {theirs.meta['kernel_size']}"
    for mode in ("", "train/"):
        for fact in scores_and_gradients(model, theirs, mode):
            yield _said(fact, with_kernels)
    ours = {n: t for n, t in timm_targets(model).items() if "running" in n}
    expected = row(theirs[f"train/running/{name}"] for name in ours)
    of = f"after one batch, float64, {with_kernels}"
    label = "Difference of the running statistics"
    yield difference(theirs.name, row(ours.values()), expected, of, label=label)


def _said(fact: Fact, more: str) -> Fact:
    """The same fact, and what else there is to know of it and of its one case."""
    (check,) = fact.checks
    cases = tuple(replace(case, of=f"{case.of}, {more}") for case in check.cases)
    of = f"{fact.of}, {more}"
    return replace(fact, of=of, checks=(replace(check, cases=cases),))
