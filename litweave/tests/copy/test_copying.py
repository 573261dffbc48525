"""Copies: whence they come, what a page and the command give to take, their forms."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clean_forms import bare, docstrings, program
from litweave.__main__ import main
from litweave.diagnostics import PlacedError
from litweave.features import copy as copying
from litweave.features.copy import forms
from litweave.features.copy.forms import clean, head, standalone
from litweave.parse import ParseError, parse, read
from litweave.words import said
from support import read_book, some_files, write_files


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package whose `b` imports its `a`."""
    files = {"a.py": "x = 1  # one\n", "b.py": "from pkg.a import x\nimport pkg.b\n"}
    return write_files(tmp_path / "pkg", files)


def offered(
    source: Path,
    address: str = "",
    exclude: str = "",
    alone: tuple[str, ...] = ("*",),
    is_preview: bool = False,
) -> tuple[dict[str, str], str]:
    """The texts that a site brings, and the menu of `b`."""
    book = read_book(source, exclude.split())
    site: Any = SimpleNamespace(book=book, address=address, is_preview=is_preview)
    site.settings = SimpleNamespace(cache=source.parent, standalone=alone)
    copying.enrich(site)
    assert not book.context.diagnostics.found
    return site.copies, said("".join(book.chapters["b.md"].overlay.tools))


def test_a_copy_says_which_project_it_is_from(source: Path) -> None:
    project = {"pyproject.toml": '[project]\nname = "n"\nversion = "2"\n'}
    write_files(source.parent, {**project, "LICENCE.txt": "Free.\n"})
    assert head("pkg.a", source / "a.py", "https://n.example/a/") == (
        "pkg.a, with all it needs, in one file.\nFrom n 2, https://n.example/a/\n\nFree."
    )


def test_each_page_offers_its_forms(source: Path) -> None:
    (source / "LICENCE.txt").write_text("Free.\n")
    (source.parent / "LICENCE.txt").write_text("Of something else, with no project.")
    texts, menu = offered(source, "https://n.example/docs/")
    assert texts["a.clean.py"] == "x = 1\n"
    head = "From pkg, https://n.example/docs/a/\n#\n# Free.\n\n"
    assert head in texts["a.standalone.py"]
    assert "x = 1\n" in texts["b.standalone.py"]
    for name in ("b.py", "b.clean.py", "b.standalone.py"):
        assert menu.count(f'="../{name}"') == 2, "to copy and to download"


def test_what_is_not_offered_is_in_the_copies_of_others(source: Path) -> None:
    texts, _ = offered(source, "http://127.0.0.1:8000/", exclude="a.py")
    assert "x = 1\n" in texts["b.standalone.py"]
    # Nobody can follow the address of a preview.
    assert "From pkg.\n" in texts["b.standalone.py"]
    assert sorted(texts) == ["b.clean.py", "b.standalone.py"]
    texts, menu = offered(source, alone=("a*",))
    assert sorted(texts) == ["a.clean.py", "a.standalone.py", "b.clean.py"]
    assert "Standalone" not in menu


def test_a_refusal_names_the_line_where_it_is_now(source: Path) -> None:
    for comment, line in (("", 1), ("# Why.\n", 2)):
        (source / "a.py").write_text(f"{comment}x = __file__\n")
        texts, menu = offered(source)
        assert "b.standalone.py" not in texts
        assert f'possible: <span lang="en">pkg/a.py:{line}: “__file__”' in menu


def test_a_module_nested_too_deep_for_python_is_no_crash(source: Path) -> None:
    branches = "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(1500))
    (source / "b.py").write_text(f"x = 1\nif x:\n    y = 0\n{branches}")
    texts, _ = offered(source)
    for form in ("clean", "standalone"):
        assert texts[f"b.{form}.py"].count("elif") == 1500


