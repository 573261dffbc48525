"""Style sheets and scripts of a page, and fixes to the HTML of Material.

Material leaves two things without a name that a screen reader could say: the dialog of
the search, and the list under a section that has a page of its own. It gives the
breadcrumbs the name of the navigation, and calls the logo “logo” in every language,
within a link that has the name of the site. Its search does two things too eagerly, for
which a script of ours is put before the theme's: see `search.js`. Its templates leave
behind them more blank lines than text: a third of a page.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape, unescape
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

import jinja2
from mkdocs.theme import Theme
from mkdocs.utils import get_relative_url
from rcssmin import cssmin

from litweave.words import word

_OWN = Path(__file__).parent
SHEET, SCRIPT = "assets/weave.css", "assets/weave.js"
JOINED = "assets/styles.css"
UNCHANGED = "weave-unchanged.html"
"""The template of a page that was made before, and is not made again."""
_FONTS = ("Main-Regular", "Math-Italic")  # those of nearly every formula
# The address of a file beside the sheet.
_BESIDE = re.compile(r"""(?<=url\()(["']?)(?![/#]|\w+:)([^"')]+)\1(?=\))""")

# What is replaced in the HTML of Material, and by what.
_FIXES: dict[str, Callable[[re.Match[str]], str]] = {
    # The script about the search comes before the theme's.
    r'<script src="([^"]*assets/)javascripts/bundle\.': lambda m: (
        f'<script src="{m[1]}search.js"></script>\n{m[0]}'
    ),
    r'class="md-search" data-md-component="search" role="dialog"': lambda m: (
        f'{m[0]} aria-label="{word("Search")}"'
    ),
    r'(<nav class="md-path" aria-label=")[^"]*"': lambda m: (
        f'{m[1]}{word("Breadcrumbs")}"'
    ),
    r' alt="logo"': lambda m: ' alt=""',
    # In the table of contents, the list under a heading is named like the heading. A
    # section of the site may have that name already.
    r'(<nav class="md-nav" aria-label=")([^"]*)"(?=>)': lambda m: (
        f'{m[1]}{word("Sections of {heading}", heading=m[2])}"'
    ),
    # A list that is named after its section's label, and the title that stands in it.
    r'(<nav class="md-nav"[^>]* )aria-labelledby="__nav_[\d_]+_label"'
    r'([^>]*>\s*<label class="md-nav__title"[^>]*>\s*'
    r'<span class="md-nav__icon md-icon"></span>\s*)([^<]+?)'
    r"(?=\s*</label>)": lambda m: f'{m[1]}aria-label="{m[3]}"{m[2]}{m[3]}',
}
_BLANK = re.compile(r"\s*\n\s*")
_PARAGRAPH = re.compile(r"<p>(?!<code>[^<]*</code></p>)(.*?)</p>", re.DOTALL)
# Tags, and what makes a command of a Greek letter.
_NO_WORDS = re.compile(r"<[^>]*>|\\(?=[a-z])")
# As many sentences as a description has room for, or else words. No initial ends one.
_SENTENCES = re.compile(
    r".{40,170}(?:(?<!\b[A-Z])[.?!](?= |$)|[。？！])|.{40,160}(?=[ 、，；：])|.{,160}"
)


def sheet() -> str:
    """The style sheets of the renderer as one, the page's own before its features'."""
    first = Path(SHEET).name
    found = [*_OWN.glob("assets/*.css"), *_OWN.glob("features/*/*.css")]
    sheets = sorted(found, key=lambda sheet: (sheet.name != first, sheet.name))
    return str(cssmin("\n".join(sheet.read_text("utf-8") for sheet in sheets)))


def scripts() -> dict[str, Path]:
    """The scripts of the renderer, by their addresses."""
    return {f"assets/{path.name}": path for path in sorted(_OWN.rglob("*.js"))}


def joined(sheets: Mapping[str, str]) -> str:
    """Sheets of a site, by their addresses, as one.

    A browser shows no page before the last of its sheets is there.
    """
    parts = []
    for uri, sheet in sheets.items():

        def address(match: re.Match[str], folder: str = dirname(uri)) -> str:
            return relpath(normpath(join(folder, match[2])), dirname(JOINED))

        parts.append(_BESIDE.sub(address, sheet))
    return str(cssmin("\n".join(parts)))


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
    # What the frame is around, the article, stays as it is: code may be in it.
    before, start, rest = html.partition("<article")
    article, end, after = rest.rpartition("</article>")
    if end:
        frame = (_BLANK.sub("\n", part) for part in (before, after))
        html = f"{start}{article}{end}".join(frame)
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


def language_of(folders: Sequence[Path | str], language: str) -> str:
    """The language of the theme that is nearest: `pt-BR`, `pt`, or else English.

    `folders` are those of the theme.
    """
    for code in filter(None, (language, language.partition("-")[0])):
        file = f"partials/languages/{code}.html"
        if any(Path(folder, file).is_file() for folder in folders):
            return code
    return "en"


class QuickTheme(Theme):
    """The same theme; its templates stay compiled in a folder.

    To compile them takes as long as a dozen pages. And of the files of Material, MkDocs
    would look at fourteen thousand icons, of which none becomes one of the site, and
    copy 34 files for search in other languages than English.
    """

    def __init__(self, theme: Theme, folder: Path, plugins: Mapping[str, Any]) -> None:
        """Take over all that is known of a theme."""
        vars(self).update(vars(theme))
        self._compiled, self._plugins = folder, plugins
        folder.mkdir(parents=True, exist_ok=True)

    def get_env(self) -> jinja2.Environment:
        """What templates are found and rendered with."""
        env = super().get_env()
        search = self._plugins.get("material/search")
        languages = search.config.get("lang") if search else None
        files = _Visible(self.dirs)
        files.left_out = ["lunr"] if languages == ["en"] else []
        unchanged = jinja2.DictLoader({UNCHANGED: "unchanged"})
        env.loader = jinja2.ChoiceLoader([unchanged, files])
        env.bytecode_cache = jinja2.FileSystemBytecodeCache(str(self._compiled))
        return env


class _Visible(jinja2.FileSystemLoader):
    left_out: Sequence[str] = ()

    def list_templates(self) -> list[str]:
        """All files but those in hidden folders, and in those that are left out."""
        found = set[str]()
        for folder in self.searchpath:
            for place, folders, files in os.walk(folder):
                seen = (name for name in folders if not name.startswith("."))
                folders[:] = [name for name in seen if name not in self.left_out]
                where = Path(place).relative_to(folder)
                found.update((where / name).as_posix() for name in files)
        return sorted(found)
