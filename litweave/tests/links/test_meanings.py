"""What a name means is found by reading, and where that is not sure, nothing is."""

import sysconfig
import tokenize
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.features.links.meanings import Meanings
from litweave.parse import Module, ParseError, parse
from support import some_files


def meanings(**sources: str) -> Meanings:
    """The meanings of modules given by their names; `pkg__layers` is `pkg.layers`."""
    modules = {}
    for name, source in sources.items():
        is_package = name.endswith("__init")
        dotted = name.removesuffix("__init").replace("__", ".")
        path = "__init__.py" if is_package else f"{dotted}.py"
        modules[dotted] = parse(source, path)
    return Meanings(modules)


def meant(source: str, **others: str) -> list[tuple[str, str]]:
    """Each piece of the module `pkg.here` that means something, and what."""
    found = meanings(pkg__here=source, **others)
    lines = source.split("\n")
    return [
        (lines[line - 1][start : steps[-1][0]], steps[-1][1].name)
        for line, start, steps in found.uses("pkg.here")
    ]


PACKAGE = {
    "pkg__layers__init": "from .norm import *\nfrom .gelu import GELU as G, gelu\n",
    "pkg__layers__gelu": "class GELU:\n    def run(self): pass\ndef gelu(): pass\n",
    "pkg__layers__norm": "class Norm: pass\n",
    "pkg__loop": "from pkg.loop2 import x\n",
    "pkg__loop2": "from pkg.loop import x\n",
    "pkg__other": "class Base:\n def __init__(self): self.x = Norm()\n"
    "class Norm: pass\n",
}
# Sources, and each piece that means something, with what it means.
MEANT = {
    # What an import brings.
    "import torch": "torch=torch",
    "import torch.nn as nn\nnn": "torch.nn=torch.nn nn=torch.nn",
    "import a.b\na.b.c": "a.b=a.b a.b.c=a.b.c",
    "from a import b as c\nc.d": "a=a b=a.b c.d=a.b.d",
    "from a.b import c": "a.b=a.b c=a.b.c",
    "from torch import *\nTensor": "torch=torch",
    "from .other import x": "other=pkg.other",
    "from . import other": "other=pkg.other",
    "from ... import other": "",
    "from ..x import other\nother": "",
    "from ...x import other\nother": "",
    "def f():\n import os\n os.fsync": "os=os os.fsync=os.fsync",
    "def f():\n import os\nos.fsync": "os=os",
    "if x:\n import os\nos.fsync": "os=os os.fsync=os.fsync",
    "import os\nfrom evil import *\nos.fsync": "os=os evil=evil",
    "import os.path\nimport os\nos": "os.path=os.path os=os os=os",
    # It leads to the module itself.
    "from pkg.layers.gelu import gelu": "pkg.layers.gelu=pkg.layers.gelu "
    "gelu=pkg.layers.gelu.gelu",
    # A definition, a keyword and what is assigned are no uses of a name.
    "class A: pass\ndef b(): pass\ncall(A=1, b=2)\nx.A": "",
    "class N: pass\nclass A:\n def f(self):\n  self.n = N()": "N=pkg.here.N",
    # What stands below is known above.
    "def f(): return g()\ndef g(): pass": "g=pkg.here.g",
    "def f():\n def g(): pass\n g()": "g=pkg.here.f.g",
    "class A:\n def f(self):\n  class B: pass\n  B": "B=pkg.here.A.f.B",
    # A class that is defined twice is read as one.
    "if x:\n class A:\n  def f(self): self.__g\n"
    "else:\n class A:\n  def __g(self): pass": "self.__g=pkg.here.A.__g",
    # Classes inherit from each other, or from one in another module.
    "class A(B):\n def f(self): self.x\nclass B(A): pass": "B=pkg.here.B A=pkg.here.A",
    "from .other import Base\nclass A(Base):\n def f(self): self.x": "other=pkg.other "
    "Base=pkg.other.Base Base=pkg.other.Base self.x=pkg.other.Norm",
    # A chain is followed on one line, and as Python writes it.
    "import torch\n(torch\n .nn)\n(torch).nn\ntorch . nn": "torch=torch " * 4,
}


@pytest.mark.parametrize("source", MEANT)
def test_all_that_a_source_means(source: str) -> None:
    expected = [tuple(pair.split("=")) for pair in MEANT[source].split()]
    assert meant(source, **PACKAGE) == expected


