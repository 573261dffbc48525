r"""# Proofs of the transformer

The references are PyTorch's own layers, which run beside ours: `nn.TransformerEncoder`
above all, in both orders of the norm, with ReLU and with GELU, with padding and with a
causal mask. They get our weights, drawn at random, and must give our outputs and our
gradients, in float64 and without dropout.

The counts are at the size of BERT's base model: $C = 768$, $h = 12$, $D = 3072$ and
$N = 12$ (Devlin and others, 2018, section 3), here with $S = 512$.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, product, starmap
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.layers.attention import MultiHeadAttention
from labml_style_nn.layers.drop_in_mixer import DropInMixer
from labml_style_nn.layers.feed_forward import (
    FeedForward,
    GatedFeedForward,
    gated_width,
)
from labml_style_nn.layers.token_embedding import TokenEmbedding
from labml_style_nn.models.masked_language_model import (
    MaskedLanguageModel,
    attention_language_model,
    masked_loss,
    matched_tokens_mlp_dim,
    mixer_language_model,
)
from labml_style_nn.models.transformer import Encoder, EncoderLayer
from labml_style_nn.proofs.cost import (
    NO_PRODUCTS,
    Expected,
    Place,
    count,
    evaluated,
    multiply_adds,
    parameters,
    stated,
)
from labml_style_nn.proofs.facts import (
    SMALL,
    Case,
    Fact,
    difference,
    draw,
    given,
    gradients,
    of_gradients,
    randomised,
    scientific,
    single,
    worst,
)
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.layer_proofs import three_layers
from labml_style_nn.proofs.reference import NUMPY, PYTORCH, applied

# The letters of the pages, at the size of BERT's base model; `d` is `C`, where a page
# tells of vectors.
SIZES = {"S": 512, "C": 768, "h": 12, "D": 3072, "N": 12, "D_S": 384, "V": 30_522}
BASE = Place("at the size of BERT base", {**SIZES, "d": 768})
TABLE = (1, 512, 768)
# Small sizes, all different, for the comparisons.
B, S, C, D, H, N, V = 3, 7, 20, 36, 4, 2, 11
TOLERANCE = 1e-10


# ## What they share


def compared(
    reference: str,
    ours: tuple[Tensor, Mapping[str, Tensor]],
    theirs: tuple[Tensor, Mapping[str, Tensor]],
    of: str = SMALL,
) -> Iterator[Fact]:
    """An output, and the gradients of a loss by all that is named."""
    yield difference(reference, ours[0], theirs[0], of, TOLERANCE)
    left, right = (
        gradients(output, [by[name] for name in sorted(by)], seed=99)
        for output, by in (ours, theirs)
    )
    yield of_gradients(reference, left, right, f"by input and weights, {of}")


# ## Layers


def prove_feed_forward(page: Page) -> Iterator[Fact]:
    """Against the feed forward of PyTorch's encoder layer, and the gates by NumPy."""
    layer = FeedForward(768, 3072)
    yield from BASE.costs(page, layer, (1, 768), "2 d D + D + d", "2 d D")
    narrow = {BASE.of: {"d": 768, "D": gated_width(3072)}}
    gated = GatedFeedForward(768, gated_width(3072))
    yield count(
        "Parameters with a gate",
        {BASE.of: parameters(gated)},
        stated(page, "3 d D", narrow),
        # The rule of two thirds, from the other side.
        BASE.stated(page, "2 d D"),
    )
    yield from worst(chain(*map(_like_pytorchs, ("relu", "gelu"))), "ReLU and GELU")
    gates = (_like_numpy(gate, function) for gate, function in GATES.items())
    yield from worst(gates, "the five gates")


def _like_pytorchs(activation: str) -> Iterator[Fact]:
    ours, x = randomised(FeedForward(C, D, activation)), draw(B, S, C).requires_grad_()
    layer = nn.TransformerEncoderLayer(C, H, D, 0.0, activation).double()
    first = given(layer.linear1, ours.fc1.state_dict())
    second = given(layer.linear2, ours.fc2.state_dict())
    mine = {"x": x, "w1": ours.fc1.weight, "w2": ours.fc2.weight}
    other = {"x": x, "w1": first.weight, "w2": second.weight}
    reference = f"nn.TransformerEncoderLayer of {PYTORCH}"
    theirs = second(layer.activation(first(x)))
    yield from compared(reference, (ours(x), mine), (theirs, other), activation)


