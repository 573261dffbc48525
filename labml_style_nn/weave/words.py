r"""# Words: what a page says beside its prose

A button, a heading of a panel, a note below an output: these are words of the renderer
and not of an author. They are written in English where they are made, and become those
of the page's language when it is finished. In between they stand between two characters
that Markdown and HTML leave alone:

>>> word("{number} cases", number=3)
'\ue107{number} cases\ue109number\ue10a3\ue108'
>>> said(word("{number} cases", number=3))
'3 cases'
>>> said(f"<b>{word('Copy')}</b>", {"Copy": "复制"}.get)
'<b>复制</b>'

So what is laid over a page is made once for all languages. Scripts have words, too:
`assets/words.js` finds those of the page in an element of its own.
"""

import re
from collections.abc import Callable

_OPEN, _CLOSE, _VALUE, _IS = "\ue107", "\ue108", "\ue109", "\ue10a"
_WORDS = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def word(text: str, **values: object) -> str:
    """Words in HTML that are to be said in the language of the page.

    A name in braces stands for a value, which is HTML, too, and has no words within.
    """
    given = "".join(f"{_VALUE}{name}{_IS}{value}" for name, value in values.items())
    return f"{_OPEN}{text}{given}{_CLOSE}"


def said(html: str, speak: Callable[[str], str | None] = str) -> str:
    """HTML with its words as `speak` says them, English unless it says something."""

    def say(match: re.Match[str]) -> str:
        text, *given = match[1].split(_VALUE)
        spoken = speak(text) or text
        for value in given:
            name, _, shown = value.partition(_IS)
            spoken = spoken.replace(f"{{{name}}}", shown)
        return spoken

    return _WORDS.sub(say, html) if _OPEN in html else html
