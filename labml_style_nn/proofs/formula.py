r"""# Formulas that are evaluated as they are printed

A page says "$2 S D_S + D_S + S$ parameters". To check that, one could write the formula
down a second time, in Python. Then the page could still be wrong. So the TeX itself is
read and evaluated, and only if the page has it, character by character.

The language is small: sums of products of whole numbers and symbols, with brackets,
powers and underbraces. That is all that counting needs.

```text
sum     = product (("+" | "-") product)*
product = power power*
power   = atom ("^" number)?
atom    = number | symbol | "(" sum ")" | "\underbrace{" sum "}"
```

A symbol is a letter with or without a subscript: `S`, `D_S`, `C_{\text{in}}`.

>>> evaluate(r"2 S D_S + D_S + S", {"S": 196, "D_S": 384})
151108
>>> evaluate(r"C\,(C_{\text{in}} P^2 + 1)", {"C": 2, r"C_{\text{in}}": 3, "P": 4})
98
"""

import re
from collections.abc import Mapping
from math import prod
from types import ModuleType

# What sets the formula's looks and not its value: spaces, the sizes of brackets, the
# word under a brace.
_LOOKS = re.compile(r"\\[,;!]|\\cdot|\\bigl|\\bigr|(?<=\})\s*_\{\\text\{[^}]*\}\}|\s+")
_TOKEN = re.compile(
    r"\d+|[A-Za-z](?:_(?:[A-Za-z]|\{\\text\{\w+\}\}))?|\\underbrace|[-+^(){}]"
)


class FormulaError(ValueError):
    """A formula that cannot be evaluated, or that the page does not have."""


def evaluate(tex: str, sizes: Mapping[str, int]) -> int:
    """The value of a formula, with a size for each of its symbols.

    **Raises.** [`FormulaError`][] for what is not in the language above, and for a
    symbol without a size.
    """
    reader = _Reader(tex, sizes)
    value = reader.sum()
    if reader.tokens:
        reader.fail(reader.tokens[0])
    return value


class _Reader:
    """Reads a formula from left to right, one method for each line of the grammar."""

    def __init__(self, tex: str, sizes: Mapping[str, int]) -> None:
        self.tex, self.sizes = tex, sizes
        bare = _LOOKS.sub(" ", tex)
        self.tokens: list[str] = _TOKEN.findall(bare)
        if "".join(self.tokens) != bare.replace(" ", ""):
            self.fail("what is not a number, a symbol, a sum, a product or a power")

    def sum(self) -> int:
        value = self.product()
        while self.next() in ("+", "-"):
            sign = 1 if self.tokens.pop(0) == "+" else -1
            value += sign * self.product()
        return value

    def product(self) -> int:
        factors = [self.power()]
        while self.next() not in ("", "+", "-", ")", "}"):
            factors.append(self.power())
        return prod(factors)

    def power(self) -> int:
        base = self.atom()
        if self.next() != "^":
            return base
        self.tokens.pop(0)
        return int(base ** int(self.take()))

    def atom(self) -> int:
        token = self.take()
        if token == r"\underbrace":
            token = self.take()
        if token in ("(", "{"):
            value = self.sum()
            self.take()
            return value
        if token.isdigit():
            return int(token)
        if token not in self.sizes:
            self.fail(f"{token}, which has no size")
        return self.sizes[token]

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self) -> str:
        if not self.tokens:
            self.fail("an end too early")
        return self.tokens.pop(0)

    def fail(self, what: str) -> None:
        raise FormulaError(f"cannot evaluate “{self.tex}”: it has {what}")


# ## What a page says


class Page:
    """The docstring of a module, where its formulas stand."""

    def __init__(self, module: ModuleType) -> None:
        self.text = " ".join((module.__doc__ or "").split())

    def says(self, words: str) -> str:
        """The words, if the page has them, however its lines are broken.

        **Raises.** [`FormulaError`][] if it has not.
        """
        if " ".join(words.split()) not in self.text:
            raise FormulaError(f"the page does not say “{words}”")
        return words
