r"""Trees: the site once more in each language, `zh/`, beside the one at the root.

When the root is written, MkDocs is asked for each language within the same process, so
only words are new (see `Book.shared`). A tree holds pages and their search index; every
other file lies at the root. At the same priority, plugins have their turn in the order
of `mkdocs.yml`, where `litweave` stands above this one.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path
from posixpath import dirname, join, normpath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from mkdocs.commands.build import build
from mkdocs.config import config_options as options
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, PluginCollection, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from litweave.features.languages import scripts, status
from litweave.features.languages.catalogs import Unit
from litweave.features.languages.translator import State, Translator
from litweave.features.languages.voice import in_attribute
from litweave.mkdocs_plugin import LitweavePlugin
from litweave.theme import language_of

_EARLY, _LATE = 100, -100
# Addresses on a page that may be those of files: in attributes, and where the theme's
# script reads its settings.
_ADDRESS = re.compile(
    r"""(?P<before>\s[\w-]+="|"search":\s*") (?P<address>[^"\s:?\#]+) (?=["?\#])""",
    re.VERBOSE,
)
_HTML = re.compile(r'(<html lang=")[^"]*"')
# Where the script of Chinese must be said, for one language is written in two.
_TAGS = {"zh": "zh-Hans"}
_THEME = Path(__file__).parent / "theme"
_log = logging.getLogger("mkdocs.plugins.litweave")


def name(language: str) -> str:
    """What a language calls itself.

    >>> name("zh"), name("ja"), name("si")
    ('中文', '日本語', 'සිංහල')
    """
    return str(Locale.parse(language, sep="-").display_name)


def tag(language: str) -> str:
    """The language as `<html lang>` has it.

    >>> tag("zh"), tag("ja")
    ('zh-Hans', 'ja')
    """
    return _TAGS.get(language, language)


def territory(language: str) -> str:
    """The language with the country where most speak it, as `og:locale` has it.

    >>> territory("zh"), territory("si"), territory("en")
    ('zh_CN', 'si_LK', 'en_US')
    """
    locale = Locale.parse(language, sep="-")
    likely = get_global("likely_subtags").get(locale.language, "")
    return f"{locale.language}_{locale.territory or likely.rpartition('_')[2]}"


class LanguagesConfig(Config):
    """The options under `litweave-languages:` in `mkdocs.yml`."""

    languages = options.ListOfItems(options.Type(str), default=[])
    """The languages to build besides that of the sources: `zh`, `ja`."""

    once = options.ListOfItems(options.Type(str), default=[])
    """Plugins whose work is done when the root is built."""


class LanguagesPlugin(BasePlugin[LanguagesConfig]):
    """The trees of a site, and the way from one to another."""

    language = ""  # of the tree that is being built; none for the root
    trees: Mapping[str, Translator] = {}  # who spoke in each that was built
    leaves_site = True  # a preview does not, and has one language

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview."""
        self.leaves_site = command != "serve"

    def on_config(self, config: MkDocsConfig) -> None:
        """Let the theme make a menu of the languages."""
        above = takewhile(lambda plugin: plugin is not self, config.plugins.values())
        weave = next((p for p in above if isinstance(p, LitweavePlugin)), None)
        if not weave:
            raise PluginError("litweave-languages needs the plugin litweave above it")
        self.weave = weave
        if self.language:
            assert weave.site.translator, "a tree has a language"
            self.translator = weave.site.translator
            self._translate(config)
        else:
            self.source = str(config.theme.get("language", "en"))
            for message in self._wrong(config):
                raise PluginError(f"litweave-languages: {message}")
        if self.leaves_site and self.config.languages:
            # The theme has a menu. Of a list, it would ask for the map of each tree.
            config.extra["alternate"] = True
            folders = {f"{code}/": code for code in self.config.languages}
            config.extra["weave_trees"] = {
                "here": f"{self.language}/" if self.language else "",
                "about": status.URI,
                "all": [
                    {"folder": folder, "name": name(code), "tag": tag(code)}
                    for folder, code in {"": self.source, **folders}.items()
                ],
            }
            # What the site itself has comes first.
            config.theme.dirs.insert(1 if config.theme.custom_dir else 0, str(_THEME))

    def _wrong(self, config: MkDocsConfig) -> Iterator[str]:
        """Why there can be no tree in one of the languages."""
        languages = self.config.languages
        if self.source != "en":
            yield (
                f"the pages are in “{self.source}” (`language` of the theme), and "
                "trees can be made of English pages only"
            )
        for language in languages:
            try:
                Locale.parse(language, sep="-")
            except (UnknownLocaleError, ValueError) as error:
                yield (
                    f"“{language}” is no language: write a code such as “zh” or “pt-BR”"
                    f" ({error})"
                )
            if languages.count(language) > 1 or language == self.source:
                yield f"“{language}” is there twice"
        for plugin in self.config.once:
            if plugin not in config.plugins:
                yield f"once: no plugin “{plugin}”"

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
            if files.get_file_from_path(status.URI):
                message = "%s is replaced by the page about the translation"
                _log.warning(message, status.URI)
            file = File.generated(config, status.URI, content=status.PAGE)
            self.about = file.url
            file.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(file)

    @event_priority(_EARLY)  # before litweave knows what all pages have in common
    def on_nav(self, nav: Navigation, **_: Any) -> None:
        """Translate the titles of the navigation."""
        if self.language:
            items = list(nav.items)
            while items:
                item = items.pop()
                items += item.children or []
                if item.title:  # or the heading of the page is its title
                    item.title = self.translator.word(str(item.title))

    @event_priority(_LATE)  # when every plugin has brought its files
    def on_env(self, env: Any, *, files: Files, **_: Any) -> None:
        """Bring no file of the root a second time."""
        if self.language:
            shared = [file for file in files if not file.is_documentation_page()]
            self.shared = {normpath(file.url) for file in shared}
            self.words = scripts.words(shared, self.translator.word)
            for file in shared:
                files.remove(file)

    @event_priority(_LATE)  # when all others have had the page
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Let a page of a tree say what it is, and find what lies at the root."""
        if not self.language:
            return output
        output = self._to_root(output, page.url, config.site_url or "")
        # The script of the search parts words as those of the index are.
        parted = " data-weave-parted" if scripts.is_parted(self.language) else ""
        output = _HTML.sub(rf'\1{tag(self.language)}"{parted}', output, count=1)
        output = scripts.with_words(output, self.words)
        if page.file.src_uri == status.URI:
            book = self.weave.site.book
            return status.filled(output, page.url, self.translator, book)
        about, uri = get_relative_url(self.about, page.url), page.file.src_uri
        return status.told(output, uri, about, self.translator, config.repo_url)

    def _to_root(self, output: str, url: str, tree: str) -> str:
        """Let a page ask for files where they are: at the root."""
        here = f"{self.language}/{url}"
        # A page has most of its addresses, and all that looks like one, many times.
        places = dict[str, str]()

        def address(match: re.Match[str]) -> str:
            written = match["address"]
            if written not in places:
                path = normpath(join(dirname(url), written))
                is_shared = path in self.shared
                places[written] = get_relative_url(path, here) if is_shared else written
            return match["before"] + places[written]

        output = _ADDRESS.sub(address, output)
        root = tree.removesuffix(f"{self.language}/")
        for path in re.findall(rf'content="{re.escape(tree)}([^"]+)"', output):
            if path in self.shared:
                output = output.replace(f'"{tree}{path}"', f'"{root}{path}"')
        return output

    # ## The root

    @event_priority(_LATE)  # when the root is there, or what search has written
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Build the trees; in one, let search know where the words are."""
        if self.language:
            if scripts.is_parted(self.language):
                index = Path(config.site_dir, scripts.INDEX)
                scripts.part_words(index, self.language)
        elif self.leaves_site:
            codes = self.config.languages
            self.trees = {code: self._build(config, code) for code in codes}

    def _build(self, config: MkDocsConfig, language: str) -> Translator:
        """Build a tree into a folder of the site; who has spoken in it."""
        _log.info("Building the site in %s", language)
        tree = self._configured(config, language)
        own = tree.plugins["litweave-languages"]
        assert isinstance(own, LanguagesPlugin)
        _run(tree)
        units = chain.from_iterable(own.translator.pages.values())
        counts = Counter(said.state for _, said in units)
        _log.info(
            "%s: %d of %d units are translated, and the English of %d more has changed",
            *(language, counts[State.CURRENT], counts.total(), counts[State.CHANGED]),
        )
        return own.translator

    def _configured(self, config: MkDocsConfig, language: str) -> MkDocsConfig:
        """The configuration of the site, for a tree."""
        address = urljoin(config.site_url, f"{language}/") if config.site_url else None
        with _plugins_of_its_own():
            tree = load_config(
                config.config_file_path,
                site_url=address,
                site_dir=str(Path(config.site_dir, language)),
                use_directory_urls=config.use_directory_urls,
                strict=False,  # the root counts the warnings of all
            )
        tree.theme["language"] = language_of(config.theme.dirs, language)
        plugins = tree.plugins.items()
        tree.plugins = PluginCollection()
        for plugin, it in plugins:
            if plugin not in self.config.once:
                tree.plugins[plugin] = it
        weave, own = tree.plugins["litweave"], tree.plugins["litweave-languages"]
        assert isinstance(weave, LitweavePlugin)
        assert isinstance(own, LanguagesPlugin)
        weave.config["language"], weave.shared = language, self.weave.site
        own.language, own.source = language, self.source
        finder = tree.plugins.get("material/search")
        if finder and scripts.is_parted(language):
            finder.config.update(scripts.SEARCH)
        return tree


def find_units(
    file: Path, told: Mapping[str, Any]
) -> tuple[Path, dict[str, list[Unit]]]:
    """The folder of a site's catalogs, and all that it has to translate, by language.

    `file` is its `mkdocs.yml`, of whose options some are `told`. The site is built as
    always, into a folder that is thrown away: so there is no second opinion of what it
    shows.

    **Raises.** `MkDocsException` if the site cannot be built, or has no languages.
    """
    with TemporaryDirectory() as folder, _plugins_of_its_own():
        site = str(Path(folder, "site"))
        # What is wrong in a catalog is to be listed, and not to be in the way.
        config = load_config(str(file), site_dir=site, strict=False)
        plugin = config.plugins.get("litweave-languages")
        if not isinstance(plugin, LanguagesPlugin) or not plugin.config.languages:
            raise PluginError(f"{file} names no languages under litweave-languages")
        if "litweave" in config.plugins:
            options = {n: told[n] for n in told if n not in ("source", "language")}
            config.plugins["litweave"].config.update(options)
        _run(config)
        found = {code: speaker.units for code, speaker in plugin.trees.items()}
        return plugin.weave.site.settings.locale, found


def _run(config: MkDocsConfig) -> None:
    """Build a site as MkDocs' own command does."""
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()


@contextmanager
def _plugins_of_its_own() -> Iterator[None]:
    """Let a configuration have new plugins, and not those of the one before."""
    # MkDocs keeps those with an `on_startup` on its class, in a cache that is not
    # documented; no function of it makes a configuration without.
    option = MkDocsConfig.plugins
    assert isinstance(option, options.Plugins)
    cache = option.plugin_cache
    before = dict(cache)
    cache.clear()
    try:
        yield
    finally:
        cache.clear()
        cache.update(before)
