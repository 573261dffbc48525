"""Style sheets and scripts of a page, and fixes to the HTML of Material."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from html import escape, unescape
from pathlib import Path
from posixpath import dirname, join, relpath
from typing import Any

import jinja2
from mkdocs.theme import Theme
from mkdocs.utils import get_relative_url
from rcssmin import cssmin

from litweave.words import word

_OWN = Path(__file__).parent
SHEET, SCRIPT = "assets/weave.css", "assets/weave.js"
JOINED = "assets/styles.css"
_FONTS = ("Main-Regular", "Math-Italic")  # those of nearly every formula
# The address of a file beside the sheet.
_BESIDE = re.compile(r"""(?<=url\()(["']?)(?![/#]|\w+:)([^"')]+)\1(?=\))""")

# What is replaced in the HTML of Material, and by what. It leaves without a name that a
# screen reader could say the dialog of the search, and the list under a section that
# has a page of its own. The breadcrumbs have the name of the navigation, and the logo,
# in a link that has the name of the site, is “logo” in every language.
_FIXES = {
    # The script about the search comes before the theme's, which is too eager.
    r'<script src="([^"]*assets/)javascripts/bundle\.': (
        r'<script src="\1search.js"></script>\n\g<0>'
    ),
    r'class="md-search" data-md-component="search" role="dialog"': (
        rf'\g<0> aria-label="{word("Search")}"'
    ),
    r'(<nav class="md-path" aria-label=")[^"]*': rf"\1{word('Breadcrumbs')}",
    r' alt="logo"': ' alt=""',
    # In the table of contents, the list under a heading is named like the heading. A
    # section of the site may have that name already.
    r'(<nav class="md-nav" aria-label=")([^"]*)(?=">)': (
        r"\1" + word("Sections of {heading}", heading=r"\2")
    ),
    # A list that is named after its section's label, and the title that stands in it.
    r'(<nav class="md-nav"[^>]* )aria-labelledby="__nav_[\d_]+_label"'
    r'([^>]*>\s*<label class="md-nav__title"[^>]*>\s*'
    r'<span class="md-nav__icon md-icon"></span>\s*)([^<]+?)'
    r"(?=\s*</label>)": r'\1aria-label="\3"\2\3',
}
# Templates leave more blank lines than text: a third of a page. What the frame is
# around, the article, stays as it is: code may be in it.
_BLANK = re.compile(r"(<article.*</article>)|\s*\n\s*", re.DOTALL)
_PARAGRAPH = re.compile(r"<p>(?!<code>[^<]*</code></p>)(.*?)</p>", re.DOTALL)
# Tags, and what makes a command of a Greek letter.
_NO_WORDS = re.compile(r"<[^>]*>|\\(?=[a-z])")
# As many sentences as a description has room for, or else words. No initial ends one.
_SENTENCES = re.compile(
    r".{40,170}(?:(?<!\b[A-Z])[.?!](?= |$)|[。？！])|.{40,160}(?=[ 、，；：])|.{,160}"
)


def sheet() -> str:
    """The style sheets of the renderer as one, the page's own before its features'."""
    features = sorted(_OWN.glob("features/*/*.css"), key=lambda path: path.name)
    sheets = (path.read_text("utf-8") for path in (_OWN / SHEET, *features))
    return str(cssmin("\n".join(sheets)))


def scripts() -> dict[str, Path]:
    """The scripts of the renderer, by their addresses."""
    return {f"assets/{path.name}": path for path in sorted(_OWN.rglob("*.js"))}


def joined(sheets: Mapping[str, str]) -> str:
    """Sheets of a site, by their addresses, as one: a browser waits for the last."""

    def moved(uri: str) -> str:
        return _BESIDE.sub(
            lambda m: relpath(join(dirname(uri), m[2]), dirname(JOINED)), sheets[uri]
        )

    return str(cssmin("\n".join(map(moved, sheets))))


def preload(url: str) -> str:
    """Let a page ask for the fonts of its formulas before it is laid out.

    A formula in another font has another size, and what follows it would move.
    """
    kind = 'rel="preload" as="font" type="font/woff2" crossorigin'
    fonts = (f"assets/katex/fonts/KaTeX_{name}.woff2" for name in _FONTS)
    addresses = (get_relative_url(font, url) for font in fonts)
    return "".join(f'<link {kind} href="{address}">\n' for address in addresses)


def mended(html: str) -> str:
    """A finished page of Material with all of these fixes."""
    if "</article>" in html:
        html = _BLANK.sub(lambda match: match[1] or "\n", html)
    for wrong, right in _FIXES.items():
        html = re.sub(wrong, right, html)
    return html


def described(html: str, plain: Callable[[str], str]) -> str:
    """What a page says first, as its description; `plain` puts its formulas in."""
    found = _PARAGRAPH.search(html)
    words = _NO_WORDS.sub("", plain(found[1])).split() if found else []
    whole = unescape(" ".join(words))
    said = _SENTENCES.sub(r"\g<0>\n", whole, count=1).partition("\n")[0]
    cut = said != whole and said[-1] not in ".?!。？！"
    return escape(said) + "…" * cut


def language_of(folders: Sequence[str], language: str) -> str:
    """The language of a theme's folders that is nearest: `pt-BR`, `pt`, or English."""
    for code in (language, language.partition("-")[0]):
        file = f"partials/languages/{code}.html"
        if any(Path(folder, file).is_file() for folder in folders):
            return code
    return "en"


def quicken(theme: Theme, folder: Path, plugins: Mapping[str, Any]) -> None:
    """Keep the templates of a theme compiled in a folder, and look at fewer files.

    To compile them takes as long as a dozen pages. And of the files of Material, MkDocs
    would look at fourteen thousand icons, of which none becomes one of the site, and
    copy 34 files for search in other languages than English.
    """
    of_theme = theme.get_env
    folder.mkdir(parents=True, exist_ok=True)

    def get_env() -> jinja2.Environment:
        env, search = of_theme(), plugins.get("material/search")
        left_out = "lunr" if search and search.config.get("lang") == ["en"] else ""
        loader: Any = env.loader
        loader.list_templates = partial(_visible, theme.dirs, left_out)
        env.bytecode_cache = jinja2.FileSystemBytecodeCache(str(folder))
        return env

    theme.get_env = get_env  # type: ignore[method-assign]


def _visible(folders: Iterable[str], left_out: str) -> list[str]:
    """The files of a theme but those in hidden folders, and in one that is left out."""
    found = set[str]()
    for folder in folders:
        for place, inner, files in os.walk(folder):
            inner[:] = (n for n in inner if not n.startswith(".") and n != left_out)
            where = Path(place).relative_to(folder)
            found.update((where / name).as_posix() for name in files)
    return sorted(found)
