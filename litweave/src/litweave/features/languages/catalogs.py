r"""Catalogs: translations in files of gettext's, one for each folder of the sources.

The English is the key. What vanished stays as an obsolete entry, and serves again if
the English comes back. A file has no line numbers, dates or wrapped lines: it comes
back from gettext and from polib as it went in.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polib
from babel.messages.plurals import DEFAULT_PLURAL, PLURALS

from litweave.cache import write_text
from litweave.diagnostics import Place

# How alike the words of two sentences are if one was made of the other.
_ALIKE = 0.6
# What gettext writes on one line, at most.
_WIDTH = 79
_WAS_IN = "was in: "
_ROOT = "pages"


class Unit(NamedTuple):
    """Words that are to be translated: where they stand, and in which catalog.

    `kind` says what they are a block of, to whoever translates them.
    """

    message: str
    kind: str
    domain: str
    path: str
    line: int


def domain(path: str, package: str = "") -> str:
    """The catalog that the words of a file belong to: the name of its folder.

    Below the folder of a `package`, its own folders count.
    """
    parts = PurePosixPath(path).parts
    inner = parts[1:] if parts[:1] == (package,) else parts
    return inner[0] if len(inner) > 1 else _ROOT


def pair(new: Iterable[str], old: Iterable[polib.POEntry]) -> dict[str, polib.POEntry]:
    """For each new message the old entry that it was made of, if there is one.

    Each entry serves once.
    """
    left: dict[Sequence[str], polib.POEntry]
    left = {tuple(entry.msgid.split()): entry for entry in old}
    pairs = dict[str, polib.POEntry]()
    for message in new:
        words = message.split()
        for alike in difflib.get_close_matches(words, left, n=1, cutoff=_ALIKE):
            pairs[message] = left.pop(alike)
    return pairs


@dataclass
class Catalogs:
    """All translations into a language, by the domains they belong to."""

    language: str
    folder: Path
    domains: dict[str, dict[str, polib.POEntry]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, language: str, only: str = "*") -> "Catalogs":
        """What the files in `folder/language` say; nothing if there are none.

        `only` is a pattern of the domains that are wanted.

        **Raises.** `OSError` if a file cannot be read, or is no catalog: it names the
        file and the line.
        """
        whole, start = folder.resolve(), Path.cwd()
        # As somebody types it who stands where the program was started.
        near = whole.relative_to(start) if whole.is_relative_to(start) else folder
        found = cls(language, near)
        for path in sorted((near / language).glob(f"{only}.po")):
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
        """All entries that are translated and stand somewhere, each with its line."""
        for name in sorted(self.domains):
            for entry in self.domains[name].values():
                if entry.msgstr and not entry.obsolete:
                    yield entry, self.place(entry)

    def place(self, entry: polib.POEntry) -> Place:
        """The line that an entry begins in."""
        entries = self.domains.items()
        names = (name for name, those in entries if those.get(entry.msgid) is entry)
        return Place(str(self.path(next(names))), entry.linenum or 0)

    def find(self, message: str, domain: str) -> polib.POEntry | None:
        """The entry that translates a message: that of its own domain comes first.

        One in doubt is found where there is no other.
        """
        own = self.domains.get(domain, {}).get(message)
        others = (entries.get(message) for entries in self.domains.values())
        found = [e for e in (own, *others) if e is not None and e.msgstr]
        doubtful = found[0] if found and found[0] is own else None
        return next((entry for entry in found if not entry.fuzzy), doubtful)

    def gone(
        self, source: str, domain: str, present: Set[str]
    ) -> Iterator[polib.POEntry]:
        """What was translated in a file, and no longer stands there."""
        for message, entry in self.domains.get(domain, {}).items():
            if entry.msgstr and message not in present and source in _sources(entry):
                yield entry

    # ## Updating

    def update(self, units: Iterable[Unit]) -> str:
        """Let the catalogs hold exactly these units, in their order; how many are new.

        A message that is translated elsewhere comes with its translation.
        """
        new = back = gone = 0
        found = defaultdict[str, dict[str, list[Unit]]](lambda: defaultdict(list))
        for unit in units:
            found[unit.domain][unit.message].append(unit)
        for name in dict.fromkeys([*found, *self.domains]):
            was, now = self.domains.get(name, {}), dict[str, polib.POEntry]()
            for message, here in found[name].items():
                new += message not in was
                back += message in was and was[message].obsolete
                now[message] = was.get(message) or self._made(message, name)
                _stand(now[message], here)
            for message, entry in was.items():
                gone += message not in now and not entry.obsolete
                # What was never translated is of no use any more.
                if message not in now and entry.msgstr:
                    _vanish(entry)
                    now[message] = entry
            self.domains[name] = now
        return f"{new} new, {back} back, {gone} gone"

    def _made(self, message: str, name: str) -> polib.POEntry:
        """An entry that was nowhere yet, with what translates it elsewhere."""
        other = self.find(message, name)
        return polib.POEntry(msgid=message, msgstr=other.msgstr if other else "")

    def write(self, dry: bool = False) -> list[Path]:
        """Write what has changed, each file whole or not at all, unless this is `dry`.

        The files that change.
        """
        changed = list[Path]()
        for name in self.domains:
            path, text = self.path(name), self._text(name)
            if not path.is_file() or text != path.read_text("utf-8"):
                changed.append(path)
                if not dry:
                    write_text(path, text)
        return changed

    def _text(self, name: str) -> str:
        file = polib.POFile(wrapwidth=0)
        file.header = f"The site's words in {self.language}: {name}."
        forms, plural = PLURALS.get(self.language.partition("-")[0], DEFAULT_PLURAL)
        file.metadata = self.headers.get(name) or {
            "Project-Id-Version": name,
            "Last-Translator": "nobody yet",
            "Language-Team": self.language,
            "Language": self.language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": f"nplurals={forms}; plural={plural};",
        }
        file.extend(self.domains[name].values())
        return f"{file}\n".rstrip("\n") + "\n"


def _sources(entry: polib.POEntry) -> list[str]:
    """The files that an entry stands in, or stood in: gettext would forget those."""
    for line in entry.tcomment.split("\n"):
        if line.startswith(_WAS_IN):
            return str(line).removeprefix(_WAS_IN).split(" ")
    return [source for source, _ in entry.occurrences]


def _stand(entry: polib.POEntry, units: Sequence[Unit]) -> None:
    """Let an entry say where it stands, and as what."""
    notes = entry.tcomment.split("\n")
    entry.tcomment = "\n".join(n for n in notes if not n.startswith(_WAS_IN))
    entry.comment = "\n".join(sorted({unit.kind for unit in units}))
    entry.occurrences, entry.obsolete = [], False
    for source in dict.fromkeys(unit.path for unit in units):
        places = [*entry.occurrences, (source, "")]
        # Those that stand on one line: gettext would wrap it, polib would not.
        line = " ".join(["#:", *(place for place, _ in places)])
        if len(places) > 1 and len(line) > _WIDTH:
            break
        entry.occurrences = places


def _vanish(entry: polib.POEntry) -> None:
    """Let an entry be obsolete, and say where it stood."""
    if not entry.obsolete and entry.occurrences:
        notes = [entry.tcomment, _WAS_IN + " ".join(_sources(entry))]
        entry.tcomment = "\n".join(filter(None, notes))
    entry.obsolete = True
