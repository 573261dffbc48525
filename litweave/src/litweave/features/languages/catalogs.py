r"""# Catalogs: translations in files

Translations of a language lie in files of gettext's, which every tool of translators
reads and writes: `locale/zh/layers.po`, one for each folder of the site's sources.

```text
#. entry: $S$, num_patches
#: labml_style_nn/layers/token_mixing.py
msgid "the number of patches, the rows of the table"
msgstr "图像块的个数，即表的行数"
```

The English is the key, so that an English sentence which is edited has no translation
any more. Nothing has to be noted for that. The build finds what the sentence was before
among the entries of the same file that no longer stand there: the one whose words are
most alike (see [`pair`][]).

`update` brings the files up to date before somebody translates. What vanished stays as
an obsolete entry, `#~`, and serves again if the English comes back. A file has no line
numbers and no dates, which would change with every commit, and its lines are not
wrapped: so it comes back from gettext and from polib as it went in.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import polib

from litweave.cache import write_text
from litweave.diagnostics import Place

# How alike the words of two sentences are if one was made of the other.
_ALIKE = 0.6
# What gettext writes on one line, at most.
_WIDTH = 79
_WAS_IN = "was in: "
_PLURALS = {
    **dict.fromkeys(["zh", "ja"], "nplurals=1; plural=0;"),
    "si": "nplurals=2; plural=(n != 1);",
}
_ROOT = "pages"


@dataclass(frozen=True)
class Unit:
    """Words that are to be translated: what they are, where they stand, which file.

    `kind` says what they are a block of, to whoever translates them.
    """

    message: str
    kind: str
    place: Place
    domain: str


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
    for number, message in enumerate(new):
        matcher = difflib.SequenceMatcher(autojunk=False)
        matcher.set_seq2(message.split())
        for other, before in enumerate(words):
            matcher.set_seq1(before)
            if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
                continue
            ratio = matcher.ratio()
            if ratio >= _ALIKE:
                found.append((-ratio, number, other))
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
            found.headers[path.stem] = dict(file.metadata)
            found.domains[path.stem] = {e.message: e for e in _entries(file, path)}
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

    def update(
        self, units: Iterable[Unit], covers: Callable[[str], bool] = bool
    ) -> Changes:
        """Let the catalogs hold exactly these units, in their order.

        `covers` tells of a file whether the units are all that it has; what stands in
        other files stays as it is. A message that is translated elsewhere comes with
        its translation.
        """
        changes = Changes()
        by_domain = dict[str, list[Unit]]()
        for unit in units:
            by_domain.setdefault(unit.domain, []).append(unit)
        for name in list(dict.fromkeys([*by_domain, *self.domains])):
            found = by_domain.get(name, [])
            self.domains[name] = self._updated(name, found, covers, changes)
        changes.files = [
            self.path(name)
            for name in self.domains
            if _text(self, name) != _now(self.path(name))
        ]
        return changes

    def _updated(
        self,
        name: str,
        units: Sequence[Unit],
        covers: Callable[[str], bool],
        changes: Changes,
    ) -> dict[str, Entry]:
        before, entries = self.domains.get(name, {}), dict[str, Entry]()
        path = str(self.path(name))
        for message, (sources, kinds) in _together(units).items():
            known = before.get(message)
            if known is None:
                changes.new += 1
                other = self.find(message, name)
                words = other.translation if other else ""
                known = Entry(message, words, (), (), Place(path, 0))
            changes.back += known.old
            if not known.old:
                elsewhere = [path for path in known.sources if not covers(path)]
                sources = _fitting([*sources, *elsewhere])
            entries[message] = replace(known, sources=sources, kinds=kinds, old=False)
        for message, entry in before.items():
            if message in entries:
                continue
            if not entry.old and not all(map(covers, entry.sources)):
                entries[message] = entry
                continue
            changes.gone += not entry.old
            # What was never translated is of no use any more.
            if entry.translation:
                entries[message] = replace(entry, old=True)
        return entries

    def write(self) -> list[Path]:
        """Write what has changed, each file whole or not at all; and name it."""
        written = []
        for name in self.domains:
            path, text = self.path(name), _text(self, name)
            if text != _now(path):
                write_text(path, text)
                written.append(path)
        return written


def _together(
    units: Iterable[Unit],
) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each message the files that it stands in, and the kinds that it is of."""
    found = dict[str, tuple[dict[str, None], dict[str, None]]]()
    for unit in units:
        sources, kinds = found.setdefault(unit.message, ({}, {}))
        sources[unit.place.path] = kinds[unit.kind] = None
    return {
        message: (_fitting(sources), tuple(sorted(kinds)))
        for message, (sources, kinds) in found.items()
    }


def _fitting(sources: Iterable[str]) -> tuple[str, ...]:
    """The files that stand on one line: gettext would wrap it, polib would not."""
    first, *others = dict.fromkeys(sources)
    line, fitting = f"#: {first}", [first]
    for source in others:
        line += f" {source}"
        if len(line) > _WIDTH:
            break
        fitting.append(source)
    return tuple(fitting)


# ## Files


def _entries(file: polib.POFile, path: Path) -> Iterator[Entry]:
    for entry in file:
        lines = entry.tcomment.split("\n") if entry.tcomment else []
        was_in = [line for line in lines if line.startswith(_WAS_IN)]
        note = "\n".join(line for line in lines if line not in was_in)
        sources = [source for source, _ in entry.occurrences]
        if was_in:
            sources = was_in[0].removeprefix(_WAS_IN).split(" ")
        yield Entry(
            entry.msgid,
            entry.msgstr,
            tuple(sources),
            tuple(entry.comment.split("\n")) if entry.comment else (),
            Place(_near(path), entry.linenum),
            bool(entry.obsolete),
            entry.fuzzy,
            note,
        )


def _near(path: Path) -> str:
    """The path as somebody types it who stands where the program was started."""
    here = path.resolve()
    return str(
        here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else path
    )


def _now(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _text(catalogs: Catalogs, name: str) -> str:
    """What stands in a file: no dates, no wrapped lines, old entries at its end."""
    file = polib.POFile(wrapwidth=0, check_for_duplicates=False)
    language = catalogs.language
    file.header = f"The site's words in {language}: {name}."
    known = catalogs.headers.get(name, {})
    kept = ("Project-Id-Version", "Last-Translator", "Language-Team")
    own = {key: value for key, value in known.items() if key.startswith("X-")}
    file.metadata = {
        "Project-Id-Version": name,
        "Last-Translator": "nobody yet",
        "Language-Team": language,
        **{key: known[key] for key in kept if key in known},
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        **own,
    }
    plurals = known.get("Plural-Forms") or _PLURALS.get(language)
    if plurals:
        file.metadata["Plural-Forms"] = plurals
    entries = catalogs.domains[name].values()
    old = sorted(
        (entry for entry in entries if entry.old),
        key=lambda entry: (entry.sources, entry.message),
    )
    for entry in [*(entry for entry in entries if not entry.old), *old]:
        file.append(_written(entry))
    return f"{file}\n".rstrip("\n") + "\n"


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
