"""What is shown of a shape at the end of a line, and how a letter is set."""

import pytest
from bs4 import BeautifulSoup, Tag

from litweave.features.shapes.hints import Letter, hint, letter
from litweave.features.shapes.shapes import Seen
from litweave.features.shapes.tensors import Measure, Measures
from litweave.words import said


def tensor(shape: str, dtype: str = "float32", changed: bool = False) -> Measure:
    """A measure written as `B=2 5`."""
    pairs = [axis.rpartition("=") for axis in shape.split()]
    letters = tuple(name or None for name, _, _ in pairs)
    return Measure(tuple(int(n) for _, _, n in pairs), letters, dtype, changed)


def hinted(*runs: str | Measures, code: str = "y = x") -> Tag:
    measures = (run if isinstance(run, tuple) else (tensor(run),) for run in runs)
    return parsed([Seen(1, "y", tuple(measures))], code)


def parsed(names: list[Seen], code: str) -> Tag:
    found = BeautifulSoup(said(hint(names, code)), "html.parser").span
    assert found is not None
    return found


def box(shown: Tag) -> list[str]:
    """The lines of the box."""
    lines = str(shown["data-runs"]).split("<br>")
    return [BeautifulSoup(line, "html.parser").get_text() for line in lines]


# ## Hints

NEW, OLD = tensor("B=2", "bool", True), tensor("B=2", "bool")
PAIR = (tensor("B=2 5"), tensor("B=2", "int64", True))
# Runs, what is shown of them, and what the box says, line by line.
HINTS: list[tuple[list[str | Measures], str, str]] = [
    (["B=2 S=24 20"], "B × S × 20", "2 × 24 × 20 float32"),
    # A single number has no axes.
    ([""], "scalar", "scalar float32"),
    # Runs that read alike are one, and of others the most letters are shown.
    (["B=2 S=24", "B=2 S=49"], "B × S", "2 × 24 float32, 2 × 49 float32"),
    (
        ["2 S=24", "B=2 S=24", "B=3 S=24", "2 25"],
        "B × S …",
        "2 × S:, 2 × 24 float32, B × S:, 2 × 24 float32, 3 × 24 float32, "
        "2 × 25 float32",
    ),
    # A new type is shown if it is new in every run.
    ([(NEW,)], "B bool", "2 bool"),
    ([(NEW,), (tensor("B=3", "bool", True),)], "B bool", "2 bool, 3 bool"),
    ([(NEW,), (OLD,)], "B", "2 bool"),
    ([(OLD,)], "B", "2 bool"),
    # Several tensors stand in parentheses.
    ([PAIR], "(B × 5, B int64)", "(2 × 5 float32, 2 int64)"),
]


@pytest.mark.parametrize(("runs", "text", "lines"), HINTS)
def test_a_shape_is_shown_in_letters_and_told_in_numbers(
    runs: list[str | Measures], text: str, lines: str
) -> None:
    shown = hinted(*runs)
    assert shown.get_text() == text
    assert ", ".join(box(shown)) == lines


def test_a_shape_is_said() -> None:
    shown = hinted("B=2 S=24 20")
    assert [letter.get_text() for letter in shown.find_all("i")] == ["B", "S"]
    assert shown["aria-label"] == "shape B by S by 20, in the example 2 by 24 by 20"
    assert hinted("3 5")["aria-label"] == "shape 3 by 5", "numbers are not said twice"
    assert "2 by 24, or 2 by 49" in str(hinted("B=2 S=24", "B=2 S=49")["aria-label"])
    # Of many runs a few are listed.
    shown = hinted(*(f"S={size}" for size in range(10, 30)))
    assert len(box(shown)) == 9
    assert box(shown)[-1] == "and 12 more"
    assert str(shown["aria-label"]).endswith("or 12, and others")


def test_names_are_shown_where_a_line_has_several_or_defines() -> None:
    names = [Seen(1, name, ((tensor(f"{name}=2"),),)) for name in ("a", "b")]
    assert parsed(names, "a, b = f()").get_text() == "a: a, b: b"
    assert box(parsed(names, "a, b = f()")) == ["a: 2 float32", "b: 2 float32"]
    shown = hinted("B=2", code="    def forward(self, y: Tensor) -> Tensor:")
    assert shown.get_text() == "y: B"
    assert shown["aria-label"] == "shape y B, in the example 2"
    assert hinted("B=2", code="    y: Tensor,").get_text() == "B"


def test_where_room_may_lack_the_columns_of_the_code_are_known() -> None:
    assert "style" not in hinted("B=2", code="y" * 79).attrs
    assert hinted("B=2", code="y" * 80)["style"] == "--columns:80"
    assert hinted("10 " * 12, code="y" * 30)["style"] == "--columns:30"


def test_what_an_author_names_is_never_html() -> None:
    bad = '<img src=x onerror="alert(1)">'
    shown = parsed([Seen(1, bad, ((tensor("2", bad, True),),))] * 2, "y = x")
    assert shown.find("img") is None
    assert BeautifulSoup(str(shown["data-runs"]), "html.parser").find("img") is None
    assert bad in shown.get_text()


# ## Letters


@pytest.mark.parametrize(
    ("tex", "html", "words"),
    [
        ("S", "<i>S</i>", "S"),
        ("D_S", "<i>D</i><sub><i>S</i></sub>", "D S"),
        (r"C_{\text{in}}", "<i>C</i><sub>in</sub>", "C in"),
        (r"C_\mathrm{in} P^2", "<i>C</i><sub>in</sub><i>P</i><sup>2</sup>", "C in P 2"),
        (r"H \cdot W", "<i>H</i>·<i>W</i>", "H times W"),
        (r"\gamma", "<i>γ</i>", "gamma"),
        (r"\varepsilon", "<i>ε</i>", "epsilon"),
        (r"\Lambda", "<i>Λ</i>", "Lambda"),
        ("S'", "<i>S</i><sup>′</sup>", "S prime"),
    ],
)
def test_a_letter_is_set_and_said(tex: str, html: str, words: str) -> None:
    assert letter(tex) == Letter(html, words)


@pytest.mark.parametrize(
    "tex", ["", r"\hat{H}", r"\mathbf{1}", r"\frac{a}{b}", "S = 2"]
)
def test_what_takes_more_than_letters_and_scripts_is_not_set(tex: str) -> None:
    assert letter(tex) is None
    shown = hinted((Measure((7,), (tex,), "float32", False),))
    assert shown.get_text() == "7"
