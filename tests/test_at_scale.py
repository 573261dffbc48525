"""Each command of the guide “At scale” is run in small, and what it says is so."""

import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch

from labml_style_nn.data.shapes import OTHER, SHAPES, write_shapes
from labml_style_nn.experiments import records
from labml_style_nn.experiments.command import understood
from labml_style_nn.experiments.folder_images import (
    EXPERIMENT,
    Settings,
    build_model,
    mixer_tiny,
)
from labml_style_nn.experiments.training_cost import COMMAND, command_line
from labml_style_nn.models.mlp_mixer import mixer_b16
from labml_style_nn.pretrained import timm_targets
from tests.experiments.common import free_port, torchrun

PATH = Path(__file__).parent.parent / "docs" / "guide" / "at_scale.md"
GUIDE = PATH.read_text("utf-8")
PYTHON = [".venv/bin/python", "-m"]
TORCHRUN = [".venv/bin/torchrun", "--nproc-per-node"]
SHAPES_COMMAND = "labml_style_nn.data.shapes"
TRAIN = EXPERIMENT.command.split()[-1]
COST = COMMAND.split()[-1]
# What makes a command small. The last of two equal options counts.
SMALL = {
    SHAPES_COMMAND: ["--train=4", "--test=2"],
    TRAIN: [
        *("--network=mixer_tiny", "--image-size=32", "--batch-size=7", "--epochs=2"),
        *("--warmup-epochs=1", "--workers=1", "--device=cpu"),
    ],
    COST: [
        *("--network=mixer_tiny", "--image-size=16", "--batch-size=6", "--steps=1"),
        *("--workers=1", "--device=cpu"),
    ],
}


def commands() -> Iterator[list[str]]:
    """The commands of the guide, from top to bottom."""
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            yield shlex.split(line)


COMMANDS = list(commands())


def of(module: str) -> list[list[str]]:
    """The arguments with which the guide starts a module."""
    return [line[line.index(module) + 1 :] for line in COMMANDS if module in line]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands ask for.

    ImageNet has four classes here, and a folder of flowers five. The weights have
    timm's names, and are those of a tiny network.
    """
    folder = tmp_path_factory.mktemp("scale")
    write_shapes(folder / "imagenet", train=3, test=1)
    (folder / "imagenet/test").rename(folder / "imagenet/val")
    write_shapes(folder / "flowers", (*SHAPES, OTHER[0]), train=3, test=1)
    write_shapes(folder / "shapes", train=3, test=1)
    [[*_, address]] = [line for line in COMMANDS if line[:2] == ["curl", "-LO"]]
    torch.save(published(), folder / Path(urlsplit(address).path).name)
    return folder


def published() -> dict[str, torch.Tensor]:
    """Random weights under timm's names, for other classes."""
    model = mixer_tiny(num_classes=21)
    return {n: torch.randn(t.shape) for n, t in timm_targets(model).items()}


def small(module: str, arguments: list[str]) -> list[str]:
    """Make a command small, and fit for folders that are."""
    more = list(SMALL[module])
    if module == TRAIN and "imagenet" in arguments:
        more.append("--num-classes=4")
    if "--validation" in arguments:
        more.append("--validation=5")
    return [*arguments, *more]


def test_there_is_no_other_kind_of_command() -> None:
    kinds = [line[:2] for line in COMMANDS]
    assert [kinds.count(kind) for kind in (PYTHON, TORCHRUN)] == [3, 3]
    assert len(kinds) == 7


