"""`parse` loses nothing, cuts nothing, and finds what a reader would call prose."""

import ast
import gc
import re
import sys
import textwrap
import token
import tokenize
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.features.copy.forms import clean
from litweave.parse import Module, ParseError, parse, read
from litweave.syntax import syntax_tree
from support import some_files


def assert_lossless(module: Module) -> None:
    """Every line is in exactly one row, and the rows are the file.

    No row begins within brackets, a string or a continued line.
    """
    lines = [n for row in module.rows for n in range(row.start, row.end + 1)]
    assert lines == list(range(1, len(module.lines) + 1))
    for row in module.rows[1:]:
        assert row.prose or row.definition, f"{module.path}:{row.start}: an empty row"
    plain = "".join(line.rstrip("\r\n") + "\n" for line in module.lines)
    begins = {row.start for row in module.rows}
    statement: int | None = None
    for item in tokenize.generate_tokens(StringIO(plain).readline):
        if item.type == token.NEWLINE:
            statement = None
        elif item.type not in (token.COMMENT, token.NL, token.INDENT, token.DEDENT):
            statement = item.start[0] if statement is None else statement
            inside = range(statement + 1, item.end[0] + 1)
            assert not begins.intersection(inside), f"{module.path}:{statement}"


def rows(source: str) -> list[tuple[str, str]]:
    """The prose and the code of each row."""
    module = parse(textwrap.dedent(source))
    assert_lossless(module)
    texts = ["\n\n".join(prose.text for prose in row.prose) for row in module.rows]
    return list(zip(texts, map(module.code, module.rows), strict=True))


def words(module: Module) -> list[str]:
    return [prose.text for row in module.rows for prose in row.prose]


# What holds; a source, in which “⏎” ends a line; and the prose and code of its rows.
ROWS = """
A module opens with its docstring.
'''# T⏎⏎Text.'''⏎import os⏎ → # T⏎⏎Text.¦import os⏎
A comment opens a row beside the statements under it.
a⏎# First,⏎# second.⏎⏎b⏎c⏎# Third.⏎d⏎ → ¦a⏎¦First,⏎second.¦b⏎c⏎¦Third.¦d⏎
Comments with blank lines between are one.
x⏎# One.⏎⏎# Two.⏎y⏎ → ¦x⏎¦One.⏎⏎Two.¦y⏎
A line drawn is no heading.
########⏎# Words⏎###⏎y⏎ → ⏎Words⏎¦y⏎
Nor is it front matter.
# ---⏎# A licence⏎# ---⏎ → ---⏎A licence⏎---¦
Prose keeps its indentation and its paragraphs.
# - a⏎#   b⏎#⏎#     c⏎y⏎ → - a⏎  b⏎⏎    c¦y⏎
A comment above a definition, its docstring, and what is between are one.
x⏎⏎# A.⏎@d⏎def f(a):⏎    # B.⏎    '''C.'''⏎    return a⏎ → ¦x⏎¦A.⏎⏎B.⏎⏎C.¦\
@d⏎def f(a):⏎    return a⏎
A comment on an attribute is prose without its colon.
#: How many,⏎#:⏎#: and why. #: No.⏎# : so⏎ → How many,⏎⏎and why. #: No.⏎: so¦
A word to a tool does not come between words and what they are on.
x = 1⏎# Words.⏎# fmt: off⏎def f(): ...⏎ → ¦x = 1⏎¦Words.¦# fmt: off⏎def f(): ...⏎
What stands above the title opens no row.
#!/bin/sh⏎# vim: ts=4:⏎# Mine.⏎# SPDX-License-Identifier: MIT⏎⏎# Yes.⏎'''# A script'''⏎\
# Then.⏎print()⏎ → Mine.⏎⏎Yes.⏎⏎# A script¦\
#!/bin/sh⏎# vim: ts=4:⏎# SPDX-License-Identifier: MIT⏎¦Then.¦print()⏎
""".strip().split("\n")


@pytest.mark.parametrize("number", range(1, len(ROWS), 2), ids=lambda n: ROWS[n - 1])
def test_rows_are_prose_beside_code(number: int) -> None:
    source, expected = ROWS[number].replace("⏎", "\n").split(" → ")
    assert [part for row in rows(source) for part in row] == expected.split("¦")


