"""Shapes of a book: what is run, what is kept, what is a problem, what is shown."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from litweave import process
from litweave.book import Book
from litweave.dependencies import Dependencies
from litweave.features import shapes
from litweave.features.shapes import Answer, measure, note_unreached
from litweave.features.shapes.hints import Seen, hint, letter
from litweave.features.shapes.trace import Measure, Measures
from litweave.words import said
from support import CACHE, build_here, read_book, write_files

MODULE = '''\
r"""# A layer

## Notation

- $B$, `batch`: the images

>>> from pkg.layer import double
>>> from pkg.tensors import Tensor
>>> batch = 2
>>> _ = double(Tensor(batch))
"""

from pkg.tensors import Tensor


def double(x: Tensor) -> Tensor:
    """Give it."""
    if x.shape == (3,):
        return x
    return Tensor(*x.shape, 5)
'''
TENSORS = '''\
"""# Tensors"""


class Tensor:
    """A shape."""

    def __init__(self, *shape):
        self.shape, self.dtype = shape, "float32"
'''


def write(folder: Path, **sources: str) -> Path:
    files = {f"{n.replace('_in_', '/')}.py": text for n, text in sources.items()}
    return write_files(folder, files)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write(tmp_path / "pkg", __init__="", layer=MODULE, tensors=TENSORS)


def measured(package: Path) -> tuple[Book, dict[str, Answer]]:
    book = read_book(package)
    return book, measure(book, package.parent / "cache")


def sizes(found: Answer) -> list[list[list[int]]]:
    shapes = found["shapes"]
    return [[list(t[0]) for run in runs for t in run] for _, _, runs in shapes]


Starts = list[list[str]]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The modules of each process that is started."""
    started, lines = Starts(), process.lines

    def counted(command: Sequence[str], request: dict[str, Any]) -> object:
        started.append([module[0] for module in request["modules"]])
        return lines(command, request)

    monkeypatch.setattr(process, "lines", counted)
    return started


def test_what_the_examples_show_is_told_by_page(package: Path) -> None:
    more = "        y = x\n        return x\n"
    write(package, layer=MODULE.replace("        return x\n", more))
    book, found = measured(package)
    assert list(found) == ["layer.md"], "the others have no examples"
    layer = found["layer.md"]
    assert [seen[:2] for seen in layer["shapes"]] == [[16, "x"], [21, ""]]
    assert sizes(layer) == [[[2]], [[2, 5]]]
    assert [*layer["shapes"][1][2][0][0][1]] == ["B", None]
    assert layer["values"] == {"batch": [2]}
    assert not book.context.diagnostics.found
    note_unreached(book, "layer.md", layer["unreached"])
    message = "pkg/layer.py:19: no example of this module reaches “y = x” in double"
    assert str(book.context.diagnostics) == message


# ## What is kept

LONGER = MODULE.replace("# A layer", "# A layer\n\nIt has more words.")
# What is changed, and whether the layer is run again.
CHANGES = [
    ("layer.py", MODULE, False),
    ("layer.py", LONGER, False),
    ("layer.py", MODULE + "changed = 1\n", True),
    ("layer.py", MODULE.replace(">>> batch = 2", ">>> batch = 3"), True),
    ("layer.py", MODULE.replace("the images", "im").replace("$B$", "$N$"), True),
    ("tensors.py", TENSORS.replace("# Tensors", "# Tensors, explained"), False),
    ("tensors.py", TENSORS + "\nchanged = 1\n", True),
    ("other.py", '"""# Other"""\nfrom pkg import layer\n', False),
    ("site/torch-9.9.dist-info/RECORD", "", True),
]


def test_a_change_of_the_module_or_of_what_it_imports_runs_it_again(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package / "site"))
    for file, text, again in CHANGES:
        write(package, layer=MODULE, tensors=TENSORS)
        [before] = (item.keys for item in shapes._items(read_book(package)))
        write_files(package, {file: text})
        [now] = (item.keys for item in shapes._items(read_book(package)))
        assert (now != before) == again, text


def test_what_is_kept_moves_with_the_prose(package: Path, starts: Starts) -> None:
    then = measured(package)[1]["layer.md"]
    write(package, layer=LONGER)
    now = measured(package)[1]["layer.md"]
    assert len(starts) == 1
    lines = [[one[0] for one in found["shapes"]] for found in (then, now)]
    assert [line + 2 for line in lines[0]] == lines[1]
    assert [line + 2 for line in then["unreached"]] == now["unreached"]
    assert sizes(then) == sizes(now)


def test_several_programs_share_the_modules(
    package: Path, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "_WORTH", 4)
    monkeypatch.setattr(shapes.os, "cpu_count", lambda: 8)
    names = [f"one{number}" for number in range(9)]
    write(package, **dict.fromkeys(names, '"""# One\n\n>>> 1\n1\n"""\n'))
    book, found = measured(package)
    assert len(starts) == 3
    assert {f"{name}.md" for name in names} < {*found}
    asked = sorted(name for some in starts for name in some)
    assert asked == ["pkg.layer", *(f"pkg.{name}" for name in names)]
    assert not book.context.diagnostics.found


def test_a_failing_example_is_told_each_time(package: Path, starts: Starts) -> None:
    write(package, layer=MODULE.replace(">>> batch = 2", ">>> batch = 1 / 0"))
    for count in (2, 4):  # once more as it stands
        book, found = measured(package)
        problem = (
            "pkg/layer.py:9: the example fails: ZeroDivisionError: division by zero"
        )
        assert str(book.context.diagnostics) == problem
        assert not found
        assert len(starts) == count, "what failed is not kept"


def test_examples_that_refuse_to_be_watched_run_as_they_stand(package: Path) -> None:
    # `torch.compile` sees the calls, too, and takes long to refuse them.
    alone = '>>> "__spec__" in double.__code__.co_names\nFalse\n'
    write(package, layer=MODULE.replace(">>> batch = 2\n", f">>> batch = 2\n{alone}"))
    book, found = measured(package)
    assert not book.context.diagnostics.found
    assert not found["layer.md"]["shapes"]


def test_examples_that_end_their_program_do_not_end_the_others(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITWEAVE_LIMIT", "1")
    end, loop = "import os; os._exit(7)", "while True: pass"
    examples = {"aa": end, "for_ever": f"0\n0\n>>> {loop}", "zz": end}
    write(package, **{n: f'"""# End\n\n>>> {e}\n"""\n' for n, e in examples.items()})
    ends = f"import sys\nsys.stderr.write('Why.\\nSo.')\n{end}\n"
    write_files(package, {"sub/__init__.py": ends, "sub/x.py": '"""\n>>> 1\n"""'})
    book, found = measured(package)
    ended = "ended with status 7"
    late = "did not end within 1 seconds of processor time: if that is too little"
    assert str(book.context.diagnostics).split("\n") == [
        f"pkg/aa.py:1: its examples {ended}",
        f"pkg/for_ever.py:1: its examples {late}, set LITWEAVE_LIMIT to more",
        f"pkg/sub/x.py:1: cannot be imported: it {ended}: So.",
        f"pkg/zz.py:1: its examples {ended}",
    ]
    assert sizes(found["layer.md"]) == [[[2]], [[2, 5]]]


def test_a_package_that_cannot_be_imported_is_one_problem(package: Path) -> None:
    for text, source, place, reason in (
        ("import no", ".", "pkg/", "ModuleNotFoundError: No module named 'no'"),
        ("x =", "layer.py", "", "SyntaxError: invalid syntax (__init__.py, line 2)"),
    ):
        write(package, __init__=f"import os\n{text}\n")
        measure(book := read_book(package / source), package.parent / "cache")
        problem = f"{place}__init__.py:2: cannot be imported: {reason}"
        assert str(book.context.diagnostics) == problem


CONFIG = """
site_name: Small
theme: {{name: material, font: false}}
plugins: [litweave: {{source: pkg, cache: {cache}, run_examples: {run}}}]
"""


def test_nothing_is_run_unless_told_to(package: Path, katex: Path) -> None:
    reaches = MODULE.replace("(batch))\n", "(batch)), double(Tensor(3))\n")
    write(package, layer=f"{reaches}\n\nopen('ran', 'w').close()\n")
    for run in (False, True):
        config = CONFIG.format(run=run, cache=CACHE / "litweave")
        folder = write_files(package.parent, {"docs/a.txt": "", "mkdocs.yml": config})
        result = build_here(folder)
        assert result.returncode == 0, result.stderr
        page = (folder / "site/layer/index.html").read_text()
        assert "weave-line" in page
        assert ("weave-shape" in page, "<i>B</i> × 5" in page) == (run, run)
        assert (folder / "ran").exists() == run


def test_a_preview_is_told_when_all_is_measured(package: Path, starts: Starts) -> None:
    cache = package.parent / "cache"
    write(package, broken='"""# Broken\n\n>>> 1 / 0\n"""\n')

    def shown() -> tuple[object, str]:
        found = measure(book := read_book(package), cache, later=True)
        return [*found], str(book.context.diagnostics)

    assert shown() == ([], "")
    shown()  # Asked again while it is measured, it does not begin again.
    last = shapes.watched(cache) / "last"
    while not last.exists():
        time.sleep(0.01)
    pages, problem = shown()
    assert pages == ["layer.md"]
    assert problem.startswith("pkg/broken.py:3: the example fails: ZeroDivisionError")
    broken = ["pkg.broken"]
    assert starts == [["pkg.layer", *broken], broken], "it fails as it did"


def test_while_it_is_measured_a_module_that_did_not_change_has_its_old_shapes(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before = measured(package)
    monkeypatch.setattr(shapes, "_measure_later", lambda *_: None)
    for file, old in (("tensors.py", before), ("layer.py", {})):
        with (package / file).open("a") as source:
            source.write("\nchanged = 1\n")
        cache = package.parent / "cache"
        assert measure(read_book(package), cache, later=True) == old


# ## The sources that a result depends on, found by reading


def files(folder: Path, **sources: str) -> list[str]:
    """What `pkg.a` depends on, if these are the sources."""
    package = write(folder / "pkg", **sources)
    for path in (package, *package.glob("sub")):
        (path / "__init__.py").touch()
    found = Dependencies().of("pkg.a", package / "a.py")
    return [path.relative_to(package).as_posix() for path in found]


def test_imports_are_followed_in_every_form(tmp_path: Path) -> None:
    assert files(tmp_path, a="import os, torch\n", b="") == ["a.py"]
    found = files(
        tmp_path,
        a="import pkg.b\nfrom pkg import c\nfrom . import d\nfrom .sub.e import x\n",
        b="def f():\n    from .sub import f\n",
        **dict.fromkeys(("c", "d", "g", "sub_in_f", "unused"), ""),
        sub_in_e="from .. import a\nfrom ..g import y\n",
    )
    names = ["a", "b", "c", "d", "g", "sub/__init__", "sub/e", "sub/f"]
    assert found == ["__init__.py", *(f"{name}.py" for name in names)]
    # And so is what a package imports.
    sub = {"sub_in___init__": "from . import b\n", "sub_in_b": "", "sub_in_c": ""}
    found = files(tmp_path / "other", a="from pkg import sub\n", **sub)
    assert found == ["__init__.py", "a.py", "sub/__init__.py", "sub/b.py"]


def test_what_lies_side_by_side_where_imports_begin_counts(tmp_path: Path) -> None:
    texts = {"a.py": "import b, c.d\n", "b.py": "import e\n", "c/d.py": "", "e.py": ""}
    path = write_files(tmp_path, texts) / "a.py"
    found = Dependencies(beside={tmp_path}).of("a", path)
    assert [file.relative_to(tmp_path).as_posix() for file in found] == [*texts]
    assert Dependencies().of("a", path) == [path]


def test_examples_count_for_the_module_that_has_them(tmp_path: Path) -> None:
    example = '"""\n>>> from pkg.{0} import x\n>>> broken (\n"""\n'
    found = files(tmp_path, a=example.format("b"), b=example.format("c"), c="")
    assert found == ["__init__.py", "a.py", "b.py"]
    # A source that is not Python imports nothing.
    assert files(tmp_path, a="from pkg import b\n", b="import (\n") == found


# ## What is shown at the end of a line, and how a letter is set


def tensor(shape: str, dtype: str = "float32", changed: bool = False) -> Measure:
    """A measure written as `B=2 5`."""
    pairs = [axis.rpartition("=") for axis in shape.split()]
    letters = tuple(name or None for name, _, _ in pairs)
    return Measure(tuple(int(n) for _, _, n in pairs), letters, dtype, changed)


def html_of(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


def hinted(*runs: str | Measures, code: str = "y = x") -> Tag:
    measures = (run if isinstance(run, tuple) else (tensor(run),) for run in runs)
    return parsed([("y", list(measures))], code)


def parsed(names: list[Seen], code: str) -> Tag:
    [found] = html_of(said(hint(names, code)))("span", recursive=False)
    return found


def box(shown: Tag) -> list[str]:
    """The lines of the box."""
    return [html_of(line).get_text() for line in str(shown["data-runs"]).split("<br>")]


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


def test_a_shape_is_shown_in_letters_and_told_in_numbers() -> None:
    for runs, text, lines in HINTS:
        shown = hinted(*runs)
        assert shown.get_text() == text
        assert ", ".join(box(shown)) == lines


def test_a_shape_is_said() -> None:
    shown = hinted("B=2 S=24 20")
    assert [letter.get_text() for letter in shown("i")] == ["B", "S"]
    assert shown["aria-label"] == "shape B by S by 20, in the example 2 by 24 by 20"
    assert hinted("D_S=3")["aria-label"] == "shape D S, in the example 3"
    assert hinted("3 5")["aria-label"] == "shape 3 by 5", "numbers are not said twice"
    assert "2 by 24, or 2 by 49" in str(hinted("B=2 S=24", "B=2 S=49")["aria-label"])
    # Of many runs a few are listed.
    shown = hinted(*(f"S={size}" for size in range(10, 30)))
    assert len(box(shown)) == 13
    assert box(shown)[-1] == "and 8 more"
    assert str(shown["aria-label"]).endswith("or 12, and others")


def test_names_are_shown_where_needed_and_columns_where_room_may_lack() -> None:
    names = [(name, [(tensor(f"{name}=2"),)]) for name in ("a", "b")]
    assert parsed(names, "a, b = f()").get_text() == "a: a, b: b"
    assert box(parsed(names, "a, b = f()")) == ["a: 2 float32", "b: 2 float32"]
    shown = hinted("B=2", code="    def forward(self, y: Tensor) -> Tensor:")
    assert shown.get_text() == "y: B"
    assert shown["aria-label"] == "shape y B, in the example 2"
    assert hinted("B=2", code="    y: Tensor,").get_text() == "B"
    assert "style" not in hinted("B=2", code="y" * 79).attrs
    assert hinted("B=2", code="y" * 80)["style"] == "--columns:80"
    assert hinted("10 " * 12, code="y" * 30)["style"] == "--columns:30"


def test_what_an_author_names_is_never_html() -> None:
    bad = '<img src=x onerror="alert(1)">'
    shown = parsed([(bad, [(tensor("2", bad, True),)])] * 2, "y = x")
    assert shown.find("img") is None
    assert html_of(str(shown["data-runs"])).find("img") is None
    assert bad in shown.get_text()


LETTERS = {
    "S": "<i>S</i>",
    "D_S": "<i>D</i><sub><i>S</i></sub>",
    r"C_{\text{in}}": "<i>C</i><sub>in</sub>",
    r"C_\mathrm{in} P^2": "<i>C</i><sub>in</sub><i>P</i><sup>2</sup>",
    **{r"\gamma": "<i>γ</i>", r"\varepsilon": "<i>ε</i>", r"\Lambda": "<i>Λ</i>"},
    "S'": "<i>S</i><sup>′</sup>",
}


def test_letters_and_scripts_are_set_and_nothing_else() -> None:
    for tex, html in LETTERS.items():
        assert letter(tex) == html, tex
    for tex in ("", r"\hat{H}", r"\mathbf{1}", r"\frac{a}{b}", "S = 2"):
        assert not letter(tex)
        assert hinted((Measure((7,), (tex,), "float32", False),)).get_text() == "7", tex
