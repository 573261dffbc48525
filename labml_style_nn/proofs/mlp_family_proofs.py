r"""# Proofs of ResMLP and gMLP

The layers are taken out of a ResMLP-S24 and of a gMLP-S, and their costs are held
against the formulas on their pages and against timm's counts. Then they get timm's
weights and what timm's layers read, and must give what timm's layers give; and at their
full size, random weights, and must give what NumPy makes of the equation.

The models are proved as the [Mixer][model_proofs] is: each at the paper's size, and a
small one against timm's scores and gradients. Of the causal gMLP, which nobody has
published, two things are proved: that it computes what PyTorch's own layers compute
when they are put together in the same order, and that no score depends on a later
token.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import cast

import torch
from torch import Tensor
from torch.func import jacrev
from torch.nn import functional as F

from labml_style_nn.layers.affine import Affine, folded
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from labml_style_nn.models import gmlp, resmlp
from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock
from labml_style_nn.proofs.cost import (
    NO_PRODUCTS,
    Place,
    costs_of_models,
    count,
    evaluated,
    letters,
    multiply_adds,
    on_meta,
    parameters,
    stated,
    timms,
)
from labml_style_nn.proofs.facts import (
    SMALL,
    Case,
    Check,
    Fact,
    difference,
    draw,
    given,
    gradients,
    in_millions,
    of_gradients,
    randomised,
)
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import NUMPY, PYTORCH, normalised, stored
from labml_style_nn.proofs.whole import scores_and_gradients, small

S24 = Place("in a ResMLP-S24", {"C": 384}, "resmlp_24")
GMLP_S = Place("in a gMLP-S", {"S": 196, "E": 768}, "gmlp_s16")
TABLE = (1, 196, 384)
LARGE = "its size in the model, float64"

with torch.device("meta"):
    RES_BLOCK = cast(ResMLPBlock, resmlp.resmlp_24(num_layers=1).blocks[0])
    GATED_BLOCK = cast(GMLPBlock, gmlp.gmlp_s16(num_layers=1).blocks[0])

# ## The layers of ResMLP


def prove_affine(page: Page) -> Iterator[Fact]:
    """Against timm's, NumPy, and the map into which it was folded."""
    layer, theirs = RES_BLOCK.token_norm, stored("timm_resmlp")
    yield from S24.costs(page, layer, TABLE, "2C", NO_PRODUCTS, "affine")
    weights = theirs.weights("blocks.0.norm1")
    ours = given(Affine(14), {name: w.flatten() for name, w in weights.items()})
    y = ours(theirs.after("stem"))
    yield difference(theirs.name, y, theirs.after("block0.norm1"))
    affine, x = randomised(Affine(384)), draw(*TABLE)
    alpha, beta = affine.alpha.detach().numpy(), affine.beta.detach().numpy()
    by_numpy = torch.from_numpy(alpha * x.numpy() + beta)
    yield difference(NUMPY, affine(x), by_numpy, LARGE)
    linear = randomised(Linear(384, 1536))
    one, two = folded(affine, linear)(x), linear(affine(x))
    yield difference("both layers, when folded into one", one, two, LARGE)


def prove_layer_scale(page: Page) -> Iterator[Fact]:
    """The first block of timm's ResMLP, put together from its updates."""
    layer, theirs = RES_BLOCK.token_scale, stored("timm_resmlp")
    yield from S24.costs(page, layer, TABLE, "C", NO_PRODUCTS, "layer_scale")
    tokens, channels = (
        given(LayerScale(14, 1.0), {"weight": theirs[f"w/blocks.0.{name}"]})
        for name in ("ls1", "ls2")
    )
    # timm mixes the tokens of the transposed table.
    u = theirs.after("stem") + tokens(theirs.after("block0.linear_tokens").mT)
    y = u + channels(theirs.after("block0.mlp_channels"))
    yield difference(theirs.name, y, theirs.after("block0"), f"a whole block, {SMALL}")
    scale, x = randomised(LayerScale(384, 1.0)), draw(*TABLE)
    diagonal = torch.from_numpy(x.numpy() @ scale.weight.detach().diag().numpy())
    name = f"the product with a diagonal matrix, {NUMPY}"
    yield difference(name, scale(x), diagonal, LARGE)


# ## The gate


