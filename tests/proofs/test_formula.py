"""Formulas are evaluated as they are printed, or refused."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.proofs.formula import FormulaError, Page, evaluate

SIZES = {"S": 2, "C": 3, "D_S": 5, "N": 7, r"C_{\text{in}}": 11, "P": 13}


VALUES = {
    **{"2C": 6, "2 S D_S + D_S + S": 27, "S C - S": 4, r"S \cdot C": 6},
    **{"S(C + 1)(C + 2)": 40, "(S + 1)^2": 9, "N (2 S\n + C)": 49},
    r"C\,(C_{\text{in}} P^2 + 1)": 3 * (11 * 169 + 1),
    r"\underbrace{S \, C}_{\text{table}} + N \bigl(S + C\bigr)": 41,
}


@pytest.mark.parametrize(("tex", "value"), VALUES.items())
def test_a_formula_has_its_value(tex, value):
    assert evaluate(tex, SIZES) == value


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_products_bind_closer_than_sums(a, b, c):
    sizes = {"a": a, "b": b, "c": c}
    assert evaluate("a b + c", sizes) == a * b + c
    assert evaluate("a + b c", sizes) == a + b * c
    assert evaluate("a (b - c)", sizes) == a * (b - c)
    assert evaluate("a b^2", sizes) == a * b**2


REFUSED = {
    **dict.fromkeys([r"\frac{S}{2}", "S / C"], "more than numbers"),
    **dict.fromkeys(["S ()", "C^{-S}"], "no whole number"),
    **dict.fromkeys(["S +", ""], "invalid syntax"),
    **{"2 X": "X has no size", "D_C": "D_C has no size"},
    **{"(S + C": "never closed", "S + C)": r"unmatched '\)'"},
}


@pytest.mark.parametrize(("tex", "message"), REFUSED.items())
def test_what_cannot_be_evaluated_is_refused(tex, message):
    with pytest.raises(FormulaError, match=message):
        evaluate(tex, SIZES)


def test_a_page_says_what_its_docstring_says_however_it_is_broken_into_lines():
    module = ModuleType("m", "It has $2 S\nD_S$ parameters.")
    assert Page(module).says("2 S D_S") == "2 S D_S"
    with pytest.raises(FormulaError, match="does not say “2 S D_C”"):
        Page(module).says("2 S D_C")
    with pytest.raises(FormulaError):
        Page(ModuleType("m")).says("anything")
