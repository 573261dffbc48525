"""The prose of this book, put together again and put into another language.

Where HTML is made of it, a third is taken, by a hash.
"""

import functools
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from litweave.book import Book
from litweave.diagnostics import Place
from litweave.dialect import to_html
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.tokens import tokens
from litweave.features.languages.translator import Said, State, Translator
from litweave.features.languages.units import Piece, rewrite, split
from litweave.page import document
from litweave.prose import Context, to_markdown
from litweave.sections import Line

from support import ROOT, read_book

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
    return re.sub("\ue000[\ue010-\ue019]+\ue001", "S", html)


class Joiner:
    """Puts every unit on one line, in its own words."""

    def rewritten(
        self, lines: Sequence[Line], place: Place, page: str, html: bool
    ) -> tuple[list[str], list[Place]]:
        def same(piece: Piece) -> str:
            return piece.message if piece.unit else piece.text

        found = rewrite("\n".join(line for _, line in lines), same, html)
        places = [Place(place.path, place.line + number) for number, _ in found]
        return [line for _, line in found], places


def test_pieces_are_the_prose() -> None:
    for text in texts():
        assert "".join(piece.text for piece in split(text)) == text


def test_joined_lines_make_the_same_page() -> None:
    for text in filter(is_taken, texts()):
        context = book().context
        before = to_markdown(text, Place("a.py", 1), "a.md", context)
        joining = replace(context, translator=Joiner())
        after = to_markdown(text, Place("a.py", 1), "a.md", joining)
        assert before == after or squeezed(before) == squeezed(after)


class Everything(Translator):
    """Knows a translation of every message: two words and its tokens."""

    def say(self, message: str, source: str) -> Said:
        words = " ".join(
            token.value for token in tokens(message) if token.kind == "tag"
        )
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
    for english, *others in zip(*map(pages_of, contexts), strict=True):
        for html in others:
            assert ids(html) == ids(english)
            assert not re.search("[\ue100-\ue2ff]", html)


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_gettext_accepts_each_catalog_and_leaves_it_as_it_is() -> None:
    for path in sorted((ROOT / "locale").rglob("*.po")):
        subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], check=True)
        command = ["msgcat", "--no-wrap", path]
        shown = subprocess.run(command, check=True, capture_output=True)
        assert shown.stdout == path.read_bytes(), path
