"""Facts: what holds, what does not, and how numbers are printed."""

import re
from math import inf, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.proofs.facts import (
    difference,
    draw,
    equal,
    in_millions,
    scientific,
    together,
    within,
    worst,
)


def test_whole_numbers_must_be_equal() -> None:
    check = equal({"a": 1200, "b": 7, "c": 1}, {"a": 1200, "b": 8}, "somebody")
    # What nobody counted is not compared.
    assert [(c.of, c.found, c.expected, c.holds) for c in check.cases] == [
        ("a", "1,200", "1,200", True),
        ("b", "7", "8", False),
    ]


def test_numbers_are_held_against_those_that_are_rounded_to_millions():
    found = {"a": 59_500_001, "b": 59_499_999, "c": 1}
    check = in_millions(found, {"a": 60, "b": 60}, "somebody")
    assert [case.holds for case in check.cases] == [True, False]
    assert [case.found for case in check.cases] == ["59.50 M", "59.50 M"]
    assert check.quoted


def test_facts_of_one_label_are_put_together_with_all_their_cases():
    zero, one = torch.zeros(1), torch.ones(1)
    facts = [
        difference("theirs", zero, zero, "first"),
        difference("others", zero, zero, "alone"),
        difference("theirs", zero, one, "second"),
    ]
    (both, alone) = together(facts)
    cases = [(case.of, case.holds) for case in both.checks[0].cases]
    assert cases == [("first", True), ("second", False)]
    assert (both.of, alone) == ("first", facts[1])


def test_of_many_cases_the_worst_is_the_figure():
    zero = torch.zeros(1, dtype=torch.double)
    facts = [difference("theirs", zero, zero + x, "") for x in (0, 3e-15, 1e-13, 4e-16)]
    assert [(fact.value, fact.of) for fact in worst(facts, "all")] == [("10⁻¹³", "all")]
    # What does not hold is worse than all that do.
    failed = difference("theirs", zero, zero + 1e-14, "", 1e-15)
    assert [fact.value for fact in worst([*facts, failed], "all")] == ["10⁻¹⁴"]


HOLDS = {2: True, 2 + 1e-13: True, 2 + 1e-11: False, nan: False, inf: False}


@pytest.mark.parametrize(("number", "holds"), HOLDS.items())
def test_a_difference_is_held_to_its_tolerance(number, holds):
    ours, theirs = torch.tensor([[1, number], [1, 2]], dtype=torch.double)
    fact = difference("theirs", ours, theirs, "two numbers", 1e-12)
    assert fact.checks[0].cases[0].holds is holds


def test_the_largest_difference_is_told_of_tensors_of_one_shape():
    ours, theirs = torch.tensor([0.0, 5.0]), torch.tensor([3.0, 1.0])
    fact = difference("theirs", ours, theirs, "two numbers", 0)
    assert (fact.label, fact.value) == ("Difference from theirs", "4 × 10⁰")
    assert not fact.checks[0].cases[0].holds
    with pytest.raises(ValueError, match=r"theirs has the shape \(1,\), ours has \(2,"):
        difference("theirs", torch.zeros(2), torch.zeros(1))


def test_a_mean_must_lie_within_its_bound():
    for found, holds in ((0.104, True), (0.096, True), (0.11, False), (0.09, False)):
        assert within("Share", found, 0.1, 0.005, "").checks[0].cases[0].holds is holds
    assert not within("Share", nan, 0.1, 1, "").checks[0].cases[0].holds


PRINTED = {0: "0", 1e-12: "10⁻¹²", 3.64e-15: "3.6 × 10⁻¹⁵", 250.0: "2.5 × 10²"}
PRINTED[nan] = "nan"


@pytest.mark.parametrize(("number", "text"), PRINTED.items())
def test_numbers_are_printed_with_powers_of_ten(number, text):
    assert scientific(number) == text


@given(st.floats(1e-300, 1e300))
def test_a_printed_number_is_the_number_to_two_digits(number):
    text = scientific(number).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    match = re.fullmatch(r"(?:([\d.]+) × )?10(-?\d+)", text)
    assert match
    value = float(match[1] or 1) * 10.0 ** int(match[2])
    assert value == pytest.approx(number, rel=0.051)


def test_random_inputs_are_the_same_at_every_call():
    assert torch.equal(draw(3, 4), draw(3, 4))
    assert not torch.equal(draw(3, 4), draw(3, 4, seed=1))
