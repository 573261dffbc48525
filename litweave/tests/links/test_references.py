"""Names in the code are links: to rows of the book, and to documentation elsewhere."""

import email
import json
import re
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features.links import references
from litweave.features.links.resolve import Meanings
from litweave.words import said
from support import book_of

TORCH = "https://docs.pytorch.org/docs/stable/generated/"

NORM = '''"""# The norm"""
from torch import Tensor, nn

class Norm(nn.Module):
    """## Layer *norm*

    Subtracts the [mean][norm]. Divides.
    """
    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        self.linear = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x`, where $a = b$."""
        return self.linear(nn.functional.gelu(x))
'''

MIXER = '''"""# The Mixer"""
from pkg import Normal, norm
from pkg.layers.norm import Norm

class Mixer:
    # What mixes.
    def __init__(self):
        self.norm = Norm(1)

    def mix(self, x):
        return self.norm(self.norm.forward(x)), Norm, Norm.forward

    def again(self, x):
        # A row of its own.
        return Norm, norm, Mixer
'''

FILES = {
    "__init__.py": "from pkg.layers.norm import Norm as Normal\n",
    "layers/__init__.py": "",
    "layers/norm.py": NORM,
    "mixer.py": MIXER,
}


# What the sources below name.
NAMES = [
    *("torch.nn.Module", "torch.Tensor", "torch.nn.Linear", "torch.nn.functional.gelu"),
    *("torch.nn.Linar", "torch.Tenzor", "torch.zzzzzz", "torch.qqqqqq"),
    *("torch.nn.Linear.qqqqqq", "torch.nn.Module.qqqqqq", "torch._qqqqqq"),
    *("torch.ops.mine.op", "math.pie", "os.startfile", "sys.platform", "winreg.x"),
]


def enriched(folder: Path, known: Path, files: dict[str, str]) -> Book:
    """A book with its links, for which no library is asked."""
    book, before = book_of(folder, files), known.read_bytes()
    references.link(book, Meanings.read(book.modules), known)
    assert known.read_bytes() == before, "or else the list above is to be longer"
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, known: Path) -> Book:
    book = enriched(tmp_path_factory.mktemp("book"), known, FILES)
    assert not book.context.diagnostics.found
    return book


def links(book: Book, page: str) -> list[tuple[str, str]]:
    """The text of each link on a page, and where it leads."""
    chapter = book.chapters[page]
    return [
        (chapter.module.lines[m.line - 1][m.start : m.end], m.attributes["href"])
        for m in chapter.overlay.marks
    ]


def told(book: Book, page: str) -> dict[str, list[str]]:
    """What the tips of a page say."""
    tools = "".join(book.chapters[page].overlay.tools)
    found = re.search(r'id="weave-references">(.*?)</script>', tools)
    assert found
    return dict(json.loads(found[1]))


def test_names_lead_to_rows_and_to_documentation(book: Book) -> None:
    norm = links(book, "layers/norm.md")
    assert ("nn.Module", f"{TORCH}torch.nn.Module.html") in norm
    assert ("self.linear", f"{TORCH}torch.nn.Linear.html") in norm
    assert ("nn.functional.gelu", f"{TORCH}torch.nn.functional.gelu.html") in norm
    assert "x" not in [text for text, _ in norm]
    mixer = links(book, "mixer.md")
    here, to_norm = "../layers/norm/", "../layers/norm/#Norm"
    assert mixer[:2] == [("pkg", "../"), ("Normal", to_norm)]
    assert mixer[2:5] == [("pkg.layers.norm", here), *[("Norm", to_norm)] * 2]
    assert ("self.norm.forward", f"{to_norm}.forward") in mixer
    assert ("Mixer", "#Mixer") in mixer


def test_the_tip_has_the_signature_and_the_first_line(book: Book) -> None:
    norm = "../layers/norm/"
    signature = "Norm(dim: int, eps: float = 1e-06)"
    forward = "Norm.forward(x: Tensor) -> Tensor"
    assert told(book, "mixer.md") == {
        "../": ["pkg", ""],
        norm: ["pkg.layers.norm", "The norm"],
        f"{norm}#Norm": [signature, "Layer norm. Subtracts the mean."],
        f"{norm}#Norm.forward": [forward, "Normalise x, where a = b."],
        "#Mixer": ["Mixer()", ""],
    }
    linear = told(book, "layers/norm.md")[f"{TORCH}torch.nn.Linear.html"]
    assert linear[0].startswith("torch.nn.Linear(in_features")
    assert linear[1].startswith("Applies an affine linear")
    assert linear[2] == "docs.pytorch.org"


def test_marks_say_what_leaves_the_site_and_where_keys_stop(book: Book) -> None:
    for page in ("layers/norm.md", "mixer.md"):
        chapter = book.chapters[page]
        numbered = enumerate(chapter.module.rows)
        rows = {line: number for number, row in numbered for line in row.code}
        every, stops = [], []
        for mark in chapter.overlay.marks:
            address = mark.attributes["href"]
            outside = address.startswith("https://")
            assert (mark.attributes.get("rel") == "external") == outside
            every.append((rows[mark.line], address))
            stops += every[-1:] if "tabindex" not in mark.attributes else []
        # Once in a row for each place.
        assert len(stops) == len(set(stops))
        assert set(stops) == set(every)
    assert len(every) > len(stops)


