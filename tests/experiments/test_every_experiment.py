"""What is true of every experiment: its options, its networks, its records."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from labml_style_nn.experiments import records
from labml_style_nn.experiments.checkpoint import CheckpointError
from labml_style_nn.experiments.command import Experiment, optional, understood
from labml_style_nn.experiments.image_datasets import IMAGE_DATASETS
from labml_style_nn.experiments.recorded import recorded
from tests.experiments.common import count

RESULTS = Path(str(resources.files("labml_style_nn.experiments"))) / "results"
# By which settings the runs of each are told apart in one folder, besides the seed.
APART: dict[str, Sequence[str]] = {
    **dict.fromkeys(("mixer_images", "conv_mixer_images", "vit_images"), ()),
    "ablation": ("without", "num_layers", "tokens_mlp_dim"),
    "data_scale": ("model", "train_images"),
    "family_budget": ("model", "parameters", "seconds"),
    "family_digits": ("model",),
    "higher_resolution": ("start",),
    "pixel_order": ("model", "order"),
    **dict.fromkeys(("folder_images", "learned_weights", "masked_language"), ()),
}
# The settings with a few choices, besides the precision, where they are others.
CHOICES = {
    "ablation": {"without"},
    "data_scale": {"model"},
    "folder_images": {"network"},
    "masked_language": {"encoder"},
}
EXPERIMENTS: dict[str, Experiment] = {
    name: import_module(f"labml_style_nn.experiments.{name}").EXPERIMENT
    for name in APART
}
EACH = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)


def presets(experiment: Experiment) -> list[tuple[list[str], str, Any]]:
    """The words that ask for each preset, its name, and the preset."""
    both = ((experiment.presets, []), (experiment.full, ["--full"]))
    return [
        ([f"--{experiment.chosen_by}", name, *more], name, preset)
        for some, more in both
        for name, preset in some.items()
    ]


@EACH
def test_every_setting_is_an_option_and_each_preset_a_choice(experiment) -> None:
    for words, name, preset in presets(experiment):
        names = {field.name for field in fields(preset)}
        assert optional(preset).keys() == names - {"seed", "data"}
        assert getattr(preset, experiment.chosen_by) == name
        options, (settings,) = understood(experiment, words)
        assert settings == preset
        folder = f"{name}-full" if "--full" in words else name
        assert options.out == Path("runs") / experiment.name / folder
        more = ["--epochs=900", "--channels-last", "--seeds=7"]
        _, (settings,) = understood(experiment, [*words, *more])
        changes = {"epochs": 900, "channels_last": True, "seed": 7}
        assert asdict(settings) == asdict(preset) | changes


@EACH
def test_what_is_no_choice_is_refused(experiment) -> None:
    preset = next(iter(experiment.presets.values()))
    few = {f.name: f.metadata["choices"] for f in fields(preset) if f.metadata}
    few = {name: choices for name, choices in few.items() if choices}
    known = CHOICES.get(experiment.name, {*APART[experiment.name]})
    assert few.keys() == known | {"precision"}
    for name, choices in few.items():
        known = ", ".join(map(str, choices))
        message = rf"{name} must be one of {known}, got cnn"
        with pytest.raises(ValueError, match=re.escape(message)):
            replace(preset, **{name: "cnn"})


def weights_of(experiment: Experiment, settings: Any) -> int | None:
    """How many weights a network has; none if it begins from that of another run."""
    try:
        with torch.device("meta"):
            return count(experiment.model(settings))
    except (FileNotFoundError, CheckpointError):
        return None


@EACH
def test_networks_fit_their_images(experiment) -> None:
    for _, _, preset in presets(experiment):
        # The one reads characters, and the other images that are enlarged.
        if experiment.name in ("masked_language", "higher_resolution"):
            continue
        images = IMAGE_DATASETS.get(preset.data, preset)
        size, channels = images.image_size, getattr(images, "in_channels", 3)
        with torch.device("meta"):
            scores = experiment.model(preset)(torch.empty(3, channels, size, size))
        assert scores.shape == (3, images.num_classes)


@EACH
def test_first_weights_follow_from_the_seed(experiment) -> None:
    preset = next(iter(experiment.presets.values()))
    if experiment.name == "folder_images":
        preset = experiment.presets["shapes"]
    if experiment.name == "higher_resolution":
        preset = replace(preset, start="low")

    def weights(seed: int) -> torch.Tensor:
        model = experiment.model(replace(preset, seed=seed))
        return nn.utils.parameters_to_vector(model.parameters())

    first = weights(4)
    torch.manual_seed(99)
    assert first.equal(weights(4))
    assert not first.equal(weights(5))


def recorded_by(experiment: Experiment, *ends: str) -> Iterator[tuple[Any, Any]]:
    """All results of an experiment, and the settings of each."""
    kind = type(next(iter(experiment.presets.values())))
    files = (RESULTS / f"{experiment.name}{end}.jsonl" for end in ("", *ends))
    for record in (record for f in files if f.exists() for record in records.read(f)):
        yield record, kind(**record["settings"])


@EACH
def test_records_are_of_the_code_that_is_here(experiment) -> None:
    sizes: dict[Any, int | None] = {}
    for record, settings in recorded_by(experiment, "_search"):
        assert asdict(settings) == record["settings"]
        assert record["experiment"] == experiment.name
        assert record["seed"] == settings.seed
        # Whose seed alone differs has as many parameters.
        network = replace(settings, seed=0)
        if network not in sizes:
            sizes[network] = weights_of(experiment, settings)
        assert sizes[network] in (None, record["parameters"])
        assert record["threads"] == record["processes"] == 1
        for curve in record["curve"].values():
            assert len(curve) == settings.epochs
        # Where images are not the official ones, the record says so.
        assert record["verified"] or record["note"]
        # What the command line says gives these settings, and names no place of ours.
        assert record["command"].startswith(experiment.command)
        words = shlex.split(record["command"].removeprefix(experiment.command))
        assert settings in understood(experiment, words)[1]
        assert not re.search(r"(^|[\s=])[/~]", record["command"])


@EACH
def test_runs_that_differ_have_folders_of_their_own(experiment) -> None:
    found = [settings for _, settings in recorded_by(experiment)]
    names = ("seed", *APART[experiment.name])
    differ = {tuple(getattr(run, name) for name in names) for run in found}
    assert len({run.label for run in found}) == len(differ)


@pytest.mark.parametrize("name", ["mixer_images", "conv_mixer_images"])
def test_digits_were_learned_as_is_claimed(name) -> None:
    results = recorded(name, "digits")
    assert [result["seed"] for result in results] == [0, 1, 2, 3, 4]
    assert all(result["test_images"] == 360 for result in results)
    # One per cent of 1,800 answers for the Mixer, 0.6 % for ConvMixer.
    most = {"mixer_images": 18, "conv_mixer_images": 10}[name]
    assert sum(result["test_errors"] for result in results) <= most
    assert all(result["cpu_seconds"] <= 60 for result in results)


FAMILIES = [
    ("family_digits", "digits", {}),
    ("data_scale", "mixer", {}),
    ("pixel_order", "fashion-mnist", {}),
    ("pixel_order", "cifar10", {}),
    ("family_budget", "fashion-mnist", {"parameters": 50_000}),
    ("family_budget", "fashion-mnist", {"parameters": 200_000}),
]


@pytest.mark.parametrize(("name", "preset", "size"), FAMILIES)
def test_a_family_is_of_equal_size_and_sees_the_whole_image(name, preset, size) -> None:
    settings = replace(EXPERIMENTS[name].presets[preset], **size)
    images = IMAGE_DATASETS[settings.data]
    (choices,) = (f.metadata["choices"] for f in fields(settings) if f.name == "model")
    sizes = {}
    for member in choices:
        model = EXPERIMENTS[name].model(replace(settings, model=member)).double()
        sizes[member] = count(model)
        # A last layer of zeros would see nothing.
        for part, weight in model.named_parameters():
            if part.startswith("head"):
                nn.init.normal_(weight)
        shape = (1, images.in_channels, images.image_size, images.image_size)
        image = torch.rand(shape, dtype=torch.double, requires_grad=True)
        (gradient,) = torch.autograd.grad(model.eval()(image)[0, 0], image)
        assert (gradient != 0).all()
    wanted = size.get("parameters", sizes["mixer"])
    # On photographs, no width of the MLP fits better.
    slack = {"mlp": 0.015} if settings.data == "cifar10" else {}
    for member, found in sizes.items():
        assert found == pytest.approx(wanted, rel=slack.get(member, 0.01)), member
