"""A standalone file is the package's program, and runs where the package is not."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from litweave.book import Book
from litweave.features.copy.clean import formatted
from litweave.features.copy.opening import StandaloneError
from litweave.features.copy.standalone import Package, standalone

# ## Any package


def made(folder: Path, **sources: str) -> Package:
    """A package `pkg` of some modules; `__` stands for a dot."""
    root = folder / "pkg"
    for name, source in {"__init__": "", **sources}.items():
        path = root / f"{name.replace('__sub__', 'sub/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")
    book = Book()
    book.read(root)
    return Package(book.modules)


def values(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), space)
    return space


def test_only_what_is_reached_comes_along_and_in_order(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        a='import os\nimport sys\nBASE = 2\n\ndef unused():\n    return os.sep\n\n'
        "class A:\n    size = BASE\n",
        b="from .a import A\n\nclass B(A):\n    # why\n"
        "    def two(self): return twice(self.size)\n\ndef twice(x): return 2 * x\n",
        main='"""# The *main* thing"""\nfrom pkg.b import B as Other\n\n'
        "result = Other().two()\n",
    )  # fmt: skip
    text = standalone("pkg.main", package)
    assert "unused" not in text
    assert "import" not in text
    assert "why" not in text
    assert text.startswith('"""The main thing."""')
    assert text.index("BASE") < text.index("class A") < text.index("class B")
    found = values(text)
    assert found["result"] == 4
    assert found["Other"] is found["B"]


def test_a_name_for_a_thing_of_another_is_given_to_it(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        records="from math import floor as down\n\ndef read(x):\n    return down(x)\n",
        main="from pkg.records import read as get, down as lower\n"
        "found = get(4.5), lower(2.5)\n",
    )
    text = standalone("pkg.main", package)
    assert "get = read" in text
    assert values(text)["found"] == (4, 2)


def test_what_an_annotation_quotes_comes_along(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        a="class A: pass\n\nclass B: pass\n\ndef f(x: 'A') -> 'list[B]': return x\n",
        main="from .a import f\n",
    )
    text = standalone("pkg.main", package)
    assert text.index("class A") < text.index("class B") < text.index("def f")


def test_what_acts_on_import_comes_along(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        table="known = {}\n\ndef add(f):\n    known[f.__name__] = f\n    return f\n",
        parts="from .table import add, known\n\n@add\ndef one(): return 1\n\n"
        "def unused(): return 2\n\nknown['two'] = 2\n\n"
        "def fill(): known['three'] = 3\n\nfilled = fill()\n\n"
        "if __name__ == '__main__':\n    print(unused())\n",
        main="from . import parts\nfrom .table import known\n",
    )
    text = standalone("pkg.main", package)
    assert list(values(text)["known"]) == ["one", "two", "three"]
    assert "unused" not in text


def test_imports_are_merged_and_sorted(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        a="import os\nfrom torch import nn as nn, Tensor\n"
        "import torch.nn.functional as F\n"
        "def f(x: Tensor): return nn, F, os\n",
        main="from __future__ import annotations\n"
        "from torch.nn import functional as F\nfrom torch import nn, zeros\n"
        "import re, ast\nfound = F, nn, zeros, re, ast\n",
        last="from .a import f\nfrom torch.nn import functional as F\nx = f(F)\n",
    )
    head = formatted(standalone("pkg.last", package), sort=True).partition("\n\n\n")[0]
    assert head.split("\n\n")[1:] == [
        "import os",
        "from torch import Tensor, nn\nfrom torch.nn import functional as F",
    ]
    compile(standalone("pkg.main", package), "alone", "exec")
    whole = formatted(standalone("pkg.main", package), sort=True)
    assert "import ast\nimport re\n\nfrom torch import nn, zeros" in whole


def test_the_examples_come_along_with_what_they_build_on(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        other="from math import sqrt as root\n\n"
        "def double(x): return 2 * x\n\ndef half(x): return x / 2\n",
        main='''\
        # A licence above is no docstring.
        r"""# Title

        >>> from pkg.other import double as twice, half, root
        >>> from math import floor, pi
        >>> x = floor(half(root(64)))

        ## Example

        Words.

        >>> from pkg.main import f
        >>> f(twice(x))
        9
        >>> raise Oops("why")
        Traceback (most recent call last):
        pkg.main.Oops: why

        ## After

        >>> f(0)
        1
        """

        class Oops(Exception):
            """Oops."""

        def f(x): return x + 1
        ''',
    )
    text = standalone("pkg.main", package)
    path = tmp_path / "main.py"
    path.write_text(text)
    assert text.startswith(
        '"""Title.\n\nExample:\n\n>>> twice = double\n'
        ">>> from math import sqrt as root\n>>> from math import floor\n"
        ">>> from math import pi\n>>> x = floor(half(root(64)))\n\n"
        ">>> f(twice(x))\n9\n"
    )
    assert "f(0)" not in text
    command = [sys.executable, "-I", "-m", "doctest", "main.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_a_circle_runs_as_python_runs_it(tmp_path: Path) -> None:
    package = made(
        tmp_path,
        a="BASE = 1\n\nfrom .b import more\n\nTOTAL = more()\n",
        b="from .a import BASE\n\ndef more(): return BASE + 1\n",
        main="from .a import TOTAL\n",
    )
    assert values(standalone("pkg.main", package))["TOTAL"] == 2


REFUSED = {
    "two public names": (
        "class Config: pass\n",
        "from .a import Config as Base\nclass Config(Base): pass\n",
        r"a\.py:1: “Config” means something else in pkg/main\.py:2",
    ),
    "two private names": (
        "_key = 3\nvalue = _key\n",
        "from .a import value\ndef _key(): return value\n",
        r"a\.py:1: “_key” means something else in pkg/main\.py:2",
    ),
    "a name of Python itself": (
        "def sum(x): return 0\ntotal = sum([1])\n",
        "from .a import total\nx = sum([1])\n",
        r"a\.py:1: “sum” means something else in pkg/main\.py:2",
    ),
    "a star": ("x = 1\n", "from .a import *\n", r"main\.py:1: a star import"),
    "an import within": (
        "x = 1\n",
        "def f():\n    from .a import x\n    return x\n",
        r"main\.py:2: an import from the package stands within",
    ),
    "a module as a whole": (
        "x = 1\n",
        "from . import a\nprint(vars(a))\n",
        r"main\.py:2: the module “a” is used as a whole",
    ),
    "its own file": ("x = __file__\n", "from .a import x\n", r"a\.py:1: “__file__”"),
    "a name bound anew": (
        "x = 1\ndef f():\n    global x\n    x = 2\n",
        "from .a import x, f\n",
        r"main\.py:1: “x” is bound anew",
    ),
    "a module in a string": (
        "x = 1\n",
        "import importlib\na = importlib.import_module('pkg.a')\n",
        r"main\.py:2: a string names “pkg\.a”",
    ),
    "a module that is not there": (
        "",
        "from .none import x\n",
        r"main\.py:1: “pkg\.none” is no module",
    ),
    "another future": (
        "from __future__ import annotations\nx = 1\n",
        "from .a import x\n",
        r"a\.py:1: .*__future__",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_certain_is_refused(case: str, tmp_path: Path) -> None:
    a, main, message = REFUSED[case]
    package = made(tmp_path, a=a, main=main)
    with pytest.raises(StandaloneError, match=message):
        standalone("pkg.main", package)