def prove_spatial_gating(page: Page) -> Iterator[Fact]:
    """Against timm's unit, the equation by NumPy, and what no token may see."""
    layer, shape = GATED_BLOCK.token_mixing, (1, 196, 1536)
    yield from GMLP_S.costs(page, layer, shape, "S^2 + S + 2E", "S^2 E", "gate")
    theirs, stage = stored("timm_gmlp"), "block0.mlp_channels"
    weights = theirs.weights("blocks.0.mlp_channels.gate")
    ours = given(
        SpatialGatingUnit(30, 28),
        {name.replace("proj.", "projection."): w for name, w in weights.items()},
    )
    y = ours(F.gelu(theirs.after(f"{stage}.fc1")))
    yield difference(theirs.name, y, theirs.after(f"{stage}.gate"))
    z = draw(*shape)
    for causal, name in ((False, NUMPY), (True, f"the lower triangle in {NUMPY}")):
        unit = randomised(SpatialGatingUnit(196, 768, causal))
        yield difference(name, unit(z), _gated(unit, z), LARGE)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        new = SpatialGatingUnit(196, 768).double()
    yield difference("u", new(z), z[..., :768], LARGE, 1e-3, "Difference of a new unit")
    unit, z = randomised(SpatialGatingUnit(12, 5, causal=True)), draw(12, 10)
    yield _nothing_leaks(lambda z: unit(z[None])[0], z)


def _gated(unit: SpatialGatingUnit, z: Tensor) -> Tensor:
    """The equation of the page, by NumPy."""
    u, v = z.chunk(2, dim=-1)
    weight, bias = unit.norm.weight.detach(), unit.norm.bias.detach()
    read = normalised(v, weight, bias, eps=1e-5).numpy()
    mix = unit.projection.weight.detach().numpy()
    # Element by element, rather than by a function which knows of triangles.
    if unit.causal:
        rows, columns = (torch.arange(len(mix)) for _ in range(2))
        mix = mix * (columns[None, :] <= rows[:, None]).numpy()
    shift = unit.projection.bias.detach()[:, None].numpy()
    return torch.from_numpy(u.numpy() * (mix @ read + shift))


def _nothing_leaks(function: Callable[[Tensor], Tensor], x: Tensor) -> Fact:
    """The derivatives of each token's result by all later tokens.

    They must be zero, and those by the others must not.
    """
    reaction = cast(Tensor, jacrev(function)(x)).abs().amax(dim=(1, 3))
    later = torch.ones_like(reaction).triu(1).bool()
    largest = reaction[later].max().item()
    seen = int((reaction > 0).sum())
    earlier = int((~later).sum())
    cases = (
        Case("by later tokens", f"{largest:g}", "0", largest == 0),
        Case("pairs that react", str(seen), str(earlier), seen == earlier),
    )
    check = Check("later tokens, and for no others", "zero for", cases)
    return Fact("Largest derivative", f"{largest:g}", "by later tokens", (check,))


# ## The models
#
# The pages give the numbers of parameters in pieces, which are put together.

AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
RES_BLOCKS = "S^2 + S", "2 C D_C + D_C + C", "4 C", "2 C"
GATED_BLOCKS = "2 C E + 2 E", "S^2 + S + 2E", "C E + C", "2C"
RES_WORK = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""
GATED_WORK = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 E}_{\text{tokens}}
+ \underbrace{3 S C E}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""
RES_MODELS = {
    "ResMLP-S12": "resmlp_12",
    "ResMLP-S24": "resmlp_24",
    "ResMLP-S36": "resmlp_36",
    "ResMLP-B24": "resmlp_big_24",
}
RES_SIZES = {
    "ResMLP-S12": letters(16, N=12, C=384, D_C=1536),
    "ResMLP-S24": letters(16, N=24, C=384, D_C=1536),
    "ResMLP-S36": letters(16, N=36, C=384, D_C=1536),
    "ResMLP-B24": letters(8, N=24, C=768, D_C=3072),
}
GATED_MODELS = {"gMLP-Ti": "gmlp_ti16", "gMLP-S": "gmlp_s16", "gMLP-B": "gmlp_b16"}
GATED_SIZES = {
    "gMLP-Ti": letters(16, N=30, C=128, E=384),
    "gMLP-S": letters(16, N=30, C=256, E=768),
    "gMLP-B": letters(16, N=30, C=512, E=1536),
}
# `README_resmlp.md` in the authors' repository, github.com/facebookresearch/deit, in
# millions. Its row of the model of 36 layers has the numbers of another one.
README = {"ResMLP-S12": 15, "ResMLP-S24": 30, "ResMLP-B24": 129}