def test_what_a_definition_holds_stands_in_its_row_or_below() -> None:
    source = """\
    class Said:
        '''It speaks.'''
        def f(self): ...
        def g(self):
            '''g.'''

    class Unsaid:
        class Inner:
            def method(self):
                '''It speaks, too.'''

    def silent():
        def still(): ...

    async def around():
        def inner():
            '''And so does this.'''

    if True:
        class B: ...
    try:
        def h(): ...
    except OSError:
        def k(): ...
    match x:
        case 1:
            def m(): ...
    """
    module = parse(textwrap.dedent(source))
    assert_lossless(module)
    opened = [row.definition.name for row in module.rows if row.definition]
    within = ["Unsaid", "Unsaid.Inner", "Unsaid.Inner.method"]
    assert opened == ["Said", "Said.g", *within, "around", "around.inner", "B"]
    assert "def f" in module.code(module.rows[0])
    assert [definition.name for definition in module.definitions] == [
        *("Said", "Said.f", "Said.g", *within, "silent", "silent.still"),
        *("around", "around.inner", *"Bhkm"),
    ]


def test_a_script_in_cells_is_read_as_a_module_is() -> None:
    source = """\
    # ---
    # jupyter:
    #   jupytext: {}
    # ---

    # %% [markdown]
    '''
    # A notebook
    '''

    # %% The first cell {"tags": []}
    a = 1

    # %% A title [md]
    r'''
    ## The $\\sum$
    '''

    #%% md
    'Prose.'

    # %%
    # Beside `b`.
    b = 2
    # In[3]:
    c = 3
    # %%
    "no cell of prose"
    # %% [markdown]

    'The end.'
    """
    assert rows(source) == [
        ("# A notebook", ""),
        ("## The first cell", "a = 1\n"),
        (
            "## The $\\sum$\n\nProse.\n\nBeside `b`.",
            'b = 2\nc = 3\n"no cell of prose"\n',
        ),
        ("The end.", ""),
    ]


@pytest.mark.parametrize(
    "matter",
    [
        "---\ntitle: A layer\nsummary: >\n  Words.\n---\n\n",
        "---\ntitle: A layer\n...\n",
        '+++\ntitle = "A layer"\n+++\n\n',
    ],
)
@pytest.mark.parametrize(("mark", "quotes"), [("", '"""'), ("# ", "")])
def test_front_matter_is_not_shown(mark: str, quotes: str, matter: str) -> None:
    shown = "# A layer\n\n---\na: b\n---"
    text = textwrap.indent(matter + shown, mark, lambda _: True)
    module = parse(f"{quotes}\n{text}\n{quotes}\nx = 1\n")
    assert_lossless(module)
    (prose,) = module.rows[0].prose
    assert (prose.text, module.lines[prose.line - 1]) == (shown, f"{mark}# A layer\n")


@pytest.mark.parametrize(
    "code",
    [
        *('s = "# not a comment"', 's = """\n# not a comment\n"""', "", "\n\n"),
        *("x = [\n    # in brackets\n    1,\n]", "x = 1 + \\\n    2  # behind code"),
        *("f(\n    a,\n    # last\n)", "#!/usr/bin/env python\nx = 1"),
        *("x = []  # type: list\n# type: ignore", "# fmt: off\nx = 1\n# fmt: on"),
        *("@a\n# between decorators\n@b\ndef f(): ...", "def f(a='x'): return 'y'"),
        *("def f():\n    f'no docstring {1}'", "def f():\n    b'no docstring'"),
        *("def f():\n    'x' f'{1}'", "x = 1\n'a string by itself'"),
        # What a tool reads.
        "# /// script\n# dependencies = ['torch']\n# ///\nx = 1",
        "# region numbers\n# yapf: disable\n\n# endregion\nx = 1",
        *("#!/bin/sh\n# coding=utf-8\nx = 1", "# vim:fileencoding=utf-8\nx = 1"),
        '# coding: utf-8 (says Python, whatever "it" is)\nx = 1',
    ],
)
def test_this_is_code(code: str) -> None:
    found = rows(code and f"{code}\n")
    assert all(not prose for prose, _ in found)
    assert "".join(text for _, text in found).strip() == code.strip()


