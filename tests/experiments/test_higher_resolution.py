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
from support import write_files
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
    small = build_model(Settings(seed=3, start="low"))
    small.load_state_dict({n[7:]: w for n, w in average.items() if n != "n_averaged"})
    large = build_model(Settings(start="scratch"))
    for start in ("contiguous", "interleaved"):
        settings = Settings(seed=3, start=start, pretrained=str(tmp_path))
        found = build_model(settings).state_dict()
        assert same({**found}, {**enlarge(small, 2, start).state_dict()})
        large.load_state_dict(found)
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
    write_files(tmp_path, {"low-seed-0/checkpoint.pt": "no checkpoint"})
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        build_model(Settings(pretrained=str(tmp_path)))


def test_record_is_on_one_footing() -> None:
    results = recorded("higher_resolution", "fashion-mnist")
    kinds = [("low", 5), *((start, 2) for start in STARTS[1:]), ("scratch", 4)]
    names = ("start", "epochs", "seed")
    runs = [tuple(run["settings"][name] for name in names) for run in results]
    assert sorted(runs) == sorted((*kind, seed) for kind in kinds for seed in range(3))


def test_the_learning_rates_are_those_of_the_search() -> None:
    def runs(name: str, start: str) -> list[records.Record]:
        some = recorded(name, "fashion-mnist")
        return [run for run in some if run["settings"]["start"] == start]

    def rates(some: list[records.Record]) -> set[float]:
        return {run["settings"]["learning_rate"] for run in some}

    for start in STARTS[1:]:
        search = runs("higher_resolution_search", start)
        best = max(search, key=lambda run: run["curve"]["validation_accuracy"][-1])
        assert len(search) == len(rates(search)) == 3
        assert rates(runs("higher_resolution", start)) == rates([best])
