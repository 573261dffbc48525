r"""# The image classification task

The [`Task`][] of every image experiment: which of $K$ classes does an image show? A
network computes a score for each class, its *logits*. With the logits $z$, their
softmax $p$ and the true class $y$, the loss is the *cross-entropy* with label
smoothing:

$$\begin{aligned}
p_k &= \frac{e^{z_k}}{\sum_j e^{z_j}}, \\
\ell &= - (1 - \varepsilon) \log p_y - \frac{\varepsilon}{K} \sum_k \log p_k
\end{aligned}$$

For $\varepsilon = 0$ it is the negative logarithm of the probability that the network
gives the true class, in nats. *Label smoothing* moves the share $\varepsilon$ of the
target to all classes alike: it keeps the network from being overconfident, which
regularises it.

An epoch goes through the training images once, in a random order. *Data augmentation*
changes most of them a little ([`random_affine`][]) and, in data sets where a mirror
image shows the same class, flips some of them.

## Notation

- $z$, `scores`: the logits
- $p$: the softmax of the logits
- $y$, `labels`: the true class of each image
- $K$: the number of classes
- $B$, `batch_size`: how many images are in a batch
- $\ell$, `loss`: the loss of an image
- $\varepsilon$, `label_smoothing`: the share of the target that is divided between all
  classes

## Training, validation and test set

A data set is used in three parts. The network learns from the *training set*.
Hyperparameters are chosen on the *validation set*, which is held out of the training
set (`validation`), and the *test set* is used once, when all is chosen. After each
epoch the network is evaluated on the validation set. If nothing is held out, it is
evaluated on the test set instead; then the curve is for looking at, and no choice may
depend on it: the result is that of the last epoch.

## Example

>>> from labml_style_nn.data.digits import split_digits
>>> train, test = split_digits(seed=0)
>>> task = ImageTask(train, test, ImageRecipe(batch_size=50))
>>> images, labels = task.batch(step=3)
>>> images.shape, task.steps_per_epoch
(torch.Size([50, 1, 8, 8]), 29)

A network whose weights are zero has the accuracy of chance:

>>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
>>> _ = nn.init.zeros_(model[1].weight), nn.init.zeros_(model[1].bias)
>>> task.evaluate(model)
{'test_accuracy': 0.1}

And its loss is $\ln K$, whatever the images are:

>>> loss, right, number = task.loss(model, task.batch(step=0))
>>> round((loss / number).item(), 4)
2.3026
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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
class ClassificationRecipe(Recipe):
    """## The hyperparameters

    They add to the general [`Recipe`][].

    **Raises.** `ValueError` as the general recipe does, and unless `label_smoothing` is
    from 0 to below 1.
    """

    validation: int = option(0, "training images held out for validation")
    label_smoothing: float = option(0.1, "label smoothing")
    flip: float = option(0.0, "probability of a horizontal flip")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_rate(label_smoothing=self.label_smoothing)
        check_shares(self, "flip")


def check_shares(recipe: Recipe, *names: str) -> None:
    """Refuse settings above one that are shares of a whole.

    **Raises.** `ValueError` for the first.
    """
    for name in names:
        share = getattr(recipe, name)
        if share > 1:
            raise ValueError(f"{name} must be a share, from 0 to 1, got {share}")


@dataclass(frozen=True)
class ImageRecipe(ClassificationRecipe):
    r"""## The hyperparameters of augmentation

    `unaugmented` is the share of the images that a step shows as they are; `rotation`,
    `shift`, `scale` and `shear` are the ranges in which [`random_affine`][] changes the
    others.

    **Raises.** `ValueError` as the general recipe does, and for a share above one.
    """

    unaugmented: float = option(0.2, "share of the images without affine maps")
    rotation: float = option(10.0, "augmentation: largest rotation, in degrees")
    shift: float = option(0.5, "augmentation: largest translation, in pixels")
    scale: float = option(0.12, "augmentation: largest scale, as a logarithm")
    shear: float = option(0.2, "augmentation: largest shear, as a slope")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        super().__post_init__()
        check_shares(self, "unaugmented")


# So many images are evaluated at once.
EVALUATED = 200


@lru_cache(maxsize=2)  # Batches that are read ahead may be of the next epoch.
def shuffled(number: int, seed: int, epoch: int) -> Tensor:
    """Shuffle the numbers from zero, anew for each epoch.

    **Shape.** To `(number,)`, int64.
    """
    return torch.randperm(number, generator=generator(seed, "order", epoch))


class ClassificationTask(ABC):
    """## The task

    `train` is divided into training and validation set; `test` is the test set. The
    images need not be in memory: a task may have the numbers of files in their place,
    and `read` them.

    **Raises.** `ValueError` if no training image is left.
    """

    def __init__(
        self, train: Images, test: Images, recipe: ClassificationRecipe
    ) -> None:
        self.recipe = recipe
        self.train_set, held_out = split(train, recipe.validation, recipe.seed)
        self.validation_set = held_out if recipe.validation else test
        self.test_set = test
        self.steps_per_epoch = -(-len(self.train_set.labels) // recipe.batch_size)

    def order(self, epoch: int) -> Tensor:
        """Shuffle the numbers of the training images, anew for each epoch."""
        return shuffled(len(self.train_set.labels), self.recipe.seed, epoch)

    def chosen(self, step: int) -> Tensor:
        """Choose the training images of a step: each comes once in an epoch."""
        epoch, number = divmod(step, self.steps_per_epoch)
        size = self.recipe.batch_size
        return self.order(epoch)[number * size : (number + 1) * size]

    @abstractmethod
    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Give the augmented images of a step, and their labels."""

    @abstractmethod
    def read(self, images: Images) -> Iterable[Tensor]:
        """Give images as they are, `EVALUATED` at a time."""

    @abstractmethod
    def prepare(self, images: Tensor) -> Tensor:
        """Turn images into what the network reads."""

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Sums:
        """Compute the cross-entropy, and count the correct predictions."""
        images, labels = batch
        return compared(model(images), labels, self.recipe.label_smoothing)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Compute the accuracy on the validation set."""
        images = self.validation_set
        name = "validation" if self.recipe.validation else "test"
        right = len(images.labels) - self.errors(model, images)
        return {f"{name}_accuracy": right / len(images.labels)}

    def test(self, model: nn.Module) -> dict[str, float]:
        """Compute accuracy and number of errors on the test set."""
        wrong, all_images = self.errors(model, self.test_set), len(self.test_set.labels)
        return {
            "test_accuracy": round(1 - wrong / all_images, 6),
            "test_errors": wrong,
            "test_images": all_images,
        }

    def errors(self, model: nn.Module, images: Images) -> int:
        """Count the images that a network misclassifies."""
        device = next(model.parameters()).device
        batches = zip(self.read(images), images.labels.split(EVALUATED), strict=True)
        return sum(
            int((predict(model, self.prepare(some.to(device))).cpu() != labels).sum())
            for some, labels in batches
        )


class ImageTask(ClassificationTask):
    """## The task with all images in memory

    Images in bytes are normalised with the mean and standard deviation of the training
    images; images in floats are taken as they are.
    """

    recipe: ImageRecipe

    def __init__(self, train: Images, test: Images, recipe: ImageRecipe) -> None:
        super().__init__(train, test, recipe)
        in_bytes = train.images.dtype == torch.uint8
        self.statistics = (
            channel_statistics(self.train_set.images) if in_bytes else None
        )

    def batch(self, step: int) -> Images:
        """Give the augmented images of a step, and their labels."""
        images, labels = take(self.train_set, self.chosen(step))
        return Images(self.prepare(augmented(floats(images), self.recipe)), labels)

    def read(self, images: Images) -> Iterable[Tensor]:
        """Give images as they are, `EVALUATED` at a time."""
        return images.images.split(EVALUATED)

    def prepare(self, images: Tensor) -> Tensor:
        """Turn images into what the network reads."""
        images = floats(images)
        return normalize(images, *self.statistics) if self.statistics else images


def compared(scores: Tensor, labels: Tensor, label_smoothing: float) -> Sums:
    """Compute the cross-entropy of scores, and count the correct predictions.

    **Shape.** `scores`: `(batch, num_classes)`. `labels`: `(batch,)`, int64.
    """
    total = F.cross_entropy(
        scores, labels, label_smoothing=label_smoothing, reduction="sum"
    )
    return Sums(total, (scores.argmax(dim=1) == labels).sum(), len(labels))


def split(images: Images, count: int, seed: int) -> tuple[Images, Images]:
    """Hold out images at random: the training set, and the validation set."""
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
    """Augment most of the images, each in a way of its own.

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
    """Predict the class with the highest score for each image.

    **Shape.** `(batch, channels, height, width)` to `(batch,)`.
    """
    model.eval()
    device = next(model.parameters()).device
    return model(images.to(device)).argmax(dim=1)
