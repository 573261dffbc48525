"""Checkpoints: whole at every moment, of one run, and nothing but numbers."""

import os
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from labml_style_nn.experiments import checkpoint
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


def test_interrupted_save_leaves_the_old_one_whole(path, monkeypatch) -> None:
    monkeypatch.setattr(os, "replace", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save_checkpoint(path, {"settings": {}, "weight": torch.zeros(3)})
    assert is_whole(path)


def test_other_settings_are_named(path) -> None:
    message = r"epochs was 10, not 20\. Repeat"
    with pytest.raises(CheckpointError, match=message) as raised:
        load_checkpoint(path, SETTINGS | {"epochs": 20})
    assert str(path) in str(raised.value)
    with pytest.raises(CheckpointError, match="new was None, not 1"):
        load_checkpoint(path, SETTINGS | {"new": 1})


def test_what_is_no_checkpoint_is_named(path) -> None:
    checkpoint.save_checkpoint(path, {"settings": SETTINGS, "weight": torch.rand(5000)})
    whole = path.read_bytes()
    contents = [whole[: len(whole) * part // 10] for part in range(10)]
    contents += [whole[:at] + b"\0" + whole[at:] for at in range(0, 600, 60)]
    contents += [b"not a checkpoint", b"\x80\x02.", b"PK\x03\x04"]
    others = ({"weight": torch.zeros(2)}, [1, 2, 3], {"settings": 7}, None)
    saves = [partial(path.write_bytes, content) for content in contents]
    saves += [partial(torch.save, other, path) for other in others]
    for save in (*saves, path.unlink, path.mkdir):
        save()
        if path.exists():
            with pytest.raises(CheckpointError, match=r"checkpoint\.pt is not a check"):
                load_checkpoint(path, SETTINGS)


def test_file_that_must_not_be_read_stays(path, monkeypatch) -> None:
    denied = PermissionError(13, "Permission denied", str(path))
    monkeypatch.setattr(torch, "load", Mock(side_effect=denied))
    with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied$"):
        load_checkpoint(path, SETTINGS)


def test_full_disk_is_told_and_the_old_one_is_whole(path) -> None:
    large = {"settings": {}, "weight": torch.zeros(50_000)}
    message = r"File too large \(whatever was saved before is whole\)"
    with full_disk(20_000), pytest.raises(OSError, match=message) as raised:
        checkpoint.save_checkpoint(path, large)
    assert str(path) in str(raised.value)
    assert is_whole(path)


def test_file_with_code_is_not_run(path) -> None:
    torch.save({"settings": SETTINGS, "weight": Mine()}, path)
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        load_checkpoint(path, SETTINGS)
