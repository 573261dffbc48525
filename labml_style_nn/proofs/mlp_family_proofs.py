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

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import jacrev
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.layers.affine import Affine, folded
from labml_style_nn.layers.layer_scale import LayerScale
from labml_style_nn.layers.linear import Linear
from labml_style_nn.layers.spatial_gating import SpatialGatingUnit
from labml_style_nn.models import gmlp, resmlp
from labml_style_nn.models.causal_gmlp import CausalGMLP
from labml_style_nn.models.gmlp import GMLP, GMLPBlock
from labml_style_nn.models.resmlp import ResMLP, ResMLPBlock
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
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.layer_proofs import (
    NUMPY,
    PYTORCH,
    SMALL,
    TOLERANCE,
    randomised,
)
from labml_style_nn.proofs.reference import normalised, stored, timm_counts
from labml_style_nn.proofs.whole import scores_and_gradients

S24, GMLP_S = "in a ResMLP-S24", "in a gMLP-S"
LARGE = "its size in the model, float64"

with torch.device("meta"):
    RES_BLOCK = cast(ResMLPBlock, resmlp.resmlp_24(num_layers=1).blocks[0])
    GATED_BLOCK = cast(GMLPBlock, gmlp.gmlp_s16(num_layers=1).blocks[0])

# ## The layers of ResMLP


def prove_affine(page: Page) -> Iterator[Fact]:
    """Against timm's, NumPy, and the map into which it was folded."""
    layer, table = RES_BLOCK.token_norm, (1, 196, 384)
    weights = (
        stated(page, "2C", {S24: {"C": 384}}),
        timm_part("affine", S24, "resmlp_24"),
    )
    yield count("Parameters", {S24: parameters(layer)}, *weights)
    work = none(page, "no matrices are multiplied", S24)
    yield count("MACs", {S24: multiply_adds(layer, *table)}, work)
    theirs, ours = stored("timm_resmlp"), Affine(14).double()
    given = theirs.weights("blocks.0.norm1")
    ours.load_state_dict({name: weight.flatten() for name, weight in given.items()})
    expected = theirs.after("block0.norm1")
    y = ours(theirs.after("stem"))
    yield difference(theirs.name, y, expected, TOLERANCE, SMALL)
    affine, x = randomised(Affine(384)), draw(*table)
    alpha, beta = affine.alpha.detach().numpy(), affine.beta.detach().numpy()
    by_numpy = torch.from_numpy(alpha * x.numpy() + beta)
    yield difference(NUMPY, affine(x), by_numpy, TOLERANCE, LARGE)
    linear = randomised(Linear(384, 1536))
    one, two = folded(affine, linear)(x), linear(affine(x))
    yield difference("both layers, when folded into one", one, two, TOLERANCE, LARGE)


def prove_layer_scale(page: Page) -> Iterator[Fact]:
    """The first block of timm's ResMLP, put together from its updates."""
    layer, table = RES_BLOCK.token_scale, (1, 196, 384)
    weights = (
        stated(page, "C", {S24: {"C": 384}}),
        timm_part("layer_scale", S24, "resmlp_24"),
    )
    yield count("Parameters", {S24: parameters(layer)}, *weights)
    work = none(page, "no matrices are multiplied", S24)
    yield count("MACs", {S24: multiply_adds(layer, *table)}, work)
    theirs = stored("timm_resmlp")
    tokens, channels = (LayerScale(14, 1.0).double() for _ in range(2))
    tokens.weight.detach().copy_(theirs["w/blocks.0.ls1"])
    channels.weight.detach().copy_(theirs["w/blocks.0.ls2"])
    # timm mixes the tokens of the transposed table.
    u = theirs.after("stem") + tokens(theirs.after("block0.linear_tokens").mT)
    y = u + channels(theirs.after("block0.mlp_channels"))
    of = f"a whole block, {SMALL}"
    yield difference(theirs.name, y, theirs.after("block0"), TOLERANCE, of)
    scale, x = randomised(LayerScale(384, 1.0)), draw(*table)
    diagonal = torch.from_numpy(x.numpy() @ scale.weight.detach().diag().numpy())
    name = f"the product with a diagonal matrix, {NUMPY}"
    yield difference(name, scale(x), diagonal, TOLERANCE, LARGE)


# ## The gate


