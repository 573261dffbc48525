"""The tracing program: what it says about small modules, and about those that fail."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from litweave.features.shapes import trace as program

# A tensor is what has a shape and a type: PyTorch is not needed to tell.
TENSORS = """
class Tensor:
    def __init__(self, *shape, dtype="float32"):
        self.shape, self.dtype = shape, dtype

    def sum(self):
        return Tensor(*self.shape[:-1], dtype=self.dtype)
"""
HEAD = '"""\n>>> from pkg.tensors import Tensor\n'
IMPORT = '"""\nfrom pkg.tensors import Tensor\n'

Notation = list[tuple[list[str], list[str]]]
SIZES: Notation = [(["B"], ["batch"]), (["S"], ["num_patches"]), (["C"], ["dim"])]


class Answer:
    """What the program said about one module."""

    def __init__(self, said: dict[str, Any], source: str) -> None:
        self.diagnostics = [(line, text) for line, text, _ in said["problems"]]
        self.values = said["values"]
        self.code = source.split("\n")
        self.unreached = [self.code[line - 1].strip() for line in said["unreached"]]
        self.said = said

    def runs(self, code: str, name: str = "") -> list[str]:
        """The shapes behind the line with this code, each run as `B × 3 [dtype]`."""
        line = 1 + next(i for i, text in enumerate(self.code) if code in text)
        found = [s for s in self.said["shapes"] if s[0] == line and (s[1] == name)]
        assert len(found) <= 1
        return [self.shown(run) for entry in found for run in entry[2]]

    def shown(self, run: list[Any]) -> str:
        return ", ".join(
            " ".join(letter or str(n) for n, letter in zip(sizes, letters, strict=True))
            + (f" {dtype}" if changed else "")
            for sizes, letters, dtype, changed in run
        )


Tracing = Callable[..., Answer]


