r"""Catalogs: translations in files of gettext's, one for each folder of the sources.

The English is the key. What vanished stays as an obsolete entry, and serves again if
the English comes back. A file has no line numbers, dates or wrapped lines: it comes
back from gettext and from polib as it went in.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polib
from babel.messages.catalog import Catalog

from litweave.cache import write_text
from litweave.diagnostics import Place

# How alike the words of two sentences are if one was made of the other.
_ALIKE = 0.6
# What gettext writes on one line, at most.
_WIDTH = 79
# Where an entry stood, in the last line of a translator's notes.
_WAS_IN = "was in: "
_NOTE = re.compile(rf"\n?^{_WAS_IN}.*\Z", re.MULTILINE)
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
        for name, entries in sorted(self.domains.items()):
            path = str(self.path(name))
            for entry in entries.values():
                if entry.msgstr and not entry.obsolete:
                    yield entry, Place(path, entry.linenum or 0)

    def place(self, entry: polib.POEntry | None, domain: str) -> Place:
        """The line of an entry, in this catalog or another; 0 if it is in none."""
        for name in (domain, *self.domains):
            if entry and self.domains.get(name, {}).get(entry.msgid) is entry:
                return Place(str(self.path(name)), entry.linenum or 0)
        return Place(str(self.path(domain)), 0)

    def find(self, message: str, domain: str) -> polib.POEntry | None:
        """The entry that translates a message: that of its own domain comes first.

        One in doubt is found where there is no other.
        """
        own = self.domains.get(domain, {}).get(message)
        others = (entries.get(message) for entries in self.domains.values())
        found = [e for e in (own, *others) if e is not None and e.msgstr]
        doubtful = found[0] if found and found[0] is own else None
        return next((entry for entry in found if not entry.fuzzy), doubtful)

    def pairs(
        self, messages: Collection[str], source: str, domain: str
    ) -> dict[str, polib.POEntry]:
        """For each new message of a file the entry that it was made of, if any.

        That was translated there, and stands there no longer. Each serves once.
        """
        entries, pairs = self.domains.get(domain, {}), dict[str, polib.POEntry]()
        gone: dict[Sequence[str], polib.POEntry] = {
            tuple(message.split()): entry
            for message, entry in entries.items()
            if entry.msgstr and message not in messages and source in _sources(entry)
        }
        for message in messages if gone else ():
            words = message.split() if self.find(message, domain) is None else []
            for old in difflib.get_close_matches(words, gone, n=1, cutoff=_ALIKE):
                pairs[message] = gone.pop(old)
        return pairs

    # ## Updating

    def update(self, units: Iterable[Unit]) -> str:
        """Let the catalogs hold exactly these units, in their order; how many are new.

        A message that is translated elsewhere comes with its translation.
        """
        new = gone = 0
        found = defaultdict[str, dict[str, list[Unit]]](lambda: defaultdict(list))
        for unit in units:
            found[unit.domain][unit.message].append(unit)
        for name in dict.fromkeys([*found, *self.domains]):
            was, now = self.domains.get(name, {}), dict[str, polib.POEntry]()
            for message, here in found[name].items():
                new += message not in was or was[message].obsolete
                other = was.get(message) or self.find(message, name)
                now[message] = was.get(message) or polib.POEntry(
                    msgid=message, msgstr=other.msgstr if other else ""
                )
                _stand(now[message], here)
            for message, entry in was.items():
                if message not in now:
                    gone += not entry.obsolete
                    _vanish(entry)
                    # What was never translated is of no use any more.
                    now |= {message: entry} if entry.msgstr else {}
            self.domains[name] = now
        return f"{new} new, {gone} gone"

    def write(self, dry: bool = False) -> list[Path]:
        """Write what has changed, each file whole or not at all, unless this is `dry`.

        The files that change.
        """
        texts = {self.path(name): self._text(name) for name in self.domains}
        for path, text in [*texts.items()]:
            if path.is_file() and text == path.read_text("utf-8"):
                del texts[path]
            elif not dry:
                write_text(path, text)
        return [*texts]

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
        return f"{file}\n".rstrip("\n") + "\n"


def _sources(entry: polib.POEntry) -> list[str]:
    """The files that an entry stands in, or stood in: gettext would forget those."""
    note = str(entry.tcomment).rpartition("\n")[2]
    was_in = note.removeprefix(_WAS_IN).split(" ") if note.startswith(_WAS_IN) else []
    return was_in or [source for source, _ in entry.occurrences]


def _stand(entry: polib.POEntry, units: Sequence[Unit]) -> None:
    """Let an entry say where it stands, and as what."""
    entry.tcomment = _NOTE.sub("", entry.tcomment)
    entry.comment = "\n".join(sorted({unit.kind for unit in units}))
    entry.obsolete, entry.occurrences, width = False, [], len("#:")
    for source in dict.fromkeys(unit.path for unit in units):
        width += 1 + len(source)
        # On one line: another gettext would wrap, and polib would not.
        if not entry.occurrences or width <= _WIDTH:
            entry.occurrences.append((source, ""))


def _vanish(entry: polib.POEntry) -> None:
    """Let an entry be obsolete, and say where it stood."""
    if not entry.obsolete and entry.occurrences:
        note = _WAS_IN + " ".join(_sources(entry))
        entry.tcomment = "\n".join(filter(None, [entry.tcomment, note]))
    entry.obsolete = True
