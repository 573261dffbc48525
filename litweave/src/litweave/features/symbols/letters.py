r"""Letters: where a formula cannot stand, a symbol is set in plain HTML, and said.

| TeX | set | said |
|---|---|---|
| `D_S` | $D_S$ | D S |
| `C_{\text{in}} P^2` | $C_{\text{in}} P^2$ | C in P 2 |
| `\gamma` | *γ* | gamma |

Accents, fonts and fractions need KaTeX. A symbol that has them is not set here.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from html import escape

from litweave.features.symbols.tex import Atom, Row, atoms

_WORDS = re.compile(r"\\(?:text|mathrm|textrm)\{(.*)\}")
# How a sign is set, and how it is said.
_SIGNS = {
    **{r"\cdot": ("·", "times"), r"\times": ("×", "times"), "/": ("/", "over")},
    **{"+": ("+", "plus"), "-": ("−", "minus"), "'": ("′", "prime"), ",": (",", "")},
}
_NAMES = {r"\ell": "ℓ", r"\varepsilon": "ε", r"\varphi": "φ", r"\vartheta": "ϑ"}


@dataclass(frozen=True)
class Letter:
    """A symbol as HTML, and in words."""

    html: str
    words: str


@cache
def letter(tex: str) -> Letter | None:
    """Set a symbol; none if it takes more than letters and scripts."""
    found = _row(atoms(tex))
    return found if found and found.html and found.words else None


def _row(row: Row) -> Letter | None:
    parts = [_atom(atom) for atom in row]
    html = "".join(part.html for part in parts if part)
    words = " ".join(part.words for part in parts if part and part.words)
    return Letter(html, words) if all(parts) else None


def _atom(atom: Atom) -> Letter | None:
    nucleus, sub, sup = _nucleus(atom.nucleus.strip()), _row(atom.sub), _row(atom.sup)
    if not nucleus or not sub or not sup:
        return None
    below = f"<sub>{sub.html}</sub>" if atom.sub else ""
    above = f"<sup>{sup.html}</sup>" if atom.sup else ""
    words = filter(None, (nucleus.words, sub.words, sup.words))
    return Letter(f"{nucleus.html}{below}{above}", " ".join(words))


def _nucleus(tex: str) -> Letter | None:
    """One letter, number, sign or text; nothing for what cannot be set."""
    if text := _WORDS.fullmatch(tex):
        return Letter(escape(text[1]), text[1])
    if tex in _SIGNS:
        return Letter(*_SIGNS[tex])
    if tex.isdecimal():
        return Letter(tex, tex)
    character = _character(tex)
    said = tex.removeprefix("\\var").lstrip("\\")
    return Letter(f"<i>{character}</i>", said) if character else None


def _character(tex: str) -> str:
    """The character of a Latin or Greek letter."""
    if not tex.startswith("\\"):
        return tex if tex.isalpha() else ""
    name = tex[1:]
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    # Unicode spells lambda like this.
    greek = name.upper().replace("LAMBDA", "LAMDA")
    try:
        return _NAMES.get(tex) or unicodedata.lookup(f"GREEK {size} LETTER {greek}")
    except KeyError:
        return ""
