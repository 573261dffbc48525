r"""# Directives: comments that speak to a tool

Most comments speak to a reader. Some speak to a linter, a type checker, an editor:
`# noqa`, `# fmt: off`, `# region`. These stay with the code, and a clean copy keeps
them.

A line of prose may begin with the same word, “type: both are of one class”. So a
directive is what has the form that its tool reads, and within a fence nothing is one.
The marks of cells, `# %%`, are directives of which a page shows the title.
"""

import re
import token
import tokenize
from collections.abc import Iterable, Sequence
from itertools import compress

Comment = tokenize.TokenInfo

# What an old source says of its encoding, on one of the first two lines.
CODING = re.compile(r"#.*?coding[:=][ \t]*[-\w.]+")

_IGNORE = r"ignore (?: -errors )? (?: \[ .* )?"
_NOQA = r"noqa (?: : .* )?"
_SET = r"[\w.-]+ [ \t]* = .*"
# What each tool reads behind its name and a colon, and nothing but a comment behind it.
# What tools read that do not stand here is prose.
_TOOLS = {
    "autopep8 | pyink": "off | on",
    "(?: based )? pyright": rf"basic | standard | strict | {_IGNORE} | {_SET}",
    "codespell": r"ignore \b .*",
    "(?i: cspell | spell-?checker )": r"(?: dis | en ) able [\w-]* | ignore \b .*",
    "fmt": "off | on | skip",
    "cython | distutils": _SET,
    "doctest": r"[+-] [A-Z_]+ (?: , [ \t]* [+-] [A-Z_]+ )*",
    "flake8": _NOQA,
    "isort": r"""skip | skip_file | on | off | split | dont-add-imports? (?: : .* )?
        | (?: unique- )? (?: list | tuple ) | set | dict | assignments""",
    "mypy": r"""(?: no- )? (?: (?: dis )? allow | (?: dis | en ) able | extra | follow
        | ignore | implicit | local | strict | warn | check-untyped ) [_-] [\w-]+
        (?: [ \t]* = .* | (?: , [ \t]* [\w=-]+ )* )""",
    "nopycln": "file | import",
    "pylint | pytype": r"(?: dis | en ) able [\w-]* [ \t]* = .* | skip-file",
    "pyrefly | ty": _IGNORE,
    "ruff": rf"{_NOQA} | isort: .* | (?: disable | enable | (?: file- )? ignore ) \[.*",
    "skipcq": r"[A-Z]+-\w+ (?: , [ \t]* [A-Z]+-\w+ )*",
    "yapf": "disable | enable",
}
_SAID = " | ".join(
    f"(?: {name} ) : [ \t]* (?: {form} )" for name, form in _TOOLS.items()
)

# The directives in a block of comments, without their `#`.
_FORMS = (
    # A fence: what is in it is none.
    r"""^[ \t]* (?P<fence> `{3,} | ~{3,} ) .* \n (?: .*\n )*?
        (?: [ \t]* (?P=fence) [`~]* [ \t]* $ | .* \Z )""",
    # Cells. A title begins as one, or the mark is the first line of its block.
    r"""(?P<cell> \A [ \t]? (?: %%+ [ \t] .* | \+ [ \t] [\[{] .* )
        | ^[ \t]? (?: %%+ [ \t]* (?: [\[{A-Z] .* | md )? | \+ [ \t]+ \w+=[\["{] .*
        | In[ ]?\[[ \d]*\]:? | [-+] | <(?:code|markdown)cell> ) $ )""",
    # Notebooks.
    r"""^\| [^|\n]* $ | ^[ \t]\| [ \t]? (?: [\w-]+: [ \t] [^|\n]* | default_exp \b .*
        | eval | export \w* | filter_stream \b .* | hide \w* | skip_showdoc ) $""",
    r"""^[ \t]? (?: !pip | %%? (?: autoreload | capture | config | load_ext
        | matplotlib | pip | time (?: it )? ) ) \b .*""",
    # Of several lines: what a script needs, and how Emacs shows it.
    r"""^[ ]/// [ ] [\w-]+ \n (?: .*\n )*? [ ]/// $""",
    r"""^[ \t]? Local[ ]Variables:\n (?: .*\n )*? [ \t]* End: $""",
    # Editors.
    r"""(?P<fold> \A [ \t]? region \b .* )""",
    r"""^[ \t]? (?: endregion \b | </?editor-fold | \{{3} | \}{3}
        | vim?: [ \t]* (?: set? [ \t] | \w+ [=:] ) | ex: [ \t]* set? [ \t]
        | (?: \w+: [ \t]* )? -\*- .+ -\*- | noinspection [ \t]+ [A-Z] ) .*""",
    # Of JetBrains, and regions that documentation quotes.
    r"""^[ \t]? (?: @formatter: (?: off | on ) | language= [A-Z]\w*
        | \[ (?: START | END ) [ \t]+ [\w.-]+ \] | -+8<-+ [ \t] .* ) $""",
    # Checkers. What ends a line may be followed by a comment of its own.
    r"""^[ \t]? (?: (?i: noqa | nopep8 | nosec | nosonar | nosemgrep )
          (?: [ \t:]+ [A-Z]+\d+ \b .* | : [ \t]* [\w.-]+ )?
        | type: [ \t]* (?: ignore (?: \[ .* )? | \( .* \) [ \t]* -> .* )
        ) [ \t]* (?: \#.* )? $""",
    rf"""^[ \t]? (?: {_SAID} ) [ \t]* (?: \#.* )? $""",
    r"""^[ \t]? pragma: [ \t]* (?: \S+ [ \t]+ ){0,2}
        (?: no-? )? (?: cover | branch | mutate | secret ) \b .*""",
    r"""^[ \t]? (?: pyre-(?: fixme | ignore | strict | unsafe ) \b
        | SPDX-[A-Z] [\w-]* : ) .*""",
)
_DIRECTIVES = re.compile("|".join(_FORMS), re.VERBOSE | re.MULTILINE)
# A line of prose that is too long, as an address may make it, ends with one.
_AT_END = re.compile(
    rf"""{_FORMS[0]} | (?<=\S) [ \t]+ \# [ \t]*
    (?: (?i:noqa) (?: : [ \t]* [A-Z]+\d+ (?: [, \t]+ [A-Z]+\d+ )* )?
      | pylint: [ \t]* disable=\S+ ) $""",
    re.VERBOSE | re.MULTILINE,
)
_LOOSE = ("type:", "noqa", "pragma:", "isort:")
_MARKDOWN = re.compile(
    r"[ \t]?(?:(?:%%+|\+)[ \t].*\[(?:markdown|md)\]|%%+[ \t]*(?:markdown|md)\Z)"
)
# The words of a cell's title, before what programs read.
_TITLE = re.compile(r"#[ \t]?%%(%*)[ \t]+((?:(?![ \t]*(?:[\[{]|\w+=)).)+)")


