"""The cost of a training: the arithmetic, the clock, and what is timed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.data.shapes import write_shapes
from labml_style_nn.experiments import records, training_cost
from labml_style_nn.experiments.distributed import Processes
from labml_style_nn.experiments.folder_images import IMAGENET, Key
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.experiments.training_cost import planned, training_time

SIZES = {"image_size": 16, "batch_size": 4, "warmup_epochs": 0}
FOURS = replace(IMAGENET, network="mixer_tiny", **SIZES)
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


def ticking(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let clocks show one second more each time."""
    for name in names:
        ticks = count()
        monkeypatch.setattr(time, name, lambda ticks=ticks: float(next(ticks)))


def test_the_steps_are_those_of_the_training(monkeypatch) -> None:
    settings = replace(FOURS, batch_size=6)
    taken: list[Trainer] = []
    advance = Trainer.advance
    monkeypatch.setattr(Trainer, "advance", lambda t: (advance(t), taken.append(t)))
    ticking(monkeypatch, "process_time", "perf_counter")
    assert training_cost.training_rate(settings, 3, Processes()) == 6
    assert [trainer.step for trainer in taken] == [5] * 5
    assert taken[0].recipe.precision == "bfloat16"
    images, labels = training_cost.SameBatch(settings, Processes(1, 4)).batch(0)
    assert images.shape == (2, 3, 16, 16)
    assert images.dtype == torch.uint8
    assert labels.shape == (2,)


def test_each_process_reads_its_share_of_each_batch(tmp_path, monkeypatch) -> None:
    write_shapes(tmp_path, train=2, test=1)
    read: list[int] = []
    item = training_cost.Crops.__getitem__

    def noted(crops: training_cost.Crops, key: tuple[int, int]) -> torch.Tensor:
        read.append(key[1])
        return item(crops, key)

    monkeypatch.setattr(training_cost.Crops, "__getitem__", noted)
    ticking(monkeypatch, "process_time", "perf_counter")
    # One round of warm-up, and two that take one second together.
    rate = training_cost.reading_rate(FOURS, tmp_path, 2, Processes(1, 2), workers=0)
    assert rate == 8
    assert read == [2, 3, 6, 7, 2, 3]


def test_workers_are_timed_in_whole_rounds(tmp_path, monkeypatch) -> None:
    """Three workers read three batches at once: the time of one tells nothing."""
    write_shapes(tmp_path, train=2, test=1)
    taken: list[list[Key]] = []

    def noted(crops: object, keys: list[list[Key]], workers: int) -> Iterator[None]:
        return map(taken.append, keys)

    monkeypatch.setattr(training_cost.Crops, "read", noted)
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
