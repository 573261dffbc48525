"""The commands: every number an option, every failure in words, every result kept."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest

from labml_style_nn.data.shapes import write_shapes
from labml_style_nn.data.tiny_shakespeare import TINY_SHAKESPEARE
from labml_style_nn.experiments import (
    family_step_time,
    few_shot,
    folder_images,
    higher_resolution,
    image_datasets,
    records,
    token_cost,
    training_cost,
)
from labml_style_nn.experiments import masked_language as text
from labml_style_nn.experiments.classification import predict
from labml_style_nn.experiments.command import main, understood
from labml_style_nn.experiments.conv_mixer_images import EXPERIMENT as CONV_MIXER
from labml_style_nn.experiments.family_digits import EXPERIMENT as FAMILY
from labml_style_nn.experiments.mixer_images import EXPERIMENT as MIXER
from labml_style_nn.experiments.runs import Run
from labml_style_nn.experiments.training import Trainer
from support import write_files
from tests.experiments.common import SHORT, TINY, Main, noise, refused

SMALL = [*SHORT, *TINY]
CONV = [*SHORT, "--patch-size=2", "--num-layers=1", "--hidden-dim=8"]
EACH = [(MIXER, SMALL), (CONV_MIXER, CONV), (FAMILY, [*SHORT, "--model=fnet"])]
refuses = partial(refused, partial(main, MIXER))


def started(folder: Path, arguments: list[str]) -> Run:
    """The run of a Mixer with such arguments, as far as its folder has it."""
    (settings,) = understood(MIXER, arguments)[1]
    task = MIXER.task(settings, None)
    return Run(Trainer(MIXER.model(settings), task, settings), folder)


@pytest.mark.parametrize(("experiment", "line"), EACH)
def test_each_seed_is_trained_and_written_down(experiment, line, tmp_path, capsys):
    arguments = [*line, f"--out={tmp_path}", "--seeds", "0", "1"]
    assert main(experiment, [*arguments, "--note", "a try"]) == 0
    results = records.read(tmp_path / "results.jsonl")
    assert [result["seed"] for result in results] == [0, 1]
    _, settings = understood(experiment, arguments)
    for result, chosen in zip(results, settings, strict=True):
        assert result["settings"] == asdict(chosen)
        assert (tmp_path / chosen.label / "checkpoint.pt").exists()
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
    arguments = [*SMALL, f"--out={tmp_path}", "--seeds", "1"]
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
    started(tmp_path / "seed-0", SMALL).save()
    line = [*SMALL, f"--out={tmp_path}", "--hidden-dim=9"]
    refuses(line, "hidden_dim was 8, not 9", capsys)


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
    refuses([*SMALL, f"--out={tmp_path / 'out'}"], str(path), capsys)


def test_help_tells_the_defaults_and_unknown_choices_are_refused(capsys) -> None:
    for data in ("digits", "cifar10"):
        with pytest.raises(SystemExit, match=r"^0$"):
            main(MIXER, ["--data", data, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        default = f"(default: {MIXER.presets[data].epochs})"
        assert f"--epochs EPOCHS passes through the training set {default}" in said
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
    line = [*SMALL, "--data=cifar10", "--folder=somewhere", "--no-verify"]
    assert main(MIXER, [*line, f"--out={tmp_path}"]) == 0
    load.assert_called_once_with(Path("somewhere"), verify=False)
    (result,) = records.read(tmp_path / "results.jsonl")
    assert result["verified"] is False
    assert list(result["curve"]) == ["loss", "accuracy", "validation_accuracy"]


# A folder of images has 36 to learn from, of four classes.
IMAGES = ["--network=mixer_tiny", "--batch-size=6", "--device=cpu", "--folder=."]
FEW = ["--num-classes=4", "--image-size=32", "--epochs=2", "--warmup-epochs=1"]
TEXT = ["--num-tokens=16", "--encoder=attention", "--device=cpu"]
COMMANDS: dict[str, tuple[Main, list[str]]] = {
    "mixer": (partial(main, MIXER), SMALL),
    "enlarged": (partial(main, higher_resolution.EXPERIMENT), ["--device=cpu"]),
    "folder": (partial(main, folder_images.EXPERIMENT), [*IMAGES, *FEW]),
    "cost": (training_cost.main, [*IMAGES, "--image-size=16", "--steps=1"]),
    "few": (few_shot.main, []),
    "tokens": (token_cost.main, []),
    "times": (family_step_time.main, []),
    "text": (text.compare, [*TEXT, "--dim=8", "--num-heads=2"]),
}
IDX = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
OTHERS = [*IDX, TINY_SHAKESPEARE.name, "low-seed-0/checkpoint.pt"]
# The command, the words that are wrong, and the message.
WRONG = """
mixer --epochs=0: epochs must be at least 1, got 0
mixer --patch-size=3: must be a multiple of patch_size
mixer --learning-rate=1e30: the loss is nan in epoch 1, step 2
mixer --seeds -1: a seed must be from 0 to 4294967295, got -1
mixer --seeds 0 4294967296: from 0 to 4294967295, got 4294967296
mixer --seeds 1 2 1: seeds must differ, got 1, 2, 1
mixer --hidden-dim=999999999999: no network can be made of these sizes
mixer --hidden-dim=9999999999999999999999: no network can be made of these sizes
mixer --threads=-1: threads must be from 0 to 1024, got -1
mixer --full: no full size is set for digits: leave out --full
mixer --validation=1437: less than the 1437 training images, got 1437
mixer --data=fashion-mnist --folder=broken: train-
enlarged --pretrained=.: first run the command with --start low and this seed
enlarged --pretrained=broken: is not a checkpoint
folder --num-classes=3: the folder has 4 classes: --num-classes 4
folder --folder=missing: missing/train is no folder
folder --validation=36: less than the 36 training images, got 36
folder --workers=-1: workers must be from 0 to 256, got -1
folder --weights=missing.pth: missing.pth: No such file
folder --image-size=33: must be a multiple of patch_size
folder --smallest-crop=0: smallest_crop must be a share above 0, got 0.0
folder --stochastic-depth=1: stochastic_depth must lie in [0, 1), got 1.0
cost --steps=0: steps must be at least 1, got 0
cost --epochs=0: epochs must be at least 1, got 0
cost --batch-size=0: batch_size must be at least 1, got 0
cost --folder=missing: missing/train is no folder
cost --threads=-1: threads must be from 0 to 1024, got -1
few --shots=0: shots must be at least 1, got 0
few --seeds 1 1: seeds must differ, got 1, 1
few --epochs=-1: epochs must be from 0 up, got -1
few --train-images=-1: train_images must be from 0 up, got -1
few --train-images=9999: train_images must be at most
tokens --sides 8 16: sides must be at least 3 numbers, got (8, 16)
tokens --sides 8 16 0: sides must be at least 1, got 0
tokens --rounds 0: rounds must be at least 1, got 0
times --rounds 0: rounds must be at least 1, got 0
text --data=tiny-shakespeare --folder=broken: input.txt
text --characters=50: two blocks of 16 characters
text --characters=4000 --num-heads=3: dim must be a multiple of num_heads, got 8 and 3
text --characters=4000 --epochs=0: epochs must be at least 1, got 0
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    write_shapes(folder, train=9, test=2)
    # What is there is not fetched.
    write_files(folder / "broken", dict.fromkeys(OTHERS, "not this"))
    return folder


@pytest.mark.parametrize("wrong", WRONG.splitlines()[1:])
def test_command_says_what_is_wrong(wrong, images, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(images)
    words, _, message = wrong.partition(": ")
    name, *more = words.split()
    command, line = COMMANDS[name]
    refused(command, [*line, *more, f"--out={tmp_path}"], message, capsys)
    assert not [*tmp_path.rglob("results.jsonl")]
