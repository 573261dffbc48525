"""What the site asks of MkDocs beside its plugins: a path, a repository, an index.

*Previous* and *next* follow a reading path, pages say where the repository is, and
search finds a page by other names of its subject.

MkDocs calls these functions while it builds (`hooks` in `mkdocs.yml`).
"""

import logging
import re
from itertools import pairwise
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

# The lists of the home page that are paths, and what their stops lead to.
_PATH = re.compile(r'<div class="path" markdown>(.*?)</div>', re.DOTALL)
_STOP = re.compile(r"^\d+\. +\[[^\]]+\]\(([^)#]+)\)", re.MULTILINE)
# A line of the guide, and what it says as long as no repository is configured.
_CLONE = "git clone $REPO_URL annotated-mixer && cd annotated-mixer"
_FOLDER = "cd path/to/the/repository  # the folder with Makefile and mkdocs.yml"
_log = logging.getLogger("mkdocs.hooks.site")


def reading_path(home: str) -> list[str]:
    """The pages on the paths of the home page, in their order."""
    return [stop for path in _PATH.findall(home) for stop in _STOP.findall(path)]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the path; name the repository in the footer.

    The path is kept in the configuration, so that pages made for another are made anew.
    """
    home = Path(config.docs_dir, "index.md").read_text("utf-8")
    config.extra["reading_path"] = ["index.md", *reading_path(home)]
    if config.repo_url:
        link = f'<a href="{config.repo_url}">Source code</a>'
        config.copyright = f"{config.copyright} {link}."
    return config


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Let *previous* and *next* follow the path; the other pages follow one another."""
    path = config.extra["reading_path"]
    pages = {page.file.src_uri: page for page in nav.pages}
    others = [page for uri, page in pages.items() if uri not in path]
    for line in ([pages[uri] for uri in path], others):
        for before, after in pairwise(line):
            before.next_page, after.previous_page = after, before
        line[0].previous_page = line[-1].next_page = None
    return nav


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Say where the repository is, or which folder is meant."""
    clone = _CLONE.replace("$REPO_URL", config.repo_url or "")
    return markdown.replace(_CLONE, clone if config.repo_url else _FOLDER)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Keep the link to a repository from asking its host how many stars it has."""
    return output.replace(' data-md-component="source"', "")


@event_priority(100)  # before search writes down what it has found
def on_post_build(config: MkDocsConfig) -> None:
    """Let search know a page by its other names, and how much each part counts."""
    names = dict(config.extra["other_names"])
    boosts = config.extra["search_boosts"].items()
    for entry in config.plugins["material/search"].search_index.entries:
        place = entry["location"]
        if place in names:  # the page itself, none of its sections
            entry["tags"] = names.pop(place)
        for part, boost in boosts:
            if place.startswith(part):
                entry["boost"] = boost
    for place in names:
        _log.warning("other_names in mkdocs.yml: there is no page %s", place)
