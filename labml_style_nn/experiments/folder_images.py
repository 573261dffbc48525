r"""# Image classification from a folder

The networks of the paper's size, on images that lie in a folder: ImageNet, or a few
hundred photographs of one's own. The [training loop][training] is that of the small
experiments. What is new is that no set has to fit into memory: every process reads the
images of its share of a batch, ahead of the step that needs them ([`image_folder`][]
says how a folder is laid out, and how an image is cut).

[At scale](../guide/at_scale.md) is the guide for it, from a try on a laptop to many
GPUs, and tells what it costs.

## Run it

```console
$ python -m labml_style_nn.data.shapes shapes
$ python -m labml_style_nn.experiments.folder_images --data shapes --folder shapes
```

The first command draws a small folder of coloured shapes, the second trains a tiny
Mixer on it in less than a minute of processor time. `--data` says which settings are
meant:

- `shapes`: a tiny network, to try the whole way;
- `other-shapes`: the same for other shapes and few images, to try fine-tuning;
- `folder`: a folder of one's own, and [published weights](../pretrained.py) to begin
  from: **fine-tuning**;
- `imagenet`: from random weights, by a recipe of the paper's authors.

`--weights` names a file of weights in timm's format (`.pth`, `.safetensors`), or the
`checkpoint.pt` of another run of this command. All of the network is taken from it but
the head, which begins anew, for other classes. `--workers 8` lets eight processes read
ahead, for each process that trains. Neither their number nor that of the training
processes changes what is learned: the crop of an image follows from the seed, the epoch
and the number of the image.

## Results on shapes

The tiny Mixer, with the settings of `--data shapes`, on 320 training images:

>>> print(summary(recorded("folder_images", "shapes")))
3 seeds: test accuracy 91.46 ± 3.55 %, 20 CPU-seconds each

Then fine-tuning in small, on four *other* shapes. Of their 120 training images, 80 are
held out for validation, and 40 are left to learn from:

```console
$ python -m labml_style_nn.data.shapes other-shapes --kind other --train 30
$ python -m labml_style_nn.experiments.folder_images --data other-shapes \
      --folder other-shapes --weights runs/folder_images/shapes/seed-0/checkpoint.pt
```

The network begins from random weights (without `--weights`, and with `--learning-rate
0.0005`), or from those to which the first run came with seed 0. Each seed draws other
images to learn from:

>>> results = recorded("folder_images", "other-shapes")
>>> for begin in ("random", "fine-tuned"):
...     tuned = begin == "fine-tuned"
...     chosen = [r for r in results if bool(r["settings"]["weights"]) == tuned]
...     print(f"{begin}: {summary(chosen)}")
random: 3 seeds: test accuracy 40.83 ± 4.85 %, 8 CPU-seconds each
fine-tuned: 3 seeds: test accuracy 72.50 ± 2.50 %, 8 CPU-seconds each

So what the network learned of circles and crosses helps it with rings and stars, of
which it saw few. The two tasks are close relatives, there is one pre-training, and a
test set of 160 images: the numbers say that the way works, and not how much
pre-training on photographs is worth.

The learning rate and the smallest crop were chosen by the accuracy on 80 images held
out of the training images, with seed 0; of equals, the first. This is all of the
search. On the other shapes, from random weights, the smaller of only two learning rates
was better:

>>> for run in searched():
...     print(run)
shapes, random: learning rate 0.001, crop 0.25: 90.00 %
shapes, random: learning rate 0.002, crop 0.25: 95.00 %
shapes, random: learning rate 0.004, crop 0.25: 95.00 %
shapes, random: learning rate 0.002, crop 0.5: 95.00 %
other-shapes, random: learning rate 0.0005, crop 0.25: 53.75 %
other-shapes, fine-tuned: learning rate 0.0005, crop 0.25: 68.75 %
other-shapes, random: learning rate 0.002, crop 0.25: 48.75 %
other-shapes, fine-tuned: learning rate 0.002, crop 0.25: 77.50 %

## The recipe for ImageNet

The settings of `--data imagenet` follow the configuration by which the authors train
Mixer-B/16 on ImageNet alone in their later code: `mlp_mixer_i1k.py` in
[big_vision](https://github.com/google-research/big_vision), whose header reports a
top-1 accuracy of 76.3 % after 300 epochs, in 2 hours and 11 minutes on a TPU v3-128.
Taken over are 300 epochs in batches of 4096, Adam with a learning rate of 0.001,
gradient clipping at a norm of 1, stochastic depth of 0.1, crops of at least 5 % of an
image, flips, and colours in $[-1, 1]$.

Two numbers are said differently. There the warm-up is 10,000 steps, here it is counted
in epochs. And there a weight loses in each step the share $10^{-4}$ of itself, times
the schedule, whatever the learning rate; here the share is $\eta \lambda$
([`optimizer`][]):

>>> steps_per_epoch = 0.99 * 1_281_167 / 4096
>>> learning_rate, weight_decay = 1e-3, 1e-4
>>> round(10_000 / steps_per_epoch), round(weight_decay / learning_rate, 3)
(32, 0.1)
>>> recipe = EXPERIMENT.presets["imagenet"]
>>> recipe.warmup_epochs, recipe.weight_decay
(32, 0.1)

What differs: the schedule falls along a cosine here and along a line there; the loss is
a softmax cross-entropy here, and a sigmoid for each class there; and RandAugment and
mixup are missing here. All of this was **not run here**; do not expect their accuracy.

## Notation

- $\eta$: the learning rate
- $\lambda$, `weight_decay`: the strength of the weight decay
- $K$, `num_classes`: the number of classes
- $H$, `image_size`: the side of the crops, in pixels

## Example

>>> import tempfile
>>> from labml_style_nn.data.shapes import write_shapes
>>> folder = tempfile.TemporaryDirectory()
>>> write_shapes(Path(folder.name), train=3, test=2)
>>> settings = Settings(network="mixer_tiny", num_classes=4, image_size=32)
>>> task = FolderTask(Path(folder.name), replace(settings, batch_size=5))
>>> task.steps_per_epoch
3
>>> images, labels = task.batch(step=0)
>>> images.shape, images.dtype, labels.shape
(torch.Size([5, 3, 32, 32]), torch.uint8, torch.Size([5]))

The second of two processes reads the second half of the same batch:

>>> second = Processes(rank=1, count=2)
>>> torch.equal(task.part(0, second)[0], images[3:])
True

A network scores the classes of the folder:

>>> model = build_model(settings)
>>> model(prepare(images)).shape
torch.Size([5, 4])
>>> task.loss(model, (images, labels)).number
5
>>> task.errors(model, task.test_set)
6
>>> folder.cleanup()
"""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from labml_style_nn.data.image_folder import list_images, read_crop
from labml_style_nn.data.images import Images, floats, normalize
from labml_style_nn.experiments.checkpoint import averaged_weights
from labml_style_nn.experiments.classification import (
    EVALUATED,
    ClassificationRecipe,
    ClassificationTask,
)
from labml_style_nn.experiments.command import Experiment, Source, main
from labml_style_nn.experiments.distributed import Processes
from labml_style_nn.experiments.recorded import recorded as recorded
from labml_style_nn.experiments.records import summary as summary
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import Sums, option
from labml_style_nn.layers.checks import check_positive, check_rate
from labml_style_nn.models.gmlp import gmlp_s16
from labml_style_nn.models.mlp_mixer import (
    MLPMixer,
    mixer_b16,
    mixer_b32,
    mixer_h14,
    mixer_l16,
    mixer_l32,
    mixer_s16,
    mixer_s32,
)
from labml_style_nn.pretrained import load_timm_weights

