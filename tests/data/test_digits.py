"""The digits: what they are, and how they are divided."""

import pytest
import sklearn.datasets
import torch
from sklearn.model_selection import train_test_split

from labml_style_nn.data.digits import load_digits, split_digits


def test_images_are_scikit_learns_from_paper_to_ink() -> None:
    digits, theirs = load_digits(), sklearn.datasets.load_digits()
    assert digits.images.dtype == torch.float32
    assert digits.images.min() == 0
    assert digits.images.max() == 1
    assert (digits.images[:, 0].numpy() * 16 == theirs.images).all()
    assert digits.labels.tolist() == theirs.target.tolist()


@pytest.mark.parametrize("seed", [0, 7])
def test_split_is_the_stratified_one_of_scikit_learn(seed) -> None:
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    parts = train_test_split(
        pixels, labels, test_size=0.2, random_state=seed, stratify=labels
    )
    train, test = split_digits(seed)
    for ours, images, answers in zip((train, test), parts[:2], parts[2:], strict=True):
        assert (ours.images.flatten(1).numpy() * 16 == images).all()
        assert ours.labels.tolist() == answers.tolist()


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, 0.001])
def test_split_that_leaves_nothing_is_refused(fraction) -> None:
    with pytest.raises(ValueError, match="test_size"):
        split_digits(seed=0, test_fraction=fraction)
