r"""# Proofs of the transformer

The references are PyTorch's own layers, which run beside ours: `nn.TransformerEncoder`
above all, in both orders of the norm, with ReLU and with GELU, with padding and with a
causal mask. They get our weights, drawn at random, and must give our outputs and our
gradients, in float64 and without dropout.

The counts are at the size of BERT's base model: $C = 768$, $h = 12$, $D = 3072$ and
$N = 12$ (Devlin and others, 2018, section 3), here with $S = 512$.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
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
    Expected,
    count,
    multiply_adds,
    none,
    parameters,
    stated,
)
from labml_style_nn.proofs.facts import Case, Check, Fact, difference, draw
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.layer_proofs import (
    NUMPY,
    PYTORCH,
    randomised,
    three_layers,
)
from labml_style_nn.proofs.reference import applied

# The letters of the pages, at the size of BERT's base model.
SIZES = {"S": 512, "C": 768, "h": 12, "D": 3072, "N": 12, "D_S": 384, "V": 30_522}
BASE = "at the size of BERT base"
# Small sizes, all different, for the comparisons.
B, S, C, D, H, N, V = 3, 7, 20, 36, 4, 2, 11
SMALL = "small, asymmetric sizes, float64"
TOLERANCE = 1e-10


# ## What they share


def compared(
    reference: str,
    ours: tuple[Tensor, Mapping[str, Tensor]],
    theirs: tuple[Tensor, Mapping[str, Tensor]],
    of: str = SMALL,
) -> Iterator[Fact]:
    """An output, and the gradients of a loss by all that is named."""
    yield difference(reference, ours[0], theirs[0], TOLERANCE, of)
    left, right = gradients(*ours), gradients(*theirs)
    label, of = "Difference of the gradients", f"by input and weights, {of}"
    yield difference(reference, left, right, TOLERANCE, of, label)


def gradients(output: Tensor, by: Mapping[str, Tensor]) -> Tensor:
    """All gradients of a loss in a row, in the order of their names."""
    loss = (output * draw(*output.shape, seed=99)).sum()
    found = torch.autograd.grad(loss, [by[name] for name in sorted(by)])
    return torch.cat([gradient.flatten() for gradient in found])


def inputs(*shape: int) -> tuple[Tensor, Tensor]:
    """The same random numbers twice, for one gradient each."""
    return draw(*shape).requires_grad_(), draw(*shape).requires_grad_()


# ## Layers


def prove_feed_forward(page: Page) -> Iterator[Fact]:
    """Against the feed forward of PyTorch's encoder layer, and the gates by NumPy."""
    sizes = {BASE: {"d": 768, "D": 3072}}
    yield count(
        "Parameters",
        {BASE: parameters(FeedForward(768, 3072))},
        stated(page, "2 d D + D + d", sizes),
    )
    work = multiply_adds(FeedForward(768, 3072), 1, 768)
    yield count("MACs", {BASE: work}, stated(page, "2 d D", sizes))
    narrow = {BASE: {"d": 768, "D": gated_width(3072)}}
    gated = GatedFeedForward(768, gated_width(3072))
    yield count(
        "Parameters with a gate",
        {BASE: parameters(gated)},
        stated(page, "3 d D", narrow),
        # The rule of two thirds, from the other side.
        stated(page, "2 d D", sizes),
    )
    for same in zip(*map(_like_pytorchs, ("relu", "gelu")), strict=True):
        yield together(same, "relu and gelu")
    gates = [_like_numpy(gate, function) for gate, function in GATES.items()]
    yield together(gates, "the five gates")


