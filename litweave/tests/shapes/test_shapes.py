"""Measuring a book: what is run, what is kept, what is a problem."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features.shapes import shapes
from litweave.features.shapes.shapes import Measured, measure, note_unreached
from support import CACHE, ROOT, build_here

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
REACHES = MODULE.replace("(batch))\n", "(batch)), double(Tensor(3))\n")
assert MODULE != REACHES


@pytest.fixture
def package(tmp_path: Path) -> Path:
    write(tmp_path / "pkg", layer=MODULE, tensors=TENSORS)
    return tmp_path / "pkg"


def write(folder: Path, **sources: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)


def measured(package: Path) -> tuple[Book, dict[str, Measured]]:
    book = Book()
    book.read(package)
    return book, measure(book, package.parent / "cache")


def sizes(found: Measured) -> list[list[tuple[int, ...]]]:
    return [
        [tensor.sizes for run in seen.runs for tensor in run] for seen in found.seen
    ]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The modules of each process that is started."""
    started: list[list[str]] = []
    said = shapes._said

    def counted(items: Iterable[shapes._Item], taken: str) -> object:
        started.append([item.name for item in items])
        return said(items, taken)

    monkeypatch.setattr(shapes, "_said", counted)
    return started


# ## What is measured


def test_what_the_examples_show_is_told_by_page(package: Path) -> None:
    book, found = measured(package)
    assert list(found) == list(book.chapters)
    layer = found["layer.md"]
    assert [(seen.line, seen.name) for seen in layer.seen] == [(16, "x"), (20, "")]
    assert sizes(layer) == [[(2,)], [(2, 5)]]
    assert layer.seen[1].runs[0][0].letters == ("B", None)
    assert layer.values == {"batch": (2,)}
    assert not book.context.diagnostics.found


def test_unreached_lines_are_problems_with_their_place(package: Path) -> None:
    book, found = measured(package)
    note_unreached(book, found)
    assert str(book.context.diagnostics) == (
        "pkg/layer.py:19: no example of this module reaches “return x” in double"
    )
    write(package, layer=REACHES)
    book, found = measured(package)
    note_unreached(book, found)
    assert not book.context.diagnostics.found


def test_a_module_without_examples_is_not_run(
    package: Path, starts: list[list[str]]
) -> None:
    silent = '"""# It"""\n\n\nraise SystemExit\ndef f(x: "Tensor"):\n'
    silent += "    y = x\n    return y\n"
    write(package, layer=silent)
    book, found = measured(package)
    assert starts == []
    assert found["layer.md"].unreached == (6, 7)
    assert not found["layer.md"].ran
    assert not book.context.diagnostics.found
    note_unreached(book, found)
    assert str(book.context.diagnostics) == (
        "pkg/layer.py:6: no example of this module reaches “y = x” in f, "
        "nor 1 more lines of it"
    )


# ## What is kept


def test_what_is_known_is_not_run_again(package: Path, starts: list[list[str]]) -> None:
    _, first = measured(package)
    assert starts == [["pkg.layer"]]
    _, second = measured(package)
    assert starts == [["pkg.layer"]], "no process"
    assert first == second


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("layer", MODULE + "changed = 1\n"),
        ("layer", MODULE.replace(">>> batch = 2", ">>> batch = 3")),
        ("layer", MODULE.replace("the images", "images").replace("$B$", "$N$")),
        ("tensors", TENSORS + "\nchanged = 1\n"),
    ],
)
def test_a_change_of_the_module_or_of_an_import_runs_it_again(
    name: str, source: str, package: Path, starts: list[list[str]]
) -> None:
    measured(package)
    write(package, **{name: source})
    measured(package)
    assert len(starts) == 2


def test_words_run_nothing_and_move_what_was_measured(
    package: Path, starts: list[list[str]]
) -> None:
    _, before = measured(package)
    longer = MODULE.replace("# A layer", "# A layer\n\nIt has more words.")
    words = TENSORS.replace("# Tensors", "# Tensors, explained")
    write(package, layer=longer, tensors=words)
    _, after = measured(package)
    assert len(starts) == 1
    then, now = before["layer.md"], after["layer.md"]
    assert [seen.line + 2 for seen in then.seen] == [seen.line for seen in now.seen]
    assert [line + 2 for line in then.unreached] == list(now.unreached)
    assert sizes(then) == sizes(now)


