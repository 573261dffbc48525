"""The few-shot probe: its closed form, what it reads, and the whole command."""

from itertools import product

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images
from labml_style_nn.experiments import few_shot, records
from labml_style_nn.experiments.few_shot import Settings, choose, fit_probe, halves
from labml_style_nn.experiments.training import Trainer


def vectors(count, size, num_classes):
    """Draw vectors around a centre for each class."""
    torch.manual_seed(0)
    labels = torch.arange(num_classes).repeat(count)
    centres = torch.randn(num_classes, size)
    return centres[labels] + torch.randn(len(labels), size), labels


@pytest.mark.parametrize(("count", "size"), [(5, 40), (50, 6)])
@pytest.mark.parametrize("strength", [0.5, 1024.0])
def test_the_probe_is_the_ridge_regression_of_scikit_learn(count, size, strength):
    x, labels = vectors(count, size, num_classes=4)
    probe = fit_probe(x, labels, strength)
    # scikit-learn, on the vectors as the authors standardise them.
    table = x.double().numpy()
    table = (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-5)
    table = np.pad(table, ((0, 0), (0, 1)), constant_values=few_shot.CONSTANT)
    targets = 2 * np.eye(4)[labels.numpy()] - 1
    ridge = Ridge(alpha=strength, fit_intercept=False, solver="svd")
    expected = ridge.fit(table, targets).coef_.T
    np.testing.assert_allclose(probe.weights.numpy(), expected, rtol=1e-8, atol=1e-10)


def test_a_number_that_never_changes_does_no_harm_but_no_penalty_would():
    x, labels = vectors(5, 12, num_classes=3)
    x[:, 4] = 7.0
    assert fit_probe(x, labels, strength=1.0).weights.isfinite().all()
    for strength in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="strength must be positive, got"):
            fit_probe(x, labels, strength)


@pytest.mark.parametrize("name", few_shot.EXPERIMENTS)
def test_what_is_read_out_is_what_the_head_reads(name):
    experiment = few_shot.EXPERIMENTS[name]
    network = experiment.model(experiment.presets["digits"]).eval()
    linear = getattr(network.head, "linear", network.head)
    torch.nn.init.normal_(linear.weight)
    images = torch.rand(7, 1, 8, 8)
    read = few_shot.read_out(network, lambda x: x, images)
    torch.testing.assert_close(linear(read), network(images))
    # The hook is gone.
    assert not linear._forward_pre_hooks


def test_the_halves_share_no_class_lose_no_image_and_are_drawn_from():
    for images in split_digits(0):
        old, new = halves(images)
        for half in (old, new):
            assert half.labels.unique().tolist() == [0, 1, 2, 3, 4]
        assert len(old.labels) + len(new.labels) == len(images.labels)
        seven = images.images[images.labels == 7]
        assert torch.equal(new.images[new.labels == 2], seven)
    # Each draw has so many of each class, and follows from its number.
    labels = halves(split_digits(0)[0]).new.labels
    numbers = ((0, 3), (0, 3), (0, 4), (1, 3))
    first, again, *others = (choose(labels, 5, *number) for number in numbers)
    assert labels[first].bincount().tolist() == [5] * 5
    assert torch.equal(first, again)
    assert not any(torch.equal(first, other) for other in others)


def test_probing_pixels_beats_chance_by_far():
    (train, test) = split_digits(0)
    known, tested = halves(train).new, halves(test).new
    shares = few_shot.probed(few_shot.pixels, known, tested, Settings())
    assert len(shares) == 20
    assert 0.7 < sum(shares) / 20 < 0.95
    shuffled = Images(known.images, known.labels[torch.randperm(len(known.labels))])
    shares = few_shot.probed(few_shot.pixels, shuffled, tested, Settings())
    assert sum(shares) / 20 < 0.4


def test_the_command_records_every_contender(tmp_path, capsys):
    line = ["--epochs", "1", "--seeds", "3", "--out", str(tmp_path)]
    assert few_shot.main(line) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    assert record["command"].startswith("python -m labml_style_nn.experiments.few_shot")
    assert record["seed"] == 3
    runs = product(("Mixer", "ConvMixer"), ("before training", "after training"))
    assert [*record["accuracies"]] == ["pixels", *map(", ".join, runs)]
    assert all(len(shares) == 20 for shares in record["accuracies"].values())
    assert "Mixer, after training" in capsys.readouterr().out


def test_fewer_images_are_shown_in_as_many_steps(monkeypatch):
    (train, test) = (halves(images).old for images in split_digits(0))
    trained = []

    def noted(trainer):
        trained.append((len(trainer.task.train_set.labels), trainer.steps))

    monkeypatch.setattr(Trainer, "train_epoch", noted)
    for few in (0, 30):
        settings = Settings(epochs=2, train_images=few)
        few_shot.readers(few_shot.EXPERIMENTS["Mixer"], settings, train, test)
    count, steps = len(train.labels), 2 * -(-len(train.labels) // 64)
    assert trained == [(count, steps)] * 2 + [(30, steps)] * 2
