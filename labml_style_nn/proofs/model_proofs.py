r"""# Proofs of the models

A model is proved as its paper counts it. Each model that the paper names is built at
the paper's size, on the `meta` device, and its parameters and multiply–adds are held
against the formulas on the page, the paper's table, the authors' own test and timm.

Then a small network, asymmetric in every size, gets timm's weights and timm's images.
Its scores, and the gradient of every weight, must be timm's. With its weights reordered
([`permutation`][]), it must give the same scores for shuffled images, and stay the same
network while it is trained.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.models import mlp_mixer
from labml_style_nn.models.mlp_mixer import SCALES, MLPMixer
from labml_style_nn.permutation import permuted, shuffle_patches
from labml_style_nn.pretrained import load_timm_weights
from labml_style_nn.proofs.cost import (
    Expected,
    count,
    multiply_adds,
    parameters,
    stated,
)
from labml_style_nn.proofs.facts import Case, Check, Fact, difference
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import timm, timm_counts
from labml_style_nn.proofs.whole import scores_and_gradients

# Table 1 of the paper: millions of parameters.
TABLE_1 = {
    "mixer_s32": 19,
    "mixer_s16": 18,
    "mixer_b32": 60,
    "mixer_b16": 59,
    "mixer_l32": 206,
    "mixer_l16": 207,
    "mixer_h14": 431,
}
# `vit_jax/models_test.py` in the authors' repository, github.com/google-research/
# vision_transformer, asserts these.
OFFICIAL = {
    "mixer_b32": 60_293_428,
    "mixer_b16": 59_880_472,
    "mixer_l16": 208_196_168,
}
HEADLINE = "Mixer-B/16"

# ## The formulas of the Mixer's page
#
# The page gives the number of parameters in pieces. Here they are put together.
BLOCK = "2 S D_S + D_S + S", "2 C D_C + D_C + C", "4 C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
PARAMETERS = f"N ({' + '.join(BLOCK)}) + {' + '.join(AROUND)}"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{2 S D_S C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def in_words(name: str) -> str:
    """The paper's name of a model.

    >>> in_words("mixer_b16")
    'Mixer-B/16'
    """
    model, size = name.split("_")
    return f"{model.title()}-{size[0].upper()}/{size[1:]}"


def by_name(numbers: Mapping[str, int]) -> dict[str, int]:
    """Numbers by the names of the paper."""
    return {in_words(name): number for name, number in numbers.items()}


def letters(name: str) -> dict[str, int]:
    """The sizes of a model of Table 1, by the letters of the page."""
    scale, patch = name.removeprefix("mixer_")[0].upper(), int(name[-2:])
    layers, hidden, tokens, channels = SCALES[scale]
    return {
        "N": layers,
        "C": hidden,
        "D_S": tokens,
        "D_C": channels,
        "P": patch,
        "S": (224 // patch) ** 2,
        "K": 1000,
        r"C_{\text{in}}": 3,
    }


def prove_mlp_mixer(page: Page) -> Iterator[Fact]:
    """Table 1, timm's scores and gradients, and the same on shuffled images."""
    with torch.device("meta"):
        models = {name: getattr(mlp_mixer, name)() for name in TABLE_1}
    sizes = {in_words(name): letters(name) for name in TABLE_1}
    for piece in (*BLOCK, *AROUND):
        page.says(piece)
    yield _parameters(models, stated(page, "", sizes, PARAMETERS))
    found = {
        in_words(name): multiply_adds(model, 1, 3, 224, 224)
        for name, model in models.items()
    }
    work = stated(page, MULTIPLY_ADDS, sizes)
    yield count("MACs for an image", found, work, headline=HEADLINE)
    yield from scores_and_gradients(small_mixer(), timm())
    yield from on_shuffled_images()


def _parameters(models: Mapping[str, nn.Module], formula: Expected) -> Fact:
    counts = timm_counts()
    timms = {name: counts["models"][name] for name in TABLE_1}
    fact = count(
        "Parameters",
        by_name({name: parameters(model) for name, model in models.items()}),
        formula,
        Expected(f"timm {counts['timm']}", by_name(timms), quoted=True),
        Expected("the authors' test (vit_jax)", by_name(OFFICIAL), quoted=True),
        headline=HEADLINE,
    )
    checks = (*fact.checks, in_table_1(models))
    return Fact(fact.label, fact.value, fact.of, checks)


def in_table_1(models: Mapping[str, nn.Module]) -> Check:
    """The paper's counts, which leave the head out and are rounded to millions."""
    cases = []
    for name, millions in TABLE_1.items():
        head = models[name].get_submodule("head")
        body = parameters(models[name]) - parameters(head)
        found, holds = f"{body / 1e6:.2f} M", round(body / 1e6) == millions
        cases.append(Case(in_words(name), found, f"{millions} M", holds))
    note = "without the head, rounded to millions"
    return Check("the paper's Table 1", "equal to", tuple(cases), True, note)


# ## timm's weights


def small_mixer() -> MLPMixer:
    """The network of timm's stored numbers, with timm's weights."""
    meta = timm().meta
    model = MLPMixer(
        image_size=meta["img_size"],
        patch_size=meta["patch_size"],
        num_classes=meta["num_classes"],
        num_layers=meta["num_blocks"],
        hidden_dim=meta["embed_dim"],
        tokens_mlp_dim=meta["embed_dim"] // 2,
        channels_mlp_dim=4 * meta["embed_dim"],
    ).double()
    load_timm_weights(model, timm().weights())
    return model


# ## Shuffled images


def on_shuffled_images() -> Iterator[Fact]:
    """The reordered network on shuffled images, before and after steps of AdamW."""
    mixer, image = small_mixer(), timm()["x"]
    embedding, chance = mixer.patch_embedding, torch.Generator().manual_seed(0)
    num_pixels = embedding.patch_size[0] * embedding.patch_size[1]
    orders = [
        torch.randperm(size, generator=chance)
        for size in (embedding.num_patches, num_pixels)
    ]
    other = permuted(mixer, *orders)
    shuffled = shuffle_patches(image, embedding.patch_size, *orders)
    original = "the Mixer on original images"
    of = "reordered, on shuffled patches and pixels, float64"
    yield difference(original, other(shuffled), mixer(image), 1e-12, of)
    trained = permuted(three_steps(mixer, image), *orders)
    ours, theirs = (
        torch.cat([weight.flatten() for weight in model.parameters()])
        for model in (three_steps(other, shuffled), trained)
    )
    of, label = "three steps of AdamW, float64", "Difference of the trained weights"
    yield difference(original, ours, theirs, 1e-10, of, label)


def three_steps(model: MLPMixer, image: Tensor) -> MLPMixer:
    """Train a network, as a classifier that tells the images apart."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(image), torch.arange(len(image))).backward()
        optimizer.step()
    return model


PROOFS: dict[str, Callable[[Page], Iterator[Fact]]] = {
    "labml_style_nn.models.mlp_mixer": prove_mlp_mixer,
}
