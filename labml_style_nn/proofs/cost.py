r"""# Costs: parameters and multiplications

Both are counted on PyTorch's `meta` device, which keeps shapes and no numbers: the
largest model of the paper is measured in no time and no memory.

Multiplications are counted by PyTorch's own `FlopCounterMode`. It sees every matrix
product and every convolution that runs, and counts a multiply–add as two operations.
What is done to each number singly is not in its count, nor in the formulas of the
pages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from labml_style_nn.proofs.facts import Check, Fact, equal
from labml_style_nn.proofs.formula import Page, evaluate
from labml_style_nn.proofs.reference import timm_counts

# ## What is measured


def parameters(module: nn.Module) -> int:
    """The number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_adds(
    function: Callable[[Tensor], Any], *shape: int, dtype: torch.dtype = torch.float32
) -> int:
    """The multiply–adds for one input of a shape (the batch of one included)."""
    if isinstance(function, nn.Module):
        function.to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function(torch.empty(shape, dtype=dtype, device="meta"))
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

Sizes = Mapping[str, int]


@dataclass(frozen=True)
class Expected:
    """A number for each case, and who says so."""

    against: str
    values: Mapping[str, int]
    quoted: bool = False
    formula: str = ""


class Words(str):
    """What a page says in words, not in a formula: that something costs nothing."""


NO_PARAMETERS = Words("No parameters")
NO_PRODUCTS = Words("no matrices are multiplied")


def count(
    label: str,
    found: Mapping[str, int],
    *expected: Expected | Check,
    headline: str = "",
) -> Fact:
    """A count of something, for one case or several; the headline is one of them."""
    headline = headline or next(iter(found))
    checks = (
        e
        if isinstance(e, Check)
        else equal(found, e.values, e.against, quoted=e.quoted, formula=e.formula)
        for e in expected
    )
    return Fact(label, f"{found[headline]:,}", headline, tuple(checks))


def stated(page: Page, tex: str, sizes: Mapping[str, Sizes]) -> Expected:
    """What a page says: a formula, at the sizes of each case, or words for zero."""
    if isinstance(tex, Words):
        return Expected(f"the page: “{page.says(tex)}”", dict.fromkeys(sizes, 0))
    return evaluated(page.says(tex), sizes)


def evaluated(tex: str, sizes: Mapping[str, Sizes]) -> Expected:
    """A formula at the sizes of each case."""
    values = {of: evaluate(tex, size) for of, size in sizes.items()}
    return Expected("the formula", values, formula=tex)


def timms(what: str, names: Mapping[str, str]) -> Expected:
    """What timm counts, for each case under a name of timm's.

    `what` is `models`, `multiply_adds` or, of the parts of one, `parts of mixer_b16`.
    """
    counts = timm_counts()
    values = {of: counts[what][name] for of, name in names.items()}
    return Expected(f"timm {counts['timm']}", values, quoted=True)


# ## Layers


@dataclass(frozen=True)
class Place:
    """A model that layers are taken from; its sizes by the letters of the pages."""

    of: str
    sizes: Sizes
    timm: str = ""

    def stated(self, page: Page, tex: str) -> Expected:
        """What a page says, here."""
        return stated(page, tex, {self.of: self.sizes})

    def timms(self, part: str) -> Expected:
        """What timm counts in a part of its model."""
        return timms(f"parts of {self.timm}", {self.of: part})

    def costs(
        self,
        page: Page,
        layer: nn.Module,
        shape: tuple[int, ...],
        weights: str,
        work: str = "",
        part: str = "",
        dtype: torch.dtype = torch.float32,
    ) -> Iterator[Fact]:
        """The parameters and the multiply–adds of a layer, as the page says them."""
        by_timm = [self.timms(part)] if part else []
        said = [self.stated(page, work)] if work else []
        found = {self.of: parameters(layer)}
        yield count("Parameters", found, self.stated(page, weights), *by_timm)
        yield count("MACs", {self.of: multiply_adds(layer, *shape, dtype=dtype)}, *said)


# ## Models of images


def letters(
    patch_size: int, side: int = 224, classes: int = 1000, **others: int
) -> dict[str, int]:
    """The sizes of a model of images, by the letters of its page."""
    image = {"H": side, "W": side, "P": patch_size, "S": (side // patch_size) ** 2}
    return {**image, r"C_{\text{in}}": 3, "K": classes, **others}


def on_meta(
    page: ModuleType, factories: Mapping[str, str], **options: Any
) -> dict[str, nn.Module]:
    """The models of a page, by the names of its paper: shapes without numbers."""
    with torch.device("meta"):
        return {of: getattr(page, name)(**options) for of, name in factories.items()}


def costs_of_models(
    models: Mapping[str, nn.Module],
    sizes: Mapping[str, Sizes],
    headline: str,
    weights: Iterable[Expected | Check],
    work: Iterable[Expected],
) -> Iterator[Fact]:
    """The parameters and the multiply–adds of models, one of which is the headline."""
    found = {of: parameters(model) for of, model in models.items()}
    yield count("Parameters", found, *weights, headline=headline)
    found = {
        of: multiply_adds(model, 1, 3, sizes[of]["H"], sizes[of]["W"])
        for of, model in models.items()
    }
    yield count("MACs for an image", found, *work, headline=headline)