def _like_pytorchs(activation: str) -> Iterator[Fact]:
    ours = randomised(FeedForward(C, D, activation))
    layer = nn.TransformerEncoderLayer(C, H, D, 0.0, activation).double()
    layer.linear1.load_state_dict(ours.fc1.state_dict())
    layer.linear2.load_state_dict(ours.fc2.state_dict())
    x, y = inputs(B, S, C)
    mine = {"x": x, "w1": ours.fc1.weight, "w2": ours.fc2.weight}
    other = {"x": y, "w1": layer.linear1.weight, "w2": layer.linear2.weight}
    reference = f"nn.TransformerEncoderLayer of {PYTORCH}"
    theirs = layer.linear2(layer.activation(layer.linear1(y)))
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
    return difference(NUMPY, ours(x), torch.from_numpy(theirs), 1e-12, gate)


def prove_drop_in_mixer(page: Page) -> Iterator[Fact]:
    """Against PyTorch's maps on the transposed table; and what it refuses."""
    sizes = {BASE: SIZES}
    mixer = DropInMixer(SIZES["S"], SIZES["D_S"])
    weights = [stated(page, "2 S D_S + D_S + S", sizes)]
    work = stated(page, "2 S D_S C", sizes)
    shape = 1, SIZES["S"], SIZES["C"]
    found = {BASE: parameters(mixer)}
    yield count("Parameters", found, *weights)
    yield count("MACs", {BASE: multiply_adds(mixer, *shape)}, work)
    ours = randomised(DropInMixer(S, D))
    layers = three_layers(ours.token_mixing)
    x, y = inputs(B, S, C)
    mine = {"x": x, "w1": ours.token_mixing.fc1.weight}
    other = {"x": y, "w1": cast(Tensor, layers[0].weight)}
    reference = f"nn.Linear on the transposed table, {PYTORCH}"
    yield from compared(reference, (ours(x, x, x), mine), (layers(y.mT).mT, other))
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
    check = Check("those that attention obeys", "equal to", (case,))
    return Fact("Calls that are refused", str(refused), of, (check,))


def prove_token_embedding(page: Page) -> Iterator[Fact]:
    """Against PyTorch's table, and a product with ones and zeros."""
    sizes = {BASE: SIZES}
    with torch.device("meta"):
        layer = TokenEmbedding(SIZES["V"], SIZES["C"])
    yield count("Parameters", {BASE: parameters(layer)}, stated(page, "V C", sizes))
    work = multiply_adds(layer, 1, SIZES["S"], dtype=torch.int64)
    nothing = none(page, "no matrices are multiplied", BASE)
    yield count("MACs", {BASE: work}, nothing)
    ours, theirs = randomised(TokenEmbedding(V, C)), nn.Embedding(V, C).double()
    theirs.load_state_dict(ours.state_dict())
    tokens = _tokens()
    yield from compared(
        f"nn.Embedding of {PYTORCH}",
        (ours(tokens), {"w": ours.weight}),
        (theirs(tokens) * math.sqrt(C), {"w": theirs.weight}),
    )
    rows = torch.from_numpy(np.eye(V)[tokens.numpy()])
    scaled = math.sqrt(C) * ours.weight.detach()
    multiplied = applied(rows, scaled.mT, torch.zeros(C).double())
    name = f"the product with ones and zeros, {NUMPY}"
    yield difference(name, ours(tokens), multiplied, 1e-12, SMALL)


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


def pytorchs(ours: Encoder, norm_first: bool, activation: str) -> nn.Module:
    """`nn.TransformerEncoder` with the weights of ours."""
    layer = nn.TransformerEncoderLayer(
        C, H, D, 0.0, activation, batch_first=True, norm_first=norm_first
    )
    norm = nn.LayerNorm(C) if norm_first else None
    theirs = nn.TransformerEncoder(layer, N, norm, enable_nested_tensor=False).double()
    state = {in_pytorchs_words(name): w for name, w in ours.state_dict().items()}
    theirs.load_state_dict(state)
    return theirs


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
    sizes = {BASE: SIZES}
    tokens, channels = "4 C^2 + 4 C", "2 C D + D + C"
    for piece in (tokens, channels, "4 C", "2 C"):
        page.says(f"${piece}$")
    whole = f"N ({tokens} + {channels} + 4 C) + 2 C"
    with torch.device("meta"):
        base = Encoder(768, 12, _base_layer)
        theirs = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(768, 12, 3072, norm_first=True),
            12,
            nn.LayerNorm(768),
            enable_nested_tensor=False,
        )
    by_pytorch = Expected(
        f"nn.TransformerEncoder of {PYTORCH}", {BASE: parameters(theirs)}
    )
    found = {BASE: parameters(base)}
    yield count("Parameters", found, stated(page, "", sizes, whole), by_pytorch)
    tex = r"""N \bigl(\underbrace{4 S C^2 + 2 S^2 C}_{\text{attention}}
+ \underbrace{2 S C D}_{\text{channels}}\bigr)"""
    work = {BASE: multiply_adds(base, 1, SIZES["S"], SIZES["C"])}
    yield count("MACs", work, stated(page, tex, sizes))
    yield from _like_pytorchs_encoder()


