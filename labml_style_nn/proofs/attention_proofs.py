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

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from labml_style_nn.proofs.facts import Fact, difference, draw
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import stored, timm_counts
from labml_style_nn.proofs.whole import scores_and_gradients

# The sizes of ViT-B/16 at 224 pixels, by the letters of the pages.
B16 = "in a ViT-B/16"
TOKENS = (1, 197, 768)
SIZES = {B16: {"S": 197, "L": 197, "C": 768}}
TOLERANCE = 1e-12
# Ours and theirs.
Pairs = list[tuple[Tensor, Tensor]]
PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"


# ## Attention


def prove_attention(page: Page) -> Iterator[Fact]:
    """Against `nn.MultiheadAttention`, timm's attention, and the equation."""
    with torch.device("meta"):
        layer = MultiHeadAttention(768, num_heads=12)
    weights = [
        stated(page, "4 C^2 + 4 C", SIZES),
        timm_part("attention", B16, "vit_base_16"),
    ]
    yield count("Parameters", {B16: parameters(layer)}, *weights)
    work = stated(page, "4 S C^2 + 2 S^2 C", SIZES)
    yield count("MACs", {B16: multiply_adds(layer, *TOKENS)}, work)
    yield from _like_pytorch(list(cases())[:2], "self, cross; float64")
    yield _like_timm()
    yield _like_the_equation()


def prove_masked_attention(page: Page) -> Iterator[Fact]:
    """Against `nn.MultiheadAttention`, and the equation."""
    yield count("Parameters", {B16: 0}, none(page, "No parameters", B16))
    sizes = {B16: {"h": 12, "S_q": 197, "S_k": 197, "d_k": 64}}
    work = stated(page, "2 h S_q S_k d_k", sizes)
    yield count("MACs", {B16: multiply_adds(_Causal(), 12, 197, 64)}, work)
    of = "causal, padding, one mask an image; float64"
    yield from _like_pytorch(list(cases())[2:], of)
    causal = torch.ones(197, 197).bool().triu(1)
    yield _like_the_equation(causal, ", causal")


class _Causal(nn.Module):
    """Queries, keys and values alike, under a causal mask that is a tensor."""

    def forward(self, x: Tensor) -> Tensor:
        mask = x.new_ones(x.shape[-2], x.shape[-2], dtype=torch.bool).triu(1)
        return fused_attention(x, x, x, mask)


def pytorch_attention(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    """PyTorch's layer, with the weights of ours."""
    theirs = nn.MultiheadAttention(ours.dim, ours.num_heads, batch_first=True).double()
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.qkv.weight.detach(),
            "in_proj_bias": ours.qkv.bias.detach(),
            "out_proj.weight": ours.projection.weight.detach(),
            "out_proj.bias": ours.projection.bias.detach(),
        }
    )
    return theirs


Case = tuple[tuple[Tensor, Tensor, Tensor], dict[str, Any]]


