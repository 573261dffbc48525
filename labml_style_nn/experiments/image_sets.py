r"""# The sets of images

Draft.
"""

from collections.abc import Callable
from typing import NamedTuple

from labml_style_nn.data.digits import split_digits
from labml_style_nn.data.images import Images
from labml_style_nn.experiments.classification import ImageRecipe, ImageTask
from labml_style_nn.experiments.command import Source


class ImageSet(NamedTuple):
    """## What a network needs to know of a set"""

    image_size: int
    in_channels: int
    num_classes: int
    load: Callable[[int, Source], tuple[Images, Images]]


def digits(seed: int, _: Source) -> tuple[Images, Images]:
    """Split the digits, by the seed."""
    return split_digits(seed)


IMAGE_SETS = {
    "digits": ImageSet(8, 1, 10, digits),
}


def image_task(settings: ImageRecipe, source: Source) -> ImageTask:
    """Load the images of the settings, and make the task of them."""
    train, test = IMAGE_SETS[settings.data].load(settings.seed, source)
    return ImageTask(train, test, settings)
