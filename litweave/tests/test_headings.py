"""The anchors of headings, in whatever script their words are written."""

import pytest
from markdown import Markdown

from litweave.headings import HeadingAnchors, slug, words
from rendering import woven


@pytest.mark.parametrize(
    ("said", "anchor"),
    [
        *(("What it costs", "what-it-costs"), ("Don't: a + b (c_d)", "dont-a-b-c_d")),
        *(("Žlutý café, ½", "zluty-cafe-12"), ("ノート と ガイド", "ノート-と-ガイド")),
        *(("记号", "记号"), ("ｶﾞｲﾄﾞ「Ａ」", "ガイドa"), ("ශ්‍රී ලංකා", "ශ්‍රී-ලංකා")),
        *(("می‌خواهم", "می‌خواهم"), ("Ο όρος λ", "ο-όρος-λ"), ("Größe × 2", "größe-2")),
        *(("🚀 Start", "start"), ("🚀 記号 👩‍🚀", "記号"), ("🚀", "🚀"), ("+", "+")),
    ],
)
def test_an_anchor_is_made_of_the_words(said: str, anchor: str) -> None:
    assert slug(said) == anchor


def test_words_keep_their_marks() -> None:
    said = "Le résumé, re\u0301sume\u0301 — ශ්‍රී_ලංකා ガイド"
    assert list(words(said)) == ["le", "resume", "resume", "ශ්‍රී", "ලංකා", "ガイド"]


def test_headings_of_a_page_have_their_words_for_anchors() -> None:
    page = woven('"""# 混合\n\n## 记号\n\n## *记号* `x`\n\n## 记号\n"""\n').rows[0]
    for anchor in ("混合", "记号", "记号-x", "记号_1"):
        assert f'id="{anchor}"' in page


def test_a_site_keeps_its_own_way_of_writing_anchors() -> None:
    own = {"toc": {"slugify": lambda words, separator: "own"}}
    markdown = Markdown(extensions=["toc", HeadingAnchors()], extension_configs=own)
    assert markdown.convert("# 记号") == '<h1 id="own">记号</h1>'