# What binds a name anew.
BINDINGS = [
    *("nn = None", "nn: int = 0", "nn += 1", "del nn", "for nn in x: pass"),
    *("for a, *nn in x: pass", "with x as nn: pass", "import other as nn"),
    *("from other import nn", "(nn := 1)", "def nn(): pass", "class nn: pass"),
    *("[(nn := y) for y in x]", "try: pass\nexcept E as nn: pass"),
    *("match x:\n case nn: pass", "match x:\n case [*nn]: pass"),
    *("match x:\n case {**nn}: pass", "def f():\n global nn\n nn = 1"),
    "def f():\n global nn",
]
HIDING = [
    *(f"{binding}\nnn.Linear" for binding in BINDINGS),
    *("def f(nn): nn.Linear", "def f(*nn): nn.Linear", "lambda nn: nn.Linear"),
    *("def f(*, nn=1, **kwargs): nn.Linear", "def f():\n nn = 1\n nn.Linear"),
    *("def f():\n nn.Linear\n nn = 1", "def f(nn):\n def g(): nn.Linear"),
    *("[nn.Linear for nn in x]", "{nn.Linear: 1 for _, nn in x}"),
    "class A:\n x = [nn.Linear for _ in nn.Linear]",
    "(nn.Linear for x in y for nn in x if nn.Linear)",
    "class A:\n nn = 1\n nn.Linear",
    "def f():\n  def g():\n    nonlocal nn\n    nn = 1\n  nn = 2\n  nn.Linear",
]
NOT_HIDING = [
    *("@nn.Linear\ndef f(nn): pass", "def f(nn=nn.Linear): pass", "x: nn.Linear"),
    *("def f(nn: nn.Linear): pass", "def f(nn) -> nn.Linear: pass"),
    *("class A(nn.Linear):\n nn = 1", "class A(metaclass=nn.Linear): pass"),
    *("class A:\n nn = 1\n def f(self): nn.Linear", "call(nn=nn.Linear)"),
    *("lambda x=lambda nn: 0: nn.Linear", "lambda x=nn.Linear: 0"),
    *("f'{nn.Linear}'", "f'{x!r:{nn.Linear}}'"),
    "async def f():\n async for x in nn.Linear: await x",
    # A function sees past the class that it stands in.
    "def f():\n from torch import nn\n class A:\n  nn = 1\n  def g(self): nn.Linear",
]


@pytest.mark.parametrize("source", [*HIDING, *NOT_HIDING])
def test_a_scope_hides_what_it_binds_and_no_more(source: str) -> None:
    found = meant(f"from torch import nn\n{source}")
    assert (("nn.Linear", "torch.nn.Linear") in found) == (source in NOT_HIDING)


def test_columns_are_characters_and_identifiers_of_any_script() -> None:
    source = "import torch\nüber = 'ß€😀', torch.Tensor, (torch.nn)\n"
    assert ("torch.Tensor", "torch.Tensor") in meant(source)
    assert ("torch.nn", "torch.nn") in meant(source)
    assert ("größe", "maße.größe") in meant("from maße import größe\nπ = größe\n")
    # Python reads `ﬁt`, with a ligature, as `fit`; on the page it is not that text.
    assert ("fit", "pkg.here.fit") not in meant("def fit(): pass\nﬁt()\n")
    # The text of a string is no name.
    source = 'import torch\nf"""\ntorch {torch.nn} torch.nn\n"""\n"torch"\n'
    found = [*meanings(pkg__here=source).uses("pkg.here")]
    assert [(line, start) for line, start, _ in found[1:]] in ([(3, 7)], [])


# Statements, a use of what they bring, and what it means.
LEADS = {
    "from pkg.layers import G": "G=pkg.layers.gelu.GELU",
    "from pkg.layers import G as x": "x.run=pkg.layers.gelu.GELU.run",
    "from pkg import layers": "layers.G.run=pkg.layers.gelu.GELU.run",
    "import pkg.layers": "pkg.layers.G=pkg.layers.gelu.GELU",
    "import pkg.layers.norm as n": "n.Norm=pkg.layers.norm.Norm",
    "from .layers.norm import Norm": "Norm=pkg.layers.norm.Norm",
    # The package hands the function on under the name of its own module.
    "from pkg.layers import gelu": "gelu=pkg.layers.gelu.gelu",
    # Within a package, a short name is no neighbour.
    "import other": "other.Base=other.Base",
    # By a star, of what is not there, around a loop, and bound again: nothing.
    "from pkg.layers import Norm": "Norm=",
    "from pkg.layers import missing": "missing=",
    "from pkg.nowhere import Norm": "Norm=",
    "from pkg.loop import x": "x=",
    "from pkg.layers.gelu import GELU\nx = GELU": "x=",
}


