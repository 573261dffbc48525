"""The training loop, against the same steps written out by hand."""

import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labml_style_nn.data.digits import load_digits
from labml_style_nn.data.images import take
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.data_scale import Settings
from labml_style_nn.experiments.ema import ema_model
from labml_style_nn.experiments.optimizer import adamw
from labml_style_nn.experiments.schedule import learning_rate
from labml_style_nn.experiments.seeding import generator, seed_of
from labml_style_nn.experiments.training import DivergedError, Trainer
from tests.experiments.common import same

DIGITS = take(load_digits(), torch.arange(50))
SHORT = ImageRecipe(seed=2, epochs=3, warmup_epochs=1, batch_size=16)
RECIPE = replace(SHORT, ema_decay=0.9, gradient_clipping=0.5, channels_last=True)


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def task(recipe: ImageRecipe = RECIPE) -> ImageTask:
    return ImageTask(DIGITS, DIGITS, recipe)


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(step, 60, 20, 3e-3) for step in range(60)]
    assert rates[:20] == sorted(rates[:20])
    assert rates[19:] == sorted(rates[19:], reverse=True)
    assert max(rates) == rates[19] == 3e-3
    assert rates[0] == 3e-3 / 20
    assert 0 < rates[-1] < 3e-3 / 100
    # Without warm-up, it starts at its largest.
    assert learning_rate(0, 60, 0, 3e-3) == 3e-3
    assert learning_rate(30, 60, 0, 3e-3) == pytest.approx(1.5e-3)


