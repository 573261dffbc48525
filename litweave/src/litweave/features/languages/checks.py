r"""Checks: what a translation must keep, whatever its language.

In `locale/glossary.csv` each row has `term_en` (one with a capital letter is a name),
`zh` with the accepted words, of which what stands in brackets may be left out, and
`avoid_zh` with the wrong ones; each list has `|` between.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path

from litweave.cache import Cache, digest, own
from litweave.diagnostics import Diagnostic, Diagnostics
from litweave.features.languages.catalogs import Catalogs, Entry
from litweave.features.languages.tokens import (
    TAKEN,
    Token,
    has_words,
    plain,
    protected,
)

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What begins another block than the words of a unit.
_BEGINS = re.compile(
    r"\s|#|[-*+][ \t]|>|\d+\.[ \t]|\||:[ \t]|!!!|\?\?\?|===|`{3}|~{3}|\$\$|<!--"
)
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
_GLOSS = re.compile(r"\s*[（(][^()（）]*[）)]")


# ## The glossary


@dataclass(frozen=True)
class Term:
    """A term, the words that a language has for it, and those that are wrong."""

    english: str
    accepted: tuple[str, ...]
    avoided: tuple[str, ...]

    @property
    def right(self) -> str:
        """The accepted words, as a message has them."""
        return " or ".join(f"“{word}”" for word in self.accepted)

    def is_in(self, translation: str) -> bool:
        """Whether a translation has one of the accepted words."""
        shown = _QUOTED.sub(" ", translation).lower()
        return any(_GLOSS.sub("", word).lower() in shown for word in self.accepted)


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
        terms = (
            Term(row["term_en"], *(_words(row.get(name)) for name in columns))
            for row in rows
        )
        return cls(tuple(sorted(terms, key=lambda term: -len(term.english))))

    def found(self, english: str) -> list[Term]:
        """The terms among the words of a text, the longest where two overlap."""
        shown, lower = english, english.lower()
        found = list[Term]()
        for term in self.terms:
            if term.english.lower() in lower and _term(term.english).search(shown):
                found.append(term)
                shown = _term(term.english).sub(_taken, shown)
        return found

    def wrong(self, term: Term, translation: str) -> list[str]:
        """The words that are wrong for a term, among those of a translation.

        One that is a part of a word which another term accepts is not.
        """
        found = [(w, span) for w in term.avoided for span in _spans(w, translation)]
        others = chain.from_iterable(t.accepted for t in self.terms if found)
        right = [span for word in others for span in _spans(word, translation)]
        wrong = (
            word
            for word, (start, end) in found
            if not any(first <= start and end <= last for first, last in right)
        )
        return list(dict.fromkeys(wrong))


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


def _spans(word: str, text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _word(word).finditer(text)]


# ## The translations

_REMARK = "remark"


@dataclass
class Report(Diagnostics):
    """What is wrong in some translations, and what may be, of the kind “remark”."""

    translations: int = 0

    @property
    def errors(self) -> list[Diagnostic]:
        """What a strict build fails on."""
        return [problem for problem in self.found if problem.kind != _REMARK]

    def count(self) -> str:
        """How many there are, in a line."""
        errors = len(self.errors)
        remarks = len(self.found) - errors
        counts = {"error": errors, "remark": remarks, "translation": self.translations}
        texts = (f"{n:,} {name}{'' if n == 1 else 's'}" for name, n in counts.items())
        return "{}, {} in {}".format(*texts)

    def note(self, entry: Entry, message: str, is_error: bool) -> None:
        """Note something at the line of an entry."""
        more, kind = ("", "translation") if is_error else (" (remark)", _REMARK)
        self.add(entry.place, message + more, kind)


def check(catalogs: Catalogs, glossary: Glossary, kept: Cache | None = None) -> Report:
    """Look at all translations of a language, file by file and line by line.

    What is in `kept` from the last time is not looked at again.
    """
    entries = [entry for entry in catalogs.entries() if entry.translation]
    rules, known = digest(own(), repr(glossary)), kept or Cache(Path())
    report = Report(translations=len(entries))
    first = dict[str, Entry]()
    for entry in entries:
        name = digest(entry.place.path, entry.message)
        key = digest(rules, entry.message, entry.translation, *entry.kinds)
        for found in known.get(name, key, partial(_judged, entry, glossary)):
            report.note(entry, *found)
        other = first.setdefault(entry.message, entry)
        if other.translation != entry.translation:
            message = f"the same English is “{other.translation}” in {other.place}"
            report.note(entry, message, is_error=False)
    if kept:
        kept.write()
    return report


def _judged(entry: Entry, glossary: Glossary) -> list[tuple[str, bool]]:
    """What is wrong with a translation, and whether it is an error."""
    english, translation = entry.message, entry.translation
    here = plain(english, old := list[Token]())
    there = plain(translation, new := list[Token]())
    terms = glossary.found(_QUOTED.sub(_taken, here))
    errors = [
        *_changed(Counter(old), Counter(new), here, there),
        *_broken_block(translation, entry.kinds),
        *_odd_characters(translation),
    ]
    said = _QUOTED.sub(_taken, there)
    errors += [
        f"“{word}” is wrong for “{term.english}”: write {term.right}"
        for term in terms
        for word in glossary.wrong(term, said)
    ]
    remarks = [
        f"“{term.english}” is in the English, but {term.right} is not here"
        for term in terms
        if term.accepted and not term.is_in(translation)
    ]
    if translation == english and has_words(english) and " " in english:
        remarks.append("the translation is the English itself")
    return [*((text, True) for text in errors), *((text, False) for text in remarks)]


def _changed(
    old: Counter[Token], new: Counter[Token], here: str, there: str
) -> Iterator[str]:
    """What is not in both: tokens, and among the words numbers and emphasis."""
    for token in old - new:
        yield f"the {token} is missing: copy it from the English as it stands there"
    for token in new - old:
        yield f"the {token} is not in the English: leave it out, or mend it"
    for number in _numbers(here) - _numbers(there):
        yield f"the number “{number}” of the English is missing: write it in digits"
    for name, sign in (("bold", "**"), ("italics", "*")):
        before, after = here.count(sign), there.count(sign)
        if before != after:
            yield (
                f"“{sign}”, which sets {name}, stands {before} times in the English "
                f"and {after} times here: set the same words in {name}"
            )
        here, there = here.replace("**", ""), there.replace("**", "")


def _numbers(shown: str) -> Counter[str]:
    digits = _DIGITS.findall(unicodedata.normalize("NFKC", shown))
    return Counter(number.replace(",", "") for number in digits)


def _broken_block(translation: str, kinds: Iterable[str]) -> Iterator[str]:
    """What would make another block of Markdown of a translation."""
    if "\n" in translation:
        yield "a new line is in it: write the whole translation on one line"
    begins = _BEGINS.match(translation)
    # A heading begins with its marks, and may have a number behind them.
    is_numbered = set(kinds) == {"heading"} and translation[:1].isdigit()
    if begins and not is_numbered:
        what = begins[0].strip() or "a space"
        yield f"it begins with “{what}”, which Markdown takes for more than words"
    for kind, (signs, message) in _ENDS.items():
        shown = protected(translation) if kind == "cell" else translation
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
