"""Catalogs: read, updated, written, left alone by other tools, searched for faults."""

from dataclasses import replace
from pathlib import Path

import polib
import pytest

from litweave.diagnostics import Place
from litweave.features.languages.catalogs import Catalogs, Entry, Unit, domain, pair
from litweave.features.languages.checks import Finding, Glossary, check, check_entry
from support import write_files

LONG = 'The number of patches, $S \\times C$, is “fixed”, and said "so"' + " again" * 30


def unit(message: str, path: str = "pkg/layers/a.py", kind: str = "paragraph") -> Unit:
    return Unit(message, kind, domain(path, "pkg"), Place(path, 3))


def translated(folder: Path, said: dict[str, str], *units: Unit) -> Catalogs:
    catalogs = Catalogs("zh", folder)
    catalogs.update(units)
    for entries in catalogs.domains.values():
        for message, entry in entries.items():
            entries[message] = replace(entry, translation=said.get(message, ""))
    catalogs.write()
    return Catalogs.read(folder, "zh")


def test_a_folder_has_a_catalog() -> None:
    paths = ["pkg/layers/mlp.py", "pkg/layers/deep/mlp.py", "pkg/pretrained.py"]
    found = [domain(path, "pkg") for path in (*paths, "guide/read.md", "index.md")]
    assert found == ["layers", "layers", "pages", "guide", "pages"]


def test_a_file_that_is_no_catalog_is_named(tmp_path: Path) -> None:
    assert not Catalogs.read(tmp_path, "zh").domains
    write_files(tmp_path, {"zh/a.po": "nonsense\n"})
    with pytest.raises(OSError, match=r"a\.po is no catalog"):
        Catalogs.read(tmp_path, "zh")


def test_a_catalog_is_written_without_lines_and_dates(tmp_path: Path) -> None:
    translated(tmp_path, {}, unit("Words", kind="entry: $S$, num"), unit("More"))
    text = (tmp_path / "zh" / "layers.po").read_text("utf-8")
    assert text.endswith(
        "\n\n#. entry: $S$, num\n#: pkg/layers/a.py\n"
        'msgid "Words"\nmsgstr ""\n'
        '\n#. paragraph\n#: pkg/layers/a.py\nmsgid "More"\nmsgstr ""\n'
    )
    assert "Date" not in text


def test_tools_leave_a_catalog_as_it_is(tmp_path: Path) -> None:
    names = (f"pkg/layers/a_file_with_a_long_name_{n}.py" for n in range(9))
    now = [unit(LONG), *(unit("Often", name) for name in names)]
    catalogs = translated(tmp_path, {LONG: "很" * 90, "Old": "旧"}, unit("Old"), *now)
    catalogs.update(now)
    catalogs.write()
    path = tmp_path / "zh" / "layers.po"
    text = path.read_text("utf-8")
    assert '# was in: pkg/layers/a.py\n#~ msgid "Old"\n#~ msgstr "旧"\n' in text
    assert all(len(line) < 80 for line in text.split("\n") if line[:2] == "#:")
    file = polib.pofile(str(path), wrapwidth=0)
    file.save(str(path))
    assert path.read_text("utf-8") == text
    again = Catalogs.read(tmp_path, "zh")
    assert not again.write()
    assert again.domains["layers"]["Old"].sources == ("pkg/layers/a.py",)
    assert not again.update(now).files
    # Who has read it says so in the header, or in a comment.
    file.metadata["X-Read-By"] = "Somebody, 2026-11-29"
    file.find(LONG).tcomment = "long, but right"
    file.save(str(path))
    read = Catalogs.read(tmp_path, "zh")
    read.update([*now, unit("Newer")])
    read.write()
    text = path.read_text("utf-8")
    assert "X-Read-By: Somebody" in text
    assert "# long, but right\n" in text


