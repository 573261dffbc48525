r"""# Parse: a source becomes rows

A *row* is a piece of prose and the code it explains. `parse` cuts a Python source into
rows, and it is **lossless**: each line of the file belongs to exactly one row, and the
rows, joined, are the file again, byte for byte.

Three things open a row:

1. the file itself,
2. a block of full-line comments between two statements,
3. a class, and a function that has something to say (a docstring, or a comment above
   it) or within which a row opens.

A docstring is prose of the row it stands in. Code that nobody explains joins the row
above, so that the page has no holes. A script in cells, `# %%`, is read the same way:
a string below `# %% [markdown]` is prose as a comment is.

Python itself says where these are: `tokenize` tells a comment from a `#` in a string,
and `ast` tells a docstring from a string. No pattern is matched against code.
"""

import ast
import io
import re
import sys
import textwrap
import token
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from inspect import cleandoc
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any, NamedTuple, cast

from litweave.diagnostics import Place, PlacedError
from litweave.syntax import (
    DEFINITIONS,
    blocks,
    directives,
    first_line,
    is_text,
    syntax_tree,
    title,
)

# Front matter, in YAML or TOML.
_FRONT_MATTER = re.compile(
    r"(?:---[ \t]*\n(?=[\w-]+:)(?:.*\n)*?(?:---|\.{3})"
    r"|\+{3}[ \t]*\n(?=[\w-]+ *=|\[)(?:.*\n)*?\+{3})[ \t]*(?:\n\s*^|\Z)",
    re.M,
)


class ParseError(PlacedError):
    """A source that cannot be read as Python: says the file, the line and why."""


# ## What parsing gives


@dataclass(frozen=True)
class Prose:
    """Markdown as it stands in the source, without its quotes or its `#`.

    `line` is the source line of the text's first line. The two run in step, so that an
    error in the prose can name its line. `raw` is false for a docstring in which Python
    would interpret a backslash. A docstring in several pieces is what they come to.
    """

    text: str
    line: int
    raw: bool = True


@dataclass(frozen=True)
class Definition:
    """A class or a function, by its qualified name.

    It spans the lines `start` (its first decorator) to `end`. Its `class` or `def` is
    on `line`; its docstring, if it has one, begins on `docstring`.
    """

    name: str
    is_class: bool
    start: int
    line: int
    docstring: int | None
    end: int


@dataclass(frozen=True)
class Row:
    """Lines `start` to `end` of the file, counted from 1, both included.

    `code` lists the lines that the reader sees as code; the others are prose or blank,
    or mark cells. `definition` is the class or function that the row opens, if it opens
    one. `scope` is the qualified name of the definition it stands in; it is empty
    outside of all.
    """

    start: int
    end: int
    prose: tuple[Prose, ...]
    code: tuple[int, ...]
    definition: Definition | None
    scope: str


@dataclass(frozen=True)
class Module:
    """A parsed source; `lines[i]` is line `i + 1` of the file, with its line ending."""

    path: str
    encoding: str
    lines: tuple[str, ...]
    rows: tuple[Row, ...]
    definitions: tuple[Definition, ...]

    @property
    def source(self) -> str:
        """The whole file."""
        return "".join(self.lines)

    @property
    def prose(self) -> list[Prose]:
        """The prose of all rows."""
        return [prose for row in self.rows for prose in row.prose]

    def code(self, row: Row) -> str:
        """The code of a row, as the reader copies it."""
        return "".join(self.lines[number - 1] for number in row.code)


# ## From a file to its rows


def read(path: Path, name: str = "") -> Module:
    """Read a file in the encoding that it declares, and parse it.

    `name` is how messages and the page call the file; otherwise it is the path.

    **Raises.** `OSError` if there is no such file. [`ParseError`][] if its bytes are
    not text in that encoding, or the text is not Python.
    """
    name = name or str(path)
    raw = path.read_bytes()
    stream = io.BytesIO(raw)
    try:
        encoding, _ = tokenize.detect_encoding(stream.readline)
        source = raw.decode(encoding)
    except (SyntaxError, LookupError, UnicodeError) as error:  # rot13 is no text
        wrong = getattr(error, "start", stream.tell() - 1)  # in the line read last
        line = raw.count(b"\n", 0, wrong) + 1
        raise ParseError(Place(name, line), str(error)) from None
    return parse(source, name, encoding)


