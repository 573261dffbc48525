r"""Catalogs: translations in files of gettext's, one for each folder of the sources.

The English is the key. What vanished stays as an obsolete entry, and serves again if
the English comes back. A file has no line numbers, dates or wrapped lines: it comes
back from gettext and from polib as it went in.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath

import polib
from babel.messages.plurals import DEFAULT_PLURAL, PLURALS

from litweave.cache import write_text
from litweave.diagnostics import Place

# How alike the words of two sentences are if one was made of the other.
_ALIKE = 0.6
# What gettext writes on one line, at most.
_WIDTH = 79
_WAS_IN = "was in: "
# What a header keeps that somebody has written there, besides `X-…`.
_KEPT = ("Project-Id-Version", "Last-Translator", "Language-Team", "Plural-Forms", "X-")
_ROOT = "pages"


@dataclass(frozen=True)
class Unit:
    """Words that are to be translated: where they stand, and in which catalog.

    `kind` says what they are a block of, to whoever translates them.
    """

    message: str
    kind: str
    domain: str
    place: Place


@dataclass(frozen=True)
class Entry:
    """A message and its translation, empty if there is none.

    `sources` are the files that it stands in, `place` is its line in the catalog. An
    entry that is `old` stands nowhere any more. One in doubt was marked by somebody's
    tool as to be looked at.
    """

    message: str
    translation: str
    sources: tuple[str, ...]
    kinds: tuple[str, ...]
    place: Place
    old: bool = False
    in_doubt: bool = False
    note: str = ""


@dataclass
class Changes:
    """What an update does: messages that are new, back, or gone, and in which files."""

    new: int = 0
    back: int = 0
    gone: int = 0
    files: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        """The numbers, in a line."""
        return f"{self.new} new, {self.back} back, {self.gone} gone"


def domain(path: str, package: str = "") -> str:
    """The catalog that the words of a file belong to: the name of its folder.

    Below the folder of a `package`, its own folders count.
    """
    parts = PurePosixPath(path).parts
    inner = parts[1:] if parts[:1] == (package,) else parts
    return inner[0] if len(inner) > 1 else _ROOT


def pair(new: Sequence[str], old: Sequence[Entry]) -> dict[str, Entry]:
    """For each new message the old entry that it was made of, if there is one.

    The most alike come together first, and each entry serves once.
    """
    words = [entry.message.split() for entry in old]
    found = list[tuple[float, int, int]]()
    matcher = difflib.SequenceMatcher[str](autojunk=False)
    for number, message in enumerate(new):
        matcher.set_seq2(message.split())
        for other, before in enumerate(words):
            matcher.set_seq1(before)
            # The first two are at least as great, and quick.
            measures = matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio
            if all(measure() >= _ALIKE for measure in measures):
                found.append((-matcher.ratio(), number, other))
    pairs, taken = dict[str, Entry](), set[int]()
    for _, number, other in sorted(found):
        if new[number] not in pairs and other not in taken:
            pairs[new[number]] = old[other]
            taken.add(other)
    return pairs


@dataclass
class Catalogs:
    """All translations into a language, by the domains they belong to."""

    language: str
    folder: Path
    domains: dict[str, dict[str, Entry]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, language: str, only: str = "*") -> "Catalogs":
        """What the files in `folder/language` say; nothing if there are none.

        `only` is a pattern of the domains that are wanted.

        **Raises.** `OSError` if a file cannot be read, or is no catalog: it names the
        file and the line.
        """
        found = cls(language, folder)
        for path in sorted((folder / language).glob(f"{only}.po")):
            # polib takes the name of a file that is not there for what stands in it.
            if not path.is_file():
                continue
            try:
                file = polib.pofile(str(path), wrapwidth=0)
            except (OSError, UnicodeDecodeError) as error:
                raise OSError(f"{path} is no catalog: {error}") from error
            near = _near(path)
            found.headers[path.stem] = dict(file.metadata)
            found.domains[path.stem] = {e.msgid: _entry(e, near) for e in file}
        return found

    def path(self, domain: str) -> Path:
        """The file of a domain."""
        return self.folder / self.language / f"{domain}.po"

    def entries(self) -> Iterator[Entry]:
        """All entries that stand somewhere, file by file."""
        for domain in sorted(self.domains):
            yield from (e for e in self.domains[domain].values() if not e.old)

    def find(self, message: str, domain: str) -> Entry | None:
        """The entry that translates a message: that of its own domain comes first.

        One in doubt is found where there is no other.
        """
        own = self.domains.get(domain, {}).get(message)
        others = (entries.get(message) for entries in self.domains.values())
        found = [e for e in (own, *others) if e and e.translation]
        sure = (entry for entry in found if not entry.in_doubt)
        return next(sure, found[0] if found and found[0] is own else None)

    def gone(self, source: str, domain: str, present: Set[str]) -> list[Entry]:
        """What was translated in a file, and no longer stands there."""
        return [
            entry
            for entry in self.domains.get(domain, {}).values()
            if source in entry.sources
            if entry.translation and entry.message not in present
        ]

    # ## Updating

    def update(self, units: Iterable[Unit]) -> Changes:
        """Let the catalogs hold exactly these units, in their order.

        A message that is translated elsewhere comes with its translation.
        """
        changes = Changes()
        found = defaultdict[str, dict[str, list[Unit]]](lambda: defaultdict(list))
        for unit in units:
            found[unit.domain][unit.message].append(unit)
        for name in dict.fromkeys([*found, *self.domains]):
            before, entries = self.domains.get(name, {}), dict[str, Entry]()
            for message, here in found[name].items():
                changes.new += message not in before
                known = before.get(message) or self._new(message, name)
                changes.back += message in before and known.old
                sources = [unit.place.path for unit in here]
                kinds = tuple(sorted({unit.kind for unit in here}))
                known = replace(known, sources=_fitting(sources), kinds=kinds)
                entries[message] = replace(known, old=False)
            for entry in [e for e in before.values() if e.message not in entries]:
                changes.gone += not entry.old
                # What was never translated is of no use any more.
                if entry.translation:
                    entries[entry.message] = replace(entry, old=True)
            self.domains[name] = entries
        changes.files = list(self._unwritten())
        return changes

    def _new(self, message: str, name: str) -> Entry:
        """An entry that was nowhere yet, with what translates it elsewhere."""
        other, place = self.find(message, name), Place(str(self.path(name)), 0)
        return Entry(message, other.translation if other else "", (), (), place)

    def write(self) -> list[Path]:
        """Write what has changed, each file whole or not at all; and name it."""
        texts = self._unwritten()
        for path, text in texts.items():
            write_text(path, text)
        return list(texts)

    def _unwritten(self) -> dict[Path, str]:
        texts = {self.path(name): self._text(name) for name in self.domains}
        return {
            path: text
            for path, text in texts.items()
            if not path.is_file() or text != path.read_text("utf-8")
        }

    def _text(self, name: str) -> str:
        """What stands in a file: no dates, no wrapped lines, old entries at its end."""
        file = polib.POFile(wrapwidth=0, check_for_duplicates=False)
        file.header = f"The site's words in {self.language}: {name}."
        known = self.headers.get(name, {}).items()
        forms, plural = PLURALS.get(self.language.partition("-")[0], DEFAULT_PLURAL)
        file.metadata = {
            "Project-Id-Version": name,
            "Last-Translator": "nobody yet",
            "Language-Team": self.language,
            "Plural-Forms": f"nplurals={forms}; plural={plural};",
            **{key: value for key, value in known if key.startswith(_KEPT)},
            "Language": self.language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
        }
        entries = self.domains[name].values()
        old = sorted(
            (entry for entry in entries if entry.old),
            key=lambda entry: (entry.sources, entry.message),
        )
        file.extend(map(_written, chain((e for e in entries if not e.old), old)))
        return f"{file}\n".rstrip("\n") + "\n"


def _fitting(sources: Iterable[str]) -> tuple[str, ...]:
    """The files that stand on one line: gettext would wrap it, polib would not."""
    fitting = list[str]()
    for source in dict.fromkeys(sources):
        if fitting and len(" ".join(["#:", *fitting, source])) > _WIDTH:
            break
        fitting.append(source)
    return tuple(fitting)


def _near(path: Path) -> str:
    """The path as somebody types it who stands where the program was started."""
    here, start = path.resolve(), Path.cwd()
    return str(here.relative_to(start) if here.is_relative_to(start) else path)


def _entry(entry: polib.POEntry, path: str) -> Entry:
    lines = entry.tcomment.split("\n") if entry.tcomment else []
    was_in = [line for line in lines if line.startswith(_WAS_IN)]
    sources = [source for source, _ in entry.occurrences]
    return Entry(
        entry.msgid,
        entry.msgstr,
        tuple(was_in[0].removeprefix(_WAS_IN).split(" ") if was_in else sources),
        tuple(entry.comment.split("\n")) if entry.comment else (),
        Place(path, entry.linenum),
        bool(entry.obsolete),
        entry.fuzzy,
        "\n".join(line for line in lines if line not in was_in),
    )


def _written(entry: Entry) -> polib.POEntry:
    notes = [entry.note] if entry.note else []
    if entry.old and entry.sources:
        notes.append(_WAS_IN + " ".join(entry.sources))
    return polib.POEntry(
        msgid=entry.message,
        msgstr=entry.translation,
        tcomment="\n".join(notes),
        comment="" if entry.old else "\n".join(entry.kinds),
        occurrences=[] if entry.old else [(source, "") for source in entry.sources],
        flags=["fuzzy"] if entry.in_doubt else [],
        obsolete=entry.old,
    )
