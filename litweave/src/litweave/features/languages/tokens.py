r"""# Tokens: what is the same in every language

Most of a sentence is words, and some of it is none: a formula, a span of code, where a
link leads, a footnote, a tag. These *tokens* stand in the translation as they stand in
the English, in whatever order its grammar wants.

They are found as [`prose`][litweave.prose] finds them, and a link counts by its target:
`[block][]` and `[块][block]` lead to the same place.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from litweave import prose

# What stands for a character that belongs to a token.
TAKEN = "\x01"
# The kinds of `prose.BEGINNINGS` that are tokens as a whole.
_WHOLE = {
    **dict.fromkeys(["display", "inline", "paren", "bracket"], "formula"),
    **dict.fromkeys(["code", "role"], "code"),
    "escape": "",
}
# Of a link, what stands in its brackets is words; the rest is a token.
_OTHERS = re.compile(
    r"""
    \]\( \s* (?P<target> <[^<>\n]*> | (?: [^()\s] | \( [^()\s]* \) )* )
      (?: \s+ (?: "[^"\n]*" | '[^'\n]*' ) )? \s* \)
  | \[\^ (?P<footnote> [^\]\n]+ ) \]
  | \]\[ (?P<reference> [^\[\]\n]* ) \]
  | < (?P<link> (?: https? | ftp | mailto ) : [^<>\s]+ | [^<>\s@]+ @ [^<>\s@]+ ) >
  | (?P<tag> </? [A-Za-z] [^<>]* > )
  | (?P<address> \b https?:// [^\s<>()\x01，。、；：！？（）「」『』“”]*
      [^\s<>()\x01.,;:!?，。、；：！？（）「」『』“”] )
  | (?P<attributes> \{ :? [ ]* [.\#\w] [^{}\n]* \} )
  | & (?: \w+ | \#\d+ ) ;
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")


class Token(NamedTuple):
    """One of them: its kind, and what it says."""

    kind: str
    value: str

    def __str__(self) -> str:
        """How a message names it."""
        return f"{self.kind} “{self.value}”"


# A place in a text, from where to where, and the token that stands there, if it is one.
_Taken = tuple[int, int, Token | None]


def protected(text: str) -> str:
    """A text as long, without the characters of code, formulas and escapes."""
    return _blotted(text, _first(text))


def plain(text: str) -> str:
    """A text as long, in which only words are left."""
    shown = protected(text)
    return _blotted(shown, _second(shown))


def has_words(text: str) -> bool:
    """Whether there is anything to translate."""
    return bool(_WORD.search(text)) and bool(_WORD.search(plain(text)))


def tokens(text: str) -> Counter[Token]:
    """All tokens of a text, and how often each stands in it."""
    found = [*_first(text)]
    found += _second(_blotted(text, iter(found)))
    return Counter(token for *_, token in found if token)


def _first(text: str) -> Iterator[_Taken]:
    """What `prose` takes out of a text: code, formulas, links by name."""
    for match in prose.BEGINNINGS.finditer(text):
        kind, (start, end) = match.lastgroup or "", match.span()
        if kind == "link":
            first, last = match.span("text")
            for left, right, token in _first(match["text"]):
                yield first + left, first + right, token
            name = match["name"] or match["text"].strip("`")
            yield last, end, Token("reference", name)
        elif kind in _WHOLE:
            value = " ".join(match[0].split())
            yield start, end, Token(_WHOLE[kind], value) if _WHOLE[kind] else None


def _second(text: str) -> Iterator[_Taken]:
    """What else is a token, in a text without the first."""
    for match in _OTHERS.finditer(text):
        kind = match.lastgroup or ""
        value = (match[kind] if kind else "").strip("<>" if kind == "target" else "")
        yield *match.span(), Token(_NAMES.get(kind, kind), value) if kind else None


_NAMES = {
    **dict.fromkeys(["target", "link", "address"], "link target"),
    # What `prose` takes for a link by name is among the first.
    "reference": "label",
}


def _blotted(text: str, taken: Iterator[_Taken]) -> str:
    parts, done = list[str](), 0
    for start, end, _ in taken:
        blot = re.sub(r"[^\n]", TAKEN, text[start:end])
        parts += [text[done:start], blot]
        done = end
    return "".join([*parts, text[done:]])
