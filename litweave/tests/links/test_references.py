"""Names in the code are links: to rows of the book, and to documentation elsewhere."""

import email
import json
import re
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features.links import references
from litweave.features.links.libraries import ask
from litweave.features.links.resolve import Meanings
from litweave.page import as_written, beside, cut
from litweave.words import said
from support import CACHE, book_of, build_here

TORCH = "https://docs.pytorch.org/docs/stable/generated/"

NORM = '''
"""# The norm"""
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

MIXER = '''
"""# The Mixer"""
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


# What the sources below name, asked once for all tests.
NAMES = """
    torch.nn.Module torch.Tensor torch.nn.Linear torch.nn.functional.gelu
    torch.nn.Linar torch.Tenzor torch.zzzzzz torch.qqqqqq torch._qqqqqq
    torch.nn.Linear.qqqqqq torch.nn.Module.qqqqqq torch.ops.mine.op
    math.pie os.startfile sys.platform winreg.x
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which everything is known."""
    path = tmp_path_factory.mktemp("cache") / "libraries.json"
    ask(NAMES.split(), path)
    return path


def enrich(book: Book, cache: Path) -> None:
    before = cache.read_bytes()
    references.link(book, Meanings.read(book.modules), cache)
    assert cache.read_bytes() == before, "or else the list above is to be longer"


@pytest.fixture
def book(tmp_path: Path, cache: Path) -> Book:
    book = book_of(tmp_path, FILES)
    enrich(book, cache)
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
    answer = json.loads(found[1])
    assert isinstance(answer, dict)
    return answer


def test_names_lead_to_rows_and_to_documentation(book: Book) -> None:
    norm = links(book, "layers/norm.md")
    assert ("nn.Module", f"{TORCH}torch.nn.Module.html") in norm
    assert ("self.linear", f"{TORCH}torch.nn.Linear.html") in norm
    assert ("nn.functional.gelu", f"{TORCH}torch.nn.functional.gelu.html") in norm
    assert "x" not in [text for text, _ in norm]
    mixer = links(book, "mixer.md")
    assert mixer[:5] == [
        ("pkg", "../"),
        ("Normal", "../layers/norm/#Norm"),
        ("pkg.layers.norm", "../layers/norm/"),
        ("Norm", "../layers/norm/#Norm"),
        ("Norm", "../layers/norm/#Norm"),
    ]
    assert ("self.norm.forward", "../layers/norm/#Norm.forward") in mixer
    assert ("Mixer", "#Mixer") in mixer


def test_the_tip_has_the_signature_and_the_first_line(book: Book) -> None:
    assert told(book, "mixer.md") == {
        "../": ["pkg", ""],
        "../layers/norm/": ["pkg.layers.norm", "The norm"],
        "../layers/norm/#Norm": [
            "Norm(dim: int, eps: float = 1e-06)",
            "Layer norm. Subtracts the mean.",
        ],
        "../layers/norm/#Norm.forward": [
            "Norm.forward(x: Tensor) -> Tensor",
            "Normalise x, where a = b.",
        ],
        "#Mixer": ["Mixer()", ""],
    }
    linear = told(book, "layers/norm.md")[f"{TORCH}torch.nn.Linear.html"]
    assert linear[0].startswith("torch.nn.Linear(in_features")
    assert linear[1].startswith("Applies an affine linear")
    assert linear[2] == "docs.pytorch.org"


def test_what_leaves_the_site_says_so(book: Book) -> None:
    for page in ("layers/norm.md", "mixer.md"):
        for mark in book.chapters[page].overlay.marks:
            outside = mark.attributes["href"].startswith("https://")
            assert (mark.attributes.get("rel") == "external") == outside


def test_the_keyboard_stops_once_in_a_row_for_each_place(book: Book) -> None:
    module = book.chapters["mixer.md"].module
    rows = {line: number for number, row in enumerate(module.rows) for line in row.code}
    stops = [
        (rows[mark.line], mark.attributes["href"])
        for mark in book.chapters["mixer.md"].overlay.marks
        if "tabindex" not in mark.attributes
    ]
    every = [
        (rows[mark.line], mark.attributes["href"])
        for mark in book.chapters["mixer.md"].overlay.marks
    ]
    assert len(stops) == len(set(stops))
    assert set(stops) == set(every)
    assert len(every) > len(stops)


def test_the_code_stays_the_code(book: Book) -> None:
    chapter = book.chapters["mixer.md"]
    module = chapter.module
    for row in beside(cut(as_written(module), module), module, chapter.overlay):
        text = re.sub(r"<[^>]*>", "", row.code)
        assert text.replace("&gt;", ">") == chapter.module.code(row.row)
        assert row.code.count("<a ") == row.code.count("</a>")


def test_a_page_that_links_nowhere_has_no_table(tmp_path: Path, cache: Path) -> None:
    book = book_of(tmp_path, {"a.py": '"""# A"""\nx = len("")\n'})
    enrich(book, cache)
    assert book.chapters["a.md"].overlay.tools == []


