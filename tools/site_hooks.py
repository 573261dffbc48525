"""What the site asks of MkDocs beside its plugins.

A reading path, a place for each page outside of the navigation, short contents, a
picture on the home page, a card for whoever shares a page, where the repository is, the
terms of the glossary in other languages, and other names by which search finds a page.
MkDocs calls these functions while it builds (`hooks` in `mkdocs.yml`).
"""

import logging
import re
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

from litweave.features.languages.catalogs import Catalogs, Glossary
from litweave.features.languages.trees import tag, territory
from litweave.words import word
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink
from mkdocs.utils.templates import TemplateContext
from pathspec.gitignore import GitIgnoreSpec

# The lists of the home page that are paths, and what their stops lead to.
_PATH = re.compile(r'<div class="path" markdown>(.*?)</div>', re.DOTALL)
_STOP = re.compile(r"^\d+\. +\[[^\]]+\]\(([^)#]+)\)", re.MULTILINE)
# A line of the guide, and what it says as long as no repository is configured.
_CLONE = "git clone $REPO_URL annotated-mixer && cd annotated-mixer"
_FOLDER = "cd path/to/the/repository  # the folder with Makefile and mkdocs.yml"
# Where the home page has its picture, which is a file beside it.
_PICTURE = "<!-- picture.html -->"
# A term of the glossary, as it is written, and on the page.
_TERM = re.compile(r"^(\S.*?) \{ #([\w-]+) \}$", re.MULTILINE)
_SHOWN = re.compile(r'<dt id="([\w-]+)"[^>]*>(.*?)(?=</dt>)')
_GLOSSARY = "glossary.md"
# What a card says, as the head of the page has it, where it is escaped already.
_TITLE = re.compile(r"<title>([^<]*)</title>")
_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
_ADDRESS = re.compile(r'<link rel="canonical" href="([^"]*)"')
_CARD = "assets/card.png"  # tools/draw_card.py draws it
_CARD_SAYS = "An image on its way through an MLP-Mixer, drawn as tables of numbers."
# Code and what it printed, as the search has it.
_LISTING = re.compile(r"<pre>.*?</pre>", re.DOTALL)
# How many links the navigation beside a page has, at most.
_LINKS = 32
_log = logging.getLogger("mkdocs.hooks.site")


def reading_path(home: str) -> list[str]:
    """The pages on the paths of the home page, in their order."""
    return [stop for path in _PATH.findall(home) for stop in _STOP.findall(path)]


@event_priority(-100)  # when the rest of the footer is in the language of the page
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the path; name the repository in the footer; miss no page in `nav`.

    The path is kept in the configuration, so that pages made for another are made anew.
    """
    config.not_in_nav = GitIgnoreSpec.from_lines(config.extra["beside"])
    home = Path(config.docs_dir, "index.md").read_text("utf-8")
    config.extra["reading_path"] = ["index.md", *reading_path(home)]
    if config.repo_url:
        link = f'<a href="{config.repo_url}">{word("Source code")}</a>'
        config.copyright = f"{config.copyright} {link}."
    return config


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Let *previous* and *next* follow the path; the other pages follow one another.

    A page beside another is in its section, and goes back to it or on with it.
    """
    path = config.extra["reading_path"]
    pages = {page.file.src_uri: page for page in nav.pages}
    others = [page for uri, page in pages.items() if uri not in path]
    for line in ([pages[uri] for uri in path], others):
        for before, after in pairwise(line):
            before.next_page, after.previous_page = after, before
        line[0].previous_page = line[-1].next_page = None
    for section in filter(lambda item: item.is_section, nav.items):
        for first, second in pairwise(section.children[:2]):
            if first.is_page and first.is_index and second.is_page:
                # An overview leads to the first page of its section.
                first.next_page = second
    for uri, neighbour in config.extra["beside"].items():
        page, other = files.get_file_from_path(uri).page, pages[neighbour]
        page.parent, page.previous_page = other.parent, other
        page.next_page = other.next_page
    return nav


