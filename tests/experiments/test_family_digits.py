"""The family on digits: the same size, the same recipe, a folder for each."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from labml_style_nn.experiments import records
from labml_style_nn.experiments.command import main
from labml_style_nn.experiments.family_digits import (
    EXPERIMENT,
    FAMILY,
    Settings,
    build_model,
    recorded,
)


def size(model: str) -> int:
    network = build_model(Settings(model=model))
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("model", FAMILY)
def test_all_have_the_size_of_the_mixer(model: str) -> None:
    assert size(model) == pytest.approx(size("mixer"), rel=0.01)


@pytest.mark.parametrize("model", FAMILY)
def test_all_see_the_whole_image(model: str) -> None:
    network = build_model(Settings(model=model)).double().eval()
    # A last layer of zeros would see nothing.
    for name, weight in network.named_parameters():
        if name.startswith("head"):
            torch.nn.init.normal_(weight)
    image = torch.rand(1, 1, 8, 8, dtype=torch.double, requires_grad=True)
    network(image)[0, 0].backward()
    assert image.grad is not None
    assert (image.grad != 0).all()


def test_networks_do_not_share_a_folder(tmp_path: Path) -> None:
    short = ["--epochs=2", "--warmup-epochs=1", "--batch-size=512", "--device=cpu"]
    for model in ("fnet", "vit"):
        line = [*short, f"--model={model}", f"--out={tmp_path}", "--seeds", "1"]
        assert main(EXPERIMENT, line) == 0
    assert (tmp_path / "fnet-seed-1/checkpoint.pt").exists()
    assert (tmp_path / "vit-seed-1/checkpoint.pt").exists()
    results = records.read(tmp_path / "results.jsonl")
    assert [result["settings"]["model"] for result in results] == ["fnet", "vit"]


def test_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model must be one of mixer, .*, got cnn"):
        Settings(model="cnn")


def test_record_is_on_one_footing() -> None:
    results = recorded("family_digits", "digits")
    runs = [(result["settings"]["model"], result["seed"]) for result in results]
    assert sorted(runs) == sorted(
        (model, seed) for model in FAMILY for seed in range(5)
    )
    for result in results:
        settings = Settings(model=result["settings"]["model"], seed=result["seed"])
        assert result["settings"] == asdict(settings)
        assert result["parameters"] == size(settings.model)
        assert result["threads"] == 1
