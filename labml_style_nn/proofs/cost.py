r"""# Costs: parameters and multiplications

Both are counted on PyTorch's `meta` device, which keeps shapes and no numbers: the
largest model of the paper is measured in no time and no memory.

Multiplications are counted by PyTorch's own `FlopCounterMode`. It sees every matrix
product and every convolution that runs, and counts a multiply–add as two operations.
What is done to each number singly is not in its count, nor in the formulas of the
pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.proofs.facts import Fact, equal
from labml_style_nn.proofs.formula import Page, evaluate
from labml_style_nn.proofs.reference import timm_counts

# ## What is measured


def parameters(module: nn.Module) -> int:
    """The number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_adds(
    module: nn.Module, *shape: int, dtype: torch.dtype = torch.float32
) -> int:
    """The multiply–adds for one input of a shape (the batch of one included)."""
    with FlopCounterMode(display=False) as counter:
        module.to("meta")(torch.empty(shape, dtype=dtype, device="meta"))
    return int(counter.get_total_flops()) // 2


def evaluations(module: nn.Module, kind: type[nn.Module], *shape: int) -> int:
    """How many numbers go through the layers of one kind, for one input."""
    seen = 0

    def note(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        nonlocal seen
        seen += inputs[0].numel()

    hooks = [
        layer.register_forward_hook(note)
        for layer in module.modules()
        if isinstance(layer, kind)
    ]
    module(torch.empty(shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return seen


# ## What it is held against


@dataclass(frozen=True)
class Expected:
    """A number for each case, and who says so."""

    against: str
    values: Mapping[str, int]
    quoted: bool = False
    formula: str = ""


def count(
    label: str, found: Mapping[str, int], *expected: Expected, headline: str = ""
) -> Fact:
    """A count of something, for one case or several; the headline is one of them."""
    headline = headline or next(iter(found))
    checks = [
        equal(found, e.values, e.against, quoted=e.quoted, formula=e.formula)
        for e in expected
    ]
    return Fact(label, f"{found[headline]:,}", headline, tuple(checks))


def stated(
    page: Page, tex: str, sizes: Mapping[str, Mapping[str, int]], whole: str = ""
) -> Expected:
    """The formula of a page, evaluated at the sizes of each case.

    The page must have `tex`. A formula that the page gives in pieces is put together in
    `whole`, which is then what is evaluated.
    """
    tex = whole or page.says(tex)
    values = {of: evaluate(tex, size) for of, size in sizes.items()}
    return Expected("the formula", values, formula=tex)


def none(page: Page, words: str, of: str) -> Expected:
    """What a page says has no cost."""
    return Expected(f"the page: “{page.says(words)}”", {of: 0})


def timm_part(part: str, of: str, model: str = "mixer_b16") -> Expected:
    """What timm counts in a part of one of its models."""
    counts = timm_counts()
    values = {of: counts[f"parts of {model}"][part]}
    return Expected(f"timm {counts['timm']}", values, quoted=True)