@pytest.mark.parametrize(
    "line", [line for line in COMMANDS if line[:2] == PYTHON], ids=" ".join
)
def test_command_runs_in_small(
    line: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    module, *arguments = line[2:]
    main = importlib.import_module(module).main
    experiment = [EXPERIMENT] if module == TRAIN else []
    assert main(*experiment, small(module, arguments)) == 0


# To start processes takes longer than to train in small: they run all the commands, and
# at the end the lines of the guide that divide the weights.
IN_TURN = """
import importlib
import os
import sys

# Each command finds the other process anew, at a port of its own.
os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "False"
for port, module, arguments in COMMANDS:
    os.environ["MASTER_PORT"] = str(port)
    sys.argv = ["", *arguments]
    named = importlib.import_module(module)
    experiment = [named.EXPERIMENT] if hasattr(named, "EXPERIMENT") else []
    assert named.main(*experiment) == 0

import torch
from torch import distributed, nn
from torch.nn.functional import cross_entropy
from labml_style_nn.experiments.folder_images import mixer_tiny

os.environ["MASTER_PORT"] = "AT_THE_END"
distributed.init_process_group("gloo")
rank = distributed.get_rank()
torch.manual_seed(0)
alone, model = mixer_tiny(), mixer_tiny()
nn.init.normal_(alone.head.linear.weight)
model.load_state_dict(alone.state_dict())

# the lines

steps = [torch.optim.AdamW(m.parameters(), lr=1e-3) for m in (model, alone)]
images, labels = torch.randn(6, 3, 32, 32), torch.arange(6) % 4
for _ in range(4):
    share = cross_entropy(model(images.chunk(2)[rank]), labels.chunk(2)[rank])
    whole = cross_entropy(alone(images), labels)
    for loss, step in zip((share, whole), steps, strict=True):
        step.zero_grad()
        loss.backward()
        step.step()
    total = share.detach().clone()
    distributed.all_reduce(total)
    torch.testing.assert_close(total / 2, whole.detach(), rtol=1e-4, atol=1e-5)
mine = sum(weight.to_local().numel() for weight in model.parameters())
assert 2 * mine == sum(weight.numel() for weight in alone.parameters())
print("the same losses")
distributed.destroy_process_group()
"""


def test_commands_run_in_small_and_divided_weights_give_the_losses_of_one_process(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    commands = []
    for _, _, count, dash, module, *arguments in (
        line for line in COMMANDS if line[:2] == TORCHRUN
    ):
        assert int(count) > 1
        assert dash == "-m"
        commands.append((free_port(), module, small(module, arguments)))
    [lines] = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)
    program = IN_TURN.replace("COMMANDS", repr(commands)).replace("# the lines", lines)
    path = tmp_path / "in_turn.py"
    path.write_text(program.replace("AT_THE_END", str(free_port())))
    assert torchrun(str(path)).stdout.count("the same losses") == 2
    for out in ("two-processes", "folder_images/imagenet", "training_cost"):
        written = records.read(place / "runs" / out / "results.jsonl")
        assert [record["processes"] for record in written] == [2]


def test_commands_are_of_the_sizes_that_the_guide_tells() -> None:
    shapes, _, flowers, imagenet = (
        understood(EXPERIMENT, arguments)[1][0] for arguments in of(TRAIN)
    )
    assert shapes == EXPERIMENT.presets["shapes"]
    assert flowers.network == imagenet.network == "mixer_b16"
    assert (flowers.image_size, flowers.num_classes) == (224, 5)
    assert f"small**, {flowers.learning_rate:.4f}" in GUIDE
    assert "mixer_b16" in flowers.weights
    [[*_, address]] = [line for line in COMMANDS if line[0] == "curl"]
    assert address.endswith(f"/{flowers.weights}")
    [cost] = [command_line().parse_args(arguments) for arguments in of(COST)]
    for name in ("network", "batch_size", "precision", "epochs", "image_size"):
        assert getattr(cost, name) == getattr(imagenet, name)
    assert cost.images == 1_281_167


def test_the_table_has_the_settings_of_the_recipe() -> None:
    recipe = EXPERIMENT.presets["imagenet"]
    rows = re.findall(r"^\| `--([a-z-]+)` \| (\S+?),? ", GUIDE, re.M)
    assert len(rows) == 8
    for option, value in rows:
        setting = getattr(recipe, option.replace("-", "_"))
        assert value == setting if isinstance(setting, str) else float(value) == setting
    assert f"{recipe.warmup_epochs} of {recipe.epochs}" in GUIDE


def test_the_file_is_as_large_as_the_guide_says() -> None:
    with torch.device("meta"):
        model = mixer_b16(num_classes=21843)
    size = 4 * sum(weight.numel() for weight in model.parameters())
    assert round(size / 1e8) == 3
    assert "(about 300 MB)" in GUIDE


@pytest.mark.parametrize("num_classes", [4, 1000])
def test_the_first_loss_is_that_of_chance(num_classes: int) -> None:
    sizes = {"image_size": 32, "num_classes": num_classes}
    model = build_model(Settings(network="mixer_tiny", **sizes))
    scores, labels = model(torch.randn(3, 3, 32, 32)), torch.arange(3)
    loss = torch.nn.functional.cross_entropy(scores, labels, label_smoothing=0.1)
    assert loss.item() == pytest.approx(torch.tensor(float(num_classes)).log().item())


def test_weights_that_read_another_size_say_which(tmp_path: Path) -> None:
    torch.save(published(), tmp_path / "weights.pth")
    sizes = {"image_size": 64, "num_classes": 4}
    weights = str(tmp_path / "weights.pth")
    settings = Settings(network="mixer_tiny", weights=weights, **sizes)
    with pytest.raises(ValueError, match=r"wrong shape: blocks.0.mlp_tokens.fc1"):
        build_model(settings)


def test_the_examples_of_the_guide_print_what_they_show() -> None:
    result = doctest.testfile(str(PATH), False)
    assert result.attempted >= 4
    assert result.failed == 0
