r"""Trees: the site once more in each language, `zh/`, beside the one at the root.

When the root is written, MkDocs is asked for each language within the same process, so
only words are new (see `Book.shared`). A tree holds pages and their search index; every
other file lies at the root. At the same priority, plugins have their turn in the order
of `mkdocs.yml`, where `litweave` stands above this one.
"""

import json
import logging
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
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
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from litweave import node
from litweave.features.languages import status
from litweave.features.languages.catalogs import Unit
from litweave.features.languages.translator import State, Translator
from litweave.features.languages.voice import in_attribute
from litweave.mkdocs_plugin import LitweavePlugin
from litweave.theme import language_of

_EARLY, _LATE = 100, -100
# What the menu of the theme links to, until it is known on which page it stands: it
# leads to the same page in each language. The theme's own leads to the first page, and
# asks for all sitemaps on every page.
_SCHEME = "weave-language:"
_ALTERNATE = re.compile(rf'\s*<link rel="alternate" href="{_SCHEME}[^>]*>')
_LINK = re.compile(rf'href="{_SCHEME}([\w-]*)" hreflang="([^"]*)"')
# Addresses on a page that may be those of files: in attributes, and where the theme's
# script reads its settings.
_ADDRESS = re.compile(
    r"""(?P<before>\s[\w-]+="|"search":\s*") (?P<address>[^"\s:?\#]+) (?=["?\#])""",
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


class LanguagesConfig(Config):
    """The options under `litweave-languages:` in `mkdocs.yml`."""

    languages = options.ListOfItems(options.Type(str), default=[])
    """The languages to build besides that of the sources: `zh`, `ja`."""

    once = options.ListOfItems(options.Type(str), default=[])
    """Plugins whose work is done when the root is built."""


class LanguagesPlugin(BasePlugin[LanguagesConfig]):
    """The trees of a site, and the way from one to another."""

    language = ""  # of the tree that is being built; none for the root
    root = ""  # the address of the root
    trees: Mapping[str, Translator] = {}  # who spoke in each that was built
    leaves_site = True  # a preview does not, and has one language

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview."""
        self.leaves_site = command != "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Let the theme make a menu of the languages."""
        above = takewhile(lambda plugin: plugin is not self, config.plugins.values())
        weave = next((p for p in above if isinstance(p, LitweavePlugin)), None)
        if not weave:
            raise PluginError("litweave-languages needs the plugin litweave above it")
        self.weave = weave
        if self.language:
            self._translate(config)
        else:
            self.source = str(config.theme.get("language", "en"))
            self.root = config.site_url or ""
            self._check(config)
        if self.leaves_site and self.config.languages:
            config.extra["alternate"] = [
                {
                    "name": name(code or self.source),
                    "link": _SCHEME + code,
                    "lang": lang,
                }
                for code, lang in self._tags.items()
            ]
        return config

    def _check(self, config: MkDocsConfig) -> None:
        """Refuse languages that no tree can have."""
        languages, is_wrong = self.config.languages, "litweave-languages:"
        if self.source != "en":
            raise PluginError(
                f"{is_wrong} the pages are in “{self.source}” (`language` of the "
                "theme), and trees can be made of English pages only"
            )
        for language in languages:
            try:
                Locale.parse(language, sep="-")
            except (UnknownLocaleError, ValueError) as error:
                raise PluginError(
                    f"{is_wrong} “{language}” is no language: write a code such as "
                    f"“zh” or “pt-BR” ({error})"
                ) from None
            if languages.count(language) > 1 or language == self.source:
                raise PluginError(f"{is_wrong} “{language}” is there twice")
        for plugin in self.config.once:
            if plugin not in config.plugins:
                raise PluginError(f"{is_wrong} once: no plugin “{plugin}”")

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
                message = "%s is replaced by the page about the translation"
                _log.warning(message, status.URI)
            file = File.generated(config, status.URI, content=status.PAGE)
            self.about = file.url
            file.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(file)

    @event_priority(_EARLY)  # before litweave knows what all pages have in common
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

    @event_priority(_LATE)  # when every plugin has brought its files
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
            if file.src_uri.endswith(".js"):
                script = file.content_bytes.decode("utf-8", "replace")
                for message in script_messages(script, file.src_uri):
                    words = found.setdefault(f"{dirname(file.url)}/", {})
                    words[message] = self.translator.word(message)
        return found

    @event_priority(_LATE)  # when all others have had the page
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
        if page.file.src_uri == status.URI:
            return status.filled(
                output, page.url, self.translator, self.weave.site.book
            )
        about, uri = get_relative_url(self.about, page.url), page.file.src_uri
        return status.told(output, uri, about, self.translator, config.repo_url)

    def _with_menu(self, output: str, url: str) -> str:
        """Let the menu lead to the same page of each tree."""

        def address(code: str) -> str:
            is_about = bool(self.language) and url == self.about
            there = "" if is_about and not code else url
            target = f"{code}/{there}" if code else there
            here = f"{self.language}/{url}" if self.language else url
            return get_relative_url(target, here)

        return self._linked(output, address)

    def _linked(
        self, output: str, address: Callable[[str], str], is_page: bool = True
    ) -> str:
        """Put addresses into the menu; the names are words of their languages."""

        def link(match: re.Match[str]) -> str:
            is_here = is_page and match[1] == self.language
            here = ' aria-current="true"' if is_here else ""
            lang = match[2]
            return f'href="{address(match[1])}" hreflang="{lang}" lang="{lang}"{here}'

        return _LINK.sub(link, _ALTERNATE.sub("", output))

    def _to_root(self, output: str, url: str) -> str:
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
        tree = f"{self.root}{self.language}/"
        for path in re.findall(rf'content="{re.escape(tree)}([^"]+)"', output):
            if path in self.shared:
                output = output.replace(f'"{tree}{path}"', f'"{self.root}{path}"')
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

        def address(code: str) -> str:
            return urljoin(path, f"{code}/" if code else "")

        return self._linked(output_content, address, is_page=False)

    def _mapped(self, sitemap: str, site: str) -> str:
        """A map of the site with the pages of all trees, each with its likes."""

        def entries(match: re.Match[str]) -> str:
            path, tags = match[1].removeprefix(site), self._tags
            places = {tags[c]: f"{site}{c}/{path}" if c else match[1] for c in tags}
            links = "".join(
                f'<xhtml:link rel="alternate" hreflang="{lang}" href="{at}"/>'
                for lang, at in [*places.items(), ("x-default", match[1])]
            )
            return "\n".join(
                f"<url><loc>{place}</loc>{links}</url>" for place in places.values()
            )

        space = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
        sitemap = sitemap.replace("<urlset ", f"<urlset {space} ", 1)
        return _LOCATION.sub(entries, sitemap)

    @event_priority(_LATE)  # when the root is there, or what search has written
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Build the trees; in one, let search know where the words are."""
        if self.language:
            if _is_parted(self.language):
                part_words(Path(config.site_dir, _INDEX), self.language)
        elif self.leaves_site:
            codes = self.config.languages
            self.trees = {code: self._build(config, code) for code in codes}

    def _build(self, config: MkDocsConfig, language: str) -> Translator:
        """Build a tree into a folder of the site; who has spoken in it."""
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
            search.config.update(SEARCH)
        _run(tree)
        counts = sum(own.translator.counts.values(), Counter[State]())
        _log.info(
            "%s: %d of %d units are translated, and the English of %d more has changed",
            *(language, counts[State.CURRENT], counts.total(), counts[State.CHANGED]),
        )
        return own.translator


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


def _settings(config: MkDocsConfig, language: str, once: list[str]) -> dict[str, Any]:
    """What is different for a tree, in the configuration of the site."""
    # MkDocs empties the list of plugins while it reads it.
    with open(config.config_file_path, encoding="utf-8-sig") as file:
        written = yaml_load(file, get_yaml_loader(config=config))
    own = {"litweave": {"language": language}}
    plugins = [
        {plugin: {**given, **own.get(plugin, {})}}
        for plugin, given in _named(written["plugins"])
        if plugin not in once
    ]
    theme = written.get("theme", "mkdocs")
    theme = {"name": theme} if isinstance(theme, str) else theme
    words = language_of([*config.theme.dirs, _THEME], language)
    address = urljoin(config.site_url, f"{language}/") if config.site_url else None
    return {
        "plugins": plugins,
        "theme": {**theme, "language": words},
        "use_directory_urls": config.use_directory_urls,
        "site_dir": str(Path(config.site_dir) / language),
        "strict": False,  # the root counts the warnings of all
        **({"site_url": address} if address else {}),
    }


def _named(plugins: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The plugins that a configuration names, in any of its forms, with options."""
    for item in [plugins] if isinstance(plugins, dict) else plugins:
        for name, given in (item if isinstance(item, dict) else {item: {}}).items():
            yield name, given or {}


def script_messages(script: str, name: str) -> list[str]:
    """What a script says with `t("…")`, if it brings in `words.js`.

    **Raises.** `PluginError` if a string is none of JSON's, with the script's name.
    """
    found = _CALL.findall(script) if _IMPORT in script else []
    try:
        return [str(json.loads(f'"{text}"')) for text in found]
    except ValueError:
        raise PluginError(
            f"{name}: write each t(“…”) as JSON has it: {found}"
        ) from None


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


# ## Where the words of Chinese and Japanese are

_INDEX = "search/search_index.json"
# Runs of Chinese characters and of kana.
_RUN = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}")
# The reader's browser parts by the same rules (`assets/search.js`).
_PROGRAM = """
const { language, runs } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const segmenter = new Intl.Segmenter(language, { granularity: "word" });
const cut = (run) => Array.from(segmenter.segment(run), ({ segment }) => segment);
process.stdout.write(JSON.stringify(runs.map((run) => cut(run).join("\\u200b"))));
"""
# Languages whose words have no stemmer, and the search for them: a word ends where one
# does in English, and at the punctuation of both.
_PARTED = {"zh", "ja", "si"}
_ENDS = r"\s\u200b\u3000\-,:;!?=(){}\[\]<>\"'/"
_ENDS += "、。，．：；？！（）「」『』“”‘’《》〈〉【】…·・／"
SEARCH = {"lang": ["en"], "pipeline": [], "separator": rf"[{_ENDS}]+|\.(?!\d)|&[a-z]+;"}


