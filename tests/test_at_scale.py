"""Each command of the guide “At scale” is run in small, and what it says is so."""

import doctest
import importlib
import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch
from torch.distributed.run import parse_args

from labml_style_nn.data.shapes import OTHER, SHAPES, write_shapes
from labml_style_nn.experiments import folder_images, records
from labml_style_nn.experiments.command import understood
from labml_style_nn.experiments.folder_images import EXPERIMENT, mixer_tiny
from labml_style_nn.experiments.training_cost import COMMAND, command_line
from labml_style_nn.models.mlp_mixer import mixer_b16
from labml_style_nn.pretrained import timm_targets
from support import free_port
from tests.experiments.common import in_two

PATH = Path(__file__).parent.parent / "docs" / "guide" / "at_scale.md"
GUIDE = PATH.read_text("utf-8")
PYTHON = [".venv/bin/python", "-m"]
TORCHRUN = [".venv/bin/torchrun", "--nproc-per-node"]
SHAPES_COMMAND = "labml_style_nn.data.shapes"
TRAIN = EXPERIMENT.command.split()[-1]
COST = COMMAND.split()[-1]
# What makes a command small. The last of two equal options counts.
TINY = "--network=mixer_tiny --workers=1 --device=cpu "
SMALL = {
    SHAPES_COMMAND: "--train=4 --test=2",
    TRAIN: f"{TINY} --image-size=32 --batch-size=7 --epochs=2 --warmup-epochs=1",
    COST: f"{TINY} --image-size=16 --batch-size=6 --steps=1",
}
# The commands of the guide, from top to bottom.
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.M | re.S)
    for line in block.replace("\\\n", " ").splitlines()
]


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
    [[_, _, address]] = [line for line in COMMANDS if line[:2] == ["curl", "-LO"]]
    weights = timm_targets(mixer_tiny(num_classes=21))
    published = {name: torch.randn(weight.shape) for name, weight in weights.items()}
    torch.save(published, folder / Path(urlsplit(address).path).name)
    return folder


def small(module: str, arguments: list[str]) -> list[str]:
    """Make a command small, and fit for folders that are."""
    more = SMALL[module].split()
    if module == TRAIN and "imagenet" in arguments:
        more.append("--num-classes=4")
    if "--validation" in arguments:
        more.append("--validation=5")
    return [*arguments, *more]


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


def test_commands_run_in_small_and_divided_weights_give_the_losses_of_one_process(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    commands = []
    for line in (line for line in COMMANDS if line[:2] == TORCHRUN):
        told = parse_args(line[1:])
        assert int(told.nproc_per_node) > 1
        assert told.module
        module = told.training_script
        arguments = small(module, told.training_script_args)
        commands.append((free_port(), module, arguments))
    [lines] = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)
    words = [lines, str(free_port()), json.dumps(commands)]
    in_two("tests.experiments.in_turn", words, place)
    for out in ("two-processes", "folder_images/imagenet", "training_cost"):
        written = records.read(place / "runs" / out / "results.jsonl")
        assert [record["processes"] for record in written] == [2]


def test_commands_and_table_have_the_sizes_that_the_guide_tells() -> None:
    kinds = [line[:2] for line in COMMANDS]
    assert [kinds.count(kind) for kind in (PYTHON, TORCHRUN)] == [3, 3]
    assert len(kinds) == 7, "there is no other kind but curl"
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
    recipe = EXPERIMENT.presets["imagenet"]
    rows = re.findall(r"^\| `--([a-z-]+)` \| (\S+?),? ", GUIDE, re.M)
    assert len(rows) == 8
    for option, value in rows:
        setting = getattr(recipe, option.replace("-", "_"))
        assert value == setting if isinstance(setting, str) else float(value) == setting
    assert f"{recipe.warmup_epochs} of {recipe.epochs}" in GUIDE


def test_the_file_is_as_large_and_the_examples_print_what_the_guide_says() -> None:
    with torch.device("meta"):
        model = mixer_b16(num_classes=21843)
    size = 4 * sum(weight.numel() for weight in model.parameters())
    assert round(size / 1e8) == 3
    assert "(about 300 MB)" in GUIDE
    result = doctest.testfile(str(PATH), False)
    assert result.attempted >= 4
    assert result.failed == 0


@pytest.mark.parametrize("num_classes", [4, 1000])
def test_the_first_loss_is_that_of_chance(num_classes: int) -> None:
    sizes = {"image_size": 32, "num_classes": num_classes}
    settings = folder_images.Settings(network="mixer_tiny", **sizes)
    model = folder_images.build_model(settings)
    scores, labels = model(torch.randn(3, 3, 32, 32)), torch.arange(3)
    loss = torch.nn.functional.cross_entropy(scores, labels, label_smoothing=0.1)
    assert loss.item() == pytest.approx(torch.tensor(float(num_classes)).log().item())
