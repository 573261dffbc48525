"""Shuffled images and reordered weights: what stays the same, and where that ends."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.experiments.ema import ema_model
from labml_style_nn.experiments.optimizer import adamw
from labml_style_nn.models.mlp_mixer import MLPMixer
from labml_style_nn.permutation import permuted, shuffle_patches
from tests.models.networks import build
from tests.tensors import close, randomised

ROWS, COLUMNS, HEIGHT, WIDTH = 3, 4, 4, 5
SIZE, PATCH = (ROWS * HEIGHT, COLUMNS * WIDTH), (HEIGHT, WIDTH)
torch.manual_seed(0)
PATCHES, PIXELS = torch.randperm(ROWS * COLUMNS), torch.randperm(HEIGHT * WIDTH)
IMAGE = torch.randn(5, 3, *SIZE, dtype=torch.double)
SHUFFLED = shuffle_patches(IMAGE, PATCH, PATCHES, PIXELS)


def mixer() -> MLPMixer:
    sizes = {"image_size": SIZE, "patch_size": PATCH, "tokens_mlp_dim": 8}
    return randomised(build("mixer", **sizes), std=0.4)


def with_pixels_in_order(kernel: Tensor, order: Tensor) -> Tensor:
    """A kernel of a patch embedding, its pixels in another order."""
    return kernel.flatten(2)[..., order].view_as(kernel)


def test_each_pixel_or_byte_comes_from_where_the_two_orders_say() -> None:
    # By PyTorch: batch, colours, pixels of a patch, patches; row by row.
    patches = F.unfold(IMAGE, PATCH, stride=PATCH).unflatten(1, (3, -1))
    ordered = patches[:, :, PIXELS][..., PATCHES].flatten(1, 2)
    assert torch.equal(SHUFFLED, F.fold(ordered, SIZE, PATCH, stride=PATCH))
    image = torch.arange(240, dtype=torch.uint8).view(1, 1, *SIZE)
    shuffled = shuffle_patches(image, PATCH, PATCHES, PIXELS)
    assert shuffled.dtype == torch.uint8
    assert shuffled.flatten().sort().values.tolist() == [*range(240)]


# That the reordered Mixer computes the same, the proof and its page show.
def test_the_original_keeps_its_weights() -> None:
    model = mixer()
    before = deepcopy(model.state_dict())
    for weight in permuted(model, PATCHES, PIXELS).parameters():
        nn.init.zeros_(weight)
    assert all(torch.equal(w, before[n]) for n, w in model.state_dict().items())


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_training_and_reordering_commute(name: str) -> None:
    """The steps of our training loop: weight decay of matrices, clipping, EMA."""

    def trained(model: MLPMixer, image: Tensor) -> list[nn.Module]:
        optimizer = adamw(model, weight_decay=0.1)
        if name == "SGD":
            optimizer = torch.optim.SGD(model.parameters(), 0.0, momentum=0.9)
        average = ema_model(model, 0.9)
        for step in range(5):
            for group in optimizer.param_groups:
                group["lr"] = (0.5 if name == "SGD" else 1e-2) / (step + 1)
            optimizer.zero_grad()
            F.cross_entropy(model(image), torch.arange(5)).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            average.update_parameters(model)
        return [model, average.module]

    start = mixer()
    theirs = trained(permuted(start, PATCHES, PIXELS), SHUFFLED)
    first = start.blocks[0].token_mixing.fc1.weight.clone()
    for ours, other in zip(trained(start, IMAGE), theirs, strict=True):
        moved = permuted(ours, PATCHES, PIXELS)
        for a, b in zip(moved.parameters(), other.parameters(), strict=True):
            close(a, b, 1e-9)
    assert (start.blocks[0].token_mixing.fc1.weight - first).abs().max() > 1e-3


def test_what_is_no_order_and_patches_that_do_not_tile_are_refused() -> None:
    for patches, pixels, refused in (
        (PATCHES[:-1], PIXELS, "patch_order must have each number from 0 to 11 once"),
        (PATCHES + 1, PIXELS, "patch_order must have each number from 0 to 11 once"),
        (PATCHES, PIXELS * 0, "pixel_order must have each number from 0 to 19 once"),
    ):
        with pytest.raises(ValueError, match=refused):
            permuted(mixer(), patches, pixels)
        with pytest.raises(ValueError, match=refused):
            shuffle_patches(IMAGE, PATCH, patches, pixels)
    with pytest.raises(ValueError, match="image_size must be a multiple of patch_size"):
        shuffle_patches(IMAGE, 5, PATCHES, PIXELS)


@pytest.mark.parametrize("name", ["vit", "vit_average"])
def test_a_vit_computes_the_same_with_its_positions_reordered(name: str) -> None:
    vit = randomised(build(name, image_size=SIZE, patch_size=PATCH), std=0.4)
    other = deepcopy(vit)
    # The class token, if there is one, stays first.
    first = int(name == "vit")
    with torch.no_grad():
        kernel = other.patch_embedding.kernel()
        kernel.copy_(with_pixels_in_order(kernel, PIXELS))
        table = other.positions.table
        table[first:] = table[first:][PATCHES]
    assert not torch.allclose(vit(SHUFFLED), vit(IMAGE))
    close(other(SHUFFLED), vit(IMAGE))
