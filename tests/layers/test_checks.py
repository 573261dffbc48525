"""The checks refuse what the rules refuse, and say so."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labml_style_nn.layers.checks import check_positive, check_rate, check_shape


@given(st.integers(min_value=1))
def test_a_positive_size_passes(size):
    check_positive(size=size)


@given(st.integers(max_value=0))
def test_a_size_below_one_is_refused_by_name(size):
    with pytest.raises(ValueError, match=rf"^tokens must be at least 1, got {size}$"):
        check_positive(fine=1, tokens=size)


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_rate_below_one_passes(rate):
    check_rate(rate=rate)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan"), float("inf")])
def test_another_rate_is_refused(rate):
    with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\), got"):
        check_rate(rate=rate)


# Which shapes fit, the proof has; here is what is said of those that do not.


@pytest.mark.parametrize(
    ("shape", "expected", "message"),
    [
        (
            (2, 25, 20),
            ("batch", 24, "channels"),
            r"\(batch, 24, channels\), got \(2, 25",
        ),
        (
            (24, 20),
            ("batch", 24, "channels"),
            r"\(batch, 24, channels\), got \(24, 20\)",
        ),
        ((2, 21), ("...", 20), r"expected shape \(\.\.\., 20\), got \(2, 21\)"),
        ((), ("...", 20), r"expected shape \(\.\.\., 20\), got \(\)"),
        ((3, 1), (3, 4), r"expected shape \(3, 4\), got \(3, 1\)"),
    ],
)
def test_another_shape_is_refused_with_both(shape, expected, message):
    with pytest.raises(ValueError, match=message):
        check_shape(torch.zeros(shape), *expected)
