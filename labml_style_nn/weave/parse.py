r"""# Parse: a source becomes rows

A *row* is a piece of prose and the code it explains. `parse` cuts a Python source into
rows, and it is **lossless**: each line of the file belongs to exactly one row, and the
rows, joined, are the file again, byte for byte.

Three things open a row:

1. the file itself,
2. a block of full-line comments between two statements,
3. a class or a function that has something to say: a docstring, or a comment above it.

A docstring is prose of the row it stands in. Code that nobody explains joins the row
above, so that the page has no holes.

Python itself says where these are: `tokenize` tells a comment from a `#` in a string,
and `ast` tells a docstring from a string. No pattern is matched against code.
"""

import ast
import io
import textwrap
import token
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

# Comments that speak to a tool, not to a reader. They stay with the code.
DIRECTIVES = (
    *("-*-", "vim:", "noqa", "type:", "fmt:", "ruff:", "isort:", "mypy:", "pyright:"),
    *("pylint:", "flake8:", "pragma:", "nosec", "%%"),
)


class ParseError(ValueError):
    """A source that cannot be read as Python: says the file, the line and why."""

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.line, self.problem = line, problem


# ## What parsing gives


@dataclass(frozen=True)
class Prose:
    """Markdown as it stands in the source, without its quotes or its `#`.

    `line` is the source line of the text's first line. The two run in step, so that an
    error in the prose can name its line. `raw` is false for a docstring in which Python
    would interpret a backslash.
    """

    text: str
    line: int
    raw: bool = True


@dataclass(frozen=True)
class Definition:
    """A class or a function, by its qualified name.

    It spans the lines `start` (its first decorator) to `end`. Its `class` or `def` is
    on `line`; its docstring, if that is prose of the page, begins on `docstring`.
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

    `code` lists the lines that the reader sees as code; the others are prose or blank.
    `definition` is the class or function that the row opens, if it opens one. `scope`
    is the qualified name of the definition it stands in; it is empty outside of all.
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

    def text(self, row: Row) -> str:
        """The lines of a row as they stand in the file."""
        return "".join(self.lines[row.start - 1 : row.end])

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
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        source = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ParseError(name, line, f"not {encoding}: {error.reason}") from None
    except SyntaxError as error:
        raise ParseError(name, 1, str(error.msg)) from None
    return parse(source, name, encoding)


# A preview parses again what was changed, and nothing else.
@lru_cache(maxsize=2048)
def parse(source: str, path: str = "<source>", encoding: str = "utf-8") -> Module:
    """Cut a source into rows.

    **Raises.** [`ParseError`][] if the source is not Python.
    """
    # Python ends a line at `\n`, `\r\n` and `\r`, and so does `newline=""`, which keeps
    # the endings as they are. (`str.splitlines` would split at a form feed too.)
    lines = tuple(io.StringIO(source, newline=""))
    tree, tokens = _analyse(source, lines, path)
    strings = _strings_alone(tokens)
    definitions = tuple(_definitions(tree, strings))
    docstrings = tuple(_docstrings(tree, strings))
    comments = tuple(_comments(tokens, definitions))
    rows = tuple(_rows(lines, comments, docstrings, definitions))
    return Module(path, encoding, lines, rows, definitions)


def _analyse(
    source: str, lines: Sequence[str], path: str
) -> tuple[ast.Module, list[tokenize.TokenInfo]]:
    # The tree counts lines by all three line endings; `tokenize` is given the same.
    plain = iter([line.rstrip("\r\n") + "\n" for line in lines])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's string
            tree = ast.parse(source)
        return tree, list(tokenize.generate_tokens(lambda: next(plain, "")))
    except SyntaxError as error:
        raise ParseError(path, error.lineno or 1, str(error.msg)) from None
    except tokenize.TokenError as error:
        raise ParseError(path, error.args[1][0], error.args[0]) from None
    except (ValueError, RecursionError, MemoryError) as error:
        # A null byte, or nesting deeper than Python's own parser goes.
        raise ParseError(path, 1, str(error)) from None


# ## What stands where
_DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Strings = dict[int, tokenize.TokenInfo]


@dataclass(frozen=True)
class _Span:
    """A piece of prose and the lines it takes out of the code."""

    start: int
    end: int
    prose: Prose


def _statements(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every node that holds statements, in the order of the source, with its name."""
    # A stack of our own: a chain of a thousand `elif`s is nested a thousand deep.
    stack = [(tree, "")]
    while stack:
        node, scope = stack.pop()
        yield node, scope
        inside = [
            child
            for field in ("body", "handlers", "orelse", "finalbody", "cases")
            for child in getattr(node, field, ())
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case)
        ]
        for child in reversed(inside):
            name = f"{scope}.{child.name}" if isinstance(child, _DEFINITIONS) else scope
            stack.append((child, name.lstrip(".")))


def _definitions(tree: ast.Module, strings: _Strings) -> Iterator[Definition]:
    for node, name in _statements(tree):
        if isinstance(node, _DEFINITIONS):
            start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            item = _docstring_token(node, strings)
            docstring = item.start[0] if item else None
            end = node.end_lineno or node.lineno
            is_class = isinstance(node, ast.ClassDef)
            yield Definition(name, is_class, start, node.lineno, docstring, end)


def _docstrings(tree: ast.Module, strings: _Strings) -> Iterator[_Span]:
    for node, _ in _statements(tree):
        item = _docstring_token(node, strings)
        if item:
            yield _docstring(item)


