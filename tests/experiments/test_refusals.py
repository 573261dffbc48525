"""What cannot be meant: each command says in a line what is wrong with it."""

from functools import partial
from pathlib import Path

import pytest

from labml_style_nn.data.shapes import write_shapes
from labml_style_nn.experiments import (
    family_step_time,
    few_shot,
    folder_images,
    mixer_images,
    token_cost,
    training_cost,
)
from labml_style_nn.experiments import masked_language as text
from labml_style_nn.experiments.command import main
from tests.experiments.common import SHORT, TINY, Main, refused

# A folder of images has 36 to learn from, of four classes.
FOLDER = ["--network=mixer_tiny", "--batch-size=6", "--device=cpu", "--folder=."]
SMALL = ["--num-classes=4", "--image-size=32", "--epochs=2", "--warmup-epochs=1"]
TEXT = ["--num-tokens=16", "--encoder=attention", "--device=cpu"]
COMMANDS: dict[str, tuple[Main, list[str]]] = {
    "mixer": (partial(main, mixer_images.EXPERIMENT), [*SHORT, *TINY]),
    "folder": (partial(main, folder_images.EXPERIMENT), [*FOLDER, *SMALL]),
    "cost": (training_cost.main, [*FOLDER, "--image-size=16", "--steps=1"]),
    "few": (few_shot.main, []),
    "tokens": (token_cost.main, []),
    "times": (family_step_time.main, []),
    "text": (text.compare, [*TEXT, "--dim=8", "--num-heads=2"]),
}
# The command, the words that are wrong, and the message.
WRONG = """
mixer --epochs=0: epochs must be at least 1, got 0
mixer --patch-size=3: must be a multiple of patch_size
mixer --learning-rate=1e30: the loss is nan in epoch 1, step 2
mixer --seeds -1: a seed must be from 0 to 4294967295, got -1
mixer --seeds 0 4294967296: from 0 to 4294967295, got 4294967296
mixer --threads=-1: threads must be from 0 to 1024, got -1
mixer --full: no full size is set for digits: leave out --full
mixer --validation=1437: less than the 1437 training images, got 1437
folder --num-classes=3: the folder has 4 classes: --num-classes 4
folder --folder=missing: missing/train is no folder
folder --validation=36: less than the 36 training images, got 36
folder --workers=-1: workers must be from 0 to 256, got -1
folder --weights=missing.pth: missing.pth: No such file
folder --image-size=33: must be a multiple of patch_size
folder --smallest-crop=0: smallest_crop must be a share above 0, got 0.0
folder --stochastic-depth=1: stochastic_depth must lie in [0, 1), got 1.0
cost --steps=0: steps must be at least 1, got 0
cost --epochs=0: epochs must be at least 1, got 0
cost --batch-size=0: batch_size must be at least 1, got 0
cost --folder=missing: missing/train is no folder
cost --threads=-1: threads must be from 0 to 1024, got -1
few --shots=0: shots must be at least 1, got 0
few --epochs=-1: epochs must be from 0 up, got -1
few --train-images=-1: train_images must be from 0 up, got -1
few --train-images=9999: train_images must be at most
tokens --sides 8 16: sides must be at least 3 numbers, got (8, 16)
tokens --sides 8 16 0: sides must be at least 1, got 0
tokens --rounds 0: rounds must be at least 1, got 0
times --rounds 0: rounds must be at least 1, got 0
text --characters=50: two blocks of 16 characters
text --characters=4000 --num-heads=3: dim must be a multiple of num_heads, got 8 and 3
text --characters=4000 --epochs=0: epochs must be at least 1, got 0
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    write_shapes(folder, train=9, test=2)
    return folder


@pytest.mark.parametrize("wrong", WRONG.split("\n")[1:-1])
def test_command_says_what_is_wrong(wrong, images, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(images)
    words, _, message = wrong.partition(": ")
    name, *more = words.split()
    command, line = COMMANDS[name]
    refused(command, [*line, *more, f"--out={tmp_path}"], message, capsys)
    assert not [*tmp_path.rglob("results.jsonl")]
