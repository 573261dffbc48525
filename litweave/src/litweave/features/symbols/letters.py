r"""# Letters: symbols outside of formulas

Where a formula cannot stand, at the end of a line of code, a symbol of the notation is
set in plain HTML, and said in words for a screen reader:

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
    row = atoms(tex)
    html, words = _html(row), _words(row)
    return Letter(html, words) if row and html and words else None


def _html(row: Row) -> str:
    parts = [_atom(atom) for atom in row]
    return "".join(parts) if all(parts) else ""


def _atom(atom: Atom) -> str:
    nucleus = _nucleus(atom.nucleus.strip())
    sub, sup = _html(atom.sub), _html(atom.sup)
    if not nucleus or bool(atom.sub) > bool(sub) or bool(atom.sup) > bool(sup):
        return ""
    sub, sup = sub and f"<sub>{sub}</sub>", sup and f"<sup>{sup}</sup>"
    return f"{nucleus}{sub}{sup}"


def _nucleus(tex: str) -> str:
    """One letter, number, sign or text; nothing for what cannot be set."""
    text = _WORDS.fullmatch(tex)
    if text:
        return escape(text[1])
    if tex.isdecimal() or tex in _SIGNS:
        return _SIGNS.get(tex, (tex,))[0]
    character = _character(tex)
    return f"<i>{character}</i>" if character else ""


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


def _words(row: Row) -> str:
    return " ".join(word for atom in row for word in _said(atom))


def _said(atom: Atom) -> list[str]:
    tex = atom.nucleus.strip()
    text = _WORDS.fullmatch(tex)
    name = text[1] if text else tex.removeprefix("\\var").lstrip("\\")
    said = _SIGNS[tex][1] if tex in _SIGNS else name
    return list(filter(None, (said, _words(atom.sub), _words(atom.sup))))
