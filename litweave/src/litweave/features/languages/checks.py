r"""Checks: what a translation must keep, whatever its language.

In `locale/glossary.csv` each row has `term_en` (one with a capital letter is a name),
`zh` with the accepted words, of which what stands in brackets may be left out, and
`avoid_zh` with the wrong ones; each list has `|` between.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from litweave.diagnostics import Diagnostic
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.units import APART, BEGINS, TAKEN, scan

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What ends a block of a kind.
_ENDS = {
    "cell": ("|", "“|” ends a cell of a table: leave it out"),
    "title": ('"', '“"” ends a title: use the quotation marks of the language'),
    "attribute": ('"<>', 'one of “"<>” would end an attribute: use others'),
}
_JOINERS = {"\u200c", "\u200d"}
# Al-lakuna, and a letter that is joined to the one before.
_UNJOINED = re.compile("[\u0d80-\u0dff]\u0dca[\u0dba\u0dbb]")
# A title is quoted as it stands.
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|《[^》]*》|『[^』]*』")


# ## The glossary


class Term(NamedTuple):
    """A term, the words that a language has for it, and those that are wrong."""

    english: str
    accepted: tuple[str, ...]
    avoided: tuple[str, ...]


@dataclass(frozen=True)
class Glossary:
    """The terms with their words in one language, the longest first."""

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
        columns = language, f"avoid_{language}"
        terms = [
            Term(row["term_en"], *(_words(row.get(name)) for name in columns))
            for row in rows
        ]
        return cls(tuple(sorted(terms, key=lambda term: -len(term.english))))

    def wrong(self, english: str, translation: str) -> Iterator[str]:
        """The words of a translation that are wrong for a term of the English.

        The longest term counts where two overlap. A word is not wrong as a part of one
        that another term accepts.
        """
        for term in self.terms:
            if term.english.lower() not in english.lower():
                continue
            english, count = _term(term.english).subn(_taken, english)
            for word in term.avoided if count else ():
                if _word(word).search(self._without(word, translation)):
                    right = " or ".join(f"“{word}”" for word in term.accepted)
                    yield f"“{word}” is wrong for “{term.english}”: write {right}"

    def _without(self, word: str, translation: str) -> str:
        """A translation without the accepted words of which another is a part."""
        if _word(word).search(translation):
            for right in (right for term in self.terms for right in term.accepted):
                if word in right:
                    translation = _word(right).sub(_taken, translation)
        return translation


def _words(cell: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (cell or "").split("|") if word.strip())


def _taken(match: re.Match[str]) -> str:
    return TAKEN * len(match[0])


@cache
def _term(term: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if term == term.lower() else re.NOFLAG
    return re.compile(rf"\b{re.escape(term)}(?:s|es|d|ed|ing)?\b", flags)


@cache
def _word(word: str) -> re.Pattern[str]:
    """A word of a language; one of Latin letters does not stand within another."""
    start = r"(?<![A-Za-z])" if word[:1].isascii() else ""
    end = r"(?![A-Za-z])" if word[-1:].isascii() else ""
    return re.compile(start + re.escape(word) + end, re.IGNORECASE)


# ## The translations


def check(catalogs: Catalogs, glossary: Glossary) -> list[Diagnostic]:
    """What is wrong in the translations of a language, file by file, line by line."""
    return [
        Diagnostic(place, fault, "translation")
        for entry, place in catalogs.entries()
        for fault in _faults(entry.msgid, entry.msgstr, entry.comment, glossary)
    ]


def _faults(
    english: str, translation: str, kinds: str, glossary: Glossary
) -> Iterator[str]:
    """What is not in both, what would break the page, and the wrong words."""
    (here, old), (there, new) = scan(english), scan(translation)
    for kind, value in old - new:
        yield f"the {kind} “{value}” is missing: copy it from the English as it stands"
    for kind, value in new - old:
        yield f"the {kind} “{value}” is not in the English: leave it out, or mend it"
    for number in _numbers(here) - _numbers(there):
        yield f"the number “{number}” of the English is missing: write it in digits"
    yield from _broken_block(translation, there, kinds.split("\n"))
    yield from _odd_characters(translation)
    yield from glossary.wrong(*(_QUOTED.sub(_taken, words) for words in (here, there)))


def _numbers(shown: str) -> Counter[str]:
    digits = _DIGITS.findall(unicodedata.normalize("NFKC", shown))
    return Counter(number.replace(",", "") for number in digits)


def _broken_block(translation: str, words: str, kinds: Sequence[str]) -> Iterator[str]:
    """What would make another block of Markdown of a translation."""
    if "\n" in translation:
        yield "a new line is in it: write the whole translation on one line"
    begins = BEGINS.match(translation) or words[:1] in (APART, " ", "\t", ">")
    # A heading begins with its marks, and may have a number behind them.
    if begins and not (kinds == ["heading"] and translation[0].isdigit()):
        what = translation.split(" ")[0] or "a space"
        yield f"it begins with “{what}”, which Markdown takes for more than words"
    for kind, (signs, message) in _ENDS.items():
        shown = words if kind == "cell" else translation
        if kind in kinds and not set(signs).isdisjoint(shown):
            yield message


def _odd_characters(translation: str) -> Iterator[str]:
    """Characters that nobody sees, or that are to be written in another way."""
    for character in sorted(set(translation) - _JOINERS - {"\n"}):
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}:
            name = unicodedata.name(character, "a character without a name")
            hint = r" (for “\t” in a formula write “\\t”)" if character == "\t" else ""
            yield f"U+{ord(character):04X}, {name}, is in it: take it out{hint}"
    if not unicodedata.is_normalized("NFC", translation):
        yield "letters and their marks are apart in it: normalise it to NFC"
    for match in _UNJOINED.finditer(translation):
        joined = f"{match[0][:2]}\u200d{match[0][2]}"
        yield f"“{match[0]}” lacks its joiner, U+200D: write “{joined}”"
