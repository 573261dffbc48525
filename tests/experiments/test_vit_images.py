"""The ViT on CIFAR-10: the Mixer's recipe, the Mixer's size."""

from dataclasses import asdict, fields

import pytest

from labml_style_nn.experiments import mixer_images
from labml_style_nn.experiments.classification import ImageRecipe
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.vit_images import CIFAR, build_model


def test_recipe_is_the_mixers() -> None:
    for field in fields(ImageRecipe):
        assert getattr(CIFAR, field.name) == getattr(mixer_images.CIFAR, field.name)


def test_size_is_the_mixers() -> None:
    mixer = mixer_images.build_model(mixer_images.CIFAR)
    sizes = [
        sum(p.numel() for p in m.parameters()) for m in (build_model(CIFAR), mixer)
    ]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01)


def test_the_record_is_of_these_settings_and_says_which_images_it_had() -> None:
    (run,) = recorded("vit_images", "cifar10")
    (mixer,) = recorded("mixer_images", "cifar10")
    assert run["settings"] == asdict(CIFAR)
    assert (run["note"], run["threads"]) == (mixer["note"], 1)
    assert run["test_images"] == 10_000
