r"""# Syntax: statements, comments that speak to a tool, and examples

*Directives* speak to a linter, a type checker, an editor: `# noqa`, `# fmt: off`,
`# region`. They stay with the code, and a clean copy keeps them. A line of prose may
begin with the same word, “type: both are of one class”. So a directive is what has the
form that its tool reads, and within a fence nothing is one. The marks of cells, `# %%`,
are directives of which a page shows the title.
"""

import ast
import doctest
import re
import token
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from litweave.diagnostics import Place, PlacedError

# Python 3.11 counts how deep it is in a tree in one place for all threads, and fails if
# another thread comes in between. A build reads sources in several, which take turns.
_TURN = Lock()
DEFINITIONS = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Comment = tokenize.TokenInfo


def syntax_tree(source: str | bytes) -> ast.Module:
    """What `ast.parse` makes of a source, in any thread.

    **Raises.** As `ast.parse` does.
    """
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's string
        return ast.parse(source)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a string and nothing else, as a docstring is."""
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def first_line(node: ast.stmt) -> int:
    """The first line of a statement, decorators included."""
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(item.lineno for item in decorators)])


# ## Directives

# What an old source says of its encoding, on one of the first two lines.
CODING = re.compile(r"#.*?coding[:=][ \t]*[-\w.]+")

_TOOLS = """autopep8 | basedpyright | cspell | cython | distutils | doctest | flake8
    | fmt | isort | mypy | pyink | pylint | pyrefly | pyright | pytype | ruff | ty
    | yapf"""
# What is said to a tool: an order, `name = value` or `+OPTION`, and no sentence.
_SAID = r"""(?: (?: off | on | skip | split | ignore | noqa | basic | standard | strict
    | (?: dis | en ) able | (?: dis )? allow | check | warn ) (?: [-_] [\w-]+ )?
    | [\w.-]+ (?= [ \t]* = ) | [+-][A-Z_]+ ) (?: [ \t]* [=:,\[] .* )?"""
# The directives in a block of comments, without their `#`.
_DIRECTIVE = re.compile(
    rf"""
    ^[ \t]* (?P<fence> `{{3,}} | ~{{3,}} ) .* \n (?: .*\n )*?  # what is in it is none
      (?: [ \t]* (?P=fence) [`~]* [ \t]* $ | .* \Z )
  | (?P<cell> \A [ \t]? %%+ [ \t] .*  # a title begins as one, or begins its block
      | ^[ \t]? (?: %%+ [ \t]* (?: [\[{{A-Z] .* | md )? | In\[[ \d]*\]: ) $ )
  | (?P<fold> \A [ \t]? region \b .* )
  | ^\| [^|\n]* $  # of a notebook
  | ^[ ]/// [ ] [\w-]+ \n (?: .*\n )*? [ ]/// $  # what a script needs
  | ^[ \t]? (?: endregion \b | -\*- .+ -\*- | vim: .* = | noinspection [ \t]+ [A-Z]
      | SPDX-[A-Z] [\w-]* : | pyre- (?: fixme | ignore | strict | unsafe ) \b
      | pragma: [ \t]* no [ -]? (?: cover | branch ) \b ) .*
  | ^[ \t]? (?: (?i: noqa | nopep8 | nosec | nosonar ) (?: [ \t:]+ [A-Z]+\d+ \b .* )?
      | type: [ \t]* (?: ignore (?: \[ .* )? | \( .* \) [ \t]* -> .* )
      | (?: {_TOOLS} ) : [ \t]* {_SAID}
      ) [ \t]* (?: \# .* )? $
    """,
    re.VERBOSE | re.MULTILINE,
)
_LOOSE = ("type:", "noqa", "pragma:", "isort:")
_MARKDOWN = re.compile(r"[ \t]?%%+[ \t]*(?:.*\[(?:markdown|md)\]|md$)")
# The words of a cell's title, before what programs read.
_TITLE = re.compile(r"#[ \t]?%%(%*)[ \t]+((?:(?![ \t]*(?:[\[{]|\w+=)).)+)")


def directives(tokens: Iterable[tokenize.TokenInfo]) -> dict[int, str]:
    """The lines whose comments speak to a tool, each with a kind.

    It is “tool”, or “cell” for the mark of a cell, “markdown” if the cell holds that.
    """
    comments = [item for item in tokens if item.type == token.COMMENT]
    folds = any("endregion" in item.string for item in comments)
    found = (pair for block in blocks(comments) for pair in _in_block(block, folds))
    return dict(found) | {c.start[0]: "tool" for c in comments if _is_tools(c)}


def title(comment: str) -> str:
    """The heading that the mark of a cell stands for, if it has words."""
    match = _TITLE.match(comment)
    return f"##{'#' * len(match[1])} {match[2]}" if match else ""


def blocks(comments: Iterable[Comment]) -> list[list[Comment]]:
    """Those on lines that follow one another, together; one behind code is alone."""
    found: list[list[Comment]] = []
    for item in comments:
        above = found[-1][-1] if found else item
        is_next = above.start[0] == item.start[0] - 1
        if is_next and not (_is_behind_code(item) or _is_behind_code(above)):
            found[-1].append(item)
        else:
            found.append([item])
    return found


def _is_behind_code(comment: Comment) -> bool:
    return bool(comment.line[: comment.start[1]].strip())


def _is_tools(comment: Comment) -> bool:
    """Whether Python itself, or who starts it, reads the comment, or a tool may."""
    text = comment.string
    if _is_behind_code(comment):
        # Less is prose there: a type may stand there, or a word of one's own.
        return text[1:].lstrip().lower().startswith(_LOOSE)
    is_shebang = comment.start == (1, 0) and text.startswith("#!")
    return is_shebang or bool(comment.start[0] <= 2 and CODING.match(text))


def _in_block(block: Sequence[Comment], folds: bool) -> Iterator[tuple[int, str]]:
    """The directives of a block; `folds` tells whether the file's regions end."""
    text = "\n".join(item.string[1:].rstrip() for item in block)
    if len(block) == 1:
        text = re.sub(r"^[ \t]+", " ", text)
    for match in _DIRECTIVE.finditer(text):
        if not match["fence"] and (folds or not match["fold"]):
            kind = "markdown" if _MARKDOWN.match(match[0]) else "cell"
            first = block[0].start[0] + text.count("\n", 0, match.start())
            lines = range(first, first + 1 + match[0].count("\n"))
            yield from ((n, kind if match["cell"] else "tool") for n in lines)


# ## Examples

# What doctest says; of what it quotes, only an option: a line is told by its number.
_REFUSAL = re.compile(r"(?s)line (\d+) of the \w+ for \S+ (.+?)(?:: (?!'[+-]).*)?")
# These it counts from 0: an option, and a line that goes on with an example's code.
_FROM_0 = re.compile(r"directive|leading whitespace: ['\"] *\.{3}")
_CODE = re.compile(r"^[ \t]*>>>(.*(?:\n[ \t]*\.\.\..*)*)", re.MULTILINE)


def doctests(text: str, place: Place) -> list[str | doctest.Example]:
    """The examples of a text that begins at a place, and the words between them.

    **Raises.** [`PlacedError`][] if doctest refuses the text.
    """
    try:
        return doctest.DocTestParser().parse(text)
    except ValueError as error:
        match = _REFUSAL.fullmatch(str(error))
        line, problem = (int(match[1]), match[2]) if match else (1, str(error))
        line += place.line - 1 + bool(_FROM_0.search(str(error)))
        reason = f"doctest cannot read the example here, which {problem}"
        raise PlacedError(Place(place.path, line), reason) from None


def example_sources(text: str) -> Iterator[str]:
    """The code of the examples, even of those that doctest refuses."""
    for code in _CODE.findall(text):
        yield re.sub(r"\n[ \t]*\.\.\. ?", "\n", code.removeprefix(" "))
