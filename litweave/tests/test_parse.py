"""`parse` loses nothing, cuts nothing, and finds what a reader would call prose."""

import sys
import textwrap
import token
import tokenize
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litweave.parse import Module, ParseError, parse, read
from support import some_files


def assert_lossless(module: Module) -> None:
    """Every line is in exactly one row, and the rows are the file."""
    lines = [n for row in module.rows for n in range(row.start, row.end + 1)]
    assert lines == list(range(1, len(module.lines) + 1))
    assert "".join(module.text(row) for row in module.rows) == module.source
    for row in module.rows[1:]:
        assert row.prose or row.definition, f"{module.path}:{row.start}: an empty row"


def assert_no_expression_is_cut(module: Module) -> None:
    """No row begins within brackets, a string or a continued line."""
    plain = "".join(line.rstrip("\r\n") + "\n" for line in module.lines)
    begins = {row.start for row in module.rows}
    statement: int | None = None
    for item in tokenize.generate_tokens(StringIO(plain).readline):
        if item.type in (token.COMMENT, token.NL, token.INDENT, token.DEDENT):
            continue
        if item.type == token.NEWLINE:
            statement = None
            continue
        statement = item.start[0] if statement is None else statement
        inside = range(statement + 1, item.end[0] + 1)
        assert not begins.intersection(inside), f"{module.path}:{statement}"


def rows(source: str) -> list[tuple[str, str]]:
    """The prose and the code of each row."""
    module = parse(textwrap.dedent(source))
    assert_lossless(module)
    assert_no_expression_is_cut(module)
    return [
        ("\n\n".join(prose.text for prose in row.prose), module.code(row))
        for row in module.rows
    ]


# ## What a row is


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # A module opens with its docstring.
        (
            '"""# Title\n\nText."""\nimport os\n',
            [("# Title\n\nText.", "import os\n")],
        ),
        # A comment opens a row beside the statements under it.
        (
            "a = 1\n# First,\n# second.\n\nb = 2\nc = 3\n# Third.\nd = 4\n",
            [
                ("", "a = 1\n"),
                ("First,\nsecond.", "b = 2\nc = 3\n"),
                ("Third.", "d = 4\n"),
            ],
        ),
        # Comments with blank lines between are one.
        (
            "x = 1\n# One.\n\n# Two.\ny = 2\n",
            [("", "x = 1\n"), ("One.\n\nTwo.", "y = 2\n")],
        ),
        # A line drawn is no heading, and none is front matter.
        ("########\n# Words\n###\ny = 2\n", [("\nWords\n", "y = 2\n")]),
        ("# ---\n# A licence\n# ---\n", [("---\nA licence\n---", "")]),
        # Prose keeps its indentation and its paragraphs.
        (
            "# - item\n#   more\n#\n#     code\ny = 2\n",
            [("- item\n  more\n\n    code", "y = 2\n")],
        ),
    ],
)
def test_rows_are_prose_beside_code(
    source: str, expected: list[tuple[str, str]]
) -> None:
    assert rows(source) == expected


def test_a_comment_above_a_definition_and_its_docstring_are_one_row() -> None:
    source = '''\
    x = 1

    # Above.
    @decorated
    def f(a):
        # Between.
        """Inside."""
        return a
    '''
    assert rows(source) == [
        ("", "x = 1\n"),
        ("Above.\n\nBetween.\n\nInside.", "@decorated\ndef f(a):\n    return a\n"),
    ]


def test_definitions_without_a_word_join_the_row_above() -> None:
    methods = '    def f(self): ...\n    def g(self):\n        """g."""\n'
    source = f'class A:\n    """A."""\n{methods}'
    module = parse(source)
    opened = [row.definition.name for row in module.rows if row.definition]
    assert opened == ["A", "A.g"]
    assert [d.name for d in module.definitions] == ["A", "A.f", "A.g"]
    assert "def f" in module.code(module.rows[0])


