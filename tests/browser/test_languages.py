"""The site in other languages: the same pages, found by their own words."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGUAGES, settle
from tests.browser.judging import found_by_axe
from tests.browser.test_every_page import listened, sideways
from tests.browser.test_search import HITS, assert_found, leading, press, reader

__all__ = ["reader"]
# What a student types, after the page or pages about it.
WORDS = {
    "zh": """
layers/token_mixing/: 词元混合; layers/channel_mixing/: 通道混合
layers/patch_embedding/: 图像块嵌入; layers/layer_norm/: 层归一化
layers/batch_norm/: 批量归一化; layers/skip_connection/: 残差连接, 跳跃连接
layers/stochastic_depth/: 随机深度; layers/attention/: 多头注意力
layers/depthwise_convolution/: 深度卷积; layers/positional_encoding/: 位置编码
data/augmentation/: 数据增强; experiments/schedule/: 学习率
results/ experiments/mixer_images/ experiments/classification/: 测试准确率
models/masked_language_model/ experiments/masked_language/: 掩码语言模型
""",
    "ja": """
layers/token_mixing/: トークンミキシング; layers/channel_mixing/: チャネルミキシング
layers/patch_embedding/: パッチ埋め込み; layers/layer_norm/: レイヤー正規化
layers/batch_norm/: バッチ正規化; layers/skip_connection/: 残差接続, スキップ接続
layers/positional_encoding/: 位置エンコーディング; layers/mlp/: 多層パーセプトロン
layers/linear/: 線形写像; layers/dropout/: ドロップアウト
layers/gelu/ glossary/: 活性化関数; models/masked_language_model/: マスク言語モデル
train/: 混同行列; glossary/: 用語集
""",
    "si": """
layers/token_mixing/: ටෝකන් මිශ්‍ර කිරීම; layers/layer_norm/: ස්තර ප්‍රමතකරණය
layers/batch_norm/: කාණ්ඩ ප්‍රමතකරණය; layers/linear/: රේඛීය අනුරූපණය
layers/gelu/: සක්‍රියන ශ්‍රිතය; glossary/: පාරිභාෂික
models/conv_mixer/ layers/patch_embedding/: සංවලනය
train/ glossary/: නිරවද්‍යතාව, ව්‍යාකූලතා න්‍යාසය
layers/token_mixing/ layers/linear/: න්‍යාසය; train/: පුහුණු කරන්න
layers/channel_mixing/: නාලිකා මිශ්‍ර කිරීම
layers/attention/ layers/masked_attention/: අවධානය; guide/copy/: පිටපත් කිරීම
layers/patch_embedding/: පැච්
""",
}
# What is in the HTML of a page for whoever reads, in whatever language.
KEPT = {
    "anchors": re.compile(r'\sid="([^"]+)"'),
    "code": re.compile(r"<pre\b"),
    "formulas": re.compile(r"<annotation[^>]*>([^<]*)<"),
    "links": re.compile(r"<a\b"),
    "pictures": re.compile(r"<(?:svg|img)\b"),
}


def test_a_tree_has_all_that_the_english_has(site: Path, pages: list[str]) -> None:
    """Anchors, code, formulas, links and pictures are the same, page by page.

    A panel repeats the first sentence of some paragraphs, which may be a shorter one.
    The line that tells how much is translated has links of its own.
    """
    wrong = []
    for page in pages:
        english = kept(site / page / "index.html")
        for language in sorted(LANGUAGES):
            other = kept(site / language / page / "index.html")
            for kind, here in english.items():
                if here != other[kind]:
                    wrong.append(f"/{language}/{page}: {kind}: {here} {other[kind]}")
    assert not wrong, "\n".join(wrong)


def kept(path: Path) -> dict[str, list[str]]:
    html = path.read_text("utf-8")
    article = html[html.index("<article") : html.index("</article>")]
    article = re.sub('<p class="weave-told".*', "", article)
    found = {kind: pattern.findall(article) for kind, pattern in KEPT.items()}
    # An author may break a line in one, and a translation has none.
    unbroken = {" ".join(formula.split()) for formula in found["formulas"]}
    return found | {"formulas": sorted(unbroken)}


@pytest.mark.parametrize("language", WORDS)
def test_words_of_a_language_lead_to_their_pages(language: str, reader: Page) -> None:
    """In Sinhala also without joiners."""
    reader.goto(f"{language}/guide/install/")
    words = [*leading(WORDS[language])]
    assert len(words) == 15
    if language == "si":
        words += [(w.replace("\u200d", ""), p) for w, p in words if "\u200d" in w]
    assert_found(reader, words, f"{language}/")


# What stands nowhere; and after its page, what has joints, and a word.
RUNS = {
    "zh": """
