"""A run: resumed at any step, stopped politely, in several processes the same."""

import os
import signal
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from torch import nn

from labml_style_nn.data.digits import split_digits
from labml_style_nn.experiments import distributed, mixer_images, records
from labml_style_nn.experiments.checkpoint import CheckpointError, load_checkpoint
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.distributed import Processes, where
from labml_style_nn.experiments.runs import Run, Stopped
from labml_style_nn.experiments.training import DivergedError, Trainer
from labml_style_nn.layers.batch_norm import BatchNorm
from labml_style_nn.models.conv_mixer import ConvMixer
from support import PATIENCE
from tests.experiments import common
from tests.experiments.common import SHORT, TINY, before_step, learned_alike, same

# 1437 images: six steps to an epoch.
STEPS = {"epochs": 3, "warmup_epochs": 1, "batch_size": 256}
SMALL = ImageRecipe(**STEPS, ema_decay=0.9, gradient_clipping=1.0)
DIGITS = split_digits(seed=0)
interrupt = partial(signal.raise_signal, signal.SIGINT)


def network() -> nn.Module:
    """Everything that has a state: weights, running statistics, chance."""
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GELU(), nn.Dropout(0.2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(144, 10))


def start(folder: Path) -> Run:
    return Run(Trainer(network(), ImageTask(*DIGITS, SMALL), SMALL), folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = start(tmp_path_factory.mktemp("whole"))
    run.train(quiet=True)
    return run


# Between two epochs, within one, before the first step's end and before the last.
@pytest.mark.parametrize("step", [0, 6, 9, 17])
def test_stopped_run_goes_on_to_same_bits(step, whole, tmp_path) -> None:
    message = f"stopped after step {step + 1} of 18"
    with before_step(step, interrupt), pytest.raises(Stopped, match=message):
        start(tmp_path).train(quiet=True)
    # What chance did meanwhile does not matter.
    torch.manual_seed(12345)
    goes_on(tmp_path, step + 1, whole)


def goes_on(folder: Path, step: int, whole: Run) -> None:
    """The run in a folder is at a step, and comes to the same bits as the whole one."""
    resumed = start(folder)
    assert resumed.trainer.step == step
    resumed.train(quiet=True)
    assert resumed.history == whole.history
    assert same(resumed.trainer.state_dict(), whole.trainer.state_dict())


def test_killed_run_goes_on_from_the_last_epoch(whole, tmp_path) -> None:
    with before_step(15, Mock(side_effect=SystemExit)), pytest.raises(SystemExit):
        start(tmp_path).train(quiet=True)
    goes_on(tmp_path, 12, whole)


def test_checkpoint_that_lacks_a_part_is_named(whole, tmp_path) -> None:
    state = load_checkpoint(whole.folder / "checkpoint.pt", whole.settings)
    for lacking in ("training", "history", "seconds"):
        rest = {name: part for name, part in state.items() if name != lacking}
        torch.save(rest, tmp_path / "checkpoint.pt")
        wrong = r"checkpoint\.pt is not a checkpoint"
        with pytest.raises(CheckpointError, match=wrong):
            start(tmp_path)


def test_second_signal_is_obeyed_at_once(tmp_path) -> None:
    twice = before_step(8, lambda: (interrupt(), interrupt()))
    with twice, pytest.raises(KeyboardInterrupt):
        start(tmp_path).train(quiet=True)
    # And Python is as it was.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert start(tmp_path).trainer.step == 6


def test_ignored_signal_stays_ignored(tmp_path) -> None:
    run, before = start(tmp_path), signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with before_step(8, interrupt):
            run.train(quiet=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.trainer.step == 18


def test_loss_that_is_no_number_keeps_the_checkpoint(tmp_path) -> None:
    run, message = start(tmp_path), "the loss is nan in epoch 2, step 10"
    bias = run.trainer.model[-1].bias.data
    spoiled = before_step(9, lambda: bias[3].fill_(torch.nan))
    with spoiled, pytest.raises(DivergedError, match=message):
        run.train(quiet=True)
    saved = start(tmp_path)
    assert saved.trainer.step == 6
    state = saved.trainer.model.state_dict()
    assert all(value.isfinite().all() for value in state.values())


def test_real_ctrl_c_saves_and_the_same_command_goes_on(tmp_path) -> None:
    line = [*TINY, "--epochs=100000", "--batch-size=32", f"--out={tmp_path}"]
    saved, told = tmp_path / "seed-0/checkpoint.pt", tmp_path / "said"
    steps = []
    for _ in range(2):
        changed = saved.stat().st_mtime_ns if saved.exists() else 0
        process = common.start("labml_style_nn.experiments.mixer_images", line, told)
        while not (saved.exists() and saved.stat().st_mtime_ns != changed):
            process.join(0.05)
            assert process.exitcode is None, told.read_text()
        os.kill(process.pid, signal.SIGINT)
        process.join(PATIENCE)
        process.kill()
        assert process.exitcode == 130
        said = told.read_text()
        assert "Traceback" not in said
        state = torch.load(saved, weights_only=True)
        steps.append(state["training"]["step"])
        assert f"stopped after step {steps[-1]} of 4500000" in said
        assert f"saved in {tmp_path}/seed-0" in said
    assert 0 < steps[0] < steps[1]


def test_files_and_tensorboard_tell_what_the_epochs_reported(whole) -> None:
    written = records.read(whole.folder / "epochs.jsonl")
    assert written == whole.history
    assert [entry["epoch"] for entry in written] == [1, 2, 3]
    assert list(written[0]) == ["epoch", "loss", "accuracy", "test_accuracy"]
    tested = whole.trainer.task.test(whole.trainer.average)["test_accuracy"]
    assert written[-1]["test_accuracy"] == pytest.approx(tested, abs=1e-6)
    # The time of all sessions is kept.
    assert min(whole.seconds.tolist()) > 0
    assert start(whole.folder).seconds.equal(whole.seconds)
    from tensorboardX.event_file_writer import EventFileWriter  # noqa: F401
    from tensorboardX.proto.event_pb2 import Event

    (file,) = whole.folder.glob("events.out.tfevents.*")
    data, points = file.read_bytes(), {}
    # Each record: its length in eight bytes, four bytes of checksum, it, four more.
    while data:
        size = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + size])
        for value in event.summary.value:
            points[value.tag, event.step] = value.simple_value
        data = data[16 + size :]
    for entry in whole.history:
        for name in ("loss", "accuracy", "test_accuracy"):
            step = 6 * entry["epoch"]
            assert points[name, step] == pytest.approx(entry[name], rel=1e-6)