@lru_cache(maxsize=2048)  # A preview parses again what was changed, and nothing else.
def parse(source: str, path: str = "<source>", encoding: str = "utf-8") -> Module:
    """Cut a source into rows.

    **Raises.** [`ParseError`][] if the source is not Python.
    """
    # Python ends a line at `\n`, `\r\n` and `\r`, and so does `newline=""`, which keeps
    # the endings as they are. (`str.splitlines` would split at a form feed too.)
    lines = tuple(io.StringIO(source, newline=""))
    # The tree counts lines by all three line endings; `tokenize` is given the same.
    plain = [line.rstrip("\r\n") + "\n" for line in lines]
    tree, tokens = _analyse(plain, path)
    scopes = [*_scopes(tree)]
    definitions = tuple(starmap(_definition, scopes[1:]))
    comments = _comments(tokens, definitions)
    marks = {n: kind for n, kind in directives(tokens).items() if n in comments}
    words = blocks(item for n, item in comments.items() if n not in marks)
    openers = [_comment(block) for block in words]
    openers += [_string(text, plain) for text in _cells(tree, plain, marks)]
    for line, kind in marks.items():
        if kind == "cell" and (heading := title(comments[line].string)):
            openers.append(_Span(line, line, Prose(heading, line)))
    first = (node.body[0] for node, _ in scopes if node.body)
    docstrings = [_string(text, plain) for text in filter(is_text, first)]
    rows = tuple(_rows(plain, openers, docstrings, definitions, marks))
    return Module(path, encoding, lines, rows, definitions)


def _analyse(
    lines: Sequence[str], path: str
) -> tuple[ast.Module, list[tokenize.TokenInfo]]:
    source = "".join(lines)
    try:
        tree = syntax_tree(source)
        return tree, list(tokenize.generate_tokens(iter(lines).__next__))
    except (SyntaxError, ValueError) as error:  # a null byte may be either, of no line
        null = source.partition("\0")[0].count("\n") + 1
        version = ".".join(map(str, sys.version_info[:2]))
        reason = f"{getattr(error, 'msg', error)}, as Python {version} reads it"
        line = getattr(error, "lineno", 0) or null
        raise ParseError(Place(path, line), reason) from None
    except tokenize.TokenError as error:
        reason, (line, _) = error.args
        raise ParseError(Place(path, line), reason) from None
    except (RecursionError, MemoryError):
        reason = "it is nested deeper than Python's own parser goes"
        raise ParseError(Place(path, 1), reason) from None


# ## What stands where
class _Span(NamedTuple):
    """A piece of prose, and its lines: out of the code, if nothing else is on them."""

    start: int
    end: int
    prose: Prose
    alone: bool = True


def _scopes(tree: ast.Module) -> Iterator[tuple[Any, str]]:
    # A stack of our own: a chain of a thousand `elif`s is nested a thousand deep.
    stack: list[tuple[Any, str]] = [(tree, "")]
    while stack:
        node, scope = stack.pop()
        if isinstance(node, ast.Module | DEFINITIONS):
            yield node, scope
        fields = ("body", "handlers", "orelse", "finalbody", "cases")
        inside = [child for field in fields for child in getattr(node, field, ())]
        for child in reversed(inside):
            name = f"{scope}.{child.name}" if isinstance(child, DEFINITIONS) else scope
            stack.append((child, name.lstrip(".")))


def _definition(node: DEFINITIONS, name: str) -> Definition:
    docstring = node.body[0].lineno if is_text(node.body[0]) else None
    start, end = first_line(node), node.end_lineno or node.lineno
    is_class = isinstance(node, ast.ClassDef)
    return Definition(name, is_class, start, node.lineno, docstring, end)


# ## Strings that are prose


def _cells(
    tree: ast.Module, lines: Sequence[str], marks: Mapping[int, str]
) -> Iterator[ast.stmt]:
    """The strings that are cells of Markdown, but for the one that is the docstring."""
    for text in filter(is_text, tree.body[1:]):
        above = text.lineno - 1
        while above and not lines[above - 1].strip():
            above -= 1
        if marks.get(above) == "markdown":
            yield text


_QUOTE = re.compile(r"(\w*)('''|\"\"\"|['\"])")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# What may stand behind a docstring that has its lines to itself.
_NOTHING = re.compile(r"\s*;?\s*(?:#.*)?\s*")


def _string(text: ast.stmt, lines: Sequence[str]) -> _Span:
    before, _, behind = _split(text, lines)
    alone = not before.strip() and bool(_NOTHING.fullmatch(behind))
    prose = _prose(cast(ast.Expr, text).value, lines)
    return _Span(text.lineno, text.end_lineno or text.lineno, prose, alone)


def _split(node: ast.expr | ast.stmt, lines: Sequence[str]) -> tuple[str, str, str]:
    end = node.end_lineno or node.lineno
    text = "".join(lines[node.lineno - 1 : end]).encode()  # `ast` counts in bytes
    stop = len(text) - len(lines[end - 1].encode()) + (node.end_col_offset or 0)
    before, behind = text[: node.col_offset], text[stop:]
    return before.decode(), text[node.col_offset : stop].decode(), behind.decode()


