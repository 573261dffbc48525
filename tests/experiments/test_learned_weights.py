"""Learned weights: kept in few bytes, measured as they should be, each in its place."""

import json
import math
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from labml_style_nn.experiments import figures, mixer_images, records
from labml_style_nn.experiments.checkpoint import load_checkpoint
from labml_style_nn.experiments.command import main, understood
from labml_style_nn.experiments.learned_weights import (
    EXPERIMENT,
    arranged,
    draw_units,
    frequencies,
    layer,
    measure,
    mosaic,
    neighbour_correlation,
    recorded,
    remaining,
    restored,
    similarities,
    square,
    stored,
    weights,
)

SIDES = st.integers(2, 9)
SEEDS = st.integers(0, 2**31)


def noise(seed: int, units: int, side: int) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(units, side, side, generator=chance, dtype=torch.double)


# Weights in a record


@given(SEEDS, st.floats(1e-6, 1e6))
def test_what_is_restored_is_off_by_half_a_step_at_most(
    seed: int, scale: float
) -> None:
    weight = noise(seed, 1, 8)[0] * scale
    record = json.loads(json.dumps(stored(weight)))
    error = (restored(record) - weight).abs().max()
    assert error <= 0.5001 * record["step"]
    assert record["step"] == pytest.approx(weight.abs().max().item() / 127)


def test_zeros_are_restored_and_what_is_no_number_is_refused() -> None:
    zeros = torch.zeros(3, 4)
    assert torch.equal(restored(stored(zeros)), zeros.double())
    with pytest.raises(ValueError, match="weights must be finite, the largest is nan"):
        stored(torch.tensor([[1.0, math.nan]]))


# What is measured