# ## The networks


def mixer_tiny(**options: Any) -> MLPMixer:
    """A Mixer to try things with. It is none of the paper's."""
    sizes = {
        "image_size": 32,
        "num_classes": 4,
        "patch_size": 8,
        "num_layers": 4,
        "hidden_dim": 64,
        "tokens_mlp_dim": 32,
        "channels_mlp_dim": 256,
    }
    return MLPMixer(**(sizes | options))


# All of these read colours in $[-1, 1]$, as their published weights ask for. Another
# network of the family is one more entry.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mixer_tiny": mixer_tiny,
    "mixer_s32": mixer_s32,
    "mixer_s16": mixer_s16,
    "mixer_b32": mixer_b32,
    "mixer_b16": mixer_b16,
    "mixer_l32": mixer_l32,
    "mixer_l16": mixer_l16,
    "mixer_h14": mixer_h14,
    "gmlp_s16": gmlp_s16,
}
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


def prepare(images: Tensor) -> Tensor:
    """Turn bytes into what these networks read.

    **Shape.** `(batch, 3, height, width)` to the same.
    """
    return normalize(floats(images), MEAN, STD)


@dataclass(frozen=True)
class Settings(ClassificationRecipe):
    """## The settings

    They add to the [`ClassificationRecipe`][] the network, what it begins from, and how
    images are cut.

    **Raises.** `ValueError` as that recipe does, for a share that is none, and for a
    rate outside $[0, 1)$.
    """

    data: str = "folder"
    network: str = option("mixer_b16", "the network, by name", *NETWORKS)
    num_classes: int = option(1000, "K: the number of classes")
    image_size: int = option(224, "H: side of the crops, in pixels")
    weights: str = option("", "file of weights to begin from; none: random weights")
    stochastic_depth: float = option(0.0, "stochastic depth of the last block")
    smallest_crop: float = option(0.05, "least share of an image in a crop")
    flip: float = option(0.5, "probability of a horizontal flip")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_positive(num_classes=self.num_classes, image_size=self.image_size)
        check_rate(stochastic_depth=self.stochastic_depth)
        if not 0 < self.smallest_crop <= 1:
            raise ValueError(
                f"smallest_crop must be a share above 0, got {self.smallest_crop}"
            )