def directives(tokens: Iterable[tokenize.TokenInfo]) -> dict[int, str]:
    """The lines whose comments speak to a tool, each with a kind.

    It is “tool”, or “cell” for the mark of a cell, “markdown” if the cell holds that.
    """
    comments = [item for item in tokens if item.type == token.COMMENT]
    whole = [not item.line[: item.start[1]].strip() for item in comments]
    folds = any("endregion" in item.string for item in comments)
    found: dict[int, str] = {}
    for block in blocks(compress(comments, whole)):
        found |= _in_block(block, folds)
    for item, is_whole in zip(comments, whole, strict=True):
        if _is_pythons(item) or (not is_whole and _stays_behind_code(item)):
            found[item.start[0]] = "tool"
    return found


def title(comment: str) -> str:
    """The heading that the mark of a cell stands for, if it has words."""
    match = _TITLE.match(comment)
    return f"##{'#' * len(match[1])} {match[2]}" if match else ""


def without_directives(prose: str) -> str:
    """The text of a block of comments without the directives at the ends of lines."""
    return _AT_END.sub(lambda match: match[0] if match["fence"] else "", prose)


def blocks(comments: Iterable[Comment]) -> list[Sequence[Comment]]:
    """Those on lines that follow one another, together."""
    found: list[list[Comment]] = []
    for item in comments:
        if found and found[-1][-1].start[0] == item.start[0] - 1:
            found[-1].append(item)
        else:
            found.append([item])
    return [*found]


def _is_pythons(comment: Comment) -> bool:
    """Whether Python itself, or who starts it, reads the comment."""
    shebang = comment.start == (1, 0) and comment.string.startswith("#!")
    return shebang or bool(comment.start[0] <= 2 and CODING.match(comment.string))


def _stays_behind_code(comment: Comment) -> bool:
    # Behind code less is prose: a type may stand there, or a word of one's own.
    loose = comment.string[1:].lstrip().lower().startswith(_LOOSE)
    return loose or "tool" in _in_block([comment]).values()


def _in_block(block: Sequence[Comment], folds: bool = False) -> dict[int, str]:
    """The directives of a block; `folds` tells whether the file's regions end."""
    text = "\n".join(item.string[1:].rstrip() for item in block)
    if len(block) == 1:
        text = re.sub(r"^[ \t]+", " ", text)
    found: dict[int, str] = {}
    for match in _DIRECTIVES.finditer(text):
        if not match["fence"] and (folds or not match["fold"]):
            kind = "markdown" if _MARKDOWN.match(match[0]) else "cell"
            kind = kind if match["cell"] else "tool"
            first = block[0].start[0] + text.count("\n", 0, match.start())
            lines = range(first, first + 1 + match[0].count("\n"))
            found |= dict.fromkeys(lines, kind)
    return found
