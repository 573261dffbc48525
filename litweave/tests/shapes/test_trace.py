"""The tracing program: what it says about small modules, and about those that fail.

What is to stand behind a line of a module is written there, behind `#>`: the name (none
for what a `return` gives), and the shape of each run, or `-` for nothing. `#!` marks a
line of a forward pass that no example reaches.
"""

import sys
from pathlib import Path
from typing import Any

from litweave.features.shapes import trace as program
from litweave.process import lines
from support import write_files

# A tensor is what has a shape and a type: PyTorch is not needed to tell.
TENSORS = """
class Tensor:
    def __init__(self, *shape, dtype="float32"):
        self.shape, self.dtype = shape, dtype
    def sum(self):
        return Tensor(*self.shape[:-1], dtype=self.dtype)
"""
IMPORT = "from pkg.tensors import Tensor\n"
EXAMPLE = '"""\n>>> 1\n1\n"""\n'
SIZES = [
    *(("batch", "B"), ("num_patches", "S"), ("dim", "C"), ("image_size", "HW")),
    *(("patch_size", "P"), ("height", "M"), ("breadth", "N")),
]
Said = dict[str, Any]


def ask(folder: Path, *names: str) -> list[Said]:
    """What the program says of modules in a folder, run as the build does."""
    paths = (f"{folder}/{name.replace('.', '/')}.py" for name in names)
    modules = [(name, path, SIZES) for name, path in zip(names, paths, strict=True)]
    asked = {"modules": modules, "watched": True}
    answer = lines([sys.executable, "-P", "-B", program.__file__], asked)
    return [said for said in answer if "name" in said]


def traced(folder: Path, *texts: str, fail: bool = False) -> list[Said]:
    """What one program says of modules, which all fail or are as told.

    Each is written as examples, an empty line, and code.
    """
    sources = {}
    for number, text in enumerate(texts):
        example, _, code = text.strip("\n").partition("\n\n")
        names = f">>> {IMPORT}>>> from pkg.mod{number} import *\n"
        sources[f"mod{number}"] = f'"""\n{names}{example}\n"""\n{IMPORT}\n{code}\n'
    files = {"__init__": "", "tensors": TENSORS, **sources}
    write_files(folder / "pkg", {f"{name}.py": text for name, text in files.items()})
    answers = ask(folder, *(f"pkg.{name}" for name in sources))
    for said, source in zip(answers, sources.values(), strict=True):
        assert_as_told(said, source)
        assert bool(said["problems"]) == fail, source
    return answers


def assert_as_told(said: Said, source: str) -> None:
    """See that behind each line stands what is written there."""
    shapes = {(line, name): runs for line, name, runs in said["shapes"]}
    for number, line in enumerate(source.split("\n"), start=1):
        assert (number in said["unreached"]) == ("#!" in line), line
        for told in line.partition("#>")[2].split(";"):
            name, _, wanted = (part.strip() for part in told.partition(":"))
            runs = shapes.get((number, name), [])
            found = " | ".join(", ".join(map(shown, run)) for run in runs)
            assert not wanted or (found or "-") == wanted, line


def shown(tensor: list[Any]) -> str:
    """A tensor, as in `B 3 dtype`."""
    sizes, letters, dtype, changed = tensor
    pairs = zip(sizes, letters, strict=True)
    shape = " ".join(letter or str(n) for n, letter in pairs) or "()"
    return f"{shape} {dtype}" if changed else shape


# ## What stands behind which line

