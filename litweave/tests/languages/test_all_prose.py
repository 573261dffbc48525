"""The prose of this repository, put together again and put into another language.

Where HTML is made of it, a third is taken, by a hash.
"""

import functools
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from litweave.book import Book
from litweave.diagnostics import Diagnostics, Place
from litweave.dialect import to_html
from litweave.features.languages.catalogs import Catalogs
from litweave.features.languages.translator import Said, State, Translator
from litweave.features.languages.units import Piece, rewrite, split, tokens
from litweave.page import document
from litweave.prose import to_markdown

ROOT = Path(__file__).parents[3]
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@functools.cache
def book() -> Book:
    found = Book()
    found.read(ROOT / "labml_style_nn")
    return found


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


def squeezed(html: str) -> str:
    return re.sub(r"\s+", "", html)


class Joiner:
    """Puts every unit on one line, in its own words."""

    def rewritten(self, lines, place, page, html):  # type: ignore[no-untyped-def]
        def same(piece: Piece) -> str:
            return piece.message if piece.unit else piece.text

        text = "\n".join(line for _, line in lines)
        found = rewrite(text, same, html)
        places = [Place(place.path, place.line + number) for number, _ in found]
        return [line for _, line in found], places


def test_pieces_are_the_prose() -> None:
    for text in texts():
        assert "".join(piece.text for piece in split(text)) == text


def test_joined_lines_make_the_same_page() -> None:
    for text in filter(is_taken, texts()):
        context = Book(context=book().context).context
        try:
            before = to_markdown(text, Place("a.py", 1), "a.md", context)
            context.translator = Joiner()
            after = to_markdown(text, Place("a.py", 1), "a.md", context)
        finally:
            context.translator = None
        if before != after:
            slots = re.compile("\ue000[\ue010-\ue019]+\ue001")
            one, two = (slots.sub("S", squeezed(to_html(t))) for t in (before, after))
            assert one == two


class Everything(Translator):
    """Knows a translation of every message: two words and its tokens."""

    def say(self, message: str, source: str) -> Said:
        words = " ".join(
            token.value for token in tokens(message) if token.kind == "tag"
        )
        return Said(f"译文 {words}".strip(), State.CURRENT, Place("zh.po", 1))


def ids(html: str) -> list[str]:
    return re.findall(r"<h\d [^>]*\bid=\"([^\"]*)\"", html)


@pytest.mark.parametrize("translator", [Translator, Everything])
def test_headings_have_the_english_anchors(translator: type[Translator]) -> None:
    context = book().context
    other = replace(context, diagnostics=Diagnostics())
    other.translator = translator(Catalogs("zh", ROOT / "nowhere"), "labml_style_nn")
    for page, chapter in book().chapters.items():
        if not is_taken(page):
            continue
        english, html = (
            to_html(document(chapter.module, page, d)) for d in (context, other)
        )
        assert ids(html) == ids(english)
        assert not re.search("[\ue100-\ue2ff]", html)
    for page, text in pages():
        english, html = (
            to_html(to_markdown(text, Place(page, 1), page, d))
            for d in (context, other)
        )
        assert ids(html) == ids(english)
        assert not re.search("[\ue100-\ue2ff]", html)
