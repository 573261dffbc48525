"""Names in the code are links: to rows of the book, and to documentation elsewhere.

What libraries have of the names is asked for in isolation, and remembered.
"""

import email
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features import links as feature
from litweave.features.links import ask, libraries
from litweave.features.links.libraries import Answer
from litweave.features.links.meanings import Meanings
from litweave.words import said
from support import book_of, read_book

Patch = pytest.MonkeyPatch
# Where names are documented, below the address of their library; `*` is the name, and
# behind `none` is why there is no place.
BASES = {
    "torch": "https://docs.pytorch.org/docs/stable/",
    "einops": "https://einops.rocks/",
    "numpy": "https://numpy.org/doc/stable/reference/",
}
PYTHON = "https://docs.python.org/3/library/"
DOCUMENTED = """
torch                              torch.html
torch.nn                           nn.html
torch.nn.Linear                    generated/*.html
torch.nn.functional.gelu           generated/*.html
torch.nn.functional.conv2d         generated/*.html
torch.conv2d                       generated/torch.nn.functional.conv2d.html
torch.nn.init.zeros_               nn.init.html#*
torch.nn.Module.parameters         generated/torch.nn.Module.html#*
torch.nn.Linear.reset_parameters   generated/torch.nn.Linear.html#*
torch.nn.Parameter                 generated/torch.nn.parameter.Parameter.html
torch.nn.parameter.Parameter       generated/*.html
torch.Tensor                       tensors.html#*
torch.Tensor.expand                generated/*.html
torch.float32                      tensor_attributes.html#torch.dtype
torch.no_grad                      generated/*.html
torch.inference_mode  generated/torch.autograd.grad_mode.inference_mode.html
torch.utils.data.DataLoader        data.html#*
torch.Generator                    generated/*.html
einops
einops.rearrange                   api/rearrange/
numpy.where                        generated/*.html
numpy.abs                          generated/numpy.absolute.html
numpy.ndarray.mean                 generated/*.html
numpy.nan                          constants.html#*
numpy.float32                      arrays.scalars.html#*
functools.partial                  functools.html#*
os.path.join                       os.path.html#*
math.pi                            math.html#*
collections.abc.Sequence           collections.abc.html#*
datetime.datetime.now              datetime.html#*
asyncio                            asyncio.html
torch.typename                     none: it is on no page
torch.AliasDb                      none: it says nothing of itself
asyncio.run                        none: no rule covers it
xml.etree.ElementTree              none: no rule covers it
antigravity                        none: no rule covers it
_thread.start_new_thread           none: no rule covers it
einops.EinopsError                 none: no rule covers it
torch.__version__                  none: it is private
os.environ.get                     none: an instance has it
io.StringIO.nothing                none: it is not there
torch.nowhere                      none: it is not there
torch.nn.Linear.reset_parameters.x none: it is not there
torch.optim.AdamW.step             none: it is inherited
winreg.x                           none: its library is not there
mine.own.name                      none: it is of no library
"""
PLACES = dict((*line.split(None, 1), "")[:2] for line in DOCUMENTED.split("\n")[1:-1])
OTHERS = """
    io.StringIO.write numpy.linalg.norm torch.nn.Module.nothing torch.baddbmm
    torch.nowhere.x torch.nn.functional torch.optim.AdamW torch.ops.mine.op torch.dtype
    torch.tensor datetime.datetime pathlib.Path.exists os os.environ re.sub typing.Any
    torch.nn.Module importlib.resources.abc.Traversable
"""
NAMES = [*PLACES, *OTHERS.split()]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of what libraries say of all these names, asked once."""
    path = tmp_path_factory.mktemp("known") / "libraries.json"
    ask(NAMES, path)
    return path


@pytest.fixture(scope="module")
def answers(known: Path) -> dict[str, Answer]:
    return ask(NAMES, known)


@pytest.mark.parametrize("name", PLACES)
def test_where_a_name_is_documented(name: str, answers: dict[str, Answer]) -> None:
    place = PLACES[name].replace("*", name)
    base = BASES.get(name.partition(".")[0], PYTHON)
    expected = None if place.startswith("none") else base + place
    assert (answers[name].href if name in answers else None) == expected


CALLED = {
    "torch.nn.Linear": "(in_features: int, out_features: int, bias: bool = True, "
    "device=None, dtype=None)",
    "torch.baddbmm": "(input, batch1, batch2, *, beta=1, alpha=1, out=None) -> Tensor",
    "collections.abc.Sequence": "",
    "einops.rearrange": "(tensor, pattern, **axes_lengths)",
    "functools.partial": "(func, *args, **keywords)",
}


def test_what_is_told_of_a_name(answers: dict[str, Answer]) -> None:
    for name, called in CALLED.items():
        assert answers[name].called == name + called
    assert answers["torch.nn.Linear"].summary == (
        "Applies an affine linear transformation to the incoming data: y = xA^T + b."
    )
    assert answers["torch.baddbmm"].summary == (
        "Performs a batch matrix-matrix product of matrices in batch1 and batch2."
    )
    # And nothing of a value.
    assert answers["math.pi"][1:] == ("math.pi", "", False)
    assert answers["torch.float32"].called == "torch.dtype"
    # A summary is one short, plain sentence.
    for name, answer in answers.items():
        assert len(answer.summary) <= libraries.LONGEST_SUMMARY, name
        assert not re.search(r"`|:class:|\n|\\", answer.summary), name


def test_nothing_of_this_machine_is_told(monkeypatch: Patch) -> None:
    class Secret:
        def __repr__(self) -> str:
            return "secret"

    # fmt: off
    def mean(
        secret: object = Secret(), environ: object = os.environ,
        folder: str = os.getcwd(), many: str = "x" * 40,
        nested: tuple[object, ...] = (None, 1, "a"),
        made: type = int, number: float = 0.5,
    ) -> None: ...
    # fmt: on

    monkeypatch.setattr(statistics, "mean", mean)
    answer = libraries.answer("statistics.mean")
    assert answer
    assert answer.called == (
        "statistics.mean(secret=…, environ=…, folder=…, many=…, "
        'nested=(None, 1, "a"), made=int, number=0.5)'
    )


def test_what_is_known_is_not_asked_again(tmp_path: Path, monkeypatch: Patch) -> None:
    cache, asked = tmp_path / "libraries.json", list[str]()

    def look_up(names: list[str]) -> list[Answer]:
        asked.append(" ".join(names))
        return [Answer(f"#{name}", f"{name}()", "", False) for name in names]

    def ask_for(*names: str) -> list[str]:
        """Those that are looked up, each time."""
        asked.clear()
        ask(names, cache)
        return asked

    monkeypatch.setattr(feature, "_look_up", look_up)
    both = "math.pi", "torch.cat"
    assert ask_for(*both) == ["math.pi torch.cat"]
    assert ask_for("math.pi", "math.e") == ["math.e"]
    first, before = ask(both, cache), cache.read_bytes()
    assert ask_for(*both[::-1]) == []
    assert ask(both[::-1], cache) == first
    assert {*ask(["math.e"], cache)} == {"math.e"}
    assert cache.read_bytes() == before
    # Where something else is installed, everything.
    monkeypatch.setattr(feature, "installed", lambda: "another")
    assert ask_for(*both) == ["math.pi torch.cat"]
    assert ask_for(*both) == []


def test_only_libraries_in_the_table_are_imported(tmp_path: Path) -> None:
    others = "pytest.fixture", "yaml.load", "antigravity.fly"
    assert ask(others, tmp_path / "cache") == {}
    assert not (tmp_path / "cache").exists()


def test_a_process_that_fails_says_why(tmp_path: Path, monkeypatch: Patch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no room')")
    broken.with_suffix(".toml").touch()
    monkeypatch.setattr(libraries, "__file__", str(broken))
    with pytest.raises(RuntimeError, match="no room"):
        ask(["math.pi"], tmp_path / "libraries.json")
    assert not (tmp_path / "libraries.json").exists()


def test_no_file_here_passes_for_a_library(tmp_path: Path, monkeypatch: Patch) -> None:
    spoiled = "open('was_here', 'w').close()\nrearrange = statistics = None\n"
    for name in ("einops.py", "statistics.py", "json.py"):
        (tmp_path / name).write_text(spoiled)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = ask(["einops.rearrange", "statistics.mean"], tmp_path / "cache.json")
    assert {*found} == {"einops.rearrange", "statistics.mean"}
    assert not (tmp_path / "was_here").exists()


def test_what_a_library_prints_is_no_answer() -> None:
    # This one prints a poem while it is imported.
    command, names = [sys.executable, "-I", libraries.__file__], ["this.s", "math.pi"]
    answer = subprocess.check_output(command, input=json.dumps(names), text=True)
    assert [*json.loads(answer)] == names


# ## The links of a book

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
    "__init__.py": '"""# All"""\nfrom pkg.layers.norm import Norm as Normal\n'
    "from pkg.layers.gelu import GELU\n",
    "layers/__init__.py": '"""# The *layers*"""\nfrom .gelu import GELU\n',
    "layers/norm.py": NORM,
    "layers/gelu.py": "# A licence.\n"
    '"""# GELU & more"""\nimport torch\nclass GELU: pass\nC = 1\n',
    "mixer.py": MIXER,
    "by_package.py": "from pkg.layers import GELU\n",
    "by_module.py": "from pkg.layers import gelu\nimport pkg.layers.gelu\n",
    "by_constant.py": "def f():\n    from pkg.layers.gelu import C\n",
    "by_star.py": "from pkg.layers.gelu import *\n",
    "alone.py": "import os\nimport pkg2\nfrom pkg.nowhere import x\n",
    "itself.py": "from pkg import itself\n",
}


