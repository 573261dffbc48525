r"""# The training loop

One loop trains the networks of all experiments, whether they classify images or predict
masked characters. A [`Task`][] says what is learned: it gives the batch of each step
and computes the loss on it. A [`Recipe`][] holds the hyperparameters. The [`Trainer`][]
takes the steps.

Each step takes a *mini-batch* of $n$ examples and moves the weights against the
gradient of their mean loss, which backpropagation computes:

$$\ell_t = \frac{1}{n} \sum_{i=1}^n \ell_{t,i}, \qquad
\theta_t = \text{AdamW}\bigl(\theta_{t-1}, \nabla \ell_t, \eta_t\bigr)$$

The network that is evaluated has an exponential moving average of the weights
([`ema`][]):

$$\bar\theta_t = \beta_t \bar\theta_{t-1} + (1 - \beta_t) \theta_t$$

## Notation

- $t$, `step`: how many steps have been taken
- $n$, `number`: how many examples a step learns from
- $\ell$, `loss`: the loss, $\ell_{t,i}$ of an example and $\ell_t$ of a batch
- $\theta$, `model`: the weights, $\theta_t$ after step $t$
- $\eta_t$: the learning rate of a step ([`learning_rate`][])
- $\bar\theta$, `average`: the moving average of the weights
- $\beta_t$: the decay of the average at a step

## Reproducible steps

A step follows from the state before it and from its number. The random numbers of a
step are drawn from generators that are seeded with the seed of the run and the number
of the step (`seeding.py`). So a run that was stopped after any step and resumed from
its checkpoint ends with the same bits as one that was not stopped (tests do it).

## Mixed precision

GPUs, and some recent CPUs, multiply 16-bit matrices faster than 32-bit ones. With
`precision`, PyTorch's *autocast* computes matrix products in 16 bits and leaves sums,
normalisation and the weights in 32 bits. `bfloat16` has the range of float32. `float16`
has a smaller one, and small gradients would become zero; so the loss is scaled up
before the backward pass and the gradients are scaled down after it (`GradScaler`).

## Example

A task takes a few lines. Here a network learns to say which of two numbers is larger:

>>> class Larger:
...     steps_per_epoch = 20
...     def batch(self, step):
...         pairs = torch.rand(64, 2)
...         return pairs, pairs.argmax(dim=1)
...     def loss(self, model, batch):
...         pairs, labels = batch
...         scores = model(pairs)
...         loss = nn.functional.cross_entropy(scores, labels, reduction="sum")
...         return Sums(loss, (scores.argmax(dim=1) == labels).sum(), len(labels))
...     def evaluate(self, model):
...         return {}
...     def test(self, model):
...         return {}
>>> _ = torch.manual_seed(0)
>>> recipe = Recipe(epochs=4, warmup_epochs=1, learning_rate=0.1, ema_decay=0.9)
>>> trainer = Trainer(nn.Linear(2, 2), Larger(), recipe)
>>> [round(trainer.train_epoch().accuracy, 2) for epoch in range(4)]
[0.62, 0.91, 0.94, 0.96]

A task that is read in parts has one more method. Here a process reads all, and keeps
its share:

>>> class InParts(Larger):
...     def part(self, step, processes):
...         return processes.share(self.batch(step))
>>> parted = Trainer(nn.Linear(2, 2), InParts(), recipe)
>>> parted.advance()
>>> parted.step
1

A loss that is not a number ends the training:

>>> _ = nn.init.constant_(trainer.model.bias, math.nan)
>>> trainer.advance()
Traceback (most recent call last):
    ...
labml_style_nn.experiments.training.DivergedError: ...
"""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

from labml_style_nn.experiments.distributed import Processes
from labml_style_nn.experiments.ema import ema_model
from labml_style_nn.experiments.optimizer import adamw
from labml_style_nn.experiments.schedule import learning_rate
from labml_style_nn.experiments.seeding import seed_of
from labml_style_nn.layers.checks import check_positive, check_rate

T = TypeVar("T")


class Sums(NamedTuple):
    """## Loss and accuracy of a batch

    The sum of the losses of its examples, how many of these were classified correctly,
    and how many there are. An example is whatever has a loss: an image, or a masked
    token. They are sums and not means, so that several processes can add them up.
    """

    loss: Tensor
    right: Tensor
    number: int | Tensor


