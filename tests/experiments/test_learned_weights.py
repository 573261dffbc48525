"""Learned weights, kept in few bytes and measured; figures, told in words."""

import json
import math
import re
from dataclasses import asdict, replace
from importlib import resources
from itertools import product
from typing import Any
from unittest.mock import Mock
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.experiments import figures, mixer_images, records
from labml_style_nn.experiments import learned_weights as learned
from labml_style_nn.experiments.checkpoint import load_checkpoint
from labml_style_nn.experiments.command import main, understood
from labml_style_nn.experiments.learned_weights import EXPERIMENT, frequencies, measure
from labml_style_nn.experiments.recorded import recorded
from tests.experiments.common import SHORT, TINY
from tests.tensors import draw
from tests.test_contrast import contrast

SIDES = st.integers(2, 9)
SEEDS = st.integers(0, 2**31)


@given(SEEDS, st.floats(1e-6, 1e6))
def test_what_is_restored_is_off_by_half_a_step_at_most(seed, scale) -> None:
    weight = draw(1, 8, 8, seed=seed)[0] * scale
    record = json.loads(json.dumps(learned.stored(weight)))
    error = (learned.restored(record) - weight).abs().max()
    assert error <= 0.5001 * record["step"]
    assert record["step"] == pytest.approx(weight.abs().max().item() / 127)


def test_zeros_are_restored_and_what_is_no_number_is_refused() -> None:
    zeros = torch.zeros(3, 4)
    assert torch.equal(learned.restored(learned.stored(zeros)), zeros.double())
    with pytest.raises(ValueError, match="weights must be finite, the largest is nan"):
        learned.stored(torch.tensor([[1.0, math.nan]]))


