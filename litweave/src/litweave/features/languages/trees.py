r"""# Trees: the site once more in each language

The site in the language of its sources lies at the root. In every other one it is a
*tree* of its own beside it, `zh/`, with the same pages at the same addresses:

```yaml
plugins:
  - litweave:
      source: my_package
  - litweave-languages:
      languages: [zh, ja]
      once: [redirects]
```

One command builds them all. When the pages of the root are written, MkDocs is asked for
each language once more, within the same process: what was read, measured and proved is
there already (see [`Book.shared`][litweave.book.Book.shared]), and only words are new.

A tree holds pages and what search finds in them. Every other file, be it a script, a
picture or a notebook to download, is the same in all languages: it lies at the root,
and the pages of a tree ask for it there.

The head of each page has a menu with the languages. It leads to the same page, by a
link that is relative, so it works on any server, without a script and before one has
come. What the theme itself would make of `extra.alternate` leads to the first page, and
asks each language for its map of the site on every page.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from posixpath import dirname, join, normpath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin, urlsplit

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from mkdocs.commands.build import build
from mkdocs.config import config_options as options
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from litweave.features.languages import segments, status
from litweave.features.languages.catalogs import Unit
from litweave.features.languages.translator import State, Translator
from litweave.features.languages.voice import in_attribute
from litweave.mkdocs_plugin import LitweavePlugin
from litweave.node import NodeError
from litweave.page_cache import entries_of_all
from litweave.theme import language_of

# What a menu of the theme links to, until it is known on which page it stands.
_SCHEME = "weave-language:"
_ALTERNATE = re.compile(rf'\s*<link rel="alternate" href="{_SCHEME}[^>]*>')
_LINK = re.compile(rf'href="{_SCHEME}([\w-]*)" (?P<lang>hreflang="[^"]*")')
# Addresses on a page that may be those of files: in attributes, and where the theme's
# script reads its settings.
_ADDRESS = re.compile(
    r"""
    (?P<before> \s [\w-]+ =" | "search":\s*" )
    (?P<address> [^"\s:?\#]+ ) (?=["?\#])
    """,
    re.VERBOSE,
)
_HTML = re.compile(r'(<html lang=")[^"]*"')
# What a script of ours has that says something, and where it does.
_IMPORT = "/words.js"
_CALL = re.compile(r'\bt\(\s*"((?:[^"\\\n]|\\.)+)"')
_LOCATION = re.compile(r"<url>\s*<loc>([^<]*)</loc>.*?</url>", re.DOTALL)
# Where the script of Chinese must be said, for one language is written in two.
_TAGS = {"zh": "zh-Hans"}
_THEME = Path(__file__).parent / "theme"
_log = logging.getLogger("mkdocs.plugins.litweave")


class LanguagesConfig(Config):
    """The options under `litweave-languages:` in `mkdocs.yml`."""

    languages = options.ListOfItems(options.Type(str), default=[])
    """The languages to build besides that of the sources: `zh`, `ja`."""

    once = options.ListOfItems(options.Type(str), default=[])
    """Plugins whose work is done when the root is built."""


def name(language: str) -> str:
    """What a language calls itself.

    >>> name("ja")
    '日本語'
    """
    return str(Locale.parse(language, sep="-").display_name)


def tag(language: str) -> str:
    """The language as `<html lang>` has it: `zh-Hans`."""
    return _TAGS.get(language, language)


def territory(language: str) -> str:
    """The language with the country where most speak it, as `og:locale` has it.

    >>> territory("zh"), territory("en")
    ('zh_CN', 'en_US')
    """
    locale = Locale.parse(language, sep="-")
    likely = get_global("likely_subtags").get(locale.language, "")
    return f"{locale.language}_{locale.territory or likely.rpartition('_')[2]}"


def _checked(languages: Sequence[str], source: str) -> None:
    """Refuse languages that no tree can have."""
    if source != "en":
        raise PluginError(
            f"litweave-languages: the pages are in “{source}” (`language` of the "
            "theme), and trees can be made of English pages only"
        )
    for language in languages:
        try:
            Locale.parse(language, sep="-")
        except (UnknownLocaleError, ValueError) as error:
            raise PluginError(
                f"litweave-languages: “{language}” is no language: write a code such "
                f"as “zh” or “pt-BR” ({error})"
            ) from None
        if languages.count(language) > 1 or language == source:
            raise PluginError(f"litweave-languages: “{language}” is there twice")


class LanguagesPlugin(BasePlugin[LanguagesConfig]):
    """The trees of a site, and the way from one to another."""

    language = ""
    """That of the tree which is being built; none for the root."""

    root = ""
    """The address of the root."""

    trees: Mapping[str, Translator] = {}
    """Who spoke in each tree that was built."""

    leaves_site = True
    """Whether this run leaves a site behind: a preview has one language."""

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview."""
        self.leaves_site = command != "serve"

    @event_priority(-50)  # when litweave has read the catalogs
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Let the theme make a menu of the languages."""
        weave = config.plugins.get("litweave")
        if not isinstance(weave, LitweavePlugin):
            raise PluginError("litweave-languages needs the plugin litweave")
        self.weave = weave
        if not self.language:
            self.source = str(config.theme.get("language", "en"))
            _checked(self.config.languages, self.source)
            for plugin in self.config.once:
                if plugin not in config.plugins:
                    raise PluginError(f"litweave-languages: once: no plugin “{plugin}”")
        if self.leaves_site and self.config.languages:
            config.extra["alternate"] = [
                {
                    "name": name(code or self.source),
                    "link": _SCHEME + code,
                    "lang": lang,
                }
                for code, lang in self._tags.items()
            ]
        if self.language:
            self._translate(config)
        else:
            self.root = config.site_url or ""
        return config

    @property
    def _tags(self) -> dict[str, str]:
        """The root and the trees, with the tags of their languages."""
        trees = {code: tag(code) for code in self.config.languages}
        return {"": tag(self.source), **trees}

    @property
    def translator(self) -> Translator:
        """Who knows the words of the tree."""
        assert self.weave.site.translator, "a tree has a language"
        return self.weave.site.translator

    def _translate(self, config: MkDocsConfig) -> None:
        """Put into words what the configuration says, and leave files to the root."""
        word = self.translator.word
        config.site_name = in_attribute(word(config.site_name))
        config.site_description = in_attribute(word(config.site_description or ""))
        config.copyright = word(config.copyright or "")
        config.repo_name = in_attribute(word(config.repo_name or ""))
        palettes = config.theme.get("palette", [])
        for palette in palettes if isinstance(palettes, list) else [palettes]:
            toggle = palette.get("toggle") or {}
            if "name" in toggle:
                toggle["name"] = in_attribute(word(toggle["name"]))
        config.theme.static_templates.clear()
        # Words of the theme that it lacks; those of the site itself come first.
        config.theme.dirs.insert(1 if config.theme.custom_dir else 0, str(_THEME))

    # ## A tree

    def on_files(self, files: Files, *, config: MkDocsConfig) -> None:
        """Add the page that tells how far the translation is."""
        if self.language:
            if files.get_file_from_path(status.URI):
                _log.warning(
                    "%s is replaced by the page about the translation", status.URI
                )
            file = File.generated(config, status.URI, content=status.PAGE)
            self.about = file.url
            file.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(file)

    @event_priority(100)  # before litweave knows what all pages have in common
    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Translate the titles of the navigation."""
        if self.language:
            items = list(nav.items)
            while items:
                item = items.pop()
                items += item.children or []
                if item.title:  # or the heading of the page is its title
                    item.title = self.translator.word(str(item.title))
        return nav

    @event_priority(-200)  # when every plugin has brought its files
    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:
        """Bring no file of the root a second time."""
        if self.language:
            shared = [file for file in files if not file.is_documentation_page()]
            self.shared = {normpath(file.url) for file in shared}
            self.scripts = self._scripts(shared)
            for file in shared:
                files.remove(file)
        return env

    def _scripts(self, files: Iterable[File]) -> dict[str, dict[str, str]]:
        """The words of the scripts in each folder, as this language has them."""
        found = dict[str, dict[str, str]]()
        for file in files:
            if not file.src_uri.endswith(".js"):
                continue
            script = file.content_bytes.decode("utf-8", "replace")
            if _IMPORT in script:
                words = found.setdefault(f"{dirname(file.url)}/", {})
                for text in _CALL.findall(script):
                    english = _literal(text, file.src_uri)
                    words[english] = self.translator.word(english)
        return found

    @event_priority(-200)  # when all others have had the page
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Fill in the menu, and what a page of a tree says of itself."""
        output = self._with_menu(output, page.url)
        if not self.language:
            return output
        output = self._to_root(output, page.url)
        # The script of the search parts words as those of the index are.
        parted = " data-weave-parted" if _is_parted(self.language) else ""
        output = _HTML.sub(rf'\1{tag(self.language)}"{parted}', output, count=1)
        output = self._with_words(output)
        uri = page.file.src_uri
        if uri == status.URI:
            book, url = self.weave.site.book, page.url
            return status.filled(output, url, self.translator, book)
        about = get_relative_url(self.about, page.url)
        return status.told(output, uri, about, self.translator, config.repo_url)

    def _with_menu(self, output: str, url: str) -> str:
        """Let the menu lead to the same page of each tree."""

        def address(match: re.Match[str]) -> str:
            is_about = bool(self.language) and url == self.about
            there = "" if is_about and not match[1] else url
            target = f"{match[1]}/{there}" if match[1] else there
            here = f"{self.language}/{url}" if self.language else url
            return _link(match, get_relative_url(target, here), self.language)

        return _LINK.sub(address, _ALTERNATE.sub("", output))

    def _to_root(self, output: str, url: str) -> str:
        """Let a page ask for files where they are: at the root."""
        # A page has most of its addresses, and all that looks like one, many times.
        places = dict[str, str]()

        def address(match: re.Match[str]) -> str:
            written = match["address"]
            if written not in places:
                path = normpath(join(dirname(url), written))
                here = f"{self.language}/{url}"
                is_shared = path in self.shared
                places[written] = get_relative_url(path, here) if is_shared else written
            return match["before"] + places[written]

        output = _ADDRESS.sub(address, output)
        for path in re.findall(r'content="([^"]+)"', output):
            if path.startswith(self.root + self.language):
                file = path.removeprefix(f"{self.root}{self.language}/")
                if file in self.shared:
                    output = output.replace(f'"{path}"', f'"{self.root}{file}"')
        return output

    def _with_words(self, output: str) -> str:
        """Bring the words of those scripts that a page asks for."""
        folders = [f for f in self.scripts if re.search(rf'src="[./]*{f}\w', output)]
        words = {k: v for f in folders for k, v in self.scripts[f].items() if k != v}
        # No text can end the element.
        text = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
        element = f'<script type="application/json" id="weave-words">{text}</script>'
        return output.replace("</head>", f"{element}\n</head>", 1)

    # ## The root

    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        """Tell search engines of the trees; let what is not there lead home."""
        if not (self.leaves_site and self.config.languages):
            return output_content
        site = config.site_url or "/"
        if template_name == "sitemap.xml":
            return self._mapped(output_content, site)
        path = urlsplit(site).path

        def address(match: re.Match[str]) -> str:
            return _link(match, urljoin(path, f"{match[1]}/" if match[1] else ""))

        return _LINK.sub(address, _ALTERNATE.sub("", output_content))

    def _mapped(self, sitemap: str, site: str) -> str:
        """A map of the site with the pages of all trees, each with its likes."""

        def entries(match: re.Match[str]) -> str:
            path = match[1].removeprefix(site)
            places = {
                code: f"{site}{code}/{path}" if code else match[1]
                for code in self._tags
            }
            likes = [*((self._tags[c], at) for c, at in places.items())]
            links = "".join(
                f'<xhtml:link rel="alternate" hreflang="{lang}" href="{at}"/>'
                for lang, at in [*likes, ("x-default", match[1])]
            )
            return "\n".join(
                f"<url><loc>{place}</loc>{links}</url>" for place in places.values()
            )

        space = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
        sitemap = sitemap.replace("<urlset ", f"<urlset {space} ", 1)
        return _LOCATION.sub(entries, sitemap)

    @event_priority(50)  # before search writes down what it has found
    def _cut_words(self, *, config: MkDocsConfig) -> None:
        """Let search know where the words are in a script that does not part them."""
        if _is_parted(self.language):
            try:
                segments.cut(entries_of_all(config) or [], self.language)
            except NodeError as error:
                raise PluginError(str(error)) from error

    @event_priority(-200)  # when the root is there
    def _build_trees(self, *, config: MkDocsConfig) -> None:
        """Build the tree of each language into a folder of the site."""
        if self.leaves_site and not self.language:
            self.trees = {
                language: self._build(config, language)
                for language in self.config.languages
            }

    on_post_build = CombinedEvent(_cut_words, _build_trees)

    def _build(self, config: MkDocsConfig, language: str) -> Translator:
        """Build a tree; what its translator has been asked for."""
        _log.info("Building the site in %s", language)
        settings = _settings(config, language, self.config.once)
        with _plugins_of_its_own():
            tree = load_config(config.config_file_path, **settings)
        weave, own = tree.plugins["litweave"], tree.plugins["litweave-languages"]
        assert isinstance(weave, LitweavePlugin)
        assert isinstance(own, LanguagesPlugin)
        weave.shared = self.weave.site
        own.language, own.source, own.root = language, self.source, self.root
        search = tree.plugins.get("material/search")
        if search and _is_parted(language):
            search.config.update(segments.SEARCH)
        tree.plugins.on_startup(command="build", dirty=False)
        try:
            build(tree)
        finally:
            tree.plugins.on_shutdown()
        counts = sum(own.translator.counts.values(), Counter[State]())
        _log.info(
            "%s: %d of %d units are translated, and the English of %d more has changed",
            *(language, counts[State.CURRENT], counts.total(), counts[State.CHANGED]),
        )
        return own.translator


def _link(match: re.Match[str], address: str, current: str | None = None) -> str:
    """Where an entry of the menu leads; its name is a word of that language."""
    lang = match["lang"]
    here = ' aria-current="true"' if match[1] == current else ""
    return f'href="{address}" {lang} {lang.removeprefix("href")}{here}'


def find_units(file: Path) -> tuple[Path, dict[str, list[Unit]]]:
    """The folder of a site's catalogs, and all that it has to translate, by language.

    `file` is its `mkdocs.yml`. The site is built as always, into a folder that is
    thrown away: so there is no second opinion of what it shows.

    **Raises.** `MkDocsException` if the site cannot be built, or has no languages.
    """
    with TemporaryDirectory() as folder, _plugins_of_its_own():
        site = str(Path(folder, "site"))
        # What is wrong in a catalog is to be listed, and not to be in the way.
        config = load_config(str(file), site_dir=site, strict=False)
        plugin = config.plugins.get("litweave-languages")
        if not isinstance(plugin, LanguagesPlugin) or not plugin.config.languages:
            raise PluginError(f"{file} names no languages under litweave-languages")
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build(config)
        finally:
            config.plugins.on_shutdown()
        found = {code: speaker.units for code, speaker in plugin.trees.items()}
        return plugin.weave.site.settings.locale, found


def _settings(config: MkDocsConfig, language: str, once: list[str]) -> dict[str, Any]:
    """What is different for a tree, in the configuration of the site."""
    # MkDocs empties the list of plugins while it reads it.
    with open(config.config_file_path, encoding="utf-8-sig") as file:
        written = yaml_load(file, get_yaml_loader(config=config))
    given, plugins = written["plugins"], list[dict[str, Any]]()
    for item in given.items() if isinstance(given, dict) else given:
        found = item if isinstance(item, dict) else {item: {}}
        pairs = [item] if isinstance(item, tuple) else found.items()
        for plugin, options_of_it in pairs:
            said = {"language": language} if plugin == "litweave" else {}
            if plugin not in once:
                plugins.append({plugin: {**(options_of_it or {}), **said}})
    theme = written.get("theme", "mkdocs")
    theme = {"name": theme} if isinstance(theme, str) else theme
    settings = {
        "plugins": plugins,
        "theme": {
            **theme,
            "language": language_of([*config.theme.dirs, _THEME], language),
        },
        "use_directory_urls": config.use_directory_urls,
        "site_dir": str(Path(config.site_dir) / language),
        "strict": False,  # the root counts the warnings of all
    }
    if config.site_url:
        settings["site_url"] = urljoin(config.site_url, f"{language}/")
    return settings


def _is_parted(language: str) -> bool:
    """Whether the search in a language knows its words by the rules of `segments`."""
    return language.partition("-")[0] in segments.LANGUAGES


def _literal(text: str, script: str) -> str:
    """What a string in a script says."""
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        raise PluginError(f'{script}: t("{text}"): write it as JSON has it') from None


@contextmanager
def _plugins_of_its_own() -> Iterator[None]:
    """Let a configuration have new plugins, and not those of the one before."""
    # MkDocs keeps those with an `on_startup`.
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