def _prose(value: ast.expr, lines: Sequence[str]) -> Prose:
    assert isinstance(value, ast.Constant)
    text, raw = str(value.value), True
    _, prefix, quote, rest = _QUOTE.split(_split(value, lines)[1], maxsplit=1)
    inner = rest.removesuffix(quote)
    if inner != rest and quote not in _ESCAPE.sub("", inner):
        # The slice between the quotes: the page shows what is in the file.
        text = inner
        if "r" not in prefix.lower():
            raw = {match[1] for match in _ESCAPE.finditer(text)} <= {"\n", "\\"}
            drops = "\n\\" if raw else "\n"
            text = _ESCAPE.sub(lambda m: m[1] if m[1] in drops else m[0], text)
    # The first line begins at the quotes; the indentation is that of the others.
    text = "\n".join(map(str.rstrip, text.split("\n")))
    blank = text[: len(text) - len(text.lstrip())].count("\n")
    return Prose(cleandoc(text), value.lineno + blank, raw)


# ## Comments
def _comments(
    tokens: Sequence[tokenize.TokenInfo], definitions: Sequence[Definition]
) -> dict[int, tokenize.TokenInfo]:
    """The comments between statements, by their lines."""
    # Between a decorator and its `def` a comment stays code: a row cuts no definition.
    heads = {n for d in definitions for n in range(d.start, d.line)}
    found, between = dict[int, tokenize.TokenInfo](), True
    for item in tokens:
        if item.type == token.COMMENT:
            if between and item.start[0] not in heads:
                found[item.start[0]] = item
        # Blank lines and indentation are no statement. Everything else is part of one,
        # until its `NEWLINE`: within brackets and after a backslash there is none.
        elif item.type not in (token.NL, token.INDENT, token.DEDENT):
            between = item.type == token.NEWLINE
    return found


# A comment's mark: `#:` is Sphinx's, and a row of `#` is a line drawn.
_MARK = re.compile(r"#(?::(?=\s|$)|#+$)?")


def _comment(block: Sequence[tokenize.TokenInfo]) -> _Span:
    text = "\n".join(_MARK.sub("", item.string, count=1).rstrip() for item in block)
    start, end = block[0].start[0], block[-1].start[0]
    return _Span(start, end, Prose(textwrap.dedent(text), start))


# ## Cutting


def _rows(
    lines: Sequence[str],
    openers: Sequence[_Span],
    docstrings: Sequence[_Span],
    definitions: Sequence[Definition],
    marks: Mapping[int, str],
) -> Iterator[Row]:
    spans = sorted([*openers, *docstrings], key=lambda span: span.start)
    hidden = {n for s in spans if s.alone for n in range(s.start, s.end + 1)}
    hidden |= {n for n, kind in marks.items() if kind != "tool"}
    opens = _openings(lines, openers, definitions, marks)
    # For each line the innermost definition around it: inner ones come later.
    scopes = {n: d.name for d in definitions for n in range(d.start, d.end + 1)}
    for start, after in pairwise([*sorted(opens), len(lines) + 1]):
        prose = tuple(s.prose for s in spans if start <= s.start < after)
        if start == 1:
            prose = tuple(p for p in map(_below_front_matter, prose) if p.text)
        code = [n for n in range(start, after) if n not in hidden]
        filled = [n for n in code if lines[n - 1].strip()]
        shown = tuple(n for n in code if filled[0] <= n <= filled[-1]) if filled else ()
        yield Row(start, after - 1, prose, shown, opens[start], scopes.get(start, ""))


def _below_front_matter(prose: Prose) -> Prose:
    match = _FRONT_MATTER.match(prose.text)
    if not match:
        return prose
    line = prose.line + match[0].count("\n")
    return replace(prose, text=prose.text[match.end() :], line=line)


def _openings(
    lines: Sequence[str],
    openers: Sequence[_Span],
    definitions: Sequence[Definition],
    marks: Mapping[int, str],
) -> dict[int, Definition | None]:
    """The lines that open a row, with the definition that each opens."""
    opens: dict[int, Definition | None] = {1: None} if lines else {}
    # A comment between a `def` and its docstring is one prose with the docstring. Two
    # comments with only blank lines between them are paragraphs of one prose, and what
    # speaks to a tool is no code that a comment could be beside.
    heads = {n for d in definitions for n in range(d.start, d.docstring or d.start)}
    code = [n not in marks and bool(line.strip()) for n, line in enumerate(lines, 1)]
    before = 0
    for span in sorted(openers, key=lambda span: span.start):
        if any(code[before : span.start - 1]) and span.start not in heads:
            opens[span.start] = None
        before = span.end
    starts = {span.end: span.start for span in openers}
    inner = len(lines) + 1
    for definition in reversed(definitions):
        line = definition.start - 1
        while line in marks:
            line -= 1
        above = starts.get(line)
        # What stands within a definition stands below it in the contents.
        within = inner <= definition.end
        if definition.is_class or above or definition.docstring or within:
            opens[above or definition.start] = definition
            inner = definition.start
    return opens
