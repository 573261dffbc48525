r"""# Proofs of PoolFormer and its layers

Pool mixing and the group norm are held against PyTorch's own layers on maps whose
channels stand first, and against timm's. PoolFormer is counted at the paper's sizes,
and a small one gets timm's weights: with the head in timm's order it must give timm's
scores and gradients, and with the authors' order what PyTorch's layers give in that
order.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from labml_style_nn.layers.group_norm import GroupNorm, group_norm
from labml_style_nn.layers.pool_mixing import PoolMixing, pool_mixing
from labml_style_nn.models import poolformer
from labml_style_nn.models.poolformer import SIZES, PoolFormer
from labml_style_nn.proofs.cost import (
    NO_PARAMETERS,
    NO_PRODUCTS,
    Expected,
    Place,
    costs_of_models,
    letters,
    on_meta,
    parameters,
    timms,
)
from labml_style_nn.proofs.facts import Fact, difference, draw, given, in_millions
from labml_style_nn.proofs.formula import Page, evaluate
from labml_style_nn.proofs.reference import NUMPY, PYTORCH, Stored, stored
from labml_style_nn.proofs.whole import scores_and_gradients, small

S12 = Place("in the first stage of a PoolFormer-S12", {"C": 64}, "poolformer_s12")
MAP = (1, 56, 56, 64)
LARGE = "its size in a PoolFormer-S12, float64"


def theirs() -> Stored:
    """What timm's PoolFormer computes."""
    return stored("timm_poolformer")


def _channels_first(x: Tensor) -> Tensor:
    """A copy of a map with the axes, and the memory, of PyTorch's own layers."""
    return x.permute(0, 3, 1, 2).contiguous()


def _channels_last(x: Tensor) -> Tensor:
    """The other way round."""
    return x.permute(0, 2, 3, 1)


# ## The layers


def prove_pool_mixing(page: Page) -> Iterator[Fact]:
    """Against timm's pooling, PyTorch's, and sums by NumPy."""
    mixing, x = PoolMixing(), draw(*MAP)
    yield from S12.costs(page, mixing, MAP, NO_PARAMETERS, NO_PRODUCTS)
    read = _channels_last(theirs().after("stage0.block0.norm1"))
    wrote = _channels_last(theirs().after("stage0.block0.token_mixer"))
    yield difference(theirs().name, mixing(read), wrote)
    pooling = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    pooled = _channels_last(pooling(_channels_first(x))) - x
    yield difference(f"nn.AvgPool2d of {PYTORCH}", mixing(x), pooled, LARGE)
    yield difference(f"sums in {NUMPY}", mixing(x), _pooled_by_numpy(x), LARGE)
    name = "the layer (to the equation here)"
    yield difference(name, pool_mixing(x, 3), mixing(x), LARGE)


def _pooled_by_numpy(x: Tensor) -> Tensor:
    """Mean by mean: the part of the map around each place, cut at the edges."""
    places = x.numpy()
    result = np.empty_like(places)
    for row, column in np.ndindex(places.shape[1:3]):
        rows = slice(max(row - 1, 0), row + 2)
        columns = slice(max(column - 1, 0), column + 2)
        mean = places[:, rows, columns].mean(axis=(1, 2))
        result[:, row, column] = mean - places[:, row, column]
    return torch.from_numpy(result)


def prove_group_norm(page: Page) -> Iterator[Fact]:
    """Against timm's norm, PyTorch's, and NumPy, around zero and far from it."""
    yield from S12.costs(page, GroupNorm(64), MAP, "2C", NO_PRODUCTS, "group_norm")
    norm = given(GroupNorm(8), theirs().weights("stages.0.blocks.0.norm1"))
    read, wrote = theirs().after("stem"), theirs().after("stage0.block0.norm1")
    ours = norm(_channels_last(read))
    yield difference(theirs().name, ours, _channels_last(wrote))
    for num_groups in (1, 4):
        yield _like_pytorch(num_groups)
    yield from _far_from_zero()


def _like_pytorch(num_groups: int) -> Fact:
    weights = {"weight": draw(64, seed=1), "bias": draw(64, seed=2)}
    ours = given(GroupNorm(64, num_groups), weights)
    theirs, x = given(nn.GroupNorm(num_groups, 64), weights), draw(*MAP)
    expected = _channels_last(theirs(_channels_first(x)))
    name = f"nn.GroupNorm of {PYTORCH}, {num_groups} group{'s'[: num_groups - 1]}"
    return difference(name, ours(x), expected, LARGE, 1e-11)


