r"""TeX: where the symbols of a formula are.

A formula is cut into *tokens*, commands and characters, and these are read as *atoms*,
each a nucleus with its scripts: `W_1^\top X_{*,i}` has two, and three more in a row of
their own, the subscript of `X`. A *symbol* is a Latin or Greek letter, alone, with an
accent or in a font; not a digit, an operator, a function, nor what `\text{…}` holds.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|%[^\n]*|\s+|.", re.DOTALL)


def tokens(tex: str) -> list[str]:
    """The tokens of a formula: commands, comments, white space, single characters."""
    return _TOKEN.findall(tex)


def split(tex: str) -> list[str]:
    """The parts of a formula between commas, those within braces aside."""
    parts, depth = [""], 0
    for token in tokens(tex):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def commands(names: str) -> frozenset[str]:
    """Each of these names as a command."""
    return frozenset(f"\\{name}" for name in names.split())


_LETTERS = commands(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron "
    "pi rho sigma tau upsilon phi chi psi omega varepsilon vartheta varkappa varpi "
    "varrho varsigma varphi digamma Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi "
    "Psi Omega varGamma varDelta varTheta varLambda varXi varPi varSigma varUpsilon "
    "varPhi varPsi varOmega ell hbar imath jmath wp Re Im aleph beth gimel daleth"
)
# With an accent, or in a font, a letter is another symbol; in a font, a digit is one.
_ACCENTS = commands(
    "acute grave ddot tilde bar breve check hat vec dot mathring widecheck widehat "
    "widetilde overline underline overrightarrow overleftarrow"
)
_FONTS = commands(
    "mathbf mathbb mathcal mathfrak mathscr mathsf mathtt mathit mathnormal boldsymbol "
    "bm bold Bbb frak pmb"
)
# The argument of these is no mathematics: it is words, a colour, a length.
_VERBATIM = commands(
    "text textbf textit textrm textsf texttt textnormal mathrm mbox hbox operatorname "
    "begin end tag color textcolor colorbox hspace vspace"
)
_COLUMNS = (r"\begin{array}", r"\begin{darray}", r"\begin{subarray}")
# These take arguments, and an argument without braces has no scripts: in `\sqrt x_i`
# the subscript belongs to the root.
_ARGUMENTS = {
    **dict.fromkeys(commands("frac tfrac dfrac cfrac binom overset underset"), 2),
    **dict.fromkeys(commands("sqrt underbrace overbrace boxed phantom mathop"), 1),
}
_LIMITS = commands("limits nolimits")
RELATIONS = {"=", "<", ">"} | commands(
    "in to le leq ge geq ne neq sim approx equiv propto coloneqq leftarrow gets"
)


# ## Atoms


@dataclass(frozen=True)
class Atom:
    """A nucleus with its scripts: the tokens from `start` to before `end`.

    `name` is nucleus and subscript, which is what a symbol is called, and `whole` has
    the superscript, too. All three are written without superfluous braces and blanks.
    `groups` are the rows of atoms within the nucleus; `sub` and `sup` are the scripts,
    empty where there is none.
    """

    start: int
    end: int
    nucleus: str
    name: str
    whole: str
    symbol: bool
    groups: tuple["Row", ...]
    sub: "Row"
    sup: "Row"

    @property
    def rows(self) -> tuple["Row", ...]:
        """All rows within the atom."""
        return (*self.groups, self.sub, self.sup)


Row = tuple[Atom, ...]
# What a nucleus is called, whether it is a symbol, and the rows in it.
_Nucleus = tuple[str, bool, tuple[Row, ...]]


def _written(row: Row) -> str:
    return "".join(atom.whole for atom in row).rstrip()


def _with_script(name: str, mark: str, row: Row) -> str:
    if not row:
        return name
    text = _written(row)
    script = text if len(tokens(text)) == 1 else f"{{{text}}}"
    return f"{name.rstrip()}{mark}{script}"


def everywhere(row: Row) -> Iterator[Atom]:
    """The atoms of a row, each followed by those within it."""
    for atom in row:
        yield atom
        for inner in atom.rows:
            yield from everywhere(inner)


# ## Reading


def atoms(tex: str) -> Row:
    """The atoms of a formula, in order; those within others are in their `rows`."""
    try:
        return _Reader(tokens(tex)).row()
    except RecursionError:  # braces in braces, deeper than Python goes
        return ()


class _Reader:
    """Goes through tokens from the first to the last. Mistakes are left to KaTeX."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def row(self, end: str = "") -> Row:
        """Atoms up to the token `end`, which is passed, or up to the last token."""
        found = []
        while self.next() not in ("", end):
            found.append(self._atom())
        self._pass()
        return tuple(found)

    def next(self) -> str:
        """The next token that is neither blank nor a comment; none behind the last."""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if not token.isspace() and not token.startswith("%"):
                return token
            self.at += 1
        return ""

    def _pass(self) -> None:
        self.at = min(self.at + 1, len(self.tokens))

    def _atom(self, scripted: bool = True) -> Atom:
        token, start = self.next(), self.at
        self._pass()
        nucleus, symbol, groups = self._nucleus(token)
        end = self.at
        scripts: dict[str, Row] = {"_": (), "^": ()}
        while scripted and (mark := self._script_mark()):
            if mark != "'":  # a prime is a superscript itself
                self._pass()
            scripts["_" if mark == "_" else "^"] += self._argument()
            end = self.at
        sub, sup = scripts["_"], scripts["^"]
        name = _with_script(nucleus, "_", sub)
        whole = _with_script(name, "^", sup)
        return Atom(start, end, nucleus, name, whole, symbol, groups, sub, sup)

    def _script_mark(self) -> str:
        """The mark of a script, if one comes; otherwise no token is passed."""
        before = self.at
        while self.next() in _LIMITS:
            self._pass()
        if self.next() in ("_", "^", "'"):
            return self.next()
        self.at = before
        return ""

    def _nucleus(self, token: str) -> _Nucleus:
        if token == "{":
            return _braced(token, self.row("}"))
        if token == r"\\":
            return token + self._length(), False, ()
        if token in _VERBATIM:
            return self._verbatim(token), False, ()
        if token in _FONTS or token in _ACCENTS:
            return self._decorated(token)
        if token in _ARGUMENTS:
            option, count = self._option(), _ARGUMENTS[token]
            return _braced(token, option, *(self._argument() for _ in range(count)))
        blank = " " if token[1:].isalpha() else ""
        return token + blank, token in _LETTERS or token.isalpha(), ()

    def _argument(self) -> Row:
        """What a command or a script takes: the row in braces, or else one nucleus."""
        if self.next() == "{":
            self._pass()
            return self.row("}")
        return (self._atom(scripted=False),) if self.next() else ()

    def _option(self) -> Row:
        if self.next() != "[":
            return ()
        self._pass()
        return self.row("]")

    def _decorated(self, token: str) -> _Nucleus:
        row = self._argument()
        symbol = len(row) == 1 and (row[0].symbol or row[0].nucleus.isdigit())
        searched = token in _ACCENTS and not symbol
        name, _, groups = _braced(token, row)
        return name, symbol, groups if searched else ()

    def _verbatim(self, token: str) -> str:
        text = token
        if self.next() == "*":
            self._pass()
            text += "*"
        text += self._raw()
        return text + (self._raw() if text in _COLUMNS else "")

    def _length(self) -> str:
        """What a line break may be followed by: `[2pt]`."""
        start = self.at
        if self.tokens[start : start + 1] == ["["]:
            while self.at < len(self.tokens) and self.tokens[self.at] != "]":
                self._pass()
            self._pass()
        return "".join(self.tokens[start : self.at])

    def _raw(self) -> str:
        """An argument as it stands, with its braces."""
        start, depth = self.at, int(self.next() == "{")
        self._pass()
        while depth and self.at < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self.tokens[self.at], 0)
            self._pass()
        return "".join(self.tokens[start : self.at]).strip()


def _braced(token: str, *rows: Row) -> _Nucleus:
    start = "" if token == "{" else token
    return start + "".join(f"{{{_written(row)}}}" for row in rows if row), False, rows