def enriched(folder: Path, known: Path, files: dict[str, str]) -> Book:
    """A book with its links, for which no library is asked."""
    book, before = book_of(folder, files), known.read_bytes()
    meanings = Meanings(book.modules)
    feature.link(book, meanings, known)
    feature.list_uses(book, meanings)
    assert known.read_bytes() == before, "or else the list above is to be longer"
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, known: Path) -> Book:
    book = enriched(tmp_path_factory.mktemp("book"), known, FILES)
    assert not book.context.diagnostics.found
    return book


def links(book: Book, page: str) -> list[tuple[str, str]]:
    """The text of each link on a page, and where it leads."""
    lines, marks = book.chapters[page].module.lines, book.chapters[page].overlay.marks
    return [(lines[m.line - 1][m.start : m.end], m.attributes["href"]) for m in marks]


def told(book: Book, page: str) -> dict[str, list[str]]:
    """What the tips of a page say."""
    tools = "".join(book.chapters[page].overlay.tools)
    [found] = re.findall(r'id="weave-references">(.*?)</script>', tools)
    return dict(json.loads(found))


def test_names_lead_to_rows_and_to_documentation_with_tips(book: Book) -> None:
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
    # A tip has the signature and the first line.
    signature = "Norm(dim: int, eps: float = 1e-06)"
    forward = "Norm.forward(x: Tensor) -> Tensor"
    assert told(book, "mixer.md") == {
        "../": ["pkg", "All"],
        here: ["pkg.layers.norm", "The norm"],
        to_norm: [signature, "Layer norm. Subtracts the mean."],
        f"{to_norm}.forward": [forward, "Normalise x, where a = b."],
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
    book = read_book(Path(email.__file__).parent)
    feature.link(book, Meanings(book.modules), tmp_path / "libraries.json")
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


def test_a_module_of_the_author_is_no_library(tmp_path: Path, known: Path) -> None:
    # A package that has the name of one of Python's modules.
    files = {"__init__.py": "", "a.py": "import pkg\npkg.b\n", "b.py": "x = len(y)\n"}
    book = enriched(tmp_path, known, files)
    assert links(book, "a.md") == [("pkg.b", "../b/")]
    # A page that links nowhere has no table of tips.
    assert book.chapters["b.md"].overlay.tools == []


def shown(book: Book, page: str) -> dict[str, list[tuple[str, str]]]:
    panels = said("".join(book.chapters[page].overlay.endnotes))
    lists = re.findall(r"<h2>([^<]*)</h2><ul>(.*?)</ul>", panels)
    link = r'<a href="([^"]*)">([^<]*)</a>'
    return {name: re.findall(link, items) for name, items in lists}


def test_the_lists_on_a_page(book: Book) -> None:
    gelu = ("../layers/gelu/", "GELU &amp; more")
    pages = ["by_constant", "by_module", "by_package", "by_star"]
    for page in pages:
        assert shown(book, f"{page}.md") == {"Uses": [gelu]}
    others = [(f"../../{page}/", f"pkg.{page}") for page in pages]
    users = [("../../", "All"), *others, ("../", "The layers")]
    assert shown(book, "layers/gelu.md") == {"Used by": users}
    # A page that uses nothing shows nothing, and a module without a page is nothing.
    for page in ("itself.md", "alone.md"):
        assert book.chapters[page].overlay.endnotes == []