def test_what_is_unchanged_is_not_made_again(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, texts = list[str](), dict[str, str]()

    def standalone(name: str, *others: object) -> str:
        made.append(name)
        return f"# {name}\n"

    def build(**options: Any) -> list[str]:
        made.clear()
        texts.update(offered(source, **options)[0])
        return [*made]

    monkeypatch.setattr(copying, "standalone", standalone)
    assert build() == ["pkg.a", "pkg.b"]
    before = {**texts}
    assert build() == []
    assert texts == before
    # What another module takes over from a changed one is made anew, too.
    (source / "a.py").write_text("x = 2\n")
    assert build() == ["pkg.a", "pkg.b"]
    # While somebody writes, only its code counts; a build finds its own copies still.
    assert build(is_preview=True) == ["pkg.a", "pkg.b"]
    assert build() == []
    (source / "a.py").write_text("# Two.\nx = 2\n")
    assert build(is_preview=True) == ["pkg.a"]
    # Another ruff may lay out all of it in another way.
    monkeypatch.setattr(copying, "version", lambda name: "another")
    assert build() == ["pkg.a", "pkg.b"]


# ## `litweave copy`: a module of a file or a folder, in three forms, on a quiet pipe

FILES = {
    "__init__.py": "one = 1\n",
    "pkg.py": "inner = 1\n",
    "a.py": "# -*- coding: latin-1 -*-\r\nx  =  'é'  # why\r\n",
    "b.py": "from .a import x\n\n\ndef f():\n    return x\n",
    "sub/a.py": "from ..b import *\n",
    "broken.py": "x = (\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = write_files(tmp_path / "pkg", FILES)
    (folder / "a.py").write_bytes(FILES["a.py"].encode("latin-1"))
    return folder


Copy = Callable[..., tuple[int, str, str]]


@pytest.fixture
def copy(package: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Copy:
    """The status of the command, and what it says on both streams."""

    def copy(where: str, *arguments: str) -> tuple[int, str, str]:
        status = main(["copy", str(package / where), *arguments])
        out, err = capsysbinary.readouterr()
        coding = "latin-1" if b"\xe9" in out else "utf-8"
        return status, out.decode(coding), err.decode()

    return copy


COPIED = {
    **{"a.py": FILES["a.py"], "a.py --clean": "x = 'é'\n"},
    # A module of a folder is meant by any end of its name.
    **dict.fromkeys([". b", ". pkg.b", ". pkg/b.py"], FILES["b.py"]),
    # A whole name is meant before the end of another.
    **{". pkg": FILES["__init__.py"], ". pkg.pkg": FILES["pkg.py"]},
    ". --list": "pkg\npkg.a\npkg.b\npkg.pkg\npkg.sub.a\n",
}


@pytest.mark.parametrize("arguments", COPIED)
def test_a_module_is_copied_or_all_are_listed(arguments: str, copy: Copy) -> None:
    status, out, err = copy(*arguments.split())
    assert (status, out) == (0, COPIED[arguments])
    # Of a folder, what cannot be read is told.
    assert err[:18] == ("pkg/broken.py:1: '" if arguments[:2] == ". " else "")


def test_the_standalone_form_has_what_it_imports(package: Path, copy: Copy) -> None:
    write_files(package.parent, {"LICENSE": "Free.\n", "pyproject.toml": ""})
    for arguments in (["b.py"], [".", "b"]):
        status, out, _ = copy(*arguments, "--standalone")
        assert status == 0
        assert out == (
            "# pkg.b, with all it needs, in one file.\n# From pkg.\n#\n# Free.\n\n"
            '"""pkg.b."""\n\nx = \'é\'\n\n\ndef f():\n    return x\n'
        )


NOT_COPIED = {
    "bb": "nothing is named “bb”; did you mean “b”? (copy --list",
    "a": "“a” could be “pkg.a”, “pkg.sub.a”: write more of the name",
    "": "MODULE says which module is meant",
    "broken": "pkg/broken.py:1: ",
    "sub.a --standalone": "pkg/sub/a.py:1: “pkg.b.*” is no name",
}


@pytest.mark.parametrize("arguments", NOT_COPIED)
def test_what_cannot_be_copied_is_told(arguments: str, copy: Copy) -> None:
    status, out, err = copy(".", *arguments.split())
    assert (status, out) == (1 if "--standalone" in arguments else 2, "")
    assert NOT_COPIED[arguments] in err


def test_a_closed_pipe_is_quiet(package: Path) -> None:
    # More than a pipe holds.
    (package / "b.py").write_text(f"x = '{'x' * 300_000}'\n")
    copied = f"{sys.executable} -m litweave copy {package / 'b.py'}"
    command = ["bash", "-c", f"set -o pipefail; {copied} | true"]
    result = subprocess.run(command, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")


# ## The clean form: the same program without its essay

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
    "A :class:`Command`, :py:func:`~a.b`.": "A Command, b.",
    ":class:`Response <requests.Response>` object": "Response object.",
    "The following:\n\n- one": "The following.",
    r"Compute $\frac{1}{2}$ of it.": "",
    "---\ntitle: A layer\n---\n\n# A layer": "",
    **dict.fromkeys(["$$x = y$$", "- a list", ">>> f()", "**Shape.** Any.", ""], ""),
}


@pytest.mark.parametrize("docstring", LINES)
def test_a_docstring_becomes_one_line(docstring: str) -> None:
    assert forms.one_line(docstring) == LINES[docstring]


@given(st.text(alphabet="ab .:$*_`[]()#\\\n=-…é?"), st.integers(20, 90))
def test_one_line_is_short(text: str, width: int) -> None:
    line = forms.one_line(text, width)
    assert "\n" not in line
    assert len(line) <= width


def test_what_stays_and_what_no_longer_holds(tmp_path: Path) -> None:
    tools = "#!/usr/bin/env python\n# fmt: off\nx = 1  # type: ignore\n# fmt: on\n"
    assert clean(parse(tools)) == tools
    # A body of prose alone stays a body.
    bodies = 'class A:\n    """$$x$$"""\n\n\ndef f():\n    "- a list"\n    # why\n'
    assert clean(parse(bodies)) == "class A:\n    pass\n\n\ndef f():\n    pass\n"
    # No other string becomes the docstring.
    source = 'def f():\n    """$$x$$"""\n    "Not the docstring."\n    return 1\n'
    assert list(docstrings(clean(parse(source)))) == [None, None]
    # But an encoding is no longer claimed.
    path = tmp_path / "old.py"
    path.write_bytes("# coding: latin-1\r\nx = 'é'  # why\r\n".encode("latin-1"))
    assert clean(read(path)) == "x = 'é'\n"


def test_what_ruff_cannot_lay_out_stays() -> None:
    sources = {"good": "é  =  1\r\n", "broken": "x  = (\n"}
    assert forms.all_formatted(sources) == {"good": "é = 1\r\n", "broken": "x  = (\n"}


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
ENDINGS = "\n", "\r\n", "\r"


@given(st.lists(st.sampled_from(PIECES), max_size=7), st.sampled_from(ENDINGS))
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
    return standalone("pkg.main", modules)


def values(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), space)
    return space


def test_only_what_is_reached_comes_along_and_in_order() -> None:
    text = alone(
        a="import os\nBASE = 2\ndef unused(): return os.sep\n"
        "class A:\n    size = BASE\n",
        b="from .a import A\nclass B(A):\n    # why\n"
        "    def two(self): return twice(self.size)\n\n"
        "def twice(x): return 2 * x\n",
        main='"""# The *main* thing"""\nfrom pkg.b import B as Other\n'
        "result = Other().two()\n",
    )
    assert not re.search("unused|import|why", text)
    assert text.startswith('"""The main thing."""')
    order = [text.index(part) for part in ("BASE", "class A", "class B")]
    assert order == sorted(order)
    assert values(text)["result"] == 4


def test_what_acts_on_import_comes_along() -> None:
    text = alone(
        table="known = {}\n\ndef add(f):\n    known[f.__name__] = f\n    return f\n",
        parts="from .table import add, known\n@add\ndef one(): return 1\n"
        "def unused(): return 2\nknown['two'] = 2\n"
        "def fill(): known['three'] = 3\nfilled = fill()\n"
        "if __name__ == '__main__':\n    print(unused())\n",
        main="from . import parts\nfrom .table import known\n",
    )
    assert list(values(text)["known"]) == ["one", "two", "three"]
    assert "unused" not in text
    # A circle runs as Python runs it.
    text = alone(
        a="BASE = 1\nfrom .b import more\nTOTAL = more()\n",
        b="from math import floor as down\nfrom .a import BASE\n"
        "def more(): return down(BASE + 1.5)\n",
        main="from .a import TOTAL\nfrom .b import down as low\nx = low(TOTAL)\n",
    )
    assert values(text)["x"] == 2


def test_imports_are_merged_and_sorted() -> None:
    text = alone(
        a="from __future__ import annotations\nimport os, re\n"
        "from torch import nn as nn, Tensor\ndef f(x: Tensor): return nn, os\n",
        main="from __future__ import annotations\nfrom .a import f\n"
        "from torch.nn import functional as F\nfrom torch import nn\nx = f(F)\n",
    )
    compile(text, "alone", "exec")
    assert forms.formatted(text, sort=True).startswith(
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

        ## After
        >>> f(0)
        1
        """
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


# Why modules `a` and `main`, with a “|” between them, are not joined. “⏎” ends a line.
REFUSED = r'''
a.py:1: “Config” means something else in pkg/main.py:2
class Config: pass | from .a import Config as Base⏎class Config(Base): pass
a.py:1: “_key” means something else in pkg/main.py:2
_key = 3⏎value = _key | from .a import value⏎def _key(): return value
a.py:1: “sum” means something else in pkg/main.py:2
def sum(x): return 0⏎total = sum([1]) | from .a import total⏎x = sum([1])
a.py:1: “x” means something else
from math import pi as x⏎x = 3 | from .a import x
a.py:1: “x” means something else
x = 1 | from .a import x⏎def f():⏎    global x⏎    x = 2
main.py:1: “pkg.a.*” is no name in a module
x = 1 | from .a import *
main.py:2: an import stands within other code
x = 1 | def f():⏎    from .a import x⏎    return x
main.py:1: “pkg.a” is no name in a module
| from . import a⏎x = vars(a)
main.py:3: “pkg.a” is no name in a module
| """# Example⏎⏎>>> import pkg.a⏎"""
a.py:1: “__file__”
x = __file__ | from .a import x
main.py:1: “pkg.none.x” is no name in a module that could be read
| from .none import x
main.py:1: “pkg.a.x” is no name
| from .a import x
main.py:1: “pkg.a.x” is no name
from math import * | from .a import x
a.py:1: two statements share a line
x = 1; y = x | from .a import x
'''.strip().split("\n")


@pytest.mark.parametrize("number", range(0, len(REFUSED), 2))
def test_what_is_not_certain_is_refused(number: int) -> None:
    message, sources = REFUSED[number : number + 2]
    a, _, main = sources.replace("⏎", "\n").partition("| ")
    with pytest.raises(PlacedError, match=re.escape(message)):
        alone(a=a, main=main)
