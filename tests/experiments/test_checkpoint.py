"""Checkpoints: whole at every moment, of one run, and nothing but numbers."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from labml_style_nn.experiments.checkpoint import (
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)

SETTINGS = {"epochs": 10, "learning_rate": 0.003}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "checkpoint.pt"
    save_checkpoint(path, {"settings": SETTINGS, "weight": torch.arange(3)})
    return path


def test_what_is_saved_is_loaded(path: Path) -> None:
    state = load_checkpoint(path, SETTINGS)
    assert state["weight"].equal(torch.arange(3))
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_interrupted_save_leaves_the_old_one_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(state: Any, file: Path) -> None:
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"settings": {}, "weight": torch.zeros(3)})
    assert load_checkpoint(path, SETTINGS)["weight"].equal(torch.arange(3))
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_other_settings_are_named(path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"epochs was 10, not 20\. Repeat"
    ) as raised:
        load_checkpoint(path, SETTINGS | {"epochs": 20})
    assert str(path) in str(raised.value)
    with pytest.raises(CheckpointError, match="new was None, not 1"):
        load_checkpoint(path, SETTINGS | {"new": 1})


def test_broken_file_is_named(path: Path) -> None:
    whole = path.read_bytes()
    for broken in (b"", b"not a checkpoint", whole[:100], whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(
            CheckpointError, match=r"checkpoint\.pt is not a checkpoint"
        ):
            load_checkpoint(path, SETTINGS)


def test_file_of_something_else_is_named(path: Path) -> None:
    for other in ({"weight": torch.zeros(2)}, [1, 2, 3]):
        torch.save(other, path)
        with pytest.raises(CheckpointError, match="is not a checkpoint"):
            load_checkpoint(path, SETTINGS)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


def test_file_with_code_is_not_run(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"settings": SETTINGS, "weight": Bomb()}, path)
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        load_checkpoint(path, SETTINGS)
    assert not Path("exploded").exists()