def test_a_change_of_what_is_not_imported_runs_nothing(
    package: Path, starts: list[list[str]]
) -> None:
    measured(package)
    write(package, other='"""# Other"""\nfrom pkg import layer\n')
    measured(package)
    assert len(starts) == 1


def test_another_version_of_a_library_runs_it_again(
    package: Path, starts: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(package)
    (package.parent / "site" / "torch-9.9.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(package.parent / "site"))
    measured(package)
    assert len(starts) == 2


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"key": 1}', '{"answer": []}'])
def test_a_broken_cache_is_written_anew(
    broken: str, package: Path, starts: list[list[str]]
) -> None:
    _, first = measured(package)
    [file] = (package.parent / "cache" / "shapes").iterdir()
    whole = file.read_text()
    file.write_text(broken)
    _, second = measured(package)
    assert len(starts) == 2
    assert first == second
    assert file.read_text() == whole


def test_several_programs_share_the_modules(
    package: Path, starts: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "_WORTH", 4)
    monkeypatch.setattr(shapes.os, "cpu_count", lambda: 8)
    note = f">>> _ = open({str(package.parent / 'ran')!r}, 'a').write('{{}} ')\n"
    names = [f"one{number}" for number in range(9)]
    sources = {n: f'"""# One\n\n{note.format(n)}"""\n' for n in names}
    write(package, **sources)
    book, _ = measured(package)
    assert len(starts) == 3
    assert sorted((package.parent / "ran").read_text().split()) == names
    assert not book.context.diagnostics.found


# ## What goes wrong


def test_an_example_that_fails_is_a_problem_each_time(
    package: Path, starts: list[list[str]]
) -> None:
    write(package, layer=MODULE.replace(">>> batch = 2", ">>> batch = 1 / 0"))
    for count in (1, 2):
        book, found = measured(package)
        assert str(book.context.diagnostics) == (
            "pkg/layer.py:9: the example fails: ZeroDivisionError: division by zero"
        )
        assert found["layer.md"].seen == ()
        assert len(starts) == count, "what failed is not kept"


def test_a_program_with_nothing_to_do_hides_no_reason(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it imported last is the module at which another program ended."""
    monkeypatch.setattr(shapes, "_WORTH", 1)
    monkeypatch.setattr(shapes.os, "cpu_count", lambda: 8)
    write(package, ends='"""# Ends\n\n>>> import os; os._exit(3)\n"""\n')
    book, found = measured(package)
    assert "ended Python with status 3" in str(book.context.diagnostics)
    assert found["layer.md"].seen


def test_a_module_that_ends_python_does_not_end_the_others(
    package: Path, starts: list[list[str]]
) -> None:
    ends = '"""# End\n\n>>> import os; os._exit(7)\n"""\n'
    names = ("aa", "bb", "cc")
    write(package, **dict.fromkeys(names, ends))
    book, found = measured(package)
    assert {str(problem) for problem in book.context.diagnostics.found} == {
        f"pkg/{name}.py:1: its examples ended Python with status 7" for name in names
    }
    assert sizes(found["layer.md"]) == [[(2,)], [(2, 5)]]


def test_a_module_that_does_not_end_is_stopped(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEAVE_LIMIT", "2")
    for_ever = '"""# For ever\n\n>>> while True: pass\n"""\n'
    write(package, for_ever=for_ever)
    book, found = measured(package)
    assert str(book.context.diagnostics) == (
        "pkg/for_ever.py:1: its examples did not end within 2 seconds of processor "
        "time: if that is too little, set WEAVE_LIMIT to more"
    )
    assert sizes(found["layer.md"]) == [[(2,)], [(2, 5)]]


def test_a_package_that_cannot_be_imported_is_one_problem(package: Path) -> None:
    (package / "__init__.py").write_text("import os\nimport nowhere\n")
    problem = "__init__.py:2: cannot be imported: ModuleNotFoundError: No module named"
    book, _ = measured(package)
    assert str(book.context.diagnostics) == f"pkg/{problem} 'nowhere'"
    book = Book()
    book.read(package / "layer.py")
    measure(book, package.parent / "cache")
    assert str(book.context.diagnostics) == f"{problem} 'nowhere'"


# ## In a build

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {{name: material, font: false}}
plugins:
  - litweave: {{source: pkg, cache: {cache}, run_examples: {run}}}
"""


def built(package: Path, run: bool) -> tuple[str, str]:
    """The page of the layer, and what the build complains of."""
    folder = package.parent
    (folder / "docs").mkdir(exist_ok=True)
    config = CONFIG.format(run=run, cache=CACHE / "litweave")
    (folder / "mkdocs.yml").write_text(config)
    result = build_here(folder)
    page = folder / "site" / "layer" / "index.html"
    shown = page.read_text() if result.returncode == 0 else ""
    return shown, result.stderr


def test_nothing_is_run_unless_told_to(package: Path, katex: Path) -> None:
    write(package, layer=REACHES + "\n\nopen('ran', 'w').close()\n")
    page, _ = built(package, run=False)
    assert "weave-line" in page
    assert "weave-shape" not in page
    assert not (package.parent / "ran").exists()
    page, _ = built(package, run=True)
    assert "<i>B</i> × 5" in page
    assert (package.parent / "ran").exists()


def test_a_strict_build_fails_for_what_no_example_reaches(
    package: Path, katex: Path
) -> None:
    _, complaint = built(package, run=True)
    assert "pkg/layer.py:19: no example of this module reaches" in complaint


# ## Outside of a build


def test_a_layer_imports_nothing_of_weave() -> None:
    code = (
        "import json, sys, labml_style_nn.layers, labml_style_nn.models.mlp_mixer\n"
        "print(json.dumps([name for name in sys.modules if 'litweave' in name]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert json.loads(answer.stdout) == []


def test_a_preview_is_told_when_all_is_measured(
    package: Path, starts: list[list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    cache = package.parent / "cache"
    broken = '"""# Broken\n\n>>> 1 / 0\n"""\n'
    write(package, broken=broken)

    def shown() -> dict[str, Measured]:
        book = Book()
        book.read(package)
        return shapes.measure_later(book, cache)

    assert not shown()["layer.md"].seen
    # Asked again while it is measured, it does not begin again.
    shown()
    while not (shapes.watched(cache) / "last").exists() or shapes._at_work:
        time.sleep(0.01)
    assert shown()["layer.md"].seen
    while shapes._at_work:
        time.sleep(0.01)
    assert starts == [["pkg.layer", "pkg.broken"], ["pkg.broken"]]
    assert "pkg/broken.py:3: the example fails: ZeroDivisionError" in caplog.text


def test_while_it_is_measured_a_module_that_did_not_change_has_its_old_shapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, cache = tmp_path / "pkg", tmp_path / "cache"
    package.mkdir()
    for name in ("__init__", "used"):
        (package / f"{name}.py").write_text("size = 3\n")
    example = '"""# Layer\n\n>>> x = torch.zeros(size)\n"""\n'
    imports = "import torch\nfrom pkg.used import size\n"
    (package / "layer.py").write_text(
        f"{example}{imports}\n\ndef made() -> torch.Tensor:\n"
        '    """Make it.\n\n    >>> made().shape\n    torch.Size([3])\n    """\n'
        "    return torch.zeros(size)\n"
    )

    def book() -> Book:
        found = Book()
        found.read(package)
        return found

    before = shapes.measure(book(), cache)["layer.md"]
    assert before.seen
    monkeypatch.setattr(shapes, "_complain", lambda *_: None)
    (package / "used.py").write_text("size = 2 + 1\n")
    assert shapes.measure_later(book(), cache)["layer.md"] == before
    text = (package / "layer.py").read_text()
    (package / "layer.py").write_text(text.replace("zeros(size)\n", "ones(size)\n"))
    assert not shapes.measure_later(book(), cache)["layer.md"].seen