class Task(Protocol):
    """## The task

    `batch` gives the examples of a step, counted from zero, as tensors with one row for
    each example, on the CPU. It may draw from PyTorch's global generator, which is
    seeded before the call. What else it draws must follow from the seed of the run and
    the step alone.

    `loss` computes the loss on such a batch, or on a part of it.

    `evaluate` computes validation metrics after each epoch, on examples that are not
    trained on; `test` computes the test metrics once, at the end.
    """

    steps_per_epoch: int

    def batch(self, step: int) -> tuple[Tensor, ...]:
        """Give the examples of a step."""

    def loss(self, model: nn.Module, batch: Any) -> Sums:
        """Compare the predictions of the network with the labels."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Compute the validation metrics."""

    def test(self, model: nn.Module) -> dict[str, float]:
        """Compute the test metrics."""


@runtime_checkable
class SharedTask(Task, Protocol):
    """## A task that is read in parts

    By default every process draws the whole batch and keeps its share, which costs
    little while the examples are in memory. Where they are files, a process had better
    read its own share alone. `part` gives it: the same examples, with the same random
    numbers, as its share of `batch` would be, and on the device of the process.
    """

    def part(self, step: int, processes: Processes) -> tuple[Tensor, ...]:
        """Give the examples of a step that one process learns from."""


def option(default: T, about: str, *choices: T) -> T:
    """Declare a field with its default, what it means, and what it may be.

    The command line of an experiment is made of such fields (`command.py`).
    """
    value: T = field(default=default, metadata={"about": about, "choices": choices})
    return value


@dataclass(frozen=True)
class Recipe:
    r"""## The hyperparameters

    All hyperparameters of a training run, so that two runs with equal recipes are
    equal. Tasks and networks add their own.

    **Raises.** `ValueError` for a size below one, a negative number, a rate outside
    $[0, 1)$, or a warm-up that is not shorter than the training.
    """

    seed: int = 0
    data: str = ""
    epochs: int = option(100, "passes through the training set")
    batch_size: int = option(64, "examples in a step, of all processes together")
    learning_rate: float = option(3e-3, "peak of the schedule")
    warmup_epochs: int = option(5, "epochs of linear warm-up")
    weight_decay: float = option(0.2, "decoupled weight decay of matrices")
    gradient_clipping: float = option(0.0, "maximum global gradient norm; 0: none")
    ema_decay: float = option(0.995, "largest decay of the weight average")
    precision: str = option(
        "float32", "precision of matrix products", "float32", "bfloat16", "float16"
    )
    channels_last: bool = option(False, "memory format channels_last")

    @property
    def label(self) -> str:
        """Name the run among others of the same experiment."""
        return f"seed-{self.seed}"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        check_positive(epochs=self.epochs, batch_size=self.batch_size)
        check_seed(self.seed)
        for name, value in asdict(self).items():
            if not isinstance(value, str) and not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number from 0 up, got {value}")
        check_rate(ema_decay=self.ema_decay)
        check_choices(self)
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs must be less than epochs, "
                f"got {self.warmup_epochs} of {self.epochs}"
            )