def test_what_stands_above_the_title_opens_no_row() -> None:
    source = """\
    #!/usr/bin/env python3
    # vim: set fileencoding=utf-8 :
    # Copyright of somebody.
    # SPDX-License-Identifier: MIT

    # More of it.
    '''# A script'''
    # Then.
    print()
    """
    first, second = rows(source)
    assert first[0] == "Copyright of somebody.\n\nMore of it.\n\n# A script"
    kept = [line[:6] for line in first[1].splitlines()]
    assert kept == ["#!/usr", "# vim:", "# SPDX"]
    assert second == ("Then.", "print()\n")


def test_what_a_definition_holds_stands_in_its_row_or_below() -> None:
    source = """\
    class Said:
        '''It speaks.'''

    class Unsaid:
        class Inner:
            def method(self):
                '''It speaks, too.'''

    def silent():
        def still():
            pass

    def around():
        def inner():
            '''And so does this.'''
    """
    module = parse(textwrap.dedent(source))
    assert_lossless(module)
    opened = [row.definition.name for row in module.rows if row.definition]
    assert opened == [
        *("Said", "Unsaid", "Unsaid.Inner", "Unsaid.Inner.method"),
        *("around", "around.inner"),
    ]


# ## Scripts in cells, and front matter


def test_a_script_in_cells_is_read_as_a_module_is() -> None:
    source = '''\
    # ---
    # jupyter:
    #   jupytext:
    #     text_representation:
    #       format_name: percent
    # ---

    # %% [markdown]
    """
    # A notebook
    """

    # %% The first cell {"tags": []}
    a = 1

    # %% A title [md]
    r"""
    ## The $\\sum$
    """

    # %%
    # Beside `b`.
    b = 2
    # In[3]:
    c = 3
    # %%
    "no cell of prose"
    # + [markdown]

    'The end.'
    '''
    assert rows(source) == [
        ("# A notebook", "a = 1\n"),
        ("## The $\\sum$\n\nBeside `b`.", 'b = 2\nc = 3\n"no cell of prose"\n'),
        ("The end.", ""),
    ]


FRONT_MATTER = """\
---
title: A layer
summary: >
  Words.
---

# A layer

---
a: b
---"""


@pytest.mark.parametrize(("mark", "quotes"), [("", '"""'), ("# ", "")])
def test_front_matter_is_not_shown(mark: str, quotes: str) -> None:
    text = textwrap.indent(FRONT_MATTER, mark, lambda _: True)
    module = parse(f"{quotes}\n{text}\n{quotes}\nx = 1\n")
    assert_lossless(module)
    (prose,) = module.rows[0].prose
    assert prose.text == "# A layer\n\n---\na: b\n---"
    assert module.lines[prose.line - 1] == f"{mark}# A layer\n"


# ## What is not prose


@pytest.mark.parametrize(
    "code",
    [
        's = "# not a comment"\n',
        's = """\n# not a comment\n"""\n',
        "x = [\n    # in brackets\n    1,\n]\n",
        "x = 1 + \\\n    2  # behind code\n",
        "f(\n    a,\n    # last\n)\n",
        "#!/usr/bin/env python\nx = 1\n",
        "x = []  # type: list\n# type: ignore\n",
        "# fmt: off\nx = 1\n# fmt: on\n",
        "@a\n# between decorators\n@b\ndef f(): ...\n",
        "def f():\n    f'no docstring {1}'\n",
        "def f():\n    'x' f'{1}'\n",
        "def f():\n    b'no docstring'\n",
        "def f(a='x'): return 'y'\n",
        "x = 1\n'a string by itself'\n",
        "",
        "\n\n",
    ],
)
def test_this_is_code(code: str) -> None:
    found = rows(code)
    assert all(not prose for prose, _ in found)
    assert "".join(text for _, text in found).strip() == code.strip()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('"""Words."""  # noqa: D205\nx = 1\n', "x = 1\n"),
        ('"""Words."""; \nx = 1\n', "x = 1\n"),
        ("u'Words.'\nx = 1\n", "x = 1\n"),
        ("'Wo' 'rds.'\nx = 1\n", "x = 1\n"),
        ("(\n    'Wo'\n    r'rds.'\n)  # noqa\nx = 1\n", "x = 1\n"),
        ("('''\nWords.\n''')\nx = 1\n", "x = 1\n"),
        # What shares its lines with code is shown with it.
        ("def é(é='x'): 'Words.'\n", "def é(é='x'): 'Words.'\n"),
        ("class A: '''\n   Words.\n'''\n", "class A: '''\n   Words.\n'''\n"),
        ("'Words.'; x = 1\n", "'Words.'; x = 1\n"),
    ],
)
def test_what_python_takes_for_a_docstring_is_prose(source: str, code: str) -> None:
    assert rows(source) == [("Words.", code)]
    for definition in parse(source).definitions:
        assert definition.docstring == definition.line


