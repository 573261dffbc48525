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

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


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


# ## Numbers that may differ by rounding


def difference(
    reference: str,
    ours: Tensor,
    theirs: Tensor,
    tolerance: float,
    of: str,
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
    check = Check("", rule, (case,))
    return Fact(f"{label} from {reference}", scientific(largest), of, (check,))


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
    check = Check(f"{expected:g}", rule, (case,), note=note)
    return Fact(label, case.found, of, (check,))


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


# ## Inputs


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Normal random numbers in float64, the same at every run."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.double, generator=generator)
