r"""# The manifest

What the page has to know, as JSON.
"""

from pathlib import Path
from typing import Any

from labml_style_nn.browser import digit_file
from labml_style_nn.browser.flat import Layout
from labml_style_nn.browser.training_step import BETAS
from labml_style_nn.browser.variants import Variant
from labml_style_nn.layers.linear import TRUNCATED_STD, Linear
from labml_style_nn.models.mlp_mixer import MLPMixer

BATCH = 64
LR, WEIGHT_DECAY, EPS = 4e-3, 0.05, 1e-8


def manifest(
    variants: list[Variant], folder: Path, recorded: dict[str, Any]
) -> dict[str, Any]:
    """Describe what lies in the folder."""
    return {
        "digits": digit_file.described(),
        "batch": BATCH,
        "lr": LR,
        "weight_decay": WEIGHT_DECAY,
        "eps": EPS,
        "betas": list(BETAS),
        "variants": [described(variant, folder) for variant in variants],
        "recorded": recorded,
    }


def described(variant: Variant, folder: Path) -> dict[str, Any]:
    """Describe a variant."""
    model = variant.build()
    layout = Layout.of(model)
    files = {kind: f"{variant.name}.{kind}.onnx" for kind in ("step", "probe")}
    return {
        "name": variant.name,
        "title": variant.title,
        "change": variant.change,
        "expect": variant.expect,
        "code": variant.code,
        "settings": variant.settings,
        "parameters": [
            {
                "name": place.name,
                "shape": list(place.shape),
                "offset": place.offset,
                "init": beginning(variant, place.name),
            }
            for place in layout.places
        ],
        "draws": [weight.numel() for weight in drawn(variant).values()],
        "count": layout.count,
        **files,
        "bytes": sum((folder / file).stat().st_size for file in files.values()),
    }


def drawn(variant: Variant) -> dict[str, Any]:
    """Every matrix that is drawn while a Mixer is built, in the order of the draws."""
    model = MLPMixer(image_size=8, in_channels=1, num_classes=10, **variant.settings)
    return {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if isinstance(module, Linear)
    }


def beginning(variant: Variant, name: str) -> dict[str, Any]:
    """How a parameter begins."""
    weight = variant.build().get_parameter(name)
    if not weight.any():
        return {"kind": "zeros"}
    if (weight == 1).all():
        return {"kind": "ones"}
    std = weight.shape[1] ** -0.5 / TRUNCATED_STD
    order = list(drawn(variant)).index(name)
    return {"kind": "trunc_normal", "std": std, "order": order}
