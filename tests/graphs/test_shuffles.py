"""Shuffled digits are the same digits, and shuffled patches the same task."""

import pytest
import torch
from torch import Tensor

from labml_style_nn.browser.loop import given
from labml_style_nn.browser.shuffles import (
    IN_ORDER,
    SIDE,
    Order,
    shuffled_patches,
    shuffled_pixels,
)
from labml_style_nn.browser.training_step import TrainingStep
from labml_style_nn.browser.variants import VARIANTS
from labml_style_nn.data.digits import split_digits
from labml_style_nn.layers.patch_embedding import cut_into_patches
from labml_style_nn.models.mlp_mixer import MLPMixer

LR, WEIGHT_DECAY, EPS = map(torch.tensor, (4e-3, 0.05, 1e-8))


def patches(order: Order, size: int) -> Tensor:
    """The pixels of each patch, a row for each."""
    image = torch.tensor(order).view(1, 1, SIDE, SIDE)
    return cut_into_patches(image, (size, size))[0]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_patch_moves_as_a_whole_and_all_are_turned_alike(size: int) -> None:
    order = shuffled_patches(size)
    assert sorted(order) == sorted(shuffled_pixels()) == list(IN_ORDER)
    old, new = patches(IN_ORDER, size), patches(order, size)
    # Where each pixel of a new patch stood in the old one that it came from.
    homes = {frozenset(patch.tolist()): patch.tolist() for patch in old}
    turns = {tuple(map(homes[frozenset(p)].index, p)) for p in new.tolist()}
    assert len(turns) == 1
    assert not torch.equal(new.sort().values, old)


def test_shuffled_pixels_leave_no_patch_together() -> None:
    old = {frozenset(patch) for patch in patches(IN_ORDER, 2).tolist()}
    assert not old & {
        frozenset(patch) for patch in patches(shuffled_pixels(), 2).tolist()
    }


def test_on_shuffled_patches_reordered_weights_learn_the_same() -> None:
    """So a run on them is as likely as the one on the digits: nothing is lost."""
    torch.manual_seed(0)
    plain, shuffled = VARIANTS["default"].build(), VARIANTS["shuffled_patches"].build()
    shuffled.load_state_dict(plain.state_dict())
    reorder(shuffled, VARIANTS["shuffled_patches"].order)
    first = losses(plain, "default")
    assert losses(shuffled, "shuffled_patches") == pytest.approx(first, abs=1e-4)
    # And they are not the same without it.
    shuffled.load_state_dict(plain.state_dict())
    assert losses(shuffled, "shuffled_patches") != pytest.approx(first, abs=1e-2)


def reorder(model: MLPMixer, order: Order) -> None:
    """Let what a network knows of each position and each pixel take an order."""
    old, new = patches(IN_ORDER, 2), patches(order, 2)
    home = [next(i for i, o in enumerate(old) if n[0] in o) for n in new]
    turn = [old[home[0]].tolist().index(pixel) for pixel in new[0]]
    with torch.no_grad():
        projection = model.patch_embedding.projection
        projection.weight.copy_(projection.weight[:, turn])
        for block in model.blocks:
            mixing = block.token_mixing
            mixing.fc1.weight.copy_(mixing.fc1.weight[:, home])
            mixing.fc2.weight.copy_(mixing.fc2.weight[home])
            mixing.fc2.bias.copy_(mixing.fc2.bias[home])


def losses(model: MLPMixer, variant: str) -> list[float]:
    """The losses of a few steps on the digits of a variant, always the same ones."""
    digits, _ = given(variant)
    step, found = TrainingStep(model), []
    state = step.begin()
    for number in range(8):
        batch = slice(64 * number, 64 * (number + 1))
        images, labels = digits.images[batch], digits.labels[batch]
        *new, loss, _ = step(*state, images, labels, LR, WEIGHT_DECAY, EPS)
        state = (new[0], new[1], new[2], new[3])
        found.append(float(loss))
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_given_the_same_digits_or_fewer(name: str) -> None:
    variant = VARIANTS[name]
    for all_of_it, part, number in zip(
        split_digits(seed=0), given(name), (variant.learns_from, None), strict=True
    ):
        assert torch.equal(part.labels, all_of_it.labels[:number])
        back = torch.empty_like(part.images.flatten(1))
        back[:, list(variant.order)] = part.images.flatten(1)
        assert torch.equal(back.view_as(part.images), all_of_it.images[:number])
    assert given(name)[0].labels.unique().tolist() == list(range(10))
