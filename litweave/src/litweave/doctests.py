"""Doctests: examples as doctest reads them; nothing is run.

doctest refuses a whole text for one example that is not written as it wants. A page
shows that example all the same, and notes it as a problem, with its place.
"""

import doctest
import re
from collections.abc import Collection, Iterable, Iterator

from litweave.diagnostics import Diagnostics, Place
from litweave.features.shapes.trace import refusal
from litweave.parse import Module

# What Python's own doctest knows. A tool that runs in the same process may know more.
_OWN = doctest.COMPARISON_FLAGS | doctest.REPORTING_FLAGS
_REGISTERED = re.compile(r"\bregister_optionflag\(\s*[\"'](\w+)[\"']")
_CODE = re.compile(r"^[ \t]*>>>(.*(?:\n[ \t]*\.\.\..*)*)", re.MULTILINE)
_PROMPT = re.compile(r"\n[ \t]*\.\.\. ?")


class UnreadableError(ValueError):
    """Examples that doctest refuses: the line in the text, from 1, and the reason."""

    def __init__(self, error: ValueError) -> None:
        self.line, self.reason = refusal(error)
        super().__init__(self.reason)


def parts(text: str, options: Collection[str] = ()) -> list[str | doctest.Example]:
    """The examples of a text, and the words between them.

    `options` are known besides those that doctest itself has.

    **Raises.** [`UnreadableError`][] if doctest refuses the text.
    """
    for name in options:
        doctest.register_optionflag(name)
    try:
        found = doctest.DocTestParser().parse(text)
    except ValueError as error:
        raise UnreadableError(error) from None
    for example in found:
        if isinstance(example, doctest.Example):
            _check_options(example, options)
    return found


def _check_options(example: doctest.Example, options: Collection[str]) -> None:
    """Refuse, as doctest alone would, an option that only some other tool has."""
    for name, flag in doctest.OPTIONFLAGS_BY_NAME.items():
        if flag in example.options and not flag & _OWN and name not in options:
            option = f"{'+' if example.options[flag] else '-'}{name}"
            where = f"line {example.lineno + 1} of the doctest for <string>"
            error = ValueError(f"{where} has an invalid option: {option!r}")
            raise UnreadableError(error)


def sources(text: str) -> Iterator[str]:
    """The code of the examples, even of those that doctest refuses."""
    for match in _CODE.finditer(text):
        yield _PROMPT.sub("\n", match[1].removeprefix(" "))


def note_unreadable(modules: Iterable[Module], diagnostics: Diagnostics) -> None:
    """Note the docstrings whose examples doctest refuses."""
    modules = list(modules)
    # One module registers an option, for all of its package.
    options = {name for m in modules for name in _REGISTERED.findall(m.source)}
    for module in modules:
        for prose in (prose for row in module.rows for prose in row.prose):
            # No tool reads the examples in a comment.
            if not module.lines[prose.line - 1].lstrip().startswith("#"):
                try:
                    parts(prose.text, options)
                except UnreadableError as error:
                    place = Place(module.path, prose.line + error.line - 1)
                    diagnostics.add(place, error.reason, "example")