def _is_parted(language: str) -> bool:
    """Whether the search in a language knows its words by these rules."""
    return language.partition("-")[0] in _PARTED


def part_words(index: Path, language: str) -> None:
    """Put U+200B, which has no width, between the words in an index of the search.

    **Raises.** `PluginError` if there is no Node to do it.
    """
    known = json.loads(index.read_text("utf-8")) if index.is_file() else {"docs": []}
    texts = [
        (entry, key)
        for entry in known["docs"]
        for key in ("title", "text", "tags")
        if key in entry
    ]
    runs = sorted(
        {run for entry, key in texts for run in _RUN.findall(f"{entry[key]}")}
    )
    if not runs:
        return
    words = dict(zip(runs, _segmented(runs, language), strict=True))

    def parted(text: str) -> str:
        return _RUN.sub(lambda match: words[match[0]], text)

    for entry, key in texts:
        said = entry[key]
        entry[key] = parted(said) if isinstance(said, str) else [*map(parted, said)]
    index.write_text(json.dumps(known, separators=(",", ":")), "utf-8")


def _segmented(runs: Sequence[str], language: str) -> list[str]:
    """Runs of characters with their words apart, by the rules of Unicode."""
    given = json.dumps({"language": language, "runs": runs}).encode()
    try:
        command = [str(node.program()), "-e", _PROGRAM]
        result = subprocess.run(command, input=given, capture_output=True)
    except node.NodeError as error:
        raise PluginError(str(error)) from error
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace")
        raise PluginError(f"words for the search in {language}: {said}")
    return list(json.loads(result.stdout))
