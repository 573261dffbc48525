"""A formula is read as TeX reads it: nothing is lost, and scripts have their place."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from litweave.features.symbols.tex import atoms, everywhere, split, tokens

PIECES = [
    *("{", "}", "_", "^", "'", "%", "&", "[", "]", ",", "x", "W", "1", " ", "\n"),
    *("\\", r"\\", r"\sigma", r"\bar", r"\text", r"\frac", r"\begin", r"\sqrt"),
]
TEX = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))


@given(TEX)
@example("{" * 5000)
@example(r"\bar" * 5000)
@example("x_{" * 200 + "y" + "}" * 200)
def test_anything_can_be_read_and_no_character_is_lost(tex: str) -> None:
    pieces = tokens(tex)
    assert "".join(pieces) == tex
    for atom in everywhere(atoms(tex)):
        assert 0 <= atom.start < atom.end <= len(pieces)


def symbols(tex: str) -> list[str]:
    return [atom.whole.strip() for atom in everywhere(atoms(tex)) if atom.symbol]


@pytest.mark.parametrize(
    ("tex", "found"),
    [
        (r"W_1^\top X", [r"W_1^\top", "X"]),
        (r"W^\top_1", [r"W_1^\top"]),
        ("W _ {1} X", ["W_1", "X"]),
        ("x% a comment with y\n_1", ["x_1"]),
        ("X_{*,i}", ["X_{*,i}", "i"]),
        (r"C_\text{in} + C_{\text{in}}", [r"C_{\text{in}}", r"C_{\text{in}}"]),
        (r"\bar\theta_t", [r"\bar{\theta}_t", "t"]),
        (r"\hat{y_i}", [r"\hat{y_i}"]),
        (r"\overline{W x}", ["W", "x"]),
        (r"\mathbf 1 \mathbf{1} \mathbf{AB}", [r"\mathbf{1}", r"\mathbf{1}"]),
        ("x'' + x'_1", ["x^{''}", "x_1^'"]),
        (r"\sqrt x_i", ["x", "i"]),
        (r"\frac xy_i", ["x", "y", "i"]),
        (r"\sqrt[n]{x_1}", ["n", "x_1"]),
        (r"\sum\limits_{i=1}^{C} i", ["i", "C", "i"]),
        (r"\begin{array}{cc} a & b \\[2pt] c \end{array}", ["a", "b", "c"]),
        (r"\operatorname*{argmax}_k \operatorname{erf} x", ["k", "x"]),
        (r"\text{if } \mathrm{d}x + \exp y + \ell", ["x", "y", r"\ell"]),
        (r"2 + 3 \cdot 4 \partial \infty \sum \|", []),
    ],
)
def test_symbols_are_letters_with_their_scripts(tex: str, found: list[str]) -> None:
    assert symbols(tex) == found


def test_a_list_is_split_at_its_own_commas() -> None:
    assert split("H, W_{a,b} ,C") == ["H", "W_{a,b}", "C"]
