"""The experiment: resumed exactly, stopped politely, recorded truthfully."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from labml_style_nn.experiments import records
from labml_style_nn.experiments.mixer_digits import (
    _OPTIONS,
    Run,
    Settings,
    build_model,
    main,
    recorded,
    summary,
)
from labml_style_nn.experiments.training import Trainer, predict

SMALL = Settings(
    epochs=4,
    warmup_epochs=1,
    batch_size=512,
    patch_size=4,
    num_layers=1,
    hidden_dim=8,
    tokens_mlp_dim=4,
    channels_mlp_dim=8,
)
COMMAND = [
    f"--{name.replace('_', '-')}={value}"
    for name, value in asdict(SMALL).items()
    if name != "seed"
]


def same(one: object, other: object) -> bool:
    """Whether two states are equal, bit for bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.equal(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def reports(run: Run) -> list[tuple[float, float]]:
    return [(entry["loss"], entry["accuracy"]) for entry in run.history]


# Going on


def test_resumed_run_equals_the_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Run(SMALL, tmp_path / "whole")
    whole.train()

    # Stopped in the middle of its third epoch, after some of its steps.
    step, steps = Trainer.step, iter(range(100))

    def stop(*arguments: object) -> object:
        if next(steps) == 7:
            raise KeyboardInterrupt
        return step(*arguments)

    with monkeypatch.context() as context:
        context.setattr(Trainer, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            Run(SMALL, tmp_path / "stopped").train()

    resumed = Run(SMALL, tmp_path / "stopped")
    assert len(resumed.history) == 2
    resumed.train()
    assert reports(resumed) == reports(whole)
    assert same(resumed.trainer.state_dict(), whole.trainer.state_dict())


def test_finished_run_does_not_train_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*COMMAND, f"--out={tmp_path}", "--seeds", "1"]
    assert main(arguments) == 0
    first = (tmp_path / "seed-1/checkpoint.pt").read_bytes()
    printed = capsys.readouterr().out
    assert main(arguments) == 0
    assert (tmp_path / "seed-1/checkpoint.pt").read_bytes() == first
    assert capsys.readouterr().out == printed
    assert len(records.read(tmp_path / "results.jsonl")) == 1


def test_ctrl_c_says_what_is_saved(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "labml_style_nn.experiments.mixer_digits"]
    arguments = [*COMMAND, "--epochs=100000", f"--out={tmp_path}"]
    # Tests that run in the background may have been told to ignore Ctrl-C, and a child
    # would inherit that.
    with subprocess.Popen(
        [*command, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        for _ in range(600):
            if (tmp_path / "seed-0/checkpoint.pt").exists():
                break
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert f"stopped; every whole epoch is saved in {tmp_path}/seed-0" in said
    assert "Traceback" not in said
    state = torch.load(tmp_path / "seed-0/checkpoint.pt", weights_only=True)
    assert len(state["history"]) >= 1


# The command


def test_command_trains_each_seed_and_writes_it_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMAND, f"--out={tmp_path}", "--seeds", "0", "1"]) == 0
    results = records.read(tmp_path / "results.jsonl")
    assert [result["seed"] for result in results] == [0, 1]
    for result in results:
        assert result["settings"] == asdict(SMALL) | {"seed": result["seed"]}
        errors = round((1 - result["test_accuracy"]) * result["test_images"])
        assert errors == result["test_errors"]
        epochs = records.read(tmp_path / f"seed-{result['seed']}/epochs.jsonl")
        assert [entry["epoch"] for entry in epochs] == [1, 2, 3, 4]
    assert results[0]["versions"].keys() == {"torch", "numpy", "scikit-learn"}
    said = capsys.readouterr().out
    assert f"seed 1: {results[1]['test_errors']} of 360 wrong" in said
    assert summary(results) in said
    curves = ElementTree.parse(tmp_path / "curves.svg").getroot()
    assert curves.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--epochs=0"], "epochs must be at least 1, got 0"),
        (["--patch-size=3"], "must be a multiple of patch_size"),
        (["--learning-rate=1e30"], "the loss is nan in epoch 1, step 2"),
        (["--hidden-dim=9"], "hidden_dim was 8, not 9"),
        (["--seeds", "-1"], "seed must be a number from 0 up, got -1"),
    ],
)
def test_command_says_what_is_wrong(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: Sequence[str],
    message: str,
) -> None:
    Run(SMALL, tmp_path / "seed-0").save()
    out = tmp_path if "hidden" in wrong[0] else tmp_path / "new"
    assert main([*COMMAND, f"--out={out}", *wrong]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ")
    assert message in said


def test_every_setting_is_an_option() -> None:
    names = {field.name for field in fields(Settings)}
    assert _OPTIONS.keys() == names - {"seed"}


def test_help_tells_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        f"--epochs EPOCHS how often each image is seen (default: {Settings.epochs})"
        in said
    )


# What is learned, and what is on record


def test_few_epochs_teach_most_of_it(tmp_path: Path) -> None:
    run = Run(Settings(epochs=8, warmup_epochs=1, averaging=0.9), tmp_path)
    run.train()
    assert run.history[0]["loss"] > run.history[-1]["loss"]
    assert run.result()["test_accuracy"] > 0.9


def test_result_is_of_the_averaged_network(tmp_path: Path) -> None:
    run = Run(SMALL, tmp_path)
    run.train()
    images, labels = run.test_digits
    wrong = (predict(run.trainer.average, images) != labels).sum().item()
    assert run.result()["test_errors"] == wrong


def test_first_weights_follow_from_the_seed() -> None:
    first, same_seed = build_model(Settings(seed=4)), build_model(Settings(seed=4))
    other = build_model(Settings(seed=5))
    assert same(first.state_dict(), same_seed.state_dict())
    assert not same(first.state_dict(), other.state_dict())


def test_record_is_of_the_code_that_is_here() -> None:
    results = recorded()
    assert [result["settings"] for result in results] == [
        json.loads(json.dumps(asdict(Settings(seed=seed)))) for seed in range(5)
    ]
    parameters = sum(p.numel() for p in build_model(Settings()).parameters())
    assert all(result["parameters"] == parameters for result in results)
    assert all(result["test_images"] == 360 for result in results)


def test_record_holds_what_is_claimed() -> None:
    results = recorded()
    errors = sum(result["test_errors"] for result in results)
    assert errors <= 0.01 * 5 * 360
    assert all(result["cpu_seconds"] <= 60 for result in results)
    assert all(result["threads"] == 1 for result in results)
