r"""# Prose: what we add to Markdown

Prose is the site's own Markdown, with three things more:

- mathematics between dollars, `$…$` and `$$…$$`, is set aside before Markdown can
  mistake its underscores and backslashes for its own;
- names in brackets become links (see [`names`][]);
- examples in doctest form, `>>>`, become code blocks: Markdown alone would see
  quotations.

All of prose goes through one function, [`to_markdown`][], whether it comes from a
docstring, a comment or a page of its own. What is code in Markdown stays as it is.
"""

import posixpath
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from labml_style_nn.weave.formulas.mathematics import Formulas
from labml_style_nn.weave.formulas.symbols import Symbols
from labml_style_nn.weave.names import Names, UnknownNameError
from labml_style_nn.weave.problems import Place, Problems
from labml_style_nn.weave.safety import LESS, TAG, unreserved

# What may begin at a place in a text, longest first. Fences, examples and code spans
# come first: within them, a dollar is a dollar. So it is at the beginning of a line to
# type into a terminal.
_BEGINNINGS = re.compile(
    rf"""
    (?P<fence> ^[ \t]* (?P<ticks>`{{3,}}|~{{3,}}) [^\n]* (?: \Z | \n
      .*? (?: (?P<fence_end> ^[ \t]* (?P=ticks) [`~]* [ \t]*$ ) | \Z ) ) )
  | (?P<example> ^[ \t]* >>>[^\n]*
      (?: \n [ \t]* \S [^\n]* | \n [ \t]* (?= \n [ \t]* >>> ) )* )
  | (?P<code> (?P<span>`+) (?!`) .+? (?<!`) (?P=span) (?!`) )
  | (?P<escape> \\. | ^[ \t]* \$ (?=[ ]) )
  | (?P<display> \$\$ (?P<block> (?: \\. | [^$\\] )+? ) \$\$ )
  | (?P<inline> \$ (?!\s) (?P<formula>
      (?: \\. | \n (?! \s*\n ) | [^$\\\n] )+? ) (?<!\s) \$ (?!\d) )
  | (?P<dollar> \$ )
  | (?P<link> (?<![!\w\])]) \[ (?!\^) (?P<text> [^\[\]]+ ) \]
      \[ (?P<name> (?: [^\W\d] [\w.]* )? ) \] )
  | (?P<tag> {TAG} )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
# A title as reStructuredText underlines it. Markdown would take it to open code.
_UNDERLINED = re.compile(r"(?<!\S\n)^([ \t]*)(\S[^\n]*)\n\1(~{3,})$", re.M)
_REFERENCE = re.compile(r"^[ ]{0,3}\[(?!\^)([^\]]+)\]:", re.MULTILINE)


@dataclass
class Desk:
    """What the author of a page has at hand: the names known, the formulas so far."""

    names: Names
    formulas: Formulas
    problems: Problems
    raw_html: bool = False
    """Whether a tag in the prose of a module is HTML, and not words."""

    symbols: dict[str, Symbols] = field(default_factory=dict)
    """What the letters stand for, on each page that says so."""


def to_markdown(
    text: str, place: Place, page: str, desk: Desk, raw_html: bool = True
) -> str:
    """Turn prose into the Markdown that the site's own extensions understand.

    `place` is where the first line of `text` stands, and `page` the page it is for, as
    a path from the root of the site's sources; links are written from there.

    Without `raw_html`, a tag in the text is words like any other. Mistakes go to
    `desk.problems`: a formula or a fence that is not closed, a name that leads nowhere.
    """
    text = _UNDERLINED.sub(_underline, unreserved(text))
    references = {reference.lower() for reference in _REFERENCE.findall(text)}

    def write(match: re.Match[str]) -> str:
        here = Place(place.path, place.line + text.count("\n", 0, match.start()))
        written = _write(match, here, page, references, desk)
        is_tag = match["tag"] or match["escape"] == r"\<"
        return written if raw_html or not is_tag else written.replace("<", LESS)

    return _BEGINNINGS.sub(write, text)


def _write(
    match: re.Match[str], place: Place, page: str, references: set[str], desk: Desk
) -> str:
    writers: dict[str, Callable[[], str]] = {
        "fence": lambda: _fence(match, place, desk),
        "example": lambda: _example(match[0]),
        "escape": lambda: "$" if match[0] == r"\$" else match[0],
        "display": lambda: _formula(match["block"], True, place, page, desk),
        "inline": lambda: _formula(match["formula"], False, place, page, desk),
        "dollar": lambda: _stray(place, desk),
        "link": lambda: _link(match, place, page, references, desk),
    }
    kind = next(kind for kind in _KINDS if match[kind] is not None)
    return writers[kind]() if kind in writers else match[0]


_KINDS = (
    *("fence", "example", "code", "escape", "display", "inline", "dollar", "link"),
    "tag",
)


def _formula(tex: str, display: bool, place: Place, page: str, desk: Desk) -> str:
    symbols = desk.symbols.get(page)
    if symbols is None:
        return desk.formulas.add(tex, display, place)
    for name in symbols.unknown(tex) if display else ():
        message = f"“{name}” stands in this equation, but in no entry of the notation"
        desk.problems.add(place, message, "notation")
    return desk.formulas.add(tex, display, place, symbols.mark(tex))


def _underline(match: re.Match[str]) -> str:
    indent, title, line = match.groups()
    if len(line) < len(title):
        return match[0]
    return f"{indent}{title}\n{indent}{'-' * len(line)}"


def _example(text: str) -> str:
    indent = text[: len(text) - len(text.lstrip())]
    body = textwrap.dedent(text)
    # Longer than what the example itself holds of them.
    runs = [len(run) for run in re.findall("`+", body)]
    ticks = "`" * (1 + max([2, *runs]))
    return textwrap.indent(f"\n{ticks} pycon\n{body}\n{ticks}\n", indent)


def _fence(match: re.Match[str], place: Place, desk: Desk) -> str:
    if match["fence_end"] is not None:
        return match[0]
    if not match[0].strip("`~ \t\n"):
        return "\n---"  # a line that somebody drew
    message = f"“{match['ticks']}” opens code that is not closed"
    desk.problems.add(place, message, "code")
    # What follows is not its code: it ends where the prose does.
    indent = match[0][: len(match[0]) - len(match[0].lstrip())]
    return f"{match[0]}\n{indent}{match['ticks']}"


def _stray(place: Place, desk: Desk) -> str:
    message = r"a “$” opens a formula that is not closed (for a dollar write “\$”)"
    desk.problems.add(place, message, "formula")
    return "$"


def _link(
    match: re.Match[str], place: Place, page: str, references: set[str], desk: Desk
) -> str:
    name = match["name"] or match["text"].strip("`")
    if name.lower() in references:
        return match[0]
    try:
        target = desk.names.find(name, page)
    except UnknownNameError as error:
        desk.problems.add(place, str(error), "name")
        return match["text"] if match["text"].startswith("`") else match[0]
    address = posixpath.relpath(target.page, posixpath.dirname(page) or ".")
    anchor = f"#{target.anchor}" if target.anchor else ""
    return f"[{match['text']}]({address}{anchor})"
