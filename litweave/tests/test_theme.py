"""What the theme leaves without a name gets one."""

from pathlib import Path

from bs4 import BeautifulSoup
from mkdocs.theme import Theme

from litweave.theme import (
    QuickTheme,
    calm_search,
    joined,
    name_landmarks,
    without_blanks,
)
from litweave.words import said

NAVIGATION = """
<label class="md-nav__link" for="__nav_3" id="__nav_3_label" tabindex="">
  <span class="md-nav__icon md-icon"></span>
</label>
<nav class="md-nav" aria-labelledby="__nav_3_label" aria-expanded="true">
  <label class="md-nav__title" for="__nav_3">
    <span class="md-nav__icon md-icon"></span>
    Layers &amp; more
  </label>
</nav>
"""


def test_a_section_is_named_by_its_title_and_told_from_its_contents() -> None:
    contents = '<nav class="md-nav" aria-label="Layers &amp; more"><ul></ul></nav>'
    soup = BeautifulSoup(said(name_landmarks(NAVIGATION + contents)), "html.parser")
    labels = [nav["aria-label"] for nav in soup.find_all("nav")]
    assert labels == ["Layers & more", "Sections of Layers & more"]
    assert not soup.select("[aria-labelledby]")
    assert soup.get_text(strip=True) == "Layers & more"


def test_the_search_dialog_is_named() -> None:
    html = '<div class="md-search" data-md-component="search" role="dialog">'
    assert said(name_landmarks(html)).endswith('role="dialog" aria-label="Search">')


def test_blank_lines_go_from_the_frame_and_stay_in_the_article() -> None:
    article = "<article>\n<pre>a\n\n  b</pre>\n\n</article>"
    page = f"{NAVIGATION}\n\n{article}\n\n  <footer>\n</footer>"
    assert without_blanks("<pre>\n\n  a</pre>\n") == "<pre>\n\n  a</pre>\n"
    light = without_blanks(page)
    assert article in light
    frame = "\n".join(map(str.strip, NAVIGATION.split("\n")))
    assert light.partition("<article")[0] == frame
    assert light.endswith("</article>\n<footer>\n</footer>")


def test_the_script_about_the_search_comes_before_the_theme() -> None:
    bundle = '<script src="../../assets/javascripts/bundle.a5f9d56c.min.js"></script>'
    first = '<script src="../../assets/search.js"></script>\n'
    assert calm_search(bundle) == first + bundle


def test_a_quick_theme_has_the_same_files_but_those_of_hidden_folders(
    tmp_path: Path,
) -> None:
    theme = Theme("material", language="en")
    shown = [n for n in theme.get_env().list_templates() if not n.startswith(".")]
    quick = QuickTheme(theme, tmp_path / "compiled").get_env()
    assert quick.list_templates() == shown
    quick.get_template("partials/language.html")
    assert any((tmp_path / "compiled").iterdir()), "a template stays compiled"
    assert quick.get_template(".icons/material/magnify.svg"), "what is named is found"


def test_sheets_become_one_in_their_order_and_addresses_follow() -> None:
    sheets = {
        "assets/katex/a.css": "a { src: url(fonts/a.woff2), url('b.svg') }",
        "own.css": "/* words */ b { src: url(/c.svg), url(data:x), url(#d) }",
    }
    assert joined(sheets, "assets/styles.css") == (
        "a{src:url(katex/fonts/a.woff2),url(katex/b.svg)}"
        "b{src:url(/c.svg),url(data:x),url(#d)}"
    )