: 不存在的词语甲乙丙; family/ experiments/family_digits/: 词元混合和通道混合的区别
layers/dropout/: 暂退法
""",
    "ja": """
: 存在しない甲乙丙; findings/: トークンミキシングとは何か
layers/depthwise_convolution/: 畳み込み
""",
}


@pytest.mark.parametrize("language", RUNS)
def test_a_run_without_spaces_is_found_with_all_its_parts(
    language: str, reader: Page
) -> None:
    reader.goto(f"{language}/guide/install/")
    (nowhere, _), *words = leading(RUNS[language])
    assert_found(reader, words, f"{language}/")
    expect(reader.locator(".md-search-result__terms")).to_have_count(0)
    reader.locator(".md-search__input").fill(nowhere)
    press(reader, "End")
    assert reader.evaluate(HITS) == []


def test_the_language_is_changed_at_the_same_place(page: Page, address: str) -> None:
    """Nothing is asked of another host, no map of the site, and nothing goes wrong."""
    wrong, asked = list[str](), list[str]()
    listened(page, address, wrong)
    page.on("request", lambda request: asked.append(request.url))
    page.goto("layers/token_mixing/#TokenMixing.forward")
    settle(page)
    page.get_by_role("button", name="Select language").hover()
    page.get_by_role("link", name="中文").click()
    expect(page).to_have_url(re.compile("/zh/layers/token_mixing/#TokenMixing"))
    expect(page.locator("[id='TokenMixing.forward']")).to_be_in_viewport()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    settle(page)
    assert not [url for url in asked if "sitemap" in url]
    assert not wrong


def test_the_language_is_changed_without_javascript(plain: Page, address: str) -> None:
    plain.goto("zh/layers/head/")
    link = plain.get_by_role("link", name="日本語")
    plain.goto(str(link.evaluate("link => link.href")))
    expect(plain).to_have_url(f"{address}ja/layers/head/")


# Pages of prose beside code, one of words of scripts, one that nobody wrote by hand.
SOME = ["zh/train/", "zh/translation/", "ja/models/mlp_mixer/", "si/layers/gelu/"]


@pytest.mark.parametrize("name", SOME)
def test_a_page_fits_and_can_be_read_by_all(
    name: str, page: Page, address: str, judges: dict[str, Page]
) -> None:
    wrong: list[str] = []
    listened(page, address, wrong)
    page.goto(name)
    settle(page)
    wrong += [*sideways(page, name), *found_by_axe(page, name, judges)]
    assert not wrong, "\n".join(wrong)


def test_what_has_changed_is_seen_and_what_it_says_now_is_shown(page: Page) -> None:
    page.goto("zh/layers/mlp/")
    page.locator(".weave-opening p").first.evaluate(
        """one => {
          one.className = "weave-unit-changed";
          one.dataset.english = "It says something else.";
        }"""
    )
    page.locator(".weave-unit-changed").first.hover()
    tip = page.get_by_role("tooltip")
    expect(tip).to_have_text("It says something else.")
    expect(tip.locator("[lang=en]")).to_be_visible()
