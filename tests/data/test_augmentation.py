"""Affine changes, crops, flips, CutMix and mixup, held to cases known exactly."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from labml_style_nn.data import cutmix as module
from labml_style_nn.data.augmentation import random_affine
from labml_style_nn.data.cropping import random_crop, random_flip
from labml_style_nn.data.cutmix import cutmix, inside, mixup
from tests.experiments.common import same
from tests.tensors import close, draw

STILL = {"rotation": 0.0, "shift": 0.0, "scale": 0.0, "shear": 0.0}
IMAGES = draw(3, 2, 8, 8, dtype=torch.float).sigmoid()


def test_each_affine_change_is_that_of_geometry(monkeypatch) -> None:
    # Every draw gives the upper end of its range.
    monkeypatch.setattr(torch, "rand", torch.ones)
    square, line = torch.ones(1, 1, 8, 8), F.pad(torch.ones(1, 1, 9, 1), (4, 4))
    turns = [("rotation", 90.0 * n, IMAGES, IMAGES.rot90(n, (2, 3))) for n in range(5)]
    for name, size, image, expected in (
        *turns,
        # It is in pixels, and brings paper.
        ("shift", 2.0, IMAGES, F.pad(IMAGES[..., 2:, 2:], (0, 2, 0, 2))),
        # Twice as far out is read: the image shrinks to its middle half.
        ("scale", math.log(2), square, F.pad(square[..., 4:, 4:], [2] * 4)),
        # A vertical line through the middle becomes a diagonal: a pixel for each row.
        ("shear", 1.0, line, torch.eye(9).flip(1)[None, None]),
    ):
        changed = random_affine(image, **STILL | {name: size})
        close(changed, expected, 0.02 if name == "scale" else 1e-5)


def test_each_image_changes_in_its_own_way_between_paper_and_ink() -> None:
    torch.manual_seed(0)
    alike = torch.rand(1, 1, 8, 8).expand(6, -1, -1, -1)
    for name in STILL:
        changed = random_affine(alike, **STILL | {name: 0.4})
        assert len({tuple(image.flatten().tolist()) for image in changed}) == 6, name
    edges = (torch.rand(50, 1, 8, 8) > 0.5).float()
    changed = random_affine(edges, rotation=10, shift=0.5, scale=0.1, shear=0.2)
    assert (changed.min(), changed.max()) == (0, 1)


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


def test_flip_turns_all_none_or_half() -> None:
    assert random_flip(IMAGES, 0).equal(IMAGES)
    assert random_flip(IMAGES, 1).equal(IMAGES.flip(-1))
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


def test_what_cannot_be_turned_cropped_or_flipped_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape .*6, 6\), got \(2, 1, 8, 6\)"):
        random_affine(torch.zeros(2, 1, 8, 6), **STILL)
    with pytest.raises(ValueError, match="padding must be 0 or more, got -1"):
        random_crop(IMAGES, -1)
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="rate must lie in"):
            random_flip(IMAGES, rate)
    for change in (random_flip, lambda x: random_crop(x, 1)):
        with pytest.raises(ValueError, match="expected shape"):
            change(IMAGES[0])


NAN = float("nan")
BOTH = pytest.mark.parametrize("mix", [cutmix, mixup])


def numbered(batch: int, height: int = 6, width: int = 8) -> torch.Tensor:
    """Make images of one value each: the number of the image."""
    numbers = torch.arange(batch, dtype=torch.float64)
    return numbers[:, None, None, None].expand(batch, 2, height, width).clone()


SIDES, ALPHAS = st.integers(1, 9), st.sampled_from([0.2, 1.0, 5.0])


@given(st.integers(1, 8), SIDES, SIDES, ALPHAS, st.integers(0, 99))
def test_cutmix_pastes_a_box_and_counts_it(batch, height, width, alpha, seed) -> None:
    torch.manual_seed(seed)
    images, labels = numbered(batch, height, width), torch.arange(batch)
    mixed, targets = cutmix(images, labels, num_classes=batch, alpha=alpha)
    for number, image in enumerate(mixed):
        # All channels have the same box.
        assert image[0].equal(image[1])
        other = image[0] != number
        expected = torch.zeros(batch, dtype=torch.double)
        if other.any():
            rows, columns = other.any(dim=1).nonzero(), other.any(dim=0).nonzero()
            assert other[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            (partner,) = image[0][other].unique()
            expected[int(partner)] = other.double().mean()
        expected[number] = 1 - expected.sum()
        torch.testing.assert_close(targets[number], expected)


@given(st.integers(1, 8), st.integers(0, 99))
def test_mixup_is_its_equation(batch, seed) -> None:
    torch.manual_seed(seed)
    images, labels = torch.rand(batch, 2, 3, 4), torch.arange(batch)
    mixed, targets = mixup(images, labels, num_classes=batch)
    # With as many classes as images, the label says which were mixed, and how.
    expected = torch.einsum("bk,kchw->bchw", targets, images)
    torch.testing.assert_close(mixed, expected)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(batch))
    assert ((targets > 0).sum(dim=1) <= 2).all()


@BOTH
def test_shares_follow_the_beta_distribution(mix, monkeypatch) -> None:
    # A beta with two parameters of 2 has a mean of 1/2 and a variance of 1/20.
    torch.manual_seed(0)
    many = torch.zeros(20_000, dtype=torch.int64)
    drawn = module.draw_shares(many[:, None, None, None].float(), many, alpha=2.0)
    assert abs(drawn.mean() - 1 / 2) < 0.01
    assert abs(drawn.var() - 1 / 20) < 0.002
    # And they are what is used.
    monkeypatch.setattr(module, "draw_shares", lambda images, *_: images.new_ones(4))
    images, labels = torch.rand(4, 1, 5, 5), torch.tensor([0, 1, 2, 0])
    mixed, targets = mix(images, labels, num_classes=3)
    assert mixed.equal(images)
    assert targets.equal(F.one_hot(labels).float())


def test_sides_of_the_box_are_roots_and_what_sticks_out_is_cut_off(monkeypatch) -> None:
    # With the centre in the middle, nothing sticks out.
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.full_like(x, 0.5))
    for share, side in ((0.0, 20), (0.75, 10), (0.19, 18), (1, 0)):
        within = inside(torch.tensor([share]), 20)[0]
        assert within.sum() == side
        assert within.equal(within.flip(0))
    monkeypatch.setattr(torch, "rand_like", lambda x: torch.tensor([0.0, 0.999]))
    first, last = inside(torch.tensor([0.75, 0.75]), 20).int().tolist()
    assert first == [1] * 5 + [0] * 15
    assert last == [0] * 15 + [1] * 5


@BOTH
def test_seed_decides_and_the_batch_stays_what_it_was(mix) -> None:
    images, labels = numbered(50), torch.arange(50)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(mix(images, labels, num_classes=50))
    first, again, other = runs
    assert same([*first], [*again])
    assert not first.images.equal(other.images)
    assert images.equal(numbered(50))
    # Each image is mixed in its own way.
    assert len(first.targets.diagonal().unique()) > 10


@BOTH
def test_what_cannot_be_mixed_is_refused(mix) -> None:
    images, labels = torch.rand(4, 3, 5, 5), torch.arange(4)
    for wrong, message in (
        ((images.byte(), labels, 4), r"must be floats to be mixed, got torch\.uint8"),
        ((images, labels[:3], 4), r"expected shape \(4\), got \(3,\)"),
        ((images[0], labels, 4), "expected shape"),
        *(((images, labels, 4, a), "alpha must be above 0") for a in (0.0, -1.0, NAN)),
    ):
        with pytest.raises(ValueError, match=message):
            mix(*wrong)
