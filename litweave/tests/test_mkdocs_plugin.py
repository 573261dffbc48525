"""Whole small sites: what a build makes, what it refuses, what it leaves in place."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from mkdocs.theme import Theme

from litweave import node, theme
from litweave.words import said
from support import CACHE, FOLDER, build_here, write_files

CONFIG = """
site_name: Small
site_url: http://localhost/
theme: {name: material, font: false}
nav: [index.md, {Pages: [layers/index.md, layers/norm.md]}]
not_in_nav: layers/mixer.md
plugins:
  - search
  - litweave: {source: pkg, exclude: ["internal/*"], cache: %s}
validation: {links: {anchors: warn}}
markdown_extensions: [admonition, tables, footnotes, toc, pymdownx.superfences]
"""
NORM = '''\
r"""# The norm

It divides by $\\\\sigma_x$, see [`Mixer`][].

| a | b |
|---|---|
| 1 | 2 |

!!! note
    Noted.
"""
import os

def normalise(x):
    """Give $x$ the unit length.

    >>> 1 + 1
    2
    """
    # A sentence about porcupines.
    return x
'''
MIXER = '# Mixes.\nclass Mixer:\n    """## Mixer\n\n    Of [`normalise`][].\n    """\n'
# What a site has whose `mkdocs.yml` names no extensions.
EVERYTHING = """
# ??? tip "Folded"
#     Text.
#
# === "One"
#     A note.[^1]
#
# [^1]: Here.
#
# term
# :   Explained.
#
# Attributed.
# {: .wide }
y = 1
"""
MODULE = "pkg/layers/norm.py"
FILES = {
    "mkdocs.yml": CONFIG % (CACHE / "litweave"),
    "docs/index.md": "# Home\n\n[`normalise`][], [the layers][pkg.layers], $a^2$\n\n"
    "```difference\nnormalise\nMixer\n```\n\nAfter.\n",
    "pkg/__init__.py": '"""# Not shown: docs/index.md is there."""\n',
    "pkg/layers/__init__.py": '"""# Layers\n\nSee [`norm`][].\n"""\n',
    MODULE: NORM,
    "pkg/layers/mixer.py": MIXER,
    "pkg/internal/secret.py": '"""# Secret"""\n',
    "pkg/empty.py": "",
}


@pytest.fixture
def project(tmp_path: Path, katex: Path) -> Path:
    return write_files(tmp_path, FILES)


def test_modules_are_pages_with_the_sites_markdown_and_search(project: Path) -> None:
    result, site = build_here(project), project / "site"
    assert result.returncode == 0, result.stderr
    assert "not included" not in result.stderr
    pages = {path.relative_to(site).as_posix() for path in site.rglob("index.html")}
    modules = {f"layers/{name}index.html" for name in ("", "norm/", "mixer/")}
    assert pages == {"index.html", *modules}
    home = (site / "index.html").read_text()
    assert 'href="layers/norm/"' in home
    assert "The norm" in home
    assert "http://localhost/layers/norm/" in (site / "sitemap.xml").read_text()
    # They link to one another by name.
    assert '<a href="layers/norm/#normalise"><code translate="no">norm' in home
    assert '<a href="layers/">the layers</a>' in home
    assert '<table class="highlight" aria-label="normalise beside Mixer">' in home
    norm = (site / "layers/norm/index.html").read_text()
    assert '<a href="../mixer/#Mixer"><code translate="no">Mixer</code></a>' in norm
    layers = (site / "layers/index.html").read_text()
    assert '<meta name="description" content="See norm.">' in layers
    # The source lies beside its page, as it is.
    assert (site / "layers/norm.py").read_text() == NORM
    assert 'href="../norm.py"' in norm
    assert 'download="norm.py"' in norm
    # Prose is the site's own Markdown.
    for part in ('<div class="admonition note">', "<td>1</td>", 'class="gp"'):
        assert part in norm
    assert norm.count("<math ") == 2
    assert norm.count('<div class="weave-row') == 3
    # KaTeX is copied, not linked.
    style = (site / "assets/katex/katex.min.css").read_text()
    for font in set(re.findall(r"fonts/[\w-]+\.woff2", style)):
        assert (site / "assets/katex" / font).exists()
    # Search knows prose and definitions, no TeX, nor code that is beside other code.
    index = json.loads((site / "search/search_index.json").read_text())
    found = {entry["location"]: entry["text"] for entry in index["docs"]}
    assert "porcupines" in found["layers/norm/#normalise"]
    assert "def normalise" in found["layers/norm/#normalise"]
    assert "class Mixer" in found["layers/mixer/#Mixer"]
    assert "After." in found[""]
    assert "return" not in found[""]
    assert "sigma" not in json.dumps(index)
    assert "\ue000" not in json.dumps(index, ensure_ascii=False)