def prove_spatial_gating(page: Page) -> Iterator[Fact]:
    """Against timm's unit, the equation by NumPy, and what no token may see."""
    sizes = {GMLP_S: {"S": 196, "E": 768}}
    layer = GATED_BLOCK.token_mixing
    weights = (
        stated(page, "S^2 + S + 2E", sizes),
        timm_part("gate", GMLP_S, "gmlp_s16"),
    )
    yield count("Parameters", {GMLP_S: parameters(layer)}, *weights)
    found = {GMLP_S: multiply_adds(layer, 1, 196, 1536)}
    yield count("MACs", found, stated(page, "S^2 E", sizes))
    theirs, ours = stored("timm_gmlp"), SpatialGatingUnit(30, 28).double()
    part = "blocks.0.mlp_channels"
    ours.norm.load_state_dict(theirs.weights(f"{part}.gate.norm"))
    ours.projection.load_state_dict(theirs.weights(f"{part}.gate.proj"))
    z = F.gelu(theirs.after("block0.mlp_channels.fc1"))
    expected = theirs.after("block0.mlp_channels.gate")
    yield difference(theirs.name, ours(z), expected, TOLERANCE, SMALL)
    z = draw(1, 196, 1536)
    for causal, name in ((False, NUMPY), (True, f"the lower triangle in {NUMPY}")):
        unit = randomised(SpatialGatingUnit(196, 768, causal))
        yield difference(name, unit(z), _gated(unit, z), TOLERANCE, LARGE)
    new = SpatialGatingUnit(196, 768).double()
    label = "Difference of a new unit"
    yield difference("u", new(z), z[..., :768], 1e-3, LARGE, label)
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
# The pages give the numbers of parameters in pieces. Here they are put together.

AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
RES_PIECES = "S^2 + S", "2 C D_C + D_C + C", "4 C", "2 C"
GATED_PIECES = "2 C E + 2 E", "S^2 + S + 2E", "C E + C", "2C"
RES_WORK = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""
GATED_WORK = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{S^2 E}_{\text{tokens}}
+ \underbrace{3 S C E}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""
# Layers, patch size, channels.
RES_MODELS = {
    "resmlp_12": ("ResMLP-S12", 12, 16, 384),
    "resmlp_24": ("ResMLP-S24", 24, 16, 384),
    "resmlp_36": ("ResMLP-S36", 36, 16, 384),
    "resmlp_big_24": ("ResMLP-B24", 24, 8, 768),
}
GATED_MODELS = {
    "gmlp_ti16": ("gMLP-Ti", 30, 16, 128),
    "gmlp_s16": ("gMLP-S", 30, 16, 256),
    "gmlp_b16": ("gMLP-B", 30, 16, 512),
}
# `README_resmlp.md` in the authors' repository, github.com/facebookresearch/deit, in
# millions. Its row of the model of 36 layers has the numbers of another one.
README = {"ResMLP-S12": 15, "ResMLP-S24": 30, "ResMLP-B24": 129}


