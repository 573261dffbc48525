"""Marks: what passes through Markdown and HTML in characters that both leave alone.

A mark has a kind, which its first character tells, and says a text, each byte of which
is one more character. All are of Unicode's private use area, and litweave's own: what
others write of them is taken out of prose, and is a reference in code.
"""

import re

# The number of a formula, and what closes any mark.
FORMULA, _END = "\ue000", "\ue001"
# What stands in for the `<` of a tag until Markdown is done with HTML.
LESS = "\ue002"
# `\ue003` is a command in formulas (`katex.cjs`), `\ue00a` to `\ue00d` part `words`.
# The anchor of the heading in which it stands, or the English words that make one.
ANCHOR, SLUG = "\ue004", "\ue005"
# A tag of HTML around words whose translation is not what it should be.
TAG = "\ue006"
# What the label of an exercise is in English.
LABEL = "\ue009"
# The kinds that a translation has; what is left of them is not shown.
OF_TRANSLATIONS = f"{SLUG}{TAG}{LABEL}"

_FIRST = 0xE200  # what stands for a byte of 0
_RESERVED = re.compile("[\ue000-\ue00f\ue200-\ue2ff]")


def mark(text: str, kind: str = ANCHOR) -> str:
    """The mark of a kind that says a text."""
    return kind + "".join(chr(_FIRST + byte) for byte in text.encode()) + _END


def pattern(kinds: str) -> str:
    """A pattern of the marks of some kinds."""
    return f"[{kinds}][\ue200-\ue2ff]*{_END}"


def said(mark: str) -> str:
    """What a mark says."""
    return bytes(ord(character) - _FIRST for character in mark[1:-1]).decode()


def unreserved(text: str) -> str:
    """A text without the characters of marks."""
    return _RESERVED.sub("\ufffd", text)


def referenced(html: str) -> str:
    """HTML that shows those characters, but does not contain them."""
    return _RESERVED.sub(lambda match: f"&#{ord(match[0])};", html)
