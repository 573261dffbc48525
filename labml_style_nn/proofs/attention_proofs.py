r"""# Proofs of attention and the Vision Transformer

**Attention** gets the weights of PyTorch's `nn.MultiheadAttention`, and must give its
results, its gradients and the weights of each head, for self-attention and
cross-attention. Then it gets timm's weights and timm's table.

**Masked attention** must give them with a causal mask, a padding mask, and a mask for
each image.

**Positions** are computed in arithmetic of fifty digits.

**The Vision Transformer** is counted as its authors and timm count it, and with timm's
weights must give timm's scores and gradients, with a class token and with an average.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath
import torch
from torch import Tensor, nn

from labml_style_nn.layers.attention import (
    MultiHeadAttention,
    dot_product_attention,
)
from labml_style_nn.layers.masked_attention import fused_attention
from labml_style_nn.layers.positional_encoding import (
    LearnedPositions,
    SinusoidalPositions,
    sinusoidal_table,
)
from labml_style_nn.models import vit
from labml_style_nn.models.vit import VIT_SCALES, VisionTransformer
from labml_style_nn.proofs.cost import (
    NO_PARAMETERS,
    Expected,
    Place,
    Words,
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
    Fact,
    difference,
    draw,
    given,
    gradients,
    of_gradients,
    randomised,
    row,
)
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import PYTORCH, stored
from labml_style_nn.proofs.whole import scores_and_gradients, small

# The sizes of ViT-B/16 at 224 pixels, by the letters of the pages.
LETTERS = {"S": 197, "L": 197, "C": 768, "h": 12, "S_q": 197, "S_k": 197, "d_k": 64}
B16 = Place("in a ViT-B/16", LETTERS, "vit_base_16")
TOKENS = (1, 197, 768)


# ## Attention


def prove_attention(page: Page) -> Iterator[Fact]:
    """Against `nn.MultiheadAttention`, timm's attention, and the equation."""
    weights, work = "4 C^2 + 4 C", "4 S C^2 + 2 S^2 C"
    layer = MultiHeadAttention(768, num_heads=12)
    yield from B16.costs(page, layer, TOKENS, weights, work, "attention")
    yield from _like_pytorch(list(calls())[:2], "self, cross; float64")
    theirs = stored("timm_vit")
    part = theirs.weights("blocks.0.attn")
    ours = given(
        MultiHeadAttention(18, num_heads=3),
        {name.replace("proj", "projection"): tensor for name, tensor in part.items()},
    )
    y = ours(theirs.after("block0.norm1"))
    yield difference(theirs.name, y, theirs.after("block0.attn"))
    yield _like_the_equation()


def prove_masked_attention(page: Page) -> Iterator[Fact]:
    """Against `nn.MultiheadAttention`, and the equation."""
    layer, shape, work = _Causal(), (12, 197, 64), "2 h S_q S_k d_k"
    yield from B16.costs(page, layer, shape, NO_PARAMETERS, work)
    of = "causal, padding, one mask an image; float64"
    yield from _like_pytorch(list(calls())[2:], of)
    causal = torch.ones(197, 197).bool().triu(1)
    yield _like_the_equation(causal, ", causal")


class _Causal(nn.Module):
    """Queries, keys and values alike, under a causal mask that is a tensor."""

    def forward(self, x: Tensor) -> Tensor:
        mask = x.new_ones(x.shape[-2], x.shape[-2], dtype=torch.bool).triu(1)
        return fused_attention(x, x, x, mask)


