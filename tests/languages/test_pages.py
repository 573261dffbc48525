"""What this site adds to its pages can be said in every language, as all its prose.

A small site is built in which every word is known, between two brackets (see
`test_words` of litweave). The prose of the book is put together again, and put into
another language; where HTML is made of it, a third is taken, by a hash.
"""

import functools
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.dialect import to_html
from litweave.features.languages import Said, State, Translator
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.units import scan
from litweave.page import document
from litweave.prose import Context, to_markdown
from translated import english, marked_site, unsaid

from labml_style_nn.web_training import site_plugin, train_page
from labml_style_nn.web_training.variants import VARIANTS
from support import ROOT, read_book

TRAIN = ROOT / "docs/assets/train"
LIVE = ROOT / "labml_style_nn/live/assets"
SCRIPTS = [*sorted(LIVE.glob("*.js")), *sorted(TRAIN.glob("*.js"))]
CONFIG = f"""
site_name: Small
site_url: http://localhost/
repo_url: http://localhost/repository
theme: {{name: material, font: false}}
extra: {{generator: false, beside: {{}}, other_names: {{}}, search_boosts: {{}}}}
nav: [{{Home: index.md}}, {{Train: train.md}}, {{Mixing: mixing.md}}]
hooks: [{ROOT}/tools/site_hooks.py]
plugins:
  - search
  - train-in-browser
  - litweave: {{source: pkg, cache: cache}}
  - litweave-languages: {{languages: [zh]}}
markdown_extensions: [attr_list, md_in_html]
"""
FILES = {
    "mkdocs.yml": CONFIG,
    "docs/index.md": "# Home\n\nWords.\n",
    "docs/train.md": (ROOT / "docs/train.md").read_text("utf-8"),
    "pkg/mixing.py": '"""# Mixing\n\nIt mixes.\n"""\n\nx = 1\n',
}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_in_english_alone(path: Path) -> None:
    assert not unsaid(path)


def test_a_thread_has_no_page_and_so_no_words() -> None:
    names = ["worker.js"]
    for name in names:  # and what is found on the way
        text = (TRAIN / name).read_text("utf-8")
        assert "/words.js" not in text
        imported = re.findall(r'from "\./([\w.]+)"', text)
        names += [name for name in imported if name not in names]
    assert {"trainer.js", "files.js"} <= {*names}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, katex: Path) -> Path:
    folder = tmp_path_factory.mktemp("marked")
    run = {"loss": [2.3, 0.1], "accuracy": [0.1, 0.9]}
    parts = train_page.parts(dict.fromkeys(VARIANTS, run))
    files = {**FILES, "parts.json": json.dumps(parts)}
    return marked_site(folder, files, (site_plugin, "made", lambda *_: folder))


@pytest.mark.parametrize("page", ["train/", "mixing/", ""])
def test_every_word_of_a_page_can_be_said_otherwise(site: Path, page: str) -> None:
    assert english(site / "zh" / page / "index.html") <= {"English"}


def test_scripts_find_their_words_in_the_page(site: Path) -> None:
    html = (site / "zh/train/index.html").read_text("utf-8")
    element = BeautifulSoup(html, "html.parser").find(id="weave-words")
    assert isinstance(element, Tag)
    known = json.loads(element.get_text())
    assert known["Please download"] == "⟦Please download⟧"


# ## The prose of the book

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@functools.cache
def book() -> Book:
    return read_book(ROOT / "labml_style_nn")


def pages() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = _FRONT_MATTER.sub("", path.read_text("utf-8"))
        yield path.relative_to(ROOT / "docs").as_posix(), text


def texts() -> Iterator[str]:
    for module in book().modules.values():
        for row in module.rows:
            yield from (prose.text for prose in row.prose)
    yield from (text for _, text in pages())


def is_taken(text: str) -> bool:
    return zlib.crc32(text.encode()) % 3 == 0


def squeezed(markdown: str) -> str:
    """The HTML of a text without its white space, and with all formulas alike."""
    html = re.sub(r"\s+", "", to_html(markdown))
    return re.sub("\ue000.*?\ue001", "S", html)


class Joined(Translator):
    """Says every unit on one line, in its own words."""

    def say(self, message: str, source: str) -> Said:
        return Said(message, State.CURRENT, Place("zh.po", 1))


def test_joined_lines_make_the_same_page() -> None:
    joined = Joined(Catalogs("zh", ROOT / "nowhere"))
    for text in filter(is_taken, texts()):
        context = book().context
        before = to_markdown(text, Place("a.py", 1), "a.md", context)
        joining = replace(context, translator=joined)
        after = to_markdown(text, Place("a.py", 1), "a.md", joining)
        assert before == after or squeezed(before) == squeezed(after)


class Everything(Translator):
    """Knows a translation of every message: two words and its tokens."""

    def say(self, message: str, source: str) -> Said:
        words = " ".join(value for kind, value in scan(message)[1] if kind == "tag")
        return Said(f"译文 {words}".strip(), State.CURRENT, Place("zh.po", 1))


def pages_of(context: Context) -> Iterator[str]:
    for page, chapter in book().chapters.items():
        if is_taken(page):
            yield to_html(document(chapter.module, page, context))
    for page, text in pages():
        yield to_html(to_markdown(text, Place(page, 1), page, context))


def ids(html: str) -> list[str]:
    return re.findall(r"<h\d [^>]*\bid=\"([^\"]*)\"", html)


def test_headings_have_the_english_anchors() -> None:
    translators = [None]
    translators += [
        t(Catalogs("zh", ROOT / "nowhere")) for t in (Translator, Everything)
    ]
    contexts = [replace(book().context, translator=one) for one in translators]
    for original, *others in zip(*map(pages_of, contexts), strict=True):
        for html in others:
            assert ids(html) == ids(original)
            assert not re.search("[\ue004-\ue00f]", html)


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_gettext_accepts_each_catalog_and_leaves_it_as_it_is() -> None:
    for path in sorted((ROOT / "locale").rglob("*.po")):
        subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], check=True)
        command = ["msgcat", "--no-wrap", path]
        shown = subprocess.run(command, check=True, capture_output=True)
        assert shown.stdout == path.read_bytes(), path