@event_priority(-100)  # when search has read the page
def on_page_context(
    context: TemplateContext, page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    """Show a page beside another in its section; shorten long contents."""
    if page.file.src_uri in config.extra["beside"]:
        around = page.parent.children
        around.insert(around.index(page.previous_page) + 1, page)
    contents = page.toc.items
    if contents and contents[0].level == 1:
        contents = contents[0].children
    others = sum(len(section.children) for section in page.ancestors)
    shorten(contents, _LINKS - others)


def shorten(contents: list[AnchorLink], most: int) -> None:
    """Leave methods out of long contents, and then all names of code."""
    if len(contents) + sum(len(item.children) for item in contents) > most:
        for item in contents:
            item.children = [inner for inner in item.children if not is_code(inner)]
    if len(contents) > most:
        contents[:] = [item for item in contents if not is_code(item)]


def is_code(item: AnchorLink) -> bool:
    """Whether a heading is the name of what is defined there."""
    return f".{item.id}".endswith(f".{item.title}")


@event_priority(100)  # what litweave makes of a page depends on what is put into it
def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Put in the picture; say where the repository is, or which folder is meant."""
    if _PICTURE in markdown:
        picture = Path(config.docs_dir, "picture.html").read_text("utf-8")
        # One line takes the place of one, so that problems are told with their lines.
        markdown = markdown.replace(_PICTURE, " ".join(picture.splitlines()))
    if page.file.src_uri == _GLOSSARY:
        # What is kept of this page depends on them.
        page.meta["terms"] = terms(markdown, config)
    clone = _CLONE.replace("$REPO_URL", config.repo_url or "")
    return markdown.replace(_CLONE, clone if config.repo_url else _FOLDER)


def terms(glossary: str, config: MkDocsConfig) -> dict[str, dict[str, str]]:
    """What each term is called in the languages of the site but that of the page.

    By its anchor, and by the tags of the languages.
    """
    weave, others = (
        config.plugins[name] for name in ("litweave", "litweave-languages")
    )
    here, found = weave.config["language"], dict[str, dict[str, str]]()
    for code in others.config["languages"] if others.leaves_site else ():
        if code != here:
            catalogs = _catalogs(Path(weave.config["locale"]), code)
            for english, anchor in _TERM.findall(glossary):
                entry = catalogs.find(english, "pages")
                if entry and entry.msgstr != english:
                    found.setdefault(anchor, {})[tag(code)] = entry.msgstr
    if here:
        for english, anchor in _TERM.findall(glossary):
            found[anchor] = {"en": english, **found.get(anchor, {})}
    return found


@cache
def _catalogs(folder: Path, language: str) -> Catalogs:
    return Catalogs.read(folder, language, only="pages")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the terms of other languages beside those of the glossary."""

    def named(match: re.Match[str]) -> str:
        words = "".join(
            f'<span lang="{lang}">{escape(word)}</span>'
            for lang, word in found.get(match[1], {}).items()
            if word != match[2]
        )
        return f'{match[0]}<span class="terms">{words}</span>' if words else match[0]

    found = page.meta.get("terms", {})
    # An arrow goes to the next line with its link.
    return _SHOWN.sub(named, html).replace("→ <a", "→\u00a0<a") if found else html


def card(output: str, name: str, site: str, language: str, others: list[str]) -> str:
    """What other sites show of a page that is shared: words, and a picture.

    `output` is the page, `name` that of the site, `site` its address. The page is there
    in a `language` and in `others`.
    """
    found = [e.search(output) for e in (_TITLE, _DESCRIPTION, _ADDRESS)]
    title, description, address = (match[1] if match else "" for match in found)
    said = {
        "og:type": "website",
        "og:site_name": escape(name),
        "og:title": title.removesuffix(f" - {escape(name)}"),
        "og:description": description,
        "og:url": address,
        "og:image": urljoin(site, _CARD),
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": word(_CARD_SAYS),
    }
    said["og:locale"] = territory(language)
    pairs = [*said.items(), *(("og:locale:alternate", territory(o)) for o in others)]
    tags = [f'<meta property="{key}" content="{text}">' for key, text in pairs]
    return "\n".join(
        [*tags, '<meta name="twitter:card" content="summary_large_image">']
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Add the card; keep the link to a repository from counting stars at its host.

    Where a page stands beside another, the next page does not show it.
    """
    trees = config.plugins["litweave-languages"]
    languages = [trees.source, *trees.config["languages"]] if trees.leaves_site else []
    language = trees.language or trees.source
    others = [code for code in languages if code != language]
    # The picture lies at the root.
    site = urljoin(config.site_url or "", ".." if trees.language else "")
    tags = card(output, config.site_name, site, language, others)
    output = output.replace("</head>", f"{tags}\n</head>", 1)
    if page.file.src_uri in config.extra["beside"]:
        page.parent.children.remove(page)
    return output.replace(' data-md-component="source"', "")


@event_priority(100)  # before search writes down what it has found
def on_post_build(config: MkDocsConfig) -> None:
    """Let search know a page by its other names, and how much each part counts.

    It reads prose and names, and no listings: they would be a quarter of the index.
    """
    names, accepted = dict(config.extra["other_names"]), _accepted(config)
    translator = config.plugins["litweave"].site.voice
    boosts = config.extra["search_boosts"].items()
    for entry in config.plugins["material/search"].search_index.entries:
        place, title = entry["location"], entry["title"]
        entry["text"] = _LISTING.sub("", entry["text"])
        english = names.pop(place, [])  # of the page itself, of none of its sections
        spoken = map(translator.word, english)
        others = () if "#" in place else accepted.get(title, ())
        tags = dict.fromkeys([*english, *spoken, *others])
        if tags.keys() - {title}:
            entry["tags"] = [name for name in tags if name != title]
        for part, boost in boosts:
            if place.startswith(part):
                entry["boost"] = boost
    for place in names:
        _log.warning("other_names in mkdocs.yml: there is no page %s", place)


def _accepted(config: MkDocsConfig) -> dict[str, tuple[str, ...]]:
    """For each word that the glossary accepts in this language, all for its term."""
    weave = config.plugins["litweave"].config
    path = Path(weave["locale"], "glossary.csv")
    terms = Glossary.read(path, weave["language"]).terms if weave["language"] else ()
    return {word: term.accepted for term in terms for word in term.accepted}
