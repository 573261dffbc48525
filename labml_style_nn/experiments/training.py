r"""# Training

The loop in which a network learns to name images. Any network will do that turns an
image into a score for each class; [`mixer_digits`][] brings one.

An epoch shows the network each training image once, in a random order, most of them a
little changed ([`random_affine`][]). After each batch of images, every weight takes a
small step against the gradient of the loss. With the scores $z$, their softmax $p$ and
the right class $y$ out of $K$, the loss is a cross entropy:

$$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
\ell = - (1 - \varepsilon) \log p_y - \frac{\varepsilon}{K} \sum_k \log p_k$$

For $\varepsilon = 0$ it is the number of nats by which the network is surprised to hear
the right answer. The second term is *label smoothing*: it keeps the network from
becoming more certain than so few images can make it.

## Notation

- $z$, `scores`: what the network says of each class
- $p$: the softmax of the scores
- $y$, `labels`: the right class of each image
- $K$, `num_classes`: the number of classes
- $B$, `batch`: how many images are seen together
- $\ell$, `loss`: the loss
- $\varepsilon$, `label_smoothing`: the share of the target that all classes divide
- $t$, `step`: how many batches have been seen
- $T$, `steps`: how many there are in the whole training
- $T_w$, `warmup`: how many of them are used to warm up
- $\eta_t$, `rate`: the learning rate of a step
- $\eta$, `learning_rate`: the largest of them
- $\theta$, `model`: the weights, after step $t$ they are $\theta_t$
- $\bar\theta$, `average`: the running average of the weights
- $\beta$, `averaging`: how much of the average stays at each step

## Chance, on purpose

Every random draw of an epoch (the order, the changes) follows from the seed and the
number of the epoch, and from nothing before it. So a run that was interrupted continues
exactly as if it had not been: nothing about chance has to be stored.

## Example

>>> recipe = Recipe(epochs=10, warmup_epochs=2, learning_rate=1e-3)
>>> rates = [learning_rate(step, 100, recipe) for step in (0, 10, 19, 20, 60, 99)]
>>> [f"{rate:.2e}" for rate in rates]
['5.00e-05', '5.50e-04', '1.00e-03', '1.00e-03', '5.00e-04', '3.85e-07']

Any network will do that gives a score for each class:

>>> batch, num_classes = 5, 10
>>> network = nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes))
>>> predict(network, torch.rand(batch, 1, 8, 8)).shape
torch.Size([5])
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from labml_style_nn.data.augmentation import random_affine
from labml_style_nn.data.digits import Digits, take
from labml_style_nn.layers.checks import check_positive, check_rate


@dataclass(frozen=True)
class Recipe:
    r"""## The recipe

    Every number that shapes a training run, so that two runs with equal recipes are
    equal. `untouched` is the share of the images that an epoch shows as they are;
    `rotation`, `shift`, `scale` and `shear` are the ranges in which
    [`random_affine`][] changes the others.

    **Raises.** `ValueError` for a size below one, a negative number, or a warm-up that
    leaves no time to train.
    """

    seed: int = 0
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 3e-3
    warmup_epochs: int = 5
    weight_decay: float = 0.2
    label_smoothing: float = 0.1
    averaging: float = 0.995
    untouched: float = 0.2
    rotation: float = 10.0
    shift: float = 0.5
    scale: float = 0.12
    shear: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_positive(epochs=self.epochs, batch_size=self.batch_size)
        for name, value in asdict(self).items():
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number from 0 up, got {value}")
        check_rate(label_smoothing=self.label_smoothing, averaging=self.averaging)
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


class Epoch(NamedTuple):
    """## What an epoch reports

    Both are means over the images as the network saw them: changed, and each before the
    step it led to. `accuracy` is a share, from 0 to 1.
    """

    loss: float
    accuracy: float


class DivergedError(ArithmeticError):
    """## When training breaks down

    The loss is not a number any more. Every later step would only spread it, so the run
    stops and says where.
    """


class Trainer:
    r"""## The trainer

    It keeps together what changes in a training: the network, the optimiser, and the
    average of the weights.

    The optimiser is AdamW: Adam, with weights that decay towards zero by themselves.

    The average is the network to use in the end. The last steps still wander, each
    pulled by its own batch, and averaging takes that out:

    $$\bar\theta_t = \beta \bar\theta_{t-1} + (1 - \beta) \theta_t$$

    **Source.** AdamW: I. Loshchilov and F. Hutter, "Decoupled Weight Decay
    Regularization", 2019, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101).
    """

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self.model, self.recipe = model, recipe
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=0.0, weight_decay=recipe.weight_decay
        )
        average = get_ema_multi_avg_fn(recipe.averaging)
        self.average = AveragedModel(model, multi_avg_fn=average)

    def train_epoch(self, digits: Digits, epoch: int) -> Epoch:
        """Show the network each image once.

        `epoch` counts from zero. PyTorch's global generator is seeded anew.

        **Raises.** [`DivergedError`][] if the loss stops being a number.
        """
        torch.manual_seed(1_000_000 * (self.recipe.seed + 1) + epoch)
        self.model.train()
        loss_sum = correct = 0.0
        batches = shuffled(digits, self.recipe)
        for number, batch in enumerate(batches, start=epoch * len(batches)):
            rate = learning_rate(number, self.recipe.epochs * len(batches), self.recipe)
            loss, right = self.step(batch, rate)
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss is {loss} in epoch {epoch + 1}, step {number + 1}: "
                    "try a smaller learning rate or a longer warm-up"
                )
            # Each batch counts by its size: the last one is smaller.
            loss_sum += loss * len(batch.labels)
            correct += right
        return Epoch(loss_sum / len(digits.labels), correct / len(digits.labels))

    def step(self, batch: Digits, rate: float) -> tuple[float, int]:
        """Take one step; the loss, and how many answers were right."""
        # Forward,
        scores = self.model(batch.images)
        smoothing = self.recipe.label_smoothing
        loss = F.cross_entropy(scores, batch.labels, label_smoothing=smoothing)
        # backward,
        self.optimizer.zero_grad()
        loss.backward()
        # and a step.
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return loss.item(), int((scores.argmax(dim=1) == batch.labels).sum())

    def state_dict(self) -> dict[str, Any]:
        """Give all that changes in a training, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])


def shuffled(digits: Digits, recipe: Recipe) -> list[Digits]:
    """Shuffle the digits, change most of them a little, and cut them into batches."""
    images, labels = take(digits, torch.randperm(len(digits.labels)))
    changed = random_affine(
        images,
        rotation=recipe.rotation,
        shift=recipe.shift,
        scale=recipe.scale,
        shear=recipe.shear,
    )
    untouched = torch.rand(len(labels), 1, 1, 1) < recipe.untouched
    images = torch.where(untouched, images, changed)
    size = recipe.batch_size
    return [
        Digits(*p) for p in zip(images.split(size), labels.split(size), strict=True)
    ]


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Name the class with the highest score for each image.

    **Shape.** `(batch, channels, height, width)` to `(batch,)`.
    """
    model.eval()
    return model(images).argmax(dim=1)
