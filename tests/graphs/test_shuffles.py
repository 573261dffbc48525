"""Shuffled digits have the same pixels, and none beside those that it had before.

That shuffled patches would be the same task, `tests/test_permutation.py` shows.
"""

import torch
from torch import Tensor

from labml_style_nn.layers.patch_embedding import cut_into_patches
from labml_style_nn.web_training.loop import given
from labml_style_nn.web_training.shuffles import IN_ORDER, SIDE, Order, shuffled_pixels
from labml_style_nn.web_training.variants import VARIANTS
from tests.graphs.conftest import PARTS


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