def test_prose_is_taken_as_it_is_written_with_its_line() -> None:
    docstring = 'r"""$\\alpha$\n\n      deep\n    flat"""'
    source = f'"""A $\\alpha$."""\ndef f():\n    {docstring}\n    # Then.\n    x = 1\n'
    plain, raw, comment = (p for row in parse(source).rows for p in row.prose)
    assert (plain.text, plain.line, plain.raw) == ("A $\\alpha$.", 1, False)
    assert (raw.text, raw.line, raw.raw) == ("$\\alpha$\n\n  deep\nflat", 3, True)
    assert (comment.text, comment.line) == ("Then.", 7)


def test_prose_begins_with_its_first_words() -> None:
    (prose,) = parse('"""\n\n  First.\n"""\n').rows[0].prose
    assert (prose.text.strip(), prose.line) == ("First.", 3)


def test_definitions_have_qualified_names() -> None:
    source = """\
    class A:
        async def f(self):
            def g(): ...
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
    names = [d.name for d in parse(textwrap.dedent(source)).definitions]
    assert names == ["A", "A.f", "A.f.g", "B", "h", "k", "m"]


# ## Errors


# It may be good Python to another version of it.
AS = rf", as Python {sys.version_info.major}\.{sys.version_info.minor} reads it$"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = (\n", f"1: .+{AS}"),
        ("a = 1\nb = = 2\n", f"2: .+{AS}"),
        ("def f():\nx\n", f"2: .+{AS}"),
        ("x = 'a\n", f"1: .+{AS}"),
        ("x\0", "1: .*null"),
        (f"x = {'-' * 20_000}1\n", "1: .*nested deeper than Python's"),
    ],
)
def test_what_python_does_not_read_is_named(source: str, reason: str) -> None:
    with pytest.raises(ParseError, match=rf"^module\.py:{reason}"):
        parse(source, "module.py")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"# -*- coding: nonsense -*-\n", ":1: unknown encoding"),
        (b"#!/bin/sh\n# coding=nonsense\n", ":2: unknown encoding"),
        (b"\n# coding: rot13\n", ":2: 'rot13' is not a text encoding"),
        (b"# coding: undefined\n", "undefined encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n", ":1: encoding problem"),
        ("# UTF-16\n".encode("utf-16"), ":1: invalid or missing encoding"),
        (b"a = 1\nb = 2\nc = '\xff'\n", ":3: not utf-8"),
        (b"\xff\n", ":1: "),
    ],
)
def test_unreadable_bytes_are_named(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(raw)
    with pytest.raises(ParseError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:")


# ## Lossless, whatever comes


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf# BOM\r\nx = 1\r\n",
        "# -*- coding: latin-1 -*-\n# é\nx = 'é'\n".encode("latin-1"),
        b"# one\rx = 1\r# two\ry = 2\r",
        b"x = 1\n\x0c\n# form feed\n\x0cy = 2\n",
        b"if x:\n\t# tab\n\ty = 1\n",
        b"# no newline at the end",
        "# \u2028 is no line's end\nx = '\x85'\n".encode(),
    ],
)
def test_bytes_survive(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(raw)
    module = read(path)
    assert_lossless(module)
    assert module.source.encode(module.encoding) == raw
    assert any(row.prose for row in module.rows) or b"#" not in raw


NEW_SYNTAX = (
    "class A[T]:\n    # prose\n    type X[S] = list[S]\n    def f[**P](self): ...\n"
)


def test_type_parameters_parse_where_python_has_them() -> None:
    if sys.version_info >= (3, 12):
        assert rows(NEW_SYNTAX)[1][0] == "prose"
    else:
        with pytest.raises(ParseError, match=r"^<source>:1: "):
            parse(NEW_SYNTAX)


statements = st.sampled_from(
    [
        *("x = 1", "# prose", "# ", "#", "# noqa", "# %% [markdown]", "# region", ""),
        *("# endregion", "# ```", '"""text"""  # behind', "\x0c", 's = "#"'),
        *("x = [  # open\n    # inside\n    1,\n]", "x = 1 + \\\n  2", "lambda: 0"),
        *('s = """\n# string\n"""', "x = f'{1}#'"),
    ]
)
heads = st.sampled_from(
    [
        *("def f(a, b=1):", "async def g():", "@d\n@e(1)\ndef h():", "class A:"),
        *("@d\n# between\nclass C(B):", "if x:", "for i in y:", "with a as b:"),
        "while True:",
    ]
)
docstrings = st.sampled_from(
    [
        *('"""doc"""', 'r"""\n$x$\n"""', "'''\n\n  deep\n'''", '"line"', '"a" "b"'),
        *('("é"\n"b")', '"é"; x = 1', '"""a\nb"""  # noqa', "'''---\na: b\n---'''"),
        None,
    ]
)


