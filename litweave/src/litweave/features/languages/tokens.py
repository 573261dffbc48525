"""Tokens: what is the same in every language, such as a formula, or where a link leads.

All else that has letters is words.
"""

import re
from collections import Counter
from typing import NamedTuple

from litweave import prose

TAKEN = "\x01"
"""What stands for a character that belongs to a token."""

# The kinds of `prose.BEGINNINGS` that are tokens as a whole.
_WHOLE = {
    **dict.fromkeys(["display", "inline", "paren", "bracket"], "formula"),
    **dict.fromkeys(["code", "role"], "code"),
}
# Of a link, what stands in its brackets is words; the rest is a token.
_OTHERS = re.compile(
    r"""
    \]\( \s* (?P<target> <[^<>\n]*> | (?: [^()\s] | \( [^()\s]* \) )* )
      (?: \s+ (?: "[^"\n]*" | '[^'\n]*' ) )? \s* \)
  | \[\^ (?P<footnote> [^\]\n]+ ) \]
  | \]\[ (?P<label> [^\[\]\n]* ) \]
  | < (?P<link> (?: https? | ftp | mailto ) : [^<>\s]+ | [^<>\s@]+ @ [^<>\s@]+ ) >
  | (?P<tag> </? [A-Za-z] [^<>]* > )
  | (?P<address> \b https?:// [^\s<>()\x01，。、；：！？（）「」『』“”]*
      [^\s<>()\x01.,;:!?，。、；：！？（）「」『』“”] )
  | (?P<attributes> \{ :? [ ]* [.\#\w] [^{}\n]* \} )
  | & (?: \w+ | \#\d+ ) ;
    """,
    re.VERBOSE,
)
_NAMES = dict.fromkeys(["target", "link", "address"], "link target")
_WORD = re.compile(r"[^\W\d_]{2,}")


class Token(NamedTuple):
    """What is the same in every language; a link counts by its target."""

    kind: str
    value: str

    def __str__(self) -> str:
        """How a message names it."""
        return f"{self.kind} “{self.value}”"


def protected(text: str, found: list[Token] | None = None) -> str:
    """A text as long, without the characters of code, formulas and escapes.

    What they are is added to the tokens that were `found`.
    """
    noted = [] if found is None else found

    def take(match: re.Match[str]) -> str:
        kind, whole = match.lastgroup or "", match[0]
        if kind == "link":
            words = "[" + prose.BEGINNINGS.sub(take, match["text"])
            name = match["name"] or match["text"].strip("`")
            noted.append(Token("reference", name))
            return words + TAKEN * (len(whole) - len(words))
        if kind in _WHOLE:
            noted.append(Token(_WHOLE[kind], " ".join(whole.split())))
        return blot(whole) if kind in _WHOLE or kind == "escape" else whole

    return prose.BEGINNINGS.sub(take, text)


def plain(text: str, found: list[Token] | None = None) -> str:
    """A text as long, in which only words are left; all tokens are added to `found`."""
    noted = [] if found is None else found

    def take(match: re.Match[str]) -> str:
        if kind := match.lastgroup or "":
            value = match[kind].strip("<>" if kind == "target" else "")
            noted.append(Token(_NAMES.get(kind, kind), value))
        return blot(match[0])

    return _OTHERS.sub(take, protected(text, noted))


def has_words(text: str) -> bool:
    """Whether there is anything to translate."""
    return bool(_WORD.search(text)) and bool(_WORD.search(plain(text)))


def tokens(text: str) -> Counter[Token]:
    """All tokens of a text, and how often each stands in it."""
    plain(text, found := list[Token]())
    return Counter(found)


def blot(text: str, sign: str = TAKEN) -> str:
    """Lines as long, of nothing but a sign."""
    return re.sub(r"[^\n]", sign, text)
