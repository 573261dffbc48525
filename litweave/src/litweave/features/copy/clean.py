r"""# Clean: a module without its essay

The comments go, and a docstring becomes one line of plain text, or goes too if it has
no line to give. What speaks to a tool stays, such as `# noqa`. The prose is found by
the positions that `ast` and `tokenize` give, never by a pattern, so that what is left
is the same program. `ruff format` lays it out.
"""

import ast
import io
import re
import subprocess
import token
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import accumulate, pairwise, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

from ruff import find_ruff_bin

from litweave.directives import CODING, directives
from litweave.features.links.libraries import first_sentence, plain
from litweave.parse import Module
from litweave.syntax import is_text, syntax_tree

# The longest line that a docstring may make.
WIDTH = 88
# A docstring that begins with one of these has no sentence to begin with.
_NO_PROSE = ("---", "$$", "```", "~~~", ">>>", "|", "- ", "* ", "**", "[")
_UNDERLINE = re.compile(r"([=\-~^\"'#*+])\1{2,}")
_Key = TypeVar("_Key")
_FORMAT = ["format", "--config", "format.quote-style = 'preserve'"]
_SORT = ["check", "--select", "I", "--fix"]


class Edit(NamedTuple):
    """A piece of the text, from `start` to before `end`, and what takes its place."""

    start: int
    end: int
    text: str = ""


def clean(module: Module) -> str:
    """The code of a module, with at most one line for each docstring."""
    return formatted(Source(module).without_prose())


def formatted(source: str, sort: bool = False) -> str:
    """A source as `ruff format` lays it out; with `sort`, its imports are sorted."""
    return all_formatted({"": source}, sort)[""]


def all_formatted(sources: Mapping[_Key, str], sort: bool = False) -> dict[_Key, str]:
    """Many sources, laid out at once; one stays as it is where ruff cannot do it."""
    with TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{n}.py") for n, name in enumerate(sources)}
        for name, path in paths.items():
            path.write_text(sources[name], "utf-8", newline="")
        for command in [_SORT] * sort + [_FORMAT] if paths else []:
            options = ["--isolated", "--no-cache", "--quiet", folder]
            with suppress(FileNotFoundError):
                program = [find_ruff_bin(), *command, *options]
                subprocess.run(program, capture_output=True)
        return {name: path.read_bytes().decode() for name, path in paths.items()}


# ## Positions