def _far_from_zero() -> Iterator[Fact]:
    # The numbers are of float32, so that all see the same; NumPy goes on in float64.
    x = (draw(*MAP) + 1e4).float()
    exact = x.double().numpy()
    mean, variance = exact.mean(), exact.var()
    expected = torch.from_numpy((exact - mean) / np.sqrt(variance + 1e-5))
    of = "a map around 10,000, float32"
    norm, weight, bias = GroupNorm(64), torch.ones(64), torch.zeros(64)
    yield difference(f"{NUMPY} in float64", norm(x).double(), expected, of, 1e-4)
    equation = group_norm(x, weight, bias).double()
    name = f"{NUMPY} in float64 (to the equation here)"
    yield difference(name, equation, expected, of, 1e-2)


# ## PoolFormer
#
# Its page gives the parameters in pieces, and the multiply–adds of one stage.
BLOCK = "2 C D_C + D_C + C", "4 C", "2 C"
NEW_MAP = r"C\,(C_{\text{in}} P^2 + 1)"
AFTER = "2C", "(C + 1) K"
STAGE_PRODUCTS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{new map}}
+ N \underbrace{2 S C D_C}_{\text{channels}}"""
POOLFORMERS = {f"PoolFormer-{name.upper()}": f"poolformer_{name}" for name in SIZES}
# The authors' README, github.com/sail-sg/poolformer: millions of parameters.
README = dict(zip(POOLFORMERS, (12, 21, 31, 56, 73), strict=True))


def stages_of(model: str) -> list[dict[str, int]]:
    """The sizes of each stage of a model, by the letters of the page."""
    depths, dims, _ = SIZES[model.removeprefix("poolformer_")]
    stages, before, side = [], 3, 224
    for depth, dim in zip(depths, dims, strict=True):
        patch_size, stride = (7, 4) if before == 3 else (3, 2)
        side //= stride
        sizes = letters(patch_size, N=depth, C=dim, D_C=4 * dim, S=side**2)
        stages.append(sizes | {r"C_{\text{in}}": before})
        before = dim
    return stages


def prove_poolformer(page: Page) -> Iterator[Fact]:
    """The authors' counts, and timm's scores and gradients."""
    models = on_meta(poolformer, POOLFORMERS)
    found = {of: parameters(model) for of, model in models.items()}
    weights = (
        of_stages(page.adds_up(NEW_MAP, BLOCK), page.adds_up(*AFTER)),
        timms("models", POOLFORMERS),
        in_millions(found, README, "the authors' README"),
    )
    work = (
        of_stages(page.says(STAGE_PRODUCTS), page.says("C K")),
        timms("multiply_adds", POOLFORMERS),
    )
    sizes = dict.fromkeys(models, letters(patch_size=7))
    yield from costs_of_models(models, sizes, "PoolFormer-S12", weights, work)
    model = small(PoolFormer, theirs(), average_first=True)
    yield from scores_and_gradients(model, theirs())
    yield _in_the_authors_order(model.state_dict())


def of_stages(stage: str, after: str) -> Expected:
    """A formula for each stage, and one for what comes after the last."""
    values = {}
    for of, model in POOLFORMERS.items():
        stages = stages_of(model)
        values[of] = sum(evaluate(stage, sizes) for sizes in stages)
        values[of] += evaluate(after, stages[-1])
    formula = rf"\sum_{{\text{{stages}}}} \bigl({stage}\bigr) + {after}"
    return Expected("the formulas", values, formula=formula)


def _in_the_authors_order(weights: Mapping[str, Tensor]) -> Fact:
    """PyTorch's norm, a mean and PyTorch's linear map, on timm's last map."""
    last = theirs().after("stage1.block1")
    norm = given(nn.GroupNorm(1, last.shape[1]), theirs().weights("head.norm"))
    linear = given(nn.Linear(last.shape[1], 7), theirs().weights("head.fc"))
    expected = linear(norm(last).mean(dim=(2, 3)))
    model = PoolFormer(num_classes=7, depths=(1, 2), dims=(8, 12))
    scores = given(model, weights)(theirs()["x"])
    name = f"nn.GroupNorm, mean, nn.Linear of {PYTORCH} on timm's last map"
    of = "the head in the authors' order, float64"
    return difference(name, scores, expected, of)