@pytest.mark.parametrize(
    ("docstring", "is_apart"),
    [
        ('"""Words."""  # noqa: D205', True),
        ('"""Words."""; ', True),
        ("u'Words.'", True),
        ("'Wo' 'rds.'", True),
        ("('''\nWords.\n''')", True),
        ("(\n    'Wo'\n    r'rds.'\n)  # noqa", True),
        # What shares its lines with code is shown with it.
        ("def é(é='x'): 'Words.'", False),
        ("class A: '''\n   Words.\n'''", False),
        ("'Words.'; x = 1", False),
    ],
)
def test_what_is_a_docstring_to_python_is_prose(docstring: str, is_apart: bool) -> None:
    source = f"{docstring}\nx = 1\n" if is_apart else f"{docstring}\n"
    assert rows(source) == [("Words.", "x = 1\n" if is_apart else source)]
    for definition in parse(source).definitions:
        assert definition.docstring == definition.line


def test_prose_is_taken_as_it_is_written_with_its_line() -> None:
    docstring = 'r"""$\\alpha$\n\n      deep\n    flat"""'
    source = f'"""A $\\alpha$."""\ndef f():\n    {docstring}\n    # Then.\n    x = 1\n'
    plain, raw, comment = (p for row in parse(source).rows for p in row.prose)
    assert (plain.text, plain.line, plain.raw) == ("A $\\alpha$.", 1, False)
    assert (raw.text, raw.line, raw.raw) == ("$\\alpha$\n\n  deep\nflat", 3, True)
    assert (comment.text, comment.line) == ("Then.", 7)
    # It begins with its first words, and Python reads a backslash as it should.
    for text, shown, line, raw in (
        ("\n\n  First.\n", "First.", 3, True),
        ("\\\n# A title\n\nOn \\\nand on.", "# A title\n\nOn\nand on.", 2, True),
        ("$\\\\alpha$ and \\\\\n\\\n", "$\\alpha$ and \\", 1, True),
        ("\\\n\\\\alpha \\t", "\\\\alpha \\t", 2, False),
    ):
        (prose,) = parse(f'"""{text}"""\n').rows[0].prose
        assert (prose.text, prose.line, prose.raw) == (shown, line, raw)


# ## Comments that speak to a tool, and prose about tools

DIRECTIVES = """
noqa | NOQA: E501, F401 since it is long | nosec B101 | NOSONAR | type: (int) -> str
type: ignore[misc]  # mypy cannot know | fmt: off | fmt:skip | yapf: disable
autopep8: off | isort: skip_file | isort:skip | ruff: noqa: E501 | flake8: noqa
mypy: ignore-errors, disallow-untyped-defs=True | ty: ignore[unresolved-import]
mypy: disable-error-code="attr-defined, misc" | pyright: strict
pyright: reportPrivateUsage=false | pyright: ignore[reportX] since it is private
pylint: disable=invalid-name, too-many-lines | pytype: disable=attribute-error
pyre-ignore[16]: it is there | pragma: no cover | pragma: no branch - never
pragma: nocover | cython: language_level=3 | distutils: language = c++
SPDX-License-Identifier: MIT | noinspection PyPep8Naming | -*- mode: python -*-
vim: set ts=4: | cspell:disable | doctest: +SKIP, -ELLIPSIS | basedpyright: ignore
pyink: off | ruff: disable[E501] | pylint: skip-file
"""
SAID = DIRECTIVES.strip().replace("\n", " | ").split(" | ")
COMMENTS = [*(f"# {said}" for said in SAID), *("#| export", "#| label: fig-one")]


@pytest.mark.parametrize("comment", COMMENTS)
def test_a_directive_is_code_and_stays_in_a_clean_copy(comment: str) -> None:
    # By itself, behind code, and among words: it has the form that its tool reads.
    alone, among = f"x = 1\n{comment}\n", f"# Words.\n{comment}\n# More.\nz = 3\n"
    source = f"{alone}y = 2  {comment}\n\n{among}"
    assert words(parse(source)) == ["Words.", "More."]
    assert clean(parse(source)).count(comment) == 3