# The nonlinearities of the gates, by NumPy.
Function = Callable[[np.ndarray], np.ndarray]
GATES: dict[str, Function] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: z * np.vectorize(math.erfc)(-z / math.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
}


def _like_numpy(gate: str, function: Function) -> Fact:
    ours, x = randomised(GatedFeedForward(C, D, gate)), draw(B, S, C)
    w, v, w2 = (p.detach().numpy() for p in ours.parameters())
    theirs = (function(x.numpy() @ w.T) * (x.numpy() @ v.T)) @ w2.T
    return difference(NUMPY, ours(x), torch.from_numpy(theirs), gate)


def prove_drop_in_mixer(page: Page) -> Iterator[Fact]:
    """Against PyTorch's maps on the transposed table; and what it refuses."""
    mixer, weights, work = DropInMixer(512, 384), "2 S D_S + D_S + S", "2 S D_S C"
    yield from BASE.costs(page, mixer, TABLE, weights, work)
    ours, x = randomised(DropInMixer(S, D)), draw(B, S, C).requires_grad_()
    layers = three_layers(ours.token_mixing)
    mine = {"x": x, "w1": ours.token_mixing.fc1.weight}
    other = {"x": x, "w1": cast(Tensor, layers[0].weight)}
    reference = f"nn.Linear on the transposed table, {PYTORCH}"
    yield from compared(reference, (ours(x, x, x), mine), (layers(x.mT).mT, other))
    yield _refusals(ours, draw(B, S, C))


def _refusals(mixer: DropInMixer, x: Tensor) -> Fact:
    """How many of the calls that attention obeys and a Mixer cannot are refused."""
    mask = torch.zeros(S, S, dtype=torch.bool)
    calls: list[dict[str, object]] = [
        {"attn_mask": mask},
        {"key_padding_mask": mask[:B]},
        {"is_causal": True},
        {"key": x.clone()},
        {"value": x.clone()},
    ]
    refused = 0
    for call in calls:
        MultiHeadAttention(C, H).double()(x, **call)
        try:
            mixer(x, **call)
        except ValueError:
            refused += 1
    of = "masks, causal, another key, another value"
    case = Case(of, str(refused), str(len(calls)), refused == len(calls))
    against = "those that attention obeys"
    return single("Calls that are refused", case, "equal to", against)


def prove_token_embedding(page: Page) -> Iterator[Fact]:
    """Against PyTorch's table, and a product with ones and zeros."""
    with torch.device("meta"):
        layer = TokenEmbedding(SIZES["V"], SIZES["C"])
    yield from BASE.costs(page, layer, (1, 512), "V C", NO_PRODUCTS, dtype=torch.int64)
    ours, tokens = randomised(TokenEmbedding(V, C)), _tokens()
    theirs = given(nn.Embedding(V, C), ours.state_dict())
    yield from compared(
        f"nn.Embedding of {PYTORCH}",
        (ours(tokens), {"w": ours.weight}),
        (theirs(tokens) * math.sqrt(C), {"w": theirs.weight}),
    )
    rows = torch.from_numpy(np.eye(V)[tokens.numpy()])
    scaled = math.sqrt(C) * ours.weight.detach()
    multiplied = applied(rows, scaled.mT, torch.zeros(C).double())
    name = f"the product with ones and zeros, {NUMPY}"
    yield difference(name, ours(tokens), multiplied)


def _tokens() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(V, (B, S), generator=generator)


# ## The encoder


def encoder(norm_first: bool, activation: str) -> Encoder:
    r"""A small stack, with PyTorch's $\varepsilon$ and random weights."""

    def make_layer(number: int) -> EncoderLayer:
        attention = MultiHeadAttention(C, H)
        feed_forward = FeedForward(C, D, activation)
        return EncoderLayer(C, attention, feed_forward, norm_first=norm_first, eps=1e-5)

    return randomised(Encoder(C, N, make_layer, norm_first=norm_first, eps=1e-5))


# Our names, and PyTorch's.
NAMES = {
    "token_mixing.qkv.": "self_attn.in_proj_",
    "token_mixing.projection.": "self_attn.out_proj.",
    "channel_mixing.fc1.": "linear1.",
    "channel_mixing.fc2.": "linear2.",
    "token_norm.": "norm1.",
    "channel_norm.": "norm2.",
}


