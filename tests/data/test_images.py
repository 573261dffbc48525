"""Images: picking, floats, statistics held to numpy's; the digits and their split."""

import numpy
import pytest
import sklearn.datasets
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from labml_style_nn.data import images as module
from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images, channel_statistics, floats, normalize


def some_bytes(seed: int, *shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


@given(st.lists(st.integers(0, 6), max_size=20))
def test_take_keeps_each_image_with_its_label(indices) -> None:
    images = Images(some_bytes(0, 7, 3, 4, 5), torch.arange(7))
    some = module.take(images, torch.tensor(indices, dtype=torch.long))
    assert some.labels.tolist() == indices
    assert some.images.shape == (len(indices), 3, 4, 5)
    for image, index in zip(some.images, indices, strict=True):
        assert image.equal(images.images[index])


def test_floats_are_a_255th_of_the_bytes() -> None:
    found = floats(torch.arange(256, dtype=torch.uint8))
    assert found.dtype == torch.float32
    assert found.tolist() == [numpy.float32(b) / numpy.float32(255) for b in range(256)]
    assert floats(found) is found
    for dtype in (torch.int64, torch.int16, torch.bool):
        with pytest.raises(ValueError, match=f"must be uint8 or floats, got {dtype}"):
            floats(torch.zeros(2, dtype=dtype))


@pytest.mark.parametrize("shape", [(3, 1, 5, 4), (40, 3, 6, 7), (1, 4, 1, 1)])
def test_statistics_are_numpys(shape) -> None:
    stored = some_bytes(1, *shape) // (torch.arange(shape[1])[:, None, None] + 1)
    mean, std = channel_statistics(stored.to(torch.uint8))
    reference = stored.numpy().astype(float) / 255
    numpy.testing.assert_allclose(mean, reference.mean(axis=(0, 2, 3)), rtol=1e-12)
    expected = reference.std(axis=(0, 2, 3))
    numpy.testing.assert_allclose(std, expected, rtol=1e-12, atol=1e-15)


def test_images_are_normalised_by_channel_or_refused() -> None:
    images = torch.rand(5, 2, 3, 4, dtype=torch.double)
    found = normalize(images, (0.25, 0.5), (2.0, 0.125))
    assert found[:, 0].equal((images[:, 0] - 0.25) / 2)
    assert found[:, 1].equal((images[:, 1] - 0.5) * 8)
    # One image alone is treated as in a batch.
    assert normalize(images[3], (0.25, 0.5), (2.0, 0.125)).equal(found[3])
    images = torch.zeros(2, 3, 4, 4)
    for mean, std, message in (
        ((0.0, 0.0), (1.0, 1.0), r"shape \(\.\.\., 2, height, width\)"),
        ((0.0, 0.0, 0.0), (1.0, 1.0), r"3 positive numbers, got \(1\.0, 1\.0\)"),
        ((0.0, 0.0, 0.0), (1.0, 0.0, 1.0), r"3 positive numbers, got \(1\.0, 0\.0, 1"),
    ):
        with pytest.raises(ValueError, match=message):
            normalize(images, mean, std)
    with pytest.raises(ValueError, match=r"must be uint8, got torch\.float32"):
        channel_statistics(images)
    with pytest.raises(ValueError, match=r"expected shape"):
        channel_statistics(images[0].byte())


@pytest.mark.parametrize("seed", [0, 7])
def test_split_is_the_stratified_one_of_scikit_learn(seed) -> None:
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    how = {"test_size": 0.2, "random_state": seed, "stratify": labels}
    parts = train_test_split(pixels, labels, **how)
    pairs = zip(split_digits(seed), parts[:2], parts[2:], strict=True)
    for ours, images, answers in pairs:
        assert ours.images.dtype == torch.float32
        assert ours.images.shape == (len(images), 1, 8, 8)
        assert (ours.images.flatten(1).numpy() * 16 == images).all()
        assert ours.labels.tolist() == answers.tolist()
    for none in (0.0, 1.0, -0.2, 0.001):
        with pytest.raises(ValueError, match="test_size"):
            split_digits(seed, test_fraction=none)