# ## Where the weights begin


def build_model(settings: Settings) -> nn.Module:
    """Build the network, with random weights from the seed or with those of a file.

    **Raises.** `ValueError` for sizes that make no network, and for weights that do not
    fit it; `OSError` if there is no such file.
    """
    torch.manual_seed(settings.seed)
    model = NETWORKS[settings.network](
        image_size=settings.image_size,
        num_classes=settings.num_classes,
        stochastic_depth_rate=settings.stochastic_depth,
    )
    if settings.weights:
        begin_from(model, Path(settings.weights))
    return model


def begin_from(model: nn.Module, path: Path) -> None:
    """Take all weights but those of the head from a file: all of them, or none.

    The file is one of timm's, or the checkpoint of a run, of which the averaged weights
    are taken.

    **Raises.** `ValueError` that lists what does not fit.
    """
    state = read_state(path)
    if "training" not in state:
        load_timm_weights(model, state, keep_head=True)
        return
    ours = averaged_weights(state)
    head = {n: w for n, w in model.state_dict().items() if n.startswith("head.")}
    try:
        model.load_state_dict(ours | head)
    except RuntimeError as error:
        raise ValueError(f"{path} is of another network: {error}") from error


def read_state(path: Path) -> dict[str, Any]:
    """Read a file of weights. No code that may be in it is run.

    **Raises.** `ValueError` for a file that is none; `OSError` if there is no file.
    """
    path.stat()
    try:
        if path.suffix == ".safetensors":
            # The package of this name comes with timm.
            from safetensors.torch import load_file

            return dict(load_file(path))
        return dict(torch.load(path, weights_only=True, map_location="cpu"))
    # What is raised depends on the byte at which a file is broken.
    except Exception as error:
        raise ValueError(f"{path} cannot be read as weights: {error}") from error


# ## Reading ahead
#
# An image by the number of its file, and the epoch, from which its crop follows. In an
# evaluation there is no epoch, and nothing random.
Key = tuple[int | None, int]