def in_pytorchs_words(name: str) -> str:
    """The name of a weight in `nn.TransformerEncoder`."""
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name


def pytorchs(
    ours: Encoder, norm_first: bool, activation: str, eps: float = 1e-5
) -> nn.Module:
    """`nn.TransformerEncoder` with the weights of ours."""
    layer = nn.TransformerEncoderLayer(
        C, H, D, 0.0, activation, eps, batch_first=True, norm_first=norm_first
    )
    norm = nn.LayerNorm(C, eps) if norm_first else None
    theirs = nn.TransformerEncoder(layer, N, norm, enable_nested_tensor=False)
    state = ours.state_dict().items()
    return given(theirs, {in_pytorchs_words(name): weight for name, weight in state})


def masks(kind: str) -> tuple[dict[str, object], dict[str, object]]:
    """The same masks by our names and by PyTorch's."""
    causal = torch.ones(S, S, dtype=torch.bool).triu(1)
    padding = torch.arange(S) >= torch.tensor([[S], [S - 2], [1]])
    ours: dict[str, object] = {}
    theirs: dict[str, object] = {}
    if "causal" in kind:
        ours["is_causal"], theirs["mask"] = True, causal
    if "padding" in kind:
        ours["key_padding_mask"] = theirs["src_key_padding_mask"] = padding
    return ours, theirs


def prove_transformer(page: Page) -> Iterator[Fact]:
    """Against `nn.TransformerEncoder`, in all its forms."""
    tokens, channels = "4 C^2 + 4 C", "2 C D + D + C"
    for piece in (tokens, channels, "4 C", "2 C"):
        page.says(f"${piece}$")
    whole = page.adds_up((tokens, channels, "4 C"), "2 C")
    with torch.device("meta"):
        base = Encoder(768, 12, _base_layer)
        layer = nn.TransformerEncoderLayer(768, 12, 3072, norm_first=True)
        norm = nn.LayerNorm(768)
        theirs = nn.TransformerEncoder(layer, 12, norm, enable_nested_tensor=False)
    name = f"nn.TransformerEncoder of {PYTORCH}"
    by_pytorch = Expected(name, {BASE.of: parameters(theirs)})
    found, formula = {BASE.of: parameters(base)}, evaluated(whole, {BASE.of: SIZES})
    yield count("Parameters", found, formula, by_pytorch)
    tex = r"""N \bigl(\underbrace{4 S C^2 + 2 S^2 C}_{\text{attention}}
+ \underbrace{2 S C D}_{\text{channels}}\bigr)"""
    work = {BASE.of: multiply_adds(base, *TABLE)}
    yield count("MACs", work, BASE.stated(page, tex))
    # Sixteen forms.
    forms = product((True, False), ("gelu", "relu"), KINDS)
    facts = chain.from_iterable(starmap(_one_form, forms))
    yield from worst(facts, "both orders of the norm, two activations, four masks")


def _base_layer(number: int) -> EncoderLayer:
    return EncoderLayer(768, MultiHeadAttention(768, 12), FeedForward(768, 3072))


KINDS = "no mask", "padding", "causal", "causal and padding"


def _one_form(norm_first: bool, activation: str, kind: str) -> Iterator[Fact]:
    ours = encoder(norm_first, activation)
    theirs = pytorchs(ours, norm_first, activation)
    x = draw(B, S, C).requires_grad_()
    our_masks, their_masks = masks(kind)
    weights = dict(theirs.named_parameters())
    mine = {in_pytorchs_words(name): w for name, w in ours.named_parameters()}
    yield from compared(
        f"nn.TransformerEncoder of {PYTORCH}",
        (ours(x, **our_masks), mine | {"x": x}),
        (theirs(x, **their_masks), weights | {"x": x}),
        f"{'pre' if norm_first else 'post'}-norm, {activation}, {kind}",
    )


# ## The language model


def sized(*sizes: int) -> dict[str, Any]:
    """The sizes of a language model, by their names."""
    names = "vocabulary_size", "num_tokens", "dim", "hidden_dim", "num_layers"
    return dict(zip(names, sizes, strict=True))