def check_seed(seed: int) -> None:
    """Refuse a seed of more than 32 bits: the generator of a CPU uses no more.

    **Raises.** `ValueError` that says the rule.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"a seed must be from 0 to {2**32 - 1}, got {seed}")


def check_choices(recipe: Recipe) -> None:
    """Refuse a setting that is not one of its choices.

    **Raises.** `ValueError` for the first.
    """
    for setting in fields(recipe):
        choices, value = setting.metadata.get("choices"), getattr(recipe, setting.name)
        if choices and value not in choices:
            known = ", ".join(map(str, choices))
            raise ValueError(f"{setting.name} must be one of {known}, got {value}")


class Epoch(NamedTuple):
    """## Training metrics of an epoch

    Mean loss and accuracy over the training examples as the network saw them:
    augmented, and each before the step that it led to. `accuracy` is from 0 to 1.
    """

    loss: float
    accuracy: float


class DivergedError(ArithmeticError):
    """## When training diverges

    The loss or a gradient is infinite or not a number. The step would spread that to
    all weights, so the run stops before it and says where. Earlier checkpoints are
    good.
    """


class Trainer:
    """## The trainer

    It holds the state of a training: the network, the optimiser, the average of the
    weights, and the number of the step.

    `model` is the network that is trained, and `average` the one to evaluate and keep.
    In data-parallel training each of the `processes` has a trainer of its own.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        recipe: Recipe,
        processes: Processes | None = None,
    ) -> None:
        self.task, self.recipe = task, recipe
        self.processes = processes or Processes()
        self.device = self.processes.device
        self.model = self.processes.place(model)
        if recipe.channels_last:
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = self.processes.parallel(self.model)
        self.optimizer = adamw(self.model, recipe.weight_decay)
        scaled = recipe.precision == "float16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=scaled)
        self.average = ema_model(self.model, recipe.ema_decay)
        self.step = 0
        self.steps = recipe.epochs * task.steps_per_epoch
        # Loss, correct predictions and examples of the epoch so far.
        self.seen = torch.zeros(3, dtype=torch.float64)

    def train_epoch(self) -> Epoch:
        """Take steps up to the end of the epoch, and report it.

        **Raises.** [`DivergedError`][] if the loss or a gradient is infinite or not a
        number.
        """
        self.advance()
        while self.step % self.task.steps_per_epoch:
            self.advance()
        return self.report()

    def report(self) -> Epoch:
        """Report the epoch that has ended, and reset its sums."""
        total, right, count = self.seen.tolist()
        self.seen = torch.zeros_like(self.seen)
        return Epoch(total / count, right / count)

    def advance(self) -> None:
        """Take one step.

        PyTorch's global generator is seeded anew.

        **Raises.** [`DivergedError`][] if the loss or a gradient is infinite or not a
        number.
        """
        # Forward: this process's part of the batch, and what all parts came to.
        sums = self.forward(self.draw())
        total = self.processes.total(torch.stack([tensor(n) for n in sums]))
        self.check("loss", total[0] / total[2])
        # Backward. Processes average their gradients, and times their number an average
        # is a sum: this is the gradient of the mean over the whole batch.
        count = total[2].item() / self.processes.count
        self.backward(sums.loss / count)
        # And a step.
        self.update()
        self.average.update_parameters(self.model)
        self.seen += total
        self.step += 1

    def draw(self) -> tuple[Tensor, ...]:
        """Draw the batch, and keep this process's part of it."""
        seed, step, rank = self.recipe.seed, self.step, self.processes.rank
        # All processes draw the same batch,
        torch.manual_seed(seed_of(seed, "batch", step))
        if isinstance(self.task, SharedTask):
            batch = self.task.part(step, self.processes)
        else:
            batch = self.processes.share(self.task.batch(step))
        # but dropout in their parts is independent.
        torch.manual_seed(seed_of(seed, "network", step, rank))
        return batch

    def forward(self, batch: tuple[Tensor, ...]) -> Sums:
        """Compare the predictions of the network with the labels."""
        self.network.train()
        dtype = getattr(torch, self.recipe.precision)
        mixed = dtype != torch.float32
        with torch.autocast(self.device.type, dtype, enabled=mixed):
            return self.task.loss(self.network, batch)

    def check(self, name: str, number: Tensor) -> None:
        """Refuse to go on with a number that is infinite or not a number."""
        if not number.isfinite():
            epoch = self.step // self.task.steps_per_epoch
            raise DivergedError(
                f"the {name} is {number} in epoch {epoch + 1}, step {self.step + 1}: "
                "try a smaller learning rate or a longer warm-up"
            )

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients, unscaled and clipped."""
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        # Gradient clipping: one that is too long is shortened, and keeps its direction.
        longest = self.recipe.gradient_clipping or math.inf
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), longest)
        # In float16 a gradient overflows now and then. Such a step is skipped.
        if not self.scaler.is_enabled():
            self.check("norm of the gradients", norm)

    def update(self) -> None:
        """Set the learning rate, and take the step of the optimiser."""
        recipe, steps = self.recipe, self.steps
        warmup = steps * recipe.warmup_epochs // recipe.epochs
        rate = learning_rate(self.step, steps, warmup, recipe.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """Give the state of the training, for a checkpoint."""
        parts = self.parts()
        state = {name: part.state_dict() for name, part in parts.items()}
        return state | {"step": self.step, "seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of the training."""
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.step, self.seen = state["step"], state["seen"]

    def parts(self) -> dict[str, Any]:
        """Name the parts that have a state of their own."""
        names = ("model", "optimizer", "scaler", "average")
        return {name: getattr(self, name) for name in names}


def tensor(number: int | Tensor) -> Tensor:
    """Make a number of a batch a tensor in float64, on its device."""
    return torch.as_tensor(number).detach().double()