def pytorch_attention(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    """PyTorch's layer, with the weights of ours."""
    return given(
        nn.MultiheadAttention(ours.dim, ours.num_heads, batch_first=True),
        {
            "in_proj_weight": ours.qkv.weight,
            "in_proj_bias": ours.qkv.bias,
            "out_proj.weight": ours.projection.weight,
            "out_proj.bias": ours.projection.bias,
        },
    )


Call = tuple[tuple[Tensor, Tensor, Tensor], dict[str, Any]]


def calls() -> Iterator[Call]:
    """Tables and masks: two images, eleven tokens of 24 channels, three heads.

    >>> len(list(calls()))
    5
    """
    x, z, values = draw(2, 11, 24), draw(2, 7, 24, seed=1), draw(2, 7, 24, seed=2)
    yield (x, x, x), {}
    yield (x, z, values), {}
    yield (x, x, x), {"attn_mask": torch.ones(11, 11).bool().triu(1)}
    padding = torch.arange(7) >= torch.tensor([[7], [4]])
    yield (x, z, z), {"key_padding_mask": padding}
    # One image may not look at what is far, and the other at what is near.
    distance = (torch.arange(11)[:, None] - torch.arange(11)).abs()
    yield (x, x, x), {"attn_mask": torch.stack([distance > 3, distance == 1])}


def _like_pytorch(calls: list[Call], of: str) -> Iterator[Fact]:
    layer = randomised(MultiHeadAttention(24, num_heads=3))
    pytorchs = pytorch_attention(layer)
    ours = [
        (layer(*tables, **masks), layer.weights(*tables[:2], **masks))
        for tables, masks in calls
    ]
    theirs = [_by_pytorch(pytorchs, *call) for call in calls]
    name = f"nn.MultiheadAttention of {PYTORCH}"
    yield difference(name, row(y for y, _ in ours), row(y for y, _ in theirs), of)
    label = "Difference of the weights of each head"
    left, right = (row(weights for _, weights in side) for side in (ours, theirs))
    yield difference(name, left, right, of, label=label)
    of_ours, of_theirs = _gradients(layer, ours), _gradients(pytorchs, theirs)
    yield of_gradients(name, of_ours, of_theirs, of)


Answer = tuple[Tensor, Tensor]


def _by_pytorch(
    layer: nn.MultiheadAttention, tables: tuple[Tensor, ...], masks: dict[str, Any]
) -> Answer:
    """The new table, and the weights of each head."""
    # PyTorch wants a mask for each image once for each of its heads.
    repeated = {
        name: mask.repeat_interleave(3, dim=0) if mask.dim() == 3 else mask
        for name, mask in masks.items()
    }
    y, weights = layer(*tables, **repeated, average_attn_weights=False)
    return y, weights


def _gradients(layer: nn.Module, answers: list[Answer]) -> Iterator[Tensor]:
    """Of both layers in the same order: the first map, and then the last."""
    for y, _ in answers:
        yield from gradients(y, layer.parameters(), seed=3)


def _like_the_equation(mask: Tensor | None = None, how: str = "") -> Fact:
    q, k, v = (draw(1, 12, 197, 64, seed=seed) for seed in range(3))
    fused = fused_attention(q, k, v, mask)
    equation = dot_product_attention(q, k, v, mask)
    of = f"its size in a ViT-B/16{how}, float64"
    return difference("the equation, line by line", fused, equation, of)


# ## Positions


def prove_positional_encoding(page: Page) -> Iterator[Fact]:
    """The formula in fifty digits; a shift is a rotation, as angles say."""
    with torch.device("meta"):
        learned = LearnedPositions(197, 768)
    weights = B16.stated(page, "L C"), B16.timms("positions")
    yield count("Learned parameters", {B16.of: parameters(learned)}, *weights)
    fixed = {B16.of: parameters(SinusoidalPositions(197, 768))}
    nothing = B16.stated(page, Words("has no parameters"))
    yield count("Parameters by formula", fixed, nothing)
    work = B16.stated(page, Words("Neither multiplies matrices"))
    yield count("MACs", {B16.of: multiply_adds(learned, *TOKENS)}, work)
    table = sinusoidal_table(100_000, 16).double()
    rows = [0, 1, 196, 9_999, 99_999]
    name, of = f"fifty digits by mpmath {mpmath.__version__}", "positions up to 99,999"
    yield difference(name, table[rows], _in_fifty_digits(rows, 16), of, 1e-7)
    yield _turned()


def _in_fifty_digits(positions: list[int], dim: int) -> Tensor:
    with mpmath.workdps(50):
        table = [[_entry(s, c, dim) for c in range(dim)] for s in positions]
    return torch.tensor(table, dtype=torch.double)


def _entry(position: int, channel: int, dim: int) -> float:
    """One number of the table: a sine, or in an odd channel a cosine."""
    pair, is_cosine = divmod(channel, 2)
    angle = position * mpmath.mpf(10000) ** (-mpmath.mpf(2 * pair) / dim)
    return float(mpmath.cos(angle) if is_cosine else mpmath.sin(angle))


def _turned() -> Fact:
    """A pair as a complex number: a shift multiplies it, everywhere by the same."""
    table, shift = sinusoidal_table(1000, 768).double(), 10
    hands = torch.complex(table[:, 1::2], table[:, ::2])
    turns = torch.polar(
        torch.ones(384, dtype=torch.double),
        shift * 10000 ** (-torch.arange(0, 768, 2).double() / 768),
    )
    ours, theirs = hands[shift:], hands[:-shift] * turns
    sides = torch.view_as_real(ours), torch.view_as_real(theirs)
    of = "a shift by 10, from 990 places"
    return difference("a turn of every hand", *sides, of, 1e-6)


# ## The Vision Transformer

VITS = {
    "ViT-Ti/16": "vit_tiny_16",
    "ViT-S/16": "vit_small_16",
    "ViT-S/32": "vit_small_32",
    "ViT-B/16": "vit_base_16",
    "ViT-B/32": "vit_base_32",
    "ViT-L/16": "vit_large_16",
    "ViT-L/32": "vit_large_32",
    "ViT-H/14": "vit_huge_14",
}
# The authors' own test, `vit_jax/models_test.py` in
# github.com/google-research/vision_transformer, asserts these; "average" is what it
# calls "gap-norep".
OFFICIAL = {
    "ViT-Ti/16": 5_717_416,
    "ViT-S/16": 22_050_664,
    "ViT-S/32": 22_878_952,
    "ViT-B/16": 86_567_656,
    "ViT-B/32": 88_224_232,
    "ViT-L/16": 304_326_632,
    "ViT-L/32": 306_535_400,
    "ViT-H/14": 632_045_800,
}
OFFICIAL_AVERAGE = {
    "ViT-S/16": 22_049_896,
    "ViT-S/32": 22_878_184,
    "ViT-B/16": 86_566_120,
    "ViT-B/32": 88_222_696,
}
HEADLINE = "ViT-B/16"
# The page gives the number of parameters in pieces, which are put together.
BLOCK = "4 C^2 + 4 C", "2 C D_C + D_C + C", "4 C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "T C", "2C", "(C + 1) K"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{4 T C^2 + 2 T^2 C}_{\text{tokens}}
+ \underbrace{2 T C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def sizes_of(name: str, pooling: str = "class") -> dict[str, int]:
    """The sizes of a named model, by the letters of the page."""
    _, scale, patch_size = VITS[name].split("_")
    layers, hidden, _, channels = VIT_SCALES[scale]
    sizes = letters(int(patch_size), N=layers, C=hidden, D_C=channels)
    return sizes | {"T": sizes["S"] + (pooling == "class")}


def prove_vit(page: Page) -> Iterator[Fact]:
    """The authors' counts, and timm's scores and gradients."""
    average = page.adds_up(BLOCK, *AROUND)
    page.says("$C$ for the class token")
    models, sizes = on_meta(vit, VITS), {of: sizes_of(of) for of in VITS}
    authors = "the authors' test (vit_jax)"
    weights = (
        evaluated(f"{average} + C", sizes),
        timms("models", VITS),
        Expected(authors, OFFICIAL, quoted=True),
    )
    work = stated(page, MULTIPLY_ADDS, sizes), timms("multiply_adds", VITS)
    in_all, products = costs_of_models(models, sizes, HEADLINE, weights, work)
    yield in_all
    names = {of: VITS[of] for of in OFFICIAL_AVERAGE}
    averages = on_meta(vit, names, pooling="average")
    yield count(
        "Parameters with an average",
        {of: parameters(model) for of, model in averages.items()},
        evaluated(average, {of: sizes_of(of, "average") for of in names}),
        Expected(authors, OFFICIAL_AVERAGE, quoted=True),
        headline=HEADLINE,
    )
    yield products
    yield from _like_timm("timm_vit", "class")
    for fact in _like_timm("timm_vit_average", "average"):
        yield replace(fact, label=f"{fact.label}, with the average")


def _like_timm(file: str, pooling: str) -> Iterator[Fact]:
    model = small(VisionTransformer, stored(file), pooling=pooling)
    yield from scores_and_gradients(model, stored(file))
