"""Symbols of formulas, and the variables of the code that stand for them."""
