"""What a training and a token cost: the arithmetic, the clock, and what is timed."""

import time
from dataclasses import replace
from itertools import count, cycle
from unittest.mock import Mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data.shapes import write_shapes
from labml_style_nn.experiments import records, token_cost, training_cost
from labml_style_nn.experiments.distributed import Processes
from labml_style_nn.experiments.folder_images import IMAGENET, Key
from labml_style_nn.experiments.token_cost import NETWORKS, Settings, build, fit, image
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.experiments.training_cost import planned, training_time

SIZES = {"image_size": 16, "batch_size": 4, "warmup_epochs": 0}
FOURS = replace(IMAGENET, network="mixer_tiny", **SIZES)
TOKENS = [64, 144, 256, 1024]
TINY = ["--network=mixer_tiny", "--image-size=16", "--batch-size=6", "--device=cpu"]


@given(st.integers(1, 10**7), st.integers(1, 1000), st.floats(0.01, 1e6))
def test_so_many_images_are_seen_in_the_time(images, epochs, rate) -> None:
    seconds = training_time(images, epochs, rate)
    assert seconds * rate == pytest.approx(images * epochs)
    assert training_time(2 * images, epochs, 2 * rate) == pytest.approx(seconds)


@given(st.floats(0.1, 1e11))
def test_a_time_is_told_in_its_largest_unit(seconds) -> None:
    value, unit = training_cost.told_time(seconds).split()
    lengths = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
    length = lengths.get(unit, 365 * 86400)
    assert float(value) * length == pytest.approx(seconds, rel=0.06, abs=0.05)
    assert float(value) >= 1 or unit == "seconds"


def test_the_slower_of_computing_and_reading_decides() -> None:
    for none in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="a throughput must be above 0"):
            training_time(1, 1, none)
    computed = {"images_per_second": 50.0}
    assert planned(computed, 1000, 9) == "9 epochs of 1,000 images: 3.0 minutes"
    for read, told in ((100.0, "3.0 minutes"), (25.0, "6.0 minutes")):
        assert planned({"read_per_second": read, **computed}, 1000, 9).endswith(told)


