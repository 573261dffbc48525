r"""Voice: all that a book says, and a build that says it in one language.

Units are noted where a page is written, on its way to Markdown: at the very place where
a translation would take theirs. A build knows those of a page before the page is made,
for what is kept of a page depends on its words.
"""

import logging
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import partial
from html import escape
from typing import Any

from litweave import words
from litweave.cache import Cache, digest, own
from litweave.diagnostics import Diagnostic, Diagnostics, Place
from litweave.features.languages.catalogs import Catalogs, Unit, domain
from litweave.features.languages.checks import Glossary, check
from litweave.features.languages.tokens import plain
from litweave.features.languages.translator import State, Translator
from litweave.features.languages.units import split
from litweave.katex import Formulas
from litweave.names import Names
from litweave.page import document
from litweave.parse import Module
from litweave.prose import Context, to_markdown
from litweave.sections import Line
from litweave.settings import Settings
from litweave.words import Speaker

# What the theme shows of what a page says of itself above its text.
_FRONT = ("title", "description")
# The kinds of units that other pages and the search show of a page.
_SHOWN = {"words", "heading"}
_log = logging.getLogger("mkdocs.plugins.litweave")


# ## What there is to say


class _Recorder(Context):
    """Notes the units of all prose that comes by, and complains of nothing."""

    def __init__(self, package: str, raw_html: bool = True) -> None:
        super().__init__(Names(), Formulas(), Diagnostics(), raw_html, translator=self)
        self.package, self.units = package, list[Unit]()

    def rewritten(
        self, lines: Sequence[Line], place: Place, page: str, html: bool
    ) -> tuple[list[str], list[Place]]:
        """Note the units; nothing needs to be made of the rest."""
        name = domain(place.path, self.package)
        for piece in split("\n".join(line for _, line in lines), html):
            if piece.unit:
                here = Place(place.path, place.line + lines[piece.line][0])
                self.units.append(Unit(piece.message, piece.kind, name, here))
        return [""], [place]


def extract_module(
    module: Module, raw_html: bool = False, package: str = ""
) -> list[Unit]:
    """The units of a module, in the order of its page.

    `package` is the folder whose own folders are domains, by default the module's.
    """
    recorder = _Recorder(package or module.path.partition("/")[0], raw_html)
    document(module, module.path, recorder)
    return recorder.units


def extract_text(path: str, text: str, line: int = 1, package: str = "") -> list[Unit]:
    """The units of a page in Markdown, without front matter, from its line."""
    recorder = _Recorder(package)
    to_markdown(text, Place(path, line), path, recorder)
    return recorder.units


# ## Who says it


def in_attribute(text: str) -> str:
    """Words that a theme writes into its HTML as they are."""
    return text.replace("<", "&lt;").replace('"', "&quot;")


@dataclass
class Voice:
    """A language, or none: then all is said as it is written.

    `units` are those of each page: the same in all languages, which may share them.
    `errors` is what is wrong in the catalogs.
    """

    units: Cache
    translator: Translator | None = None
    errors: list[Diagnostic] = field(default_factory=list)

    @classmethod
    def read(cls, settings: Settings, shared: Cache | None = None) -> "Voice":
        """The voice that the catalogs of a site give, with the units of another.

        **Raises.** `OSError` if a catalog or the glossary cannot be read.
        """
        folder, language, cache = settings.locale, settings.language, settings.cache
        units = shared or Cache.read(cache / "units.json")
        if not language:
            return cls(units)
        catalogs = Catalogs.read(folder, language)
        glossary = Glossary.read(folder / "glossary.csv", language)
        known = Cache.read(cache / f"checked-{language}.json")
        report = check(catalogs, glossary, known)
        _log.info("%s: %s", language, report.count())
        if not catalogs.domains:
            where = folder / language
            _log.warning("%s has no catalogs: `litweave catalogs` makes them", where)
        return cls(units, Translator(catalogs, settings.root.name), report.errors)

    def expect(
        self, uri: str, source: Module | str, place: Place, raw_html: bool
    ) -> None:
        """Know what a page says: that of a module, or of a text by hand."""
        if not self.translator:
            return
        package = self.translator.package
        if isinstance(source, Module):
            text = source.source
            make = partial(extract_module, source, raw_html, package)
        else:
            text, make = source, partial(extract_text, uri, source, place.line, package)
        key = digest(own(), text, str(place), package, str(raw_html))
        rows = self.units.get(uri, key, lambda: [astuple(unit) for unit in make()])
        units = [Unit(text, k, name, Place(*at)) for text, k, name, at in rows]
        self.translator.expect(uri, units)

    def keep(self) -> None:
        """Keep the units of all pages for the next build."""
        if self.translator:
            self.units.write()

    def key(self, uri: str) -> Iterable[str]:
        """What a page depends on for its language."""
        pages = self.translator.pages if self.translator else {}
        said = [(said.words, said.state.value) for _, said in pages.get(uri, ())]
        return [repr(said)] if uri in pages else []

    @property
    def interface(self) -> str:
        """What is shown of other pages; all of it is kept with each page."""
        entries = self.translator.catalogs.entries() if self.translator else ()
        shown = [e for e in entries if not _SHOWN.isdisjoint(e.kinds)]
        said = [(entry.message, entry.translation) for entry in shown]
        return repr(said) if self.translator else ""

    def translate_front(self, front: MutableMapping[str, Any]) -> None:
        """Put into words what a page says of itself."""
        for name in _FRONT:
            if self.translator and isinstance(front.get(name), str):
                front[name] = in_attribute(self.translator.word(front[name]))

    def spoken(self, html: str) -> str:
        """HTML with the renderer's own words in this language."""
        if not self.translator:
            return words.said(html)
        language, word = self.translator.catalogs.language, self.translator.word
        return words.said(html, Speaker(language, word, self._heading))

    def _heading(self, message: str, path: str) -> str | None:
        """The translation of a heading, without the marks of Markdown."""
        assert self.translator
        said = self.translator.say(message, path)
        return escape(plain(said.words)) if said.state != State.MISSING else None