def test_two_processes_learn_what_one_does(tmp_path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    # 1437 images in batches of 251: the last has 182, and neither number is even.
    line = [*SHORT, *TINY, "--batch-size=251"]
    assert main(mixer_images.EXPERIMENT, [*line, f"--out={one}"]) == 0
    said = common.in_two(mixer_images.__name__, [*line, f"--out={two}"], tmp_path)
    learned_alike(one, two)
    assert said.count("written:") == 1
    assert "written:" not in (tmp_path / "said-1").read_text()
    # What two processes saved, one can read: the run is over.
    assert main(mixer_images.EXPERIMENT, [*line, f"--out={two}"]) == 0


def test_shares_are_the_batch() -> None:
    for size in (7, 8, 1):
        batch = torch.arange(size), torch.rand(size, 3)
        shares = [Processes(rank, 3).share(batch) for rank in range(3)]
        for whole, parts in zip(batch, zip(*shares, strict=True), strict=True):
            assert torch.cat(parts).equal(whole)


def test_torchrun_tells_its_processes_what_in_two_tells_them(tmp_path) -> None:
    said = tmp_path / "said"
    line = ["--nproc-per-node=2", "--no-python", "env"]
    process = common.start("torch.distributed.run", line, said)
    told = common.ended(process, said).splitlines()
    assert {"RANK=0", "RANK=1", "LOCAL_RANK=0", "LOCAL_RANK=1"} <= {*told}
    assert told.count("WORLD_SIZE=2") == 2
    names = [variable.partition("=")[0] for variable in told]
    assert names.count("MASTER_ADDR") == names.count("MASTER_PORT") == 2


def test_batch_norms_become_one_for_all_gpus() -> None:
    sizes = {"patch_size": 2, "hidden_dim": 5, "num_layers": 2, "kernel_size": 3}
    model = ConvMixer(**sizes, in_channels=1, num_classes=3)
    images = torch.rand(4, 1, 8, 8)
    model(images)  # so that the statistics are those of something
    model.eval()
    scores, state = model(images), model.state_dict()
    before = sum(isinstance(layer, BatchNorm) for layer in model.modules())
    distributed.synchronise(model)
    model.eval()
    kinds = [type(layer) for layer in model.modules()]
    assert kinds.count(nn.SyncBatchNorm) == before == 5
    assert BatchNorm not in kinds
    assert model.state_dict().keys() == state.keys()
    torch.testing.assert_close(model(images), scores)


def test_gpu_that_is_not_there_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert where("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="there is no GPU that PyTorch can use"):
        where("cuda")