def test_a_clean_copy_is_less_strict_behind_code() -> None:
    code = "x = []  # type: List[int]\ny = 1  # noqa why\nz = 2  # pragma: needs fork\n"
    assert clean(parse(f"{code}a = 1  # words\n")) == f"{code}a = 1\n"


@pytest.mark.parametrize(
    "said",
    [
        "What tells the two apart is not their\ntype: both are of one class.",
        *("Of one\ntype: float", "noqa: these words silence a linter."),
        "The first word is\nnoqa and so it is no directive.",
        *("fmt: both forms are read", "pragma: a word to a compiler"),
        *("mypy: it wants to know the type", "pylint: yes, it reads this"),
        "We use\nruff: fast\nisort: slow, and\nyapf: none\ncython: fast\nty: new",
        *("mypy: no-one\ndoctest: +1", "| exports: | 1 |"),
        *("nosec comments are for bandit", "vim: an editor"),
        *("SPDX-style names are short", "~~~~\nfmt: off"),
        "region proposals, as many as there are objects",
        *("Half of it, or\n%% of all", "What is bound:\n| so much\nand no more"),
        "Look:\n\n```python\nx = 1\n# it\ntype: ignore\n  %% title\n```",
        *("Look:\n\n    fmt: off\n    # noqa", "| a | b |\n|---|---|\n| 1 | 2 |"),
    ],
)
def test_prose_may_begin_with_a_word_for_a_tool(said: str) -> None:
    source = textwrap.indent(said, "# ", lambda _: True)
    assert words(parse(f"{source}\nx = 1\n")) == [said]


@pytest.mark.parametrize("mark", ["%%", "%% [raw]", "%%% {}", "In[ ]:", "%% md"])
def test_the_mark_of_a_cell_is_neither_prose_nor_code(mark: str) -> None:
    source = f"x = 1\n# Words.\n# {mark}\ny = 2\n#{mark}\n"
    assert rows(source) == [("", "x = 1\n"), ("Words.", "y = 2\n")]
    assert clean(parse(source)).count(mark) == 2