SHOWN = {
    "every way to bind a tensor, at the line of its name": """
>>> _ = f(Tensor(2, 3), Tensor(2), [Tensor(2, 3)])

import contextlib
class Box: pass
TABLE = Tensor(2, 3)  #> TABLE: 2 3
def f(x, y,  #> x: 2 3; y: 2
      items):  #> items: 2 3
    plain = Tensor(4)  #> plain: 4
    annotated: Tensor = Tensor(5)  #> annotated: 5
    one = two = Tensor(6)  #> one: 6; two: 6
    first, (second, *rest) = Tensor(7), (Tensor(8), Tensor(9))  #> first: 7; rest: 9
    box = Box()
    box.held = Tensor(10)  #> box.held: 10
    added = []
    added += [Tensor(11)]  #> added: 11
    for item in [Tensor(13), Tensor(14)]:  #> item: 13 | 14
        pass
    for item in items:  #> item: 2 3
        item = item.sum()  #> item: 2
    with contextlib.nullcontext(Tensor(15)) as managed:  #> managed: 15
        pass
    if y is None: y = Tensor(4)  #> y: -
    long = (  #> long: 4
        Tensor(4)
    )
    return dict(  #> : ()
        a=y,
    ) and y.sum()
""",
    "what a function gives, on every way out": """
>>> for way in range(4):
...     _ = f(way)
>>> _ = list(g(Tensor(2)))
>>> asyncio.run(all_of())

import asyncio, contextlib
async def h():
    first = Tensor(8)  #> first: 8
    yield first  #> : 8
    if first: return
    yield None
async def all_of():
    async for last in h():
        seen = last.sum()  #> seen: ()
def f(way):
    if way == 0:
        return Tensor(2)  #> : 2
    if way == 1:
        with contextlib.nullcontext():
            return Tensor(3)  #> : 3
    try:
        if way == 2:
            return Tensor(4)  #> : 4
        return Tensor(5), Tensor(6)  #> : 5, 6
    finally:
        done = Tensor(7)  #> done: 7
def g(x):  #> x: 2
    for size in (3, 4):
        x = Tensor(size)
        yield x  #> : 3 | 4
    sent = Tensor(9)  #> sent: 9
    sent = yield Tensor(5)  #> sent: -
    after = Tensor(6)  #> after: 6
""",
    "no property is computed to read a value": """
>>> Lazy().f()
0
>>> h()
'done'

class Lazy:
    count = 0
    @property
    def held(self):
        self.count += 1
        return Tensor(2)
    @held.setter
    def held(self, value): pass
    def __getattr__(self, name):
        self.count += 1
        raise AttributeError(name)
    def f(self):
        self.held = Tensor(3)  #> self.held: -
        self.other = Tensor(4)  #> self.other: 4
        return self.count
class Late:
    dtype = "float32"
    @property
    def shape(self): raise RuntimeError("not yet")
class Shaped:
    ran = False
    @property
    def shape(self):
        Shaped.ran = True
        return (1,)
def h():
    shaped = Shaped()
    if Shaped.ran: return "it was run"
    late = Late()  #> late: -
    odd = Tensor("wide", None)  #> odd: -
    return down(800)
def down(n):
    if n: return down(n - 1)
    deep = Tensor(5)  #> deep: 5
    return "done"
""",
    "letters of the function, its object and its callers": """
>>> _ = Outer(24, 20)()

class Inner:
    def __init__(self, width, dim): self.width = width
    # The local and the attribute of the caller, the argument `dim` of `__init__`.
    def __call__(self, x):  #> x: B S C
        return Tensor(*x.shape, self.width)  #> : B S C 7
class Outer:
    def __init__(self, num_patches, dim):
        self.num_patches = num_patches
        self.inner = Inner(7, dim)
    def __call__(self):
        batch = 2
        return self.inner(Tensor(batch, self.num_patches, 20))
""",
    "a type where a call sees it first, and the usual one if another was before": """
>>> f(Tensor(2), Tensor(2, dtype='int64'))
>>> g(Tensor(3, dtype='int64'))

def f(x, n):  #> x: 2; n: 2 int64
    same = x.sum()  #> same: ()
    for _ in range(2):
        mask = Tensor(*x.shape, dtype="bool")  #> mask: 2 bool
    both = mask and x  #> both: 2
    again = Tensor(4, dtype=n.dtype)  #> again: 4
def g(n):  #> n: 3 int64
    x = Tensor(5)  #> x: 5 float32
""",
    "examples of functions, in names of their own": """
>>> own = 1

def f(x: Tensor) -> Tensor:
    '''Give it.

    >>> "own" in globals()
    False
    >>> f(Tensor(2))
    <pkg.tensors.Tensor object at ...>
    '''
    return x  #> : 2
""",
    "what a module prints does not disturb the answer": """
>>> f()
printed

import os
print("imported")
def f():
    os.write(1, b"{}")
    x = Tensor(2)  #> x: 2
    print("printed")
""",
    "lines of forward passes that were never run": """
>>> _ = f(Tensor(2)), Layer().forward(1)

def f(x: Tensor) -> Tensor:
    if x.shape == (3,):
        y = x.sum()  #!
        return y  #!
    if x.shape == (4,):
        raise ValueError(x)
    if not x.shape:
        return None  #!
    return x
def never(x: "Tensor | None" = None):
    x += 1  #!
def other(number):
    number = number + 1
    return number
class Layer:
    def forward(self, x):
        def inner():
            z = x
        return x if x else x + 1
""",
    "a call that raises shows nothing but was reached": """
>>> _ = f(Tensor(2)), g(Tensor(2))
>>> f(Tensor(3))
Traceback (most recent call last):
    ...
ValueError: 3

def f(x: Tensor):  #> x: 2
    y = x.sum()
    if x.shape != (2,):
        size = x.shape[0]
        raise ValueError(size)
    return y
def g(x):  #> x: 2
    try:
        y = f(Tensor(4))  #> y: -
    except ValueError:
        y = f(Tensor(2))  #> y: ()
    return y
""",
    "modules of PyTorch": """
>>> import torch
>>> batch = 2
>>> _ = Net(dim=3)(torch.ones(batch, 3))

import torch
from torch import Tensor, nn
class Layer(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim, dim + 2))  #> self.weight: C 5
        self.register_buffer("table", torch.ones(dim))
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return x.double() @ self.weight.double()  #> : B 5 float64
class Net(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layer = Layer(dim)
    def forward(self, x: Tensor) -> Tensor:
        mask = x > 0  #> mask: B C bool
        row = self.layer.weight[0]  #> row: 5
        return self.layer(x) * mask.any()  #> : B 5 float64
""",
}


