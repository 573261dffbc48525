"""Records: complete, in order, and put in words without losing a digit."""

import platform
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from labml_style_nn.experiments import records, tensorboard


def test_summary_has_mean_and_deviation() -> None:
    pairs = ((0.99, 10), (1.0, 20), (0.98, 33))
    several = [{"test_accuracy": a, "cpu_seconds": s} for a, s in pairs]
    said = "3 seeds: test accuracy 99.00 ± 1.00 %, 21 CPU-seconds each"
    assert records.summary(several) == said
    assert records.summary(several[:1]) == "test accuracy 99.00 %, 10 CPU-seconds"
    searched = {"validation_accuracy": 0.75, "cpu_seconds": 9}
    assert records.summary([searched]) == "validation accuracy 75.00 %, 9 CPU-seconds"


def test_columns_are_the_curves() -> None:
    history = [{"epoch": 1, "loss": 2.0, "x": 0.1}, {"epoch": 2, "loss": 1 / 3, "x": 1}]
    assert records.columns(history) == {"loss": [2.0, 0.33333], "x": [0.1, 1]}
    assert records.columns([]) == {}


def test_a_note_may_hold_any_letter_and_an_older_record_lack_the_key(tmp_path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"older": 1}\n')
    records.add(path, {"seed": 0, "note": "a\u2028b\u0085c"}, key="seed")
    assert records.read(path)[1] == {"seed": 0, "note": "a\u2028b\u0085c"}
    assert len(records.read(path)) == 2


def test_circumstances_are_of_this_machine() -> None:
    told = records.circumstances(torch.device("cpu"))
    assert told["machine"] == f"{platform.system()} {platform.machine()}"
    assert told["versions"]["torch"] == torch.__version__
    assert told["gpu"] == ""
    assert told["threads"] == torch.get_num_threads()


def test_processor_has_a_name_on_every_system(monkeypatch) -> None:
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
