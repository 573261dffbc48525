r"""Catalogs: translations in files of gettext's, and what each of them must keep.

Each folder of the sources has a file. The English is the key. What vanished stays as an
obsolete entry, and serves again if the English comes back. A file has no line numbers,
dates or wrapped lines: it comes back from gettext and from polib as it went in.

In `locale/glossary.csv` each row has `term_en` (one with a capital letter is a name),
`zh` with the accepted words, of which what stands in brackets may be left out, and
`avoid_zh` with the wrong ones; each list has `|` between.
"""

import csv
import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from textwrap import TextWrapper
from typing import NamedTuple

import polib
from babel.messages.catalog import Catalog

from litweave.cache import write_text
from litweave.diagnostics import Diagnostic, Place
from litweave.features.languages.units import APART, BEGINS, TAKEN, scan

# The files of an entry, as gettext writes at most on one line behind `#: `.
_LINES = TextWrapper(76, break_long_words=False, break_on_hyphens=False)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# What ends a block of a kind.
_ENDS = {
    "cell": ("|", "“|” ends a cell of a table: leave it out"),
    "title": ('"', '“"” ends a title: use the quotation marks of the language'),
    "attribute": ('"<>', 'one of “"<>” would end an attribute: use others'),
}
# Al-lakuna, and a letter that is joined to the one before.
_UNJOINED = re.compile("[\u0d80-\u0dff]\u0dca[\u0dba\u0dbb]")
# Latin letters on both sides would be one word.
_EDGE = r"(?!(?<=[A-Za-z])[A-Za-z])"
# A title is quoted as it stands.
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|《[^》]*》|『[^』]*』")


class Unit(NamedTuple):
    """Words that are to be translated: where they stand, and in which catalog."""

    message: str
    kind: str  # What they are a block of, for whoever translates them.
    domain: str
    path: str
    line: int


@cache
def domain(path: str, package: str = "") -> str:
    """The catalog of a file: the name of its folder, below that of the `package`."""
    parts = PurePosixPath(path).parts
    inner = parts[1:] if parts[:1] == (package,) else parts
    return inner[0] if len(inner) > 1 else "pages"


