r"""# Image data sets

Four data sets, from small to large, with what a network needs to know of each: the size
of an image, its channels, the number of classes.

- `digits`: 1,437 training and 360 test images of $8 \times 8$ pixels. They come with
  scikit-learn, and the seed draws the split ([`digits`][data.digits]).
- `fashion-mnist`: 60,000 and 10,000 clothes of $28 \times 28$ pixels, downloaded or in
  a folder ([`fashion_mnist`][]).
- `cifar10` and `cifar100`: 50,000 and 10,000 photographs of $32 \times 32$ pixels in
  colour, likewise ([`cifar`][]).

## Example

>>> from pathlib import Path
>>> task = image_task(ImageRecipe(data="digits", validation=200), Source())
>>> for images in (task.train_set, task.validation_set, task.test_set):
...     print(len(images.labels))
1237
200
360

A network is built for the images of settings, from those of them that it has arguments
for. Here the sizes are said beside the settings:

>>> from labml_style_nn.models.conv_mixer import ConvMixer
>>> sizes = {"patch_size": 2, "num_layers": 1, "hidden_dim": 5, "kernel_size": 3}
>>> model = fitting(ConvMixer, ImageRecipe(data="digits"), **sizes)
>>> model(task.test_set.images).shape
torch.Size([360, 10])
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from torch import Tensor

from labml_style_nn.data.cifar import load_cifar10, load_cifar100
from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.fashion_mnist import load_fashion_mnist
from labml_style_nn.data.images import Images
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Source
from labml_style_nn.experiments.seeding import Network, built

Load = Callable[[int, Source], tuple[Images, Images]]


class ImageDataset(NamedTuple):
    """## What a network needs to know

    `load` takes the seed of the run and the [`Source`][command.Source], and gives the
    training images and the test images.
    """

    image_size: int
    in_channels: int
    num_classes: int
    load: Load


def official(load: Callable[..., tuple[Images, Images]]) -> Load:
    """Make a loader for a data set with an official test set: the seed is ignored."""
    return lambda seed, source: load(source.folder, verify=source.verify)


# The digits have no official test set: the seed draws their split.
IMAGE_DATASETS = {
    "digits": ImageDataset(8, 1, 10, lambda seed, source: split_digits(seed)),
    "fashion-mnist": ImageDataset(28, 1, 10, official(load_fashion_mnist)),
    "cifar10": ImageDataset(32, 3, 10, official(load_cifar10)),
    "cifar100": ImageDataset(32, 3, 100, official(load_cifar100)),
}


def image_task(settings: ImageRecipe, source: Source) -> ImageTask:
    """Load the images of the settings, and make the task of them.

    **Raises.** [`DataError`][] if the images cannot be loaded.
    """
    train, test = IMAGE_DATASETS[settings.data].load(settings.seed, source)
    return ImageTask(train, test, settings)


def changed_images(
    settings: ImageRecipe,
    source: Source,
    number: int,
    change: Callable[[Tensor], Tensor],
) -> tuple[Images, Images]:
    """Load the first training images of the settings, and the test images, changed.

    **Raises.** [`DataError`][] if the images cannot be loaded.
    """
    train, test = IMAGE_DATASETS[settings.data].load(settings.seed, source)
    train = Images(train.images[:number], train.labels[:number])
    return (
        Images(change(train.images), train.labels),
        Images(change(test.images), test.labels),
    )


# ## Networks for them


def fitting(
    network: Callable[..., Network], settings: ImageRecipe, **sizes: Any
) -> Network:
    """Build a network for the images of the settings; the seed determines its weights.

    It is given what it has arguments for: the size of the images, their channels and
    classes, whatever the settings say by the name of an argument, and the other sizes.

    **Raises.** `ValueError` for sizes that make no network.
    """
    images = IMAGE_DATASETS[settings.data]
    return built(network, settings.seed, images._asdict() | asdict(settings) | sizes)


def recipe_of(settings: ImageRecipe) -> dict[str, Any]:
    """Take the hyperparameters of an experiment, but for those of its network.

    So the recipe of one is that of another, and neither can be changed alone.
    """
    return {field.name: getattr(settings, field.name) for field in fields(ImageRecipe)}
