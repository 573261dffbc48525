r"""# Voice: what a build says, in one language

A build speaks in the language of its sources, and then everything is said as it is
written. Or it speaks in another one: then a [`Translator`][] knows all units of a page
before the page is made, for what is kept of a page depends on its words, and says the
words beside the prose when the page is finished.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from litweave import words
from litweave.cache import Cache, digest, own
from litweave.diagnostics import Diagnostic, Place
from litweave.features.languages.catalogs import Catalogs, Unit
from litweave.features.languages.checks import check
from litweave.features.languages.extract import extract_module, extract_text
from litweave.features.languages.glossary import Glossary
from litweave.features.languages.tokens import plain
from litweave.features.languages.translator import INTERFACE, State, Translator
from litweave.parse import Module
from litweave.words import Speaker

# What a page says of itself above its text. The theme writes it into attributes, too.
_FRONT = ("title", "description")


def in_attribute(text: str) -> str:
    """Words that a theme writes into its HTML as they are."""
    return text.replace("<", "&lt;").replace('"', "&quot;")


@dataclass
class PageUnits:
    """The units of each page: the same in all languages, which may share them."""

    kept: Cache
    found: dict[str, list[Unit]] = field(default_factory=dict)

    @classmethod
    def read(cls, cache: Path) -> "PageUnits":
        """Those that were found before, as far as pages are as they were."""
        return cls(Cache.read(cache / "units.json"))

    def of(
        self,
        uri: str,
        package: str,
        module: Module | None,
        text: str,
        place: Place,
        raw_html: bool,
    ) -> list[Unit]:
        """The units of a page: that of a module, or of a text by hand."""
        if uri not in self.found:
            make = partial(extract_text, uri, text, place.line, package)
            if module:
                make = partial(extract_module, module, raw_html, package)
                text, place = module.source, Place(module.path, 1)
            key = digest(own(), text, str(place), package, str(raw_html))
            rows = self.kept.get(uri, key, lambda: [_row(unit) for unit in make()])
            self.found[uri] = [_unit(*row) for row in rows]
        return self.found[uri]


def _row(unit: Unit) -> list[str | int]:
    place = unit.place
    return [unit.message, unit.kind, unit.domain, place.path, place.line]


def _unit(message: str, kind: str, domain: str, path: str, line: int) -> Unit:
    return Unit(message, kind, Place(path, line), domain)


@dataclass
class Voice:
    """A language, or none: then all is said as it is written.

    `errors` is what is wrong in the catalogs, and `report` the count.
    """

    units: PageUnits
    translator: Translator | None = None
    errors: list[Diagnostic] = field(default_factory=list)
    report: str = ""
    said: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(
        cls, folder: Path, language: str, package: str, cache: Path, units: PageUnits
    ) -> "Voice":
        """The voice that the catalogs in a folder give.

        `package` is the name of the folder with the sources. What was found right
        before is kept in `cache`.

        **Raises.** `OSError` if a catalog or the glossary cannot be read.
        """
        catalogs = Catalogs.read(folder, language)
        glossary = Glossary.read(folder / "glossary.csv", language)
        kept = Cache.read(cache / f"checked-{language}.json")
        report = check(catalogs, glossary, kept)
        translator = Translator(catalogs, package)
        return cls(units, translator, report.errors, f"{language}: {report}")

    def expect(
        self, uri: str, module: Module | None, text: str, place: Place, raw_html: bool
    ) -> None:
        """Know what a page says: that of a module, or of a text by hand."""
        if not self.translator:
            return
        package = self.translator.package
        units = self.units.of(uri, package, module, text, place, raw_html)
        said = self.translator.expect(uri, units)
        self.said[uri] = repr([(unit.words, unit.state.value) for unit in said])

    def keep(self) -> None:
        """Keep the units of all pages for the next build."""
        if self.translator:
            self.units.kept.write()

    def key(self, uri: str) -> Iterable[str]:
        """What a page depends on for its language."""
        return [self.said[uri]] if uri in self.said else []

    @property
    def interface(self) -> str:
        """What other pages and the search show of a page: words beside prose, headings.

        All of it is kept with each page.
        """
        if not self.translator:
            return ""
        said = [
            (entry.message, entry.translation)
            for domain, entries in self.translator.catalogs.domains.items()
            for entry in entries.values()
            if not entry.old and (domain == INTERFACE or "heading" in entry.kinds)
        ]
        return repr(said)

    @property
    def is_known(self) -> bool:
        """Whether there is any catalog of the language."""
        return bool(self.translator and self.translator.catalogs.domains)

    def word(self, message: str) -> str:
        """Words beside prose."""
        return self.translator.word(message) if self.translator else message

    def translate_front(self, meta: MutableMapping[str, Any]) -> None:
        """Put into words what a page says of itself."""
        for name in _FRONT:
            if self.translator and isinstance(meta.get(name), str):
                meta[name] = in_attribute(self.word(meta[name]))

    def spoken(self, html: str) -> str:
        """HTML with the renderer's own words in this language."""
        if not self.translator:
            return words.said(html)
        language = self.translator.language
        return words.said(html, Speaker(language, self.word, self._heading))

    def _heading(self, message: str, path: str) -> str | None:
        """The translation of a heading, without the marks of Markdown."""
        assert self.translator
        said = self.translator.say(message, path)
        return escape(plain(said.words)) if said.state != State.MISSING else None
