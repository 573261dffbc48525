r"""# Proofs of PoolFormer and its layers

Pool mixing and the group norm are held against PyTorch's own layers on maps whose
channels stand first, and against timm's. PoolFormer is counted at the paper's sizes,
and a small one gets timm's weights: with the head in timm's order it must give timm's
scores and gradients, and with the authors' order what PyTorch's layers give in that
order.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from labml_style_nn.layers.group_norm import GroupNorm, group_norm
from labml_style_nn.layers.pool_mixing import PoolMixing, pool_mixing
from labml_style_nn.models import poolformer
from labml_style_nn.models.poolformer import SIZES, PoolFormer
from labml_style_nn.pretrained import load_timm_weights
from labml_style_nn.proofs.cost import (
    Expected,
    count,
    multiply_adds,
    none,
    parameters,
    stated,
    timm_part,
)
from labml_style_nn.proofs.facts import Case, Check, Fact, difference, draw
from labml_style_nn.proofs.formula import Page, evaluate
from labml_style_nn.proofs.reference import Stored, stored, timm_counts
from labml_style_nn.proofs.whole import scores_and_gradients

PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"
NUMPY = f"NumPy {np.__version__}"
S12, HEADLINE = "in the first stage of a PoolFormer-S12", "PoolFormer-S12"
MAP = (1, 56, 56, 64)
SMALL = "small, asymmetric sizes, float64"
LARGE = "its size in a PoolFormer-S12, float64"
NO_PRODUCTS = "no matrices are multiplied"


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
    weights, work = none(page, "No parameters", S12), none(page, NO_PRODUCTS, S12)
    yield count("Parameters", {S12: parameters(mixing)}, weights)
    yield count("MACs", {S12: multiply_adds(mixing, *MAP)}, work)
    read = _channels_last(theirs().after("stage0.block0.norm1"))
    wrote = _channels_last(theirs().after("stage0.block0.token_mixer"))
    yield difference(theirs().name, mixing(read), wrote, 1e-12, SMALL)
    pooling = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    pooled = _channels_last(pooling(_channels_first(x))) - x
    yield difference(f"nn.AvgPool2d of {PYTORCH}", mixing(x), pooled, 1e-12, LARGE)
    yield difference(f"sums in {NUMPY}", mixing(x), _pooled_by_numpy(x), 1e-12, LARGE)
    name = "the layer (to the equation here)"
    yield difference(name, pool_mixing(x, 3), mixing(x), 1e-12, LARGE)


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
    norm, sizes = GroupNorm(64), {S12: {"C": 64}}
    timms = timm_part("group_norm", S12, "poolformer_s12")
    formula = stated(page, "2C", sizes)
    yield count("Parameters", {S12: parameters(norm)}, formula, timms)
    work = none(page, NO_PRODUCTS, S12)
    yield count("MACs", {S12: multiply_adds(norm, *MAP)}, work)
    small = GroupNorm(8).double()
    small.load_state_dict(theirs().weights("stages.0.blocks.0.norm1"))
    read, wrote = theirs().after("stem"), theirs().after("stage0.block0.norm1")
    ours = small(_channels_last(read))
    yield difference(theirs().name, ours, _channels_last(wrote), 1e-12, SMALL)
    for num_groups in (1, 4):
        yield _like_pytorch(num_groups)
    yield from _far_from_zero()


def _like_pytorch(num_groups: int) -> Fact:
    norm, pytorchs = GroupNorm(64, num_groups).double(), nn.GroupNorm(num_groups, 64)
    for seed, parameter in enumerate(norm.parameters(), start=1):
        parameter.detach().copy_(draw(64, seed=seed))
    pytorchs.double().load_state_dict(norm.state_dict())
    x = draw(*MAP)
    expected = _channels_last(pytorchs(_channels_first(x)))
    name = f"nn.GroupNorm of {PYTORCH}, {num_groups} group{'s'[: num_groups - 1]}"
    return difference(name, norm(x), expected, 1e-11, LARGE)


def _far_from_zero() -> Iterator[Fact]:
    # The numbers are of float32, so that all see the same; NumPy goes on in float64.
    x = (draw(*MAP) + 1e4).float()
    exact = x.double().numpy()
    mean, variance = exact.mean(), exact.var()
    expected = torch.from_numpy((exact - mean) / np.sqrt(variance + 1e-5))
    of = "a map around 10,000, float32"
    norm, weight, bias = GroupNorm(64), torch.ones(64), torch.zeros(64)
    yield difference(f"{NUMPY} in float64", norm(x).double(), expected, 1e-4, of)
    equation = group_norm(x, weight, bias).double()
    name = f"{NUMPY} in float64 (to the equation here)"
    yield difference(name, equation, expected, 1e-2, of)


# ## PoolFormer
#
# Its page gives the parameters in pieces, and the multiply–adds of one stage.
BLOCK = "2 C D_C + D_C + C", "4 C", "2 C"
NEW_MAP = r"C\,(C_{\text{in}} P^2 + 1)"
AFTER = "2C", "(C + 1) K"
STAGE = f"{NEW_MAP} + N ({' + '.join(BLOCK)})"
STAGE_PRODUCTS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{new map}}
+ N \underbrace{2 S C D_C}_{\text{channels}}"""

