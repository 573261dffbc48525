r"""# Formulas that are evaluated as they are printed

A page says "$2 S D_S + D_S + S$ parameters". To check that, one could write the formula
down a second time, in Python. Then the page could still be wrong. So the TeX itself is
read and evaluated, and only if the page has it, character by character.

The language is small: sums of products of whole numbers and symbols, with brackets,
powers and underbraces. That is all that counting needs, and once the symbols have
become numbers, it is arithmetic as Python writes it, but for the signs of products.

A symbol is a letter with or without a subscript: `S`, `D_S`, `C_{\text{in}}`.

>>> evaluate(r"2 S D_S + D_S + S", {"S": 196, "D_S": 384})
151108
>>> evaluate(r"C\,(C_{\text{in}} P^2 + 1)", {"C": 2, r"C_{\text{in}}": 3, "P": 4})
98
"""

import re
from collections.abc import Mapping
from types import ModuleType

# What sets the formula's looks and not its value: spaces, the sizes of brackets, the
# word under a brace.
_LOOKS = re.compile(r"\\[,;!]|\\cdot|\\bigl|\\bigr|(?<=\})\s*_\{\\text\{[^}]*\}\}|\s+")
_TOKEN = re.compile(
    r"\d+|[A-Za-z](?:_(?:[A-Za-z]|\{\\text\{\w+\}\}))?|\\underbrace|[-+^(){}]"
)
_SIGNS = {"+": "+", "-": "-", "^": "**", r"\underbrace": ""}
_SIGNS |= {"(": "(", "{": "(", ")": ")", "}": ")"}
# Between two factors.
_NO_SIGN = re.compile(r"(?<=[\d)]) +(?=[\d(])")


class FormulaError(ValueError):
    """A formula that cannot be evaluated, or that the page does not have."""


def evaluate(tex: str, sizes: Mapping[str, int]) -> int:
    """The value of a formula, with a size for each of its symbols.

    **Raises.** [`FormulaError`][] for what is not in the language above, and for a
    symbol without a size.
    """

    def in_python(token: str) -> str:
        if token in _SIGNS or token.isdigit():
            return _SIGNS.get(token, token)
        if token not in sizes:
            raise FormulaError(f"cannot evaluate “{tex}”: {token} has no size")
        return str(sizes[token])

    bare = _LOOKS.sub(" ", tex)
    tokens: list[str] = _TOKEN.findall(bare)
    if "".join(tokens) != bare.replace(" ", ""):
        allowed = "numbers, symbols, sums, products and powers"
        raise FormulaError(f"cannot evaluate “{tex}”: it has more than {allowed}")
    python = _NO_SIGN.sub(" * ", " ".join(map(in_python, tokens)))
    try:
        value = eval(python)  # of digits, signs and brackets alone
    except (SyntaxError, TypeError) as error:
        raise FormulaError(f"cannot evaluate “{tex}”: {error}") from None
    if not isinstance(value, int):
        raise FormulaError(f"cannot evaluate “{tex}”: {python} is no whole number")
    return value


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

    def adds_up(self, *terms: str | tuple[str, ...]) -> str:
        """The sum of terms, all of which the page has; a tuple is one of $N$ blocks.

        >>> page = Page(ModuleType("m", "An embedding of $V C$, blocks of $2 C$."))
        >>> page.adds_up("V C", ("2 C",))
        'V C + N (2 C)'
        """
        return " + ".join(
            self.says(term) if isinstance(term, str) else f"N ({self.adds_up(*term)})"
            for term in terms
        )
