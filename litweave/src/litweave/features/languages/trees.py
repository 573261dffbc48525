r"""Trees: the site once more in each language, `zh/`, beside the one at the root.

When the root is written, MkDocs is asked for each language within the same process, so
only words are new. A tree holds pages and their search index; every other file lies at
the root. At the same priority, plugins have their turn in the order of `mkdocs.yml`,
where `litweave` stands above this one.
"""

import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from html import escape
from itertools import chain
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from jinja2 import Template
from mkdocs.config import config_options as options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, PluginCollection, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from litweave import node
from litweave.features.languages import State, Translator, in_attribute
from litweave.features.languages.catalogs import Unit
from litweave.headings import anchors
from litweave.mkdocs_build import load, run
from litweave.overlay import island
from litweave.words import listed, word

# Addresses on a page that may be those of files: in attributes, and where the theme's
# script reads its settings.
_ADDRESS = re.compile(r'(\s[\w-]+="|"search":\s*")([^"\s:?#]+)(?=["?#])')
_HTML = re.compile(r'(<html lang=")[^"]*"')
_ARTICLE = re.compile(r'(<article class="md-content__inner md-typeset)(">)')
_OWN = Path(__file__).parent
_LOST = "There is no page at this address.", "To the home page"
_ABOUT = "translation.md"
_STATUS = (_OWN / "status.html").read_text("utf-8")
_NAMES: dict[str, Any] = {"word": word, "listed": listed}
_MACROS: Any = Template(_STATUS, autoescape=True).make_module(_NAMES)
_log = logging.getLogger("mkdocs.plugins.litweave")


def tag(language: str) -> str:
    """The language as `<html lang>` has it; Chinese is written in two ways."""
    return "zh-Hans" if language == "zh" else language


def territory(language: str) -> str:
    """The language with the country where most speak it, for `og:locale`: `zh_CN`."""
    locale = Locale.parse(language, sep="-")
    likely = get_global("likely_subtags").get(locale.language, "")
    return f"{locale.language}_{locale.territory or likely.rpartition('_')[2]}"


def _tree(language: str) -> dict[str, str]:
    """What the menu has of a tree; none is the root, which is English."""
    code = language or "en"
    try:
        name = Locale.parse(code, sep="-").display_name
    except (UnknownLocaleError, ValueError) as error:
        message = f"“{code}” is no language: write a code such as “zh” or “pt-BR”"
        raise PluginError(f"litweave-languages: {message}") from error
    return {"folder": language and f"{language}/", "name": str(name), "tag": tag(code)}


class LanguagesConfig(Config):
    """The options under `litweave-languages:` in `mkdocs.yml`."""

    languages = options.ListOfItems(options.Type(str), default=[])
    """The languages to build besides that of the sources: `zh`, `ja`."""

    once = options.ListOfItems(options.Type(str), default=[])
    """Plugins whose work is done when the root is built."""


