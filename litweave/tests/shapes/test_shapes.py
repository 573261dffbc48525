"""Measuring a book: what is run, what is kept, what is a problem."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.features.shapes import shapes
from litweave.features.shapes.shapes import Measured, measure, note_unreached
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
REACHES = MODULE.replace("(batch))\n", "(batch)), double(Tensor(3))\n")
assert MODULE != REACHES


def write(folder: Path, **sources: str) -> Path:
    return write_files(folder, {f"{name}.py": text for name, text in sources.items()})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write(tmp_path / "pkg", __init__="", layer=MODULE, tensors=TENSORS)


def measured(package: Path) -> tuple[Book, dict[str, Measured]]:
    book = read_book(package)
    return book, measure(book, package.parent / "cache")


def sizes(found: Measured) -> list[list[list[int]]]:
    return [[list(t.sizes) for run in seen.runs for t in run] for seen in found.seen]


Starts = list[list[str]]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The modules of each process that is started."""
    started: Starts = []
    said = shapes._said

    def counted(items: Iterable[shapes._Item]) -> object:
        started.append([item.name for item in items])
        return said(items)

    monkeypatch.setattr(shapes, "_said", counted)
    return started


# ## What is measured

SILENT = """\"\"\"# It\"\"\"


raise SystemExit
def f(x: "Tensor"):
    y = x
    return y
"""


def test_what_the_examples_show_is_told_by_page(package: Path) -> None:
    write(package, silent=SILENT)
    book, found = measured(package)
    assert list(found) == list(book.chapters)
    layer = found["layer.md"]
    assert [(seen.line, seen.name) for seen in layer.seen] == [(16, "x"), (20, "")]
    assert sizes(layer) == [[[2]], [[2, 5]]]
    assert layer.seen[1].runs[0][0].letters == ["B", None]
    assert layer.values == {"batch": [2]}
    assert [page for page, one in found.items() if one.ran] == ["layer.md"]
    assert not book.context.diagnostics.found
    note_unreached(book, found)
    no_example = "no example of this module reaches"
    assert str(book.context.diagnostics).split("\n") == [
        f"pkg/layer.py:19: {no_example} “return x” in double",
        f"pkg/silent.py:6: {no_example} “y = x” in f, nor 1 more lines of it",
    ]


# ## What is kept

LONGER = MODULE.replace("# A layer", "# A layer\n\nIt has more words.")


@pytest.mark.parametrize(
    ("file", "text", "again"),
    [
        *(("layer.py", MODULE, False), ("layer.py", LONGER, False)),
        ("layer.py", MODULE + "changed = 1\n", True),
        ("layer.py", MODULE.replace(">>> batch = 2", ">>> batch = 3"), True),
        ("layer.py", MODULE.replace("the images", "im").replace("$B$", "$N$"), True),
        ("tensors.py", TENSORS.replace("# Tensors", "# Tensors, explained"), False),
        ("tensors.py", TENSORS + "\nchanged = 1\n", True),
        ("other.py", '"""# Other"""\nfrom pkg import layer\n', False),
        ("site/torch-9.9.dist-info/RECORD", "", True),
    ],
)
def test_a_change_of_the_module_or_of_what_it_imports_runs_it_again(
    file: str, text: str, again: bool, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package / "site"))
    before = shapes._items(read_book(package))["pkg.layer"].key
    write_files(package, {file: text})
    assert (shapes._items(read_book(package))["pkg.layer"].key != before) == again


def test_what_is_kept_moves_with_the_prose(package: Path, starts: Starts) -> None:
    then = measured(package)[1]["layer.md"]
    write(package, layer=LONGER)
    now = measured(package)[1]["layer.md"]
    assert len(starts) == 1
    assert [one.line + 2 for one in then.seen] == [one.line for one in now.seen]
    assert [line + 2 for line in then.unreached] == list(now.unreached)
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
    assert all(found[f"{name}.md"].ran for name in names)
    asked = sorted(name for some in starts for name in some)
    assert asked == ["pkg.layer", *(f"pkg.{name}" for name in names)]
    assert not book.context.diagnostics.found


# ## What goes wrong


def test_a_failing_example_is_a_problem_each_time(
    package: Path, starts: Starts
) -> None:
    write(package, layer=MODULE.replace(">>> batch = 2", ">>> batch = 1 / 0"))
    for count in (2, 4):  # once more as it stands
        book, found = measured(package)
        assert str(book.context.diagnostics) == (
            "pkg/layer.py:9: the example fails: ZeroDivisionError: division by zero"
        )
        assert not found["layer.md"].seen
        assert len(starts) == count, "what failed is not kept"


