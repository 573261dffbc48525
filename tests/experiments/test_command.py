"""The commands: every number an option, every failure in words, every result kept."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest

from labml_style_nn.experiments import image_datasets, records
from labml_style_nn.experiments.classification import predict
from labml_style_nn.experiments.command import Experiment, main, understood
from labml_style_nn.experiments.conv_mixer_images import EXPERIMENT as CONV_MIXER
from labml_style_nn.experiments.mixer_images import EXPERIMENT as MIXER
from labml_style_nn.experiments.runs import Run
from labml_style_nn.experiments.training import Trainer
from tests.experiments.common import SHORT, TINY, noise, refused

BOTH = [MIXER, CONV_MIXER]
CONV = ["--patch-size=2", "--num-layers=1", "--hidden-dim=8"]
SMALL = {"mixer_images": [*SHORT, *TINY], "conv_mixer_images": [*SHORT, *CONV]}


def small(experiment: Experiment, *more: str) -> list[str]:
    return [*SMALL[experiment.name], *more]


def started(folder: Path, arguments: list[str]) -> Run:
    """The run of a Mixer with such arguments, as far as its folder has it."""
    _, (settings,) = understood(MIXER, arguments)
    task = MIXER.task(settings, None)
    return Run(Trainer(MIXER.model(settings), task, settings), folder)


@pytest.mark.parametrize("experiment", BOTH, ids=lambda found: found.name)
def test_each_seed_is_trained_and_written_down(experiment, tmp_path, capsys) -> None:
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
        curve, accuracy = result["curve"], result["test_accuracy"]
        assert {len(values) for values in curve.values()} == {2}
        assert curve["test_accuracy"][-1] == pytest.approx(accuracy, abs=1e-5)
        assert min(result["cpu_seconds"], result["wall_seconds"]) > 0
        assert result["threads"] == result["processes"] == 1
        assert result["processor"]
    assert results[0]["versions"].keys() == {"torch", "numpy", "scikit-learn"}
    said = capsys.readouterr().out
    assert f"seed-1: {records.summary(results[1:])}" in said
    assert records.summary(results) in said
    curves = ElementTree.parse(tmp_path / "curves.svg").getroot()
    assert curves.tag == "{http://www.w3.org/2000/svg}svg"


def test_finished_run_does_not_train_again(tmp_path, capsys) -> None:
    arguments = small(MIXER, f"--out={tmp_path}", "--seeds", "1")
    checkpoint, said = tmp_path / "seed-1/checkpoint.pt", []
    for _ in range(2):
        assert main(MIXER, arguments) == 0
        said.append((capsys.readouterr().out, checkpoint.read_bytes()))
    assert said[0] == said[1]
    (result,) = records.read(tmp_path / "results.jsonl")
    # The result is of the averaged network.
    run = started(tmp_path / "seed-1", arguments)
    images, labels = run.trainer.task.test_set
    average, last = (
        (predict(model, images) != labels).sum().item()
        for model in (run.trainer.average, run.trainer.model)
    )
    assert result["test_errors"] == average != last


def test_other_settings_in_the_same_folder_are_refused(tmp_path, capsys) -> None:
    started(tmp_path / "seed-0", small(MIXER)).save()
    line = small(MIXER, f"--out={tmp_path}", "--hidden-dim=9")
    refused(partial(main, MIXER), line, "hidden_dim was 8, not 9", capsys)


IN_THE_WAY = """a file: out
a file: out/seed-0
a folder: out/seed-0/checkpoint.pt
a folder: out/results.jsonl
no record: out/results.jsonl"""


@pytest.mark.parametrize("what", IN_THE_WAY.splitlines())
def test_what_is_in_the_way_is_named(tmp_path, capsys, monkeypatch, what) -> None:
    made, place = what.split(": ")
    monkeypatch.delattr(Trainer, "advance")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if made == "a folder" else path.write_text(f"{made}\n")
    line = small(MIXER, f"--out={tmp_path / 'out'}")
    refused(partial(main, MIXER), line, str(path), capsys)


def test_data_that_is_not_there_is_an_error_in_words(tmp_path, capsys) -> None:
    """No download is tried: the folder has a file, and it is not the right one."""
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(b"not this")
    line = ["--data", "fashion-mnist", "--folder", str(tmp_path), "--out", "unused"]
    refused(partial(main, MIXER), line, "train-", capsys)


@pytest.mark.parametrize("data", ["digits", "cifar10"])
def test_help_tells_the_defaults_of_the_data_set(data, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        main(MIXER, ["--data", data, "--help"])
    assert left.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    default = f"(default: {MIXER.presets[data].epochs})"
    assert f"--epochs EPOCHS passes through the training set {default}" in said


def test_unknown_choice_is_refused(capsys) -> None:
    for wrong in (["--data=mnist"], ["--precision=float8"], ["--epoch=3"]):
        with pytest.raises(SystemExit):
            main(MIXER, wrong)
    assert "unrecognized arguments: --epoch=3" in capsys.readouterr().err


def test_few_epochs_teach_most_of_it(tmp_path) -> None:
    line = ["--epochs=5", "--warmup-epochs=1", "--ema-decay=0.9", "--device=cpu"]
    line += ["--num-layers=2", "--batch-size=32"]
    assert main(MIXER, [*line, f"--out={tmp_path}"]) == 0
    (result,) = records.read(tmp_path / "results.jsonl")
    assert result["curve"]["loss"][0] > result["curve"]["loss"][-1]
    assert result["test_accuracy"] > 0.9


def test_sets_of_bytes_are_loaded_from_the_folder(tmp_path, monkeypatch) -> None:
    load = Mock(return_value=(noise(5600, 3, 32), noise(400, 3, 32)))
    few = image_datasets.ImageDataset(32, 3, 10, image_datasets.official(load))
    monkeypatch.setitem(image_datasets.IMAGE_DATASETS, "cifar10", few)
    line = small(MIXER, "--data=cifar10", "--folder=somewhere", "--no-verify")
    assert main(MIXER, [*line, f"--out={tmp_path}"]) == 0
    load.assert_called_once_with(Path("somewhere"), verify=False)
    (result,) = records.read(tmp_path / "results.jsonl")
    assert result["verified"] is False
    assert list(result["curve"]) == ["loss", "accuracy", "validation_accuracy"]
