"""The affine changes, crops and flips, held to cases that are known exactly."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.data.augmentation import random_affine
from labml_style_nn.data.cropping import random_crop, random_flip
from tests.tensors import draw

STILL = {"rotation": 0.0, "shift": 0.0, "scale": 0.0, "shear": 0.0}


@pytest.fixture
def images() -> torch.Tensor:
    return draw(3, 2, 8, 8, dtype=torch.float).sigmoid()


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
    small = random_affine(torch.ones(1, 1, 8, 8), **STILL | {"scale": math.log(2)})
    middle = F.pad(torch.ones(1, 1, 4, 4), [2] * 4)
    torch.testing.assert_close(small, middle, atol=0.02, rtol=0)


@pytest.mark.usefixtures("largest")
def test_shear_moves_rows_sideways_by_their_height() -> None:
    # A vertical line through the middle becomes a diagonal: one pixel for each row.
    image = F.pad(torch.ones(1, 1, 9, 1), (4, 4))
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


def test_oblong_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape .*6, 6\), got \(2, 1, 8, 6\)"):
        random_affine(torch.zeros(2, 1, 8, 6), **STILL)


SHAPES = st.tuples(*(st.integers(1, size) for size in (4, 3, 6, 6)))


@given(SHAPES, st.integers(0, 4), st.integers(0, 9))
def test_each_image_is_cut_out_of_its_frame(shape, padding, seed) -> None:
    torch.manual_seed(seed)
    images = torch.rand(shape)
    torch.manual_seed(seed)
    moved = random_crop(images, padding)
    torch.manual_seed(seed)
    tops, lefts = torch.randint(2 * padding + 1, (2, len(images), 1))
    for image, top, left, found in zip(images, tops, lefts, moved, strict=True):
        framed = F.pad(image, [padding] * 4)
        assert found.equal(framed[:, top:, left:][:, : shape[2], : shape[3]])


def test_every_place_is_as_likely_as_any_other() -> None:
    torch.manual_seed(0)
    # One pixel in the middle shows where the image went.
    images = F.pad(torch.ones(9000, 1, 1, 1), [2] * 4)
    counts = random_crop(images, 1).sum(dim=(0, 1))
    assert counts[1:4, 1:4].sum() == 9000
    # Within five standard deviations of 1,000.
    assert (counts[1:4, 1:4] - 1000).abs().max() < 5 * (9000 * 8 / 81) ** 0.5


def test_flip_turns_all_none_or_half(images) -> None:
    assert random_flip(images, 0).equal(images)
    assert random_flip(images, 1).equal(images.flip(-1))
    torch.manual_seed(0)
    many = torch.tensor([0.0, 1.0]).expand(10_000, 1, 1, 2)
    share = random_flip(many)[:, 0, 0, 0].mean()
    assert abs(share - 0.5) < 5 * 0.5 / 100
    flipped = random_flip(many, 0.1)[:, 0, 0, 0].mean()
    assert abs(flipped - 0.1) < 5 * 0.3 / 100


@pytest.mark.parametrize("change", [random_flip, lambda x: random_crop(x, 2)])
def test_bytes_stay_bytes_and_the_batch_stays_what_it_was(change) -> None:
    images = torch.arange(240, dtype=torch.uint8).view(4, 3, 4, 5)
    before = images.clone()
    torch.manual_seed(1)
    changed = change(images)
    assert changed.dtype == torch.uint8
    assert images.equal(before)
    torch.manual_seed(1)
    assert change(images.double()).equal(changed.double())


def test_crops_and_flips_that_cannot_be_meant_are_refused(images) -> None:
    with pytest.raises(ValueError, match="padding must be 0 or more, got -1"):
        random_crop(images, -1)
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="rate must lie in"):
            random_flip(images, rate)
    for change in (random_flip, lambda x: random_crop(x, 1)):
        with pytest.raises(ValueError, match="expected shape"):
            change(images[0])
