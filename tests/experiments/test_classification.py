"""Learning to name images: every image once, changed a little, watched honestly."""

import math

import pytest
import torch
from torch import nn

from labml_style_nn.data.digits import load_digits
from labml_style_nn.data.images import Images, take
from labml_style_nn.experiments import classification
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask, split
from tests.experiments.common import noise

DIGITS = take(load_digits(), torch.arange(50))
STILL = ImageRecipe(unaugmented=1, batch_size=16)


def places(images: torch.Tensor) -> torch.Tensor:
    """Which of the digits each image is."""
    return torch.cdist(images.flatten(1), DIGITS.images.flatten(1)).argmin(dim=1)


def test_epoch_shows_every_image_once_with_its_label() -> None:
    task = ImageTask(DIGITS, DIGITS, STILL)
    orders = []
    for epoch in range(2):
        batches = [task.batch(4 * epoch + number) for number in range(4)]
        assert [len(batch.labels) for batch in batches] == [16, 16, 16, 2]
        images, labels = map(torch.cat, zip(*batches, strict=True))
        order = places(images)
        assert labels.equal(DIGITS.labels[order])
        orders.append(order.tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))
    assert orders[0] != orders[1]
    assert list(range(50)) not in orders


def test_shares_of_the_images_are_left_untouched_and_mirrored() -> None:
    images = load_digits().images
    torch.manual_seed(0)
    seen = classification.augmented(images, ImageRecipe(unaugmented=0.25))
    same = (seen == images).flatten(1).all(dim=1)
    assert same.float().mean().item() == pytest.approx(0.25, abs=0.03)
    seen = classification.augmented(images, ImageRecipe(unaugmented=1, flip=0.3))
    mirrored = (seen == images.flip(-1)).flatten(1).all(dim=1)
    assert mirrored.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert (seen == images).flatten(1).all(dim=1).logical_or(mirrored).all()


def test_what_is_held_out_is_not_learned_from() -> None:
    rest, held_out = split(DIGITS, 20, seed=3)
    assert (len(rest.labels), len(held_out.labels)) == (30, 20)
    order = places(torch.cat([rest.images, held_out.images]))
    assert sorted(order.tolist()) == list(range(50))
    assert torch.cat([rest.labels, held_out.labels]).equal(DIGITS.labels[order])
    assert split(DIGITS, 20, seed=3)[1].labels.equal(held_out.labels)
    assert not split(DIGITS, 20, seed=4)[1].images.equal(held_out.images)
    task = ImageTask(DIGITS, DIGITS, ImageRecipe(validation=20, seed=3))
    assert task.train_set.images.equal(rest.images)
    assert task.validation_set.images.equal(held_out.images)
    assert len(task.test_set.labels) == 50
    # A network that always says what the first of them shows.
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.zeros_(model[1].weight)
    model[1].bias.data = 1.0 * (torch.arange(10) == held_out.labels[0])
    share = (held_out.labels == held_out.labels[0]).float().mean().item()
    assert task.evaluate(model) == {"validation_accuracy": pytest.approx(share)}
    # Images in floats are taken as they are.
    assert task.prepare(held_out.images) is held_out.images


def test_bytes_are_normalised_by_what_is_learned_from() -> None:
    images = noise(40, 3, 4)
    task = ImageTask(images, images, ImageRecipe(validation=10, unaugmented=1))
    ready = task.prepare(task.train_set.images)
    assert ready.mean(dim=(0, 2, 3)).abs().max() < 1e-6
    assert (ready.std(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-6
    # A batch is treated alike, and so are images that come as floats.
    sums, expected = (x.flatten(1).sum(1).sort()[0] for x in (task.batch(0)[0], ready))
    assert sums.allclose(expected, atol=1e-4)
    stored = images.images
    assert task.prepare(stored / 255).allclose(task.prepare(stored))


def test_loss_and_errors_are_counted() -> None:
    images = torch.zeros(1200, 1, 4, 4)
    images[:, 0, 0, 0] = torch.arange(1200) % 10
    labels = torch.arange(1200) % 10
    labels[:7] = (labels[:7] + 1) % 10
    task = ImageTask(Images(images, labels), Images(images, labels), STILL)
    # Its answer is in the first pixel.
    sure = nn.Linear(1, 1)
    sure.forward = lambda x: nn.functional.one_hot(x[:, 0, 0, 0].long(), 10).float()
    assert task.errors(sure, task.test_set) == 7
    share = round(1193 / 1200, 6)
    said = {"test_accuracy": share, "test_errors": 7, "test_images": 1200}
    assert task.test(sure) == said
    assert task.evaluate(sure) == {"test_accuracy": 1193 / 1200}
    sums = task.loss(sure, Images(images[:10], labels[:10]))
    assert sums.right.item() == 3
    assert sums.number == 10
    # A score of one against nine zeros; smoothing shares a tenth of the target.
    log_one, log_zero = 1 - math.log(math.e + 9), -math.log(math.e + 9)
    right = -0.91 * log_one - 9 * 0.01 * log_zero
    wrong = -0.91 * log_zero - 0.01 * log_one - 8 * 0.01 * log_zero
    assert sums.loss.item() == pytest.approx(3 * right + 7 * wrong, rel=1e-5)


def test_predict_names_the_highest_score() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Dropout(0.9))
    named = classification.predict(model, DIGITS.images)
    assert named.equal(model[1](model[0](DIGITS.images)).argmax(dim=1))
    assert not named.requires_grad