def test_text_in_a_tip_ends_no_script(tmp_path: Path, known: Path) -> None:
    source = 'def f(x="</script><b>"):\n    """A </script>."""\nf()\n'
    book = enriched(tmp_path, known, {"a.py": source})
    assert "".join(book.chapters["a.md"].overlay.tools).count("<") == 2
    assert told(book, "a.md")["#f"] == ["f(x='</script><b>')", "A </script>."]


def test_links_lie_within_their_line_and_apart(tmp_path: Path) -> None:
    book = Book()
    book.read(Path(email.__file__).parent)
    references.link(book, Meanings.read(book.modules), tmp_path / "libraries.json")
    number = 0
    for chapter in book.chapters.values():
        line = end = 0
        for mark in chapter.overlay.marks:
            end = end if mark.line == line else 0
            text = chapter.module.lines[mark.line - 1].rstrip("\r\n")
            assert end <= mark.start < mark.end <= len(text)
            line, end = mark.line, mark.end
            number += 1
    assert number > 1000


MISSING = {
    "nn.Linar(1, 2)": "“torch.nn” has no “Linar”; did you mean “Linear”?",
    "from torch import Tenzor": "“torch” has no “Tenzor”; did you mean “Tensor”?",
    "import torch.zzzzzz": "“torch” has no “zzzzzz”",
    "import math; math.pie": "“math” has no “pie”; did you mean “pi”?",
    # What may well be missing is no mistake.
    "try: torch.qqqqqq\nexcept AttributeError: pass": "",
    "import sys, os\nif sys.platform == 'win32': os.startfile('')": "",
    "nn.Linear.qqqqqq": "",
    "class A(nn.Module):\n    def f(self): self.qqqqqq": "",
    "import winreg; winreg.x": "",
    "import somewhere; somewhere.x": "",
    "torch.ops.mine.op": "",
    "torch._qqqqqq": "",
}


@pytest.mark.parametrize("line", MISSING)
def test_a_name_that_a_library_does_not_have(
    tmp_path: Path, known: Path, line: str
) -> None:
    source = f"import torch\nfrom torch import nn\n{line}\n"
    found = enriched(tmp_path, known, {"a.py": source}).context.diagnostics.found
    problem = f"pkg/a.py:3: {MISSING[line]}"
    assert [str(mistake) for mistake in found] == [problem] * bool(MISSING[line])
    assert {mistake.kind for mistake in found} <= {"name"}


def test_a_module_of_the_author_is_no_library(tmp_path: Path, known: Path) -> None:
    # A package that has the name of one of Python's modules.
    files = {"__init__.py": "", "a.py": "import pkg\npkg.b\n", "b.py": "x = len(y)\n"}
    book = enriched(tmp_path, known, files)
    assert links(book, "a.md") == [("pkg.b", "../b/")]
    # A page that links nowhere has no table of tips.
    assert book.chapters["b.md"].overlay.tools == []


USES = {
    "__init__.py": '"""# All"""\nfrom pkg.layers.gelu import GELU\n',
    "layers/__init__.py": '"""# The *layers*"""\nfrom .gelu import GELU\n',
    "layers/gelu.py": "# A licence.\n"
    '"""# GELU & more"""\nimport torch\nclass GELU: pass\nC = 1\n',
    "by_package.py": "from pkg.layers import GELU\n",
    "by_module.py": "from pkg.layers import gelu\nimport pkg.layers.gelu\n",
    "by_constant.py": "def f():\n    from pkg.layers.gelu import C\n",
    "by_star.py": "from pkg.layers.gelu import *\n",
    "alone.py": "import os\nimport pkg2\nfrom pkg.nowhere import x\n",
    "itself.py": "from pkg import itself\n",
}


@pytest.fixture(scope="module")
def using(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = book_of(tmp_path_factory.mktemp("using"), USES)
    references.list_uses(book, Meanings.read(book.modules))
    return book


def shown(using: Book, page: str) -> dict[str, list[tuple[str, str]]]:
    panels = said("".join(using.chapters[page].overlay.endnotes))
    lists = re.findall(r"<h2>([^<]*)</h2><ul>(.*?)</ul>", panels)
    link = r'<a href="([^"]*)">([^<]*)</a>'
    return {name: re.findall(link, items) for name, items in lists}


def test_the_lists_on_a_page(using: Book) -> None:
    gelu = ("../layers/gelu/", "GELU &amp; more")
    pages = ["by_constant", "by_module", "by_package", "by_star"]
    for page in pages:
        assert shown(using, f"{page}.md") == {"Uses": [gelu]}
    others = [(f"../../{page}/", f"pkg.{page}") for page in pages]
    users = [("../../", "All"), *others, ("../", "The layers")]
    assert shown(using, "layers/gelu.md") == {"Used by": users}
    # Of a module that is not there, the package is imported.
    assert shown(using, "alone.md") == {"Uses": [("../", "All")]}
    # A page that uses nothing shows nothing.
    assert using.chapters["itself.md"].overlay.endnotes == []
