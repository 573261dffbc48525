r"""# Training

The loop in which a network learns to name images. It knows nothing of the network or of
the images: [`mixer_digits`][] brings both.

An epoch shows the network each training image once, in a random order, each a little
changed ([`random_affine`][]). After each batch of images, every weight takes a small
step against the gradient of the loss. The loss is the cross entropy between the scores
$z$ and the right class $y$:

$$\ell(z, y) = -\log \frac{e^{z_y}}{\sum_k e^{z_k}}$$

It is the number of nats by which the network is surprised to hear the right answer.

## Notation

- $t$, `step`: how many batches have been seen
- $T$, `steps`: how many there are in the whole training
- $T_w$, `warmup`: how many of them are used to warm up
- $\eta_t$: the learning rate of a step; $\eta$, `learning_rate`, is the largest

## Chance, on purpose

Every random draw of an epoch (the order, the changes) follows from the seed and the
number of the epoch, and from nothing before it. So a run that was interrupted continues
exactly as if it had not been: nothing about chance has to be stored.

## Example

>>> recipe = Recipe(epochs=10, warmup_epochs=2, learning_rate=1e-3)
>>> rates = [learning_rate(step, 100, recipe) for step in (0, 10, 19, 20, 60, 99)]
>>> [f"{rate:.2e}" for rate in rates]
['5.00e-05', '5.50e-04', '1.00e-03', '1.00e-03', '5.00e-04', '3.85e-07']
"""

import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labml_style_nn.data.augmentation import random_affine
from labml_style_nn.data.digits import Digits, take
from labml_style_nn.layers.checks import check_positive


@dataclass(frozen=True)
class Recipe:
    r"""## The recipe

    Every number that shapes a training run, so that two runs with equal recipes are
    equal. `rotation`, `shift`, `scale` and `shear` are the ranges of
    [`random_affine`][].

    **Raises.** `ValueError` for a size below one, a negative number, or a warm-up that
    leaves no time to train.
    """

    seed: int = 0
    epochs: int = 80
    batch_size: int = 128
    learning_rate: float = 4e-3
    warmup_epochs: int = 5
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    rotation: float = 8.0
    shift: float = 0.7
    scale: float = 0.1
    shear: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_positive(epochs=self.epochs, batch_size=self.batch_size)
        for name, value in asdict(self).items():
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number from 0 up, got {value}")
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs must be less than epochs, "
                f"got {self.warmup_epochs} of {self.epochs}"
            )


# ## How large a step
#
# The rate rises in a straight line while the weights are still random and their
# gradients point anywhere, then falls along half a cosine, so that the last steps are
# small enough to settle:
#
# $$\eta_t = \eta \cdot
# \begin{cases}
# (t + 1) / T_w & t < T_w \\
# \tfrac12 \left(1 + \cos \pi \dfrac{t - T_w}{T - T_w}\right) & t \ge T_w
# \end{cases}$$
def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Compute the learning rate of a step, counted from zero."""
    warmup = steps * recipe.warmup_epochs // recipe.epochs
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    done = (step - warmup) / (steps - warmup)
    return recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2


def adamw(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Make the optimiser: Adam, with weights that decay towards zero of themselves.

    **Source.** I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization",
    2019, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101).
    """
    return torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )


class Epoch(NamedTuple):
    """## What an epoch reports

    Both are means over the images as the model saw them: changed, and each before the
    step it led to. `accuracy` is a share, from 0 to 1.
    """

    loss: float
    accuracy: float


class DivergedError(ArithmeticError):
    """## When training breaks down

    The loss is not a number any more. Every later step would only spread it, so the run
    stops and says where.
    """


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    digits: Digits,
    recipe: Recipe,
    epoch: int,
) -> Epoch:
    """Show the model each image once.

    `epoch` counts from zero. PyTorch's global generator is seeded anew.

    **Raises.** [`DivergedError`][] if the loss stops being a number.
    """
    torch.manual_seed(1_000_000 * (recipe.seed + 1) + epoch)
    model.train()
    loss_sum = correct = 0.0

    batches = shuffled(digits, recipe)
    for i, (images, labels) in enumerate(batches):
        step = epoch * len(batches) + i
        rate = learning_rate(step, recipe.epochs * len(batches), recipe)
        optimizer.param_groups[0]["lr"] = rate

        # The step itself: forward, loss, backward, update.
        scores = model(images)
        loss = F.cross_entropy(scores, labels, label_smoothing=recipe.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        # Each batch counts by its size: the last one is smaller.
        if not math.isfinite(loss.item()):
            raise DivergedError(
                f"the loss is {loss.item()} in epoch {epoch + 1}, step {step + 1}: "
                "try a smaller learning_rate or a longer warm-up"
            )
        loss_sum += loss.item() * len(labels)
        correct += (scores.argmax(dim=1) == labels).sum().item()
    return Epoch(loss_sum / len(digits.labels), correct / len(digits.labels))


def shuffled(digits: Digits, recipe: Recipe) -> list[Digits]:
    """Shuffle the digits, change each a little, and cut them into batches."""
    images, labels = take(digits, torch.randperm(len(digits.labels)))
    images = random_affine(
        images,
        rotation=recipe.rotation,
        shift=recipe.shift,
        scale=recipe.scale,
        shear=recipe.shear,
    )
    size = recipe.batch_size
    return [
        Digits(*p) for p in zip(images.split(size), labels.split(size), strict=True)
    ]


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Name the class with the highest score for each image.

    **Shape.** `(N, channels, height, width)` to `(N,)`.
    """
    model.eval()
    return model(images).argmax(dim=1)
