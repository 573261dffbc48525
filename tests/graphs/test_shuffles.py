"""Shuffled digits have the same pixels; and shuffled patches would be the same task."""

import pytest
import torch
from torch import Tensor

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images
from labml_style_nn.layers.patch_embedding import cut_into_patches
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.web_training.loop import given
from labml_style_nn.web_training.manifest import EPS, LR, WEIGHT_DECAY
from labml_style_nn.web_training.shuffles import (
    IN_ORDER,
    SIDE,
    Order,
    rearranged,
    shuffled_pixels,
)
from labml_style_nn.web_training.training_step import TrainingStep
from labml_style_nn.web_training.variants import VARIANTS

RATES = [*map(torch.tensor, (LR, WEIGHT_DECAY, EPS))]


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


def test_on_shuffled_patches_reordered_weights_learn_the_same() -> None:
    """So a run on them is as likely as the one on the digits: nothing is lost."""
    torch.manual_seed(0)
    plain, shuffled = VARIANTS["default"].build(), VARIANTS["default"].build()
    digits, _ = split_digits(seed=0)
    order = shuffled_patches()
    others = rearranged(digits, order)
    shuffled.load_state_dict(plain.state_dict())
    first = losses(plain, digits)
    # With the same weights it is another run; with reordered ones it is the same.
    assert losses(shuffled, others) != pytest.approx(first, abs=1e-2)
    reorder(shuffled, order)
    assert losses(shuffled, others) == pytest.approx(first, abs=1e-4)


def reorder(model: MLPMixer, order: Order) -> None:
    """Let what a network knows of each position and each pixel take an order."""
    old, new = patches(IN_ORDER), patches(order)
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


def losses(model: MLPMixer, digits: Images) -> list[float]:
    """The losses of a few steps, on the same digits in the same order."""
    step, found = TrainingStep(model), []
    state = step.begin()
    for number in range(8):
        batch = slice(64 * number, 64 * (number + 1))
        images, labels = digits.images[batch], digits.labels[batch]
        *new, loss, _ = step(*state, images, labels, *RATES)
        state = (new[0], new[1], new[2], new[3])
        found.append(float(loss))
    return found


def test_a_variant_is_given_the_same_digits_or_fewer() -> None:
    for name, variant in VARIANTS.items():
        numbers, parts = (variant.learns_from, None), given(name)
        for whole, part, n in zip(split_digits(seed=0), parts, numbers, strict=True):
            assert torch.equal(part.labels, whole.labels[:n])
            back = torch.empty_like(part.images.flatten(1))
            back[:, list(variant.order)] = part.images.flatten(1)
            assert torch.equal(back.view_as(part.images), whole.images[:n])
        assert parts[0].labels.unique().tolist() == list(range(10))
