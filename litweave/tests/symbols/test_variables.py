"""Variables are found in the code and bear the keys of their symbols."""

import json
import re
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.diagnostics import Diagnostics
from litweave.features.symbols.symbols import Symbols, notation
from litweave.features.symbols.variables import check, marks, read, show
from litweave.highlight import lines
from litweave.parse import Module, parse

LAYER = '''\
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


def layer(source: str = LAYER) -> Module:
    return parse(source, "layer.py")


def marked(module: Module) -> list[tuple[int, str, str]]:
    symbols = Symbols.of(notation(module))
    return [
        (
            mark.line,
            module.lines[mark.line - 1][mark.start : mark.end],
            mark.attributes["data-n"],
        )
        for mark in marks(module, symbols)
    ]


def test_each_occurrence_has_the_keys_of_its_symbols() -> None:
    assert marked(layer()) == [
        *[(18, "num_patches", "1"), (18, "size", "4 5"), (18, "dim", "6")],
        *[(19, "fc1", "2 3"), (19, "num_patches", "1")],
        *[(19, "size", "4 5"), (19, "size", "4 5")],
        *[(20, "size", "4 5"), (20, "size", "4 5")],
        *[(23, "size", "4 5"), (23, "size", "4 5")],
        *[(24, "fc1", "2 3"), (24, "dim", "6"), (24, "dim", "6")],
        *[(24, "fc1", "2 3"), (24, "num_patches", "1")],
    ]


def test_a_keyword_of_others_is_not_the_variable() -> None:
    assert "dim=1" in layer().lines[22]
    assert (23, "dim", "6") not in marked(layer())


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_make_no_difference(ending: str) -> None:
    assert marked(layer(LAYER.replace("\n", ending))) == marked(layer())


def test_the_code_shows_them() -> None:
    module = layer()
    html = lines(module, list(marks(module, Symbols.of(notation(module)))))
    assert '<span data-n="2 3"><span class="n">fc1</span></span>' in html[18]
    assert html[18].count("fc1") == 2, "the comment has no mark"
    assert html[18].count('data-n="2 3"') == 1


# ## What the page's script is told


def test_a_page_carries_keys_and_values(tmp_path: Path) -> None:
    source = tmp_path / "pkg"
    source.mkdir()
    (source / "layer.py").write_text(LAYER.replace("`size`", "`size`, `only_here`"))
    (source / "silent.py").write_text('"""# Without a notation"""\n\nsize = 1\n')
    book = Book()
    book.read(source)
    read(book)
    show(book, {"layer.md": {"num_patches": (24,), "size": (3.5, (4, 5))}})
    assert not book.context.diagnostics.found
    assert list(book.context.symbols) == ["layer.md"]
    assert not book.chapters["silent.md"].overlay.marks
    extra = book.chapters["layer.md"].overlay
    assert len(extra.marks) == 16
    match = re.fullmatch(
        r"<script type=\"application/json\" id=.*?>(.*)</script>", extra.tools[0]
    )
    assert match
    assert json.loads(match[1]) == [
        {"keys": [1], "values": {"num_patches": [24]}},
        {"keys": [2, 3], "values": {"fc1": []}},
        {"keys": [4, 5], "values": {"size": [3.5, [4, 5]], "only_here": []}},
        {"keys": [6], "values": {"dim": []}},
        {"keys": [7], "values": {}},
    ]


def test_no_name_can_end_the_script(tmp_path: Path) -> None:
    path = tmp_path / "layer.py"
    path.write_text(LAYER.replace("`size`", "`</script><b>`"))
    book = Book()
    book.read(path)
    read(book)
    show(book, {})
    (chapter,) = book.chapters.values()
    assert chapter.overlay.tools[0].count("<") == 2


# ## Checks


def diagnostics(source: str) -> str:
    found = Diagnostics()
    check(layer(source), found)
    return str(found)


def test_a_good_notation_has_no_problem() -> None:
    assert diagnostics(LAYER) == ""
    assert diagnostics(LAYER.replace("`size`", "`only_here`")) == "", (
        "an example is code"
    )


NOBODY = "no code and no example of this module names"


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("$Q$, `patches`: renamed", f"{NOBODY} “patches”"),
        ("$Q$, `Not`: in prose", f"{NOBODY} “Not”"),
        ("$Q$, `len(x)`: a call", "“len(x)” is no identifier"),
        ("$S = H W$, `size`: more", "“S = H W” is no symbol"),
        ("$3$, `size`: a number", "“3” is no symbol"),
        ("$d$, `size`: again", "“d” is in the notation twice"),
        ("$S$ is `size`", "an item of the notation is “$symbol$, "),
    ],
)
def test_a_bad_entry_is_named_with_its_line(item: str, problem: str) -> None:
    source = LAYER.replace("- $i$: an index", f"- {item}")
    assert diagnostics(source).startswith(f"layer.py:9: {problem}")
    assert "\n" not in diagnostics(source)
