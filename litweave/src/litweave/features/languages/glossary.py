r"""# Glossary: the words for the terms of the field

`locale/glossary.csv` says for each term of the English how a language calls it, and how
it does not. A patch of an image is 图像块 in Chinese, and not 补丁, the patch of a
program.

| column | |
|---|---|
| `term_en` | the term; a name, with a capital letter, is looked for as it is written |
| `zh`, `ja`, … | accepted words; the first is the one to prefer |
| `avoid_zh`, … | words that are wrong for this term |
| `note` | why |

Several words have `|` between them. What stands in brackets behind an accepted word,
as in `රේඛීය අනුරූපණය (linear map)`, need not be there each time.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from litweave.features.languages.tokens import TAKEN, plain

_ENDINGS = "(?:s|es|d|ed|ing)?"
# A title is quoted as it stands.
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|《[^》]*》|『[^』]*』")
_GLOSS = re.compile(r"\s*[（(][^()（）]*[）)]")


@dataclass(frozen=True)
class Term:
    """A term, the words that a language has for it, and those that are wrong."""

    english: str
    accepted: tuple[str, ...]
    avoided: tuple[str, ...]


@dataclass(frozen=True)
class Glossary:
    """The terms with their words in one language."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def read(cls, path: Path, language: str) -> "Glossary":
        """The glossary of a language; empty if there is none.

        **Raises.** `OSError` if the file has no column of English terms.
        """
        if not path.is_file():
            return cls()
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if rows and "term_en" not in rows[0]:
            raise OSError(f"{path} has no column “term_en”")
        return cls(
            tuple(
                Term(
                    row["term_en"],
                    _words(row.get(language)),
                    _words(row.get(f"avoid_{language}")),
                )
                for row in rows
            )
        )

    def found(self, english: str) -> list[Term]:
        """The terms that a text has in its own words, the longest where two overlap."""
        shown = _own_words(english)
        found = list[Term]()
        for term in sorted(self.terms, key=lambda term: -len(term.english)):
            pattern = _pattern(term.english)
            if pattern.search(shown):
                found.append(term)
                shown = pattern.sub(lambda match: TAKEN * len(match[0]), shown)
        return found

    def wrong(self, term: Term, translation: str) -> list[str]:
        """The words in a translation that are wrong for a term.

        One that is a part of a word which another term accepts is not.
        """
        shown = _own_words(translation)
        right = [
            span
            for other in self.terms
            for word in other.accepted
            for span in _spans(word, shown)
        ]
        return [
            word
            for word in term.avoided
            if any(
                not any(first <= start and end <= last for first, last in right)
                for start, end in _spans(word, shown)
            )
        ]


def is_accepted(term: Term, translation: str) -> bool:
    """Whether a translation has one of the words for a term."""
    shown = _QUOTED.sub(" ", translation).lower()
    words = (_GLOSS.sub("", word) for word in term.accepted)
    return any(word.lower() in shown for word in words)


def _words(cell: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (cell or "").split("|") if word.strip())


def _own_words(text: str) -> str:
    return _QUOTED.sub(lambda match: TAKEN * len(match[0]), plain(text))


@cache
def _pattern(term: str) -> re.Pattern[str]:
    is_name = term != term.lower()
    return re.compile(rf"\b{re.escape(term)}{_ENDINGS}\b", 0 if is_name else re.I)


@cache
def _word(word: str) -> re.Pattern[str]:
    """A word of a language; one of Latin letters does not stand within another."""
    edge = r"(?![A-Za-z])" if word[-1:].isascii() else ""
    start = r"(?<![A-Za-z])" if word[:1].isascii() else ""
    return re.compile(start + re.escape(word) + edge, re.I)


def _spans(word: str, text: str) -> Iterator[tuple[int, int]]:
    for match in _word(word).finditer(text):
        yield match.span()
