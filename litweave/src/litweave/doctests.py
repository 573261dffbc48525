"""Doctests: examples as doctest reads them; nothing is run.

doctest refuses a whole text for one example that is not written as it wants. A page
shows that example all the same, and notes it as a problem, with its place.
"""

import doctest
import re
from collections.abc import Collection, Iterator

# What doctest says; of what it quotes, only an option: a line is told by its number.
_REFUSAL = re.compile(
    r"line (\d+) of the \w+ for \S+ (.+?)(?:: (?!'[+-]).*)?", re.DOTALL
)
# A line that goes on with the code of an example.
_UNEVEN = re.compile(r"leading whitespace: ['\"] *\.{3}")
_CODE = re.compile(r"^[ \t]*>>>(.*(?:\n[ \t]*\.\.\..*)*)", re.MULTILINE)
_PROMPT = re.compile(r"\n[ \t]*\.\.\. ?")


class UnreadableError(ValueError):
    """Examples that doctest refuses: the line in the text, from 1, and the reason."""

    def __init__(self, error: ValueError) -> None:
        match = _REFUSAL.fullmatch(str(error))
        line, problem = (int(match[1]), match[2]) if match else (1, str(error))
        # These doctest counts from 0.
        self.line = line + ("directive" in problem or bool(_UNEVEN.search(str(error))))
        self.reason = f"doctest cannot read the example here, which {problem}"
        super().__init__(self.reason)


def parts(text: str, options: Collection[str] = ()) -> list[str | doctest.Example]:
    """The examples of a text, and the words between them.

    `options` are known besides those that doctest itself has.

    **Raises.** [`UnreadableError`][] if doctest refuses the text.
    """
    for name in options:
        doctest.register_optionflag(name)
    try:
        return doctest.DocTestParser().parse(text)
    except ValueError as error:
        raise UnreadableError(error) from None


def sources(text: str) -> Iterator[str]:
    """The code of the examples, even of those that doctest refuses."""
    for match in _CODE.finditer(text):
        yield _PROMPT.sub("\n", match[1].removeprefix(" "))
