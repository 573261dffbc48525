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
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from ruff import find_ruff_bin

from litweave.features.links.libraries import first_sentence, plain
from litweave.parse import Module
from litweave.syntax import CODING, DEFINITIONS, directives, is_text, syntax_tree

# The longest line that a docstring may make.
WIDTH = 88
# A docstring that begins with one of these has no sentence to begin with.
_NO_PROSE = ("---", "$$", "```", "~~~", ">>>", "|", "- ", "* ", "**", "[")
_UNDERLINE = re.compile(r"([=\-~^\"'#*+])\1{2,}")
_FORMAT = ["format", "--config", "format.quote-style = 'preserve'"]
_SORT = ["check", "--select", "I", "--fix"]
_Key = TypeVar("_Key")
_Lines = dict[int, str]


def clean(module: Module) -> str:
    """The code of a module, with at most one line for each docstring."""
    return formatted(joined(without_prose(module)))


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
            program = [find_ruff_bin(), *command, *options]
            subprocess.run(program, capture_output=True)
        return {name: path.read_bytes().decode() for name, path in paths.items()}


# ## What is left


def without_prose(module: Module, docstrings: bool = True) -> _Lines:
    """The lines that are left of a module, by their numbers, before they are laid out.

    Without `docstrings`, not even one line is left of each.
    """
    lines = {n: line.rstrip("\r\n") for n, line in enumerate(module.lines, start=1)}
    text = joined(lines)
    _drop_comments(lines, text)
    for node in ast.walk(syntax_tree(text)):
        if isinstance(node, ast.Module | DEFINITIONS):
            _shorten_texts(lines, node, docstrings)
    return lines


def joined(lines: _Lines) -> str:
    """The text of some lines."""
    return "".join(f"{line}\n" for line in lines.values())


def _drop_comments(lines: _Lines, text: str) -> None:
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    stays = directives(tokens)
    for item in tokens:
        line, column = item.start
        # What is said of the encoding goes: the copy is in UTF-8.
        encoding = line <= 2 and CODING.match(item.string)
        if item.type == token.COMMENT and (encoding or line not in stays):
            lines[line] = lines[line][:column].rstrip(" \t\f")
            if not lines[line]:
                del lines[line]


def _shorten_texts(
    lines: _Lines, parent: ast.Module | DEFINITIONS, docstrings: bool
) -> None:
    """Shorten the docstring, and other strings that are statements of their own."""
    is_bare = not isinstance(parent, ast.Module) and all(map(is_text, parent.body))
    for before, node in pairwise([None, *parent.body]):
        if not isinstance(node, ast.Expr) or not is_text(node):
            continue
        first, last = node.lineno, node.end_lineno or 0
        # A syntax tree counts columns in bytes.
        indent = lines[first].encode()[: node.col_offset].decode()
        behind = lines[last].encode()[node.end_col_offset :].decode()
        if indent.strip() or behind.strip()[:1] not in ("", "#"):
            continue  # It shares its lines with code.
        text = ""
        # Behind a docstring that goes away, a string must not become the docstring.
        if docstrings and not (before and is_text(before)):
            width = WIDTH - len(f'{indent}""""""')
            said = one_line(ast.literal_eval(node.value), width)
            text = f'"""{said}"""' if said and '"""' not in said else ""
        if not text and is_bare and node is parent.body[-1]:
            text = "pass"
        lines[first] = f"{indent}{text}{behind}"
        for number in range(first + 1 if text else first, last + 1):
            lines.pop(number, None)


def one_line(docstring: str, width: int = WIDTH) -> str:
    """What a docstring says, in a line: its title, or else its first sentence.

    >>> one_line("## The *token-mixing* MLP")
    'The token-mixing MLP.'
    >>> one_line("Mix the columns of [`x`][Table]. Then the rows.")
    'Mix the columns of x.'
    """
    text = re.split(r"\n[ \t]*\n", docstring.strip(), maxsplit=1)[0]
    first, _, rest = text.partition("\n")
    if first.startswith("#") or _UNDERLINE.fullmatch(rest.partition("\n")[0].strip()):
        text = first.strip("# ")
    elif text.startswith(_NO_PROSE):
        return ""
    text = " ".join(plain(first_sentence(" ".join(text.split()))).split())
    # A formula in TeX is nothing to read as it stands.
    if not any(letter.isalnum() for letter in text) or "\\" in text:
        return ""
    text = text.rstrip(":;,")
    text = text if text.endswith((".", "!", "?", "…")) else f"{text}."
    return text if len(text) <= width else f"{text[: width - 1].rpartition(' ')[0]}…"