def test_text_in_a_tip_ends_no_script(tmp_path: Path, cache: Path) -> None:
    source = 'def f(x="</script><b>"):\n    """A </script>."""\nf()\n'
    book = book_of(tmp_path, {"a.py": source})
    enrich(book, cache)
    tools = "".join(book.chapters["a.md"].overlay.tools)
    assert tools.count("<") == 2
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


# ## Names that are not there


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nn.Linar(1, 2)", "“torch.nn” has no “Linar”; did you mean “Linear”?"),
        ("from torch import Tenzor", "“torch” has no “Tenzor”; did you mean “Tensor”?"),
        ("import torch.zzzzzz", "“torch” has no “zzzzzz”"),
        ("import math\nmath.pie", "“math” has no “pie”; did you mean “pi”?"),
    ],
)
def test_a_name_that_a_library_does_not_have(
    tmp_path: Path, cache: Path, line: str, message: str
) -> None:
    book = book_of(tmp_path, {"a.py": f'"""# A"""\nfrom torch import nn\n{line}\n'})
    enrich(book, cache)
    (problem,) = book.context.diagnostics.found
    assert str(problem) == f"pkg/a.py:{2 + len(line.splitlines())}: {message}"
    assert problem.kind == "name"


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntry:\n    torch.qqqqqq\nexcept AttributeError: pass",
        "import sys, os\nif sys.platform == 'win32':\n    os.startfile('')",
        "from torch import nn\nnn.Linear.qqqqqq",
        "from torch import nn\nclass A(nn.Module):\n    def f(self): self.qqqqqq",
        "import winreg\nwinreg.x",
        "import somewhere\nsomewhere.x",
        "import torch\ntorch.ops.mine.op",
        "import torch\ntorch._qqqqqq",
    ],
)
def test_what_may_well_be_missing_is_no_mistake(
    tmp_path: Path, cache: Path, source: str
) -> None:
    book = book_of(tmp_path, {"a.py": f"{source}\n"})
    enrich(book, cache)
    assert not book.context.diagnostics.found


def test_a_module_of_the_author_is_no_library(tmp_path: Path, cache: Path) -> None:
    # A package that has the name of one of Python's modules.
    files = {"__init__.py": "", "a.py": "import pkg\npkg.b\n", "b.py": "x = 1\n"}
    book = book_of(tmp_path, files)
    enrich(book, cache)
    assert links(book, "a.md") == [("pkg.b", "../b/")]


CONFIG = """
site_name: Small
theme: {name: material, font: false}
plugins: [search, litweave: {source: pkg, cache: %s}]
markdown_extensions: [pymdownx.superfences]
"""


def test_a_misspelt_name_fails_a_strict_build(tmp_path: Path) -> None:
    source = '"""# A"""\nfrom torch import nn\n\nlayer = nn.Linar(1, 2)\n'
    (tmp_path / "pkg").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n")
    (tmp_path / "pkg" / "a.py").write_text(source)
    (tmp_path / "mkdocs.yml").write_text(CONFIG % (CACHE / "litweave"))
    result = build_here(tmp_path)
    assert result.returncode != 0
    assert "pkg/a.py:4: “torch.nn” has no “Linar”; did you mean" in result.stderr
    (tmp_path / "pkg" / "a.py").write_text(source.replace("Linar", "Linear"))
    result = build_here(tmp_path)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "site" / "a" / "index.html").read_text()
    assert f'href="{TORCH}torch.nn.Linear.html" rel="external"' in page


# ## Which module imports which

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


@pytest.fixture
def using(tmp_path: Path) -> Book:
    book = book_of(tmp_path, USES)
    references.list_uses(book, Meanings.read(book.modules))
    return book


@pytest.mark.parametrize(
    ("page", "used"),
    [
        ("index.md", ["layers/gelu.md"]),
        ("layers/index.md", ["layers/gelu.md"]),
        ("layers/gelu.md", []),
        ("by_package.md", ["layers/gelu.md"]),
        ("by_module.md", ["layers/gelu.md"]),
        ("by_constant.md", ["layers/gelu.md"]),
        ("by_star.md", ["layers/gelu.md"]),
        ("itself.md", []),
    ],
)
def test_what_a_module_imports(using: Book, page: str, used: list[str]) -> None:
    assert references.imports(using, Meanings.read(using.modules))[page] == used


def shown(using: Book, page: str) -> dict[str, list[tuple[str, str]]]:
    panels = said("".join(using.chapters[page].overlay.endnotes))
    lists = re.findall(r"<h2>([^<]*)</h2><ul>(.*?)</ul>", panels)
    link = r'<a href="([^"]*)">([^<]*)</a>'
    return {name: re.findall(link, items) for name, items in lists}


def test_the_lists_on_a_page(using: Book) -> None:
    assert shown(using, "by_package.md") == {
        "Uses": [("../layers/gelu/", "GELU &amp; more")]
    }
    found = shown(using, "layers/gelu.md")
    assert list(found) == ["Used by"]
    assert ("../../", "All") in found["Used by"]
    assert ("../", "The layers") in found["Used by"]
    assert ("../../by_star/", "pkg.by_star") in found["Used by"]
    assert len(found["Used by"]) == 6


def test_a_page_that_uses_nothing_shows_nothing(using: Book) -> None:
    assert using.chapters["itself.md"].overlay.endnotes == []