def ask(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the program as the build does."""
    with TemporaryDirectory() as taken:
        answer = subprocess.run(
            [sys.executable, "-P", "-B", "-m", program.__name__, taken],
            input=json.dumps(items),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert answer.returncode == 0, answer.stderr
    lines = [json.loads(line) for line in answer.stdout.split("\n") if line]
    return [line for line in lines if "name" in line]


@pytest.fixture
def trace(tmp_path: Path) -> Tracing:
    """Trace a source as the module `pkg.mod`."""

    def run(example: str, code: str, notation: Notation = SIZES) -> Answer:
        source = f"{HEAD}{example.strip()}\n{IMPORT}{code}"
        folder = tmp_path / "pkg"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "tensors.py").write_text(TENSORS)
        (folder / "mod.py").write_text(source)
        path = str(folder / "mod.py")
        [said] = ask({"name": "pkg.mod", "path": path, "notation": notation})
        return Answer(said, source)

    return run


# ## Which lines


def test_every_way_to_bind_a_tensor_is_seen(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f(Tensor(2, 3))",
        """
import contextlib

class Box:
    pass

def f(x):
    plain = Tensor(4)
    annotated: Tensor = Tensor(5)
    one = two = Tensor(6)
    first, (second, *rest) = Tensor(7), (Tensor(8), Tensor(9))
    box = Box()
    box.held = Tensor(10)
    added = []
    added += [Tensor(11)]
    if (walrus := Tensor(12)):
        pass
    for item in [Tensor(13), Tensor(14)]:
        pass
    with contextlib.nullcontext(Tensor(15)) as managed:
        pass
""",
    )
    assert not answer.diagnostics
    assert answer.runs("def f(x)", "x") == ["2 3"]
    assert answer.runs("plain =", "plain") == ["4"]
    assert answer.runs("annotated:", "annotated") == ["5"]
    assert answer.runs("one = two", "one") == answer.runs("one = two", "two") == ["6"]
    assert answer.runs("first, (", "first") == ["7"]
    assert answer.runs("first, (", "second") == ["8"]
    assert answer.runs("first, (", "rest") == ["9"]
    assert answer.runs("box.held", "box.held") == ["10"]
    assert answer.runs("added +=", "added") == ["11"]
    assert answer.runs("walrus :=", "walrus") == ["12"]
    assert answer.runs("for item", "item") == ["13", "14"]
    assert answer.runs("with context", "managed") == ["15"]


def test_a_shape_stands_at_the_line_of_its_name(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> _ = f(Tensor(2), Tensor(3))",
        """
def f(
    x,
    y,
):
    z = (
        Tensor(4)
    )
    return dict(
        a=z,
    ) and (
        z.sum()
    )
""",
    )
    assert answer.runs("    x,", "x") == ["2"]
    assert answer.runs("    y,", "y") == ["3"]
    assert answer.runs("z = (", "z") == ["4"]
    assert answer.runs("return dict(") == [""]


def test_what_a_function_gives_is_seen_on_every_way_out(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> for way in range(4):\n...     _ = f(way)",
        """
import contextlib

def f(way):
    if way == 0:
        return Tensor(2)
    if way == 1:
        with contextlib.nullcontext():
            return Tensor(3)
    try:
        if way == 2:
            return Tensor(4)
        return Tensor(5), Tensor(6)
    finally:
        done = Tensor(7)
""",
    )
    assert answer.runs("return Tensor(2)") == ["2"]
    assert answer.runs("return Tensor(3)") == ["3"]
    assert answer.runs("return Tensor(4)") == ["4"]
    assert answer.runs("return Tensor(5)") == ["5, 6"]
    assert answer.runs("done =", "done") == ["7"]


def test_a_generator_shows_what_it_yields_and_its_arguments_once(
    trace: Tracing,
) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> _ = list(f(Tensor(2)))",
        """
def f(x):
    for size in (3, 4):
        x = Tensor(size)
        yield x
    sent = yield Tensor(5)
    after = Tensor(6)
""",
    )
    assert answer.runs("def f", "x") == ["2"]
    assert answer.runs("yield x") == ["3", "4"]
    assert answer.runs("after =", "after") == ["6"]
    assert answer.runs("sent =", "sent") == []


def test_a_loop_does_not_show_what_its_body_made_of_its_variable(
    trace: Tracing,
) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f([Tensor(2, 3)])",
        "def f(items):\n    for item in items:\n        item = item.sum()\n",
    )
    assert answer.runs("for item", "item") == ["2 3"]
    assert answer.runs("item = item", "item") == ["2"]


def test_what_may_not_have_been_bound_is_not_shown(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f(Tensor(2), False)",
        """
def f(x, yes):
    if yes and (x := Tensor(3)):
        pass
    if yes: x = Tensor(4)
""",
    )
    assert answer.runs("if yes and", "x") == []
    assert answer.runs("if yes:", "x") == []


def test_what_a_module_makes_when_imported_is_seen(trace: Tracing) -> None:
    answer = trace(">>> import pkg.mod", "TABLE = Tensor(2, 3)\n")
    assert answer.runs("TABLE", "TABLE") == ["2 3"]


def test_a_call_that_raises_shows_nothing(trace: Tracing) -> None:
    answer = trace(
        """
>>> from pkg.mod import f, g
>>> _ = f(Tensor(2)), g(Tensor(2))
>>> f(Tensor(3))
Traceback (most recent call last):
    ...
ValueError: 3
""",
        """
def f(x):
    y = x.sum()
    if x.shape != (2,):
        raise ValueError(x.shape[0])
    return y

def g(x):
    try:
        y = f(Tensor(4))
    except ValueError:
        y = f(Tensor(2))
    return y
""",
    )
    assert answer.diagnostics == []
    assert answer.runs("def f(x)", "x") == ["2"]
    assert answer.runs("y = f(Tensor(4))", "y") == []
    assert answer.runs("y = f(Tensor(2))", "y") == [""]
    assert answer.runs("def g(x)", "x") == ["2"]


def test_nothing_of_the_authors_is_run_to_read_a_value(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import Lazy\n>>> Lazy().f()\n0",
        """
class Lazy:
    count = 0

    @property
    def held(self):
        self.count += 1
        return Tensor(2)

    @held.setter
    def held(self, value):
        pass

    def __getattr__(self, name):
        self.count += 1
        raise AttributeError(name)

    def f(self):
        self.held = Tensor(3)
        self.other = Tensor(4)
        return self.count
""",
    )
    assert answer.diagnostics == []
    assert answer.runs("self.held = ", "self.held") == []
    assert answer.runs("self.other = ", "self.other") == ["4"]


# ## Letters


def test_letters_come_from_the_example(trace: Tracing) -> None:
    answer = trace(
        """
>>> from pkg.mod import f
>>> batch, num_patches, dim = 2, 24, 20
>>> _ = f(Tensor(batch, num_patches, dim))
""",
        "def f(x):\n    return x.sum()\n",
    )
    assert answer.runs("def f(x)", "x") == ["B S C"]
    assert answer.runs("return") == ["B S"]


def test_letters_come_from_the_function_its_object_and_its_callers(
    trace: Tracing,
) -> None:
    answer = trace(
        """
>>> from pkg.mod import Outer
>>> _ = Outer(24, 20)()
""",
        """
class Inner:
    def __init__(self, width, dim):
        self.width = width

    def __call__(self, x):
        return Tensor(*x.shape, self.width)

class Outer:
    def __init__(self, num_patches, dim):
        self.num_patches = num_patches
        self.inner = Inner(7, dim)

    def __call__(self):
        batch = 2
        return self.inner(Tensor(batch, self.num_patches, 20))
""",
    )
    # The local and the attribute of the caller, the argument `dim` of `__init__`.
    assert answer.runs("def __call__(self, x)", "x") == ["B S C"]
    assert answer.runs("return Tensor") == ["B S C 7"]


def test_each_object_has_the_sizes_that_it_was_made_with(trace: Tracing) -> None:
    answer = trace(
        """
>>> from pkg.mod import Layer
>>> few, many = Layer(10), Layer(50)
>>> _ = few(), many(), few()
""",
        """
class Layer:
    def __init__(self, dim):
        self.weight = Tensor(dim, dim)

    def __call__(self):
        return self.weight.sum()
""",
    )
    assert answer.runs("self.weight =", "self.weight") == ["C C", "C C"]
    assert answer.runs("return") == ["C", "C"]
    given = next(runs for _, name, runs in answer.said["shapes"] if not name)
    assert [run[0][0] for run in given] == [[10], [50]], "in order, each once"


def test_the_inner_size_goes_before_the_outer(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> dim = 20\n>>> f(2)",
        """
def f(dim):
    if dim < 4:
        f(dim + 1)
    x = Tensor(dim, 20)
""",
    )
    assert answer.runs("x =", "x") == ["C 20"] * 3


def test_two_letters_of_one_size_are_numbers(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> batch, num_patches, dim = 4, 4, 5\n>>> f()",
        "def f():\n    x = Tensor(4, 5)\n",
    )
    assert answer.runs("x =", "x") == ["4 C"]


def test_one_is_never_a_letter(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> batch = 1\n>>> f()",
        "def f():\n    x = Tensor(1, 3)\n",
    )
    assert answer.runs("x =", "x") == ["1 3"]


def test_a_pair_gives_each_of_two_letters_its_size(trace: Tracing) -> None:
    example = """
>>> from pkg.mod import f
>>> image_size, patch_size = (16, 24), (4, 2)
>>> f()
>>> image_size = 9
>>> f()
"""
    notation = [(["H", "W"], ["image_size"]), (["P"], ["patch_size"])]
    answer = trace(example, "def f():\n    x = Tensor(16, 24, 9, 4)\n", notation)
    # A pair says nothing about one letter, and a number no difference between two.
    assert answer.runs("x =", "x") == ["H W 9 4", "16 24 9 4"]
    assert answer.values == {"image_size": [9], "patch_size": [[4, 2]]}


def test_as_many_variables_as_letters_go_in_pairs(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> height, width = 16, 24\n>>> f()",
        "def f():\n    x = Tensor(16, 24)\n",
        [(["H", "W"], ["height", "width"])],
    )
    assert answer.runs("x =", "x") == ["H W"]


def test_neither_truth_nor_a_fraction_is_a_size(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> batch, dim = True, 3.0\n>>> f()",
        "def f():\n    x = Tensor(1, 3)\n",
    )
    assert answer.runs("x =", "x") == ["1 3"]
    assert answer.values == {"dim": [3.0]}


def test_a_few_values_are_listed_once_and_in_order(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> _ = [f(n) for n in (5, float('inf'), 3, 5)]",
        "def f(dim):\n    for batch in range(100):\n        g(batch)\n"
        "def g(batch):\n    pass\n",
    )
    assert answer.values["dim"] == [5, 3]
    assert answer.values["batch"] == list(range(12))


# ## Types


def test_a_type_is_told_where_no_tensor_that_is_read_has_it(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f(Tensor(2), Tensor(2, dtype='int64'))",
        """
def f(x, n):
    same = x.sum()
    mask = Tensor(*x.shape, dtype="bool")
    both = mask and x
    again = Tensor(3, dtype="bool") if mask else None
    asked = Tensor(4, dtype=n.dtype)
    n = Tensor(5)
""",
    )
    assert answer.runs("def f", "x") == ["2"]
    assert answer.runs("def f", "n") == ["2 int64"]
    assert answer.runs("same =", "same") == [""]
    assert answer.runs("mask =", "mask") == ["2 bool"]
    assert answer.runs("both =", "both") == ["2"]
    assert answer.runs("again =", "again") == ["3"]
    assert answer.runs("asked =", "asked") == ["4 int64"]
    assert answer.runs("    n =", "n") == ["5"], "what is bound is not read"


# ## What no example reaches


def test_lines_of_forward_passes_that_were_never_run_are_listed(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f, Layer\n>>> _ = f(Tensor(2)), Layer().forward(1)",
        """
def f(x: Tensor) -> Tensor:
    if x.shape == (3,):
        y = x.sum()
        return y
    if x.shape == (4,):
        raise ValueError(x)
    if not x.shape:
        return None
    return x

def never(x: "Tensor | None" = None):
    x += 1

def other(number):
    number = number + 1
    return number

class Layer:
    def forward(self, x):
        def inner():
            z = x
        return x if x else x + 1
""",
    )
    assert answer.unreached == ["y = x.sum()", "return y", "return None", "x += 1"]


def test_a_call_that_raises_has_reached_its_lines(trace: Tracing) -> None:
    answer = trace(
        """
>>> from pkg.mod import check
>>> check(Tensor(2))
Traceback (most recent call last):
    ...
ValueError: 2
""",
        """
def check(x: Tensor):
    found = x.shape[0]
    raise ValueError(found)
""",
    )
    assert answer.unreached == []


# ## What goes wrong


def test_an_example_that_gives_something_else_is_a_problem(trace: Tracing) -> None:
    answer = trace(">>> 1 + 1\n3\n>>> 1 / 0", "def f(x: Tensor):\n    y = x\n")
    assert answer.diagnostics == [(3, "the example should give 3, and gives 2")]
    assert answer.unreached == [], "it is the example that has to be mended"


def test_an_example_that_fails_is_a_problem(trace: Tracing) -> None:
    answer = trace(">>> exit(3)", "def f():\n    pass\n")
    assert answer.diagnostics == [(3, "the example fails: SystemExit: 3")]


def test_the_examples_of_functions_are_run_in_names_of_their_own(
    trace: Tracing,
) -> None:
    answer = trace(
        ">>> own = 1",
        '''
def f(x: Tensor) -> Tensor:
    """Give it.

    >>> "own" in globals()
    False
    >>> f(Tensor(2))
    <pkg.tensors.Tensor object at ...>
    """
    return x
''',
    )
    assert answer.diagnostics == []
    assert answer.runs("return x") == ["2"]


def test_a_module_that_cannot_be_imported_is_a_problem(trace: Tracing) -> None:
    answer = trace(">>> 1\n1", "import nowhere.to_be_found\n")
    [(line, message)] = answer.diagnostics
    assert answer.code[line - 1] == "import nowhere.to_be_found"
    assert message.startswith("cannot be imported: ModuleNotFoundError: No module")
    assert answer.unreached == []


@pytest.mark.parametrize("line", ["import nowhere", "x = = 1"])
def test_a_package_that_cannot_be_imported_is_told_at_its_line(
    tmp_path: Path, line: str
) -> None:
    around, path = tmp_path / "pkg" / "__init__.py", tmp_path / "pkg" / "mod.py"
    around.parent.mkdir()
    around.write_text(f"import os\n\n{line}\n")
    path.write_text('"""\n>>> 1\n1\n"""\n')
    [said] = ask({"name": "pkg.mod", "path": str(path), "notation": []})
    [problem] = said["problems"]
    assert (problem[0], problem[2]) == (3, str(around))
    assert problem[1].startswith("cannot be imported: ")


def test_a_name_that_means_another_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text('"""\n>>> 1\n1\n"""\n')
    path = str(tmp_path / "json.py")
    [said] = ask({"name": "json", "path": path, "notation": []})
    [(line, message, _)] = said["problems"]
    assert line == 1
    assert message.startswith("“json” imports another file")


def test_examples_that_cannot_be_read_are_a_problem(trace: Tracing) -> None:
    [(_, message)] = trace(">>> 1\n1\n  >>> 1\n 1", "").diagnostics
    assert "inconsistent leading whitespace" in message


def test_what_a_module_prints_does_not_disturb_the_answer(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f()\nprinted",
        """
import os
print("imported")
def f():
    os.write(1, b"{}")
    x = Tensor(2)
    print("printed")
""",
    )
    assert answer.diagnostics == []
    assert answer.runs("x =", "x") == ["2"]


def test_a_module_is_watched_also_while_another_imports_it(tmp_path: Path) -> None:
    folder = tmp_path / "pkg"
    folder.mkdir()
    (folder / "tensors.py").write_text(TENSORS)
    (folder / "a.py").write_text('"""\n>>> 1\n1\n"""\nfrom . import b\n')
    (folder / "b.py").write_text(f"{HEAD}{IMPORT}TABLE = Tensor(2)\n")
    asked = [
        {"name": f"pkg.{name}", "path": str(folder / f"{name}.py"), "notation": []}
        for name in "ab"
    ]
    before = sorted(tmp_path.rglob("*"))
    _, b = ask(*asked)
    assert [shape[1] for shape in b["shapes"]] == ["TABLE"]
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written beside a source"


def test_a_shape_that_cannot_be_read_disturbs_no_example(trace: Tracing) -> None:
    answer = trace(
        ">>> from pkg.mod import f\n>>> f()\n'done'",
        """
class Late:
    dtype = "float32"

    @property
    def shape(self):
        raise RuntimeError("not yet")

def f():
    late = Late()
    odd = Tensor("wide", None)
    return down(800)

def down(n):
    if n:
        return down(n - 1)
    deep = Tensor(5)
    return "done"
""",
    )
    assert answer.diagnostics == []
    assert answer.runs("late =", "late") == answer.runs("odd =", "odd") == []
    assert answer.runs("deep =", "deep") == ["5"]


# ## With PyTorch


def test_modules_of_pytorch_are_seen_through(trace: Tracing) -> None:
    answer = trace(
        """
>>> import torch
>>> from pkg.mod import Net
>>> batch = 2
>>> _ = Net(dim=3)(torch.ones(batch, 3))
""",
        """
import torch
from torch import Tensor, nn

class Layer(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim, dim + 2))
        self.register_buffer("table", torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return x.double() @ self.weight.double()

class Net(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layer = Layer(dim)

    def forward(self, x: Tensor) -> Tensor:
        mask = x > 0
        row = self.layer.weight[0]
        return self.layer(x) * mask.any()
""",
    )
    assert not answer.diagnostics
    assert not answer.unreached
    assert answer.runs("self.weight =", "self.weight") == ["C 5"]
    assert answer.runs("return x.double()") == ["B 5 float64"]
    assert answer.runs("mask =", "mask") == ["B C bool"]
    assert answer.runs("row =", "row") == ["5"]
    assert answer.runs("return self.layer(x)") == ["B 5 float64"]