def prove_masked_language_model(page: Page) -> Iterator[Fact]:
    """Both counts at the size of BERT base, PyTorch's scores, loss and gradients."""
    base = sized(*(SIZES[letter] for letter in "VSCDN"))
    with torch.device("meta"):
        models = {
            f"attention, {BASE.of}": attention_language_model(num_heads=12, **base),
            f"Mixer, {BASE.of}": mixer_language_model(**base),
        }
    yield from _costs_of_both(page, models)
    yield _equal_parameters(*(parameters(model) for model in models.values()))
    small = sized(V, S, C, D, N)
    attention = randomised(attention_language_model(num_heads=H, **small))
    body: Body = pytorchs(cast(Encoder, attention.encoder), True, "gelu", 1e-6)
    yield from _like_pytorchs_model(attention, body, "attention")
    mixer = randomised(mixer_language_model(**small))
    body = partial(_mixer_body, mixer.encoder)
    yield from _like_pytorchs_model(mixer, body, "Mixer")


def _costs_of_both(page: Page, models: Mapping[str, nn.Module]) -> Iterator[Fact]:
    width = matched_tokens_mlp_dim(SIZES["S"], SIZES["C"])
    sizes = SIZES | {"D_S": width}
    weights = [
        r"2 V C + V + N \bigl(4 C^2 + 4 C + 2 C D + D + C + 4 C\bigr) + 2 C",
        r"2 V C + V + N \bigl(2 S D_S + D_S + S + 2 C D + D + C + 4 C\bigr) + 2 C",
    ]
    products = [
        "N (4 S C^2 + 2 S^2 C + 2 S C D) + S C V",
        "N (2 S D_S C + 2 S C D) + S C V",
    ]
    for (of, model), tex in zip(models.items(), weights, strict=True):
        formula = stated(page, tex, {of: sizes})
        yield count("Parameters", {of: parameters(model)}, formula)
    for (of, model), tex in zip(models.items(), products, strict=True):
        work = multiply_adds(model, 1, sizes["S"], dtype=torch.int64)
        yield count("MACs", {of: work}, stated(page, tex, {of: sizes}))


def _equal_parameters(attention: int, mixer: int) -> Fact:
    apart, rule = abs(attention - mixer) / attention, f"at most {scientific(1e-3)}"
    case = Case(BASE.of, scientific(apart), rule, apart <= 1e-3)
    return single("Difference in parameters, as a share", case, rule)


Body = Callable[[Tensor], Tensor]


def _mixer_body(encoder: Any, x: Tensor) -> Tensor:
    """The layers of a Mixer from those of PyTorch, on the transposed table."""
    for layer in encoder.layers:
        tokens = three_layers(layer.token_mixing.token_mixing)
        channels = three_layers(layer.channel_mixing)
        x = x + tokens(_normed(layer.token_norm, x).mT).mT
        x = x + channels(_normed(layer.channel_norm, x))
    return _normed(encoder.norm, x)


def _normed(ours: nn.Module, x: Tensor) -> Tensor:
    theirs = given(nn.LayerNorm(C, 1e-6), ours.state_dict())
    return cast(Tensor, theirs(x))


def _like_pytorchs_model(
    model: MaskedLanguageModel, body: Body, kind: str
) -> Iterator[Fact]:
    """Scores and loss from PyTorch's layers with our weights; gradients of the loss."""
    tokens = _tokens()
    table = model.embedding.weight.detach().clone().requires_grad_()
    rows = F.embedding(tokens, table) * math.sqrt(C)
    positions = getattr(model.positions, "table", torch.zeros(S, C).double())
    output = [p.detach().clone().requires_grad_() for p in model.output.parameters()]
    scores = F.linear(body(rows + positions.detach()), *output)
    reference = f"the layers of {PYTORCH}"
    yield difference(reference, model(tokens), scores, f"scores, {kind}", TOLERANCE)
    chosen = tokens % 3 == 0
    theirs = F.cross_entropy(scores[chosen], tokens[chosen])
    ours = masked_loss(model(tokens), tokens.where(chosen, -100))
    mine = {"table": model.embedding.weight, "output": model.output.weight}
    other = {"table": table, "output": output[0]}
    yield from compared(reference, (ours, mine), (theirs, other), f"loss, {kind}")
