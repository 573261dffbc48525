r"""Catalogs: translations in files of gettext's, one for each folder of the sources.

The English is the key. What vanished stays as an obsolete entry, and serves again if
the English comes back. A file has no line numbers, dates or wrapped lines: it comes
back from gettext and from polib as it went in.
"""

import difflib
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
        """All entries that are translated, and in no doubt, each with its line."""
        for name, entries in sorted(self.domains.items()):
            path = str(self.path(name))
            for entry in entries.values():
                if entry.translated():
                    yield entry, Place(path, entry.linenum or 0)

    def place(self, entry: polib.POEntry | None, domain: str) -> Place:
        """The line of an entry, in this catalog or another; 0 if it is in none."""
        message, line = (entry.msgid, entry.linenum) if entry else ("", 0)
        for name in (domain, *self.domains):
            if entry is not None and self.domains.get(name, {}).get(message) is entry:
                return Place(str(self.path(name)), line or 0)
        return Place(str(self.path(domain)), 0)

    def find(self, message: str, domain: str) -> polib.POEntry | None:
        """The entry that translates a message: that of its own domain comes first."""
        for name in (domain, *self.domains):
            entry = self.domains.get(name, {}).get(message)
            if entry and entry.msgstr and not entry.fuzzy:
                return entry
        return None

    def pairs(
        self, messages: Collection[str], source: str, domain: str
    ) -> dict[str, polib.POEntry]:
        """For each new message of a file the entry that it was made of, if any.

        That was translated there, and stands there no longer. Each serves once.
        """
        pairs, place = dict[str, polib.POEntry](), (source, "")
        gone: dict[Sequence[str], polib.POEntry] = {
            tuple(message.split()): entry
            for message, entry in self.domains.get(domain, {}).items()
            if entry.msgstr and message not in messages and place in entry.occurrences
        }
        for message in messages if gone else ():
            words = message.split() if self.find(message, domain) is None else []
            for old in difflib.get_close_matches(words, gone, n=1, cutoff=_ALIKE):
                pairs[message] = gone.pop(old)
        return pairs

    # ## Updating

    def update(self, units: Iterable[Unit]) -> None:
        """Let the catalogs hold exactly these units, in their order.

        A message that is translated elsewhere comes with its translation; one that was
        made of another with that of the other, to be looked at.
        """
        found = defaultdict[str, dict[str, list[Unit]]](lambda: defaultdict(list))
        files = defaultdict[tuple[str, str], dict[str, None]](dict)
        for unit in units:
            found[unit.domain][unit.message].append(unit)
            files[unit.path, unit.domain][unit.message] = None
        older = dict[str, polib.POEntry]()
        for (path, name), messages in files.items():
            older |= self.pairs(messages, path, name)
        for name in dict.fromkeys([*found, *self.domains]):
            was, now = self.domains.get(name, {}), dict[str, polib.POEntry]()
            for message, here in found[name].items():
                known = was.get(message) or self.find(message, name)
                known = known or older.get(message) or polib.POEntry()
                now[message] = entry = was.get(message) or polib.POEntry()
                entry.msgid, entry.msgstr = message, known.msgstr
                entry.fuzzy = known.fuzzy or known is older.get(message)
                entry.comment = "\n".join(sorted({unit.kind for unit in here}))
                entry.occurrences = _fitting(dict.fromkeys(unit.path for unit in here))
                entry.obsolete = False
            for message, entry in was.items():
                # What was never translated is of no use any more.
                if message not in now and entry.msgstr:
                    now[message] = entry
                    entry.obsolete, entry.occurrences = True, []
            self.domains[name] = now

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


def _fitting(sources: Iterable[str]) -> list[tuple[str, str]]:
    """The files that stand on one line: another gettext would wrap, polib would not."""
    fitting, width = list[tuple[str, str]](), len("#:")
    for source in sources:
        width += 1 + len(source)
        fitting += [(source, "")] if not fitting or width <= _WIDTH else []
    return fitting