class Crops(Dataset[Tensor]):
    """The crops of a set of files, each by its `Key`."""

    def __init__(self, paths: Sequence[str], recipe: Settings) -> None:
        self.paths, self.recipe = paths, recipe

    def __getitem__(self, key: Key) -> Tensor:
        """Read, cut, and flip.

        **Shape.** To `(3, image_size, image_size)`, bytes.
        """
        epoch, number = key
        path, size = self.paths[number], self.recipe.image_size
        if epoch is None:
            return read_crop(path, size)
        chance = generator(self.recipe.seed, "crop", epoch, number)
        image = read_crop(path, size, self.recipe.smallest_crop, chance)
        flipped = torch.rand((), generator=chance) < self.recipe.flip
        return image.flip(-1) if flipped else image

    def read(
        self, batches: Iterable[list[Key]], workers: int, pinned: bool = False
    ) -> Iterator[Tensor]:
        """Read batch after batch, and ahead of whoever takes them if there are workers.

        **Shape.** To `(batch, 3, image_size, image_size)` each, bytes.
        """
        return iter(
            DataLoader(
                self,
                batch_sampler=batches,
                num_workers=workers,
                collate_fn=self.stacked,
                pin_memory=pinned,
                worker_init_fn=leave_signals,
                # Or else it would draw from the generator that everybody uses.
                generator=torch.Generator(),
            )
        )

    def stacked(self, images: Sequence[Tensor]) -> Tensor:
        """Put images into one tensor. A share of a small batch may have none."""
        size = self.recipe.image_size
        none = torch.empty(0, 3, size, size, dtype=torch.uint8)
        return torch.stack(list(images)) if images else none


def leave_signals(_worker: int) -> None:
    """Let Ctrl-C be for the process that trains: it needs what is being read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class FolderTask(ClassificationTask):
    """## The task

    `folder` has `train/` and `test/`, or `val/`, as ImageNet has, whose images are then
    the test set. Of an image, the task knows the number of its file: the sets of images
    are made of such numbers.

    **Raises.** `DataError` for a folder that is laid out otherwise, `ValueError` if
    its classes are not those of the settings or of the test set.
    """

    def __init__(self, folder: Path, recipe: Settings, workers: int = 0) -> None:
        if not 0 <= workers <= MOST_WORKERS:
            raise ValueError(f"workers must be from 0 to {MOST_WORKERS}, got {workers}")
        self.workers = workers
        train = list_images(folder / "train")
        test = list_images(folder / ("test" if (folder / "test").exists() else "val"))
        check_classes(train.classes, test.classes, recipe.num_classes)
        self.crops = Crops((*train.paths, *test.paths), recipe)
        numbers = torch.arange(len(self.crops.paths))
        first = Images(numbers[: len(train.paths)], train.labels)
        others = Images(numbers[len(train.paths) :], test.labels)
        super().__init__(first, others, recipe)
        # What is being read, and the step and the process that it is for.
        self.stream: Iterator[Tensor] = iter(())
        self.ahead: tuple[int, Processes] | None = None

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Give the images of a step, in bytes, and their labels."""
        return self.part(step, Processes())

    def part(self, step: int, processes: Processes) -> tuple[Tensor, ...]:
        """Give the share of a process: its images are the only ones that it reads."""
        # A run that goes on from a checkpoint begins within an epoch: reading begins
        # where it is.
        if self.ahead != (step, processes):
            self.stream = self.crops.read(
                self.keys(step, processes),
                self.workers,
                pinned=processes.device.type == "cuda",
            )
        images = next(self.stream).to(processes.device, non_blocking=True)
        self.ahead = (step + 1, processes)
        (chosen,) = processes.share((self.chosen(step),))
        labels = self.train_set.labels[chosen.cpu()]
        return images, labels.to(processes.device)

    def keys(self, step: int, processes: Processes) -> Iterator[list[Key]]:
        """Say what to read for a step, and for each one after it."""
        for later in range(step, self.recipe.epochs * self.steps_per_epoch):
            part = self.chosen(later).tensor_split(processes.count)[processes.rank]
            epoch = later // self.steps_per_epoch
            yield [(epoch, n) for n in self.train_set.images[part].tolist()]

    def read(self, images: Images) -> Iterable[Tensor]:
        """Read the middle of each image, `EVALUATED` at a time."""
        keys: list[list[Key]] = [
            [(None, number) for number in some.tolist()]
            for some in images.images.split(EVALUATED)
        ]
        return self.crops.read(keys, self.workers)

    def prepare(self, images: Tensor) -> Tensor:
        """Turn bytes into what the network reads."""
        return prepare(images)

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Sums:
        """Compute the cross-entropy, and count the correct predictions."""
        images, labels = batch
        return super().loss(model, (prepare(images), labels))