def cases() -> Iterator[Case]:
    """Tables and masks: two images, eleven tokens of 24 channels, three heads.

    >>> len(list(cases()))
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


def _like_pytorch(cases: Iterable[Case], of: str) -> Iterator[Fact]:
    ours = randomised(MultiHeadAttention(24, num_heads=3))
    theirs = pytorch_attention(ours)
    values: Pairs = []
    weights: Pairs = []
    gradients: Pairs = []
    for tables, masks in cases:
        # PyTorch wants a mask for each image once for each of its heads.
        repeated = {
            name: mask.repeat_interleave(3, dim=0) if mask.dim() == 3 else mask
            for name, mask in masks.items()
        }
        y, a = theirs(*tables, **repeated, average_attn_weights=False)
        values.append((ours(*tables, **masks), y))
        weights.append((ours.weights(*tables[:2], **masks), a))
        cotangent = draw(*y.shape, seed=3)
        gradients += zip(
            _gradients(ours, values[-1][0], cotangent),
            _gradients(theirs, y, cotangent),
            strict=True,
        )
    name = f"nn.MultiheadAttention of {PYTORCH}"
    yield difference(name, *_rows(values), TOLERANCE, of)
    label = "Difference of the weights of each head"
    yield difference(name, *_rows(weights), TOLERANCE, of, label)
    label = "Difference of the gradients"
    yield difference(name, *_rows(gradients), 1e-10, of, label)


def randomised(layer: MultiHeadAttention) -> MultiHeadAttention:
    """The layer in float64, with no bias left at zero."""
    for seed, parameter in enumerate(layer.double().parameters(), start=1):
        drawn = draw(*parameter.shape, seed=seed)
        parameter.detach().copy_(drawn * parameter.shape[-1] ** -0.5)
    return layer


def _gradients(layer: nn.Module, y: Tensor, cotangent: Tensor) -> tuple[Tensor, ...]:
    """Of both layers in the same order: the first map, and then the last."""
    return torch.autograd.grad((y * cotangent).sum(), [*layer.parameters()])


def _rows(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """All numbers of the left ones, and all of the right ones, each in a row."""
    ours, theirs = ([x.flatten() for x in side] for side in zip(*pairs, strict=True))
    return torch.cat(ours), torch.cat(theirs)


def _like_timm() -> Fact:
    theirs = stored("timm_vit")
    part = theirs.weights("blocks.0.attn")
    ours = MultiHeadAttention(18, num_heads=3).double()
    ours.load_state_dict(
        {name.replace("proj", "projection"): tensor for name, tensor in part.items()}
    )
    y = ours(theirs.after("block0.norm1"))
    of = "small, asymmetric sizes, float64"
    return difference(theirs.name, y, theirs.after("block0.attn"), TOLERANCE, of)


def _like_the_equation(mask: Tensor | None = None, how: str = "") -> Fact:
    q, k, v = (draw(1, 12, 197, 64, seed=seed) for seed in range(3))
    fused = fused_attention(q, k, v, mask)
    equation = dot_product_attention(q, k, v, mask)
    of = f"its size in a ViT-B/16{how}, float64"
    return difference("the equation, line by line", fused, equation, TOLERANCE, of)


# ## Positions


def prove_positional_encoding(page: Page) -> Iterator[Fact]:
    """The formula in fifty digits; a shift is a rotation, as angles say."""
    with torch.device("meta"):
        learned = LearnedPositions(197, 768)
    weights = [
        stated(page, "L C", SIZES),
        timm_part("positions", B16, "vit_base_16"),
    ]
    yield count("Learned parameters", {B16: parameters(learned)}, *weights)
    fixed = SinusoidalPositions(197, 768)
    nothing = none(page, "has no parameters", B16)
    yield count("Parameters by formula", {B16: parameters(fixed)}, nothing)
    work = none(page, "Neither multiplies matrices", B16)
    yield count("MACs", {B16: multiply_adds(learned, *TOKENS)}, work)
    table = sinusoidal_table(100_000, 16).double()
    rows = [0, 1, 196, 9_999, 99_999]
    name, of = f"fifty digits by mpmath {mpmath.__version__}", "positions up to 99,999"
    yield difference(name, table[rows], _in_fifty_digits(rows, 16), 1e-7, of)
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
    name, of = "a turn of every hand", "a shift by 10, from 990 places"
    return difference(
        name, torch.view_as_real(ours), torch.view_as_real(theirs), 1e-6, of
    )


# ## The Vision Transformer
#
# The authors' own test, `vit_jax/models_test.py` in
# github.com/google-research/vision_transformer, asserts these; "average" is what it
# calls "gap-norep".
OFFICIAL = {
    "vit_tiny_16": 5_717_416,
    "vit_small_16": 22_050_664,
    "vit_small_32": 22_878_952,
    "vit_base_16": 86_567_656,
    "vit_base_32": 88_224_232,
    "vit_large_16": 304_326_632,
    "vit_large_32": 306_535_400,
    "vit_huge_14": 632_045_800,
}
OFFICIAL_AVERAGE = {
    "vit_small_16": 22_049_896,
    "vit_small_32": 22_878_184,
    "vit_base_16": 86_566_120,
    "vit_base_32": 88_222_696,
}
HEADLINE = "ViT-B/16"
# The page gives the number of parameters in pieces. Here they are put together.
BLOCK = "4 C^2 + 4 C", "2 C D_C + D_C + C", "4 C"
CLASS_TOKEN = "C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "T C", "2C", "(C + 1) K"
AVERAGE = f"N ({' + '.join(BLOCK)}) + {' + '.join(AROUND)}"
PARAMETERS = f"{AVERAGE} + {CLASS_TOKEN}"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{4 T C^2 + 2 T^2 C}_{\text{tokens}}
+ \underbrace{2 T C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def in_words(name: str) -> str:
    """The paper's name of a model.

    >>> in_words("vit_base_16"), in_words("vit_tiny_16")
    ('ViT-B/16', 'ViT-Ti/16')
    """
    _, scale, patch = name.split("_")
    return f"ViT-{'Ti' if scale == 'tiny' else scale[0].upper()}/{patch}"


def by_name(numbers: Mapping[str, int]) -> dict[str, int]:
    """Numbers by the names of the paper."""
    return {in_words(name): number for name, number in numbers.items()}


def letters(name: str, pooling: str = "class") -> dict[str, int]:
    """The sizes of a named model, by the letters of the page."""
    _, scale, patch = name.split("_")
    layers, hidden, _, channels = VIT_SCALES[scale]
    patches = (224 // int(patch)) ** 2
    return {
        "N": layers,
        "C": hidden,
        "D_C": channels,
        "P": int(patch),
        "S": patches,
        "T": patches + (pooling == "class"),
        "K": 1000,
        r"C_{\text{in}}": 3,
    }


def prove_vit(page: Page) -> Iterator[Fact]:
    """The authors' counts, and timm's scores and gradients."""
    with torch.device("meta"):
        models = {name: getattr(vit, name)() for name in OFFICIAL}
        averages = {n: getattr(vit, n)(pooling="average") for n in OFFICIAL_AVERAGE}
    for piece in (*BLOCK, *AROUND, f"${CLASS_TOKEN}$ for the class token"):
        page.says(piece)
    timm = timm_counts()
    quoted = {
        what: {n: timm[what][n] for n in OFFICIAL}
        for what in ("models", "multiply_adds")
    }
    authors = "the authors' test (vit_jax)"
    yield count(
        "Parameters",
        by_name({name: parameters(model) for name, model in models.items()}),
        stated(page, "", {in_words(n): letters(n) for n in models}, PARAMETERS),
        Expected(f"timm {timm['timm']}", by_name(quoted["models"]), quoted=True),
        Expected(authors, by_name(OFFICIAL), quoted=True),
        headline=HEADLINE,
    )
    sizes = {in_words(name): letters(name, "average") for name in averages}
    yield count(
        "Parameters with an average",
        by_name({name: parameters(model) for name, model in averages.items()}),
        stated(page, "", sizes, AVERAGE),
        Expected(authors, by_name(OFFICIAL_AVERAGE), quoted=True),
        headline=HEADLINE,
    )
    found = {
        name: multiply_adds(model, 1, 3, 224, 224) for name, model in models.items()
    }
    yield count(
        "MACs for an image",
        by_name(found),
        stated(page, MULTIPLY_ADDS, {in_words(n): letters(n) for n in models}),
        Expected(f"timm {timm['timm']}", by_name(quoted["multiply_adds"]), quoted=True),
        headline=HEADLINE,
    )
    for file, pooling, words in (
        ("timm_vit", "class", ""),
        ("timm_vit_average", "average", ", with the average"),
    ):
        for fact in scores_and_gradients(small_vit(file, pooling), stored(file)):
            yield replace(fact, label=f"{fact.label}{words}")


def small_vit(file: str, pooling: Any) -> VisionTransformer:
    """The network of timm's stored numbers, with timm's weights."""
    meta = stored(file).meta
    model = VisionTransformer(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["depth"],
        hidden_dim=meta["embed_dim"],
        num_heads=meta["num_heads"],
        channels_mlp_dim=meta["mlp_ratio"] * meta["embed_dim"],
        pooling=pooling,
    ).double()
    load_timm_weights(model, stored(file).weights())
    return model


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.attention": prove_attention,
    "labml_style_nn.layers.masked_attention": prove_masked_attention,
    "labml_style_nn.layers.positional_encoding": prove_positional_encoding,
    "labml_style_nn.models.vit": prove_vit,
}
