"""Symbols are read and marked, formulas look as before, no letter is left alone."""

import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from formulas import HERE, assert_marks_are_not_seen, set_all
from litweave.diagnostics import Diagnostics
from litweave.features.symbols.symbols import Entry, Symbols, items, notation
from litweave.features.symbols.tex import atoms, everywhere, tokens
from litweave.katex import SYMBOL, Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import parse
from litweave.prose import Context, to_markdown


def of(*symbols: str) -> Symbols:
    return Symbols.of((Entry(symbols, (), "", 1),))


def shown(marked: str) -> str:
    """A marked formula for the eyes: `⟨5 W_1⟩`."""
    text, open_marks = "", list[bool]()
    pieces = iter(tokens(marked))
    for piece in pieces:
        if piece == SYMBOL:
            key = "".join(iter(lambda: next(pieces), "}"))
            assert next(pieces) == "{"
            text += f"⟨{key[1:]} "
            open_marks.append(True)
        elif piece == "}" and open_marks.pop():
            text += "⟩"
        else:
            open_marks += [False] * (piece == "{")
            text += piece
    return text


def unmarked(marked: str) -> str:
    return re.sub(r"⟨\d+ |⟩", "", marked)


# ## The list under `## Notation`: which letter is which variable

LAYER = '''\
# A licence, perhaps.
r"""# Layer

- $A$, `a`: this list is another one

## Notation

- $S$, `num_patches`: the number of patches, $S > 0$
- $W_1$, $b_1$, `fc1`: the first layer,
  `Linear`: as it is
- $H, W_{i,j} ,C$, `height`, `width`: a size

Words in between.

- $i$: an index
- `mask`: one or zero
- words alone
- $S$ and `x`: no list

## Cost

- $B$, `b`: this one, too
"""
'''


def test_entries_are_read_in_order() -> None:
    assert notation(parse(LAYER)) == (
        Entry(("S",), ("num_patches",), "the number of patches, $S > 0$", 8),
        Entry(("W_1", "b_1"), ("fc1",), "the first layer, `Linear`: as it is", 9),
        Entry(("H", "W_{i,j}", "C"), ("height", "width"), "a size", 11),
        Entry(("i",), (), "an index", 15),
        Entry((), ("mask",), "one or zero", 16),
    )
    # An item that is no entry keeps its place.
    assert [line for line, entry in items(parse(LAYER)) if not entry] == [17, 18]


@pytest.mark.parametrize(
    "source",
    [
        *("", "x = 1\n", '"""# Layer"""\n', '"""## Notation\n\nNo list."""\n'),
        '"""# A"""\n\n\ndef f():\n    r"""F.\n\n    ## Notation\n\n    - $x$: x"""\n',
    ],
)
def test_a_module_may_have_no_notation(source: str) -> None:
    assert notation(parse(source)) == ()


CHARACTERS = [
    *("{", "}", "_", "^", "'", "%", "&", "[", "]", ",", "x", "W", "1", " ", "\n"),
    *("\\", r"\\", r"\sigma", r"\bar", r"\text", r"\frac", r"\begin", r"\sqrt"),
]
TEX = st.one_of(st.text(), st.lists(st.sampled_from(CHARACTERS)).map("".join))


@given(TEX)
@example("{" * 5000)
@example(r"\bar" * 5000)
@example("x_{" * 200 + "y" + "}" * 200)
def test_anything_can_be_read_and_no_character_is_lost(tex: str) -> None:
    pieces = tokens(tex)
    assert "".join(pieces) == tex
    for atom in everywhere(atoms(tex)):
        assert 0 <= atom.start < atom.end <= len(pieces)


def letters(tex: str) -> list[str]:
    return [atom.whole.strip() for atom in everywhere(atoms(tex)) if atom.symbol]


@pytest.mark.parametrize(
    ("tex", "found"),
    [
        *((r"W_1^\top X", [r"W_1^\top", "X"]), (r"W^\top_1", [r"W_1^\top"])),
        *(("W _ {1} X", ["W_1", "X"]), ("x% a comment with y\n_1", ["x_1"])),
        ("X_{*,i}", ["X_{*,i}", "i"]),
        (r"C_\text{in} + C_{\text{in}}", [r"C_{\text{in}}", r"C_{\text{in}}"]),
        *((r"\bar\theta_t", [r"\bar{\theta}_t", "t"]), (r"\hat{y_i}", [r"\hat{y_i}"])),
        (r"\overline{W x}", ["W", "x"]),
        (r"\mathbf 1 \mathbf{1} \mathbf{AB}", [r"\mathbf{1}", r"\mathbf{1}"]),
        *(("x'' + x'_1", ["x^{''}", "x_1^'"]), (r"\sqrt x_i", ["x", "i"])),
        *((r"\frac xy_i", ["x", "y", "i"]), (r"\sqrt[n]{x_1}", ["n", "x_1"])),
        (r"\sum\limits_{i=1}^{C} i", ["i", "C", "i"]),
        (r"\begin{array}{cc} a & b \\[2pt] c \end{array}", ["a", "b", "c"]),
        (r"\operatorname*{argmax}_k \operatorname{erf} x", ["k", "x"]),
        (r"\text{if } \mathrm{d}x + \exp y + \ell", ["x", "y", r"\ell"]),
        (r"2 + 3 \cdot 4 \partial \infty \sum \|", []),
    ],
)
def test_symbols_are_letters_with_their_scripts(tex: str, found: list[str]) -> None:
    assert letters(tex) == found


