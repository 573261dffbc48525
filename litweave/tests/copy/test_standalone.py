"""A standalone file is the package's program, and runs where the package is not."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from litweave.features.copy.clean import formatted
from litweave.features.copy.opening import StandaloneError
from litweave.features.copy.standalone import Package, standalone
from support import book_of


def alone(folder: Path, **sources: str) -> str:
    """The module `main` of a package `pkg` of some modules, in one file."""
    files = {"__init__": "", **sources}
    book = book_of(folder, {f"{name}.py": text for name, text in files.items()})
    return standalone("pkg.main", Package(book.modules))


def values(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), space)
    return space


def test_only_what_is_reached_comes_along_and_in_order(tmp_path: Path) -> None:
    text = alone(
        tmp_path,
        a="import os\nBASE = 2\ndef unused(): return os.sep\n"
        "class A:\n    size = BASE\nclass Quoted: pass\n",
        b="from .a import A, Quoted\nclass B(A):\n    # why\n"
        "    def two(self) -> 'list[Quoted]': return twice(self.size)\n\n"
        "def twice(x): return 2 * x\n",
        main='"""# The *main* thing"""\nfrom pkg.b import B as Other\n'
        "result = Other().two()\n",
    )
    for absent in ("unused", "import", "why"):
        assert absent not in text
    assert text.startswith('"""The main thing."""')
    order = [text.index(part) for part in ("BASE", "class A", "class Q", "class B")]
    assert order == sorted(order)
    assert values(text)["result"] == 4


def test_what_acts_on_import_comes_along(tmp_path: Path) -> None:
    text = alone(
        tmp_path,
        table="known = {}\n\ndef add(f):\n    known[f.__name__] = f\n    return f\n",
        parts="from .table import add, known\n@add\ndef one(): return 1\n"
        "def unused(): return 2\nknown['two'] = 2\n"
        "def fill(): known['three'] = 3\nfilled = fill()\n"
        "class Four:\n    four = add(lambda: 4)\n"
        "if __name__ == '__main__':\n    print(unused())\n",
        main="from . import parts\nfrom .table import known\n",
    )
    assert list(values(text)["known"]) == ["one", "two", "three", "<lambda>"]
    assert "unused" not in text


def test_imports_are_merged_and_sorted(tmp_path: Path) -> None:
    text = alone(
        tmp_path,
        a="from __future__ import annotations\nimport os, re\n"
        "from torch import nn as nn, Tensor\ndef f(x: Tensor): return nn, os\n",
        main="from __future__ import annotations\nfrom .a import f\n"
        "from torch.nn import functional as F\nfrom torch import nn\nx = f(F)\n",
    )
    compile(text, "alone", "exec")
    assert formatted(text, sort=True).startswith(
        '"""pkg.main."""\n\nfrom __future__ import annotations\n\nimport os\n\n'
        "from torch import Tensor, nn\nfrom torch.nn import functional as F\n\n\n"
    )


def test_the_examples_come_along_with_what_they_build_on(tmp_path: Path) -> None:
    text = alone(
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
        class Oops(Exception): pass
        def f(x): return x + 1
        ''',
    )
    assert text.startswith(
        '"""Title.\n\nExample:\n\n>>> twice = double\n>>> from math import floor, pi\n'
        ">>> x = floor(half(root(64)))\n\n>>> f(twice(x))\n9\n"
    )
    assert "f(0)" not in text
    (tmp_path / "main.py").write_text(text)
    command = [sys.executable, "-I", "-m", "doctest", "main.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_a_circle_runs_as_python_runs_it(tmp_path: Path) -> None:
    text = alone(
        tmp_path,
        a="BASE = 1\nfrom .b import more\nTOTAL = more()\n",
        b="from math import floor as down\nfrom .a import BASE\n"
        "def more(): return down(BASE + 1.5)\n",
        main="from .a import TOTAL\nfrom .b import down as low\nx = low(TOTAL)\n",
    )
    assert values(text)["x"] == 2


# Why modules `a` and `main`, with a “|” between them, are not joined. “⏎” ends a line.
REFUSED = r'''
a.py:1: “Config” means something else in pkg/main.py:2
class Config: pass | from .a import Config as Base⏎class Config(Base): pass
a.py:1: “_key” means something else in pkg/main.py:2
_key = 3⏎value = _key | from .a import value⏎def _key(): return value
a.py:1: “sum” means something else in pkg/main.py:2
def sum(x): return 0⏎total = sum([1]) | from .a import total⏎x = sum([1])
a.py:2: “x” means something else
from math import pi as x⏎x = 3 | from .a import x
a.py:1: pkg.main imports other things
from __future__ import annotations⏎x = 1 | from .a import x
main.py:1: “x” means something else
x = 1 | from .a import x⏎def f():⏎    global x⏎    x = 2
main.py:1: a star import
x = 1 | from .a import *
main.py:2: an import stands within other code
x = 1 | def f():⏎    from .a import x⏎    return x
main.py:1: an import stands
| from __future__ import annotations; x = 1
main.py:1: the module “a” is used as a whole
| from . import a⏎x = vars(a)
main.py:3: the module “pkg” is used as a whole
| """# Example⏎⏎>>> import pkg.a⏎"""
main.py:2: a string names “pkg.a”
| import importlib⏎a = importlib.import_module('pkg.a')
a.py:1: “__file__”
x = __file__ | from .a import x
main.py:1: “x” is bound anew
x = 1⏎def f():⏎    global x⏎    x = 2 | from .a import x, f
main.py:1: “pkg.none.x” is nothing that could be read
| from .none import x
main.py:1: “pkg.a.x” is nothing that could be read
| from .a import x
'''.strip().split("\n")


@pytest.mark.parametrize("number", range(0, len(REFUSED), 2))
def test_what_is_not_certain_is_refused(number: int, tmp_path: Path) -> None:
    message, sources = REFUSED[number : number + 2]
    a, _, main = sources.replace("⏎", "\n").partition("| ")
    with pytest.raises(StandaloneError, match=re.escape(message)):
        alone(tmp_path, a=a, main=main)
