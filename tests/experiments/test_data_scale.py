"""Accuracy against the size of the training set: fair subsets, and as many steps."""

import re
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import pytest
import torch

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import records
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.data_scale import (
    EXPERIMENT,
    NETWORKS,
    Settings,
    SubsetTask,
    accuracies,
    candidates,
    gain,
    in_words,
    last_validation,
    recorded,
    scale_curves,
    subset,
    table,
    tuned,
)
from labml_style_nn.experiments.figures import svg
from labml_style_nn.experiments.training import Trainer
from tests.experiments.common import given, noise

STILL = ImageRecipe(unaugmented=1, validation=30)


def numbered(count: int) -> Images:
    """Images of one pixel, each of which has its own number, and a label that fits."""
    numbers = torch.arange(count)
    return Images(numbers[:, None, None, None].float() / 1000, numbers % 10)


def numbers(images: Images) -> list[int]:
    return (images.images.flatten() * 1000).round().int().tolist()


# The subset


def test_subsets_of_a_seed_are_nested_and_keep_their_labels() -> None:
    few, many = (subset(numbered(200), count, seed=3) for count in (20, 150))
    assert set(numbers(few)) < set(numbers(many))
    assert len(set(numbers(many))) == 150
    assert [number % 10 for number in numbers(many)] == many.labels.tolist()
    assert numbers(subset(numbered(200), 20, seed=3)) == numbers(few)
    assert numbers(subset(numbered(200), 20, seed=4)) != numbers(few)


def test_more_images_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"at most 170, which are not held out .* 171"):
        SubsetTask(numbered(200), numbered(5), STILL, train_images=171)


@pytest.mark.parametrize("count", [7, 90, 170])
def test_validation_images_are_those_of_any_size_and_not_learned_from(
    count: int,
) -> None:
    task = SubsetTask(numbered(200), numbered(5), STILL, train_images=count)
    whole = ImageTask(numbered(200), numbered(5), STILL)
    assert numbers(task.validation_set) == numbers(whole.validation_set)
    assert len(task.train_set.labels) == count
    assert not set(numbers(task.train_set)) & set(numbers(task.validation_set))


def test_images_are_normalised_by_those_that_are_learned_from() -> None:
    torch.manual_seed(0)
    stored = torch.randint(0, 256, (60, 1, 4, 4), dtype=torch.uint8)
    images = Images(stored, torch.arange(60) % 10)
    task = SubsetTask(images, images, ImageRecipe(), train_images=9)
    ready = task.prepare(task.train_set.images)
    assert ready.mean().abs() < 1e-6
    assert (ready.std(correction=0) - 1).abs() < 1e-6


# The steps


@pytest.mark.parametrize("count", [12, 16, 50, 170])
def test_steps_pass_through_the_images_again_and_again(count: int) -> None:
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
def test_number_of_steps_does_not_depend_on_the_number_of_images(
    steps: int, expected: int
) -> None:
    recipe = replace(STILL, batch_size=16, epochs=7)
    for count in (0, 12, 170):
        task = SubsetTask(numbered(200), numbered(5), recipe, count, steps)
        trainer = Trainer(torch.nn.Linear(1, 1), task, recipe)
        assert task.steps_per_epoch == expected
        assert trainer.steps == 7 * expected


# The command