class Source:
    """The text of a module as Python sees it, and where its lines begin."""

    def __init__(self, module: Module) -> None:
        self.path = module.path
        # All lines end alike.
        self.lines = [line.rstrip("\r\n") for line in module.lines]
        self.text = "\n".join([*self.lines, ""])
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]

    def at(self, line: int, column: int) -> int:
        """The place of a column in characters, as `tokenize` counts."""
        return self.starts[line - 1] + column

    def at_bytes(self, line: int, column: int) -> int:
        """The place of a column in bytes of UTF-8, as `ast` counts."""
        text = self.lines[line - 1]
        if not text.isascii():
            column = len(text.encode()[:column].decode())
        return self.at(line, column)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """From where to where a node reaches."""
        end = self.at_bytes(node.end_lineno or 0, node.end_col_offset or 0)
        return self.at_bytes(node.lineno, node.col_offset), end

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of it."""
        return syntax_tree(self.text)

    @cached_property
    def prose(self) -> list[Edit]:
        """The edits that take the prose out, in their order."""
        return sorted([*_comments(self), *_docstrings(self)])

    def without_prose(self, first: int = 1, last: int | None = None) -> str:
        """Some lines, all of them unless told, before they are laid out."""
        place = self.starts[first - 1]
        end = self.starts[-1 if last is None else last]
        pieces = []
        for edit in self.prose:
            # What lies within an earlier edit is gone with it.
            if place <= edit.start and edit.end <= end:
                pieces += [self.text[place : edit.start], edit.text]
                place = edit.end
        return "".join([*pieces, self.text[place:end]])


# ## Comments


def _comments(source: Source) -> Iterator[Edit]:
    above_is_blank = True
    gone = 0  # the last line that went away whole
    tokens = list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    stays = directives(tokens)
    for item in tokens:
        line = item.start[0]
        # What is said of the encoding goes: the copy is in UTF-8.
        encoding = line <= 2 and CODING.match(item.string)
        if item.type != token.COMMENT or (line in stays and not encoding):
            continue
        code = source.lines[line - 1][: item.start[1]].rstrip(" \t\f")
        if code:
            yield Edit(source.at(line, len(code)), source.at(*item.end))
            continue
        if gone != line - 1:
            above_is_blank = line == 1 or not source.lines[line - 2].strip()
        gone = last = line
        # With blank lines above it, those below go with it.
        rest = source.lines[line:] if above_is_blank else ()
        last += sum(1 for _ in takewhile(lambda text: not text.strip(), rest))
        yield Edit(source.starts[line - 1], source.starts[last])


# ## Docstrings


def _docstrings(source: Source) -> Iterator[Edit]:
    for node in ast.walk(source.tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield from _texts(source, node, block)


def _texts(
    source: Source, parent: ast.AST, block: Sequence[ast.stmt]
) -> Iterator[Edit]:
    """The strings that stand in a block as statements of their own."""
    empty = all(is_text(node) for node in block) and not isinstance(parent, ast.Module)
    for before, node in pairwise([None, *block]):
        if node is None or not is_text(node) or not _is_alone(source, node):
            continue
        start, end = source.span(node)
        indent = start - source.at(node.lineno, 0)
        # Behind a docstring that goes away, a string must not become the docstring.
        text = None if before and is_text(before) else _literal(node, indent)
        if text is None and empty and node is block[-1]:
            text = "pass"
        if text is None:
            start = source.starts[node.lineno - 1]
            end = source.starts[node.end_lineno or 0]
        yield Edit(start, end, text or "")


def _is_alone(source: Source, node: ast.stmt) -> bool:
    """Whether a statement has its lines to itself, but for a comment behind it."""
    start, end = source.span(node)
    before = source.text[source.starts[node.lineno - 1] : start]
    behind = source.text[end : source.starts[node.end_lineno or 0]].strip()
    return not before.strip() and (not behind or behind.startswith("#"))


def _literal(node: ast.stmt, indent: int) -> str | None:
    """The line that a docstring becomes."""
    assert isinstance(node, ast.Expr)
    assert isinstance(node.value, ast.Constant)
    text = one_line(str(node.value.value), WIDTH - indent - len('r""""""'))
    if not text or '"""' in text:
        return None
    prefix = "r" if "\\" in text else ""
    return f'{prefix}"""{text}"""'


def one_line(docstring: str, width: int = WIDTH) -> str:
    """What a docstring says, in a line: its title, or else its first sentence.

    >>> one_line("## The *token-mixing* MLP")
    'The token-mixing MLP.'
    >>> one_line("Mix the columns of [`x`][Table]. Then the rows.")
    'Mix the columns of x.'
    """
    text, before = _line(docstring, width), ""
    # What the marks of Markdown stood around may itself look like one.
    while text != before:
        text, before = _line(text, width), text
    return text


def _line(docstring: str, width: int) -> str:
    text = " ".join(plain(first_sentence(_opening(docstring))).split())
    # A formula in TeX is nothing to read as it stands.
    if not any(letter.isalnum() for letter in text) or "\\" in text:
        return ""
    text = text.rstrip(":;,")
    text = text if text.endswith((".", "!", "?", "…")) else f"{text}."
    return text if len(text) <= width else f"{text[: width - 1].rpartition(' ')[0]}…"


def _opening(docstring: str) -> str:
    """The heading of a docstring, or else its first paragraph."""
    first, _, rest = docstring.strip().partition("\n")
    if first.startswith("#"):
        return first.strip("# ")
    if _UNDERLINE.fullmatch(rest.partition("\n")[0].strip()):
        return first
    paragraph = re.split(r"\n[ \t]*\n", docstring.strip(), maxsplit=1)[0]
    return "" if paragraph.startswith(_NO_PROSE) else " ".join(paragraph.split())
