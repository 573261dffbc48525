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
from dataclasses import dataclass

from labml_style_nn.weave.mathematics import Formulas
from labml_style_nn.weave.names import Names, UnknownNameError
from labml_style_nn.weave.problems import Place, Problems

# What may begin at a place in a text, longest first. Fences, examples and code spans
# come first: within them, a dollar is a dollar.
_BEGINNINGS = re.compile(
    r"""
    (?P<fence> ^[ \t]* (?P<ticks>`{3,}|~{3,}) [^\n]* \n
      .*? (?: (?P<fence_end> ^[ \t]* (?P=ticks) [`~]* [ \t]*$ ) | \Z ) )
  | (?P<example> ^[ \t]* >>>[^\n]*
      (?: \n [ \t]* \S [^\n]* | \n [ \t]* (?= \n [ \t]* >>> ) )* )
  | (?P<code> (?P<span>`+) (?!`) .+? (?<!`) (?P=span) (?!`) )
  | (?P<escape> \\. )
  | (?P<display> \$\$ (?P<block> (?: \\. | [^$\\] )+? ) \$\$ )
  | (?P<inline> \$ (?!\s) (?P<formula>
      (?: \\. | \n (?! \s*\n ) | [^$\\\n] )+? ) (?<!\s) \$ )
  | (?P<dollar> \$ )
  | (?P<link> (?<!!) \[ (?!\^) (?P<text> [^\[\]]+ ) \]\[ (?P<name> [\w.]* ) \] )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_REFERENCE = re.compile(r"^[ ]{0,3}\[(?!\^)([^\]]+)\]:", re.MULTILINE)


@dataclass(frozen=True)
class Desk:
    """What the author of a page has at hand: the names known, the formulas so far."""

    names: Names
    formulas: Formulas
    problems: Problems


def to_markdown(text: str, place: Place, page: str, desk: Desk) -> str:
    """Turn prose into the Markdown that the site's own extensions understand.

    `place` is where the first line of `text` stands, and `page` the page it is for, as
    a path from the root of the site's sources; links are written from there.

    Mistakes go to `desk.problems`: a formula or a fence that is not closed, a name that
    leads nowhere.
    """
    references = {reference.lower() for reference in _REFERENCE.findall(text)}

    def write(match: re.Match[str]) -> str:
        here = Place(place.path, place.line + text.count("\n", 0, match.start()))
        return _write(match, here, page, references, desk)

    return _BEGINNINGS.sub(write, text)


def _write(
    match: re.Match[str], place: Place, page: str, references: set[str], desk: Desk
) -> str:
    writers: dict[str, Callable[[], str]] = {
        "fence": lambda: _fence(match, place, desk),
        "example": lambda: _example(match[0]),
        "escape": lambda: "$" if match[0] == r"\$" else match[0],
        "display": lambda: desk.formulas.add(match["block"], True, place),
        "inline": lambda: desk.formulas.add(match["formula"], False, place),
        "dollar": lambda: _stray(place, desk),
        "link": lambda: _link(match, place, page, references, desk),
    }
    kind = next(kind for kind in _KINDS if match[kind] is not None)
    return writers[kind]() if kind in writers else match[0]


_KINDS = ("fence", "example", "code", "escape", "display", "inline", "dollar", "link")


def _example(text: str) -> str:
    indent = text[: len(text) - len(text.lstrip())]
    body = textwrap.dedent(text)
    return textwrap.indent(f"\n``` pycon\n{body}\n```\n", indent)


def _fence(match: re.Match[str], place: Place, desk: Desk) -> str:
    if match["fence_end"] is None:
        desk.problems.add(place, f"“{match['ticks']}” opens code that is not closed")
    return match[0]


def _stray(place: Place, desk: Desk) -> str:
    message = r"a “$” opens a formula that is not closed (for a dollar write “\$”)"
    desk.problems.add(place, message)
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
        desk.problems.add(place, str(error))
        return match["text"]
    address = posixpath.relpath(target.page, posixpath.dirname(page) or ".")
    anchor = f"#{target.anchor}" if target.anchor else ""
    return f"[{match['text']}]({address}{anchor})"
