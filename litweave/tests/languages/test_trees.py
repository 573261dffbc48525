"""One build makes a tree for each language, beside the English."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import polib
import pytest

from litweave.__main__ import main
from litweave.features.languages import trees
from support import build_here
from translated import say, write_site

CONFIG = """
site_name: Small
site_url: http://localhost/here/
repo_url: http://localhost/repository/
theme: {name: material, font: false}
nav: [index.md, {Parts: [layers/mixing.md]}]
plugins:
  - search
  - litweave: {source: pkg, cache: cache}
  - litweave-languages: {languages: [zh, si], once: [redirects]}
  - redirects: {redirect_maps: {old.md: index.md}}
"""
INDEX = """---
title: Home
---

# Home

See [the layer](layers/mixing.md) and more.

Parts

Parts
"""
MODULE = '''r"""# Mixing

It mixes the rows of $X$, as ``x`` says.

## Why so

There are reasons.

## Notation

- $X$, `x`: the table
"""

x = 1
'''
SAID = {
    "Small": "小站",
    "Parts": "部分",
    "Home": "首页",
    "See [the layer](layers/mixing.md) too.": "另见[这一层](layers/mixing.md)。",
    "Mixing": "混合",
    "It mixes the rows of $X$, as ``x`` says.": "它混合$X$的行，见``x``。",
    "Why so": "为什么",
    "There are reasons.": "有原因。",
    **{"Notation": "记号", "the table": "表"},
    "About this translation": "关于本译文",
    "There is no page at this address.": "找不到<此页>。",
}
FILES = {"mkdocs.yml": CONFIG, "docs/index.md": INDEX, "pkg/layers/mixing.py": MODULE}
# None of these words is HTML, or ends an attribute.
HOSTILE = {
    **{"Small": 'S" onload=x', "Copied": "</script><i>", "Parts": ""},
    "All of this page is translated.": '{curent} \\d <script>x</script> "y',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    """A site with two trees, built: one in Chinese, and one that is not translated."""
    folder = tmp_path_factory.mktemp("trees")
    write_site(folder, FILES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["catalogs", "mkdocs.yml"]) == 0
        for name in ("pages", "layers", "interface"):
            say(folder, name, SAID, reader="Ann A, today")
        assert main(["catalogs", "mkdocs.yml", "--check"]) == 0
    result = build_here(folder)
    assert result.returncode == 0, result.stderr
    (folder / "log").write_text(result.stderr, "utf-8")
    return folder


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of the site, to be changed."""
    return Path(shutil.copytree(folder, tmp_path / "own"))


def page(folder: Path, where: str) -> str:
    return (folder / "site" / where / "index.html").read_text("utf-8")


def menu(html: str) -> list[tuple[str, str]]:
    """The menu of languages: where each leads, and its tag."""
    return re.findall(r'<a href="([^"]*)" hreflang="([^"]*)"', html)


