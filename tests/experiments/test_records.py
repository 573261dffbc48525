"""Checkpoints, whole at every moment, nothing but numbers; records and their words."""

import os
import platform
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from labml_style_nn.experiments import checkpoint, records, tensorboard
from labml_style_nn.experiments.checkpoint import CheckpointError, load_checkpoint
from tests.data.conftest import full_disk
from tests.data.test_archives import Mine

SETTINGS = {"epochs": 10, "learning_rate": 0.003}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "checkpoint.pt"
    checkpoint.save_checkpoint(path, {"settings": SETTINGS, "weight": torch.arange(3)})
    return path


def is_whole(path: Path) -> bool:
    """Whether a folder has the first checkpoint, and nothing else."""
    state = load_checkpoint(path, SETTINGS)
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]
    return state["weight"].equal(torch.arange(3))


def test_failed_save_is_told_and_leaves_the_old_one_whole(path, monkeypatch) -> None:
    large = {"settings": {}, "weight": torch.zeros(50_000)}
    message = r"File too large \(whatever was saved before is whole\)"
    with full_disk(20_000), pytest.raises(OSError, match=message) as raised:
        checkpoint.save_checkpoint(path, large)
    assert str(path) in str(raised.value)
    assert is_whole(path)
    monkeypatch.setattr(os, "replace", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save_checkpoint(path, large)
    assert is_whole(path)


def test_other_settings_and_forbidden_files_are_named(path, monkeypatch) -> None:
    message = r"epochs was 10, not 20\. Repeat"
    with pytest.raises(CheckpointError, match=message) as raised:
        load_checkpoint(path, SETTINGS | {"epochs": 20})
    assert str(path) in str(raised.value)
    with pytest.raises(CheckpointError, match="new was None, not 1"):
        load_checkpoint(path, SETTINGS | {"new": 1})
    denied = PermissionError(13, "Permission denied", str(path))
    monkeypatch.setattr(torch, "load", Mock(side_effect=denied))
    with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied$"):
        load_checkpoint(path, SETTINGS)


def test_what_is_no_checkpoint_or_has_code_is_named_and_not_run(path) -> None:
    checkpoint.save_checkpoint(path, {"settings": SETTINGS, "weight": torch.rand(5000)})
    whole = path.read_bytes()
    contents = [whole[: len(whole) * part // 10] for part in range(10)]
    contents += [whole[:at] + b"\0" + whole[at:] for at in range(0, 600, 60)]
    contents += [b"not a checkpoint", b"\x80\x02.", b"PK\x03\x04"]
    others = ({"weight": torch.zeros(2)}, [1, 2, 3], {"settings": 7}, None)
    saves = [partial(path.write_bytes, content) for content in contents]
    others += ({"settings": SETTINGS, "weight": Mine()},)
    saves += [partial(torch.save, other, path) for other in others]
    for save in (*saves, path.unlink, path.mkdir):
        save()
        if path.exists():
            with pytest.raises(CheckpointError, match=r"checkpoint\.pt is not a check"):
                load_checkpoint(path, SETTINGS)


def test_summary_has_mean_and_deviation_and_columns_the_curves() -> None:
    pairs = ((0.99, 10), (1.0, 20), (0.98, 33))
    several = [{"test_accuracy": a, "cpu_seconds": s} for a, s in pairs]
    said = "3 seeds: test accuracy 99.00 ± 1.00 %, 21 CPU-seconds each"
    assert records.summary(several) == said
    assert records.summary(several[:1]) == "test accuracy 99.00 %, 10 CPU-seconds"
    searched = {"validation_accuracy": 0.75, "cpu_seconds": 9}
    assert records.summary([searched]) == "validation accuracy 75.00 %, 9 CPU-seconds"
    history = [{"epoch": 1, "loss": 2.0, "x": 0.1}, {"epoch": 2, "loss": 1 / 3, "x": 1}]
    assert records.columns(history) == {"loss": [2.0, 0.33333], "x": [0.1, 1]}
    assert records.columns([]) == {}


def test_a_note_may_hold_any_letter_and_an_older_record_lack_the_key(tmp_path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"older": 1}\n')
    records.add(path, {"seed": 0, "note": "a\u2028b\u0085c"}, key="seed")
    assert records.read(path)[1] == {"seed": 0, "note": "a\u2028b\u0085c"}
    assert len(records.read(path)) == 2


def test_circumstances_are_of_this_machine(monkeypatch) -> None:
    told = records.circumstances(torch.device("cpu"))
    assert told["machine"] == f"{platform.system()} {platform.machine()}"
    assert told["versions"]["torch"] == torch.__version__
    assert told["gpu"] == ""
    assert told["threads"] == torch.get_num_threads()
    # The processor has a name on every system.
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=FileNotFoundError))
    assert records.processor() == platform.processor()
    lines = "processor : 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: another\n"
    monkeypatch.setattr(Path, "read_text", Mock(return_value=lines))
    assert records.processor() == "Some CPU @ 2 GHz"


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_board_does_without_its_package(folder, monkeypatch) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    board = tensorboard.TensorBoardWriter(folder)
    board.write(1, {"loss": 1.0})
    board.close()
    assert not Path("nowhere").exists()