def _docstring_token(node: ast.AST, strings: _Strings) -> tokenize.TokenInfo | None:
    """The docstring of a module, class or function, if it has its lines to itself."""
    if not isinstance(node, ast.Module | _DEFINITIONS) or not node.body:
        return None
    first = node.body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    return strings.get(first.lineno) if isinstance(first.value.value, str) else None


def _strings_alone(tokens: Sequence[tokenize.TokenInfo]) -> _Strings:
    """The strings with nothing before and nothing behind them, by their first line."""
    return {
        item.start[0]: item
        for item, after in pairwise(tokens)
        if item.type == token.STRING
        and not item.line[: item.start[1]].strip()
        and after.type == token.NEWLINE
    }


def _docstring(item: tokenize.TokenInfo) -> _Span:
    # The slice between the quotes, not the value: the page shows what is in the file.
    prefix, quote, rest = item.string.partition(item.string[-1])
    triple = rest.startswith(quote * 2)
    text = rest[2:-3] if triple else rest[:-1]
    # The first line begins at the quotes; the indentation is that of the others.
    first, *others = text.split("\n")
    others = textwrap.dedent("\n".join(others).expandtabs()).split("\n")
    lines = [first.strip(), *others]
    blank = next((i for i, line in enumerate(lines) if line.strip()), 0)
    text = "\n".join(line.rstrip() for line in lines[blank:]).rstrip()
    raw = "r" in prefix.lower() or "\\" not in text
    start, end = item.start[0], item.end[0]
    return _Span(start, end, Prose(text, start + blank, raw))


def _comments(
    tokens: Sequence[tokenize.TokenInfo], definitions: Sequence[Definition]
) -> Iterator[_Span]:
    """The blocks of full-line comments between statements."""
    # Between a decorator and its `def` a comment stays code: a row cuts no definition.
    heads = {n for d in definitions for n in range(d.start, d.line)}
    blocks: list[list[tokenize.TokenInfo]] = []
    for item in _free_comments(tokens):
        line = item.start[0]
        if line in heads or _is_directive(item):
            continue
        if blocks and blocks[-1][-1].start[0] == line - 1:
            blocks[-1].append(item)
        else:
            blocks.append([item])
    yield from map(_comment, blocks)


def _free_comments(
    tokens: Sequence[tokenize.TokenInfo],
) -> Iterator[tokenize.TokenInfo]:
    """The comments that no statement has begun before, or is still open around."""
    between = True
    for item in tokens:
        if item.type == token.COMMENT and between:
            yield item
        elif item.type == token.NEWLINE:
            between = True
        # Blank lines and indentation are no statement. Everything else is part of one,
        # until its `NEWLINE`: within brackets and after a backslash there is none.
        elif item.type not in (token.COMMENT, token.NL, token.INDENT, token.DEDENT):
            between = False


def _is_directive(comment: tokenize.TokenInfo) -> bool:
    text = comment.string[1:]
    shebang = comment.start == (1, 0) and text.startswith("!")
    return shebang or text.lstrip().startswith(DIRECTIVES)


def _comment(block: Sequence[tokenize.TokenInfo]) -> _Span:
    text = textwrap.dedent("\n".join(item.string[1:].rstrip() for item in block))
    start, end = block[0].start[0], block[-1].start[0]
    return _Span(start, end, Prose(text, start))


# ## Cutting


def _rows(
    lines: Sequence[str],
    comments: Sequence[_Span],
    docstrings: Sequence[_Span],
    definitions: Sequence[Definition],
) -> Iterator[Row]:
    spans = sorted([*comments, *docstrings], key=lambda span: span.start)
    prose_lines = {n for span in spans for n in range(span.start, span.end + 1)}
    opens = _openings(lines, comments, definitions)
    scopes = _scopes(lines, definitions)
    for start, after in pairwise([*sorted(opens), len(lines) + 1]):
        prose = tuple(s.prose for s in spans if start <= s.start < after)
        code = [n for n in range(start, after) if n not in prose_lines]
        shown = tuple(_without_blank_ends(code, lines))
        yield Row(start, after - 1, prose, shown, opens[start], scopes[start - 1])


def _openings(
    lines: Sequence[str], comments: Sequence[_Span], definitions: Sequence[Definition]
) -> dict[int, Definition | None]:
    """The lines that open a row, with the definition that each opens."""
    opens: dict[int, Definition | None] = {1: None} if lines else {}
    # A comment between a `def` and its docstring is one prose with the docstring. Two
    # comments with only blank lines between them are paragraphs of one prose.
    heads = {n for d in definitions for n in range(d.start, d.docstring or d.start)}
    before = 0
    for comment in comments:
        code_between = any(line.strip() for line in lines[before : comment.start - 1])
        if code_between and comment.start not in heads:
            opens[comment.start] = None
        before = comment.end
    starts = {comment.end: comment.start for comment in comments}
    for definition in definitions:
        above = starts.get(definition.start - 1)
        if above or definition.docstring:
            opens[above or definition.start] = definition
    return opens


def _scopes(lines: Sequence[str], definitions: Sequence[Definition]) -> list[str]:
    """For each line the innermost definition around it: inner ones come later."""
    scopes = [""] * len(lines)
    for definition in definitions:
        inside = slice(definition.start - 1, definition.end)
        scopes[inside] = [definition.name] * len(scopes[inside])
    return scopes


def _without_blank_ends(code: list[int], lines: Sequence[str]) -> list[int]:
    filled = [i for i, n in enumerate(code) if lines[n - 1].strip()]
    return code[filled[0] : filled[-1] + 1] if filled else []