def test_the_menu_leads_to_the_same_page_and_the_map_to_all(folder: Path) -> None:
    english, chinese = (page(folder, f"{w}layers/mixing") for w in ("", "zh/"))
    tags = {"en": "", "zh-Hans": "zh/", "si": "si/"}
    for html, root, own in (english, "../..", "en"), (chinese, "../../..", "zh-Hans"):
        others = {tag: f"{root}/{tree}layers/mixing/" for tag, tree in tags.items()}
        assert {tag: there for there, tag in menu(html)} == others | {own: "./"}
    assert all(f">{name}</a>" in english for name in ("English", "中文", "සිංහල"))
    # What the theme would ask for on every page is not there.
    lost = (folder / "site/404.html").read_text("utf-8")
    for html in (english, chinese, lost):
        assert 'rel="alternate"' not in html
    # It stands at any address, and leads to the home page of each tree.
    told = re.findall(r'<p lang="(.*?)">(.*?) <a href="/here/(.*?)">To the home', lost)
    untold = "There is no page at this address."
    said = [untold, "找不到&lt;此页&gt;。", untold]
    spoken = "en", "zh-Hans", "en"
    assert told == [*zip(spoken, said, tags.values(), strict=True)]
    tree = ElementTree.parse(folder / "site/sitemap.xml")
    space = {"m": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    found = {str(loc.text) for loc in tree.iterfind("m:url/m:loc", space)}
    base, pages = "http://localhost/here/", ("", "layers/mixing/")
    assert found == {f"{base}{t}{p}" for t in tags.values() for p in pages}
    (url, *_) = tree.iterfind("m:url", space)
    likes = [link.attrib["hreflang"] for link in url if "hreflang" in link.attrib]
    assert likes == [*tags, "x-default"]


def test_a_tree_holds_pages_and_the_index_of_its_words(folder: Path) -> None:
    files = [path for path in (folder / "site/zh").rglob("*") if path.is_file()]
    names = {path.relative_to(folder / "site/zh").as_posix() for path in files}
    pages = {"index.html", "layers/mixing/index.html", "translation/index.html"}
    assert names == pages | {"search/search_index.json"}
    for name in pages:
        here = folder / "site/zh" / name
        address = re.compile(r'(?:src|href|"search": )="?([^":#]+\.\w+)["#?]')
        for there in address.findall(here.read_text("utf-8")):
            assert (here.parent / there).resolve().is_file(), there
    index = json.loads((folder / "site/zh/search/search_index.json").read_text("utf-8"))
    titles = {entry["location"]: entry["title"] for entry in index["docs"]}
    assert titles["layers/mixing/"] == "混合"
    assert "混合\u200b" in "".join(entry["text"] for entry in index["docs"])
    assert index["config"]["pipeline"] == []
    log = (folder / "log").read_text("utf-8")
    for said in "zh: 10 of 20", "si: 0 of 20":
        assert f"{said} units are translated, and the English of 0 more has" in log


def test_a_page_has_the_links_of_the_english_in_every_tree(folder: Path) -> None:
    """But for those of the line that tells how much is translated."""
    for name in ("", "layers/mixing"):
        pages = (page(folder, f"{tree}{name}") for tree in ("", "zh/", "si/"))
        rests = [re.sub('<p class="weave-told".*', "", html) for html in pages]
        links, *others = [rest.count("<a ") for rest in rests]
        assert others == [links, links]


def test_a_page_is_in_its_language_and_another_counts_that(folder: Path) -> None:
    html = page(folder, "zh/layers/mixing")
    assert '<html lang="zh-Hans"' in html
    assert "<title>混合 - 小站</title>" in html
    assert 'rel="canonical" href="http://localhost/here/zh/layers/mixing/">' in html
    assert '<h2 id="why-so">为什么' in html
    assert "weave-unit-missing" not in html
    assert 'href="../../translation/">关于本译文' in html
    file = r"http://localhost/repository/blob/HEAD/locale/{0}/layers\.po#L{1}"
    place = rf'<a href="{file}"><code>locale/{{0}}/layers\.po:\d+</code></a>'
    [line] = re.findall(place.format("zh", r"(\d+)"), html)
    catalog = (folder / "locale/zh/layers.po").read_text("utf-8").split("\n")
    assert 'msgid "Mixing"' in catalog[int(line) - 1 :][:3]
    untold = page(folder, "si/layers/mixing")
    assert "weave-untranslated" in untold
    assert '<p><span class="weave-unit-missing" lang="en">There are reasons.' in untold
    assert "සොයන්න" in untold, "words that the theme lacks are supplied"
    # And the English is what it is without trees, but for the menu.
    english = page(folder, "layers/mixing")
    assert "weave-told" not in english
    assert '<html lang="en"' in english
    # The page about the translation counts.
    html = page(folder, "zh/translation")
    cell = r"</td><td>(\d+)"
    rows = re.findall(rf"<code>(\w+)\.po</code>{cell * 3}</td>", html)
    assert ("layers", "6", "0", "0") in rows
    for name, *counts in rows:
        entries = polib.pofile(str(folder / f"locale/zh/{name}.po"))
        done, total = len(entries.translated_entries()), len(entries)
        assert [*map(int, counts)] == [done, 0, total - done], name
    assert '<td class="weave-reader">Ann A, today</td>' in html
    html = page(folder, "si/translation")
    assert "About this translation" in html
    [row] = re.findall(r'href="../layers/mixing/#([^"]+)">There are', html)
    assert f'id="{unquote(row)}"' in page(folder, "si/layers/mixing")
    assert re.search(r"There are.*?</a> " + place.format("si", r"\d+"), html)


def test_what_changes_shows_and_a_fault_fails_the_build(own: Path) -> None:
    before = page(own, "zh")
    changed = MODULE.replace("the rows", "all rows").replace("are reasons", "?")
    (own / "pkg/layers/mixing.py").write_text(changed)
    assert build_here(own).returncode == 0
    html = page(own, "zh/layers/mixing")
    assert 'class="weave-unit-changed" data-english="It mixes all rows' in html
    assert '<p><span class="weave-unit-missing" lang="en">There ?.' in html
    assert page(own, "zh") == before
    say(own, "layers", {"Why so": "为`什么`"})
    say(own, "interface", HOSTILE)
    result = build_here(own)
    assert result.returncode == 1
    for what in (r"layers\.po:\d+: .*“`什么`”", r"interface\.po:\d+: .*“<script>"):
        assert re.search(f"locale/zh/{what}", result.stderr + result.stdout)


def test_words_of_chinese_are_parted_for_the_search(tmp_path: Path) -> None:
    text = "<p>跳跃连接 and 混合</p>"
    entry = {"title": "词元混合", "text": text, "tags": ["混合层"]}
    index = tmp_path / "search_index.json"
    index.write_text(json.dumps({"docs": [entry | {"location": "x/"}]}))
    trees.part_words(index, "zh")
    [parted] = json.loads(index.read_text())["docs"]
    assert "混合" in parted["title"].split("\u200b")
    assert parted["text"] == "<p>跳跃\u200b连接 and 混合</p>"
    assert parted["tags"] == ["混合\u200b层"]
    ends = re.compile(trees.SEARCH["separator"])  # type: ignore[call-overload]
    words = ends.split("词元\u200b混合（token），nn.Linear")
    assert "|".join(words) == "词元|混合|token|nn|Linear"


def test_a_page_shows_the_words_of_the_catalog_as_they_are_now(own: Path) -> None:
    """Also those in a title that is a paragraph elsewhere; and none of them is HTML."""
    say(own, "interface", HOSTILE)
    for title in ("各部", "章"):
        say(own, "pages", {"Parts": title})
        result = build_here(own, "--no-strict")
        assert result.returncode == 0, result.stderr
        html = page(own, "zh/layers/mixing")
        assert f"{title}\n" in re.sub("<.*?>", "\n", html)
    assert "{curent} \\d &lt;script&gt;" in html
    for text in ("<script>x", "</script><i>", HOSTILE["Small"]):
        assert text not in html


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, katex: Path) -> Path:
    """A site of two pages that has no configuration yet."""
    index = "---\ntitle: x\n---\n\nWords here. [Licence](LICENSE).\n"
    files = {"pkg/layers/mixing.py": MODULE, "docs/index.md": index, "docs/LICENSE": ""}
    write_site(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(languages: str, theme: str = "material", step: int = 1) -> None:
    weave = "{litweave: {source: pkg, cache: cache}}"
    plugins = weave, f"{{litweave-languages: {{languages: {languages}}}}}"
    text = f"site_name: Small\nplugins: [search, {', '.join(plugins[::step])}]\n"
    Path("mkdocs.yml").write_text(f"{text}theme: {theme}\n")


OTHERS = {"zh": "", "pt-BR": "{name: material}", "zh-TW --no-directory-urls": ""}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_site_of_another_kind_has_trees(small: Path, kind: str) -> None:
    language, *options = kind.split()
    configure(f"[{language}]", OTHERS[kind] or "material")
    assert main(["catalogs", "mkdocs.yml"]) == 0
    result = build_here(small, *options)
    assert result.returncode == 0, result.stderr
    names = ("layers/mixing", "translation")
    for where in ("index", *(n if options else f"{n}/index" for n in names)):
        page = Path("site", language, f"{where}.html")
        html = page.read_text("utf-8")
        assert f'lang="{trees.tag(language)}"' in html
        addresses = [address for address, _ in menu(html)]
        addresses += re.findall(r'class="weave-told".*?href="([^"]*)"', html)
        assert len(addresses) >= 2
        for there in (page.parent / address for address in addresses):
            assert (there if there.suffix else there / "index.html").is_file(), there
    home = Path("site", language, "index.html").read_text("utf-8")
    assert 'href="../LICENSE"' in home
    assert f"</a> <code>locale/{language}/pages.po:" in home


REFUSED = {
    "[tlh]": "“tlh” is no language: write a code such as",
    "[pt_BR]": "“pt_BR” is no language",
    "[zh]": "needs the plugin litweave above it",
}
Capture = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("small")
def test_a_site_that_cannot_have_trees_is_refused(capsys: Capture) -> None:
    for languages, said in REFUSED.items():
        configure(languages, step=-1 if "above" in said else 1)
        assert main(["catalogs", "mkdocs.yml"]) == 1
        assert said in capsys.readouterr().err


# ## Without MkDocs

PARTS = {"pages.po", "layers.po", "interface.po"}


def run(*arguments: str) -> int:
    return main([*arguments, "--language", "zh", "--cache", "cache"])


def test_catalogs_are_written_and_checked(small: Path, capsys: Capture) -> None:
    assert main(["catalogs", "pkg"]) == 2
    assert run("catalogs", "pkg", "--check") == 1
    assert not (small / "locale").exists()
    assert run("catalogs", "pkg") == run("catalogs", "pkg", "--check") == 0
    # What a page shows beside its prose is there, too.
    assert 'msgid "Copy"' in (small / "locale/zh/interface.po").read_text("utf-8")
    # What is asked of a site with its own configuration is done.
    configure("[zh, si]")
    options = ["mkdocs.yml", "--locale", "other", "--exclude", "layers/*"]
    assert run("catalogs", *options) == 1
    options[-1] = "none/*"
    assert run("catalogs", *options) == 0
    assert {p.name for p in (small / "other/zh").iterdir()} == PARTS
    assert not (small / "other/si").exists()
    say(small, "layers", {"the table": "`表`"})
    capsys.readouterr()
    assert run("catalogs", "pkg", "--check") == 1
    said = capsys.readouterr()
    assert re.match(r"locale/zh/layers\.po:\d+: the code “`表`” is not", said.out)
    assert "zh: 1 problem" in said.err
    assert run("build", "pkg", "--out", "site", "--strict") == 1


def test_a_package_is_built_in_another_language(small: Path) -> None:
    run("catalogs", "pkg")
    say(small, "layers", SAID | {"the table": ""})

    def built() -> str:
        assert run("build", "pkg", "--out", "site", "--strict") == 0
        return (small / "site/layers/mixing.html").read_text("utf-8")

    page = built()
    assert '<html lang="zh"' in page
    assert "<p>它混合" in page
    assert '<summary id="notation">记号</summary>' in page
    assert '<span class="weave-unit-missing" lang="en">' in page
    # What was kept is shown again, unless a translation or the English is another.
    assert built() == page
    say(small, "layers", {"the table": "表"})
    (small / "pkg/layers/mixing.py").write_text(MODULE.replace("the rows", "all rows"))
    page = built()
    assert "weave-unit-missing" not in page
    assert 'class="weave-unit-changed" data-english="It mixes all rows of' in page