def prove_resmlp(page: Page) -> Iterator[Fact]:
    """The paper's four models, and timm's scores and gradients."""
    models = on_meta(resmlp, RES_MODELS)
    found = {of: parameters(model) for of, model in models.items()}
    weights = (
        evaluated(page.adds_up(RES_BLOCKS, *AROUND), RES_SIZES),
        timms("models", RES_MODELS),
        in_millions(found, README, "the authors' README"),
    )
    work = stated(page, RES_WORK, RES_SIZES), timms("multiply_adds", RES_MODELS)
    yield from costs_of_models(models, RES_SIZES, "ResMLP-S24", weights, work)
    theirs = stored("timm_resmlp")
    yield from scores_and_gradients(small(ResMLP, theirs), theirs)


def prove_gmlp(page: Page) -> Iterator[Fact]:
    """The paper's three models, and timm's scores and gradients."""
    models = on_meta(gmlp, GATED_MODELS)
    formula = evaluated(page.adds_up(GATED_BLOCKS, *AROUND), GATED_SIZES)
    weights = formula, timms("models", GATED_MODELS)
    work = stated(page, GATED_WORK, GATED_SIZES), timms("multiply_adds", GATED_MODELS)
    yield from costs_of_models(models, GATED_SIZES, "gMLP-S", weights, work)
    theirs = stored("timm_gmlp")
    yield from scores_and_gradients(small(GMLP, theirs), theirs)


# ## Text

TEXT = "4 blocks, 256 tokens, 128 channels"
TEXT_SIZES = {TEXT: {"V": 65, "S": 256, "N": 4, "C": 128, "E": 384}}
TEXT_BLOCKS = ("3 C E + S^2 + S + 4E + 3C",)
TEXT_WORK = r"""N \bigl(\underbrace{S^2 E}_{\text{tokens}}
+ \underbrace{3 S C E}_{\text{channels}}\bigr)
+ \underbrace{S C V}_{\text{scores}}"""


def text_model(vocabulary: int, tokens: int, layers: int, hidden: int) -> CausalGMLP:
    """A model in the proportions of the paper."""
    return CausalGMLP(
        vocabulary_size=vocabulary,
        num_tokens=tokens,
        num_layers=layers,
        hidden_dim=hidden,
        channels_mlp_dim=6 * hidden,
    )


def prove_causal_gmlp(page: Page) -> Iterator[Fact]:
    """The formulas, PyTorch's own layers, and what no place may see."""
    with torch.device("meta"):
        model = text_model(65, 256, 4, 128)
    weights = page.adds_up("V C", TEXT_BLOCKS, "2C", "(C + 1) V")
    found = {TEXT: parameters(model)}
    yield count("Parameters", found, evaluated(weights, TEXT_SIZES))
    work = {TEXT: multiply_adds(model, 1, 256, dtype=torch.long)}
    yield count("MACs for a text", work, stated(page, TEXT_WORK, TEXT_SIZES))
    model = randomised(text_model(11, 12, 2, 10))
    tokens = torch.from_numpy(draw(3, 12).argsort(dim=1).numpy()) % 11
    ours, theirs = model(tokens), _by_pytorch(model, tokens)
    name, of = f"layers of {PYTORCH}", "three texts, random weights, float64"
    yield difference(name, ours, theirs, of)
    left, right = (gradients(y, model.parameters(), 1) for y in (ours, theirs))
    yield of_gradients(name, left, right, "by all weights")
    yield _nothing_leaks(lambda x: model.read(x[None])[0], draw(12, 10))


def _by_pytorch(model: CausalGMLP, tokens: Tensor) -> Tensor:
    """The same weights in functions of PyTorch, on the transposed table."""
    x = F.embedding(tokens, model.embedding.weight) * sqrt(model.embedding.dim)
    for block in model.blocks:
        assert isinstance(block, GMLPBlock)
        norm, unit = block.channel_norm, block.token_mixing
        read = F.layer_norm(x, (10,), norm.weight, norm.bias, 1e-6)
        u, v = F.gelu(F.linear(read, block.fc1.weight, block.fc1.bias)).split(30, dim=2)
        v = F.layer_norm(v, (30,), unit.norm.weight, unit.norm.bias, 1e-5)
        past = unit.projection.weight * torch.ones(12, 12, dtype=torch.double).tril()
        gate = F.linear(v.mT, past, unit.projection.bias).mT
        x = x + F.linear(u * gate, block.fc2.weight, block.fc2.bias)
    x = F.layer_norm(x, (10,), model.norm.weight, model.norm.bias, 1e-6)
    return F.linear(x, model.scores.weight, model.scores.bias)