@pytest.mark.parametrize(
    ("symbols", "marked"),
    [
        *(("W W_1", "⟨2 W_1⟩ + ⟨1 W⟩"), ("W_1 W", "⟨1 W_{1}⟩⟨2 W_2⟩")),
        *(("W_1", r"⟨1 W_1^\top⟩ + W"), ("X i", "⟨1 X_{*,⟨2 i⟩}⟩")),
        *(("x n", "⟨1 x^⟨2 n⟩⟩"), ("D_S S", "⟨1 D_S⟩ ⟨2 S⟩")),
        ("f f(x) x", "⟨2 f(x)⟩ + ⟨1 f⟩(y) ⟨3 x⟩"),
        (r"\mathbf{1}^\top", r"b ⟨1 \mathbf1^\top⟩ \mathbf 1"),
        ("x", r"\text{x} \mathrm{x} \operatorname{x} ⟨1 x⟩"),
        (r"C_{\text{in}} n", r"⟨1 C_\text{in}⟩ ⟨2 n⟩"),
        (r"\bar\theta t", r"⟨1 \bar{\theta}_⟨2 t⟩⟩ \theta"),
        *(("x", r"\bar x \mathbf x ⟨1 x'⟩"), ("x' x", "⟨1 x'⟩ ⟨2 x⟩")),
        ("x i", r"\sqrt ⟨1 x⟩_⟨2 i⟩"),
        ("a l", r"\begin{aligned} ⟨1 a⟩ &= ⟨2 l⟩ \\ \end{aligned}"),
        *(("p t", r"⟨1 p⟩ \\[2pt] ⟨2 t⟩"), (", ", "a⟨1 ,⟩ b")),
    ],
)
def test_symbols_are_marked(symbols: str, marked: str) -> None:
    assert shown(of(*symbols.split(" ")).mark(unmarked(marked))) == marked


PIECES = [
    *("W", "W_1", "X_{*,i}", "i", r"\theta", r"\bar\theta", r"\mathbf{1}", "x'"),
    *("f(x)", "1", "+", "=", ",", "(", ")", r"\sum", r"\text{in}"),
]
LEAVES = st.sampled_from(PIECES)
BALANCED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(" ".join),
        inner.map("{{{}}}".format),
        st.tuples(LEAVES, inner).map(lambda pair: "{}_{{{}}}^2".format(*pair)),
        st.tuples(inner, inner).map(lambda pair: r"\frac{{{}}}{{{}}}".format(*pair)),
    ),
)
SYMBOLS = of("W", "W_1", "X", "i", r"\theta", r"\bar\theta", "f(x)", "x")


@given(BALANCED)
def test_what_is_marked_is_otherwise_the_same(tex: str) -> None:
    assert unmarked(shown(SYMBOLS.mark(tex))) == tex


@given(st.text())
def test_anything_can_be_marked(tex: str) -> None:
    assert len(SYMBOLS.mark(tex)) >= len(tex)
    assert all(SYMBOLS.unknown(tex))


# ## The formula that is set


def invented(count: int) -> Iterator[tuple[str, bool, str]]:
    """Formulas that nobody would write, but TeX allows."""
    chance = random.Random(0)

    def some(depth: int) -> str:
        if not depth:
            return chance.choice(PIECES)
        inner = [some(depth - 1) for _ in range(2)]
        forms = [
            *(r"\frac{%s}{%s}", r"{%s}_{%s}", r"W^{%s} %s", r"\sqrt{%s} \, %s"),
            *(r"X_{%s}^{%s}", r"\underbrace{%s}_{%s}", r"\bigl(%s\bigr)^{%s}", "%s %s"),
            r"\begin{pmatrix} %s & i \\ x & %s \end{pmatrix}",
        ]
        return chance.choice(forms) % tuple(inner)

    for number in range(count):
        tex = some(chance.randrange(4))
        yield tex, bool(number % 2), SYMBOLS.mark(tex)


