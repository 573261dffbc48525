r"""# Learning to name images

The [`Task`][] of every image experiment: here is an image, what does it show? A network
gives a score for each class. With the scores $z$, their softmax $p$ and the right class
$y$ out of $K$, the loss is a cross entropy:

$$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
\ell = - (1 - \varepsilon) \log p_y - \frac{\varepsilon}{K} \sum_k \log p_k$$

For $\varepsilon = 0$ it is the number of nats by which the network is surprised to hear
the right answer. The second term is *label smoothing*: it keeps the network from
becoming more certain than the images can make it.

An epoch shows each training image once, in a random order, most of them a little
changed ([`random_affine`][]), some of them mirrored where a mirror image is as good.

## Notation

- $z$, `scores`: what the network says of each class
- $p$: the softmax of the scores
- $y$, `labels`: the right class of each image
- $K$: the number of classes
- $B$, `batch_size`: how many images a step learns from
- $\ell$, `loss`: the loss of an image
- $\varepsilon$, `label_smoothing`: the share of the target that all classes divide

## Three sets of images

One to learn from; one to *choose* by, which is held out of the training set
(`validation`); and one to be tested on, when all is chosen. While it learns, a network
is watched on the second. If nothing is held out, it is watched on the test images. Then
the curve shows how they went, and no decision may be made by it: the result is the
network of the last epoch, whatever the curve says.

## Example

>>> from labml_style_nn.data.digits import split_digits
>>> train, test = split_digits(seed=0)
>>> task = ImageTask(train, test, ImageRecipe(batch_size=50))
>>> images, labels = task.batch(step=3)
>>> images.shape, task.steps_per_epoch
(torch.Size([50, 1, 8, 8]), 29)

A network that knows nothing is right once in ten times:

>>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
>>> _ = nn.init.zeros_(model[1].weight), nn.init.zeros_(model[1].bias)
>>> task.evaluate(model)
{'test_accuracy': 0.1}
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.data.augmentation import random_affine
from labml_style_nn.data.images import (
    Images,
    channel_statistics,
    floats,
    normalize,
    take,
)
from labml_style_nn.experiments.seeding import generator
from labml_style_nn.experiments.training import Recipe, Sums, option
from labml_style_nn.layers.checks import check_rate


@dataclass(frozen=True)
class ImageRecipe(Recipe):
    r"""## The recipe for images

    What the general [`Recipe`][] leaves open. `unaugmented` is the share of the images
    that a step shows as they are; `rotation`, `shift`, `scale` and `shear` are the
    ranges in which [`random_affine`][] changes the others.

    **Raises.** `ValueError` as the general recipe does, and for a share above one.
    """

    validation: int = option(0, "training images held out, to choose by")
    label_smoothing: float = option(0.1, "share of the target that all classes divide")
    unaugmented: float = option(0.2, "share of the images that are shown as they are")
    rotation: float = option(10.0, "largest rotation, in degrees")
    shift: float = option(0.5, "largest shift, in pixels")
    scale: float = option(0.12, "largest change of size, as a logarithm")
    shear: float = option(0.2, "largest slope of the slant")
    flip: float = option(0.0, "share of the images that are mirrored, left to right")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_rate(label_smoothing=self.label_smoothing)
        for name in ("unaugmented", "flip"):
            share = getattr(self, name)
            if share > 1:
                raise ValueError(f"{name} must be a share, from 0 to 1, got {share}")


class ImageTask:
    """## The task

    It learns from the images of `train`, less those it holds out, and is tested on
    `test`. Images in bytes are normalised by the statistics of those it learns from;
    images in floats are taken as they are.

    **Raises.** `ValueError` if no image is left to learn from.
    """

    def __init__(self, train: Images, test: Images, recipe: ImageRecipe) -> None:
        self.recipe = recipe
        self.train_set, held_out = split(train, recipe.validation, recipe.seed)
        self.validation_set = held_out if recipe.validation else test
        self.test_set = test
        in_bytes = train.images.dtype == torch.uint8
        self.statistics = (
            channel_statistics(self.train_set.images) if in_bytes else None
        )
        self.steps_per_epoch = -(-len(self.train_set.labels) // recipe.batch_size)

    def order(self, epoch: int) -> Tensor:
        """Shuffle the numbers of the training images, in each epoch in another way."""
        chance = generator(self.recipe.seed, "order", epoch)
        return torch.randperm(len(self.train_set.labels), generator=chance)

    def batch(self, step: int) -> Images:
        """Give the images of a step, changed, and their labels."""
        epoch, number = divmod(step, self.steps_per_epoch)
        size = self.recipe.batch_size
        chosen = self.order(epoch)[number * size : (number + 1) * size]
        images, labels = take(self.train_set, chosen)
        return Images(self.prepare(augmented(floats(images), self.recipe)), labels)

    def prepare(self, images: Tensor) -> Tensor:
        """Turn images into what the network reads."""
        images = floats(images)
        return normalize(images, *self.statistics) if self.statistics else images

    def loss(self, model: nn.Module, batch: Images) -> Sums:
        """Compare the scores with the labels."""
        images, labels = batch
        scores = model(images)
        smoothing = self.recipe.label_smoothing
        loss = F.cross_entropy(
            scores, labels, label_smoothing=smoothing, reduction="sum"
        )
        return Sums(loss, (scores.argmax(dim=1) == labels).sum(), len(labels))

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Measure the share of right answers on the images that are watched."""
        right = len(self.validation_set.labels) - self.errors(
            model, self.validation_set
        )
        name = "validation" if self.recipe.validation else "test"
        return {f"{name}_accuracy": right / len(self.validation_set.labels)}

    def test(self, model: nn.Module) -> dict[str, float]:
        """Count the wrong answers on the test images."""
        wrong, all_images = self.errors(model, self.test_set), len(self.test_set.labels)
        return {
            "test_accuracy": round(1 - wrong / all_images, 6),
            "test_errors": wrong,
            "test_images": all_images,
        }

    def errors(self, model: nn.Module, images: Images) -> int:
        """Count the images that a network names wrongly."""
        batches = zip(*(part.split(500) for part in images), strict=True)
        return sum(
            int((predict(model, self.prepare(some)).cpu() != labels).sum())
            for some, labels in batches
        )


