"""The affine changes, held to cases that are known exactly."""

import math

import pytest
import torch
from torch.nn import functional as F

from labml_style_nn.data.augmentation import random_affine

STILL = {"rotation": 0.0, "shift": 0.0, "scale": 0.0, "shear": 0.0}


@pytest.fixture
def images() -> torch.Tensor:
    noise = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    return noise.sigmoid()


@pytest.fixture
def largest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw gives the upper end of its range."""
    monkeypatch.setattr(torch, "rand", torch.ones)


@pytest.mark.usefixtures("largest")
@pytest.mark.parametrize("turns", [1, 2, 3, 4])
def test_quarter_turns(images, turns) -> None:
    turned = random_affine(images, **STILL | {"rotation": 90.0 * turns})
    torch.testing.assert_close(turned, images.rot90(turns, (2, 3)), atol=1e-5, rtol=0)


@pytest.mark.usefixtures("largest")
def test_shift_is_in_pixels_and_brings_paper(images) -> None:
    moved = random_affine(images, **STILL | {"shift": 2.0})
    expected = F.pad(images[..., 2:, 2:], (0, 2, 0, 2))
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)


@pytest.mark.usefixtures("largest")
def test_scale_is_a_logarithm() -> None:
    # Twice as far out is read: the image shrinks to its middle half.
    image = torch.ones(1, 1, 8, 8)
    small = random_affine(image, **STILL | {"scale": math.log(2)})
    middle = torch.zeros(8, 8)
    middle[2:6, 2:6] = 1
    torch.testing.assert_close(small[0, 0], middle, atol=0.02, rtol=0)


@pytest.mark.usefixtures("largest")
def test_shear_moves_rows_sideways_by_their_height() -> None:
    # A vertical line through the middle becomes a diagonal: one pixel for each row.
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4] = 1
    slanted = random_affine(image, **STILL | {"shear": 1.0})
    torch.testing.assert_close(slanted[0, 0], torch.eye(9).flip(1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", STILL)
def test_each_image_is_changed_in_its_own_way(name) -> None:
    torch.manual_seed(0)
    same = torch.rand(1, 1, 8, 8).expand(6, -1, -1, -1)
    changed = random_affine(same, **STILL | {name: 0.4})
    assert len({tuple(image.flatten().tolist()) for image in changed}) == 6


def test_values_stay_between_paper_and_ink() -> None:
    torch.manual_seed(0)
    edges = (torch.rand(50, 1, 8, 8) > 0.5).float()
    changed = random_affine(edges, rotation=10, shift=0.5, scale=0.1, shear=0.2)
    assert changed.min() == 0
    assert changed.max() == 1


def test_seed_decides(images) -> None:
    ranges = {"rotation": 8.0, "shift": 0.7, "scale": 0.1, "shear": 0.1}
    torch.manual_seed(5)
    first = random_affine(images, **ranges)
    torch.manual_seed(5)
    assert random_affine(images, **ranges).equal(first)
    assert not random_affine(images, **ranges).equal(first)


def test_oblong_images_are_refused() -> None:
    message = r"expected shape .*6, 6\), got \(2, 1, 8, 6\)"
    with pytest.raises(ValueError, match=message):
        random_affine(torch.zeros(2, 1, 8, 6), **STILL)