@pytest.mark.parametrize("statement", LEADS)
def test_a_name_leads_to_where_it_is_defined(statement: str) -> None:
    use, _, name = LEADS[statement].partition("=")
    found = meant(f"{statement}\nprint({use})\n", pkg__init="", **PACKAGE)
    assert [name for text, name in found if text == use][-1:] == [name] * bool(name)


CLASSES = """
from torch import nn
from torch.utils.data import Dataset

class Base(nn.Module):
    def helper(self): pass
    def __init__(self): self.shared = Norm()

class Norm: pass

class Mixer(Base):
    attribute = 3
    field: int
    def __init__(self, norm):
        self.norm, self.other = Norm(), 1
        self.single = Norm(3)
        self.twice = Norm()
        self.given = norm
        self.optional = Norm() if norm else None
        self.library = nn.Linear(1, 2)
        self.function = nn.init.zeros_(1)
        self.blocks = nn.ModuleList(Norm() for _ in range(3))
        self.list = [Norm() for _ in range(3)]
        self.stack = nn.Sequential(*[Norm() for _ in range(3)])
        self.mixed = nn.Sequential(Norm(), nn.GELU())
        self.made = make()
        self.counter = Norm()
        self.counter += 1
    def change(self): self.twice = Base()
    def hide(self): self.shadowed = [Norm() for Norm in norm]
    def method(self): pass
    @property
    def size(self): pass
    @staticmethod
    def static(here): return here.method
    @classmethod
    def create(cls): return cls.method
    def use(self): %s

def make(): pass
class Unknown(somewhere(), Base):
    def use(self): return self.helper
class Rows(Dataset[int]):
    def use(self): return self.__getitem__
"""
OF_SELF = {
    "pkg.here.Norm": "self.single(x), self.shared(x), self.blocks, "
    "self.blocks.append, self.list, self.stack",
    "pkg.here.Mixer.method": "self.method(), (lambda: self.method), Mixer.method, "
    "[self.method for _ in x]",
    "pkg.here.Base.helper": "self.helper(), Mixer.helper",
    "pkg.here.Mixer.size": "self.size.real",
    "torch.nn.Linear": "self.library(x)",
    "torch.nn.Linear.reset": "self.library.reset()",
    "torch.nn.Module.parameters": "self.parameters",
    # It could be several things, or is none.
    "": "self.norm, self.other, self.twice, self.given, self.optional, self.mixed, "
    "self.shadowed, self.made, self.attribute, self.counter, "
    "(self := 1) or self.method, (lambda self: self.method)",
}


@pytest.mark.parametrize("name", OF_SELF)
def test_an_attribute_of_self(name: str) -> None:
    for use in OF_SELF[name].split(", "):
        found = [pair for pair in meant(CLASSES % use) if "." in pair[0]]
        assert [name for text, name in found if text in use] == [name] * bool(name), use
        # Only `self` is an instance of the class, an unknown base may have anything,
        # and a generic one of a library has what that has.
        others = [pair for pair in found if pair[0] not in use]
        of_dataset = ("self.__getitem__", "torch.utils.data.Dataset.__getitem__")
        assert [p for p in others if p[0].startswith(("self.", "cls."))] == [of_dataset]


def check(module: Module) -> int:
    """Every chain lies within its line, and says what stands there."""
    found = [*Meanings({"some.module": module}).uses("some.module")]
    for line, start, steps in found:
        for end, thing in steps:
            text = module.lines[line - 1][start:end]
            assert all(part.isidentifier() for part in text.split("."))
            assert thing.name
    return len(found)


def test_the_standard_library() -> None:
    number = 0
    for path in some_files(Path(sysconfig.get_path("stdlib"))):
        try:
            with tokenize.open(path) as file:
                lines = tuple(StringIO(file.read(), newline=""))
            number += check(Module(str(path), "utf-8", lines, (), ()))
        except (SyntaxError, UnicodeDecodeError):
            continue  # broken on purpose, a test of Python's own
    assert number > 20_000


STATEMENTS = [
    *("class A(A):", "def f(self, a=b):", "global a", "nonlocal a", "self.a = A()"),
    *("import a.b", "from . import a", "a.b.c", "for a in b:", "lambda a: a"),
    *("[a for a in a.b]", "pass", "try:", "except a as a:", "nn = a.b()"),
]


@given(st.lists(st.sampled_from(STATEMENTS)))
def test_any_arrangement_of_statements(statements: list[str]) -> None:
    """Whatever Python takes, `Meanings` takes."""
    source, depth = "", 0
    for statement in statements:
        source += "    " * depth + statement + "\n"
        depth += statement.endswith(":")
    source += "    " * depth + "pass\n"
    try:
        module = parse(source)
    except ParseError:
        return
    check(module)