MOST_WORKERS = 256


def check_classes(train: Sequence[str], test: Sequence[str], num_classes: int) -> None:
    """Refuse a folder with other classes.

    **Raises.** `ValueError` that says which, or how many there are.
    """
    if train != test:
        odd = ", ".join(sorted(set(train) ^ set(test)))
        raise ValueError(f"training and test images are not of the same classes: {odd}")
    if len(train) != num_classes:
        raise ValueError(
            f"num_classes is {num_classes}, and the folder has {len(train)} classes: "
            f"--num-classes {len(train)}"
        )


def folder_task(settings: Settings, source: Source) -> FolderTask:
    """Make the task of the folder that the command names.

    **Raises.** `ValueError` if it names none.
    """
    if source.folder is None:
        raise ValueError("--folder must say where train/ and test/ are")
    return FolderTask(source.folder, settings, source.workers)


# ## The settings for each kind of folder
#
# To fine-tune published weights on a folder of one's own: few epochs, and a learning
# rate that is small for a Mixer. It is a first guess and was not tried with published
# weights: choose it on your own validation images.
FOLDER = Settings(
    epochs=20,
    batch_size=64,
    learning_rate=1e-4,
    warmup_epochs=2,
    weight_decay=0.1,
    gradient_clipping=1.0,
    ema_decay=0.99,
    smallest_crop=0.25,
)
# To try the whole way, on one processor core. The learning rate and the smallest crop
# were searched for.
SHAPES = replace(
    FOLDER,
    data="shapes",
    network="mixer_tiny",
    num_classes=4,
    image_size=32,
    epochs=60,
    batch_size=32,
    learning_rate=2e-3,
    warmup_epochs=5,
)
# Other shapes, few of which are trained on: the folder has 30 of each.
OTHER_SHAPES = replace(SHAPES, data="other-shapes", validation=80, epochs=100)
# From random weights, by the recipe of the authors. It has no average of the weights.
IMAGENET = replace(
    FOLDER,
    data="imagenet",
    epochs=300,
    batch_size=4096,
    learning_rate=1e-3,
    warmup_epochs=32,
    weight_decay=0.1,
    ema_decay=0.0,
    precision="bfloat16",
    stochastic_depth=0.1,
    label_smoothing=0.0,
    smallest_crop=0.05,
)


def searched() -> list[str]:
    """Say in a line each what the search for hyperparameters tried, and the result."""
    lines = []
    for record in recorded("folder_images_search", "shapes", "other-shapes"):
        chosen = record["settings"]
        begin = "fine-tuned" if chosen["weights"] else "random"
        accuracy = record["curve"]["validation_accuracy"][-1]
        lines.append(
            f"{chosen['data']}, {begin}: learning rate {chosen['learning_rate']}, "
            f"crop {chosen['smallest_crop']}: {100 * accuracy:.2f} %"
        )
    return lines


EXPERIMENT = Experiment(
    name="folder_images",
    about="Train or fine-tune a Mixer on a folder of images, and test it.",
    presets={
        "folder": FOLDER,
        "shapes": SHAPES,
        "other-shapes": OTHER_SHAPES,
        "imagenet": IMAGENET,
    },
    model=build_model,
    task=folder_task,
)

if __name__ == "__main__":
    sys.exit(main(EXPERIMENT))
