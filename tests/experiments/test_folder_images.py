"""Images from a folder: read in shares and ahead, to the same weights in every way."""

import signal
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from labml_style_nn.data.image_folder import read_crop
from labml_style_nn.data.shapes import OTHER, write_shapes
from labml_style_nn.experiments import folder_images
from labml_style_nn.experiments.command import Source, main, understood
from labml_style_nn.experiments.distributed import Processes
from labml_style_nn.experiments.folder_images import EXPERIMENT, NETWORKS, FolderTask
from labml_style_nn.experiments.runs import Run, Stopped
from labml_style_nn.experiments.training import Trainer
from labml_style_nn.pretrained import timm_targets
from tests.experiments.common import before_step, in_two, learned_alike, same

build_model, prepare = folder_images.build_model, folder_images.prepare
# 36 training images: three steps to an epoch, the last of one image.
LINE = ["--network=mixer_tiny", "--num-classes=4", "--image-size=32", "--device=cpu"]
LINE += ["--epochs=2", "--warmup-epochs=1", "--batch-size=12", "--learning-rate=1e-3"]
LINE += ["--ema-decay=0.9", "--validation=11"]
_, (SMALL,) = understood(EXPERIMENT, LINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images")
    write_shapes(path, train=9, test=2)
    return path


def test_epoch_shows_every_image_once_with_its_label(folder) -> None:
    task = FolderTask(folder, SMALL)
    assert [len(part) for part in task.train_set] == [25, 25]
    read = []
    for step in range(3):
        images, labels = task.batch(step)
        keys = next(task.keys(step, Processes()))
        assert len(keys) == [12, 12, 1][step]
        assert images.equal(torch.stack([task.crops[key] for key in keys]))
        pairs = zip(keys, labels.tolist(), strict=True)
        read += [(*key, label) for key, label in pairs]
    epochs, numbers, labels = zip(*read, strict=True)
    assert {*epochs} == {0}
    assert sorted(numbers) == task.train_set.images.tolist()
    kinds = [Path(task.crops.paths[number]).parent.name for number in numbers]
    assert kinds == [("circle", "cross", "square", "triangle")[n] for n in labels]
    # What is held out is no training image, and no test image.
    held_out = set(task.validation_set.images.tolist())
    assert len(held_out) == 11
    assert held_out.isdisjoint([*numbers, *task.test_set.images.tolist()])


def test_crops_are_new_in_each_epoch_and_some_are_flipped(folder) -> None:
    never, always = (
        FolderTask(folder, replace(SMALL, flip=flip)).crops for flip in (0.0, 1.0)
    )
    first, again, later = (never[epoch, 3] for epoch in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(later)
    assert always[0, 3].equal(first.flip(-1))
    half = FolderTask(folder, SMALL).crops
    flipped = [half[epoch, 3].equal(always[epoch, 3]) for epoch in range(40)]
    assert 10 < sum(flipped) < 30


def test_each_process_reads_its_share_of_the_batch(folder, monkeypatch) -> None:
    alone = FolderTask(folder, SMALL)
    tasks = [FolderTask(folder, SMALL) for _ in range(3)]
    noted = Mock(side_effect=read_crop)
    for step in range(3):
        whole = alone.batch(step)
        with monkeypatch.context() as context:
            context.setattr(folder_images, "read_crop", noted)
            parts = [t.part(step, Processes(rank, 3)) for rank, t in enumerate(tasks)]
        for expected, shares in zip(whole, zip(*parts, strict=True), strict=True):
            assert torch.cat(shares).equal(expected)
    # The last batch has one image, and the shares of two processes are empty.
    assert [len(images) for images, _ in parts] == [1, 0, 0]
    assert len({call.args[0] for call in noted.mock_calls}) == noted.call_count == 25


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker")
def test_workers_read_the_same_from_any_step_on(folder) -> None:
    alone, helped = FolderTask(folder, SMALL), FolderTask(folder, SMALL, workers=2)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    for step in (4, 5, 1, 2):
        for one, other in zip(alone.batch(step), helped.batch(step), strict=True):
            assert one.equal(other)
    assert torch.random.get_rng_state().equal(before)
    model = build_model(SMALL)
    torch.nn.init.normal_(model.head.linear.weight)
    assert alone.errors(model, alone.test_set) == helped.errors(model, helped.test_set)


def test_tests_are_on_the_middle_of_each_image_and_see_its_colours(folder) -> None:
    task = FolderTask(folder, SMALL)
    paths = sorted((folder / "test").glob("*/*"))
    middles = torch.stack([read_crop(path, 32) for path in paths])
    assert torch.cat([*task.read(task.test_set)]).equal(middles)
    assert task.test_set.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert task.prepare(middles).equal(prepare(middles))
    # Colours are scaled to one on both sides.
    bytes_ = torch.tensor([0, 51, 255], dtype=torch.uint8)[:, None, None]
    assert prepare(bytes_).flatten().tolist() == pytest.approx([-1, -0.6, 1])
    model = build_model(SMALL)
    torch.nn.init.normal_(model.head.linear.weight)
    images, labels = task.batch(0)
    how = {"label_smoothing": 0.1, "reduction": "sum"}
    expected = F.cross_entropy(model(prepare(images)), labels, **how)
    torch.testing.assert_close(task.loss(model, (images, labels)).loss, expected)


def started(folder: Path, out: Path, workers: int = 0) -> Run:
    task = FolderTask(folder, SMALL, workers)
    return Run(Trainer(build_model(SMALL), task, SMALL), out)


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = started(folder, tmp_path_factory.mktemp("whole"))
    run.train(quiet=True)
    return run


@pytest.mark.parametrize("step", [2, 4])
def test_stopped_workers_go_on(step, folder, whole, tmp_path) -> None:
    stopping = before_step(step, lambda: signal.raise_signal(signal.SIGINT))
    with stopping, pytest.raises(Stopped, match=f"stopped after step {step + 1} of 6"):
        started(folder, tmp_path, workers=1).train(quiet=True)
    resumed = started(folder, tmp_path)
    assert resumed.trainer.step == step + 1
    resumed.train(quiet=True)
    assert resumed.history == whole.history
    assert same(resumed.trainer.state_dict(), whole.trainer.state_dict())


def test_two_processes_learn_what_one_does(folder, tmp_path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    line = [*LINE, f"--folder={folder}"]
    assert main(EXPERIMENT, [*line, f"--out={one}"]) == 0
    in_two(folder_images.__name__, [*line, "--workers=1", f"--out={two}"], tmp_path)
    learned_alike(one, two)


def published(classes: int) -> dict[str, torch.Tensor]:
    """Random weights under timm's names, as a file of theirs holds them."""
    model = NETWORKS["mixer_tiny"](image_size=32, num_classes=classes)
    torch.manual_seed(5)
    return {n: torch.randn(t.shape) for n, t in timm_targets(model).items()}


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_published_weights_are_taken_and_the_head_begins_anew(ending, tmp_path) -> None:
    weights, path = published(classes=21), tmp_path / f"published{ending}"
    save_file(weights, path) if ending == ".safetensors" else torch.save(weights, path)
    settings = replace(SMALL, weights=str(path), stochastic_depth=0.2)
    found = timm_targets(build_model(settings))
    for name, tensor in weights.items():
        assert name.startswith("head.") or found[name].equal(tensor)
    assert found["head.weight"].equal(torch.zeros(4, 64))


def test_a_run_begins_from_the_averaged_weights_of_another(whole, tmp_path) -> None:
    path = whole.folder / "checkpoint.pt"
    model = build_model(replace(SMALL, num_classes=7, weights=str(path)))
    expected = dict(whole.trainer.average.module.state_dict())
    expected |= {"head.linear.weight": torch.zeros(7, 64)}
    expected |= {"head.linear.bias": torch.zeros(7)}
    assert same({**model.state_dict()}, expected)
    with pytest.raises(ValueError, match=r"checkpoint.pt is of another network: .*"):
        build_model(replace(SMALL, image_size=64, weights=str(path)))


def test_weights_that_do_not_fit_are_told(tmp_path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({n: w for n, w in published(4).items() if "norm.bias" not in n}, path)
    with pytest.raises(ValueError, match=r"nothing was loaded\nmissing: norm.bias"):
        build_model(replace(SMALL, weights=str(path)))
    for ending in (".pth", ".safetensors"):
        broken = tmp_path / f"broken{ending}"
        broken.write_bytes(b"none")
        with pytest.raises(ValueError, match=f"broken{ending} cannot be read as"):
            build_model(replace(SMALL, weights=str(broken)))
    with pytest.raises(FileNotFoundError):
        build_model(replace(SMALL, weights=str(tmp_path / "missing.pth")))


def test_no_folder_a_broken_image_and_other_classes_are_told(tmp_path, capsys) -> None:
    with pytest.raises(ValueError, match="--folder must say where train/ and test/"):
        folder_images.folder_task(SMALL, Source())
    write_shapes(tmp_path, train=3, test=1)
    (tmp_path / "train/circle/0001.png").write_bytes(b"broken")
    line = [*LINE, f"--folder={tmp_path}", f"--out={tmp_path}", "--validation=0"]
    assert main(EXPERIMENT, [*line, "--workers=1"]) == 1
    assert "0001.png cannot be read as an image" in capsys.readouterr().err
    (tmp_path / "test/circle").rename(tmp_path / "test/disc")
    with pytest.raises(ValueError, match="not of the same classes: circle, disc"):
        FolderTask(tmp_path, SMALL)


def test_the_folder_of_imagenet_is_tested_on_val(tmp_path) -> None:
    write_shapes(tmp_path, OTHER, train=3, test=2)
    (tmp_path / "test").rename(tmp_path / "val")
    task = FolderTask(tmp_path, replace(SMALL, validation=0))
    paths = [task.crops.paths[number] for number in task.test_set.images.tolist()]
    assert {Path(path).parent.parent.name for path in paths} == {"val"}


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_have_stochastic_depth_and_names_of_timm(network) -> None:
    sizes = {"image_size": 224, "num_classes": 3, "stochastic_depth_rate": 0.1}
    with torch.device("meta"):
        model = NETWORKS[network](**sizes)
    assert timm_targets(model)["head.weight"].shape[0] == 3