def test_the_median_counts_and_warm_up_does_not(monkeypatch) -> None:
    # Two steps of warm-up take long, and one of five is disturbed.
    steps = cycle([100.0, 50.0, 3.0, 2.0, 90.0, 2.0, 4.0])
    spent = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: sum(spent))
    monkeypatch.setattr(time, "perf_counter", lambda: 7 * sum(spent))
    for alone, median in ((True, 3), (False, 21)):
        found = training_cost.seconds_each(lambda: spent.append(next(steps)), 5, alone)
        assert found == median


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clocks show one second more each time."""
    for name in ("process_time", "perf_counter"):
        ticks = map(float, count())
        monkeypatch.setattr(time, name, ticks.__next__)


def test_the_steps_are_those_of_the_training(monkeypatch, ticking) -> None:
    settings = replace(FOURS, batch_size=6)
    taken: list[Trainer] = []
    advance = Trainer.advance
    monkeypatch.setattr(Trainer, "advance", lambda t: (advance(t), taken.append(t)))
    assert training_cost.training_rate(settings, 3, Processes()) == 6
    assert [trainer.step for trainer in taken] == [5] * 5
    assert taken[0].recipe.precision == "bfloat16"
    images, labels = training_cost.SameBatch(settings, Processes(1, 4)).batch(0)
    assert images.shape == (2, 3, 16, 16)
    assert images.dtype == torch.uint8
    assert labels.shape == (2,)


def test_each_process_reads_its_share_of_a_batch(tmp_path, monkeypatch, ticking):
    write_shapes(tmp_path, train=2, test=1)
    noted = Mock(side_effect=training_cost.Crops.__getitem__)
    monkeypatch.setattr(training_cost.Crops, "__getitem__", lambda *of: noted(*of))
    # One round of warm-up, and two that take one second together.
    rate = training_cost.reading_rate(FOURS, tmp_path, 2, Processes(1, 2), workers=0)
    assert rate == 8
    assert [key[1] for (_, key), _ in noted.call_args_list] == [2, 3, 6, 7, 2, 3]


def test_workers_are_timed_in_whole_rounds(tmp_path, monkeypatch) -> None:
    """Three workers read three batches at once: the time of one tells nothing."""
    write_shapes(tmp_path, train=2, test=1)
    taken: list[list[Key]] = []
    read = Mock(side_effect=lambda keys, workers: map(taken.append, keys))
    monkeypatch.setattr(training_cost.Crops, "read", read)
    monkeypatch.setattr(time, "perf_counter", lambda: float(len(taken)))
    # In this clock a batch takes a second, and the round of warm-up does not count.
    rate = training_cost.reading_rate(FOURS, tmp_path, 2, Processes(), workers=3)
    assert rate == 4
    assert len(taken) == 9


def test_command_measures_and_writes_it_down(tmp_path, capsys) -> None:
    write_shapes(tmp_path / "shapes", train=2, test=1)
    line = [*TINY, f"--folder={tmp_path / 'shapes'}", f"--out={tmp_path}", "--steps=1"]
    line += ["--images=1000", "--epochs=2", "--note", "a try"]
    assert training_cost.main(line) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    said = capsys.readouterr().out
    assert said.startswith("mixer_tiny, 16 pixels, batch 6, float32, ")
    assert planned(record, 1000, 2) in said
    assert min(record["images_per_second"], record["read_per_second"]) > 0
    # 4 blocks on 4 tokens of 64 channels; the patches, the last norm and 1000 classes.
    block = (2 * 4 * 32 + 32 + 4) + (2 * 64 * 256 + 256 + 64) + 4 * 64
    assert record["parameters"] == 4 * block + 64 * (3 * 64 + 1) + 128 + 65 * 1000
    assert record["settings"]["batch_size"] == 6
    assert record["note"] == "a try"
    assert "note" not in record["command"]
    assert record["processes"] == record["threads"] == 1


TERMS = st.floats(1e-6, 1e3)


@given(TERMS, TERMS)
def test_the_fit_finds_both_terms(linear, quadratic):
    expected = [linear * s + quadratic * s * s for s in TOKENS]
    found = fit(TOKENS, expected)
    values = [found.linear * s + found.quadratic * s * s for s in TOKENS]
    assert values == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(0.9, 1.1), min_size=4, max_size=4))
def test_noise_makes_no_term_negative(noise):
    found = fit(TOKENS, [s * n for s, n in zip(TOKENS, noise, strict=True)])
    assert min(found.linear, found.quadratic) >= 0
    assert 0 <= found.share(1024) <= 1


def test_both_ways_to_compute_attention_agree():
    settings = Settings(num_layers=1)
    network, x = build("ViT", 4, settings), image(4, settings)
    torch.nn.init.normal_(network.head.weight)
    fused = network(x)
    with token_cost.kernels("ViT, written out"):
        torch.testing.assert_close(network(x), fused)


def test_memory_is_what_was_alive_at_once_the_table_of_all_pairs_if_written_out():
    settings = Settings(num_layers=1, hidden_dim=48)
    table = 4 * settings.batch * settings.num_heads * 1024**2
    written_out = token_cost.peak_memory("ViT, written out", 32, settings)
    assert written_out > table > token_cost.peak_memory("ViT", 32, settings)
    settings = Settings(num_layers=1)
    network = build("Mixer", 16, settings)
    gradients = sum(4 * parameter.numel() for parameter in network.parameters())
    table = 4 * settings.batch * 256 * settings.hidden_dim
    found = token_cost.peak_memory("Mixer", 16, settings)
    # Eight tables and two hidden layers at least are kept for the backward pass.
    assert gradients + 8 * table < found < gradients + 20 * table
    assert found == token_cost.peak_memory("Mixer", 16, settings)


def test_the_command_records_what_it_measured(tmp_path, capsys):
    options = ["--sides", "2", "3", "4", "--rounds", "1", "--out", str(tmp_path)]
    assert token_cost.main(options) == 0
    (record,) = records.read(tmp_path / "results.jsonl")
    assert record["tokens"] == [4, 9, 16]
    for name in NETWORKS:
        curves = record["curves"][name]
        assert all(len(values) == 3 for values in curves.values())
        assert all(value > 0 for value in curves["forward"] + curves["training"])
    assert "quadratic share" in capsys.readouterr().out