# It may be good Python to another version of it.
AS = rf", as Python {sys.version_info.major}\.{sys.version_info.minor} reads it$"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x = (\n", f"1: .+{AS}"),
        (b"a = 1\nb = = 2\n", f"2: .+{AS}"),
        (b"def f():\nx\n", f"2: .+{AS}"),
        (b"x = 'a\n", f"1: .+{AS}"),
        (b"x\0", "1: .*null"),
        (b"x = 1\n\ny\0", "3: .*null"),
        (b"x = " + b"-" * 20_000 + b"1\n", "1: .*nested deeper than Python's"),
        (b"# -*- coding: nonsense -*-\n", "1: unknown encoding"),
        (b"#!/bin/sh\n# coding=nonsense\n", "2: unknown encoding"),
        (b"\n# coding: rot13\n", "2: 'rot13' is not a text encoding"),
        (b"# coding: undefined\n", "1: .*undefined encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "1: encoding problem"),
        ("# UTF-16\n".encode("utf-16"), "1: .*missing encoding"),
        (b"#!/bin/sh\n# \xfc\n", "2: .*missing encoding"),
        (b"a = 1\nb = 2\nc = '\xff'\n", "3: 'utf-8' codec"),
        (b"\xff\n", "1: "),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, raw: bytes, reason: str) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(raw)
    with pytest.raises(ParseError, match=rf"^{re.escape(str(path))}:{reason}"):
        read(path)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"\xef\xbb\xbf# BOM\r\nx = 1\r\n", b"# one\rx = 1\r# two\ry = 2\r"),
        "# -*- coding: latin-1 -*-\n# é\nx = 'é'\n".encode("latin-1"),
        *(b"x = 1\n\x0c\n# form feed\n\x0cy = 2\n", b"if x:\n\t# tab\n\ty = 1\n"),
        *(b"# no newline at the end", "# \u2028 is no end\nx = '\x85'\n".encode()),
    ],
)
def test_bytes_survive(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(raw)
    assert_lossless_or_refused(raw, partial(read, path))
    assert words(read(path))


def test_type_parameters_parse_where_python_has_them() -> None:
    new = "class A[T]:\n  # prose\n  type X[S] = list[S]\n  def f[**P](self): ...\n"
    if sys.version_info >= (3, 12):
        assert rows(new)[1][0] == "prose"
    else:
        with pytest.raises(ParseError, match=r"^<source>:1: "):
            parse(new)


STATEMENTS = [
    *("x = 1", "# prose", "# ", "#", "# noqa", "# %% [markdown]", "# region", ""),
    *("# endregion", "# ```", '"""text"""  # behind', 's = "#"', "x = f'{1}#'", "\x0c"),
    *("x = [  # open\n    # inside\n    1,\n]", "x = 1 + \\\n  2", "lambda: 0"),
    's = """\n# string\n"""',
]
HEADS = [
    *("def f(a, b=1):", "async def g():", "@d\n@e(1)\ndef h():", "class A:", "if x:"),
    *("@d\n# between\nclass C(B):", "while True:", "for i in y:", "with a as b:"),
]
DOCSTRINGS = [
    *('"""doc"""', 'r"""\n$x$\n"""', "'''\n\n  deep\n'''", '"line"', '"a" "b"', None),
    *('("é"\n"b")', '"é"; x = 1', '"""a\nb"""  # noqa', "'''---\na: b\n---'''"),
]
heads, docstrings = st.sampled_from(HEADS), st.sampled_from(DOCSTRINGS)


def blocks(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def block(head: str, docstring: str | None, body: list[str]) -> str:
        inner = [docstring, *body, "pass"] if docstring else [*body, "pass"]
        return f"{head}\n" + textwrap.indent("\n".join(inner), "    ", lambda _: True)

    return st.builds(block, heads, docstrings, st.lists(children, max_size=5))


pieces = st.recursive(st.sampled_from(STATEMENTS), blocks, max_leaves=12)
sources = st.lists(pieces, max_size=6).map("\n".join)


def assert_lossless_or_refused(raw: bytes, read: Callable[[], Module]) -> None:
    """Where there is no module, Python itself must have refused it, never we.

    It takes a backslash at the end of the last line if the line ends with `CR LF`.
    """
    try:
        module = read()
    except ParseError:
        plain = raw.replace(b"\r\n", b"\n")
        with pytest.raises((SyntaxError, ValueError)):
            compile(plain, "<source>", "exec", dont_inherit=True)
    else:
        assert_lossless(module)
        assert module.source.encode(module.encoding) == raw


@given(sources, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_module_is_lossless(source: str, ending: str, ends: bool) -> None:
    text = source.replace("\n", ending) + ending * ends
    assert_lossless_or_refused(text.encode(), partial(parse, text))


@given(st.text(alphabet=st.sampled_from("#'\"\\\n\r\x0c\t ()[]{}x=1:,@é$f")))
def test_any_text_is_lossless_or_named(text: str) -> None:
    assert_lossless_or_refused(text.encode(), partial(parse, text))


def test_threads_read_sources_at_once() -> None:
    """They change places as often as they can, also while garbage is found."""
    source = Path(ast.__file__).read_text("utf-8")
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.freeze()  # Of what is there already nothing is looked for.
    gc.callbacks.append(called_back := lambda *_: sum(range(200)))
    gc.set_threshold(100)
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(3) as threads:
        trees = list(threads.map(syntax_tree, [source] * 12))
    sys.setswitchinterval(interval)
    gc.set_threshold(*before)
    gc.callbacks.remove(called_back)
    assert len({ast.dump(tree) for tree in trees}) == 1


# `tools/litweave_others.py` reads all of them.
@pytest.mark.parametrize("name", ["ast", "torch"])  # `ast` lies among all of Python's
def test_files_of_a_large_package_are_lossless(name: str) -> None:
    found = find_spec(name)
    if not (found and found.origin):
        pytest.skip(f"{name} is not installed")
    # Some are broken on purpose, as tests of Python's own, or of a newer Python.
    for path in some_files(Path(found.origin).parent):
        assert_lossless_or_refused(path.read_bytes(), partial(read, path))
