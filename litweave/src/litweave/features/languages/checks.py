r"""# Checks: what a translation must keep

Who translates a sentence must not change what it computes, where it leads, or how the
page is built. That can be checked without knowing the language:

1. Each formula, span of code, target of a link, reference, footnote, tag and attribute
   of the English is there, as often as there, and no other; so is each number. As much
   is set in bold type, and in italics.
2. One block stays one block: no new line, nothing in front that would begin a list, no
   `|` in a cell.
3. Its characters are those that readers and search engines expect: none that controls
   something, none without a shape but the joiners, all composed. Sinhala joins ය and ර
   to the letter before with U+200D.
4. A term of the glossary is not called by a word that is wrong for it.

These are errors. What is perhaps one is a remark: a term without an accepted word, a
sentence that is still the English one, two translations of one sentence.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from litweave import prose
from litweave.cache import Cache, digest
from litweave.diagnostics import Diagnostic, Place
from litweave.features.languages.catalogs import Catalogs, Entry
from litweave.features.languages.glossary import Glossary, is_accepted
from litweave.features.languages.tokens import has_words, plain, protected, tokens

KIND = "translation"
_OWN = Path(__file__).parent
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What begins another block than the words of a unit.
_BEGINS = re.compile(
    r"\s|#|[-*+][ \t]|>|\d+\.[ \t]|\||:[ \t]|!!!|\?\?\?|===|`{3}|~{3}|\$\$|<!--"
)
_JOINERS = {"\u200c", "\u200d"}
# Al-lakuna, and a letter that is joined to the one before.
_UNJOINED = re.compile("[\u0d80-\u0dff]\u0dca[\u0dba\u0dbb]")


@dataclass(frozen=True)
class Finding:
    """What is wrong with a translation, or may be: then it is a remark."""

    problem: Diagnostic
    is_error: bool

    def __str__(self) -> str:
        """One line, with the file and its line."""
        return f"{self.problem}" if self.is_error else f"{self.problem} (remark)"


@dataclass(frozen=True)
class Report:
    """What was found in how many translations."""

    findings: list[Finding]
    translations: int

    @property
    def errors(self) -> list[Diagnostic]:
        """What a strict build fails on."""
        return [f.problem for f in self.findings if f.is_error]

    def __str__(self) -> str:
        """The count, in a line."""
        errors = len(self.errors)
        remarks = len(self.findings) - errors
        counts = _count(errors, "error"), _count(remarks, "remark")
        return f"{', '.join(counts)} in {_count(self.translations, 'translation')}"


def check(catalogs: Catalogs, glossary: Glossary, kept: Cache | None = None) -> Report:
    """Look at all translations of a language, file by file and line by line.

    What is in `kept` from the last time is not looked at again.
    """
    entries = [entry for entry in catalogs.entries() if entry.translation]
    if kept is None:
        found = [f for entry in entries for f in check_entry(entry, glossary)]
    else:
        found = list(_known(entries, glossary, kept))
    found += _twice(entries)
    found.sort(key=lambda finding: finding.problem)
    return Report(found, len(entries))


def check_entry(entry: Entry, glossary: Glossary) -> Iterator[Finding]:
    """What is wrong with one translation, and what may be."""
    english, translation = entry.message, entry.translation
    errors = [
        *changed_tokens(english, translation),
        *lost_numbers(english, translation),
        *other_emphasis(english, translation),
        *broken_block(translation, entry.kinds),
        *odd_characters(translation),
        *wrong_words(english, translation, glossary),
    ]
    remarks = list(absent_words(english, translation, glossary))
    if translation == english and has_words(english) and " " in english:
        remarks.append("the translation is the English itself")
    yield from (_finding(entry.place, message, True) for message in errors)
    yield from (_finding(entry.place, message, False) for message in remarks)


def _known(
    entries: Iterable[Entry], glossary: Glossary, kept: Cache
) -> Iterator[Finding]:
    own = [*sorted(_OWN.glob("*.py")), Path(prose.__file__)]
    rules = digest(repr(glossary), files=own)
    for entry in entries:
        name = digest(str(entry.place.path), entry.message)
        key = digest(rules, entry.message, entry.translation, *entry.kinds)
        found = kept.get(name, key, partial(_judged, entry, glossary))
        for message, is_error in found:
            yield _finding(entry.place, message, is_error)
    kept.write()


def _judged(entry: Entry, glossary: Glossary) -> list[tuple[str, bool]]:
    found = check_entry(entry, glossary)
    return [(finding.problem.message, finding.is_error) for finding in found]


# ## One by one


def changed_tokens(english: str, translation: str) -> Iterator[str]:
    """Formulas, code, links and the like that are not in both, or not as often."""
    here, there = tokens(english), tokens(translation)
    for token in here - there:
        yield f"the {token} is missing: copy it from the English as it stands there"
    for token in there - here:
        yield f"the {token} is not in the English: leave it out, or mend it"


def lost_numbers(english: str, translation: str) -> Iterator[str]:
    """Numbers of the English, in digits, that the translation lacks."""
    for number in _numbers(english) - _numbers(translation):
        yield f"the number “{number}” of the English is missing: write it in digits"


def other_emphasis(english: str, translation: str) -> Iterator[str]:
    """Bold type or italics that the translation has more of, or less."""
    for name, sign, count in (("bold", "**", _bold), ("italics", "*", _italic)):
        here, there = count(plain(english)), count(plain(translation))
        if here != there:
            yield (
                f"“{sign}”, which sets {name}, stands {here} times in the English and "
                f"{there} times here: set the same words in {name}"
            )


def broken_block(translation: str, kinds: Iterable[str]) -> Iterator[str]:
    """What would make another block of Markdown of a translation."""
    if "\n" in translation:
        yield "a new line is in it: write the whole translation on one line"
    begins = _BEGINS.match(translation)
    # A heading begins with its marks, and may have a number behind them.
    is_numbered = set(kinds) == {"heading"} and translation[:1].isdigit()
    if begins and not is_numbered:
        what = begins[0].strip() or "a space"
        yield f"it begins with “{what}”, which Markdown takes for more than words"
    if "cell" in kinds and "|" in protected(translation):
        yield "“|” ends a cell of a table: leave it out"
    if "title" in kinds and '"' in translation:
        yield '“"” ends a title: use the quotation marks of the language'
    if "attribute" in kinds and re.search('["<>]', translation):
        yield 'one of “"<>” would end an attribute: use others'


def odd_characters(translation: str) -> Iterator[str]:
    """Characters that nobody sees, or that are to be written in another way."""
    for character in sorted(set(translation) - _JOINERS):
        category = unicodedata.category(character)
        if category in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"} and character != "\n":
            name = unicodedata.name(character, "a character without a name")
            hint = r" (for “\t” in a formula write “\\t”)" if character == "\t" else ""
            yield f"U+{ord(character):04X}, {name}, is in it: take it out{hint}"
    if not unicodedata.is_normalized("NFC", translation):
        yield "letters and their marks are apart in it: normalise it to NFC"
    for match in _UNJOINED.finditer(translation):
        joined = f"{match[0][:2]}\u200d{match[0][2]}"
        yield f"“{match[0]}” lacks its joiner, U+200D: write “{joined}”"


def wrong_words(english: str, translation: str, glossary: Glossary) -> Iterator[str]:
    """Words that the glossary forbids for a term of the English."""
    for term in glossary.found(english):
        for word in glossary.wrong(term, translation):
            right = " or ".join(f"“{word}”" for word in term.accepted)
            yield f"“{word}” is wrong for “{term.english}”: write {right}"


def absent_words(english: str, translation: str, glossary: Glossary) -> Iterator[str]:
    """Terms of the English for which the translation has no accepted word."""
    for term in glossary.found(english):
        if term.accepted and not is_accepted(term, translation):
            right = " or ".join(f"“{word}”" for word in term.accepted)
            yield f"“{term.english}” is in the English, but {right} is not here"


# ## Helpers


def _twice(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Messages that have another translation in another file."""
    by_message = defaultdict[str, list[Entry]](list)
    for entry in entries:
        by_message[entry.message].append(entry)
    for first, *others in by_message.values():
        for other in others:
            if other.translation != first.translation:
                message = f"the same English is “{first.translation}” in {first.place}"
                yield _finding(other.place, message, False)


def _finding(place: Place, message: str, is_error: bool) -> Finding:
    return Finding(Diagnostic(place, message, KIND), is_error)


def _numbers(text: str) -> Counter[str]:
    shown = unicodedata.normalize("NFKC", plain(text))
    return Counter(number.replace(",", "") for number in _DIGITS.findall(shown))


def _bold(shown: str) -> int:
    return shown.count("**")


def _italic(shown: str) -> int:
    return shown.replace("**", "").count("*")


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
