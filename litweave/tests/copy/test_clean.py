"""The clean form: the same program, no essay, and a formatter has nothing to say.

The standalone form: the package's program, and it runs where the package is not.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clean_forms import bare, docstrings, program
from litweave.features.copy import clean as cleaning
from litweave.features.copy.clean import all_formatted, clean, formatted, one_line
from litweave.features.copy.opening import StandaloneError
from litweave.features.copy.standalone import Package, standalone
from litweave.parse import ParseError, parse, read
from support import some_files

# ## What goes and what stays


# What becomes of a module: what begins with “-” goes, what begins with “+” comes.
ESSAY = '''
-r"""# The *mixing* of $S$ tokens
-
-$$X = Y$$
-"""
+"""The mixing of S tokens."""

-import torch  # why
+import torch

 ONE = 1

-# Why two.
-
 TWO = 2

-# ## A chapter
-

 class Mixer(torch.nn.Module):
-    r"""## A [`Mixer`][]
-
-    Prose.
-    """
+    """A Mixer."""

-    # The sizes.
-    sizes = [  # of all
-        1,  # noqa: E501
-
-        # the second
+    sizes = [
+        1,  # noqa: E501
         2,
     ]

     def forward(self, x):
-        """Mix the rows of [`x`][Table]. Then more.
-
-        **Shape.** None.
-        """
+        """Mix the rows of x."""

-        # First.
-        y = x   +   1
-
-        # Then.
+        y = x + 1

-        return "#" + y  # the end
+        return "#" + y
'''.strip().split("\n")


def test_the_essay_goes_and_the_code_is_laid_out() -> None:
    source, expected = (
        "\n".join(line[1:] for line in ESSAY if line[:1] != other) + "\n"
        for other in "+-"
    )
    assert clean(parse(source)) == expected


LINES = {
    "## The token-mixing MLP\n\nProse.": "The token-mixing MLP.",
    "Mix *each* `column`. And the rest.": "Mix each column.",
    "Take i.e. [the `x`][T.x],\nwhole.\n\nMore.": "Take i.e. the x, whole.",
    "Title\n=====\n\nProse.": "Title.",
    "Is it so?": "Is it so?",
    "The following:\n\n- one": "The following.",
    r"Compute $\frac{1}{2}$ of it.": "",
    "---\ntitle: A layer\n---\n\n# A layer": "",
    **dict.fromkeys(
        ["$$x = y$$", "- a list", ">>> example()", "**Shape.** Any.", ""], ""
    ),
}


@pytest.mark.parametrize("docstring", LINES)
def test_a_docstring_becomes_one_line(docstring: str) -> None:
    assert one_line(docstring) == LINES[docstring]


@given(st.text(alphabet="ab .:$*_`[]()#\\\n=-…é?"), st.integers(20, 90))
def test_one_line_stays_as_it_is(text: str, width: int) -> None:
    line = one_line(text, width)
    assert "\n" not in line
    assert len(line) <= width
    assert one_line(line, width) == line


def test_what_stays() -> None:
    tools = "#!/usr/bin/env python\n# fmt: off\nx = 1  # type: ignore\n# fmt: on\n"
    assert clean(parse(tools)) == tools
    # A body of prose alone stays a body.
    bodies = 'class A:\n    """$$x$$"""\n\n\ndef f():\n    "- a list"\n    # why\n'
    assert clean(parse(bodies)) == "class A:\n    pass\n\n\ndef f():\n    pass\n"
    # No other string becomes the docstring.
    source = 'def f():\n    """$$x$$"""\n    "Not the docstring."\n    return 1\n'
    assert list(docstrings(clean(parse(source)))) == [None, None]


def test_an_encoding_that_no_longer_holds_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_bytes("# coding: latin-1\r\nx = 'é'  # why\r\n".encode("latin-1"))
    assert clean(read(path)) == "x = 'é'\n"


def test_what_ruff_cannot_lay_out_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"good": "é  =  1\r\n", "broken": "x  = (\n"}
    assert all_formatted(sources) == {"good": "é = 1\r\n", "broken": "x  = (\n"}
    monkeypatch.setattr(cleaning, "find_ruff_bin", lambda: "/not/installed")
    assert all_formatted(sources) == sources
    assert formatted("x  = 1\n") == "x  = 1\n"


# ## Code that nobody here wrote


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_a_foreign_module_is_the_same_program() -> None:
    compared = 0
    for path in some_files(Path(sysconfig.get_path("stdlib")))[::6]:
        try:
            module = read(path)
        except ParseError:
            continue  # broken on purpose, a test of Python's own
        text = bare(module)
        assert program(text) == program(module.source), path
        assert bare(parse(text)) == text, path
        compared += 1
    assert compared > 20


PIECES = [
    *("x = 1  # why", "# prose", "# noqa", "", '"""A text. More."""', '"a" "b"'),
    *("x = [  # open\n    # inside\n\n    1,\n]", 's = """\n\n\n# string\n"""'),
    *('"a"; x = 1', 'class A: "doc"', "x = 1 + \\\n  2  # why"),
    "@d\n# between\nclass C(B):\n    # only\n    '''doc'''",
    "def f():\n\n    # why\n\n    r'''\n    $x$\n    '''  #\n\n\n    é = 'é'  # é",
    "if x:\n    pass\n\n# between\n\nelse:\n\n    '''text'''",
    "try:\n    import a\nexcept E:\n    # nothing\n    pass\nfinally:\n    b = 1",
    "match x:\n    # first\n    case 1:\n        # in it\n        pass",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(["\n", "\r\n", "\r"])
)
@example(['"a" "b"', '"a"; x = 1'], "\n")
def test_any_module_is_the_same_program(parts: list[str], ending: str) -> None:
    module = parse("\n".join(parts).replace("\n", ending))
    text = bare(module)
    assert program(text) == program(module.source)
    assert bare(parse(text)) == text
    assert "\r" not in text


# ## The standalone form


def alone(**sources: str) -> str:
    """The module `main` of a package `pkg` of some modules, in one file."""
    modules = {"pkg": parse("", "pkg/__init__.py")}
    for name, text in sources.items():
        modules[f"pkg.{name}"] = parse(dedent(text), f"pkg/{name}.py")
    return standalone("pkg.main", Package(modules))


def values(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), space)
    return space


def test_only_what_is_reached_comes_along_and_in_order() -> None:
    text = alone(
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


def test_what_acts_on_import_comes_along() -> None:
    text = alone(
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


def test_imports_are_merged_and_sorted() -> None:
    text = alone(
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
    assert subprocess.check_output(command, cwd=tmp_path) == b""


def test_a_circle_runs_as_python_runs_it() -> None:
    text = alone(
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
def test_what_is_not_certain_is_refused(number: int) -> None:
    message, sources = REFUSED[number : number + 2]
    a, _, main = sources.replace("⏎", "\n").partition("| ")
    with pytest.raises(StandaloneError, match=re.escape(message)):
        alone(a=a, main=main)
