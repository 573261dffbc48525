r"""# Proofs of the Mixer

A model is proved as its paper counts it. Each model that the paper names is built at
the paper's size, on the `meta` device, and its parameters and multiply–adds are held
against the formulas on the page, the paper's table, the authors' own test and timm.

Then a small network, asymmetric in every size, gets timm's weights and timm's images.
Its scores, and the gradient of every weight, must be timm's. With its weights reordered
([`permutation`][]), it must give the same scores for shuffled images, and stay the same
network while it is trained.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.models import mlp_mixer
from labml_style_nn.models.mlp_mixer import SCALES, MLPMixer
from labml_style_nn.permutation import permuted, shuffle_patches
from labml_style_nn.proofs.cost import (
    Expected,
    costs_of_models,
    evaluated,
    letters,
    on_meta,
    parameters,
    stated,
    timms,
)
from labml_style_nn.proofs.facts import Fact, difference, in_millions, row
from labml_style_nn.proofs.formula import Page
from labml_style_nn.proofs.reference import timm
from labml_style_nn.proofs.whole import scores_and_gradients, small

MIXERS = {
    "Mixer-S/32": "mixer_s32",
    "Mixer-S/16": "mixer_s16",
    "Mixer-B/32": "mixer_b32",
    "Mixer-B/16": "mixer_b16",
    "Mixer-L/32": "mixer_l32",
    "Mixer-L/16": "mixer_l16",
    "Mixer-H/14": "mixer_h14",
}
# Table 1 of the paper: millions of parameters.
TABLE_1 = dict(zip(MIXERS, (19, 18, 60, 59, 206, 207, 431), strict=True))
# `vit_jax/models_test.py` in the authors' repository, github.com/google-research/
# vision_transformer, asserts these.
OFFICIAL = {
    "Mixer-B/32": 60_293_428,
    "Mixer-B/16": 59_880_472,
    "Mixer-L/16": 208_196_168,
}

# ## The formulas of the Mixer's page
#
# The page gives the number of parameters in pieces, which are put together.
BLOCK = "2 S D_S + D_S + S", "2 C D_C + D_C + C", "4 C"
AROUND = r"C\,(C_{\text{in}} P^2 + 1)", "2C", "(C + 1) K"
MULTIPLY_ADDS = r"""\underbrace{S \, C_{\text{in}} P^2 \, C}_{\text{patches}}
+ N \bigl(\underbrace{2 S D_S C}_{\text{tokens}}
+ \underbrace{2 S C D_C}_{\text{channels}}\bigr)
+ \underbrace{C K}_{\text{head}}"""


def sizes_of(name: str) -> dict[str, int]:
    """The sizes of a model of Table 1, by the letters of the page."""
    scale, patch_size = name.removeprefix("Mixer-").split("/")
    layers, hidden, tokens, channels = SCALES[scale]
    return letters(int(patch_size), N=layers, C=hidden, D_S=tokens, D_C=channels)


def prove_mlp_mixer(page: Page) -> Iterator[Fact]:
    """Table 1, timm's scores and gradients, and the same on shuffled images."""
    models, sizes = on_meta(mlp_mixer, MIXERS), {of: sizes_of(of) for of in MIXERS}
    bodies = {
        of: parameters(model) - parameters(model.get_submodule("head"))
        for of, model in models.items()
    }
    note = "without the head, rounded to millions"
    weights = (
        evaluated(page.adds_up(BLOCK, *AROUND), sizes),
        timms("models", MIXERS),
        Expected("the authors' test (vit_jax)", OFFICIAL, quoted=True),
        in_millions(bodies, TABLE_1, "the paper's Table 1", note),
    )
    work = [stated(page, MULTIPLY_ADDS, sizes)]
    yield from costs_of_models(models, sizes, "Mixer-B/16", weights, work)
    yield from scores_and_gradients(small_mixer(), timm())
    yield from on_shuffled_images()


def small_mixer() -> MLPMixer:
    """The network of timm's stored numbers, with timm's weights."""
    return small(MLPMixer, timm(), tokens_mlp_dim=10, channels_mlp_dim=80)


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
    yield difference(original, other(shuffled), mixer(image), of)
    trained = permuted(three_steps(mixer, image), *orders)
    models = three_steps(other, shuffled), trained
    ours, theirs = (row(model.parameters()) for model in models)
    of, label = "three steps of AdamW, float64", "Difference of the trained weights"
    yield difference(original, ours, theirs, of, 1e-10, label)


def three_steps(model: MLPMixer, image: Tensor) -> MLPMixer:
    """Train a network, as a classifier that tells the images apart."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(image), torch.arange(len(image))).backward()
        optimizer.step()
    return model
