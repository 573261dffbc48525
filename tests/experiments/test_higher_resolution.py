"""Fine-tuning an enlarged Mixer: from which weights, on which images."""

from functools import partial

import pytest
import torch
from torch.nn import functional as F

from labml_style_nn.experiments import higher_resolution as higher
from labml_style_nn.experiments import records
from labml_style_nn.experiments.checkpoint import CheckpointError
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.higher_resolution import STARTS, Settings, build_model
from labml_style_nn.experiments.recorded import recorded
from labml_style_nn.resolution import enlarge
from tests.experiments.common import given, noise, refused, same

SHORT = ["--examples=64", "--validation=32", "--epochs=2", "--device=cpu"]


@pytest.fixture(autouse=True)
def clothes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of Fashion-MNIST."""
    given(monkeypatch, "fashion-mnist", noise(100, 1, 28), noise(20, 1, 28))


def test_the_large_image_is_the_original_in_a_black_frame() -> None:
    images = noise(2, 1, 28).images
    found = higher.resized(images, "contiguous")
    assert torch.equal(found, F.pad(images, [2] * 4))


def test_a_small_pixel_is_the_mean_of_four() -> None:
    images = noise(3, 1, 28).images
    small, large = (higher.resized(images, start) for start in ("low", "scratch"))
    assert small.dtype == torch.uint8
    assert small.shape == (3, 1, 16, 16)
    assert (small - F.avg_pool2d(large.double(), 2)).abs().max() <= 0.5


def test_a_run_begins_with_the_average_of_the_small_one(tmp_path, capsys) -> None:
    line = [*SHORT, "--start=low", "--seeds", "3", f"--out={tmp_path}"]
    assert main(higher.EXPERIMENT, line) == 0
    state = torch.load(tmp_path / "low-seed-3/checkpoint.pt", weights_only=True)
    average = state["training"]["average"]
    for start in ("contiguous", "interleaved"):
        settings = Settings(seed=3, start=start, pretrained=str(tmp_path))
        found = build_model(settings).state_dict()
        small = build_model(Settings(seed=3, start="low"))
        weights = {n[7:]: w for n, w in average.items() if n != "n_averaged"}
        small.load_state_dict(weights)
        assert same({**found}, {**enlarge(small, 2, start).state_dict()})
        shapes = [weight.shape for weight in found.values()]
        large = build_model(Settings(start="scratch")).state_dict().values()
        assert shapes == [weight.shape for weight in large]
    # And fine-tunes them.
    tuning = [*SHORT, "--seeds", "3", f"--out={tmp_path}", f"--pretrained={tmp_path}"]
    assert main(higher.EXPERIMENT, tuning) == 0
    first, second = records.read(tmp_path / "results.jsonl")
    assert first["settings"]["start"] == "low"
    assert second["settings"]["start"] == "contiguous"
    assert second["parameters"] > first["parameters"]
    assert 0 <= second["accuracy_before"] <= 1
    assert "contiguous-seed-3: test accuracy" in capsys.readouterr().out


def test_without_a_small_network_it_says_what_to_do(tmp_path, capsys) -> None:
    line = [*SHORT, f"--out={tmp_path}", f"--pretrained={tmp_path}"]
    message = "first run the command with --start low and this seed"
    refused(partial(main, higher.EXPERIMENT), line, message, capsys)
    (tmp_path / "low-seed-0").mkdir()
    (tmp_path / "low-seed-0/checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        build_model(Settings(pretrained=str(tmp_path)))


def test_record_is_on_one_footing() -> None:
    results = recorded("higher_resolution", "fashion-mnist")
    kinds = [("low", 5), *((start, 2) for start in STARTS[1:]), ("scratch", 4)]
    names = ("start", "epochs", "seed")
    runs = [tuple(run["settings"][name] for name in names) for run in results]
    assert sorted(runs) == sorted((*kind, seed) for kind in kinds for seed in range(3))


def test_the_learning_rates_are_those_of_the_search() -> None:
    runs = recorded("higher_resolution_search", "fashion-mnist")
    results = recorded("higher_resolution", "fashion-mnist")
    for start in STARTS[1:]:
        search, used = (
            [run for run in some if run["settings"]["start"] == start]
            for some in (runs, results)
        )
        best = max(search, key=lambda run: run["curve"]["validation_accuracy"][-1])
        tried, rates = (
            {run["settings"]["learning_rate"] for run in some}
            for some in (search, used)
        )
        assert len(search) == len(tried) == 3
        assert rates == {best["settings"]["learning_rate"]}


def test_the_table_has_a_row_for_each_start_and_number_of_epochs() -> None:
    results = []
    for start, epochs in (("scratch", 3), ("low", 2), ("scratch", 2)):
        for seed in (0, 1):
            run = {"seed": seed, "accuracy_before": 0.1, "cpu_seconds": 7.0 + seed}
            run["test_accuracy"] = 0.5 + 0.1 * epochs + 0.01 * seed
            results.append(run | {"settings": {"start": start, "epochs": epochs}})
    rows = [" ".join(line.split()) for line in higher.table(results).splitlines()[1:]]
    assert [row[:9] for row in rows] == ["low 2 10.", "scratch 2", "scratch 3"]
    assert rows[2] == "scratch 3 10.00 ± 0.00 80.50 ± 0.71 7.5"