@given(SIDES, st.data(), st.floats(0, 6))
def test_frequency_of_a_wave_is_how_often_it_repeats(side, data, phase) -> None:
    down, across = (data.draw(st.integers(0, (side - 1) // 2)) for _ in range(2))
    y, x = torch.meshgrid(*[torch.arange(side)] * 2, indexing="ij")
    wave = torch.cos(2 * math.pi * (down * y + across * x) / side + phase)
    if wave.abs().max() > 1e-3:
        (found,) = frequencies(wave[None])
        assert found.item() == pytest.approx(math.hypot(down, across), abs=1e-4)


@given(SEEDS, SIDES)
def test_frequency_depends_on_no_sign_size_shift_or_turn(seed, side) -> None:
    pictures = draw(5, side, side, seed=seed)
    expected = frequencies(pictures)
    moved = pictures.roll(1, dims=2), pictures.rot90(dims=(1, 2))
    for changed in (-pictures, 3 * pictures, *moved):
        torch.testing.assert_close(frequencies(changed), expected)


def test_neighbours_are_those_to_the_right_and_below() -> None:
    pictures, pairs = draw(3, 4, 4, seed=1), []
    for p, (down, across) in product(pictures.tolist(), ((0, 1), (1, 0))):
        places = product(range(4 - down), range(4 - across))
        pairs += [(p[i][j], p[i + down][j + across]) for i, j in places]
    first, second = zip(*pairs, strict=True)
    expected = math.fsum(a * b for a, b in pairs)
    expected /= math.hypot(*first) * math.hypot(*second)
    assert learned.neighbour_correlation(pictures) == pytest.approx(expected)


def test_pictures_of_nothing_and_rows_that_are_no_squares_are_refused() -> None:
    pictures = draw(3, 4, 4, seed=0)
    pictures[1] = 0
    for find in (frequencies, learned.neighbour_correlation, learned.similarities):
        with pytest.raises(ValueError, match="a picture is zero everywhere"):
            find(pictures)
    with pytest.raises(ValueError, match="8 weights do not make a square"):
        learned.square(torch.zeros(3, 8))


@given(SEEDS, st.floats(-2, 2))
def test_what_training_added_is_what_was_added(seed, share) -> None:
    """If what is added is orthogonal to the initial weights, it is found again."""
    before, other = draw(2, 25, 25, seed=seed)
    added = other - (before * other).sum() / before.square().sum() * before
    after = share * before + added
    assert learned.remaining(before, after) == pytest.approx(share, abs=1e-9)
    both = {"before": before, "after": after}
    kept = {when: {"x": learned.stored(weight)} for when, weight in both.items()}
    found = learned.layer({"weights": kept}, "x")["added"]
    torch.testing.assert_close(found, learned.square(added), rtol=0, atol=0.1)


def test_component_is_that_of_the_principal_component_analysis() -> None:
    pictures = draw(6, 3, 3, seed=4)
    values = np.linalg.eigvalsh(pictures.flatten(1).T @ pictures.flatten(1))
    assert measure(pictures).component == pytest.approx(values.max() / values.sum())
    one = torch.tensor([1.0, -2.0, 3.0])[:, None, None] * pictures[0]
    assert measure(one).component == pytest.approx(1)


@given(SEEDS, st.integers(1, 9))
def test_each_unit_has_one_place_and_no_measure_sees_the_order(seed, units) -> None:
    assert sorted(learned.arranged(draw(units, 4, 4, seed=seed))) == list(range(units))
    pictures = draw(7, 5, 5, seed=seed)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
    assert measure(pictures[order]) == pytest.approx(measure(pictures))


@given(SEEDS)
def test_a_unit_is_followed_by_its_inverse_low_frequencies_first(seed) -> None:
    pictures = draw(6, 5, 5, seed=seed)
    both = torch.cat([pictures, -pictures])
    order = learned.arranged(both)
    found = frequencies(both)[order]
    for first, second in zip(order[::2], order[1::2], strict=True):
        assert torch.equal(both[first], -both[second])
    assert (found.diff() > -1e-9).all()


def test_mosaic_has_each_picture_in_its_place() -> None:
    others = [[[5.0] * 2] * 2, [[-6.0] * 2] * 2]
    pictures = torch.tensor([[[1.0, -2.0], [0.0, 4.0]], *others])
    colours = learned.mosaic(pictures, columns=2)
    right, below = [[0.25, 0.5, 0, 1, 1], [0, 1, 0, 1, 1]], [[1, 1, 0, 0, 0]] * 2
    assert np.allclose(colours[..., 3], [*right, [0] * 5, *below])
    for place, hue in (((0, 3), figures.TOKENS), ((3, 0), figures.CHANNELS)):
        assert np.allclose(colours[place], figures.tint([[1.0]], hue)[0, 0])


def test_record_keeps_the_weights_before_and_after(tmp_path) -> None:
    experiment = replace(EXPERIMENT, presets={"digits": mixer_images.Settings()})
    arguments = [*SHORT, *TINY, f"--out={tmp_path}", "--seeds", "2"]
    assert main(experiment, arguments) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    _, (settings,) = understood(experiment, arguments)
    model = mixer_images.build_model(settings)
    assert record["weights"]["before"] == learned.weights(model)
    state = load_checkpoint(tmp_path / "seed-2/checkpoint.pt", asdict(settings))
    name = "module.blocks.0.token_mixing.fc1.weight"
    after = state["training"]["average"][name]
    assert record["weights"]["after"]["block 1"] == learned.stored(after)
    assert record["weights"]["after"] != record["weights"]["before"]


def test_record_is_of_the_preset_and_small_and_drawn_and_told() -> None:
    (record,) = recorded("learned_weights", "fashion-mnist")
    preset = EXPERIMENT.presets["fashion-mnist"]
    assert record["settings"] == asdict(preset)
    folder = resources.files("labml_style_nn.experiments") / "results"
    assert len((folder / "learned_weights.jsonl").read_bytes()) < 60_000
    # What the seed says of the first weights still holds.
    model: Any = mixer_images.build_model(preset)
    for number, block in enumerate(model.blocks, 1):
        kept = record["weights"]["before"][f"block {number}"]
        weight = block.token_mixing.fc1.weight.detach()
        assert (learned.restored(kept) - weight).abs().max() <= 0.51 * kept["step"]
    figure, told = learned.draw_units(record)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:3] == ["block 1, before", "block 1, after", "block 1, added"]
    assert titles[3:] == [f"block {number}, added" for number in (2, 3, 4)]
    assert told.startswith("Six panels of 64 small pictures of 7 by 7 weights")
    last = measure(learned.layer(record, "block 4")["added"])
    assert f"{last.neighbours:.2f} (block 4, added)." in told
    assert len(figures.svg(figure)) < 120_000


@pytest.mark.parametrize("tone", [figures.INK, figures.TOKENS, figures.CHANNELS])
@pytest.mark.parametrize("ground", ["#ffffff", "#15181e"])
def test_tones_stand_out_on_light_and_dark(tone, ground) -> None:
    assert contrast(tone, ground) >= 3


def drawing() -> str:
    figure, (left, right) = figures.draw(4, 2, columns=2)
    left.plot([1, 2], [3, 4], color=figures.TOKENS)
    left.set(xlabel="epoch", ylabel="loss")
    figures.table(right, figures.signed([[1.0, -2.0], [0.0, 0.5]]))
    return figures.svg(figure)


def test_drawing_takes_the_colours_of_the_page() -> None:
    text = drawing()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]*)", text))
    assert colours == {"none", "currentColor", f"var(--tokens, {figures.TOKENS})"}
    assert text.startswith(f'<svg color="{figures.INK}"')
    # It brings no style for the page around it, and letters stay letters.
    assert "<style" not in text
    assert len(text) < 12_000
    assert re.search(r"<text [^>]*>epoch</text>", text)
    # And it is the same each time.
    assert text == drawing()


def test_tint_goes_from_clear_to_full_and_tells_the_sign_by_the_hue() -> None:
    colours = figures.tint([[0.0, 0.25, 1.0]], "#ff8000")
    assert colours.shape == (1, 3, 4)
    assert colours[0, :, 3].tolist() == [0, 0.25, 1]
    assert np.allclose(colours[0, :, :3], [1, 128 / 255, 0])
    plus, minus, zero = figures.signed([[1.0, -2.0, 0.0]])[0]
    assert np.allclose(plus, figures.tint([[0.5]], figures.TOKENS)[0, 0])
    assert np.allclose(minus, figures.tint([[1.0]], figures.CHANNELS)[0, 0])
    assert zero[3] == 0


def test_what_is_shown_is_said_in_words(monkeypatch) -> None:
    monkeypatch.setattr(figures, "display", display := Mock())
    figures.show(figures.draw(1, 1)[0], "A frame.")
    ((data,), how) = display.call_args
    assert data["text/plain"] == "A frame."
    assert data["image/svg+xml"].startswith("<svg")
    assert how["metadata"] == {"image/svg+xml": {"alt": "A frame."}}
