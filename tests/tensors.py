"""What tests of layers and models share: random numbers, and two ways to compare."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

Module = TypeVar("Module", bound=nn.Module)


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.double) -> Tensor:
    """Normal random numbers, the same at every call."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator).to(dtype)


def randomised(module: Module, std: float = 0.3) -> Module:
    """The module in float64, with nothing left at zero or one, the same every time."""
    for seed, (name, tensor) in enumerate(module.double().state_dict().items(), 10):
        if tensor.is_floating_point():
            drawn = std * draw(*tensor.shape, seed=seed)
            tensor.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return module


def close(ours: Tensor, theirs: Tensor, atol: float = 1e-12) -> None:
    """Compare absolutely."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


def gradients(y: Tensor, by: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The gradients of one loss of a result, which depends on all its numbers."""
    loss = (y * draw(*y.shape, seed=99, dtype=y.dtype)).sum()
    return torch.autograd.grad(loss, list(by))


def alike(
    ours: Tensor,
    by: Iterable[Tensor],
    theirs: Tensor,
    by_theirs: Iterable[Tensor] | None = None,
    tolerance: float = 1e-11,
) -> None:
    """Compare two results, and their gradients by what each was computed from.

    What is large may differ by as much more.
    """
    by = list(by)
    others = gradients(theirs, by if by_theirs is None else by_theirs)
    pairs = zip((ours, *gradients(ours, by)), (theirs, *others), strict=True)
    for one, other in pairs:
        largest = other.abs().max().item()
        close(one.view_as(other), other, tolerance * max(largest, 1))


def emptied(build: Callable[[], Module]) -> Module:
    """What was built on the meta device, and whose memory holds anything."""
    with torch.device("meta"):
        module = build()
    module.to_empty(device="cpu")
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.detach().fill_(-77)
    return module


def begins_anew(build: Callable[[], nn.Module]) -> None:
    """What got its memory later can be reset, and then is like a new one."""
    torch.manual_seed(0)
    module = emptied(build)
    # Layers first: a model may have its own mind about how a layer of it begins.
    module.apply(lambda part: getattr(part, "reset_parameters", lambda: None)())
    numbers = dict([*module.named_parameters(), *module.named_buffers()])
    other = build()
    for key, theirs in (*other.named_parameters(), *other.named_buffers()):
        ours = numbers[key]
        if len(theirs.unique()) == 1 or not theirs.requires_grad:
            assert torch.equal(ours, theirs), key
        else:
            # Another draw of the same.
            assert not torch.equal(ours, theirs), key
            assert 1 / 3 < ours.std() / theirs.std() < 3, key


def reaction(function: Callable[[Any], Tensor], x: Tensor) -> Tensor:
    """How much each token of one result reacts to each token of a batch of one."""
    derivatives: Tensor = jacobian(function, x)
    return derivatives[0, :, :, 0].abs().amax(dim=(1, 3))
