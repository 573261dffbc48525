"""The training loop, against the same steps written out by hand."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labml_style_nn.data.digits import load_digits, take
from labml_style_nn.experiments.training import (
    DivergedError,
    Recipe,
    Trainer,
    learning_rate,
    predict,
    shuffled,
)

DIGITS = take(load_digits(), torch.arange(50))
RECIPE = Recipe(seed=2, epochs=3, warmup_epochs=1, batch_size=16, averaging=0.9)
STILL = Recipe(untouched=1, batch_size=16)


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(step, 60, RECIPE) for step in range(60)]
    rising, falling = rates[:20], rates[19:]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert max(rates) == rates[19] == RECIPE.learning_rate
    assert rates[0] == RECIPE.learning_rate / 20
    assert 0 < rates[-1] < RECIPE.learning_rate / 100


def test_learning_rate_without_warm_up_starts_at_its_largest() -> None:
    recipe = Recipe(epochs=3, warmup_epochs=0)
    assert learning_rate(0, 60, recipe) == recipe.learning_rate
    assert learning_rate(30, 60, recipe) == pytest.approx(recipe.learning_rate / 2)


def test_epoch_is_the_steps_by_hand() -> None:
    trainer, model = Trainer(linear(), RECIPE), linear()
    report = trainer.train_epoch(DIGITS, epoch=1)

    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=RECIPE.weight_decay)
    torch.manual_seed(3_000_001)
    losses, right, average = [], 0, None
    for step, (images, labels) in enumerate(shuffled(DIGITS, RECIPE), start=4):
        optimizer.param_groups[0]["lr"] = learning_rate(step, 12, RECIPE)
        log_p = model(images).log_softmax(dim=1)
        target = 0.9 * F.one_hot(labels, 10) + 0.1 / 10
        loss = -(target * log_p).sum(dim=1)
        right += (log_p.argmax(dim=1) == labels).sum().item()
        losses += loss.tolist()
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        weight = model[1].weight.detach().clone()
        average = weight if average is None else 0.9 * average + 0.1 * weight

    torch.testing.assert_close(trainer.model[1].weight, model[1].weight)
    torch.testing.assert_close(trainer.average.module[1].weight, average)
    assert report.loss == pytest.approx(sum(losses) / 50)
    assert report.accuracy == right / 50


def test_chance_follows_from_seed_and_epoch_alone() -> None:
    def weight(recipe: Recipe, epoch: int, noise: int) -> torch.Tensor:
        trainer = Trainer(linear(), recipe)
        torch.manual_seed(noise)
        trainer.train_epoch(DIGITS, epoch)
        return trainer.model[1].weight

    first = weight(RECIPE, 0, noise=1)
    assert first.equal(weight(RECIPE, 0, noise=2))
    assert not first.equal(weight(RECIPE, 1, noise=1))
    other_seed = Recipe(seed=3, epochs=3, warmup_epochs=1, batch_size=16)
    assert not first.equal(weight(other_seed, 0, noise=1))


def test_loss_that_is_no_number_stops_the_training() -> None:
    model = linear()
    trainer = Trainer(model, RECIPE)
    with torch.no_grad():
        model[1].weight[3, 3] = math.nan
    with pytest.raises(DivergedError, match="the loss is nan in epoch 2, step 5"):
        trainer.train_epoch(DIGITS, epoch=1)


def test_shuffled_shows_every_image_once_with_its_label() -> None:
    batches = shuffled(DIGITS, STILL)
    assert [len(batch.labels) for batch in batches] == [16, 16, 16, 2]
    images = torch.cat([batch.images for batch in batches])
    labels = torch.cat([batch.labels for batch in batches])
    distance = torch.cdist(images.flatten(1), DIGITS.images.flatten(1))
    order = distance.argmin(dim=1)
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() != list(range(50))
    assert labels.equal(DIGITS.labels[order])


def test_predict_names_the_highest_score() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Dropout(0.9))
    named = predict(model, DIGITS.images)
    assert named.equal(model[1](model[0](DIGITS.images)).argmax(dim=1))
    assert not named.requires_grad


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": -1}, "batch_size must be at least 1, got -1"),
        ({"learning_rate": -1.0}, "learning_rate must be a number from 0 up, got -1"),
        ({"shift": math.nan}, "shift must be a number from 0 up, got nan"),
        (
            {"weight_decay": math.inf},
            "weight_decay must be a number from 0 up, got inf",
        ),
        ({"seed": -1}, "seed must be a number from 0 up, got -1"),
        ({"averaging": 1.0}, r"averaging must lie in \[0, 1\), got 1"),
        ({"epochs": 5, "warmup_epochs": 5}, "less than epochs, got 5 of 5"),
    ],
)
def test_recipe_that_cannot_be_meant_is_refused(
    bad: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**bad)