def test_examples_that_refuse_to_be_watched_run_as_they_stand(package: Path) -> None:
    # `torch.compile` sees the calls, too, and takes long to refuse them.
    alone = '>>> "__litweave__" in double.__code__.co_names\nFalse\n'
    write(package, layer=MODULE.replace(">>> batch = 2\n", f">>> batch = 2\n{alone}"))
    book, found = measured(package)
    assert not book.context.diagnostics.found
    assert found["layer.md"].ran
    assert not found["layer.md"].seen


def test_examples_that_end_their_program_do_not_end_the_others(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITWEAVE_LIMIT", "1")
    end, loop = "import os; os._exit(7)", "while True: pass"
    examples = {"aa": end, "for_ever": loop, "zz": end}
    write(package, **{n: f'"""# End\n\n>>> {e}\n"""\n' for n, e in examples.items()})
    book, found = measured(package)
    ended = "ended Python with status 7"
    late = "did not end within 1 seconds of processor time: if that is too little"
    assert str(book.context.diagnostics).split("\n") == [
        f"pkg/aa.py:1: its examples {ended}",
        f"pkg/for_ever.py:1: its examples {late}, set LITWEAVE_LIMIT to more",
        f"pkg/zz.py:1: its examples {ended}",
    ]
    assert sizes(found["layer.md"]) == [[[2]], [[2, 5]]]


def test_a_package_that_cannot_be_imported_is_one_problem(package: Path) -> None:
    reason = "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"
    write(package, __init__="import os\nimport nowhere\n")
    book, _ = measured(package)
    assert str(book.context.diagnostics) == f"pkg/__init__.py:2: {reason}"
    reason = "cannot be imported: SyntaxError: invalid syntax (__init__.py, line 2)"
    write(package, __init__="import os\nx = = 1\n")
    book = read_book(package / "layer.py")
    measure(book, package.parent / "cache")
    assert str(book.context.diagnostics) == f"__init__.py:2: {reason}"


# ## In a build

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {{name: material, font: false}}
plugins:
  - litweave: {{source: pkg, cache: {cache}, run_examples: {run}}}
"""


def built(package: Path, run: bool) -> str:
    """The page of the layer."""
    config = CONFIG.format(run=run, cache=CACHE / "litweave")
    folder = write_files(package.parent, {"docs/a.txt": "", "mkdocs.yml": config})
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    return (folder / "site/layer/index.html").read_text()


def test_nothing_is_run_unless_told_to(package: Path, katex: Path) -> None:
    write(package, layer=REACHES + "\n\nopen('ran', 'w').close()\n")
    page = built(package, run=False)
    assert "weave-line" in page
    assert "weave-shape" not in page
    assert not (package.parent / "ran").exists()
    assert "<i>B</i> × 5" in built(package, run=True)
    assert (package.parent / "ran").exists()


# ## In a preview


def test_a_preview_is_told_when_all_is_measured(
    package: Path, starts: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    cache = package.parent / "cache"
    write(package, broken='"""# Broken\n\n>>> 1 / 0\n"""\n')

    def shown() -> Measured:
        return shapes.measure_later(read_book(package), cache)["layer.md"]

    assert not shown().seen
    # Asked again while it is measured, it does not begin again.
    shown()
    last = shapes.watched(cache) / "last"
    while not last.exists():
        time.sleep(0.01)
    last.unlink()
    assert shown().seen
    while shapes._at_work:
        time.sleep(0.01)
    assert starts == [["pkg.layer", "pkg.broken"], *[["pkg.broken"]] * 3]
    assert "pkg/broken.py:3: the example fails: ZeroDivisionError" in caplog.text
    assert not last.exists(), "there is nothing new to show"


def test_while_it_is_measured_a_module_that_did_not_change_has_its_old_shapes(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before = measured(package)
    monkeypatch.setattr(shapes, "_complain", lambda *_: None)
    for file, old in (("tensors.py", before["layer.md"].seen), ("layer.py", ())):
        with (package / file).open("a") as source:
            source.write("\nchanged = 1\n")
        later = shapes.measure_later(read_book(package), package.parent / "cache")
        assert later["layer.md"].seen == old
