"""Code that nobody here wrote: each module of it becomes a page.

`tools/litweave_others.py` does the same with the whole standard library and `torch.nn`.
"""

import re
import shutil
import sysconfig
from html import unescape
from pathlib import Path

import markdown
import pytest

from litweave.build import Built, build
from support import settings_of

STDLIB = Path(sysconfig.get_path("stdlib"))
# Prose of many kinds: titles underlined with tildes, money, shell prompts, regular
# expressions with dollars, doctests, tags, backslashes, and none at all.
SAMPLE = (
    *("ast.py", "base64.py", "cgi.py", "difflib.py", "doctest.py", "keyword.py"),
    *("ntpath.py", "optparse.py", "os.py", "string.py", "this.py", "zipapp.py"),
    *("http", "json", "lib2to3/tests/data"),
)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    """The site of Markdown and of a part of the standard library."""
    folder = tmp_path_factory.mktemp("everybody")
    source, site = folder / "others", folder / "site"
    shutil.copytree(Path(markdown.__file__).parent, source / "markdown")
    # What later Pythons have no more is passed over.
    for name in (name for name in SAMPLE if (STDLIB / name).exists()):
        copy = shutil.copytree if (STDLIB / name).is_dir() else shutil.copy
        (source / "std" / name).parent.mkdir(parents=True, exist_ok=True)
        copy(STDLIB / name, source / "std" / name)
    return build(settings_of(source), site), site


def test_every_module_is_a_page_or_skipped_with_the_reason(
    others: tuple[Built, Path],
) -> None:
    built, site = others
    source = site.parent / "others"
    files = (path for path in source.rglob("*.py") if path.name[0] != ".")
    modules = {path.relative_to(source.parent).as_posix() for path in files}
    read = {chapter.module.path for chapter in built.book.chapters.values()}
    assert read | set(built.book.skipped) == modules
    assert len(read) > 50
    pages = built.book.chapters
    assert all((site / page).with_suffix(".html").exists() for page in pages)
    # What is not Python any more, and what is empty.
    for name, reason in built.book.skipped.items():
        assert "lib2to3/tests/data" in name or reason == "there is nothing in it"


def test_every_line_of_code_is_on_its_page(others: tuple[Built, Path]) -> None:
    built, site = others
    for page, chapter in built.book.chapters.items():
        html = (site / page).with_suffix(".html").read_text()
        found = re.findall(r'<span class="weave-line" data-line="(\d+)"', html)
        rows = chapter.module.rows
        assert list(map(int, found)) == [n for row in rows for n in row.code], page
        woven = re.findall(r'<div class="weave-row(?! weave-closing)', html)
        assert len(woven) == len(rows), page
    for path in site.rglob("*.html"):
        html = path.read_text()
        assert not re.search("[\ue000-\ue019\ue100\ue101\ue200-\ue2ff]", html), path
        assert "weave-row-" not in html, path


def test_every_remark_names_a_line_of_a_file(others: tuple[Built, Path]) -> None:
    built, site = others
    assert built.book.context.diagnostics.found
    for problem in built.book.context.diagnostics.found:
        path = site.parent / problem.place.path
        lines = path.read_bytes().count(b"\n") + 1
        assert 1 <= problem.place.line <= lines, str(problem)
        assert problem.kind != "page", str(problem)
    assert not built.remarks


def test_words_are_read_as_their_author_meant_them(others: tuple[Built, Path]) -> None:
    _, site = others

    def text(page: str) -> str:
        html = (site / "std" / page).read_text()
        prose = re.sub(r'<div class="weave-code.*?</pre></div>', "", html, flags=re.S)
        return unescape(re.sub("<[^>]*>", "", prose))

    assert '$ echo \'{"json":"obj"}\' | python -m json.tool' in text("json/tool.html")
    assert "$var" in text("ntpath.html")
    assert "I can live with that <wink>." in text("difflib.html")