def by_hand(model: nn.Module, steps: int) -> tuple[torch.Tensor, list[float], int]:
    """Take the steps of the recipe: the averaged weight, all losses, right answers."""
    decayed = {"params": [model[1].weight], "weight_decay": RECIPE.weight_decay}
    other = {"params": [model[1].bias], "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([decayed, other])
    losses, right, average = [], 0, model[1].weight.detach().clone()
    for step in range(steps):
        torch.manual_seed(seed_of(2, "batch", step))
        images, labels = task().batch(step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, 12, 4, RECIPE.learning_rate)
        log_p = model(images).log_softmax(dim=1)
        target = 0.9 * F.one_hot(labels, 10) + 0.1 / 10
        loss = -(target * log_p).sum(dim=1)
        right += (log_p.argmax(dim=1) == labels).sum().item()
        losses += loss.tolist()
        optimizer.zero_grad()
        loss.mean().backward()
        gradients = [weight.grad for weight in model.parameters()]
        norm = nn.utils.parameters_to_vector(gradients).norm()
        for gradient in gradients:
            gradient *= min(1, 0.5 / norm)
        optimizer.step()
        kept = min(0.9, (1 + step) / (10 + step)) if step else 0
        average = kept * average + (1 - kept) * model[1].weight.detach()
    return average, losses, right


def test_epoch_is_the_steps_by_hand() -> None:
    trainer, model = Trainer(linear(), task(), RECIPE), linear()
    reports = [trainer.train_epoch() for _ in range(3)]
    average, losses, right = by_hand(model, steps=12)
    torch.testing.assert_close(trainer.model[1].weight, model[1].weight)
    torch.testing.assert_close(trainer.average.module[1].weight, average)
    assert reports[2].loss == pytest.approx(sum(losses[100:]) / 50)
    assert sum(report.accuracy for report in reports) == pytest.approx(right / 50)


class Noted(nn.Module):
    """A network that notes which chance it was given, and in what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.draws = nn.Linear(64, 10), list[float]()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.draws.append(torch.rand(()).item())
        scores = self.linear(images.flatten(1))
        self.dtype = scores.dtype
        return scores


def test_chance_follows_from_seed_and_step_alone() -> None:
    def draws(seed: int, noise: int) -> tuple[torch.Tensor, list[float]]:
        recipe = replace(SHORT, seed=seed)
        torch.manual_seed(0)
        trainer = Trainer(Noted(), task(recipe), recipe)
        for _ in range(5):
            torch.manual_seed(noise)
            trainer.advance()
        return trainer.model.linear.weight, trainer.model.draws

    (first, noted), again, (other, others) = draws(1, 1), draws(1, 2), draws(2, 1)
    assert same([first, noted], [*again])
    assert len(set(noted)) == 5
    assert not first.equal(other)
    assert not set(noted) & set(others)


def test_loss_that_is_no_number_stops_before_the_step() -> None:
    trainer = Trainer(linear(), task(), RECIPE)
    trainer.train_epoch()
    trainer.model[1].bias.data[3] = math.nan
    weight = trainer.model[1].weight.clone()
    with pytest.raises(DivergedError, match="the loss is nan in epoch 2, step 5"):
        trainer.train_epoch()
    assert trainer.model[1].weight.equal(weight)
    assert trainer.step == 4
    # So does one that is infinite.
    trainer = Trainer(linear(), task(), RECIPE)
    trainer.model[1].bias.data[3] = math.inf
    with pytest.raises(DivergedError, match="in epoch 1, step 1"):
        trainer.advance()


def test_gradient_that_is_no_number_stops_before_the_step() -> None:
    # The loss is a number, but the root has an infinite slope at zero.
    model, nothing = linear(), torch.zeros(10, 64)
    model[1].load_state_dict({"weight": nothing, "bias": nothing[:, 0]})
    model.register_forward_hook(lambda model, images, scores: scores.sqrt())
    trainer = Trainer(model, task(), RECIPE)
    message = r"the norm of the gradients is (nan|inf) in epoch 1, step 1"
    with pytest.raises(DivergedError, match=message):
        trainer.advance()
    assert trainer.model[1].weight.equal(nothing)
    assert trainer.step == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_precision_is_that_of_products(precision) -> None:
    recipe = ImageRecipe(precision=precision, epochs=8, learning_rate=0.02)
    trainer = Trainer(Noted(), task(recipe), recipe)
    first, *_, last = (trainer.train_epoch().loss for _ in range(8))
    assert trainer.model.dtype == getattr(torch, precision)
    assert trainer.model.linear.weight.dtype == torch.float32
    # Scaled or not, the gradients are right: it learns.
    assert last < 0.8 * first
    assert trainer.scaler.is_enabled() == (precision == "float16")


def test_float16_leaves_out_a_step_that_overflows() -> None:
    recipe = ImageRecipe(precision="float16")
    trainer = Trainer(Noted(), task(recipe), recipe)
    trainer.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    before = trainer.model.linear.weight.clone()
    trainer.advance()
    assert trainer.model.linear.weight.equal(before)
    assert trainer.scaler.get_scale() == 2.0**39


def test_channels_last_is_a_matter_of_storage() -> None:
    def trained(channels_last: bool) -> Any:
        recipe = ImageRecipe(channels_last=channels_last, gradient_clipping=1.0)
        torch.manual_seed(0)
        layers = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 7, 3), nn.Flatten()
        model = nn.Sequential(*layers, nn.Linear(7 * 16, 10))
        trainer = Trainer(model, task(recipe), recipe)
        for _ in range(3):
            trainer.advance()
        return trainer.model

    plain, other = trained(False), trained(True)
    assert plain[1].weight.is_contiguous()
    assert other[1].weight.is_contiguous(memory_format=torch.channels_last)
    assert not other[1].weight.is_contiguous()
    states = plain.state_dict(), other.state_dict()
    torch.testing.assert_close(*states, rtol=1e-4, atol=1e-6)


def test_batch_of_one_image_counts_as_one() -> None:
    recipe = ImageRecipe(batch_size=49)
    trainer = Trainer(linear(), task(recipe), recipe)
    trainer.train_epoch()
    assert trainer.step == 2
    assert trainer.seen.tolist() == [0, 0, 0]


def test_vectors_do_not_decay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3))
    model[2].bias.requires_grad = False
    groups = adamw(model, 0.3).param_groups
    assert [group["weight_decay"] for group in groups] == [0.3, 0.0]
    shapes = [[tuple(weight.shape) for weight in group["params"]] for group in groups]
    assert shapes == [[(2, 1, 3, 3), (3, 2)], [(2,), (2,), (2,)]]


def test_average_forgets_where_it_began() -> None:
    norm = nn.BatchNorm1d(1)
    average = ema_model(norm, 0.999)
    for step in range(100):
        norm.running_var.fill_(1 if step == 0 else 1e-3)
        norm.num_batches_tracked += 1
        average.update_parameters(norm)
    assert average.module.running_var.item() == pytest.approx(1e-3, rel=1e-3)
    assert average.module.num_batches_tracked.item() == 100


def test_each_purpose_has_chances_of_its_own() -> None:
    names = [*product(range(10), ("batch", "network", "order"), range(300))]
    draws = {torch.randint(2**60, (), generator=generator(*n)).item() for n in names}
    assert len({seed_of(*name) for name in names}) == len(draws) == len(names)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("epochs", 0, "must be at least 1, got 0"),
        ("batch_size", -1, "must be at least 1, got -1"),
        ("learning_rate", -1.0, "must be a number from 0 up, got -1"),
        ("gradient_clipping", math.nan, "must be a number from 0 up, got nan"),
        ("weight_decay", math.inf, "must be a number from 0 up, got inf"),
        ("seed", -1, "must be from 0 to 4294967295, got -1"),
        ("ema_decay", 1.0, r"must lie in \[0, 1\), got 1"),
        ("warmup_epochs", 100, "must be less than epochs, got 100 of 100"),
        ("precision", "float8", "must be one of float32, .*, got float8"),
        # And what is said of images.
        ("unaugmented", 1.5, "must be a share, from 0 to 1, got 1.5"),
        ("flip", 2, "must be a share, from 0 to 1, got 2"),
        ("label_smoothing", 1.0, r"must lie in \[0, 1\), got 1"),
        ("shift", -0.5, "must be a number from 0 up, got -0.5"),
        ("steps_per_epoch", 0, "must be at least 1, got 0"),
    ],
)
def test_recipe_that_cannot_be_meant_is_refused(name, bad, message) -> None:
    with pytest.raises(ValueError, match=f"{name} {message}"):
        Settings(**{"epochs": 100, name: bad})