def blocks(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def block(head: str, docstring: str | None, body: list[str]) -> str:
        inner = [docstring, *body, "pass"] if docstring else [*body, "pass"]
        return f"{head}\n" + textwrap.indent("\n".join(inner), "    ", lambda _: True)

    return st.builds(block, heads, docstrings, st.lists(children, max_size=5))


sources = st.lists(st.recursive(statements, blocks, max_leaves=12), max_size=6).map(
    "\n".join
)


def assert_lossless_or_refused(text: str) -> None:
    """Where there is no module, Python itself must have refused it, never we."""
    try:
        module = parse(text)
    except ParseError:
        with pytest.raises((SyntaxError, ValueError)):
            compile(text, "<source>", "exec", dont_inherit=True)
    else:
        assert_lossless(module)
        assert_no_expression_is_cut(module)


@given(sources, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_module_is_lossless(source: str, ending: str, ends: bool) -> None:
    assert_lossless_or_refused(source.replace("\n", ending) + ending * ends)


@given(st.text(alphabet=st.sampled_from("#'\"\\\n\r\x0c\t ()[]{}x=1:,@é$f")))
def test_any_text_is_lossless_or_named(text: str) -> None:
    assert_lossless_or_refused(text)


# ## Real files, of which `tools/litweave_others.py` reads all


@pytest.mark.parametrize("name", ["ast", "torch"])  # `ast` lies among all of Python's
def test_files_of_a_large_package_are_lossless(name: str) -> None:
    found = find_spec(name)
    if not (found and found.origin):
        pytest.skip(f"{name} is not installed")
    for path in some_files(Path(found.origin).parent, 20):
        try:
            module = read(path)
        except ParseError:
            # Broken on purpose, as tests of Python's own, or of a newer Python.
            with pytest.raises((SyntaxError, ValueError)):
                compile(path.read_bytes(), path, "exec", dont_inherit=True)
        else:
            assert_lossless(module)
            assert module.source.encode(module.encoding) == path.read_bytes()