def test_behind_each_line_stands_what_it_shows(tmp_path: Path) -> None:
    traced(tmp_path, *SHOWN.values())


# Of each size, letter or none; the sizes that an object was made with, in order and
# each once; a few values, listed once and in order.
LETTERS = [
    """
>>> batch, num_patches, dim = 2, 24, 20
>>> _ = f(Tensor(batch, num_patches, dim))
>>> around(3)
>>> batch, num_patches, dim = 4, 4, 5
>>> show(4, 5)
>>> batch = 1
>>> show(1, 3)
>>> image_size, patch_size = (16, 25), (4, 2)
>>> show(16, 25, 9, 4)
>>> image_size, height, breadth = 9, 16, 25
>>> show(16, 25, 9, 4)
>>> batch, num_patches, dim = True, 3.0, float("inf")
>>> show(1, 3, 6)

def f(x):  #> x: B S C
    return x.sum()  #> : B S
def around(dim):  # the inner goes before the outer
    inner() if dim == 5 else around(dim + 1)
    x = Tensor(dim, 20)  #> x: C 20 | C 20 | C 20
def inner():
    y = Tensor(5, 20)  #> y: C 20
# None is that of two of one size, nor of 1. A pair says nothing about one letter, and a
# number no difference between two; as many variables as letters go in pairs.
def show(*sizes):
    x = Tensor(*sizes)  #> x: 4 C | 1 3 | H W 9 S | M N 9 S | 1 3 6
""",
    """
>>> few, many = Layer(10), Layer(50)
>>> _ = few(), many(), few()

class Layer:
    def __init__(self, dim):
        self.weight = Tensor(dim, dim)  #> self.weight: C C | C C
    def __call__(self):
        return self.weight.sum()  #> : C | C
""",
    """
>>> _ = [f(n) for n in (5, float('inf'), 3, float('nan'), 5)]

def f(dim):
    for batch in range(100): g(batch)
def g(batch): pass
""",
    """
>>> batch, dim = 6, 6
>>> f(Tensor(6, 6), Tensor(6))
>>> dim = 7
>>> f(Tensor(6, 7), Tensor(8))

# Of two letters, the one that has the size of this axis in most runs.
def f(x, y):  #> x: B C | B C; y: 6 | 8
    pass
""",
]


def test_a_size_is_a_letter_where_that_is_certain(tmp_path: Path) -> None:
    sizes, objects, values, _ = traced(tmp_path, *LETTERS)
    last = {"image_size": [9], "patch_size": [[4, 2]], "num_patches": [3.0]}
    assert sizes["values"].items() >= last.items()
    [given] = [runs for _, name, runs in objects["shapes"] if not name]
    assert [run[0][0] for run in given] == [[10], [50]]
    assert values["values"] == {"dim": [5, 3], "batch": [*range(12)]}


MISSING = "ModuleNotFoundError: No module named 'no'"
# An example and what stands at the beginning of the code; the line, and what is told.
FAILING = [
    (">>> 1 + 1\n3\n>>> 1 / 0", "", 4, "the example should give 3, and gives 2"),
    (">>> exit(3)", "", 4, "the example fails: SystemExit: 3"),
    (">>> 1", "import no", 8, f"cannot be imported: {MISSING}"),
]


def test_what_fails_is_a_problem_at_its_line(tmp_path: Path) -> None:
    forward = "\ndef f(x: Tensor):\n    y = x  #!\n"
    texts = [f"{example}\n\n{code}{forward}" for example, code, *_ in FAILING]
    answers = traced(tmp_path, *texts, fail=True)
    for said, (*_, line, message) in zip(answers, FAILING, strict=True):
        assert [problem[:2] for problem in said["problems"]] == [[line, message]]


def test_a_name_that_means_another_file_is_a_problem(tmp_path: Path) -> None:
    write_files(tmp_path, {"json.py": EXAMPLE, "litweave/words.py": EXAMPLE})
    (tmp_path / "litweave" / "__init__.py").touch()
    # But litweave itself is imported from its sources.
    said, of_litweave = ask(tmp_path, "json", "litweave.words")
    [(line, message, _)] = said["problems"]
    assert line == 1
    assert "“json” is another file: <module 'json' from" in message
    assert of_litweave["problems"] == []


def test_a_module_is_watched_also_while_another_imports_it(tmp_path: Path) -> None:
    files = {
        "tensors.py": TENSORS,
        "a.py": f"{EXAMPLE}from . import b\n",
        "b.py": f"{EXAMPLE}{IMPORT}TABLE = Tensor(2)\n",
    }
    write_files(tmp_path / "pkg", files)
    before = sorted(tmp_path.rglob("*"))
    _, b = ask(tmp_path, "pkg.a", "pkg.b")
    assert [shape[1] for shape in b["shapes"]] == ["TABLE"]
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written beside a source"
