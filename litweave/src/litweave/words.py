r"""Words: what a page says beside its prose, such as a button.

They are written in English where they are made, and become those of the page's language
when it is finished; so what is laid over a page is made once for all languages. In
between they stand between two characters that Markdown and HTML leave alone. They are
no marks: what else is done with a page is done with the HTML in their values, too.

>>> said(word("{number} cases", number=3))
'3 cases'
>>> said(f"<b>{word('Copy')}</b>", "zh", {"Copy": "复制"}.get)
'<b>复制</b>'

A message is one whole sentence, whose values have names: another language has another
order. It is plain text, and may stand in an attribute. A value may be words itself.
Scripts have words, too: `assets/words.js` finds those of the page in an element.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce
from html import escape
from string import ascii_lowercase

from babel.dates import format_date

_OPEN, _CLOSE, _VALUE, _IS = "\ue00a", "\ue00b", "\ue00c", "\ue00d"
# The innermost come first: a value may have words.
_WORDS = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_NAME = re.compile(r"\{(\w+)\}")
# What stands in the place of a message.
_DAY, _HEADING, _BEGINS = "{weave-day}", "{weave-heading}", "{weave-begins}"
AS_IT_IS = f"{_OPEN}{{weave-as-it-is}}{_CLOSE}"
"""An attribute for an element whose words stay English in every language."""
# What is no word of a message: a quotation, and whatever has a digit or stands in code.
_FIGURE = re.compile(
    r"""
    “[^”]*”
  | (?<! [\w{] ) [^\s,;:()“”{}]* [\d_=]
    (?: (?! \.(?:\s|$) ) [^\s,;:()“”{}] | (?<=\d),(?=\d) )*
  | \b \w+ (?: \.\w+ )+
    """,
    re.VERBOSE,
)
_LETTERS = re.compile(r"[^\W\d_]{2}")


def word(text: str, **values: object) -> str:
    """Words in HTML that are to be said in the language of the page.

    A name in braces stands for a value, which is HTML.
    """
    given = "".join(f"{_VALUE}{name}{_IS}{value}" for name, value in values.items())
    return f"{_OPEN}{text}{given}{_CLOSE}"


def listed(items: Sequence[str], how: str = "{first}, {next}") -> str:
    """Some words or values, joined as the language joins a list; empty if it is."""
    return reduce(lambda first, item: word(how, first=first, next=item), items or [""])


def figures(text: str, **values: object) -> str:
    """The words of a program: its numbers, and names with digits, are values.

    So the message stays the same with the next version of a library.

    >>> of_timm = figures("Difference from timm 1.0")
    >>> said(of_timm, "zh", {"Difference from timm {a}": "与timm {a}之差"}.get)
    '与timm 1.0之差'
    """
    given, names = dict(values), iter(ascii_lowercase)

    def take(match: re.Match[str]) -> str:
        if not (name := next(names, "")):
            return match[0]
        given[name] = escape(match[0])
        return f"{{{name}}}"

    message = _FIGURE.sub(take, text)
    if _LETTERS.search(_NAME.sub("", message)):
        return word(message, **given)
    return _filled(escape(text), values)


def day(when: date) -> str:
    """A day, as the language writes it."""
    return word(_DAY, iso=when.isoformat())


def beginning(words: str) -> str:
    """Words that begin a line, with a capital if their language has any."""
    return word(_BEGINS, words=words)


def heading(english: str, message: str, path: str) -> str:
    """The heading of a file of prose, which is translated with its page.

    `english` is what is shown where it is not, `message` the heading in the source.
    """
    return word(_HEADING, english=escape(english), message=message, path=path)


def said(
    html: str,
    language: str = "en",
    translate: Callable[[str], str | None] = str,
    heading: Callable[[str, str], str | None] = lambda message, path: None,
) -> str:
    """HTML with its words as a language says them.

    `translate` gives the translation of a message; `heading` that of a heading in a
    file of prose, as HTML. Both give nothing for what stays English.
    """

    def say(match: re.Match[str]) -> str:
        text, *given = match[1].split(_VALUE)
        values = dict(value.split(_IS, 1) for value in given)
        if match[0] == AS_IT_IS:
            return ' lang="en"' * (language != "en")
        if text == _DAY:
            # English has a day before its month.
            locale = "en_GB" if language == "en" else language.replace("-", "_")
            return format_date(date.fromisoformat(values["iso"]), "long", locale)
        if text == _BEGINS:
            return _with_capital(values["words"])
        if text == _HEADING:
            spoken = heading(values["message"], values["path"])
            return spoken or values["english"]
        spoken = escape(translate(text) or text, quote=False)
        # It may stand in an attribute.
        return _filled(spoken.replace('"', "&quot;"), values)

    while _WORDS.search(html):
        html = _WORDS.sub(say, html)
    return html


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _NAME.sub(lambda match: str(values.get(match[1], match[0])), text)


def _with_capital(text: str) -> str:
    # A name in Latin letters begins a line of Chinese as it is, and so does “gMLP”.
    has_capitals = all(c.lower() != c.upper() for c in text if c.isalpha())
    is_word = text.split(" ")[0].islower()
    return text[:1].upper() + text[1:] if has_capitals and is_word else text