def letters(layers: int, patch: int, hidden: int) -> dict[str, int]:
    """The sizes of a model, by the letters of both pages."""
    return {
        "N": layers,
        "P": patch,
        "S": (224 // patch) ** 2,
        "C": hidden,
        "D_C": 4 * hidden,
        "E": 3 * hidden,
        "K": 1000,
        r"C_{\text{in}}": 3,
    }


def costs(
    page: Page,
    models: Mapping[str, nn.Module],
    names: Mapping[str, tuple[str, int, int, int]],
    pieces: tuple[str, ...],
    work: str,
) -> Iterator[Fact]:
    """Parameters and multiply–adds of all named models, ours and timm's."""
    sizes = {name: letters(*numbers) for name, *numbers in names.values()}
    for piece in (*pieces, *AROUND):
        page.says(piece)
    whole = f"N ({' + '.join(pieces)}) + {' + '.join(AROUND)}"
    headline = list(sizes)[1]
    measures: tuple[tuple[str, str, Expected, Callable[[nn.Module], int]], ...] = (
        ("Parameters", "models", stated(page, "", sizes, whole), parameters),
        (
            "MACs for an image",
            "multiply_adds",
            stated(page, work, sizes),
            lambda model: multiply_adds(model, 1, 3, 224, 224),
        ),
    )
    for label, key, formula, measure in measures:
        found = {names[name][0]: measure(model) for name, model in models.items()}
        counts = timm_counts()
        timms = {names[name][0]: counts[key][name] for name in names}
        quoted = Expected(f"timm {counts['timm']}", timms, quoted=True)
        yield count(label, found, formula, quoted, headline=headline)


def prove_resmlp(page: Page) -> Iterator[Fact]:
    """The paper's four models, and timm's scores and gradients."""
    with torch.device("meta"):
        models = {name: getattr(resmlp, name)() for name in RES_MODELS}
    weights, work = costs(page, models, RES_MODELS, RES_PIECES, RES_WORK)
    checks = (*weights.checks, in_millions(models))
    yield Fact(weights.label, weights.value, weights.of, checks)
    yield work
    yield from scores_and_gradients(small(ResMLP, "timm_resmlp"), stored("timm_resmlp"))


def in_millions(models: Mapping[str, nn.Module]) -> Check:
    """The counts that the authors give, which are rounded to millions."""
    cases = []
    for name, (words, *_) in RES_MODELS.items():
        if words in README:
            found = parameters(models[name]) / 1e6
            expected = README[words]
            holds = round(found) == expected
            cases.append(Case(words, f"{found:.2f} M", f"{expected} M", holds))
    note = "rounded to millions"
    return Check("the authors' README", "equal to", tuple(cases), True, note)


def prove_gmlp(page: Page) -> Iterator[Fact]:
    """The paper's three models, and timm's scores and gradients."""
    with torch.device("meta"):
        models = {name: getattr(gmlp, name)() for name in GATED_MODELS}
    yield from costs(page, models, GATED_MODELS, GATED_PIECES, GATED_WORK)
    yield from scores_and_gradients(small(GMLP, "timm_gmlp"), stored("timm_gmlp"))


def small(build: type[ResMLP] | type[GMLP], file: str) -> nn.Module:
    """The network of timm's stored numbers, with timm's weights."""
    meta = stored(file).meta
    model = build(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["num_blocks"],
        hidden_dim=meta["embed_dim"],
        channels_mlp_dim=meta["mlp_ratio"] * meta["embed_dim"],
    ).double()
    load_timm_weights(model, stored(file).weights())
    return model


# ## Text

TEXT = "4 blocks, 256 tokens, 128 channels"
TEXT_SIZES = {TEXT: {"V": 65, "S": 256, "N": 4, "C": 128, "E": 384}}
TEXT_PIECES = "V C", "3 C E + S^2 + S + 4E + 3C", "2C", "(C + 1) V"
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
    for piece in TEXT_PIECES:
        page.says(piece)
    table, block, norm, scores = TEXT_PIECES
    whole = f"{table} + N ({block}) + {norm} + {scores}"
    formula = stated(page, "", TEXT_SIZES, whole)
    yield count("Parameters", {TEXT: parameters(model)}, formula)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 256, dtype=torch.long, device="meta"))
    found = {TEXT: counter.get_total_flops() // 2}
    yield count("MACs for a text", found, stated(page, TEXT_WORK, TEXT_SIZES))
    model = randomised(text_model(11, 12, 2, 10))
    tokens = torch.from_numpy(draw(3, 12).argsort(dim=1).numpy()) % 11
    ours, theirs = model(tokens), _by_pytorch(model, tokens)
    name, of = f"layers of {PYTORCH}", "three texts, random weights, float64"
    yield difference(name, ours, theirs, TOLERANCE, of)
    ours, theirs = (
        torch.cat([part.flatten() for part in _gradients(model, y)])
        for y in (ours, theirs)
    )
    label = "Difference of the gradients"
    yield difference(name, ours, theirs, 1e-10, "by all weights", label)
    yield _nothing_leaks(lambda x: model.read(x[None])[0], draw(12, 10))


def _gradients(model: CausalGMLP, scores: Tensor) -> tuple[Tensor, ...]:
    loss = (scores * draw(*scores.shape, seed=1)).sum()
    return torch.autograd.grad(loss, list(model.parameters()))


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


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.affine": prove_affine,
    "labml_style_nn.layers.layer_scale": prove_layer_scale,
    "labml_style_nn.layers.spatial_gating": prove_spatial_gating,
    "labml_style_nn.models.resmlp": prove_resmlp,
    "labml_style_nn.models.gmlp": prove_gmlp,
    "labml_style_nn.models.causal_gmlp": prove_causal_gmlp,
}
