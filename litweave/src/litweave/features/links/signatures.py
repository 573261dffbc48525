r"""Signatures: a definition in two lines, read from the source.

How the thing is called, without `self`, and what it is for: the first line of its
docstring, without the marks of Markdown.

>>> source = 'def scale(x: Tensor, by: int = 2) -> Tensor: "By the *factor* `by`. So."'
>>> node = ast.parse(source).body[0]
>>> signature("scale", node)
'scale(x: Tensor, by: int = 2) -> Tensor'
>>> summary(ast.get_docstring(node))
'By the factor by.'
"""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import chain, repeat

from litweave.features.links.introspect import called, first_sentence, shortened
from litweave.features.links.scopes import Definition

_LINK = re.compile(r"!?\[([^\[\]]+)\](?:\[[^\[\]]*\]|\([^()]*\))")
# A role of reStructuredText, and what it is about: a name, or words before its target.
_ROLE = re.compile(
    r"(?<![\w:]):(?:\w+:){1,2}`(?:~(?:\w+\.)*)?([^`<]+?)(?:\s*<[^`>]*>)?`"
)
_FORMULA = re.compile(r"\$\$?([^$]+)\$\$?")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")


def signature(name: str, node: Definition | None) -> str:
    """How something is called by a name, if it is by the function `node`."""
    if node is None or isinstance(node, ast.ClassDef):
        return name
    returns = None if node.name == "__init__" else node.returns
    parameters = list(_parameters(node.args))
    if parameters and parameters[0].name in ("self", "cls"):
        del parameters[0]
    shown = inspect.Signature(parameters, return_annotation=_source(returns))
    return called(name, shown)


class _Source(str):
    """A piece of source, which stands in a signature as it is."""

    __repr__ = str.__str__


def _source(node: ast.expr | None) -> object:
    return inspect.Parameter.empty if node is None else _Source(ast.unparse(node))


def _parameters(args: ast.arguments) -> Iterator[inspect.Parameter]:
    made = inspect.Parameter
    first = [*args.posonlyargs, *args.args]
    only, either = [made.POSITIONAL_ONLY], [made.POSITIONAL_OR_KEYWORD]
    kinds = [*only * len(args.posonlyargs), *either * len(args.args)]
    defaults = [*[None] * (len(first) - len(args.defaults)), *args.defaults]
    for arg, kind, default in chain(
        zip(first, kinds, defaults, strict=True),
        [(args.vararg, made.VAR_POSITIONAL, None)],
        zip(args.kwonlyargs, repeat(made.KEYWORD_ONLY), args.kw_defaults),
        [(args.kwarg, made.VAR_KEYWORD, None)],
    ):
        if arg:
            annotation, value = _source(arg.annotation), _source(default)
            yield made(arg.arg, kind, default=value, annotation=annotation)


def summary(docstring: str | None) -> str:
    """The heading of a docstring, if it has one, and its first sentence; plain text."""
    first, _, rest = (docstring or "").strip().partition("\n")
    heading = plain(first.strip("# ")) if first.startswith("#") else ""
    prose = rest if heading else f"{first}\n{rest}"
    paragraph = " ".join(prose.strip().split("\n\n")[0].split())
    # A paragraph that begins in bold type, **Shape.**, is about something else.
    sentence = "" if paragraph.startswith("**") else plain(first_sentence(paragraph))
    # A formula in TeX is nothing to read in one line.
    parts = [part for part in (heading, sentence) if part and "\\" not in part]
    return shortened(". ".join(parts))


def plain(markdown: str) -> str:
    """The words of a line of Markdown.

    >>> plain("[The *layer*][Mixer] of $C$ `channels`")
    'The layer of C channels'
    """
    text = _FORMULA.sub(r"\1", _LINK.sub(r"\1", _ROLE.sub(r"\1", markdown)))
    return _EMPHASIS.sub(r"\2", text).replace("`", "").strip()
