"""The family by budget: times of steps, what is best, and the record."""

import math
import time
from dataclasses import asdict, replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import family_budget as budget
from labml_style_nn.experiments import family_step_time
from labml_style_nn.experiments.classification import ImageTask
from labml_style_nn.experiments.family_budget import best_within, budget_of
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.experiments.runs import Run
from labml_style_nn.experiments.training import Trainer
from tests.experiments.common import noise

PRESET = budget.EXPERIMENT.presets["fashion-mnist"]


def task(count: int, steps: int, **options: Any) -> budget.BudgetTask:
    """Learn from some images, each with its own number in its first pixel."""
    recipe = replace(PRESET, unaugmented=1.0, flip=0.0, **options)
    pixels = noise(count, 1, 28).images / 256
    pixels[:, 0, 0, 0] = torch.arange(count)
    images = Images(pixels, torch.arange(count) % 10)
    return budget.BudgetTask(ImageTask(images, images, recipe), steps, recipe.epochs)


def test_epochs_are_parts_of_the_training_and_passes_show_every_image() -> None:
    count, size = 20, 8
    assert task(count, steps=30, batch_size=size).steps_per_epoch == 3
    made = task(count, steps=20, batch_size=size)
    assert made.steps_per_epoch == 2
    passed = math.ceil(count / size)
    for first in range(0, 3 * passed, passed):
        shown = [made.batch(first + n)[0][:, 0, 0, 0] for n in range(passed)]
        assert torch.cat(shown).sort().values.tolist() == [*range(count)]


def test_a_run_takes_the_steps_and_says_how_many(tmp_path) -> None:
    made = task(20, steps=20, batch_size=4)
    settings = replace(PRESET, model="fnet", batch_size=4)
    run = Run(Trainer(budget.build_model(settings), made, settings), tmp_path)
    run.train(quiet=True)
    assert run.trainer.step == 20
    assert len(run.history) == settings.epochs
    tested = made.test(run.trainer.average)
    assert (tested["steps"], tested["test_images"]) == (20, 20)


def made_up(parameters: int, seconds: int, share: float) -> dict[str, Any]:
    settings = {"parameters": parameters, "seconds": seconds}
    return {"settings": settings, "test_accuracy": share}


BUDGETS = st.sampled_from(budget.PARAMETERS), st.sampled_from(budget.SECONDS)
SHARES = st.integers(0, 6).map(lambda tenths: tenths / 10)
RUNS = st.lists(st.builds(made_up, *BUDGETS, SHARES), min_size=1, max_size=20)


def beats(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a run is as good in each respect and better in one."""
    those = [(*budget_of(run), -run["test_accuracy"]) for run in (one, other)]
    return those[0] != those[1] and all(a <= b for a, b in zip(*those, strict=True))


@given(RUNS)
def test_the_front_and_the_best_within_a_budget_are_beaten_by_no_run(runs) -> None:
    front = budget.pareto_front(runs)
    for run in runs:
        beaten = any(beats(other, run) for other in runs)
        if any(run is other for other in front):
            assert not beaten
        else:
            assert beaten or run in front
    # More to spend is never worse.
    ample = best_within(runs, (max(budget.PARAMETERS), max(budget.SECONDS)))
    assert ample["test_accuracy"] == max(run["test_accuracy"] for run in runs)
    for run in runs:
        best = best_within(runs, budget_of(run))
        assert best["test_accuracy"] >= run["test_accuracy"]
        # Nothing is best where nothing is affordable.
        with pytest.raises(ValueError, match="empty"):
            best_within([run], (min(budget.PARAMETERS) - 1, run["settings"]["seconds"]))


def test_the_records_are_on_one_footing_and_the_figure_names_every_network() -> None:
    results = recorded("family_budget", "fashion-mnist")
    expected = [
        asdict(replace(PRESET, model=model, parameters=parameters, seconds=seconds))
        for model, (parameters, seconds) in product(budget.FAMILY, budget.BUDGETS)
    ]
    runs = [run["settings"] for run in results]
    assert sorted(runs, key=str) == sorted(expected, key=str)
    for run in results:
        settings = budget.Settings(**run["settings"])
        assert run["steps"] == budget.steps_within(settings)
    (measured,) = recorded("family_step_time", "fashion-mnist")
    sizes = {name: [*times] for name, times in measured["seconds_per_step"].items()}
    assert sizes == {name: [*map(str, budget.PARAMETERS)] for name in budget.FAMILY}
    assert measured["threads"] == 1
    drawing = budget.figures.svg(budget.scatter(results))
    assert all(f">{name}<" in drawing for name in budget.NAMES.values())


def test_networks_take_turns_and_the_median_is_kept(monkeypatch) -> None:
    now, turns = 0.0, []

    def network(name: str, *durations: float) -> Any:
        left = iter(durations)

        def advance() -> None:
            nonlocal now
            turns.append(name)
            now += next(left)

        return SimpleNamespace(advance=advance)

    monkeypatch.setattr(time, "process_time", lambda: now)
    # The first round warms up. The median is no sum, and no mean.
    first, second = network("a", 99, 1, 2, 90), network("b", 99, 4, 0, 5)
    networks = {("a", 1): first, ("a", 2): second}
    assert family_step_time.seconds(networks, range(4)) == {"a": {"1": 2.0, "2": 4.0}}
    assert turns == ["a", "b"] * 4
