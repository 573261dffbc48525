"""The commands: every number an option, every failure in words, every result kept."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from labml_style_nn.data.images import Images
from labml_style_nn.experiments import (
    conv_mixer_images,
    image_datasets,
    mixer_images,
    records,
)
from labml_style_nn.experiments.classification import predict
from labml_style_nn.experiments.command import Experiment, main, optional, understood
from labml_style_nn.experiments.runs import Run
from labml_style_nn.experiments.training import Trainer

BOTH = [mixer_images.EXPERIMENT, conv_mixer_images.EXPERIMENT]
MIXER = mixer_images.EXPERIMENT

SHORT = ["--epochs=2", "--warmup-epochs=1", "--batch-size=512", "--num-layers=1"]
SMALL = {
    "mixer_images": [
        *SHORT,
        "--patch-size=4",
        "--hidden-dim=8",
        "--tokens-mlp-dim=4",
        "--channels-mlp-dim=8",
    ],
    "conv_mixer_images": [*SHORT, "--patch-size=2", "--hidden-dim=8"],
}


def small(experiment: Experiment, *more: str) -> list[str]:
    return [*SMALL[experiment.name], "--device=cpu", *more]


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_command_trains_each_seed_and_writes_it_down(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = small(experiment, f"--out={tmp_path}", "--seeds", "0", "1")
    assert main(experiment, [*arguments, "--note", "a try"]) == 0
    results = records.read(tmp_path / "results.jsonl")
    assert [result["seed"] for result in results] == [0, 1]
    _, settings = understood(experiment, arguments)
    for result, chosen in zip(results, settings, strict=True):
        assert result["settings"] == asdict(chosen)
        assert result["experiment"] == experiment.name
        assert result["command"].startswith(experiment.command + " --epochs=2 ")
        assert "note" not in result["command"]
        assert result["note"] == "a try"
        errors = round((1 - result["test_accuracy"]) * result["test_images"])
        assert errors == result["test_errors"]
        curve = result["curve"]
        assert {len(values) for values in curve.values()} == {2}
        assert curve["test_accuracy"][-1] == pytest.approx(
            result["test_accuracy"], abs=1e-5
        )
        assert result["cpu_seconds"] > 0
        assert result["wall_seconds"] > 0
        assert result["threads"] == 1
        assert result["processes"] == 1
        assert result["processor"]
    assert results[0]["versions"].keys() == {"torch", "numpy", "scikit-learn"}
    said = capsys.readouterr().out
    assert f"seed-1: {records.summary(results[1:])}" in said
    assert records.summary(results) in said
    curves = ElementTree.parse(tmp_path / "curves.svg").getroot()
    assert curves.tag == "{http://www.w3.org/2000/svg}svg"


def test_finished_run_does_not_train_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = small(MIXER, f"--out={tmp_path}", "--seeds", "1")
    assert main(MIXER, arguments) == 0
    first = (tmp_path / "seed-1/checkpoint.pt").read_bytes()
    printed = capsys.readouterr().out
    assert main(MIXER, arguments) == 0
    assert (tmp_path / "seed-1/checkpoint.pt").read_bytes() == first
    assert capsys.readouterr().out == printed
    assert len(records.read(tmp_path / "results.jsonl")) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--epochs=0"], "epochs must be at least 1, got 0"),
        (["--patch-size=3"], "must be a multiple of patch_size"),
        (["--learning-rate=1e30"], "the loss is nan in epoch 1, step 2"),
        (["--seeds", "-1"], "a seed must be from 0 to 4294967295, got -1"),
        (["--seeds", "0", "4294967296"], "from 0 to 4294967295, got 4294967296"),
        (["--threads=-1"], "threads must be from 0 to 1024, got -1"),
        (["--full"], "no full size is set for digits: leave out --full"),
        (["--validation=1437"], "less than the 1437 training images, got 1437"),
    ],
)
def test_command_says_what_is_wrong(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: Sequence[str],
    message: str,
) -> None:
    assert main(MIXER, small(MIXER, f"--out={tmp_path}", *wrong)) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ")
    assert message in said


def test_other_settings_in_the_same_folder_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, (settings,) = understood(MIXER, small(MIXER))
    model, task = MIXER.model(settings), MIXER.task(settings, None)
    Run(Trainer(model, task, settings), tmp_path / "seed-0").save()
    assert main(MIXER, small(MIXER, f"--out={tmp_path}", "--hidden-dim=9")) == 1
    assert "hidden_dim was 8, not 9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("made", "place"),
    [
        ("a file", "out"),
        ("a file", "out/seed-0"),
        ("a folder", "out/seed-0/checkpoint.pt"),
        ("a folder", "out/results.jsonl"),
        ("no record", "out/results.jsonl"),
    ],
)
def test_what_stands_in_the_way_is_named_before_training(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    made: str,
    place: str,
) -> None:
    monkeypatch.delattr(Trainer, "advance")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if made == "a folder" else path.write_text(f"{made}\n")
    assert main(MIXER, small(MIXER, f"--out={tmp_path / 'out'}")) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert str(path) in said


def test_data_that_is_not_there_is_an_error_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No download is tried: the folder has a file, and it is not the right one."""
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(b"not this")
    line = ["--data", "fashion-mnist", "--folder", str(tmp_path), "--out", "unused"]
    assert main(MIXER, line) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "train-" in said