def _base_layer(number: int) -> EncoderLayer:
    return EncoderLayer(768, MultiHeadAttention(768, 12), FeedForward(768, 3072))


KINDS = "no mask", "padding", "causal", "causal and padding"


def _like_pytorchs_encoder() -> Iterator[Fact]:
    """Both orders of the norm, two activations, four masks: sixteen forms."""
    facts = [
        [*_one_form(norm_first, activation, kind)]
        for norm_first, activation in product((True, False), ("gelu", "relu"))
        for kind in KINDS
    ]
    for same in zip(*facts, strict=True):
        yield together(same, "both orders of the norm, two activations, four masks")


def together(facts: Sequence[Fact], of: str) -> Fact:
    """Facts with one label, as one with a case for each; its value is the worst."""
    cases = [case for fact in facts for check in fact.checks for case in check.cases]
    worst = max(cases, key=lambda case: (not case.holds, magnitude(case.found)))
    check = Check("", facts[0].checks[0].rule, tuple(cases))
    return Fact(facts[0].label, worst.found, of, (check,))


def magnitude(printed: str) -> float:
    """What [`scientific`][] printed, as a number again."""
    plain = printed.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(
        plain.replace(" × 10", "e") if " " in plain else plain.replace("10-", "1e-")
    )


def _one_form(norm_first: bool, activation: str, kind: str) -> Iterator[Fact]:
    ours = encoder(norm_first, activation)
    theirs = pytorchs(ours, norm_first, activation)
    x, y = inputs(B, S, C)
    our_masks, their_masks = masks(kind)
    weights = dict(theirs.named_parameters())
    mine = {in_pytorchs_words(name): w for name, w in ours.named_parameters()}
    yield from compared(
        f"nn.TransformerEncoder of {PYTORCH}",
        (ours(x, **our_masks), mine | {"x": x}),
        (theirs(y, **their_masks), weights | {"x": y}),
        f"{'pre' if norm_first else 'post'}-norm, {activation}, {kind}",
    )


# ## The language model


def prove_masked_language_model(page: Page) -> Iterator[Fact]:
    """Both counts at the size of BERT base, PyTorch's scores, loss and gradients."""
    width = matched_tokens_mlp_dim(SIZES["S"], SIZES["C"])
    sizes = SIZES | {"D_S": width}
    options: dict[str, Any] = {
        "vocabulary_size": V,
        "num_tokens": S,
        "dim": C,
        "hidden_dim": D,
    }
    with torch.device("meta"):
        base: dict[str, Any] = {
            "vocabulary_size": sizes["V"],
            "num_tokens": sizes["S"],
            "dim": sizes["C"],
            "num_layers": sizes["N"],
            "hidden_dim": sizes["D"],
        }
        models = {
            f"attention, {BASE}": attention_language_model(num_heads=12, **base),
            f"Mixer, {BASE}": mixer_language_model(**base),
        }
    yield from _costs_of_both(page, models, sizes)
    yield _equal_parameters(*(parameters(model) for model in models.values()))
    with_attention = attention_language_model(num_layers=N, num_heads=H, **options)
    with_a_mixer = mixer_language_model(num_layers=N, **options)
    for model, body in ((with_attention, _attention_body), (with_a_mixer, _mixer_body)):
        yield from _like_pytorchs_model(randomised(model), body)