def test_an_update_keeps_what_vanished_and_takes_it_back(tmp_path: Path) -> None:
    catalogs = translated(tmp_path, {"One": "一"}, unit("One"), unit("Two"))
    changes = catalogs.update([unit("Three")])
    assert str(changes) == "1 new, 0 back, 2 gone"
    assert [path.name for path in changes.files] == ["layers.po"]
    assert list(catalogs.domains["layers"]) == ["Three", "One"]
    assert [entry.message for entry in catalogs.entries()] == ["Three"]
    changes = catalogs.update([unit("One"), unit("Three")])
    assert str(changes) == "0 new, 1 back, 0 gone"
    assert [entry.message for entry in catalogs.entries()] == ["One", "Three"]


def test_a_translation_elsewhere_is_taken(tmp_path: Path) -> None:
    catalogs = translated(tmp_path, {"Example": "示例"}, unit("Example"))
    catalogs.update([unit("Example", "pkg/models/b.py")])
    for name in ("models", "layers"):
        assert catalogs.domains[name]["Example"].translation == "示例"


def test_what_an_update_does_not_cover_stays(tmp_path: Path) -> None:
    own, others = unit("Words", "pkg/a.py"), unit("Words", "b.md")
    catalogs = translated(tmp_path, {}, own, others, unit("More", "b.md"))
    assert not catalogs.update([own], lambda path: path.startswith("pkg/")).files
    assert catalogs.update([own]).gone == 1


def test_one_in_doubt_serves_in_its_own_file_alone() -> None:
    entry = Entry("One", "一", ("a.py",), (), Place("a.po", 1), in_doubt=True)
    catalogs = Catalogs("zh", Path("locale"), {"layers": {"One": entry}})
    assert catalogs.find("One", "layers") == entry
    assert catalogs.find("One", "models") is None
    catalogs.domains["models"] = {"One": replace(entry, in_doubt=False)}
    assert catalogs.find("One", "layers") == catalogs.domains["models"]["One"]


def test_a_changed_sentence_finds_what_it_was() -> None:
    rows, columns = (f"It mixes the {what} of a table" for what in ("rows", "columns"))
    place = Place("a.po", 1)
    old = [Entry(text, "译", ("a.py",), (), place) for text in (rows, columns, "Else")]
    all_columns = rows.replace("the rows", "all columns")
    found = pair([all_columns, "Nothing like it", "It mixes rows of a table"], old)
    assert {text: entry.message for text, entry in found.items()} == {
        "It mixes all columns of a table": columns,
        "It mixes rows of a table": rows,
    }


# ## Faults in translations

HERE = Place("locale/zh/layers.po", 7)
GLOSSARY = """\
term_en,zh,avoid_zh
patch,图像块,补丁
gradient,梯度,
kernel,卷积核,内核
masked language model,掩码语言模型,
language model,语言模型,言模
MLP-Mixer,MLP-Mixer|混合器,
class token,类别词元 (class token),
Jupyter kernel,Jupyter内核,
"""


@pytest.fixture
def glossary(tmp_path: Path) -> Glossary:
    folder = write_files(tmp_path, {"glossary.csv": GLOSSARY})
    return Glossary.read(folder / "glossary.csv", "zh")


def found(glossary: Glossary, english: str, said: str, kind: str = "") -> list[Finding]:
    return check_entry(Entry(english, said, ("a.py",), (kind,), HERE), glossary)