@given(SIDES, st.data(), st.floats(0, 6))
def test_frequency_of_a_wave_is_how_often_it_repeats(
    side: int, data: st.DataObject, phase: float
) -> None:
    down, across = (data.draw(st.integers(0, (side - 1) // 2)) for _ in range(2))
    y, x = torch.meshgrid(*[torch.arange(side)] * 2, indexing="ij")
    wave = torch.cos(2 * math.pi * (down * y + across * x) / side + phase)
    if wave.abs().max() > 1e-3:
        (found,) = frequencies(wave[None])
        assert found.item() == pytest.approx(math.hypot(down, across), abs=1e-4)


@given(SEEDS, SIDES)
def test_frequency_depends_on_no_sign_size_shift_or_turn(seed: int, side: int) -> None:
    pictures = noise(seed, 5, side)
    expected = frequencies(pictures)
    for changed in (
        -pictures,
        3 * pictures,
        pictures.roll(1, dims=2),
        pictures.rot90(dims=(1, 2)),
    ):
        torch.testing.assert_close(frequencies(changed), expected)


def test_neighbours_are_those_to_the_right_and_below() -> None:
    pictures = noise(1, 3, 4).tolist()
    pairs = [
        (p[i][j], p[i + down][j + across])
        for p in pictures
        for down, across in ((0, 1), (1, 0))
        for i in range(4 - down)
        for j in range(4 - across)
    ]
    columns = zip(*pairs, strict=True)
    first, second = (math.sqrt(math.fsum(v * v for v in side)) for side in columns)
    expected = math.fsum(a * b for a, b in pairs) / (first * second)
    assert neighbour_correlation(torch.tensor(pictures)) == pytest.approx(expected)


@pytest.mark.parametrize("find", [frequencies, neighbour_correlation, similarities])
def test_pictures_of_nothing_are_refused(find: Any) -> None:
    pictures = noise(0, 3, 4)
    pictures[1] = 0
    with pytest.raises(ValueError, match="a picture is zero everywhere"):
        find(pictures)


def test_rows_that_are_no_squares_are_refused() -> None:
    with pytest.raises(ValueError, match="8 weights do not make a square"):
        square(torch.zeros(3, 8))


@given(SEEDS, st.floats(-2, 2))
def test_what_training_added_is_what_was_added(seed: int, share: float) -> None:
    """If what is added is orthogonal to the initial weights, it is found again."""
    before, other = noise(seed, 2, 25)
    added = other - (before * other).sum() / before.square().sum() * before
    after = share * before + added
    assert remaining(before, after) == pytest.approx(share, abs=1e-9)
    kept = {"before": {"x": stored(before)}, "after": {"x": stored(after)}}
    found = layer({"weights": kept}, "x")["added"]
    torch.testing.assert_close(found, square(added), rtol=0, atol=0.1)


def test_component_is_that_of_the_principal_component_analysis() -> None:
    pictures = noise(4, 6, 3)
    values = np.linalg.eigvalsh(pictures.flatten(1).T @ pictures.flatten(1))
    assert measure(pictures).component == pytest.approx(values.max() / values.sum())
    one = torch.tensor([1.0, -2.0, 3.0])[:, None, None] * pictures[0]
    assert measure(one).component == pytest.approx(1)


@given(SEEDS)
def test_measures_do_not_depend_on_the_order_of_units(seed: int) -> None:
    pictures = noise(seed, 7, 5)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
    assert measure(pictures[order]) == pytest.approx(measure(pictures))


# The pictures


@given(SEEDS, st.integers(1, 9))
def test_each_unit_has_one_place(seed: int, units: int) -> None:
    assert sorted(arranged(noise(seed, units, 4))) == list(range(units))


@given(SEEDS)
def test_a_unit_is_followed_by_its_inverse_low_frequencies_first(seed: int) -> None:
    pictures = noise(seed, 6, 5)
    both = torch.cat([pictures, -pictures])
    order = arranged(both)
    found = frequencies(both)[order]
    for first, second in zip(order[::2], order[1::2], strict=True):
        assert torch.equal(both[first], -both[second])
    assert (found.diff() > -1e-9).all()


def test_mosaic_has_each_picture_in_its_place() -> None:
    pictures = torch.tensor(
        [[[1.0, -2.0], [0.0, 4.0]], [[5.0] * 2] * 2, [[-6.0] * 2] * 2]
    )
    colours = mosaic(pictures, columns=2)
    opacity = [
        [0.25, 0.5, 0, 1, 1],
        [0, 1, 0, 1, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
    ]
    assert np.allclose(colours[..., 3], opacity)
    warm, cool = (
        figures.tint([[1.0]], c)[0, 0] for c in (figures.TOKENS, figures.CHANNELS)
    )
    assert np.allclose(colours[0, 3], warm)
    assert np.allclose(colours[3, 0], cool)


# The command, and its record


def test_record_keeps_the_weights_before_and_after(tmp_path: Path) -> None:
    preset = mixer_images.Settings(
        epochs=2, warmup_epochs=1, batch_size=512, num_layers=1, hidden_dim=8
    )
    experiment = replace(EXPERIMENT, presets={"digits": preset})
    arguments = [f"--out={tmp_path}", "--device=cpu", "--seeds", "2"]
    assert main(experiment, arguments) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    _, (settings,) = understood(experiment, arguments)
    assert record["weights"]["before"] == weights(mixer_images.build_model(settings))
    state = load_checkpoint(tmp_path / "seed-2/checkpoint.pt", asdict(settings))
    name = "module.blocks.0.token_mixing.fc1.weight"
    after = state["training"]["average"][name]
    assert record["weights"]["after"]["block 1"] == stored(after)
    assert record["weights"]["after"] != record["weights"]["before"]


def the_record() -> records.Record:
    (record,) = recorded("learned_weights", "fashion-mnist")
    return record


def test_record_is_of_the_preset_and_small() -> None:
    record = the_record()
    preset = EXPERIMENT.presets["fashion-mnist"]
    assert record["settings"] == asdict(preset)
    folder = resources.files("labml_style_nn.experiments") / "results"
    assert len((folder / "learned_weights.jsonl").read_bytes()) < 60_000
    # What the seed says of the first weights still holds.
    model: Any = mixer_images.build_model(preset)
    for number, block in enumerate(model.blocks, 1):
        kept = record["weights"]["before"][f"block {number}"]
        weight = block.token_mixing.fc1.weight.detach()
        torch.testing.assert_close(
            restored(kept), weight.double(), rtol=0, atol=0.51 * kept["step"]
        )


def test_figure_says_in_words_what_it_shows() -> None:
    record = the_record()
    figure, told = draw_units(record)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["block 1, before", "block 1, after", "block 1, added"]
    assert titles[3:] == [f"block {number}, added" for number in (2, 3, 4)]
    assert told.startswith("Six panels of 64 small pictures of 7 by 7 weights")
    numbers = {name: layer(record, name) for name in ("block 1", "block 4")}
    first, last = (measure(numbers[name]["added"]) for name in numbers)
    assert f"{last.neighbours:.2f} (block 4, added)." in told
    # "Looks like noise", "regions of one sign" and "many are alike or inverses".
    for when in ("before", "after"):
        assert abs(measure(numbers["block 1"][when]).neighbours) < 0.05
    assert min(first.neighbours, last.neighbours) > 0.2
    assert last.component > 0.5
    assert len(figures.svg(figure)) < 120_000
