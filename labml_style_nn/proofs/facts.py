r"""# Facts: what a proof says

A *proof* of a page is a list of facts. A **fact** is a figure that was computed, such
as a count of parameters, with the **checks** it has passed. A check holds the figure
against something else: the formula that the page gives, a number printed in the paper,
what another implementation computes.

Two kinds of numbers are kept apart. What somebody else published is *quoted*: it is
repeated here, and nobody recomputed it. All the rest is computed when the proof runs.

A check can cover several **cases**, for instance the seven models of one page. It holds
when each of its cases does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """One comparison: what was found for `of`, and what was expected."""

    of: str
    found: str
    expected: str
    holds: bool


@dataclass(frozen=True)
class Check:
    """A figure held against something else.

    `rule` says when the two agree, and `against` names the other; together they read as
    one: "equal to" "timm 1.0". Where the label of the fact has said it, `against` is
    empty. `note` says what else there is to know, and `formula` is
    the TeX of what was evaluated, if it was a formula.
    """

    against: str
    rule: str
    cases: tuple[Case, ...]
    quoted: bool = False
    note: str = ""
    formula: str = ""


@dataclass(frozen=True)
class Fact:
    """A computed figure, what it is a figure of, and the checks it was put to."""

    label: str
    value: str
    of: str
    checks: tuple[Check, ...]


# ## Numbers that must be equal


def equal(
    found: Mapping[str, int],
    expected: Mapping[str, int],
    against: str,
    *,
    quoted: bool = False,
    formula: str = "",
) -> Check:
    """Hold whole numbers against others: one for each case that is expected."""
    cases = tuple(
        Case(of, f"{found[of]:,}", f"{number:,}", found[of] == number)
        for of, number in expected.items()
    )
    return Check(against, "equal to", cases, quoted, formula=formula)


def in_millions(
    found: Mapping[str, int],
    millions: Mapping[str, int],
    against: str,
    note: str = "rounded to millions",
) -> Check:
    """Hold whole numbers against what somebody published, rounded to millions."""
    cases = tuple(
        Case(of, f"{found[of] / 1e6:.2f} M", f"{m} M", round(found[of] / 1e6) == m)
        for of, m in millions.items()
    )
    return Check(against, "equal to", cases, True, note)


# ## Numbers that may differ by rounding

TOLERANCE = 1e-12
SMALL = "small, asymmetric sizes, float64"


def difference(
    reference: str,
    ours: Tensor,
    theirs: Tensor,
    of: str = SMALL,
    tolerance: float = TOLERANCE,
    label: str = "Difference",
) -> Fact:
    """The largest absolute difference between two tensors.

    **Raises.** `ValueError` for two shapes: broadcasting would hide what is missing.
    """
    if ours.shape != theirs.shape:
        raise ValueError(
            f"{reference} has the shape {tuple(theirs.shape)}, "
            f"ours has {tuple(ours.shape)}"
        )
    # A NaN is never at most something, so it fails.
    largest = (ours.detach() - theirs.detach()).abs().max().item()
    limit = "0" if tolerance == 0 else f"at most {scientific(tolerance)}"
    case = Case(of, scientific(largest), limit, largest <= tolerance)
    rule = "no difference" if tolerance == 0 else limit
    return single(f"{label} from {reference}", case, rule)


def of_gradients(
    reference: str,
    ours: Iterable[Tensor],
    theirs: Iterable[Tensor],
    of: str,
    tolerance: float = 1e-10,
) -> Fact:
    """The largest difference between gradients, each of the same shape as the other."""
    label = "Difference of the gradients"
    return difference(reference, row(ours), row(theirs), of, tolerance, label)


def gradients(output: Tensor, by: Iterable[Tensor], seed: int) -> tuple[Tensor, ...]:
    """The gradients of a loss, a sum of the output's numbers with random weights."""
    return torch.autograd.grad(output, list(by), draw(*output.shape, seed=seed))


def row(tensors: Iterable[Tensor]) -> Tensor:
    """All numbers of several tensors, one after the other."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def within(label: str, found: float, expected: float, bound: float, of: str) -> Fact:
    """A mean of random draws, which lies near what is expected of it.

    `bound` is five standard deviations of such a mean. A correct layer strays further
    less than once in a million draws, and the draws here are the same every time.
    """
    case = Case(
        of,
        f"{found:.5f}",
        f"{expected:g} ± {bound:.2g}",
        abs(found - expected) <= bound,
    )
    note, rule = "five standard deviations", f"within {bound:.2g} of"
    return single(label, case, rule, f"{expected:g}", note=note)


def scientific(number: float) -> str:
    """A number as it is printed: `3.6 × 10⁻¹⁵`."""
    if number == 0:
        return "0"
    digits, _, power = f"{number:.1e}".partition("e")
    if not power:
        return digits
    raised = f"10{str(int(power)).translate(_RAISED)}"
    digits = digits.removesuffix(".0")
    return raised if digits == "1" else f"{digits} × {raised}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = {high: low for low, high in _RAISED.items()}


# ## One case and many


def single(
    label: str,
    case: Case,
    rule: str,
    against: str = "",
    *,
    quoted: bool = False,
    note: str = "",
) -> Fact:
    """A fact with one check of one case."""
    check = Check(against, rule, (case,), quoted, note)
    return Fact(label, case.found, case.of, (check,))


def together(facts: Iterable[Fact]) -> Iterator[Fact]:
    """One fact for each label, with the cases of all; the first is its figure."""
    alike: dict[str, list[Fact]] = {}
    for fact in facts:
        alike.setdefault(fact.label, []).append(fact)
    for first, *others in alike.values():
        checks = [check for fact in (first, *others) for check in fact.checks]
        cases = tuple(case for check in checks for case in check.cases)
        yield replace(first, checks=(replace(checks[0], cases=cases),))


def worst(facts: Iterable[Fact], of: str) -> Iterator[Fact]:
    """One fact for each label, with the cases of all; its value is the worst."""
    for fact in together(facts):
        (check,) = fact.checks
        value = max(check.cases, key=_magnitude).found
        yield replace(fact, value=value, of=of)


def _magnitude(case: Case) -> tuple[bool, float]:
    """What [`scientific`][] printed, as a number; what does not hold is larger."""
    plain = case.found.translate(_LOWERED)
    plain = plain.replace(" × 10", "e").replace("10-", "1e-")
    return not case.holds, float(plain)


# ## Inputs and weights

Layer = TypeVar("Layer", bound=nn.Module)


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Normal random numbers in float64, the same at every run."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)


def randomised(layer: Layer) -> Layer:
    """The layer in float64, with no weight left at zero or one."""
    for seed, parameter in enumerate(layer.double().parameters(), start=1):
        drawn = draw(*parameter.shape, seed=seed)
        parameter.detach().copy_(drawn * parameter.shape[-1] ** -0.5)
    return layer


def given(layer: Layer, weights: Mapping[str, Tensor]) -> Layer:
    """The layer in float64, with these weights."""
    layer.double().load_state_dict(weights)
    return layer


def numbers(layer: nn.Module) -> list[Tensor]:
    """The weights of a layer, for arithmetic without gradients."""
    return [parameter.detach() for parameter in layer.parameters()]
