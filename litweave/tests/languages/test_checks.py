"""Faults in translations are found, and good translations are not complained of."""

from pathlib import Path

import pytest

from litweave.diagnostics import Place
from litweave.features.languages.catalogs import Catalogs, Entry
from litweave.features.languages.checks import Glossary, check, check_entry

LOCALE = Path(__file__).parents[3] / "locale"
HERE = Place("locale/zh/layers.po", 7)


def findings(english: str, said: str, kind: str = "paragraph", language: str = "zh"):  # type: ignore[no-untyped-def]
    glossary = Glossary.read(LOCALE / "glossary.csv", language)
    entry = Entry(english, said, ("a.py",), (kind,), HERE)
    return list(check_entry(entry, glossary))


def errors(english: str, said: str, kind: str = "paragraph", language: str = "zh"):  # type: ignore[no-untyped-def]
    found = findings(english, said, kind, language)
    return [str(finding) for finding in found if finding.is_error]


FAULTS = {
    "a lost formula": ("So $S$ and $C$ grow.", "所以 $S$ 增大。", "formula “$C$”"),
    "an altered formula": ("The size $S_1$.", "大小 $S_2$。", "formula “$S_1$”"),
    "lost code": ("Call `fit` once.", "调用一次。", "code “`fit`”"),
    "another address": ("See [it](a.md#x).", "见[它](b.md#x)。", "target “a.md#x”"),
    "a lost reference": ("See the [layer][mlp].", "见这一层。", "reference “mlp”"),
    "an altered name": ("See [`gelu`][].", "见 [`GELU`][]。", "reference “gelu”"),
    "a letter before a link": (
        "The [layer][mlp].",
        "MLP[层][mlp]。",
        "reference “mlp”",
    ),
    "a lost label": ("See [it][1].", "见它。", "label “1”"),
    "a lost footnote": ("A word[^1].", "一个词。", "footnote “1”"),
    "a lost tag": ("Press <b>it</b>.", "按下它。", "tag “<b>”"),
    "a lost attribute": ("[Go](a){ .x }", "[去](a)", "attributes “{ .x }”"),
    "a lost number": ("It has 64 digits.", "它有数字。", "number “64”"),
    "lost bold type": ("The **mean** value", "均值", "“**”"),
    "lost italics": ("A *batch* of it", "一个批次", "“*”"),
    "a blank line": ("One sentence.", "一句。\n\n又一句。", "a new line"),
    "a list": ("One sentence.", "- 一句。", "begins with “-”"),
    "a heading": ("One sentence.", "# 一句。", "begins with “#”"),
    "a quotation": ("One sentence.", "> 一句。", "begins with “>”"),
    "a number in front": ("One sentence.", "1. 一句。", "begins with “1.”"),
    "a tab": (r"So $S \times C$.", "所以 $S \times C$。", "U+0009"),
    "a space without width": ("One sentence.", "一\u200b句。", "U+200B"),
    "a mark of order": ("One sentence.", "\ufeff一句。", "U+FEFF"),
    "private use": ("One sentence.", "一句\ue000。", "U+E000"),
    "marks apart": ("One sentence.", "カ\u3099ス", "NFC"),
    "a forbidden word": ("The patches are cut.", "补丁被切开。", "“补丁” is wrong for"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error(fault: str) -> None:
    english, said, message = FAULTS[fault]
    found = errors(english, said)
    assert any(message in text for text in found), found
    assert all(text.startswith("locale/zh/layers.po:7: ") for text in found)


def test_kinds_have_rules_of_their_own() -> None:
    assert "ends a cell" in errors("One or two", "一|二", "cell")[0]
    assert not errors("Of $|x|$ and `a|b`", "$|x|$ 和 `a|b`", "cell")
    assert "ends a title" in errors("A title", '"标题"', "title")[0]
    assert "attribute" in errors("A label", 'a"b', "attribute")[0]


def test_sinhala_needs_its_joiners() -> None:
    assert "U+200D" in errors("A function", "ක්රියා", language="si")[0]
    assert not errors("A function", "ක්‍රියා", language="si")


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("The number of patches, $S$.", "图像块的个数 $S$。"),
        ("See [block][] and [`gelu`][].", "见[块][block]和 [`gelu`][]。"),
        ("A *batch* of 1,915 digits, **the** mean.", "*一批* 1915 个数字，**均值**。"),
        (
            "The [arXiv paper](https://arxiv.org/abs/2105.01601) of 2021",
            "2021 年的[论文](https://arxiv.org/abs/2105.01601)",
        ),
        (
            "Tolstikhin, “MLP-Mixer: An all-MLP Architecture for Vision”",
            "Tolstikhin，“MLP-Mixer: An all-MLP Architecture for Vision”",
        ),
        (
            "It is `x = x + y` [here](https://example.org).",
            "[这里](https://example.org)是 `x = x + y`。",
        ),
        ("A class token", "类别词元"),
    ],
)
def test_a_good_translation_has_no_errors(english: str, said: str) -> None:
    assert not errors(english, said)


def test_the_longest_term_wins() -> None:
    # The word for the kernel of Jupyter is wrong for that of a convolution.
    assert errors("A kernel is learned.", "学习一个内核。")
    assert not errors("A masked language model", "掩码语言模型")
    assert not errors("Its `kernel` is it", "它是内核 `kernel`")


def test_what_may_be_wrong_is_a_remark() -> None:
    found = [str(f) for f in findings("The gradient of it", "它的导数")]
    assert found == [
        "locale/zh/layers.po:7: “gradient” is in the English, but “梯度” is not here "
        "(remark)"
    ]
    assert "the English itself" in str(findings("Two words", "Two words")[0])


def test_a_report_counts() -> None:
    catalogs = Catalogs("zh", Path("locale"))
    for number, (name, said) in enumerate({"layers": "一", "models": "二"}.items()):
        place = Place(f"locale/zh/{name}.po", number + 1)
        catalogs.domains[name] = {"One": Entry("One", said, (), (), place)}
    report = check(catalogs, Glossary())
    assert str(report) == "0 errors, 1 remark in 2 translations"
    assert "locale/zh/layers.po:1" in str(report.findings[0])
    assert not report.errors