def split(images: Images, count: int, seed: int) -> tuple[Images, Images]:
    """Draw images at random and hold them out: what is left, and what is held out."""
    if count >= len(images.labels):
        raise ValueError(
            f"validation must be less than the {len(images.labels)} training images, "
            f"got {count}"
        )
    if not count:
        return images, take(images, torch.arange(0))
    order = torch.randperm(len(images.labels), generator=generator(seed, "validation"))
    # Sorted, so that what is left is in the order it had.
    return (
        take(images, order[count:].sort().values),
        take(images, order[:count].sort().values),
    )


def augmented(images: Tensor, recipe: ImageRecipe) -> Tensor:
    """Change most of the images a little, each in a way of its own.

    **Shape.** `(batch, channels, size, size)` to the same, values from 0 to 1.
    """
    moved = random_affine(
        images,
        rotation=recipe.rotation,
        shift=recipe.shift,
        scale=recipe.scale,
        shear=recipe.shear,
    )
    untouched = torch.rand(len(images), 1, 1, 1) < recipe.unaugmented
    images = torch.where(untouched, images, moved)
    mirrored = torch.rand(len(images), 1, 1, 1) < recipe.flip
    return torch.where(mirrored, images.flip(-1), images)


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Name the class with the highest score for each image.

    **Shape.** `(batch, channels, height, width)` to `(batch,)`.
    """
    model.eval()
    device = next(model.parameters()).device
    return model(images.to(device)).argmax(dim=1)
