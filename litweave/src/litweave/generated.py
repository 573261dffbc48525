"""# Generated: files that are in the site, and in no folder of its author's"""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, InclusionLevel

from litweave.book import Chapter


def included(file: File) -> File:
    """Let a file be in the site whatever its name.

    MkDocs has names of folders that it would leave out.
    """
    file.inclusion = InclusionLevel.INCLUDED
    return file


def page_of(chapter: Chapter, config: MkDocsConfig) -> File:
    """The file of a module's page, which may be one that others lead to."""
    page = included(File.generated(config, chapter.page, content=""))
    if config.not_in_nav and config.not_in_nav.match_file(chapter.page):
        page.inclusion = InclusionLevel.NOT_IN_NAV
    return page
