"""Crop and flip, against the same done by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.data.cropping import random_crop, random_flip


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(6, 2, 5, 7, generator=torch.Generator().manual_seed(0))


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
    images = torch.zeros(9000, 1, 5, 5)
    images[..., 2, 2] = 1
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


def test_what_cannot_be_meant_is_refused(images) -> None:
    with pytest.raises(ValueError, match="padding must be 0 or more, got -1"):
        random_crop(images, -1)
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="rate must lie in"):
            random_flip(images, rate)
    for change in (random_flip, lambda x: random_crop(x, 1)):
        with pytest.raises(ValueError, match="expected shape"):
            change(images[0])
