"""A graph computes what its function does, or there is none."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from labml_style_nn.web_training.graphs import exported
from labml_style_nn.web_training.tracing import Function
from tests.graphs.conftest import ready

Outputs = tuple[Tensor, ...]
OWN = torch.ones(3)


def opened(
    function: Function, example: dict[str, Tensor]
) -> Callable[[dict[str, Tensor]], list[Tensor]]:
    """The graph of a function, ready to run."""
    names = [f"result_{number}" for number in range(len(function(**example)))]
    run = ready(exported(function, example, names).SerializeToString())
    return lambda given: [*run(given).values()]


def batch(example: dict[str, Tensor], size: int) -> dict[str, Tensor]:
    """The example with as many images."""
    rows = {"images": size, "labels": size}
    return {
        name: x.repeat(rows[name], *[1] * (x.dim() - 1)) if name in rows else x
        for name, x in example.items()
    }


def weight_for_all(theta: Tensor, images: Tensor) -> Outputs:
    weight = theta.expand(len(images), 3, 4)
    return weight.transpose(1, 2) @ images[:, :3], images @ weight.transpose(1, 2)


def sum_of_repeated(theta: Tensor, images: Tensor) -> Outputs:
    repeated = 2 * theta.expand(len(images), 3, 4)
    return repeated.sum(dim=0), repeated.sum(), repeated.mean(dim=(0, 2))


def repeated_rows(theta: Tensor, images: Tensor) -> Outputs:
    row = theta[:1].expand(len(images), 4, 4)
    return row @ images, row.reshape(-1, 4), row.permute(2, 0, 1)


def back_and_forth(theta: Tensor, images: Tensor) -> Outputs:
    rows = images.reshape(-1, 4)
    return rows.view(-1, 16).view(-1, 4, 4), theta.view(12).view(3, 4) @ rows.t()


def given_as_it_came(theta: Tensor, images: Tensor) -> Outputs:
    double = 2 * theta
    return theta, double, double.detach(), images


@pytest.mark.parametrize(
    "function",
    [weight_for_all, sum_of_repeated, repeated_rows, back_and_forth, given_as_it_came],
)
def test_a_graph_computes_what_its_function_does(function: Function) -> None:
    torch.manual_seed(0)
    example = {"theta": torch.randn(3, 4), "images": torch.randn(1, 4, 4)}
    run = opened(function, example)
    for size in (1, 2, 6):
        given = batch(example, size)
        for found, value in zip(run(given), function(**given), strict=True):
            torch.testing.assert_close(found, value)


def test_a_label_that_is_no_class_counts_for_nothing() -> None:
    """As in PyTorch: neither for the loss, nor for the gradient, nor for the mean."""

    def loss(theta: Tensor, images: Tensor, labels: Tensor) -> Outputs:
        x = images.detach().requires_grad_()
        value = F.cross_entropy(x * theta, labels)
        return value.detach(), *torch.autograd.grad(value, x)

    example = {"theta": torch.randn(3), "images": torch.randn(4, 3)}
    example["labels"] = torch.tensor([2, -100, 0, 1])
    given = batch(example, 2)
    for ours, theirs in zip(opened(loss, example)(given), loss(**given), strict=True):
        torch.testing.assert_close(ours, theirs)


# What is not translated is told by its name.
UNKNOWN: list[tuple[Callable[[Tensor], Tensor], str]] = [
    (lambda x: F.gelu(x, approximate="tanh"), "approximate is tanh; only none is"),
    (lambda x: torch.add(x, x, alpha=2), "Tensor: .*'alpha'"),
    (lambda x: x / len(x), "aten.div.Tensor: .*Batches"),
    (lambda x: x.sum(0, dtype=torch.float64), "aten.sum.dim_IntList: .*'dtype'"),
    (lambda x: x + torch.ones(3), "aten.ones.default has no"),
    (lambda x: x.argmax(dim=1) / 2, "type of the result is"),
]


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        *((function, NotImplementedError, message) for function, message in UNKNOWN),
        # What no graph can do for every batch.
        (lambda x: x[1:], ValueError, "4 for a batch of 5 and 6 for a batch of"),
        (lambda x: x if len(x) < 6 else -x, ValueError, "take different operations"),
        (lambda x: x + OWN, ValueError, "neither an input nor made of inputs"),
        # While a function is traced, tensors have no numbers.
        (lambda x: x if x.sum() > 0 else -x, RuntimeError, "meta"),
    ],
)
def test_what_cannot_be_a_graph_is_refused(
    function: Callable[[Tensor], Tensor], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        exported(lambda images: (function(images),), {"images": torch.ones(2, 3)}, "y")
