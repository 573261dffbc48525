"""Fine-tuning an enlarged Mixer: from which weights, on which images."""

from functools import partial

import pytest
import torch

from labml_style_nn.experiments import records
from labml_style_nn.experiments.checkpoint import CheckpointError
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.higher_resolution import (
    EXPERIMENT,
    STARTS,
    Settings,
    build_model,
    recorded,
    resized,
    table,
)
from labml_style_nn.resolution import enlarge
from tests.experiments.common import given, noise, refused

SHORT = ["--examples=64", "--validation=32", "--epochs=2", "--device=cpu"]


@pytest.fixture(autouse=True)
def clothes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of Fashion-MNIST."""
    given(monkeypatch, "fashion-mnist", noise(100, 1, 28), noise(20, 1, 28))


# The images


def test_the_large_image_is_the_original_in_a_black_frame() -> None:
    images = torch.arange(2 * 784, dtype=torch.int64).view(2, 1, 28, 28) % 251
    found = resized(images.to(torch.uint8), "contiguous")
    assert found.shape == (2, 1, 32, 32)
    assert torch.equal(found[:, :, 2:-2, 2:-2], images.to(torch.uint8))
    assert found.long().sum() == images.sum()


def test_a_small_pixel_is_the_mean_of_four() -> None:
    images = torch.randint(256, (3, 1, 28, 28)).to(torch.uint8)
    small, large = resized(images, "low"), resized(images, "scratch").double()
    assert small.dtype == torch.uint8
    assert small.shape == (3, 1, 16, 16)
    mean = large.unflatten(2, (16, 2)).unflatten(4, (16, 2)).mean(dim=(3, 5))
    assert (small.double() - mean).abs().max() <= 0.5


# The weights


def test_a_run_begins_with_the_average_of_the_small_one(tmp_path, capsys) -> None:
    line = [*SHORT, "--start=low", "--seeds", "3", f"--out={tmp_path}"]
    assert main(EXPERIMENT, line) == 0
    state = torch.load(tmp_path / "low-seed-3/checkpoint.pt", weights_only=True)
    average = state["training"]["average"]
    for start in ("contiguous", "interleaved"):
        settings = Settings(seed=3, start=start, pretrained=str(tmp_path))
        found = build_model(settings).state_dict()
        small = build_model(Settings(seed=3, start="low"))
        small.load_state_dict(
            {n[7:]: w for n, w in average.items() if n != "n_averaged"}
        )
        expected = enlarge(small, 2, start).state_dict()  # type: ignore[arg-type]
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in found)
        shapes = [weight.shape for weight in found.values()]
        large = build_model(Settings(start="scratch")).state_dict().values()
        assert shapes == [weight.shape for weight in large]
    # And fine-tunes them.
    tuning = [*SHORT, "--seeds", "3", f"--out={tmp_path}", f"--pretrained={tmp_path}"]
    assert main(EXPERIMENT, tuning) == 0
    first, second = records.read(tmp_path / "results.jsonl")
    assert first["settings"]["start"] == "low"
    assert second["settings"]["start"] == "contiguous"
    assert second["parameters"] > first["parameters"]
    assert 0 <= second["accuracy_before"] <= 1
    assert "contiguous-seed-3: test accuracy" in capsys.readouterr().out


def test_without_a_small_network_it_says_what_to_do(tmp_path, capsys) -> None:
    line = [*SHORT, f"--out={tmp_path}", f"--pretrained={tmp_path}"]
    message = "first run the command with --start low and this seed"
    refused(partial(main, EXPERIMENT), line, message, capsys)
    (tmp_path / "low-seed-0").mkdir()
    (tmp_path / "low-seed-0/checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        build_model(Settings(pretrained=str(tmp_path)))


# What was recorded


def test_record_is_on_one_footing() -> None:
    results = recorded("higher_resolution", "fashion-mnist")
    kinds = [("low", 5), *((start, 2) for start in STARTS[1:]), ("scratch", 4)]
    runs = [
        (run["settings"]["start"], run["settings"]["epochs"], run["seed"])
        for run in results
    ]
    assert sorted(runs) == sorted((*kind, seed) for kind in kinds for seed in range(3))


def test_the_learning_rates_are_those_of_the_search() -> None:
    search = recorded("higher_resolution_search", "fashion-mnist")
    results = recorded("higher_resolution", "fashion-mnist")
    for start in STARTS[1:]:
        found = {
            run["settings"]["learning_rate"]: run["curve"]["validation_accuracy"][-1]
            for run in search
            if run["settings"]["start"] == start
        }
        assert len(found) == 3
        used = {
            run["settings"]["learning_rate"]
            for run in results
            if run["settings"]["start"] == start
        }
        assert used == {max(found, key=lambda rate: found[rate])}


def test_the_table_has_a_row_for_each_start_and_number_of_epochs() -> None:
    results = [
        {
            "seed": seed,
            "accuracy_before": 0.1,
            "test_accuracy": 0.5 + 0.1 * epochs + 0.01 * seed,
            "cpu_seconds": 7.0 + seed,
            "settings": {"start": start, "epochs": epochs},
        }
        for start, epochs in (("scratch", 3), ("low", 2), ("scratch", 2))
        for seed in (0, 1)
    ]
    rows = [line.split() for line in table(results).splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        ["low", "2"],
        ["scratch", "2"],
        ["scratch", "3"],
    ]
    assert rows[2][2:] == ["10.00", "±", "0.00", "80.50", "±", "0.71", "7.5"]