def test_two_lines_are_enough(project: Path) -> None:
    lines = "theme: material\nplugins:\n  - litweave: {source: pkg}\n"
    files = {"mkdocs.yml": f"site_name: Two lines\n{lines}", MODULE: NORM + EVERYTHING}
    write_files(project, files)
    (project / ".cache").symlink_to(CACHE)
    result = build_here(project)
    assert result.returncode == 0, result.stderr
    norm = (project / "site/layers/norm/index.html").read_text()
    for part in (
        *('<div class="admonition note">', "<table>", '<details class="tip">'),
        *('<div class="tabbed-set', "<dt>term</dt>", 'class="footnote-ref"'),
        *('class="language-pycon highlight"', 'class="wide"'),
    ):
        assert part in norm


def test_the_site_of_litweave_itself_is_built(tmp_path: Path, katex: Path) -> None:
    for name in ("docs", "examples", "mkdocs.yml", "src"):
        (tmp_path / name).symlink_to(FOLDER / name)
    (tmp_path / ".cache").symlink_to(CACHE)
    result = build_here(tmp_path)
    assert result.returncode == 0, result.stderr
    pages = {path.parent.name for path in (tmp_path / "site").rglob("index.html")}
    modules = {"newton", "parse", "prose", "page", "mkdocs_plugin"}
    assert pages == {"site", "writing", "configuration", *modules}


HOME = "---\na: b\n---\n\n# A\n\n[`Nix`][]\n\n$\n\n[b](layers/norm.md#nowhere)\n"
WORDS = r"a[i][j], [`Nix`][], [the words][nix]"
MISTAKES = {
    "mkdocs.yml": FILES["mkdocs.yml"].replace("not_in_nav: layers/mixer.md\n", ""),
    "docs/index.md": HOME,
    "pkg/broken.py": "x = (\n",
    "pkg/layers/__init__.py": '"""# A\n\n$x\n"""\n',
    "pkg/layers/mixer.py": '"""# A\n\n$\\alpha$, [`Mixr`][]\n"""\nclass Mixer: ...\n',
    MODULE: f'r"""# A\n\n$\\nope$, {WORDS}\n"""\nimport math\n',
}


def test_each_mistake_fails_the_build_with_its_line(project: Path) -> None:
    write_files(project, MISTAKES)
    (project / "pkg/bytes.py").write_bytes(b"# a\n\nx = '\xff'\n")
    result = build_here(project)
    assert result.returncode != 0
    told = [
        *("index.md:7: nothing is named “Nix”", "index.md:9: a “$”"),
        *("pkg/broken.py:1: '(' was never closed", "pkg/bytes.py:3: 'utf-8' codec"),
        *("pkg/layers/__init__.py:3: a “$”", "pkg/layers/mixer.py:3: Python eats"),
        "pkg/layers/mixer.py:3: nothing is named “Mixr”; did you mean “Mixer”?",
        *(f"{MODULE}:3: KaTeX parse error", f"{MODULE}:3: nothing is named “Nix”"),
        f"{MODULE}:3: nothing is named “nix”",
        "Doc file 'index.md' contains a link 'layers/norm.md#nowhere'",
    ]
    assert 'not included in the "nav"' in result.stderr
    assert f"{len(told)} warnings in strict mode" in result.stdout
    said = [line for line in result.stderr.splitlines() if "WARNING" in line]
    assert all(start in line for start, line in zip(told, said, strict=True)), said
    # One that is not strict makes every page that it can.
    result = build_here(project, "--no-strict")
    assert result.returncode == 0, result.stderr
    norm = (project / "site/layers/norm/index.html").read_text()
    words = r"<code>\nope</code>, a[i][j], <code>Nix</code>, [the words][nix]"
    assert words in norm.replace(' translate="no"', "")
    assert 'href="https://docs.python.org/3/library/math.html" rel="external"' in norm
    assert not (project / "site" / "broken").exists()
    shutil.rmtree(project / "pkg")
    message = build_here(project).stderr
    assert "source" in message
    assert "pkg" in message


# ## What the theme leaves without a name gets one

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


