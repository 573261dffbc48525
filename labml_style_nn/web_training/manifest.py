r"""# The manifest

What the page has to know before it can train, as JSON: where the digits lie in their
file, the usual settings, and of each variant its texts, its sizes, its files, how many
digits it learns from, and in which order it gets their pixels. And for each parameter
its place in $\theta$ (see [`flat`][]) and how it begins.

A matrix begins with random numbers, so of these the manifest tells the standard
deviation and *when* they are drawn ([`loop`][] says how). What a variant
leaves out is drawn all the same; `draws` has the sizes of all draws in their order. A
parameter that is larger than its draw begins as copies of it, one after another.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from labml_style_nn.layers.linear import TRUNCATED_STD, Linear
from labml_style_nn.layers.token_mixing import TokenLinear
from labml_style_nn.web_training import digit_file
from labml_style_nn.web_training.flat import Layout
from labml_style_nn.web_training.training_step import BETAS
from labml_style_nn.web_training.variants import Variant

BATCH = 64
LR, WEIGHT_DECAY, EPS = 4e-3, 0.05, 1e-8


def manifest(
    variants: Sequence[Variant], sizes: Mapping[str, int], recorded: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe the variants. `sizes` are those of the graphs' files, in bytes."""
    return {
        "digits": digit_file.described(),
        "batch": BATCH,
        "lr": LR,
        "weight_decay": WEIGHT_DECAY,
        "eps": EPS,
        "betas": list(BETAS),
        "variants": [described(variant, sizes) for variant in variants],
        "recorded": recorded,
    }


def described(variant: Variant, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Describe a variant."""
    model, draws = variant.build(), drawn(variant)
    layout, weights = Layout.of(model), dict(model.named_parameters())
    files = {kind: f"{variant.network}.{kind}.onnx" for kind in ("step", "probe")}
    return {
        "name": variant.name,
        "title": variant.title,
        "change": variant.change,
        "expect": variant.expect,
        "code": variant.code,
        "settings": variant.settings,
        "order": variant.order,
        "train": variant.learns_from or digit_file.described()["train"],
        "parameters": [
            {
                "name": place.name,
                "shape": list(place.shape),
                "offset": place.offset,
                "init": beginning(place.name, weights[place.name], list(draws)),
            }
            for place in layout.places
        ],
        "draws": list(draws.values()),
        "count": layout.count,
        **files,
        "bytes": sum(sizes[file] for file in files.values()),
    }


def drawn(variant: Variant) -> dict[str, int]:
    """Every matrix that is drawn while a Mixer is built, and its size, in order."""
    return {
        f"{name}.weight": module.weight.numel()
        for name, module in variant.unaltered().named_modules()
        if isinstance(module, Linear | TokenLinear)
    }


def beginning(name: str, weight: nn.Parameter, draws: list[str]) -> dict[str, Any]:
    """How a parameter begins, as a network that was just built shows it."""
    if not weight.any():
        return {"kind": "zeros"}
    if (weight == 1).all():
        return {"kind": "ones"}
    std = weight.shape[-1] ** -0.5 / TRUNCATED_STD
    return {"kind": "trunc_normal", "std": std, "order": draws.index(name)}