def _costs_of_both(
    page: Page, models: Mapping[str, nn.Module], sizes: Mapping[str, int]
) -> Iterator[Fact]:
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
    apart = abs(attention - mixer) / attention
    case = Case(BASE, f"{apart:.2e}", "at most 1e-3", apart <= 1e-3)
    check = Check("", "at most 1e-3", (case,))
    return Fact("Difference in parameters, as a share", f"{apart:.1e}", BASE, (check,))


def _attention_body(model: MaskedLanguageModel) -> nn.Module:
    layer = nn.TransformerEncoderLayer(
        C, H, D, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True
    )
    norm = nn.LayerNorm(C, 1e-6)
    body = nn.TransformerEncoder(layer, N, norm, enable_nested_tensor=False).double()
    state = model.encoder.state_dict()
    body.load_state_dict({in_pytorchs_words(name): w for name, w in state.items()})
    return body


class _MixerBody(nn.Module):
    """The layers of a Mixer from those of PyTorch, on the transposed table."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.branches = nn.ModuleList()
        for layer in encoder.layers:
            tokens = three_layers(layer.token_mixing.token_mixing)
            channels = three_layers(layer.channel_mixing)
            for norm, mixing in (
                (layer.token_norm, tokens),
                (layer.channel_norm, channels),
            ):
                self.branches.append(nn.Sequential(_normed(norm), mixing))
        self.norm = _normed(encoder.norm)

    def forward(self, x: Tensor) -> Tensor:
        for number, branch in enumerate(self.branches):
            norm, mixing = cast(nn.Sequential, branch)
            # Tokens and channels take turns.
            tokens = number % 2 == 0
            x = x + (mixing(norm(x).mT).mT if tokens else mixing(norm(x)))
        return cast(Tensor, self.norm(x))


def _normed(ours: nn.Module) -> nn.LayerNorm:
    theirs = nn.LayerNorm(C, 1e-6).double()
    theirs.load_state_dict(ours.state_dict())
    return theirs


def _mixer_body(model: MaskedLanguageModel) -> nn.Module:
    return _MixerBody(model.encoder)


def _like_pytorchs_model(
    model: MaskedLanguageModel, make_body: Callable[[MaskedLanguageModel], nn.Module]
) -> Iterator[Fact]:
    """Scores and loss from PyTorch's layers with our weights; gradients of the loss."""
    body, tokens = make_body(model), _tokens()
    kind = "attention" if isinstance(body, nn.TransformerEncoder) else "Mixer"
    table = model.embedding.weight.detach().clone().requires_grad_()
    rows = F.embedding(tokens, table) * math.sqrt(C)
    positions = getattr(model.positions, "table", torch.zeros(S, C).double())
    output = [p.detach().clone().requires_grad_() for p in model.output.parameters()]
    scores = F.linear(body(rows + positions.detach()), *output)
    reference = f"the layers of {PYTORCH}"
    yield difference(reference, model(tokens), scores, TOLERANCE, f"scores, {kind}")
    chosen = tokens % 3 == 0
    theirs = F.cross_entropy(scores[chosen], tokens[chosen])
    ours = masked_loss(model(tokens), tokens.where(chosen, -100))
    mine = {"table": model.embedding.weight, "output": model.output.weight}
    other = {"table": table, "output": output[0]}
    yield from compared(reference, (ours, mine), (theirs, other), f"loss, {kind}")


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.layers.feed_forward": prove_feed_forward,
    "labml_style_nn.layers.drop_in_mixer": prove_drop_in_mixer,
    "labml_style_nn.layers.token_embedding": prove_token_embedding,
    "labml_style_nn.models.transformer": prove_transformer,
    "labml_style_nn.models.masked_language_model": prove_masked_language_model,
}