def test_a_section_is_named_by_its_title_unlike_its_contents_and_the_search() -> None:
    contents = '<nav class="md-nav" aria-label="Layers &amp; more"><ul></ul></nav>'
    search = '<div class="md-search" data-md-component="search" role="dialog">'
    html = said(theme.mended(NAVIGATION + contents + search))
    assert html.endswith('role="dialog" aria-label="Search">')
    soup = BeautifulSoup(html, "html.parser")
    labels = [nav["aria-label"] for nav in soup.find_all("nav")]
    assert labels == ["Layers & more", "Sections of Layers & more"]
    assert not soup.select("[aria-labelledby]")
    assert soup.get_text(strip=True) == "Layers & more"


@pytest.mark.parametrize(
    ("page", "description"),
    [
        ('<p class="a">A</p>\n<p>By\n<b>x</b> &lt; $\\eta$:</p>', "By x &lt; eta:"),
        (f"<p>By Y. N. {'one ' * 10}. {'two ' * 40}</p>", f"By Y. N. {'one ' * 10}."),
        ("<h1>Nothing</h1>", ""),
        (f"<p>{'one ' * 60}</p>", f"{'one ' * 40}".strip() + "…"),
        (f"<p>{'字' * 90}。{'句' * 90}。</p>", f"{'字' * 90}。"),
        (f"<p>{'字' * 200}</p>", f"{'字' * 160}…"),
    ],
)
def test_a_page_is_described_by_what_it_says_first(page, description) -> None:
    plain = theme.described(page, lambda html: html.replace("$", ""))
    assert plain == description


def test_blank_lines_go_from_the_frame_and_a_script_comes_before_the_theme() -> None:
    article = "<article>\n<pre>a\n\n  b</pre>\n\n</article>"
    page = f"{NAVIGATION}\n\n{article}\n\n  <footer>\n</footer>"
    assert theme.mended("<pre>\n\n  a</pre>\n") == "<pre>\n\n  a</pre>\n"
    light = theme.mended(page)
    assert article in light
    frame = theme.mended("\n".join(map(str.strip, NAVIGATION.split("\n"))))
    assert light.partition("<article")[0] == frame
    assert light.endswith("</article>\n<footer>\n</footer>")
    # The script about the search comes before those of the theme.
    bundle = '<script src="../../assets/javascripts/bundle.a5f9d56c.min.js"></script>'
    first = '<script src="../../assets/search.js"></script>\n'
    assert theme.mended(bundle) == first + bundle


def test_a_quick_theme_has_no_hidden_files_and_the_search_that_is_asked_for(
    tmp_path: Path,
) -> None:
    whole = Theme("material", language="en")
    found = whole.get_env().list_templates()
    shown = [n for n in found if not n.startswith(".")]
    assert "assets/javascripts/lunr/min/lunr.de.min.js" in shown
    for languages in (["en"], ["de"], ["en", "ja"]):
        search = SimpleNamespace(config={"lang": languages})
        plugins = {"material/search": search}
        theme.quicken(whole, tmp_path / "compiled", plugins)
        quick = whole.get_env()
        seen = [n for n in shown if languages != ["en"] or "/lunr/" not in n]
        assert quick.list_templates() == seen
    quick.get_template("partials/language.html")
    assert any((tmp_path / "compiled").iterdir()), "a template stays compiled"
    assert quick.get_template(".icons/material/magnify.svg"), "what is named is found"


NODES = """
self = globalThis;
lunr = { TokenSet: function (edges) { this.edges = edges } };
location = new URL("http://a/?theirs=/b.js");
importScripts = () => {};
%s
const one = { 1: { id: 234 } }, two = { 1: { id: 2 }, 3: { id: 4 } };
const told = (edges) => String(new lunr.TokenSet(edges));
answer([told(one), told(two), told(one)]);
"""


def test_the_search_takes_no_digit_of_a_word_for_a_number_of_lunr() -> None:
    script = theme.scripts()["assets/search_worker.js"].read_text()
    one, two, again = node.run(NODES % script, None)
    assert one == again != two


def test_sheets_become_one_in_their_order_and_addresses_follow() -> None:
    sheets = {
        "assets/katex/a.css": "a { src: url(fonts/a.woff2), url('b.svg') }",
        "own.css": "/* words */ b { src: url(/c.svg), url(data:x), url(#d) }",
    }
    assert theme.joined(sheets) == (
        "a{src:url(katex/fonts/a.woff2),url(katex/b.svg)}"
        "b{src:url(/c.svg),url(data:x),url(#d)}"
    )