@pytest.fixture
def small_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random images to learn from, and test images that no network can read."""
    given(monkeypatch, "fashion-mnist", noise(80, 1, 28), noise(10, 1, 5))


SHORT = ["--epochs=2", "--steps-per-epoch=2", "--batch-size=8", "--validation=20"]


def line(tmp_path: Path, *more: str) -> list[str]:
    return [*SHORT, "--device=cpu", f"--out={tmp_path}", *more]


@pytest.mark.usefixtures("small_set")
def test_search_leaves_the_test_images_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(EXPERIMENT, line(tmp_path, "--train-images=9", "--search")) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    assert record["validation_accuracy"] == record["curve"]["validation_accuracy"][-1]
    assert "test_accuracy" not in record
    assert "validation accuracy" in capsys.readouterr().out
    # Whoever looks at these test images fails.
    assert main(EXPERIMENT, line(tmp_path / "test", "--train-images=9")) == 1
    assert "expected shape (batch, 1, 28, 28), got (10," in capsys.readouterr().err


def test_candidates_of_a_search_do_not_share_a_folder() -> None:
    tried = Settings(train_images=9, search=True)
    changes = ({"search": False}, {"learning_rate": 0.01}, {"weight_decay": 0.3})
    runs = [tried, *(replace(tried, **change) for change in changes)]
    assert len({run.label for run in runs}) == len(runs)


def test_an_epoch_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="steps_per_epoch must be at least 1, got 0"):
        Settings(steps_per_epoch=0)


# What is said of the results


def run(model: str, images: int, accuracy: float) -> records.Record:
    settings = {"model": model, "train_images": images}
    return {"settings": settings, "test_accuracy": accuracy}


RUNS = [
    run("vit", 900, 0.8),
    run("mixer", 900, 0.7),
    run("mixer", 30, 0.5),
    run("mixer", 900, 0.8),
    run("mixer", 30, 0.4),
]


def test_table_has_the_mean_and_the_deviation() -> None:
    assert table(RUNS) == (
        "images      MLP-Mixer            ViT\n"
        "    30   45.00 ± 7.07               \n"
        "   900   75.00 ± 7.07          80.00"
    )
    assert gain(accuracies(RUNS), "mixer", 30, 900) == pytest.approx(30)


def test_curves_have_the_means_on_a_logarithmic_axis() -> None:
    figure = scale_curves(RUNS)
    (axes,) = figure.axes
    drawn = {bars.get_label(): bars.lines[0].get_xydata() for bars in axes.containers}
    assert [point.tolist() for point in drawn["MLP-Mixer"]] == [
        pytest.approx([30, 45]),
        pytest.approx([900, 75]),
    ]
    assert drawn["ViT"].tolist() == [[900, 80]]
    assert axes.get_xscale() == "log"
    text = svg(figure)
    labels = re.findall(r"<text [^>]*>([^<]*)</text>", text)
    assert {"training images", "test accuracy (%)", "MLP-Mixer", "ViT", "900"} <= {
        *labels
    }
    assert in_words(RUNS).endswith(
        "MLP-Mixer rises from 45.0 % with 30 images to 75.0 % with 900; "
        "ViT rises from 80.0 % with 900 images to 80.0 % with 900."
    )


def searched(
    model: str, images: int, share: float, rate: float, decay: float = 0.1
) -> records.Record:
    names = ("model", "train_images", "learning_rate", "weight_decay")
    settings = dict(zip(names, (model, images, rate, decay), strict=True))
    return {"settings": settings, "curve": {"validation_accuracy": [0.99, share]}}


def test_best_candidate_is_marked_at_each_size() -> None:
    found = [
        searched("mixer", 900, 0.6, 0.1),
        searched("mixer", 900, 0.5, 0.2),
        searched("vit", 100, 0.3, 0.1),
        searched("vit", 100, 0.4, 0.1, decay=0.3),
        searched("mixer", 100, 0.7, 0.1),
    ]
    lines = [line.split() for line in candidates(found).splitlines()]
    assert [line[:-1] for line in lines if line[-1] == "*"] == [
        ["100", "vit", "0.1", "0.3", "40.00"],
        ["100", "mixer", "0.1", "0.1", "70.00"],
        ["900", "mixer", "0.1", "0.1", "60.00"],
    ]
    assert len(lines) == 1 + len(found)


# The records


def test_record_is_on_one_footing() -> None:
    results = recorded("data_scale", "fashion-mnist")
    runs = []
    for result in results:
        chosen = result["settings"]
        size = chosen["train_images"]
        assert chosen == asdict(tuned(chosen["model"], size, result["seed"]))
        runs.append((chosen["model"], size, result["seed"]))
    sizes = (500, 2000, 8000, 55_000)
    assert sorted(runs) == sorted(product(NETWORKS, sizes, range(3)))


@pytest.mark.parametrize("images", [2000, 55_000])
@pytest.mark.parametrize("model", NETWORKS)
def test_settings_are_the_best_of_the_search(model: str, images: int) -> None:
    runs = [
        run
        for run in recorded("data_scale_search", "fashion-mnist")
        if run["settings"]["model"] == model
        and run["settings"]["train_images"] == images
    ]
    best = max(runs, key=last_validation)["settings"]
    expected = asdict(tuned(model, images))
    assert {**best, "search": False} == expected
    # Searched with the first seed, and with nothing else changed.
    varied = ("learning_rate", "weight_decay", "search")
    for run in runs:
        assert {
            **run["settings"],
            **{name: expected[name] for name in varied},
        } == expected