FAULTS = {
    "a lost formula": ("So $S$ and $C$ grow.", "所以 $S$ 增大。", "formula “$C$”"),
    "an altered formula": ("The size $S_1$.", "大小 $S_2$。", "formula “$S_1$”"),
    "lost code": ("Call `fit` once.", "调用一次。", "code “`fit`”"),
    "another address": ("See [it](a.md#x).", "见[它](b.md#x)。", "target “a.md#x”"),
    "a lost reference": ("See the [layer][mlp].", "见这一层。", "reference “mlp”"),
    "an altered name": ("See [`gelu`][].", "见 [`GELU`][]。", "reference “gelu”"),
    "a letter before a link": ("A [layer][mlp].", "MLP[层][mlp]。", "reference “mlp”"),
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
    # The word for the kernel of Jupyter is wrong for that of a convolution.
    "the word of a longer term": ("A kernel is learned.", "学习一个内核。", "“内核”"),
    "that of a longer term": ("Two language models", "两个言模", "“言模” is wrong for"),
    # Some kinds have rules of their own. Sinhala needs its joiners.
    "the end of a cell": ("One or two", "一|二", "ends a cell", "cell"),
    "the end of a title": ("A title", '"标题"', "ends a title", "title"),
    "the end of an attribute": ("A label", 'a"b', "attribute", "attribute"),
    "a lost joiner": ("A function", "ක්රියා", "U+200D"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error(fault: str, glossary: Glossary) -> None:
    english, said, message, *kind = FAULTS[fault]
    told = [str(f) for f in found(glossary, english, said, *kind) if f.is_error]
    assert any(message in text for text in told), told
    assert all(text.startswith("locale/zh/layers.po:7: ") for text in told)
    # Bold type is no italics.
    assert len(told) == 1 or fault != "lost bold type"


ARXIV = "https://arxiv.org/abs/2105.01601"
PAPER = "MLP-Mixer: An all-MLP Architecture for Vision"
GOOD = {
    "The number of patches, $S$.": "图像块的个数 $S$。",
    "See [block][] and [`gelu`][].": "见[块][block]和 [`gelu`][]。",
    "A *batch* of 1,915 digits, **the** mean.": "*一批* 1915 个数字，**均值**。",
    f"The [arXiv paper]({ARXIV}) of 2021": f"2021 年的[论文]({ARXIV})",
    f"Tolstikhin, “{PAPER}”": f"Tolstikhin，“{PAPER}”",
    "It is `x = x + y` [here](https://a.org).": "[这里](https://a.org)是 `x = x + y`。",
    "A class token": "类别词元",
    "Of $|x|$ and `a|b`, a cell": "$|x|$ 和 `a|b`",
    "A function": "ක්‍රියා",
    "Its `kernel` is it": "它是内核 `kernel`",
    "A kernel is learned.": "学习的不是Jupyter内核。",
}


@pytest.mark.parametrize("english", GOOD)
def test_a_good_translation_has_no_errors(english: str, glossary: Glossary) -> None:
    kind = "cell" if "cell" in english else "paragraph"
    assert not any(f.is_error for f in found(glossary, english, GOOD[english], kind))


def test_what_may_be_wrong_is_a_remark(glossary: Glossary) -> None:
    [remark] = found(glossary, "The gradient of it", "它的导数")
    assert str(remark) == (
        "locale/zh/layers.po:7: “gradient” is in the English, but “梯度” is not here "
        "(remark)"
    )
    assert not found(glossary, "An MLP-Mixer", "一个混合器")
    assert not found(glossary, "A class token", "类别词元")
    assert not found(glossary, "A Jupyter kernel runs.", "Jupyter内核在运行。")
    assert "the English itself" in str(found(glossary, "Two words", "Two words")[0])


def test_a_glossary_without_english_is_no_glossary(tmp_path: Path) -> None:
    write_files(tmp_path, {"glossary.csv": "term,zh\npatch,图像块\n"})
    with pytest.raises(OSError, match="no column “term_en”"):
        Glossary.read(tmp_path / "glossary.csv", "zh")


def test_a_report_counts() -> None:
    catalogs = Catalogs("zh", Path("locale"))
    for number, (name, said) in enumerate({"layers": "一", "models": "二"}.items()):
        place = Place(f"locale/zh/{name}.po", number + 1)
        catalogs.domains[name] = {"One": Entry("One", said, (), (), place)}
    report = check(catalogs, Glossary())
    assert str(report) == "0 errors, 1 remark in 2 translations"
    assert "locale/zh/layers.po:1" in str(report.findings[0])
    assert not report.errors
