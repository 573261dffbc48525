"""Variables are found in the code and bear the keys of their symbols."""

import json
import re
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.diagnostics import Diagnostics
from litweave.features.symbols.symbols import Symbols, notation
from litweave.features.symbols.variables import check, marks, read, show
from litweave.parse import Module, parse
from support import book_of

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
    found = marks(module, Symbols.of(notation(module)))
    texts = [(m, module.lines[m.line - 1][m.start : m.end]) for m in found]
    return [(m.line, text, m.attributes["data-n"]) for m, text in texts]


def test_each_occurrence_has_the_keys_of_its_symbols() -> None:
    size = "size", "4 5"
    assert marked(layer()) == [
        *[(18, "num_patches", "1"), (18, *size), (18, "dim", "6")],
        *[(19, "fc1", "2 3"), (19, "num_patches", "1"), (19, *size), (19, *size)],
        # A keyword of others, here `dim`, is not the variable.
        *[(20, *size), (20, *size), (23, *size), (23, *size)],
        *[(24, "fc1", "2 3"), (24, "dim", "6"), (24, "dim", "6")],
        *[(24, "fc1", "2 3"), (24, "num_patches", "1")],
    ]
    for ending in ("\r\n", "\r"):
        assert marked(layer(LAYER.replace("\n", ending))) == marked(layer())


def enriched(
    folder: Path, source: str, **values: tuple[float | tuple[int, ...], ...]
) -> Book:
    """A book of the module and of one without a notation."""
    silent = '"""# Without a notation"""\n\nsize = 1\n'
    book = book_of(folder, {"layer.py": source, "silent.py": silent})
    read(book)
    show(book, {"layer.md": values} if values else {})
    return book


def test_a_page_carries_keys_and_values(tmp_path: Path) -> None:
    source = LAYER.replace("`size`", "`size`, `only_here`")
    book = enriched(tmp_path, source, num_patches=(24,), size=(3.5, (4, 5)))
    assert not book.context.diagnostics.found
    assert list(book.context.symbols) == ["layer.md"]
    assert not book.chapters["silent.md"].overlay.marks
    extra = book.chapters["layer.md"].overlay
    assert len(extra.marks) == 16
    match = re.fullmatch(r"<script type=\S+ id=.*?>(.*)</script>", extra.tools[0])
    assert match
    assert json.loads(match[1]) == [
        {"keys": [1], "values": {"num_patches": [24]}},
        {"keys": [2, 3], "values": {"fc1": []}},
        {"keys": [4, 5], "values": {"size": [3.5, [4, 5]], "only_here": []}},
        {"keys": [6], "values": {"dim": []}},
        {"keys": [7], "values": {}},
    ]


def test_no_name_can_end_the_script(tmp_path: Path) -> None:
    book = enriched(tmp_path, LAYER.replace("`size`", "`</script><b>`"))
    assert book.chapters["layer.md"].overlay.tools[0].count("<") == 2


def diagnostics(source: str) -> str:
    found = Diagnostics()
    check(layer(source), found)
    return str(found)


def test_a_good_notation_has_no_problem() -> None:
    assert diagnostics(LAYER) == ""
    # An example is code.
    assert diagnostics(LAYER.replace("`size`", "`only_here`")) == ""


NOBODY = "no code and no example of this module names"
BAD = {
    "$Q$, `patches`: renamed": f"{NOBODY} “patches”",
    "$Q$, `Not`: in prose": f"{NOBODY} “Not”",
    "$Q$, `len(x)`: a call": "“len(x)” is no identifier",
    "$S = H W$, `size`: more": "“S = H W” is no symbol",
    "$3$, `size`: a number": "“3” is no symbol",
    "$d$, `size`: again": "“d” is in the notation twice",
    "$S$ is `size`": "an item of the notation is “$symbol$, ",
}


@pytest.mark.parametrize("item", BAD)
def test_a_bad_entry_is_named_with_its_line(item: str) -> None:
    said = diagnostics(LAYER.replace("- $i$: an index", f"- {item}"))
    assert said.startswith(f"layer.py:9: {BAD[item]}")
    assert "\n" not in said