# Options


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_every_setting_is_an_option(experiment: Experiment) -> None:
    for preset in (*experiment.presets.values(), *experiment.full.values()):
        names = {field.name for field in fields(preset)}
        assert optional(preset).keys() == names - {"seed", "data"}


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_each_data_set_has_settings_of_its_own(experiment: Experiment) -> None:
    assert list(experiment.presets) == list(image_datasets.IMAGE_DATASETS)
    for presets, more in ((experiment.presets, []), (experiment.full, ["--full"])):
        for data, preset in presets.items():
            _, (settings,) = understood(experiment, ["--data", data, *more])
            assert settings == preset
            assert settings.data == data
    options, (settings,) = understood(
        experiment, ["--epochs=9", "--channels-last", "--data=cifar10"]
    )
    expected = asdict(experiment.presets["cifar10"])
    assert asdict(settings) == expected | {"epochs": 9, "channels_last": True}
    assert options.out == Path("runs") / experiment.name / "cifar10"


def test_full_size_has_a_folder_of_its_own() -> None:
    options, _ = understood(MIXER, ["--data=cifar10", "--full"])
    assert options.out == Path("runs/mixer_images/cifar10-full")


@pytest.mark.parametrize("data", ["digits", "cifar10"])
def test_help_tells_the_defaults_of_the_data_set(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(MIXER, ["--data", data, "--help"])
    assert left.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    epochs = MIXER.presets[data].epochs
    assert (
        f"--epochs EPOCHS passes through the training set (default: {epochs})" in said
    )


def test_unknown_choice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--data=mnist"], ["--precision=float8"], ["--epoch=3"]):
        with pytest.raises(SystemExit):
            main(MIXER, wrong)
    assert "unrecognized arguments: --epoch=3" in capsys.readouterr().err


# Networks


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_networks_fit_their_images(experiment: Experiment) -> None:
    for preset in (*experiment.presets.values(), *experiment.full.values()):
        images = image_datasets.IMAGE_DATASETS[preset.data]
        model = experiment.model(preset).eval()
        size = images.image_size
        with torch.no_grad():
            scores = model(torch.rand(3, images.in_channels, size, size))
        assert scores.shape == (3, images.num_classes)


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_first_weights_follow_from_the_seed(experiment: Experiment) -> None:
    def weights(seed: int) -> torch.Tensor:
        _, (settings,) = understood(experiment, ["--seeds", str(seed)])
        parameters = experiment.model(settings).parameters()
        return torch.cat([weight.flatten() for weight in parameters])

    first = weights(4)
    torch.manual_seed(99)
    assert first.equal(weights(4))
    assert not first.equal(weights(5))


def test_few_epochs_teach_most_of_it(tmp_path: Path) -> None:
    line = ["--epochs=8", "--warmup-epochs=1", "--ema-decay=0.9", "--device=cpu"]
    assert main(MIXER, [*line, f"--out={tmp_path}"]) == 0
    (result,) = records.read(tmp_path / "results.jsonl")
    assert result["curve"]["loss"][0] > result["curve"]["loss"][-1]
    assert result["test_accuracy"] > 0.9


def test_result_is_of_the_averaged_network(tmp_path: Path) -> None:
    arguments = small(MIXER, f"--out={tmp_path}")
    assert main(MIXER, arguments) == 0
    (result,) = records.read(tmp_path / "results.jsonl")
    _, (settings,) = understood(MIXER, arguments)
    task = MIXER.task(settings, None)
    run = Run(Trainer(MIXER.model(settings), task, settings), tmp_path / "seed-0")
    images, labels = task.test_set
    wrong = (predict(run.trainer.average, images) != labels).sum().item()
    assert result["test_errors"] == wrong
    assert wrong != (predict(run.trainer.model, images) != labels).sum().item()


def test_sets_of_bytes_are_loaded_from_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def load(folder: Path, *, verify: bool) -> tuple[Images, Images]:
        asked.append((folder, verify))
        torch.manual_seed(0)
        images = torch.randint(0, 256, (6000, 3, 32, 32), dtype=torch.uint8)
        return (
            Images(images[:5600], torch.arange(5600) % 10),
            Images(images[5600:], torch.arange(400) % 10),
        )

    few = image_datasets.ImageDataset(32, 3, 10, image_datasets.official(load))
    monkeypatch.setitem(image_datasets.IMAGE_DATASETS, "cifar10", few)
    line = small(MIXER, "--data=cifar10", "--folder=somewhere", "--no-verify")
    assert main(MIXER, [*line, f"--out={tmp_path}"]) == 0
    assert asked == [(Path("somewhere"), False)]
    (result,) = records.read(tmp_path / "results.jsonl")
    assert result["verified"] is False
    assert list(result["curve"]) == ["loss", "accuracy", "validation_accuracy"]


# What is on record


def lines() -> list[dict[str, Any]]:
    folder = Path(mixer_images.__file__).with_name("results")
    files = [folder / f"{experiment.name}.jsonl" for experiment in BOTH]
    return [record for file in files for record in records.read(file)]


@pytest.mark.parametrize(
    "record", lines(), ids=lambda r: f"{r['experiment']}-{r['settings']['data']}"
)
def test_record_is_of_the_code_that_is_here(record: dict[str, Any]) -> None:
    (experiment,) = (found for found in BOTH if found.name == record["experiment"])
    data, seed = record["settings"]["data"], record["seed"]
    settings = asdict(experiment.presets[data]) | {"seed": seed}
    assert record["settings"] == json.loads(json.dumps(settings))
    model = experiment.model(experiment.presets[data])
    assert record["parameters"] == sum(p.numel() for p in model.parameters())
    assert record["threads"] == 1
    assert record["processes"] == 1
    for curve in record["curve"].values():
        assert len(curve) == record["settings"]["epochs"]
    # What the command line says gives these settings, and names no place of ours.
    start = f"{experiment.command} "
    assert record["command"].startswith(start)
    arguments = record["command"].removeprefix(start).split()
    _, all_settings = understood(experiment, arguments)
    assert record["settings"] in [
        json.loads(json.dumps(asdict(s))) for s in all_settings
    ]
    assert not re.search(r"(^|[\s=])[/~]", record["command"])


# One per cent of 1,800 answers for the Mixer, 0.6 % for ConvMixer.
@pytest.mark.parametrize(
    ("name", "most_errors"), [("mixer_images", 18), ("conv_mixer_images", 10)]
)
def test_record_holds_what_is_claimed_for_digits(name: str, most_errors: int) -> None:
    results = [r for r in lines() if r["experiment"] == name]
    results = [r for r in results if r["settings"]["data"] == "digits"]
    assert [result["seed"] for result in results] == [0, 1, 2, 3, 4]
    assert all(result["test_images"] == 360 for result in results)
    assert sum(result["test_errors"] for result in results) <= most_errors
    assert all(result["cpu_seconds"] <= 60 for result in results)
