"""Accuracy against the size of the training set: fair subsets, and as many steps."""

import re
from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pytest
import torch

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import data_scale, records
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.data_scale import Settings, SubsetTask, subset, tuned
from labml_style_nn.experiments.figures import svg
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.training import Trainer
from tests.experiments.common import given, noise

EXPERIMENT, NETWORKS = data_scale.EXPERIMENT, data_scale.NETWORKS
STILL = ImageRecipe(unaugmented=1, validation=30)


def numbered(count: int) -> Images:
    """Images of one pixel, each of which has its own number, and a label that fits."""
    numbers = torch.arange(count)
    return Images(numbers[:, None, None, None].float() / 1000, numbers % 10)


def numbers(images: Images) -> list[int]:
    return (images.images.flatten() * 1000).round().int().tolist()


def test_subsets_of_a_seed_are_nested_and_keep_their_labels() -> None:
    few, many = (subset(numbered(200), count, seed=3) for count in (20, 150))
    assert set(numbers(few)) < set(numbers(many))
    assert len(set(numbers(many))) == 150
    assert [number % 10 for number in numbers(many)] == many.labels.tolist()
    assert numbers(subset(numbered(200), 20, seed=3)) == numbers(few)
    assert numbers(subset(numbered(200), 20, seed=4)) != numbers(few)
    with pytest.raises(ValueError, match=r"at most 170, which are not held out .* 171"):
        SubsetTask(numbered(200), numbered(5), STILL, train_images=171)


def test_validation_images_are_those_of_any_size_and_not_learned_from() -> None:
    whole = numbers(ImageTask(numbered(200), numbered(5), STILL).validation_set)
    for count in (7, 90, 170):
        task = SubsetTask(numbered(200), numbered(5), STILL, train_images=count)
        assert numbers(task.validation_set) == whole
        assert len(task.train_set.labels) == count
        assert not set(numbers(task.train_set)) & {*whole}
    # They are normalised by those that are learned from.
    images = noise(60, 1, 4)
    task = SubsetTask(images, images, ImageRecipe(), train_images=9)
    ready = task.prepare(task.train_set.images)
    assert ready.mean().abs() < 1e-6
    assert (ready.std(correction=0) - 1).abs() < 1e-6


@pytest.mark.parametrize("count", [12, 16, 50, 170])
def test_steps_pass_through_the_images_again_and_again(count) -> None:
    recipe = replace(STILL, batch_size=16)
    task = SubsetTask(numbered(200), numbered(5), recipe, train_images=count)
    batches = [task.chosen(step) for step in range(40)]
    assert {len(batch) for batch in batches} == {16}
    shown = torch.cat(batches)
    passes = shown[: len(shown) // count * count].view(-1, count)
    assert passes.sort().values.equal(torch.arange(count).expand_as(passes))
    # No two passes have the same order.
    assert len(passes.unique(dim=0)) == len(passes)


@pytest.mark.parametrize(("steps", "expected"), [(0, 11), (6, 6)])
def test_steps_do_not_depend_on_the_number_of_images(steps, expected) -> None:
    recipe = replace(STILL, batch_size=16, epochs=7)
    for count in (0, 12, 170):
        task = SubsetTask(numbered(200), numbered(5), recipe, count, steps)
        trainer = Trainer(torch.nn.Linear(1, 1), task, recipe)
        assert task.steps_per_epoch == expected
        assert trainer.steps == 7 * expected


def test_search_leaves_the_test_images_alone(tmp_path, capsys, monkeypatch) -> None:
    # Random images to learn from, and test images that no network can read.
    given(monkeypatch, "fashion-mnist", noise(80, 1, 28), noise(10, 1, 5))
    line = ["--epochs=2", "--steps-per-epoch=2", "--batch-size=8", "--validation=20"]
    line += ["--device=cpu", "--train-images=9"]
    assert main(EXPERIMENT, [*line, f"--out={tmp_path}", "--search"]) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    assert record["validation_accuracy"] == record["curve"]["validation_accuracy"][-1]
    assert "test_accuracy" not in record
    assert "validation accuracy" in capsys.readouterr().out
    # Whoever looks at these test images fails.
    assert main(EXPERIMENT, [*line, f"--out={tmp_path / 'test'}"]) == 1
    assert "expected shape (batch, 1, 28, 28), got (10," in capsys.readouterr().err


def test_candidates_of_a_search_do_not_share_a_folder() -> None:
    tried = Settings(train_images=9, search=True)
    changes = ({}, {"search": False}, {"learning_rate": 0.01}, {"weight_decay": 0.3})
    assert len({replace(tried, **change).label for change in changes}) == len(changes)


def run(model: str, images: int, accuracy: float) -> records.Record:
    settings = {"model": model, "train_images": images}
    return {"settings": settings, "test_accuracy": accuracy}


def test_table_and_curves_have_the_means_on_a_logarithmic_axis() -> None:
    pairs = ((900, 0.7), (30, 0.5), (900, 0.8), (30, 0.4))
    runs = [run("vit", 900, 0.8), *(run("mixer", *pair) for pair in pairs)]
    assert data_scale.table(runs) == (
        "images      MLP-Mixer            ViT\n"
        "    30   45.00 ± 7.07               \n"
        "   900   75.00 ± 7.07          80.00"
    )
    figure = data_scale.scale_curves(runs)
    (axes,) = figure.axes
    drawn = {bars.get_label(): bars.lines[0].get_xydata() for bars in axes.containers}
    assert drawn["MLP-Mixer"] == pytest.approx(np.array([[30, 45], [900, 75]]))
    assert drawn["ViT"].tolist() == [[900, 80]]
    assert axes.get_xscale() == "log"
    labels = {*re.findall(r"<text [^>]*>([^<]*)</text>", svg(figure))}
    assert {"training images", "test accuracy (%)", "MLP-Mixer", "ViT", "900"} <= labels
    assert data_scale.in_words(runs).endswith(
        "MLP-Mixer rises from 45.0 % with 30 images to 75.0 % with 900; "
        "ViT rises from 80.0 % with 900 images to 80.0 % with 900."
    )


def test_record_is_on_one_footing() -> None:
    runs = product(NETWORKS, (500, 2000, 8000, 55_000), range(3))
    expected = [asdict(tuned(*run)) for run in runs]
    found = [run["settings"] for run in recorded("data_scale", "fashion-mnist")]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("images", [2000, 55_000])
@pytest.mark.parametrize("model", NETWORKS)
def test_settings_are_the_best_of_the_search(model, images) -> None:
    found = recorded("data_scale_search", "fashion-mnist")
    these = {"model": model, "train_images": images}
    runs = [run for run in found if run["settings"] | these == run["settings"]]
    best = max(runs, key=data_scale.last_validation)["settings"]
    expected = asdict(tuned(model, images))
    assert {**best, "search": False} == expected
    # Searched with the first seed, and with nothing else changed.
    varied = ("learning_rate", "weight_decay", "search")
    other = {name: expected[name] for name in varied}
    assert all(run["settings"] | other == expected for run in runs)
