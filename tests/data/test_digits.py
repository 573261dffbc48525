"""The digits: what they are, and how they are divided."""

import pytest
import sklearn.datasets
import torch
from sklearn.model_selection import train_test_split

from labml_style_nn.data.digits import load_digits, split_digits
from labml_style_nn.data.images import take


def as_rows(images: torch.Tensor) -> list[tuple[float, ...]]:
    return sorted(tuple(image.flatten().tolist()) for image in images)


def test_images_are_scikit_learns_from_paper_to_ink() -> None:
    digits, theirs = load_digits(), sklearn.datasets.load_digits()
    assert digits.images.dtype == torch.float32
    assert digits.images.min() == 0
    assert digits.images.max() == 1
    assert (digits.images[:, 0].numpy() * 16 == theirs.images).all()
    assert digits.labels.tolist() == theirs.target.tolist()


def test_every_digit_is_in_exactly_one_part() -> None:
    train, test = split_digits(seed=3)
    together = torch.cat([train.images, test.images])
    assert as_rows(together) == as_rows(load_digits().images)


@pytest.mark.parametrize("seed", range(5))
def test_parts_have_the_same_share_of_each_digit(seed: int) -> None:
    train, test = split_digits(seed)
    expected = (train.labels.bincount() + test.labels.bincount()) * 0.2
    assert (test.labels.bincount() - expected).abs().max() < 1


def test_split_is_the_one_of_scikit_learn() -> None:
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    _, theirs, _, their_labels = train_test_split(
        pixels, labels, test_size=0.2, random_state=7, stratify=labels
    )
    _, test = split_digits(seed=7)
    assert (test.images.flatten(1).numpy() * 16 == theirs).all()
    assert test.labels.tolist() == their_labels.tolist()


def test_seed_decides() -> None:
    again, same, other = (split_digits(seed)[1].images for seed in (0, 0, 1))
    assert again.equal(same)
    assert not again.equal(other)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, 0.001])
def test_split_that_leaves_nothing_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="test_size"):
        split_digits(seed=0, test_fraction=fraction)


def test_take_keeps_images_with_their_labels() -> None:
    digits = load_digits()
    some = take(digits, torch.tensor([5, 2, 5]))
    assert some.labels.tolist() == [5, 2, 5]
    assert some.images[1].equal(digits.images[2])