class LanguagesPlugin(BasePlugin[LanguagesConfig]):
    """The trees of a site, and the way from one to another."""

    source, language = "en", ""  # of the root; of the tree that is being built
    leaves_site = True  # a preview does not, and has one language
    trees: Mapping[str, Translator] = {}  # who spoke in each that was built

    def on_config(self, config: MkDocsConfig) -> None:
        """Let the theme make a menu of the languages."""
        plugins = [*config.plugins]
        if "litweave" not in plugins[: plugins.index("litweave-languages")]:
            raise PluginError("litweave-languages needs the plugin litweave above it")
        self.site = config.plugins["litweave"].site  # type: ignore[attr-defined]
        self.translator: Translator = self.site.voice
        self.leaves_site = not self.site.is_preview
        if self.language:
            self._translate(config)
        elif (source := config.theme.get("language", "en")) != self.source:
            raise PluginError(
                f"litweave-languages: the pages are in “{source}” (`language` of the "
                "theme), and trees can be made of English pages only"
            )
        if self.leaves_site and self.config.languages:
            # The theme has a menu. Of a list, it would ask for the map of each tree.
            config.extra["alternate"] = True
            config.extra["weave_trees"] = {
                "here": self.language and f"{self.language}/",
                "about": _ABOUT,
                "all": [*map(_tree, ("", *self.config.languages))],
            }
            # What the site itself has comes first.
            folder = str(_OWN / "theme")
            config.theme.dirs.insert(1 if config.theme.custom_dir else 0, folder)

    def _translate(self, config: MkDocsConfig) -> None:
        """Put into words what the configuration says, and leave files to the root."""
        word = self.translator.word
        for option in ("site_name", "site_description", "repo_name"):
            config[option] = in_attribute(word(config[option] or ""))
        config.copyright = word(config.copyright or "")
        palettes = config.theme.get("palette", [])
        for palette in palettes if isinstance(palettes, list) else [palettes]:
            toggle = palette.get("toggle") or {}
            if "name" in toggle:
                toggle["name"] = in_attribute(word(toggle["name"]))
        config.theme.static_templates.clear()

    # ## A tree

    def on_files(self, files: Files, *, config: MkDocsConfig) -> None:
        """Add the page that tells how far the translation is."""
        if self.language:
            text = str(_OWN / "status.md")
            self.about = File.generated(config, _ABOUT, abs_src_path=text)
            self.about.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(self.about)

    @event_priority(100)  # before litweave knows what all pages have in common
    def on_nav(self, nav: Navigation, **_: Any) -> None:
        """Translate the titles of the navigation."""
        if self.language:
            items = [*nav.items]
            for item in items:
                items += item.children or []
                if item.title:  # or the heading of the page is its title
                    item.title = self.translator.word(str(item.title))

    @event_priority(-100)  # when every plugin has brought its files
    def on_env(self, env: Any, *, files: Files, **_: Any) -> None:
        """Bring no file of the root a second time."""
        if self.language:
            shared = [file for file in files if not file.is_documentation_page()]
            self.shared = {normpath(file.url) for file in shared}
            self.words = defaultdict[str, dict[str, str]](dict)
            for file in shared:
                files.remove(file)
                if file.src_uri.endswith(".js"):
                    for message in script_messages(file.content_bytes.decode()):
                        if (said := self.translator.word(message)) != message:
                            self.words[f"{dirname(file.url)}/"][message] = said

    @event_priority(-100)  # when all others have had the page
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Let a page of a tree say what it is, and find what lies at the root."""
        if not self.language:
            return output

        @cache  # A page has most of its addresses, and what looks like one, many times.
        def place(written: str) -> str:
            path = normpath(join(dirname(page.url), written))
            here = f"{self.language}/{page.url}"
            return get_relative_url(path, here) if path in self.shared else written

        output = _ADDRESS.sub(lambda match: match[1] + place(match[2]), output)
        # The script of the search parts words as those of the index are.
        parted = " data-weave-parted" if is_parted(self.language) else ""
        output = _HTML.sub(rf'\1{tag(self.language)}"{parted}', output, count=1)
        said = dict[str, str]()
        for folder, words in self.words.items():
            said |= words if re.search(rf'src="[./]*{folder}\w', output) else {}
        output = output.replace("</head>", f"{island('weave-words', said)}\n</head>", 1)
        # A line above the text tells how much is translated.
        units = self.translator.pages.get(page.file.src_uri)
        if not units or page.file == self.about:  # of which there is more to be said
            return output
        about = get_relative_url(self.about.url, page.url)
        line = self.translator.spoken(_MACROS.told(units, about, config.repo_url))
        is_bare = all(said.state == State.MISSING for _, said in units)
        bare = " weave-untranslated" if is_bare else ""
        return _ARTICLE.sub(lambda m: f"{m[1]}{bare}{m[2]}\n{line}", output, count=1)

    @event_priority(-100)  # when all pages are there, or what search has written
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """In a tree, let search know where words end, and count; at the root, build."""
        folder, languages = Path(config.site_dir), self.config.languages
        if self.language:
            part_words(folder / "search/search_index.json", self.language)
            self._lead_home(folder.parent, config)
            path, report = Path(self.about.abs_dest_path), self._report(config.repo_url)
            html = path.read_text("utf-8").replace("<!-- weave-status -->", report, 1)
            path.write_text(html, "utf-8")
        elif self.leaves_site and languages:
            self._lead_home(folder, config)
            self.trees = {code: self._build(config, code) for code in languages}

    def _report(self, source: str | None) -> str:
        translator = self.translator
        for text in _CALL.findall(_STATUS):  # Not all of them are said on some page.
            translator.word(text)
        # What is said at many places is one entry.
        said = translator.states.items()
        entries = {(unit.domain, unit.message): state for unit, state in said}
        counts = Counter((name, state) for (name, _), state in entries.items())
        names, book = sorted({name for name, _ in counts}), self.site.book
        return translator.spoken(
            _MACROS.report(names, counts, translator, book, self._address, source)
        )

    def _address(self, page: str, unit: Unit) -> str:
        """Where a unit stands: in a row of a module, or somewhere on another page."""
        book = self.site.book
        address = get_relative_url(book.url(page), self.about.url)
        if chapter := book.chapters.get(page):
            module = chapter.module
            for row, name in zip(module.rows, anchors(module), strict=True):
                if row.start <= unit.line <= row.end:
                    return f"{address}#{quote(name)}"
        return address

    def _lead_home(self, root: Path, config: MkDocsConfig) -> None:
        """Let the page of what is not there say so in this language, too."""
        missing, home = map(self.translator.word, _LOST)
        language = "en" if (missing, home) == _LOST else tag(self.language)
        # A server shows it at any address.
        here = urlsplit(config.site_url or f"/{self.language}/").path.rstrip("/")
        link = f'<a href="{here}/">{escape(home)}</a>'
        line = f'<p lang="{language}">{escape(missing)} {link}</p>\n'
        if (page := root / "404.html").is_file():
            before, end, rest = page.read_text("utf-8").partition("</article>")
            page.write_text(before.rstrip() + "\n" + line + end + rest, "utf-8")

    # ## The trees

    def _build(self, config: MkDocsConfig, language: str) -> Translator:
        _log.info("Building the site in %s", language)
        tree = self._configured(config, language)
        own: Any = tree.plugins["litweave-languages"]
        own.language = language
        run(tree)
        translator: Translator = own.translator
        units = chain.from_iterable(translator.pages.values())
        counts = Counter(said.state for _, said in units)
        _log.info(
            "%s: %d of %d units are translated, and the English of %d more has changed",
            *(language, counts[State.CURRENT], counts.total(), counts[State.CHANGED]),
        )
        return translator

    def _configured(self, config: MkDocsConfig, language: str) -> MkDocsConfig:
        tree = load(
            config.config_file_path,
            site_url=config.site_url and urljoin(config.site_url, f"{language}/"),
            site_dir=str(Path(config.site_dir, language)),
            use_directory_urls=config.use_directory_urls,
            strict=False,  # the root counts the warnings of all
        )
        plugins, tree.plugins = tree.plugins, PluginCollection()
        for plugin, it in plugins.items():
            if plugin not in self.config.once:
                tree.plugins[plugin] = it
        weave: Any = tree.plugins["litweave"]
        # The root may have been told others than those of the file.
        weave.config.update(config.plugins["litweave"].config, language=language)
        weave.shared = self.site
        finder = tree.plugins.get("material/search")
        if finder and is_parted(language):
            finder.config.update(SEARCH)
        return tree


# ## What scripts say

# In a script, or in a template.
_CALL = re.compile(r'\b(?:t|word)\(\s*"((?:[^"\\\n]|\\.)+)"')


def script_messages(script: str) -> list[str]:
    """What a script says with `t("…")`, if it brings in `words.js`."""
    found = _CALL.findall(script) if "/words.js" in script else []
    return [str(json.loads(f'"{text}"')) for text in found]


# ## The search
# In Chinese and Japanese, its index has U+200B, which has no width, between two words.

# Runs of Chinese characters and of kana.
_RUN = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
# The reader's browser parts by the same rules (`assets/search.js`).
_PROGRAM = """
const { language, runs } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const segmenter = new Intl.Segmenter(language, { granularity: "word" });
const cut = (run) => Array.from(segmenter.segment(run), ({ segment }) => segment);
answer(runs.map((run) => cut(run).join("\\u200b")));
"""
# Languages whose words have no stemmer, and the search for them: a word ends where one
# does in English, and at the punctuation of both.
_PARTED = {"zh", "ja", "si"}
_ENDS = r"\s\u200b\u3000\-,:;!?=(){}\[\]<>\"'/"
_ENDS += "、。，．：；？！（）「」『』“”‘’《》〈〉【】…·・／"
SEARCH = {"lang": ["en"], "pipeline": [], "separator": rf"[{_ENDS}]+|\.(?!\d)|&[a-z]+;"}


def is_parted(language: str) -> bool:
    """Whether the search in a language knows its words by these rules."""
    return language.partition("-")[0] in _PARTED


def part_words(index: Path, language: str) -> None:
    """Part the words of some languages in an index of the search.

    **Raises.** `PluginError` if there is no Node to do it.
    """
    if not is_parted(language) or not index.is_file():
        return
    known = json.loads(index.read_text("utf-8"))
    # MkDocs writes six characters for a letter: a sixth more to load, compressed.
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    runs = sorted({*_RUN.findall(text)})
    try:  # by the rules of Unicode
        parts = node.run(_PROGRAM, {"language": language, "runs": runs}) if runs else []
    except node.NodeError as error:
        raise PluginError(f"words for the search in {language}: {error}") from error
    words = dict(zip(runs, parts, strict=True))
    index.write_text(_RUN.sub(lambda run: words[run[0]], text), "utf-8")
