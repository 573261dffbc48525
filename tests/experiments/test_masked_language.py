"""The experiment on text: one command, both encoders, the same text and questions."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from labml_style_nn.data.tiny_shakespeare import TINY_SHAKESPEARE
from labml_style_nn.experiments import masked_language, records
from labml_style_nn.experiments.command import Source
from labml_style_nn.experiments.masked_language import ENCODERS, EXPERIMENT, compare
from labml_style_nn.experiments.recorded import recorded
from tests.experiments.common import refused

SMALL = [
    *("--epochs=2", "--warmup-epochs=1", "--batch-size=16", "--device=cpu"),
    *("--characters=4000", "--num-tokens=16", "--dim=8", "--num-layers=1"),
    *("--hidden-dim=16", "--num-heads=2"),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the command once."""
    out = tmp_path_factory.mktemp("both")
    assert compare([*SMALL, f"--out={out}"]) == 0
    return out


def result(folder: Path) -> records.Record:
    """Read the one result of a run."""
    (only,) = records.read(folder / "results.jsonl")
    return only


def test_one_command_trains_both_encoders(both) -> None:
    results = {encoder: result(both / encoder) for encoder in ENCODERS}
    for encoder, found in results.items():
        assert found["experiment"] == "masked_language"
        assert found["settings"]["encoder"] == encoder
        out = f"--data standard-library --encoder {encoder} --out {both / encoder} "
        assert found["command"].startswith(f"{EXPERIMENT.command} {out}")
        names = ("loss", "accuracy", "validation_accuracy", "validation_nats")
        lengths = {name: len(values) for name, values in found["curve"].items()}
        assert lengths == dict.fromkeys(names, 2)
        assert 0 < found["test_accuracy"] < 1
        assert 0 < found["test_nats"] < 10
        json.dumps(found, allow_nan=False)
    mixer, attention = results.values()
    # The same text and the same questions, and so the same answers by counting.
    for name in ("text", "test_questions", "frequency_nats", "neighbours_accuracy"):
        assert mixer[name] == attention[name]
    assert mixer["text"]["characters"] == 4000
    assert len(mixer["text"]["sha256"]) == 64


def test_one_encoder_can_be_asked_for_and_learns_the_same(both, tmp_path) -> None:
    assert compare([*SMALL, "--encoder=mixer", f"--out={tmp_path}"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mixer"]
    now, before = result(tmp_path / "mixer"), result(both / "mixer")
    for name in ("test_accuracy", "test_nats", "curve", "parameters"):
        assert now[name] == before[name]


def test_without_the_plays_it_says_where_it_looked(tmp_path, capsys) -> None:
    (tmp_path / TINY_SHAKESPEARE.name).write_text("To be, or not to be")
    line = ["--data=tiny-shakespeare", f"--folder={tmp_path}", f"--out={tmp_path}"]
    refused(compare, [*SMALL, *line], TINY_SHAKESPEARE.name, capsys)


def test_the_plays_are_read_from_a_folder(tmp_path) -> None:
    text = "To be, or not to be: that is it.\n" * 200
    (tmp_path / TINY_SHAKESPEARE.name).write_text(text)
    settings = masked_language.Settings(data="tiny-shakespeare", num_tokens=16)
    with pytest.warns(UserWarning, match="is not the published file"):
        task = masked_language.text_task(settings, Source(tmp_path, verify=False))
    assert task.about == {"characters": 33 * 200}
    assert len(task.learned) == int(int(33 * 200 * 0.9) * 0.95)


@pytest.mark.parametrize("data", ["standard-library", "tiny-shakespeare"])
def test_the_record_is_of_networks_that_this_code_builds(data) -> None:
    results = recorded("masked_language", data)
    assert [found["settings"]["encoder"] for found in results] == [*ENCODERS]
    for found in results:
        own = {"encoder": found["settings"]["encoder"], "seed": found["seed"]}
        assert found["settings"] == asdict(EXPERIMENT.presets[data]) | own
    # The same questions about the same text.
    for name in ("text", "test_questions", "neighbours_nats"):
        assert results[0][name] == results[1][name]