@dataclass
class Catalogs:
    """All translations into a language, by the domains they belong to."""

    language: str
    folder: Path
    domains: dict[str, dict[str, polib.POEntry]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, language: str, only: str = "*") -> "Catalogs":
        """What the files in `folder/language` say, of the domains that match `only`.

        **Raises.** `OSError` if a file is no catalog: it names the file and the line.
        """
        with suppress(ValueError):  # as somebody types it who stands where we started
            folder = folder.resolve().relative_to(Path.cwd())
        found = cls(language, folder)
        for path in sorted((folder / language).glob(f"{only}.po")):
            try:
                file = polib.pofile(str(path), wrapwidth=0)
            except (OSError, UnicodeDecodeError) as error:
                raise OSError(f"{path} is no catalog: {error}") from error
            found.headers[path.stem] = dict(file.metadata)
            found.domains[path.stem] = {entry.msgid: entry for entry in file}
        return found

    def path(self, domain: str) -> Path:
        """The file of a domain."""
        return self.folder / self.language / f"{domain}.po"

    def entries(self) -> Iterator[tuple[polib.POEntry, Place]]:
        """All entries that are translated, and in no doubt, each with its line."""
        for name, entries in sorted(self.domains.items()):
            path = str(self.path(name))
            for entry in entries.values():
                if entry.translated():
                    yield entry, Place(path, entry.linenum or 0)

    def find(self, message: str, domain: str) -> polib.POEntry | None:
        """The entry that translates a message: that of its own domain comes first."""
        entry, _ = self.best(message, domain)
        return entry if entry.msgstr and not entry.fuzzy else None

    def best(self, message: str, domain: str) -> tuple[polib.POEntry, Place]:
        """The entry that translates a message, or else its domain's; the line, or 0."""
        none, names = polib.POEntry(), (domain, *self.domains)
        found = [(self.domains.get(n, {}).get(message, none), n) for n in names]
        sure = (pair for pair in found if pair[0].msgstr and not pair[0].fuzzy)
        entry, name = next(sure, found[0])
        return entry, Place(str(self.path(name)), entry.linenum or 0)

    def adopt(self, messages: Collection[str], source: str, domain: str) -> None:
        """Give new messages of a file translations that are to be looked at.

        Each is that of a message like it that stands there no longer, and serves once.
        """
        entries, place = self.domains.get(domain, {}), (source, "")
        gone: dict[Sequence[str], polib.POEntry] = {
            tuple(message.split()): entry
            for message, entry in entries.items()
            if entry.msgstr and message not in messages and place in entry.occurrences
        }
        for message in messages if gone else ():
            is_new = message not in entries and not self.find(message, domain)
            words = message.split() if is_new else []
            for old in difflib.get_close_matches(words, gone, n=1):
                was = gone.pop(old)
                entries[message] = new = polib.POEntry(msgid=message, msgstr=was.msgstr)
                new.fuzzy, new.linenum = True, was.linenum

    # ## Updating

    def update(self, units: Iterable[Unit]) -> None:
        """Hold exactly these units, in their order, with what is said elsewhere."""
        found = defaultdict[str, dict[str, list[Unit]]](lambda: defaultdict(list))
        for unit in units:
            found[unit.domain][unit.message].append(unit)
        for name in dict.fromkeys([*found, *self.domains]):
            was, now = self.domains.get(name, {}), dict[str, polib.POEntry]()
            for message, here in found[name].items():
                known = self.find(message, name) or polib.POEntry()
                new = polib.POEntry(msgid=message, msgstr=known.msgstr)
                entry = was.get(message, new)
                entry.comment = "\n".join(sorted({unit.kind for unit in here}))
                paths = " ".join(dict.fromkeys(unit.path for unit in here))
                # A second line another gettext would wrap, and polib would not.
                paths, *_ = _LINES.wrap(paths)
                entry.occurrences = [(path, "") for path in paths.split()]
                entry.obsolete, now[message] = False, entry
            # What was never translated is of no use any more.
            gone = {m: e for m, e in was.items() if m not in now and e.msgstr}
            for entry in gone.values():
                entry.obsolete, entry.occurrences = True, []
            self.domains[name] = now | gone

    def write(self, dry: bool = False) -> list[Path]:
        """Write what has changed, unless this is `dry`; the files that change."""
        texts = {self.path(name): self._text(name) for name in self.domains}
        before = {path: path.read_text("utf-8") for path in texts if path.is_file()}
        changed = [path for path, text in texts.items() if before.get(path) != text]
        for path in [] if dry else changed:
            write_text(path, texts[path])
        return changed

    def _text(self, name: str) -> str:
        file = polib.POFile(wrapwidth=0)
        file.header = f"The site's words in {self.language}: {name}."
        file.metadata = self.headers.get(name) or {
            "Project-Id-Version": name,
            "Last-Translator": "nobody yet",
            "Language-Team": self.language,
            "Language": self.language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": Catalog(self.language.replace("-", "_")).plural_forms,
        }
        file.extend(self.domains[name].values())
        return str(file).rstrip("\n") + "\n"


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

        The longest term counts where two overlap. One with a capital letter is a name.
        """
        for term in self.terms:
            if term.english.lower() not in english.lower():
                continue
            case = "(?i)" if term.english == term.english.lower() else ""
            pattern = rf"{case}\b{re.escape(term.english)}(?:s|es|d|ed|ing)?\b"
            english, count = re.subn(pattern, TAKEN, english)
            for word in term.avoided if count else ():
                if self._is_said(word, translation):
                    right = " or ".join(f"“{word}”" for word in term.accepted)
                    yield f"“{word}” is wrong for “{term.english}”: write {right}"

    def _is_said(self, word: str, translation: str) -> bool:
        """Whether a word is there, and not as a part of one that a term accepts."""
        accepted = (right for term in self.terms for right in term.accepted)
        longer = "".join(f"{re.escape(right)}|" for right in accepted if word in right)
        pattern = f"(?i){_EDGE}(?:{longer}({re.escape(word)})){_EDGE}"
        return any(match[1] for match in re.finditer(pattern, translation))


def _words(cell: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (cell or "").split("|") if word.strip())


# ## The translations


def faults(catalogs: Catalogs) -> list[Diagnostic]:
    """What is wrong in the translations of a language, file by file, line by line."""
    glossary = Glossary.read(catalogs.folder / "glossary.csv", catalogs.language)
    return [
        Diagnostic(place, fault, "translation")
        for entry, place in catalogs.entries()
        for fault in _faults(entry, glossary)
    ]


def _faults(entry: polib.POEntry, glossary: Glossary) -> Iterator[str]:
    """What is not in both, what would break the page, and the wrong words."""
    (here, old), (there, new) = scan(entry.msgid), scan(entry.msgstr)
    for kind, value in old - new:
        yield f"the {kind} “{value}” is missing: copy it from the English as it stands"
    for kind, value in new - old:
        yield f"the {kind} “{value}” is not in the English: leave it out, or mend it"
    for number in _numbers(here) - _numbers(there):
        yield f"the number “{number}” of the English is missing: write it in digits"
    yield from _broken_block(entry.msgstr, there, entry.comment.split("\n"))
    yield from _odd_characters(entry.msgstr)
    yield from glossary.wrong(*(_QUOTED.sub(TAKEN, words) for words in (here, there)))


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
    for character in sorted({*translation} - {*"\n\u200c\u200d"}):
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}:
            name = unicodedata.name(character, "a character without a name")
            hint = r" (for “\t” in a formula write “\\t”)" if character == "\t" else ""
            yield f"U+{ord(character):04X}, {name}, is in it: take it out{hint}"
    if not unicodedata.is_normalized("NFC", translation):
        yield "letters and their marks are apart in it: normalise it to NFC"
    for match in _UNJOINED.finditer(translation):
        joined = f"{match[0][:2]}\u200d{match[0][2]}"
        yield f"“{match[0]}” lacks its joiner, U+200D: write “{joined}”"