# The authors' README, github.com/sail-sg/poolformer: millions of parameters.
README = {"s12": 12, "s24": 21, "s36": 31, "m36": 56, "m48": 73}


def in_words(name: str) -> str:
    """The paper's name of a model.

    >>> in_words("s12")
    'PoolFormer-S12'
    """
    return f"PoolFormer-{name.upper()}"


def letters(name: str) -> list[dict[str, int]]:
    """The sizes of each stage of a model, by the letters of the page."""
    depths, dims, _ = SIZES[name]
    stages, before, side = [], 3, 224
    for depth, dim in zip(depths, dims, strict=True):
        patch_size, side = (7, side // 4) if before == 3 else (3, side // 2)
        sizes = {"N": depth, "C": dim, "D_C": 4 * dim, "P": patch_size, "K": 1000}
        stages.append(sizes | {"S": side**2, r"C_{\text{in}}": before})
        before = dim
    return stages


def summed(name: str, stage: str, after: str) -> int:
    """A formula for each stage, and one for what comes after the last."""
    stages = letters(name)
    return sum(evaluate(stage, sizes) for sizes in stages) + evaluate(after, stages[-1])


def prove_poolformer(page: Page) -> Iterator[Fact]:
    """Table 1, and timm's scores and gradients."""
    for piece in (*BLOCK, NEW_MAP, *AFTER, STAGE_PRODUCTS, "C K"):
        page.says(piece)
    with torch.device("meta"):
        models = {name: getattr(poolformer, f"poolformer_{name}")() for name in SIZES}
    found = {in_words(name): parameters(model) for name, model in models.items()}
    yield _parameters(found)
    found = {
        in_words(name): multiply_adds(model, 1, 3, 224, 224)
        for name, model in models.items()
    }
    yield count(
        "MACs for an image",
        found,
        of_stages(STAGE_PRODUCTS, "C K"),
        _timms("multiply_adds"),
        headline=HEADLINE,
    )
    yield from scores_and_gradients(small_poolformer(), theirs())
    yield _in_the_authors_order()


def of_stages(stage: str, after: str) -> Expected:
    """What the formulas of the page give for each model."""
    values = {in_words(name): summed(name, stage, after) for name in SIZES}
    formula = rf"\sum_{{\text{{stages}}}} \bigl({stage}\bigr) + {after}"
    return Expected("the formulas", values, formula=formula)


def _timms(what: str) -> Expected:
    counts = timm_counts()
    values = {in_words(name): counts[what][f"poolformer_{name}"] for name in SIZES}
    return Expected(f"timm {counts['timm']}", values, quoted=True)


def _parameters(found: dict[str, int]) -> Fact:
    formulas, timms = of_stages(STAGE, " + ".join(AFTER)), _timms("models")
    fact = count("Parameters", found, formulas, timms, headline=HEADLINE)
    cases = []
    for name, millions in README.items():
        number = found[in_words(name)] / 1e6
        holds = round(number) == millions
        cases.append(Case(in_words(name), f"{number:.2f} M", f"{millions} M", holds))
    note = "rounded to millions"
    readme = Check("the authors' README", "equal to", tuple(cases), True, note)
    return Fact(fact.label, fact.value, fact.of, (*fact.checks, readme))


def small_poolformer() -> PoolFormer:
    """The network of timm's stored numbers, with timm's weights."""
    meta = theirs().meta
    sizes = {name: meta[name] for name in ("num_classes", "depths", "dims")}
    model = PoolFormer(**sizes, average_first=True).double()
    load_timm_weights(model, theirs().weights())
    return model


def _in_the_authors_order() -> Fact:
    """PyTorch's norm, a mean and PyTorch's linear map, on timm's last map."""
    weights, last = theirs().weights("head"), theirs().after("stage1.block1")
    norm, linear = nn.GroupNorm(1, last.shape[1]), nn.Linear(last.shape[1], 7)
    for layer, name in ((norm, "norm"), (linear, "fc")):
        own = {part: weights[f"{name}.{part}"] for part in ("weight", "bias")}
        layer.double().load_state_dict(own)
    expected = linear(norm(last).mean(dim=(2, 3)))
    meta, timms = theirs().meta, small_poolformer()
    sizes = {name: meta[name] for name in ("num_classes", "depths", "dims")}
    model = PoolFormer(**sizes).double()
    model.load_state_dict(timms.state_dict())
    scores = model(theirs()["x"])
    name = f"nn.GroupNorm, mean, nn.Linear of {PYTORCH} on timm's last map"
    of = "the head in the authors' order, float64"
    return difference(name, scores, expected, 1e-12, of)


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.pool_mixing": prove_pool_mixing,
    "labml_style_nn.layers.group_norm": prove_group_norm,
    "labml_style_nn.models.poolformer": prove_poolformer,
}
