"""Each variant is the Mixer but for one change, and begins as it does.

What the changes come to, the examples of `variants` show. Shuffled digits have the same
pixels, and none beside those that it had before; that shuffled patches would be the
same task, `tests/test_permutation.py` shows.
"""

import pytest
import torch
from torch import Tensor

from benchmarks.seeds import BAR, best
from labml_style_nn.layers.gelu import GELU
from labml_style_nn.layers.layer_norm import LayerNorm
from labml_style_nn.layers.patch_embedding import cut_into_patches
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.loop import given
from labml_style_nn.web_training.shuffles import IN_ORDER, SIDE, Order, shuffled_pixels
from labml_style_nn.web_training.variants import VARIANTS
from tests.graphs.conftest import PARTS


@pytest.mark.parametrize("name", VARIANTS)
def test_what_remains_begins_as_in_the_whole_mixer(name: str) -> None:
    variant = VARIANTS[name]
    torch.manual_seed(4)
    model = variant.build()
    torch.manual_seed(4)
    whole = MLPMixer(image_size=8, in_channels=1, num_classes=10, **variant.settings)
    ours, weights = model.state_dict(), whole.state_dict()
    assert type(model) is MLPMixer
    assert ours.keys() <= weights.keys()
    assert name != "default" or len(ours) == len(weights)
    for key, weight in ours.items():
        # If a channel has weights of its own, they are those of all in the Mixer.
        each = weight.view(-1, *weights[key].shape)
        assert torch.equal(each, weights[key].expand_as(each))
        assert len(each) == (32 if name == "untied" and "token_mixing" in key else 1)


def test_each_leaves_out_what_it_says() -> None:
    built = {name: variant.build() for name, variant in VARIANTS.items()}
    kinds = {n: {type(m) for m in model.modules()} for n, model in built.items()}
    for kind, without in ((GELU, "relu"), (LayerNorm, "no_layer_norm")):
        assert {n for n in built if kind not in kinds[n]} == {without}
    keys = {name: " ".join(model.state_dict()) for name, model in built.items()}
    for part in ("token_mixing", "channel_mixing"):
        assert {n for n in built if part not in keys[n]} == {f"no_{part}"}


def patches(order: Order) -> Tensor:
    """The pixels of each patch of the Mixer, a row for each."""
    return cut_into_patches(torch.tensor(order).view(1, 1, SIDE, SIDE), (2, 2))[0]


def shuffled_patches() -> Order:
    """Another order of the patches, and one of the pixels within each of them."""
    chance = torch.Generator().manual_seed(0)
    new = patches(IN_ORDER)[torch.randperm(16, generator=chance)][:, [2, 0, 3, 1]]
    image = new.view(4, 4, 2, 2).transpose(1, 2)
    return tuple(image.flatten().tolist())


def test_shuffled_pixels_leave_no_patch_together() -> None:
    order = shuffled_pixels()
    assert sorted(order) == list(IN_ORDER)
    old = {frozenset(patch) for patch in patches(IN_ORDER).tolist()}
    assert not old & {frozenset(patch) for patch in patches(order).tolist()}
    # As those of the order below do: each patch of it is an old one.
    assert old == {frozenset(patch) for patch in patches(shuffled_patches()).tolist()}


def test_a_variant_is_given_the_same_digits_or_fewer() -> None:
    for name, variant in VARIANTS.items():
        numbers, parts = (variant.learns_from, None), given(name)
        for whole, part, n in zip(PARTS, parts, numbers, strict=True):
            assert torch.equal(part.labels, whole.labels[:n])
            back = torch.empty_like(part.images.flatten(1))
            back[:, list(variant.order)] = part.images.flatten(1)
            assert torch.equal(back.view_as(part.images), whole.images[:n])
        assert parts[0].labels.unique().tolist() == list(range(10))


# `benchmarks/seeds.py` counts with how many seeds.
def test_the_setting_of_the_page_learns() -> None:
    assert best(seed=1) >= BAR