def test_a_mark_changes_nothing_that_is_seen(katex: Path, tmp_path: Path) -> None:
    assert_marks_are_not_seen(invented(300), katex, tmp_path)


def test_what_was_set_is_not_set_again_unless_the_notation_is_another(
    katex: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "deep" / "cache.json"

    def keys(symbols: Symbols) -> list[str]:
        formulas = Formulas()
        slot = formulas.add("x", False, HERE, symbols.mark("x"))
        set_all(formulas, katex, cache)
        return re.findall(r'data-n="(\d+)"', formulas.fill(slot))

    first, second = of("x"), of("y", "x")
    assert (keys(first), keys(second)) == (["1"], ["2"])
    monkeypatch.delattr(subprocess, "run")
    assert (keys(first), keys(second)) == (["1"], ["2"]), "both were kept"
    assert [path.name for path in cache.parent.iterdir()] == ["cache.json"]


def test_an_author_sets_no_attribute_and_no_link(katex: Path, tmp_path: Path) -> None:
    wrong = [
        *(r"\htmlData{n=1}{x}", r"\htmlClass{weave-lit}{x}", r"\htmlId{x}{x}"),
        *(r"\htmlStyle{color: red}{x}", r"\href{https://example.org}{x}"),
        *(r"\url{https://a.org}", r"\includegraphics{https://example.org/x.png}"),
    ]
    formulas, symbols = Formulas(), of("n", "x")
    slots = [formulas.add(tex, False, HERE, symbols.mark(tex)) for tex in wrong]
    found = set_all(formulas, katex, tmp_path / "cache.json").found
    assert {problem.place for problem in found} == {HERE}
    assert len(found) == len(wrong)
    assert all(formulas.fill(slot).startswith("<code>") for slot in slots)


def test_an_author_cannot_write_a_mark() -> None:
    context = Context(Names(), Formulas(), Diagnostics())
    to_markdown(f"${SYMBOL}{{1}}{{x}}$", HERE, "page.md", context)
    assert SYMBOL not in next(iter(context.formulas.numbers)).tex


@pytest.mark.parametrize(
    ("tex", "unknown"),
    [
        ("x = W_1 y + b", ["W_1", "b"]),
        (r"x = \bar x_t + \mathbf{1}", [r"\bar{x}_t", "t", r"\mathbf{1}"]),
        *(("x = y_{ij}", ["i", "j"]), ("x_i = y_i", [])),
        *((r"\operatorname{Var}(x_i) = y_i", []), (r"x = \sum_{i=1}^{C} y_i", ["C"])),
        *((r"x = \sum_{i \in I} y_i", ["I"]), (r"x = \sum\nolimits_{i,j} y_{i,j}", [])),
        (r"x = \max_k y_k, \operatorname*{argmax}_l y_l", []),
        (r"x = y_i, \qquad i = 1 \ldots y", []),
        (r"x = y_i, \quad i \in \{1, \ldots, y\}", []),
        (r"x = y_i \quad \forall i", []),
        (r"\begin{aligned} x &= y_i, & i &= 1 \ldots y \end{aligned}", []),
        *((r"x = i + \ldots", ["i"]), (r"x = \int_0^1 y \, \mathrm{d}t", [])),
        *((r"x = \pi e^y, e", ["e"]), (r"x \in \mathbb{R}^y", [])),
        (r"\text{MLP}(x) = \exp y \cdot 2 \sqrt{y} \partial x", []),
        (r"x = \frac{z}{\sqrt{w}}", ["z", "w"]),
    ],
)
def test_each_letter_needs_an_entry(tex: str, unknown: list[str]) -> None:
    assert of("x", "y").unknown(tex) == unknown


PAGE = '''\
r"""# Layer

$$x = W y$$

## Notation

- $x$, `x`: a vector
- $W$: a matrix
"""

# Inline, $z$ is nobody's business.
x = 1
'''


def rendered(source: str, *, has_notation: bool = True) -> Context:
    module = parse(source, "layer.py")
    symbols = {"page.md": Symbols.of(notation(module))} if has_notation else {}
    context = Context(Names(), Formulas(), Diagnostics(), symbols=symbols)
    document(module, "page.md", context)
    return context


def test_a_letter_without_an_entry_is_named() -> None:
    assert str(rendered(PAGE).diagnostics) == (
        "layer.py:3: “y” stands in this equation, but in no entry of the notation"
    )
    assert str(rendered(PAGE.replace("W y", "W x")).diagnostics) == ""


def test_a_page_without_a_notation_is_not_checked() -> None:
    context = rendered(PAGE, has_notation=False)
    assert not context.diagnostics.found
    assert {formula.marked for formula in context.formulas.numbers} == {""}
